"""Secrets Manager by boto3 and the stock AWS CLI: versions, labels, deletion, policies, lists, keys.

Texts are those that AWS answers, as recorded by public test suites.
"""

import json
import re
import string
import uuid

import botocore.exceptions
import pytest

from conftest import REGION, aws, make_server, wait_until
from identities import Login, allow, user


@pytest.fixture(scope="module")
def sm(server):
    return server.client("secretsmanager")


def fresh(prefix="s"):
    return f"{prefix}/{uuid.uuid4().hex}"


def token():
    return str(uuid.uuid4())


def refused(code, text, call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    if text is not None:
        assert text in error["Message"], error
    return error["Message"]


def stages(sm, name):
    found = sm.describe_secret(SecretId=name).get("VersionIdsToStages", {})
    return {version: sorted(labels) for version, labels in found.items()}


MISSING = "Secrets Manager can't find the specified secret."


def test_a_secret_from_end_to_end(sm):
    name, first = fresh("app"), token()
    made = sm.create_secret(
        Name=name, SecretString="one", Description="of a test", ClientRequestToken=first,
        Tags=[{"Key": "team", "Value": "db"}])
    assert re.fullmatch(rf"arn:aws:secretsmanager:{REGION}:\d{{12}}:secret:{name}-[A-Za-z0-9]{{6}}", made["ARN"])
    assert made["VersionId"] == first and made["Name"] == name
    got = sm.get_secret_value(SecretId=name)
    assert (got["SecretString"], got["VersionId"], got["VersionStages"]) == ("one", first, ["AWSCURRENT"])
    assert "SecretBinary" not in got and got["ARN"] == made["ARN"]
    second = sm.put_secret_value(SecretId=made["ARN"], SecretString="two")["VersionId"]
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "two"
    assert sm.get_secret_value(SecretId=name, VersionStage="AWSPREVIOUS")["SecretString"] == "one"
    assert sm.get_secret_value(SecretId=name, VersionId=first)["SecretString"] == "one"
    assert stages(sm, name) == {first: ["AWSPREVIOUS"], second: ["AWSCURRENT"]}
    told = sm.describe_secret(SecretId=name)
    assert told["Description"] == "of a test" and told["Tags"] == [{"Key": "team", "Value": "db"}]
    assert "KmsKeyId" not in told and "DeletedDate" not in told and "RotationEnabled" not in told
    assert told["LastAccessedDate"].hour == told["LastAccessedDate"].minute == 0
    updated = sm.update_secret(SecretId=name, SecretBinary=b"\x00\xff", Description="changed")
    got = sm.get_secret_value(SecretId=name)
    assert got["SecretBinary"] == b"\x00\xff" and "SecretString" not in got
    assert got["VersionId"] == updated["VersionId"]
    assert "VersionId" not in sm.update_secret(SecretId=name, Description="again")


def test_missing_and_names(sm):
    for call, arguments in (
        (sm.get_secret_value, {}), (sm.describe_secret, {}), (sm.put_secret_value, {"SecretString": "x"}),
        (sm.delete_secret, {}), (sm.restore_secret, {}), (sm.update_secret, {}),
        (sm.list_secret_version_ids, {}), (sm.get_resource_policy, {}), (sm.delete_resource_policy, {}),
        (sm.list_resource_policies, {}), (sm.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (sm.untag_resource, {"TagKeys": ["a"]}),
        (sm.update_secret_version_stage, {"VersionStage": "x", "MoveToVersionId": "x" * 32}),
    ):
        refused("ResourceNotFoundException", MISSING, call, SecretId=fresh(), **arguments)
    text = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    refused("ValidationException", text, sm.create_secret, Name="a b")
    refused("ValidationException", text, sm.get_secret_value, SecretId="a b")
    refused("ResourceNotFoundException", MISSING, sm.get_secret_value, SecretId="arn:aws:kms:eu-central-1:1:key/x")


def test_arns_whole_and_in_part(sm):
    name = fresh("part")
    arn = sm.create_secret(Name=name, SecretString="x")["ARN"]
    assert sm.get_secret_value(SecretId=arn)["Name"] == name
    assert sm.get_secret_value(SecretId=arn[:-7])["Name"] == name
    refused("ResourceNotFoundException", MISSING, sm.get_secret_value, SecretId=arn[:-6] + "AAAAAA")
    # An end of a hyphen and six is taken for a suffix, whatever it was meant for.
    short, long = fresh() + "-a1b2", fresh() + "-a1b2c3"
    for name, found in ((short, True), (long, False)):
        arn = sm.create_secret(Name=name, SecretString="x")["ARN"]
        assert sm.get_secret_value(SecretId=name)["Name"] == name
        if found:
            assert sm.get_secret_value(SecretId=arn[:-7])["Name"] == name
        else:
            refused("ResourceNotFoundException", MISSING, sm.get_secret_value, SecretId=arn[:-7])
    elsewhere = arn.replace(REGION, "us-east-1")
    refused("ResourceNotFoundException", MISSING, sm.get_secret_value, SecretId=elsewhere)


def test_tokens(server, sm):
    name, same = fresh(), token()
    arn = sm.create_secret(Name=name, SecretString="one", ClientRequestToken=same)["ARN"]
    again = sm.create_secret(Name=name, SecretString="one", ClientRequestToken=same)
    assert (again["ARN"], again["VersionId"]) == (arn, same)
    refused("ResourceExistsException", f"The operation failed because the secret {name} already exists.",
            sm.create_secret, Name=name, SecretString="one")
    in_use = (f"You can't use ClientRequestToken {same} because that value is already in use for a version of "
              f"secret {arn}.")
    refused("ResourceExistsException", in_use, sm.create_secret,
            Name=name, SecretString="other", ClientRequestToken=same)
    assert sm.put_secret_value(SecretId=name, SecretString="one", ClientRequestToken=same)["VersionId"] == same
    for value in ({"SecretString": "other"}, {"SecretBinary": b"one"}):
        refused("ResourceExistsException", in_use, sm.put_secret_value,
                SecretId=name, ClientRequestToken=same, **value)
    refused("ResourceExistsException", in_use, sm.update_secret,
            SecretId=name, SecretString="one", ClientRequestToken=same)
    before = stages(sm, name)
    assert before == {same: ["AWSCURRENT"]}
    # SDKs send a token by themselves; who does not is told.
    bare = server.client("secretsmanager")
    bare.meta.events.register(
        "before-parameter-build.secretsmanager", lambda params, **_: params.pop("ClientRequestToken", None))
    bare.meta.events.register("provide-client-params.secretsmanager", lambda params, **_: params)

    def strip(request, **_):
        body = json.loads(request.body)
        body.pop("ClientRequestToken", None)
        request.data = json.dumps(body).encode()

    bare.meta.events.register("before-sign.secretsmanager", strip)
    text = "You must provide a ClientRequestToken value. We recommend a UUID-type value."
    refused("InvalidParameterException", text, bare.create_secret, Name=fresh(), SecretString="x")
    refused("InvalidParameterException", text, bare.put_secret_value, SecretId=name, SecretString="x")
    refused("InvalidParameterException", text, bare.update_secret, SecretId=name, SecretString="x")


def test_values_in_their_bounds(sm):
    name = fresh()
    sm.create_secret(Name=name, SecretString="x" * 65536)
    assert len(sm.get_secret_value(SecretId=name)["SecretString"]) == 65536
    refused("ValidationException", None, sm.put_secret_value, SecretId=name, SecretString="x" * 65537)
    umlauts = "ä" * 32768
    sm.put_secret_value(SecretId=name, SecretString=umlauts)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == umlauts
    refused("InvalidParameterException", "65536 bytes", sm.put_secret_value, SecretId=name, SecretString="ä" * 32769)
    sm.put_secret_value(SecretId=name, SecretBinary=b"y" * 65536)
    refused("InvalidParameterException", "both", sm.put_secret_value,
            SecretId=name, SecretString="x", SecretBinary=b"x")
    refused("InvalidRequestException", "either", sm.put_secret_value, SecretId=name)
    odd = "\0\x01\ud7ff\U0001f600\"\\'\n"
    sm.put_secret_value(SecretId=name, SecretString=odd)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == odd


def test_a_secret_without_a_value(sm):
    name = fresh()
    made = sm.create_secret(Name=name)
    assert "VersionId" not in made
    assert "VersionIdsToStages" not in sm.describe_secret(SecretId=name)
    refused("ResourceNotFoundException",
            "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT",
            sm.get_secret_value, SecretId=name)
    # The first version is the current one, whatever else it is.
    put = sm.put_secret_value(SecretId=name, SecretString="x", VersionStages=["AWSPENDING"])
    assert sorted(put["VersionStages"]) == ["AWSCURRENT", "AWSPENDING"]


def test_labels(sm):
    name, ids = fresh(), [token() for _ in range(4)]
    sm.create_secret(Name=name, SecretString="0", ClientRequestToken=ids[0])
    sm.put_secret_value(SecretId=name, SecretString="1", ClientRequestToken=ids[1], VersionStages=["AWSPENDING"])
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "0"
    assert sm.get_secret_value(SecretId=name, VersionStage="AWSPENDING")["SecretString"] == "1"
    refused("InvalidRequestException",
            "You provided a VersionStage that is not associated to the provided VersionId.",
            sm.get_secret_value, SecretId=name, VersionId=ids[0], VersionStage="AWSPENDING")
    absent = token()
    refused("ResourceNotFoundException",
            f"Secrets Manager can't find the specified secret value for VersionId: {absent}",
            sm.get_secret_value, SecretId=name, VersionId=absent)
    move = dict(SecretId=name, VersionStage="AWSCURRENT", MoveToVersionId=ids[1])
    refused("InvalidParameterException", "RemoveFromVersionId", sm.update_secret_version_stage, **move)
    refused("InvalidParameterException", "RemoveFromVersionId", sm.update_secret_version_stage,
            RemoveFromVersionId=ids[1], **move)
    sm.update_secret_version_stage(RemoveFromVersionId=ids[0], **move)
    # As on AWS after a template's rotation: both labels stay.
    assert stages(sm, name) == {ids[0]: ["AWSPREVIOUS"], ids[1]: ["AWSCURRENT", "AWSPENDING"]}
    sm.put_secret_value(SecretId=name, SecretString="2", ClientRequestToken=ids[2])
    assert stages(sm, name) == {ids[1]: ["AWSPREVIOUS"], ids[2]: ["AWSCURRENT"]}
    listed = sm.list_secret_version_ids(SecretId=name)["Versions"]
    assert {version["VersionId"] for version in listed} == {ids[1], ids[2]}
    listed = sm.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
    deprecated = [version for version in listed if version["VersionId"] == ids[0]]
    assert len(listed) == 3 and "VersionStages" not in deprecated[0]
    assert deprecated[0]["KmsKeyIds"] == ["DefaultEncryptionKey"]
    # A deprecated version is read by its id and can be labelled again.
    assert sm.get_secret_value(SecretId=name, VersionId=ids[0])["SecretString"] == "0"
    sm.update_secret_version_stage(SecretId=name, VersionStage="mine", MoveToVersionId=ids[0])
    assert stages(sm, name)[ids[0]] == ["mine"]
    sm.update_secret_version_stage(SecretId=name, VersionStage="mine", RemoveFromVersionId=ids[0])
    assert ids[0] not in stages(sm, name)
    refused("InvalidParameterException", "AWSCURRENT", sm.update_secret_version_stage,
            SecretId=name, VersionStage="AWSCURRENT", RemoveFromVersionId=ids[2])
    refused("InvalidParameterException", "both", sm.update_secret_version_stage, SecretId=name, VersionStage="x")
    many = [f"label{number}" for number in range(20)]
    refused("LimitExceededException", "20", sm.put_secret_value, SecretId=fresh_like(sm), SecretString="x",
            VersionStages=many)


def fresh_like(sm):
    name = fresh()
    sm.create_secret(Name=name)
    return name


def test_pages_of_versions(sm):
    name = fresh()
    sm.create_secret(Name=name, SecretString="0")
    for number in range(1, 12):
        sm.put_secret_value(SecretId=name, SecretString=str(number))
    asked = dict(SecretId=name, IncludeDeprecated=True, MaxResults=5)
    pages = [sm.list_secret_version_ids(**asked)]
    while "NextToken" in pages[-1]:
        pages.append(sm.list_secret_version_ids(**asked, NextToken=pages[-1]["NextToken"]))
    ids = [version["VersionId"] for page in pages for version in page["Versions"]]
    assert [len(page["Versions"]) for page in pages] == [5, 5, 2] and len(set(ids)) == 12
    refused("InvalidNextTokenException", None, sm.list_secret_version_ids, SecretId=name, NextToken="x")


def test_deletion_and_return(sm):
    name = fresh()
    arn = sm.create_secret(Name=name, SecretString="x")["ARN"]
    refused("InvalidParameterException", "between 7 and 30", sm.delete_secret, SecretId=name, RecoveryWindowInDays=6)
    refused("InvalidParameterException", "conjunction", sm.delete_secret,
            SecretId=name, RecoveryWindowInDays=7, ForceDeleteWithoutRecovery=True)
    gone = sm.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    told = sm.describe_secret(SecretId=name)
    assert told["DeletedDate"] == gone["DeletionDate"] and gone["ARN"] == arn
    marked = "You can't perform this operation on the secret because it was marked for deletion."
    for call, arguments in (
        (sm.get_secret_value, {}), (sm.put_secret_value, {"SecretString": "y"}),
        (sm.update_secret, {"Description": "y"}), (sm.tag_resource, {"Tags": [{"Key": "a", "Value": "b"}]}),
        (sm.untag_resource, {"TagKeys": ["a"]}), (sm.delete_secret, {}), (sm.delete_resource_policy, {}),
        (sm.update_secret_version_stage, {"VersionStage": "x", "MoveToVersionId": "x" * 32}),
    ):
        refused("InvalidRequestException", marked, call, SecretId=name, **arguments)
    refused("InvalidRequestException",
            "You can't create this secret because a secret with this name is already scheduled for deletion.",
            sm.create_secret, Name=name, SecretString="z")
    filters = [{"Key": "name", "Values": [name]}]
    assert sm.list_secrets(Filters=filters)["SecretList"] == []
    assert len(sm.list_secrets(Filters=filters, IncludePlannedDeletion=True)["SecretList"]) == 1
    sm.restore_secret(SecretId=name)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "x"
    assert "DeletedDate" not in sm.describe_secret(SecretId=name)
    sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)
    refused("ResourceNotFoundException", MISSING, sm.describe_secret, SecretId=name)
    assert sm.delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)["Name"] == name
    again = sm.create_secret(Name=name, SecretString="new")["ARN"]
    assert again != arn and sm.get_secret_value(SecretId=name)["SecretString"] == "new"
    assert len(sm.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]) == 1


