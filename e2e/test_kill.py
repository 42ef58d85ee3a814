"""kill -9 under load, again and again: what was answered is there, once, and everything still opens.

KEYWRIGHT_KILLS says how often (20 in `make test`, 300 in `make soak`).
"""

import base64
import collections
import json
import os
import random
import threading

import botocore.exceptions

from conftest import Server

KILLS = int(os.environ.get("KEYWRIGHT_KILLS", "20"))
SEED = int(os.environ.get("KEYWRIGHT_SEED", random.SystemRandom().randrange(2**32)))
WORKERS = 4


class Ledger:
    """What the server acknowledged, as a careful customer writes it down."""

    def __init__(self):
        self.lock = threading.Lock()
        self.keys = []
        self.blobs = []  # (blob, plaintext, material id or None)
        self.aliases = {}  # name -> key id, as acknowledged last
        self.aliases_unsure = set()
        self.rotations = collections.defaultdict(list)  # key id -> material ids acknowledged
        self.unsure_rotations = collections.Counter()
        self.answers = 0
        self.request_ids = []

    def note(self, answer):
        self.answers += 1
        self.request_ids.append(answer["ResponseMetadata"]["RequestId"])


def work(server, ledger, chance, stopping):
    """Creates, encrypts, rotates and points aliases until the server is gone."""
    kms = server.client()
    while not stopping.is_set():
        try:
            choice = chance.random()
            if choice < 0.15 or not ledger.keys:
                answer = kms.create_key()
                with ledger.lock:
                    ledger.note(answer)
                    ledger.keys.append(answer["KeyMetadata"]["KeyId"])
            elif choice < 0.30:
                key = chance.choice(ledger.keys)
                with ledger.lock:
                    ledger.unsure_rotations[key] += 1
                answer = kms.rotate_key_on_demand(KeyId=key)
                with ledger.lock:
                    ledger.note(answer)
                    ledger.unsure_rotations[key] -= 1
                    ledger.rotations[key].append(True)
            elif choice < 0.45:
                key = chance.choice(ledger.keys)
                name = f"alias/{chance.randrange(10**9)}"
                with ledger.lock:
                    ledger.aliases_unsure.add(name)
                answer = kms.create_alias(AliasName=name, TargetKeyId=key)
                with ledger.lock:
                    ledger.note(answer)
                    ledger.aliases_unsure.discard(name)
                    ledger.aliases[name] = key
            else:
                key = chance.choice(ledger.keys)
                plaintext = chance.randbytes(64)
                answer = kms.encrypt(KeyId=key, Plaintext=plaintext)
                with ledger.lock:
                    ledger.note(answer)
                    ledger.blobs.append((answer["CiphertextBlob"], plaintext))
        except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError):
            return
        except botocore.exceptions.ClientError as refused:
            # The cap on rotations on demand is lifted here; nothing else is refused.
            raise AssertionError(refused) from refused


def check(server, ledger, round_number):
    kms = server.client()
    listed = {}
    for page in kms.get_paginator("list_keys").paginate():
        for entry in page["Keys"]:
            assert entry["KeyId"] not in listed, "a key is listed twice"
            listed[entry["KeyId"]] = True
    assert set(ledger.keys) <= set(listed), "an acknowledged key is lost"
    aliases = {}
    for page in kms.get_paginator("list_aliases").paginate():
        for entry in page["Aliases"]:
            if "TargetKeyId" in entry:
                aliases[entry["AliasName"]] = entry["TargetKeyId"]
    for name, key in ledger.aliases.items():
        assert aliases.get(name) == key, f"the acknowledged alias {name} is lost"
    assert set(aliases) - set(ledger.aliases) <= ledger.aliases_unsure
    for key in {key for key in ledger.rotations}:
        history = []
        for page in kms.get_paginator("list_key_rotations").paginate(KeyId=key):
            history += [entry["KeyMaterialId"] for entry in page["Rotations"]]
        acknowledged = len(ledger.rotations[key])
        assert len(set(history)) == len(history)
        assert acknowledged <= len(history) <= acknowledged + ledger.unsure_rotations[key], (
            f"round {round_number}: {acknowledged} rotations were acknowledged, {len(history)} happened")
    # The newest ones each round, all of them at the end.
    blobs = ledger.blobs if round_number == KILLS else ledger.blobs[-40:]
    for blob, plaintext in blobs:
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


def test_nothing_acknowledged_is_lost_or_doubled(folder):
    print(f"KEYWRIGHT_SEED={SEED}")
    chance = random.Random(SEED)
    settings = folder / "keywright.toml"
    settings.write_text("[kms.rotation]\non_demand_max = 0\n", encoding="ascii")
    server = Server(folder, arguments=["--config", str(settings)]).start()
    ledger = Ledger()
    for round_number in range(1, KILLS + 1):
        stopping = threading.Event()
        failures = []

        def run(worker_chance, stopping=stopping, failures=failures):
            try:
                work(server, ledger, worker_chance, stopping)
            except BaseException as fault:  # noqa: BLE001 - told in the main thread
                failures.append(fault)

        workers = [threading.Thread(target=run, args=(random.Random(chance.random()),)) for _ in range(WORKERS)]
        before = ledger.answers
        for worker in workers:
            worker.start()
        # The kill comes after a random number of answers: the load itself is the clock.
        enough = before + chance.randrange(5, 120)
        while ledger.answers < enough and not failures:
            stopping.wait(0.001)
        server.kill()
        stopping.set()
        for worker in workers:
            worker.join(timeout=60)
        assert failures == []
        server.start()
        check(server, ledger, round_number)
    verified = server.keywright("trail", "verify", "--data", str(server.data), "--output", "json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    server.stop()
    recorded = collections.Counter()
    whole = server.keywright("trail", "tail", "--data", str(server.data), "-n", "1000000000")
    for line in whole.stdout.splitlines():
        recorded[json.loads(line).get("requestID")] += 1
    missing = [request_id for request_id in ledger.request_ids if recorded[request_id] == 0]
    assert missing == [], f"{len(missing)} answered requests are not in the trail"
    doubled = [request_id for request_id, count in recorded.items() if request_id and count > 1]
    assert doubled == []
    print(f"{KILLS} kills, {ledger.answers} answers, {len(ledger.keys)} keys, {len(ledger.blobs)} ciphertexts: all there")


def test_a_clean_stop_loses_nothing_either(folder):
    server = Server(folder).start()
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    server.stop()
    server.start()
    kms = server.client()
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    usage = kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]
    assert usage["Operation"] == "Decrypt"
    assert base64.b64encode(blob)
    server.stop()
