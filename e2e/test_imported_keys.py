"""Keys of Origin EXTERNAL: key material that its owner makes, brings, takes away and brings again."""

import datetime
import hmac
import itertools
import json
import os
import random
import time

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from conftest import wait_until
from identities import user
from importing import FOR_EVER, external, import_material, pkcs8, refused, wrap

ALGORITHMS = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]
SPECS = ["RSA_2048", "RSA_3072", "RSA_4096"]
NEW = {**FOR_EVER, "ImportType": "NEW_KEY_MATERIAL"}
EXISTING = {**FOR_EVER, "ImportType": "EXISTING_KEY_MATERIAL"}


def state(kms, key):
    return kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]


def days(count):
    return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=count)


@pytest.fixture(scope="module")
def rsa_key():
    return rsa.generate_private_key(65537, 2048)


@pytest.mark.parametrize(("algorithm", "spec"), list(itertools.product(ALGORITHMS, SPECS)))
def test_every_wrapping(kms, algorithm, spec):
    key = external(kms)
    assert state(kms, key) == "PendingImport"
    assert "CurrentKeyMaterialId" not in kms.describe_key(KeyId=key)["KeyMetadata"]
    parameters = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)
    assert parameters["KeyId"] == key and len(parameters["ImportToken"]) <= 6144
    left = parameters["ParametersValidTo"] - days(1)
    assert abs(left) < datetime.timedelta(minutes=1)
    answer = kms.import_key_material(
        KeyId=key, ImportToken=parameters["ImportToken"],
        EncryptedKeyMaterial=wrap(parameters, algorithm, os.urandom(32)), **FOR_EVER)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert answer["KeyId"] == key and answer["KeyMaterialId"] == metadata["CurrentKeyMaterialId"]
    assert (metadata["KeyState"], metadata["Enabled"], metadata["Origin"]) == ("Enabled", True, "EXTERNAL")
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE" and "ValidTo" not in metadata
    blob = kms.encrypt(KeyId=key, Plaintext=b"mine")["CiphertextBlob"]
    opened = kms.decrypt(CiphertextBlob=blob)
    assert opened["Plaintext"] == b"mine" and opened["KeyMaterialId"] == answer["KeyMaterialId"]


@pytest.mark.parametrize(("bits", "length"), [(224, 28), (256, 32), (384, 48), (512, 64), (256, 128)])
def test_mac_keys_are_the_owners(kms, bits, length):
    material = os.urandom(length)
    key = external(kms, f"HMAC_{bits}", "GENERATE_VERIFY_MAC")
    refused("KMSInvalidStateException", kms.generate_mac, KeyId=key, Message=b"x", MacAlgorithm=f"HMAC_SHA_{bits}")
    answer = import_material(kms, key, material)
    assert "KeyMaterialId" not in answer
    made = kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm=f"HMAC_SHA_{bits}")["Mac"]
    assert made == hmac.digest(material, b"x", f"sha{bits}")


def test_signing_keys_are_the_owners(kms, rsa_key):
    cases = [
        (ec.generate_private_key(ec.SECP256R1()), "ECC_NIST_P256", "ECDSA_SHA_256"),
        (ec.generate_private_key(ec.SECP384R1()), "ECC_NIST_P384", "ECDSA_SHA_384"),
        (ec.generate_private_key(ec.SECP521R1()), "ECC_NIST_P521", "ECDSA_SHA_512"),
        (ec.generate_private_key(ec.SECP256K1()), "ECC_SECG_P256K1", "ECDSA_SHA_256"),
        (ed25519.Ed25519PrivateKey.generate(), "ECC_NIST_EDWARDS25519", "ED25519_SHA_512"),
        (rsa_key, "RSA_2048", "RSASSA_PKCS1_V1_5_SHA_256"),
    ]
    for private, spec, algorithm in cases:
        key = external(kms, spec, "SIGN_VERIFY")
        refused("KMSInvalidStateException", kms.get_public_key, KeyId=key)
        import_material(kms, key, pkcs8(private), spec="RSA_3072")
        signature = kms.sign(KeyId=key, Message=b"m", SigningAlgorithm=algorithm)["Signature"]
        public = private.public_key()
        if spec == "RSA_2048":
            public.verify(signature, b"m", padding.PKCS1v15(), hashes.SHA256())
        elif spec == "ECC_NIST_EDWARDS25519":
            public.verify(signature, b"m")
        else:
            digest = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}[algorithm[-3:]]()
            public.verify(signature, b"m", ec.ECDSA(digest))
        refused("ValidationException", import_material, kms, key, pkcs8(private), **EXISTING)
        import_material(kms, key, pkcs8(private))


