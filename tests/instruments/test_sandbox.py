"""The sandbox is tested by trying: each test runs, in a child, what a hostile target would run."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import accord
from accord.errors import AccordError, LimitExceeded, MalformedInput, Unavailable, UsageError
from accord.instruments.sandbox import Limits, Sandbox, run_apart

ATTACKS = """
import ctypes, errno, os, signal, socket, struct, sys, threading, time
from accord.errors import MalformedInput

def attempt(action):
    try:
        action()
    except OSError as error:
        return f"refused {error.errno}".encode()
    return b"done"

def echo(request): return request[::-1]
def read_file(request): return attempt(lambda: open(request, "rb").read(1))
def write_file(request): return attempt(lambda: open(request, "wb").write(b"x"))
def truncate_file(request): return attempt(lambda: os.truncate(request, 0))
def change_mode(request): return attempt(lambda: os.chmod(request, 0o777))
def link_out(request): return attempt(lambda: os.link(request, "stolen"))
def rename_out(request): return attempt(lambda: os.rename(request, "stolen"))
def write_scratch(request):
    open("mine.txt", "wb").write(request)
    os.mkdir("folder")
    return open(os.path.join(os.environ["HOME"], "mine.txt"), "rb").read()
def fill_scratch(request):
    for number in range(1000):
        open(str(number), "wb").write(bytes(1 << 20))
        time.sleep(0.01)
def list_folder(request): return attempt(lambda: os.listdir(request))
def connect_tcp(request):
    return attempt(lambda: socket.create_connection(("127.0.0.1", int(request)), 2))
def connect_udp(request):
    return attempt(lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("127.0.0.1", int(request))))
def connect_unix(request):
    return attempt(lambda: socket.socket(socket.AF_UNIX).connect(request.decode()))
def connect_abstract(request):
    return attempt(lambda: socket.socket(socket.AF_UNIX).connect(b"\\0" + request))
def pair(request): return attempt(socket.socketpair)
def fork(request):
    def go():
        if os.fork() == 0:
            os._exit(0)
    return attempt(go)
def run_program(request): return attempt(lambda: os.execv("/bin/sh", ["sh", "-c", "exit 7"]))
def signal_process(request): return attempt(lambda: os.kill(int(request), 0))
def signal_group(request): return attempt(lambda: os.kill(-1, 0))
def trace_process(request):
    libc = ctypes.CDLL(None, use_errno=True)
    return b"done" if libc.ptrace(16, int(request), 0, 0) == 0 else b"refused %d" % ctypes.get_errno()
def limit_process(request):
    import resource
    return attempt(lambda: resource.prlimit(int(request), resource.RLIMIT_NOFILE, (1, 1)))
def environment(request): return repr(sorted(os.environ)).encode()
def descriptors(request):
    found = []
    for number in range(256):
        try:
            os.fstat(number)
        except OSError:
            continue
        found.append(number)
    return repr(found).encode()
def thread(request):
    answer = []
    worker = threading.Thread(target=lambda: answer.append(request))
    worker.start(); worker.join()
    return answer[0]

def memory_bomb(request): return b"%d" % len([bytearray(1 << 24) for _ in range(1 << 20)])
def quick_bomb(request): return b"%d" % len(bytearray(1 << 40))
def loop(request):
    while True: pass
def sleep(request): time.sleep(3600)
def deep(request): return deep(request)
def exit_now(request): os._exit(3)
def crash(request): ctypes.string_at(0)
def raise_system_exit(request): sys.exit(0)
def output(request): return bytes(int(request))
def chatter(request):
    for _ in range(2000): print("x" * 1000); print("y" * 1000, file=sys.stderr)
    os.write(1, b"z" * 1000)
    return b"still here"
def wrong_type(request): return "text"
def malformed(request): raise MalformedInput("bad\\x1b[31m-code", "line\\x00 " + "m" * 9999, "r\\u202e")
def other_error(request): raise KeyError("secret\\n\\x1b[2J" + "k" * 9999)
def reply_pipe():
    return max(number for number in range(3, 64) if _open(number))
