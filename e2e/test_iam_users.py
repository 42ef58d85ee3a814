"""Users, groups, access keys and the account, as boto3 and Terraform see them.

Expected codes, statuses and texts are those of AWS's IAM API Reference and of answers of AWS that are public.
"""

import datetime
import json

import pytest

from conftest import REGION
from identities import Device, Login, allow, refused, trust

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


def test_peer_26_a_user_of_the_same_name_inherits_nothing(server, iam):
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


def test_what_a_user_still_has_stands_in_the_way_of_its_end(server, iam):
    """One thing after the other, each with AWS's text; a permissions boundary and tags go along."""
    arn = iam.create_policy(PolicyName="in-the-way", PolicyDocument=allow("kms:ListKeys"))["Policy"]["Arn"]
    iam.create_user(UserName="full", PermissionsBoundary=arn, Tags=[{"Key": "a", "Value": "b"}])
    iam.create_group(GroupName="full")
    iam.create_login_profile(UserName="full", Password="Correct-Horse-7")
    key = iam.create_access_key(UserName="full")["AccessKey"]["AccessKeyId"]
    device = Device(server, "full")
    iam.put_user_policy(UserName="full", PolicyName="own", PolicyDocument=allow("kms:ListKeys"))
    iam.attach_user_policy(UserName="full", PolicyArn=arn)
    iam.add_user_to_group(GroupName="full", UserName="full")
    for text, remove, rest in (
        ("must delete login profile first.", iam.delete_login_profile, {}),
        ("must delete access keys first.", iam.delete_access_key, {"AccessKeyId": key}),
        ("must delete MFA device first.", iam.deactivate_mfa_device, {"SerialNumber": device.serial}),
        ("must delete policies first.", iam.delete_user_policy, {"PolicyName": "own"}),
        ("must detach all policies first.", iam.detach_user_policy, {"PolicyArn": arn}),
        ("must remove users from group first.", iam.remove_user_from_group, {"GroupName": "full"}),
    ):
        assert refused(iam.delete_user, UserName="full") == (
            "DeleteConflict", 409, "Cannot delete entity, " + text)
        remove(UserName="full", **rest)
    iam.delete_user(UserName="full")
    assert refused(iam.get_user, UserName="full")[:2] == ("NoSuchEntity", 404)
    # The boundary was let go of, so that its policy can be deleted.
    iam.delete_policy(PolicyArn=arn)


def test_what_a_group_still_has_stands_in_the_way_of_its_end(iam):
    arn = iam.create_policy(PolicyName="in-the-groups-way", PolicyDocument=allow("kms:ListKeys"))["Policy"]["Arn"]
    iam.create_group(GroupName="laden")
    iam.create_user(UserName="laden")
    iam.add_user_to_group(GroupName="laden", UserName="laden")
    iam.put_group_policy(GroupName="laden", PolicyName="own", PolicyDocument=allow("kms:ListKeys"))
    iam.attach_group_policy(GroupName="laden", PolicyArn=arn)
    for text, remove, rest in (
        ("must remove users from group first.", iam.remove_user_from_group, {"UserName": "laden"}),
        ("must delete policies first.", iam.delete_group_policy, {"PolicyName": "own"}),
        ("must detach all policies first.", iam.detach_group_policy, {"PolicyArn": arn}),
    ):
        assert refused(iam.delete_group, GroupName="laden") == (
            "DeleteConflict", 409, "Cannot delete entity, " + text)
        remove(GroupName="laden", **rest)
    iam.delete_group(GroupName="laden")


def test_names_are_told_apart_by_letters_and_not_by_their_case(iam):
    for make, change, what, field in (
        (iam.create_user, iam.update_user, "User", "UserName"),
        (iam.create_group, iam.update_group, "Group", "GroupName"),
    ):
        make(**{field: "Case"})
        make(**{field: "Other"})
        for name in ("Case", "case", "CASE"):
            assert refused(make, **{field: name}) == (
                "EntityAlreadyExists", 409, f"{what} with name {name} already exists.")
        assert refused(change, **{field: "Other", f"New{field}": "cASE"}) == (
            "EntityAlreadyExists", 409, f"{what} with name cASE already exists.")
        # To write one's own name otherwise is no clash.
        change(**{field: "case", f"New{field}": "CaSe"})
    assert iam.get_user(UserName="CASE")["User"]["UserName"] == "CaSe"
    assert iam.get_group(GroupName="CASE")["Group"]["GroupName"] == "CaSe"
    # All letters that AWS allows, up to 64 of them (groups: 128).
    for name in ("a+b=c,d.e@f-g_h", "x" * 64):
        assert iam.create_user(UserName=name)["User"]["UserName"] == name
        assert iam.get_user(UserName=name)["User"]["Arn"].endswith("/" + name)
    assert iam.create_group(GroupName="g" * 128)["Group"]["GroupName"] == "g" * 128
    code, status, text = refused(iam.create_group, GroupName="g" * 129)
    assert (code, status) == ("ValidationError", 400) and "'groupName'" in text


