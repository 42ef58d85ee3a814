"""Multi-Region keys: one id and one key material in several Regions of one server."""

import json
import os
import random

import boto3
import botocore.config
import pytest

from conftest import REGION
from identities import allow, user
from importing import FOR_EVER, external, import_material, refused

HOME, WEST, SOUTH = REGION, "eu-west-2", "ap-southeast-2"
NEW = {**FOR_EVER, "ImportType": "NEW_KEY_MATERIAL"}
EXISTING = {**FOR_EVER, "ImportType": "EXISTING_KEY_MATERIAL"}


class Regions:
    """A client of each Region."""

    def __init__(self, server, credentials=None):
        self.server, self.credentials = server, credentials or server.credentials

    def __getitem__(self, region):
        key_id, secret = self.credentials
        return boto3.client(
            "kms", endpoint_url=self.server.url, region_name=region, aws_access_key_id=key_id,
            aws_secret_access_key=secret, config=botocore.config.Config(retries={"max_attempts": 1, "mode": "standard"}))


@pytest.fixture(scope="module")
def at(server):
    return Regions(server)


def describe(client, key):
    return client.describe_key(KeyId=key)["KeyMetadata"]


def family(at, *regions, **members):
    """The id of a primary key at home with replicas in these Regions."""
    key = at[HOME].create_key(MultiRegion=True, **members)["KeyMetadata"]["KeyId"]
    for region in regions:
        at[HOME].replicate_key(KeyId=key, ReplicaRegion=region)
    return key


def test_a_replica_is_a_key_of_its_own_with_the_same_material(server, at):
    made = at[HOME].create_key(
        MultiRegion=True, Description="at home", Tags=[{"TagKey": "where", "TagValue": "home"}])["KeyMetadata"]
    key, arn = made["KeyId"], made["Arn"]
    assert key.startswith("mrk-") and len(key) == 36 and made["MultiRegion"] is True
    assert made["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "PRIMARY", "PrimaryKey": {"Arn": arn, "Region": HOME}, "ReplicaKeys": []}
    answer = at[HOME].replicate_key(
        KeyId=key, ReplicaRegion=WEST, Description="out west", Tags=[{"TagKey": "where", "TagValue": "west"}])
    replica = answer["ReplicaKeyMetadata"]
    there = arn.replace(HOME, WEST)
    assert (replica["Arn"], replica["KeyId"], replica["Description"]) == (there, key, "out west")
    assert replica["MultiRegionConfiguration"] == {
        "MultiRegionKeyType": "REPLICA", "PrimaryKey": {"Arn": arn, "Region": HOME},
        "ReplicaKeys": [{"Arn": there, "Region": WEST}]}
    assert answer["ReplicaTags"] == [{"TagKey": "where", "TagValue": "west"}]
    assert json.loads(answer["ReplicaPolicy"])["Id"] == "key-default-1"
    at[HOME].replicate_key(KeyId=arn, ReplicaRegion=SOUTH)
    shown = describe(at[HOME], key)["MultiRegionConfiguration"]["ReplicaKeys"]
    assert [replica["Region"] for replica in shown] == [SOUTH, WEST]
    for client in (at[HOME], at[WEST], at[SOUTH]):
        metadata = describe(client, key)
        assert metadata["CurrentKeyMaterialId"] == made["CurrentKeyMaterialId"] and metadata["KeyState"] == "Enabled"
    blob = at[HOME].encrypt(KeyId=key, Plaintext=b"abroad", EncryptionContext={"a": "b"})["CiphertextBlob"]
    opened = at[SOUTH].decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
    assert opened["Plaintext"] == b"abroad" and opened["KeyId"] == arn.replace(HOME, SOUTH)
    back = at[SOUTH].re_encrypt(
        CiphertextBlob=blob, SourceEncryptionContext={"a": "b"}, DestinationKeyId=key)["CiphertextBlob"]
    assert at[WEST].decrypt(CiphertextBlob=back, KeyId=key)["Plaintext"] == b"abroad"
    assert at[WEST].list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "where", "TagValue": "west"}]
    # State, description, aliases, policy and grants are each key's own.
    at[WEST].disable_key(KeyId=key)
    refused("DisabledException", at[WEST].decrypt, CiphertextBlob=blob, EncryptionContext={"a": "b"})
    at[HOME].create_alias(AliasName="alias/own", TargetKeyId=key)
    assert describe(at[HOME], "alias/own")["KeyId"] == key
    refused("NotFoundException", at[WEST].describe_key, KeyId="alias/own")
    # No single-Region key of the account opens elsewhere.
    single = at[HOME].create_key()["KeyMetadata"]["KeyId"]
    closed = at[HOME].encrypt(KeyId=single, Plaintext=b"x")["CiphertextBlob"]
    refused("AccessDeniedException", at[WEST].decrypt, CiphertextBlob=closed)


