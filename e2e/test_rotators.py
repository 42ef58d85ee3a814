"""Built-in rotators with real databases: a rotation as its owner sets it up, and every step of it failing.

| what fails | what must hold |
|---|---|
| the database is down | AWSCURRENT is good, the attempt is on record, the next one completes |
| the current password is wrong | with an administrator the rotation completes; without it says so, and completes once it is right again |
| the server is killed between steps | the next start completes it, under the same token |
| the database takes the password and the answer is lost | the next attempt finds it set |
"""

import datetime
import json
import random
import time
import uuid

import botocore.exceptions
import pytest

import databases
from clock import Clock
from conftest import REGION, Server, make_server, wait_until
from identities import allow, user

WITHIN = 60


@pytest.fixture(scope="module", params=["postgres", "mariadb", "redis"])
def database(request):
    made = databases.KINDS[request.param]().start()
    yield made
    made.stop()


@pytest.fixture(scope="module")
def sm(server):
    return server.client("secretsmanager")


def fresh(prefix="s"):
    return f"{prefix}/{uuid.uuid4().hex}"


def new_user():
    return "u" + uuid.uuid4().hex[:10]


def current(sm, name):
    got = sm.get_secret_value(SecretId=name)
    return got["VersionId"], json.loads(got["SecretString"])


def labels(sm, name):
    found = sm.describe_secret(SecretId=name)["VersionIdsToStages"]
    return {label: version for version, labels in found.items() for label in labels}


def rotated(sm, name, token):
    return wait_until(lambda: labels(sm, name).get("AWSCURRENT") == token, WITHIN, f"the rotation of {name}")


def shown(server, name):
    run = server.keywright("rotation", "show", name, "--output", "json")
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def failed(server, name, step=None):
    def found():
        told = shown(server, name)
        run = told.get("Run")
        return run if run and run.get("Cause") and step in (None, run["Step"]) else None
    return wait_until(found, WITHIN, "a failed attempt")


def store(sm, database, value, strategy="single-user", **more):
    """A secret with this value, not rotating yet."""
    name = fresh(database.kind)
    sm.create_secret(Name=name, SecretString=json.dumps(value), Type=database.type, **more)
    return name


def rotate(sm, name, strategy="single-user", days=30, **more):
    rules = {"RotationRules": {"AutomaticallyAfterDays": days}} if days else {}
    metadata = [{"Key": "strategy", "Value": strategy}]
    return sm.rotate_secret(
        SecretId=name, ExternalSecretRotationMetadata=metadata, **rules, **more)["VersionId"]


def refused(code, text, call, **arguments):
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    assert error["Code"] == code and text in error["Message"], error


def admin_secret(sm, database):
    name = fresh("admin")
    return sm.create_secret(Name=name, SecretString=json.dumps(database.admin()))["ARN"]


def test_single_user(server, sm, database):
    before = database.make_user(new_user(), "first", more="kept")
    assert database.logs_in(before)
    name = store(sm, database, before)
    token = rotate(sm, name)
    rotated(sm, name, token)
    version, after = current(sm, name)
    assert version == token and after["password"] != "first" and {**after, "password": "first"} == before
    assert database.logs_in(after) and not database.logs_in(before)
    told = sm.describe_secret(SecretId=name)
    assert told["RotationEnabled"] and told["RotationRules"] == {"AutomaticallyAfterDays": 30}
    assert told["LastRotatedDate"] and told["NextRotationDate"] > told["LastRotatedDate"]
    assert told["ExternalSecretRotationMetadata"] == [{"Key": "strategy", "Value": "single-user"}]
    assert set(labels(sm, name)) == {"AWSCURRENT", "AWSPREVIOUS"}
    # Again, on demand, with nothing said twice.
    token = sm.rotate_secret(SecretId=name)["VersionId"]
    rotated(sm, name, token)
    assert database.logs_in(current(sm, name)[1]) and not database.logs_in(after)
    steps = [(entry["Step"], entry["Outcome"]) for entry in shown(server, name)["Log"]]
    assert steps == [("rotation", "succeeded"), ("finishSecret", "done"), ("testSecret", "done"), ("setSecret", "done"),
                     ("createSecret", "done"), ("rotation", "started")] * 2


