"""Roles for whoever a provider of identities vouches for: tokens as Kubernetes gives them to service accounts.

Tokens are made here by hand (RFC 7515), so that broken ones can be made too. Codes are those of AWS's STS API Reference.
"""

import base64
import datetime
import hashlib
import hmac
import http.server
import ipaddress
import json
import os
import ssl
import subprocess
import threading
import time
import urllib.parse

import boto3
import botocore
import botocore.config
import botocore.exceptions
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from cryptography.x509.oid import NameOID

from conftest import BINARY, REGION, Server, aws, note_calls, wait_until
from identities import Login, allow, refused
from wire import send

ISSUER = "https://kubernetes.default.svc.cluster.local"
PLACE = ISSUER.removeprefix("https://")
BY_URL = "https://login.example/realms/One"
SUBJECT = "system:serviceaccount:shop:api"
AUDIENCE = "sts.amazonaws.com"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, length=None):
    return b64(value.to_bytes(length or (value.bit_length() + 7) // 8, "big"))


class Rsa:
    def __init__(self, kid):
        self.kid, self.key = kid, rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def jwk(self):
        public = self.key.public_key().public_numbers()
        return {"use": "sig", "kty": "RSA", "kid": self.kid, "alg": "RS256",
                "n": number(public.n), "e": number(public.e)}

    def pem(self):
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def sign(self, data):
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    alg = "RS256"


class Ec:
    alg = "ES256"

    def __init__(self, kid):
        self.kid, self.key = kid, ec.generate_private_key(ec.SECP256R1())

    def jwk(self):
        public = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "kid": self.kid, "x": number(public.x, 32), "y": number(public.y, 32)}

    def sign(self, data):
        r, s = utils.decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def claims(**changed):
    now = int(time.time())
    return {
        "aud": [AUDIENCE], "iss": ISSUER, "sub": SUBJECT, "iat": now, "nbf": now, "exp": now + 3600,
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "api", "uid": "0"}},
        **changed,
    }


def token(key, said=None, sign=None, **header):
    head = {"alg": key.alg, "kid": key.kid, **header}
    head = {name: value for name, value in head.items() if value is not None}
    signed = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(said or claims()).encode())}"
    return f"{signed}.{b64((sign or key.sign)(signed.encode()))}"


class Provider:
    """A provider's web server that counts what it is asked."""

    def __init__(self):
        provider = self
        self.keys, self.asked = [], 0

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                provider.asked += 1
                text = json.dumps({"keys": [key.jwk() for key in provider.keys]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}/keys"


class World:
    def __init__(self, folder):
        self.cluster, self.curve = Rsa("cluster-1"), Ec("curve-1")
        self.file = folder / "jwks.json"
        self.write(self.cluster, self.curve)
        self.provider = Provider()
        config = folder / "keywright.toml"
        config.write_text(f"""
[[oidc.issuers]]
url = "{ISSUER}"
audiences = ["{AUDIENCE}", "other-audience"]
jwks_file = "{self.file}"

[[oidc.issuers]]
url = "{BY_URL}"
audiences = ["app"]
jwks_url = "{self.provider.url}"
""")
        self.server = Server(folder, arguments=["--config", str(config)]).start()
        self.connect()

    def connect(self):
        self.account = self.server.client("sts").get_caller_identity()["Account"]
        self.sts = boto3.client(
            "sts", endpoint_url=self.server.url, region_name=REGION,
            config=botocore.config.Config(
                signature_version=botocore.UNSIGNED, parameter_validation=False,
                retries={"max_attempts": 1, "mode": "standard"}))

    def write(self, *keys):
        new = self.file.with_suffix(".new")
        new.write_text(json.dumps({"keys": [key.jwk() for key in keys]}))
        os.replace(new, self.file)

    def role(self, name, place=PLACE, actions=("sts:AssumeRoleWithWebIdentity",), account=None, **conditions):
        statement = {
            "Effect": "Allow", "Action": list(actions),
            "Principal": {"Federated": f"arn:aws:iam::{account or self.account}:oidc-provider/{place}"}}
        if conditions:
            statement["Condition"] = conditions
        iam = self.server.client("iam")
        made = iam.create_role(
            RoleName=name,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))["Role"]
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=allow("kms:ListKeys"))
        return made["Arn"]

    def assume(self, arn, text, **more):
        return self.sts.assume_role_with_web_identity(
            RoleArn=arn, RoleSessionName="pod", WebIdentityToken=text, **more)

    def refusal(self, arn, text, **more):
        return refused(self.assume, arn=arn, text=text, **more)

    def believes(self, arn, text):
        try:
            return bool(self.assume(arn, text))
        except botocore.exceptions.ClientError:
            return False


