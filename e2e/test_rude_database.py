"""A database that is slow, lies, cuts connections, dies, fails over or cannot be reached."""

import collections
import concurrent.futures
import json
import os
import random
import threading
import time
import urllib.error
import urllib.request

import botocore.exceptions
import pytest

import postgres
from conftest import wait_until
from nodes import Nodes
from rude import RudeProxy
from test_kill import Ledger

ENGINES = ["postgres"]
KILLS = int(os.environ.get("KEYWRIGHT_NODE_KILLS", "8"))
CUTS = int(os.environ.get("KEYWRIGHT_CUTS", "25"))
SEED = int(os.environ.get("KEYWRIGHT_SEED", random.SystemRandom().randrange(2**32)))


@pytest.fixture()
def proxied(folder):
    """A node behind a rude proxy, and one that reaches the database directly."""
    nodes = Nodes(folder, settings="[cache]\nmax_staleness_seconds = 3\n\n[database]\ntimeout_seconds = 5\n")
    direct = nodes.add()
    proxy = RudeProxy(nodes.cluster.port)
    name = nodes.store.rsplit("/", 1)[1]
    behind = nodes.add(store=nodes.cluster.url(name, ports=[proxy.port]))
    yield nodes, direct, behind, proxy
    proxy.heal()
    nodes.stop()


def outcome(call, **arguments):
    """OK, or the error code."""
    try:
        call(**arguments)
        return "OK"
    except botocore.exceptions.ClientError as refused:
        return refused.response["Error"]["Code"]


def health(server):
    try:
        with urllib.request.urlopen(server.url + "/healthz", timeout=10) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as refused:
        return refused.code, json.loads(refused.read())


def named(nodes, description):
    return nodes.database(f"SELECT count(*) FROM keys WHERE description = '{description}'")


def test_a_lost_answer_to_a_commit_is_settled(proxied):
    nodes, direct, behind, proxy = proxied
    kms = behind.client()
    for number, rudeness in enumerate(["cut after", "cut before"] * 5):
        proxy.rude_commits = [rudeness]
        assert kms.create_key(Description=f"doubt {number}")["KeyMetadata"]["Enabled"]
        assert named(nodes, f"doubt {number}") == "1", f"{rudeness}: made once"
    whole = behind.keywright("trail", "tail", "--data", str(behind.data), "-n", "1000").stdout
    created = [json.loads(line) for line in whole.splitlines() if '"eventName":"CreateKey"' in line]
    assert len(created) == 10 and not any("errorCode" in record for record in created)


def test_what_the_database_asks_to_try_again_is_tried_again(proxied):
    nodes, direct, behind, proxy = proxied
    kms = behind.client()
    for number, (sqlstate, message) in enumerate([
        ("40001", "could not serialize access due to concurrent update"), ("40P01", "deadlock detected"),
    ]):
        before = proxy.commits
        proxy.rude_commits = [(sqlstate, message)] * 3
        assert outcome(kms.create_key, Description=f"again {number}") == "OK"
        assert proxy.commits - before >= 4
        assert named(nodes, f"again {number}") == "1"
    # One that always says so is left in peace after a while, and the client is told to come back.
    before = proxy.commits
    proxy.rude_commits = [("40001", "could not serialize access")] * 1000
    assert outcome(kms.create_key, Description="never") in ("DependencyTimeoutException", "KMSInternalException")
    assert proxy.commits - before <= 60, "two requests of the client, twenty attempts each, and the node's own work"
    assert named(nodes, "never") == "0"


