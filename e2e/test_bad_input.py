"""Input that no SDK sends: every built operation, every member, wrong in every way. Seeded; the seed is printed."""

import base64
import json
import os
import random
import re
import select
import socket
import time

import botocore.exceptions
import pytest

from wire import call, send, signed_headers

SEED = int(os.environ.get("KEYWRIGHT_SEED", random.SystemRandom().randrange(2**32)))
ROUNDS = int(os.environ.get("KEYWRIGHT_BAD_INPUT_ROUNDS", "12"))

# What an answer must never contain: our insides.
INTERNAL = re.compile(rb"panick|unwrap|\.rs:|sqlite|rusqlite|postgres|SQLSTATE|SELECT |backtrace|/target/|keywright_", re.IGNORECASE)

WRONG = [
    None, True, False, 0, -1, 2**31, 2**63, 1.5, "", " ", "x", "x" * 9000, "\u0000", "\ud7ff", "alias/", "arn:aws:kms",
    [], {}, [None], [[]], {"": ""}, {"a": None}, {"a": {"a": {}}}, ["x"] * 60, "=" * 8, "aGVsbG8", "not base64 !",
    {"x" * 200: "y" * 5000}, [{"TagKey": None}], [{"TagKey": "a", "TagValue": "b", "More": "c"}], "AES_256", "ENABLED",
]
CODES = {
    "ValidationException", "SerializationException", "NotFoundException", "InvalidCiphertextException",
    "KMSInvalidStateException", "DisabledException", "TagException", "InvalidMarkerException", "LimitExceededException",
    "MalformedPolicyDocumentException", "InvalidAliasNameException", "InvalidKeyUsageException",
    "AlreadyExistsException", "NotAuthorizedException", "UnsupportedOperationException", "InvalidGrantTokenException",
    "InvalidGrantIdException",
    "InvalidArnException", "DryRunOperationException", "IncorrectKeyException", "AccessDeniedException",
    "CustomKeyStoreNotFoundException", "ConflictException",
}


def resident(server):
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmRSS:\s+(\d+) kB", file.read()).group(1))


@pytest.fixture(scope="module")
def good(kms):
    """Right values by member, so that one wrong one is all that is wrong."""
    made = kms.create_key()["KeyMetadata"]
    key, root = made["KeyId"], f"arn:aws:iam::{made['AWSAccountId']}:root"
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.create_alias(AliasName="alias/good", TargetKeyId=key)
    grant = kms.create_grant(KeyId=key, GranteePrincipal=root, Operations=["Decrypt"])["GrantId"]
    return {
        "KeyId": key, "TargetKeyId": key, "SourceKeyId": key, "DestinationKeyId": key,
        "CiphertextBlob": base64.b64encode(blob).decode(), "Plaintext": "eA==", "NumberOfBytes": 16,
        "AliasName": "alias/good", "Description": "", "PolicyName": "default", "Tags": [{"TagKey": "a", "TagValue": "b"}],
        "TagKeys": ["a"], "Limit": 10, "RotationPeriodInDays": 90, "PendingWindowInDays": 7,
        "GranteePrincipal": root, "RetiringPrincipal": root, "Operations": ["Decrypt"], "GrantId": grant,
    }


def test_every_member_wrong_in_every_way(server, kms, good):
    print(f"KEYWRIGHT_SEED={SEED}")
    chance = random.Random(SEED)
    asked = 0
    for name in kms.meta.service_model.operation_names:
        model = kms.meta.service_model.operation_model(name)
        members = model.input_shape.members if model.input_shape else {}
        right = {member: good[member] for member in members if member in good}
        for member in members:
            for wrong in chance.sample(WRONG, min(ROUNDS, len(WRONG))):
                status, code, text = call(server, name, right | {member: wrong})
                asked += 1
                context = f"{name}.{member} = {wrong!r}: {status} {code} {text} (seed {SEED})"
                assert status in (200, 400), context
                assert status == 200 or code in CODES, context
                assert not INTERNAL.search(str(text).encode()), context
        without = {member: value for member, value in right.items() if member != "KeyId"}
        status, code, _ = call(server, name, without)
        assert status in (200, 400), name
    assert asked > 500


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b"\"x\"", b"{}x", b"\xff\xfe", b"{\"KeyId\":", b"{\"KeyId\":\"a\",\"KeyId\":\"b\"}",
    b"[" * 100_000, b"{\"a\":" * 50_000, b"{\"KeyId\":1e999999}", b"{\"KeyId\":\"\\ud800\"}", b"\x00" * 1000,
])
def test_bodies_that_are_no_request(server, body):
    status, code, text = call(server, "Encrypt", body)
    assert status == 400, text
    assert code in {"SerializationException", "ValidationException"}, (code, text)
    assert not INTERNAL.search(str(text).encode())