@pytest.fixture(scope="module")
def world(engine, tmp_path_factory):
    made = World(tmp_path_factory.mktemp("oidc"))
    yield made
    note_calls(made.server)
    made.server.stop()


@pytest.fixture(scope="module")
def pod(world):
    return world.role("pod", StringEquals={f"{PLACE}:sub": SUBJECT, f"{PLACE}:aud": AUDIENCE})


def test_a_pod_gets_its_role(world, pod):
    for key in (world.cluster, world.curve):
        answer = world.assume(pod, token(key))
        assert answer["SubjectFromWebIdentityToken"] == SUBJECT
        assert (answer["Audience"], answer["Provider"]) == (AUDIENCE, ISSUER)
        assert answer["AssumedRoleUser"]["Arn"] == f"arn:aws:sts::{world.account}:assumed-role/pod/pod"
        login = Login.of(world.server, answer)
        assert login.arn() == answer["AssumedRoleUser"]["Arn"]
        assert "Keys" in login.client("kms").list_keys()
        assert refused(login.client("kms").create_key)[0] == "AccessDeniedException"
    narrowed = world.assume(pod, token(world.cluster), Policy=allow("kms:ListAliases"), DurationSeconds=900)
    assert refused(Login.of(world.server, narrowed).client("kms").list_keys)[0] == "AccessDeniedException"


def test_sdks_find_it_by_their_environment(world, pod, folder):
    (folder / "token").write_text(token(world.cluster))
    (folder / "config").write_text(
        f"[default]\nrole_arn = {pod}\nrole_session_name = cli\nweb_identity_token_file = {folder / 'token'}\n")

    class Stranger:
        def variables(self):
            inherited = world.server.variables()
            own = {name: value for name, value in inherited.items() if "ACCESS_KEY" not in name}
            return own | {"AWS_CONFIG_FILE": str(folder / "config"), "AWS_SHARED_CREDENTIALS_FILE": "/nowhere"}

    outcome = aws(Stranger(), "sts", "get-caller-identity")
    assert outcome.returncode == 0, outcome.stderr
    assert json.loads(outcome.stdout)["Arn"].endswith(":assumed-role/pod/cli")


DENIED = ("AccessDenied", 403, "Not authorized to perform sts:AssumeRoleWithWebIdentity")


