"""Databases of the tests' own whose users rotate: made, started, killed on ports of this machine alone.

Each has the same face: `admin` and `make_user` give the JSON of a secret, `logs_in` says whether a credential is good by
the database's own client, `log` is everything that the server wrote about statements.
"""

import atexit
import base64
import http.server
import json
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time

import postgres

READY_WITHIN_SECONDS = 60


class Postgres:
    kind, type = "postgres", "keywright:postgres"

    def __init__(self, tls=False):
        self.cluster = postgres.Cluster(settings={"log_statement": "all", "log_connections": "on"}, tls=tls)
        self.tls = tls

    def start(self):
        self.cluster.start()
        return self

    def stop(self):
        self.cluster.stop()

    def kill(self):
        self.cluster.kill()

    @property
    def port(self):
        return self.cluster.port

    def secret(self, user, password, **more):
        host = "localhost" if self.tls else "127.0.0.1"
        return {"engine": "postgres", "host": host, "port": self.port, "username": user, "password": password,
                "dbname": "postgres", **more}

    def admin(self):
        return self.secret(postgres.USER, self.cluster.password)

    def psql(self, sql, user=postgres.USER, password=None, check=True):
        environment = {**os.environ, "PGPASSWORD": self.cluster.password if password is None else password,
                       "PGCONNECT_TIMEOUT": "10"}
        if self.tls:
            environment |= {"PGSSLMODE": "require"}
        outcome = subprocess.run(
            [str(self.cluster.bin / "psql"), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1",
             "-h", "127.0.0.1", "-p", str(self.port), "-U", user, "-d", "postgres", "-f", "-"],
            input=sql, capture_output=True, text=True, env=environment, timeout=60, check=False)
        if check:
            assert outcome.returncode == 0, outcome.stderr
        return outcome

    def make_user(self, user, password, **more):
        quoted = '"' + user.replace('"', '""') + '"'
        literal = "'" + password.replace("'", "''") + "'"
        self.psql(f"SET log_statement = none; SET standard_conforming_strings = on;"
                  f"CREATE ROLE {quoted} LOGIN PASSWORD {literal};"
                  f"CREATE TABLE IF NOT EXISTS things (n int); GRANT SELECT, INSERT ON things TO {quoted};")
        return self.secret(user, password, **more)

    def change(self, user, password):
        """Somebody else changes the password."""
        quoted = '"' + user.replace('"', '""') + '"'
        self.psql(f"SET log_statement = none; ALTER ROLE {quoted} PASSWORD '{password}'")

    def logs_in(self, value):
        return self.psql("SELECT count(*) FROM things", value["username"], value["password"], check=False).returncode == 0

    def log(self):
        return (self.cluster.folder / "log").read_text(errors="replace")


