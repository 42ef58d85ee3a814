"""The known ways up in AWS: none works without its right, and with the right it does what it says.

The table below has the ways that are one call. Each is tried by somebody who may do everything but that one action, and
by somebody who may do everything, but not to that one resource: both are denied, and nothing has changed. Whoever has
exactly the rights that the way names, and no other, gets through: what was denied was denied for the want of them.

Ways that are more than a call (boundaries, sessions, grants, tags, what a request says of itself) follow below.

Sources: IAM User Guide and Service Authorization Reference (which action a call needs, on which resource); KMS Developer
Guide; the published collections of ways to rise in AWS, by Rhino Security Labs (2018) and those after it.
"""

import dataclasses
import json
import time
import typing

import pytest

from conftest import REGION
from identities import Device, Login, allow, refused, role, totp, trust, user
from wire import call

DENIED = {("AccessDenied", 403), ("AccessDeniedException", 400)}
PASSWORD, OTHER_PASSWORD = "Correct-Horse-7", "Correct-Horse-8"


@dataclasses.dataclass
class Way:
    """`rights` are the actions that it takes and the resources that they are asked for; `{me}` is who goes."""

    rights: list
    go: typing.Callable
    # What it changes, as the root user sees it; none for ways that only read.
    see: typing.Callable | None = None
    # For what one server has one of.
    undo: typing.Callable | None = None


def everything_but(action):
    """One action is all that is missing."""
    return json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "NotAction": action, "Resource": "*"}})


def everywhere_but(resource):
    """One resource is all that is out of reach."""
    return json.dumps({"Version": "2012-10-17", "Statement": {
        "Effect": "Allow", "Action": "*", "NotResource": resource}})


def exactly(rights):
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in rights]})


class World:
    """A server, its root user's clients, and people."""

    def __init__(self, server):
        self.server, self.made = server, 0
        self.iam, self.kms = server.client("iam"), server.client("kms")
        self.account = server.client("sts").get_caller_identity()["Account"]

    def arn(self, kind, name):
        return f"arn:aws:iam::{self.account}:{kind}/{name}"

    def name(self, beginning="p"):
        self.made += 1
        return f"{beginning}{self.made}"

    def person(self, policy=None, **settings):
        name = self.name()
        login = user(self.server, name, policy, **settings)
        login.name = name
        return login

    def prey(self):
        name = self.name("prey")
        self.iam.create_user(UserName=name)
        return name

    def group(self):
        name = self.name("group")
        self.iam.create_group(GroupName=name)
        return name

    def role(self, **settings):
        return role(self.server, self.name("role"), trust(self.account), **settings)["RoleName"]

    def policy(self, document=None):
        made = self.iam.create_policy(
            PolicyName=self.name("policy"), PolicyDocument=document or allow("*"))
        return made["Policy"]["Arn"]

    def key(self, **settings):
        return self.kms.create_key(**settings)["KeyMetadata"]["Arn"]

    def attached(self, kind, name):
        listed = getattr(self.iam, f"list_attached_{kind}_policies")(**{f"{kind.title()}Name": name})
        return [policy["PolicyArn"] for policy in listed["AttachedPolicies"]]

    def inline(self, kind, name):
        return getattr(self.iam, f"list_{kind}_policies")(**{f"{kind.title()}Name": name})["PolicyNames"]

    def boundary(self, kind, name):
        shown = getattr(self.iam, f"get_{kind}")(**{f"{kind.title()}Name": name})[kind.title()]
        return shown.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")

    def user_names(self):
        return {
            found["UserName"] for page in self.iam.get_paginator("list_users").paginate() for found in page["Users"]}

    def tags(self, name):
        return self.iam.list_user_tags(UserName=name)["Tags"]


@pytest.fixture(scope="module")
def world(server):
    return World(server)


WAYS = {}


def way(make):
    WAYS[make.__name__] = make
    return make


# Other people's credentials.

@way
def an_access_key_for_somebody_else(world):
    prey = world.prey()
    return Way(
        [("iam:CreateAccessKey", world.arn("user", prey))],
        lambda me: me.client("iam").create_access_key(UserName=prey),
        lambda _: len(world.iam.list_access_keys(UserName=prey)["AccessKeyMetadata"]))


@way
def an_access_key_that_was_switched_off(world):
    prey = world.prey()
    key = world.iam.create_access_key(UserName=prey)["AccessKey"]["AccessKeyId"]
    world.iam.update_access_key(UserName=prey, AccessKeyId=key, Status="Inactive")
    return Way(
        [("iam:UpdateAccessKey", world.arn("user", prey))],
        lambda me: me.client("iam").update_access_key(UserName=prey, AccessKeyId=key, Status="Active"),
        lambda _: world.iam.list_access_keys(UserName=prey)["AccessKeyMetadata"][0]["Status"])


@way
def a_password_for_somebody_who_has_none(world):
    prey = world.prey()
    return Way(
        [("iam:CreateLoginProfile", world.arn("user", prey))],
        lambda me: me.client("iam").create_login_profile(UserName=prey, Password=PASSWORD),
        lambda _: has_password(world, prey))


@way
def a_password_over_somebody_elses(world):
    prey = world.prey()
    world.iam.create_login_profile(UserName=prey, Password=PASSWORD)
    return Way(
        [("iam:UpdateLoginProfile", world.arn("user", prey))],
        lambda me: me.client("iam").update_login_profile(
            UserName=prey, Password=OTHER_PASSWORD, PasswordResetRequired=True),
        lambda _: world.iam.get_login_profile(UserName=prey)["LoginProfile"]["PasswordResetRequired"])


@way
def leave_for_everybody_to_change_passwords(world):
    return Way(
        [("iam:UpdateAccountPasswordPolicy", "*")],
        lambda me: me.client("iam").update_account_password_policy(AllowUsersToChangePassword=True),
        lambda _: has_password_policy(world),
        lambda: world.iam.delete_account_password_policy())


def has_password(world, name):
    try:
        return bool(world.iam.get_login_profile(UserName=name))
    except world.iam.exceptions.NoSuchEntityException:
        return False


def has_password_policy(world):
    try:
        return bool(world.iam.get_account_password_policy())
    except world.iam.exceptions.NoSuchEntityException:
        return False


# Second factors.

@way
def a_device_in_somebody_elses_name(world):
    prey = world.prey()
    serial = world.arn("mfa", prey)
    return Way(
        [("iam:CreateVirtualMFADevice", serial)],
        lambda me: me.client("iam").create_virtual_mfa_device(VirtualMFADeviceName=prey),
        lambda _: serial in serials(world))


@way
def a_device_that_is_made_with_tags(world):
    name = world.name("device")
    serial = world.arn("mfa", name)
    return Way(
        [("iam:CreateVirtualMFADevice", serial), ("iam:TagMFADevice", serial)],
        lambda me: me.client("iam").create_virtual_mfa_device(
            VirtualMFADeviceName=name, Tags=[{"Key": "team", "Value": "red"}]),
        lambda _: serial in serials(world))


@way
def a_device_of_ones_own_for_somebody_else(world):
    prey = world.prey()
    made = world.iam.create_virtual_mfa_device(VirtualMFADeviceName=prey)["VirtualMFADevice"]
    step = int(time.time()) // 30
    return Way(
        [("iam:EnableMFADevice", world.arn("user", prey))],
        lambda me: me.client("iam").enable_mfa_device(
            UserName=prey, SerialNumber=made["SerialNumber"],
            AuthenticationCode1=totp(made["Base32StringSeed"], step - 1),
            AuthenticationCode2=totp(made["Base32StringSeed"], step)),
        lambda _: len(world.iam.list_mfa_devices(UserName=prey)["MFADevices"]))


