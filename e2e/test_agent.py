"""`keywright exec` and `keywright agent`: files, templates, environments, signals, the local API; changes at once, the last value
while the server is away; who has which version; rotations that wait for those who are behind."""

import json
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid

import pytest

import databases
import postgres
from clock import Clock
from conftest import BINARY, Server, wait_until
from identities import allow, user
from test_rotators import admin_secret, current, rotate, rotated, shown, store


@pytest.fixture(scope="module")
def sm(server):
    return server.client("secretsmanager")


def fresh():
    return "a/" + uuid.uuid4().hex


class Running:
    """A command of the binary that stays; what it says is kept."""

    def __init__(self, server, *arguments, environment=(), cwd=None):
        self.lines = []
        self.process = subprocess.Popen(
            [str(BINARY), *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=cwd,
            env={**server.variables(), **dict(environment)})
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def said(self, text, count=1, seconds=30):
        wait_until(lambda: sum(text in line for line in self.lines) >= count, seconds, f"{text!r} in {self.lines}")

    def end(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(timeout=30)


def test_a_child_with_variables_is_restarted(server, sm):
    name = fresh()
    sm.create_secret(Name=name, SecretString=json.dumps({"user": "app", "password": "one", "port": 5432}))
    script = 'echo "has $DB_USER $DB_PASSWORD $DB_PORT"; exec sleep 60'
    child = Running(server, "exec", "--env", f"DB_USER={name}#user", "--env", f"DB_PASSWORD={name}#password",
                    "--env", f"DB_PORT={name}#port", "--", "sh", "-c", script)
    child.said("has app one 5432")
    sm.put_secret_value(SecretId=name, SecretString=json.dumps({"user": "app", "password": "two", "port": 5433}))
    child.said("has app two 5433")
    # What cannot be used changes nothing.
    sm.put_secret_value(SecretId=name, SecretString="no JSON")
    child.said("cannot be used")
    sm.put_secret_value(SecretId=name, SecretString=json.dumps({"user": "app", "password": "three", "port": 1}))
    child.said("has app three 1")
    assert child.end() == 128 + signal.SIGTERM
    words = "\n".join(line for line in child.lines if not line.startswith("has "))
    assert "two" not in words and "three" not in words


def test_exit_codes_and_signals_go_through(server, sm):
    name = fresh()
    sm.create_secret(Name=name, SecretString="x")
    for script, code in (("exit 0", 0), ("exit 7", 7), ("kill -9 $$", 137)):
        run = subprocess.run([str(BINARY), "exec", "--env", f"A={name}", "--", "sh", "-c", script],
                             env=server.variables(), timeout=30, check=False)
        assert run.returncode == code
    child = Running(server, "exec", "--env", f"A={name}", "--", "sh", "-c",
                    'trap "echo got usr1" USR1; trap "echo bye; exit 3" TERM; echo up; while :; do sleep 0.05; done')
    child.said("up")
    child.process.send_signal(signal.SIGUSR1)
    child.said("got usr1")
    assert child.end() == 3 and "bye" in child.lines
    stubborn = Running(server, "exec", "--grace", "1", "--env", f"A={name}", "--", "sh", "-c",
                       'trap "" TERM; echo up; while :; do sleep 0.05; done')
    stubborn.said("up")
    assert stubborn.end() == 137
    for arguments, text in (
        (["exec", "--", "true"], "no secret is named"), (["exec", "--env", "A", "--", "true"], "NAME=SECRET"),
        (["exec", "--env", f"A={name}#x", "--", "true"], "no JSON object"),
        (["exec", "--env", f"A={fresh()}", "--", "true"], "ResourceNotFoundException"),
        (["exec", "--env", f"A={name}", "--", "/no/such/program"], "cannot start"),
    ):
        run = subprocess.run([str(BINARY), *arguments], env=server.variables(), capture_output=True, text=True,
                             timeout=30, check=False)
        assert run.returncode == 3 and text in run.stderr, run.stderr


def test_files_and_templates(server, sm, folder):
    name, other = fresh(), fresh()
    sm.create_secret(Name=name, SecretString=json.dumps({"user": "app", "password": "one"}))
    sm.create_secret(Name=other, SecretString="plain")
    template = folder / "config.in"
    template.write_text(f"user={{{{ {name}#user }}}}\npassword={{{{{name}#password}}}}\nother={{{{ {other} }}}}\n")
    child = Running(
        server, "exec", "--file", f"{folder}/password={name}#password", "--template", f"{template}={folder}/config",
        "--on-change", "signal:HUP", "--", "sh", "-c",
        f'trap "echo now $(cat {folder}/password >/dev/null) changed" HUP; echo up; while :; do sleep 0.05; done')
    child.said("up")
    assert (folder / "password").read_text() == "one"
    assert (folder / "config").read_text() == "user=app\npassword=one\nother=plain\n"
    assert stat.S_IMODE((folder / "password").stat().st_mode) == 0o400
    sm.put_secret_value(SecretId=other, SecretString="else")
    child.said("changed")
    assert (folder / "config").read_text().endswith("other=else\n")
    sm.put_secret_value(SecretId=name, SecretString=json.dumps({"user": "app", "password": "two"}))
    child.said("changed", count=2)
    assert (folder / "password").read_text() == "two"
    child.end()


def test_the_server_is_away(folder):
    server = Server(folder).start()
    sm = server.client("secretsmanager")
    name = fresh()
    sm.create_secret(Name=name, SecretString="one")
    port = postgres.free_port()
    agent = Running(server, "agent", "--file", f"{folder}/value={name}", "--listen", f"127.0.0.1:{port}",
                    environment={"AWS_TOKEN": "token"})
    agent.said("secrets are in place")
    server.kill()
    agent.said("stays in use")
    assert (folder / "value").read_text() == "one"
    assert json.loads(ask(port, f"/secretsmanager/get?secretId={name}")[1])["SecretString"] == "one"
    assert json.loads(ask(port, f"/secretsmanager/get?secretId={name}&refreshNow=true")[1])["SecretString"] == "one"
    assert ask(port, "/secretsmanager/get?secretId=unknown")[0] == 502
    server.start()
    server.client("secretsmanager").put_secret_value(SecretId=name, SecretString="two")
    wait_until(lambda: (folder / "value").read_text() == "two", 40, "the new value")
    agent.end()
    # Also when it starts while the server is away.
    server.stop()
    child = Running(server, "exec", "--env", f"A={name}", "--", "sh", "-c", "echo has $A")
    child.said("could not be fetched yet")
    server.start()
    child.said("has two")
    assert child.process.wait(timeout=30) == 0
    server.stop()


def ask(port, path, token="token", **headers):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    if token:
        request.add_header("X-Aws-Parameters-Secrets-Token", token)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_the_local_api(server, sm, folder):
    """As AWS's agent answers: https://github.com/aws/aws-secretsmanager-agent, README."""
    name = fresh()
    first = sm.create_secret(Name=name, SecretString="one")["VersionId"]
    second = sm.put_secret_value(SecretId=name, SecretString="two")["VersionId"]
    token_file = folder / "token"
    token_file.write_text("a token\n")
    port = postgres.free_port()
    agent = Running(server, "agent", "--listen", f"127.0.0.1:{port}", environment={"AWS_TOKEN": f"file://{token_file}"})
    agent.said("the local API is at")
    get = lambda path, **more: ask(port, path, **{"token": "a token", **more})
    quoted = name.replace("/", "%2F")
    for path in (f"/secretsmanager/get?secretId={quoted}", f"/v1/{quoted}"):
        status, body = get(path)
        found = json.loads(body)
        assert status == 200 and (found["SecretString"], found["VersionId"]) == ("two", second)
        assert found["ARN"] and found["VersionStages"] == ["AWSCURRENT"] and found["CreatedDate"]
    previous = f"/secretsmanager/get?secretId={name}&versionStage=AWSPREVIOUS"
    assert json.loads(get(previous)[1])["SecretString"] == "one"
    assert json.loads(get(f"/v1/{quoted}?versionId={first}")[1])["SecretString"] == "one"
    assert get("/ping", token=None) == (200, "healthy")
    for wrong in (None, "", "a tokem", "a token "):
        status, body = get(f"/v1/{quoted}", token=wrong)
        assert status in ((403,) if wrong != "a token " else (403, 200)) and ("two" not in body or wrong == "a token ")
    assert ask(port, f"/v1/{quoted}", token=None, **{"X-Vault-Token": "a token"})[0] == 200
    assert get(f"/v1/{quoted}", **{"X-Forwarded-For": "10.0.0.1"})[0] == 400
    status, body = get("/secretsmanager/get?secretId=unknown")
    assert status == 400 and "ResourceNotFoundException" in body
    assert get("/else")[0] == 404 and get("/secretsmanager/get")[0] == 404
    # What was asked for once is kept as it becomes.
    third = sm.put_secret_value(SecretId=name, SecretString="three")["VersionId"]
    wait_until(lambda: json.loads(get(f"/v1/{quoted}")[1])["VersionId"] == third, 20, "the change")
    # Kept for its time to live, unless it is to be refreshed.
    assert json.loads(get(previous)[1])["SecretString"] == "one"
    assert json.loads(get(previous + "&refreshNow=true")[1])["SecretString"] == "two"
    agent.end()
    for arguments, environment, text in (
        (["--listen", "127.0.0.1:0"], {}, "needs a token"), (["--listen", "0.0.0.0:0"], {"AWS_TOKEN": "x"}, "other machines"),
        ([], {}, "nothing is to be done"), (["--listen", "127.0.0.1:0"], {"AWS_TOKEN": ""}, "empty"),
    ):
        run = subprocess.run([str(BINARY), "agent", *arguments], env={**server.variables(), **environment},
                             capture_output=True, text=True, timeout=30, check=False)
        assert run.returncode == 3 and text in run.stderr, run.stderr


def test_who_may_not_wait_asks(server, sm, folder):
    name = fresh()
    sm.create_secret(Name=name, SecretString="one")
    poor = user(server, "u" + uuid.uuid4().hex[:8], allow("secretsmanager:GetSecretValue"))
    agent = Running(server, "agent", "--poll", "1", "--file", f"{folder}/value={name}", environment={
        "AWS_ACCESS_KEY_ID": poor.access_key_id, "AWS_SECRET_ACCESS_KEY": poor.secret})
    agent.said("changes cannot be waited for")
    sm.put_secret_value(SecretId=name, SecretString="two")
    wait_until(lambda: (folder / "value").read_text() == "two", 30, "the new value")
    agent.end()


def test_who_has_which_version(server, sm, folder):
    name = fresh()
    first = sm.create_secret(Name=name, SecretString="one")["VersionId"]
    reader = user(server, "u" + uuid.uuid4().hex[:8], allow("secretsmanager:GetSecretValue"))
    reader.client("secretsmanager").get_secret_value(SecretId=name)
    agent = Running(server, "agent", "--name", "pod-7", "--file", f"{folder}/value={name}")
    agent.said("secrets are in place")
    root = server.client("sts").get_caller_identity()["Arn"]
    instance = f"{root} pod-7"

    def versions():
        return {one["Consumer"]: (one["VersionId"], one["Current"]) for one in shown(server, name)["Consumers"]}

    wait_until(lambda: instance in versions(), 20, "the report")
    assert versions()[reader.arn()] == (first, True)
    second = sm.put_secret_value(SecretId=name, SecretString="two")["VersionId"]
    wait_until(lambda: versions()[instance] == (second, True), 20, "the agent's move")
    assert versions()[reader.arn()] == (first, False)
    table = server.keywright("rotation", "show", name).stdout
    assert "BEHIND" in table and "pod-7" in table
    agent.end()


def test_a_rotation_waits_for_those_who_are_behind(folder, monkeypatch):
    """With alternating users it would end the credential that somebody still has."""
    database = databases.Redis().start()
    clock = Clock(folder)
    server = Server(folder, environment=clock.environment).start()
    sm = server.client("secretsmanager")
    value = database.make_user("app", "first", masterarn=admin_secret(sm, database))
    name = store(sm, database, value)
    slow = user(server, "slow", allow("secretsmanager:GetSecretValue"))
    metadata = [{"Key": "strategy", "Value": "alternating-users"}, {"Key": "hold", "Value": "48h"}]
    for wrong in ("48", "0h", "x", "2401h"):
        with pytest.raises(sm.exceptions.InvalidParameterException):
            sm.rotate_secret(SecretId=name, ExternalSecretRotationMetadata=[metadata[0], {"Key": "hold", "Value": wrong}])
    slow.client("secretsmanager").get_secret_value(SecretId=name)
    token = sm.rotate_secret(SecretId=name, ExternalSecretRotationMetadata=metadata,
                             RotationRules={"AutomaticallyAfterDays": 1})["VersionId"]
    rotated(sm, name, token)
    assert sm.describe_secret(SecretId=name)["ExternalSecretRotationMetadata"] == metadata
    current(sm, name)

    def told():
        run = subprocess.run([str(BINARY), "rotation", "show", name, "--output", "json"], capture_output=True, text=True,
                             env=server.variables() | clock.environment, timeout=60, check=False)
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    # Two days later it is due, and one reader has not come back.
    clock.move(2, monkeypatch)
    held = wait_until(lambda: told().get("Held"), 30, "that it is held")
    assert "user/slow" in held and current(sm, name)[0] == token
    # Another three days, and the limit is over.
    clock.move(5, monkeypatch)
    wait_until(lambda: current(sm, name)[0] != token, 60, "the rotation")
    assert "Held" not in told()
    outcomes = [entry["Outcome"] for entry in told()["Log"] if entry["Step"] == "rotation"]
    assert outcomes == ["succeeded", "started", "held", "succeeded", "started"]
    server.stop()
    database.stop()


def test_a_service_never_notices(server, sm, folder):
    """Under `keywright exec`, with its password in a file: every login is good through rotations."""
    rotations = int(os.environ.get("KEYWRIGHT_EXEC_ROTATIONS", "4"))
    database = databases.Redis().start()
    value = database.make_user("app", "first", masterarn=admin_secret(sm, database))
    name = store(sm, database, value)
    service = folder / "service.py"
    service.write_text(f"""
import json, socket, time
def login():
    value = json.load(open({str(folder / "value")!r}))
    with socket.create_connection(("127.0.0.1", value["port"])) as redis:
        redis.sendall(f"AUTH {{value['username']}} {{value['password']}}\\r\\n".encode())
        return redis.recv(100).startswith(b"+OK")
print("up", flush=True)
good = bad = 0
while True:
    good, bad = (good + 1, bad) if login() else (good, bad + 1)
    if bad: print("REFUSED", flush=True)
    if good % 50 == 0: print("good", good, flush=True)
    time.sleep(0.01)
""")
    child = Running(server, "exec", "--file", f"{folder}/value={name}", "--on-change", "none", "--",
                    sys.executable, service)
    child.said("up")
    for turn in range(rotations):
        rotated(sm, name, rotate(sm, name, "alternating-users"))
        child.said("a secret changed", count=turn + 1)
    child.said("good 50")
    assert not any("REFUSED" in line for line in child.lines), child.lines
    child.end()
    database.stop()
