"""The commands of the pages on keys, copied from them and run."""

import os
import re
import subprocess
import sys

import pytest

from conftest import BINARY, ROOT


@pytest.mark.parametrize(("page", "says"), [
    ("keys.md", ["Verified OK"]),
    ("imported-keys.md", ["hello", "ON_DEMAND", "second"]),
    ("rotation.md", ["CURRENT", '"kty":"EC"']),
    ("multi-region.md", ["hello", '"REPLICA"'])])
def test_the_commands_of(server, tmp_path, page, says):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    script = "\n".join(re.findall(r"```\n(.*?)```", text, re.DOTALL))
    environment = server.variables()
    environment["PATH"] = f"{os.path.dirname(sys.executable)}:{BINARY.parent}:{environment['PATH']}"
    outcome = subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=120, check=False)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    for found in says:
        assert found in outcome.stdout, outcome.stdout
