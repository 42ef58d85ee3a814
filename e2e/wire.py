"""Requests below the SDK: any body, any header, signed by botocore's own signer."""

import http.client
import json

import botocore.auth
import botocore.awsrequest
import botocore.credentials

from conftest import REGION


def signed_headers(server, target, body, region=REGION, service="kms", secret=None, headers=None, method="POST", path="/"):
    access_key_id, own_secret = server.credentials
    credentials = botocore.credentials.Credentials(access_key_id, secret or own_secret)
    request = botocore.awsrequest.AWSRequest(
        method=method,
        url=f"{server.url}{path}",
        data=body,
        headers={
            "Content-Type": "application/x-amz-json-1.1",
            **({"X-Amz-Target": target} if target else {}),
            **(headers or {}),
        },
    )
    botocore.auth.SigV4Auth(credentials, service, region).add_auth(request)
    prepared = request.prepare()
    return dict(prepared.headers.items())


def send(server, headers, body, method="POST", path="/"):
    """Sends exactly this; gives status, headers, body."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    try:
        connection.request(method, path, body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


def call(server, operation, body, **settings):
    """Calls a KMS operation with a body that may be anything; gives status, code, message."""
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    target = settings.pop("target", f"TrentService.{operation}")
    status, headers, answer = send(server, signed_headers(server, target, body, **settings), body)
    if status == 200:
        return status, None, answer
    document = json.loads(answer)
    assert headers["x-amzn-requestid"], "every answer has a request id"
    return status, document["__type"], document.get("message", document.get("Message"))
