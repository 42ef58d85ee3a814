"""Temporary credentials: who gives them to whom, what they may do, and when they end.

Expected codes and texts are those of AWS's STS API Reference and IAM User Guide.
"""

import datetime
import json
import re
import shutil
import time
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from conftest import REGION, Server, aws
from identities import Device, Login, allow, refused, role, trust, user
from test_system_clock import Clock

INVALID_TOKEN = "The security token included in the request is invalid."


@pytest.fixture(scope="module")
def root(server):
    return Login(server, *server.credentials)


@pytest.fixture(scope="module")
def account(root):
    return root.client().get_caller_identity()["Account"]


@pytest.fixture(scope="module")
def ann(server):
    return user(server, "ann", allow("sts:AssumeRole", "kms:*", "iam:*", "sts:GetAccessKeyInfo"))


def test_everybody_learns_who_they_are(server, root, account, ann):
    who = root.client().get_caller_identity()
    assert (who["UserId"], who["Arn"]) == (account, f"arn:aws:iam::{account}:root")
    who = ann.client().get_caller_identity()
    ann_id = server.client("iam").get_user(UserName="ann")["User"]["UserId"]
    assert (who["UserId"], who["Account"], who["Arn"]) == (ann_id, account, f"arn:aws:iam::{account}:user/ann")
    made = role(server, "who", trust(who["Arn"]), Path="/team/")
    session = ann.client().assume_role(RoleArn=made["Arn"], RoleSessionName="Me+=,.@-_1")
    assert session["AssumedRoleUser"] == {
        "AssumedRoleId": f"{made['RoleId']}:Me+=,.@-_1",
        # A session's ARN has no path.
        "Arn": f"arn:aws:sts::{account}:assumed-role/who/Me+=,.@-_1",
    }
    who = Login.of(server, session).client().get_caller_identity()
    assert who["Arn"] == session["AssumedRoleUser"]["Arn"]
    assert who["UserId"] == session["AssumedRoleUser"]["AssumedRoleId"]
    assert session["Credentials"]["AccessKeyId"].startswith("ASIA")
    # No policy can forbid it.
    nobody = user(server, "nobody", allow("*", effect="Deny"))
    assert nobody.arn().endswith(":user/nobody")
    assert refused(Login(server, "AKIANOSUCHKEY0000000", "x" * 40).client().get_caller_identity) == (
        "InvalidClientTokenId", 403, INVALID_TOKEN)


def test_the_command_line_client(server, account):
    outcome = aws(server, "sts", "get-caller-identity")
    assert json.loads(outcome.stdout)["Arn"] == f"arn:aws:iam::{account}:root", outcome.stderr
    outcome = aws(server, "sts", "get-session-token", "--duration-seconds", "900")
    assert json.loads(outcome.stdout)["Credentials"]["SessionToken"], outcome.stderr
    outcome = aws(
        server, "sts", "assume-role", "--role-arn", f"arn:aws:iam::{account}:role/x", "--role-session-name", "xx")
    assert outcome.returncode != 0
    assert "(AccessDenied) when calling the AssumeRole operation: Roles may not be assumed by root accounts." in (
        outcome.stderr)


def test_an_external_id_is_asked_for(server, ann):
    made = role(
        server, "external", trust(ann.arn(), Condition={"StringEquals": {"sts:ExternalId": "right-one"}}))
    asked = {"RoleArn": made["Arn"], "RoleSessionName": "session"}
    assert ann.client().assume_role(**asked, ExternalId="right-one")["Credentials"]
    for wrong in ({}, {"ExternalId": "wrong-one"}, {"ExternalId": "RIGHT-ONE"}):
        code, status, text = refused(ann.client().assume_role, **asked, **wrong)
        assert (code, status) == ("AccessDenied", 403)
        assert text.startswith(
            f"User: {ann.arn()} is not authorized to perform: sts:AssumeRole on resource: {made['Arn']}")
    # That there is no such role looks the same.
    absent = made["Arn"] + "-not"
    code, status, text = refused(ann.client().assume_role, RoleArn=absent, RoleSessionName="session")
    assert (code, status) == ("AccessDenied", 403)
    assert text.startswith(f"User: {ann.arn()} is not authorized to perform: sts:AssumeRole on resource: {absent}")