@way
def an_end_of_somebody_elses_second_factor(world):
    prey = world.prey()
    device = Device(world.server, prey)
    return Way(
        [("iam:DeactivateMFADevice", world.arn("user", prey))],
        lambda me: me.client("iam").deactivate_mfa_device(UserName=prey, SerialNumber=device.serial),
        lambda _: len(world.iam.list_mfa_devices(UserName=prey)["MFADevices"]))


@way
def an_end_of_a_device_that_waits_for_its_owner(world):
    serial = world.iam.create_virtual_mfa_device(
        VirtualMFADeviceName=world.prey())["VirtualMFADevice"]["SerialNumber"]
    return Way(
        [("iam:DeleteVirtualMFADevice", serial)],
        lambda me: me.client("iam").delete_virtual_mfa_device(SerialNumber=serial),
        lambda _: serial in serials(world))


def serials(world):
    pages = world.iam.get_paginator("list_virtual_mfa_devices").paginate()
    return {device["SerialNumber"] for page in pages for device in page["VirtualMFADevices"]}


# Policies.

@way
def a_policy_attached_to_oneself(world):
    wide = world.policy()
    return Way(
        [("iam:AttachUserPolicy", world.arn("user", "{me}"))],
        lambda me: me.client("iam").attach_user_policy(UserName=me.name, PolicyArn=wide),
        lambda me: world.attached("user", me.name))


@way
def a_policy_attached_to_ones_group(world):
    wide, group = world.policy(), world.group()
    return Way(
        [("iam:AttachGroupPolicy", world.arn("group", group))],
        lambda me: me.client("iam").attach_group_policy(GroupName=group, PolicyArn=wide),
        lambda _: world.attached("group", group))


@way
def a_policy_attached_to_a_role(world):
    wide, name = world.policy(), world.role()
    return Way(
        [("iam:AttachRolePolicy", world.arn("role", name))],
        lambda me: me.client("iam").attach_role_policy(RoleName=name, PolicyArn=wide),
        lambda _: world.attached("role", name))


ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


@way
def peer_25_the_administrators_policy_for_a_user(world):
    return Way(
        [("iam:AttachUserPolicy", world.arn("user", "{me}"))],
        lambda me: me.client("iam").attach_user_policy(UserName=me.name, PolicyArn=ADMINISTRATOR),
        lambda me: world.attached("user", me.name))


@way
def peer_25_the_administrators_policy_for_a_group(world):
    group = world.group()
    return Way(
        [("iam:AttachGroupPolicy", world.arn("group", group))],
        lambda me: me.client("iam").attach_group_policy(GroupName=group, PolicyArn=ADMINISTRATOR),
        lambda _: world.attached("group", group))


@way
def peer_25_the_administrators_policy_for_a_role(world):
    name = world.role()
    return Way(
        [("iam:AttachRolePolicy", world.arn("role", name))],
        lambda me: me.client("iam").attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR),
        lambda _: world.attached("role", name))


@way
def a_policy_written_on_oneself(world):
    return Way(
        [("iam:PutUserPolicy", world.arn("user", "{me}"))],
        lambda me: me.client("iam").put_user_policy(
            UserName=me.name, PolicyName="up", PolicyDocument=allow("*")),
        lambda me: world.inline("user", me.name))


@way
def a_policy_written_on_ones_group(world):
    group = world.group()
    return Way(
        [("iam:PutGroupPolicy", world.arn("group", group))],
        lambda me: me.client("iam").put_group_policy(
            GroupName=group, PolicyName="up", PolicyDocument=allow("*")),
        lambda _: world.inline("group", group))


@way
def a_policy_written_on_a_role(world):
    name = world.role()
    return Way(
        [("iam:PutRolePolicy", world.arn("role", name))],
        lambda me: me.client("iam").put_role_policy(
            RoleName=name, PolicyName="up", PolicyDocument=allow("*")),
        lambda _: world.inline("role", name))


