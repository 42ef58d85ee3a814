"""A copy of the data without its root key is useless, and no start goes on with the wrong one."""

import shutil
import subprocess

import pytest

from conftest import BINARY, Server, new_store


def start(data, store, *arguments):
    return subprocess.run(
        [str(BINARY), "server", "--data", str(data), "--listen", "127.0.0.1:0", "--store", store, *arguments],
        capture_output=True, text=True, timeout=20, check=False,
    )


@pytest.fixture()
def copied(folder):
    """A data folder with a key and a ciphertext, taken from a server that was stopped."""
    server = Server(folder / "own").start()
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    server.stop()
    shutil.copytree(server.data, folder / "copy" / "data")
    return folder / "copy" / "data", blob, server.store


def test_peer_08_without_the_root_key_nothing_starts_and_nothing_is_made(copied):
    data, _, store = copied
    (data / "root.key").unlink()
    outcome = start(data, store)
    assert outcome.returncode == 3
    assert "root key" in outcome.stderr and "--seal-file" in "".join(outcome.stderr.split())
    assert not (data / "root.key").exists(), "no new root key was made over keys that it cannot open"


def test_a_foreign_root_key_is_told_apart(copied, folder):
    data, _, store = copied
    other = Server(folder / "other").start()
    other.stop()
    shutil.copy(other.data / "root.key", data / "root.key")
    outcome = start(data, store)
    assert outcome.returncode == 3
    assert "does not belong to the store" in " ".join(outcome.stderr.split())


def test_a_damaged_root_key_is_refused(copied):
    data, _, store = copied
    text = (data / "root.key").read_text(encoding="ascii")
    for damaged in ("", text[:-10], text.replace(text[-5], "A" if text[-5] != "A" else "B")):
        (data / "root.key").write_text(damaged, encoding="ascii")
        assert start(data, store).returncode == 3
    (data / "root.key").write_text(text, encoding="ascii")
    (data / "root.key").chmod(0o644)
    outcome = start(data, store)
    assert outcome.returncode == 3
    assert "chmod 600" in " ".join(outcome.stderr.split())


def test_with_its_root_key_a_copy_is_a_backup(copied):
    data, blob, store = copied
    server = Server(data.parent, store=store).start()
    try:
        assert server.client().decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
        outcome = server.keywright("trail", "verify", "--data", str(data))
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    finally:
        server.stop()


def test_one_process_per_data_folder(copied):
    data, _, store = copied
    server = Server(data.parent, store=store).start()
    try:
        outcome = start(data, store)
        assert outcome.returncode == 3
        assert "in use by another keywright process" in " ".join(outcome.stderr.split())
    finally:
        server.stop()
    Server(data.parent, store=store).start().stop()


def test_init_makes_everything_once(folder):
    data = folder / "data"
    init = [str(BINARY), "init", "--data", str(data), "--store", new_store()]
    first = subprocess.run(init, capture_output=True, text=True, check=False)
    assert first.returncode == 0, first.stderr
    assert "initialised" in first.stdout
    root_key = (data / "root.key").read_bytes()
    second = subprocess.run(init, capture_output=True, text=True, check=False)
    assert second.returncode == 0, second.stderr
    assert "already initialised" in second.stdout
    assert (data / "root.key").read_bytes() == root_key
