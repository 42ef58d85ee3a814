"""Passwords, MFA devices, reports on credentials, as boto3 sees them.

Expected codes, statuses and columns are those of AWS's IAM API Reference and IAM User Guide; codes of devices are
computed here, after RFC 6238.
"""

import csv
import io
import time

import pytest

from identities import Device, Login, allow, refused, totp, trust

NO_USER = ("NoSuchEntity", 404, "The user with name absent cannot be found.")
GOOD = "Correct-Horse-7"
BETTER = "Battery-Staple-8"


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam", validate=False)


@pytest.fixture(scope="module")
def account(server):
    return server.client("sts").get_caller_identity()["Account"]


def login(server, iam, name, policy=None):
    iam.create_user(UserName=name)
    if policy:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Login(server, key["AccessKeyId"], key["SecretAccessKey"])


def test_a_password_is_given_changed_and_taken(server, iam):
    ann = login(server, iam, "ann", allow("iam:ChangePassword")).client("iam")
    none = ("NoSuchEntity", 404, "Login Profile for User ann cannot be found.")
    assert refused(iam.get_login_profile, UserName="ann") == none
    assert refused(iam.update_login_profile, UserName="ann", Password=GOOD) == none
    assert refused(iam.delete_login_profile, UserName="ann") == none
    made = iam.create_login_profile(UserName="ann", Password=GOOD, PasswordResetRequired=True)["LoginProfile"]
    assert (made["UserName"], made["PasswordResetRequired"]) == ("ann", True)
    assert refused(iam.create_login_profile, UserName="ann", Password=GOOD) == (
        "EntityAlreadyExists", 409, "Login Profile for user ann already exists.")
    code, status, text = refused(ann.change_password, OldPassword="Wrong-Horse-7", NewPassword=BETTER)
    assert (code, status) == ("AccessDenied", 403)
    ann.change_password(OldPassword=GOOD, NewPassword=BETTER)
    assert refused(ann.change_password, OldPassword=GOOD, NewPassword="Another-One-9")[0] == "AccessDenied"
    assert refused(ann.change_password, OldPassword=BETTER, NewPassword="short")[:2] == (
        "PasswordPolicyViolation", 400)
    assert iam.get_login_profile(UserName="ann")["LoginProfile"]["PasswordResetRequired"] is False
    iam.update_login_profile(UserName="ann", Password=GOOD, PasswordResetRequired=False)
    ann.change_password(OldPassword=GOOD, NewPassword=BETTER)
    assert refused(iam.delete_user, UserName="ann")[:2] == ("DeleteConflict", 409)
    iam.delete_login_profile(UserName="ann")
    assert refused(iam.create_login_profile, UserName="absent", Password=GOOD) == NO_USER


def test_the_accounts_rules_for_passwords(iam, account):
    assert refused(iam.get_account_password_policy) == (
        "NoSuchEntity", 404, f"The Password Policy with domain name {account} cannot be found.")
    assert refused(iam.delete_account_password_policy)[:2] == ("NoSuchEntity", 404)
    iam.update_account_password_policy(
        MinimumPasswordLength=12, RequireSymbols=True, RequireNumbers=True, RequireUppercaseCharacters=True,
        RequireLowercaseCharacters=True, AllowUsersToChangePassword=True, MaxPasswordAge=90,
        PasswordReusePrevention=2, HardExpiry=False)
    read = iam.get_account_password_policy()["PasswordPolicy"]
    assert read == {
        "MinimumPasswordLength": 12, "RequireSymbols": True, "RequireNumbers": True,
        "RequireUppercaseCharacters": True, "RequireLowercaseCharacters": True, "AllowUsersToChangePassword": True,
        "ExpirePasswords": True, "MaxPasswordAge": 90, "PasswordReusePrevention": 2, "HardExpiry": False}
    for wrong in ({"MinimumPasswordLength": 5}, {"MinimumPasswordLength": 129}, {"MaxPasswordAge": 0},
                  {"PasswordReusePrevention": 25}):
        assert refused(iam.update_account_password_policy, **wrong)[:2] == ("ValidationError", 400)
    iam.create_user(UserName="ruled")
    code, status, text = refused(iam.create_login_profile, UserName="ruled", Password="Short-7x")
    assert (code, status) == ("PasswordPolicyViolation", 400)
    assert "minimum length of 12" in text and "Short-7x" not in text
    iam.create_login_profile(UserName="ruled", Password=GOOD)
    assert refused(iam.update_login_profile, UserName="ruled", Password=GOOD)[0] == "PasswordPolicyViolation"
    iam.delete_account_password_policy()
    assert refused(iam.get_account_password_policy)[0] == "NoSuchEntity"