@way
def another_version_of_a_policy(world):
    arn = world.policy(allow("kms:ListKeys"))
    return Way(
        [("iam:CreatePolicyVersion", arn)],
        lambda me: me.client("iam").create_policy_version(
            PolicyArn=arn, PolicyDocument=allow("*"), SetAsDefault=True),
        lambda _: world.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"])


@way
def an_older_version_of_a_policy(world):
    arn = world.policy(allow("*"))
    world.iam.create_policy_version(PolicyArn=arn, PolicyDocument=allow("kms:ListKeys"), SetAsDefault=True)
    return Way(
        [("iam:SetDefaultPolicyVersion", arn)],
        lambda me: me.client("iam").set_default_policy_version(PolicyArn=arn, VersionId="v1"),
        lambda _: world.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"])


@way
def a_place_in_a_group(world):
    group = world.group()
    world.iam.put_group_policy(GroupName=group, PolicyName="wide", PolicyDocument=allow("*"))
    return Way(
        [("iam:AddUserToGroup", world.arn("group", group))],
        lambda me: me.client("iam").add_user_to_group(GroupName=group, UserName=me.name),
        lambda _: [found["UserName"] for found in world.iam.get_group(GroupName=group)["Users"]])


# What stands in the way: a Deny, or a boundary.

@way
def an_end_of_a_deny_on_oneself(world):
    prey = world.prey()
    world.iam.put_user_policy(UserName=prey, PolicyName="no", PolicyDocument=allow("kms:*", effect="Deny"))
    return Way(
        [("iam:DeleteUserPolicy", world.arn("user", prey))],
        lambda me: me.client("iam").delete_user_policy(UserName=prey, PolicyName="no"),
        lambda _: world.inline("user", prey))


@way
def an_end_of_an_attached_deny(world):
    prey, no = world.prey(), world.policy(allow("kms:*", effect="Deny"))
    world.iam.attach_user_policy(UserName=prey, PolicyArn=no)
    return Way(
        [("iam:DetachUserPolicy", world.arn("user", prey))],
        lambda me: me.client("iam").detach_user_policy(UserName=prey, PolicyArn=no),
        lambda _: world.attached("user", prey))


@way
def a_way_out_of_a_group_that_denies(world):
    group, prey = world.group(), world.prey()
    world.iam.add_user_to_group(GroupName=group, UserName=prey)
    return Way(
        [("iam:RemoveUserFromGroup", world.arn("group", group))],
        lambda me: me.client("iam").remove_user_from_group(GroupName=group, UserName=prey),
        lambda _: [found["UserName"] for found in world.iam.get_group(GroupName=group)["Users"]])


@way
def an_end_of_a_groups_deny(world):
    group = world.group()
    world.iam.put_group_policy(GroupName=group, PolicyName="no", PolicyDocument=allow("kms:*", effect="Deny"))
    return Way(
        [("iam:DeleteGroupPolicy", world.arn("group", group))],
        lambda me: me.client("iam").delete_group_policy(GroupName=group, PolicyName="no"),
        lambda _: world.inline("group", group))


@way
def an_end_of_a_groups_attached_deny(world):
    group, no = world.group(), world.policy(allow("kms:*", effect="Deny"))
    world.iam.attach_group_policy(GroupName=group, PolicyArn=no)
    return Way(
        [("iam:DetachGroupPolicy", world.arn("group", group))],
        lambda me: me.client("iam").detach_group_policy(GroupName=group, PolicyArn=no),
        lambda _: world.attached("group", group))


@way
def an_end_of_a_roles_deny(world):
    name = world.role(policy=allow("kms:*", effect="Deny"))
    return Way(
        [("iam:DeleteRolePolicy", world.arn("role", name))],
        lambda me: me.client("iam").delete_role_policy(RoleName=name, PolicyName="own"),
        lambda _: world.inline("role", name))


@way
def an_end_of_a_roles_attached_deny(world):
    name, no = world.role(), world.policy(allow("kms:*", effect="Deny"))
    world.iam.attach_role_policy(RoleName=name, PolicyArn=no)
    return Way(
        [("iam:DetachRolePolicy", world.arn("role", name))],
        lambda me: me.client("iam").detach_role_policy(RoleName=name, PolicyArn=no),
        lambda _: world.attached("role", name))


@way
def an_end_of_a_users_boundary(world):
    prey, fence = world.prey(), world.policy(allow("kms:ListKeys"))
    world.iam.put_user_permissions_boundary(UserName=prey, PermissionsBoundary=fence)
    return Way(
        [("iam:DeleteUserPermissionsBoundary", world.arn("user", prey))],
        lambda me: me.client("iam").delete_user_permissions_boundary(UserName=prey),
        lambda _: world.boundary("user", prey))


@way
def a_wider_boundary_for_a_user(world):
    prey, fence, wide = world.prey(), world.policy(allow("kms:ListKeys")), world.policy()
    world.iam.put_user_permissions_boundary(UserName=prey, PermissionsBoundary=fence)
    return Way(
        [("iam:PutUserPermissionsBoundary", world.arn("user", prey))],
        lambda me: me.client("iam").put_user_permissions_boundary(UserName=prey, PermissionsBoundary=wide),
        lambda _: world.boundary("user", prey))


@way
def an_end_of_a_roles_boundary(world):
    name, fence = world.role(), world.policy(allow("kms:ListKeys"))
    world.iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=fence)
    return Way(
        [("iam:DeleteRolePermissionsBoundary", world.arn("role", name))],
        lambda me: me.client("iam").delete_role_permissions_boundary(RoleName=name),
        lambda _: world.boundary("role", name))


@way
def a_wider_boundary_for_a_role(world):
    name, fence, wide = world.role(), world.policy(allow("kms:ListKeys")), world.policy()
    world.iam.put_role_permissions_boundary(RoleName=name, PermissionsBoundary=fence)
    return Way(
        [("iam:PutRolePermissionsBoundary", world.arn("role", name))],
        lambda me: me.client("iam").put_role_permissions_boundary(RoleName=name, PermissionsBoundary=wide),
        lambda _: world.boundary("role", name))


# Names and tags that policies go by.

@way
def a_tag_on_oneself(world):
    return Way(
        [("iam:TagUser", world.arn("user", "{me}"))],
        lambda me: me.client("iam").tag_user(UserName=me.name, Tags=[{"Key": "team", "Value": "red"}]),
        lambda me: world.tags(me.name))


@way
def a_tag_less_on_somebody(world):
    prey = world.prey()
    world.iam.tag_user(UserName=prey, Tags=[{"Key": "barred", "Value": "yes"}])
    return Way(
        [("iam:UntagUser", world.arn("user", prey))],
        lambda me: me.client("iam").untag_user(UserName=prey, TagKeys=["barred"]),
        lambda _: world.tags(prey))


@way
def a_tag_on_a_role(world):
    name = world.role()
    return Way(
        [("iam:TagRole", world.arn("role", name))],
        lambda me: me.client("iam").tag_role(RoleName=name, Tags=[{"Key": "team", "Value": "red"}]),
        lambda _: world.iam.list_role_tags(RoleName=name)["Tags"])


@way
def a_tag_on_a_policy(world):
    arn = world.policy()
    return Way(
        [("iam:TagPolicy", arn)],
        lambda me: me.client("iam").tag_policy(PolicyArn=arn, Tags=[{"Key": "team", "Value": "red"}]),
        lambda _: world.iam.list_policy_tags(PolicyArn=arn)["Tags"])


@way
def a_user_that_is_made_with_tags(world):
    name = world.name("fresh")
    arn = world.arn("user", name)
    return Way(
        [("iam:CreateUser", arn), ("iam:TagUser", arn)],
        lambda me: me.client("iam").create_user(UserName=name, Tags=[{"Key": "team", "Value": "red"}]),
        lambda _: name in world.user_names())


@way
def a_role_that_is_made_with_tags(world):
    name = world.name("fresh")
    arn = world.arn("role", name)
    return Way(
        [("iam:CreateRole", arn), ("iam:TagRole", arn)],
        lambda me: me.client("iam").create_role(
            RoleName=name, AssumeRolePolicyDocument=trust(me.arn()), Tags=[{"Key": "team", "Value": "red"}]),
        lambda _: name in {
            found["RoleName"] for page in world.iam.get_paginator("list_roles").paginate() for found in page["Roles"]})


@way
def a_policy_that_is_made_with_tags(world):
    name = world.name("fresh")
    arn = world.arn("policy", name)
    return Way(
        [("iam:CreatePolicy", arn), ("iam:TagPolicy", arn)],
        lambda me: me.client("iam").create_policy(
            PolicyName=name, PolicyDocument=allow("*"), Tags=[{"Key": "team", "Value": "red"}]),
        lambda _: arn in {
            found["Arn"] for page in world.iam.get_paginator("list_policies").paginate(Scope="Local")
            for found in page["Policies"]})


@way
def a_user_moved_to_where_rights_are(world):
    prey, name = world.prey(), world.name("boss")
    return Way(
        [("iam:UpdateUser", world.arn("user", prey)), ("iam:UpdateUser", world.arn("user/admins", name))],
        lambda me: me.client("iam").update_user(UserName=prey, NewUserName=name, NewPath="/admins/"),
        lambda _: name in world.user_names())


@way
def a_group_moved_to_where_rights_are(world):
    group, name = world.group(), world.name("bosses")
    return Way(
        [("iam:UpdateGroup", world.arn("group", group)), ("iam:UpdateGroup", world.arn("group/admins", name))],
        lambda me: me.client("iam").update_group(GroupName=group, NewGroupName=name, NewPath="/admins/"),
        lambda _: name in {found["GroupName"] for found in world.iam.list_groups()["Groups"]})


# Roles and sessions.

@way
def trust_in_oneself(world):
    name = world.role()
    return Way(
        [("iam:UpdateAssumeRolePolicy", world.arn("role", name))],
        lambda me: me.client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust(me.arn())),
        lambda _: world.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"])


@way
def a_role_that_trusts_the_account(world):
    name = world.role()
    arn = world.arn("role", name)
    return Way(
        [("sts:AssumeRole", arn)],
        lambda me: me.client("sts").assume_role(RoleArn=arn, RoleSessionName="up"))


@way
def a_session_with_tags(world):
    both = ("sts:AssumeRole", "sts:TagSession")
    arn = role(world.server, world.name("role"), trust(world.account, *both))["Arn"]
    return Way(
        [(action, arn) for action in both],
        lambda me: me.client("sts").assume_role(
            RoleArn=arn, RoleSessionName="up", Tags=[{"Key": "team", "Value": "red"}]))


@way
def a_session_in_somebody_elses_name(world):
    both = ("sts:AssumeRole", "sts:SetSourceIdentity")
    arn = role(world.server, world.name("role"), trust(world.account, *both))["Arn"]
    return Way(
        [(action, arn) for action in both],
        lambda me: me.client("sts").assume_role(RoleArn=arn, RoleSessionName="up", SourceIdentity="ann"))


@way
def longer_sessions(world):
    name = world.role()
    return Way(
        [("iam:UpdateRole", world.arn("role", name))],
        lambda me: me.client("iam").update_role(RoleName=name, MaxSessionDuration=43_200),
        lambda _: world.iam.get_role(RoleName=name)["Role"]["MaxSessionDuration"])


# Keys.

@way
def a_key_policy_of_ones_own(world):
    key = world.key()

    def go(me):
        document = json.loads(allow("kms:*"))
        document["Statement"][0]["Principal"] = {"AWS": [me.arn(), world.account]}
        me.client("kms").put_key_policy(KeyId=key, Policy=json.dumps(document))

    return Way([("kms:PutKeyPolicy", key)], go, lambda _: world.kms.get_key_policy(KeyId=key)["Policy"])


@way
def a_grant_to_oneself(world):
    key = world.key()
    return Way(
        [("kms:CreateGrant", key)],
        lambda me: me.client("kms").create_grant(KeyId=key, GranteePrincipal=me.arn(), Operations=["Decrypt"]),
        lambda _: len(world.kms.list_grants(KeyId=key)["Grants"]))


@way
def an_end_of_somebody_elses_grant(world):
    key, prey = world.key(), world.person()
    grant = world.kms.create_grant(KeyId=key, GranteePrincipal=prey.arn(), Operations=["Decrypt"])["GrantId"]
    return Way(
        [("kms:RevokeGrant", key)],
        lambda me: me.client("kms").revoke_grant(KeyId=key, GrantId=grant),
        lambda _: len(world.kms.list_grants(KeyId=key)["Grants"]))


@way
def retirement_of_a_grant_that_is_somebody_elses(world):
    """Of those whom the grant does not name, a policy of the account that gave it decides."""
    key, prey = world.key(), world.person()
    grant = world.kms.create_grant(
        KeyId=key, GranteePrincipal=prey.arn(), RetiringPrincipal=prey.arn(), Operations=["Decrypt"])["GrantId"]
    return Way(
        [("kms:RetireGrant", key)],
        lambda me: me.client("kms").retire_grant(KeyId=key, GrantId=grant),
        lambda _: len(world.kms.list_grants(KeyId=key)["Grants"]))


@way
def a_tag_on_a_key(world):
    key = world.key()
    return Way(
        [("kms:TagResource", key)],
        lambda me: me.client("kms").tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "red"}]),
        lambda _: world.kms.list_resource_tags(KeyId=key)["Tags"])


