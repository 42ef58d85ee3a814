"""What went wrong at comparable products, as tests: `peer_NN` is a class of docs/security-classes.md.

Here are those that no other file proves already; the page says where the rest is.
"""

import base64
import http.client
import http.server
import json
import random
import socket
import subprocess
import threading
import time

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from conftest import BINARY, REGION, Server
from identities import Device, Login, allow, refused, role, totp, trust, user
from test_matrix import MODELS, SERVED, World, actions
from wire import call, send, signed_headers

DENIED = {("AccessDenied", 403), ("AccessDeniedException", 400)}
UNKNOWN = ("UnrecognizedClientException", "InvalidClientTokenId")
FORGED = ("InvalidSignatureException", "SignatureDoesNotMatch", "IncompleteSignatureException", "IncompleteSignature")


@pytest.fixture(scope="module")
def world(server):
    return World(server)


@pytest.fixture(scope="module")
def account(world):
    return world.account


@pytest.fixture(scope="module")
def other(server):
    """The root user of another account."""
    made = json.loads(server.keywright("account", "create", "--output", "json").stdout)
    login = Login(server, made["AccessKeyId"], made["SecretAccessKey"])
    login.account = made["AccountId"]
    # What the helpers that make users and roles ask of a server.
    login.url, login.credentials = server.url, (made["AccessKeyId"], made["SecretAccessKey"])
    return login


# Who is calling.

class QueryAuth(botocore.auth.SigV4QueryAuth):
    """A presigned URL of a request with a body; botocore's own takes the body for parameters."""

    def _modify_request_before_signing(self, request):
        body, request.data = request.data, b""
        super()._modify_request_before_signing(request)
        request.data = body


class Signed:
    """A request in one of the forms that credentials have: by header or by query, of a user or of a session."""

    def __init__(self, world, service, operation, login, by_query):
        headers, body = world.body(service, operation)
        body = body.encode() if isinstance(body, str) else body or b""
        url = world.server.url + "/"
        if by_query and service == "sts":
            # The fields of a form go into the URL with the signature.
            headers, url, body = {}, f"{url}?{body.decode()}", b""
        request = botocore.awsrequest.AWSRequest(method="POST", url=url, headers=headers, data=body)
        credentials = botocore.credentials.Credentials(login.access_key_id, login.secret, login.token)
        sign = QueryAuth if by_query else botocore.auth.SigV4Auth
        sign(credentials, service, REGION).add_auth(request)
        prepared = request.prepare()
        self.server, self.headers, self.body = world.server, dict(prepared.headers.items()), body
        self.path = prepared.url.removeprefix(world.server.url)

    def send(self, **changed):
        parts = {"headers": self.headers, "body": self.body, "path": self.path, **changed}
        status, _, text = send(self.server, parts["headers"], parts["body"], path=parts["path"])
        if status == 200:
            return "OK"
        text = text.decode()
        if text.startswith("{"):
            return json.loads(text)["__type"]
        return text.split("<Code>")[1].split("</Code>")[0]


@pytest.mark.parametrize("service,operation", SERVED, ids=[f"{s}-{o}" for s, o in SERVED])
def test_peer_01_every_operation_verifies_every_form_of_credentials(world, callers, service, operation):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    for login in callers:
        for by_query in (False, True):
            if by_query and service == "iam":
                continue  # its form stands in the body, and so does no signature
            signed = Signed(world, service, operation, login, by_query)
            where = "path" if by_query else "headers"
            # One hex digit of the signature, and one bit of the body.
            text = signed.path if by_query else signed.headers["Authorization"]
            at = text.index("Signature=") + len("Signature=") + chance.randrange(64)
            changed = text[:at] + format(int(text[at], 16) ^ 1 << chance.randrange(4), "x") + text[at + 1:]
            forged = changed if by_query else {**signed.headers, "Authorization": changed}
            assert signed.send(**{where: forged}) in FORGED
            if signed.body:
                at = chance.randrange(len(signed.body))
                body = bytearray(signed.body)
                body[at] ^= 1 << chance.randrange(8)
                assert signed.send(body=bytes(body)) in FORGED
            # Whole, it is known who asks: this caller may nothing, and is told so, or was let in to ask.
            assert signed.send() not in FORGED + UNKNOWN


@pytest.fixture(scope="module")
def callers(world):
    """A user and a session of a role, who may do nothing."""
    nobody = user(world.server, "nobody")
    maker = user(world.server, "maker", allow("sts:AssumeRole"))
    made = role(world.server, "nothing", trust(maker.arn()))
    return nobody, Login.of(world.server, maker.client().assume_role(RoleArn=made["Arn"], RoleSessionName="one"))