def test_rights_go_by_who_it_is_and_not_by_the_name(server, iam, account):
    """Own, attached and group rights outlive a new name of user and group; a newcomer by an old name has none."""
    arn = iam.create_policy(PolicyName="aliases", PolicyDocument=allow("kms:ListAliases"))["Policy"]["Arn"]
    iam.create_user(UserName="old-name")
    iam.create_group(GroupName="old-group")
    iam.put_user_policy(UserName="old-name", PolicyName="own", PolicyDocument=allow("kms:ListKeys"))
    iam.attach_user_policy(UserName="old-name", PolicyArn=arn)
    iam.put_group_policy(GroupName="old-group", PolicyName="own", PolicyDocument=allow("iam:ListUsers"))
    iam.add_user_to_group(GroupName="old-group", UserName="old-name")
    key = iam.create_access_key(UserName="old-name")["AccessKey"]
    somebody = Login(server, key["AccessKeyId"], key["SecretAccessKey"])

    def uses():
        somebody.client("kms").list_keys(), somebody.client("kms").list_aliases()
        somebody.client("iam").list_users()

    uses()
    iam.update_user(UserName="old-name", NewUserName="new-name", NewPath="/p/")
    iam.update_group(GroupName="old-group", NewGroupName="new-group", NewPath="/q/")
    uses()
    assert [user["UserName"] for user in iam.get_group(GroupName="new-group")["Users"]] == ["new-name"]
    assert [group["Arn"] for group in iam.list_groups_for_user(UserName="new-name")["Groups"]] == [
        f"arn:aws:iam::{account}:group/q/new-group"]
    iam.create_user(UserName="old-name")
    iam.create_group(GroupName="old-group")
    assert iam.list_groups_for_user(UserName="old-name")["Groups"] == []
    assert iam.get_group(GroupName="old-group")["Users"] == []
    assert iam.list_user_policies(UserName="old-name")["PolicyNames"] == []
    key = iam.create_access_key(UserName="old-name")["AccessKey"]
    newcomer = Login(server, key["AccessKeyId"], key["SecretAccessKey"])
    for call in (newcomer.client("kms").list_keys, newcomer.client("kms").list_aliases):
        assert refused(call)[0] == "AccessDeniedException"
    assert refused(newcomer.client("iam").list_users)[:2] == ("AccessDenied", 403)
    # A group that is made anew under a former member's group's name lets nobody in either.
    iam.remove_user_from_group(GroupName="new-group", UserName="new-name")
    iam.delete_group_policy(GroupName="new-group", PolicyName="own")
    iam.delete_group(GroupName="new-group")
    iam.create_group(GroupName="new-group")
    iam.put_group_policy(GroupName="new-group", PolicyName="own", PolicyDocument=allow("*"))
    assert refused(somebody.client("iam").list_users)[:2] == ("AccessDenied", 403)


def test_peer_09_every_list_comes_in_pages_that_fit_no_other_list(iam):
    iam.create_user(UserName="paged", Tags=[{"Key": f"k{at}", "Value": "v"} for at in range(5)])
    for at in range(5):
        iam.create_group(GroupName=f"paged{at}", Path="/paged/")
        iam.add_user_to_group(GroupName=f"paged{at}", UserName="paged")
        iam.create_user(UserName=f"paged{at}", Path="/paged/")
        iam.add_user_to_group(GroupName="paged0", UserName=f"paged{at}")
    numbered = [f"paged{at}" for at in range(5)]
    lists = (
        (iam.list_users, {"PathPrefix": "/paged/"}, "Users", "UserName", numbered),
        (iam.list_groups, {"PathPrefix": "/paged/"}, "Groups", "GroupName", numbered),
        (iam.list_groups_for_user, {"UserName": "paged"}, "Groups", "GroupName", numbered),
        (iam.get_group, {"GroupName": "paged0"}, "Users", "UserName", ["paged", *numbered]),
        (iam.list_user_tags, {"UserName": "paged"}, "Tags", "Key", [f"k{at}" for at in range(5)]),
    )
    markers = {}
    for call, arguments, field, name, expected in lists:
        found, more = [], {}
        while True:
            page = call(**arguments, MaxItems=2, **more)
            assert len(page[field]) <= 2
            found += [entry[name] for entry in page[field]]
            if not page["IsTruncated"]:
                break
            assert len(page[field]) == 2
            more = {"Marker": page["Marker"]}
            markers.setdefault(call, page["Marker"])
        assert found == expected, call
        for wrong in (0, -1, 1001):
            assert refused(call, **arguments, MaxItems=wrong)[:2] == ("ValidationError", 400)
    for call, arguments, *_ in lists:
        for other, marker in markers.items():
            if other is not call:
                assert refused(call, **arguments, Marker=marker)[:2] == ("ValidationError", 400), (call, other)
    # Of the same operation, but cut under another filter.
    assert refused(iam.list_users, Marker=markers[iam.list_users])[:2] == ("ValidationError", 400)
    assert refused(iam.get_group, GroupName="paged1", Marker=markers[iam.get_group])[1] == 400