def test_cut_and_changed_ciphertexts(server, kms):
    # A key of its own: the random calls above may have switched theirs off.
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    cases = [blob[:end] for end in range(1, len(blob))]
    for at in range(len(blob)):
        changed = bytearray(blob)
        changed[at] ^= 1 << (at % 8)
        cases.append(bytes(changed))
    cases += [blob + b"\0", blob + blob, b"KW", os.urandom(6144)]
    for case in cases:
        status, code, _ = call(server, "Decrypt", {"CiphertextBlob": base64.b64encode(case).decode()})
        assert status == 400
        # A changed key id names a key that is not here; everything else is one and the same refusal.
        assert code in {"InvalidCiphertextException", "AccessDeniedException"}, case.hex()
    for case in cases:
        status, code, _ = call(
            server, "Decrypt", {"CiphertextBlob": base64.b64encode(case).decode(), "KeyId": key})
        assert (status, code) in {(400, "InvalidCiphertextException"), (400, "IncorrectKeyException")}


def test_a_hundred_megabytes_are_not_read(server):
    before = resident(server)
    body = b"{" + b" " * 100_000_000
    headers = signed_headers(server, "TrentService.Encrypt", body)
    headers["Content-Length"] = str(len(body))
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection.sendall(head.encode() + f"Host: 127.0.0.1:{server.port}\r\n\r\n".encode())
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413"), answer
    chunked = {name: value for name, value in headers.items() if name != "Content-Length"}
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + "".join(
            f"{name}: {value}\r\n" for name, value in chunked.items())
        connection.sendall(head.encode() + f"Host: 127.0.0.1:{server.port}\r\n\r\n".encode())
        sent = 0
        try:
            while sent < len(body):
                connection.sendall(b"10000\r\n" + b" " * 65536 + b"\r\n")
                sent += 65536
        except OSError:
            pass
        assert sent < 20_000_000, "the server stops reading soon after its limit"
    assert resident(server) - before < 20_000, "kB more than before"


def test_slow_senders_are_let_go(folder):
    """A head or a body that trickles in ends with its time, not with the patience of the sender."""
    from conftest import Server

    server = Server(folder, environment={
        "KEYWRIGHT_LIMITS_BODY_SECONDS_MAX": "2", "KEYWRIGHT_LIMITS_HEADER_SECONDS_MAX": "2"}).start()
    try:
        body = b"{}"
        headers = signed_headers(server, "TrentService.ListKeys", body)
        head = "POST / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        for sent in (b"POST / HT", head.encode() + f"Host: 127.0.0.1:{server.port}\r\n\r\n".encode() + b"{"):
            with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
                connection.sendall(sent)
                start = time.monotonic()
                answer = b""
                while chunk := connection.recv(65536):
                    answer += chunk
                assert time.monotonic() - start < 20
            assert b" 200 " not in answer
        assert server.client().list_keys()["Keys"] == []
    finally:
        server.stop()


def test_memory_stays(server, kms, good):
    """Ten thousand refusals leave nothing behind."""
    headers = signed_headers(server, "TrentService.Decrypt", b"{}")
    for _ in range(300):
        send(server, headers, b"{}")
    before = resident(server)
    for _ in range(3000):
        send(server, headers, json.dumps({"CiphertextBlob": "x" * 1000}).encode())
    assert resident(server) - before < 8_000, "kB more than before"


@pytest.mark.parametrize("key_id", ["alias/\0", "alias/a\0b", "\0", "arn:aws:kms:eu-central-1:111122223333:alias/\0"])
def test_a_nul_in_a_name_names_nothing(kms, key_id):
    for call in (lambda: kms.describe_key(KeyId=key_id), lambda: kms.encrypt(KeyId=key_id, Plaintext=b"x")):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            call()
        assert caught.value.response["Error"]["Code"] == "NotFoundException"


def test_a_request_in_two_parts_learns_why_it_is_refused(server):
    """What is refused by its head alone is still answered after its body: the connection is good for the next request."""
    body = b"{}"
    head = (f"POST / HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nX-Amz-Target: TrentService.ListKeys\r\n"
            f"Content-Type: application/x-amz-json-1.1\r\nContent-Length: {len(body)}\r\n\r\n").encode()
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        for _ in range(3):
            connection.sendall(head)
            early, _, _ = select.select([connection], [], [], 0.1)
            assert not early, "it was answered before it was whole"
            connection.sendall(body)
            answer = connection.recv(65536)
            assert b"MissingAuthenticationTokenException" in answer and b"connection: close" not in answer.lower()
        connection.sendall(f"GET /livez HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\n\r\n".encode())
        assert b" 200 " in connection.recv(65536)
