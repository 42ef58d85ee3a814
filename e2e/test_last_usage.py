"""GetKeyLastUsage: every operation that AWS tracks is noted, by its name, with the ids of its record (KMS API Reference)."""

import pytest

from importing import refused

SIGNER = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}
MAC = {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"}
AGREEING = {"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}
KEM = {"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"}
SIGNING = {"Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
MACING = {"Message": b"m", "MacAlgorithm": "HMAC_SHA_256"}
ML_KEM = {"EncapsulationAlgorithm": "ML_KEM"}
# Operation: the key, and a function of client and key that makes what the call needs besides.
TRACKED = {
    "encrypt": ({}, lambda kms, key: {"Plaintext": b"x"}),
    "decrypt": ({}, lambda kms, key: {"CiphertextBlob": kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]}),
    "generate_data_key": ({}, lambda kms, key: {"KeySpec": "AES_256"}),
    "generate_data_key_without_plaintext": ({}, lambda kms, key: {"KeySpec": "AES_256"}),
    "generate_data_key_pair": ({}, lambda kms, key: {"KeyPairSpec": "ECC_NIST_P256"}),
    "generate_data_key_pair_without_plaintext": ({}, lambda kms, key: {"KeyPairSpec": "ECC_NIST_P256"}),
    "sign": (SIGNER, lambda kms, key: SIGNING),
    "verify": (SIGNER, lambda kms, key: {**SIGNING, "Signature": kms.sign(KeyId=key, **SIGNING)["Signature"]}),
    "generate_mac": (MAC, lambda kms, key: MACING),
    "verify_mac": (MAC, lambda kms, key: {**MACING, "Mac": kms.generate_mac(KeyId=key, **MACING)["Mac"]}),
    "derive_shared_secret": (AGREEING, lambda kms, key: {
        "KeyAgreementAlgorithm": "ECDH", "PublicKey": kms.get_public_key(KeyId=key)["PublicKey"]}),
    "encapsulate": (KEM, lambda kms, key: ML_KEM),
    "decapsulate": (KEM, lambda kms, key: {**ML_KEM, "SharedSecretCiphertextBlob": kms.encapsulate(
        KeyId=key, **ML_KEM)["SharedSecretCiphertextBlob"]}),
}


def name_of(operation):
    return "".join(part.title() for part in operation.split("_"))


def last_use(kms, key):
    return kms.get_key_last_usage(KeyId=key).get("KeyLastUsage")


@pytest.mark.parametrize("operation", TRACKED)
def test_a_tracked_use(kms, operation):
    kind, members = TRACKED[operation]
    key = kms.create_key(**kind)["KeyMetadata"]["KeyId"]
    assert not last_use(kms, key), "it was not used yet"
    needed = members(kms, key)
    answer = getattr(kms, operation)(KeyId=key, **needed)
    found = last_use(kms, key)
    assert found["Operation"] == name_of(operation)
    assert found["KmsRequestId"] == answer["ResponseMetadata"]["RequestId"] and len(found["CloudTrailEventId"]) == 36


def test_re_encrypt_is_noted_of_both_keys(kms):
    source, destination = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    blob = kms.encrypt(KeyId=source, Plaintext=b"x")["CiphertextBlob"]
    answer = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=destination)
    for key in (source, destination):
        found = last_use(kms, key)
        assert (found["Operation"], found["KmsRequestId"]) == ("ReEncrypt", answer["ResponseMetadata"]["RequestId"])


def test_what_is_no_use(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.describe_key(KeyId=key)
    kms.rotate_key_on_demand(KeyId=key)
    refused("DryRunOperationException", kms.encrypt, KeyId=key, Plaintext=b"x", DryRun=True)
    refused("InvalidCiphertextException", kms.decrypt, KeyId=key, CiphertextBlob=b"x")
    assert not last_use(kms, key)
    refused("NotFoundException", kms.get_key_last_usage, KeyId="alias/none")