def test_an_rsa_key_opens_what_was_encrypted_elsewhere(kms, rsa_key):
    key = external(kms, "RSA_2048")
    import_material(kms, key, pkcs8(rsa_key))
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    sealed = rsa_key.public_key().encrypt(b"from elsewhere", oaep)
    opened = kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert opened["Plaintext"] == b"from elsewhere"


def test_material_that_cannot_come_that_way(kms):
    parameters = lambda key, algorithm, spec: kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)
    signer = external(kms, "RSA_2048", "SIGN_VERIFY")
    for algorithm in ALGORITHMS[:2]:
        refused("UnsupportedOperationException", parameters, signer, algorithm, "RSA_4096")
    curve = external(kms, "ECC_NIST_P521", "SIGN_VERIFY")
    refused("UnsupportedOperationException", parameters, curve, "RSAES_OAEP_SHA_256", "RSA_2048")
    parameters(curve, "RSAES_OAEP_SHA_256", "RSA_3072")
    key = external(kms)
    refused("UnsupportedOperationException", parameters, key, "RSAES_PKCS1_V1_5", "RSA_2048")
    refused("UnsupportedOperationException", parameters, key, "SM2PKE", "SM2")
    own = kms.create_key()["KeyMetadata"]["Arn"]
    text = refused("UnsupportedOperationException", parameters, own, "RSAES_OAEP_SHA_256", "RSA_2048")
    assert text == f"{own} origin is AWS_KMS which is not valid for this operation."


def test_what_is_brought_must_fit(kms, rsa_key):
    P = pkcs8
    cases = [
        ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", [os.urandom(16), os.urandom(31), os.urandom(33), os.urandom(64)]),
        ("HMAC_384", "GENERATE_VERIFY_MAC", [os.urandom(47), os.urandom(129)]),
        ("ECC_NIST_P256", "SIGN_VERIFY", [
            P(ec.generate_private_key(ec.SECP384R1())), P(ec.generate_private_key(ec.SECP256K1())), P(rsa_key),
            os.urandom(32), b"\x30\x82", P(ec.generate_private_key(ec.SECP256R1()))[:-1],
            P(ec.generate_private_key(ec.SECP256R1())) + b"\0"]),
        ("RSA_3072", "SIGN_VERIFY", [P(rsa_key)]),
        ("RSA_2048", "SIGN_VERIFY", [P(rsa.generate_private_key(3, 2048)), P(ed25519.Ed25519PrivateKey.generate())]),
        ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", [P(ec.generate_private_key(ec.SECP256R1()))]),
    ]
    for spec, usage, materials in cases:
        key = external(kms, spec, usage)
        for material in materials:
            refused("IncorrectKeyMaterialException", import_material, kms, key, material, spec="RSA_4096")
        assert state(kms, key) == "PendingImport"