def test_random_passwords(sm):
    draw = lambda **rule: sm.get_random_password(**rule)["RandomPassword"]
    classes = (string.ascii_lowercase, string.ascii_uppercase, string.digits, string.punctuation)
    for _ in range(20):
        password = draw()
        assert len(password) == 32 and all(set(password) & set(letters) for letters in classes)
    assert len(draw(PasswordLength=4096)) == 4096
    assert set(draw(PasswordLength=200, ExcludePunctuation=True, ExcludeNumbers=True)) <= set(string.ascii_letters)
    assert set(draw(PasswordLength=200, ExcludeLowercase=True, ExcludeUppercase=True, ExcludePunctuation=True)) <= set(
        string.digits)
    assert not set(draw(PasswordLength=2000, ExcludeCharacters="/@\"'\\")) & set("/@\"'\\")
    assert " " in draw(PasswordLength=20, IncludeSpace=True)
    assert sorted(draw(PasswordLength=4, ExcludeCharacters="bcdefghijklmnopqrstuvwxyz"))[0] is not None
    assert len(draw(PasswordLength=1, RequireEachIncludedType=False)) == 1
    refused("InvalidParameterException", "shorter", sm.get_random_password, PasswordLength=3)
    refused("InvalidParameterException", "excluded", sm.get_random_password, ExcludeLowercase=True,
            ExcludeUppercase=True, ExcludeNumbers=True, ExcludePunctuation=True)
    refused("ValidationException", None, sm.get_random_password, PasswordLength=4097)


