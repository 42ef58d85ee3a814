"""Passwords, MFA devices, reports on credentials, as boto3 sees them.

Expected codes, statuses and columns are those of AWS's IAM API Reference and IAM User Guide; codes of devices are
computed here, after RFC 6238.
"""

import base64
import csv
import io
import time

import pytest

from identities import Device, Login, allow, refused, totp, trust

WRONG_CODE = ("InvalidAuthenticationCode", 403, "Authentication code for device is not valid.")
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


def test_the_codes_that_are_computed_here_are_those_of_rfc_6238():
    """Appendix B, SHA-1: the last six digits of the eight that stand there, at each of its times."""
    seed = base64.b32encode(b"12345678901234567890").decode()
    for seconds, code in ((59, "287082"), (1111111109, "081804"), (1111111111, "050471"),
                          (1234567890, "005924"), (2000000000, "279037"), (20000000000, "353130")):
        assert totp(seed, seconds // 30) == code


def test_peer_13_a_code_is_taken_once_whatever_it_was_used_for(server, iam):
    twice = login(server, iam, "twice")
    device = Device(server, "twice")
    used = totp(device.seed, device.step)
    denied = ("AccessDenied", 403)
    get = twice.client().get_session_token
    # Used to enable the device, and so not a proof any more.
    assert refused(get, SerialNumber=device.serial, TokenCode=used)[:2] == denied
    code = device.code()
    # Somebody else proves nothing by it, and does not use it up either.
    other = login(server, iam, "other-twice")
    assert refused(other.client().get_session_token, SerialNumber=device.serial, TokenCode=code)[:2] == denied
    get(SerialNumber=device.serial, TokenCode=code)
    assert refused(get, SerialNumber=device.serial, TokenCode=code)[:2] == denied
    # Nor does switching the device off bring its codes back.
    iam.deactivate_mfa_device(UserName="twice", SerialNumber=device.serial)
    assert refused(
        iam.enable_mfa_device, UserName="twice", SerialNumber=device.serial,
        AuthenticationCode1=totp(device.seed, device.step - 1), AuthenticationCode2=code) == WRONG_CODE


def test_codes_cannot_be_guessed(server, iam):
    iam.create_user(UserName="guessed")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="guessed")["VirtualMFADevice"]
    seed, serial = made["Base32StringSeed"], made["SerialNumber"]

    def enable(first, second):
        return refused(
            iam.enable_mfa_device, UserName="guessed", SerialNumber=serial, AuthenticationCode1=first,
            AuthenticationCode2=second)

    step = int(time.time()) // 30
    right = [totp(seed, at) for at in range(step - 30, step + 31)]
    wrong = next(f"{at:06}" for at in range(1_000_000) if f"{at:06}" not in right)
    # Each by itself is right; they are not in a row, or in the wrong order, or from too long ago.
    for pair in ((totp(seed, step), totp(seed, step)), (totp(seed, step), totp(seed, step - 1)),
                 (totp(seed, step - 100), totp(seed, step - 99)), (wrong, totp(seed, step)),
                 (totp(seed, step - 1), wrong)):
        assert enable(*pair) == WRONG_CODE, pair
    # After so many nothing is right for a while, and it looks the same.
    assert enable(totp(seed, step - 1), totp(seed, step)) == WRONG_CODE
    assert iam.list_mfa_devices(UserName="guessed")["MFADevices"] == []
    for malformed in ("12345", "1234567", "12345a", ""):
        code, status, text = enable(malformed, "123456")
        assert (code, status) == ("ValidationError", 400) and "'authenticationCode1'" in text
        assert not malformed or malformed not in text, "what may be a code is not told back"


