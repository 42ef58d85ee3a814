"""Users, groups, access keys and the account, as boto3 and Terraform see them.

Expected codes, statuses and texts are those of AWS's IAM API Reference and of answers of AWS that are public.
"""

import datetime
import json

import pytest

from conftest import REGION
from identities import Login, allow, refused, trust

NO_USER = ("NoSuchEntity", 404, "The user with name absent cannot be found.")
NO_GROUP = ("NoSuchEntity", 404, "The group with name absent cannot be found.")


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam", validate=False)


@pytest.fixture(scope="module")
def account(server):
    return server.client("sts").get_caller_identity()["Account"]


def test_a_user_is_made_read_changed_and_deleted(iam, account):
    made = iam.create_user(UserName="Bob", Path="/division/", Tags=[{"Key": "team", "Value": "red"}])["User"]
    assert made["Arn"] == f"arn:aws:iam::{account}:user/division/Bob"
    assert made["UserId"].startswith("AIDA") and len(made["UserId"]) == 21
    assert (made["Path"], made["Tags"]) == ("/division/", [{"Key": "team", "Value": "red"}])
    read = iam.get_user(UserName="Bob")["User"]
    assert read == made
    assert iam.get_user(UserName="bOB")["User"]["UserId"] == made["UserId"]
    taken = ("EntityAlreadyExists", 409, "User with name Bob already exists.")
    assert refused(iam.create_user, UserName="Bob") == taken
    assert refused(iam.create_user, UserName="BOB")[:2] == taken[:2]
    iam.update_user(UserName="Bob", NewUserName="Robert", NewPath="/")
    renamed = iam.get_user(UserName="Robert")["User"]
    assert (renamed["UserId"], renamed["Arn"]) == (made["UserId"], f"arn:aws:iam::{account}:user/Robert")
    assert refused(iam.get_user, UserName="Bob") == (
        "NoSuchEntity", 404, "The user with name Bob cannot be found.")
    iam.delete_user(UserName="Robert")
    for call in (iam.get_user, iam.delete_user, iam.list_user_tags, iam.list_groups_for_user):
        assert refused(call, UserName="absent") == NO_USER
    assert refused(iam.update_user, UserName="absent", NewPath="/x/") == NO_USER
    for name in ("", "a b", "a/b", "x" * 65, "Ünder"):
        code, status, text = refused(iam.create_user, UserName=name)
        assert (code, status) == ("ValidationError", 400)
        assert "userName" in text
    assert refused(iam.create_user, UserName="x", Path="no-slash")[1] == 400


def test_tags_of_a_user(iam):
    iam.create_user(UserName="tagged")
    iam.tag_user(UserName="tagged", Tags=[{"Key": "a", "Value": "1"}, {"Key": "b", "Value": ""}])
    iam.tag_user(UserName="tagged", Tags=[{"Key": "a", "Value": "2"}])
    assert iam.list_user_tags(UserName="tagged")["Tags"] == [
        {"Key": "a", "Value": "2"}, {"Key": "b", "Value": ""}]
    iam.untag_user(UserName="tagged", TagKeys=["b", "never"])
    assert iam.list_user_tags(UserName="tagged") ["Tags"] == [{"Key": "a", "Value": "2"}]
    many = [{"Key": f"k{at}", "Value": "v"} for at in range(50)]
    assert refused(iam.tag_user, UserName="tagged", Tags=many)[:2] == ("LimitExceeded", 409)
    assert refused(iam.tag_user, UserName="tagged", Tags=[{"Key": "aws:x", "Value": "v"}])[1] == 400
    assert refused(iam.tag_user, UserName="tagged", Tags=[{"Key": "A", "Value": "1"}, {"Key": "a", "Value": "2"}])[1] == 400
    assert refused(iam.tag_user, UserName="absent", Tags=[{"Key": "a", "Value": "1"}]) == NO_USER
    assert refused(iam.untag_user, UserName="absent", TagKeys=["a"]) == NO_USER


