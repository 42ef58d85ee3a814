"""NIST's RSASSA-PKCS1-v1_5 vectors through the API: their private keys are imported, and the service signs what they say.

Such signatures are deterministic. Vectors of other algorithms through the API are in crates/server/tests/vectors.rs.
"""

import re

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from conftest import ROOT
from importing import external, import_material, pkcs8, refused

TEXT = (ROOT / "e2e/vectors/SigGen15_186-2.txt").read_text(encoding="ascii")
GROUPS = re.split(r"^\[mod = (\d+)\]$", TEXT, flags=re.M)[1:]


def members(text):
    return dict(re.findall(r"^(\w+) = (\w+)$", text, re.M))


@pytest.mark.parametrize(("bits", "group"), list(zip(GROUPS[::2], GROUPS[1::2])), ids=GROUPS[::2])
def test_the_service_signs_what_nist_says(kms, bits, group):
    head, *cases = group.split("SHAAlg")
    n, e, d = (int(members(head)[name], 16) for name in "ned")
    p, q = rsa.rsa_recover_prime_factors(n, e, d)
    private = rsa.RSAPrivateNumbers(
        p, q, d, rsa.rsa_crt_dmp1(d, p), rsa.rsa_crt_dmq1(d, q), rsa.rsa_crt_iqmp(p, q), rsa.RSAPublicNumbers(e, n))
    key = external(kms, f"RSA_{bits}", "SIGN_VERIFY")
    import_material(kms, key, pkcs8(private.private_key()))
    assert len(cases) == 6
    for case in cases:
        case = members(f"SHAAlg{case}")
        algorithm = f"RSASSA_PKCS1_V1_5_SHA_{case['SHAAlg'][3:]}"
        message, signature = bytes.fromhex(case["Msg"]), bytes.fromhex(case["S"])
        assert kms.sign(KeyId=key, Message=message, SigningAlgorithm=algorithm)["Signature"] == signature
        kms.verify(KeyId=key, Message=message, SigningAlgorithm=algorithm, Signature=signature)
        refused("KMSInvalidSignatureException", kms.verify, KeyId=key, Message=message + b"x",
                SigningAlgorithm=algorithm, Signature=signature)
