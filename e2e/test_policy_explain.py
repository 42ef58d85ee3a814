"""`keywright policy explain`: it must say what a real request is told, and which statement it is that says it."""

import json

import pytest

from identities import Login, allow, refused, role, trust, user
from test_wizard import wizard

CONTEXT = {"team": "pay"}


class Scene:
    def __init__(self, server):
        self.server, self.kms = server, server.client()
        iam = server.client("iam")
        self.account = server.client("sts").get_caller_identity()["Account"]
        self.people = {
            "keeper": user(server, "keeper"),
            "app": user(server, "app"),
            "free": user(server, "free", allow("kms:*")),
            "barred": user(server, "barred", allow("kms:*")),
            "bounded": user(server, "bounded", allow("kms:*")),
            "granted": user(server, "granted"),
            "root": Login(server, *server.credentials),
        }
        iam.put_user_policy(UserName="barred", PolicyName="never", PolicyDocument=allow("kms:Encrypt", effect="Deny"))
        iam.create_policy(PolicyName="reader", PolicyDocument=allow("kms:Describe*"))
        iam.put_user_permissions_boundary(
            UserName="bounded", PermissionsBoundary=f"arn:aws:iam::{self.account}:policy/reader")
        made = role(server, "worker", trust(self.arn("app")), allow("kms:Decrypt", "kms:DescribeKey"))
        iam.put_user_policy(UserName="app", PolicyName="assume", PolicyDocument=allow("sts:AssumeRole"))
        session = self.people["app"].client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName="run")
        self.people["session"] = Login.of(server, session)
        self.role = made["Arn"]
        self.key = self.kms.create_key(
            Policy=wizard(self.account, self.arn("keeper"), self.arn("app")))["KeyMetadata"]["Arn"]
        self.kms.create_alias(AliasName="alias/pay", TargetKeyId=self.key)
        self.kms.create_grant(
            KeyId=self.key, GranteePrincipal=self.arn("granted"), Operations=["Encrypt"],
            Constraints={"EncryptionContextEquals": CONTEXT})
        self.blob = self.kms.encrypt(KeyId=self.key, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]

    def arn(self, name):
        return self.people[name].arn()

    def calls(self, name):
        kms = self.people[name].client("kms")
        return {
            "kms:Encrypt": lambda: kms.encrypt(KeyId=self.key, Plaintext=b"x", EncryptionContext=CONTEXT),
            "kms:DescribeKey": lambda: kms.describe_key(KeyId=self.key),
            "kms:GetKeyPolicy": lambda: kms.get_key_policy(KeyId=self.key),
            "kms:UpdateKeyDescription": lambda: kms.update_key_description(KeyId=self.key, Description="d"),
            "kms:ListKeys": lambda: kms.list_keys(),
            "kms:GetKeyRotationStatus": lambda: kms.get_key_rotation_status(KeyId=self.key),
        }

    def explain(self, *arguments):
        outcome = self.server.keywright("policy", "explain", "--output", "json", *arguments)
        assert outcome.returncode in (0, 1), outcome.stderr
        answer = json.loads(outcome.stdout)
        assert (outcome.returncode == 0) == (answer["Decision"] == "ALLOWED")
        return answer

    def ask(self, name, action, resource, *more):
        return self.explain("--principal", self.arn(name), "--action", action, "--resource", resource, *more)


@pytest.fixture(scope="module")
def scene(server):
    return Scene(server)


PAIR = ("--context", "kms:EncryptionContext:team=pay")


@pytest.mark.parametrize(
    "name", ["keeper", "app", "free", "barred", "bounded", "granted", "session", "root"])
def test_it_says_what_a_request_is_told(scene, name):
    for action, call in scene.calls(name).items():
        answer = scene.ask(name, action, "*" if action == "kms:ListKeys" else scene.key, *PAIR)
        if answer["Decision"] == "ALLOWED":
            call()
            assert "Message" not in answer
            continue
        code, _, text = refused(call)
        assert code == "AccessDeniedException"
        assert answer["Message"] == text, (name, action)
        explicit = "explicit deny" in text
        assert (answer["Decision"] == "EXPLICIT_DENY") == explicit == bool(answer["DecidedBy"])


def test_the_deciding_statement(scene):
    [by] = scene.ask("app", "kms:Encrypt", scene.key)["DecidedBy"]
    assert (by["PolicyKind"], by["PolicyName"], by["Sid"], by["Effect"]) == (
        "RESOURCE", "default", "Allow use of the key", "Allow")
    assert by["Line"] == 1 and by["Column"] > 1
    answer = scene.ask("free", "kms:Encrypt", "alias/pay")
    assert [(by["PolicyKind"], by["PolicyName"]) for by in answer["DecidedBy"]] == [
        ("RESOURCE", "default"), ("IDENTITY", "own")]
    assert answer["DecidedBy"][1]["PolicyOf"] == scene.arn("free")
    [by] = scene.ask("barred", "kms:Encrypt", scene.key)["DecidedBy"]
    assert (by["PolicyKind"], by["PolicyName"], by["Effect"]) == ("IDENTITY", "never", "Deny")
    answer = scene.ask("granted", "kms:Encrypt", scene.key, *PAIR)
    assert answer["Decision"] == "ALLOWED" and "grant" in answer["Reason"] and answer["DecidedBy"] == []
    assert scene.ask("granted", "kms:Encrypt", scene.key)["Decision"] == "IMPLICIT_DENY", "without the context"
    assert scene.ask("bounded", "kms:Encrypt", scene.key)["Reason"].startswith("because no permissions boundary")
    # The role itself, not a session of it.
    of_role = scene.explain("--principal", scene.role, "--action", "kms:Decrypt", "--resource", scene.key)
    assert of_role["Decision"] == "ALLOWED" and "session policy" in of_role["Reason"]


