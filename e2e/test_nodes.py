"""Several nodes on one PostgreSQL: what one does the others know, and nothing is done twice, whoever dies."""

import collections
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.request

import botocore.exceptions
import pytest

from conftest import BINARY, Server, wait_until
from nodes import Nodes
from test_system_clock import Clock

ENGINES = ["postgres"]
DUE_KEYS = int(os.environ.get("KEYWRIGHT_DUE_KEYS", "1000"))


@pytest.fixture()
def nodes(folder):
    made = Nodes(folder)
    yield made
    made.stop()


def code_of(call, **arguments):
    """OK, or the error code."""
    try:
        call(**arguments)
        return "OK"
    except botocore.exceptions.ClientError as refused:
        return refused.response["Error"]["Code"]


def test_what_one_node_does_the_other_knows(nodes):
    one, other = nodes.add().client(), nodes.add().client()
    key = one.create_key()["KeyMetadata"]["KeyId"]
    one.create_alias(AliasName="alias/shared", TargetKeyId=key)
    blob = other.encrypt(KeyId="alias/shared", Plaintext=b"x")["CiphertextBlob"]
    assert one.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    # Both have the key in memory now; a new backing key is found at once all the same.
    for number in range(10):
        one, other = other, one
        one.rotate_key_on_demand(KeyId=key)
        new = one.encrypt(KeyId=key, Plaintext=b"%d" % number)
        assert other.decrypt(CiphertextBlob=new["CiphertextBlob"])["Plaintext"] == b"%d" % number
    # A refusal rests on fresh rows: what was disabled and enabled over there works here at once.
    one.disable_key(KeyId=key)
    wait_until(lambda: code_of(other.encrypt, KeyId=key, Plaintext=b"x") == "DisabledException", 5)
    one.enable_key(KeyId=key)
    assert code_of(other.encrypt, KeyId=key, Plaintext=b"x") == "OK"
    assert code_of(other.create_alias, AliasName="alias/shared", TargetKeyId=key) == "AlreadyExistsException"


def test_what_is_revoked_on_one_node_is_refused_on_the_other_within_a_second(nodes):
    one, other = nodes.add().client(), nodes.add().client()
    key = one.create_key()["KeyMetadata"]["KeyId"]
    policy = one.get_key_policy(KeyId=key)["Policy"]
    other_key = one.create_key()["KeyMetadata"]["KeyId"]
    one.create_alias(AliasName="alias/moving", TargetKeyId=key)
    denied = json.loads(policy)
    denied["Statement"].append(
        {"Effect": "Deny", "Principal": "*", "Action": "kms:Encrypt", "Resource": "*"})
    taken = {}

    def measure(name, change, condition, undo):
        # The other node has heard of everything so far, and has it in memory.
        warm_until = time.monotonic() + 0.6
        while time.monotonic() < warm_until:
            other.encrypt(KeyId="alias/moving", Plaintext=b"x")
        change()
        began = time.monotonic()
        wait_until(condition, 10, name)
        taken[name] = time.monotonic() - began
        undo()
        wait_until(lambda: code_of(other.encrypt, KeyId=key, Plaintext=b"x") == "OK")

    for _ in range(3):
        measure("disable", lambda: one.disable_key(KeyId=key),
                lambda: code_of(other.encrypt, KeyId=key, Plaintext=b"x") == "DisabledException",
                lambda: one.enable_key(KeyId=key))
        measure("policy", lambda: one.put_key_policy(KeyId=key, Policy=json.dumps(denied)),
                lambda: code_of(other.encrypt, KeyId=key, Plaintext=b"x") == "AccessDeniedException",
                lambda: one.put_key_policy(KeyId=key, Policy=policy))
        measure("alias", lambda: one.update_alias(AliasName="alias/moving", TargetKeyId=other_key),
                lambda: other.encrypt(KeyId="alias/moving", Plaintext=b"x")["KeyId"].endswith(other_key),
                lambda: one.update_alias(AliasName="alias/moving", TargetKeyId=key))
        measure("deletion", lambda: one.schedule_key_deletion(KeyId=key, PendingWindowInDays=7),
                lambda: code_of(other.encrypt, KeyId=key, Plaintext=b"x") == "KMSInvalidStateException",
                lambda: (one.cancel_key_deletion(KeyId=key), one.enable_key(KeyId=key)))
        if max(taken.values()) < 1:
            break
    print({name: f"{seconds * 1000:.0f} ms" for name, seconds in taken.items()})
    assert max(taken.values()) < 1, taken


