"""The policy that the create-key wizard of the KMS console writes, for an administrator and a user.

Source: AWS KMS Developer Guide, "Default key policy" (statements for key administrators and key users); the texts of
denials are AWS's, from public reports.
"""

import base64
import json
import os
import subprocess
import sys
import pathlib

import pytest

from conftest import REGION
from identities import Login, allow, refused, role, trust, user

ADMINISTER = [
    "kms:Create*", "kms:Describe*", "kms:Enable*", "kms:List*", "kms:Put*", "kms:Update*", "kms:Revoke*",
    "kms:Disable*", "kms:Get*", "kms:Delete*", "kms:TagResource", "kms:UntagResource", "kms:ScheduleKeyDeletion",
    "kms:CancelKeyDeletion", "kms:RotateKeyOnDemand"]
USE = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
ATTACH = ["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]


def wizard(account, administrator, key_user):
    def statement(sid, principal, actions, **rest):
        return {"Sid": sid, "Effect": "Allow", "Principal": {"AWS": principal}, "Action": actions, "Resource": "*",
                **rest}

    return json.dumps({"Version": "2012-10-17", "Id": "key-consolepolicy-3", "Statement": [
        statement("Enable IAM User Permissions", f"arn:aws:iam::{account}:root", "kms:*"),
        statement("Allow access for Key Administrators", administrator, ADMINISTER),
        statement("Allow use of the key", key_user, USE),
        statement("Allow attachment of persistent resources", key_user, ATTACH,
                  Condition={"Bool": {"kms:GrantIsForAWSResource": "true"}})]})


@pytest.fixture(scope="module")
def account(server):
    return server.client("sts").get_caller_identity()["Account"]


@pytest.fixture(scope="module")
def administrator(server):
    return user(server, "keeper")


@pytest.fixture(scope="module")
def key_user(server):
    return user(server, "app")


@pytest.fixture(scope="module")
def key(kms, account, administrator, key_user):
    text = wizard(account, administrator.arn(), key_user.arn())
    return kms.create_key(Policy=text)["KeyMetadata"]["Arn"]


def denied(login, call, action, resource, tail=None, **arguments):
    """A denial with AWS's text."""
    code, status, text = refused(call, **arguments)
    assert (code, status) == ("AccessDeniedException", 400), text
    # The key policy names others and hands the rest to IAM, so that IAM's silence is what decides.
    tail = tail or f"because no identity-based policy allows the {action} action"
    assert text == f"User: {login.arn()} is not authorized to perform: {action} on resource: {resource} {tail}"


def test_the_administrator_manages_and_cannot_use(kms, administrator, key):
    own = administrator.client("kms")
    own.describe_key(KeyId=key)
    own.update_key_description(KeyId=key, Description="kept")
    own.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    assert own.get_key_rotation_status(KeyId=key)["RotationPeriodInDays"] == 90
    own.disable_key_rotation(KeyId=key)
    own.rotate_key_on_demand(KeyId=key)
    own.list_key_rotations(KeyId=key)
    own.tag_resource(KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    own.untag_resource(KeyId=key, TagKeys=["a"])
    own.disable_key(KeyId=key)
    own.enable_key(KeyId=key)
    own.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    own.cancel_key_deletion(KeyId=key)
    own.enable_key(KeyId=key)
    own.put_key_policy(KeyId=key, Policy=own.get_key_policy(KeyId=key)["Policy"])
    own.list_key_policies(KeyId=key)
    own.list_resource_tags(KeyId=key)
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    denied(administrator, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x")
    denied(administrator, own.decrypt, "kms:Decrypt", key, KeyId=key, CiphertextBlob=blob)
    denied(administrator, own.generate_data_key, "kms:GenerateDataKey", key, KeyId=key, KeySpec="AES_256")
    # The key is taken from the ciphertext when none is named. A ciphertext of no key of this server tells nothing.
    denied(administrator, own.decrypt, "kms:Decrypt", key, CiphertextBlob=blob)
    code, _, text = refused(own.decrypt, CiphertextBlob=b"made up")
    assert (code, text) == (
        "AccessDeniedException",
        f"User: {administrator.arn()} is not authorized to perform: kms:Decrypt on the resource associated with this "
        "ciphertext because the resource does not exist in this Region, no resource-based policies allow access, or a "
        "resource-based policy explicitly denies access")


def test_the_user_uses_and_cannot_manage(kms, key_user, key):
    own = key_user.client("kms")
    blob = own.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert own.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"
    own.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)
    own.generate_data_key(KeyId=key, KeySpec="AES_256")
    own.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256")
    own.describe_key(KeyId=key)
    for method, action, rest in (
        ("disable_key", "kms:DisableKey", {}),
        ("schedule_key_deletion", "kms:ScheduleKeyDeletion", {"PendingWindowInDays": 7}),
        ("get_key_policy", "kms:GetKeyPolicy", {}),
        ("put_key_policy", "kms:PutKeyPolicy", {"Policy": kms.get_key_policy(KeyId=key)["Policy"]}),
        ("enable_key_rotation", "kms:EnableKeyRotation", {}),
        ("rotate_key_on_demand", "kms:RotateKeyOnDemand", {}),
        ("update_key_description", "kms:UpdateKeyDescription", {"Description": "x"}),
        ("tag_resource", "kms:TagResource", {"Tags": [{"TagKey": "a", "TagValue": "b"}]}),
        # Grants are for services that act for the user, and none does here.
        ("create_grant", "kms:CreateGrant", {"GranteePrincipal": key_user.arn(), "Operations": ["Decrypt"]}),
        ("list_grants", "kms:ListGrants", {}),
        ("revoke_grant", "kms:RevokeGrant", {"GrantId": "0" * 64}),
    ):
        denied(key_user, getattr(own, method), action, key, KeyId=key, **rest)


def test_what_says_that_a_service_calls_cannot_be_sent(server, key_user, key):
    """kms:ViaService and kms:GrantIsForAWSResource are facts about the call, not headers."""
    own = key_user.client("kms")

    def forge(request, **_):
        for name in ("x-amz-via-service", "x-amz-source-service", "x-amzn-via", "x-amz-grant-is-for-aws-resource"):
            request.headers[name] = "true" if "grant" in name else f"secretsmanager.{REGION}.amazonaws.com"

    own.meta.events.register("before-sign.kms.CreateGrant", forge)
    code, _, text = refused(own.create_grant, KeyId=key, GranteePrincipal=key_user.arn(), Operations=["Decrypt"])
    assert code == "AccessDeniedException", text


def cli(login, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment.update(
        AWS_ACCESS_KEY_ID=login.access_key_id, AWS_SECRET_ACCESS_KEY=login.secret,
        AWS_ENDPOINT_URL=login.server.url, AWS_REGION=REGION, AWS_DEFAULT_REGION=REGION, AWS_PAGER="")
    program = pathlib.Path(sys.executable).parent / "aws"
    return subprocess.run(
        [sys.executable, str(program), *arguments], capture_output=True, text=True, env=environment, timeout=120)


def test_the_same_by_the_command_line_client(administrator, key_user, key, tmp_path):
    plain = tmp_path / "plain"
    plain.write_bytes(b"secret")
    outcome = cli(key_user, "kms", "encrypt", "--key-id", key, "--plaintext", f"fileb://{plain}",
                  "--query", "CiphertextBlob", "--output", "text")
    assert outcome.returncode == 0, outcome.stderr
    sealed = tmp_path / "sealed"
    sealed.write_bytes(base64.b64decode(outcome.stdout))
    sealed = f"fileb://{sealed}"
    outcome = cli(key_user, "kms", "decrypt", "--ciphertext-blob", sealed, "--query", "KeyId", "--output", "text")
    assert outcome.stdout.strip() == key, outcome.stderr
    outcome = cli(administrator, "kms", "update-key-description", "--key-id", key, "--description", "cli")
    assert outcome.returncode == 0, outcome.stderr
    for login, arguments, action in (
        (administrator, ("decrypt", "--key-id", key, "--ciphertext-blob", sealed), "Decrypt"),
        (key_user, ("disable-key", "--key-id", key), "DisableKey"),
        (key_user, ("create-grant", "--key-id", key, "--grantee-principal", key_user.arn(), "--operations",
                    "Decrypt"), "CreateGrant"),
    ):
        outcome = cli(login, "kms", *arguments)
        assert outcome.returncode != 0
        assert (
            f"(AccessDeniedException) when calling the {action} operation: User: {login.arn()} is not authorized to "
            f"perform: kms:{action} on resource: {key} because no identity-based policy allows the kms:{action} action"
        ) in outcome.stderr


def test_conditions_on_the_encryption_context(kms, server, account):
    clerk = user(server, "clerk")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.put_key_policy(KeyId=key, Policy=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:*", "Resource": "*"},
        {"Effect": "Allow", "Principal": {"AWS": clerk.arn()}, "Action": ["kms:Encrypt", "kms:Decrypt"],
         "Resource": "*", "Condition": {
             "StringEquals": {"kms:EncryptionContext:team": "pay"},
             "ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["team", "purpose"]}}}]}))
    own = clerk.client("kms")
    blob = own.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "pay"})["CiphertextBlob"]
    own.decrypt(CiphertextBlob=blob, EncryptionContext={"team": "pay"})
    own.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "pay", "purpose": "p"})
    for context in ({}, {"team": "play"}, {"team": "PAY"}, {"team": "pay", "other": "x"}):
        denied(clerk, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x", EncryptionContext=context)


def test_conditions_on_tags(kms, server):
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": ["kms:Encrypt"], "Resource": "*",
        "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}}]})
    red = user(server, "red", policy, tags=[{"Key": "team", "Value": "red"}])
    keys = {
        team: kms.create_key(Tags=[{"TagKey": "team", "TagValue": team}])["KeyMetadata"]["Arn"]
        for team in ("red", "blue")}
    own = red.client("kms")
    own.encrypt(KeyId=keys["red"], Plaintext=b"x")
    denied(red, own.encrypt, "kms:Encrypt", keys["blue"], KeyId=keys["blue"], Plaintext=b"x")
    kms.tag_resource(KeyId=keys["blue"], Tags=[{"TagKey": "team", "TagValue": "red"}])
    own.encrypt(KeyId=keys["blue"], Plaintext=b"x")


def test_boundary_explicit_deny_group_and_session_policy(kms, server, account):
    iam = server.client("iam")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    fenced = user(server, "fenced", allow("kms:*"))
    own = fenced.client("kms")
    own.encrypt(KeyId=key, Plaintext=b"x")
    fence = iam.create_policy(PolicyName="only-describe", PolicyDocument=allow("kms:Describe*"))["Policy"]["Arn"]
    iam.put_user_permissions_boundary(UserName="fenced", PermissionsBoundary=fence)
    own.describe_key(KeyId=key)
    denied(fenced, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x",
           tail="because no permissions boundary allows the kms:Encrypt action")
    iam.delete_user_permissions_boundary(UserName="fenced")
    own.encrypt(KeyId=key, Plaintext=b"x")
    iam.create_group(GroupName="barred")
    iam.put_group_policy(
        GroupName="barred", PolicyName="no", PolicyDocument=allow("kms:Encrypt", effect="Deny"))
    iam.add_user_to_group(GroupName="barred", UserName="fenced")
    denied(fenced, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x",
           tail="with an explicit deny in an identity-based policy")
    iam.remove_user_from_group(GroupName="barred", UserName="fenced")
    own.encrypt(KeyId=key, Plaintext=b"x")
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    policy["Statement"].append({
        "Effect": "Deny", "Principal": {"AWS": fenced.arn()}, "Action": "kms:Encrypt", "Resource": "*"})
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
    denied(fenced, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x",
           tail="with an explicit deny in a resource-based policy")
    made = role(server, "worker", trust(fenced.arn()), allow("kms:*"))
    session = Login.of(server, fenced.client().assume_role(
        RoleArn=made["Arn"], RoleSessionName="narrow", Policy=allow("kms:Describe*")))
    session.client("kms").describe_key(KeyId=key)
    denied(session, session.client("kms").encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x",
           tail="because no session policy allows the kms:Encrypt action")


def test_what_is_taken_away_is_gone_at_the_next_request(kms, server):
    iam = server.client("iam")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    brief = user(server, "brief", allow("kms:Encrypt"))
    own = brief.client("kms")
    for _ in range(3):
        own.encrypt(KeyId=key, Plaintext=b"x")
        iam.put_user_policy(UserName="brief", PolicyName="own", PolicyDocument=allow("kms:Decrypt"))
        denied(brief, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x")
        iam.put_user_policy(UserName="brief", PolicyName="own", PolicyDocument=allow("kms:Encrypt"))
    arn = iam.create_policy(PolicyName="brief", PolicyDocument=allow("kms:Decrypt"))["Policy"]["Arn"]
    iam.delete_user_policy(UserName="brief", PolicyName="own")
    iam.attach_user_policy(UserName="brief", PolicyArn=arn)
    denied(brief, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x")
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("kms:Encrypt"), SetAsDefault=True)
    own.encrypt(KeyId=key, Plaintext=b"x")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    denied(brief, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
    own.encrypt(KeyId=key, Plaintext=b"x")
    iam.detach_user_policy(UserName="brief", PolicyArn=arn)
    denied(brief, own.encrypt, "kms:Encrypt", key, KeyId=key, Plaintext=b"x")


def test_nobody_writes_himself_out_of_a_policy(kms, server, account):
    keeper = user(server, "lone", allow("kms:CreateKey", "kms:PutKeyPolicy"))
    own = keeper.client("kms")
    key = own.create_key()["KeyMetadata"]["Arn"]
    lockout = ("MalformedPolicyDocumentException", 400,
               "The new key policy will not allow you to update the key policy in the future.")
    only_root_user = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": "kms:PutKeyPolicy",
        "Resource": "*", "Condition": {"StringEquals": {"aws:PrincipalArn": f"arn:aws:iam::{account}:root"}}}]})
    assert refused(own.put_key_policy, KeyId=key, Policy=only_root_user) == lockout
    assert refused(own.create_key, Policy=only_root_user) == lockout
    own.put_key_policy(KeyId=key, Policy=only_root_user, BypassPolicyLockoutSafetyCheck=True)
    code, _, _ = refused(own.put_key_policy, KeyId=key, Policy=only_root_user)
    assert code == "AccessDeniedException"