def _open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
def garbage(request):
    os.write(reply_pipe(), b"garbage" * 100)
    time.sleep(3600)
def lie_about_length(request):
    os.write(reply_pipe(), struct.pack("<4scIQ", b"ACC1", b"R", 1, 1 << 60))
    time.sleep(3600)
def answer_twice(request):
    os.write(reply_pipe(), struct.pack("<4scIQ", b"ACC1", b"R", 1, 1) + b"a" + b"more")
    return b"honest"
def close_pipes(request):
    os.closerange(3, 64)
    time.sleep(3600)
def ignore_signals_and_loop(request):
    import resource
    signal.signal(signal.SIGXCPU, signal.SIG_IGN); signal.signal(signal.SIGALRM, signal.SIG_IGN)
    while True: pass
"""


@pytest.fixture(scope="module")
def attacks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("attacks")
    (folder / "attacks.py").write_text(ATTACKS)
    return folder


@pytest.fixture(scope="module")
def execute(attacks: Path) -> Iterator[Sandbox]:
    with Sandbox("execute", importable=[attacks]) as box:
        yield box


def run(box: Sandbox, name: str, request: object = b"") -> bytes:
    data = request if isinstance(request, bytes) else str(request).encode()
    return box.call(f"attacks:{name}", data).body


# --- what works


@pytest.mark.parametrize("profile", ["decode", "execute"])
def test_a_call_returns_bytes_and_its_cost(attacks: Path, profile: str) -> None:
    with Sandbox(profile, importable=[attacks]) as box:  # type: ignore[arg-type]
        reply = box.call("attacks:echo", b"abc")
        assert reply.body == b"cba"
        assert 1 << 20 < reply.peak_memory_bytes < 200 << 20
        assert 0 <= reply.cpu_seconds < 10
        assert box.call("attacks:echo", bytes(3 << 20)).body == bytes(3 << 20)
        assert {"rlimits", "seccomp", "no-new-privileges"} <= set(box.isolation.granted)
        assert box.isolation.profile == profile
        assert not box.isolation.unsafe


def test_the_child_is_reused(attacks: Path) -> None:
    with Sandbox("decode", importable=[attacks]) as box:
        assert run(box, "echo", b"x") == b"x"
        first = box._running().pid
        assert run(box, "echo", b"x") == b"x"
        assert box._running().pid == first


def test_the_target_is_readable_and_nothing_else(attacks: Path, tmp_path: Path) -> None:
    target, secret = tmp_path / "target", tmp_path / "secret"
    target.write_bytes(b"t")
    secret.write_bytes(b"s")
    secret.chmod(0o600)
    for profile in ("decode", "execute"):
        with Sandbox(profile, readable=[target], importable=[attacks]) as box:  # type: ignore[arg-type]
            if not any(word.startswith("landlock") for word in box.isolation.granted):
                pytest.skip("this kernel has no Landlock")
            assert run(box, "read_file", target) == b"done"
            assert run(box, "read_file", secret) == b"refused 13"
            assert run(box, "write_file", target) == b"refused 13"
            assert run(box, "list_folder", tmp_path) == b"refused 13"
            assert run(box, "list_folder", Path.home()) == b"refused 13"
            assert run(box, "read_file", f"/proc/{os.getpid()}/environ") == b"refused 13"
    assert target.read_bytes() == b"t"


def test_numpy_and_pyarrow_work_inside(attacks: Path) -> None:
    (attacks / "heavy.py").write_text(
        "def table(request):\n"
        "    import numpy, pyarrow, pyarrow.csv, io\n"
        "    table = pyarrow.csv.read_csv(io.BytesIO(request))\n"
        "    return repr(numpy.asarray(table['a']).sum().item()).encode()\n"
    )
    with Sandbox("decode", importable=[attacks]) as box:
        assert box.call("heavy:table", b"a,b\n1,2\n3,4\n").body == b"4"


def test_prints_do_not_disturb(execute: Sandbox) -> None:
    assert run(execute, "chatter") == b"still here"


def test_threads_work(execute: Sandbox) -> None:
    assert run(execute, "thread", b"woven") == b"woven"


# --- what the execute profile takes away


def test_only_the_scratch_folder_is_writable(execute: Sandbox, tmp_path: Path) -> None:
    assert run(execute, "write_scratch", b"kept") == b"kept"
    outside = tmp_path / "outside"
    outside.write_bytes(b"whole")
    for attack in ("write_file", "truncate_file", "change_mode", "link_out", "rename_out"):
        assert run(execute, attack, outside).startswith(b"refused"), attack
    assert run(execute, "write_file", tmp_path / "new").startswith(b"refused")
    assert outside.read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside"]


def test_the_scratch_folder_is_removed(attacks: Path) -> None:
    with Sandbox("execute", importable=[attacks]) as box:
        run(box, "write_scratch", b"x")
        scratch = Path(box._scratch or "")
        assert (scratch / "mine.txt").exists()
    assert not scratch.exists()


def test_no_connection_of_any_family(execute: Sandbox, tmp_path: Path) -> None:
    name = f"accord-{os.getpid()}"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        udp.settimeout(0.2)
        with socket.socket(socket.AF_UNIX) as unix, socket.socket(socket.AF_UNIX) as abstract:
            unix.bind(str(tmp_path / "s"))
            unix.listen()
            abstract.bind(b"\0" + name.encode())
            abstract.listen()
            # The servers do listen: the same connections work from here.
            socket.create_connection(tcp.getsockname(), 2).close()
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(tmp_path / "s"))
            assert run(execute, "connect_tcp", tcp.getsockname()[1]) == b"refused 1"
            assert run(execute, "connect_udp", udp.getsockname()[1]) == b"refused 1"
            assert run(execute, "connect_unix", tmp_path / "s") == b"refused 1"
            assert run(execute, "connect_abstract", name) == b"refused 1"
            assert run(execute, "pair") == b"refused 1"
        with pytest.raises(TimeoutError):
            udp.recv(1)


def test_no_network_without_seccomp_either(attacks: Path) -> None:
    """Landlock and the empty network namespace stand behind the filter."""
    with socket.create_server(("127.0.0.1", 0)) as tcp:
        box = Sandbox("execute", importable=[attacks], withhold=["seccomp"], unsafe_no_isolation=True)
        with box:
            if not {"network-namespace", "landlock-4", "landlock-7"} & set(box.isolation.granted):
                pytest.skip("this kernel grants neither")
            assert run(box, "connect_tcp", tcp.getsockname()[1]).startswith(b"refused")
            assert box.isolation.unsafe


def test_no_other_process_can_be_made_or_touched(execute: Sandbox) -> None:
    assert run(execute, "fork") == b"refused 1"
    assert run(execute, "run_program") == b"refused 1"
    assert run(execute, "signal_process", os.getpid()) == b"refused 1"
    assert run(execute, "signal_group") == b"refused 1"
    assert run(execute, "trace_process", os.getpid()) == b"refused 1"
    assert run(execute, "limit_process", os.getpid()) == b"refused 1"


def test_nothing_is_inherited(execute: Sandbox, monkeypatch: pytest.MonkeyPatch, attacks: Path) -> None:
    monkeypatch.setenv("ACCORD_SECRET", "s")
    with Path(__file__).open(), Sandbox("execute", importable=[attacks]) as box:
        assert b"ACCORD_SECRET" not in run(box, "environment")
        assert len(eval(run(box, "descriptors"))) == 5  # null, null, stderr, requests, replies


def test_the_decode_profile_cannot_run_programs_or_connect(attacks: Path) -> None:
    with Sandbox("decode", importable=[attacks]) as box:
        assert run(box, "run_program") == b"refused 1"
        assert run(box, "pair") == b"refused 1"
        assert run(box, "write_file", "/dev/shm/accord-x").startswith(b"refused")


# --- what a hostile child can't do to the parent

QUICK = Limits(wall_seconds=20, cpu_seconds=1, memory_bytes=300 << 20, output_bytes=1 << 20, scratch_bytes=8 << 20)


@pytest.mark.parametrize(
    ("attack", "request_bytes", "kind", "code"),
    [
        ("memory_bomb", b"", LimitExceeded, "memory-limit"),
        ("quick_bomb", b"", LimitExceeded, "memory-limit"),
        ("loop", b"", LimitExceeded, "cpu-limit"),
        ("ignore_signals_and_loop", b"", LimitExceeded, "cpu-limit"),
        ("output", b"2000000", LimitExceeded, "output-limit"),
        ("fill_scratch", b"", LimitExceeded, "scratch-limit"),
        ("exit_now", b"", MalformedInput, "child-died"),
        ("crash", b"", MalformedInput, "child-died"),
        ("garbage", b"", MalformedInput, "malformed-reply"),
        ("lie_about_length", b"", LimitExceeded, "output-limit"),
        ("answer_twice", b"", MalformedInput, "malformed-reply"),
        ("close_pipes", b"", MalformedInput, "malformed-reply"),
        ("raise_system_exit", b"", MalformedInput, "child-died"),
        ("deep", b"", AccordError, "inspector-failed"),
        ("wrong_type", b"", AccordError, "inspector-failed"),
        ("no_such_function", b"", AccordError, "inspector-failed"),
    ],
)
def test_every_misdeed_is_a_bounded_error(
    attacks: Path, attack: str, request_bytes: bytes, kind: type[AccordError], code: str
) -> None:
    with Sandbox("execute", importable=[attacks], limits=QUICK) as box:
        started = time.monotonic()
        with pytest.raises(kind) as caught:
            run(box, attack, request_bytes)
        assert caught.value.code == code
        assert time.monotonic() - started < 20
        assert run(box, "echo", b"ab") == b"ba"


def test_a_child_that_sleeps_is_ended_by_the_clock(attacks: Path) -> None:
    limits = Limits(wall_seconds=0.5)
    with Sandbox("decode", importable=[attacks], limits=limits) as box, pytest.raises(LimitExceeded) as caught:
        run(box, "sleep")
    assert caught.value.code == "wall-limit"


def test_errors_come_back_short_and_escaped(execute: Sandbox) -> None:
    with pytest.raises(MalformedInput) as caught:
        run(execute, "malformed")
    error = caught.value
    assert error.code == "bad\\x1b[31m-code"
    assert error.message.startswith("line\\x00 m")
    assert len(error.message) < 600
    assert error.remedy == "r\\u202e"
    with pytest.raises(AccordError) as other:
        run(execute, "other_error")
    assert other.value.code == "inspector-failed"
    assert other.value.message.isprintable()
    assert len(other.value.message) < 400


def test_the_child_does_not_outlive_the_box(attacks: Path) -> None:
    with Sandbox("decode", importable=[attacks]) as box:
        run(box, "echo", b"x")
        pid = box._running().pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_it_works_from_another_thread(attacks: Path) -> None:
    answers: list[bytes] = []

    def work() -> None:
        with Sandbox("decode", importable=[attacks]) as box:
            answers.append(run(box, "echo", b"ab"))

    worker = threading.Thread(target=work)
    worker.start()
    worker.join()
    assert answers == [b"ba"]


# --- kernels that grant less


@pytest.mark.parametrize("missing", ["landlock", "seccomp"])
def test_execute_without_isolation_is_refused(attacks: Path, missing: str) -> None:
    with Sandbox("execute", importable=[attacks], withhold=[missing]) as box:
        with pytest.raises(Unavailable) as caught:
            run(box, "echo", b"x")
        assert caught.value.code == "no-isolation"
    with Sandbox("execute", importable=[attacks], withhold=[missing], unsafe_no_isolation=True) as box:
        assert run(box, "echo", b"ab") == b"ba"
        assert box.isolation.unsafe
        assert missing in box.isolation.refused


def test_decode_degrades_and_says_so(attacks: Path) -> None:
    with Sandbox("decode", importable=[attacks], withhold=["landlock", "seccomp", "network-namespace"]) as box:
        assert run(box, "echo", b"ab") == b"ba"
        assert {"landlock", "seccomp", "network-namespace"} <= set(box.isolation.refused)
        assert not box.isolation.unsafe


def test_an_unknown_profile_is_refused() -> None:
    with pytest.raises(UsageError):
        Sandbox("gentle")  # type: ignore[arg-type]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_an_ordinary_user_gets_the_same(attacks: Path, tmp_path: Path) -> None:
    """The tests above ran as root; here the parent is an ordinary user (65534)."""
    code = (
        "from accord.instruments.sandbox import Sandbox\n"
        f"with Sandbox('execute', importable=[{str(attacks)!r}]) as box:\n"
        "    answers = [box.call('attacks:' + name, b'1').body for name in\n"
        "               ('echo', 'fork', 'pair', 'run_program', 'signal_process')]\n"
        "    answers.append(box.call('attacks:write_scratch', b'w').body)\n"
        "    print(answers, box.isolation.granted)\n"
    )
    for folder in (attacks, *attacks.parents):  # pytest's folders are for their owner only
        if folder.name.startswith(("pytest-", "popen-")):
            folder.chmod(0o755)
    attacks.chmod(0o755)
    nobody: dict[str, Any] = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    paths = [str(Path(module.__file__ or "").parents[1]) for module in (accord, msgspec)]
    private = [
        folder for path in paths for folder in (Path(path), *Path(path).parents) if not folder.stat().st_mode & 1
    ]
    if private:
        pytest.skip(f"an ordinary user may not enter {private[0]}, where the code under test lies")
    interpreters = [sys.executable, f"/usr/bin/python{sys.version_info.major}.{sys.version_info.minor}"]
    for interpreter in interpreters:  # the one in use may lie in a folder of root's
        try:
            finished = subprocess.run(
                [interpreter, "-c", code],
                env={"PYTHONPATH": os.pathsep.join(paths)},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                **nobody,
            )
        except PermissionError:
            continue
        break
    else:
        pytest.skip("no interpreter here that an ordinary user may run")
    said = finished.stdout
    assert b"b'refused 1', b'refused 1', b'refused 1', b'refused 1', b'w'" in said, said
    assert b"landlock" in said


# --- the fork inside


def test_run_apart_returns_or_says_how_it_ended() -> None:
    limits = {"memory_bytes": 2 << 30, "cpu_seconds": 1, "wall_seconds": 10, "output_bytes": 1000}

    def crash() -> bytes:
        os.kill(os.getpid(), signal.SIGSEGV)
        return b""

    def loop() -> bytes:
        while True:
            pass

    def fork() -> bytes:
        try:
            os.fork()
        except PermissionError:
            return b"refused"
        return b"forked"

    def fail() -> bytes:
        raise KeyError("x")

    def grow() -> bytes:
        return bytes(len([bytearray(1 << 26) for _ in range(100)]))

    assert run_apart(lambda: b"fine", **limits).body == b"fine"
    assert run_apart(crash, **limits).ending == "crashed"
    assert run_apart(loop, **limits).ending == "cpu"
    assert run_apart(lambda: time.sleep(60) or b"", **{**limits, "wall_seconds": 0.2}).ending == "wall"
    assert run_apart(lambda: bytes(2000), **limits).ending == "output"
    assert run_apart(fail, **limits).ending == "raised"
    assert run_apart(grow, **{**limits, "memory_bytes": 600 << 20, "cpu_seconds": 9}).ending == "memory"
    assert run_apart(fork, **limits).body == b"refused"