@way
def a_tag_less_on_a_key(world):
    key = world.key(Tags=[{"TagKey": "barred", "TagValue": "yes"}])
    return Way(
        [("kms:UntagResource", key)],
        lambda me: me.client("kms").untag_resource(KeyId=key, TagKeys=["barred"]),
        lambda _: world.kms.list_resource_tags(KeyId=key)["Tags"])


@way
def a_key_that_is_made_with_tags(world):
    return Way(
        [("kms:CreateKey", "*"), ("kms:TagResource", "*")],
        lambda me: me.client("kms").create_key(Tags=[{"TagKey": "team", "TagValue": "red"}]),
        lambda _: sum(len(page["Keys"]) for page in world.kms.get_paginator("list_keys").paginate()))


def alias(world, name):
    return f"arn:aws:kms:{REGION}:{world.account}:{name}"


@way
def a_name_that_policies_go_by_for_another_key(world):
    """Policies that let whoever uses keys of a name (kms:ResourceAliases)."""
    key, name = world.key(), f"alias/{world.name('app')}"
    return Way(
        [("kms:CreateAlias", alias(world, name)), ("kms:CreateAlias", key)],
        lambda me: me.client("kms").create_alias(AliasName=name, TargetKeyId=key),
        lambda _: len(world.kms.list_aliases(KeyId=key)["Aliases"]))


@way
def peer_34_a_name_moved_to_a_key_one_may_not(world):
    old, new, name = world.key(), world.key(), f"alias/{world.name('app')}"
    world.kms.create_alias(AliasName=name, TargetKeyId=old)
    return Way(
        [("kms:UpdateAlias", alias(world, name)), ("kms:UpdateAlias", old), ("kms:UpdateAlias", new)],
        lambda me: me.client("kms").update_alias(AliasName=name, TargetKeyId=new),
        lambda _: world.kms.describe_key(KeyId=name)["KeyMetadata"]["Arn"])


@way
def peer_34_a_ciphertext_carried_over_to_ones_own_key(world):
    source, own = world.key(), world.key()
    blob = world.kms.encrypt(KeyId=source, Plaintext=b"x")["CiphertextBlob"]
    return Way(
        [("kms:ReEncryptFrom", source), ("kms:ReEncryptTo", own)],
        lambda me: me.client("kms").re_encrypt(CiphertextBlob=blob, DestinationKeyId=own))


@way
def a_ciphertext_opened(world):
    key = world.key()
    blob = world.kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    return Way(
        [("kms:Decrypt", key)],
        lambda me: me.client("kms").decrypt(CiphertextBlob=blob))


@way
def a_key_switched_on_again(world):
    key = world.key()
    world.kms.disable_key(KeyId=key)
    return Way(
        [("kms:EnableKey", key)],
        lambda me: me.client("kms").enable_key(KeyId=key),
        lambda _: world.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])


