"""What docs/parity.md says is refused, is refused so."""

import re

import botocore.exceptions
import pytest

from conftest import ROOT
from importing import external

PAGE = (ROOT / "docs/parity.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\w+) \| (\w+) \| (\w+) \| (\w+Exception) \| (.+) \|$", re.M)
REFUSED = [match.groups() for match in ROW.finditer(PAGE)]


def test_the_page_has_them():
    assert len(REFUSED) >= 19 and "## kms (56 of 56)" in PAGE


@pytest.fixture(scope="module")
def needed(kms):
    """The members that each operation needs besides."""
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    signer = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    agreeing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    message = {"KeyId": signer, "Message": b"x"}
    return {
        "CreateKey": {}, "GenerateRandom": {"NumberOfBytes": 8},
        "Decrypt": {"KeyId": key, "CiphertextBlob": blob}, "Encrypt": {"KeyId": key, "Plaintext": b"x"},
        "DeriveSharedSecret": {
            "KeyId": agreeing, "KeyAgreementAlgorithm": "ECDH",
            "PublicKey": kms.get_public_key(KeyId=agreeing)["PublicKey"]},
        "GenerateDataKey": {"KeyId": key, "KeySpec": "AES_256"},
        "GenerateDataKeyPair": {"KeyId": key, "KeyPairSpec": "ECC_NIST_P256"},
        "GenerateDataKeyPairWithoutPlaintext": {"KeyId": key},
        "GetParametersForImport": {
            "KeyId": external(kms), "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
        "Sign": message, "Verify": {**message, "Signature": b"x"},
    }


@pytest.mark.parametrize(("operation", "member", "value", "code", "reason"), REFUSED)
def test_refused(kms, needed, operation, member, value, code, reason):
    shape = kms.meta.service_model.operation_model(operation).input_shape.members[member]
    if value == "any":
        value = "cks-1234567890abcdef0"
        if shape.type_name == "structure":
            value = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"x"}
    else:
        assert value in shape.enum
    extra = {"KeyUsage": "SIGN_VERIFY"} if value == "SM2" and operation == "CreateKey" else {}
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        getattr(kms, name)(**{**needed[operation], **extra, member: value})
    assert caught.value.response["Error"]["Code"] == code, caught.value.response["Error"]
