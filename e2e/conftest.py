"""A real server for each module of tests, and the real clients pointed at it."""

import configparser
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import boto3
import botocore.config
import pytest

import postgres

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = pathlib.Path(os.environ.get("KEYWRIGHT_BINARY", ROOT / "target/debug/keywright"))
REGION = "eu-central-1"
READY_WITHIN_SECONDS = 30


# The engine that the tests under way run on, and the PostgreSQL that they share.
ENGINE = {"name": "sqlite", "cluster": None}


def shared_cluster():
    if ENGINE["cluster"] is None:
        ENGINE["cluster"] = postgres.Cluster().start()
    return ENGINE["cluster"]


def new_store():
    """A setting of `--store` for a new, empty store on the engine of the tests under way."""
    return shared_cluster().database() if ENGINE["name"] == "postgres" else "sqlite"


class Server:
    """`keywright server` on a port of its own, with a data folder that outlives it."""

    def __init__(self, folder, arguments=(), prefix=(), environment=None, store=None):
        self.folder = pathlib.Path(folder)
        self.data = self.folder / "data"
        self.store = store or new_store()
        self.arguments = list(arguments)
        self.prefix = list(prefix)
        self.environment = environment or {}
        self.process = None
        # The node whose data folder has the root user's access key.
        self.credentials_of = self
        self.port = 0
        self.listen, self.ready_at = None, r"127\.0\.0\.1"
        self.log = []

    def start(self):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment["KEYWRIGHT_STORE"] = self.store
        # Hundreds of servers would make keys that nobody asks for.
        environment["KEYWRIGHT_KMS_STOCKED_RSA_KEYS"] = "0"
        environment.update(self.environment)
        listen = self.listen or f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            [*self.prefix, str(BINARY), "server", "--data", str(self.data), "--listen", listen, *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            text=True,
        )
        ready = threading.Event()

        def read():
            for line in self.process.stdout:
                self.log.append(line)
                found = re.search(rf"ready address={self.ready_at}:(\d+)", line)
                if found:
                    self.port = int(found.group(1))
                    ready.set()
            ready.set()

        threading.Thread(target=read, daemon=True).start()
        ready.wait(READY_WITHIN_SECONDS)
        if not self.port or self.process.poll() is not None:
            raise AssertionError("the server did not start:\n" + "".join(self.log))
        return self

    def stop(self):
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=30)
            self.process = None

    def kill(self):
        self.process.kill()
        self.process.wait(timeout=30)
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self):
        """The root user's access key as the server left it for its operator."""
        file = configparser.ConfigParser()
        file.read(self.credentials_of.data / "root-credentials")
        section = file["keywright"]
        return section["aws_access_key_id"], section["aws_secret_access_key"]

    def client(self, service="kms", **settings):
        access_key_id, secret = self.credentials
        settings.setdefault("retries", {"max_attempts": 1, "mode": "standard"})
        validate = settings.pop("validate", True)
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=settings.pop("region", REGION),
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret,
            config=botocore.config.Config(parameter_validation=validate, **settings),
        )

    def variables(self):
        """The environment of a stock client."""
        access_key_id, secret = self.credentials
        environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        environment.update(
            AWS_ACCESS_KEY_ID=access_key_id,
            AWS_SECRET_ACCESS_KEY=secret,
            AWS_ENDPOINT_URL=self.url,
            AWS_REGION=REGION,
            AWS_DEFAULT_REGION=REGION,
            AWS_PAGER="",
        )
        return environment

    def keywright(self, *arguments, environment=()):
        """Another command of the binary."""
        variables = {**self.variables(), **dict(environment)}
        return subprocess.run(
            [str(BINARY), *arguments], capture_output=True, text=True, env=variables, timeout=60
        )


def make_server(folder, **settings):
    return Server(folder, **settings)


def pytest_generate_tests(metafunc):
    """Every test runs on both engines, but for modules that say otherwise with ENGINES."""
    engines = getattr(metafunc.module, "ENGINES", ["sqlite", "postgres"])
    metafunc.parametrize("engine", engines, scope="module", indirect=True)


@pytest.fixture(scope="module", autouse=True)
def engine(request):
    ENGINE["name"] = request.param
    return request.param


@pytest.fixture(scope="module")
def server(request, engine):
    """One server for a module; its settings come from the module's ARGUMENTS."""
    if not BINARY.exists():
        pytest.exit(f"{BINARY} is missing: build it first (make test does)", 3)
    folder = tempfile.mkdtemp(prefix="keywright-e2e-")
    running = Server(folder, arguments=getattr(request.module, "ARGUMENTS", ())).start()
    yield running
    note_calls(running)
    running.stop()
    shutil.rmtree(folder)


# (service, operation, "OK" or not) as the servers of this run counted them.
CALLED = set()


def note_calls(server):
    with urllib.request.urlopen(server.url + "/metrics", timeout=10) as answer:
        text = answer.read().decode()
    for line in text.splitlines():
        if line.startswith("keywright_requests_total{"):
            labels = dict(re.findall(r'(\w+)="([^"]*)"', line))
            CALLED.add((labels["service"], labels["operation"], labels["code"] == "OK"))


# What no client can show, and why.
UNSHOWN = {
    **{("kms", f"{verb}CustomKeyStore", True): "there are no custom key stores, so that none is found and none is made"
       for verb in ("Create", "Connect", "Delete", "Disconnect", "Update")},
    ("sts", "DecodeAuthorizationMessage", True): "no encoded messages are given out, so that none can be decoded",
    ("sts", "GetCallerIdentity", False): "everybody may; only the door refuses it, before it is known what is asked",
}


def pytest_sessionfinish(session, exitstatus):
    """An operation counts as served only if a real client called it, with success and with failure."""
    every_file = {path.name for path in pathlib.Path(__file__).parent.glob("test_*.py")}
    ran = {item.path.name for item in getattr(session, "items", [])}
    if exitstatus != 0 or not every_file <= ran:
        return
    sections = re.split(r"^## (\w+) .*$", (ROOT / "docs/parity.md").read_text(encoding="utf-8"), flags=re.M)[1:]
    served = [
        (service, operation)
        for service, table in zip(sections[::2], sections[1::2], strict=True)
        for operation in re.findall(r"\| (\w+) \| yes \|", table)
    ]
    unproven = [
        f"{operation} of {service} was never called with {'success' if good else 'failure'}"
        for service, operation in served
        for good in (True, False)
        if (service, operation, good) not in CALLED | UNSHOWN.keys()
    ]
    if unproven:
        print("\ndocs/parity.md says more than was shown:", *unproven, sep="\n  ")
        session.exitstatus = 1


@pytest.fixture()
def folder():
    place = tempfile.mkdtemp(prefix="keywright-e2e-")
    yield pathlib.Path(place)
    shutil.rmtree(place, ignore_errors=True)


@pytest.fixture(scope="module")
def kms(server):
    return server.client()


def wait_until(condition, seconds=20, what="the condition"):
    """Polls until `condition` gives something; the bound is for failures only."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"{what} did not come within {seconds} s")


def aws(server, *arguments, prefix=(), **settings):
    """The stock AWS CLI of this environment."""
    program = pathlib.Path(sys.executable).parent / "aws"
    return subprocess.run(
        [*prefix, sys.executable, str(program), *arguments],
        capture_output=True,
        text=True,
        env=server.variables(),
        timeout=120,
        check=False,
        **settings,
    )