@way
def a_key_kept_from_its_end(world):
    key = world.key()
    world.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return Way(
        [("kms:CancelKeyDeletion", key)],
        lambda me: me.client("kms").cancel_key_deletion(KeyId=key),
        lambda _: world.kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"])


# What is to be read of others' rights.

@way
def what_somebody_else_may(world):
    arn = world.arn("user", world.prey())
    return Way(
        [("iam:SimulatePrincipalPolicy", arn)],
        lambda me: me.client("iam").simulate_principal_policy(
            PolicySourceArn=arn, ActionNames=["kms:Decrypt"], ResourceArns=["*"]))


@way
def what_somebody_elses_policies_ask(world):
    arn = world.arn("user", world.prey())
    return Way(
        [("iam:GetContextKeysForPrincipalPolicy", arn)],
        lambda me: me.client("iam").get_context_keys_for_principal_policy(PolicySourceArn=arn))


@way
def everything_of_the_account(world):
    return Way(
        [("iam:GetAccountAuthorizationDetails", "*")],
        lambda me: me.client("iam").get_account_authorization_details())


@way
def who_has_which_credentials(world):
    world.iam.generate_credential_report()
    return Way(
        [("iam:GetCredentialReport", "*")],
        lambda me: me.client("iam").get_credential_report())


@pytest.mark.parametrize("name", WAYS)
def test_a_way_up_needs_its_right(world, name):
    made = WAYS[name](world)
    see = made.see or (lambda _: None)
    attackers = []
    for action, resource in made.rights:
        attackers.append((world.person(everything_but(action)), action))
        if resource != "*":
            attacker = world.person()
            narrow = everywhere_but(resource.format(me=attacker.name))
            world.iam.put_user_policy(UserName=attacker.name, PolicyName="own", PolicyDocument=narrow)
            attackers.append((attacker, None))
    for attacker, lacking in attackers:
        before = see(attacker)
        code, status, text = refused(made.go, me=attacker)
        assert (code, status) in DENIED, text
        assert lacking is None or f"not authorized to perform: {lacking} on" in text, text
        assert see(attacker) == before, "nothing has changed"
    climber = world.person()
    rights = [(action, resource.format(me=climber.name)) for action, resource in made.rights]
    world.iam.put_user_policy(UserName=climber.name, PolicyName="own", PolicyDocument=exactly(rights))
    before = see(climber)
    made.go(climber)
    if made.see:
        assert see(climber) != before, "with the right it works"
    if made.undo:
        made.undo()


# Boundaries.

def test_who_may_make_users_within_a_boundary_alone(world):
    """AWS's own pattern: IAM User Guide, "Delegating responsibility to others using permissions boundaries"."""
    fence, wide = world.policy(allow("kms:ListKeys", "iam:*")), world.policy()
    within = {"StringEquals": {"iam:PermissionsBoundary": fence}}
    delegate = world.person(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Resource": "*", "Condition": within, "Action": [
            "iam:CreateUser", "iam:PutUserPolicy", "iam:AttachUserPolicy", "iam:DetachUserPolicy",
            "iam:DeleteUserPolicy", "iam:PutUserPermissionsBoundary"]},
        {"Effect": "Allow", "Resource": "*", "Action": ["iam:CreateAccessKey", "iam:GetUser"]},
        {"Effect": "Deny", "Resource": fence, "Action": [
            "iam:CreatePolicyVersion", "iam:DeletePolicy", "iam:DeletePolicyVersion", "iam:SetDefaultPolicyVersion"]},
        {"Effect": "Deny", "Resource": "*", "Action": "iam:DeleteUserPermissionsBoundary"}]}))
    iam = delegate.client("iam")
    free, bound = world.prey(), world.name("bound")
    for call, arguments in (
        (iam.create_user, {"UserName": world.name()}),
        (iam.create_user, {"UserName": world.name(), "PermissionsBoundary": wide}),
        # Who has no boundary, or another, is not theirs.
        (iam.put_user_policy, {"UserName": free, "PolicyName": "up", "PolicyDocument": allow("*")}),
        (iam.attach_user_policy, {"UserName": free, "PolicyArn": wide}),
        (iam.put_user_policy, {"UserName": delegate.name, "PolicyName": "up", "PolicyDocument": allow("*")}),
        (iam.put_user_permissions_boundary, {"UserName": free, "PermissionsBoundary": wide}),
        (iam.create_policy_version, {"PolicyArn": fence, "PolicyDocument": allow("*"), "SetAsDefault": True}),
    ):
        before = world.user_names(), world.inline("user", free), world.attached("user", free), world.inline(
            "user", delegate.name), world.boundary("user", free)
        assert refused(call, **arguments)[:2] in DENIED, (call, arguments)
        assert before == (
            world.user_names(), world.inline("user", free), world.attached("user", free), world.inline(
                "user", delegate.name), world.boundary("user", free))
    iam.create_user(UserName=bound, PermissionsBoundary=fence)
    iam.put_user_policy(UserName=bound, PolicyName="wide", PolicyDocument=allow("*"))
    iam.attach_user_policy(UserName=bound, PolicyArn=wide)
    for call, arguments in (
        (iam.put_user_permissions_boundary, {"UserName": bound, "PermissionsBoundary": wide}),
        (iam.delete_user_permissions_boundary, {"UserName": bound}),
    ):
        assert refused(call, **arguments)[:2] in DENIED
        assert world.boundary("user", bound) == fence
    # And whom they made may everything but what the boundary does not list.
    key = iam.create_access_key(UserName=bound)["AccessKey"]
    made = Login(world.server, key["AccessKeyId"], key["SecretAccessKey"])
    assert "Keys" in made.client("kms").list_keys()
    code, _, text = refused(made.client("kms").create_key)
    assert code == "AccessDeniedException" and "no permissions boundary allows" in text


def test_a_boundary_holds_for_every_way_of_being_let(world):
    """Inline, attached and by a group; by a role's session too."""
    fence, wide, group = world.policy(allow("kms:ListKeys", "sts:*")), world.policy(), world.group()
    world.iam.put_group_policy(GroupName=group, PolicyName="wide", PolicyDocument=allow("*"))
    bound = world.person(allow("*"))
    world.iam.attach_user_policy(UserName=bound.name, PolicyArn=wide)
    world.iam.add_user_to_group(GroupName=group, UserName=bound.name)
    bound.client("kms").create_key()
    world.iam.put_user_permissions_boundary(UserName=bound.name, PermissionsBoundary=fence)
    made = role(world.server, world.name("role"), trust(bound.arn()), allow("*"), PermissionsBoundary=fence)
    session = Login.of(world.server, bound.client().assume_role(RoleArn=made["Arn"], RoleSessionName="one"))
    for login in (bound, session):
        assert "Keys" in login.client("kms").list_keys()
        for service, operation in (("kms", "create_key"), ("iam", "list_users"), ("iam", "create_access_key")):
            arguments = {"UserName": bound.name} if operation == "create_access_key" else {}
            code, status, text = refused(getattr(login.client(service), operation), **arguments)
            assert (code, status) in DENIED and "boundary" in text, text
    # Nor does the boundary's end come from within.
    assert refused(bound.client("iam").delete_user_permissions_boundary, UserName=bound.name)[:2] in DENIED
    assert world.boundary("user", bound.name) == fence


def test_who_may_attach_some_policies_attaches_no_other(world):
    """The condition iam:PolicyARN, for users, groups and roles alike, to attach and to detach."""
    small, wide = world.policy(allow("kms:ListKeys")), world.policy()
    clerk = world.person(allow(
        "iam:AttachUserPolicy", "iam:AttachGroupPolicy", "iam:AttachRolePolicy", "iam:DetachUserPolicy",
        "iam:DetachGroupPolicy", "iam:DetachRolePolicy", Condition={"ArnEquals": {"iam:PolicyARN": small}}))
    for kind, name in (("user", world.prey()), ("group", world.group()), ("role", world.role())):
        attach, detach = (getattr(clerk.client("iam"), f"{verb}_{kind}_policy") for verb in ("attach", "detach"))
        named = {f"{kind.title()}Name": name}
        for arn in (wide, ADMINISTRATOR, small + "-not"):
            assert refused(attach, **named, PolicyArn=arn)[:2] in DENIED
        assert world.attached(kind, name) == []
        getattr(world.iam, f"attach_{kind}_policy")(**named, PolicyArn=wide)
        assert refused(detach, **named, PolicyArn=wide)[:2] in DENIED
        attach(**named, PolicyArn=small)
        assert set(world.attached(kind, name)) == {wide, small}
        detach(**named, PolicyArn=small)
        assert world.attached(kind, name) == [wide]


# Sessions.

def test_a_session_named_like_somebody_is_not_somebody(world):
    """`${aws:username}` is a user's name; sessions choose theirs, and so it stands for nobody in them."""
    own = allow("iam:CreateAccessKey", "iam:UpdateLoginProfile", resource="arn:aws:iam::*:user/${aws:username}")
    prey, maker = world.person(own), world.person(allow("sts:AssumeRole"))
    made = role(world.server, world.name("role"), trust(maker.arn()), own)
    session = Login.of(world.server, maker.client().assume_role(RoleArn=made["Arn"], RoleSessionName=prey.name))
    keys = lambda: len(world.iam.list_access_keys(UserName=prey.name)["AccessKeyMetadata"])
    for name in (prey.name, maker.name, made["RoleName"]):
        assert refused(session.client("iam").create_access_key, UserName=name)[:2] in DENIED
    assert keys() == 1
    prey.client("iam").create_access_key(UserName=prey.name)
    assert keys() == 2


