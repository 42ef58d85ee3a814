"""Whom a key policy names: they must be there, and a namesake that comes later is somebody else.

Source: AWS KMS Developer Guide, "Key policies" (principals must exist; a deleted user or role is shown by its unique
id); IAM User Guide, "AWS JSON policy elements: Principal".
"""

import json

import pytest

from identities import Login, allow, refused, role, trust

INVALID = (
    "MalformedPolicyDocumentException", 400, "Policy contains a statement with one or more invalid principals.")


@pytest.fixture(scope="module")
def account(server):
    return server.client("sts").get_caller_identity()["Account"]


def policy(account, *principals, actions=("kms:Encrypt", "kms:Decrypt", "kms:DescribeKey")):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "all", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
         "Action": "kms:*", "Resource": "*"},
        {"Sid": "use", "Effect": "Allow", "Principal": {"AWS": list(principals)},
         "Action": list(actions), "Resource": "*"}]})


def named(kms, key):
    text = kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    names = json.loads(text)["Statement"][1]["Principal"]["AWS"]
    return names if isinstance(names, list) else [names]


def a_login(server, name):
    iam = server.client("iam")
    made = iam.create_user(UserName=name)["User"]
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return made, Login(server, key["AccessKeyId"], key["SecretAccessKey"])


def drop(server, name):
    iam = server.client("iam")
    for key in iam.list_access_keys(UserName=name)["AccessKeyMetadata"]:
        iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=name)


def test_they_must_be_there(server, kms, account):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    before = kms.get_key_policy(KeyId=key)["Policy"]
    iam = server.client("iam")
    iam.create_group(GroupName="g")
    for absent in (
        f"arn:aws:iam::{account}:user/absent", f"arn:aws:iam::{account}:role/absent",
        f"arn:aws:iam::{account}:group/g", "arn:aws:iam::999988887777:root", "999988887777",
        f"arn:aws:sts::{account}:assumed-role/absent/session", "AIDAABSENTABSENTABSENT",
    ):
        assert refused(kms.put_key_policy, KeyId=key, Policy=policy(account, absent))[0] == INVALID[0], absent
        assert refused(kms.create_key, Policy=policy(account, absent))[0] == INVALID[0], absent
    assert refused(kms.put_key_policy, KeyId=key, Policy=policy(account, f"arn:aws:iam::{account}:user/absent")) == (
        INVALID)
    assert kms.get_key_policy(KeyId=key)["Policy"] == before
    # Who may not write the policy learns nothing of who is there.
    _, stranger = a_login(server, "stranger")
    texts = {
        refused(stranger.client("kms").put_key_policy, KeyId=key, Policy=policy(account, name))[2]
        for name in (f"arn:aws:iam::{account}:user/absent", f"arn:aws:iam::{account}:user/stranger")}
    assert len(texts) == 1 and "is not authorized to perform: kms:PutKeyPolicy" in texts.pop()


def test_peer_26_a_namesake_inherits_nothing(server, kms, account):
    made, ann = a_login(server, "ann")
    key = kms.create_key(Policy=policy(account, made["Arn"]))["KeyMetadata"]["KeyId"]
    other = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.put_key_policy(KeyId=other, Policy=policy(account, made["Arn"]))
    for each in (key, other):
        assert named(kms, each) == [made["Arn"]]
        ann.client("kms").encrypt(KeyId=each, Plaintext=b"x")
    drop(server, "ann")
    for each in (key, other):
        assert named(kms, each) == [made["UserId"]]
    again, namesake = a_login(server, "ann")
    assert again["Arn"] == made["Arn"]
    for each in (key, other):
        assert named(kms, each) == [made["UserId"]]
        code, _, text = refused(namesake.client("kms").encrypt, KeyId=each, Plaintext=b"x")
        assert code == "AccessDeniedException" and "kms:Encrypt" in text
    # The policy as it is shown cannot be written again: it names somebody who is gone.
    shown = kms.get_key_policy(KeyId=key)["Policy"]
    assert refused(kms.put_key_policy, KeyId=key, Policy=shown) == INVALID
    kms.put_key_policy(KeyId=key, Policy=policy(account, again["Arn"]))
    namesake.client("kms").encrypt(KeyId=key, Plaintext=b"x")


def test_who_is_renamed_keeps_what_it_may(server, kms, account):
    made, bob = a_login(server, "bob")
    key = kms.create_key(Policy=policy(account, made["Arn"]))["KeyMetadata"]["KeyId"]
    server.client("iam").update_user(UserName="bob", NewUserName="robert")
    bob.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    assert named(kms, key) == [f"arn:aws:iam::{account}:user/robert"]


def test_sessions_of_a_role_that_was_made_anew(server, kms, account):
    iam, sts = server.client("iam"), None
    _, maker = a_login(server, "maker")
    iam.put_user_policy(UserName="maker", PolicyName="own", PolicyDocument=allow("sts:AssumeRole"))
    made = role(server, "app", trust(maker.arn()))
    key = kms.create_key(Policy=policy(account, made["Arn"]))["KeyMetadata"]["KeyId"]
    sts = maker.client()

    def session():
        return Login.of(server, sts.assume_role(RoleArn=made["Arn"], RoleSessionName="one")).client("kms")

    session().encrypt(KeyId=key, Plaintext=b"x")
    iam.delete_role(RoleName="app")
    assert named(kms, key) == [made["RoleId"]]
    role(server, "app", trust(maker.arn()))
    assert refused(session().encrypt, KeyId=key, Plaintext=b"x")[0] == "AccessDeniedException"


def test_the_rest_survives_a_restart(server, kms, account):
    made, eve = a_login(server, "eve")
    key = kms.create_key(Policy=policy(account, made["Arn"]))["KeyMetadata"]["KeyId"]
    server.stop()
    server.start()
    eve.client("kms").encrypt(KeyId=key, Plaintext=b"x")
