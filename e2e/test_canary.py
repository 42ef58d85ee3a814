"""Marked secrets go through every path, good and bad; afterwards nobody but their owner has them.

Searched: the server's log at its most talkative, every file of its data folder (the trail, too), its metrics, every
answer of an error, and on PostgreSQL what the database holds and logs.
"""

import base64
import json
import os
import pathlib
import re
import secrets
import signal
import time
import urllib.parse
import urllib.request

import botocore.exceptions
import pytest

from conftest import Server, shared_cluster
from identities import Login, allow, totp, trust
from wire import call, send, signed_headers


class Marked:
    """Secrets and the forms in which one could leak."""

    def __init__(self):
        self.forms = {}
        self.codes = {}

    def add(self, name, value):
        value = value if isinstance(value, bytes) else value.encode()
        self.forms[name] = [
            value, value.hex().encode(), value.hex().upper().encode(),
            # In base64 the three ways that a value can lie across the groups of four.
            *(base64.b64encode(b"\0" * shift + value)[4 * ((shift + 2) // 3):-4] for shift in range(3)),
            json.dumps(value.decode("latin-1"))[1:-1].encode(),
            b", ".join(str(byte).encode() for byte in value),
            # As a form carries it.
            urllib.parse.quote(value, safe="").encode(),
        ]
        return value

    def add_code(self, name, code):
        """Six digits: anywhere else they are found by chance, as a part of a time or of some number."""
        self.codes[name] = re.compile(rb"(?<![0-9A-Za-z.+/_-])" + code.encode() + rb"(?![0-9A-Za-z+/])")
        return code

    def found_in(self, data):
        whole = [name for name, forms in self.forms.items() if any(form in data for form in forms)]
        return whole + [name for name, code in self.codes.items() if code.search(data)]


@pytest.fixture()
def talkative(folder):
    server = Server(folder, environment={"KEYWRIGHT_LOG_FILTER": "trace", "RUST_BACKTRACE": "full"}).start()
    yield server
    if server.process:
        server.stop()


def search(server, engine, marked, answers):
    """Ends the server, and looks at everything that it leaves."""
    with urllib.request.urlopen(server.url + "/metrics", timeout=10) as answer:
        assert marked.found_in(answer.read()) == []
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(timeout=30)
    server.process = None

    assert server.log, "the log was read"
    log = "".join(server.log).encode()
    assert marked.found_in(log) == []
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
    for name, key in (("x", "alias/aws/secretsmanager"), ("y", kms.create_key()["KeyMetadata"]["KeyId"])):
        manager.create_secret(Name=name, SecretString=context_free.decode(), KmsKeyId=key)
        manager.put_secret_value(SecretId=name, SecretBinary=context_free)
        assert manager.get_secret_value(SecretId=name)["SecretBinary"] == context_free
        token = "t" * 32
        manager.put_secret_value(SecretId=name, SecretString=context_free.decode(), ClientRequestToken=token)
        with pytest.raises(manager.exceptions.ResourceExistsException) as refused:
            manager.put_secret_value(SecretId=name, SecretString="other", ClientRequestToken=token)
        answers.append(str(refused.value.response).encode())
        manager.get_random_password()
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
    search(server, engine, marked, answers)
    trail = b"".join(path.read_bytes() for path in (server.data / "trail").iterdir())
    assert trail.count(b'"eventName":"Encrypt"') >= 6, "refusals are recorded too"


def test_no_credential_of_anybody_is_left_behind(talkative, engine):
    """What IAM and STS give and are shown: secrets of access keys, seeds, codes, passwords, tokens of sessions."""
    server = talkative
    marked = Marked()
    answers = []
    marked.add("secret access key", server.credentials[1])
    iam = server.client("iam", validate=False)

    def fails(method, **arguments):
        with pytest.raises(botocore.exceptions.ClientError) as caught:
            method(**arguments)
        answers.append(str(caught.value.response).encode())
        return caught.value.response["Error"]["Code"]

    def session(name, answer):
        given = answer["Credentials"]
        marked.add(f"secret of {name}", given["SecretAccessKey"])
        marked.add(f"token of {name}", given["SessionToken"])
        # A piece of it would be enough to know it by; a log may cut long values short.
        marked.add(f"start of the token of {name}", given["SessionToken"][:48])
        return Login.of(server, answer)

    iam.create_user(UserName="canary")
    iam.put_user_policy(UserName="canary", PolicyName="own", PolicyDocument=allow("*"))
    keys = [iam.create_access_key(UserName="canary")["AccessKey"] for _ in range(2)]
    for at, key in enumerate(keys):
        marked.add(f"secret of access key {at}", key["SecretAccessKey"])
    user = Login(server, keys[0]["AccessKeyId"], keys[0]["SecretAccessKey"])
    assert fails(iam.create_access_key, UserName="canary") == "LimitExceeded"
    forged = Login(server, keys[1]["AccessKeyId"], marked.add("forged secret", "CANARY" + secrets.token_hex(17)).decode())
    assert fails(forged.client("iam").list_users) == "SignatureDoesNotMatch"
    iam.update_access_key(UserName="canary", AccessKeyId=keys[1]["AccessKeyId"], Status="Inactive")
    second = Login(server, keys[1]["AccessKeyId"], keys[1]["SecretAccessKey"])
    assert fails(second.client("kms").list_keys) == "UnrecognizedClientException"

    # A device, with codes that are right, wrong, used, and of a wrong form.
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="canary")["VirtualMFADevice"]
    seed, serial = made["Base32StringSeed"], made["SerialNumber"]
    marked.add("seed in base32", seed)
    marked.add("seed", base64.b32decode(seed))
    marked.add("picture of the seed", made["QRCodePNG"])
    step = int(time.time()) // 30

    def code(name, at):
        return marked.add_code(name, totp(seed, at))

    of_device = {"UserName": "canary", "SerialNumber": serial}
    assert fails(iam.enable_mfa_device, **of_device, AuthenticationCode1=code("code not in order", step),
                 AuthenticationCode2=code("code of before", step - 1)) == "InvalidAuthenticationCode"
    assert fails(iam.enable_mfa_device, **of_device, AuthenticationCode1=totp(seed, step)[:5] + "x",
                 AuthenticationCode2=totp(seed, step)) == "ValidationError"
    iam.enable_mfa_device(**of_device, AuthenticationCode1=totp(seed, step - 1), AuthenticationCode2=totp(seed, step))
    assert fails(iam.resync_mfa_device, **of_device, AuthenticationCode1=totp(seed, step - 1),
                 AuthenticationCode2=totp(seed, step)) == "InvalidAuthenticationCode"
    with_device = {"SerialNumber": serial, "TokenCode": code("code of a session", step + 1)}
    mine = session("a user's session", user.client().get_session_token(**with_device))
    fails(user.client().get_session_token, **with_device)
    fails(user.client().get_session_token, SerialNumber=serial, TokenCode=totp(seed, step + 1) + "1")

    # Passwords, good, bad, old and new.
    good, better, wrong = (
        marked.add(name, "Canary-7-" + secrets.token_hex(12) + "!+ %&").decode()
        for name in ("password", "new password", "wrong password"))
    weak = marked.add("weak password", "canary" + secrets.token_hex(12)).decode()
    iam.create_login_profile(UserName="canary", Password=good)
    assert fails(iam.create_login_profile, UserName="canary", Password=better) == "EntityAlreadyExists"
    assert fails(iam.update_login_profile, UserName="canary", Password=weak) == "PasswordPolicyViolation"
    assert fails(iam.update_login_profile, UserName="absent", Password=wrong) == "NoSuchEntity"
    change = user.client("iam").change_password
    assert fails(change, OldPassword=wrong, NewPassword=better) == "AccessDenied"
    assert fails(change, OldPassword=good, NewPassword=weak) == "PasswordPolicyViolation"
    assert fails(change, OldPassword=good, NewPassword="\0" + better) == "ValidationError"
    assert fails(iam.change_password, OldPassword=good, NewPassword=better) == "InvalidUserType"
    change(OldPassword=good, NewPassword=better)

    # Sessions that are used, forged and cut short.
    account = user.client().get_caller_identity()["Account"]
    iam.create_role(RoleName="canary", AssumeRolePolicyDocument=trust(account))
    role = f"arn:aws:iam::{account}:role/canary"
    assumed = session("a role's session", user.client().assume_role(RoleArn=role, RoleSessionName="canary"))
    for login in (mine, assumed):
        login.arn()
        fails(login.client("kms").describe_key, KeyId="alias/absent")
        for token in (login.token[:-8], login.token[:40] + "AAAA" + login.token[44:]):
            fails(Login(server, login.access_key_id, login.secret, token).client().get_caller_identity)
    assert fails(assumed.client().get_session_token) == "AccessDenied"
    for _ in range(2):
        iam.generate_credential_report()
    report = iam.get_credential_report()["Content"]
    details = json.dumps(iam.get_account_authorization_details(), default=str).encode()
    answers += [report, details]
    search(server, engine, marked, answers)
    trail = b"".join(path.read_bytes() for path in (server.data / "trail").iterdir())
    for name in ("CreateAccessKey", "CreateVirtualMFADevice", "EnableMFADevice", "ChangePassword", "AssumeRole"):
        assert b'"eventName":"%b"' % name.encode() in trail, name


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
    token = marked.add("token", b"CANARY/with+signs=of a form")
    assert marked.found_in(urllib.parse.urlencode({"Token": token, "x": "y"}, quote_via=urllib.parse.quote).encode()) == [
        "token"]
    marked.add_code("code", "012345")
    for leak in (b"AuthenticationCode1=012345&x", b'{"code":"012345"}', b"code 012345 is wrong", b"<C>012345</C>"):
        assert marked.found_in(leak) == ["code"], leak
    for chance in (b"12:00:01.012345Z", b"a012345f", b"1012345", b"0123456"):
        assert marked.found_in(chance) == [], chance
