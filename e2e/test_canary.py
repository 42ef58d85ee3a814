"""Marked secrets go through every path, good and bad; afterwards nobody but their owner has them.

Searched: the server's log at its most talkative, every file of its data folder, every answer of an error.
"""

import base64
import json
import os
import pathlib
import re
import secrets
import signal

import pytest

from conftest import Server, shared_cluster
from wire import call, send, signed_headers


class Marked:
    """Secrets and the forms in which one could leak."""

    def __init__(self):
        self.forms = {}

    def add(self, name, value):
        value = value if isinstance(value, bytes) else value.encode()
        self.forms[name] = [
            value, value.hex().encode(), value.hex().upper().encode(),
            # In base64 the three ways that a value can lie across the groups of four.
            *(base64.b64encode(b"\0" * shift + value)[4 * ((shift + 2) // 3):-4] for shift in range(3)),
            json.dumps(value.decode("latin-1"))[1:-1].encode(),
            b", ".join(str(byte).encode() for byte in value),
        ]
        return value

    def found_in(self, data):
        return [name for name, forms in self.forms.items() if any(form in data for form in forms)]


@pytest.fixture()
def talkative(folder):
    server = Server(folder, environment={"KEYWRIGHT_LOG_FILTER": "trace", "RUST_BACKTRACE": "full"}).start()
    yield server
    if server.process:
        server.stop()


def test_no_secret_is_left_behind(talkative, engine):
    server = talkative
    marked = Marked()
    answers = []
    plaintext = marked.add("plaintext", b"CANARY-" + secrets.token_hex(16).encode())
    context_free = marked.add("wrong plaintext", b"CANARY-" + secrets.token_hex(16).encode())
    _, secret = server.credentials
    marked.add("secret access key", secret)
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=plaintext)["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext
    kms.rotate_key_on_demand(KeyId=key)
    kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=key)
    for size in ({"KeySpec": "AES_256"}, {"NumberOfBytes": 64}):
        marked.add(f"data key {size}", kms.generate_data_key(KeyId=key, **size)["Plaintext"])
    marked.add("random", kms.generate_random(NumberOfBytes=32)["Plaintext"])
    # And everywhere that something goes wrong.
    text = base64.b64encode(context_free).decode()
    for operation, body in (
        ("Encrypt", {"KeyId": "alias/absent", "Plaintext": text}),
        ("Encrypt", {"KeyId": key, "Plaintext": text + "!"}),
        ("Encrypt", {"KeyId": key, "Plaintext": [text]}),
        ("Encrypt", {"KeyId": key, "Plaintext": text, "Unknown": text}),
        ("Encrypt", {"KeyId": key, "Plaintext": text * 200}),
        ("Encrypt", {"KeyId": key, "Plaintext": text, "DryRun": True}),
        ("Encrypt", f'{{"KeyId": "{key}", "Plaintext": "{text}"'.encode()),
        ("Decrypt", {"CiphertextBlob": text}),
        ("GenerateMac", {"KeyId": key, "Message": text, "MacAlgorithm": "HMAC_SHA_256"}),
    ):
        status, code, message = call(server, operation, body)
        assert status == 400, (operation, body)
        answers.append(f"{code} {message}".encode())
    kms.disable_key(KeyId=key)
    answers.append(str(call(server, "Encrypt", {"KeyId": key, "Plaintext": text})).encode())
    manager = server.client("secretsmanager")
    with pytest.raises(manager.exceptions.ClientError):
        manager.create_secret(Name="x", SecretString=context_free.decode())
    # Signatures: the one that was sent and was wrong, and with it the one that was computed.
    body = b"{}"
    headers = signed_headers(server, "TrentService.ListKeys", body)
    signature = re.search("Signature=([0-9a-f]{64})", headers["Authorization"]).group(1)
    marked.add("computed signature", bytes.fromhex(signature))
    headers["Authorization"] = headers["Authorization"].replace(signature, "0" * 64)
    answers.append(send(server, headers, body)[2])
    headers["X-Amz-Content-Sha256"] = "0" * 64
    answers.append(send(server, headers, body)[2])

    memory = pathlib.Path(f"/proc/{server.process.pid}/limits").read_text(encoding="ascii")
    assert re.search(r"Max core file size\s+0\s+0", memory), "no core dump can be written"
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(timeout=30)
    server.process = None

    assert server.log, "the log was read"
    assert marked.found_in("".join(server.log).encode()) == []
    for answer in answers:
        assert marked.found_in(answer) == [], answer
    searched = 0
    for path in server.data.rglob("*"):
        if not path.is_file():
            continue
        searched += 1
        found = marked.found_in(path.read_bytes())
        # The operator's own copy of the credential is the one file that is meant to hold it.
        expected = ["secret access key"] if path.name == "root-credentials" else []
        assert found == expected, path
    assert searched >= 4
    if engine == "postgres":
        dump = shared_cluster().run("pg_dump", "--dbname", server.store)
        assert len(dump) > 1000 and marked.found_in(dump.encode()) == []
        log = (shared_cluster().folder / "log").read_bytes()
        assert marked.found_in(log) == []
    trail = b"".join(path.read_bytes() for path in (server.data / "trail").iterdir())
    assert trail.count(b'"eventName":"Encrypt"') >= 6, "refusals are recorded too"


def test_files_are_for_the_owner_alone(talkative):
    talkative.client().create_key()
    for path in [talkative.data, *talkative.data.rglob("*")]:
        mode = os.stat(path).st_mode & 0o777
        assert mode & 0o077 == 0, f"{path} has mode {mode:o}"


def test_the_search_would_find_what_leaks():
    """The canary's own test: each form is found in what surrounds it."""
    marked = Marked()
    value = marked.add("value", b"CANARY-0123456789abcdef")
    for leak in (
        value, value.hex().encode(), base64.b64encode(b"x" + value + b"y"), base64.b64encode(b"xy" + value),
        base64.b64encode(value), str(list(value)).encode(),
    ):
        assert marked.found_in(b"before " + leak + b" after") == ["value"], leak
