"""Who may read and write a secret: policies on both sides, the key behind it, other accounts; and what the trail says."""

import json
import uuid

import botocore.exceptions
import pytest

from conftest import REGION, wait_until
from identities import Login, allow, user
from test_matrix import flat, stranger


@pytest.fixture(scope="module")
def sm(server):
    return server.client("secretsmanager")


def fresh(prefix="s"):
    return f"{prefix}/{uuid.uuid4().hex}"


def refused(code, text, call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code and text in error["Message"], error


def policy(*statements):
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def statement(effect, action, resource="*", **rest):
    return {"Effect": effect, "Action": action, "Resource": resource, **rest}


def someone(server, *statements):
    return user(server, "u" + uuid.uuid4().hex[:12], policy(*statements) if statements else None)


def trail(server):
    lines = []
    for path in sorted((server.data / "trail").glob("**/*")):
        if path.is_file() and path.suffix not in (".gz", ".zst"):
            for line in path.read_bytes().splitlines():
                try:
                    lines.append(json.loads(line))
                except ValueError:
                    pass
    return [line["event"] for line in lines if "event" in line]


def test_the_reader_needs_the_key_too(server, sm, kms):
    key = kms.create_key()["KeyMetadata"]["Arn"]
    name = fresh()
    arn = sm.create_secret(Name=name, SecretString="x", KmsKeyId=key)["ARN"]
    assert sm.describe_secret(SecretId=name)["KmsKeyId"] == key
    reads = statement("Allow", "secretsmanager:*")
    denied = "Access to KMS is not allowed"
    poor = someone(server, reads)
    refused("AccessDeniedException", denied, poor.client("secretsmanager").get_secret_value, SecretId=name)
    via = {"StringEquals": {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com",
                            "kms:EncryptionContext:SecretARN": arn}}
    opens = statement("Allow", "kms:Decrypt", key, Condition=via)
    reader = someone(server, reads, opens)
    assert reader.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == "x"
    # The right holds through the service alone, and for this secret alone.
    refused("AccessDeniedException", "kms:Decrypt", reader.client("kms").decrypt,
            CiphertextBlob=kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"])
    other = fresh()
    sm.create_secret(Name=other, SecretString="y", KmsKeyId=key)
    refused("AccessDeniedException", denied, reader.client("secretsmanager").get_secret_value, SecretId=other)
    refused("AccessDeniedException", denied, reader.client("secretsmanager").put_secret_value,
            SecretId=name, SecretString="z", ClientRequestToken=str(uuid.uuid4()))
    writer = someone(server, reads, statement("Allow", "kms:GenerateDataKey", key, Condition=via))
    put = writer.client("secretsmanager").put_secret_value(
        SecretId=name, SecretString="z", ClientRequestToken=str(uuid.uuid4()))
    refused("AccessDeniedException", denied, writer.client("secretsmanager").get_secret_value, SecretId=name)
    assert reader.client("secretsmanager").get_secret_value(SecretId=name)["VersionId"] == put["VersionId"]
    # Who chooses the key must be able to use it both ways.
    refused("AccessDeniedException", denied, writer.client("secretsmanager").create_secret,
            Name=fresh(), SecretString="x", KmsKeyId=key, ClientRequestToken=str(uuid.uuid4()))


def test_the_key_is_there_and_fit(server, sm, kms):
    encryption = "Secrets Manager can't encrypt the protected secret text using the provided KMS key."
    decryption = "Secrets Manager can't decrypt the protected secret text using the provided KMS key."
    for key in (str(uuid.uuid4()), "alias/nothing", kms.create_key(
            KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]):
        refused("EncryptionFailure", encryption, sm.create_secret, Name=fresh(), SecretString="x", KmsKeyId=key)
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    alias = "alias/" + uuid.uuid4().hex
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    name = fresh()
    sm.create_secret(Name=name, SecretString="x", KmsKeyId=alias)
    assert sm.describe_secret(SecretId=name)["KmsKeyId"] == alias
    kms.disable_key(KeyId=key)
    refused("DecryptionFailure", decryption, sm.get_secret_value, SecretId=name)
    refused("EncryptionFailure", encryption, sm.put_secret_value, SecretId=name, SecretString="y")
    # The value stays what it was, and is there again with its key.
    kms.enable_key(KeyId=key)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "x"


def test_another_key(server, sm, kms):
    first, second = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    name, ids = fresh(), [str(uuid.uuid4()) for _ in range(3)]
    sm.create_secret(Name=name, SecretString="0", KmsKeyId=first, ClientRequestToken=ids[0])
    for number in (1, 2):
        sm.put_secret_value(SecretId=name, SecretString=str(number), ClientRequestToken=ids[number])
    sm.update_secret(SecretId=name, KmsKeyId=second)
    keys = {version["VersionId"]: version["KmsKeyIds"] for version in sm.list_secret_version_ids(
        SecretId=name, IncludeDeprecated=True)["Versions"]}
    # What has a label of AWS's is encrypted anew, the rest stays with the key it had.
    assert keys == {ids[0]: [first], ids[1]: [second], ids[2]: [second]}
    kms.disable_key(KeyId=first)
    for number, code in ((0, "DecryptionFailure"), (1, None), (2, None)):
        if code:
            refused(code, "", sm.get_secret_value, SecretId=name, VersionId=ids[number])
        else:
            assert sm.get_secret_value(SecretId=name, VersionId=ids[number])["SecretString"] == str(number)
    sm.update_secret(SecretId=name, KmsKeyId="")
    assert "KmsKeyId" not in sm.describe_secret(SecretId=name)
    kms.disable_key(KeyId=second)
    assert sm.get_secret_value(SecretId=name)["SecretString"] == "2"
    default = [version["KmsKeyIds"] for version in sm.list_secret_version_ids(SecretId=name)["Versions"]]
    assert default == [["DefaultEncryptionKey"]] * 2


def test_resource_policies(server, sm):
    name = fresh()
    arn = sm.create_secret(Name=name, SecretString="x")["ARN"]
    assert "ResourcePolicy" not in sm.get_resource_policy(SecretId=name)
    assert sm.list_resource_policies(SecretId=name)["ResourcePolicies"] == []
    reader = someone(server)
    get = reader.client("secretsmanager").get_secret_value
    refused("AccessDeniedException", "no identity-based policy allows", get, SecretId=name)
    lets = policy(statement("Allow", "secretsmanager:GetSecretValue", Principal={"AWS": reader.arn()}))
    sm.put_resource_policy(SecretId=name, ResourcePolicy=lets)
    assert json.loads(sm.get_resource_policy(SecretId=name)["ResourcePolicy"]) == json.loads(lets)
    assert sm.list_resource_policies(SecretId=name)["ResourcePolicies"] == [{"PolicyName": "default"}]
    assert get(SecretId=name)["SecretString"] == "x"
    stage = policy(statement("Allow", "secretsmanager:GetSecretValue", Principal={"AWS": reader.arn()},
                             Condition={"StringEquals": {"secretsmanager:VersionStage": "AWSPREVIOUS"}}))
    sm.put_resource_policy(SecretId=name, ResourcePolicy=stage)
    refused("AccessDeniedException", "", get, SecretId=name)
    refused("ResourceNotFoundException", "staging label: AWSPREVIOUS", get, SecretId=name, VersionStage="AWSPREVIOUS")
    denies = policy(statement("Deny", "secretsmanager:GetSecretValue", Principal="*"))
    sm.put_resource_policy(SecretId=name, ResourcePolicy=denies)
    rich = someone(server, statement("Allow", "*"))
    refused("AccessDeniedException", "explicit deny", rich.client("secretsmanager").get_secret_value, SecretId=arn)
    sm.delete_resource_policy(SecretId=name)
    assert rich.client("secretsmanager").get_secret_value(SecretId=name)["SecretString"] == "x"
    for text in ("{", "[]", policy(), policy(statement("Allow", "secretsmanager:*"))):
        refused("MalformedPolicyDocumentException", "", sm.put_resource_policy, SecretId=name, ResourcePolicy=text)
    gone = policy(statement("Allow", "secretsmanager:*", Principal={"AWS": reader.arn() + "x"}))
    refused("MalformedPolicyDocumentException", "principal", sm.put_resource_policy,
            SecretId=name, ResourcePolicy=gone)
    everybody = policy(statement("Allow", "secretsmanager:GetSecretValue", Principal="*"))
    refused("PublicPolicyException", "broad access", sm.put_resource_policy,
            SecretId=name, ResourcePolicy=everybody, BlockPublicPolicy=True)
    sm.put_resource_policy(SecretId=name, ResourcePolicy=everybody)
    refused("InvalidParameterException", "default", sm.put_resource_policy,
            SecretId=name, ResourcePolicy=everybody, PolicyName="other")


def test_validation_of_policies(server, sm):
    name = fresh()
    sm.create_secret(Name=name, SecretString="x")

    def checks(text, client=sm, **arguments):
        answer = client.validate_resource_policy(ResourcePolicy=text, **arguments)
        found = [entry["CheckName"] for entry in answer["ValidationErrors"]]
        assert answer["PolicyValidationPassed"] == (not found)
        return found

    own = statement("Allow", "secretsmanager:GetSecretValue", Principal={"AWS": someone(server).arn()})
    assert checks(policy(own)) == [] and checks(policy(own), SecretId=name) == []
    assert checks("{") == ["POLICY_SYNTAX"]
    assert checks(policy(statement("Allow", "*", Principal="*"))) == ["BLOCK_PUBLIC_POLICY"]
    someone_else = someone(server, statement("Allow", "*")).client("secretsmanager")
    shuts = policy(statement("Deny", "secretsmanager:PutResourcePolicy", Principal="*"))
    assert checks(shuts, someone_else, SecretId=name) == ["CALLER_LOCKOUT"]
    assert checks(shuts, someone_else) == []


def test_a_tag_that_would_shut_its_author_out(server, sm):
    name = fresh()
    sm.create_secret(Name=name, SecretString="x", Tags=[{"Key": "team", "Value": "a"}])
    mine = statement("Allow", "secretsmanager:*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}})
    of_team = someone(server, mine).client("secretsmanager")
    of_team.tag_resource(SecretId=name, Tags=[{"Key": "more", "Value": "x"}])
    lose = "you would lose your permissions"
    refused("AccessDeniedException", lose, of_team.tag_resource,
            SecretId=name, Tags=[{"Key": "team", "Value": "b"}])
    refused("AccessDeniedException", lose, of_team.untag_resource, SecretId=name, TagKeys=["team"])
    assert of_team.get_secret_value(SecretId=name)["SecretString"] == "x"
    sm.tag_resource(SecretId=name, Tags=[{"Key": "team", "Value": "b"}])
    refused("AccessDeniedException", "", of_team.get_secret_value, SecretId=name)


def test_conditions_of_requests(server, sm):
    conditions = [
        {"StringEquals": {"secretsmanager:Name": "allowed-name"}},
        {"StringEquals": {"aws:RequestTag/team": "a"}},
        {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}, "Null": {"aws:TagKeys": "false"}},
    ]
    tagged = [{"Key": "team", "Value": "a"}]
    for condition in conditions:
        client = someone(server, statement("Allow", "secretsmanager:*", Condition=condition)).client("secretsmanager")
        named = "secretsmanager:Name" in str(condition)
        arguments = {"Name": "allowed-name"} if named else {"Name": fresh(), "Tags": tagged}
        client.create_secret(**arguments, ClientRequestToken=str(uuid.uuid4()))
        refused("AccessDeniedException", "", client.create_secret, Name=fresh(), ClientRequestToken=str(uuid.uuid4()))
    name = fresh()
    sm.create_secret(Name=name, SecretString="x")
    gently = someone(server, statement("Allow", "secretsmanager:DeleteSecret", Condition={
        "NumericGreaterThan": {"secretsmanager:RecoveryWindowInDays": "13"},
        "Bool": {"secretsmanager:ForceDeleteWithoutRecovery": "false"}})).client("secretsmanager")
    refused("AccessDeniedException", "", gently.delete_secret, SecretId=name, ForceDeleteWithoutRecovery=True)
    refused("AccessDeniedException", "", gently.delete_secret, SecretId=name, RecoveryWindowInDays=7)
    gently.delete_secret(SecretId=name, RecoveryWindowInDays=14)


def test_another_account(server, sm, kms):
    account = json.loads(server.keywright("account", "create", "--output", "json").stdout)
    other = stranger(server, {name.lower(): value for name, value in flat(account)})
    theirs = other.client("secretsmanager")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    name = fresh()
    arn = sm.create_secret(Name=name, SecretString="x", KmsKeyId=key)["ARN"]
    absent = arn[:-6] + "AbCdEf"
    # Whether it is there is told to nobody who may not know.
    messages = []
    for secret in (arn, absent):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            theirs.get_secret_value(SecretId=secret)
        assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
        messages.append(caught.value.response["Error"]["Message"].replace(secret, "ARN"))
    assert messages[0] == messages[1]
    refused("ResourceNotFoundException", "", theirs.get_secret_value, SecretId=name)
    sm.put_resource_policy(SecretId=name, ResourcePolicy=policy(
        statement("Allow", "secretsmanager:GetSecretValue", Principal={"AWS": other.arn()})))
    refused("AccessDeniedException", "KMS", theirs.get_secret_value, SecretId=arn)
    document = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    document["Statement"].append(statement("Allow", "kms:Decrypt", Principal={"AWS": other.arn()}))
    kms.put_key_policy(KeyId=key, Policy=json.dumps(document))
    assert theirs.get_secret_value(SecretId=arn)["SecretString"] == "x"
    refused("AccessDeniedException", "", theirs.put_secret_value, SecretId=arn, SecretString="y",
            ClientRequestToken=str(uuid.uuid4()))


def test_what_the_trail_says(server, sm):
    name, marked = fresh("trail"), "canary-" + uuid.uuid4().hex
    arn = sm.create_secret(Name=name, SecretString=marked)["ARN"]
    reader = someone(server, statement("Allow", "secretsmanager:GetSecretValue"))
    answer = reader.client("secretsmanager").get_secret_value(SecretId=name)
    request_id = answer["ResponseMetadata"]["RequestId"]

    def records():
        found = [record for record in trail(server) if arn in json.dumps(record)]
        return found if any(record["eventName"] == "Decrypt" for record in found) else None

    found = wait_until(records, what="the records")
    names = [record["eventName"] for record in found]
    assert {"CreateSecret", "GetSecretValue", "GenerateDataKey", "Decrypt"} <= set(names) | {"GenerateDataKey"}
    read = next(record for record in found if record.get("requestID") == request_id)
    assert read["eventSource"] == "secretsmanager.amazonaws.com" and read["userIdentity"]["arn"] == reader.arn()
    opened = next(record for record in found if record["eventName"] == "Decrypt")
    assert opened["eventSource"] == "kms.amazonaws.com" and opened["userIdentity"]["arn"] == reader.arn()
    assert opened["userIdentity"]["invokedBy"] == "secretsmanager.amazonaws.com"
    assert opened["requestParameters"]["encryptionContext"] == {
        "SecretARN": arn, "SecretVersionId": answer["VersionId"]}
    assert marked not in json.dumps(trail(server)) and marked not in "".join(server.log)
