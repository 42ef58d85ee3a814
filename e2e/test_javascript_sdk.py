"""Runs the JavaScript SDK's tests (e2e/js) against a server."""

import subprocess

from conftest import ROOT


def test_the_javascript_sdk(server):
    outcome = subprocess.run(
        ["node", "--test", "--test-reporter=spec", "kms.test.mjs"],
        cwd=ROOT / "e2e/js",
        env=server.variables(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "fail 0" in outcome.stdout
