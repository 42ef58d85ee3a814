"""Who may come in: botocore's own signatures, headers and presigned URLs, whole and broken."""

import datetime
import http.client
import json
import socket
import time
import urllib.parse

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import botocore.exceptions
import pytest

from conftest import REGION
from wire import send, signed_headers

BODY = b"{}"
TARGET = "TrentService.ListKeys"


def refused(server, headers, body=BODY, **settings):
    status, _, answer = send(server, headers, body, **settings)
    document = json.loads(answer)
    return status, document["__type"], document.get("message")


def test_missing_and_malformed(server):
    plain = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET}
    assert refused(server, plain) == (
        400, "MissingAuthenticationTokenException", "Missing Authentication Token")
    assert refused(server, plain | {"Authorization": "Basic abc"})[1] == "IncompleteSignatureException"
    headers = signed_headers(server, TARGET, BODY)
    for part in ("Credential", "SignedHeaders", "Signature"):
        broken = headers | {"Authorization": headers["Authorization"].replace(f"{part}=", f"{part}X=")}
        assert refused(server, broken)[:2] == (400, "IncompleteSignatureException")


def test_wrong_secret_and_unknown_key(server):
    headers = signed_headers(server, TARGET, BODY, secret="not the secret of this key, but as long")
    status, code, text = refused(server, headers)
    assert (status, code) == (400, "InvalidSignatureException")
    assert text.startswith("The request signature we calculated does not match the signature you provided.")
    headers = signed_headers(server, TARGET, BODY)
    known, _ = server.credentials
    headers["Authorization"] = headers["Authorization"].replace(known, "AKIAUNKNOWN000000000")
    assert refused(server, headers) == (
        400, "UnrecognizedClientException", "The security token included in the request is invalid.")


def test_scope(server):
    headers = signed_headers(server, TARGET, BODY, region="mars-1")
    assert refused(server, headers)[1:] == (
        "InvalidSignatureException", "Credential should be scoped to a valid region, not 'mars-1'. ")
    headers = signed_headers(server, TARGET, BODY, service="s3")
    assert refused(server, headers)[1:] == (
        "InvalidSignatureException", "Credential should be scoped to correct service: 'kms'. ")


def at(offset):
    """botocore signs with this clock while the block runs."""
    class Moved(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None) + offset

        @classmethod
        def now(cls, tz=None):
            return datetime.datetime.now(tz) + offset

    return Moved


@pytest.mark.parametrize(
    ("minutes", "beginning"), [(-6, "Signature expired: "), (6, "Signature not yet current: ")])
def test_clocks_apart(server, monkeypatch, minutes, beginning):
    offset = datetime.timedelta(minutes=minutes)
    monkeypatch.setattr(
        botocore.auth, "get_current_datetime",
        lambda remove_tzinfo=True: (datetime.datetime.now(datetime.timezone.utc) + offset).replace(tzinfo=None))
    headers = signed_headers(server, TARGET, BODY)
    status, code, text = refused(server, headers)
    assert (status, code) == (400, "InvalidSignatureException")
    assert text.startswith(beginning)
    assert "5 min.)" in text


def presigned(server, expires=60):
    access_key_id, secret = server.credentials
    request = botocore.awsrequest.AWSRequest(
        method="POST", url=server.url + "/", data=BODY,
        headers={"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": TARGET})
    credentials = botocore.credentials.Credentials(access_key_id, secret)
    botocore.auth.SigV4QueryAuth(credentials, "kms", REGION, expires=expires).add_auth(request)
    prepared = request.prepare()
    parts = urllib.parse.urlsplit(prepared.url)
    return dict(prepared.headers.items()), f"{parts.path}?{parts.query}"


def test_a_presigned_request(server):
    headers, path = presigned(server)
    status, _, answer = send(server, headers, BODY, path=path)
    assert status == 200, answer
    assert "Keys" in json.loads(answer)
    status, code, _ = refused(server, headers, path=path.replace("X-Amz-Expires=60", "X-Amz-Expires=600"))
    assert (status, code) == (400, "InvalidSignatureException")
    status, code, _ = refused(server, headers | {"X-Amz-Target": "TrentService.ListAliases"}, path=path)
    assert (status, code) == (400, "InvalidSignatureException")
    both = headers | signed_headers(server, TARGET, BODY)
    assert refused(server, both, path=path)[1] == "IncompleteSignatureException"