def test_sessions_that_are_ended_are_opened_again(proxied):
    nodes, direct, behind, proxy = proxied
    kms = behind.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    for _ in range(3):
        nodes.database(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()")
        # The very next calls work: reads are tried again, and so are commits that certainly were not made.
        assert outcome(kms.tag_resource, KeyId=key, Tags=[{"TagKey": "a", "TagValue": "b"}]) == "OK"
        assert outcome(kms.list_aliases) == "OK"


def test_a_slow_database_is_slow_and_nothing_else(proxied):
    nodes, direct, behind, proxy = proxied
    kms = behind.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key, Plaintext=b"x")
    proxy.delay = 1.0
    began = time.monotonic()
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "OK"
    assert time.monotonic() - began < 1, "what is in memory does not wait for the database"
    opened = proxy.connections_opened
    clients = [behind.client() for _ in range(40)]
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        answers = collections.Counter(pool.map(lambda client: outcome(client.create_key), clients))
    # Sixteen connections, a second or more each: some wait too long and are told so, none is lost.
    assert set(answers) <= {"OK", "DependencyTimeoutException", "KMSInternalException"} and answers["OK"] >= 8, answers
    assert proxy.connections_opened - opened <= 60, "no storm of connections"
    proxy.heal()
    wait_until(lambda: outcome(kms.create_key) == "OK", 20)


def test_too_many_connections_is_told_and_not_stormed(proxied):
    nodes, direct, behind, proxy = proxied
    kms = behind.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key, Plaintext=b"x")
    proxy.start_error = ("53300", "sorry, too many clients already")
    proxy.cut_all()
    opened = proxy.connections_opened
    began = time.monotonic()
    answers = collections.Counter()
    while time.monotonic() < began + 2:
        answers[outcome(kms.create_key)] += 1
        encrypted = outcome(kms.encrypt, KeyId=key, Plaintext=b"x")
        # What is known counts for three seconds here; a machine that is slow to ask may come later.
        assert encrypted == "OK" or time.monotonic() > began + 2.5
    # The third is the answer once the caller's own access key is known no longer, three seconds after the cut.
    assert set(answers) <= {"DependencyTimeoutException", "KMSInternalException", "ServiceUnavailableException"}
    assert "OK" not in answers and sum(answers.values()) > 1
    assert proxy.connections_opened - opened < 60, "attempts are spaced"
    wait_until(lambda: "too many clients already" in "".join(behind.log), 10)
    assert "max_connections" in "".join(behind.log), "the log says what to do"
    proxy.heal()
    wait_until(lambda: outcome(kms.create_key) == "OK", 20)


def test_a_node_that_is_cut_off_serves_warm_keys_then_fails_closed_and_comes_back(proxied):
    nodes, direct, behind, proxy = proxied
    kms = behind.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.encrypt(KeyId=key, Plaintext=b"x")
    assert health(behind)[0] == 200
    proxy.partition()
    cut = time.monotonic()
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "OK"
    direct.client().disable_key(KeyId=key)
    last_served = cut
    refused = None
    while refused is None:
        if outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "OK":
            last_served = time.monotonic()
            assert last_served - cut < 6, "what was revoked is still served"
        else:
            refused = time.monotonic()
    print(f"served for {last_served - cut:.1f} s, refused after {refused - cut:.1f} s")
    assert last_served - cut > 1.5, "a warm key is served while the database is away"
    status, said = health(behind)
    assert status == 503 and "database" in said["status"]
    assert "password" not in json.dumps(said) and nodes.cluster.password not in json.dumps(said)
    proxy.heal()
    wait_until(lambda: health(behind)[0] == 200, 30, "health")
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "DisabledException"
    direct.client().enable_key(KeyId=key)
    wait_until(lambda: outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "OK", 10)


