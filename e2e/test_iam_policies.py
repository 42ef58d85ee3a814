"""Roles, managed policies, inline policies, attachments and boundaries, as boto3 and Terraform see them.

Expected codes, statuses, texts and limits are those of AWS's IAM API Reference and IAM User Guide (quotas), and of
answers of AWS that are public.
"""

import json

import pytest

from identities import allow, refused, trust

OWN = allow("kms:ListKeys")
NO_ROLE = ("NoSuchEntity", 404, "The role with name absent cannot be found.")
NO_USER = ("NoSuchEntity", 404, "The user with name absent cannot be found.")
NO_GROUP = ("NoSuchEntity", 404, "The group with name absent cannot be found.")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam", validate=False)


@pytest.fixture(scope="module")
def account(server):
    return server.client("sts").get_caller_identity()["Account"]


@pytest.fixture(scope="module")
def absent(account):
    return f"arn:aws:iam::{account}:policy/absent"


def statement(**members):
    return json.dumps({"Version": "2012-10-17", "Statement": [members]})


def test_a_role_is_made_read_changed_and_deleted(iam, account):
    trusted = trust(account)
    made = iam.create_role(
        RoleName="App", Path="/team/", AssumeRolePolicyDocument=trusted, Description="first",
        MaxSessionDuration=7200, Tags=[{"Key": "a", "Value": "b"}])["Role"]
    assert made["Arn"] == f"arn:aws:iam::{account}:role/team/App"
    assert made["RoleId"].startswith("AROA") and len(made["RoleId"]) == 21
    read = iam.get_role(RoleName="App")["Role"]
    assert (read["Description"], read["MaxSessionDuration"], read["Tags"]) == (
        "first", 7200, [{"Key": "a", "Value": "b"}])
    assert read["AssumeRolePolicyDocument"] == json.loads(trusted)  # percent-encoded on the wire
    assert refused(iam.create_role, RoleName="APP", AssumeRolePolicyDocument=trusted)[:2] == (
        "EntityAlreadyExists", 409)
    iam.update_role(RoleName="App", Description="second", MaxSessionDuration=3600)
    assert iam.update_role_description(RoleName="App", Description="third")["Role"]["Description"] == "third"
    assert iam.get_role(RoleName="App")["Role"]["MaxSessionDuration"] == 3600
    iam.update_assume_role_policy(RoleName="App", PolicyDocument=trust("*"))
    assert iam.get_role(RoleName="App")["Role"]["AssumeRolePolicyDocument"] == json.loads(trust("*"))
    iam.tag_role(RoleName="App", Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_role(RoleName="App", TagKeys=["a"])
    assert iam.list_role_tags(RoleName="App")["Tags"] == [{"Key": "c", "Value": "d"}]
    assert [role["RoleName"] for role in iam.list_roles(PathPrefix="/team/")["Roles"]] == ["App"]
    assert refused(iam.list_roles, Marker="made up")[:2] == ("ValidationError", 400)
    iam.delete_role(RoleName="App")
    for call, rest in (
        (iam.get_role, {}), (iam.delete_role, {}), (iam.list_role_tags, {}), (iam.update_role, {}),
        (iam.update_role_description, {"Description": "x"}), (iam.tag_role, {"Tags": []}),
        (iam.untag_role, {"TagKeys": ["x"]}), (iam.update_assume_role_policy, {"PolicyDocument": trusted}),
        (iam.list_role_policies, {}), (iam.list_attached_role_policies, {}),
    ):
        assert refused(call, RoleName="absent", **rest) == NO_ROLE
    for seconds in (3599, 43201):
        assert refused(
            iam.create_role, RoleName="x", AssumeRolePolicyDocument=trusted, MaxSessionDuration=seconds
        )[:2] == ("ValidationError", 400)


def test_whom_a_role_may_trust(iam, account):
    def make(document):
        return refused(iam.create_role, RoleName="never", AssumeRolePolicyDocument=document)

    code, status, text = make(trust(f"arn:aws:iam::{account}:user/nobody-of-that-name"))
    assert (code, status) == ("MalformedPolicyDocument", 400)
    assert text == f'Invalid principal in policy: "AWS":"arn:aws:iam::{account}:user/nobody-of-that-name"'
    assert make(OWN)[:2] == ("MalformedPolicyDocument", 400)  # nobody is named
    with_resource = json.loads(trust("*"))
    with_resource["Statement"][0]["Resource"] = "*"
    assert make(json.dumps(with_resource)) == (
        "MalformedPolicyDocument", 400, "Has prohibited field Resource")
    assert make(trust(account, "kms:Decrypt"))[:2] == ("MalformedPolicyDocument", 400)
    assert make("not json")[:2] == ("MalformedPolicyDocument", 400)
    padded = json.loads(trust("*"))
    padded["Statement"][0]["Sid"] = "x" * 2100
    code, status, text = make(json.dumps(padded))
    assert (code, status, text) == ("LimitExceeded", 409, "Cannot exceed quota for ACLSizePerRole: 2048")


def test_managed_policies_and_their_versions(iam, account, absent):
    made = iam.create_policy(
        PolicyName="Reader", Path="/p/", PolicyDocument=OWN, Description="reads", Tags=[{"Key": "a", "Value": "b"}]
    )["Policy"]
    arn = made["Arn"]
    assert arn == f"arn:aws:iam::{account}:policy/p/Reader"
    assert made["PolicyId"].startswith("ANPA") and (made["DefaultVersionId"], made["AttachmentCount"]) == ("v1", 0)
    assert refused(iam.create_policy, PolicyName="reader", PolicyDocument=OWN)[:2] == ("EntityAlreadyExists", 409)
    read = iam.get_policy(PolicyArn=arn)["Policy"]
    assert (read["Description"], read["IsAttachable"], read["Tags"]) == ("reads", True, [{"Key": "a", "Value": "b"}])
    for number in range(2, 6):
        version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow(f"kms:List{number}"))["PolicyVersion"]
        assert (version["VersionId"], version["IsDefaultVersion"]) == (f"v{number}", False)
    code, status, text = refused(iam.create_policy_version, PolicyArn=arn, PolicyDocument=OWN)
    assert (code, status) == ("LimitExceeded", 409)
    assert text.startswith("A managed policy can have up to 5 versions.")
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v3")
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v3"
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v3")["PolicyVersion"]["Document"] == json.loads(
        allow("kms:List3"))
    assert refused(iam.delete_policy_version, PolicyArn=arn, VersionId="v3") == (
        "DeleteConflict", 409, "Cannot delete the default version of a policy.")
    assert refused(iam.delete_policy, PolicyArn=arn)[:2] == ("DeleteConflict", 409)
    page = iam.list_policy_versions(PolicyArn=arn, MaxItems=3)
    rest = iam.list_policy_versions(PolicyArn=arn, Marker=page["Marker"])
    assert sorted(version["VersionId"] for version in page["Versions"] + rest["Versions"]) == [
        "v1", "v2", "v3", "v4", "v5"]
    for number in (1, 2, 4, 5):
        iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
    # Numbers are never given twice.
    assert iam.create_policy_version(PolicyArn=arn, PolicyDocument=OWN, SetAsDefault=True)["PolicyVersion"][
        "VersionId"] == "v6"
    iam.delete_policy_version(PolicyArn=arn, VersionId="v3")
    iam.tag_policy(PolicyArn=arn, Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_policy(PolicyArn=arn, TagKeys=["a"])
    assert iam.list_policy_tags(PolicyArn=arn)["Tags"] == [{"Key": "c", "Value": "d"}]
    iam.delete_policy(PolicyArn=arn)
    for call, rest in (
        (iam.get_policy, {}), (iam.delete_policy, {}), (iam.get_policy_version, {"VersionId": "v1"}),
        (iam.create_policy_version, {"PolicyDocument": OWN}), (iam.delete_policy_version, {"VersionId": "v2"}),
        (iam.list_policy_versions, {}), (iam.set_default_policy_version, {"VersionId": "v1"}),
        (iam.tag_policy, {"Tags": [{"Key": "a", "Value": "b"}]}), (iam.untag_policy, {"TagKeys": ["x"]}),
        (iam.list_policy_tags, {}), (iam.list_entities_for_policy, {}),
    ):
        code, status, text = refused(call, PolicyArn=absent, **rest)
        assert (code, status) == ("NoSuchEntity", 404), call
        assert text.startswith(f"Policy {absent} ")


MALFORMED = [
    # what is wrong, document
    ("no JSON", "{"),
    ("a list", "[]"),
    ("two statements of one Sid", json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "a", "Effect": "Allow", "Action": "*", "Resource": "*"},
        {"Sid": "a", "Effect": "Deny", "Action": "*", "Resource": "*"}]})),
    ("an unknown operator", statement(
        Effect="Allow", Action="*", Resource="*", Condition={"StringMatches": {"aws:username": "x"}})),
    ("an unknown member", statement(Effect="Allow", Action="*", Resource="*", Actions="kms:*")),
    ("an effect in small letters", statement(Effect="allow", Action="*", Resource="*")),
    ("a look-alike letter in Effect", statement(Effect="\u0410llow", Action="*", Resource="*")),
    ("a look-alike letter in a member", statement(**{"Effect": "Allow", "\u0410ction": "*", "Resource": "*"})),
    ("a number for an action", statement(Effect="Allow", Action=7, Resource="*")),
    ("a principal", statement(Effect="Allow", Action="*", Resource="*", Principal="*")),
    ("no resource", statement(Effect="Allow", Action="*")),
    ("both Action and NotAction", statement(Effect="Allow", Action="*", NotAction="x:y", Resource="*")),
    ("an unknown version", json.dumps({"Version": "2020-01-01", "Statement": [
        {"Effect": "Allow", "Action": "*", "Resource": "*"}]})),
    ("an action without a service", statement(Effect="Allow", Action="Decrypt", Resource="*")),
    ("a resource that is no ARN", statement(Effect="Allow", Action="*", Resource="key/1")),
    ("a member twice", '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*",'
                       '"Resource":"*"}]}'),
]


