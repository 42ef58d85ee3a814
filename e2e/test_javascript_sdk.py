"""Runs the JavaScript SDK's tests (e2e/js) against a server."""

import subprocess

import pytest

from conftest import ROOT


@pytest.mark.parametrize("name", ["kms.test.mjs", "encryption_sdk.test.mjs", "operations.test.mjs"])
def test_the_javascript_sdk(server, name):
    outcome = subprocess.run(
        ["node", "--test", "--test-reporter=spec", name],
        cwd=ROOT / "e2e/js",
        env=server.variables(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "fail 0" in outcome.stdout
