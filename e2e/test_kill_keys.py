"""kill -9 in the middle of imports, rotations of imported material, replications and changes of the primary Region:
each is complete or not begun.

KEYWRIGHT_KEY_KILLS says how often (8 in `make test`, 100 in `make soak`).
"""

import os
import random
import threading

import botocore.exceptions

from conftest import REGION, Server
from importing import FOR_EVER, external, wrap

KILLS = int(os.environ.get("KEYWRIGHT_KEY_KILLS", "8"))
SEED = int(os.environ.get("KEYWRIGHT_SEED", random.SystemRandom().randrange(2**32)))
REGIONS = [REGION, "eu-west-1", "eu-west-2", "eu-west-3", "us-east-1", "us-west-2"]
ALGORITHM = "RSAES_OAEP_SHA_256"


def at(server, region):
    return server.client(region=region)


class Imports:
    """One worker's key of Origin EXTERNAL, and what was acknowledged of it."""

    def __init__(self, server, chance):
        kms = server.client()
        self.chance, self.key = chance, external(kms)
        self.parameters = kms.get_parameters_for_import(
            KeyId=self.key, WrappingAlgorithm=ALGORITHM, WrappingKeySpec="RSA_2048")
        # Material id: its bytes; `asked` is what was sent last, and may or may not have come about.
        self.known, self.current, self.blobs, self.asked = {}, None, [], None

    def bring(self, kms, material, **members):
        return kms.import_key_material(
            KeyId=self.key, ImportToken=self.parameters["ImportToken"],
            EncryptedKeyMaterial=wrap(self.parameters, ALGORITHM, material), **FOR_EVER, **members)["KeyMaterialId"]

    def step(self, server):
        kms = server.client()
        shown = self.materials(kms)
        pending = [entry for entry in shown if entry["KeyMaterialState"] == "PENDING_ROTATION"]
        missing = [entry["KeyMaterialId"] for entry in shown if entry["ImportState"] == "PENDING_IMPORT"]
        if missing:
            self.asked = ("again", missing[0])
            self.bring(kms, self.known[missing[0]])
        elif pending:
            self.asked = ("rotate", pending[0]["KeyMaterialId"])
            kms.rotate_key_on_demand(KeyId=self.key)
            self.current = pending[0]["KeyMaterialId"]
        elif self.known and self.chance.random() < 0.4:
            gone = self.chance.choice(list(self.known))
            self.asked = ("delete", gone)
            kms.delete_imported_key_material(KeyId=self.key, KeyMaterialId=gone)
        else:
            if self.known:
                plaintext = self.chance.randbytes(20)
                self.blobs.append((kms.encrypt(KeyId=self.key, Plaintext=plaintext)["CiphertextBlob"], plaintext))
            material = self.chance.randbytes(32)
            self.asked = ("new", material)
            made = self.bring(kms, material, ImportType="NEW_KEY_MATERIAL")
            self.known[made] = material
            self.current = self.current or made
        self.asked = None

    def materials(self, kms):
        return kms.list_key_rotations(KeyId=self.key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]

    def check(self, server):
        kms = server.client()
        shown = {entry["KeyMaterialId"]: entry for entry in self.materials(kms)}
        if self.asked and self.asked[0] == "new" and len(shown) > len(self.known):
            unheard = set(shown) - set(self.known)
            assert len(unheard) == 1
            self.known[unheard.pop()] = self.asked[1]
        assert set(shown) == set(self.known), "an import was lost or came twice"
        current = kms.describe_key(KeyId=self.key)["KeyMetadata"].get("CurrentKeyMaterialId")
        allowed = {self.current}
        if self.asked and self.asked[0] in ("rotate", "new"):
            allowed |= {self.asked[1] if self.asked[0] == "rotate" else None} | (set(shown) if len(shown) == 1 else set())
        assert current in allowed, "a rotation was lost or happened by itself"
        self.current, self.asked = current, None
        # The bytes are there exactly where the list says so.
        for material_id, entry in shown.items():
            if entry["ImportState"] == "PENDING_IMPORT":
                assert self.bring(kms, self.known[material_id]) == material_id
        for blob, plaintext in self.blobs:
            assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext


