"""How the database is reached: TLS, passwords, and errors that say what to do."""

import pathlib
import re
import shutil
import subprocess

import pytest

import postgres
from conftest import BINARY, ROOT, Server, shared_cluster, wait_until

ENGINES = ["postgres"]


def refused(folder, store, **environment):
    """Why a server does not start, in one line."""
    data = folder / "refused"
    outcome = subprocess.run(
        [str(BINARY), "server", "--data", str(data), "--listen", "127.0.0.1:0"], capture_output=True, text=True,
        timeout=60, check=False, env={"KEYWRIGHT_STORE": store, **environment})
    assert outcome.returncode == 3, outcome.stdout + outcome.stderr
    shutil.rmtree(data, ignore_errors=True)
    return " ".join(outcome.stderr.replace("│", " ").split())


@pytest.fixture(scope="module")
def encrypted(engine):
    cluster = postgres.Cluster(tls=True).start()
    yield cluster
    cluster.remove()


def test_peer_12_the_database_is_who_it_says_it_is(encrypted, folder):
    def url(host, options):
        base = f"postgres://{postgres.USER}:{encrypted.password}@{host}:{encrypted.port}/postgres"
        return f"{base}?{options}"

    readable = folder / "ca.pem"
    shutil.copy(encrypted.ca, readable)
    full = url("localhost", f"sslmode=verify-full&sslrootcert={readable}")
    server = Server(folder, store=full).start()
    server.client().create_key()
    server.stop()
    for good in (url("127.0.0.1", f"sslmode=verify-ca&sslrootcert={readable}"), url("127.0.0.1", "sslmode=require")):
        Server(folder, store=good).start().stop()
    assert "certificate" in refused(folder, url("127.0.0.1", f"sslmode=verify-full&sslrootcert={readable}"))
    assert "certificate" in refused(folder, url("localhost", "sslmode=verify-full")), "the system does not know this CA"
    assert "pg_hba" in refused(folder, url("localhost", "sslmode=disable"))
    other = postgres.Cluster(tls=True)
    other.initialise()
    foreign = folder / "foreign.pem"
    shutil.copy(other.ca, foreign)
    other.remove()
    for mode in ("verify-full", "verify-ca"):
        assert "certificate" in refused(folder, url("localhost", f"sslmode={mode}&sslrootcert={foreign}"))


def test_a_password_is_replaced_without_a_restart(folder):
    cluster = shared_cluster()
    url = cluster.database()
    name = url.rsplit("/", 1)[1]
    user = f"u_{name}"
    cluster.sql("postgres", f"CREATE USER {user} PASSWORD 'first'; ALTER DATABASE {name} OWNER TO {user}")
    password = folder / "password"
    password.write_text("first\n", encoding="ascii")
    password.chmod(0o600)
    server = Server(
        folder, store=f"postgres://{user}@127.0.0.1:{cluster.port}/{name}",
        environment={"KEYWRIGHT_DATABASE_PASSWORD_FILE": str(password)}).start()
    try:
        kms = server.client()
        kms.create_key()
        cluster.sql("postgres", f"ALTER USER {user} PASSWORD 'second'")
        password.write_text("second\n", encoding="ascii")
        cluster.sql("postgres", f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'")
        wait_until(lambda: kms.create_key(), 10)
    finally:
        server.stop()


def test_errors_say_what_to_do_and_no_password(folder):
    cluster = shared_cluster()
    secret = cluster.password
    right = cluster.url("postgres")
    for store, said in (
        (right.replace(secret, "wrong-password"), "check user, password and pg_hba.conf"),
        (cluster.url("absent"), "create the database first"),
        (cluster.url("postgres", ports=[1]), "cannot be reached"),
        ("postgres://kw:wrong-password@127.0.0.1/", "names no database"),
        ("postgres://kw:wrong-password@h/d?sslmode=prefer", "verify-full"),
        ("mysql://kw:wrong-password@h/d", "postgres://"),
    ):
        text = refused(folder, store)
        assert said in text, text
        assert "wrong-password" not in text and secret not in text
    cluster.sql("postgres", "CREATE USER reader PASSWORD 'reader'")
    text = refused(folder, cluster.url("postgres").replace(f"keywright:{secret}", "reader:reader"))
    assert "permission denied" in text and "own" in text


def test_a_standby_alone_is_refused(folder):
    primary = postgres.Cluster().start()
    standby = primary.standby()
    try:
        name = primary.database().rsplit("/", 1)[1]
        url = standby.url(name)
        there = f"SELECT count(*) FROM pg_database WHERE datname = '{name}'"
        wait_until(lambda: standby.sql("postgres", there) == "1")
        assert "read-only" in refused(folder, url)
    finally:
        primary.remove()
        standby.remove()


def test_every_setting_of_the_page_exists():
    page = (ROOT / "docs/postgresql.md").read_text(encoding="utf-8")
    source = pathlib.Path(ROOT / "crates/server/src/config.rs").read_text(encoding="utf-8")
    variables = re.findall(r"`(KEYWRIGHT_\w+)`", page + (ROOT / "docs/operating.md").read_text(encoding="utf-8"))
    assert len(variables) > 15
    binary = pathlib.Path(ROOT / "crates/server/src/bootstrap.rs").read_text(encoding="utf-8")
    assert [name for name in variables if f'"{name}"' not in source + binary] == []