def test_whom_getuser_means_without_a_name(server, iam, account):
    root = iam.get_user()["User"]
    assert (root["Arn"], root["UserId"]) == (f"arn:aws:iam::{account}:root", account)
    iam.create_user(UserName="me", Path="/a/b/")
    iam.put_user_policy(UserName="me", PolicyName="own", PolicyDocument=allow("iam:GetUser"))
    key = iam.create_access_key(UserName="me")["AccessKey"]
    own = Login(server, key["AccessKeyId"], key["SecretAccessKey"]).client("iam").get_user()["User"]
    assert (own["UserName"], own["Arn"]) == ("me", f"arn:aws:iam::{account}:user/a/b/me")


def test_refusals_in_awss_words(iam, account):
    iam.create_user(UserName="worded")
    iam.create_group(GroupName="worded")
    doubled = [{"Key": "A", "Value": "1"}, {"Key": "a", "Value": "2"}]
    system = [{"Key": "aws:x", "Value": "v"}]
    duplicate = (
        "InvalidInput", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for call, name in ((iam.tag_user, "worded"), (iam.create_user, "unmade")):
        assert refused(call, UserName=name, Tags=doubled) == duplicate
        assert refused(call, UserName=name, Tags=system)[:2] == ("InvalidInput", 400)
    assert refused(iam.get_user, UserName="unmade")[:2] == ("NoSuchEntity", 404)
    for call in (iam.add_user_to_group, iam.remove_user_from_group):
        assert refused(call, GroupName="worded", UserName="absent") == NO_USER
        assert refused(call, GroupName="absent", UserName="worded") == NO_GROUP
    absent = f"arn:aws:iam::{account}:policy/absent"
    assert refused(iam.create_user, UserName="unmade", PermissionsBoundary=absent)[:2] == ("NoSuchEntity", 404)
    assert refused(iam.list_instance_profiles_for_role, RoleName="absent") == (
        "NoSuchEntity", 404, "The role with name absent cannot be found.")
    # An alias: 3 to 63 small letters, digits and single hyphens, not at an end, and no account's number.
    for wrong in ("ab", "x" * 64, "Upper", "a--b", "-ab", "ab-", "a_b", "123456789012"):
        code, status, text = refused(iam.create_account_alias, AccountAlias=wrong)
        assert (code, status) == ("ValidationError", 400), wrong
    iam.create_account_alias(AccountAlias="house")
    assert refused(iam.create_account_alias, AccountAlias="house") == (
        "EntityAlreadyExists", 409, "The account alias house already exists.")
    assert refused(iam.delete_account_alias, AccountAlias="home")[:2] == ("NoSuchEntity", 404)
    iam.delete_account_alias(AccountAlias="house")


def test_the_summary_has_awss_lines_and_quotas(server, iam):
    """The keys of the API Reference's example of GetAccountSummary; quotas of the IAM User Guide."""
    before = iam.get_account_summary()["SummaryMap"]
    assert set(before) >= {
        "Groups", "AttachedPoliciesPerUserQuota", "Policies", "PoliciesQuota", "PolicySizeQuota",
        "PolicyVersionsInUse", "PolicyVersionsInUseQuota", "Users", "UsersQuota", "GroupsQuota",
        "GroupPolicySizeQuota", "UserPolicySizeQuota", "GroupsPerUserQuota", "AccessKeysPerUserQuota",
        "SigningCertificatesPerUserQuota", "MFADevices", "MFADevicesInUse", "AccountMFAEnabled",
        "AccountAccessKeysPresent", "AccountSigningCertificatesPresent", "AttachedPoliciesPerGroupQuota",
        "AttachedPoliciesPerRoleQuota", "VersionsPerPolicyQuota", "ServerCertificates", "ServerCertificatesQuota"}
    quotas = {
        "UsersQuota": 5000, "GroupsQuota": 300, "GroupsPerUserQuota": 10, "AccessKeysPerUserQuota": 2,
        "UserPolicySizeQuota": 2048, "GroupPolicySizeQuota": 5120, "RolePolicySizeQuota": 10240,
        "PolicySizeQuota": 6144, "VersionsPerPolicyQuota": 5, "RolesQuota": 1000, "PoliciesQuota": 1500,
        "PolicyVersionsInUseQuota": 10000, "AssumeRolePolicySizeQuota": 2048,
        "AttachedPoliciesPerUserQuota": 10, "AttachedPoliciesPerGroupQuota": 10, "AttachedPoliciesPerRoleQuota": 10}
    assert {name: before[name] for name in quotas} == quotas
    assert (before["AccountMFAEnabled"], before["AccountAccessKeysPresent"]) == (0, 1)
    iam.create_user(UserName="summed")
    arn = iam.create_policy(PolicyName="summed", PolicyDocument=allow("kms:ListKeys"))["Policy"]["Arn"]
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("kms:ListAliases"))
    iam.create_role(RoleName="summed", AssumeRolePolicyDocument=trust("*"))
    iam.create_virtual_mfa_device(VirtualMFADeviceName="summed-spare")
    Device(server, "summed")
    after = iam.get_account_summary()["SummaryMap"]
    grown = {name: after[name] - before[name] for name in after if after[name] != before[name]}
    assert grown == {"Users": 1, "Policies": 1, "PolicyVersionsInUse": 2, "Roles": 1, "MFADevices": 2, "MFADevicesInUse": 1}