def test_lists_come_in_pages_and_by_path(iam):
    for at in range(7):
        iam.create_user(UserName=f"page{at}", Path="/pages/" if at < 5 else "/pages/deep/")
    names, marker = [], {}
    while True:
        page = iam.list_users(PathPrefix="/pages/", MaxItems=3, **marker)
        assert len(page["Users"]) <= 3
        names += [user["UserName"] for user in page["Users"]]
        if not page["IsTruncated"]:
            assert "Marker" not in page
            break
        marker = {"Marker": page["Marker"]}
    assert names == [f"page{at}" for at in range(7)]
    assert len(iam.list_users(PathPrefix="/pages/deep/")["Users"]) == 2
    # Tags are not part of the list.
    assert all("Tags" not in user for user in iam.list_users()["Users"])
    assert refused(iam.list_users, Marker="made up")[:2] == ("ValidationError", 400)
    assert refused(iam.list_users, MaxItems=1001)[1] == 400
    assert refused(iam.list_users, PathPrefix="pages")[1] == 400


def test_groups_and_who_is_in_them(iam, account):
    made = iam.create_group(GroupName="Admins", Path="/staff/")["Group"]
    assert made["Arn"] == f"arn:aws:iam::{account}:group/staff/Admins"
    assert made["GroupId"].startswith("AGPA")
    assert refused(iam.create_group, GroupName="admins")[:2] == ("EntityAlreadyExists", 409)
    for name in ("g1", "g2", "g3"):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="Admins", UserName=name)
    iam.add_user_to_group(GroupName="Admins", UserName="g1")  # again is no fault
    page = iam.get_group(GroupName="Admins", MaxItems=2)
    assert (page["Group"]["GroupId"], page["IsTruncated"]) == (made["GroupId"], True)
    rest = iam.get_group(GroupName="Admins", Marker=page["Marker"])
    assert [user["UserName"] for user in page["Users"] + rest["Users"]] == ["g1", "g2", "g3"]
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="g1")["Groups"]] == ["Admins"]
    assert [group["GroupName"] for group in iam.list_groups(PathPrefix="/staff/")["Groups"]] == ["Admins"]
    assert refused(iam.list_groups, Marker="made up")[1] == 400
    code, status, text = refused(iam.delete_group, GroupName="Admins")
    assert (code, status) == ("DeleteConflict", 409)
    assert text == "Cannot delete entity, must remove users from group first."
    code, status, text = refused(iam.delete_user, UserName="g1")
    assert (code, status, text) == (
        "DeleteConflict", 409, "Cannot delete entity, must remove users from group first.")
    iam.update_group(GroupName="Admins", NewGroupName="Chiefs", NewPath="/")
    assert iam.list_groups_for_user(UserName="g1")["Groups"][0]["Arn"] == f"arn:aws:iam::{account}:group/Chiefs"
    for name in ("g1", "g2", "g3"):
        iam.remove_user_from_group(GroupName="Chiefs", UserName=name)
    iam.remove_user_from_group(GroupName="Chiefs", UserName="g1")  # again is no fault
    assert refused(iam.remove_user_from_group, GroupName="absent", UserName="g1") == NO_GROUP
    iam.delete_group(GroupName="Chiefs")
    assert refused(iam.delete_group, GroupName="absent") == NO_GROUP
    assert refused(iam.get_group, GroupName="absent") == NO_GROUP
    assert refused(iam.update_group, GroupName="absent", NewPath="/x/") == NO_GROUP
    assert refused(iam.add_user_to_group, GroupName="absent", UserName="g1") == NO_GROUP


def test_ten_groups_are_the_most(iam):
    iam.create_user(UserName="joiner")
    for at in range(11):
        iam.create_group(GroupName=f"many{at}")
    for at in range(10):
        iam.add_user_to_group(GroupName=f"many{at}", UserName="joiner")
    assert refused(iam.add_user_to_group, GroupName="many10", UserName="joiner") == (
        "LimitExceeded", 409, "Cannot exceed quota for GroupsPerUser: 10")


