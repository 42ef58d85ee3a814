"""Rotations on two servers that share a PostgreSQL: one dies in the middle, one sleeps past its lease.

KEYWRIGHT_DUE_SECRETS says how many secrets are due at once (120 in `make test`, 1000 in `make soak`).
"""

import os
import signal
import time

import databases
from clock import Clock
from conftest import wait_until
from nodes import Nodes
from test_rotators import current, new_user, rotate, rotated, shown, store

ENGINES = ["postgres"]
DUE = int(os.environ.get("KEYWRIGHT_DUE_SECRETS", "120"))


def test_many_are_due_and_a_server_dies(folder, monkeypatch):
    """Each rotates once, however many servers there are and whichever of them dies."""
    database = databases.Redis().start()
    clock = Clock(folder)
    nodes = Nodes(folder, environment=clock.environment)
    first = nodes.add()
    sm = first.client("secretsmanager")
    names = []
    for number in range(DUE):
        value = database.make_user(f"user{number}", "first")
        names.append(store(sm, database, value))
        rotate(sm, names[-1], days=1, RotateImmediately=False)
    wait_until(lambda: all("Run" not in shown(first, name) for name in names[-3:]), 60, "the tests")
    for name in names:
        wait_until(lambda name=name: sm.describe_secret(SecretId=name).get("NextRotationDate"), 60, "the set-up")
    second = nodes.add()
    clock.move(3, monkeypatch)
    sm = second.client("secretsmanager")
    done = lambda: sum("LastRotatedDate" in sm.describe_secret(SecretId=name) for name in names)
    wait_until(lambda: done() > DUE // 4, 60, "a quarter of the rotations")
    first.kill()
    wait_until(lambda: done() == DUE, 120, "all rotations")
    for name in names:
        value = current(sm, name)[1]
        assert database.logs_in(value) and value["password"] != "first"
        versions = sm.list_secret_version_ids(SecretId=name, IncludeDeprecated=True)["Versions"]
        assert len(versions) == 2, f"{name} rotated more than once"
    nodes.stop()
    database.stop()


def test_the_one_that_slept_changes_nothing(folder):
    """SIGSTOP past its lease, another takes over, SIGCONT: one rotation, one outcome."""
    database = databases.Redis().start()
    nodes = Nodes(folder)
    first, second = nodes.add(), nodes.add()
    # A name in each share, so that both nodes have some.
    sm = second.client("secretsmanager")
    names = [store(sm, database, database.make_user(new_user(), "first")) for _ in range(12)]
    tokens = {name: rotate(sm, name) for name in names[:6]}
    time.sleep(0.05)
    os.kill(first.process.pid, signal.SIGSTOP)
    tokens |= {name: rotate(sm, name) for name in names[6:]}
    for name, token in tokens.items():
        rotated(sm, name, token)
    os.kill(first.process.pid, signal.SIGCONT)
    wait_until(lambda: first.client("secretsmanager").describe_secret(SecretId=names[0]), 30, "the sleeper")
    time.sleep(2)
    for name, token in tokens.items():
        version, value = current(sm, name)
        assert version == token and database.logs_in(value)
        ends = [entry["Outcome"] for entry in shown(second, name)["Log"] if entry["Step"] == "rotation"]
        assert ends == ["succeeded", "started"], name
    nodes.stop()
    database.stop()
