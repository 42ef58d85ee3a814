"""The stock AWS CLI: a newcomer's first ten minutes, and a key's whole rotation."""

import base64
import json
import os
import shlex
import subprocess
import sys

from conftest import Server, aws, wait_until


def answered(outcome):
    assert outcome.returncode == 0, outcome.stderr
    return json.loads(outcome.stdout) if outcome.stdout.strip() else None


def test_the_printed_commands_work_by_copy_and_paste(folder):
    clients = f"{os.environ['PATH']}:{os.path.dirname(sys.executable)}"
    server = Server(folder, arguments=["--dev"], environment={"PATH": clients}).start()
    try:
        wait_until(lambda: any(line.strip().endswith("rotation list") for line in server.log))
        lines = [line.strip() for line in server.log]
        export = next(line for line in lines if line.startswith("export "))
        first = lines.index("Then try:") + 2
        commands = lines[first : first + 3]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        assert [command.split()[1] for command in commands] == ["kms", "kms", "rotation"]
        script = "\n".join(["set -e", export, *commands])
        outcome = subprocess.run(
            ["bash", "-c", script], capture_output=True, text=True, env=environment, cwd=folder, check=False
        )
        assert outcome.returncode == 0, outcome.stderr
        assert "KeyMetadata" in outcome.stdout
        assert "30d" in outcome.stdout
    finally:
        server.stop()


def test_a_file_outlives_ten_rotations(server, folder):
    def run(*arguments):
        return answered(aws(server, "kms", *arguments))

    key = run("create-key", "--description", "files")["KeyMetadata"]
    run("create-alias", "--alias-name", "alias/files", "--target-key-id", key["KeyId"])
    plain = folder / "plain"
    plain.write_bytes(os.urandom(4096))

    def encrypt():
        sealed = run("encrypt", "--key-id", "alias/files", "--plaintext", f"fileb://{plain}",
                     "--encryption-context", "purpose=test")
        return base64.b64decode(sealed["CiphertextBlob"])

    def opens(blob, name):
        path = folder / name
        path.write_bytes(blob)
        opened = run("decrypt", "--ciphertext-blob", f"fileb://{path}", "--encryption-context", "purpose=test")
        assert base64.b64decode(opened["Plaintext"]) == plain.read_bytes()
        return opened["KeyMaterialId"]

    blobs = [encrypt()]
    materials = [key["CurrentKeyMaterialId"]]
    for _ in range(10):
        run("rotate-key-on-demand", "--key-id", key["KeyId"])
        blobs.append(encrypt())
        materials.append(run("describe-key", "--key-id", key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"])
    assert len(set(materials)) == 11, "each rotation makes a new backing key"
    assert [opens(blob, f"blob-{at}") for at, blob in enumerate(blobs)] == materials

    path = folder / "blob-0"
    moved = run("re-encrypt", "--ciphertext-blob", f"fileb://{path}", "--destination-key-id", "alias/files",
                "--source-encryption-context", "purpose=test", "--destination-encryption-context", "purpose=test")
    assert moved["SourceKeyMaterialId"] == materials[0]
    assert moved["DestinationKeyMaterialId"] == materials[-1]
    assert opens(base64.b64decode(moved["CiphertextBlob"]), "moved") == materials[-1]

    history = run("list-key-rotations", "--key-id", key["KeyId"])["Rotations"]
    assert [entry["KeyMaterialId"] for entry in history] == materials[1:]
    assert {entry["RotationType"] for entry in history} == {"ON_DEMAND"}
    whole = run("list-key-rotations", "--key-id", key["KeyId"], "--include-key-material", "ALL_KEY_MATERIAL")
    assert sorted(entry["KeyMaterialId"] for entry in whole["Rotations"]) == sorted(materials)


def test_a_thirty_day_tag_shows_in_the_rotation_list(server):
    key = answered(
        aws(server, "kms", "create-key", "--tags", "TagKey=keywright:rotation-period,TagValue=30d")
    )["KeyMetadata"]
    status = answered(aws(server, "kms", "get-key-rotation-status", "--key-id", key["KeyId"]))
    assert status["KeyRotationEnabled"] is True
    assert status["RotationPeriodInDays"] == 30
    listed = server.keywright("rotation", "list", "--data", str(server.data), "--endpoint", server.url,
                              "--output", "json")
    assert listed.returncode == 0, listed.stderr
    entries = {entry["ResourceArn"]: entry for entry in json.loads(listed.stdout)["Rotations"]}
    assert entries[key["Arn"]]["PeriodInDays"] == 30
    due = server.keywright("rotation", "due", "--data", str(server.data), "--endpoint", server.url)
    assert due.returncode == 0, due.stdout


def test_errors_are_the_cli_s_own_words(server):
    outcome = aws(server, "kms", "describe-key", "--key-id", "alias/absent")
    assert outcome.returncode != 0
    assert "(NotFoundException)" in outcome.stderr
    assert shlex.quote("alias/absent").strip("'") in outcome.stderr
