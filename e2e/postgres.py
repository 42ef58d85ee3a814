"""A PostgreSQL of the tests' own: made, started, killed and paused at will, on a port of this machine alone."""

import atexit
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time

USER = "keywright"
READY_WITHIN_SECONDS = 60


def programs():
    """The newest PostgreSQL's programs, where Debian puts them."""
    found = [path.parent for path in pathlib.Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if not found:
        raise AssertionError("PostgreSQL is needed: apt-get install postgresql")
    return max(found, key=lambda path: int(path.parent.name))


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Cluster:
    """One server with its own data folder; passwords are asked for (SCRAM), and its locale sorts as English does."""

    def __init__(self, settings=None, tls=False):
        self.bin = programs()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keywright-postgres-"))
        self.data = self.folder / "data"
        self.port = free_port()
        self.password = secrets.token_urlsafe(18)
        self.settings = {"fsync": "on", "max_connections": "200", "shared_buffers": "32MB", **(settings or {})}
        self.process = None
        self.ca = self.folder / "ca.pem" if tls else None
        # PostgreSQL refuses to run as root.
        self.account = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("postgres")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        atexit.register(self.remove)

    def run(self, program, *arguments, **settings):
        outcome = subprocess.run(
            [str(self.bin / program), *arguments], capture_output=True, text=True, timeout=120, cwd="/",
            check=False, **self.account, **settings,
        )
        assert outcome.returncode == 0, f"{program}: {outcome.stdout}{outcome.stderr}"
        return outcome.stdout

    def initialise(self):
        password_file = self.folder / "password"
        password_file.write_text(self.password, encoding="ascii")
        password_file.chmod(0o644)
        self.run(
            "initdb", "--pgdata", str(self.data), "--username", USER, "--pwfile", str(password_file),
            "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu",
            "--icu-locale=en-US", "--no-sync", "--no-instructions",
        )
        password_file.unlink()
        if self.ca:
            self.certify()

    def certify(self):
        """A CA and a certificate for `localhost`, and no way in without TLS."""
        openssl = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                   "-days", "2"]
        ca_key, key, certificate = (self.folder / name for name in ("ca.key", "server.key", "server.pem"))
        commands = [
            [*openssl, "-subj", "/CN=the tests' CA", "-keyout", str(ca_key), "-out", str(self.ca)],
            [*openssl, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate), "-CA", str(self.ca),
             "-CAkey", str(ca_key), "-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=CA:FALSE"],
        ]
        for command in commands:
            subprocess.run(command, check=True, capture_output=True, **self.account)
        self.settings |= {"ssl": "on", "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
        (self.data / "pg_hba.conf").write_text("hostssl all all 127.0.0.1/32 scram-sha-256\n", encoding="ascii")

    def start(self):
        if not self.data.exists():
            self.initialise()
        settings = [part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")]
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                [str(self.bin / "postgres"), "-D", str(self.data), "-p", str(self.port), "-k", str(self.folder),
                 "-c", "listen_addresses=127.0.0.1", *settings],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **self.account,
            )
        end = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            ready = subprocess.run(
                [str(self.bin / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)], check=False)
            if ready.returncode == 0:
                return self
            time.sleep(0.02)
        raise AssertionError("PostgreSQL did not start:\n" + (self.folder / "log").read_text(errors="replace")[-3000:])

    def stop(self, how=signal.SIGINT):
        """A fast stop: sessions end, the data is in order."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def kill(self):
        """A crash: the postmaster and every child at once."""
        processes = [self.process.pid, *self.children()]
        for pid in processes:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait(timeout=30)
        self.process = None
        # Children leave the shared memory a moment after the postmaster.
        for pid in processes[1:]:
            end = time.monotonic() + 10
            while pathlib.Path(f"/proc/{pid}").exists() and time.monotonic() < end:
                time.sleep(0.005)

    def children(self):
        found = []
        for task in pathlib.Path(f"/proc/{self.process.pid}/task").iterdir():
            found += [int(pid) for pid in (task / "children").read_text().split()]
        return found

    def signal_all(self, what):
        for pid in [self.process.pid, *self.children()]:
            os.kill(pid, what)

    def pause(self):
        self.signal_all(signal.SIGSTOP)

    def resume(self):
        self.signal_all(signal.SIGCONT)

    def url(self, name, ports=None, options=""):
        """The URL of a database here, or at other ports: of proxies, or of a primary and its standby."""
        hosts = ",".join(f"127.0.0.1:{port}" for port in ports or [self.port])
        return f"postgres://{USER}:{self.password}@{hosts}/{name}{options}"

    def standby(self):
        """A standby that every commit waits for, so that a failover loses nothing that was acknowledged."""
        made = Cluster()
        made.password = self.password
        self.run(
            "pg_basebackup", "-h", "127.0.0.1", "-p", str(self.port), "-U", USER, "-D", str(made.data), "-R",
            "-X", "stream", "--checkpoint=fast", env={**os.environ, "PGPASSWORD": self.password},
        )
        made.start()
        self.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql("postgres", "SELECT pg_reload_conf()")
        end = time.monotonic() + 30
        while self.sql("postgres", "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'") != "1":
            assert time.monotonic() < end, "the standby does not follow"
            time.sleep(0.05)
        return made

    def promote(self):
        self.sql("postgres", "SELECT pg_promote()")

    def database(self):
        """The URL of a new, empty database."""
        name = f"test_{secrets.token_hex(6)}"
        self.sql("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def sql(self, database, statements):
        """Rows as psql prints them without decoration; `database` is a name or a URL."""
        url = database if "://" in database else self.url(database)
        outcome = subprocess.run(
            [str(self.bin / "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", url, "-c", statements],
            capture_output=True, text=True, timeout=60, check=False,
        )
        assert outcome.returncode == 0, outcome.stderr
        return outcome.stdout.strip()

    def remove(self):
        if self.process is not None:
            try:
                self.resume()
                self.kill()
            except (ProcessLookupError, FileNotFoundError):
                pass
        shutil.rmtree(self.folder, ignore_errors=True)