def test_tokens_and_wrappings_that_are_not_ours(kms):
    """Seeded bit flips and cuts of token and wrapped material: AWS's codes, never another one."""
    key, other = external(kms), external(kms)
    algorithm = "RSA_AES_KEY_WRAP_SHA_256"
    parameters = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048")
    elsewhere = kms.get_parameters_for_import(KeyId=other, WrappingAlgorithm=algorithm, WrappingKeySpec="RSA_2048")
    wrapped, token = wrap(parameters, algorithm, os.urandom(32)), parameters["ImportToken"]
    bring = lambda token, wrapped: kms.import_key_material(
        KeyId=key, ImportToken=token, EncryptedKeyMaterial=wrapped, **FOR_EVER)
    refused("InvalidImportTokenException", bring, elsewhere["ImportToken"], wrapped)
    seed = int(time.time())
    print(f"seed {seed}")
    chosen = random.Random(seed)

    def harmed(value):
        if chosen.random() < 0.3:
            return value[:chosen.randrange(1, len(value))]
        at = chosen.randrange(len(value))
        return value[:at] + bytes([value[at] ^ 1 << chosen.randrange(8)]) + value[at + 1:]

    for _ in range(40):
        refused("InvalidImportTokenException", bring, harmed(token), wrapped)
        refused("InvalidCiphertextException", bring, token, harmed(wrapped))
        refused("InvalidCiphertextException", bring, token, os.urandom(chosen.randrange(1, 600)))
    # Wrapped for another algorithm, or for another key.
    refused("InvalidCiphertextException", bring, token, wrap(parameters, "RSAES_OAEP_SHA_256", os.urandom(32)))
    refused("InvalidCiphertextException", bring, token, wrap(elsewhere, algorithm, os.urandom(32)))
    assert state(kms, key) == "PendingImport"
    bring(token, wrapped)
    assert state(kms, key) == "Enabled"
    # The same again is the same, as long as the token lasts.
    bring(token, wrapped)


def test_times(kms):
    key = external(kms)
    bring = lambda **members: import_material(kms, key, b"k" * 32, **members)
    text = refused("ValidationException", bring, ExpirationModel="KEY_MATERIAL_EXPIRES")
    assert text == "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
    refused("ValidationException", bring, ValidTo=days(5), **FOR_EVER)
    refused("ValidationException", bring, ValidTo=days(-1))
    refused("ValidationException", bring, ValidTo=days(366))
    bring(ValidTo=days(10))
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
    assert abs(metadata["ValidTo"] - days(10)) < datetime.timedelta(minutes=1)
    bring(**EXISTING)
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert metadata["ExpirationModel"] == "KEY_MATERIAL_DOES_NOT_EXPIRE" and "ValidTo" not in metadata