def test_access_keys_two_at_a_time_rotate(server, iam):
    iam.create_user(UserName="keys")
    iam.put_user_policy(UserName="keys", PolicyName="own", PolicyDocument=allow("kms:ListKeys"))
    first = iam.create_access_key(UserName="keys")["AccessKey"]
    assert first["Status"] == "Active" and len(first["SecretAccessKey"]) == 40
    assert first["AccessKeyId"].startswith("AKIA") and len(first["AccessKeyId"]) == 20
    second = iam.create_access_key(UserName="keys")["AccessKey"]
    assert refused(iam.create_access_key, UserName="keys") == (
        "LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2")
    listed = iam.list_access_keys(UserName="keys")["AccessKeyMetadata"]
    assert [key["AccessKeyId"] for key in listed] == [first["AccessKeyId"], second["AccessKeyId"]]
    assert all("SecretAccessKey" not in key for key in listed)
    old, new = (Login(server, key["AccessKeyId"], key["SecretAccessKey"]).client("kms") for key in (first, second))
    old.list_keys(), new.list_keys()
    used = iam.get_access_key_last_used(AccessKeyId=first["AccessKeyId"])
    assert used["UserName"] == "keys"
    last = used["AccessKeyLastUsed"]
    assert (last["ServiceName"], last["Region"]) in {("kms", REGION), ("N/A", "N/A")}
    iam.update_access_key(UserName="keys", AccessKeyId=first["AccessKeyId"], Status="Inactive")
    stranger = ("UnrecognizedClientException", 400, "The security token included in the request is invalid.")
    assert refused(old.list_keys)[0] == stranger[0]
    iam.update_access_key(UserName="keys", AccessKeyId=first["AccessKeyId"], Status="Active")
    old.list_keys()
    iam.delete_access_key(UserName="keys", AccessKeyId=first["AccessKeyId"])
    assert refused(old.list_keys)[0] == stranger[0]
    new.list_keys()
    absent = "The Access Key with id {} cannot be found"
    for call, rest in ((iam.delete_access_key, {}), (iam.update_access_key, {"Status": "Active"})):
        code, status, text = refused(call, UserName="keys", AccessKeyId=first["AccessKeyId"], **rest)
        assert (code, status) == ("NoSuchEntity", 404)
        assert text.startswith(absent.format(first["AccessKeyId"]))
    assert refused(iam.update_access_key, UserName="keys", AccessKeyId=second["AccessKeyId"], Status="Off")[1] == 400
    assert refused(iam.create_access_key, UserName="absent") == NO_USER
    assert refused(iam.list_access_keys, UserName="absent") == NO_USER
    assert refused(iam.get_access_key_last_used, AccessKeyId="AKIANOSUCHKEY0000000")[1] in (403, 404)
    assert refused(iam.delete_user, UserName="keys") == (
        "DeleteConflict", 409, "Cannot delete entity, must delete access keys first.")


def test_a_user_of_the_same_name_inherits_nothing(server, iam):
    iam.create_user(UserName="twin")
    iam.put_user_policy(UserName="twin", PolicyName="own", PolicyDocument=allow("kms:*"))
    key = iam.create_access_key(UserName="twin")["AccessKey"]
    kms = Login(server, key["AccessKeyId"], key["SecretAccessKey"]).client("kms")
    kms.list_keys()
    iam.delete_access_key(UserName="twin", AccessKeyId=key["AccessKeyId"])
    iam.delete_user_policy(UserName="twin", PolicyName="own")
    iam.delete_user(UserName="twin")
    iam.create_user(UserName="twin")
    key = iam.create_access_key(UserName="twin")["AccessKey"]
    kms = Login(server, key["AccessKeyId"], key["SecretAccessKey"]).client("kms")
    code, _, text = refused(kms.list_keys)
    assert code == "AccessDeniedException" and "no identity-based policy allows the kms:ListKeys action" in text


def test_the_accounts_name(iam):
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="our-house")
    assert iam.list_account_aliases()["AccountAliases"] == ["our-house"]
    assert refused(iam.create_account_alias, AccountAlias="-x")[1] == 400
    iam.create_account_alias(AccountAlias="other-house")
    assert iam.list_account_aliases()["AccountAliases"] == ["other-house"]
    assert refused(iam.delete_account_alias, AccountAlias="our-house")[:2] == ("NoSuchEntity", 404)
    iam.delete_account_alias(AccountAlias="other-house")
    assert iam.list_account_aliases()["AccountAliases"] == []
    assert refused(iam.list_account_aliases, MaxItems=0)[1] == 400


def test_the_summary_counts(iam):
    before = iam.get_account_summary()["SummaryMap"]
    iam.create_user(UserName="counted")
    iam.create_group(GroupName="counted")
    after = iam.get_account_summary()["SummaryMap"]
    assert (after["Users"], after["Groups"]) == (before["Users"] + 1, before["Groups"] + 1)
    assert (after["AccessKeysPerUserQuota"], after["GroupsPerUserQuota"]) == (2, 10)
    assert after["AttachedPoliciesPerUserQuota"] == 10 and after["VersionsPerPolicyQuota"] == 5
    assert after["AccountAccessKeysPresent"] == 1