def test_peer_20_a_narrowed_session_makes_nothing_greater(world):
    """Not of itself, not of its maker, and not by the calls that name nobody and so mean the caller's own."""
    maker = world.person(allow("*"))
    wide = world.policy()
    made = role(world.server, world.name("role"), trust(maker.arn()), allow("*"))
    next_role = role(world.server, world.name("role"), trust(made["Arn"]), allow("*"))["Arn"]
    asked = {"RoleArn": made["Arn"], "RoleSessionName": "one"}
    whole = Login.of(world.server, maker.client().assume_role(**asked))
    narrow = Login.of(world.server, maker.client().assume_role(**asked, Policy=allow("kms:ListKeys")))
    by_arn = Login.of(world.server, maker.client().assume_role(
        **asked, PolicyArns=[{"arn": world.policy(allow("kms:ListKeys"))}]))
    key, name, fresh = world.key(), made["RoleName"], world.name("fresh")
    ways = (
        ("iam", "create_access_key", {"UserName": maker.name}),
        ("iam", "create_user", {"UserName": fresh}),
        ("iam", "create_login_profile", {"UserName": maker.name, "Password": PASSWORD}),
        ("iam", "put_user_policy", {"UserName": maker.name, "PolicyName": "up", "PolicyDocument": allow("*")}),
        ("iam", "put_role_policy", {"RoleName": name, "PolicyName": "up", "PolicyDocument": allow("*")}),
        ("iam", "attach_role_policy", {"RoleName": name, "PolicyArn": wide}),
        ("iam", "update_assume_role_policy", {"RoleName": name, "PolicyDocument": trust(world.account)}),
        ("iam", "tag_role", {"RoleName": name, "Tags": [{"Key": "a", "Value": "b"}]}),
        ("kms", "create_grant", {"KeyId": key, "GranteePrincipal": made["Arn"], "Operations": ["Decrypt"]}),
        # The next role trusts this one by name; the session is less than its role.
        ("sts", "assume_role", {"RoleArn": next_role, "RoleSessionName": "two"}),
        ("sts", "get_session_token", {}),
    )

    def state():
        return (
            world.user_names(), world.iam.list_access_keys(UserName=maker.name)["AccessKeyMetadata"],
            has_password(world, maker.name), world.inline("user", maker.name), world.inline("role", name),
            world.attached("role", name), world.iam.get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"],
            world.iam.list_role_tags(RoleName=name)["Tags"],
            world.kms.list_grants(KeyId=key)["Grants"])

    before = state()
    for session in (narrow, by_arn):
        assert "Keys" in session.client("kms").list_keys()
        for service, operation, arguments in ways:
            code, status, text = refused(getattr(session.client(service), operation), **arguments)
            assert (code, status) in DENIED, (operation, text)
        # Who names nobody means itself; a role has neither access keys nor a password.
        for operation, arguments in (
            ("create_access_key", {}), ("change_password", {"OldPassword": PASSWORD, "NewPassword": OTHER_PASSWORD}),
            ("list_access_keys", {}), ("get_user", {}),
        ):
            code = refused(getattr(session.client("iam"), operation), **arguments)[0]
            assert code in {"AccessDenied", "ValidationError", "InvalidUserType"}, operation
        assert state() == before
    for service, operation, arguments in ways[:-1]:
        getattr(whole.client(service), operation)(**arguments)
    assert state() != before
    assert refused(whole.client("sts").get_session_token)[:2] in DENIED


def test_a_session_policy_gives_nothing_that_the_role_has_not(world):
    maker = world.person(allow("sts:AssumeRole"))
    made = role(world.server, world.name("role"), trust(maker.arn()), allow("kms:ListKeys"))
    session = Login.of(world.server, maker.client().assume_role(
        RoleArn=made["Arn"], RoleSessionName="one", Policy=allow("*")))
    assert "Keys" in session.client("kms").list_keys()
    assert refused(session.client("kms").create_key)[:2] in DENIED
    assert refused(session.client("iam").list_users)[:2] in DENIED


def test_credentials_of_getsessiontoken_are_no_more_than_the_users(world):
    """What is taken from the user is taken from its session; and the session comes to nothing of IAM by itself."""
    maker = world.person(allow("kms:ListKeys", "iam:*", "sts:*"))
    session = Login.of(world.server, maker.client().get_session_token())
    for operation, arguments in (
        ("create_access_key", {}), ("create_access_key", {"UserName": maker.name}),
        ("put_user_policy", {"UserName": maker.name, "PolicyName": "up", "PolicyDocument": allow("*")}),
        ("create_virtual_mfa_device", {"VirtualMFADeviceName": maker.name}), ("create_user", {"UserName": "never"}),
    ):
        assert refused(getattr(session.client("iam"), operation), **arguments)[:2] in DENIED, operation
    assert refused(session.client().get_session_token)[:2] in DENIED
    assert world.inline("user", maker.name) == ["own"] and "never" not in world.user_names()
    assert "Keys" in session.client("kms").list_keys()
    world.iam.put_user_policy(UserName=maker.name, PolicyName="own", PolicyDocument=allow("kms:ListAliases"))
    assert refused(session.client("kms").list_keys)[:2] in DENIED
    # With a second factor IAM opens, by the user's own rights.
    world.iam.put_user_policy(UserName=maker.name, PolicyName="own", PolicyDocument=allow("iam:ListUsers"))
    proven = Login.of(world.server, maker.client().get_session_token(**Device(world.server, maker.name).proof()))
    assert "Users" in proven.client("iam").list_users()
    assert refused(proven.client("iam").create_access_key, UserName=maker.name)[:2] in DENIED


def test_a_chain_of_roles_lasts_no_longer_and_carries_no_less(world):
    """IAM User Guide, "Role chaining": an hour; transitive tags and a source identity go on and cannot be replaced."""
    both = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
    maker = world.person(allow("sts:*"))
    first = role(world.server, world.name("role"), trust(maker.arn(), *both), allow("sts:*"), MaxSessionDuration=43_200)
    second = role(world.server, world.name("role"), trust(first["Arn"], *both), allow("kms:ListKeys", Condition={
        "StringEquals": {"aws:PrincipalTag/team": "red"}}), MaxSessionDuration=43_200)
    chained = Login.of(world.server, maker.client().assume_role(
        RoleArn=first["Arn"], RoleSessionName="one", SourceIdentity="ann", DurationSeconds=7200,
        Tags=[{"Key": "team", "Value": "blue"}], TransitiveTagKeys=["team"])).client()
    asked = {"RoleArn": second["Arn"], "RoleSessionName": "two"}
    for wrong in (
        {"DurationSeconds": 3601}, {"DurationSeconds": 43_200}, {"SourceIdentity": "eve"},
        {"Tags": [{"Key": "team", "Value": "red"}]}, {"Tags": [{"Key": "TEAM", "Value": "red"}]},
    ):
        assert refused(chained.assume_role, **asked, **wrong)[1] in {400, 403}, wrong
    answer = chained.assume_role(**asked, DurationSeconds=3600)
    assert answer["SourceIdentity"] == "ann"
    assert refused(Login.of(world.server, answer).client("kms").list_keys)[:2] in DENIED