def test_material_is_taken_away_and_only_the_same_comes_back(kms):
    key, material = external(kms), os.urandom(32)
    first = import_material(kms, key, material)["KeyMaterialId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
    taken = kms.delete_imported_key_material(KeyId=key)
    assert (taken["KeyId"], taken["KeyMaterialId"]) == (key, first)
    for attempt in (
        lambda: kms.decrypt(CiphertextBlob=blob), lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
        lambda: kms.enable_key(KeyId=key), lambda: kms.rotate_key_on_demand(KeyId=key),
    ):
        assert refused("KMSInvalidStateException", attempt) == f"{key} is pending import."
    metadata = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (metadata["KeyState"], metadata["CurrentKeyMaterialId"]) == ("PendingImport", first)
    assert "ExpirationModel" not in metadata
    kms.delete_imported_key_material(KeyId=key)  # again: nothing to do
    refused("IncorrectKeyMaterialException", import_material, kms, key, os.urandom(32))
    refused("IncorrectKeyMaterialException", import_material, kms, key, material, **NEW)
    other = "0" * 64
    refused("IncorrectKeyMaterialException", import_material, kms, key, material, KeyMaterialId=other, **FOR_EVER)
    refused("NotFoundException", kms.delete_imported_key_material, KeyId=key, KeyMaterialId=other)
    assert import_material(kms, key, material, KeyMaterialId=first, **EXISTING)["KeyMaterialId"] == first
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"kept"


def test_several_materials_rotate_on_demand(kms):
    key, materials = external(kms), [os.urandom(32) for _ in range(3)]
    ids = [import_material(kms, key, materials[0], KeyMaterialDescription="the first", **FOR_EVER)["KeyMaterialId"]]
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"0")["CiphertextBlob"]]
    text = refused("KMSInvalidStateException", kms.rotate_key_on_demand, KeyId=key)
    assert text == f"No available key material pending rotation for the key: {key}."
    for number in (1, 2):
        new = import_material(kms, key, materials[number], ValidTo=days(9), ImportType="NEW_KEY_MATERIAL")
        ids.append(new["KeyMaterialId"])
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] == ids[number - 1]
        text = refused("KMSInvalidStateException", import_material, kms, key, b"z" * 32, **NEW)
        assert text.startswith("New key material (id: ") and text.endswith(
            f") cannot be imported into KMS key {key}, because another key material (id: {ids[number]}) is pending rotation.")
        shown = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        assert [entry["KeyMaterialState"] for entry in shown] == ["NON_CURRENT"] * (number - 1) + [
            "CURRENT", "PENDING_ROTATION"]
        assert kms.rotate_key_on_demand(KeyId=key)["KeyId"] == key
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] == ids[number]
        blobs.append(kms.encrypt(KeyId=key, Plaintext=str(number).encode())["CiphertextBlob"])
    for number, blob in enumerate(blobs):
        opened = kms.decrypt(CiphertextBlob=blob)
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == (str(number).encode(), ids[number])
    listed = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [entry["KeyMaterialId"] for entry in listed] == ids
    assert [entry["KeyMaterialState"] for entry in listed] == ["NON_CURRENT", "NON_CURRENT", "CURRENT"]
    assert [entry.get("RotationType") for entry in listed] == [None, "ON_DEMAND", "ON_DEMAND"]
    assert [entry["ImportState"] for entry in listed] == ["IMPORTED"] * 3
    assert listed[0]["KeyMaterialDescription"] == "the first" and "KeyMaterialDescription" not in listed[1]
    assert [entry["ExpirationModel"] for entry in listed] == [
        "KEY_MATERIAL_DOES_NOT_EXPIRE", "KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_EXPIRES"]
    assert "ValidTo" not in listed[0] and "ValidTo" in listed[1]
    rotations = kms.list_key_rotations(KeyId=key)["Rotations"]
    assert [entry["KeyMaterialId"] for entry in rotations] == ids[1:]
    pages = kms.get_paginator("list_key_rotations").paginate(
        KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL", PaginationConfig={"PageSize": 1})
    assert [entry["KeyMaterialId"] for page in pages for entry in page["Rotations"]] == ids
    # Any of them that is missing makes the whole key unusable, an old one too.
    kms.delete_imported_key_material(KeyId=key, KeyMaterialId=ids[0])
    refused("KMSInvalidStateException", kms.encrypt, KeyId=key, Plaintext=b"x")
    states = [entry["ImportState"] for entry in kms.list_key_rotations(
        KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]]
    assert states == ["PENDING_IMPORT", "IMPORTED", "IMPORTED"]
    kms.delete_imported_key_material(KeyId=key, KeyMaterialId=ids[1])
    import_material(kms, key, materials[0])
    refused("KMSInvalidStateException", kms.encrypt, KeyId=key, Plaintext=b"x")
    import_material(kms, key, materials[1])
    assert kms.decrypt(CiphertextBlob=blobs[0])["Plaintext"] == b"0"


def test_what_waits_for_a_rotation_can_be_replaced(kms):
    key = external(kms)
    import_material(kms, key, b"a" * 32)
    waiting = import_material(kms, key, b"b" * 32, **NEW)["KeyMaterialId"]
    kms.delete_imported_key_material(KeyId=key, KeyMaterialId=waiting)
    assert state(kms, key) == "Enabled"
    replaced = import_material(kms, key, b"c" * 32, **NEW)["KeyMaterialId"]
    kms.rotate_key_on_demand(KeyId=key)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"] == replaced


def test_keys_rotate_by_their_owner_alone(kms):
    key = external(kms)
    import_material(kms, key, b"a" * 32)
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    for attempt in (kms.enable_key_rotation, kms.disable_key_rotation):
        text = refused("UnsupportedOperationException", attempt, KeyId=key)
        assert text == f"{key} origin is EXTERNAL which is not valid for this operation."
    tag = [{"TagKey": "keywright:rotation-period", "TagValue": "30d"}]
    refused("TagException", kms.tag_resource, KeyId=key, Tags=tag)
    refused("TagException", kms.create_key, Origin="EXTERNAL", Tags=tag)


def test_states(kms):
    """KMS Developer Guide, "Key states": the row of PendingImport, and import into keys of other states."""
    S, pending = "KMSInvalidStateException", "is pending import."
    key = external(kms)
    blocked = {
        "encrypt": {"Plaintext": b"x"}, "generate_data_key": {"KeySpec": "AES_256"},
        "create_grant": {"GranteePrincipal": f"arn:aws:iam::{key.split(':')[4]}:root", "Operations": ["Encrypt"]},
        "enable_key": {}, "disable_key": {}, "rotate_key_on_demand": {}}
    for operation, members in blocked.items():
        assert refused(S, getattr(kms, operation), KeyId=key, **members).endswith(pending), operation
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    kms.create_alias(AliasName=f"alias/{key[-12:]}", TargetKeyId=key)
    kms.update_key_description(KeyId=key, Description="d")
    kms.list_key_rotations(KeyId=key)
    kms.get_key_rotation_status(KeyId=key)
    # Disabled: import and deletion are possible.
    import_material(kms, key, b"a" * 32)
    kms.disable_key(KeyId=key)
    import_material(kms, key, b"a" * 32)
    assert state(kms, key) == "Disabled"
    kms.delete_imported_key_material(KeyId=key)
    assert state(kms, key) == "PendingImport"
    # Pending deletion: no import; deletion leaves the state, and cancelling shows what is missing.
    import_material(kms, key, b"a" * 32)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    text = refused(S, import_material, kms, key, b"a" * 32)
    assert text == f"{key} is pending deletion."
    kms.cancel_key_deletion(KeyId=key)
    assert state(kms, key) == "Disabled"
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    kms.delete_imported_key_material(KeyId=key)
    assert state(kms, key) == "PendingDeletion"
    kms.cancel_key_deletion(KeyId=key)
    assert state(kms, key) == "PendingImport"


def test_material_ends_on_its_day(server, kms):
    key, material = external(kms), os.urandom(32)
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    import_material(kms, key, material, ValidTo=end)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    wait_until(lambda: state(kms, key) == "PendingImport", what="the end of the key material")
    assert datetime.datetime.now(datetime.timezone.utc) >= end
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob)
    import_material(kms, key, material)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_the_policy_can_ask_for_the_terms(server, kms):
    key = external(kms)
    somebody = user(server, f"importer-{random.randrange(10**9)}", json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["kms:GetParametersForImport"], "Resource": "*", "Condition": {"StringEquals": {
            "kms:WrappingAlgorithm": "RSA_AES_KEY_WRAP_SHA_256", "kms:WrappingKeySpec": "RSA_2048"}}},
        {"Effect": "Allow", "Action": "kms:ImportKeyMaterial", "Resource": "*", "Condition": {
            "StringEquals": {"kms:ExpirationModel": "KEY_MATERIAL_EXPIRES"},
            "DateLessThan": {"kms:ValidTo": days(20).strftime("%Y-%m-%dT%H:%M:%SZ")}}},
        {"Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*",
         "Condition": {"StringEquals": {"kms:KeyOrigin": "EXTERNAL"}}}]}))
    client = somebody.client("kms")
    refused("AccessDeniedException", import_material, client, key, b"a" * 32, spec="RSA_3072")
    refused("AccessDeniedException", import_material, client, key, b"a" * 32)
    refused("AccessDeniedException", import_material, client, key, b"a" * 32, ValidTo=days(30))
    import_material(client, key, b"a" * 32, ValidTo=days(10))
    external(client)
    refused("AccessDeniedException", client.create_key)