def test_alternating_users(server, sm, database):
    first = database.make_user(new_user(), "first", masterarn=admin_secret(sm, database))
    name = store(sm, database, first)
    values = [first]
    for turn in range(4):
        token = rotate(sm, name, "alternating-users")
        rotated(sm, name, token)
        values.append(current(sm, name)[1])
        # The one before stays good for one more period, the one before that does not.
        assert database.logs_in(values[-1]) and database.logs_in(values[-2]), turn
        if turn:
            assert not database.logs_in(values[-3])
    assert [value["username"] for value in values] == [first["username"], first["username"] + "_clone"] * 2 + [
        first["username"]]


def test_reserved_function_arns(server, sm, database):
    account = server.client("sts").get_caller_identity()["Account"]
    short = database.type.split(":")[1]
    arn = f"arn:aws:lambda:{REGION}:{account}:function:keywright-{short}-single-user"
    name = fresh()
    sm.create_secret(Name=name, SecretString=json.dumps(database.make_user(new_user(), "first")))
    refused("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.",
            sm.rotate_secret, SecretId=name)
    for wrong in (arn + "x", arn.replace(account, "111122223333"), arn.replace(REGION, "us-east-1"), "my-function"):
        refused("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function.",
                sm.rotate_secret, SecretId=name, RotationLambdaARN=wrong)
    token = sm.rotate_secret(SecretId=name, RotationLambdaARN=arn, RotationRules={
        "ScheduleExpression": "cron(0 8 1 * ? *)", "Duration": "2h"})["VersionId"]
    rotated(sm, name, token)
    told = sm.describe_secret(SecretId=name)
    assert told["RotationLambdaARN"] == arn and "ExternalSecretRotationMetadata" not in told
    assert told["RotationRules"] == {
        "AutomaticallyAfterDays": 31, "ScheduleExpression": "cron(0 8 1 * ? *)", "Duration": "2h"}
    assert (told["NextRotationDate"].astimezone(datetime.timezone.utc).hour) == 10
    entry = sm.list_secrets(Filters=[{"Key": "name", "Values": [name]}])["SecretList"][0]
    assert entry["RotationEnabled"] and entry["RotationLambdaARN"] == arn and entry["NextRotationDate"]


def test_bad_rules(sm, database):
    name = store(sm, database, database.make_user(new_user(), "first"))
    for rules in (
        {"AutomaticallyAfterDays": 10, "ScheduleExpression": "rate(10 days)"}, {"Duration": "3h"},
        {"ScheduleExpression": "rate(3 hours)"}, {"ScheduleExpression": "cron(5 8 1 * ? *)"},
        {"ScheduleExpression": "rate(10 days)", "Duration": "25h"},
        {"ScheduleExpression": "cron(0 20 * * ? *)", "Duration": "5h"},
    ):
        refused("InvalidParameterException", "rotation rules", sm.rotate_secret, SecretId=name, RotationRules=rules)
    refused("ValidationException", "", sm.rotate_secret, SecretId=name, RotationRules={"AutomaticallyAfterDays": 1001})
    refused("InvalidParameterException", "strategy", sm.rotate_secret, SecretId=name,
            ExternalSecretRotationMetadata=[{"Key": "strategy", "Value": "sometimes"}])
    assert "RotationEnabled" not in sm.describe_secret(SecretId=name)