def test_peer_04_no_secret_that_anybody_knows_signs(server):
    """The empty one, the id itself, and those of documentation."""
    key_id, _ = server.credentials
    for secret in (" ", "\0", key_id, "x" * 40, "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "test", "minioadmin"):
        for service in ("kms", "sts"):
            refusal = refused(Login(server, key_id, secret).client(service).list_keys if service == "kms" else
                              Login(server, key_id, secret).client(service).get_caller_identity)
            assert refusal[0] in FORGED, secret
    for key_id in ("test", "minioadmin", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE", "root", "anonymous"):
        assert refused(Login(server, key_id, key_id).client().get_caller_identity)[0] in UNKNOWN + FORGED


class Trap:
    """A web server that nobody is to ask."""

    def __init__(self):
        trap = self
        self.asked = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                trap.asked.append(self.path)
                self.send_response(200)
                self.end_headers()

            do_POST = do_GET

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.host = f"127.0.0.1:{self.server.server_port}"


def test_peer_19_nothing_of_a_request_says_whom_we_ask(server):
    """Host, Region and issuer are names to us and no places: whatever they say, nobody is called."""
    trap = Trap()
    body = b"Action=GetCallerIdentity&Version=2011-06-15"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for host in (trap.host, f"sts.amazonaws.com@{trap.host}", f"{trap.host}/x?"):
        headers = signed_headers(server, None, body, service="sts", headers={**form, "Host": host})
        send(server, headers, body)
    for region in (f"x@{trap.host}", f"{trap.host}/#", f"{REGION}.{trap.host}"):
        headers = signed_headers(server, None, body, service="sts", region=region, headers=form)
        assert send(server, headers, body)[0] == 403
    for claim in (f"http://{trap.host}", f"https://{trap.host}", f"https://sts.amazonaws.com@{trap.host}"):
        b64 = lambda said: base64.urlsafe_b64encode(json.dumps(said).encode()).rstrip(b"=").decode()
        token = f"{b64({'alg': 'RS256', 'kid': 'x', 'jku': claim + '/k', 'x5u': claim + '/c'})}.{b64({'iss': claim})}.eA"
        text = ("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleSessionName=one&RoleArn=arn%3Aaws%3Aiam%3A%3A"
                f"111122223333%3Arole%2Fx&WebIdentityToken={token}").encode()
        assert send(server, form, text)[0] == 400
    assert trap.asked == []


def test_peer_07_twins_of_two_accounts_are_two(server, account, other):
    """The same names in both accounts, asked in turns: what is remembered of the one says nothing of the other."""
    home = server
    home_login = Login(server, *server.credentials)
    sides = []
    for side, rights in ((home, allow("kms:*", "sts:*")), (other, allow("kms:ListKeys", "sts:*"))):
        twin = user(side, "twin", rights)
        made = role(side, "twin", trust(twin.arn()), allow("kms:ListKeys" if side is home else "kms:ListAliases"))
        kms = side.client("kms")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        kms.create_alias(AliasName="alias/twin", TargetKeyId=key)
        policy = side.client("iam").create_policy(
            PolicyName="twin", PolicyDocument=allow("kms:ListKeys" if side is home else "kms:ListAliases"))["Policy"]["Arn"]
        session = Login.of(server, twin.client().assume_role(RoleArn=made["Arn"], RoleSessionName="twin"))
        sides.append({"twin": twin, "key": key, "session": session, "policy": policy, "root": side.client("kms")})
    here, there = sides
    assert here["key"].split(":")[4] == account and there["key"].split(":")[4] == other.account
    for _ in range(3):
        # Keys, aliases and what users may.
        assert here["twin"].client("kms").describe_key(KeyId="alias/twin")["KeyMetadata"]["Arn"] == here["key"]
        assert refused(there["twin"].client("kms").describe_key, KeyId="alias/twin")[:2] in DENIED
        assert there["root"].describe_key(KeyId="alias/twin")["KeyMetadata"]["Arn"] == there["key"]
        blob = here["twin"].client("kms").encrypt(KeyId="alias/twin", Plaintext=b"x")["CiphertextBlob"]
        assert refused(there["root"].decrypt, CiphertextBlob=blob)[:2] in DENIED
        assert refused(there["root"].describe_key, KeyId=here["key"])[:2] in DENIED
        assert refused(there["root"].describe_key, KeyId=here["key"].split("/")[1])[0] == "NotFoundException"
        # What roles may, and by which role a session is.
        here["session"].client("kms").list_keys()
        assert refused(here["session"].client("kms").list_aliases)[:2] in DENIED
        there["session"].client("kms").list_aliases()
        assert refused(there["session"].client("kms").list_keys)[:2] in DENIED
    # A grant to the one twin is none to the other.
    here["root"].create_grant(KeyId=here["key"], GranteePrincipal=here["twin"].arn(), Operations=["Decrypt"])
    home.client("iam").put_user_policy(UserName="twin", PolicyName="own", PolicyDocument=allow("sts:*"))
    other.client("iam").put_user_policy(UserName="twin", PolicyName="own", PolicyDocument=allow("*"))
    for _ in range(2):
        assert here["twin"].client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
        assert refused(there["twin"].client("kms").decrypt, CiphertextBlob=blob)[:2] in DENIED
    # Nor is a role's session narrowed, or a user let, by a policy of the other account of the same name.
    for side, foreign in ((home, there["policy"]), (other, here["policy"])):
        assert refused(side.client("iam").attach_user_policy, UserName="twin", PolicyArn=foreign)[1] in {400, 403, 404}
        login = home_login if side is home else other
        assert refused(login.client("iam").get_policy, PolicyArn=foreign)[:2] in DENIED | {("NoSuchEntity", 404)}


def test_peer_08_every_server_has_secrets_of_its_own(folder):
    """Two that were set up with nothing but a folder: no key of the one opens anything of the other."""
    first, second = (Server(folder / name).start() for name in ("one", "two"))
    try:
        assert first.credentials[0] != second.credentials[0] and first.credentials[1] != second.credentials[1]
        assert len(first.credentials[1]) == 40
        assert (first.data / "root.key").read_bytes() != (second.data / "root.key").read_bytes()
        foreign = Login(second, *first.credentials)
        assert refused(foreign.client().get_caller_identity)[0] in UNKNOWN
        session = Login.of(second, first.client("sts").get_session_token())
        assert refused(session.client().get_caller_identity)[0] in UNKNOWN
        key = first.client().create_key()["KeyMetadata"]["Arn"]
        blob = first.client().encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        assert refused(second.client().decrypt, CiphertextBlob=blob)[0] in {
            "AccessDeniedException", "InvalidCiphertextException", "NotFoundException"}
    finally:
        first.stop()
        second.stop()


@pytest.mark.parametrize("given", [
    {"KEYWRIGHT_ROOT_ACCESS_KEY_ID": "minioadmin", "KEYWRIGHT_ROOT_SECRET_ACCESS_KEY": "minioadmin"},
    {"KEYWRIGHT_ROOT_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "KEYWRIGHT_ROOT_SECRET_ACCESS_KEY": ""},
    {"KEYWRIGHT_ROOT_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE"},
    {"KEYWRIGHT_ROOT_SECRET_ACCESS_KEY": "x" * 40},
])
def test_peer_08_a_weak_or_half_given_secret_does_not_start(folder, given, engine):
    outcome = subprocess.run(
        [str(BINARY), "server", "--data", str(folder / "data"), "--listen", "127.0.0.1:0"], capture_output=True,
        text=True, timeout=60, env={"KEYWRIGHT_STORE": "sqlite", **given})
    assert outcome.returncode not in (0, None), outcome.stdout
    assert "KEYWRIGHT_ROOT" in outcome.stderr, outcome.stderr


def test_peer_13_tries_are_counted_whatever_the_spelling(server):
    """A user's name has one meaning in every spelling, and so has the count of what failed."""
    iam = server.client("iam", validate=False)
    iam.create_user(UserName="Spelt")
    made = iam.create_virtual_mfa_device(VirtualMFADeviceName="Spelt")["VirtualMFADevice"]
    seed, serial = made["Base32StringSeed"], made["SerialNumber"]
    step = int(time.time()) // 30
    right = {totp(seed, at) for at in range(step - 30, step + 31)}
    wrong = next(f"{at:06}" for at in range(1_000_000) if f"{at:06}" not in right)

    def enable(name, first, second):
        return refused(iam.enable_mfa_device, UserName=name, SerialNumber=serial, AuthenticationCode1=first,
                       AuthenticationCode2=second)[0]

    for name in ("Spelt", "spelt", "SPELT", "sPELT", "SpelT"):
        assert enable(name, wrong, wrong) == "InvalidAuthenticationCode"
    # The sixth spelling is the sixth try.
    assert enable("spElt", totp(seed, step - 1), totp(seed, step)) == "InvalidAuthenticationCode"
    assert iam.list_mfa_devices(UserName="Spelt")["MFADevices"] == []
    # Another spelling of the device is another device, which is not there.
    assert refused(
        iam.enable_mfa_device, UserName="Spelt", SerialNumber=serial.replace("Spelt", "SPELT"),
        AuthenticationCode1=totp(seed, step - 1), AuthenticationCode2=totp(seed, step))[0] in {
            "NoSuchEntity", "InvalidAuthenticationCode"}


def test_peer_13_a_users_tries_go_on_under_another_name(server):
    """Who may rename itself guesses no more often for it."""
    iam = server.client("iam")
    guesser = user(server, "guesser", allow("iam:ChangePassword", "iam:UpdateUser"))
    iam.create_login_profile(UserName="guesser", Password="Correct-Horse-7")
    own, wrong = guesser.client("iam"), "The old password was incorrect."
    for at in range(5):
        assert refused(own.change_password, OldPassword=f"Wrong-{at}", NewPassword="Correct-Horse-8")[2] == wrong
    own.update_user(UserName="guesser", NewUserName="guesser-again")
    assert refused(own.change_password, OldPassword="Correct-Horse-7", NewPassword="Correct-Horse-8")[2] == wrong


def test_peer_16_a_bad_credential_never_counts_as_a_lesser_one(server, world):
    """One part that is wrong refuses the whole; nobody goes on without it."""
    ann = user(server, "ann", allow("*"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    unsigned = b"Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=x&RoleSessionName=x&WebIdentityToken=x"
    # A wrong signature on what needs none, and a header that is none.
    good = signed_headers(server, None, unsigned, service="sts", headers=form)
    bad = good["Authorization"][:-1] + ("0" if good["Authorization"][-1] != "0" else "1")
    for header in (bad, "AWS4-HMAC-SHA256 x", "Bearer x", ""):
        _, _, text = send(server, {**good, "Authorization": header}, unsigned)
        assert any(f"<Code>{code}</Code>".encode() in text for code in FORGED + ("MissingAuthenticationToken",)), text
    # A long-term key with somebody's token, or with none.
    session = Login.of(server, ann.client().get_session_token())
    for token in (session.token, "x"):
        assert ann.stranger(token=token)[0] in UNKNOWN
    # A second factor that is wrong gives no session without one.
    device = Device(server, "ann")
    for proof in (
        {"SerialNumber": device.serial, "TokenCode": "000000"}, {"SerialNumber": device.serial},
        {"TokenCode": "000000"}, {"SerialNumber": device.serial + "x", "TokenCode": device.code()},
    ):
        assert refused(ann.client().get_session_token, **proof)[:2] in DENIED | {("ValidationError", 400)}
    # A session policy that cannot be had gives no session without it.
    made = role(server, "sixteen", trust(ann.arn()), allow("*"))
    absent = f"arn:aws:iam::{world.account}:policy/absent"
    for narrowing in ({"PolicyArns": [{"arn": absent}]}, {"Policy": "{"}, {"Policy": ""},
                      {"PolicyArns": [{"arn": "x"}]}):
        code, status, _ = refused(ann.client().assume_role, RoleArn=made["Arn"], RoleSessionName="one", **narrowing)
        assert status in {400, 403}, (narrowing, code)
    # A session policy that is deleted later leaves a session that may nothing.
    iam = server.client("iam")
    gone = iam.create_policy(PolicyName="gone", PolicyDocument=allow("kms:ListKeys"))["Policy"]["Arn"]
    session = Login.of(server, ann.client().assume_role(
        RoleArn=made["Arn"], RoleSessionName="one", PolicyArns=[{"arn": gone}]))
    session.client("kms").list_keys()
    iam.delete_policy(PolicyArn=gone)
    for operation in ("list_keys", "list_aliases"):
        assert refused(getattr(session.client("kms"), operation))[:2] in DENIED
    # A grant token that is none, beside one that is good.
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    token = kms.create_grant(KeyId=key, GranteePrincipal=ann.arn(), Operations=["Encrypt"])["GrantToken"]
    assert refused(ann.client("kms").encrypt, KeyId=key, Plaintext=b"x", GrantTokens=[token, "AAAA"])[0] == (
        "InvalidGrantTokenException")


# May they.

# Whatever comparable products, AWS's other services and careless frameworks answer.
PLACES = """
/console /console/ /login /signin /oauth2/authorize /oauth/token /saml /sso /ui/ /admin /minio/admin/v3/info
/minio/admin/v3/import-iam /minio/v2/metrics/cluster /minio/health/live /rustfs/admin/v3/metrics
/rustfs/rpc/read_file /v1/sys/health /v1/sys/seal-status /v1/sys/rekey/init /v1/sys/storage/raft/join
/v1/auth/token/lookup-self /v1/secret/data/x /debug/pprof/ /debug/pprof/heap /debug/vars /actuator/env /status
/version /api /api/v1 /.well-known/openid-configuration /.well-known/jwks.json /latest/meta-data/ /server-status
/swagger.json /openapi.json /graphql /robots.txt /favicon.ico /2015-03-31/functions
/2018-06-01/runtime/invocation/next /_localstack/health /_localstack/init /metrics/ /metrics/prometheus
/healthz/ /livez/ /health /ready /trail /backup /shutdown /reload /config
//healthz /./metrics /healthz/../ /%68ealthz /metrics%00 /METRICS
""".split()


def ask(server, method, path, headers=(), body=b""):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in dict(headers).items():
            connection.putheader(name, value)
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        return answer.status, dict(answer.headers.items()), answer.read()
    finally:
        connection.close()


def test_peer_31_there_is_no_route_beside_the_pipeline(server):
    """Nothing but health and metrics answers whoever has no credentials, and those know no secret and no name."""
    for path in PLACES:
        for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "TRACE"):
            status, _, text = ask(server, method, path)
            assert status in {400, 404, 405}, (method, path, status, text)
            assert len(text) < 200, (method, path, text)
    told = b"".join(ask(server, "GET", path)[2] for path in ("/healthz", "/livez", "/metrics"))
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    told += b"".join(ask(server, "GET", path)[2] for path in ("/healthz", "/livez", "/metrics"))
    for secret in (*server.credentials, key, server.client("sts").get_caller_identity()["Account"], str(server.data)):
        assert secret.encode() not in told, secret
    # They only tell: nothing is done there.
    for path in ("/healthz", "/livez", "/metrics"):
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            assert ask(server, method, path)[0] in {400, 404, 405}


def test_peer_31_other_machines_are_told_whether_it_is_well(folder):
    """What is counted, and where nodes listen, is told on this machine, and elsewhere if the operator says so."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.254", 9))  # sends nothing; it shows by which address this machine would go
            own = probe.getsockname()[0]
    except OSError:
        own = "127.0.0.1"  # there is no other: crates/server/src/admin.rs has the rule by itself
    for setting in ("loopback", "anywhere"):
        running = Server(folder / setting, arguments=["--allow-plain-http"], environment={"KEYWRIGHT_METRICS": setting})
        running.listen, running.ready_at = "0.0.0.0:0", r"0\.0\.0\.0"
        running.start()
        try:
            for address, all_of_it in (("127.0.0.1", True), (own, setting == "anywhere" or own == "127.0.0.1")):
                told = {}
                for path in ("/livez", "/healthz", "/metrics"):
                    connection = http.client.HTTPConnection(address, running.port, timeout=10)
                    connection.request("GET", path)
                    answer = connection.getresponse()
                    told[path] = answer.status, answer.read()
                    connection.close()
                assert told["/livez"] == (200, b"ok\n")
                assert told["/healthz"][0] == 200
                shown = set(json.loads(told["/healthz"][1]))
                assert shown == {"status", "version", "rowsRefused"} or all_of_it
                assert ("nodes" in shown) == all_of_it
                assert told["/metrics"][0] == (200 if all_of_it else 404)
                assert (b"keywright_" in told["/metrics"][1]) == all_of_it
        finally:
            running.stop()


def test_peer_18_no_answer_signs_anybody_in(server):
    """There is no sign-in yet that could be asked for in another's name: no cookie is set, nobody is sent on."""
    for path in (*PLACES, "/", "/?Action=GetCallerIdentity&Version=2011-06-15"):
        for method in ("GET", "POST"):
            headers = {name.lower() for name in ask(server, method, path, {"Cookie": "__Host-session=x"})[1]}
            assert not headers & {"set-cookie", "location", "refresh", "www-authenticate", "access-control-allow-origin"}


def test_peer_31_and_none_for_those_who_have_credentials(server):
    """A good signature opens no path but the one that every operation comes by."""
    for path in PLACES:
        for target in (None, "TrentService.ListKeys"):
            headers = signed_headers(server, target, b"{}", path=path)
            assert send(server, headers, b"{}", path=path)[0] in {400, 403, 404, 405}, path


# Heads of other protocols: KMIP (a TTLV request), gRPC and HTTP/2, WebSocket, TLS, Redis, PostgreSQL, LDAP, SSH, SOCKS.
DOORS = {
    "kmip": bytes.fromhex("420078010000007842007701000000384200690100000020") + bytes(96),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes.fromhex("000000040000000000"),
    "tls": bytes.fromhex("160301020001000001fc0303") + bytes(500),
    "redis": b"*1\r\n$4\r\nKEYS\r\n",
    "postgresql": bytes.fromhex("0000000804d2162f"),
    "ldap": bytes.fromhex("300c020101600702010304008000"),
    "ssh": b"SSH-2.0-OpenSSH_9.9\r\n",
    "socks": bytes.fromhex("050100"),
    "http0.9": b"GET /\r\n",
    "proxy": b"PROXY TCP4 203.0.113.9 127.0.0.1 5000 5399\r\n",
    "connect": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:22\r\n\r\n",
}


@pytest.mark.parametrize("door", DOORS)
def test_peer_33_no_other_protocol_opens(server, door):
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(DOORS[door])
        connection.shutdown(socket.SHUT_WR)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4")), answer[:200]


def test_peer_33_upgrades_and_other_services_end_in_the_same_place(server):
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    for headers in (upgrade, {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABk"}):
        assert ask(server, "GET", "/", headers)[0] == 405
        # Health goes on in HTTP/1.1, and nothing else is begun.
        assert ask(server, "GET", "/livez", headers)[0] == 200
    # What is no service of ours is no operation, signed or not, in every protocol that AWS has.
    for target in ("AWSLambda.Invoke", "DynamoDB_20120810.Scan", "secretsmanager.Nope", "TrentService", "Keywright.Nope"):
        status, headers, text = send(server, signed_headers(server, target, b"{}"), b"{}")
        assert (status, json.loads(text)["__type"]) == (400, "UnknownOperationException"), target
    # Services that are known, and not built, ask who calls first.
    nobody = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "secretsmanager.BatchGetSecretValue"}
    status, _, text = send(server, nobody, b"{}")
    assert json.loads(text)["__type"] == "MissingAuthenticationTokenException"


def test_peer_21_nobody_makes_credentials_of_the_root_user(server, account):
    """Not by naming it, nor under its key's id, nor with every right that IAM has."""
    admin = user(server, "admin", allow("*"))
    iam = admin.client("iam")
    before = server.client("iam").list_access_keys()["AccessKeyMetadata"]
    for name in ("root", "<root_account>", account, f"arn:aws:iam::{account}:root", "Root"):
        for operation, arguments in (
            ("create_access_key", {}), ("create_login_profile", {"Password": "Correct-Horse-7"}),
            ("update_access_key", {"AccessKeyId": server.credentials[0], "Status": "Inactive"}),
            ("delete_access_key", {"AccessKeyId": server.credentials[0]}),
        ):
            code, status, _ = refused(getattr(iam, operation), UserName=name, **arguments)
            assert (code, status) in {("NoSuchEntity", 404), ("ValidationError", 400)}, (name, operation, code)
    assert server.client("iam").list_access_keys()["AccessKeyMetadata"] == before
    # Who names nobody means itself.
    made = iam.create_access_key()["AccessKey"]
    assert made["UserName"] == "admin"


def test_peer_24_a_deny_holds_by_every_door(server, world):
    """By header and by URL, by user, session and grant, by whatever name of the key, in dry runs too."""
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/denied", TargetKeyId=key)
    ann = user(server, "denied", allow("*"))
    token = kms.create_grant(KeyId=key, GranteePrincipal=ann.arn(), Operations=["Encrypt"])["GrantToken"]
    made = role(server, "denied", trust(ann.arn()), allow("*"))
    logins = [ann, Login.of(server, ann.client().get_session_token()),
              Login.of(server, ann.client().assume_role(RoleArn=made["Arn"], RoleSessionName="one"))]
    named = [key, key.split("/")[1], "alias/denied", key.split(":key/")[0] + ":alias/denied"]

    def answers():
        for login in logins:
            own = login.client("kms")
            for name in named:
                for more in ({}, {"GrantTokens": [token]}, {"DryRun": True}, {"EncryptionContext": {"a": "b"}}):
                    try:
                        own.encrypt(KeyId=name, Plaintext=b"x", **more)
                        yield "OK"
                    except own.exceptions.ClientError as refusal:
                        yield refusal.response["Error"]["Code"]
                for by_query in (False, True):
                    yield presigned_encrypt(server, login, name, by_query)

    assert set(answers()) == {"OK", "DryRunOperationException"}
    iam = server.client("iam")
    deny = allow("kms:Encrypt", effect="Deny")
    iam.put_user_policy(UserName="denied", PolicyName="no", PolicyDocument=deny)
    iam.put_role_policy(RoleName="denied", PolicyName="no", PolicyDocument=deny)
    assert set(answers()) == {"AccessDeniedException"}
    iam.delete_user_policy(UserName="denied", PolicyName="no")
    iam.delete_role_policy(RoleName="denied", PolicyName="no")
    assert set(answers()) == {"OK", "DryRunOperationException"}
    policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    policy["Statement"].append({"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"})
    kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))
    assert set(answers()) == {"AccessDeniedException"}


def presigned_encrypt(server, login, key, by_query):
    body = json.dumps({"KeyId": key, "Plaintext": "eA=="}).encode()
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=server.url + "/", data=body,
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "TrentService.Encrypt"})
    credentials = botocore.credentials.Credentials(login.access_key_id, login.secret, login.token)
    sign = QueryAuth if by_query else botocore.auth.SigV4Auth
    sign(credentials, "kms", REGION).add_auth(request)
    prepared = request.prepare()
    status, _, text = send(server, dict(prepared.headers.items()), body, path=prepared.url.removeprefix(server.url))
    return "OK" if status == 200 else json.loads(text)["__type"]


def test_peer_30_knowing_a_name_of_another_account_is_no_right(server, account, other):
    """Ids, ARNs, tokens and markers of this account, in the hands of another one's root user: what is there and what is
    not look the same."""
    kms, iam = server.client(), server.client("iam")
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/known", TargetKeyId=key)
    known = user(server, "known")
    grant = kms.create_grant(KeyId=key, GranteePrincipal=known.arn(), Operations=["Encrypt"])
    policy = iam.create_policy(PolicyName="known", PolicyDocument=allow("*"))["Policy"]["Arn"]
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="known")["VirtualMFADevice"]["SerialNumber"]
    made = role(server, "known", trust(account))["Arn"]
    for at in range(3):
        iam.create_user(UserName=f"known{at}")
    marker = iam.list_users(MaxItems=2)["Marker"]
    own_kms, own_iam, own_sts = other.client("kms"), other.client("iam"), other.client("sts")
    absent_key = key.split("/")[0] + "/0000aaaa-00aa-40aa-80aa-000000000000"
    shape = lambda refusal, name: (*refusal[:2], refusal[2].replace(name, "X"))
    alias_arn = key.split(":key/")[0] + ":alias/"
    for call_, member, there, not_there in (
        (own_kms.describe_key, "KeyId", key, absent_key),
        (own_kms.describe_key, "KeyId", alias_arn + "known", alias_arn + "absent"),
        (own_kms.get_key_policy, "KeyId", key, absent_key),
        (own_kms.list_grants, "KeyId", key, absent_key),
        (own_kms.schedule_key_deletion, "KeyId", key, absent_key),
        (own_iam.get_policy, "PolicyArn", policy, policy + "-not"),
        (own_iam.delete_policy, "PolicyArn", policy, policy + "-not"),
        (own_iam.get_mfa_device, "SerialNumber", serial, serial + "-not"),
        (own_iam.delete_virtual_mfa_device, "SerialNumber", serial, serial + "-not"),
        (own_iam.get_user, "UserName", "known", "absent"),
        (own_iam.get_access_key_last_used, "AccessKeyId", known.access_key_id, "AKIANOSUCHKEY0000000"),
    ):
        found = refused(call_, **{member: there})
        assert found[1] in {400, 403, 404}
        assert shape(found, there) == shape(refused(call_, **{member: not_there}), not_there), (call_, found)
    assume = lambda arn: refused(own_sts.assume_role, RoleArn=arn, RoleSessionName="one")
    assert shape(assume(made), made) == shape(assume(made + "-not"), made + "-not")
    for named in ({"GrantToken": grant["GrantToken"]}, {"KeyId": key, "GrantId": grant["GrantId"]}):
        assert refused(own_kms.retire_grant, **named)[:2] in DENIED
    assert refused(own_kms.revoke_grant, KeyId=key, GrantId=grant["GrantId"])[:2] in DENIED
    assert refused(own_kms.encrypt, KeyId=key, Plaintext=b"x", GrantTokens=[grant["GrantToken"]])[:2] in DENIED
    assert refused(own_iam.list_users, Marker=marker)[:2] == ("ValidationError", 400)
    assert len(iam.list_users(Marker=marker)["Users"]) >= 1
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
    assert len(kms.list_grants(KeyId=key)["Grants"]) == 1
    assert iam.get_policy(PolicyArn=policy) and serial in str(iam.list_virtual_mfa_devices()["VirtualMFADevices"])


