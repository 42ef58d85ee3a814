"""Opens the frozen samples with the independent decoder, and shows that it refuses what it should."""

import base64
import json
import pathlib
import sys
import uuid

import decode as decoder
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FROZEN = pathlib.Path(__file__).resolve().parents[2] / "crates/crypto/frozen"


def load(name):
    return json.loads((FROZEN / name).read_text(encoding="utf-8"))


def opened(function, *arguments):
    """What a function of the decoder gives, or None where it refuses."""
    try:
        return function(*arguments)
    except decoder.Refused:
        return None


def flipped(value, at):
    """The bytes with one bit changed; which bit depends on the place, so that all eight are tried."""
    return value[:at] + bytes([value[at] ^ 1 << at % 8]) + value[at + 1 :]


def refuses_changes(value, opens):
    """Whether no changed byte and no cut of `value` opens."""
    changed = (flipped(value, at) for at in range(len(value)))
    cut = (value[:length] for length in range(len(value)))
    return all(opens(other) is None for others in (changed, cut) for other in others)


def message(sample, backing_key, material_id, key_id):
    """Checks of one KMS ciphertext."""
    plaintext, blob, context = bytes.fromhex(sample["plaintext"]), bytes.fromhex(sample["blob"]), sample["context"]

    def opens(blob=blob, material_id=material_id, context=context, key_id=key_id):
        return opened(decoder.decode, blob, backing_key, material_id, context, key_id)

    few = blob if len(blob) < 400 else blob[:200]
    yield "opens", opens() == plaintext
    yield "refuses another context", opens(context={**context, "more": ""}) is None
    yield "refuses another key id", opens(key_id=flipped(key_id, 16)) is None
    yield "refuses another material id of the same tag", opens(material_id=flipped(material_id, 31)) is None
    yield "refuses changed bytes and cuts", refuses_changes(few, lambda start: opens(start + blob[len(few) :]))
    yield "refuses the last byte changed", opens(flipped(blob, len(blob) - 1)) is None


def messages():
    for sample in load("v1.json"):
        key_id = decoder.key_id_bytes(sample["key_id"])
        keys = bytes.fromhex(sample["backing_key"]), bytes.fromhex(sample["material_id"]), key_id
        for name, held in message(sample, *keys):
            yield f"{sample['name']}: {name}", held


def hierarchy():
    """From the root key's file down to a message, a column, a row's MAC and a signature."""
    frozen = load("v1_hierarchy.json")
    store = uuid.UUID(frozen["store_id"]).bytes
    root = decoder.root_key(frozen["root_key_file"])
    wrapping = decoder.kdf(root, b"keywright/root/wrap/v1", store)
    keys = {}
    for sealed in frozen["sealed_keys"]:
        purpose, epoch = sealed["purpose"], sealed["epoch"]
        wrapped = bytes.fromhex(sealed["wrapped"])

        def opens(wrapped=wrapped, purpose=purpose, epoch=epoch):
            return opened(
                decoder.unwrap, wrapping, wrapped, b"keywright/sealed-key/v1", store, purpose.encode(), epoch
            )

        keys[purpose, epoch] = opens()
        yield f"sealed key {purpose}: opens", len(opens() or b"") == 32
        yield f"sealed key {purpose}: refuses another epoch", opens(epoch=epoch + 1) is None
        yield f"sealed key {purpose}: refuses another purpose", opens(purpose="other") is None
        yield f"sealed key {purpose}: refuses changed bytes and cuts", refuses_changes(wrapped, opens)
    yield "five keys, each its own", len(set(keys.values())) == 5

    for sample in frozen["backing_keys"]:
        key_id, material_id = decoder.key_id_bytes(sample["key_id"]), bytes.fromhex(sample["material_id"])
        place = [
            b"keywright/backing-key/v1",
            store,
            sample["account"].encode(),
            sample["region"].encode(),
            key_id[:1],
            key_id[1:],
            material_id,
            sample["spec"].encode(),
            sample["epoch"],
        ]
        domain, wrapped = keys["domain", sample["epoch"]], bytes.fromhex(sample["wrapped"])
        backing_key = opened(decoder.unwrap, domain, wrapped, *place)
        yield f"{sample['name']}: its backing key opens", backing_key == bytes.fromhex(sample["backing_key"])
        for at, part in enumerate(place):
            elsewhere = part + 1 if isinstance(part, int) else flipped(part, len(part) - 1)
            refused = opened(decoder.unwrap, domain, wrapped, *place[:at], elsewhere, *place[at + 1 :]) is None
            yield f"{sample['name']}: refuses another part {at} of its place", refused
        named = decoder.kdf(keys["material-id", 1], b"keywright/material-id/v1", key_id + backing_key)
        yield f"{sample['name']}: its material id is derived", named == material_id
        for name, held in message(sample["message"], backing_key, material_id, key_id):
            yield f"{sample['name']}: its message: {name}", held

    column = frozen["column"]
    stored, place = bytes.fromhex(column["stored"]), [column[name].encode() for name in ("table", "row_id", "column")]
    epoch = int.from_bytes(stored[:4], "big")
    value = opened(decoder.unwrap, keys["domain", epoch], stored[4:], b"keywright/column/v1", store, *place, epoch)
    yield "the column opens", value == bytes.fromhex(column["value"])

    row = frozen["row_mac"]
    parts = decoder.behind_lengths([row["table"].encode(), *map(bytes.fromhex, row["parts"])], ">Q")
    yield "the row's MAC", decoder.mac(keys["row-mac", 1], b"keywright/row/v1" + parts).hex() == row["mac"]

    marker = frozen["marker"]
    position = bytes.fromhex(marker["position"])
    parts = decoder.behind_lengths([*map(bytes.fromhex, marker["context"]), position], ">Q")
    made = decoder.mac(keys["marker", 1], b"keywright/marker/v1" + parts)[:16] + position
    yield "the marker", base64.urlsafe_b64encode(made).rstrip(b"=").decode() == marker["marker"]

    trail = frozen["trail"]
    signed, signature = bytes.fromhex(trail["message"]), bytes.fromhex(trail["signature"])
    seed = Ed25519PrivateKey.from_private_bytes(keys["trail-signing", 1])
    yield "the trail's key", seed.public_key().public_bytes_raw().hex() == trail["public_key"]
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(trail["public_key"])).verify(signature, signed)
        yield "the trail's signature", True
    except InvalidSignature:
        yield "the trail's signature", False


def main():
    passed = failed = 0
    for checks in (messages, hierarchy):
        for name, held in checks():
            passed, failed = passed + held, failed + (not held)
            if not held:
                print(f"does not hold: {name}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
