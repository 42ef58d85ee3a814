"""Replicas of secrets in other Regions: made, followed, overwritten, taken away, made independent."""

import json
import uuid

import botocore.exceptions
import pytest

from conftest import REGION, wait_until
from identities import allow, user

OTHER, THIRD = "eu-west-1", "eu-north-1"
ON_REPLICA = "Operation not permitted on a replica secret. Call must be made in primary secret's region."


@pytest.fixture(scope="module")
def sm(server):
    return server.client("secretsmanager")


@pytest.fixture(scope="module")
def other(server):
    return server.client("secretsmanager", region=OTHER)


def fresh():
    return "r/" + uuid.uuid4().hex


def refused(code, text, call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code and text in error["Message"], error


def status(client, name, region=OTHER):
    found = client.describe_secret(SecretId=name).get("ReplicationStatus", [])
    return next(((one["Status"], one.get("StatusMessage", "")) for one in found if one["Region"] == region), None)


def in_sync(client, name, region=OTHER):
    wait_until(lambda: (status(client, name, region) or ("",))[0] == "InSync", 20, f"the replica in {region}")


def follows(sm, other, name):
    """Whether the replica has the primary secret's labels and values."""
    def same():
        here, there = (client.describe_secret(SecretId=name) for client in (sm, other))
        return here.get("VersionIdsToStages") == there.get("VersionIdsToStages")
    wait_until(same, 20, "the replica's labels")
    for version in sm.describe_secret(SecretId=name)["VersionIdsToStages"]:
        one, two = (client.get_secret_value(SecretId=name, VersionId=version) for client in (sm, other))
        assert (one["SecretString"], one["VersionStages"]) == (two["SecretString"], two["VersionStages"])
    return True


def test_a_replica_follows(server, sm, other):
    name = fresh()
    made = sm.create_secret(Name=name, SecretString="1", Tags=[{"Key": "a", "Value": "b"}], Description="d",
                            AddReplicaRegions=[{"Region": OTHER}])
    assert made["ReplicationStatus"] == [
        {"Region": OTHER, "KmsKeyId": "alias/aws/secretsmanager", "Status": "InProgress"}]
    in_sync(sm, name)
    follows(sm, other, name)
    arn = made["ARN"].replace(REGION, OTHER)
    told = other.describe_secret(SecretId=arn)
    assert told["ARN"] == arn and told["PrimaryRegion"] == REGION and told["Description"] == "d"
    assert told["Tags"] == [{"Key": "a", "Value": "b"}] and told["ReplicationStatus"][0]["Region"] == OTHER
    assert sm.describe_secret(SecretId=name)["PrimaryRegion"] == REGION
    for change in (
        lambda: sm.put_secret_value(SecretId=name, SecretString="2"),
        lambda: sm.put_secret_value(SecretId=name, SecretString="3", VersionStages=["AWSPENDING"]),
        lambda: sm.update_secret(SecretId=name, SecretString="4", Description="e"),
        lambda: sm.tag_resource(SecretId=name, Tags=[{"Key": "c", "Value": "d"}]),
    ):
        change()
        follows(sm, other, name)
    wait_until(lambda: len(other.describe_secret(SecretId=name).get("Tags", [])) == 2, 20, "the tag")
    assert other.describe_secret(SecretId=name)["Description"] == "e"
    assert [found["Name"] for found in other.list_secrets(
        Filters=[{"Key": "primary-region", "Values": [REGION]}, {"Key": "name", "Values": [name]}])["SecretList"]] == [name]
    for call, arguments in (
        (other.put_secret_value, {"SecretString": "x"}), (other.update_secret, {"Description": "x"}),
        (other.delete_secret, {}), (other.delete_secret, {"ForceDeleteWithoutRecovery": True}),
        (other.tag_resource, {"Tags": [{"Key": "x", "Value": "y"}]}), (other.untag_resource, {"TagKeys": ["a"]}),
        (other.rotate_secret, {}), (other.cancel_rotate_secret, {}), (other.restore_secret, {}),
        (other.update_secret_version_stage, {"VersionStage": "x", "MoveToVersionId": made["VersionId"]}),
        (other.replicate_secret_to_regions, {"AddReplicaRegions": [{"Region": THIRD}]}),
        (other.remove_regions_from_replication, {"RemoveReplicaRegions": [OTHER]}),
        (other.delete_resource_policy, {}),
    ):
        refused("InvalidRequestException", ON_REPLICA, call, SecretId=name, **arguments)
    refused("InvalidRequestException", "replica regions", sm.delete_secret, SecretId=name)
    refused("InvalidRequestException", "not a replica", sm.stop_replication_to_replica, SecretId=name)


def test_regions_come_and_go(server, sm, other):
    name = fresh()
    sm.create_secret(Name=name, SecretString="1")
    assert "ReplicationStatus" not in sm.describe_secret(SecretId=name)
    refused("InvalidParameterException", "Invalid replica region", sm.replicate_secret_to_regions,
            SecretId=name, AddReplicaRegions=[{"Region": REGION}])
    refused("InvalidParameterException", "not supported", sm.replicate_secret_to_regions,
            SecretId=name, AddReplicaRegions=[{"Region": "mars-west-1"}])
    refused("InvalidParameterException", "more than once", sm.replicate_secret_to_regions,
            SecretId=name, AddReplicaRegions=[{"Region": OTHER}, {"Region": OTHER}])
    answer = sm.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": OTHER}, {"Region": THIRD}])
    assert {one["Region"] for one in answer["ReplicationStatus"]} == {OTHER, THIRD}
    for region in (OTHER, THIRD):
        in_sync(sm, name, region)
    refused("InvalidParameterException", "no replica", sm.remove_regions_from_replication,
            SecretId=name, RemoveReplicaRegions=["eu-west-3"])
    answer = sm.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[THIRD])
    assert [one["Region"] for one in answer["ReplicationStatus"]] == [OTHER]
    refused("ResourceNotFoundException", "", server.client("secretsmanager", region=THIRD).get_secret_value, SecretId=name)
    # On its own it is a secret like any other, and the primary one forgets it.
    arn = other.stop_replication_to_replica(SecretId=name)["ARN"]
    assert OTHER in arn and "ReplicationStatus" not in sm.describe_secret(SecretId=name)
    other.put_secret_value(SecretId=name, SecretString="own")
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "1"
    assert "PrimaryRegion" not in other.describe_secret(SecretId=name)
    sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    assert other.get_secret_value(SecretId=name)["SecretString"] == "own"