def test_tags(sm):
    name = fresh()
    sm.create_secret(Name=name, SecretString="x", Tags=[{"Key": "a", "Value": "1"}])
    sm.tag_resource(SecretId=name, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}])
    tags = lambda: {tag["Key"]: tag["Value"] for tag in sm.describe_secret(SecretId=name).get("Tags", [])}
    assert tags() == {"a": "3", "b": "2"}
    sm.untag_resource(SecretId=name, TagKeys=["a", "nothing"])
    assert tags() == {"b": "2"}
    refused("InvalidParameterException", "aws:", sm.tag_resource,
            SecretId=name, Tags=[{"Key": "aws:x", "Value": "1"}])
    refused("InvalidParameterException", "50", sm.tag_resource, SecretId=name,
            Tags=[{"Key": f"k{number}", "Value": ""} for number in range(50)])
    refused("InvalidParameterException", "more than once", sm.create_secret, Name=fresh(), SecretString="x",
            Tags=[{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}])


def test_lists_and_filters(sm):
    prefix = fresh("list")
    names = [f"{prefix}/{letter}" for letter in "dbca"]
    for place, name in enumerate(names):
        sm.create_secret(Name=name, SecretString="x", Description=f"Number {place} of Them",
                         Tags=[{"Key": f"Key{place}", "Value": f"value{place % 2}"}])

    def found(*filters, **arguments):
        wanted = [{"Key": "name", "Values": [prefix]}] + [
            {"Key": key, "Values": list(values)} for key, *values in filters]
        pages = sm.get_paginator("list_secrets").paginate(Filters=wanted, **arguments)
        return [secret["Name"][-1] for page in pages for secret in page["SecretList"]]

    assert found() == list("dbca")
    assert found(SortOrder="desc") == list("acbd")
    assert found(SortBy="name") == list("abcd") and found(SortBy="name", SortOrder="desc") == list("dcba")
    sm.update_secret(SecretId=names[0], Description="Number 0 of Them")
    assert found(SortBy="last-changed-date") == list("bcad")
    assert found(SortBy="name", PaginationConfig={"PageSize": 1}) == list("abcd")
    assert found(PaginationConfig={"PageSize": 3}) == list("dbca")
    assert found(("description", "number 2")) == ["c"] and found(("description", "of")) == []
    assert found(("tag-key", "Key1", "Key3")) == ["b", "a"] and found(("tag-key", "key1")) == []
    assert found(("tag-value", "value1")) == ["b", "a"] and found(("tag-value", "!value1")) == ["d", "c"]
    assert found(("tag-value", "value0"), ("description", "number 0")) == ["d"]
    assert found(("all", "THEM key3")) == ["a"] and found(("all", "nowhere")) == []
    assert found(("owning-service", "rds")) == []
    sm.get_secret_value(SecretId=names[2])
    entry = sm.list_secrets(Filters=[{"Key": "name", "Values": [names[2]]}])["SecretList"][0]
    assert entry["SecretVersionsToStages"] and entry["LastAccessedDate"] and "VersionIdsToStages" not in entry
    refused("InvalidNextTokenException", None, sm.list_secrets, NextToken="x")
    first = sm.list_secrets(MaxResults=1)
    refused("InvalidNextTokenException", None, sm.list_secrets,
            NextToken=first["NextToken"], SortBy="name")


