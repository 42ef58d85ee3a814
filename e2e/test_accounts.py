"""Several accounts on one server, and what goes from one into another: as on AWS, only if both agree."""

import configparser
import json

import pytest

from conftest import REGION, Server
from test_sts import Login, allow, refused, role, trust, user

OTHER = "222233334444"


class Side:
    """One account, with what the helpers of test_sts ask of a server."""

    def __init__(self, server, login):
        self.server, self.login, self.url = server, login, server.url
        self.credentials = (login.access_key_id, login.secret)
        self.account = login.client().get_caller_identity()["Account"]

    def client(self, service="kms"):
        return self.login.client(service)

    def variables(self):
        return self.server.variables()


def unwrapped(text):
    """A report of the command line without its margin and line breaks."""
    return " ".join(text.replace("│", " ").split())


@pytest.fixture(scope="module")
def home(server):
    return Side(server, Login(server, *server.credentials))


@pytest.fixture(scope="module")
def other(server):
    made = server.keywright("account", "create", OTHER, "--output", "json")
    assert made.returncode == 0, made.stderr
    given = json.loads(made.stdout)
    assert given["AccountId"] == OTHER
    return Side(server, Login(server, given["AccessKeyId"], given["SecretAccessKey"]))


def test_an_account_is_made_and_listed(server, home, other):
    assert other.login.arn() == f"arn:aws:iam::{OTHER}:root"
    outcome = server.keywright("account", "create")
    assert outcome.returncode == 0, outcome.stderr
    file = configparser.ConfigParser()
    file.read_string(outcome.stdout)
    [drawn] = file.sections()
    login = Login(server, file[drawn]["aws_access_key_id"], file[drawn]["aws_secret_access_key"])
    assert login.arn() == f"arn:aws:iam::{drawn}:root"
    listed = json.loads(server.keywright("account", "list", "--output", "json").stdout)["Accounts"]
    assert [entry["AccountId"] for entry in listed] == sorted([home.account, OTHER, drawn])
    table = server.keywright("account", "list").stdout
    assert table.split("\n")[0].split() == ["ACCOUNT", "ALIAS", "MADE"] and OTHER in table
    again = server.keywright("account", "create", OTHER)
    assert again.returncode != 0 and f"The account {OTHER} exists already." in unwrapped(again.stderr)
    assert server.keywright("account", "create", "12").returncode != 0
    # The secret was shown once and is nowhere in the records.
    records = "".join(
        path.read_text(errors="replace") for path in (server.data / "trail").rglob("*") if path.is_file())
    assert '"eventName":"CreateAccount"' in records and login.access_key_id in records
    assert login.secret not in records and other.login.secret not in records
    assert not any(login.secret in line for line in server.log)


def keywright_as(login, *arguments):
    class As:
        def __init__(self):
            self.of = login.server

        def variables(self):
            return self.of.variables() | {
                "AWS_ACCESS_KEY_ID": login.access_key_id, "AWS_SECRET_ACCESS_KEY": login.secret}

    return Server.keywright(As(), *arguments)


def test_accounts_are_the_first_ones_business(server, home, other):
    for login in (other.login, user(other, "admin", allow("*")), user(home, "clerk", allow("kms:*"))):
        for arguments in (("create",), ("create", "555566667777"), ("list",)):
            outcome = keywright_as(login, "account", *arguments)
            assert outcome.returncode != 0
            assert "is not authorized to perform: keywright:" in unwrapped(outcome.stderr)
    allowed = user(home, "founder", allow("keywright:CreateAccount", "keywright:ListAccounts"))
    assert keywright_as(allowed, "account", "create", "333344445555").returncode == 0
    assert "333344445555" in keywright_as(allowed, "account", "list").stdout


def test_accounts_do_not_see_each_other(home, other):
    key = home.client().create_key()["KeyMetadata"]
    assert other.client().list_keys()["Keys"] == []
    code, _, text = refused(other.client().describe_key, KeyId=key["Arn"])
    assert code == "AccessDeniedException" and f"arn:aws:iam::{OTHER}:root" in text
    # Its own id names nothing over there.
    assert refused(other.client().describe_key, KeyId=key["KeyId"])[0] == "NotFoundException"
    user(home, "same-name")
    user(other, "same-name")
    assert [one["UserName"] for one in other.client("iam").list_users()["Users"] if one["UserName"] == "clerk"] == []
    assert refused(home.client("iam").get_access_key_last_used, AccessKeyId=other.login.access_key_id)[0] in {
        "AccessDenied", "NoSuchEntity"}
    own = other.client().create_key()["KeyMetadata"]
    assert own["AWSAccountId"] == OTHER and own["Arn"].startswith(f"arn:aws:kms:{REGION}:{OTHER}:key/")