@pytest.mark.parametrize("document", [document for _, document in MALFORMED], ids=[name for name, _ in MALFORMED])
def test_documents_that_are_no_policies(iam, document):
    for call, rest in (
        (iam.create_policy, {"PolicyName": "never"}),
        (iam.put_user_policy, {"UserName": "malformed", "PolicyName": "never"}),
    ):
        if "UserName" in rest and refused_or_none(iam.get_user, UserName="malformed"):
            iam.create_user(UserName="malformed")
        code, status, text = refused(call, PolicyDocument=document, **rest)
        assert (code, status) == ("MalformedPolicyDocument", 400)
        assert text


def refused_or_none(call, **arguments):
    try:
        call(**arguments)
        return None
    except call.__self__.exceptions.NoSuchEntityException as fault:
        return fault


def test_how_long_documents_may_be(iam, absent):
    long = json.loads(OWN)
    long["Statement"][0]["Sid"] = "x" * 6200
    assert refused(iam.create_policy, PolicyName="long", PolicyDocument=json.dumps(long)) == (
        "LimitExceeded", 409, "Cannot exceed quota for PolicySize: 6144")
    # White space does not count.
    iam.create_policy(PolicyName="wide", PolicyDocument=OWN + " " * 7000)
    iam.create_user(UserName="long")
    iam.put_user_policy(UserName="long", PolicyName="first", PolicyDocument=OWN)
    long["Statement"][0]["Sid"] = "x" * 2000
    assert refused(iam.put_user_policy, UserName="long", PolicyName="second", PolicyDocument=json.dumps(long)) == (
        "LimitExceeded", 409, "Maximum policy size of 2048 bytes exceeded for user long")