def test_a_trusted_account_needs_the_callers_own_policy_too(server, account, ann):
    made = role(server, "by-account", trust(account))
    assert ann.client().assume_role(RoleArn=made["Arn"], RoleSessionName="session")["Credentials"]
    bare = user(server, "bare")
    assert refused(bare.client().assume_role, RoleArn=made["Arn"], RoleSessionName="session")[:2] == (
        "AccessDenied", 403)
    # A trust policy that names the user is enough in its own account, but not against its own Deny.
    named = role(server, "by-name", trust(bare.arn()))
    assert bare.client().assume_role(RoleArn=named["Arn"], RoleSessionName="session")["Credentials"]
    server.client("iam").put_user_policy(
        UserName="bare", PolicyName="no", PolicyDocument=allow("sts:*", effect="Deny"))
    code, _, text = refused(bare.client().assume_role, RoleArn=named["Arn"], RoleSessionName="session")
    assert code == "AccessDenied" and "explicit deny" in text


def test_what_is_asked_for_has_a_form(server, ann):
    made = role(server, "form", trust(ann.arn()))
    asked = {"RoleArn": made["Arn"], "RoleSessionName": "session"}
    for wrong in (
        {"RoleSessionName": "x"},
        {"RoleSessionName": "no space"},
        {"RoleSessionName": "x" * 65},
        {"DurationSeconds": 899},
        {"DurationSeconds": 43_201},
        {"ExternalId": "x"},
        {"RoleArn": "arn:aws:iam::1:role/short"},
        {"RoleArn": ann.arn()},
        # The role's own limit, an hour where none is set.
        {"DurationSeconds": 3601},
        {"SourceIdentity": "x"},
    ):
        code, status, text = refused(ann.client().assume_role, **(asked | wrong))
        assert (code, status) == ("ValidationError", 400), (wrong, code, text)
    text = refused(ann.client().assume_role, **asked, DurationSeconds=3601)[2]
    assert text == "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
    assert refused(ann.client().assume_role, **asked, Policy="{")[:2] == ("MalformedPolicyDocument", 400)
    for seconds in (900, 3600):
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        ends = ann.client().assume_role(**asked, DurationSeconds=seconds)["Credentials"]["Expiration"]
        assert seconds <= (ends - before).total_seconds() <= seconds + 10
    long = role(server, "long", trust(ann.arn()), MaxSessionDuration=43_200)
    assert ann.client().assume_role(RoleArn=long["Arn"], RoleSessionName="session", DurationSeconds=43_200)


def test_a_session_policy_takes_and_never_gives(server, ann):
    made = role(server, "narrowed", trust(ann.arn()), allow("kms:ListKeys", "kms:ListAliases"))
    asked = {"RoleArn": made["Arn"], "RoleSessionName": "session"}
    whole = Login.of(server, ann.client().assume_role(**asked)).client("kms")
    assert "Keys" in whole.list_keys() and "Aliases" in whole.list_aliases()
    answer = ann.client().assume_role(**asked, Policy=allow("kms:ListKeys", "kms:CreateKey"))
    assert 0 < answer["PackedPolicySize"] < 100
    narrow = Login.of(server, answer).client("kms")
    assert "Keys" in narrow.list_keys()
    for call in (narrow.list_aliases, narrow.create_key):
        code, status, text = refused(call)
        assert (code, status) == ("AccessDeniedException", 400), text
        assert text.startswith(f"User: {answer['AssumedRoleUser']['Arn']} is not authorized to perform: kms:")
    managed = server.client("iam").create_policy(
        PolicyName="only-aliases", PolicyDocument=allow("kms:ListAliases"))["Policy"]["Arn"]
    by_arn = Login.of(server, ann.client().assume_role(**asked, PolicyArns=[{"arn": managed}])).client("kms")
    assert "Aliases" in by_arn.list_aliases()
    assert refused(by_arn.list_keys)[0] == "AccessDeniedException"
    # A Deny in one of both wins, as everywhere.
    denied = Login.of(server, ann.client().assume_role(**asked, Policy=allow("kms:*", effect="Deny")))
    assert "explicit deny" in refused(denied.client("kms").list_keys)[2]
    too_much = allow("kms:ListKeys", resource=[f"arn:aws:kms:{REGION}:111122223333:key/{n}" for n in range(60)])
    assert refused(ann.client().assume_role, **asked, Policy=too_much)[:2] == ("ValidationError", 400)