def test_preflight_names_everything(server, sm, database):
    good = database.make_user(new_user(), "first")
    name = store(sm, database, good)
    ready = server.keywright("rotation", "preflight", name)
    assert ready.returncode == 0 and "Nothing stands in the way" in ready.stdout, ready.stderr
    assert "RotationEnabled" not in sm.describe_secret(SecretId=name)

    def problems(value, *arguments):
        name = store(sm, database, value)
        run = server.keywright("rotation", "preflight", name, "--output", "json", *arguments)
        assert run.returncode == 1, run.stdout + run.stderr
        found = json.loads(run.stdout)
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            rotate(sm, name, "alternating-users" if arguments else "single-user")
        for problem in found["Problems"]:
            assert problem["Message"] in caught.value.response["Error"]["Message"]
        assert "RotationEnabled" not in sm.describe_secret(SecretId=name)
        return {problem["Code"] for problem in found["Problems"]}

    assert problems({**good, "password": "wrong"}) == {"login-refused"}
    assert problems({key: value for key, value in good.items() if key != "username"}) == {"value"}
    assert problems({**good, "port": 1}) == {"unreachable-host"}
    assert problems(good, "--strategy", "alternating-users") == {"no-administrator"}
    elsewhere = sm.create_secret(
        Name=fresh(), SecretString=json.dumps({**database.admin(), "host": "127.0.0.2"}))["ARN"]
    assert "other-host" in problems({**good, "masterarn": elsewhere})
    assert problems({**good, "masterarn": elsewhere[:-6] + "AAAAAA"}) == {"value"}
    # What the caller may not do is named too.
    poor = user(server, "u" + uuid.uuid4().hex[:8], allow("secretsmanager:RotateSecret", "secretsmanager:DescribeSecret"))
    refused("AccessDeniedException", "you may not read the secret", poor.client("secretsmanager").rotate_secret,
            SecretId=name, ClientRequestToken=str(uuid.uuid4()))


def test_a_customer_key_needs_a_right_to_grant(server, sm, database):
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    value = database.make_user(new_user(), "first")
    name = store(sm, database, value, KmsKeyId=key)
    some = user(server, "u" + uuid.uuid4().hex[:8], allow(
        "secretsmanager:*", "kms:Decrypt", "kms:GenerateDataKey"))
    refused("AccessDeniedException", "kms:CreateGrant", some.client("secretsmanager").rotate_secret,
            SecretId=name, ClientRequestToken=str(uuid.uuid4()))
    assert kms.list_grants(KeyId=key)["Grants"] == []
    rotated(sm, name, rotate(sm, name))
    grants = kms.list_grants(KeyId=key)["Grants"]
    assert len(grants) == 1 and grants[0]["GranteePrincipal"] == "secretsmanager.amazonaws.com"
    arn = sm.describe_secret(SecretId=name)["ARN"]
    assert grants[0]["Constraints"] == {"EncryptionContextSubset": {"SecretARN": arn}}
    # Setting up once more leaves one grant, cancelling none.
    rotated(sm, name, rotate(sm, name))
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 1
    sm.cancel_rotate_secret(SecretId=name)
    assert kms.list_grants(KeyId=key)["Grants"] == []
    assert database.logs_in(current(sm, name)[1])


def test_only_a_try(server, sm, database):
    value = database.make_user(new_user(), "first")
    name = store(sm, database, value)
    rotate(sm, name, RotateImmediately=False)
    wait_until(lambda: "Run" not in shown(server, name), WITHIN, "the test of the rotation")
    assert current(sm, name)[1] == value and database.logs_in(value)
    assert set(labels(sm, name)) == {"AWSCURRENT"}
    told = sm.describe_secret(SecretId=name)
    assert told["RotationEnabled"] and told["NextRotationDate"] and "LastRotatedDate" not in told
    assert [entry["Outcome"] for entry in shown(server, name)["Log"]] == ["succeeded", "done", "started"]