def bearers(iam):
    """The same calls for a user, a group and a role, by the name of their kind."""
    for kind, name_field in (("user", "UserName"), ("group", "GroupName"), ("role", "RoleName")):
        yield kind, name_field


def test_inline_policies(iam):
    for kind, field in bearers(iam):
        extra = {"AssumeRolePolicyDocument": trust("*")} if kind == "role" else {}
        who = {field: f"inline-{kind}"}
        getattr(iam, f"create_{kind}")(**who, **extra)
        put, get, drop, names = (
            getattr(iam, name.format(kind))
            for name in ("put_{}_policy", "get_{}_policy", "delete_{}_policy", "list_{}_policies"))
        for policy in ("one", "two"):
            put(**who, PolicyName=policy, PolicyDocument=OWN)
        put(**who, PolicyName="one", PolicyDocument=allow("kms:ListAliases"))
        read = get(**who, PolicyName="one")
        assert (read[field], read["PolicyName"], read["PolicyDocument"]) == (
            who[field], "one", json.loads(allow("kms:ListAliases")))
        page = names(**who, MaxItems=1)
        assert (page["PolicyNames"], page["IsTruncated"]) == (["one"], True)
        assert names(**who, Marker=page["Marker"])["PolicyNames"] == ["two"]
        code, status, text = refused(getattr(iam, f"delete_{kind}"), **who)
        assert (code, status, text) == ("DeleteConflict", 409, "Cannot delete entity, must delete policies first.")
        for policy in ("one", "two"):
            drop(**who, PolicyName=policy)
        gone = ("NoSuchEntity", 404, f"The {kind} policy with name one cannot be found.")
        assert refused(get, **who, PolicyName="one") == gone
        assert refused(drop, **who, PolicyName="one") == gone
        no_such = ("NoSuchEntity", 404, f"The {kind} with name absent cannot be found.")
        assert refused(put, **{field: "absent"}, PolicyName="one", PolicyDocument=OWN) == no_such
        assert refused(names, **{field: "absent"}) == no_such
        getattr(iam, f"delete_{kind}")(**who)