def work(server, ledger, chance, stopping):
    """Creates, encrypts, rotates and points aliases; what fails is in doubt and may be there or not."""
    kms = server.client(connect_timeout=5, read_timeout=60)
    while not stopping.is_set():
        choice = chance.random()
        try:
            if choice < 0.2 or not ledger.keys:
                answer = kms.create_key()
                with ledger.lock:
                    ledger.note(answer)
                    ledger.keys.append(answer["KeyMetadata"]["KeyId"])
            elif choice < 0.4:
                key = chance.choice(ledger.keys)
                with ledger.lock:
                    ledger.unsure_rotations[key] += 1
                answer = kms.rotate_key_on_demand(KeyId=key)
                with ledger.lock:
                    ledger.note(answer)
                    ledger.unsure_rotations[key] -= 1
                    ledger.rotations[key].append(True)
            elif choice < 0.6:
                key, name = chance.choice(ledger.keys), f"alias/{chance.randrange(10**9)}"
                with ledger.lock:
                    ledger.aliases_unsure.add(name)
                answer = kms.create_alias(AliasName=name, TargetKeyId=key)
                with ledger.lock:
                    ledger.note(answer)
                    ledger.aliases_unsure.discard(name)
                    ledger.aliases[name] = key
            else:
                key, plaintext = chance.choice(ledger.keys), chance.randbytes(64)
                answer = kms.encrypt(KeyId=key, Plaintext=plaintext)
                with ledger.lock:
                    ledger.note(answer)
                    ledger.blobs.append((answer["CiphertextBlob"], plaintext))
        except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError):
            if server.process is None or server.process.poll() is not None:
                return
        except botocore.exceptions.ClientError as refused:
            status = refused.response["ResponseMetadata"]["HTTPStatusCode"]
            assert status >= 500, refused
            stopping.wait(0.05)


def check(server, ledger, whole=True):
    """Everything acknowledged is there; what costs a call for each key or ciphertext may be left to the last time."""
    kms = server.client()
    # It tries the database twice a second while that is away.
    wait_until(lambda: outcome(kms.list_keys) == "OK", 20, "the node's way back to its database")
    listed = [entry["KeyId"] for page in kms.get_paginator("list_keys").paginate() for entry in page["Keys"]]
    assert len(set(listed)) == len(listed) and set(ledger.keys) <= set(listed), "an acknowledged key is lost"
    aliases = {entry["AliasName"]: entry["TargetKeyId"]
               for page in kms.get_paginator("list_aliases").paginate()
               for entry in page["Aliases"] if "TargetKeyId" in entry}
    for name, key in ledger.aliases.items():
        assert aliases.get(name) == key, f"the acknowledged alias {name} is lost"
    assert set(aliases) - set(ledger.aliases) <= ledger.aliases_unsure
    for key in list(ledger.rotations)[0 if whole else -30:]:
        history = [entry["KeyMaterialId"]
                   for page in kms.get_paginator("list_key_rotations").paginate(KeyId=key)
                   for entry in page["Rotations"]]
        acknowledged = len(ledger.rotations[key])
        assert len(set(history)) == len(history)
        assert acknowledged <= len(history) <= acknowledged + ledger.unsure_rotations[key]
    for blob, plaintext in ledger.blobs[0 if whole else -60:]:
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


def load(servers, ledger, chance):
    """Two workers a server; gives what stops them and what they failed with."""
    stopping, failures = threading.Event(), []

    def run(server, worker_chance):
        try:
            work(server, ledger, worker_chance, stopping)
        except BaseException as fault:  # noqa: BLE001 - told in the main thread
            failures.append(fault)

    workers = [threading.Thread(target=run, args=(server, random.Random(chance.random())))
               for server in servers for _ in range(2)]
    for worker in workers:
        worker.start()
    return stopping, failures, workers


def assert_recorded(servers, request_ids):
    """Every answered request is in a trail; in which one is the nodes' affair."""
    seen = set()
    for server in servers:
        verified = server.keywright("trail", "verify", "--data", str(server.data))
        assert verified.returncode == 0, verified.stdout + verified.stderr
        whole = server.keywright("trail", "tail", "--data", str(server.data), "-n", "1000000000").stdout
        records = [json.loads(line) for line in whole.splitlines()]
        assert len({record["eventID"] for record in records}) == len(records), "doubled in one trail"
        seen |= {record.get("requestID") for record in records}
    assert [request for request in request_ids if request not in seen] == []