def test_of_nodes_that_find_an_empty_store_one_makes_it(nodes, folder):
    shared_key = folder / "root.key"
    several = [Server(folder / f"racer-{number}", store=nodes.store, arguments=["--seal-file", str(shared_key)])
               for number in range(4)]
    with concurrent.futures.ThreadPoolExecutor() as pool:
        list(pool.map(lambda server: server.start(), several))
    try:
        makers = [server for server in several if (server.data / "root-credentials").exists()]
        assert len(makers) == 1
        key = makers[0].client().create_key()["KeyMetadata"]["KeyId"]
        for server in several:
            server.credentials_of = makers[0]
            assert server.client().describe_key(KeyId=key)["KeyMetadata"]["KeyId"] == key
    finally:
        for server in several:
            server.stop()


def test_a_node_without_the_root_key_or_with_another_ones_is_refused(nodes, folder):
    nodes.add()
    for name, foreign in (("none", False), ("foreign", True)):
        data = folder / name
        data.mkdir(mode=0o700)
        if foreign:
            other = Server(folder / "other-store").start()
            other.stop()
            shutil.copy(other.data / "root.key", data / "root.key")
        outcome = subprocess.run(
            [str(BINARY), "server", "--data", str(data), "--listen", "127.0.0.1:0", "--store", nodes.store],
            capture_output=True, text=True, timeout=20, check=False)
        assert outcome.returncode == 3
        said = " ".join(outcome.stderr.split())
        assert ("does not belong to the store" if foreign else "put the root key there") in said
        assert "keywright:" not in said, "no password is shown"
        assert (data / "root.key").exists() == foreign
    assert nodes.database("SELECT count(*) FROM nodes") == "1"


def test_a_copied_data_folder_is_noticed(nodes):
    first = nodes.add()
    first.stop()
    shutil.copytree(first.data, nodes.folder / "copy" / "data")
    first.start()
    copy = Server(nodes.folder / "copy", store=nodes.store).start()
    try:
        # Whoever was there first stops: two processes must not write as one node.
        wait_until(lambda: first.process.poll() is not None, 30, "the first one's end")
        first.process = None
        assert "the data folder was copied" in " ".join("".join(first.log).split())
        assert copy.process.poll() is None
    finally:
        copy.stop()


def test_a_rolling_restart_is_not_felt(nodes):
    """Nodes come and go one after the other; a client that tries the next one is always served."""
    servers = [nodes.add(), nodes.add()]
    key = servers[0].client().create_key()["KeyMetadata"]["KeyId"]
    for server in servers:
        server.stop()
        rest = [node for node in servers if node is not server]
        for node in rest:
            blob = node.client().encrypt(KeyId=key, Plaintext=b"on")["CiphertextBlob"]
        server.start()
        assert server.client().decrypt(CiphertextBlob=blob)["Plaintext"] == b"on"
    left = nodes.database("SELECT count(*) FROM nodes WHERE stopped_at IS NULL")
    assert left == "2"


@pytest.fixture()
def due(folder):
    """Two nodes, a clock that moves for both, and many keys that rotate daily."""
    clock = Clock(folder)
    nodes = Nodes(folder, environment=clock.environment)
    first, second = nodes.add(), nodes.add()
    clients = [first.client() for _ in range(8)]

    def create(number):
        tag = [{"TagKey": "keywright:rotation-period", "TagValue": "1d"}]
        return clients[number % 8].create_key(Tags=tag)["KeyMetadata"]["KeyId"]

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(create, range(DUE_KEYS)))
    # Both have their share before anything is due.
    wait_until(lambda: nodes.database("SELECT count(DISTINCT node_id) FROM leases WHERE until > 0") == "2", 30)
    yield nodes, clock, keys
    nodes.stop()


