"""The real server in a process of its own: started, killed, and started again on the same folder and port."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from accord.node.auth import accounts, tokens
from accord.node.node import open_node

_MOTHER = """
import json, os, signal, sys
{before}
from accord.cli import main
import accord.cli.serve, accord.node.serving, accord.node.workers, accord.node.app, uvicorn, litestar
from accord.node.app import _handlers
list(_handlers("api")), list(_handlers("pages"))
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
for line in sys.stdin:
    arguments, output = json.loads(line)
    child = os.fork()
    if not child:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        handle = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(handle, 1), os.dup2(handle, 2), os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        {within}
        sys.argv = ["accord", *arguments]
        main()
        os._exit(0)
    print(child, flush=True)
"""


class Mother:
    """A process that has read all modules already: `accord serve` starts from it in a fraction of its usual time."""

    def __init__(self, before="", within="pass"):
        self._process = subprocess.Popen(
            [sys.executable, "-c", _MOTHER.format(before=before, within=within)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._process.stdout.readline() == "ready\n"

    def bear(self, arguments, output):
        self._process.stdin.write(json.dumps([arguments, str(output)]) + "\n")
        self._process.stdin.flush()
        return int(self._process.stdout.readline())

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(10)


class Served:
    """A node and its server. `token` is a publisher's."""

    def __init__(self, mother, folder, **settings):
        self.mother, self.folder, self.pid = mother, folder, 0
        self.output = folder.with_suffix(".out")
        with open_node(folder, requests_per_minute=10**7, **settings) as node:
            account = accounts.add(node, login="publisher", name="P", roles=["publisher"], by="test")
            self.token = tokens.make(node, account.viewer, "test", {"publisher"}, 30)[1]
            self.origin, self.log_key = node.origin, node.log.verifier_key
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-ndjson"}

    def start(self, seconds=20.0):
        arguments = ["serve", "--folder", str(self.folder), "--port", str(self.port), "--quiet"]
        self.pid = self.mother.bear(arguments, self.output)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            assert self.alive, self.output.read_text()
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            time.sleep(0.005)
        raise AssertionError(self.output.read_text())

    @property
    def alive(self):
        with suppress(ProcessLookupError):
            os.kill(self.pid, 0)
            return True
        return False

    def kill(self):
        """kill -9"""
        self._end(signal.SIGKILL)

    def stop(self):
        """As an operator stops it."""
        self._end(signal.SIGTERM)

    def _end(self, number, seconds=20.0):
        if not self.pid:
            return
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)
        deadline = time.monotonic() + seconds
        while self.alive and time.monotonic() < deadline:
            time.sleep(0.002)
        assert not self.alive
        self.pid = 0

    def memory(self):
        """Return (resident, most resident since `forget_most`) in MiB."""
        text = Path(f"/proc/{self.pid}/status").read_text()
        found = dict(line.split(":", 1) for line in text.splitlines())
        return tuple(int(found[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))

    def forget_most(self):
        Path(f"/proc/{self.pid}/clear_refs").write_text("5")


@pytest.fixture(scope="session")
def mother():
    made = Mother()
    yield made
    made.close()


@pytest.fixture(scope="session")
def make_mother():
    """make_mother(before, within): one whose children differ, by code that is run before they start."""
    made = []

    def make(before="", within="pass"):
        made.append(Mother(before, within))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def serve(mother, tmp_path):
    """serve(name, **settings): a node with its server, started; killed in the end."""
    made = []

    def start(name="a", mother=mother, folder=None, **settings):
        settings = {"name": name, "jurisdiction": "DE", **settings}
        made.append(Served(mother, folder or tmp_path / name, **settings))
        made[-1].start()
        return made[-1]

    yield start
    for served in made:
        served.kill()