def test_a_presigned_request_expires(server):
    headers, path = presigned(server, expires=1)
    time.sleep(2.1)  # the second it lives is the thing under test
    status, code, text = refused(server, headers, path=path)
    assert (status, code) == (400, "InvalidSignatureException")
    assert text.startswith("Signature expired: ")


def test_nothing_of_a_signed_request_can_be_changed(server):
    headers = signed_headers(server, TARGET, BODY)
    assert send(server, headers, BODY)[0] == 200
    assert refused(server, headers, body=b'{"Limit":1}')[1] == "InvalidSignatureException"
    assert refused(server, headers | {"X-Amz-Target": "TrentService.CreateKey"})[1] == "InvalidSignatureException"
    assert refused(server, headers | {"X-Amz-Security-Token": "x"})[1] == "UnrecognizedClientException"
    assert refused(server, headers, path="/?Action=CreateKey")[1] == "InvalidSignatureException"


def test_other_ways_in_do_not_exist(server):
    headers = signed_headers(server, TARGET, BODY)
    for method, path, expected in (("GET", "/", 405), ("PUT", "/", 405), ("POST", "/kms", 404), ("GET", "/..", 404)):
        status, _, _ = send(server, headers, BODY, method=method, path=path)
        assert status == expected, (method, path)
    unknown = signed_headers(server, "TrentService.NoSuchThing", BODY)
    assert refused(server, unknown)[1] == "UnknownOperationException"


def test_requests_cannot_be_smuggled(server):
    """Both lengths at once, and bare control characters, end the connection."""
    for request in (
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01",
    ):
        with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        assert answer.count(b"HTTP/1.1 ") <= 1, answer
        assert b" 200 " not in answer.split(b"\r\n")[0]


def test_health_needs_no_signature(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for path in ("/livez", "/healthz", "/metrics"):
        for method in ("GET", "HEAD"):
            connection.request(method, path)
            answer = connection.getresponse()
            assert answer.status == 200, (method, path)
            assert (answer.read() == b"") == (method == "HEAD")
    connection.close()


# Operations that are not to be built: the answer that says so comes after authentication, and so proves it.
UNBUILT = "is not supported by this release of Keywright."


@pytest.mark.parametrize("call", [
    lambda server: server.client("iam").list_saml_providers(),
    lambda server: server.client("iam", region="us-east-1").list_saml_providers(),
    lambda server: server.client("sts").get_federation_token(Name="bob"),
])
def test_forms_come_in(server, call):
    with pytest.raises(botocore.exceptions.ClientError) as refusal:
        call(server)
    error = refusal.value.response["Error"]
    assert (error["Code"], refusal.value.response["ResponseMetadata"]["HTTPStatusCode"]) == ("InvalidAction", 400)
    assert error["Message"].endswith(UNBUILT)


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_presigned_form(server, method):
    """What clusters and vaults take as a proof of who somebody is."""
    url = server.client("sts").generate_presigned_url("get_federation_token", {"Name": "bob"}, HttpMethod=method)
    parts = urllib.parse.urlsplit(url)
    path = f"{parts.path}?{parts.query}"
    status, headers, answer = send(server, {}, None, method=method, path=path)
    assert (status, headers["content-type"]) == (400, "text/xml")
    assert UNBUILT in answer.decode()
    status, _, answer = send(server, {}, None, method=method, path=path.replace("bob", "eve"))
    assert status == 403 and b"<Code>SignatureDoesNotMatch</Code>" in answer


def test_a_form_without_a_signature(server):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    status, _, answer = send(server, form, "Action=GetCallerIdentity&Version=2011-06-15")
    assert status == 403 and b"<Code>MissingAuthenticationToken</Code>" in answer
