"""Somebody who can write the database, and has no root key, changes nothing that the service believes."""

import json
import shutil
import sqlite3
import urllib.request

import botocore.exceptions
import pytest

from conftest import Server, shared_cluster, wait_until


@pytest.fixture()
def running(folder):
    server = Server(folder).start()
    yield server
    if server.process:
        server.stop()


def sql(server, statements):
    """Goes behind the server's back, on either engine; gives the rows of the last statement as text."""
    if server.store != "sqlite":
        return shared_cluster().sql(server.store, statements)
    with sqlite3.connect(server.data / "keywright.db", timeout=20) as database:
        database.executescript(statements)
    database.close()
    return None


def outcome(call, **arguments):
    try:
        call(**arguments)
        return "OK"
    except botocore.exceptions.ClientError as refused:
        return refused.response["Error"]["Code"]


def verify(server):
    verified = server.keywright(
        "trail", "verify", "--data", str(server.data), "--store", server.store, "--output", "json")
    assert verified.returncode in (0, 1), verified.stderr
    report = json.loads(verified.stdout)
    assert report["Sound"], report
    assert report["Store"]["Sound"] == (verified.returncode == 0)
    return report["Store"]


def copy_of(server, table):
    sql(server, f"DROP TABLE IF EXISTS kept_{table}; CREATE TABLE kept_{table} AS SELECT * FROM {table}")


def put_back(server, table, where="1 = 1"):
    sql(server, f"DELETE FROM {table} WHERE {where}; INSERT INTO {table} SELECT * FROM kept_{table} WHERE {where}")


def assert_alarm(server, table, kind):
    line = wait_until(lambda: next((line for line in server.log if "is not believed" in line and table in line), None))
    assert "trail verify --store" in line
    with urllib.request.urlopen(server.url + "/metrics", timeout=10) as answer:
        metrics = answer.read().decode()
    assert f'keywright_store_rows_refused_total{{table="{table}",kind="{kind}"}}' in metrics, metrics
    tail = server.keywright("trail", "tail", "--data", str(server.data), "-n", "100").stdout
    records = [json.loads(line) for line in tail.splitlines()]
    assert any(record["eventName"] == "StoreRowRefused" and record["serviceEventDetails"]["table"] == table
               for record in records)


def restart(server):
    server.stop()
    server.log.clear()
    server.start()


def test_a_sound_store_is_said_to_be_sound_while_the_server_works(running):
    kms = running.client()
    for _ in range(5):
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=f"alias/{key}", TargetKeyId=key)
        kms.rotate_key_on_demand(KeyId=key)
    kms.delete_alias(AliasName=f"alias/{key}")
    report = verify(running)
    assert report["Findings"] == []
    # Five keys with two materials each, four aliases, account, access key, node.
    assert report["Rows"] == 5 + 10 + 4 + 3
    running.stop()
    assert verify(running)["Findings"] == []


def test_a_key_that_is_enabled_by_sql_stays_disabled(running):
    kms = running.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    sql(running, f"UPDATE keys SET state = 'Enabled' WHERE key_id = '{key}'")
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") != "OK"
    restart(running)
    kms = running.client()
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "KMSInternalException"
    assert_alarm(running, "keys", "CHANGED")
    found = verify(running)["Findings"]
    assert [(finding["Table"], finding["Kind"]) for finding in found] == [("keys", "CHANGED")]
    assert key in found[0]["Row"]


def test_rows_rolled_back_by_sql_are_refused_and_named(running):
    kms = running.client()
    key, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.create_alias(AliasName="alias/moved", TargetKeyId=key)
    kms.create_alias(AliasName="alias/gone", TargetKeyId=key)
    copy_of(running, "keys")
    copy_of(running, "aliases")
    kms.disable_key(KeyId=key)
    kms.update_alias(AliasName="alias/moved", TargetKeyId=other)
    kms.delete_alias(AliasName="alias/gone")
    put_back(running, "keys", f"key_id = '{key}'")
    put_back(running, "aliases")
    for again in (False, True):
        if again:
            restart(running)
        kms = running.client()
        assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") in ("DisabledException", "KMSInternalException")
        assert outcome(kms.encrypt, KeyId="alias/gone", Plaintext=b"x") == "KMSInternalException"
        assert outcome(kms.encrypt, KeyId=other, Plaintext=b"x") == "OK"
    assert outcome(kms.encrypt, KeyId=key, Plaintext=b"x") == "KMSInternalException"
    assert outcome(kms.encrypt, KeyId="alias/moved", Plaintext=b"x") == "KMSInternalException"
    assert_alarm(running, "keys", "ROLLED_BACK")
    found = {(finding["Table"], finding["Kind"], json.loads(finding["Row"])[-1])
             for finding in verify(running)["Findings"]}
    assert found == {
        ("keys", "ROLLED_BACK", key), ("aliases", "ROLLED_BACK", "alias/moved"),
        ("aliases", "ROLLED_BACK", "alias/gone"),
    }