def test_a_device_belongs_to_one_user_at_a_time(server, iam, account):
    for name in ("holder", "other-holder"):
        iam.create_user(UserName=name)
    device = Device(server, "holder")
    # The next two, which are good already: a clock may be ahead.
    codes = {f"AuthenticationCode{at}": totp(device.seed, device.step + at) for at in (1, 2)}
    assert refused(iam.enable_mfa_device, UserName="other-holder", SerialNumber=device.serial, **codes)[:2] == (
        "EntityAlreadyExists", 409)
    for call in (iam.deactivate_mfa_device, iam.get_mfa_device):
        assert refused(call, UserName="other-holder", SerialNumber=device.serial)[:2] == ("NoSuchEntity", 404)
    assert refused(iam.resync_mfa_device, UserName="other-holder", SerialNumber=device.serial, **codes)[:2] == (
        "NoSuchEntity", 404)
    assert refused(iam.delete_virtual_mfa_device, SerialNumber=device.serial) == (
        "DeleteConflict", 409, "MFA VirtualDevice in use. Must deactivate first.")
    absent = f"arn:aws:iam::{account}:mfa/absent"
    for call in (iam.enable_mfa_device, iam.resync_mfa_device):
        assert refused(call, UserName="holder", SerialNumber=absent, **codes)[:2] == ("NoSuchEntity", 404)
        assert refused(call, UserName="absent", SerialNumber=device.serial, **codes) == NO_USER
    assert refused(iam.deactivate_mfa_device, UserName="absent", SerialNumber=device.serial) == NO_USER
    # Those codes would have been good from the holder; its new name does not part them.
    iam.resync_mfa_device(UserName="holder", SerialNumber=device.serial, **codes)
    iam.update_user(UserName="holder", NewUserName="holder-again")
    assert iam.get_mfa_device(SerialNumber=device.serial)["UserName"] == "holder-again"
    assert iam.list_mfa_devices(UserName="holder-again")["MFADevices"][0]["UserName"] == "holder-again"