def test_what_nearly_applies(scene, server):
    text = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "Office", "Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*",
         "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}},
        {"Sid": "Other", "Effect": "Allow", "Action": "kms:ListAliases", "Resource": "*"}]})
    arn = user(server, "near", text).arn()
    question = ("--principal", arn, "--action", "kms:ListKeys")
    answer = scene.explain(*question)
    assert answer["Decision"] == "IMPLICIT_DENY" and answer["DecidedBy"] == []
    first, second = answer["NearlyApply"]
    assert (first["Statement"]["Sid"], second["Statement"]["Sid"]) == ("Office", "Other"), "conditions come first"
    assert "aws:sourceip" in first["Lacks"][0] and "no value" in first["Lacks"][0]
    assert "action" in second["Lacks"][0]
    # The asker's own address is not the principal's: it must be said.
    assert scene.explain(*question, "--context", "aws:SourceIp=10.1.2.3")["Decision"] == "ALLOWED"
    assert scene.explain(*question, "--context", "aws:SourceIp=11.1.2.3")["Decision"] == "IMPLICIT_DENY"
    shown = server.keywright("policy", "explain", *question)
    assert shown.returncode == 1 and shown.stdout.startswith("denied: nothing allows it: because no identity-based")
    assert "Office (line 1 column" in shown.stdout and "the caller is told: User: " in shown.stdout


def test_roles_are_asked_for_their_trust(scene):
    answer = scene.ask("app", "sts:AssumeRole", scene.role)
    assert answer["Decision"] == "ALLOWED" and answer["DecidedBy"][0]["PolicyKind"] == "TRUST"
    answer = scene.ask("free", "sts:AssumeRole", scene.role)
    assert answer["Decision"] == "IMPLICIT_DENY"
    assert answer["Message"] == refused(
        scene.people["free"].client("sts").assume_role, RoleArn=scene.role, RoleSessionName="run")[2]


def test_who_may_ask(scene, server):
    question = {"Principal": scene.arn("app"), "Action": "kms:Encrypt", "Resource": scene.key}

    def ask(login):
        run = server.keywright(
            "policy", "explain", "--principal", question["Principal"], "--action", question["Action"],
            "--resource", question["Resource"], environment={
                "AWS_ACCESS_KEY_ID": login.access_key_id, "AWS_SECRET_ACCESS_KEY": login.secret})
        return run.returncode, " ".join(run.stderr.replace("│", " ").split())

    code, text = ask(user(server, "nosy"))
    assert code == 3 and "not authorized to perform: keywright:ExplainAccess" in text
    helper = user(server, "helper", allow("keywright:ExplainAccess"))
    code, text = ask(helper)
    assert code == 3 and "kms:GetKeyPolicy" in text, "an explanation tells of the key's policy"
    server.client("iam").put_user_policy(
        UserName="helper", PolicyName="read", PolicyDocument=allow("kms:GetKeyPolicy"))
    assert ask(helper) == (0, "")


@pytest.mark.parametrize("arguments, text", [
    (["--principal", "arn:aws:iam::{account}:user/ghost", "--action", "kms:Encrypt"], "There is no user"),
    (["--principal", "bob", "--action", "kms:Encrypt"], "There is no user"),
    (["--principal", "{app}", "--action", "kms:*"], "is no action"),
    (["--principal", "{app}", "--action", "Encrypt"], "is no action"),
    (["--principal", "{app}", "--action", "kms:Encrypt", "--resource", "nonsense"], "Invalid keyId 'nonsense'"),
    (["--principal", "{app}", "--action", "iam:GetUser", "--resource", "bob"], "bob is no ARN"),
    (["--principal", "{app}", "--action", "kms:Encrypt", "--resource",
      "arn:aws:kms:eu-central-1:999988887777:key/11111111-2222-4333-8444-555555555555"], "another account"),
    (["--principal", "{app}", "--action", "kms:Encrypt", "--context", "SourceIp=1"], "no condition key"),
    (["--principal", "{app}", "--action", "kms:Encrypt", "--context", "nothing"], "KEY=VALUE"),
])
def test_wrong_questions(scene, server, arguments, text):
    arguments = [part.format(account=scene.account, app=scene.arn("app")) for part in arguments]
    outcome = server.keywright("policy", "explain", *arguments)
    assert outcome.returncode == (2 if text == "KEY=VALUE" else 3)
    assert text in " ".join(outcome.stderr.replace("│", " ").split())


def test_an_absent_key_is_denied_as_to_a_caller(scene):
    absent = scene.key.rsplit("/", 1)[0] + "/11111111-2222-4333-8444-555555555555"
    answer = scene.ask("keeper", "kms:DescribeKey", absent)
    assert answer["Decision"] == "IMPLICIT_DENY" and "there is no such key" in answer["Reason"]
    keeper = scene.people["keeper"].client("kms")
    assert answer["Message"] == refused(keeper.describe_key, KeyId=absent)[2]