def test_a_device_is_made_enabled_used_and_taken(server, iam, account):
    iam.create_user(UserName="mia")
    made = iam.create_virtual_mfa_device(
        VirtualMFADeviceName="phone", Path="/", Tags=[{"Key": "a", "Value": "b"}])["VirtualMFADevice"]
    serial = made["SerialNumber"]
    assert serial == f"arn:aws:iam::{account}:mfa/phone"
    assert made["QRCodePNG"].startswith(b"\x89PNG")
    assert refused(iam.create_virtual_mfa_device, VirtualMFADeviceName="phone")[:2] == ("EntityAlreadyExists", 409)
    seed, step = made["Base32StringSeed"], int(time.time()) // 30
    wrong = {"UserName": "mia", "SerialNumber": serial, "AuthenticationCode1": "000000"}
    if totp(seed, step - 1) == "000000":
        wrong["AuthenticationCode1"] = "000001"
    assert refused(iam.enable_mfa_device, **wrong, AuthenticationCode2=totp(seed, step)) == (
        "InvalidAuthenticationCode", 403, "Authentication code for device is not valid.")
    iam.enable_mfa_device(
        UserName="mia", SerialNumber=serial, AuthenticationCode1=totp(seed, step - 1),
        AuthenticationCode2=totp(seed, step))
    assert iam.list_mfa_devices(UserName="mia")["MFADevices"][0]["SerialNumber"] == serial
    assert iam.get_mfa_device(SerialNumber=serial, UserName="mia")["UserName"] == "mia"
    assert [device["SerialNumber"] for device in iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")[
        "VirtualMFADevices"]] == [serial]
    assert iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"] == []
    assert refused(iam.list_virtual_mfa_devices, AssignmentStatus="Lost")[:2] == ("ValidationError", 400)
    # The codes that were used are not taken again.
    assert refused(
        iam.resync_mfa_device, UserName="mia", SerialNumber=serial, AuthenticationCode1=totp(seed, step - 1),
        AuthenticationCode2=totp(seed, step))[0] == "InvalidAuthenticationCode"
    later = step + 1
    while int(time.time()) // 30 < later:
        time.sleep(0.2)  # a code is of half a minute
    iam.resync_mfa_device(
        UserName="mia", SerialNumber=serial, AuthenticationCode1=totp(seed, later),
        AuthenticationCode2=totp(seed, later + 1))
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": "c", "Value": "d"}])
    iam.untag_mfa_device(SerialNumber=serial, TagKeys=["a"])
    assert iam.list_mfa_device_tags(SerialNumber=serial)["Tags"] == [{"Key": "c", "Value": "d"}]
    assert refused(iam.delete_virtual_mfa_device, SerialNumber=serial)[:2] == ("DeleteConflict", 409)
    assert refused(iam.delete_user, UserName="mia")[:2] == ("DeleteConflict", 409)
    iam.deactivate_mfa_device(UserName="mia", SerialNumber=serial)
    assert refused(iam.deactivate_mfa_device, UserName="mia", SerialNumber=serial)[:2] == ("NoSuchEntity", 404)
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    absent = f"arn:aws:iam::{account}:mfa/absent"
    for call, rest in (
        (iam.delete_virtual_mfa_device, {}), (iam.list_mfa_device_tags, {}), (iam.get_mfa_device, {}),
        (iam.tag_mfa_device, {"Tags": [{"Key": "a", "Value": "b"}]}), (iam.untag_mfa_device, {"TagKeys": ["x"]}),
    ):
        assert refused(call, SerialNumber=absent, **rest)[:2] == ("NoSuchEntity", 404), call
    assert refused(iam.list_mfa_devices, UserName="absent") == NO_USER


