"""The README's first ten minutes, copied from it and run."""

import os
import re
import subprocess
import sys

import databases
from conftest import BINARY, ROOT, Server


def test_the_first_ten_minutes(folder):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    section = text.split("## The first ten minutes")[1]
    script = re.search(r"```\n(.*?)```", section, re.DOTALL).group(1)
    server = Server(folder, arguments=["--dev"])
    server.data = folder / "keywright-data"
    server.start()
    try:
        # What differs from a newcomer's terminal: the port, and where the binary was built.
        script = script.replace("http://127.0.0.1:5399", server.url).replace("target/debug/keywright", str(BINARY))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment["PATH"] = f"{os.path.dirname(sys.executable)}:{environment['PATH']}"
        outcome = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            capture_output=True, text=True, env=environment, cwd=folder, timeout=120, check=False,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        assert "\nhello\n" in "\n" + outcome.stdout, "the file opens after the rotation"
        assert "ON_DEMAND" in outcome.stdout
        assert "30d" in outcome.stdout
        assert "sound" in outcome.stdout and "NOT SOUND" not in outcome.stdout
    finally:
        server.stop()


def test_a_password_that_rotates(folder):
    """docs/secrets.md, from a fresh server to a password that rotates, copied from it and run."""
    text = (ROOT / "docs/secrets.md").read_text(encoding="utf-8")
    script = re.search(r"```\n(.*?)```", text, re.DOTALL).group(1)
    database = databases.Postgres().start()
    database.make_user("app", "first")
    server = Server(folder).start()
    try:
        places = f"{BINARY.parent}:{database.cluster.bin}:{os.path.dirname(sys.executable)}"
        environment = {**server.variables(), "PGHOST": "127.0.0.1", "PGPORT": str(database.port), "PGPASSWORD": "first"}
        environment["PATH"] = f"{places}:{environment['PATH']}"
        outcome = subprocess.run(
            ["bash", "-e", "-o", "pipefail", "-c", script],
            capture_output=True, text=True, env=environment, cwd=folder, timeout=120, check=False,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        assert "Nothing stands in the way" in outcome.stdout and "finishSecret" in outcome.stdout
        assert "SCHEDULED" in outcome.stdout and "(1 row)" in outcome.stdout
        assert not database.logs_in(database.secret("app", "first"))
    finally:
        server.stop()
        database.stop()


def test_every_page_that_is_linked_exists():
    missing = []
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            if not (page.parent / target).exists():
                missing.append(f"{page.relative_to(ROOT)} -> {target}")
    assert missing == []
