"""`keywright inspect`: what a ciphertext was made with, without opening it, and without the right to."""

import base64
import json
import subprocess

import aws_encryption_sdk
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.session
import pytest
from aws_encryption_sdk import CommitmentPolicy

from conftest import BINARY, REGION, aws
from identities import Login, allow, user
from wire import send


def inspect(server, blob, *arguments, login=None, code=0, form="json", **variables):
    """The command's answer to a ciphertext on its standard input."""
    environment = server.variables()
    if login is not None:
        environment.update(AWS_ACCESS_KEY_ID=login.access_key_id, AWS_SECRET_ACCESS_KEY=login.secret)
    environment.update(variables)
    outcome = subprocess.run(
        [str(BINARY), "inspect", "-", "--output", form, *arguments], input=blob, capture_output=True, timeout=60,
        env=environment, check=False)
    said, error = outcome.stdout.decode(), " ".join(outcome.stderr.decode().replace("│", " ").split())
    assert outcome.returncode == code, (outcome.returncode, said, error)
    return (json.loads(said) if form == "json" else said), error


@pytest.fixture(scope="module")
def key(kms):
    made = kms.create_key()["KeyMetadata"]
    old = kms.encrypt(KeyId=made["KeyId"], Plaintext=b"hello", EncryptionContext={"a": "b"})["CiphertextBlob"]
    old_material = kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]
    kms.rotate_key_on_demand(KeyId=made["KeyId"])
    new = kms.encrypt(KeyId=made["KeyId"], Plaintext=b"y")["CiphertextBlob"]
    return {**made, "old": old, "old_material": old_material, "new": new}


def test_current_and_older_key_material_are_told_apart(server, kms, key):
    rotations = kms.list_key_rotations(KeyId=key["KeyId"], IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [rotation["KeyMaterialState"] for rotation in rotations] == ["NON_CURRENT", "CURRENT"]
    found, _ = inspect(server, key["new"])
    assert found["Format"] == "KEYWRIGHT_KMS" and (found["Version"], found["Suite"]) == (1, 1)
    assert (found["Bytes"], found["PlaintextBytes"]) == (118, 1)
    assert found["KeyId"] == key["KeyId"] and found["MultiRegion"] is False
    told = found["Server"]
    assert told["KeyArn"] == key["Arn"] and told["KeyState"] == "Enabled"
    assert told["KeyMaterialId"] == told["CurrentKeyMaterialId"] == rotations[1]["KeyMaterialId"]
    assert told["KeyMaterialState"] == "CURRENT" and told["RotationType"] == "ON_DEMAND"
    assert told["KeyMaterialDate"] == pytest.approx(rotations[1]["RotationDate"].timestamp(), abs=1)
    assert told["KeyMaterialNumber"] == told["CurrentKeyMaterialNumber"] == 2
    found, _ = inspect(server, key["old"], code=1)
    told = found["Server"]
    assert found["PlaintextBytes"] == told["PlaintextBytes"] == 5
    assert told["KeyMaterialId"] == key["old_material"] == rotations[0]["KeyMaterialId"]
    assert told["KeyMaterialId"].startswith(found["KeyMaterialTag"])
    assert (told["KeyMaterialState"], told["KeyMaterialNumber"]) == ("NON_CURRENT", 1)
    assert told["KeyMaterialDate"] == pytest.approx(key["CreationDate"].timestamp(), abs=1)
    assert "RotationType" not in told and told["CurrentKeyMaterialId"] == rotations[1]["KeyMaterialId"]


def test_for_people(server, key):
    said, _ = inspect(server, key["old"], code=1, form="table")
    assert key["Arn"] in said and key["old_material"] in said and "number 1 of 2" in said
    assert "no: number 2 is, since 20" in said
    said, _ = inspect(server, key["new"], form="table")
    assert "current       yes" in said


def test_every_way_to_hand_it_over(server, kms, key, folder):
    text = base64.b64encode(key["new"])
    printed = aws(server, "kms", "encrypt", "--key-id", key["KeyId"], "--plaintext", "aGVsbG8=").stdout.encode()
    for form in (key["new"], text, text + b"\n", text.rstrip(b"="), b'"' + text + b'"',
                 base64.urlsafe_b64encode(key["new"]), printed):
        found, _ = inspect(server, form)
        assert found["KeyId"] == key["KeyId"], form
    for path, content in ((folder / "raw", key["new"]), (folder / "text", text)):
        path.write_bytes(content)
        outcome = server.keywright("inspect", str(path), "--output", "json")
        assert json.loads(outcome.stdout)["KeyId"] == key["KeyId"], outcome.stderr
    outcome = server.keywright("inspect", str(folder / "absent"))
    assert outcome.returncode == 3 and "cannot be read" in outcome.stderr


def test_offline_it_needs_neither_server_nor_credentials(server, key):
    nothing = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}
    found, _ = inspect(server, key["old"], "--offline", **nothing)
    assert found["KeyId"] == key["KeyId"] and found["Server"] is None and found["ServerError"] is None
    assert key["old_material"].startswith(found["KeyMaterialTag"]) and len(found["KeyMaterialTag"]) == 32
    said, _ = inspect(server, key["old"], "--offline", form="table", **nothing)
    assert key["KeyId"] in said and found["KeyMaterialTag"] in said