def test_tags_need_a_right_and_are_handed_on(server, ann):
    plain = role(server, "untagged", trust(ann.arn()))
    tags = [{"Key": "Team", "Value": "red"}, {"Key": "Cost", "Value": "7"}]
    asked = {"RoleArn": plain["Arn"], "RoleSessionName": "session", "Tags": tags}
    code, _, text = refused(ann.client().assume_role, **asked)
    assert code == "AccessDenied" and "sts:TagSession" in text
    both = ("sts:AssumeRole", "sts:TagSession")
    where = {"Condition": {"StringEquals": {"aws:PrincipalTag/Team": "red"}}}
    first = role(
        server, "tagged", trust(ann.arn(), *both), json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*", **where},
            {"Effect": "Allow", "Action": "sts:*", "Resource": "*"}]}))
    asked["RoleArn"] = first["Arn"]
    red = Login.of(server, ann.client().assume_role(**asked, TransitiveTagKeys=["Team"]))
    assert "Keys" in red.client("kms").list_keys()
    blue = Login.of(server, ann.client().assume_role(**(asked | {"Tags": [{"Key": "Team", "Value": "blue"}]})))
    assert refused(blue.client("kms").list_keys)[0] == "AccessDeniedException"

    # The next role sees the transitive tag, and not the other.
    second = role(
        server, "inheriting", trust(f"arn:aws:iam::{first['Arn'].split(':')[4]}:role/tagged", *both),
        allow("kms:ListKeys", **where))
    chained = red.client().assume_role(RoleArn=second["Arn"], RoleSessionName="next")
    assert "Keys" in Login.of(server, chained).client("kms").list_keys()
    chained = blue.client().assume_role(RoleArn=second["Arn"], RoleSessionName="next")
    assert refused(Login.of(server, chained).client("kms").list_keys)[0] == "AccessDeniedException"
    # What is handed on cannot be changed.
    assert refused(
        red.client().assume_role, RoleArn=second["Arn"], RoleSessionName="next",
        Tags=[{"Key": "team", "Value": "blue"}])[:2] == ("InvalidParameterValue", 400)
    # A key that is no tag of the request, and one twice.
    assert refused(ann.client().assume_role, **asked, TransitiveTagKeys=["Other"])[:2] == (
        "InvalidParameterValue", 400)
    assert refused(
        ann.client().assume_role, **(asked | {"Tags": [*tags, {"Key": "TEAM", "Value": "x"}]})) == (
        "InvalidParameterValue", 400, "Duplicate tag keys found. Please note that Tag keys are case insensitive.")


def test_a_source_identity_stays(server, ann):
    both = ("sts:AssumeRole", "sts:SetSourceIdentity")
    first = role(server, "sourced", trust(ann.arn(), *both), allow("sts:*"))
    answer = ann.client().assume_role(RoleArn=first["Arn"], RoleSessionName="session", SourceIdentity="ann-herself")
    assert answer["SourceIdentity"] == "ann-herself"
    of_first = Login.of(server, answer).client()
    second = role(server, "sourced-next", trust(first["Arn"], *both))
    answer = of_first.assume_role(RoleArn=second["Arn"], RoleSessionName="next")
    assert answer["SourceIdentity"] == "ann-herself"
    assert refused(
        of_first.assume_role, RoleArn=second["Arn"], RoleSessionName="next", SourceIdentity="another",
    )[:2] in {("ValidationError", 400), ("AccessDenied", 403)}
    silent = role(server, "unsourced", trust(ann.arn()))
    code, _, text = refused(
        ann.client().assume_role, RoleArn=silent["Arn"], RoleSessionName="session", SourceIdentity="ann-herself")
    assert code == "AccessDenied" and "sts:SetSourceIdentity" in text


