"""Every served operation, asked by everybody who may not: generated from the served operations and botocore's models.

| who | answer |
|---|---|
| nobody (no signature) | MissingAuthenticationToken |
| a forged signature | InvalidSignatureException, SignatureDoesNotMatch of query services |
| a signature of an hour ago | the same, "Signature expired" |
| a key that nobody has | UnrecognizedClientException, InvalidClientTokenId of query services |
| a user whom no policy allows anything | AccessDenied |
| a user with Allow * and a Deny of this action | AccessDenied, "explicit deny" |
| a user who has nothing but a grant of another operation | AccessDenied |
| a session of a role with Allow *, narrowed to something else | AccessDenied, "session policy" |
| a user of another account with Allow * | AccessDenied, or its own account's resource is meant |

Every denial must be in the trail under its request id. An operation that asks no policy stands in UNASKED with the
reason; one that is in neither list fails.
"""

import base64
import datetime
import json
import re

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.serialize
import botocore.session
import pytest

from conftest import REGION, ROOT, wait_until
from identities import Login, allow, role, trust, user
from wire import send

# Operations whose answer no policy decides, and why.
UNASKED = {
    ("sts", "GetCallerIdentity"): "AWS: no permission is needed, and a Deny does not hinder it",
    ("sts", "GetSessionToken"): "AWS: no permission is needed; its session has no more than the caller",
    ("sts", "AssumeRoleWithWebIdentity"): "the token is the proof; e2e/test_oidc.py",
    ("kms", "RetireGrant"): "the parties of a grant may, a policy decides for others; e2e/test_grants.py",
}
# Not made for botocore: the service that is Keywright's own.
VENDOR = {
    "ListRotations": {}, "ListAccounts": {}, "CreateAccount": {},
    "InspectCiphertext": {"CiphertextBlob": "B"},
    "ListKeyLineage": {"KeyId": "K"}, "ListKeyMaterialUsage": {"KeyId": "K"},
    **{operation: {"SecretId": "S"} for operation in (
        "AbandonSecretRotation", "GetSecretRotation", "PreflightSecretRotation", "RetrySecretRotation")},
    "ReportSecretUse": {"SecretId": "S", "VersionId": "v", "Consumer": "c"},
    "WatchSecrets": {"Secrets": [{"SecretId": "S"}], "WaitSeconds": 0},
}
VENDOR_EXTRA = {"ExplainAccess": {"Principal": "P", "Action": "kms:Encrypt", "Resource": "K"}}
JSON_SERVICES = {"kms", "keywright", "secretsmanager"}


def served():
    sections = re.split(r"^## (\w+) .*$", (ROOT / "docs/parity.md").read_text(encoding="utf-8"), flags=re.M)[1:]
    return [
        (service, operation)
        for service, table in zip(sections[::2], sections[1::2], strict=True)
        for operation in re.findall(r"\| (\w+) \| yes \|", table)]


SERVED = served()
MODELS = {
    service: botocore.session.get_session().get_service_model(service)
    for service in {service for service, _ in SERVED} - {"keywright"}}