def test_without_an_answer_what_the_ciphertext_says_is_still_said(server, key):
    found, error = inspect(server, key["old"], code=3, AWS_ENDPOINT_URL="http://127.0.0.1:1")
    assert found["KeyId"] == key["KeyId"] and found["Server"] is None
    assert "127.0.0.1:1" in found["ServerError"] and "127.0.0.1:1" in error


@pytest.mark.parametrize(("blob", "form", "words"), [
    (b"", "EMPTY", "no byte at all"),
    (b"\n", "EMPTY", "no byte at all"),
    (b"KW\x01\x01\x01" + bytes(111), "KEYWRIGHT_KMS_CUT", "116 of at least 117"),
    (b"KW\x02\x01\x01" + bytes(200), "KEYWRIGHT_KMS_UNKNOWN_VERSION", "format version 2"),
    (b"KW\x01\x09\x01" + bytes(200), "KEYWRIGHT_KMS_UNKNOWN_VERSION", "suite 9"),
    (b"KW\x01\x01\x03" + bytes(200), "KEYWRIGHT_KMS_UNKNOWN_VERSION", "kind of key (3)"),
    (b"AQICAHhwm0YaISJeRtJm5n1G6uqeekXuoXXPe5UFce9Rq8/14wE=", "AWS_KMS", "AWS's own KMS"),
    (b"AQEDAHjRYf5WytIc0C857tFSnBaPn2F8DgfmThbJlGfR8P3WlwAAAH4=", "AWS_KMS", "AWS's own KMS"),
    (bytes(256), "UNKNOWN", "RSA"),
    (b"just a line of text.", "UNKNOWN", "no ciphertext of Keywright"),
], ids=["empty", "blank", "cut", "version", "suite", "kind", "aws", "aws-data-key", "zeros", "text"])
def test_what_is_none_of_ours_is_named(server, blob, form, words):
    found, error = inspect(server, blob, code=3)
    assert found["Format"] == form and words in found["Message"]
    assert words in error
    said, error = inspect(server, blob, "--offline", code=3, form="table")
    assert said == "" and words in error


def test_the_server_says_the_same_of_what_is_none_of_ours(server):
    for blob, words in ((b"KW\x02" + bytes(150), "format version 2"), (bytes(64), "no ciphertext of Keywright")):
        status, body = call(server, None, blob)
        assert (status, body["__type"]) == (400, "InvalidCiphertextException") and words in body["message"]