class Family:
    """One worker's multi-Region key."""

    def __init__(self, server, chance):
        made = server.client().create_key(MultiRegion=True)["KeyMetadata"]
        self.chance, self.key = chance, made["KeyId"]
        self.regions, self.primary, self.materials, self.blobs = {REGION}, REGION, {made["CurrentKeyMaterialId"]}, []
        self.asked = None

    def step(self, server):
        primary, choice = at(server, self.primary), self.chance.random()
        absent = [region for region in REGIONS if region not in self.regions]
        if absent and choice < 0.4:
            self.asked = ("replicate", absent[0])
            primary.replicate_key(KeyId=self.key, ReplicaRegion=absent[0])
            self.regions.add(absent[0])
        elif len(self.regions) > 1 and choice < 0.7:
            moved = self.chance.choice(sorted(self.regions - {self.primary}))
            self.asked = ("move", moved)
            primary.update_primary_region(KeyId=self.key, PrimaryRegion=moved)
            self.primary = moved
        else:
            plaintext, there = self.chance.randbytes(20), at(server, self.chance.choice(sorted(self.regions)))
            self.blobs.append((there.encrypt(KeyId=self.key, Plaintext=plaintext)["CiphertextBlob"], plaintext))
            self.asked = ("rotate", None)
            primary.rotate_key_on_demand(KeyId=self.key)
        self.asked = None

    def check(self, server):
        metadata = {}
        for region in REGIONS:
            try:
                metadata[region] = at(server, region).describe_key(KeyId=self.key)["KeyMetadata"]
            except botocore.exceptions.ClientError as refused:
                assert refused.response["Error"]["Code"] == "NotFoundException"
        found = set(metadata)
        maybe = {self.asked[1]} if self.asked and self.asked[0] == "replicate" else set()
        assert self.regions <= found <= self.regions | maybe
        configurations = [one["MultiRegionConfiguration"] for one in metadata.values()]
        assert len({configuration["PrimaryKey"]["Region"] for configuration in configurations}) == 1
        roles = [configuration["MultiRegionKeyType"] for configuration in configurations]
        assert sorted(roles) == ["PRIMARY"] + ["REPLICA"] * (len(roles) - 1)
        primary = configurations[0]["PrimaryKey"]["Region"]
        allowed = {self.primary} | ({self.asked[1]} if self.asked and self.asked[0] == "move" else set())
        assert primary in allowed
        currents = {one["CurrentKeyMaterialId"] for one in metadata.values()}
        assert len(currents) == 1, "the Regions have different key material"
        histories = {
            tuple(entry["KeyMaterialId"] for page in at(server, region).get_paginator("list_key_rotations").paginate(
                KeyId=self.key, IncludeKeyMaterial="ALL_KEY_MATERIAL") for entry in page["Rotations"])
            for region in found}
        assert len(histories) == 1
        for blob, plaintext in self.blobs[-30:]:
            for region in found:
                assert at(server, region).decrypt(CiphertextBlob=blob)["Plaintext"] == plaintext
        self.regions, self.primary, self.asked = found, primary, None


def test_each_is_complete_or_not_begun(folder):
    print(f"KEYWRIGHT_SEED={SEED}")
    chance = random.Random(SEED)
    settings = folder / "keywright.toml"
    settings.write_text("[kms.rotation]\non_demand_max = 0\n", encoding="ascii")
    server = Server(folder, arguments=["--config", str(settings)]).start()
    makers = [Imports, Family, Imports, Family]
    workers = [maker(server, random.Random(chance.random())) for maker in makers]
    steps, failures = [0], []

    def run(worker, stopping):
        while not stopping.is_set():
            try:
                worker.step(server)
                steps[0] += 1
            except (botocore.exceptions.HTTPClientError, botocore.exceptions.ConnectionError):
                return
            except BaseException as fault:  # noqa: BLE001 - told in the main thread
                failures.append(fault)
                return

    for _ in range(KILLS):
        stopping = threading.Event()
        threads = [threading.Thread(target=run, args=(worker, stopping)) for worker in workers]
        enough = steps[0] + chance.randrange(1, 40)
        for thread in threads:
            thread.start()
        while steps[0] < enough and not failures:
            stopping.wait(0.001)
        server.kill()
        stopping.set()
        for thread in threads:
            thread.join(timeout=60)
        assert failures == []
        server.start()
        for worker in workers:
            worker.check(server)
    verified = server.keywright("trail", "verify", "--data", str(server.data), "--output", "json")
    assert verified.returncode == 0, verified.stdout + verified.stderr
    server.stop()
    print(f"{KILLS} kills, {steps[0]} steps")
