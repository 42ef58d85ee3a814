"""Asymmetric, MAC and post-quantum keys through boto3, checked with Python's cryptography package.

The tables of specs, usages and algorithms are the KMS Developer Guide's ("Key spec reference").
"""

import hashlib
import hmac
import os

import botocore.session
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils

from identities import refused

RSA = ["RSA_2048", "RSA_3072", "RSA_4096"]
RSA_SIGNING = [f"RSASSA_{scheme}_SHA_{bits}" for scheme in ("PSS", "PKCS1_V1_5") for bits in (256, 384, 512)]
ECDSA = {
    "ECC_NIST_P256": "ECDSA_SHA_256", "ECC_NIST_P384": "ECDSA_SHA_384", "ECC_NIST_P521": "ECDSA_SHA_512",
    "ECC_SECG_P256K1": "ECDSA_SHA_256"}
ML_DSA = {"ML_DSA_44": (1312, 2420), "ML_DSA_65": (1952, 3309), "ML_DSA_87": (2592, 4627)}
ML_KEM = {"ML_KEM_512": 768, "ML_KEM_768": 1088, "ML_KEM_1024": 1568}
HMAC = {"HMAC_224": "sha224", "HMAC_256": "sha256", "HMAC_384": "sha384", "HMAC_512": "sha512"}
# Spec: usage: the algorithms of that usage.
TABLE = {
    "SYMMETRIC_DEFAULT": {"ENCRYPT_DECRYPT": ["SYMMETRIC_DEFAULT"]},
    **{spec: {"ENCRYPT_DECRYPT": ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"], "SIGN_VERIFY": RSA_SIGNING} for spec in RSA},
    **{spec: {"SIGN_VERIFY": [algorithm], **({} if spec == "ECC_SECG_P256K1" else {"KEY_AGREEMENT": ["ECDH"]})}
       for spec, algorithm in ECDSA.items()},
    "ECC_NIST_EDWARDS25519": {"SIGN_VERIFY": ["ED25519_SHA_512", "ED25519_PH_SHA_512"]},
    **{spec: {"SIGN_VERIFY": ["ML_DSA_SHAKE_256"]} for spec in ML_DSA},
    **{spec: {"ENCAPSULATE_DECAPSULATE": ["ML_KEM"]} for spec in ML_KEM},
    **{spec: {"GENERATE_VERIFY_MAC": [spec.replace("HMAC_", "HMAC_SHA_")]} for spec in HMAC},
}
MEMBERS = {
    "ENCRYPT_DECRYPT": "EncryptionAlgorithms", "SIGN_VERIFY": "SigningAlgorithms", "KEY_AGREEMENT": "KeyAgreementAlgorithms",
    "GENERATE_VERIFY_MAC": "MacAlgorithms", "ENCAPSULATE_DECAPSULATE": "EncapsulationAlgorithms"}
PAIRS = [(spec, usage) for spec, usages in TABLE.items() for usage in usages]
MODEL = botocore.session.get_session().get_service_model("kms")
HASHES = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
MESSAGE = b"a message to be signed"


class Keys:
    """One key of each kind, made when it is first asked for: an RSA key takes long."""

    def __init__(self, kms):
        self.kms, self.made = kms, {}

    def __call__(self, spec, usage=None):
        usage = usage or next(iter(TABLE[spec]))
        if (spec, usage) not in self.made:
            metadata = self.kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
            self.made[spec, usage] = metadata
        return self.made[spec, usage]["KeyId"]

    def metadata(self, spec, usage):
        self(spec, usage)
        return self.made[spec, usage]

    def public(self, spec, usage=None):
        return serialization.load_der_public_key(self.kms.get_public_key(KeyId=self(spec, usage))["PublicKey"])


@pytest.fixture(scope="module")
def keys(kms):
    return Keys(kms)


def digest(algorithm, message=MESSAGE):
    return hashlib.new("sha" + algorithm.rsplit("_", 1)[1], message).digest()


@pytest.mark.parametrize("spec, usage", PAIRS)
def test_what_a_key_says_of_itself(kms, keys, spec, usage):
    made = keys.metadata(spec, usage)
    assert kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"] == made
    assert (made["KeySpec"], made["KeyUsage"], made["KeyState"], made["Origin"]) == (
        spec, usage, "Enabled", "AWS_KMS")
    for of_usage, member in MEMBERS.items():
        assert sorted(made.get(member, [])) == sorted(TABLE[spec][usage] if of_usage == usage else []), member
    assert ("CurrentKeyMaterialId" in made) == (spec == "SYMMETRIC_DEFAULT")
    assert made.get("CustomerMasterKeySpec") == (
        spec if spec in MODEL.shape_for("CustomerMasterKeySpec").enum else None)
    if spec == "SYMMETRIC_DEFAULT" or spec in HMAC:
        assert refused(kms.get_public_key, KeyId=made["KeyId"])[0] == "UnsupportedOperationException"
        return
    public = kms.get_public_key(KeyId=made["KeyId"])
    assert (public["KeySpec"], public["KeyUsage"], public["KeyId"]) == (spec, usage, made["Arn"])
    for of_usage, member in MEMBERS.items():
        assert sorted(public.get(member, [])) == sorted(TABLE[spec][usage] if of_usage == usage else []), member


@pytest.mark.parametrize("spec", MODEL.shape_for("KeySpec").enum)
def test_usages_that_do_not_go_with_a_spec(kms, spec):
    if spec == "SM2":
        code, _, text = refused(kms.create_key, KeySpec=spec, KeyUsage="SIGN_VERIFY")
        assert code == "UnsupportedOperationException" and "China" in text
        return
    for usage in MODEL.shape_for("KeyUsageType").enum:
        if usage not in TABLE[spec]:
            assert refused(kms.create_key, KeySpec=spec, KeyUsage=usage) == (
                "ValidationException", 400, f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    if spec != "SYMMETRIC_DEFAULT":
        assert refused(kms.create_key, KeySpec=spec) == (
            "ValidationException", 400,
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.")


def check(public, algorithm, signature, hashed):
    """Verifies with another implementation."""
    scheme = HASHES[algorithm.rsplit("_", 1)[1]]
    if algorithm.startswith("RSASSA_PSS"):
        pad = padding.PSS(mgf=padding.MGF1(scheme), salt_length=padding.PSS.DIGEST_LENGTH)
        public.verify(signature, hashed, pad, utils.Prehashed(scheme))
    elif algorithm.startswith("RSASSA_PKCS1"):
        public.verify(signature, hashed, padding.PKCS1v15(), utils.Prehashed(scheme))
    else:
        public.verify(signature, hashed, ec.ECDSA(utils.Prehashed(scheme)))


@pytest.mark.parametrize(
    "spec, algorithm",
    [(spec, algorithm) for spec in RSA for algorithm in RSA_SIGNING] + list(ECDSA.items()))
def test_signatures_of_messages_and_digests(kms, keys, spec, algorithm):
    key, public = keys(spec, "SIGN_VERIFY"), keys.public(spec, "SIGN_VERIFY")
    hashed = digest(algorithm)
    of_message = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm=algorithm)
    of_digest = kms.sign(KeyId=key, Message=hashed, MessageType="DIGEST", SigningAlgorithm=algorithm)
    for made in (of_message, of_digest):
        assert made["KeyId"] == keys.metadata(spec, "SIGN_VERIFY")["Arn"]
        assert made["SigningAlgorithm"] == algorithm
        check(public, algorithm, made["Signature"], hashed)
        for message, kind in ((MESSAGE, "RAW"), (hashed, "DIGEST")):
            verified = kms.verify(
                KeyId=key, Message=message, MessageType=kind, Signature=made["Signature"], SigningAlgorithm=algorithm)
            assert verified["SignatureValid"] is True
    for wrong in (
            {"Message": MESSAGE + b"."}, {"Signature": of_message["Signature"][:-1] + b"\0"},
            {"Signature": b"\0" * len(of_message["Signature"])}):
        arguments = {"Message": MESSAGE, "Signature": of_message["Signature"], **wrong}
        if arguments["Signature"] == of_message["Signature"] and arguments["Message"] == MESSAGE:
            continue  # the last byte was a zero
        assert refused(kms.verify, KeyId=key, SigningAlgorithm=algorithm, **arguments)[:2] == (
            "KMSInvalidSignatureException", 400)
    assert refused(
        kms.sign, KeyId=key, Message=hashed[:-1], MessageType="DIGEST", SigningAlgorithm=algorithm) == (
            "ValidationException", 400, f"Digest is invalid length for algorithm {algorithm}.")


def test_what_others_signed(kms):
    """Verify takes what OpenSSL signs with an imported-free pair: the other way round needs the private key, so a data
    key pair stands in: its halves belong together."""
    wrapping = kms.create_key()["KeyMetadata"]["KeyId"]
    for spec in ("RSA_2048", *ECDSA, "ECC_NIST_EDWARDS25519"):
        made = kms.generate_data_key_pair(KeyId=wrapping, KeyPairSpec=spec)
        private = serialization.load_der_private_key(made["PrivateKeyPlaintext"], None)
        assert private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo) == made["PublicKey"]
        assert kms.decrypt(CiphertextBlob=made["PrivateKeyCiphertextBlob"])["Plaintext"] == made["PrivateKeyPlaintext"]
        assert made["KeyPairSpec"] == spec and made["KeyMaterialId"]


def test_edwards(kms, keys):
    key, public = keys("ECC_NIST_EDWARDS25519"), keys.public("ECC_NIST_EDWARDS25519")
    assert isinstance(public, ed25519.Ed25519PublicKey)
    pure = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm="ED25519_SHA_512")["Signature"]
    public.verify(pure, MESSAGE)
    with pytest.raises(InvalidSignature):
        public.verify(pure, MESSAGE + b".")
    hashed = hashlib.sha512(MESSAGE).digest()
    prehashed = {"KeyId": key, "Message": hashed, "MessageType": "DIGEST", "SigningAlgorithm": "ED25519_PH_SHA_512"}
    made = kms.sign(**prehashed)["Signature"]
    assert kms.verify(**prehashed, Signature=made)["SignatureValid"] is True
    assert refused(kms.verify, **prehashed, Signature=pure)[0] == "KMSInvalidSignatureException"
    for algorithm, kind in (("ED25519_SHA_512", "DIGEST"), ("ED25519_PH_SHA_512", "RAW"),
                            ("ED25519_SHA_512", "EXTERNAL_MU")):
        assert refused(kms.sign, KeyId=key, Message=hashed, MessageType=kind, SigningAlgorithm=algorithm) == (
            "ValidationException", 400, f"Algorithm {algorithm} is incompatible with message type {kind}.")


def shake256(data, length):
    return hashlib.shake_256(data).digest(length)


@pytest.mark.parametrize("spec", ML_DSA)
def test_ml_dsa(kms, keys, spec):
    key = keys(spec)
    public_length, signature_length = ML_DSA[spec]
    spki = kms.get_public_key(KeyId=key)["PublicKey"]
    raw = spki[-public_length:]
    assert len(spki) == public_length + 22
    made = kms.sign(KeyId=key, Message=MESSAGE, SigningAlgorithm="ML_DSA_SHAKE_256")["Signature"]
    assert len(made) == signature_length
    # FIPS 204, 6.2: mu is made of the hash of the public key, and of the message with an empty context before it.
    mu = shake256(shake256(raw, 64) + b"\0\0" + MESSAGE, 64)
    external = {"KeyId": key, "Message": mu, "MessageType": "EXTERNAL_MU", "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    plain = {"KeyId": key, "Message": MESSAGE, "SigningAlgorithm": "ML_DSA_SHAKE_256"}
    of_mu = kms.sign(**external)["Signature"]
    for arguments in (external, plain):
        for signature in (made, of_mu):
            assert kms.verify(**arguments, Signature=signature)["SignatureValid"] is True
        assert refused(kms.verify, **arguments, Signature=b"\0" * signature_length)[0] == "KMSInvalidSignatureException"
    assert refused(kms.sign, **{**external, "Message": mu[:-1]})[0] == "ValidationException"
    assert refused(kms.sign, **{**external, "MessageType": "DIGEST"})[0] == "ValidationException"


@pytest.mark.parametrize("spec", ML_KEM)
def test_ml_kem(kms, keys, spec):
    key, algorithm = keys(spec), {"EncapsulationAlgorithm": "ML_KEM"}
    made = kms.encapsulate(KeyId=key, **algorithm)
    blob, secret = made["SharedSecretCiphertextBlob"], made["SharedSecret"]
    assert (len(blob), len(secret)) == (ML_KEM[spec], 32)
    opened = kms.decapsulate(KeyId=key, SharedSecretCiphertextBlob=blob, **algorithm)
    assert opened["SharedSecret"] == secret and opened["EncapsulationAlgorithm"] == "ML_KEM"
    # Implicit rejection: what was altered opens to something else, always the same.
    altered = bytes([blob[0] ^ 1]) + blob[1:]
    rejected = [
        kms.decapsulate(KeyId=key, SharedSecretCiphertextBlob=altered, **algorithm)["SharedSecret"] for _ in range(2)]
    assert rejected[0] == rejected[1] != secret and len(rejected[0]) == 32
    for length in (0, 1):
        if length:
            assert refused(
                kms.decapsulate, KeyId=key, SharedSecretCiphertextBlob=blob + b"\0" * length, **algorithm)[0] == (
                    "InvalidCiphertextException")
    assert refused(kms.decapsulate, KeyId=key, SharedSecretCiphertextBlob=blob[:-1], **algorithm)[0] == (
        "InvalidCiphertextException")


@pytest.mark.parametrize("spec", HMAC)
def test_macs(kms, keys, spec):
    key, [algorithm] = keys(spec), TABLE[spec]["GENERATE_VERIFY_MAC"]
    arguments = {"KeyId": key, "Message": MESSAGE, "MacAlgorithm": algorithm}
    made = kms.generate_mac(**arguments)
    assert made["KeyId"] == keys.metadata(spec, "GENERATE_VERIFY_MAC")["Arn"] and made["MacAlgorithm"] == algorithm
    assert len(made["Mac"]) == hmac.new(b"", b"", HMAC[spec]).digest_size
    assert kms.verify_mac(**arguments, Mac=made["Mac"])["MacValid"] is True
    assert kms.generate_mac(**arguments)["Mac"] == made["Mac"]
    for wrong in (made["Mac"][:-1], made["Mac"][:-1] + bytes([made["Mac"][-1] ^ 1]), b"\0"):
        assert refused(kms.verify_mac, **arguments, Mac=wrong)[:2] == ("KMSInvalidMacException", 400)
    other = "HMAC_SHA_512" if algorithm != "HMAC_SHA_512" else "HMAC_SHA_224"
    assert refused(kms.generate_mac, **{**arguments, "MacAlgorithm": other}) == (
        "InvalidKeyUsageException", 400, f"Algorithm {other} is incompatible with key spec {spec}.")


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
def test_agreement(kms, keys, spec):
    key, public = keys(spec, "KEY_AGREEMENT"), keys.public(spec, "KEY_AGREEMENT")
    own = ec.generate_private_key(public.curve)
    der = {"encoding": serialization.Encoding.DER, "format": serialization.PublicFormat.SubjectPublicKeyInfo}
    arguments = {"KeyId": key, "KeyAgreementAlgorithm": "ECDH"}
    made = kms.derive_shared_secret(**arguments, PublicKey=own.public_key().public_bytes(**der))
    assert made["SharedSecret"] == own.exchange(ec.ECDH(), public)
    assert (made["KeyAgreementAlgorithm"], made["KeyOrigin"]) == ("ECDH", "AWS_KMS")
    other = ec.SECP384R1() if spec != "ECC_NIST_P384" else ec.SECP256R1()
    peer = own.public_key().public_bytes(**der)
    off_the_curve = peer[:-1] + bytes([peer[-1] ^ 1])
    for bad in (ec.generate_private_key(other).public_key().public_bytes(**der), off_the_curve, peer[:-1], peer + b"\0",
                b"\x30\x00"):
        assert refused(kms.derive_shared_secret, **arguments, PublicKey=bad)[0] == "ValidationException"


@pytest.mark.parametrize("spec", RSA)
@pytest.mark.parametrize("algorithm, hashed", [("RSAES_OAEP_SHA_1", hashes.SHA1()), ("RSAES_OAEP_SHA_256", hashes.SHA256())])
def test_rsa_encryption(kms, keys, spec, algorithm, hashed):
    key, public = keys(spec, "ENCRYPT_DECRYPT"), keys.public(spec, "ENCRYPT_DECRYPT")
    most = public.key_size // 8 - 2 * hashed.digest_size - 2
    chosen = {"KeyId": key, "EncryptionAlgorithm": algorithm}
    for plaintext in (b"x", os.urandom(most)):
        made = kms.encrypt(**chosen, Plaintext=plaintext)
        assert made["EncryptionAlgorithm"] == algorithm and len(made["CiphertextBlob"]) == public.key_size // 8
        opened = kms.decrypt(**chosen, CiphertextBlob=made["CiphertextBlob"])
        assert opened["Plaintext"] == plaintext and "KeyMaterialId" not in opened
        theirs = public.encrypt(plaintext, padding.OAEP(padding.MGF1(hashed), hashed, None))
        assert kms.decrypt(**chosen, CiphertextBlob=theirs)["Plaintext"] == plaintext
    assert refused(kms.encrypt, **chosen, Plaintext=b"x" * (most + 1)) == (
        "ValidationException", 400,
        f"Algorithm {algorithm} and key spec {spec} cannot encrypt data larger than {most} bytes.")
    for bad in (theirs[:-1], theirs[:-1] + bytes([theirs[-1] ^ 1]), b"\0" * len(theirs), b"KW\x01"):
        assert refused(kms.decrypt, **chosen, CiphertextBlob=bad)[:2] == ("InvalidCiphertextException", 400)
    assert refused(kms.encrypt, **chosen, Plaintext=b"x", EncryptionContext={"a": "b"})[0] == "ValidationException"
    assert refused(kms.encrypt, KeyId=key, Plaintext=b"x") == (
        "InvalidKeyUsageException", 400, f"Algorithm SYMMETRIC_DEFAULT is incompatible with key spec {spec}.")
    # A bare ciphertext names no key.
    assert refused(kms.decrypt, CiphertextBlob=theirs, EncryptionAlgorithm=algorithm)[0] == "InvalidCiphertextException"


def test_from_one_kind_to_another(kms, keys):
    symmetric, pair = kms.create_key()["KeyMetadata"]["KeyId"], keys("RSA_2048", "ENCRYPT_DECRYPT")
    oaep = "RSAES_OAEP_SHA_256"
    first = kms.encrypt(KeyId=pair, Plaintext=b"secret", EncryptionAlgorithm=oaep)["CiphertextBlob"]
    inside = kms.re_encrypt(
        CiphertextBlob=first, SourceKeyId=pair, SourceEncryptionAlgorithm=oaep, DestinationKeyId=symmetric,
        DestinationEncryptionContext={"a": "b"})
    assert (inside["SourceEncryptionAlgorithm"], inside["DestinationEncryptionAlgorithm"]) == (oaep, "SYMMETRIC_DEFAULT")
    assert "SourceKeyMaterialId" not in inside and inside["DestinationKeyMaterialId"]
    outside = kms.re_encrypt(
        CiphertextBlob=inside["CiphertextBlob"], SourceEncryptionContext={"a": "b"}, DestinationKeyId=pair,
        DestinationEncryptionAlgorithm=oaep)
    assert "DestinationKeyMaterialId" not in outside
    opened = kms.decrypt(KeyId=pair, CiphertextBlob=outside["CiphertextBlob"], EncryptionAlgorithm=oaep)
    assert opened["Plaintext"] == b"secret"
    long = kms.encrypt(KeyId=symmetric, Plaintext=b"x" * 191)["CiphertextBlob"]
    assert refused(
        kms.re_encrypt, CiphertextBlob=long, DestinationKeyId=pair, DestinationEncryptionAlgorithm=oaep)[0] == (
            "ValidationException")


USES = {
    "Encrypt": {"Plaintext": b"x"}, "Decrypt": {"CiphertextBlob": b"x" * 256},
    "GenerateDataKey": {"KeySpec": "AES_256"}, "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
    "GenerateDataKeyPair": {"KeyPairSpec": "ECC_NIST_P256"},
    "GenerateDataKeyPairWithoutPlaintext": {"KeyPairSpec": "ECC_NIST_P256"},
    "Sign": {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
    "Verify": {"Message": b"x", "Signature": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
    "GenerateMac": {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"},
    "VerifyMac": {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256", "Mac": b"x"},
    "DeriveSharedSecret": {"KeyAgreementAlgorithm": "ECDH", "PublicKey": b"x"},
    "Encapsulate": {"EncapsulationAlgorithm": "ML_KEM"},
    "Decapsulate": {"EncapsulationAlgorithm": "ML_KEM", "SharedSecretCiphertextBlob": b"x"}}
USAGE_OF = {
    "Encrypt": "ENCRYPT_DECRYPT", "Decrypt": "ENCRYPT_DECRYPT", "Sign": "SIGN_VERIFY", "Verify": "SIGN_VERIFY",
    "GenerateMac": "GENERATE_VERIFY_MAC", "VerifyMac": "GENERATE_VERIFY_MAC", "DeriveSharedSecret": "KEY_AGREEMENT",
    "Encapsulate": "ENCAPSULATE_DECAPSULATE", "Decapsulate": "ENCAPSULATE_DECAPSULATE"}


@pytest.mark.parametrize("operation", USES)
def test_operations_on_keys_for_something_else(kms, keys, operation):
    call = getattr(kms, botocore.xform_name(operation))
    for spec, usage in PAIRS:
        if usage == USAGE_OF.get(operation) or (operation.startswith("GenerateDataKey") and spec == "SYMMETRIC_DEFAULT"):
            continue
        made = keys.metadata(spec, usage)
        assert refused(call, KeyId=made["KeyId"], **USES[operation]) == (
            "InvalidKeyUsageException", 400, f"{made['Arn']} key usage is {usage} which is not valid for {operation}."), spec


@pytest.mark.parametrize("spec, usage", [pair for pair in PAIRS if pair[1] == "SIGN_VERIFY"])
def test_algorithms_of_other_specs(kms, keys, spec, usage):
    for algorithm in MODEL.shape_for("SigningAlgorithmSpec").enum:
        if algorithm not in TABLE[spec][usage]:
            assert refused(kms.sign, KeyId=keys(spec, usage), Message=b"x", SigningAlgorithm=algorithm) == (
                "InvalidKeyUsageException", 400, f"Algorithm {algorithm} is incompatible with key spec {spec}.")


@pytest.mark.parametrize("spec", ["RSA_2048", "HMAC_256", "ECC_NIST_P256", "ML_DSA_44", "ML_KEM_512"])
def test_keys_that_keep_their_material(kms, keys, spec):
    key = keys(spec)
    for call in (kms.enable_key_rotation, kms.disable_key_rotation, kms.rotate_key_on_demand,
                 kms.get_key_rotation_status, kms.list_key_rotations):
        code, status, text = refused(call, KeyId=key)
        assert (code, status, text or "") == ("UnsupportedOperationException", 400, "")
    code, _, text = refused(kms.tag_resource, KeyId=key, Tags=[
        {"TagKey": "keywright:rotation-period", "TagValue": "90"}])
    assert code == "TagException" and "keywright:rotation-period" in text


def test_an_alias_stays_in_its_class(kms, keys):
    kms.create_alias(AliasName="alias/signer", TargetKeyId=keys("ECC_NIST_P256", "SIGN_VERIFY"))
    kms.update_alias(AliasName="alias/signer", TargetKeyId=keys("RSA_2048", "SIGN_VERIFY"))
    for spec, usage in (("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("HMAC_256", "GENERATE_VERIFY_MAC"),
                        ("RSA_2048", "ENCRYPT_DECRYPT"), ("ECC_NIST_P256", "KEY_AGREEMENT")):
        assert refused(kms.update_alias, AliasName="alias/signer", TargetKeyId=keys(spec, usage))[0] == (
            "ValidationException")
    signed = kms.sign(KeyId="alias/signer", Message=b"x", SigningAlgorithm="RSASSA_PSS_SHA_256")
    assert signed["KeyId"] == keys.metadata("RSA_2048", "SIGN_VERIFY")["Arn"]


def test_grants_fit_the_key(kms, keys, server):
    me = server.client("sts").get_caller_identity()["Arn"]
    fitting = {
        ("RSA_2048", "SIGN_VERIFY"): ["Sign", "Verify", "GetPublicKey", "DescribeKey", "CreateGrant", "RetireGrant"],
        ("RSA_2048", "ENCRYPT_DECRYPT"): [
            "Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo", "GetPublicKey", "DescribeKey"],
        ("HMAC_256", "GENERATE_VERIFY_MAC"): ["GenerateMac", "VerifyMac", "DescribeKey"],
        ("ECC_NIST_P256", "KEY_AGREEMENT"): ["DeriveSharedSecret", "GetPublicKey", "DescribeKey"],
        ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE"): ["Encapsulate", "Decapsulate", "GetPublicKey", "DescribeKey"],
    }
    for (spec, usage), operations in fitting.items():
        key = keys(spec, usage)
        kms.create_grant(KeyId=key, GranteePrincipal=me, Operations=operations)
        for operation in MODEL.shape_for("GrantOperation").enum:
            if operation not in [*operations, "CreateGrant", "RetireGrant"]:
                assert refused(kms.create_grant, KeyId=key, GranteePrincipal=me, Operations=[operation])[0] == (
                    "ValidationException"), (spec, operation)
        assert refused(
            kms.create_grant, KeyId=key, GranteePrincipal=me, Operations=["DescribeKey"],
            Constraints={"EncryptionContextSubset": {"a": "b"}})[0] == "ValidationException"


def test_keys_outlive_a_restart(server, kms, keys):
    signed = kms.sign(KeyId=keys("RSA_2048", "SIGN_VERIFY"), Message=MESSAGE, SigningAlgorithm="RSASSA_PSS_SHA_256")
    made = {spec: kms.get_public_key(KeyId=keys(spec))["PublicKey"] for spec in ("ML_DSA_65", "ML_KEM_768", "ECC_NIST_P521")}
    mac = kms.generate_mac(KeyId=keys("HMAC_384"), Message=MESSAGE, MacAlgorithm="HMAC_SHA_384")["Mac"]
    server.kill()
    server.start()
    again = server.client()
    assert again.verify(
        KeyId=signed["KeyId"], Message=MESSAGE, Signature=signed["Signature"],
        SigningAlgorithm="RSASSA_PSS_SHA_256")["SignatureValid"]
    for spec, public in made.items():
        assert again.get_public_key(KeyId=keys(spec))["PublicKey"] == public
    assert again.generate_mac(KeyId=keys("HMAC_384"), Message=MESSAGE, MacAlgorithm="HMAC_SHA_384")["Mac"] == mac