def call(server, login, blob):
    """The operation itself, signed by botocore."""
    headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "Keywright.InspectCiphertext"}
    body = json.dumps({"CiphertextBlob": base64.b64encode(blob).decode()})
    login = login or Login(server, *server.credentials)
    request = botocore.awsrequest.AWSRequest(method="POST", url=server.url + "/", headers=headers, data=body)
    credentials = botocore.credentials.Credentials(login.access_key_id, login.secret, login.token)
    botocore.auth.SigV4Auth(credentials, "keywright", REGION).add_auth(request)
    status, _, text = send(server, dict(request.headers.items()), body)
    return status, json.loads(text)


def test_who_may(server, kms, key):
    own = "keywright:InspectCiphertext"
    looker = user(server, "looker", allow(own, "kms:DescribeKey"))
    assert call(server, looker, key["old"])[1]["KeyArn"] == key["Arn"]
    assert call(server, looker, key["old"])[1].keys() & {"Plaintext"} == set()
    with pytest.raises(Exception, match="AccessDenied"):
        looker.client("kms").decrypt(CiphertextBlob=key["old"], EncryptionContext={"a": "b"})
    for name, policy, missing in (
        ("opener", allow("kms:*"), own),
        ("vendor", allow("keywright:*"), "kms:DescribeKey"),
    ):
        status, body = call(server, user(server, name, policy), key["old"])
        assert (status, body["__type"]) == (400, "AccessDeniedException")
        assert f"is not authorized to perform: {missing} on" in body["message"], body
    granted = user(server, "granted", allow("keywright:*"))
    kms.create_grant(KeyId=key["KeyId"], GranteePrincipal=granted.arn(), Operations=["DescribeKey"])
    assert call(server, granted, key["old"])[1]["KeyArn"] == key["Arn"]
    tagged = user(server, "tagged", allow(own, "kms:DescribeKey", Condition={
        "StringEquals": {"aws:ResourceTag/team": "pay"}}))
    assert call(server, tagged, key["old"])[0] == 400
    kms.tag_resource(KeyId=key["KeyId"], Tags=[{"TagKey": "team", "TagValue": "pay"}])
    assert call(server, tagged, key["old"])[1]["KeyArn"] == key["Arn"]


def as_of(blob, key_id_bytes):
    """The same ciphertext, of another key."""
    return blob[:5] + key_id_bytes + blob[21:]


def test_a_key_that_may_not_be_known_of_is_as_one_that_is_not_there(server, kms, key):
    account = json.loads(server.keywright("account", "create", "--output", "json").stdout)
    foreign = Login(server, account["AccessKeyId"], account["SecretAccessKey"])
    theirs = foreign.client("kms").create_key()["KeyMetadata"]
    foreign_blob = foreign.client("kms").encrypt(KeyId=theirs["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    absent_blob = as_of(foreign_blob, bytes([9] * 16))
    nobody = user(server, "nobody")
    for login in (None, nobody, user(server, "half", allow("keywright:*"))):
        hidden, absent = call(server, login, foreign_blob), call(server, login, absent_blob)
        assert hidden[0] == absent[0] == 400
        assert hidden[1]["__type"] == absent[1]["__type"] == "AccessDeniedException"
        absent_id = "09090909-0909-0909-0909-090909090909"
        assert hidden[1]["message"].replace(theirs["KeyId"], "ID") == absent[1]["message"].replace(absent_id, "ID")
    # Another account's policy may let one in.
    foreign.client("kms").put_key_policy(KeyId=theirs["KeyId"], PolicyName="default", Policy=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": foreign.arn()}, "Action": "kms:*", "Resource": "*"},
            {"Effect": "Allow", "Principal": {"AWS": Login(server, *server.credentials).arn()},
             "Action": "kms:DescribeKey", "Resource": "*"}]}))
    assert call(server, None, foreign_blob)[1]["KeyArn"] == theirs["Arn"]