def test_the_current_password_is_wrong(server, sm, database):
    """Somebody changed it by hand between two rotations."""
    value = database.make_user(new_user(), "first")
    name = store(sm, database, value)
    rotated(sm, name, rotate(sm, name))
    version, good = current(sm, name)
    database.change(good["username"], "by-hand")
    token = sm.rotate_secret(SecretId=name)["VersionId"]
    run = failed(server, name, "setSecret")
    assert "refused user" in run["Cause"] and run["Attempt"] == 2 and run["VersionId"] == token
    assert labels(sm, name)["AWSCURRENT"] == version and labels(sm, name)["AWSPENDING"] == token
    listed = json.loads(server.keywright("rotation", "due", "--output", "json").stdout)["Rotations"]
    line = next(line for line in listed if name in line["ResourceArn"])
    assert line["Status"] == "BLOCKED" and "setSecret failed" in line["Reason"] and line["ResourceType"] == "SECRET"
    refused("InvalidRequestException",
            "A previous rotation isn't complete. That rotation will be reattempted.",
            sm.rotate_secret, SecretId=name)
    # One command goes on, once the password is what the secret says.
    database.change(good["username"], good["password"])
    assert server.keywright("rotation", "retry", name).returncode == 0
    rotated(sm, name, token)
    assert database.logs_in(current(sm, name)[1]) and not database.logs_in(good)


def test_the_administrator_helps(server, sm, database):
    value = database.make_user(new_user(), "first", masterarn=admin_secret(sm, database))
    database.change(value["username"], "by-hand")
    name = store(sm, database, value)
    rotated(sm, name, rotate(sm, name))
    assert database.logs_in(current(sm, name)[1])


def test_somebody_writes_in_between(server, sm, database):
    value = database.make_user(new_user(), "first")
    name = store(sm, database, value)
    rotated(sm, name, rotate(sm, name))
    _, good = current(sm, name)
    database.change(good["username"], "by-hand")
    token = sm.rotate_secret(SecretId=name)["VersionId"]
    failed(server, name, "setSecret")
    sm.put_secret_value(SecretId=name, SecretString=json.dumps({**good, "password": "by-hand"}))
    told = shown(server, name)
    assert "Run" not in told and told["Log"][0]["Outcome"] == "abandoned" and told["Log"][0]["VersionId"] == token
    assert "AWSPENDING" not in labels(sm, name)
    rotated(sm, name, sm.rotate_secret(SecretId=name)["VersionId"])
    assert database.logs_in(current(sm, name)[1])


def test_abandoned_and_cancelled(server, sm, database):
    value = database.make_user(new_user(), "first")
    name = store(sm, database, value)
    rotated(sm, name, rotate(sm, name))
    version, good = current(sm, name)
    for end in ("abandon", "cancel"):
        database.change(good["username"], "by-hand")
        token = sm.rotate_secret(SecretId=name, RotationRules={"AutomaticallyAfterDays": 30})["VersionId"]
        failed(server, name, "setSecret")
        if end == "abandon":
            assert server.keywright("rotation", "abandon", name).returncode == 0
            assert "AWSPENDING" not in labels(sm, name)
            assert sm.describe_secret(SecretId=name)["RotationEnabled"]
            assert "Run" not in shown(server, name)
            assert "not under way" not in server.keywright("rotation", "retry", name).stderr
            assert server.keywright("rotation", "retry", name).returncode == 3
        else:
            assert sm.cancel_rotate_secret(SecretId=name)["VersionId"] == token
            told = sm.describe_secret(SecretId=name)
            assert told["RotationEnabled"] is False and told["RotationRules"] and "NextRotationDate" not in told
            # Labels stay; the way out is AWS's.
            assert labels(sm, name)["AWSPENDING"] == token
            sm.update_secret_version_stage(SecretId=name, VersionStage="AWSPENDING", RemoveFromVersionId=token)
        assert labels(sm, name)["AWSCURRENT"] == version
        database.change(good["username"], good["password"])
    rotated(sm, name, rotate(sm, name))
    assert database.logs_in(current(sm, name)[1])


