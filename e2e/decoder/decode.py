"""Opens a Keywright ciphertext, from docs/ciphertext.md alone: no line of the server's code is shared.

    decode.py BACKING_KEY_HEX MATERIAL_ID_HEX CONTEXT_JSON < blob > plaintext
"""

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
    """The blob does not open."""


def kdf(key, label, context, length):
    """NIST SP 800-108r1 in counter mode with HMAC-SHA-256, counter and length of 32 bits."""
    fixed = label + b"\0" + context + struct.pack(">I", length * 8)
    blocks = -(-length // 32)
    output = b"".join(
        hmac.new(key, struct.pack(">I", number) + fixed, hashlib.sha256).digest() for number in range(1, blocks + 1)
    )
    return output[:length]


def canonical(context):
    """The number of pairs, then each key and value behind its length, in order of the keys' bytes."""
    pairs = sorted((key.encode(), value.encode()) for key, value in context.items())
    parts = [struct.pack(">I", len(pairs))]
    for pair in pairs:
        for text in pair:
            parts += [struct.pack(">I", len(text)), text]
    return b"".join(parts)


def decode(blob, backing_key, material_id, context):
    """The plaintext; raises Refused."""
    if len(blob) < HEADER.size + TAG_LEN:
        raise Refused("too short")
    magic, version, suite, kind, key_id, tag, salt, commitment = HEADER.unpack(blob[: HEADER.size])
    if (magic, version, suite) != (b"KW", 1, 1) or kind not in (1, 2):
        raise Refused("not a ciphertext of version 1")
    if tag != material_id[:16]:
        raise Refused("sealed under another backing key")
    derived = kdf(backing_key, b"keywright/kms/sym/v1", bytes([kind]) + key_id + material_id + salt, 80)
    key, iv, expected = derived[:32], derived[32:44], derived[48:80]
    if not hmac.compare_digest(expected, commitment):
        raise Refused("sealed under another key")
    try:
        return AESGCM(key).decrypt(iv, blob[HEADER.size :], blob[: HEADER.size] + canonical(context))
    except InvalidTag as fault:
        raise Refused("another context, or a changed byte") from fault


if __name__ == "__main__":
    sys.stdout.buffer.write(
        decode(sys.stdin.buffer.read(), bytes.fromhex(sys.argv[1]), bytes.fromhex(sys.argv[2]), json.loads(sys.argv[3]))
    )
