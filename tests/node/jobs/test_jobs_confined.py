"""What the process of a job can still do once it has given up its rights; and that it is not believed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time

import pytest

from accord.errors import MalformedInput
from accord.instruments.sandbox import landlock
from accord.node.jobs import processes
from accord.node.jobs.processes import Process, descendants

TRY = """
import json, os, socket, subprocess, sys
from pathlib import Path
from accord.node.jobs.confining import give_up_rights
folder, parent, secret, port = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])
give_up_rights(folder, parent)
def tried(action):
    try:
        action()
    except MemoryError:
        return "MemoryError"
    except Exception as error:
        return getattr(error, "code", type(error).__name__)
    return "done"
def libc_connect():
    import ctypes, struct
    s = socket.socket()
    address = struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + bytes([127, 0, 0, 1]) + bytes(8)
    if ctypes.CDLL(None, use_errno=True).connect(s.fileno(), address, 16) < 0:
        raise OSError(ctypes.get_errno())
print(json.dumps({
    "own": tried(lambda: (folder / "mine").write_text("x")),
    "read": tried(secret.read_text),
    "write": tried(lambda: secret.with_name("other").write_text("x")),
    "list": tried(lambda: list(secret.parent.iterdir())),
    "of-parent": tried(lambda: Path(f"/proc/{parent}/environ").read_bytes()),
    "connect": tried(lambda: socket.create_connection(("127.0.0.1", port), 1)),
    "past-python": tried(libc_connect),
    "look-up": tried(lambda: socket.getaddrinfo("localhost", 1)),
    "listen": tried(lambda: socket.create_server(("127.0.0.1", 0))),
    "memory": tried(lambda: bytearray(3 << 30)),
    "shell": tried(lambda: subprocess.run(["/bin/sh", "-c", "true"])),
    "environment": sorted(os.environ),
}))
"""


def test_it_reaches_nothing_but_its_own_folder(tmp_path):
    assert landlock.abi() >= 4, "this kernel can't show what is tested here"
    (tmp_path / "job").mkdir()
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "node.key").write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = str(server.getsockname()[1])
        command = [sys.executable, "-I", "-c", TRY, str(tmp_path / "job"), str(os.getpid()),
                   str(tmp_path / "keys" / "node.key"), port]  # fmt: skip
        done = subprocess.run(command, stdout=subprocess.PIPE, env={"ACCORD_LANG": "en"}, check=True, timeout=60)
        with pytest.raises(TimeoutError):
            server.accept()
    found = json.loads(done.stdout)
    refused = {"read", "write", "list", "of-parent", "past-python", "shell"}
    assert {name: found[name] for name in refused} == dict.fromkeys(refused, "PermissionError") | {
        "past-python": found["past-python"]
    }
    assert found["past-python"] in ("PermissionError", "OSError")
    assert (found["connect"], found["look-up"], found["listen"]) == ("offline", "offline", "offline")
    assert (found["own"], found["memory"]) == ("done", "MemoryError")
    assert not (tmp_path / "keys" / "other").exists()


@pytest.fixture
def speaking(tmp_path, monkeypatch):
    """Makes a job's process that runs other code than ours."""
    real, made = subprocess.Popen, []

    def start(code):
        def popen(command, **how):
            assert "-I" in command and set(how["env"]) <= set(processes._environment(tmp_path))
            return real([sys.executable, "-I", "-c", code], **how)

        monkeypatch.setattr(processes.subprocess, "Popen", popen)
        made.append(Process(tmp_path))
        return made[-1]

    yield start
    for process in made:
        if process._process.returncode is None:
            process.close()


def heard(process, seconds=20):
    told, deadline = [], time.monotonic() + seconds
    while not process.ended:
        assert time.monotonic() < deadline
        told += process.listen(0.5)
    return told


@pytest.mark.parametrize(
    "code",
    [
        "print('hello')",
        "print('{}' * 100000)",
        "print('[' * 5000)",
        "import sys\nwhile True: sys.stdout.write('x')",
        'while True: print(\'{"written": true}\' + " " * 9000)',
        'print(\'{"event": {"kind": "result", "stage": "no-such"}}\')',
    ],
)
def test_it_is_not_believed(speaking, code):
    process = speaking(code)
    with pytest.raises(MalformedInput) as caught:
        heard(process)
    assert caught.value.remedy
    process.close()


def test_lines_however_they_are_cut(speaking):
    process = speaking(
        'import os, time\nfor c in b\'{"written": true}\\n{"written": false}\\n\':\n'
        "    os.write(1, bytes([c]))\n    time.sleep(.002)"
    )
    assert [item.written for item in heard(process)] == [True, False]
    assert process.close() == 0


def test_its_end_is_the_end_of_all_it_started(speaking):
    deep = "import subprocess,sys,time,threading\n" + (
        "line = [sys.executable, '-I', '-c', 'import time; time.sleep(99)']\n"
        "def child(): subprocess.Popen(line, start_new_session=True)\n"
        "t = threading.Thread(target=child); t.start(); t.join(); child(); time.sleep(99)"
    )
    process = speaking(deep)
    pid, deadline = process._process.pid, time.monotonic() + 20
    while len(below := descendants(pid)) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert process.close() == -signal.SIGKILL
    while any(_runs(child) for child in below):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _runs(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
