"""Access keys from their making to their end: whose they are, what is told of them, from when on they open nothing.

Expected codes, statuses and texts are those of AWS's IAM API Reference, its table of common errors, and of answers of
AWS that are public.
"""

import datetime

import pytest

from conftest import REGION, wait_until
from identities import Login, allow, refused

ABSENT = "AKIAIOSFODNN7EXAMPLE"  # AWS's documentation uses this id; nobody has it
OWN_KEYS = allow(
    "iam:CreateAccessKey", "iam:DeleteAccessKey", "iam:UpdateAccessKey", "iam:ListAccessKeys",
    resource="arn:aws:iam::*:user/${aws:username}")


@pytest.fixture(scope="module")
def iam(server):
    return server.client("iam", validate=False)


@pytest.fixture(scope="module")
def account(server):
    return server.client("sts").get_caller_identity()["Account"]


def login(server, made):
    return Login(server, made["AccessKeyId"], made["SecretAccessKey"])


def no_key(access_key_id):
    return "NoSuchEntity", 404, f"The Access Key with id {access_key_id} cannot be found."


def ids(answer):
    return [key["AccessKeyId"] for key in answer["AccessKeyMetadata"]]


def test_a_user_rotates_its_own_key(server, iam):
    """AWS's documented rotation: a second key, both used, the first one off, looked whether it is missed, deleted."""
    iam.create_user(UserName="Rita")
    iam.put_user_policy(UserName="Rita", PolicyName="own", PolicyDocument=OWN_KEYS)
    first = iam.create_access_key(UserName="Rita")["AccessKey"]
    rita = login(server, first).client("iam")
    # Whoever names nobody means itself.
    second = rita.create_access_key()["AccessKey"]
    assert (second["UserName"], second["Status"]) == ("Rita", "Active")
    assert second["SecretAccessKey"] != first["SecretAccessKey"]
    assert refused(rita.create_access_key) == ("LimitExceeded", 409, "Cannot exceed quota for AccessKeysPerUser: 2")
    assert ids(rita.list_access_keys()) == [first["AccessKeyId"], second["AccessKeyId"]]
    anew = login(server, second).client("iam")
    anew.update_access_key(AccessKeyId=first["AccessKeyId"], Status="Inactive")
    assert refused(rita.list_access_keys) == (
        "InvalidClientTokenId", 403, "The security token included in the request is invalid.")
    assert [key["Status"] for key in anew.list_access_keys()["AccessKeyMetadata"]] == ["Inactive", "Active"]
    # A key that is off still counts.
    assert refused(anew.create_access_key)[0] == "LimitExceeded"
    anew.update_access_key(AccessKeyId=first["AccessKeyId"], Status="Active")
    assert ids(rita.list_access_keys()) == [first["AccessKeyId"], second["AccessKeyId"]]
    anew.delete_access_key(AccessKeyId=first["AccessKeyId"])
    assert ids(anew.list_access_keys()) == [second["AccessKeyId"]]
    third = anew.create_access_key()["AccessKey"]
    assert third["AccessKeyId"] not in {first["AccessKeyId"], second["AccessKeyId"]}


def test_a_key_that_is_off_or_gone_opens_nothing_at_the_very_next_request(server, iam):
    iam.create_user(UserName="nina")
    iam.put_user_policy(UserName="nina", PolicyName="own", PolicyDocument=allow("*"))
    invalid = "The security token included in the request is invalid."
    for end in ("off", "gone"):
        key = iam.create_access_key(UserName="nina")["AccessKey"]
        mine = {"UserName": "nina", "AccessKeyId": key["AccessKeyId"]}
        clients = {name: login(server, key).client(name) for name in ("kms", "sts", "iam")}
        for _ in range(3):  # what knows the key from earlier requests must not let it in later
            clients["kms"].list_keys(), clients["sts"].get_caller_identity(), clients["iam"].list_users()
        if end == "off":
            iam.update_access_key(**mine, Status="Inactive")
        else:
            iam.delete_access_key(**mine)
        assert refused(clients["kms"].list_keys) == ("UnrecognizedClientException", 400, invalid)
        assert refused(clients["sts"].get_caller_identity) == ("InvalidClientTokenId", 403, invalid)
        assert refused(clients["iam"].list_users) == ("InvalidClientTokenId", 403, invalid)