def test_devices_are_made_tagged_and_listed(iam, account):
    arn = f"arn:aws:iam::{account}:mfa"
    made = [iam.create_virtual_mfa_device(VirtualMFADeviceName=f"listed{at}", Path="/listed/")["VirtualMFADevice"]
            for at in range(3)]
    assert [device["SerialNumber"] for device in made] == [f"{arn}/listed/listed{at}" for at in range(3)]
    # 64 letters of base32, as AWS's; each its own.
    seeds = {device["Base32StringSeed"] for device in made}
    assert len(seeds) == 3 and all(len(base64.b32decode(seed)) == 40 for seed in seeds)
    assert refused(iam.create_virtual_mfa_device, VirtualMFADeviceName="listed0", Path="/listed/") == (
        "EntityAlreadyExists", 409, "MFADevice entity at the same path and name already exists.")
    found, more = [], {}
    while True:
        page = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned", MaxItems=2, **more)
        found += page["VirtualMFADevices"]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["Marker"]}
    ours = [device for device in found if "/listed/" in device["SerialNumber"]]
    assert [device["SerialNumber"] for device in ours] == [device["SerialNumber"] for device in made]
    assert all("Base32StringSeed" not in device and "QRCodePNG" not in device for device in found)
    assert refused(iam.list_virtual_mfa_devices, AssignmentStatus="Any", **more)[:2] == ("ValidationError", 400)
    serial = made[0]["SerialNumber"]
    iam.tag_mfa_device(SerialNumber=serial, Tags=[{"Key": f"k{at}", "Value": str(at)} for at in range(3)])
    page = iam.list_mfa_device_tags(SerialNumber=serial, MaxItems=2)
    rest = iam.list_mfa_device_tags(SerialNumber=serial, Marker=page["Marker"])
    assert [tag["Key"] for tag in page["Tags"] + rest["Tags"]] == ["k0", "k1", "k2"]
    assert refused(iam.tag_mfa_device, SerialNumber=serial, Tags=[
        {"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]) == (
            "InvalidInput", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    for wrong in ("", "a b", "a/b"):
        assert refused(iam.create_virtual_mfa_device, VirtualMFADeviceName=wrong)[:2] == ("ValidationError", 400)
    absent = f"{arn}/absent"
    for call in (iam.delete_virtual_mfa_device, iam.list_mfa_device_tags):
        assert refused(call, SerialNumber=absent) == (
            "NoSuchEntity", 404, f"VirtualMFADevice with serial number {absent} doesn't exist.")


def test_a_login_profile_belongs_to_the_user_whatever_its_name(server, iam):
    mover = login(server, iam, "mover", allow("iam:ChangePassword", "iam:GetLoginProfile")).client("iam")
    absent = ("NoSuchEntity", 404, "Login Profile for User mover cannot be found.")
    assert refused(mover.change_password, OldPassword=GOOD, NewPassword=BETTER)[:2] in {
        ("AccessDenied", 403), absent[:2]}
    iam.create_login_profile(UserName="mover", Password=GOOD)
    made = mover.get_login_profile()["LoginProfile"]
    iam.update_user(UserName="mover", NewUserName="moved")
    assert mover.get_login_profile()["LoginProfile"] == {**made, "UserName": "moved"}
    mover.change_password(OldPassword=GOOD, NewPassword=BETTER)
    iam.create_user(UserName="mover")
    assert refused(iam.get_login_profile, UserName="mover") == absent
    for call, rest in ((iam.get_login_profile, {}), (iam.delete_login_profile, {}),
                       (iam.update_login_profile, {"Password": GOOD})):
        assert refused(call, UserName="absent", **rest) == NO_USER
    # The root user's password is not one of IAM's.
    assert refused(iam.change_password, OldPassword=GOOD, NewPassword=BETTER) == (
        "InvalidUserType", 400, "User type is not valid for this operation.")


def test_passwords_cannot_be_guessed_by_changing_them(server, iam):
    prey = login(server, iam, "prey", allow("iam:ChangePassword")).client("iam")
    iam.create_login_profile(UserName="prey", Password=GOOD)
    wrong = ("AccessDenied", 403, "The old password was incorrect.")
    for at in range(5):
        assert refused(prey.change_password, OldPassword=f"Guess-Number-{at}", NewPassword=BETTER) == wrong
    assert refused(prey.change_password, OldPassword=GOOD, NewPassword=BETTER) == wrong


def test_who_may_change_the_own_password(server, iam):
    """Without a policy of its own a user may only where the account's rules say so; a Deny is above that."""
    plain, barred = (login(server, iam, name, policy).client("iam") for name, policy in (
        ("plainly", None), ("barred", allow("iam:ChangePassword", effect="Deny"))))
    for name in ("plainly", "barred"):
        iam.create_login_profile(UserName=name, Password=GOOD)
    change = {"OldPassword": GOOD, "NewPassword": BETTER}
    iam.update_account_password_policy(AllowUsersToChangePassword=False)
    assert refused(plain.change_password, **change)[:2] == ("AccessDenied", 403)
    iam.update_account_password_policy(AllowUsersToChangePassword=True)
    assert refused(barred.change_password, **change)[:2] == ("AccessDenied", 403)
    plain.change_password(**change)
    iam.delete_account_password_policy()


def test_a_password_policy_that_is_given_anew_forgets_the_old_one(iam, account):
    """UpdateAccountPasswordPolicy: "This operation does not support partial updates"; defaults of its parameters."""
    iam.update_account_password_policy(MinimumPasswordLength=20, RequireSymbols=True, MaxPasswordAge=30)
    iam.update_account_password_policy(RequireNumbers=True)
    assert iam.get_account_password_policy()["PasswordPolicy"] == {
        "MinimumPasswordLength": 6, "RequireSymbols": False, "RequireNumbers": True,
        "RequireUppercaseCharacters": False, "RequireLowercaseCharacters": False,
        "AllowUsersToChangePassword": False, "ExpirePasswords": False}
    iam.create_user(UserName="ruled-anew")
    assert refused(iam.create_login_profile, UserName="ruled-anew", Password="letters-only")[:2] == (
        "PasswordPolicyViolation", 400)
    iam.create_login_profile(UserName="ruled-anew", Password="letters-and-1")
    iam.delete_account_password_policy()
    assert refused(iam.delete_account_password_policy) == (
        "NoSuchEntity", 404, "The account policy with name PasswordPolicy cannot be found.")
