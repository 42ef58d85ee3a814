"""Every operation on a key in every state: the table of the KMS Developer Guide, "Key states"."""

import datetime
import json
import os

import botocore.exceptions
import pytest

from importing import FOR_EVER, import_material, wrap

D, S = "DisabledException", "KMSInvalidStateException"
PENDING, NOT_PENDING, PENDING_REPLICA = "pending deletion", "not pending deletion", "pending replica deletion"
OK = None

# operation: (parameters, Enabled, Disabled, PendingDeletion). A function makes what depends on the key.
TABLE = {
    "encrypt": (lambda key: {"KeyId": key.arn, "Plaintext": b"x"}, OK, D, (S, PENDING)),
    "decrypt": (lambda key: {"CiphertextBlob": key.blob}, OK, D, (S, PENDING)),
    "re_encrypt": (lambda key: {"CiphertextBlob": key.blob, "DestinationKeyId": key.other}, OK, D, (S, PENDING)),
    "generate_data_key": (lambda key: {"KeyId": key.arn, "NumberOfBytes": 16}, OK, D, (S, PENDING)),
    "generate_data_key_without_plaintext": (lambda key: {"KeyId": key.arn, "KeySpec": "AES_256"}, OK, D, (S, PENDING)),
    "generate_data_key_pair": (lambda key: {"KeyId": key.arn, "KeyPairSpec": "ECC_NIST_P256"}, OK, D, (S, PENDING)),
    "generate_data_key_pair_without_plaintext": (
        lambda key: {"KeyId": key.arn, "KeyPairSpec": "RSA_2048"}, OK, D, (S, PENDING)),
    "sign": (lambda key: {"KeyId": key.arn, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}, OK, D, (S, PENDING)),
    "verify": (
        lambda key: {
            "KeyId": key.arn, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256", "Signature": key.made["Signature"]},
        OK, D, (S, PENDING)),
    "get_public_key": (lambda key: {"KeyId": key.arn}, OK, D, (S, PENDING)),
    "generate_mac": (lambda key: {"KeyId": key.arn, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}, OK, D, (S, PENDING)),
    "verify_mac": (
        lambda key: {"KeyId": key.arn, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256", "Mac": key.made["Mac"]},
        OK, D, (S, PENDING)),
    "derive_shared_secret": (
        lambda key: {"KeyId": key.arn, "KeyAgreementAlgorithm": "ECDH", "PublicKey": key.made["PublicKey"]},
        OK, D, (S, PENDING)),
    "encapsulate": (lambda key: {"KeyId": key.arn, "EncapsulationAlgorithm": "ML_KEM"}, OK, D, (S, PENDING)),
    "decapsulate": (
        lambda key: {
            "KeyId": key.arn, "EncapsulationAlgorithm": "ML_KEM",
            "SharedSecretCiphertextBlob": key.made["SharedSecretCiphertextBlob"]},
        OK, D, (S, PENDING)),
    "create_alias": (lambda key: {"AliasName": f"alias/new-{key.id}", "TargetKeyId": key.id}, OK, OK, (S, PENDING)),
    "tag_resource": (lambda key: {"KeyId": key.id, "Tags": [{"TagKey": "a", "TagValue": "b"}]}, OK, OK, (S, PENDING)),
    "untag_resource": (lambda key: {"KeyId": key.id, "TagKeys": ["a"]}, OK, OK, (S, PENDING)),
    "update_key_description": (lambda key: {"KeyId": key.id, "Description": "d"}, OK, OK, (S, PENDING)),
    "delete_alias": (lambda key: {"AliasName": key.alias}, OK, OK, OK),
    "describe_key": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "get_key_policy": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "put_key_policy": (lambda key: {"KeyId": key.id, "Policy": key.policy}, OK, OK, OK),
    "list_aliases": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "list_key_policies": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "list_resource_tags": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "get_key_last_usage": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "update_alias": (lambda key: {"AliasName": key.other_alias, "TargetKeyId": key.id}, OK, OK, (S, PENDING)),
    "enable_key": (lambda key: {"KeyId": key.id}, OK, OK, (S, PENDING)),
    "disable_key": (lambda key: {"KeyId": key.id}, OK, OK, (S, PENDING)),
    "enable_key_rotation": (lambda key: {"KeyId": key.id}, OK, D, (S, PENDING)),
    "disable_key_rotation": (lambda key: {"KeyId": key.id}, OK, D, (S, PENDING)),
    "rotate_key_on_demand": (lambda key: {"KeyId": key.id}, OK, D, (S, PENDING)),
    "get_key_rotation_status": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "list_key_rotations": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "schedule_key_deletion": (lambda key: {"KeyId": key.id}, OK, OK, (S, PENDING)),
    "create_grant": (
        lambda key: {"KeyId": key.id, "GranteePrincipal": key.root, "Operations": ["Decrypt"]}, OK, D, (S, PENDING)),
    "list_grants": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    "retire_grant": (lambda key: {"KeyId": key.arn, "GrantId": key.grant}, OK, OK, OK),
    "revoke_grant": (lambda key: {"KeyId": key.id, "GrantId": key.grant}, OK, OK, OK),
    "cancel_key_deletion": (lambda key: {"KeyId": key.id}, (S, NOT_PENDING), (S, NOT_PENDING), OK),
    "get_parameters_for_import": (lambda key: {"KeyId": key.id, **key.wrapping}, OK, OK, (S, PENDING)),
    "import_key_material": (lambda key: {"KeyId": key.id, **key.made}, OK, OK, (S, PENDING)),
    "delete_imported_key_material": (lambda key: {"KeyId": key.id}, OK, OK, OK),
    # A primary key with a replica is never PendingDeletion, but waits for the replica.
    "replicate_key": (lambda key: {"KeyId": key.id, "ReplicaRegion": "eu-west-3"}, OK, D, (S, PENDING_REPLICA)),
    "update_primary_region": (lambda key: {"KeyId": key.id, "PrimaryRegion": "eu-west-2"}, OK, D, (S, PENDING_REPLICA)),
}
STATES = ("Enabled", "Disabled", "PendingDeletion")
IMPORT = (S, "pending import")
# What the table says of PendingImport, where it does not say OK; such keys are of Origin EXTERNAL.
PENDING_IMPORT = {
    **{operation: IMPORT for operation in (
        "encrypt", "decrypt", "re_encrypt", "generate_data_key", "generate_data_key_without_plaintext",
        "generate_data_key_pair", "generate_data_key_pair_without_plaintext", "sign", "verify", "get_public_key",
        "generate_mac", "verify_mac", "derive_shared_secret", "encapsulate", "decapsulate", "create_grant", "enable_key",
        "disable_key", "rotate_key_on_demand", "replicate_key")},
    "enable_key_rotation": "UnsupportedOperationException", "disable_key_rotation": "UnsupportedOperationException",
    "cancel_key_deletion": (S, NOT_PENDING)}
SIGNER = ("ECC_NIST_P256", "SIGN_VERIFY")
MAC = ("HMAC_256", "GENERATE_VERIFY_MAC")
KEM = ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE")
EXTERNAL = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", {"Origin": "EXTERNAL"})
MULTI_REGION = ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", {"MultiRegion": True})
# What the keys of these operations are made of; the others take a symmetric one.
KINDS = {
    "sign": SIGNER, "verify": SIGNER, "get_public_key": SIGNER, "generate_mac": MAC, "verify_mac": MAC,
    "derive_shared_secret": ("ECC_NIST_P256", "KEY_AGREEMENT"), "encapsulate": KEM, "decapsulate": KEM,
    "get_parameters_for_import": EXTERNAL, "import_key_material": EXTERNAL, "delete_imported_key_material": EXTERNAL,
    "replicate_key": MULTI_REGION, "update_primary_region": MULTI_REGION}


class Key:
    """A key brought into a state, with everything the table's rows need of it."""

    wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}

    def __init__(self, kms, state, kind=("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", {})):
        made = kms.create_key(KeySpec=kind[0], KeyUsage=kind[1], **dict(*kind[2:]))["KeyMetadata"]
        other = kms.create_key()["KeyMetadata"]
        self.id, self.arn, self.other = made["KeyId"], made["Arn"], other["KeyId"]
        self.alias, self.other_alias = f"alias/{self.id}", f"alias/other-{self.id}"
        kms.create_alias(AliasName=self.alias, TargetKeyId=self.id)
        kms.create_alias(AliasName=self.other_alias, TargetKeyId=self.other)
        self.blob, self.made = None, {}
        if kind == EXTERNAL:
            import_material(kms, self.id, b"k" * 32)
            parameters = kms.get_parameters_for_import(KeyId=self.id, **self.wrapping)
            self.made = {
                "ImportToken": parameters["ImportToken"],
                "EncryptedKeyMaterial": wrap(parameters, self.wrapping["WrappingAlgorithm"], b"k" * 32), **FOR_EVER}
        elif kind == MULTI_REGION:
            kms.replicate_key(KeyId=self.id, ReplicaRegion="eu-west-2")
        elif kind == SIGNER:
            self.made = kms.sign(KeyId=self.id, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")
        elif kind == MAC:
            self.made = kms.generate_mac(KeyId=self.id, Message=b"x", MacAlgorithm="HMAC_SHA_256")
        elif kind == KEM:
            self.made = kms.encapsulate(KeyId=self.id, EncapsulationAlgorithm="ML_KEM")
        elif kind[1] == "KEY_AGREEMENT":
            self.made = kms.get_public_key(KeyId=self.id)
        else:
            self.blob = kms.encrypt(KeyId=self.id, Plaintext=b"x")["CiphertextBlob"]
        self.policy = kms.get_key_policy(KeyId=self.id)["Policy"]
        self.root = f"arn:aws:iam::{made['AWSAccountId']}:root"
        self.grant = kms.create_grant(KeyId=self.id, GranteePrincipal=self.root, Operations=["DescribeKey"])["GrantId"]
        if state == "Disabled":
            kms.disable_key(KeyId=self.id)
        elif state == "PendingDeletion":
            kms.schedule_key_deletion(KeyId=self.id, PendingWindowInDays=7)


class EmptyKey(Key):
    """A key of Origin EXTERNAL whose key material is not there; what is sent to it need not be good."""

    def __init__(self, kms, kind):
        members = {**dict(*kind[2:]), "Origin": "EXTERNAL"}
        made = kms.create_key(KeySpec=kind[0], KeyUsage=kind[1], **members)["KeyMetadata"]
        other = kms.create_key()["KeyMetadata"]
        self.id, self.arn, self.other = made["KeyId"], made["Arn"], other["KeyId"]
        self.alias, self.other_alias = f"alias/{self.id}", f"alias/other-{self.id}"
        kms.create_alias(AliasName=self.alias, TargetKeyId=self.id)
        kms.create_alias(AliasName=self.other_alias, TargetKeyId=self.other)
        self.policy = kms.get_key_policy(KeyId=self.id)["Policy"]
        self.root = f"arn:aws:iam::{made['AWSAccountId']}:root"
        agreeing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
        self.blob, self.grant = None, None
        parameters = kms.get_parameters_for_import(KeyId=self.id, **self.wrapping)
        self.made = {
            "ImportToken": parameters["ImportToken"], **FOR_EVER,
            "EncryptedKeyMaterial": wrap(parameters, self.wrapping["WrappingAlgorithm"], b"k" * 32)}
        if kind[0] == "SYMMETRIC_DEFAULT":
            kms.import_key_material(KeyId=self.id, **self.made)
            self.blob = kms.encrypt(KeyId=self.id, Plaintext=b"x")["CiphertextBlob"]
            self.grant = kms.create_grant(
                KeyId=self.id, GranteePrincipal=self.root, Operations=["DescribeKey"])["GrantId"]
            kms.delete_imported_key_material(KeyId=self.id)
        else:
            self.made = {
                "Signature": os.urandom(70), "Mac": os.urandom(32), "SharedSecretCiphertextBlob": os.urandom(768),
                "PublicKey": kms.get_public_key(KeyId=agreeing)["PublicKey"]}


@pytest.mark.parametrize("operation", sorted(set(TABLE) - {"update_primary_region"}))
def test_operation_on_a_key_pending_import(kms, operation):
    key = EmptyKey(kms, KINDS.get(operation, EXTERNAL))
    expected = PENDING_IMPORT.get(operation, OK)
    attempt(kms, operation, TABLE[operation][0](key), key, expected, "PendingImport")


@pytest.mark.parametrize("operation", sorted(set(TABLE) - set(KINDS)) + ["replicate_key", "update_primary_region"])
def test_operation_on_a_primary_key_whose_replicas_are_to_end(kms, operation):
    key = Key(kms, "Enabled", MULTI_REGION)
    key.blob = kms.encrypt(KeyId=key.id, Plaintext=b"x")["CiphertextBlob"]
    kms.schedule_key_deletion(KeyId=key.id, PendingWindowInDays=7)
    parameters, *_, expected = TABLE[operation]
    if expected == (S, PENDING):
        expected = (S, "pending replica deletion")
    attempt(kms, operation, parameters(key), key, expected, "PendingReplicaDeletion")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("operation", TABLE)
def test_operation_by_state(kms, operation, state):
    parameters, *outcomes = TABLE[operation]
    key = Key(kms, state, *([KINDS[operation]] if operation in KINDS else []))
    attempt(kms, operation, parameters(key), key, outcomes[STATES.index(state)], state)


def attempt(kms, operation, parameters, key, expected, state):
    before = describe(kms, key)
    try:
        getattr(kms, operation)(**parameters)
        got = None
    except botocore.exceptions.ClientError as refused:
        got = refused.response["Error"]
        assert refused.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    if expected is OK:
        assert got is None, got
        return
    assert got is not None, f"{operation} was allowed on a key that is {state}"
    if expected == "UnsupportedOperationException":
        text = f"{key.arn} origin is EXTERNAL which is not valid for this operation."
        assert (got["Code"], got["Message"]) == (expected, text)
    else:
        code, text = (expected, "disabled") if isinstance(expected, str) else expected
        assert (got["Code"], got["Message"]) == (code, f"{key.arn} is {text}.")
    assert describe(kms, key) == before, "a refused operation changes nothing"


def describe(kms, key):
    metadata = kms.describe_key(KeyId=key.id)["KeyMetadata"]
    if metadata["KeySpec"] != "SYMMETRIC_DEFAULT":
        return metadata, None
    status = kms.get_key_rotation_status(KeyId=key.id)
    status.pop("ResponseMetadata")
    return metadata, status


def test_the_table_has_every_operation_on_a_key(kms):
    """New operations with a KeyId must be given their row."""
    on_a_key = set()
    for name in kms.meta.service_model.operation_names:
        shape = kms.meta.service_model.operation_model(name).input_shape
        if shape and {"KeyId", "TargetKeyId", "CiphertextBlob"} & set(shape.members):
            on_a_key.add(name)
    known = {"".join(part.title() for part in name.split("_")) for name in TABLE}
    assert on_a_key <= known | {"DeleteAlias"}, on_a_key - known


def test_schedule_and_cancel_show_in_the_metadata(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = datetime.datetime.now(datetime.timezone.utc)
    scheduled = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert scheduled["KeyState"] == "PendingDeletion"
    assert scheduled["PendingWindowInDays"] == 7
    days = (scheduled["DeletionDate"] - before).total_seconds() / 86400
    assert 6.99 < days < 7.01
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"], shown["DeletionDate"]) == (
        "PendingDeletion", False, scheduled["DeletionDate"])
    kms.cancel_key_deletion(KeyId=key)
    shown = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (shown["KeyState"], shown["Enabled"]) == ("Disabled", False)
    assert "DeletionDate" not in shown


def test_default_waiting_period_is_thirty_days(kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    scheduled = kms.schedule_key_deletion(KeyId=key)
    assert scheduled["PendingWindowInDays"] == 30


def test_policy_text_is_the_default_one(kms):
    key = kms.create_key()["KeyMetadata"]
    document = json.loads(kms.get_key_policy(KeyId=key["KeyId"])["Policy"])
    assert document["Id"] == "key-default-1"
    assert document["Statement"] == [{
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{key['AWSAccountId']}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }]