def test_rows_swapped_and_removed_by_sql_are_named(running):
    kms = running.client()
    keys = [kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(3)]
    for number, key in enumerate(keys):
        kms.create_alias(AliasName=f"alias/{number}", TargetKeyId=key)
    restart(running)
    sql(running, "UPDATE aliases SET name = 'alias/x' WHERE name = 'alias/0'; "
                 "UPDATE aliases SET name = 'alias/0' WHERE name = 'alias/1'; "
                 "UPDATE aliases SET name = 'alias/1' WHERE name = 'alias/x'; "
                 "DELETE FROM aliases WHERE name = 'alias/2'")
    kms = running.client()
    for name in ("alias/0", "alias/1"):
        assert outcome(kms.encrypt, KeyId=name, Plaintext=b"x") == "KMSInternalException"
    found = {(finding["Kind"], json.loads(finding["Row"])[-1]) for finding in verify(running)["Findings"]}
    assert found == {("CHANGED", "alias/0"), ("CHANGED", "alias/1"), ("REMOVED", "alias/2")}


def test_a_root_credential_put_in_by_sql_opens_nothing(running):
    """A stolen access key that was ended cannot be brought back."""
    access_key_id, secret = "AKIANEWROOTKEY000000", "a-new-secret-of-forty-letters-and-more-yet"
    kms = running.client()
    kms.list_keys()
    copy_of(running, "access_keys")
    running.stop()
    running.environment = {"KEYWRIGHT_ROOT_ACCESS_KEY_ID": access_key_id,
                           "KEYWRIGHT_ROOT_SECRET_ACCESS_KEY": secret}
    running.start()
    assert outcome(kms.list_keys) != "OK", "the pair before it ended"
    put_back(running, "access_keys")
    stolen = running.client()
    assert outcome(stolen.list_keys) != "OK", "and stays ended"


def backup(server):
    """As docs/operating.md and docs/postgresql.md say."""
    if server.store != "sqlite":
        return shared_cluster().run("pg_dump", "--clean", "--if-exists", "--inserts", "--dbname", server.store)
    copy = server.folder / "copy.db"
    with sqlite3.connect(server.data / "keywright.db") as source, sqlite3.connect(copy) as target:
        source.backup(target)
    return copy


def restore(server, copy):
    if server.store != "sqlite":
        # Without psql's own commands, since it is given as one.
        statements = "\n".join(line for line in copy.splitlines() if not line.startswith("\\"))
        return shared_cluster().sql(server.store, statements)
    for name in ("keywright.db", "keywright.db-wal", "keywright.db-shm"):
        (server.data / name).unlink(missing_ok=True)
    shutil.copy(copy, server.data / "keywright.db")


def test_a_restored_backup_is_noticed_and_accepted_by_a_deliberate_act(running):
    server = running
    kms = server.client()
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    copy = backup(server)
    later = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.disable_key(KeyId=key)
    server.stop()
    restore(server, copy)
    refused = server.keywright("server", "--data", str(server.data), "--listen", "127.0.0.1:0", "--store", server.store)
    assert refused.returncode == 3
    assert "remove watermarks.db" in " ".join(refused.stderr.replace("│", " ").split())
    for file in server.data.glob("watermarks.db*"):
        file.unlink()
    server.start()
    kms = server.client()
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert outcome(kms.describe_key, KeyId=later) == "NotFoundException"
    assert verify(server)["Findings"] == []