def test_a_second_factor_opens_what_asks_for_it(server, iam):
    guarded = login(server, iam, "guarded", allow(
        "kms:ListKeys", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    assert refused(guarded.client("kms").list_keys)[0] == "AccessDeniedException"
    device = Device(server, "guarded")
    session = Login.of(server, guarded.client().get_session_token(**device.proof()))
    session.client("kms").list_keys()


def test_the_report_on_credentials(server, iam, account):
    assert refused(iam.get_credential_report)[:2] == ("ReportNotPresent", 410)
    iam.create_user(UserName="reported")
    iam.create_login_profile(UserName="reported", Password=GOOD)
    iam.create_access_key(UserName="reported")
    state = iam.generate_credential_report()["State"]
    assert state in {"STARTED", "COMPLETE"}
    report = iam.get_credential_report()
    assert report["ReportFormat"] == "text/csv"
    lines = list(csv.DictReader(io.StringIO(report["Content"].decode())))
    assert list(lines[0])[:22] == [
        "user", "arn", "user_creation_time", "password_enabled", "password_last_used", "password_last_changed",
        "password_next_rotation", "mfa_active", "access_key_1_active", "access_key_1_last_rotated",
        "access_key_1_last_used_date", "access_key_1_last_used_region", "access_key_1_last_used_service",
        "access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date",
        "access_key_2_last_used_region", "access_key_2_last_used_service", "cert_1_active", "cert_1_last_rotated",
        "cert_2_active", "cert_2_last_rotated"]
    assert lines[0]["user"] == "<root_account>"
    line = next(line for line in lines if line["user"] == "reported")
    assert (line["arn"], line["password_enabled"], line["access_key_1_active"], line["access_key_2_active"]) == (
        f"arn:aws:iam::{account}:user/reported", "true", "true", "false")
    assert GOOD not in report["Content"].decode()
    nobody = login(server, iam, "nobody").client("iam")
    assert refused(nobody.generate_credential_report)[:2] == ("AccessDenied", 403)


def test_the_whole_account_at_once(iam, account):
    arn = iam.create_policy(PolicyName="whole", PolicyDocument=allow("kms:ListKeys"))["Policy"]["Arn"]
    iam.create_group(GroupName="whole")
    iam.create_user(UserName="whole")
    iam.add_user_to_group(GroupName="whole", UserName="whole")
    iam.attach_user_policy(UserName="whole", PolicyArn=arn)
    iam.put_user_policy(UserName="whole", PolicyName="inline", PolicyDocument=allow("kms:ListAliases"))
    iam.create_role(RoleName="whole", AssumeRolePolicyDocument=trust(account))
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(
        PaginationConfig={"PageSize": 2}))
    users = {user["UserName"]: user for page in pages for user in page["UserDetailList"]}
    assert users["whole"]["GroupList"] == ["whole"]
    assert users["whole"]["AttachedManagedPolicies"] == [{"PolicyName": "whole", "PolicyArn": arn}]
    assert [policy["PolicyName"] for policy in users["whole"]["UserPolicyList"]] == ["inline"]
    assert "whole" in {role["RoleName"] for page in pages for role in page["RoleDetailList"]}
    assert "whole" in {group["GroupName"] for page in pages for group in page["GroupDetailList"]}
    only = iam.get_account_authorization_details(Filter=["LocalManagedPolicy"])
    assert (only["UserDetailList"], only["RoleDetailList"]) == ([], [])
    policy = next(policy for policy in only["Policies"] if policy["Arn"] == arn)
    assert policy["PolicyVersionList"][0]["IsDefaultVersion"] is True
    assert refused(iam.get_account_authorization_details, Filter=["Everything"])[:2] == ("ValidationError", 400)
