"""Rotations under faults: lost answers, applications that never notice, TLS, services over HTTP.

KEYWRIGHT_ROTATIONS says how many rotations an application goes through (6 in `make test`, 50 in `make soak`).
"""

import collections
import json
import os
import threading
import time
import uuid

import pytest

import databases
from conftest import REGION, Server, wait_until
from test_rotators import (
    admin_secret, current, failed, fresh, labels, new_user, refused, rotate, rotated, shown, store,
)

ROTATIONS = int(os.environ.get("KEYWRIGHT_ROTATIONS", "6"))


@pytest.fixture(scope="module")
def sm(server):
    return server.client("secretsmanager")


@pytest.fixture(scope="module", params=["postgres", "mariadb", "redis"])
def database(request):
    made = databases.KINDS[request.param]().start()
    yield made
    made.stop()


MARKERS = {"postgres": b"ALTER ROLE", "mariadb": b"SET PASSWORD", "redis": b"SETUSER"}


@pytest.mark.parametrize("strategy", ["single-user", "alternating-users"])
def test_the_answer_is_lost(server, sm, database, strategy):
    """The database has the password, and could not say so: the next attempt finds it and does nothing twice."""
    marker = MARKERS[database.kind]
    if strategy == "alternating-users" and database.kind == "mariadb":
        marker = b"CREATE USER"
    proxy = databases.CutProxy(database.port, marker)
    admin = {**database.admin(), "port": proxy.port}
    arn = sm.create_secret(Name=fresh("admin"), SecretString=json.dumps(admin))["ARN"]
    value = {**database.make_user(new_user(), "first"), "port": proxy.port, "masterarn": arn}
    name = store(sm, database, value)
    token = rotate(sm, name, strategy)
    run = failed(server, name, "setSecret")
    assert proxy.cuts == 0 and labels(sm, name)["AWSCURRENT"] != token, run
    assert server.keywright("rotation", "retry", name).returncode == 0
    rotated(sm, name, token)
    after = current(sm, name)[1]
    assert database.logs_in(after)
    proxy.close()


def test_an_application_never_notices(server, sm, database):
    """It opens a new connection at least 20 times a second with what is current, through alternating rotations."""
    value = database.make_user(new_user(), "first", masterarn=admin_secret(sm, database))
    name = store(sm, database, value)
    over, refusals, logins, seen = threading.Event(), [], collections.Counter(), {}

    def application(number):
        own = server.client("secretsmanager")
        while not over.is_set():
            version, value = current(own, name)
            if database.logs_in(value):
                logins[version] += 1
                seen[number] = version
            else:
                refusals.append((version, value["username"]))

    threads = [threading.Thread(target=application, args=(number,)) for number in range(3)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for _ in range(ROTATIONS):
        token = rotate(sm, name, "alternating-users")
        rotated(sm, name, token)
        # A period is longer than it takes to read a value and to log in with it.
        wait_until(lambda token=token: refusals or set(seen.values()) == {token}, 30, "the applications")
    took = time.monotonic() - began
    over.set()
    for thread in threads:
        thread.join()
    assert refusals == []
    rate = sum(logins.values()) / took
    print(f"{sum(logins.values())} logins in {took:.1f} s, {rate:.0f} a second, {ROTATIONS} rotations")
    assert len(logins) >= ROTATIONS


def test_tls_is_demanded_and_verified(folder):
    database = databases.Postgres(tls=True).start()
    server = Server(folder, environment={"KEYWRIGHT_ROTATORS_CA_FILE": str(database.cluster.ca)}).start()
    sm = server.client("secretsmanager")
    value = database.make_user(new_user(), "first", ssl=True)
    name = store(sm, database, value)
    rotated(sm, name, rotate(sm, name))
    assert database.logs_in(current(sm, name)[1])
    # Without TLS this server lets nobody in; with another name in its certificate nobody is believed.
    plain = store(sm, database, {**value, "ssl": False})
    refused("InvalidRequestException", "could not be reached", sm.rotate_secret, SecretId=plain)
    other = store(sm, database, {**value, "host": "127.0.0.1"})
    refused("InvalidRequestException", "ertificate", sm.rotate_secret, SecretId=other)
    server.stop()
    # And without its authority.
    server.environment = {}
    server.start()
    sm = server.client("secretsmanager")
    refused("InvalidRequestException", "ertificate", sm.rotate_secret, SecretId=store(sm, database, value))
    server.stop()
    database.stop()


def test_a_service_over_http(server, sm):
    service = databases.HttpService("first")
    name = fresh("http")
    sm.create_secret(Name=name, SecretString=json.dumps(service.secret()), Type="keywright:http")
    rotated(sm, name, sm.rotate_secret(SecretId=name, RotationRules={"ScheduleExpression": "rate(30 days)"})["VersionId"])
    assert current(sm, name)[1]["password"] == service.password != "first"
    # It took the password and died before it said so: it is asked for nothing more.
    service.lose = 1
    token = sm.rotate_secret(SecretId=name)["VersionId"]
    failed(server, name, "setSecret")
    asked = service.seen.count("POST /rotate")
    server.keywright("rotation", "retry", name)
    rotated(sm, name, token)
    assert current(sm, name)[1]["password"] == service.password and service.seen.count("POST /rotate") == asked
    # A redirect would send the passwords elsewhere.
    sm.put_secret_value(SecretId=name, SecretString=json.dumps(service.secret("/redirect")))
    sm.rotate_secret(SecretId=name)
    assert "307" in failed(server, name, "setSecret")["Cause"]
    server.keywright("rotation", "abandon", name)
    account = server.client("sts").get_caller_identity()["Account"]
    arn = f"arn:aws:lambda:{REGION}:{account}:function:keywright-http-alternating-users"
    refused("AccessDeniedException", "", sm.rotate_secret, SecretId=name, RotationLambdaARN=arn)
    service.close()


def test_hosts_that_are_not_allowed(folder):
    database = databases.Redis().start()
    server = Server(folder, environment={"KEYWRIGHT_ROTATORS_ALLOWED_HOSTS": "db.example.com"}).start()
    sm = server.client("secretsmanager")
    name = store(sm, database, database.make_user(new_user(), "first"))
    refused("InvalidRequestException", "rotators.allowed_hosts", sm.rotate_secret, SecretId=name)
    server.stop()
    server.environment = {"KEYWRIGHT_ROTATORS_ALLOWED_HOSTS": f"127.0.0.1:{database.port}"}
    server.start()
    sm = server.client("secretsmanager")
    rotated(sm, name, rotate(sm, name))
    server.stop()
    database.stop()