def test_peer_32_the_address_is_the_sockets(server):
    """aws:SourceIp is of whoever is at the other end; no header is asked, and the trail shows the same."""
    def forward(request, **_):
        for header in ("X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP", "X-Client-IP", "True-Client-IP"):
            request.headers[header] = "203.0.113.9"
        request.headers["Forwarded"] = "for=203.0.113.9"

    for condition, allowed in (
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.1"}}, False),
        ({"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
    ):
        name = f"address-{len(str(condition))}-{allowed}"
        kms = user(server, name, allow("kms:ListKeys", Condition=condition)).client("kms")
        kms.meta.events.register("before-sign.kms.ListKeys", forward)
        if allowed:
            assert "Keys" in kms.list_keys()
        else:
            assert refused(kms.list_keys)[:2] in DENIED
    records = "".join(
        path.read_text(errors="replace") for path in (server.data / "trail").rglob("*") if path.is_file())
    assert '"sourceIPAddress":"127.0.0.1"' in records and "203.0.113.9" not in records.replace(
        "203.0.113.0/24", "")


def test_peer_35_each_of_many_is_decided(server, account):
    """The first answer does not stand for the rest: lists of questions, and operations that need several rights."""
    iam, kms = server.client("iam"), server.client()
    keys = [kms.create_key()["KeyMetadata"]["Arn"] for _ in range(4)]
    policies = [allow("kms:Encrypt", "kms:Decrypt", resource=keys[:2]),
                allow("kms:Decrypt", resource=keys[1], effect="Deny")]
    wanted = {
        ("kms:Encrypt", keys[0]): "allowed", ("kms:Encrypt", keys[1]): "allowed",
        ("kms:Encrypt", keys[2]): "implicitDeny", ("kms:Encrypt", keys[3]): "implicitDeny",
        ("kms:Decrypt", keys[0]): "allowed", ("kms:Decrypt", keys[1]): "explicitDeny",
        ("kms:Decrypt", keys[2]): "implicitDeny", ("kms:Decrypt", keys[3]): "implicitDeny"}
    chance = random.Random(35)
    for _ in range(4):
        asked = keys[:]
        chance.shuffle(asked)
        for actions_ in (["kms:Encrypt", "kms:Decrypt"], ["kms:Decrypt", "kms:Encrypt"]):
            answer = iam.simulate_custom_policy(PolicyInputList=policies, ActionNames=actions_, ResourceArns=asked)
            found = {}
            for result in answer["EvaluationResults"]:
                for each in result.get("ResourceSpecificResults") or []:
                    found[result["EvalActionName"], each["EvalResourceName"]] = each["EvalResourceDecision"]
                if not result.get("ResourceSpecificResults"):
                    found[result["EvalActionName"], result["EvalResourceName"]] = result["EvalDecision"]
            assert found == wanted
    # And what they say is so, for each key and for each of two rights on two keys.
    ann = user(server, "mixed")
    for at, policy in enumerate(policies):
        iam.put_user_policy(UserName="mixed", PolicyName=f"p{at}", PolicyDocument=policy)
    own = ann.client("kms")
    for key in keys:
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        for action, operation in (("kms:Encrypt", lambda: own.encrypt(KeyId=key, Plaintext=b"x")),
                                  ("kms:Decrypt", lambda: own.decrypt(KeyId=key, CiphertextBlob=blob))):
            if wanted[action, key] == "allowed":
                operation()
            else:
                assert refused(operation)[:2] in DENIED
    iam.put_user_policy(UserName="mixed", PolicyName="p0", PolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "kms:ReEncryptFrom", "Resource": [keys[0], keys[1]]},
            {"Effect": "Allow", "Action": "kms:ReEncryptTo", "Resource": [keys[1], keys[2]]}]}))
    for source in keys:
        blob = kms.encrypt(KeyId=source, Plaintext=b"x")["CiphertextBlob"]
        for target in keys:
            if source in keys[:2] and target in keys[1:3]:
                own.re_encrypt(CiphertextBlob=blob, DestinationKeyId=target)
            else:
                assert refused(own.re_encrypt, CiphertextBlob=blob, DestinationKeyId=target)[:2] in DENIED