def test_a_name_that_is_taken_there(server, sm, other):
    name = fresh()
    other.create_secret(Name=name, SecretString="theirs")
    sm.create_secret(Name=name, SecretString="ours")
    answer = sm.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": OTHER}])
    failed = f"Replication failed: Secret name {name} already exists in region {OTHER}."
    assert [(one["Status"], one["StatusMessage"]) for one in answer["ReplicationStatus"]] == [("Failed", failed)]
    assert status(sm, name) == ("Failed", failed)
    assert other.get_secret_value(SecretId=name)["SecretString"] == "theirs"
    sm.replicate_secret_to_regions(
        SecretId=name, AddReplicaRegions=[{"Region": OTHER}], ForceOverwriteReplicaSecret=True)
    in_sync(sm, name)
    assert other.get_secret_value(SecretId=name)["SecretString"] == "ours"
    assert len(other.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]) == 1


def test_keys_of_both_regions(server, sm, other):
    here, there = (server.client("kms", region=region) for region in (REGION, OTHER))
    one, two = (client.create_key()["KeyMetadata"]["Arn"] for client in (here, there))
    name = fresh()
    sm.create_secret(Name=name, SecretString="1", KmsKeyId=one)
    poor = user(server, "u" + uuid.uuid4().hex[:8], allow("secretsmanager:*", "kms:Decrypt", "kms:GenerateDataKey"))
    refused("AccessDeniedException", "KMS", poor.client("secretsmanager").replicate_secret_to_regions,
            SecretId=name, AddReplicaRegions=[{"Region": OTHER, "KmsKeyId": two}])
    assert here.list_grants(KeyId=one)["Grants"] == [] and there.list_grants(KeyId=two)["Grants"] == []
    sm.replicate_secret_to_regions(SecretId=name, AddReplicaRegions=[{"Region": OTHER, "KmsKeyId": two}])
    in_sync(sm, name)
    follows(sm, other, name)
    assert other.describe_secret(SecretId=name)["KmsKeyId"] == two
    assert [version["KmsKeyIds"] for version in other.list_secret_version_ids(SecretId=name)["Versions"]] == [[two]]
    for client, key in ((here, one), (there, two)):
        assert [grant["GranteePrincipal"] for grant in client.list_grants(KeyId=key)["Grants"]] == [
            "secretsmanager.amazonaws.com"]
    # A key that cannot be used is named, and what was there stays; it goes on once the key is back.
    there.disable_key(KeyId=two)
    sm.put_secret_value(SecretId=name, SecretString="2")
    wait_until(lambda: status(sm, name)[0] == "Failed", 20, "the failure")
    assert two in status(sm, name)[1]
    there.enable_key(KeyId=two)
    assert other.get_secret_value(SecretId=name)["SecretString"] == "1"
    sm.remove_regions_from_replication(SecretId=name, RemoveReplicaRegions=[OTHER])
    assert here.list_grants(KeyId=one)["Grants"] == [] and there.list_grants(KeyId=two)["Grants"] == []


def test_what_the_trail_says(server, sm, other):
    name = fresh()
    arn = sm.create_secret(Name=name, SecretString="1", AddReplicaRegions=[{"Region": OTHER}])["ARN"]
    in_sync(sm, name)

    def record():
        for path in (server.data / "trail").glob("segment-*.jsonl"):
            for line in path.read_text().splitlines():
                event = json.loads(line).get("event", {})
                context = (event.get("requestParameters") or {}).get("encryptionContext", {})
                if event.get("eventName") == "Decrypt" and context.get("SecretARN") == arn:
                    return event
        return None

    found = wait_until(record, 10, "the record of the copy")
    assert found["userIdentity"]["invokedBy"] == "secretsmanager.amazonaws.com"
