"""Opens the frozen samples with the independent decoder, and shows that it refuses what it should."""

import json
import pathlib
import sys

from decode import Refused, decode

ROOT = pathlib.Path(__file__).resolve().parents[2]


def opens(sample, blob=None, context=None):
    try:
        return decode(
            blob if blob is not None else bytes.fromhex(sample["blob"]),
            bytes.fromhex(sample["backing_key"]),
            bytes.fromhex(sample["material_id"]),
            sample["context"] if context is None else context,
        )
    except Refused:
        return None


def main():
    passed = failed = 0
    for sample in json.loads((ROOT / "crates/crypto/frozen/v1.json").read_text(encoding="utf-8")):
        plaintext, blob = bytes.fromhex(sample["plaintext"]), bytes.fromhex(sample["blob"])
        checks = {
            "opens": opens(sample) == plaintext,
            "refuses another context": opens(sample, context={**sample["context"], "more": ""}) is None,
            "refuses changed bytes": all(
                opens(sample, blob=blob[:at] + bytes([blob[at] ^ 1]) + blob[at + 1 :]) is None
                for at in range(0, len(blob), 7)
            ),
            "refuses a cut": opens(sample, blob=blob[:-1]) is None,
        }
        for name, held in checks.items():
            passed, failed = passed + held, failed + (not held)
            if not held:
                print(f"{sample['name']}: does not hold: {name}")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