DRY = [operation for service, operation in SERVED if service == "kms"
       and "DryRun" in MODELS["kms"].operation_model(operation).input_shape.members]


@pytest.mark.parametrize("operation", DRY)
def test_peer_36_a_dry_run_takes_the_same_right_and_returns_nothing(world, callers, operation):
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation).lstrip("_")
    asked = {**world.parameters("kms", operation), "DryRun": True}
    for login in callers:
        assert refused(getattr(login.client("kms"), name), **asked)[:2] in DENIED, operation
    may = user(world.server, f"dry-{operation}", allow(*actions("kms", operation)))
    code, status, text = refused(getattr(may.client("kms"), name), **asked)
    assert (code, status) == ("DryRunOperationException", 400), (code, text)
    assert len(text) < 200


def test_peer_36_a_simulation_takes_a_right_of_its_own_and_tells_no_value(server, account, world):
    """Neither who may use a key, nor who may see its policy, may ask what others may."""
    prey = user(server, "simulated", allow("kms:Decrypt"))
    curious = user(server, "curious", allow("kms:*", "iam:GetUser", "iam:ListUsers"))
    asked = {"PolicySourceArn": prey.arn(), "ActionNames": ["kms:Decrypt"]}
    iam = curious.client("iam")
    assert refused(iam.simulate_principal_policy, **asked)[:2] in DENIED
    assert refused(iam.simulate_custom_policy, PolicyInputList=[allow("*")], ActionNames=["kms:Decrypt"])[:2] in DENIED
    assert refused(iam.get_context_keys_for_principal_policy, PolicySourceArn=prey.arn())[:2] in DENIED
    server.client("iam").put_user_policy(
        UserName="curious", PolicyName="own", PolicyDocument=allow("iam:SimulatePrincipalPolicy"))
    answer = iam.simulate_principal_policy(**asked)
    assert answer["EvaluationResults"][0]["EvalDecision"] == "allowed"
    # To explain an access is a right of its own too, and asks for the right to read the key's policy beside it.
    for right in ((), ("keywright:ExplainAccess",)):
        server.client("iam").put_user_policy(
            UserName="curious", PolicyName="own", PolicyDocument=allow("kms:ListKeys", *right))
        outcome = server.keywright(
            "policy", "explain", "--principal", prey.arn(), "--action", "kms:Decrypt", "--resource", world.key,
            environment={"AWS_ACCESS_KEY_ID": curious.access_key_id, "AWS_SECRET_ACCESS_KEY": curious.secret})
        assert outcome.returncode == 3 and "AccessDeniedException" in outcome.stderr