def test_the_role_decides_whom_it_trusts(world, pod):
    for said in (
        claims(sub="system:serviceaccount:shop:other"),
        claims(sub="system:serviceaccount:shop:api2"),
        claims(sub=SUBJECT.upper()),
        claims(aud="other-audience"),
        # A claim of another spelling is not the claim.
        {**claims(sub="somebody"), "SUB": SUBJECT, "Sub": SUBJECT},
    ):
        assert world.refusal(pod, token(world.cluster, said)) == DENIED
    # Nor does anybody learn whether there is the role.
    assert world.refusal(pod + "-not", token(world.cluster)) == DENIED
    # Of another account's provider, another provider, and a role that trusts the account itself.
    other = world.role("other-account", account="111122223333")
    assert world.refusal(other, token(world.cluster)) == DENIED
    other = world.role("other-provider", place="login.example/realms/One")
    assert world.refusal(other, token(world.cluster)) == DENIED
    iam = world.server.client("iam")
    for at, principal in enumerate([{"AWS": world.account}, {"AWS": "*"}]):
        arn = iam.create_role(RoleName=f"not-federated-{at}", AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
        assert world.refusal(arn, token(world.cluster)) == DENIED
    prefix = world.role("prefix", StringLike={f"{PLACE}:sub": "system:serviceaccount:shop:*"})
    assert world.assume(prefix, token(world.cluster, claims(sub="system:serviceaccount:shop:other")))
    assert world.refusal(prefix, token(world.cluster, claims(sub="system:serviceaccount:bank:api"))) == DENIED


def test_peer_15_tokens_that_are_not_for_us(world, pod):
    bad = "InvalidIdentityToken"
    now = int(time.time())
    key = world.cluster
    for said, code, part in (
        (claims(aud=["elsewhere"]), bad, "Incorrect token audience"),
        (claims(aud=[]), bad, "Incorrect token audience"),
        (claims(aud=None), bad, "Missing a required claim: aud"),
        (claims(azp="elsewhere"), bad, "Incorrect token audience"),
        (claims(iss="https://evil.example"), bad, "No OpenIDConnect provider found in your account for"),
        (claims(iss=ISSUER + "/"), bad, "No OpenIDConnect provider"),
        (claims(iss=ISSUER.upper()), bad, "No OpenIDConnect provider"),
        (claims(iss=7), bad, "Missing a required claim: iss"),
        (claims(sub=""), bad, "Missing a required claim: sub"),
        (claims(exp=now - 301), "ExpiredTokenException", "Token expired: current date/time"),
        (claims(exp=None), bad, "Missing a required claim: exp"),
        (claims(exp="tomorrow"), bad, "Missing a required claim: exp"),
        (claims(nbf=now + 400), bad, "Token not yet valid"),
        (claims(iat=now + 400), bad, "Token not yet valid"),
    ):
        got = world.refusal(pod, token(key, said))
        assert got[:2] == (code, 400) and part in got[2], (said, got)
    # Clocks may be five minutes apart.
    assert world.assume(pod, token(key, claims(exp=now - 200)))
    assert world.assume(pod, token(key, claims(nbf=now + 200)))
    # The provider is not one of another account.
    other = pod.replace(world.account, "111122223333")
    assert world.refusal(other, token(key))[0] == bad


def test_peer_15_signatures_that_are_none(world, pod):
    key, stranger = world.cluster, Rsa("cluster-1")
    shared = lambda secret: lambda data: hmac.new(secret, data, hashlib.sha256).digest()
    whole = token(key)
    head, body, signature = whole.split(".")
    forged = b64(json.dumps(claims(sub="system:serviceaccount:shop:admin")).encode())
    der = key.key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    for name, broken in {
        "none": token(key, sign=lambda _: b"", alg="none"),
        "None": token(key, sign=lambda _: b"", alg="None"),
        "none, whole signature": token(key, alg="none"),
        "HS256 with the public key": token(key, sign=shared(key.pem()), alg="HS256"),
        "HS256 with its DER": token(key, sign=shared(der), alg="HS256"),
        "HS256 with n": token(key, sign=shared(key.jwk()["n"].encode()), alg="HS256"),
        "the key of the same id": token(stranger),
        "another algorithm's name": token(key, alg="ES256"),
        "an algorithm that the key does not say": token(key, alg="RS512"),
        "PSS named": token(key, alg="PS256"),
        "EC signature for RSA": token(key, sign=world.curve.sign),
        "unknown id": token(key, kid="cluster-2"),
        "a key in the header": token(stranger, kid=None, jwk=stranger.jwk()),
        "an address in the header": token(stranger, kid="x", jku="http://127.0.0.1:1/keys"),
        "crit": token(key, crit=["exp"]),
        "no signature": f"{head}.{body}.",
        "two parts": f"{head}.{body}",
        "four parts": f"{whole}.{signature}",
        "changed body": f"{head}.{forged}.{signature}",
        "cut": whole[:-10],
        "zeros": f"{head}.{body}.{b64(bytes(256))}",
        "EC zeros": token(world.curve, sign=lambda _: bytes(64)),
        "text": "not a token",
    }.items():
        got = world.refusal(pod, broken)
        assert got[:2] == ("InvalidIdentityToken", 400), (name, got)
        assert broken not in got[2]
    # Without an id every key of the provider is tried.
    assert world.assume(pod, token(key, kid=None))


def test_what_comes_without_a_signature(world, pod):
    def post(fields, **headers):
        headers = {"Content-Type": "application/x-www-form-urlencoded", **headers}
        status, _, text = send(world.server, headers, urllib.parse.urlencode(fields).encode())
        return status, text.decode()

    whole = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", "RoleArn": pod,
             "RoleSessionName": "pod", "WebIdentityToken": token(world.cluster)}
    assert post(whole)[0] == 200
    for changed, code in (
        ({"Action": "AssumeRole"}, "MissingAuthenticationToken"),
        ({"Action": "GetCallerIdentity"}, "MissingAuthenticationToken"),
        ({"RoleSessionName": "a b"}, "ValidationError"),
        ({"RoleArn": "arn:aws:iam::x:role/xxxxxxx"}, "ValidationError"),
        ({"WebIdentityToken": "x" * 20_001}, "ValidationError"),
        ({"ProviderId": "www.amazon.com"}, "ValidationError"),
        ({"DurationSeconds": "43201"}, "ValidationError"),
        ({"DurationSeconds": "3601"}, "ValidationError"),
    ):
        status, text = post(whole | changed)
        assert status >= 400 and f"<Code>{code}</Code>" in text, (changed, text)
        assert whole["WebIdentityToken"] not in text
    assert post(whole | {"Policy": "x" * 70_000})[0] == 413