def test_a_second_factor_that_was_taken_proves_nothing(world):
    guarded = world.person(allow("kms:ListKeys", Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    other = world.person()
    device, others = Device(world.server, guarded.name), Device(world.server, other.name)
    get = guarded.client().get_session_token
    for proof in (others.proof(), {"SerialNumber": device.serial, "TokenCode": others.code()}):
        assert refused(get, **proof)[:2] in DENIED
    assert "Keys" in Login.of(world.server, get(**device.proof())).client("kms").list_keys()
    world.iam.deactivate_mfa_device(UserName=guarded.name, SerialNumber=device.serial)
    assert refused(get, **device.proof())[:2] in DENIED
    plain = Login.of(world.server, get())
    for login in (guarded, plain):
        assert refused(login.client("kms").list_keys)[:2] in DENIED


# Grants.

def test_a_chain_of_grants_never_widens(world):
    key, other = world.key(), world.key()
    parent, child, grandchild = world.person(), world.person(), world.person()
    exact = {"EncryptionContextEquals": {"app": "a"}}
    world.kms.create_grant(
        KeyId=key, GranteePrincipal=parent.arn(), Operations=["CreateGrant", "Encrypt", "Decrypt"], Constraints=exact)

    def give(giver, to, operations, constraints=None, **more):
        more = {"Constraints": constraints, **more} if constraints else more
        return giver.client("kms").create_grant(**{
            "KeyId": key, "GranteePrincipal": to.arn(), "Operations": operations, **more})

    def grants():
        return [world.kms.list_grants(KeyId=each)["Grants"] for each in (key, other)]

    before = grants()
    for to in (child, parent):
        for operations, constraints, more in (
            (["Encrypt"], None, {}),
            (["Encrypt"], {"EncryptionContextSubset": {"app": "a"}}, {}),
            (["Encrypt"], {"EncryptionContextEquals": {"app": "A"}}, {}),
            (["Encrypt"], {"EncryptionContextEquals": {"app": "a", "at": "b"}}, {}),
            (["Encrypt", "GenerateDataKey"], exact, {}),
            (["RetireGrant"], exact, {}),
            (["DescribeKey"], exact, {}),
            (["Encrypt"], exact, {"KeyId": other}),
        ):
            code, status, text = refused(
                lambda: give(parent, to, operations, constraints, **more))
            assert (code, status) in DENIED, (operations, constraints, text)
            assert grants() == before
    # What the parent has, the child gets, and may not hand on what it was not given.
    give(parent, child, ["Encrypt"], exact)
    child.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"app": "a"})
    assert refused(child.client("kms").encrypt, KeyId=key, Plaintext=b"x")[:2] in DENIED
    assert refused(lambda: give(child, grandchild, ["Encrypt"], exact))[:2] in DENIED
    token = give(parent, child, ["CreateGrant", "Decrypt"], exact)["GrantToken"]
    assert refused(lambda: give(child, grandchild, ["Encrypt"], exact))[:2] in DENIED
    give(child, grandchild, ["Decrypt"], exact, GrantTokens=[token])
    # Two grants do not add up to one: CreateGrant comes from the one, Encrypt from the other.
    assert refused(lambda: give(child, grandchild, ["Encrypt", "Decrypt"], exact, GrantTokens=[token]))[:2] in DENIED


LIMITED = {
    "grantee": ({"StringEquals": {"kms:GranteePrincipal": "{right}"}}, {"GranteePrincipal": "{wrong}"}),
    "retiring principal": ({"StringEquals": {"kms:RetiringPrincipal": "{right}"}}, {"RetiringPrincipal": "{wrong}"}),
    "operations": ({"ForAllValues:StringEquals": {"kms:GrantOperations": ["Encrypt"]}},
                   {"Operations": ["Encrypt", "Decrypt"]}),
    "kind of constraint": ({"StringEquals": {"kms:GrantConstraintType": "EncryptionContextEquals"}},
                           {"Constraints": {"EncryptionContextSubset": {"app": "a"}}}),
    "context": ({"StringEquals": {"kms:EncryptionContext:app": "a"}},
                {"Constraints": {"EncryptionContextEquals": {"app": "b"}}}),
    "any constraint": ({"StringEquals": {"kms:EncryptionContext:app": "a"}}, {"Constraints": {}}),
}


@pytest.mark.parametrize("what", LIMITED)
def test_who_may_give_some_grants_gives_no_other(world, what):
    condition, changed = LIMITED[what]
    key, right, wrong = world.key(), world.person(), world.person()
    named = lambda value: json.loads(
        json.dumps(value).replace("{right}", right.arn()).replace("{wrong}", wrong.arn()))
    giver = world.person(allow("kms:CreateGrant", Condition=named(condition)))
    asked = {"KeyId": key, "GranteePrincipal": right.arn(), "RetiringPrincipal": right.arn(), "Operations": ["Encrypt"],
             "Constraints": {"EncryptionContextEquals": {"app": "a"}}}
    assert refused(giver.client("kms").create_grant, **asked | named(changed))[:2] in DENIED
    assert world.kms.list_grants(KeyId=key)["Grants"] == []
    giver.client("kms").create_grant(**asked)
    assert len(world.kms.list_grants(KeyId=key)["Grants"]) == 1


def test_peer_30_a_grant_is_ended_by_its_own_people(world):
    """Knowing a grant's id or its token gives nobody the right to end it, or to use it."""
    key = world.key()
    grantee, retirer, stranger = world.person(), world.person(), world.person(allow("iam:*"))
    made = world.kms.create_grant(
        KeyId=key, GranteePrincipal=grantee.arn(), RetiringPrincipal=retirer.arn(), Operations=["Encrypt"])
    grants = lambda: [grant["GrantId"] for grant in world.kms.list_grants(KeyId=key)["Grants"]]
    for login in (stranger, grantee):
        for named in ({"GrantToken": made["GrantToken"]}, {"KeyId": key, "GrantId": made["GrantId"]}):
            assert refused(login.client("kms").retire_grant, **named)[:2] in DENIED
            assert refused(login.client("kms").retire_grant, **named, DryRun=True)[:2] in DENIED
        assert refused(login.client("kms").revoke_grant, KeyId=key, GrantId=made["GrantId"])[:2] in DENIED
    for tokens in ([], [made["GrantToken"]]):
        assert refused(stranger.client("kms").encrypt, KeyId=key, Plaintext=b"x", GrantTokens=tokens)[:2] in DENIED
    assert grants() == [made["GrantId"]]
    retirer.client("kms").retire_grant(GrantToken=made["GrantToken"])
    assert grants() == []


# Tags that policies go by.

ABAC = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*",
     "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}},
    {"Effect": "Deny", "Action": "kms:Encrypt", "Resource": "*",
     "Condition": {"StringEquals": {"aws:ResourceTag/barred": "yes"}}},
    # Tags of other names are free for all.
    {"Effect": "Allow", "Action": ["kms:TagResource", "kms:UntagResource"], "Resource": "*",
     "Condition": {"ForAllValues:StringNotEquals": {"aws:TagKeys": ["team", "barred"]}}}]})


