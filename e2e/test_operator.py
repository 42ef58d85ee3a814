"""What an operator meets: configuration, health, metrics, rotation reports, a good stop."""

import json
import signal
import subprocess
import urllib.error
import urllib.request

from conftest import BINARY, Server, wait_until


def run(*arguments, **settings):
    return subprocess.run([str(BINARY), *arguments], capture_output=True, text=True, timeout=30, check=False, **settings)


def test_bad_configuration_points_at_the_line(folder):
    for text, said in (
        ("listen = '127.0.0.1:0'\n\n[kms]\nrotation.min_day = 7\n", ["min_day", "unknown field", "4"]),
        ("listen = 7\n", ["string", "1"]),
        ("[limits\n", ["1"]),
    ):
        (folder / "keywright.toml").write_text(text, encoding="utf-8")
        outcome = run("server", cwd=folder)
        assert outcome.returncode == 3, outcome.stderr
        for word in said:
            assert word in outcome.stderr, outcome.stderr
        assert "keywright.toml" in outcome.stderr
        assert not (folder / "keywright-data").exists(), "nothing was made"


def test_values_that_do_not_fit_are_refused_with_what_fits(folder):
    for arguments, said in (
        (["--listen", "0.0.0.0:5399"], "TLS"),
        (["--listen", "somewhere"], "127.0.0.1:5399"),
        (["--store", "mysql"], "sqlite"),
        (["--store", "postgres://kw:hunter2@127.0.0.1/"], "names no database"),
        (["--regions", "Mars!"], "Region"),
        (["--account-id", "12"], "12 digits"),
    ):
        outcome = run("server", "--data", str(folder / "data"), *arguments)
        assert outcome.returncode == 3, arguments
        assert said in " ".join(outcome.stderr.replace("│", " ").split()), outcome.stderr
        assert "hunter2" not in outcome.stdout + outcome.stderr
    assert run("server", "--no-such-flag").returncode == 2
    assert run("nonsense").returncode == 2


def test_an_extra_region_is_served_and_a_typo_is_not(folder):
    server = Server(folder, arguments=["--regions", "cellar-1"]).start()
    try:
        key = server.client(region="cellar-1").create_key()["KeyMetadata"]
        assert key["Arn"].startswith("arn:aws:kms:cellar-1:")
    finally:
        server.stop()


def get(server, path):
    try:
        with urllib.request.urlopen(server.url + path, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode()


def test_metrics_count_what_happened(server, kms):
    kms.create_key()
    status, text = get(server, "/metrics")
    assert status == 200
    line = next(line for line in text.splitlines() if line.startswith("keywright_requests_total") and "CreateKey" in line)
    assert 'code="OK"' in line and int(line.rsplit(" ", 1)[1]) >= 1
    assert "keywright_request_seconds_bucket" in text
    urllib_refused = urllib.request.Request(server.url + "/", method="POST", headers={"X-Amz-Target": "TrentService.X"})
    try:
        urllib.request.urlopen(urllib_refused, timeout=10)
        raise AssertionError("it was let in")
    except urllib.error.HTTPError:
        pass
    _, text = get(server, "/metrics")
    assert "keywright_door_refusals_total" in text


def test_rotation_reports_say_why_a_key_does_not_rotate(server, kms):
    key = kms.create_key(Tags=[{"TagKey": "keywright:rotation-period", "TagValue": "30d"}])["KeyMetadata"]
    kms.disable_key(KeyId=key["KeyId"])
    where = ["--data", str(server.data), "--endpoint", server.url]
    outcome = server.keywright("rotation", "list", *where, "--output", "json")
    entry = next(e for e in json.loads(outcome.stdout)["Rotations"] if e["ResourceArn"] == key["Arn"])
    assert entry["Status"] == "BLOCKED"
    assert "disabled" in entry["Reason"].lower()
    outcome = server.keywright("rotation", "due", *where)
    assert outcome.returncode == 1, "there is a finding"
    assert key["Arn"] in outcome.stdout
    kms.enable_key(KeyId=key["KeyId"])
    outcome = server.keywright("rotation", "due", *where)
    assert (outcome.returncode, key["Arn"] in outcome.stdout) == (0, False)
    outcome = server.keywright("rotation", "list", "--endpoint", "http://127.0.0.1:1", "--data", str(server.data))
    assert outcome.returncode == 3
    assert "127.0.0.1:1" in outcome.stderr


def test_a_stop_finishes_and_says_so(folder):
    server = Server(folder).start()
    server.client().create_key()
    process = server.process
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=10) == 0
    wait_until(lambda: any("stopping" in line for line in server.log), 5)
    verified = run("trail", "verify", "--data", str(server.data), "--output", "json")
    report = json.loads(verified.stdout)
    assert verified.returncode == 0
    assert (report["Sound"], report["UnsignedLines"]) == (True, 0), "a good stop signs the trail"
    tail = run("trail", "tail", "--data", str(server.data), "-n", "1")
    assert json.loads(tail.stdout)["eventName"] == "CreateKey"
    server.process = None