def test_the_secret_is_told_once(iam):
    iam.create_user(UserName="once")
    made = iam.create_access_key(UserName="once")["AccessKey"]
    assert len(made["SecretAccessKey"]) == 40
    listed = iam.list_access_keys(UserName="once")["AccessKeyMetadata"]
    assert [sorted(key) for key in listed] == [["AccessKeyId", "CreateDate", "Status", "UserName"]]
    assert listed[0]["CreateDate"] == made["CreateDate"]
    told = iam.get_access_key_last_used(AccessKeyId=made["AccessKeyId"])
    assert made["SecretAccessKey"] not in str((listed, told))


def test_lists_of_keys_come_in_pages(iam):
    iam.create_user(UserName="pages")
    made = [iam.create_access_key(UserName="pages")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    page = iam.list_access_keys(UserName="pages", MaxItems=1)
    assert (ids(page), page["IsTruncated"]) == (made[:1], True)
    rest = iam.list_access_keys(UserName="pages", MaxItems=1, Marker=page["Marker"])
    assert (ids(rest), rest["IsTruncated"], "Marker" in rest) == (made[1:], False, False)
    # A page of somebody's list is of that list alone.
    iam.create_user(UserName="others-pages")
    for wrong in ({"UserName": "others-pages", "Marker": page["Marker"]}, {"UserName": "pages", "Marker": "x"}):
        assert refused(iam.list_access_keys, **wrong)[:2] == ("ValidationError", 400)
    assert refused(iam.list_users, Marker=page["Marker"])[:2] == ("ValidationError", 400)
    for wrong in (0, 1001):
        assert refused(iam.list_access_keys, UserName="pages", MaxItems=wrong)[:2] == ("ValidationError", 400)


def test_peer_21_keys_are_reached_through_their_owner_alone(server, iam):
    for name in ("owner", "thief"):
        iam.create_user(UserName=name)
    iam.put_user_policy(UserName="thief", PolicyName="own", PolicyDocument=OWN_KEYS)
    key = iam.create_access_key(UserName="owner")["AccessKey"]["AccessKeyId"]
    # Not even the root user changes it under another's name.
    assert refused(iam.update_access_key, UserName="thief", AccessKeyId=key, Status="Inactive") == no_key(key)
    assert refused(iam.delete_access_key, UserName="thief", AccessKeyId=key) == no_key(key)
    assert refused(iam.delete_access_key, AccessKeyId=key) == no_key(key)
    thief = login(server, iam.create_access_key(UserName="thief")["AccessKey"]).client("iam")
    assert refused(thief.delete_access_key, AccessKeyId=key) == no_key(key)
    assert refused(thief.delete_access_key, UserName="owner", AccessKeyId=key)[:2] == ("AccessDenied", 403)
    assert refused(thief.update_access_key, AccessKeyId=key, Status="Inactive") == no_key(key)
    assert refused(thief.list_access_keys, UserName="owner")[:2] == ("AccessDenied", 403)
    assert refused(thief.create_access_key, UserName="owner")[:2] == ("AccessDenied", 403)
    assert refused(thief.get_access_key_last_used, AccessKeyId=key)[:2] == ("AccessDenied", 403)
    assert iam.list_access_keys(UserName="owner")["AccessKeyMetadata"][0]["Status"] == "Active"


def test_what_is_no_key_and_no_user(iam):
    iam.create_user(UserName="wrong")
    absent = ("NoSuchEntity", 404, "The user with name absent cannot be found.")
    for call, rest in (
        (iam.create_access_key, {}), (iam.list_access_keys, {}), (iam.delete_access_key, {"AccessKeyId": ABSENT}),
        (iam.update_access_key, {"AccessKeyId": ABSENT, "Status": "Active"}),
    ):
        assert refused(call, UserName="absent", **rest) == absent, call
    assert refused(iam.delete_access_key, UserName="wrong", AccessKeyId=ABSENT) == no_key(ABSENT)
    assert refused(iam.update_access_key, UserName="wrong", AccessKeyId=ABSENT, Status="Active") == no_key(ABSENT)
    for status in ("active", "Off", ""):
        code, http, text = refused(iam.update_access_key, UserName="wrong", AccessKeyId=ABSENT, Status=status)
        assert (code, http) == ("ValidationError", 400) and "'status'" in text
    for short in ("AKIA", "x" * 129, "AKIA-IOSFODNN7EXAMPLE"):
        code, http, text = refused(iam.delete_access_key, UserName="wrong", AccessKeyId=short)
        assert (code, http) == ("ValidationError", 400) and "'accessKeyId'" in text
    # The model of this operation has no NoSuchEntity: as AWS, it denies.
    code, http, text = refused(iam.get_access_key_last_used, AccessKeyId=ABSENT)
    assert (code, http) == ("AccessDenied", 403)
    assert text.endswith(f"is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key {ABSENT}")


def test_when_and_for_what_a_key_was_used(server, iam):
    iam.create_user(UserName="used")
    key = iam.create_access_key(UserName="used")["AccessKey"]
    assert iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])["AccessKeyLastUsed"] == {
        "ServiceName": "N/A", "Region": "N/A"}

    def last(service):
        told = iam.get_access_key_last_used(AccessKeyId=key["AccessKeyId"])
        assert told["UserName"] == "used"
        return told["AccessKeyLastUsed"] if told["AccessKeyLastUsed"]["ServiceName"] == service else None

    login(server, key).client("sts").get_caller_identity()
    first = wait_until(lambda: last("sts"), what="the use of STS")
    assert first["Region"] == REGION
    # A request that is denied is a use, too.
    assert refused(login(server, key).client("kms").list_keys)[0] == "AccessDeniedException"
    second = wait_until(lambda: last("kms"), what="the use of KMS")
    assert second["Region"] == REGION
    now = datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(0) <= second["LastUsedDate"] - first["LastUsedDate"] < datetime.timedelta(minutes=1)
    assert abs(now - second["LastUsedDate"]) < datetime.timedelta(minutes=1)
    # A wrong signature is no use of the key: whoever knows the id alone leaves no trace in it.
    other = iam.create_access_key(UserName="used")["AccessKey"]
    forged = Login(server, other["AccessKeyId"], "x" * 40)
    assert refused(forged.client("kms").list_keys)[0] == "InvalidSignatureException"
    assert iam.get_access_key_last_used(AccessKeyId=other["AccessKeyId"])["AccessKeyLastUsed"]["ServiceName"] == "N/A"