class Mariadb:
    kind, type = "mariadb", "keywright:mysql"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keywright-mariadb-"))
        self.data, self.port = self.folder / "data", postgres.free_port()
        self.password, self.process = secrets.token_urlsafe(18), None
        self.account = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("mysql")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.account = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        atexit.register(self.remove)

    def start(self):
        first = not self.data.exists()
        if first:
            made = subprocess.run(
                ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--auth-root-authentication-method=normal",
                 "--skip-test-db"], capture_output=True, text=True, timeout=120, check=False, **self.account)
            assert made.returncode == 0, made.stdout + made.stderr
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["/usr/sbin/mariadbd", "--no-defaults", f"--datadir={self.data}", f"--socket={self.folder}/socket",
                 f"--port={self.port}", "--bind-address=127.0.0.1", "--skip-name-resolve",
                 f"--pid-file={self.folder}/pid", "--general-log", f"--general-log-file={self.folder}/general",
                 "--innodb-buffer-pool-size=16M", "--innodb-flush-log-at-trx-commit=1"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, **self.account)
        end = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if self.client("SELECT 1", "root", "" if first else self.password, check=False).returncode == 0:
                if first:
                    self.client(f"SET sql_log_off = 1; ALTER USER root@localhost IDENTIFIED BY '{self.password}';"
                                f"CREATE USER admin@'127.0.0.1' IDENTIFIED BY '{self.password}';"
                                "GRANT ALL ON *.* TO admin@'127.0.0.1' WITH GRANT OPTION; CREATE DATABASE app;", "root", "")
                return self
            time.sleep(0.05)
        raise AssertionError("MariaDB did not start:\n" + (self.folder / "log").read_text(errors="replace")[-3000:])

    def client(self, sql, user="root", password=None, check=True):
        password = self.password if password is None else password
        way = ["--socket", f"{self.folder}/socket"] if user == "root" else ["-h", "127.0.0.1", "-P", str(self.port)]
        outcome = subprocess.run(
            ["mariadb", "--no-defaults", "--protocol", "socket" if user == "root" else "tcp", *way, "-u", user, "-N", "-B",
             "--default-character-set=utf8mb4"],
            input=sql, capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "MYSQL_PWD": password})
        if check:
            assert outcome.returncode == 0, outcome.stderr
        return outcome

    def secret(self, user, password, **more):
        return {"engine": "mariadb", "host": "127.0.0.1", "port": self.port, "username": user, "password": password,
                "dbname": "app", **more}

    def admin(self):
        return self.secret("admin", self.password)

    def make_user(self, user, password, **more):
        quote = lambda text: "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
        self.client(f"SET sql_log_off = 1; CREATE USER {quote(user)}@'127.0.0.1' IDENTIFIED BY {quote(password)};"
                    f"GRANT SELECT, INSERT ON app.* TO {quote(user)}@'127.0.0.1';"
                    "CREATE TABLE IF NOT EXISTS app.things (n int)")
        return self.secret(user, password, **more)

    def change(self, user, password):
        self.client(f"SET sql_log_off = 1; SET PASSWORD FOR '{user}'@'127.0.0.1' = PASSWORD('{password}')")

    def logs_in(self, value):
        return self.client(
            "SELECT count(*) FROM app.things", value["username"], value["password"], check=False).returncode == 0

    def log(self):
        return (self.folder / "general").read_text(errors="replace")

    def stop(self, how=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Redis:
    kind, type = "redis", "keywright:redis"

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="keywright-redis-"))
        self.port, self.password, self.process = postgres.free_port(), secrets.token_urlsafe(18), None
        (self.folder / "users.acl").write_text(
            f"user default off\nuser admin on >{self.password} ~* &* +@all\n", encoding="ascii")
        atexit.register(self.remove)

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", "",
                 "--aclfile", str(self.folder / "users.acl"), "--loglevel", "verbose", "--daemonize", "no"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
        end = time.monotonic() + READY_WITHIN_SECONDS
        while time.monotonic() < end:
            if self.client(["PING"], "admin", self.password) == "PONG":
                return self
            time.sleep(0.02)
        raise AssertionError("Redis did not start:\n" + (self.folder / "log").read_text(errors="replace")[-3000:])

    def client(self, command, user="admin", password=None):
        outcome = subprocess.run(
            ["redis-cli", "-h", "127.0.0.1", "-p", str(self.port), "--user", user, "--no-auth-warning", *command],
            capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "REDISCLI_AUTH": self.password if password is None else password})
        return outcome.stdout.strip()

    def secret(self, user, password, **more):
        return {"engine": "redis", "host": "127.0.0.1", "port": self.port, "username": user, "password": password, **more}

    def admin(self):
        return self.secret("admin", self.password)

    def make_user(self, user, password, **more):
        made = self.client(["ACL", "SETUSER", user, "on", ">" + password, "~app:*", "&*", "-@all", "+get", "+ping",
                            "+acl|setuser", "+acl|save"])
        assert made == "OK", made
        assert self.client(["ACL", "SAVE"]) == "OK"
        return self.secret(user, password, **more)

    def change(self, user, password):
        assert self.client(["ACL", "SETUSER", user, "resetpass", ">" + password]) == "OK"

    def logs_in(self, value):
        return self.client(["GET", "app:x"], value["username"], value["password"]) == ""  and \
            self.client(["PING"], value["username"], value["password"]) == "PONG"

    def log(self):
        return (self.folder / "log").read_text(errors="replace")

    def stop(self, how=signal.SIGTERM):
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def kill(self):
        self.stop(signal.SIGKILL)

    def remove(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


KINDS = {"postgres": Postgres, "mariadb": Mariadb, "redis": Redis}


def dump(value):
    return json.dumps(value)


class CutProxy:
    """Before a database: forwards everything, but loses the answer to the first request that has `marker` in it."""

    def __init__(self, port, marker):
        self.target, self.marker, self.cuts = port, marker, 1
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        server = socket.create_connection(("127.0.0.1", self.target))
        cut = threading.Event()

        def answers():
            try:
                while data := server.recv(65536):
                    if cut.is_set():
                        break
                    client.sendall(data)
            except OSError:
                pass
            for side in (client, server):
                try:
                    side.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        threading.Thread(target=answers, daemon=True).start()
        try:
            while data := client.recv(65536):
                if self.cuts and self.marker in data:
                    self.cuts -= 1
                    cut.set()
                server.sendall(data)
        except OSError:
            pass

    def close(self):
        self.listener.close()


class HttpService:
    """A service with one user whose password changes by `POST /rotate`; it may lose its answer once."""

    def __init__(self, password):
        self.password, self.lose, self.seen = password, 0, []
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def right(self):
                sent = base64.b64decode(self.headers.get("Authorization", "Basic ").split(" ", 1)[1]).decode()
                return sent == f"app:{service.password}"

            def do_GET(self):
                service.seen.append("GET " + self.path)
                self.reply(200 if self.right() else 401)

            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                service.seen.append("POST " + self.path)
                if self.path == "/redirect":
                    self.send_response(307)
                    self.send_header("Location", "/rotate")
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                if not self.right() or body["current_password"] != service.password:
                    self.reply(401)
                    return
                service.password = body["new_password"]
                if service.lose:
                    service.lose -= 1
                    self.close_connection = True
                    self.connection.shutdown(socket.SHUT_RDWR)
                    return
                self.reply(204)

            def reply(self, status):
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def secret(self, path="/rotate"):
        url = f"http://127.0.0.1:{self.port}"
        return {"username": "app", "password": self.password, "rotate_url": url + path, "test_url": url + "/me"}

    def close(self):
        self.server.shutdown()