def test_what_is_always_empty_is_an_empty_list(iam):
    """Terraform asks for these before it deletes a user or a role."""
    iam.create_user(UserName="bare")
    iam.create_role(RoleName="bare", AssumeRolePolicyDocument=trust("*"))
    assert iam.list_ssh_public_keys(UserName="bare")["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName="bare")["Certificates"] == []
    assert iam.list_service_specific_credentials(UserName="bare")["ServiceSpecificCredentials"] == []
    assert iam.list_instance_profiles_for_role(RoleName="bare")["InstanceProfiles"] == []
    for call in (iam.list_ssh_public_keys, iam.list_signing_certificates, iam.list_service_specific_credentials):
        assert refused(call, UserName="absent") == NO_USER
    assert refused(iam.list_instance_profiles_for_role, RoleName="absent")[:2] == ("NoSuchEntity", 404)


def test_without_permission_it_is_denied_whether_there_is_one_or_not(server, iam, account):
    iam.create_user(UserName="plain")
    key = iam.create_access_key(UserName="plain")["AccessKey"]
    own = Login(server, key["AccessKeyId"], key["SecretAccessKey"]).client("iam")
    texts = []
    for name in ("plain", "absent"):
        code, status, text = refused(own.create_access_key, UserName=name)
        assert (code, status) == ("AccessDenied", 403)
        texts.append(text.replace(name + " because", "X because"))
    assert texts[0] == texts[1] == (
        f"User: arn:aws:iam::{account}:user/plain is not authorized to perform: iam:CreateAccessKey on resource: "
        "user X because no identity-based policy allows the iam:CreateAccessKey action")
    assert refused(own.get_account_summary)[0] == "AccessDenied"


def test_a_user_as_terraform_makes_and_destroys_it(server, iam):
    """aws_iam_user with force_destroy and aws_iam_access_key: the provider's documented sequence of calls."""
    iam.create_user(UserName="tf", Path="/", Tags=[{"Key": "Name", "Value": "tf"}])
    assert iam.get_user(UserName="tf")["User"]["Tags"] == [{"Key": "Name", "Value": "tf"}]
    key = iam.create_access_key(UserName="tf")["AccessKey"]
    assert iam.list_access_keys(UserName="tf")["AccessKeyMetadata"][0]["AccessKeyId"] == key["AccessKeyId"]
    iam.update_user(UserName="tf", NewUserName="tf", NewPath="/changed/")
    for group in iam.list_groups_for_user(UserName="tf")["Groups"]:
        iam.remove_user_from_group(UserName="tf", GroupName=group["GroupName"])
    for key in iam.list_access_keys(UserName="tf")["AccessKeyMetadata"]:
        iam.delete_access_key(UserName="tf", AccessKeyId=key["AccessKeyId"])
    for method, field in (("list_ssh_public_keys", "SSHPublicKeys"), ("list_mfa_devices", "MFADevices"),
                          ("list_signing_certificates", "Certificates"),
                          ("list_service_specific_credentials", "ServiceSpecificCredentials")):
        assert getattr(iam, method)(UserName="tf")[field] == []
    assert refused(iam.delete_login_profile, UserName="tf")[:2] == ("NoSuchEntity", 404)
    iam.delete_user(UserName="tf")


def test_dates_are_of_now(iam):
    made = iam.create_user(UserName="dated")["User"]["CreateDate"]
    assert abs((datetime.datetime.now(datetime.timezone.utc) - made).total_seconds()) < 60


def test_the_command_line_client(server):
    from conftest import aws

    outcome = aws(server, "iam", "create-user", "--user-name", "cli", "--tags", "Key=a,Value=b")
    assert json.loads(outcome.stdout)["User"]["UserName"] == "cli", outcome.stderr
    outcome = aws(server, "iam", "create-access-key", "--user-name", "cli")
    assert json.loads(outcome.stdout)["AccessKey"]["Status"] == "Active", outcome.stderr
    outcome = aws(server, "iam", "list-users", "--query", "Users[?UserName=='cli'].UserName")
    assert json.loads(outcome.stdout) == ["cli"], outcome.stderr
    outcome = aws(server, "iam", "create-user", "--user-name", "cli")
    assert "(EntityAlreadyExists) when calling the CreateUser operation: User with name cli already exists." in (
        outcome.stderr)