def test_attachments(iam, account, absent):
    arn = iam.create_policy(PolicyName="shared", PolicyDocument=OWN)["Policy"]["Arn"]
    for kind, field in bearers(iam):
        extra = {"AssumeRolePolicyDocument": trust("*")} if kind == "role" else {}
        who = {field: f"bears-{kind}"}
        getattr(iam, f"create_{kind}")(**who, **extra)
        attach, detach, names = (
            getattr(iam, name.format(kind))
            for name in ("attach_{}_policy", "detach_{}_policy", "list_attached_{}_policies"))
        attach(**who, PolicyArn=arn)
        attach(**who, PolicyArn=arn)  # again is no fault
        attach(**who, PolicyArn=ADMINISTRATOR)
        attached = names(**who)["AttachedPolicies"]
        assert {policy["PolicyArn"] for policy in attached} == {arn, ADMINISTRATOR}
        detach(**who, PolicyArn=ADMINISTRATOR)
        code, status, text = refused(detach, **who, PolicyArn=ADMINISTRATOR)
        assert (code, status, text) == ("NoSuchEntity", 404, f"Policy {ADMINISTRATOR} was not found.")
        assert refused(attach, **who, PolicyArn=absent) == (
            "NoSuchEntity", 404, f"Policy {absent} does not exist or is not attachable.")
        assert refused(getattr(iam, f"delete_{kind}"), **who) == (
            "DeleteConflict", 409, "Cannot delete entity, must detach all policies first.")
        no_such = ("NoSuchEntity", 404, f"The {kind} with name absent cannot be found.")
        assert refused(attach, **{field: "absent"}, PolicyArn=arn) == no_such
        assert refused(names, **{field: "absent"}) == no_such
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 3
    borne = iam.list_entities_for_policy(PolicyArn=arn)
    assert [user["UserName"] for user in borne["PolicyUsers"]] == ["bears-user"]
    assert [group["GroupName"] for group in borne["PolicyGroups"]] == ["bears-group"]
    assert [role["RoleName"] for role in borne["PolicyRoles"]] == ["bears-role"]
    only = iam.list_entities_for_policy(PolicyArn=arn, EntityFilter="Role")
    assert (only["PolicyUsers"], only["PolicyGroups"], len(only["PolicyRoles"])) == ([], [], 1)
    assert refused(iam.delete_policy, PolicyArn=arn) == (
        "DeleteConflict", 409, "Cannot delete a policy attached to entities.")
    local = iam.list_policies(Scope="Local", OnlyAttached=True)["Policies"]
    assert [policy["PolicyName"] for policy in local] == ["shared"]
    assert "AdministratorAccess" in {policy["PolicyName"] for policy in iam.list_policies(Scope="AWS")["Policies"]}
    assert refused(iam.list_policies, Scope="Mine")[:2] == ("ValidationError", 400)