def rotated(nodes):
    return int(nodes.database("SELECT count(*) FROM keys WHERE material_count > 1"))


def assert_each_rotated_once(nodes, keys):
    counts = nodes.database("SELECT material_count, count(*) FROM keys GROUP BY material_count")
    assert counts == f"2|{len(keys)}"
    assert nodes.database("SELECT count(*) FROM key_materials") == str(2 * len(keys))
    events = "SELECT count(*), count(DISTINCT event) FROM outbox WHERE detail_type = 'KMS CMK Rotation'"
    assert nodes.database(events) == f"{len(keys)}|{len(keys)}"


def assert_each_recorded_once(nodes, keys):
    """One event id a key. A record of a node that died may stand in its own trail and in its adopter's: nobody but the
    dead node could know that it was written."""
    events = collections.defaultdict(set)
    for node in nodes.nodes:
        whole = node.keywright("trail", "tail", "--data", str(node.data), "-n", "1000000000").stdout
        in_this_trail = [json.loads(line) for line in whole.splitlines()]
        assert len({record["eventID"] for record in in_this_trail}) == len(in_this_trail)
        for record in in_this_trail:
            if record["eventName"] == "RotateKey":
                events[record["resources"][0]["ARN"].rsplit("/", 1)[-1]].add(record["eventID"])
        verified = node.keywright("trail", "verify", "--data", str(node.data))
        assert verified.returncode == 0, verified.stdout + verified.stderr
    assert set(events) == set(keys)
    assert {len(ids) for ids in events.values()} == {1}


def test_a_thousand_due_keys_and_a_node_killed_in_the_middle(due):
    nodes, clock, keys = due
    first, second = nodes.nodes
    clock.set("+2d")
    wait_until(lambda: rotated(nodes) > DUE_KEYS // 10, 30, "the first rotations")
    first.kill()
    before = rotated(nodes)
    wait_until(lambda: rotated(nodes) == DUE_KEYS, 90, "the rest")
    print(f"{before} of {DUE_KEYS} were rotated when a node was killed")
    assert_each_rotated_once(nodes, keys)
    # The dead node's unwritten records become the other's, or its own when it comes back.
    wait_until(lambda: nodes.database("SELECT count(*) FROM audit") == "0", 60, "every record in a trail")
    first.start()
    assert_each_recorded_once(nodes, keys)
    assert_each_rotated_once(nodes, keys)


def test_a_node_that_slept_past_its_lease_changes_nothing(due):
    nodes, clock, keys = due
    first, second = nodes.nodes
    clock.set("+2d")
    wait_until(lambda: rotated(nodes) > DUE_KEYS // 20, 30, "the first rotations")
    first.process.send_signal(signal.SIGSTOP)
    wait_until(lambda: rotated(nodes) == DUE_KEYS, 90, "the other's work")
    tokens = nodes.database("SELECT name, node_id, token FROM leases ORDER BY name")
    assert nodes.database("SELECT count(DISTINCT node_id) FROM leases") == "1", tokens
    first.process.send_signal(signal.SIGCONT)
    # Its clock is days ahead of a client's, so that it is not asked by one.
    wait_until(lambda: urllib.request.urlopen(first.url + "/healthz", timeout=10).status == 200, 30)
    # It is a node like any other again, with a share of the leases.
    wait_until(lambda: nodes.database("SELECT count(DISTINCT node_id) FROM leases WHERE until > 0") == "2", 30)
    assert_each_rotated_once(nodes, keys)
    wait_until(lambda: nodes.database("SELECT count(*) FROM audit") == "0", 60, "every record in a trail")
    assert_each_recorded_once(nodes, keys)