def test_a_chain_lasts_an_hour_at_the_most(server, ann):
    first = role(server, "first", trust(ann.arn()), allow("sts:AssumeRole"), MaxSessionDuration=43_200)
    second = role(server, "second", trust(first["Arn"]), MaxSessionDuration=43_200)
    chained = Login.of(
        server, ann.client().assume_role(RoleArn=first["Arn"], RoleSessionName="one", DurationSeconds=7200)).client()
    asked = {"RoleArn": second["Arn"], "RoleSessionName": "two"}
    assert chained.assume_role(**asked, DurationSeconds=3600)["Credentials"]
    assert refused(chained.assume_role, **asked, DurationSeconds=3601) == (
        "ValidationError", 400,
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.")
    # A session cannot lengthen itself by the other operation either.
    assert refused(chained.get_session_token) == (
        "AccessDenied", 403, "Cannot call GetSessionToken with session credentials")


def test_a_second_factor(server, ann):
    guarded = role(
        server, "guarded", trust(ann.arn(), Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}}))
    asked = {"RoleArn": guarded["Arn"], "RoleSessionName": "session"}
    assert refused(ann.client().assume_role, **asked)[:2] == ("AccessDenied", 403)
    assert refused(ann.client().assume_role, **asked, SerialNumber="arn:aws:iam::111122223333:mfa/none")[:2] == (
        "AccessDenied", 403)
    # Without a second factor temporary credentials may call nothing of IAM, and of STS two operations.
    plain = Login.of(server, ann.client().get_session_token())
    assert plain.arn() == ann.arn()
    assert "Keys" in plain.client("kms").list_keys()
    code, status, _ = refused(plain.client("iam").list_users)
    assert (code, status) == ("InvalidClientTokenId", 403) or (code, status) == ("AccessDenied", 403)
    assert refused(plain.client().get_access_key_info, AccessKeyId=ann.access_key_id)[0] == "AccessDenied"
    assert refused(plain.client().get_session_token)[:2] == ("AccessDenied", 403)
    simple = role(server, "unguarded", trust(ann.arn()))
    assert plain.client().assume_role(RoleArn=simple["Arn"], RoleSessionName="session")["Credentials"]

    device = Device(server, "ann")
    wrong = "MultiFactorAuthentication failed with invalid MFA one time pass code. "
    assert refused(
        ann.client().get_session_token, SerialNumber=device.serial, TokenCode="000000") == (
        "AccessDenied", 403, wrong)
    proof = device.proof()
    proven = Login.of(server, ann.client().get_session_token(**proof, DurationSeconds=900))
    # A code is good once.
    assert refused(ann.client().get_session_token, **proof) == ("AccessDenied", 403, wrong)
    assert "Users" in proven.client("iam").list_users()
    assert proven.client().assume_role(**asked)["Credentials"]
    assert refused(plain.client().assume_role, **asked)[:2] == ("AccessDenied", 403)
    assert ann.client().assume_role(**asked, **device.proof())["Credentials"]


def test_sessions_of_the_root_user_last_an_hour(root):
    before = datetime.datetime.now(datetime.timezone.utc)
    answer = root.client().get_session_token(DurationSeconds=43_200)
    assert (answer["Credentials"]["Expiration"] - before).total_seconds() <= 3601
    assert Login.of(root.server, answer).arn() == root.arn()
    for seconds in (899, 129_601):
        assert refused(root.client().get_session_token, DurationSeconds=seconds)[:2] == ("ValidationError", 400)


def test_a_keys_account(server, account, ann):
    ask = ann.client().get_access_key_info
    temporary = ann.client().get_session_token()["Credentials"]["AccessKeyId"]
    for known in (ann.access_key_id, temporary):
        assert ask(AccessKeyId=known)["Account"] == account
    assert refused(ask, AccessKeyId="AKIANOSUCHKEY0000000")[:2] == ("ValidationError", 400)
    assert refused(ask, AccessKeyId="short")[:2] == ("ValidationError", 400)


def test_messages_that_were_never_encoded(root):
    decode = root.client().decode_authorization_message
    assert refused(decode, EncodedMessage="bm90IG91cnM=")[:2] == ("InvalidAuthorizationMessageException", 400)