def test_tags_and_a_source_identity_come_from_the_token(world):
    said = claims(**{
        "https://aws.amazon.com/tags": {
            "principal_tags": {"Team": ["red"], "Cost": ["7"]}, "transitive_tag_keys": ["Team"]},
        "https://aws.amazon.com/source_identity": "ann"})
    plain = world.role("no-tags")
    assert world.assume(plain, token(world.cluster))
    assert world.refusal(plain, token(world.cluster, said))[0] == "AccessDenied"
    actions = ("sts:AssumeRoleWithWebIdentity", "sts:TagSession", "sts:SetSourceIdentity")
    tagged = world.role("with-tags", actions=actions, StringEquals={"aws:RequestTag/Team": "red"})
    answer = world.assume(tagged, token(world.cluster, said))
    assert answer["SourceIdentity"] == "ann"
    world.server.client("iam").put_role_policy(
        RoleName="with-tags", PolicyName="own", PolicyDocument=allow(
            "kms:ListKeys", Condition={"StringEquals": {"aws:PrincipalTag/Cost": "7"}}))
    assert "Keys" in Login.of(world.server, answer).client("kms").list_keys()
    for wrong in ({"principal_tags": {"Team": ["red", "blue"]}}, {"principal_tags": {"": ["x"]}}, [], "x"):
        broken = claims(**{"https://aws.amazon.com/tags": wrong})
        assert world.refusal(tagged, token(world.cluster, broken))[0] == "InvalidIdentityToken"


def test_a_providers_keys_change(world, pod):
    second = Rsa("cluster-2")
    world.write(world.cluster, world.curve, second)
    time.sleep(1.1)  # a file is read again after a second at the earliest
    assert world.assume(pod, token(second))
    world.write(second)
    wait_until(lambda: not world.believes(pod, token(world.cluster)), 10, "the end of a key that was withdrawn")
    world.write(world.cluster, world.curve, second)
    time.sleep(1.1)
    assert world.assume(pod, token(world.cluster))