def test_the_database_is_away(server, sm, database):
    value = database.make_user(new_user(), "first")
    name = store(sm, database, value)
    rotated(sm, name, rotate(sm, name))
    version, good = current(sm, name)
    database.kill()
    token = sm.rotate_secret(SecretId=name)["VersionId"]
    run = failed(server, name, "setSecret")
    assert "could not be reached" in run["Cause"], run
    assert current(sm, name) == (version, good)
    database.start()
    assert database.logs_in(good)
    assert server.keywright("rotation", "retry", name).returncode == 0
    rotated(sm, name, token)
    assert database.logs_in(current(sm, name)[1])


def test_the_server_is_killed_at_any_moment(folder, database):
    """Killed a few milliseconds into a rotation, again and again: it completes under its token, and is done once."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    moments = random.Random(seed)
    server = make_server(folder).start()
    value = database.make_user(new_user(), "first")
    name = store(server.client("secretsmanager"), database, value)
    for _ in range(6):
        sm = server.client("secretsmanager")
        before = current(sm, name)[1]
        token = rotate(sm, name)
        time.sleep(moments.uniform(0, 0.15))
        server.kill()
        server.start()
        sm = server.client("secretsmanager")
        rotated(sm, name, token)
        after = current(sm, name)[1]
        assert database.logs_in(after) and not database.logs_in(before)
        assert "AWSPENDING" not in labels(sm, name)
    ends = [entry for entry in shown(server, name)["Log"] if (entry["Step"], entry["Outcome"]) == ("rotation", "succeeded")]
    assert len(ends) == 6
    server.stop()


def test_odd_names_and_passwords_and_no_trace(server, sm, database):
    marked = "canary" + uuid.uuid4().hex
    passwords = []
    odd = {"postgres": 'o"n\'e\\il;--ü', "mariadb": "o'n\"e\\il;--ü", "redis": "o'neil;--ü"}[database.kind]
    value = database.make_user(odd + uuid.uuid4().hex[:4], marked + "'\"\\;--ü%" if database.kind != "redis" else marked + "'\"\\;--%",
                               masterarn=admin_secret(sm, database))
    assert database.logs_in(value)
    for strategy in ("single-user", "alternating-users", "alternating-users"):
        name = store(sm, database, value)
        rotated(sm, name, rotate(sm, name, strategy))
        value = current(sm, name)[1]
        passwords.append(value["password"])
        assert database.logs_in(value), strategy
    seen = {"the database's log": database.log(), "the server's log": "".join(server.log)}
    for path in (server.data / "trail").glob("**/*"):
        if path.is_file():
            seen[path.name] = path.read_bytes().decode(errors="replace")
    seen["what the operator is shown"] = json.dumps(shown(server, name))
    for where, text in seen.items():
        for password in [marked, *passwords]:
            assert password not in text, f"a password is in {where}"
    refused("InvalidRequestException", "NUL", sm.rotate_secret, SecretId=store(
        sm, database, {**value, "username": "a\0b"}))


def test_the_schedule_is_kept(folder, database, monkeypatch):
    """On a clock that is moved: what is due rotates, what was missed rotates once."""
    clock = Clock(folder)
    server = Server(folder, environment=clock.environment).start()
    sm = server.client("secretsmanager")
    value = database.make_user(new_user(), "first")
    name = store(sm, database, value)
    rotated(sm, name, rotate(sm, name, days=1))
    told = [sm.describe_secret(SecretId=name)]
    assert told[0]["NextRotationDate"] > told[0]["LastRotatedDate"]

    def versions():
        return len(sm.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"])

    # The first two days as they come; then the server is away for three, and misses two windows.
    for days, is_away in ((2, False), (4, False), (7, True)):
        if is_away:
            server.stop()
        clock.move(days, monkeypatch)
        if is_away:
            server.start()
            sm = server.client("secretsmanager")
        before = told[-1]["LastRotatedDate"]
        wait_until(lambda: sm.describe_secret(SecretId=name)["LastRotatedDate"] > before, WITHIN, "the rotation")
        told.append(sm.describe_secret(SecretId=name))
        assert told[-1]["NextRotationDate"] > told[-1]["LastRotatedDate"]
        assert database.logs_in(current(sm, name)[1])
    assert versions() == 5
    server.stop()