def test_a_role_over_there_needs_both_sides(home, other):
    made = role(other, "visited", trust(home.account), allow("kms:ListKeys", "kms:CreateKey"))
    asked = {"RoleArn": made["Arn"], "RoleSessionName": "guest"}
    bare = user(home, "bare")
    assert refused(bare.client().assume_role, **asked)[:2] == ("AccessDenied", 403)
    guest = user(home, "guest", allow("sts:AssumeRole", resource=made["Arn"]))
    session = Login.of(home.server, guest.client().assume_role(**asked))
    assert session.arn() == f"arn:aws:sts::{OTHER}:assumed-role/visited/guest"
    assert session.client("kms").create_key()["KeyMetadata"]["AWSAccountId"] == OTHER
    # A trust policy that names the user alone is not enough across accounts, as it is within one.
    by_name = role(other, "by-name", trust(bare.arn()))
    assert refused(
        bare.client().assume_role, RoleArn=by_name["Arn"], RoleSessionName="guest")[:2] == ("AccessDenied", 403)
    home.client("iam").put_user_policy(
        UserName="bare", PolicyName="own", PolicyDocument=allow("sts:AssumeRole"))
    assert bare.client().assume_role(RoleArn=by_name["Arn"], RoleSessionName="guest")
    # The caller's own right is not enough where the role trusts only its own account.
    closed = role(other, "closed", trust(OTHER))
    code, _, text = refused(bare.client().assume_role, RoleArn=closed["Arn"], RoleSessionName="guest")
    assert code == "AccessDenied" and "is not authorized to perform: sts:AssumeRole" in text
    # Nor for changes over there: IAM has no policies on its resources.
    assert refused(bare.client("iam").get_role, RoleName="visited")[0] in {"AccessDenied", "NoSuchEntity"}
    # With another trust policy the next request is refused; the session that was given goes on.
    other.client("iam").update_assume_role_policy(RoleName="visited", PolicyDocument=trust(OTHER))
    assert refused(guest.client().assume_role, **asked)[0] == "AccessDenied"
    assert "Keys" in session.client("kms").list_keys()


def key_policy(*statements):
    whole = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [whole, *statements]})


def test_a_key_over_there_needs_both_sides(home, other):
    key = other.client().create_key()["KeyMetadata"]["Arn"]
    ann = user(home, "key-user")
    encrypt = ann.client("kms").encrypt
    asked = {"KeyId": key, "Plaintext": b"x"}

    def denied():
        code, status, text = refused(encrypt, **asked)
        assert (code, status) == ("AccessDeniedException", 400), text
        assert text.startswith(f"User: {ann.arn()} is not authorized to perform: kms:Encrypt on resource: {key} ")
        return True

    assert denied()
    # The key's policy alone, even naming the user.
    named = {"Effect": "Allow", "Principal": {"AWS": ann.arn()}, "Action": "kms:Encrypt", "Resource": "*"}
    other.client().put_key_policy(KeyId=key, PolicyName="default", Policy=key_policy(named))
    assert denied()
    # The user's policy alone.
    own = allow("kms:Encrypt", "kms:ScheduleKeyDeletion", resource=key)
    home.client("iam").put_user_policy(UserName="key-user", PolicyName="own", PolicyDocument=own)
    other.client().put_key_policy(KeyId=key, PolicyName="default", Policy=key_policy())
    assert denied()
    # Both.
    account = {**named, "Principal": {"AWS": home.account}}
    for both in (named, account):
        other.client().put_key_policy(KeyId=key, PolicyName="default", Policy=key_policy(both))
        blob = encrypt(**asked)["CiphertextBlob"]
        assert other.client().decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    # What the key's policy does not give, and what is not done across accounts at all.
    assert refused(ann.client("kms").decrypt, CiphertextBlob=blob)[0] == "AccessDeniedException"
    everything = {**account, "Action": "kms:*"}
    other.client().put_key_policy(KeyId=key, PolicyName="default", Policy=key_policy(everything))
    assert refused(ann.client("kms").schedule_key_deletion, KeyId=key)[0] in {
        "AccessDeniedException", "NotFoundException"}
    # A Deny on either side wins, on the next request.
    home.client("iam").put_user_policy(
        UserName="key-user", PolicyName="no", PolicyDocument=allow("kms:Encrypt", effect="Deny"))
    assert "explicit deny" in refused(encrypt, **asked)[2]
    home.client("iam").delete_user_policy(UserName="key-user", PolicyName="no")
    assert encrypt(**asked)
    deny = {**named, "Effect": "Deny"}
    other.client().put_key_policy(KeyId=key, PolicyName="default", Policy=key_policy(account, deny))
    assert "explicit deny" in refused(encrypt, **asked)[2]
    other.client().put_key_policy(KeyId=key, PolicyName="default", Policy=key_policy(account))
    assert encrypt(**asked)
    # A deleted access key bites on the next request.
    home.client("iam").delete_access_key(UserName="key-user", AccessKeyId=ann.access_key_id)
    assert refused(encrypt, **asked)[0] == "UnrecognizedClientException"


