"""docs/security-classes.md says what is tested: every class has a test of its number, and every test that is named is there."""

import re

from conftest import ROOT

ENGINES = ["sqlite"]
CLASSES = range(1, 38)
PAGE = (ROOT / "docs/security-classes.md").read_text(encoding="utf-8")
ROWS = {int(number): row for number, row in re.findall(r"^\| (\d\d) (\|.*\|)$", PAGE, flags=re.M)}
NAMED = re.findall(r"`([\w./]+\.(?:py|rs))::(\w+)`", PAGE)


def defined(path):
    text = path.read_text(encoding="utf-8")
    return set(re.findall(r"^\s*(?:async )?(?:def|fn) (\w+)", text, flags=re.M))


SOURCES = {
    str(path.relative_to(ROOT)): defined(path)
    for pattern in ("crates/*/src/**/*.rs", "crates/*/tests/**/*.rs", "xtask/src/**/*.rs", "e2e/*.py")
    for path in ROOT.glob(pattern)}


def test_every_test_that_is_named_is_there():
    assert NAMED
    assert [f"{path}::{name}" for path, name in NAMED if name not in SOURCES.get(path, ())] == []


def test_every_class_has_a_test_of_its_number():
    assert list(ROWS) == list(CLASSES)
    for number, row in ROWS.items():
        tests = re.findall(r"`[\w./]+::(\w+)`", row)
        assert any(f"peer_{number:02}_" in name for name in tests), f"class {number} has no test of its number"
        assert len(row.split(" | ")) == 3 and all(cell.strip(" |") for cell in row.split(" | ")), row


def test_every_test_with_a_number_is_named():
    numbered = {
        (path, name) for path, names in SOURCES.items() for name in names
        if (found := re.match(r"(?:test_)?peer_(\d\d)_", name)) and int(found.group(1)) in CLASSES}
    assert len(numbered) > len(CLASSES)
    assert sorted(numbered - set(NAMED)) == []


def test_every_way_up_is_named():
    text = (ROOT / "e2e/test_escalation.py").read_text(encoding="utf-8")
    ways = set(re.findall(r"^@way\ndef (\w+)", text, flags=re.M))
    table = PAGE.split("## Ways up")[1]
    assert len(ways) > 30
    assert sorted(ways - set(re.findall(r"`(\w+)`", table))) == []
