"""Go's own note and tlog packages (golang.org/x/mod/sumdb, of Debian), asked by the tests beside.

Where Go is, they run with all others. Where it is not, they are skipped, and `make soak` installs it.
"""

import json
import os
import shutil
import subprocess
from base64 import b64encode
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GOPATH = Path("/usr/share/gocode")


class Reference:
    """The program tests/go/main.go, asked a line of JSON at a time; bytes travel as base64."""

    class Refused(Exception):
        """What Go said."""

    def __init__(self, program):
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, what, **more):
        line = json.dumps({"do": what, **more}, default=lambda data: b64encode(data).decode())
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        found = json.loads(self._process.stdout.readline())
        if "error" in found:
            raise self.Refused(found["error"])
        return found

    def close(self):
        self._process.stdin.close()
        assert self._process.wait(20) == 0
        self._process.stdout.close()


def missing():
    """Say what of Go is not here; nothing if all is."""
    if shutil.which("go") is None:
        return "golang-go is not installed"
    return "" if (GOPATH / "src/golang.org/x/mod/sumdb").is_dir() else "golang-golang-x-mod-dev is not installed"


@pytest.fixture(scope="session")
def missing_go():
    return missing


@pytest.fixture(scope="session")
def go(tmp_path_factory):
    if missing():
        pytest.skip(f"{missing()}: `make soak` or tests/go/install.sh installs it")
    program = tmp_path_factory.mktemp("go") / "reference"
    settled = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "", "GOCACHE": str(ROOT / ".venv/go-cache")}
    command = ["go", "build", "-o", program, ROOT / "tests/go/main.go"]
    subprocess.run(command, env={**os.environ, **settled}, check=True, timeout=300)
    reference = Reference(program)
    yield reference
    reference.close()
