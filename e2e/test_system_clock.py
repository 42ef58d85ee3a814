"""The system's own clock, moved from outside by faketime: the server's and its clients' alike."""

import base64
import json
import os
import shutil
import subprocess
import sys

import pytest

from clock import Clock
from conftest import Server, aws, wait_until


@pytest.fixture()
def moved(folder):
    if shutil.which("faketime") is None:
        pytest.fail("faketime is missing; make test installs it")
    clock = Clock(folder)
    server = Server(folder, environment=clock.environment).start()
    yield server, clock
    server.stop()


def test_a_month_passes_on_the_system_clock(moved, folder):
    server, clock = moved

    def run(*arguments):
        variables = server.variables() | clock.environment
        program = os.path.join(os.path.dirname(sys.executable), "aws")
        outcome = subprocess.run(
            [sys.executable, program, "kms", *arguments], capture_output=True, text=True, env=variables, check=False
        )
        assert outcome.returncode == 0, outcome.stderr
        return json.loads(outcome.stdout) if outcome.stdout.strip() else None

    monthly = run("create-key", "--tags", "TagKey=keywright:rotation-period,TagValue=30d")["KeyMetadata"]
    quarterly = run("create-key")["KeyMetadata"]
    run("enable-key-rotation", "--key-id", quarterly["KeyId"], "--rotation-period-in-days", "90")
    blobs = {}
    for key in (monthly, quarterly):
        blobs[key["KeyId"]] = run("encrypt", "--key-id", key["KeyId"], "--plaintext", "old")["CiphertextBlob"]

    def current(key):
        return run("describe-key", "--key-id", key["KeyId"])["KeyMetadata"]["CurrentKeyMaterialId"]

    def opens(key):
        path = folder / "blob"
        path.write_bytes(base64.b64decode(blobs[key["KeyId"]]))
        return run("decrypt", "--ciphertext-blob", f"fileb://{path}")

    clock.set("+31d")
    wait_until(lambda: current(monthly) != monthly["CurrentKeyMaterialId"], what="the monthly rotation")
    assert current(quarterly) == quarterly["CurrentKeyMaterialId"]
    clock.set("+91d")
    wait_until(lambda: current(quarterly) != quarterly["CurrentKeyMaterialId"], what="the quarterly rotation")
    for key in (monthly, quarterly):
        opened = opens(key)
        assert base64.b64decode(opened["Plaintext"]) == b"old"
        assert opened["KeyMaterialId"] == key["CurrentKeyMaterialId"]
        history = run("list-key-rotations", "--key-id", key["KeyId"])["Rotations"]
        assert {entry["RotationType"] for entry in history} == {"AUTOMATIC"}
        fresh = run("encrypt", "--key-id", key["KeyId"], "--plaintext", "new")["CiphertextBlob"]
        assert fresh != blobs[key["KeyId"]]
    outcome = aws(server, "kms", "list-keys")
    assert "(InvalidSignatureException)" in outcome.stderr, "a client whose clock is behind is told so"
    assert "Signature expired" in outcome.stderr
