"""Opens what Keywright seals, from docs/ciphertext.md alone: no line of the server's code is shared.

    decode.py BACKING_KEY_HEX MATERIAL_ID_HEX CONTEXT_JSON [KEY_ID] < blob > plaintext
"""

import base64
import hashlib
import hmac
import json
import struct
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

HEADER = struct.Struct(">2sBBB16s16s32s32s")  # 101 bytes
TAG_LEN = 16


class Refused(Exception):
    """It does not open."""


def kdf(key, label, context, length=32):
    """NIST SP 800-108r1 in counter mode with HMAC-SHA-256, counter and length of 32 bits."""
    fixed = label + b"\0" + context + struct.pack(">I", length * 8)
    blocks = (mac(key, struct.pack(">I", number) + fixed) for number in range(1, -(-length // 32) + 1))
    return b"".join(blocks)[:length]


def mac(key, message):
    return hmac.new(key, message, hashlib.sha256).digest()


def behind_lengths(parts, form=">I"):
    return b"".join(struct.pack(form, len(part)) + part for part in parts)


def gcm(key, nonce, sealed, aad):
    try:
        return AESGCM(key).decrypt(nonce, sealed, aad)
    except (InvalidTag, ValueError) as fault:
        raise Refused("another key, another place, or a changed byte") from fault


def key_id_bytes(text):
    """Kind and id of a key's printed id."""
    return bytes([2 if text.startswith("mrk-") else 1]) + bytes.fromhex(text.removeprefix("mrk-").replace("-", ""))


def decode(blob, backing_key, material_id, context, key_id=None):
    """The plaintext of a KMS ciphertext (section 3); raises Refused."""
    if len(blob) < HEADER.size + TAG_LEN:
        raise Refused("too short")
    magic, version, suite, kind, id_bytes, tag, salt, commitment = HEADER.unpack(blob[: HEADER.size])
    if (magic, version, suite) != (b"KW", 1, 1) or kind not in (1, 2):
        raise Refused("not a ciphertext of version 1")
    named = bytes([kind]) + id_bytes
    if tag != material_id[:16] or key_id not in (None, named):
        raise Refused("sealed under another key")
    derived = kdf(backing_key, b"keywright/kms/sym/v1", named + material_id + salt, 80)
    if not hmac.compare_digest(derived[48:80], commitment):
        raise Refused("the commitment is another key's")
    pairs = sorted((key.encode(), value.encode()) for key, value in context.items())
    canonical = struct.pack(">I", len(pairs)) + behind_lengths(text for pair in pairs for text in pair)
    return gcm(derived[:32], derived[32:44], blob[HEADER.size :], blob[: HEADER.size] + canonical)


def root_key(line):
    """The key in a root key file (section 5)."""
    version, _, encoded = line.rstrip().partition(" ")
    decoded = base64.b64decode(encoded, validate=True)
    if version != "keywright-root-key-v1" or decoded[32:] != hashlib.sha256(decoded[:32]).digest()[:4]:
        raise Refused("not a root key, or a damaged one")
    return decoded[:32]


def unwrap(key, wrapped, *parts):
    """What section 4 wraps; a number among the parts is an epoch."""
    aad = behind_lengths(struct.pack(">I", part) if isinstance(part, int) else part for part in parts)
    return gcm(key, wrapped[:12], wrapped[12:], aad)


if __name__ == "__main__":
    backing_key, material_id, context, *rest = sys.argv[1:]
    key_id = key_id_bytes(rest[0]) if rest else None
    arguments = bytes.fromhex(backing_key), bytes.fromhex(material_id), json.loads(context), key_id
    sys.stdout.buffer.write(decode(sys.stdin.buffer.read(), *arguments))