def test_batches(server, sm):
    prefix = fresh("batch")
    for letter in "abc":
        sm.create_secret(Name=f"{prefix}/{letter}", SecretString=letter)
    got = sm.batch_get_secret_value(SecretIdList=[f"{prefix}/a", f"{prefix}/nothing", f"{prefix}/b"])
    assert [value["SecretString"] for value in got["SecretValues"]] == ["a", "b"]
    assert [(error["SecretId"], error["ErrorCode"], error["Message"]) for error in got["Errors"]] == [
        (f"{prefix}/nothing", "ResourceNotFoundException", MISSING)]
    filters = [{"Key": "name", "Values": [prefix]}]
    first = sm.batch_get_secret_value(Filters=filters, MaxResults=2)
    rest = sm.batch_get_secret_value(Filters=filters, MaxResults=2, NextToken=first["NextToken"])
    assert [value["SecretString"] for value in first["SecretValues"] + rest["SecretValues"]] == list("abc")
    assert "NextToken" not in rest
    either = "Either 'SecretIdList' or 'Filters' must be provided, but not both."
    refused("InvalidParameterException", either, sm.batch_get_secret_value)
    refused("InvalidParameterException", either, sm.batch_get_secret_value, SecretIdList=["a"], Filters=filters)
    refused("InvalidParameterException", "MaxResults", sm.batch_get_secret_value, SecretIdList=["a"], MaxResults=2)
    # Each is asked for by itself: what one may not read is an error of its own.
    statements = [
        {"Effect": "Allow", "Action": "secretsmanager:BatchGetSecretValue", "Resource": "*"},
        {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue",
         "Resource": f"arn:aws:secretsmanager:{REGION}:*:secret:{prefix}/a-??????"}]
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    some = user(server, "batch-reader-" + uuid.uuid4().hex[:8], policy)
    got = some.client("secretsmanager").batch_get_secret_value(SecretIdList=[f"{prefix}/a", f"{prefix}/b"])
    assert [value["SecretString"] for value in got["SecretValues"]] == ["a"]
    assert [error["ErrorCode"] for error in got["Errors"]] == ["AccessDeniedException"]


def test_the_aws_cli(server):
    name = fresh("cli")
    run = aws(server, "secretsmanager", "create-secret", "--name", name, "--secret-string", '{"a":"b"}')
    assert run.returncode == 0, run.stderr
    run = aws(server, "secretsmanager", "get-secret-value", "--secret-id", name, "--query", "SecretString",
              "--output", "text")
    assert run.stdout.strip() == '{"a":"b"}'
    run = aws(server, "secretsmanager", "delete-secret", "--secret-id", name, "--force-delete-without-recovery")
    assert run.returncode == 0, run.stderr
    run = aws(server, "secretsmanager", "get-secret-value", "--secret-id", name)
    assert run.returncode != 0 and "ResourceNotFoundException" in run.stderr