# The same value, wrong, by every operation that takes it.
BAD_POLICIES = [
    "{", "[]", '{"Version":"2012-10-17"}', allow("kms:*").replace("Allow", "allow"),
    allow("kms:*").replace("Resource", "Resources"), allow("no-colon"), allow("kms:*", resource="no-arn"),
    allow("kms:*", Condition={"StringEqual": {"a": "b"}}), allow("kms:*") * 2, "x" * 150_000,
]


@pytest.fixture(scope="module")
def updated(server, account):
    iam, kms = server.client("iam", validate=False), server.client("kms", validate=False)
    iam.create_user(UserName="upd")
    iam.create_group(GroupName="upd")
    iam.create_role(RoleName="upd", AssumeRolePolicyDocument=trust(account))
    arn = iam.create_policy(PolicyName="upd", PolicyDocument=allow("*"))["Policy"]["Arn"]
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kms.create_alias(AliasName="alias/upd", TargetKeyId=key)
    serial = iam.create_virtual_mfa_device(VirtualMFADeviceName="upd")["VirtualMFADevice"]["SerialNumber"]
    iam.create_login_profile(UserName="upd", Password="Correct-Horse-7")
    return {"iam": iam, "kms": kms, "arn": arn, "key": key, "serial": serial, "account": account}