def test_peer_10_tokens_are_whole_and_bound_to_their_key(server, ann):
    made = role(server, "forged", trust(ann.arn()), allow("*"))
    give = lambda: Login.of(server, ann.client().assume_role(RoleArn=made["Arn"], RoleSessionName="session"))
    one, other = give(), give()
    assert one.arn() == other.arn()
    token = one.token
    flip = lambda at: token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
    for broken in (
        token[:-4], token[4:], token[: len(token) // 2], token + "AAAA", token[:-1], flip(0), flip(5), flip(40),
        flip(len(token) // 2), flip(len(token) - 8), "AAAA", "x", "%00", other.token, "A" * 16_000, "A" * 17_000,
    ):
        assert one.stranger(token=broken) == ("InvalidClientTokenId", 403, INVALID_TOKEN), broken[:60]
    # Its id without its token, the token with a key that is no session's, and another's secret.
    assert one.stranger(token=None) == ("InvalidClientTokenId", 403, INVALID_TOKEN)
    assert one.stranger(access_key_id=ann.access_key_id, secret=ann.secret) == (
        "InvalidClientTokenId", 403, INVALID_TOKEN)
    assert one.stranger(access_key_id=other.access_key_id, secret=other.secret) == (
        "InvalidClientTokenId", 403, INVALID_TOKEN)
    assert one.stranger(secret=other.secret)[:2] == ("SignatureDoesNotMatch", 403)
    # Another key's token after it was opened with its own: what is remembered is bound too.
    assert other.stranger(token=one.token) == ("InvalidClientTokenId", 403, INVALID_TOKEN)
    assert one.arn() == other.arn()


def test_the_largest_session_comes_through_the_door(server, ann):
    both = ("sts:AssumeRole", "sts:TagSession")
    made = role(server, "large", trust(ann.arn(), *both), allow("kms:ListKeys"))
    tags = [{"Key": f"{n:02}" + "k" * 20, "Value": "v" * 40} for n in range(50)]
    answer = ann.client().assume_role(
        RoleArn=made["Arn"], RoleSessionName="session", Tags=tags, TransitiveTagKeys=[tag["Key"] for tag in tags],
        Policy=allow("kms:ListKeys"), MinimumSessionTokenSize=4096)
    login = Login.of(server, answer)
    assert len(login.token) >= 4096
    assert "Keys" in login.client("kms").list_keys()
    assert urllib.request.urlopen(presigned(login), timeout=30).status == 200
    too_many = [{"Key": f"{n:02}" + "k" * 100, "Value": "v" * 200} for n in range(50)]
    assert refused(
        ann.client().assume_role, RoleArn=made["Arn"], RoleSessionName="session", Tags=too_many,
    )[:2] == ("PackedPolicyTooLarge", 400)


def test_a_session_dies_with_its_role(server, ann):
    iam = server.client("iam")
    made = role(server, "mortal", trust(ann.arn()), allow("kms:ListKeys"))
    session = Login.of(server, ann.client().assume_role(RoleArn=made["Arn"], RoleSessionName="session"))
    assert "Keys" in session.client("kms").list_keys()
    # A changed policy bites on the next request.
    iam.put_role_policy(RoleName="mortal", PolicyName="own", PolicyDocument=allow("kms:ListAliases"))
    assert refused(session.client("kms").list_keys)[0] == "AccessDeniedException"
    assert "Aliases" in session.client("kms").list_aliases()
    iam.delete_role_policy(RoleName="mortal", PolicyName="own")
    iam.delete_role(RoleName="mortal")
    assert session.stranger() == ("InvalidClientTokenId", 403, INVALID_TOKEN)
    # One of the same name is another.
    role(server, "mortal", trust(ann.arn()), allow("kms:ListKeys"))
    assert session.stranger() == ("InvalidClientTokenId", 403, INVALID_TOKEN)


def test_a_session_dies_with_its_key_and_its_user(server):
    iam = server.client("iam")
    bob = user(server, "bob", allow("kms:*"))
    session = Login.of(server, bob.client().get_session_token())
    assert session.arn() == bob.arn()
    iam.update_access_key(UserName="bob", AccessKeyId=bob.access_key_id, Status="Inactive")
    assert bob.stranger()[:2] == ("InvalidClientTokenId", 403)
    assert session.stranger() == ("InvalidClientTokenId", 403, INVALID_TOKEN)
    iam.update_access_key(UserName="bob", AccessKeyId=bob.access_key_id, Status="Active")
    assert session.arn() == bob.arn()
    iam.delete_access_key(UserName="bob", AccessKeyId=bob.access_key_id)
    assert session.stranger() == ("InvalidClientTokenId", 403, INVALID_TOKEN)
    key = iam.create_access_key(UserName="bob")["AccessKey"]
    again = Login(server, key["AccessKeyId"], key["SecretAccessKey"])
    of_user = Login.of(server, again.client().get_session_token())
    assert of_user.arn() == again.arn()
    iam.delete_access_key(UserName="bob", AccessKeyId=again.access_key_id)
    iam.delete_user_policy(UserName="bob", PolicyName="own")
    iam.delete_user(UserName="bob")
    assert of_user.stranger() == ("InvalidClientTokenId", 403, INVALID_TOKEN)


def presigned(login, expires=60):
    request = botocore.awsrequest.AWSRequest(
        method="GET", url=f"{login.server.url}/?Action=GetCallerIdentity&Version=2011-06-15")
    credentials = botocore.credentials.Credentials(login.access_key_id, login.secret, login.token)
    botocore.auth.SigV4QueryAuth(credentials, "sts", REGION, expires=expires).add_auth(request)
    return request.prepare().url


def test_a_presigned_question_for_who_signed_it(server, ann, account):
    def fetch(url):
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as answer:
            return answer.code, answer.read().decode()

    for login in (ann, Login.of(server, ann.client().get_session_token())):
        status, text = fetch(presigned(login))
        assert status == 200 and f"<Arn>arn:aws:iam::{account}:user/ann</Arn>" in text
    url = presigned(ann)
    for broken in (
        url.replace("GetCallerIdentity", "GetSessionToken"), url.replace("Expires=60", "Expires=900"),
        url + "&X=1", re.sub(r"Signature=..", "Signature=00", url),
    ):
        status, text = fetch(broken)
        assert status == 403 and "<Code>SignatureDoesNotMatch</Code>" in text, text
    # Another's token in place of its own.
    url = presigned(Login.of(server, ann.client().get_session_token()))
    foreign = urllib.parse.quote(ann.client().get_session_token()["Credentials"]["SessionToken"], safe="")
    status, text = fetch(re.sub(r"Security-Token=[^&]*", lambda _: f"Security-Token={foreign}", url))
    assert status == 403 and "<Code>InvalidClientTokenId</Code>" in text


def test_sessions_outlive_the_process_and_serve_every_node(folder, engine):
    first = Server(folder / "first").start()
    try:
        ann = user(first, "ann")
        made = role(first, "r", trust(ann.arn()), allow("kms:ListKeys"))
        session = Login.of(first, ann.client().assume_role(RoleArn=made["Arn"], RoleSessionName="session"))
        first.stop()
        first.start()
        assert session.arn().endswith(":assumed-role/r/session")
        if engine == "postgres":
            second = Server(folder / "second", store=first.store)
            second.data.mkdir(parents=True)
            shutil.copy(first.data / "root.key", second.data / "root.key")
            second.start()
            try:
                over_there = Login(second, session.access_key_id, session.secret, session.token)
                assert over_there.arn() == session.arn()
                assert "Keys" in over_there.client("kms").list_keys()
            finally:
                second.stop()
    finally:
        first.stop()


def test_peer_10_sessions_end(folder, monkeypatch):
    if shutil.which("faketime") is None:
        pytest.fail("faketime is missing; make test installs it")
    clock = Clock(folder)
    server = Server(folder, environment=clock.environment).start()
    try:
        session = Login.of(server, server.client("sts").get_session_token(DurationSeconds=900))
        assert session.arn().endswith(":root")
        clock.set("+901s")
        now = botocore.auth.get_current_datetime
        monkeypatch.setattr(
            botocore.auth, "get_current_datetime",
            lambda remove_tzinfo=True: now(remove_tzinfo=remove_tzinfo) + datetime.timedelta(seconds=901))
        assert session.stranger() == (
            "ExpiredToken", 403, "The security token included in the request is expired")
        assert refused(session.client("kms").list_keys)[0] == "ExpiredTokenException"
    finally:
        server.stop()