def test_nodes_and_the_database_are_killed_at_random_under_load(folder):
    print(f"KEYWRIGHT_SEED={SEED}")
    chance = random.Random(SEED)
    cluster = postgres.Cluster().start()
    nodes = Nodes(folder, cluster=cluster, settings="[kms.rotation]\non_demand_max = 0\n")
    servers = [nodes.add(), nodes.add()]
    ledger = Ledger()
    killed = collections.Counter()
    try:
        for round_number in range(KILLS):
            stopping, failures, workers = load(servers, ledger, chance)
            enough = ledger.answers + chance.randrange(20, 120)
            wait_until(lambda: ledger.answers >= enough or failures, 60, "answers")
            # The database is in every third round, and whoever it is dies in the middle of everything.
            victim = [*servers, cluster][round_number % 3]
            killed[type(victim).__name__] += 1
            victim.kill()
            if victim is not cluster:
                going_on = ledger.answers + 20
                wait_until(lambda: ledger.answers >= going_on or failures, 60, "the other node's answers")
            victim.start()
            again = ledger.answers + 20
            wait_until(lambda: ledger.answers >= again or failures, 60, "answers after the kill")
            stopping.set()
            for worker in workers:
                worker.join(timeout=120)
            assert failures == []
            check(servers[round_number % 2], ledger, whole=round_number == KILLS - 1)
        wait_until(lambda: nodes.database("SELECT count(*) FROM audit") == "0", 60, "every record in a trail")
        assert_recorded(servers, ledger.request_ids)
        print(f"{dict(killed)} killed, {ledger.answers} answers, {len(ledger.keys)} keys: all there")
    finally:
        nodes.stop()
        cluster.remove()


def test_connections_cut_in_the_middle_of_everything_under_load(proxied):
    """Answers cut anywhere, commits cut on both sides of their end, sessions ended by the database."""
    print(f"KEYWRIGHT_SEED={SEED}")
    nodes, direct, behind, proxy = proxied
    chance = random.Random(SEED)
    for node in (direct, behind):
        node.stop()
    nodes.settings.write_text("[kms.rotation]\non_demand_max = 0\n", encoding="ascii")
    for node in (direct, behind):
        node.start()
    ledger = Ledger()
    stopping, failures, workers = load([direct, behind], ledger, chance)
    end_sessions = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()")
    for round_number in range(CUTS):
        enough = ledger.answers + chance.randrange(5, 40)
        wait_until(lambda: ledger.answers >= enough or failures, 60, "answers")
        assert failures == []
        how = chance.choice(["all", "commits", "sessions"])
        if how == "all":
            proxy.cut_all()
        elif how == "commits":
            proxy.rude_commits = [chance.choice(["cut before", "cut after", ("40001", "try again")]) for _ in range(5)]
        else:
            nodes.database(end_sessions)
    stopping.set()
    for worker in workers:
        worker.join(timeout=120)
    assert failures == []
    proxy.heal()
    for node in (direct, behind):
        check(node, ledger)
    wait_until(lambda: nodes.database("SELECT count(*) FROM audit") == "0", 60, "every record in a trail")
    assert_recorded([direct, behind], ledger.request_ids)
    print(f"{CUTS} cuts, {ledger.answers} answers")


def test_a_failover_to_a_synchronous_standby_loses_nothing(folder):
    chance = random.Random(SEED)
    primary = postgres.Cluster().start()
    standby = primary.standby()
    name = primary.database().rsplit("/", 1)[1]
    url = primary.url(name, ports=[primary.port, standby.port], options="?target_session_attrs=read-write")
    nodes = Nodes(folder, cluster=primary, store=url, settings="[kms.rotation]\non_demand_max = 0\n")
    servers = [nodes.add(), nodes.add()]
    ledger = Ledger()
    try:
        stopping, failures, workers = load(servers, ledger, chance)
        wait_until(lambda: ledger.answers >= 200 or failures, 60, "answers")
        primary.kill()
        away = time.monotonic()
        standby.promote()
        again = ledger.answers + 200
        wait_until(lambda: ledger.answers >= again or failures, 60, "answers of the new primary")
        print(f"served again {time.monotonic() - away:.1f} s after the primary's death")
        stopping.set()
        for worker in workers:
            worker.join(timeout=120)
        assert failures == []
        for server in servers:
            check(server, ledger)
        wait_until(lambda: standby.sql(name, "SELECT count(*) FROM audit") == "0", 60, "every record in a trail")
        assert_recorded(servers, ledger.request_ids)
    finally:
        nodes.stop()
        primary.remove()
        standby.remove()