def test_a_boundary_holds_across_accounts(home, other):
    key = other.client().create_key(Policy=key_policy(
        {"Effect": "Allow", "Principal": {"AWS": home.account}, "Action": "kms:*", "Resource": "*"}))
    key = key["KeyMetadata"]["Arn"]
    ann = user(home, "bounded", allow("kms:*"))
    encrypt = ann.client("kms").encrypt
    assert encrypt(KeyId=key, Plaintext=b"x")
    iam = home.client("iam")
    boundary = iam.create_policy(
        PolicyName="boundary", PolicyDocument=allow("kms:DescribeKey"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="bounded", PermissionsBoundary=boundary)
    assert refused(encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"
    assert ann.client("kms").describe_key(KeyId=key)
    iam.delete_user_permissions_boundary(UserName="bounded")
    assert encrypt(KeyId=key, Plaintext=b"x")


def test_both_accounts_hear_of_a_use_across_them(server, home, other):
    """KMS Developer Guide, "Logging": the owner's record says the caller's account and id, not its name; a denied call is
    the caller's account's alone."""
    name = "heard-user"
    ann = user(home, name, allow("kms:Encrypt", "kms:Decrypt"))
    policy = {"Effect": "Allow", "Principal": {"AWS": ann.arn()}, "Action": "kms:Encrypt", "Resource": "*"}
    key = other.client().create_key(Policy=key_policy(policy))["KeyMetadata"]["Arn"]
    answer = ann.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})
    denied = refused(ann.client("kms").decrypt, CiphertextBlob=answer["CiphertextBlob"], EncryptionContext={"a": "b"})
    assert denied[0] == "AccessDeniedException"
    tail = server.keywright("trail", "tail", "--data", str(server.data), "-n", "1000000")
    records = [json.loads(line) for line in tail.stdout.splitlines()]
    heard = {record["recipientAccountId"]: record for record in records
             if record.get("requestID") == answer["ResponseMetadata"]["RequestId"]}
    assert set(heard) == {home.account, OTHER}
    own, theirs = heard[home.account], heard[OTHER]
    assert own["sharedEventID"] == theirs["sharedEventID"] and own["eventID"] != theirs["eventID"]
    assert own["userIdentity"]["arn"] == ann.arn()
    assert theirs["userIdentity"] == {
        "type": "AWSAccount", "principalId": own["userIdentity"]["principalId"], "accountId": home.account}
    assert theirs["requestParameters"]["encryptionContext"] == {"a": "b"}
    assert theirs["resources"] == [{"accountId": OTHER, "type": "AWS::KMS::Key", "ARN": key}]
    alone = [record for record in records if record["eventName"] == "Decrypt" and record.get("errorCode")
             and record["userIdentity"].get("userName") == name]
    assert [record["recipientAccountId"] for record in alone] == [home.account]
    assert all("sharedEventID" not in record for record in alone)