def test_the_root_users_own_keys(server, iam, account):
    own = server.credentials[0]
    assert own in ids(iam.list_access_keys())
    second = iam.create_access_key()["AccessKey"]
    root = login(server, second)
    assert root.arn() == f"arn:aws:iam::{account}:root"
    assert refused(iam.create_access_key)[:2] == ("LimitExceeded", 409)
    iam.update_access_key(AccessKeyId=second["AccessKeyId"], Status="Inactive")
    assert root.stranger()[:2] == ("InvalidClientTokenId", 403)
    iam.delete_access_key(AccessKeyId=second["AccessKeyId"])
    assert ids(iam.list_access_keys()) == [own]


def test_a_renamed_users_key_goes_on_and_shows_the_new_name(server, iam, account):
    iam.create_user(UserName="before")
    iam.put_user_policy(UserName="before", PolicyName="own", PolicyDocument=allow("kms:ListKeys"))
    key = iam.create_access_key(UserName="before")["AccessKey"]
    used = login(server, key)
    used.client("kms").list_keys()
    iam.update_user(UserName="before", NewUserName="after", NewPath="/moved/")
    used.client("kms").list_keys()
    assert used.arn() == f"arn:aws:iam::{account}:user/moved/after"
    assert iam.list_access_keys(UserName="after")["AccessKeyMetadata"][0]["UserName"] == "after"
    # Somebody else under the old name has neither the key nor the rights.
    iam.create_user(UserName="before")
    assert iam.list_access_keys(UserName="before")["AccessKeyMetadata"] == []
    newcomer = login(server, iam.create_access_key(UserName="before")["AccessKey"])
    assert refused(newcomer.client("kms").list_keys)[0] == "AccessDeniedException"
    used.client("kms").list_keys()


def test_an_access_key_as_terraform_makes_changes_and_destroys_it(iam):
    """aws_iam_access_key: create with a status, read by the list, update the status, delete; deleted twice is known."""
    iam.create_user(UserName="tf-key")
    key = iam.create_access_key(UserName="tf-key")["AccessKey"]
    mine = {"UserName": "tf-key", "AccessKeyId": key["AccessKeyId"]}
    iam.update_access_key(**mine, Status="Inactive")
    iam.update_access_key(**mine, Status="Inactive")  # as it is already
    read = [found for found in iam.list_access_keys(UserName="tf-key")["AccessKeyMetadata"]
            if found["AccessKeyId"] == key["AccessKeyId"]]
    assert [found["Status"] for found in read] == ["Inactive"]
    iam.update_access_key(**mine, Status="Active")
    assert refused(iam.delete_user, UserName="tf-key") == (
        "DeleteConflict", 409, "Cannot delete entity, must delete access keys first.")
    iam.delete_access_key(**mine)
    assert refused(iam.delete_access_key, **mine) == no_key(key["AccessKeyId"])
    assert iam.list_access_keys(UserName="tf-key")["AccessKeyMetadata"] == []
    iam.delete_user(UserName="tf-key")