def test_a_trail_that_was_edited_is_named(folder):
    server = Server(folder).start()
    server.client().create_key()
    server.stop()
    segment = next((server.data / "trail").glob("segment-*.jsonl"))
    segment.write_text(segment.read_text().replace("CreateKey", "DeleteKey", 1), encoding="utf-8")
    verified = run("trail", "verify", "--data", str(server.data))
    assert verified.returncode == 1
    assert "NOT SOUND" in verified.stdout and segment.name in verified.stdout


def test_a_trail_cut_short_while_nobody_looked_is_noticed_at_the_start(folder):
    server = Server(folder).start()
    server.client().create_key()
    server.client().create_key()
    server.stop()
    server.start().stop()
    assert not any("the trail lacks a line" in line for line in server.log), "a whole trail is no news"
    segment = next((server.data / "trail").glob("segment-*.jsonl"))
    lines = segment.read_bytes().splitlines(keepends=True)
    segment.write_bytes(b"".join(lines[:2]))
    verified = run("trail", "verify", "--data", str(server.data))
    assert verified.returncode == 0, "what is left is chained; only the store knows of more"
    server.start().stop()
    assert any("the trail lacks a line" in line for line in server.log)


def test_the_log_is_json_when_asked(folder):
    server = Server(folder, environment={"KEYWRIGHT_LOG_FORMAT": "json"})
    process = subprocess.Popen(
        [str(BINARY), "server", "--data", str(server.data), "--listen", "127.0.0.1:0"],
        stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env={"KEYWRIGHT_LOG_FORMAT": "json", "PATH": "/usr/bin:/bin"})
    line = process.stderr.readline()
    process.terminate()
    process.wait(timeout=10)
    assert json.loads(line)["level"] in {"INFO", "WARN"}


def doctor(server, *arguments):
    outcome = run("doctor", "--data", str(server.data), "--store", server.store, "--endpoint", server.url,
                  *arguments, "--output", "json")
    assert outcome.returncode in (0, 1), outcome.stderr
    found = json.loads(outcome.stdout)["Diagnoses"]
    assert (outcome.returncode == 0) == all(entry["State"] == "OK" for entry in found)
    return found


def test_the_doctor_finds_nothing_on_a_sound_server_and_what_is_wrong_otherwise(folder, engine):
    server = Server(folder).start()
    wait_until(lambda: [entry for entry in doctor(server) if entry["State"] != "OK"] == [], 30, "a good day")
    found = {entry["What"]: entry["Found"] for entry in doctor(server)}
    assert "housekeeping/0" in found["leases"] and "key-rotation/f" in found["leases"]
    if engine == "postgres":
        assert "PostgreSQL" in found["database"] and "ms from the database's" in found["clock"]
        assert server.store.split(":")[2].split("@")[0] not in json.dumps(found), "no password"
    server.stop()
    server.data.chmod(0o755)
    wrong = {entry["What"]: entry["Found"] for entry in doctor(server) if entry["State"] != "OK"}
    assert "chmod 700" in wrong["data folder"] and "no server answers" in wrong["server"]
    (server.data / "root.key").rename(server.data / "elsewhere")
    wrong = {entry["What"]: entry for entry in doctor(server) if entry["State"] == "BAD"}
    assert "--seal-file" in wrong["root key"]["Found"]
    table = run("doctor", "--data", str(server.data), "--store", server.store)
    assert table.returncode == 1 and table.stdout.strip().startswith("STATE")


def test_health_shows_store_nodes_and_leases(server, engine):
    report = wait_until(lambda: (lambda r: r if len(r["leases"]) == 17 else None)(json.loads(get(server, "/healthz")[1])))
    assert report["status"] == "ok" and report["store"]["engine"] == engine
    assert [node["state"] for node in report["nodes"]] == ["live"]
    assert report["nodes"][0]["nodeId"] == report["nodeId"] and report["rowsRefused"] == 0
    assert ("lagMillis" in report["store"]) == (engine == "postgres")
