"""Signed requests with one thing changed: every one is refused, and nothing is done.

KEYWRIGHT_MUTATIONS says how many. What is changed is one
byte, header or character of something that the signature covers, or the signature itself; the random seed is printed.
"""

import http.client
import json
import os
import random
import string

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from conftest import REGION
from identities import Login, allow, role, trust, user

ENGINES = ["sqlite"]
MUTATIONS = int(os.environ.get("KEYWRIGHT_MUTATIONS", "100000"))
FORM = "application/x-www-form-urlencoded; charset=utf-8"


@pytest.fixture(scope="module")
def requests(server):
    """Valid requests, by a user and by a session: service, headers, body."""
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    ann = user(server, "ann", allow("*"))
    made = role(server, "app", trust(ann.arn()), allow("*"))
    session = Login.of(server, ann.client().assume_role(RoleArn=made["Arn"], RoleSessionName="session"))
    asked = [
        ("kms", "TrentService.CreateKey", b"{}"),
        ("kms", "TrentService.DisableKey", json.dumps({"KeyId": key}).encode()),
        ("kms", "TrentService.Encrypt", json.dumps({"KeyId": key, "Plaintext": "eA=="}).encode()),
        ("iam", None, b"Action=CreateUser&Version=2010-05-08&UserName=mallory"),
        ("sts", None, b"Action=GetSessionToken&Version=2011-06-15"),
    ]
    signed = []
    for login in (ann, session):
        for service, target, body in asked:
            if service == "sts" and login is session:
                continue  # a session may not anyway
            headers = {"Content-Type": "application/x-amz-json-1.1" if target else FORM}
            if target:
                headers["X-Amz-Target"] = target
            request = botocore.awsrequest.AWSRequest(
                method="POST", url=server.url + "/", headers=headers, data=body)
            credentials = botocore.credentials.Credentials(login.access_key_id, login.secret, login.token)
            botocore.auth.SigV4Auth(credentials, service, REGION).add_auth(request)
            sent = {name: value for name, value in request.headers.items()}
            sent["Host"] = f"127.0.0.1:{server.port}"
            signed.append((service, sent, body))
    return signed, key


def change_text(chance, text):
    """One character of a text, replaced, doubled, dropped or swapped with its neighbour; not only in its case."""
    while True:
        at = chance.randrange(len(text))
        how = chance.randrange(4)
        if how == 0:
            changed = text[:at] + chance.choice(string.ascii_letters + string.digits + "=/,-&%") + text[at + 1:]
        elif how == 1:
            changed = text[:at] + text[at] + text[at:]
        elif how == 2:
            changed = text[:at] + text[at + 1:]
        else:
            changed = text[:at] + text[at + 1:at + 2] + text[at:at + 1] + text[at + 2:]
        # Space around commas means nothing.
        if changed.replace(" ", "") != text.replace(" ", ""):
            return changed


def mutate(chance, headers, body):
    headers, path, method = dict(headers), "/", "POST"
    what = chance.choice(["body", "body", "authorization", "authorization", "header", "drop", "add", "path", "method"])
    if what == "body":
        at = chance.randrange(len(body))
        changed = bytes([body[at] ^ (1 << chance.randrange(8))])
        body = body[:at] + changed + body[at + 1:]
    elif what == "authorization":
        headers["Authorization"] = change_text(chance, headers["Authorization"])
    elif what == "header":
        covered = [name for name in headers if name.lower() in {
            "x-amz-date", "x-amz-target", "content-type", "host", "x-amz-security-token"}]
        name = chance.choice(covered)
        headers[name] = change_text(chance, headers[name])
    elif what == "drop":
        covered = [name for name in headers if name.lower() in {
            "authorization", "x-amz-date", "x-amz-target", "content-type", "x-amz-security-token"}]
        del headers[chance.choice(covered)]
    elif what == "add":
        headers["X-Amz-" + chance.choice(["Security-Token", "Via", "Content-Sha256", "Source-Arn"]) + (
            "" if chance.random() < 0.5 else "2")] = chance.choice(["x", "UNSIGNED-PAYLOAD", "true"])
    elif what == "path":
        path = chance.choice(["/x", "//", "/?a=b", "/?Action=DeleteUser", "/%2e", "/?X-Amz-Expires=1"])
    else:
        method = chance.choice(["PUT", "GET", "DELETE", "PATCH"])
    return what, method, path, headers, body


def state(server, key):
    kms, iam = server.client(), server.client("iam")
    keys = sorted(entry["KeyId"] for page in kms.get_paginator("list_keys").paginate() for entry in page["Keys"])
    return keys, kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], [
        found["UserName"] for found in iam.list_users()["Users"]]


def test_peer_01_requests_with_one_thing_changed_are_refused(server, requests):
    signed, key = requests
    seed = int(os.environ.get("KEYWRIGHT_SEED", random.randrange(2**32)))
    print(f"KEYWRIGHT_SEED={seed}")
    chance = random.Random(seed)
    before = state(server, key)
    connection, codes = None, {}
    for _ in range(MUTATIONS):
        service, headers, body = chance.choice(signed)
        what, method, path, changed, sent = mutate(chance, headers, body)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        try:
            connection.request(method, path, body=sent, headers=changed)
            answer = connection.getresponse()
            text = answer.read()
            status = answer.status
        except (http.client.HTTPException, OSError, ValueError):
            # Closed by the server, or not to be sent at all: no answer is a refusal.
            connection.close()
            connection = None
            continue
        if answer.will_close:
            connection.close()
            connection = None
        differs = {name: (value, headers.get(name)) for name, value in changed.items() if headers.get(name) != value}
        if not 400 <= status < 500:
            print(differs)
        assert 400 <= status < 500, (what, method, path, differs, sent, status)
        codes[status] = codes.get(status, 0) + 1
    print(codes)
    assert sum(codes.values()) > MUTATIONS * 0.9
    assert state(server, key) == before


def test_the_requests_were_good(server, requests):
    """Unchanged, each is done: what was refused above was refused for the change."""
    for service, headers, body in requests[0]:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        connection.request("POST", "/", body=body, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        # The user and the state were made by the first of the two callers.
        assert answer.status == 200 or b"EntityAlreadyExists" in text or b"DisabledException" in text, text
        connection.close()