def test_a_ciphertext_that_names_key_material_that_never_was(server, key):
    forged = key["new"][:21] + bytes(16) + key["new"][37:]
    found, _ = inspect(server, forged, code=1)
    told = found["Server"]
    assert told["KeyMaterialState"] == "ABSENT" and "KeyMaterialId" not in told and "KeyMaterialDate" not in told
    said, _ = inspect(server, forged, code=1, form="table")
    assert "nothing opens it" in said


def test_another_region_is_asked_by_name(server, key):
    there = server.client(region="eu-west-1").create_key()["KeyMetadata"]
    blob = server.client(region="eu-west-1").encrypt(KeyId=there["KeyId"], Plaintext=b"x")["CiphertextBlob"]
    found, error = inspect(server, blob, code=3)
    assert found["Server"] is None and "does not exist in this Region" in error
    assert inspect(server, blob, "--region", "eu-west-1")[0]["Server"]["KeyArn"] == there["Arn"]
    assert inspect(server, blob, AWS_REGION="eu-west-1")[0]["Server"]["KeyArn"] == there["Arn"]


def test_a_disabled_key_is_told_of_as_well(server, kms):
    made = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.generate_data_key_without_plaintext(KeyId=made, KeySpec="AES_256")["CiphertextBlob"]
    kms.disable_key(KeyId=made)
    found, _ = inspect(server, blob)
    assert found["Server"]["KeyState"] == "Disabled" and found["PlaintextBytes"] == 32
    kms.schedule_key_deletion(KeyId=made, PendingWindowInDays=7)
    assert inspect(server, blob)[0]["Server"]["KeyState"] == "PendingDeletion"


def test_a_message_of_the_encryption_sdk_by_its_data_keys(server, kms, monkeypatch):
    for name, value in server.variables().items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    here = kms.create_key()["KeyMetadata"]["Arn"]
    there = server.client(region="eu-west-1").create_key()["KeyMetadata"]["Arn"]
    for policy, version in (
        (CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT, 2), (CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT, 1),
    ):
        provider = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(
            key_ids=[here, there], botocore_session=botocore.session.Session())
        message, _ = aws_encryption_sdk.EncryptionSDKClient(commitment_policy=policy).encrypt(
            source=b"a long text" * 1000, key_provider=provider, encryption_context={"a": "b"})
        found, _ = inspect(server, message)
        assert found["Format"] == "AWS_ENCRYPTION_SDK" and found["MessageVersion"] == version
        names = [one["KeyName"] for one in found["DataKeys"]]
        assert sorted(names) == sorted([here, there])
        assert [one["Ciphertext"]["Server"]["KeyArn"] for one in found["DataKeys"]] == names
        said, _ = inspect(server, base64.b64encode(message), form="table")
        assert here in said and there in said and "2 encrypted data keys" in said
    kms.rotate_key_on_demand(KeyId=here)
    found, _ = inspect(server, message, code=1)
    states = {one["KeyName"]: one["Ciphertext"]["Server"]["KeyMaterialState"] for one in found["DataKeys"]}
    assert states == {here: "NON_CURRENT", there: "CURRENT"}
    found, error = inspect(server, message[:60], code=3)
    assert found["Format"] == "AWS_ENCRYPTION_SDK" and "AWS Encryption SDK" in error


def test_nothing_of_the_ciphertext_is_in_the_trail(server, key):
    call(server, None, key["old"])
    lines = [line for segment in (server.data / "trail").glob("segment-*.jsonl")
             for line in segment.read_text(encoding="utf-8").splitlines() if "InspectCiphertext" in line]
    assert lines
    text = base64.b64encode(key["old"]).decode()
    assert not any(text[:40] in line for line in lines)
    last = json.loads(lines[-1])["event"]
    assert last["eventName"] == "InspectCiphertext" and last["responseElements"] is None and last["readOnly"] is True