def test_peer_06_strangers_cannot_make_us_ask(world):
    place = BY_URL.removeprefix("https://")
    role = world.role("by-url", place=place, StringEquals={f"{place}:sub": "ann"})
    key = Rsa("one")
    world.provider.keys = [key]
    said = claims(iss=BY_URL, sub="ann", aud="app")
    assert world.assume(role, token(key, said))["Provider"] == BY_URL
    asked = world.provider.asked
    for at in range(20):
        got = world.refusal(role, token(key, said, kid=f"unknown-{at}"))
        assert got[:2] == ("InvalidIdentityToken", 400)
    assert world.provider.asked <= asked + 1
    # The keys that are known go on.
    assert world.assume(role, token(key, said))


def test_the_trail_names_the_caller_and_not_the_token(world, pod):
    text = token(world.cluster)
    world.assume(pod, text)
    world.refusal(pod + "-not", text)
    records = "".join(
        path.read_text(errors="replace") for path in (world.server.data / "trail").rglob("*") if path.is_file())
    assert '"type":"WebIdentityUser"' in records
    assert SUBJECT in records
    assert text not in records and text.split(".")[2] not in records


def test_wrong_configuration_points_at_its_line(folder):
    config = folder / "keywright.toml"
    config.write_text('[[oidc.issuers]]\nurl = "http://k8s.example"\naudiences = ["x"]\njwks_file = "f"\n')
    outcome = subprocess.run(
        [str(BINARY), "server", "--data", str(folder / "data"), "--config", str(config)],
        capture_output=True, text=True, timeout=60)
    assert outcome.returncode != 0
    assert "plain http" in outcome.stderr and "keywright.toml:2" in outcome.stderr, outcome.stderr


def certificate(folder, name, of="127.0.0.1"):
    """A certificate that signs itself, for 127.0.0.1 or another address."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(of))]), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .sign(key, hashes.SHA256()))
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / f"{name}.key").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    return folder / f"{name}.pem", folder / f"{name}.key"


def test_peer_11_keys_come_over_tls_from_whom_the_operator_knows(folder):
    known, other = certificate(folder, "known"), certificate(folder, "other")
    # Believed, and of somebody else: peer_12.
    named = certificate(folder, "named", "127.0.0.2")
    key = Rsa("one")
    providers = {}
    for name, files in (("good", known), ("bad", other), ("moved", known), ("named", named)):
        provider = providers[name] = Provider()
        provider.keys = [key]
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*files)
        provider.server.socket = context.wrap_socket(provider.server.socket, server_side=True)
    # What answers with another address is not followed there.
    handler = providers["moved"].server.RequestHandlerClass
    aim = providers["good"].url.replace("http:", "https:")

    def redirect(self):
        self.send_response(302)
        self.send_header("Location", aim)
        self.send_header("Content-Length", "0")
        self.end_headers()

    handler.do_GET = redirect
    config = folder / "keywright.toml"
    config.write_text("".join(f"""
[[oidc.issuers]]
url = "https://{name}.example"
audiences = ["app"]
jwks_url = "{provider.url.replace('http:', 'https:')}"
ca_file = "{(named if name == 'named' else known)[0]}"
""" for name, provider in providers.items()))
    world = World.__new__(World)
    world.server = Server(folder, arguments=["--config", str(config)]).start()
    try:
        world.connect()
        for name in providers:
            place = f"{name}.example"
            role = world.role(name, place=place, StringEquals={f"{place}:sub": "ann"})
            text = token(key, claims(iss=f"https://{place}", sub="ann", aud="app"))
            if name == "good":
                assert world.assume(role, text)["Provider"] == "https://good.example"
            else:
                assert world.refusal(role, text)[:2] == ("IDPCommunicationError", 400)
        log = "".join(world.server.log)
        assert "UnknownIssuer" in log or "BadSignature" in log, log
        assert "the answer is 302" in log, log
        assert "not valid for name" in log, log
    finally:
        world.server.stop()