def test_a_tag_of_nearly_the_same_name_is_not_the_tag(world):
    """Conditions name tags without regard to case: no second tag may stand before the one that is meant."""
    red = world.person(ABAC, tags=[{"Key": "team", "Value": "red"}])
    kms = red.client("kms")
    blue = world.key(Tags=[{"TagKey": "team", "TagValue": "blue"}])
    barred = world.key(Tags=[{"TagKey": "team", "TagValue": "red"}, {"TagKey": "barred", "TagValue": "yes"}])
    kms.tag_resource(KeyId=blue, Tags=[{"TagKey": "purpose", "TagValue": "any"}])
    for key, name, value in ((blue, "team", "red"), (barred, "barred", "no")):
        before = world.kms.list_resource_tags(KeyId=key)["Tags"]
        assert refused(kms.tag_resource, KeyId=key, Tags=[{"TagKey": name, "TagValue": value}])[:2] in DENIED
        assert refused(kms.untag_resource, KeyId=key, TagKeys=[name])[:2] in DENIED
        for spelt in (name.title(), name.upper()):
            refused(kms.tag_resource, KeyId=key, Tags=[{"TagKey": spelt, "TagValue": value}])
        assert world.kms.list_resource_tags(KeyId=key)["Tags"] == before
        assert refused(kms.encrypt, KeyId=key, Plaintext=b"x")[:2] in DENIED
    # The tag itself, set by somebody who may, opens it.
    world.kms.tag_resource(KeyId=blue, Tags=[{"TagKey": "team", "TagValue": "red"}])
    world.kms.untag_resource(KeyId=barred, TagKeys=["barred"])
    for key in (blue, barred):
        kms.encrypt(KeyId=key, Plaintext=b"x")


def test_a_star_in_a_value_is_a_star(world):
    """IAM User Guide, "Policy variables": what stands for a variable is text, not a pattern."""
    policy = allow("kms:Encrypt", Condition={"StringLike": {
        "aws:PrincipalTag/team": "${kms:EncryptionContext:team}"}})
    red = world.person(policy, tags=[{"Key": "team", "Value": "red"}])
    kms, key = red.client("kms"), world.key()
    for context in ({"team": "*"}, {"team": "re?"}, {"team": "r*"}, {"team": "${aws:PrincipalTag/team}"}, {}):
        assert refused(kms.encrypt, KeyId=key, Plaintext=b"x", EncryptionContext=context)[:2] in DENIED, context
    kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"team": "red"})


def test_session_tags_are_given_by_those_who_may(world):
    """A role's trust and the caller's own policy decide on which tags, and tags that go on stay as they are."""
    first = role(world.server, world.name("role"), json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": world.account}, "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Principal": {"AWS": world.account}, "Action": "sts:TagSession",
         "Condition": {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"},
                       "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}}]}),
        allow("kms:ListKeys", Condition={"StringEquals": {"aws:PrincipalTag/team": "red"}}))["Arn"]
    blue, red = (
        world.person(allow("sts:*"), tags=[{"Key": "team", "Value": team}]) for team in ("blue", "red"))
    asked = {"RoleArn": first, "RoleSessionName": "one"}
    tag = lambda **tags: [{"Key": key, "Value": value} for key, value in tags.items()]
    for tags in (tag(team="red"), tag(Team="red"), tag(team="blue", other="x")):
        assert refused(blue.client().assume_role, **asked, Tags=tags)[:2] in DENIED, tags
    assert refused(blue.client().assume_role, **asked, Tags=tag(team="blue", TEAM="red"))[1] == 400
    session = Login.of(world.server, blue.client().assume_role(**asked, Tags=tag(team="blue")))
    assert refused(session.client("kms").list_keys)[:2] in DENIED
    session = Login.of(world.server, red.client().assume_role(**asked, Tags=tag(team="red")))
    assert "Keys" in session.client("kms").list_keys()


# What a request says of itself.

HEADERS = {
    "X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9;proto=https", "X-Real-IP": "203.0.113.9",
    "True-Client-IP": "203.0.113.9", "X-Forwarded-Proto": "https", "X-Amz-Source-Ip": "203.0.113.9",
    "X-Amz-Via-Service": f"secretsmanager.{REGION}.amazonaws.com", "X-Amzn-Via": "secretsmanager",
    "X-Amz-Called-Via": "secretsmanager.amazonaws.com", "X-Amz-Via-Aws-Service": "true",
    "X-Amz-Grant-Is-For-Aws-Resource": "true", "X-Amz-Source-Account": "111122223333",
    "X-Amz-Source-Arn": "arn:aws:lambda:eu-central-1:111122223333:function:f",
    "X-Amz-Mfa": "arn:aws:iam::111122223333:mfa/m 123456", "X-Amz-Principal-Arn": "arn:aws:iam::111122223333:root",
    "X-Amz-Principal-Tag-Team": "red", "X-Amz-Source-Identity": "ann",
}
# The condition, and its value that none of the headers above may bring about.
FORGED = {
    "peer_32_source_ip": ("IpAddress", "aws:SourceIp", "203.0.113.0/24"),
    "secure_transport": ("Bool", "aws:SecureTransport", "true"),
    "via_service": ("StringEquals", "kms:ViaService", f"secretsmanager.{REGION}.amazonaws.com"),
    "called_via": ("ForAnyValue:StringEquals", "aws:CalledVia", "secretsmanager.amazonaws.com"),
    "via_aws_service": ("Bool", "aws:ViaAWSService", "true"),
    "grant_for_aws_resource": ("Bool", "kms:GrantIsForAWSResource", "true"),
    "source_account": ("StringEquals", "aws:SourceAccount", "111122223333"),
    "source_arn": ("ArnLike", "aws:SourceArn", "arn:aws:lambda:*:*:function:*"),
    "second_factor": ("Bool", "aws:MultiFactorAuthPresent", "true"),
    "principal": ("StringEquals", "aws:PrincipalArn", "arn:aws:iam::111122223333:root"),
    "principal_tag": ("StringEquals", "aws:PrincipalTag/team", "red"),
    "source_identity": ("StringEquals", "aws:SourceIdentity", "ann"),
    "a_service_calls": ("Bool", "aws:PrincipalIsAWSService", "true"),
}


@pytest.mark.parametrize("name", FORGED)
def test_what_a_request_says_of_itself_is_not_believed(world, name):
    operator, key, value = FORGED[name]
    target = world.key()
    liar = world.person(allow("kms:CreateGrant", Condition={operator: {key: value}}))
    asked = {"KeyId": target, "GranteePrincipal": liar.arn(), "Operations": ["Decrypt"]}
    kms = liar.client("kms")

    def lie(request, **_):
        for name, said in HEADERS.items():
            request.headers[name] = said

    kms.meta.events.register("before-sign.kms.CreateGrant", lie)
    assert refused(kms.create_grant, **asked)[:2] in DENIED
    # In the body and in the URL it is no member, no parameter.
    own = dataclasses.make_dataclass("Sender", ["credentials", "url", "port"])(
        (liar.access_key_id, liar.secret), world.server.url, world.server.port)
    for member in (key, key.split(":")[1], "ViaService", "GrantIsForAWSResource"):
        status, code, _ = call(own, "CreateGrant", {**asked, member: value})
        assert (status, code) == (400, "SerializationException"), member
    assert world.kms.list_grants(KeyId=target)["Grants"] == []
    # It is the condition that stands in the way.
    world.iam.put_user_policy(UserName=liar.name, PolicyName="own", PolicyDocument=allow("kms:CreateGrant"))
    kms.create_grant(**asked)


def test_a_role_cannot_be_passed_to_what_is_not_there(world):
    """iam:PassRole comes with what takes roles. Until then nothing does, not even for the root user."""
    name = world.role()
    for call_, arguments, code in (
        ("create_service_linked_role", {"AWSServiceName": "lambda.amazonaws.com"}, "InvalidAction"),
        ("create_instance_profile", {"InstanceProfileName": "p"}, "InvalidAction"),
        ("add_role_to_instance_profile", {"InstanceProfileName": "p", "RoleName": name}, "InvalidAction"),
    ):
        assert refused(getattr(world.iam, call_), **arguments)[0] == code
    functions = world.server.client("lambda")
    code, status, _ = refused(functions.create_function, FunctionName="f", Role=world.arn("role", name), Code={})
    assert status == 404, code