@pytest.mark.parametrize(("spec", "usage"), [
    ("HMAC_256", "GENERATE_VERIFY_MAC"), ("ECC_NIST_P256", "SIGN_VERIFY"), ("RSA_2048", "ENCRYPT_DECRYPT"),
    ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"), ("ML_KEM_768", "ENCAPSULATE_DECAPSULATE")])
def test_keys_of_every_kind_replicate(at, spec, usage):
    key = family(at, WEST, KeySpec=spec, KeyUsage=usage)
    home, west = at[HOME], at[WEST]
    if usage == "GENERATE_VERIFY_MAC":
        made = home.generate_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
        assert west.verify_mac(KeyId=key, Message=b"m", MacAlgorithm="HMAC_SHA_256", Mac=made)["MacValid"]
        return
    assert home.get_public_key(KeyId=key)["PublicKey"] == west.get_public_key(KeyId=key)["PublicKey"]
    if usage == "SIGN_VERIFY":
        algorithm = "ECDSA_SHA_256" if "P256" in spec else "ED25519_SHA_512"
        signature = west.sign(KeyId=key, Message=b"m", SigningAlgorithm=algorithm)["Signature"]
        home.verify(KeyId=key, Message=b"m", SigningAlgorithm=algorithm, Signature=signature)
    elif usage == "ENCRYPT_DECRYPT":
        blob = home.encrypt(KeyId=key, Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_256")["CiphertextBlob"]
        opened = west.decrypt(KeyId=key, CiphertextBlob=blob, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
        assert opened["Plaintext"] == b"x"
    else:
        sent = home.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")
        came = west.decapsulate(
            KeyId=key, EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=sent["SharedSecretCiphertextBlob"])
        assert came["SharedSecret"] == sent["SharedSecret"]


def test_what_cannot_be_replicated(at):
    key = family(at, WEST)
    arn = describe(at[WEST], key)["Arn"]
    text = refused("UnsupportedOperationException", at[WEST].replicate_key, KeyId=key, ReplicaRegion=SOUTH)
    assert text == f"{arn} is not a multi-region primary key."
    single = at[HOME].create_key()["KeyMetadata"]["KeyId"]
    refused("UnsupportedOperationException", at[HOME].replicate_key, KeyId=single, ReplicaRegion=WEST)
    for region in (WEST, HOME):
        refused("AlreadyExistsException", at[HOME].replicate_key, KeyId=key, ReplicaRegion=region)
    refused("ValidationException", at[HOME].replicate_key, KeyId=key, ReplicaRegion="xx-nowhere-1")
    refused("NotFoundException", at[HOME].replicate_key, KeyId=key[:-1] + ("0" if key[-1] != "0" else "1"),
            ReplicaRegion=SOUTH)
    at[HOME].disable_key(KeyId=key)
    refused("DisabledException", at[HOME].replicate_key, KeyId=key, ReplicaRegion=SOUTH)
    at[HOME].enable_key(KeyId=key)
    refused("MalformedPolicyDocumentException", at[HOME].replicate_key, KeyId=key, ReplicaRegion=SOUTH, Policy="{}")
    locked = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:Decrypt", "Resource": "*"}]})
    refused("MalformedPolicyDocumentException", at[HOME].replicate_key, KeyId=key, ReplicaRegion=SOUTH, Policy=locked)
    at[HOME].replicate_key(KeyId=key, ReplicaRegion=SOUTH, Policy=locked, BypassPolicyLockoutSafetyCheck=True)


def test_all_rotate_with_the_primary_key(at):
    key = family(at, WEST)
    arn = describe(at[WEST], key)["Arn"]
    at[HOME].enable_key_rotation(KeyId=key, RotationPeriodInDays=100)
    status = {region: at[region].get_key_rotation_status(KeyId=key) for region in (HOME, WEST)}
    for shown in status.values():
        assert (shown["KeyRotationEnabled"], shown["RotationPeriodInDays"]) == (True, 100)
    assert status[HOME]["NextRotationDate"] == status[WEST]["NextRotationDate"]
    for operation in ("enable_key_rotation", "disable_key_rotation", "rotate_key_on_demand"):
        text = refused("UnsupportedOperationException", getattr(at[WEST], operation), KeyId=key)
        assert text == f"{arn} is not a multi-region primary key."
    tag = [{"TagKey": "keywright:rotation-period", "TagValue": "30d"}]
    assert HOME in refused("TagException", at[WEST].tag_resource, KeyId=key, Tags=tag)
    refused("TagException", at[HOME].replicate_key, KeyId=key, ReplicaRegion=SOUTH, Tags=tag)
    before = [at[region].encrypt(KeyId=key, Plaintext=region.encode())["CiphertextBlob"] for region in (HOME, WEST)]
    at[WEST].disable_key(KeyId=key)  # waits for nobody
    at[HOME].rotate_key_on_demand(KeyId=key)
    at[WEST].enable_key(KeyId=key)
    current = [describe(at[region], key)["CurrentKeyMaterialId"] for region in (HOME, WEST)]
    assert current[0] == current[1]
    after = at[WEST].encrypt(KeyId=key, Plaintext=b"new")["CiphertextBlob"]
    assert at[HOME].decrypt(CiphertextBlob=after)["KeyMaterialId"] == current[0]
    for blob in before:
        for region in (HOME, WEST):
            assert at[region].decrypt(CiphertextBlob=blob)["KeyMaterialId"] != current[0]
    # A replica made later has every generation.
    at[HOME].replicate_key(KeyId=key, ReplicaRegion=SOUTH)
    assert [at[SOUTH].decrypt(CiphertextBlob=blob)["Plaintext"].decode() for blob in before] == [HOME, WEST]
    history = [
        [(entry["KeyMaterialId"], entry["RotationType"]) for entry in
         at[region].list_key_rotations(KeyId=key)["Rotations"]] for region in (HOME, WEST, SOUTH)]
    assert history[0] == history[1] == history[2] == [(current[0], "ON_DEMAND")]
    at[HOME].disable_key_rotation(KeyId=key)
    assert at[SOUTH].get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_another_region_becomes_primary(at):
    key = family(at, WEST, SOUTH)
    home, west = at[HOME], at[WEST]
    home.tag_resource(KeyId=key, Tags=[{"TagKey": "keywright:rotation-period", "TagValue": "40d"}])
    due = home.get_key_rotation_status(KeyId=key)["NextRotationDate"]
    text = refused("UnsupportedOperationException", west.update_primary_region, KeyId=key, PrimaryRegion=WEST)
    assert text.endswith("is not a multi-region primary key.")
    refused("UnsupportedOperationException", home.update_primary_region, KeyId=key, PrimaryRegion=HOME)
    refused("NotFoundException", home.update_primary_region, KeyId=key, PrimaryRegion="eu-west-3")
    west.disable_key(KeyId=key)
    refused("DisabledException", home.update_primary_region, KeyId=key, PrimaryRegion=WEST)
    west.enable_key(KeyId=key)
    home.update_primary_region(KeyId=key, PrimaryRegion=WEST)
    for region in (HOME, WEST, SOUTH):
        shown = describe(at[region], key)["MultiRegionConfiguration"]
        assert shown["PrimaryKey"]["Region"] == WEST
        assert [replica["Region"] for replica in shown["ReplicaKeys"]] == sorted([HOME, SOUTH])
        assert shown["MultiRegionKeyType"] == ("PRIMARY" if region == WEST else "REPLICA")
        status = at[region].get_key_rotation_status(KeyId=key)
        assert (status["RotationPeriodInDays"], status["NextRotationDate"]) == (40, due)
    refused("UnsupportedOperationException", home.rotate_key_on_demand, KeyId=key)
    assert home.list_resource_tags(KeyId=key)["Tags"] == []
    assert west.list_resource_tags(KeyId=key)["Tags"][0]["TagValue"] == "40d"
    west.rotate_key_on_demand(KeyId=key)
    assert describe(home, key)["CurrentKeyMaterialId"] == describe(at[SOUTH], key)["CurrentKeyMaterialId"]
    west.untag_resource(KeyId=key, TagKeys=["keywright:rotation-period"])
    assert at[SOUTH].get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False


def test_a_primary_key_ends_after_its_replicas(at):
    key = family(at, WEST)
    answer = at[HOME].schedule_key_deletion(KeyId=key, PendingWindowInDays=8)
    assert answer["KeyState"] == "PendingReplicaDeletion" and "DeletionDate" not in answer
    assert answer["PendingWindowInDays"] == 8
    metadata = describe(at[HOME], key)
    assert (metadata["KeyState"], metadata["PendingDeletionWindowInDays"]) == ("PendingReplicaDeletion", 8)
    assert not metadata["Enabled"] and "DeletionDate" not in metadata
    refused("KMSInvalidStateException", at[HOME].encrypt, KeyId=key, Plaintext=b"x")
    refused("KMSInvalidStateException", at[HOME].replicate_key, KeyId=key, ReplicaRegion=SOUTH)
    refused("KMSInvalidStateException", at[HOME].schedule_key_deletion, KeyId=key)
    at[WEST].encrypt(KeyId=key, Plaintext=b"x")
    at[HOME].cancel_key_deletion(KeyId=key)
    assert describe(at[HOME], key)["KeyState"] == "Disabled"
    replica = at[WEST].schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert replica["KeyState"] == "PendingDeletion" and "DeletionDate" in replica
    at[WEST].cancel_key_deletion(KeyId=key)


def test_imported_material_comes_to_every_region_and_then_rotates(at):
    key = at[HOME].create_key(Origin="EXTERNAL", MultiRegion=True)["KeyMetadata"]["KeyId"]
    refused("KMSInvalidStateException", at[HOME].replicate_key, KeyId=key, ReplicaRegion=WEST)
    first, second = os.urandom(32), os.urandom(32)
    one = import_material(at[HOME], key, first)["KeyMaterialId"]
    answer = at[HOME].replicate_key(KeyId=key, ReplicaRegion=WEST)["ReplicaKeyMetadata"]
    assert (answer["KeyState"], answer["Origin"]) == ("PendingImport", "EXTERNAL")
    refused("IncorrectKeyMaterialException", import_material, at[WEST], key, second)
    refused("UnsupportedOperationException", import_material, at[WEST], key, second, **NEW)
    assert import_material(at[WEST], key, first)["KeyMaterialId"] == one
    blob = at[HOME].encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    assert at[WEST].decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    # New material: first at the primary key, then in every Region, then it rotates.
    two = import_material(at[HOME], key, second, **NEW)["KeyMaterialId"]

    def pending(region):
        return [(entry["KeyMaterialState"], entry["ImportState"]) for entry in at[region].list_key_rotations(
            KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]][1:]

    waits = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    assert (pending(HOME), pending(WEST)) == ([(waits, "IMPORTED")], [(waits, "PENDING_IMPORT")])
    refused("KMSInvalidStateException", at[HOME].rotate_key_on_demand, KeyId=key)
    assert import_material(at[WEST], key, second, **EXISTING)["KeyMaterialId"] == two
    assert pending(HOME) == pending(WEST) == [("PENDING_ROTATION", "IMPORTED")]
    # Taken away at the primary key it is gone everywhere; at a replica only there.
    at[WEST].delete_imported_key_material(KeyId=key, KeyMaterialId=two)
    assert (pending(HOME), pending(WEST)) == ([(waits, "IMPORTED")], [(waits, "PENDING_IMPORT")])
    at[HOME].delete_imported_key_material(KeyId=key, KeyMaterialId=two)
    assert pending(HOME) == pending(WEST) == []
    two = import_material(at[HOME], key, second, **NEW)["KeyMaterialId"]
    import_material(at[WEST], key, second, **EXISTING)
    at[HOME].rotate_key_on_demand(KeyId=key)
    for region in (HOME, WEST):
        assert describe(at[region], key)["CurrentKeyMaterialId"] == two
        assert at[region].decrypt(CiphertextBlob=blob)["KeyMaterialId"] == one
    # A replica that lost its material stands alone with that.
    at[WEST].delete_imported_key_material(KeyId=key, KeyMaterialId=one)
    refused("KMSInvalidStateException", at[WEST].decrypt, CiphertextBlob=blob)
    assert at[HOME].decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"


def test_who_may_replicate_and_move(server, at):
    key = family(at, WEST)
    statement = lambda *actions, **condition: {
        "Effect": "Allow", "Action": list(actions), "Resource": "*", **({"Condition": condition} if condition else {})}
    document = lambda *statements: json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    name = f"mover-{random.randrange(10**9)}"
    somebody = user(server, name, document(statement("kms:ReplicateKey")))
    client, iam = somebody.client("kms"), server.client("iam")
    text = refused("AccessDeniedException", client.replicate_key, KeyId=key, ReplicaRegion=SOUTH)
    assert "kms:CreateKey" in text
    put = lambda *statements: iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    put(statement("kms:CreateKey", "kms:PutKeyPolicy"), statement(
        "kms:ReplicateKey", StringEquals={"kms:ReplicaRegion": SOUTH, "kms:MultiRegionKeyType": "PRIMARY"},
        Bool={"kms:MultiRegion": "true"}))
    refused("AccessDeniedException", client.replicate_key, KeyId=key, ReplicaRegion="eu-west-3")
    tags = [{"TagKey": "a", "TagValue": "b"}]
    assert "kms:TagResource" in refused(
        "AccessDeniedException", client.replicate_key, KeyId=key, ReplicaRegion=SOUTH, Tags=tags)
    client.replicate_key(KeyId=key, ReplicaRegion=SOUTH)
    put(statement("kms:UpdatePrimaryRegion", StringEquals={"kms:PrimaryRegion": WEST}))
    refused("AccessDeniedException", client.update_primary_region, KeyId=key, PrimaryRegion=SOUTH)
    # Both keys must allow it: the one that becomes primary has a policy of its own.
    closed = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": server.client("sts").get_caller_identity()["Arn"]},
         "Action": "kms:*", "Resource": "*", "Condition": {"StringNotLike": {"aws:PrincipalArn": f"*:user/{name}"}}}]})
    at[WEST].put_key_policy(KeyId=key, Policy=closed)
    assert WEST in refused("AccessDeniedException", client.update_primary_region, KeyId=key, PrimaryRegion=WEST)
    at[WEST].put_key_policy(KeyId=key, Policy=at[HOME].get_key_policy(KeyId=key)["Policy"])
    client.update_primary_region(KeyId=key, PrimaryRegion=WEST)
    assert describe(at[WEST], key)["MultiRegionConfiguration"]["MultiRegionKeyType"] == "PRIMARY"