def test_ten_attachments_are_the_most(iam):
    iam.create_user(UserName="loaded")
    for at in range(11):
        arn = iam.create_policy(PolicyName=f"load{at}", PolicyDocument=OWN)["Policy"]["Arn"]
        if at < 10:
            iam.attach_user_policy(UserName="loaded", PolicyArn=arn)
    assert refused(iam.attach_user_policy, UserName="loaded", PolicyArn=arn) == (
        "LimitExceeded", 409, "Cannot exceed quota for PoliciesPerUser: 10")


def test_boundaries(iam, absent):
    arn = iam.create_policy(PolicyName="fence", PolicyDocument=OWN)["Policy"]["Arn"]
    for kind, field in (("user", "UserName"), ("role", "RoleName")):
        extra = {"AssumeRolePolicyDocument": trust("*")} if kind == "role" else {}
        who = {field: f"fenced-{kind}"}
        getattr(iam, f"create_{kind}")(**who, **extra)
        put = getattr(iam, f"put_{kind}_permissions_boundary")
        drop = getattr(iam, f"delete_{kind}_permissions_boundary")
        put(**who, PermissionsBoundary=arn)
        read = getattr(iam, f"get_{kind}")(**who)[kind.title()]["PermissionsBoundary"]
        assert read == {"PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
        assert iam.get_policy(PolicyArn=arn)["Policy"]["PermissionsBoundaryUsageCount"] >= 1
        assert refused(put, **who, PermissionsBoundary=absent)[:2] == ("NoSuchEntity", 404)
        drop(**who)
        assert "PermissionsBoundary" not in getattr(iam, f"get_{kind}")(**who)[kind.title()]
        no_such = ("NoSuchEntity", 404, f"The {kind} with name absent cannot be found.")
        assert refused(put, **{field: "absent"}, PermissionsBoundary=arn) == no_such
        assert refused(drop, **{field: "absent"}) == no_such


def test_roles_and_policies_as_terraform_makes_and_destroys_them(iam):
    """aws_iam_role, _policy, _role_policy, _role_policy_attachment: the provider's documented sequences of calls."""
    document = trust("*")
    iam.create_role(RoleName="tf", Path="/", AssumeRolePolicyDocument=document, MaxSessionDuration=3600, Tags=[])
    read = iam.get_role(RoleName="tf")["Role"]
    assert read["AssumeRolePolicyDocument"] == json.loads(document) and "RoleLastUsed" in read
    arn = iam.create_policy(PolicyName="tf", Path="/", PolicyDocument=OWN)["Policy"]["Arn"]
    iam.get_policy(PolicyArn=arn)
    assert iam.get_policy_version(PolicyArn=arn, VersionId="v1")["PolicyVersion"]["Document"] == json.loads(OWN)
    iam.attach_role_policy(RoleName="tf", PolicyArn=arn)
    assert iam.list_attached_role_policies(RoleName="tf")["AttachedPolicies"][0]["PolicyArn"] == arn
    iam.put_role_policy(RoleName="tf", PolicyName="inline", PolicyDocument=OWN)
    iam.get_role_policy(RoleName="tf", PolicyName="inline")
    # An update of the policy is a new default version.
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("kms:ListAliases"), SetAsDefault=True)
    # Destroy, with force_detach_policies.
    for profile in iam.list_instance_profiles_for_role(RoleName="tf")["InstanceProfiles"]:
        raise AssertionError(profile)
    for policy in iam.list_attached_role_policies(RoleName="tf")["AttachedPolicies"]:
        iam.detach_role_policy(RoleName="tf", PolicyArn=policy["PolicyArn"])
    for name in iam.list_role_policies(RoleName="tf")["PolicyNames"]:
        iam.delete_role_policy(RoleName="tf", PolicyName=name)
    iam.delete_role(RoleName="tf")
    for version in iam.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            iam.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    iam.delete_policy(PolicyArn=arn)