class World:
    """What requests may name, and those who make them."""

    def __init__(self, server):
        self.server, self.kinds = server, {}
        kms, iam = server.client(), server.client("iam")
        self.account = server.client("sts").get_caller_identity()["Account"]
        self.key = kms.create_key()["KeyMetadata"]["Arn"]
        self.other_key = kms.create_key()["KeyMetadata"]["Arn"]
        self.external = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
        self.multi_region = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
        kms.replicate_key(KeyId=self.multi_region, ReplicaRegion="eu-west-2")
        kms.create_alias(AliasName="alias/matrix", TargetKeyId=self.key)
        self.blob = kms.encrypt(KeyId=self.key, Plaintext=b"x")["CiphertextBlob"]
        self.key_policy = kms.get_key_policy(KeyId=self.key)["Policy"]
        self.secret = server.client("secretsmanager").create_secret(Name="matrix", SecretString="x")["ARN"]
        self.target = user(server, "target")
        self.target_arn = self.target.arn()
        self.grant = kms.create_grant(
            KeyId=self.key, GranteePrincipal=self.target.arn(), Operations=["DescribeKey"])["GrantId"]
        iam.create_group(GroupName="target")
        self.role = role(server, "target", trust(self.target_arn))["Arn"]
        self.policy = iam.create_policy(PolicyName="target", PolicyDocument=allow("kms:ListKeys"))["Policy"]["Arn"]
        self.serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="target")["VirtualMFADevice"]["SerialNumber"]
        account = json.loads(server.keywright("account", "create", "--output", "json").stdout)
        found = {name.lower(): value for name, value in flat(account)}
        self.stranger = stranger(server, found)

    def value(self, name, shape):
        """A sensible value for a required member."""
        by_name = {
            "KeyId": self.key, "SourceKeyId": self.key, "DestinationKeyId": self.key, "TargetKeyId": self.key,
            "AliasName": "alias/matrix", "Policy": self.key_policy, "CiphertextBlob": self.blob, "Plaintext": b"x",
            "GranteePrincipal": self.target_arn, "RetiringPrincipal": self.target_arn, "GrantId": self.grant,
            "Operations": ["Encrypt"], "UserName": "target", "GroupName": "target", "RoleName": "target",
            "PolicyArn": self.policy, "PermissionsBoundary": self.policy, "PolicyName": "target",
            "PolicyDocument": allow("kms:ListKeys"), "AssumeRolePolicyDocument": trust("*"),
            "AccessKeyId": self.target.access_key_id, "SerialNumber": self.serial, "RoleArn": self.role,
            "RoleSessionName": "session", "PolicySourceArn": f"arn:aws:iam::{self.account}:user/target",
            "ActionNames": ["kms:Encrypt"], "PolicyInputList": [allow("kms:ListKeys")], "VersionId": "v1",
            "Status": "Inactive", "Description": "x", "AccountAlias": "matrix", "NewPassword": "Correct-Horse-7",
            "OldPassword": "Correct-Horse-6", "Password": "Correct-Horse-7", "AuthenticationCode1": "123456",
            "AuthenticationCode2": "654321", "VirtualMFADeviceName": "fresh", "EncodedMessage": "x",
            "SecretId": self.secret, "ResourcePolicy": allow("secretsmanager:GetSecretValue"), "Name": "fresh",
            "AddReplicaRegions": [{"Region": "eu-west-1"}], "RemoveReplicaRegions": ["eu-west-1"],
            "VersionStage": "AWSCURRENT", "ClientRequestToken": "t" * 32,
            "PolicyNames": [], "TagKeys": ["a"], "WebIdentityToken": "x.y.z",
        }
        if name == "Tags":
            member = shape.member.members
            key, value = ("TagKey", "TagValue") if "TagKey" in member else ("Key", "Value")
            return [{key: "a", value: "b"}]
        if name in by_name:
            return by_name[name]
        if getattr(shape, "enum", None):
            return shape.enum[0]
        return {"string": "x", "integer": 7, "boolean": False, "blob": b"x"}[shape.type_name]

    def key_for(self, operation):
        """The key that an operation of KMS is for: most take a symmetric one."""
        kinds = {
            "Sign": ("ECC_NIST_P256", "SIGN_VERIFY"), "Verify": ("ECC_NIST_P256", "SIGN_VERIFY"),
            "GetPublicKey": ("ECC_NIST_P256", "SIGN_VERIFY"), "GenerateMac": ("HMAC_256", "GENERATE_VERIFY_MAC"),
            "VerifyMac": ("HMAC_256", "GENERATE_VERIFY_MAC"), "DeriveSharedSecret": ("ECC_NIST_P256", "KEY_AGREEMENT"),
            "Encapsulate": ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE"),
            "Decapsulate": ("ML_KEM_512", "ENCAPSULATE_DECAPSULATE")}
        if operation in ("GetParametersForImport", "ImportKeyMaterial", "DeleteImportedKeyMaterial"):
            return self.external
        if operation in ("ReplicateKey", "UpdatePrimaryRegion"):
            return self.multi_region
        if operation not in kinds:
            return self.key
        spec, usage = kinds[operation]
        if (spec, usage) not in self.kinds:
            made = self.server.client().create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]
            self.kinds[spec, usage] = made["Arn"]
        return self.kinds[spec, usage]

    def parameters(self, service, operation):
        extra = {
            ("kms", "Sign"): {"SigningAlgorithm": "ECDSA_SHA_256"},
            ("kms", "Verify"): {"SigningAlgorithm": "ECDSA_SHA_256"},
            ("kms", "GenerateMac"): {"MacAlgorithm": "HMAC_SHA_256"},
            ("kms", "VerifyMac"): {"MacAlgorithm": "HMAC_SHA_256"},
            ("kms", "GenerateDataKey"): {"KeySpec": "AES_256"},
            ("kms", "GenerateDataKeyWithoutPlaintext"): {"KeySpec": "AES_256"},
            ("kms", "GenerateRandom"): {"NumberOfBytes": 8},
            ("kms", "GetParametersForImport"): {
                "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
            ("kms", "ImportKeyMaterial"): {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"},
            ("kms", "ReplicateKey"): {"ReplicaRegion": "eu-west-3"},
            ("kms", "UpdatePrimaryRegion"): {"PrimaryRegion": "eu-west-2"},
            ("kms", "CreateAlias"): {"AliasName": "alias/fresh"},
            ("kms", "RetireGrant"): {"KeyId": self.key, "GrantId": self.grant},
            ("kms", "PutKeyPolicy"): {"Policy": self.key_policy},
            ("kms", "CreateGrant"): {"GranteePrincipal": self.target_arn},
            ("kms", "ListRetirableGrants"): {"RetiringPrincipal": self.target_arn},
            ("kms", "ReEncrypt"): {"CiphertextBlob": self.blob},
            ("iam", "UpdateAssumeRolePolicy"): {"PolicyDocument": trust("*")},
            ("kms", "Decrypt"): {"CiphertextBlob": self.blob},
            ("kms", "CreateCustomKeyStore"): {
                "CloudHsmClusterId": "cluster-2h4kmpqrstu", "KeyStorePassword": "password",
                "TrustAnchorCertificate": "x"},
            # Without a name these are about the caller, who may have none of it.
            ("iam", "CreateAccessKey"): {"UserName": "target"},
            ("iam", "DeleteAccessKey"): {"UserName": "target"},
            ("iam", "UpdateAccessKey"): {"UserName": "target"},
            ("iam", "CreateLoginProfile"): {"UserName": "target", "Password": "Correct-Horse-7"},
            ("iam", "CreateUser"): {"UserName": "fresh"},
            ("iam", "CreateGroup"): {"GroupName": "fresh"},
            ("iam", "CreateRole"): {"RoleName": "fresh"},
            ("iam", "CreatePolicy"): {"PolicyName": "fresh"},
            ("secretsmanager", "BatchGetSecretValue"): {"SecretIdList": ["matrix"]},
            ("secretsmanager", "CreateSecret"): {"ClientRequestToken": "t" * 32},
            ("secretsmanager", "RotateSecret"): {"ClientRequestToken": "t" * 32},
            ("secretsmanager", "PutSecretValue"): {"ClientRequestToken": "t" * 32, "SecretString": "y"},
            ("secretsmanager", "PutResourcePolicy"): {"ResourcePolicy": trust(self.target_arn, "secretsmanager:*")},
        }.get((service, operation), {})
        shape = MODELS[service].operation_model(operation).input_shape
        members = shape.members if shape else {}
        required = {name: self.value(name, members[name]) for name in (shape.required_members if shape else [])}
        if service == "iam" and "UserName" in members:
            extra = {"UserName": "target", **extra}
        if service == "kms" and "KeyId" in required:
            required["KeyId"] = self.key_for(operation)
        return {**required, **extra}

    def body(self, service, operation):
        """Headers and body of a request, by botocore's serializer."""
        if service == "keywright":
            document = json.dumps({**VENDOR, **VENDOR_EXTRA}[operation])
            stands_for = {"P": self.target_arn, "K": self.key, "S": self.secret, "B": base64.b64encode(self.blob).decode()}
            for letter, value in stands_for.items():
                document = document.replace(f'"{letter}"', json.dumps(value))
            return {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"Keywright.{operation}"}, document
        model = MODELS[service]
        protocol = "query" if service not in JSON_SERVICES else "json"
        made = botocore.serialize.create_serializer(protocol, False).serialize_to_request(
            self.parameters(service, operation), model.operation_model(operation))
        request = botocore.awsrequest.AWSRequest(
            method="POST", url=self.server.url + "/", headers=made["headers"], data=made["body"])
        if protocol == "query":
            request.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        prepared = request.prepare()
        body = prepared.body.encode() if isinstance(prepared.body, str) else prepared.body
        return dict(request.headers.items()), body


def flat(document):
    for name, value in document.items():
        if isinstance(value, dict):
            yield from flat(value)
        else:
            yield name, value


def stranger(server, made):
    """A user of another account who may do everything there."""
    iam = Login(server, made["accesskeyid"], made["secretaccesskey"]).client("iam")
    iam.create_user(UserName="stranger")
    iam.put_user_policy(UserName="stranger", PolicyName="own", PolicyDocument=allow("*"))
    key = iam.create_access_key(UserName="stranger")["AccessKey"]
    return Login(server, key["AccessKeyId"], key["SecretAccessKey"])


@pytest.fixture(scope="module")
def world(server):
    DENIED.clear()  # those of the engine before are in its own trail
    return World(server)


def ask(world, service, operation, login=None, monkeypatch=None):
    """Status, code, text and request id of an answer."""
    headers, body = world.body(service, operation)
    if login is not None:
        credentials = botocore.credentials.Credentials(login.access_key_id, login.secret, login.token)
        request = botocore.awsrequest.AWSRequest(
            method="POST", url=world.server.url + "/", headers=headers, data=body)
        botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
        headers = dict(request.headers.items())
    status, answered, text = send(world.server, headers, body)
    text = text.decode()
    if status == 200:
        return status, "OK", "", answered["x-amzn-requestid"]
    if service in JSON_SERVICES:
        document = json.loads(text)
        code, message = document["__type"], document.get("message", document.get("Message", ""))
    else:
        code, message = (re.search(rf"<{name}>(.*?)</{name}>", text, re.S).group(1) for name in ("Code", "Message"))
    return status, code, message.replace("&quot;", '"').replace("&apos;", "'"), answered["x-amzn-requestid"]


def denied_code(service):
    return "AccessDeniedException" if service in JSON_SERVICES else "AccessDenied"


CASES = pytest.mark.parametrize(("service", "operation"), SERVED, ids=[f"{s}-{o}" for s, o in SERVED])
ASKED = [pair for pair in SERVED if pair not in UNASKED]
ASKED_CASES = pytest.mark.parametrize(("service", "operation"), ASKED, ids=[f"{s}-{o}" for s, o in ASKED])
# What was denied, by the request's id.
DENIED = {}


@CASES
def test_without_a_signature(world, service, operation):
    if (service, operation) == ("sts", "AssumeRoleWithWebIdentity"):
        assert ask(world, service, operation)[1] == "InvalidIdentityToken"
        return
    status, code, _, _ = ask(world, service, operation)
    expected = "MissingAuthenticationTokenException" if service in JSON_SERVICES else "MissingAuthenticationToken"
    assert code == expected and status in (400, 403)


@CASES
def test_forged_expired_and_unknown(world, service, operation, monkeypatch):
    key_id, secret = world.server.credentials
    json_service = service in JSON_SERVICES
    forged = ask(world, service, operation, Login(world.server, key_id, secret[:-1] + ("A" if secret[-1] != "A" else "B")))
    assert forged[1] == ("InvalidSignatureException" if json_service else "SignatureDoesNotMatch"), forged
    unknown = ask(world, service, operation, Login(world.server, "AKIANOSUCHKEY0000000", secret))
    assert unknown[1] == ("UnrecognizedClientException" if json_service else "InvalidClientTokenId"), unknown
    earlier = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: earlier)
    expired = ask(world, service, operation, Login(world.server, key_id, secret))
    assert expired[1] == ("InvalidSignatureException" if json_service else "SignatureDoesNotMatch"), expired
    assert "Signature expired" in expired[2]


def note(service, operation, answer):
    status, code, text, request_id = answer
    assert code == denied_code(service), f"{service}:{operation}: {status} {code} {text}"
    DENIED[request_id] = f"{service}:{operation}"
    return text


@pytest.fixture(scope="module")
def nobody(server, world):
    return user(server, "nobody")


@pytest.fixture(scope="module")
def barred(server, world):
    return user(server, "barred", allow("*"))


@pytest.fixture(scope="module")
def grantee(server, world):
    made = user(server, "grantee")
    for key in (world.key, world.other_key):
        server.client().create_grant(KeyId=key, GranteePrincipal=made.arn(), Operations=["RetireGrant"])
    return made


@pytest.fixture(scope="module")
def narrowed(server, world):
    maker = user(server, "maker", allow("sts:AssumeRole"))
    made = role(server, "broad", trust(maker.arn()), allow("*"))
    return Login.of(server, maker.client().assume_role(
        RoleArn=made["Arn"], RoleSessionName="narrow", Policy=allow("nothing:AtAll")))


@ASKED_CASES
def test_whom_no_policy_allows_anything(world, nobody, service, operation):
    text = note(service, operation, ask(world, service, operation, nobody))
    assert "not authorized to perform" in text


@ASKED_CASES
def test_peer_22_an_explicit_deny_of_its_own_action_wins(world, barred, service, operation):
    iam = world.server.client("iam")
    iam.put_user_policy(UserName="barred", PolicyName="deny", PolicyDocument=allow(
        *actions(service, operation), effect="Deny"))
    text = note(service, operation, ask(world, service, operation, barred))
    assert "explicit deny" in text, text


def actions(service, operation):
    """The permissions behind an operation, where they are not of its name."""
    return {
        "ReEncrypt": ["kms:ReEncryptFrom", "kms:ReEncryptTo"],
    }.get(operation, [f"{service}:{operation}"])


@ASKED_CASES
def test_a_grant_of_something_else_is_not_enough(world, grantee, service, operation):
    note(service, operation, ask(world, service, operation, grantee))


@ASKED_CASES
def test_a_session_policy_narrows(world, narrowed, service, operation):
    text = note(service, operation, ask(world, service, operation, narrowed))
    if operation != "AssumeRole":
        assert "session policy" in text or "associated with this ciphertext" in text, text


@ASKED_CASES
def test_another_accounts_user_reaches_nothing_of_this_account(world, service, operation):
    status, code, text, request_id = ask(world, service, operation, world.stranger)
    if service == "kms" and "KeyId" in str(MODELS["kms"].operation_model(operation).input_shape.required_members):
        assert code in {"AccessDeniedException", "NotFoundException"}, text
    elif service == "secretsmanager" and "SecretId" in str(
            MODELS[service].operation_model(operation).input_shape.required_members):
        assert code == "AccessDeniedException", text
    elif code == "OK":
        # It did this in its own account; nothing of this one changed or was told.
        assert (service, operation) not in {
            ("kms", "Decrypt"), ("kms", "ReEncrypt"), ("kms", "UpdateAlias"), ("keywright", "InspectCiphertext")}


def test_what_others_did_not_do_is_not_done(world):
    kms, iam = world.server.client(), world.server.client("iam")
    assert kms.describe_key(KeyId=world.key)["KeyMetadata"]["KeyState"] == "Enabled"
    assert kms.get_key_policy(KeyId=world.key)["Policy"] == world.key_policy
    secrets = world.server.client("secretsmanager")
    assert secrets.get_secret_value(SecretId="matrix")["SecretString"] == "x"
    assert [found["Name"] for found in secrets.list_secrets()["SecretList"]] == ["matrix"]
    told = secrets.describe_secret(SecretId="matrix")
    assert "Tags" not in told and "DeletedDate" not in told
    assert {"target", "nobody", "barred", "grantee", "maker"} == {
        made["UserName"] for made in iam.list_users()["Users"]}
    assert iam.list_attached_user_policies(UserName="target")["AttachedPolicies"] == []
    assert iam.list_user_policies(UserName="nobody")["PolicyNames"] == []
    assert [key["AccessKeyId"] for key in iam.list_access_keys(UserName="target")["AccessKeyMetadata"]] == [
        world.target.access_key_id]


def test_every_denial_is_in_the_trail(world):
    assert DENIED

    def missing():
        recorded = {}
        for segment in sorted((world.server.data / "trail").glob("segment-*.jsonl")):
            for line in segment.read_text(encoding="utf-8").splitlines():
                found = re.search(r'"requestID":"([^"]+)"', line)
                if found:
                    recorded[found.group(1)] = line
        return {
            operation for request_id, operation in DENIED.items()
            if not re.search(r'"errorCode":"AccessDenied(Exception)?"', recorded.get(request_id, ""))}

    try:
        wait_until(lambda: not missing(), 10)
    finally:
        assert missing() == set()


def test_the_ratchet():
    """An exception is of something that is served; what is Keywright's own has a request of its own. docs/parity.md is kept
    to the registry by a test of its own (crates/server/tests/parity.rs)."""
    assert set(UNASKED) <= set(SERVED)
    for service, operation in SERVED:
        if service == "keywright":
            assert operation in VENDOR or operation in VENDOR_EXTRA, f"{operation} has no request above"