def test_a_user_whom_terraform_destroys_by_force(server, iam):
    """aws_iam_user with force_destroy: every list of what it may have, each thing taken, then the user itself."""
    arn = iam.create_policy(PolicyName="forced", PolicyDocument=allow("kms:ListKeys"))["Policy"]["Arn"]
    iam.create_user(UserName="forced", Path="/tf/", PermissionsBoundary=arn, Tags=[{"Key": "a", "Value": "1"}])
    iam.tag_user(UserName="forced", Tags=[{"Key": "b", "Value": "2"}])
    iam.untag_user(UserName="forced", TagKeys=["a"])
    read = iam.get_user(UserName="forced")["User"]
    assert read["Tags"] == iam.list_user_tags(UserName="forced")["Tags"] == [{"Key": "b", "Value": "2"}]
    assert read["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy", "PermissionsBoundaryArn": arn}
    iam.create_group(GroupName="forced")
    iam.add_user_to_group(GroupName="forced", UserName="forced")
    iam.attach_user_policy(UserName="forced", PolicyArn=arn)
    iam.put_user_policy(UserName="forced", PolicyName="own", PolicyDocument=allow("kms:ListKeys"))
    iam.create_access_key(UserName="forced")
    iam.create_login_profile(UserName="forced", Password="Correct-Horse-7")
    Device(server, "forced")
    me = {"UserName": "forced"}
    for group in iam.list_groups_for_user(**me)["Groups"]:
        iam.remove_user_from_group(**me, GroupName=group["GroupName"])
    for policy in iam.list_attached_user_policies(**me)["AttachedPolicies"]:
        iam.detach_user_policy(**me, PolicyArn=policy["PolicyArn"])
    for name in iam.list_user_policies(**me)["PolicyNames"]:
        iam.delete_user_policy(**me, PolicyName=name)
    for key in iam.list_access_keys(**me)["AccessKeyMetadata"]:
        iam.delete_access_key(**me, AccessKeyId=key["AccessKeyId"])
    assert iam.list_ssh_public_keys(**me)["SSHPublicKeys"] == []
    for device in iam.list_mfa_devices(**me)["MFADevices"]:
        iam.deactivate_mfa_device(**me, SerialNumber=device["SerialNumber"])
    for device in iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]:
        if device["SerialNumber"].endswith("/forced"):
            iam.delete_virtual_mfa_device(SerialNumber=device["SerialNumber"])
    iam.delete_login_profile(**me)
    assert iam.list_signing_certificates(**me)["Certificates"] == []
    assert iam.list_service_specific_credentials(**me)["ServiceSpecificCredentials"] == []
    iam.delete_user(**me)
    assert refused(iam.delete_user, **me) == (
        "NoSuchEntity", 404, "The user with name forced cannot be found.")
