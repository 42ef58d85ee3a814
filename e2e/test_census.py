"""The census: what each key material is used for, and by whom."""

import json
import random
import re
import urllib.request

from conftest import make_server, wait_until
from identities import allow, role, trust, user
from importing import refused
from wire import call


def census(server, *arguments, code=None):
    """The census as its command prints it, by key material id."""
    outcome = server.keywright("census", "--output", "json", *arguments)
    assert outcome.returncode in (0, 1) if code is None else outcome.returncode == code, outcome.stderr
    return {entry["KeyMaterialId"]: entry for entry in json.loads(outcome.stdout)["KeyMaterials"]}


def counted(server, key, expected):
    """Waits until the key's materials have these (produced, consumed), in any order."""

    def found():
        entries = census(server, "--key", key).values()
        return sorted((entry["Produced"], entry["Consumed"]) for entry in entries) == sorted(expected)

    wait_until(found, what=f"a census of {expected}")


def test_old_key_material_in_use_is_found(server, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blobs = [kms.encrypt(KeyId=key, Plaintext=b"canary plaintext", EncryptionContext={"canary": "context"})
             ["CiphertextBlob"] for _ in range(3)]
    counted(server, key, [(3, 0)])
    census(server, "--key", key, code=0)
    first = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    kms.rotate_key_on_demand(KeyId=key)
    for blob in blobs[:2]:
        kms.decrypt(CiphertextBlob=blob, EncryptionContext={"canary": "context"})
    moved = kms.re_encrypt(
        CiphertextBlob=blobs[2], SourceEncryptionContext={"canary": "context"}, DestinationKeyId=key)
    kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    kms.decrypt(CiphertextBlob=moved["CiphertextBlob"])
    counted(server, key, [(3, 3), (2, 1)])
    told = census(server, "--key", key, "--callers", code=1)
    old = told[first]
    assert (old["KeyMaterialState"], old["Produced"], old["Consumed"]) == ("NON_CURRENT", 3, 3)
    assert told[moved["DestinationKeyMaterialId"]]["KeyMaterialState"] == "CURRENT"
    arn = server.client("sts").get_caller_identity()["Arn"]
    assert [(one["Arn"], one["Produced"], one["Consumed"]) for one in old["Callers"]] == [(arn, 3, 3)]
    assert old["LastConsumedDate"] >= old["LastProducedDate"] >= old["KeyMaterialDate"]
    assert list(census(server, "--key", key, "--old", "--since", "1d", code=1)) == [first]
    assert census(server, "--key", key, "--old", "--since", "2999-01-01T00:00:00Z", code=0) == {}
    table = server.keywright("census", "--key", key)
    assert table.returncode == 1 and "canary" not in table.stdout + json.dumps(told)
    heads, *rows = table.stdout.splitlines()
    # One column under the other.
    at = heads.index("STATE")
    assert sorted(row[at:].split()[0] for row in rows) == ["CURRENT", "NON_CURRENT"]


def test_every_kind_of_use_is_counted(server, kms):
    signer = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signature = kms.sign(KeyId=signer, Message=b"m", SigningAlgorithm="ECDSA_SHA_256")["Signature"]
    for _ in range(2):
        kms.verify(KeyId=signer, Message=b"m", SigningAlgorithm="ECDSA_SHA_256", Signature=signature)
    # What was refused is no use.
    refused("KMSInvalidSignatureException", kms.verify, KeyId=signer, Message=b"n", SigningAlgorithm="ECDSA_SHA_256",
            Signature=signature)
    kms.get_public_key(KeyId=signer)
    mac = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
    made = kms.generate_mac(KeyId=mac, Message=b"m", MacAlgorithm="HMAC_SHA_256")["Mac"]
    kms.verify_mac(KeyId=mac, Message=b"m", MacAlgorithm="HMAC_SHA_256", Mac=made)
    kem = kms.create_key(KeySpec="ML_KEM_512", KeyUsage="ENCAPSULATE_DECAPSULATE")["KeyMetadata"]["KeyId"]
    sent = kms.encapsulate(KeyId=kem, EncapsulationAlgorithm="ML_KEM")["SharedSecretCiphertextBlob"]
    kms.decapsulate(KeyId=kem, EncapsulationAlgorithm="ML_KEM", SharedSecretCiphertextBlob=sent)
    agreeing = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
    peer = kms.get_public_key(KeyId=agreeing)["PublicKey"]
    kms.derive_shared_secret(KeyId=agreeing, KeyAgreementAlgorithm="ECDH", PublicKey=peer)
    sealing = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.generate_data_key(KeyId=sealing, KeySpec="AES_256")
    kms.generate_data_key_without_plaintext(KeyId=sealing, KeySpec="AES_256")
    kms.generate_data_key_pair(KeyId=sealing, KeyPairSpec="ECC_NIST_P256")
    kms.generate_data_key_pair_without_plaintext(KeyId=sealing, KeyPairSpec="ECC_NIST_P256")
    counted(server, signer, [(1, 2)])
    counted(server, mac, [(1, 1)])
    counted(server, kem, [(1, 1)])
    counted(server, agreeing, [(0, 1)])
    counted(server, sealing, [(4, 0)])


def test_roles_count_whatever_their_sessions(server, kms):
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    name = f"census-{random.randrange(10**9)}"
    maker = user(server, name, allow("sts:AssumeRole", "kms:Encrypt"))
    made = role(server, name, trust(maker.arn()), allow("kms:Encrypt"))
    for session in ("one", "two"):
        given = maker.client().assume_role(RoleArn=made["Arn"], RoleSessionName=session)
        type(maker).of(server, given).client("kms").encrypt(KeyId=key, Plaintext=b"x")
    maker.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    counted(server, key, [(3, 0)])
    [entry] = census(server, "--key", key, "--callers").values()
    assert {one["Arn"]: one["Produced"] for one in entry["Callers"]} == {made["Arn"]: 2, maker.arn(): 1}


def test_pages(server, kms):
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)]
    for key in keys:
        kms.encrypt(KeyId=key, Plaintext=b"x")
    wait_until(lambda: all(any(key in entry["KeyArn"] for entry in census(server).values()) for key in keys),
               what="all keys in the census")
    whole, marker = [], None
    while True:
        body = {"Limit": 2, **({"Marker": marker} if marker else {})}
        status, _, answer = call(
            server, "", body, target="Keywright.ListKeyMaterialUsage", service="keywright")
        assert status == 200
        answer = json.loads(answer)
        whole += [entry["KeyMaterialId"] for entry in answer["KeyMaterials"]]
        assert len(answer["KeyMaterials"]) <= 2
        marker = answer.get("NextMarker")
        assert answer["Truncated"] == bool(marker)
        if not marker:
            break
    assert len(set(whole)) == len(whole) and set(whole) >= set(census(server))


def test_a_restart_keeps_it_and_metrics_tell_of_it(folder):
    server = make_server(folder).start()
    try:
        kms = server.client()
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        kms.rotate_key_on_demand(KeyId=key)
        kms.decrypt(CiphertextBlob=blob)
        # Nothing waits for the next flush: a server that stops in good order writes what it counted.
        server.stop()
        server.start()
        assert sorted((entry["Produced"], entry["Consumed"]) for entry in census(server).values()) == [(1, 1)]

        def old():
            text = urllib.request.urlopen(f"{server.url}/metrics").read().decode()
            found = re.search(r"^keywright_key_materials_old_used (\S+)$", text, re.M)
            return found and float(found.group(1)) == 1.0

        wait_until(old, what="the metric")
    finally:
        server.stop()