def families(updated):
    """Values that are wrong, and the operations that take such a value: those that make, and those that change."""
    iam, kms, arn, key, serial = (updated[name] for name in ("iam", "kms", "arn", "key", "serial"))
    named = iter(f"upd-{at}" for at in range(10_000))
    tags = [
        [{"Key": "aws:x", "Value": "v"}], [{"Key": "", "Value": "v"}], [{"Key": "k" * 129, "Value": "v"}],
        [{"Key": "k", "Value": "v" * 257}], [{"Key": "AWS:x", "Value": "v"}],
        [{"Key": "a", "Value": "1"}, {"Key": "a", "Value": "2"}], [{"Key": f"k{at}", "Value": "v"} for at in range(51)]]
    kms_tags = [[{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in each] for each in tags]
    # Those of KMS's wizard: a key policy may not lock its writer out, nor name whom there is not.
    key_policies = [
        *BAD_POLICIES[:4],
        json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": updated["account"]}, "Action": "kms:Encrypt", "Resource": "*"}]}),
        json.dumps({"Version": "2012-10-17", "Statement": [{
            "Effect": "Allow", "Principal": {"AWS": [updated["account"], f"arn:aws:iam::{updated['account']}:user/no"]},
            "Action": "kms:*", "Resource": "*"}]})]
    trusts = [*BAD_POLICIES[:4], trust("no-principal"), trust("*").replace("sts:AssumeRole", "kms:Decrypt"),
              allow("sts:AssumeRole"), trust(f"arn:aws:iam::{updated['account']}:user/no")]
    return {
        "policies": (BAD_POLICIES, [
            lambda bad: iam.create_policy(PolicyName=next(named), PolicyDocument=bad),
            lambda bad: iam.create_policy_version(PolicyArn=arn, PolicyDocument=bad),
            lambda bad: iam.put_user_policy(UserName="upd", PolicyName="p", PolicyDocument=bad),
            lambda bad: iam.put_group_policy(GroupName="upd", PolicyName="p", PolicyDocument=bad),
            lambda bad: iam.put_role_policy(RoleName="upd", PolicyName="p", PolicyDocument=bad)]),
        "trust policies": (trusts, [
            lambda bad: iam.create_role(RoleName=next(named), AssumeRolePolicyDocument=bad),
            lambda bad: iam.update_assume_role_policy(RoleName="upd", PolicyDocument=bad)]),
        "key policies": (key_policies, [
            lambda bad: kms.create_key(Policy=bad), lambda bad: kms.put_key_policy(KeyId=key, Policy=bad)]),
        "tags": (tags, [
            lambda bad: iam.create_user(UserName=next(named), Tags=bad),
            lambda bad: iam.tag_user(UserName="upd", Tags=bad),
            lambda bad: iam.create_role(
                RoleName=next(named), AssumeRolePolicyDocument=trust(updated["account"]), Tags=bad),
            lambda bad: iam.tag_role(RoleName="upd", Tags=bad),
            lambda bad: iam.create_policy(PolicyName=next(named), PolicyDocument=allow("*"), Tags=bad),
            lambda bad: iam.tag_policy(PolicyArn=arn, Tags=bad),
            lambda bad: iam.create_virtual_mfa_device(VirtualMFADeviceName=next(named), Tags=bad),
            lambda bad: iam.tag_mfa_device(SerialNumber=serial, Tags=bad)]),
        "tags of keys": (kms_tags, [
            lambda bad: kms.create_key(Tags=bad), lambda bad: kms.tag_resource(KeyId=key, Tags=bad)]),
        "names of users": (["", "a b", "a/b", "x" * 65, "Ünder", "a\n"], [
            lambda bad: iam.create_user(UserName=bad),
            lambda bad: iam.update_user(UserName="upd", NewUserName=bad)]),
        "names of groups": (["", "a b", "a/b", "x" * 129, "Ünder"], [
            lambda bad: iam.create_group(GroupName=bad),
            lambda bad: iam.update_group(GroupName="upd", NewGroupName=bad)]),
        "paths": (["x", "/x", "x/", "/ x/", "/" + "x" * 512 + "/", "//\n/"], [
            lambda bad: iam.create_user(UserName=next(named), Path=bad),
            lambda bad: iam.update_user(UserName="upd", NewPath=bad),
            lambda bad: iam.create_group(GroupName=next(named), Path=bad),
            lambda bad: iam.update_group(GroupName="upd", NewPath=bad)]),
        "boundaries": ([f"{arn}-not", "x", f"arn:aws:iam::{updated['account']}:user/upd"], [
            lambda bad: iam.create_user(UserName=next(named), PermissionsBoundary=bad),
            lambda bad: iam.put_user_permissions_boundary(UserName="upd", PermissionsBoundary=bad),
            lambda bad: iam.create_role(RoleName=next(named), PermissionsBoundary=bad,
                                        AssumeRolePolicyDocument=trust(updated["account"])),
            lambda bad: iam.put_role_permissions_boundary(RoleName="upd", PermissionsBoundary=bad)]),
        "longest sessions": ([0, 3599, 43_201, -1], [
            lambda bad: iam.create_role(RoleName=next(named), MaxSessionDuration=bad,
                                        AssumeRolePolicyDocument=trust(updated["account"])),
            lambda bad: iam.update_role(RoleName="upd", MaxSessionDuration=bad)]),
        "descriptions of roles": (["x" * 1001, "\0"], [
            lambda bad: iam.create_role(RoleName=next(named), Description=bad,
                                        AssumeRolePolicyDocument=trust(updated["account"])),
            lambda bad: iam.update_role(RoleName="upd", Description=bad),
            lambda bad: iam.update_role_description(RoleName="upd", Description=bad)]),
        "descriptions of keys": (["x" * 8193], [
            lambda bad: kms.create_key(Description=bad),
            lambda bad: kms.update_key_description(KeyId=key, Description=bad)]),
        "passwords": (["", "short", "x" * 129, "Correct\u0000Horse-7"], [
            lambda bad: iam.create_login_profile(UserName=fresh_user(iam, next(named)), Password=bad),
            lambda bad: iam.update_login_profile(UserName="upd", Password=bad)]),
        "names of keys": (["alias/aws/mine", "alias/", "no-prefix", "alias/a b", "alias/" + "x" * 251], [
            lambda bad: kms.create_alias(AliasName=bad, TargetKeyId=key),
            lambda bad: kms.update_alias(AliasName=bad, TargetKeyId=key),
            lambda bad: kms.delete_alias(AliasName=bad)]),
        "keys that names point at": (["alias/upd", "x", "arn:aws:kms:x:1:key/y"], [
            lambda bad: kms.create_alias(AliasName=f"alias/{next(named)}", TargetKeyId=bad),
            lambda bad: kms.update_alias(AliasName="alias/upd", TargetKeyId=bad)]),
    }


def fresh_user(iam, name):
    iam.create_user(UserName=name)
    return name


FAMILIES = [
    "policies", "trust policies", "key policies", "tags", "tags of keys", "names of users", "names of groups", "paths",
    "boundaries", "longest sessions", "descriptions of roles", "descriptions of keys", "passwords", "names of keys",
    "keys that names point at"]


@pytest.mark.parametrize("family", FAMILIES)
def test_peer_37_what_cannot_be_made_cannot_be_changed_into_either(updated, family):
    found = families(updated)
    assert list(found) == FAMILIES
    values, takers = found[family]
    for bad in values:
        answers = []
        for take in takers:
            code, status, _ = refused(take, bad=bad)
            assert status in {400, 404, 409, 413}, (bad, code)
            answers.append(code)
        # The same value is refused in the same words, whoever takes it; but for quotas of what is there already.
        assert len(set(answers)) == 1 or family in {"tags", "tags of keys", "boundaries"}, (bad, answers)
