"""Statements that a node takes in over HTTP, in batches: heard, logged, safe on disk, acknowledged.

Run:  python benchmarks/intake.py [--json] [--statements N] [--batch N] [--senders N]

A server process (`accord serve`, SQLite with a flush at every commit) and a client process that sends what was signed
before share this machine's cores. A statement counts when the answer to its batch is there. Afterwards the log is read
from end to end and must hold every one. Exit status 1 below 5,000 statements/s, or if one is missing.

Beside it: what Tessera publishes of its own POSIX storage (github.com/transparency-dev/tessera, docs/performance.md and
storage/posix/PERFORMANCE.md). Those logs take entries as bytes: they check no signature, and sequence in batches of
their own. Other machines, other work: read the two columns as orders of magnitude.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from accord.node.auth import accounts, tokens
from accord.node.node import open_node
from accord.node.operating.auditing import check
from accord.records.said import Dispute, Person
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import say
from accord.trust.statement import subject

TARGET = 5_000
MAX_BYTES = 2_000
TESSERA = {
    "Tessera POSIX, NVMe, antispam on, up to 7 cores": "~10,000/s",
    "Tessera POSIX, SAS HDD": "2,900/s (1,600/s with antispam)",
    "Tessera POSIX, e2-micro VM": "> 1,500/s (~600/s with antispam)",
}


def sign_some(first: int, count: int) -> list[bytes]:
    """Return signed lines of just under 2 KB, all different."""
    signer = SigningKey.generate()
    lines = []
    for number in range(first, first + count):
        target = f"sha256:{number:064x}"
        text = f"Objection {number}: " + "the groups were not those of our register. " * 12
        record = Dispute(target=target, objection=text, by=Person(name="A. Person", role="officer"))
        lines.append(say(record, "dispute", [subject("statement", target)], signers=[signer]))
    assert max(map(len, lines)) <= MAX_BYTES
    return lines


def signed(count: int) -> list[bytes]:
    """Return `count` signed lines, signed on every core."""
    step = 2_000
    with ProcessPoolExecutor() as pool:
        parts = pool.map(sign_some, range(0, count, step), [min(step, count - at) for at in range(0, count, step)])
        return [line for part in parts for line in part]


def send(port: int, token: str, bodies: list[bytes], lock: threading.Lock, seconds: list[float]) -> None:
    """Send bodies until there are none, over one connection, and note how long each answer took."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/x-ndjson"}
    while True:
        with lock:
            if not bodies:
                return
            body = bodies.pop()
        started = time.perf_counter()
        connection.request("POST", "/api/v1/statements", body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        seconds.append(time.perf_counter() - started)
        assert answer.status == 200, said
        assert said["refused"] == 0, said


def cpu_seconds(session: int) -> float:
    """Return the processor time that the processes of a session took: a server with those that hear for it."""
    ticks = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        if int(fields[3]) == session:
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def flush_ms(folder: Path) -> float:
    """Return how long a flush of a small write takes here: what durable means on this disk."""
    times = []
    with (folder / "flush").open("wb") as file:
        for _ in range(50):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times)


def main() -> int:
    """Measure and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--statements", type=int, default=50_000)
    parser.add_argument("--batch", type=int, default=1_000)
    parser.add_argument("--senders", type=int, default=3)
    arguments = parser.parse_args()
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "node"
        with open_node(folder, name="Benchmark", jurisdiction="INT", requests_per_minute=10**7) as node:
            account = accounts.add(node, login="publisher", name="P", roles=["publisher"], by="benchmark")
            token = tokens.make(node, account.viewer, "benchmark", {"publisher"}, 1)[1]
            before = node.size
        lines = signed(arguments.statements + arguments.batch)
        batches = [b"\n".join(lines[at : at + arguments.batch]) for at in range(0, len(lines), arguments.batch)]
        server = subprocess.Popen(
            [sys.executable, "-m", "accord", "serve", "--folder", str(folder), "--port", "0", "--quiet"],
            stdout=subprocess.PIPE, text=True, env={**os.environ, "ACCORD_LANG": "en"}, start_new_session=True,
        )  # fmt: skip
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline().rstrip().rstrip("/").rpartition(":")[2])
            seconds: list[float] = []
            send(port, token, [batches.pop()], threading.Lock(), seconds)  # starts what starts at first use
            seconds.clear()
            count, lock = len(batches), threading.Lock()
            senders = [
                threading.Thread(target=send, args=(port, token, batches, lock, seconds))
                for _ in range(arguments.senders)
            ]
            cpu, own = cpu_seconds(server.pid), time.process_time()
            started = time.perf_counter()
            for sender in senders:
                sender.start()
            for sender in senders:
                sender.join()
            taken = time.perf_counter() - started
            cpu, own = cpu_seconds(server.pid) - cpu, time.process_time() - own
            most = int(Path(f"/proc/{server.pid}/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
        finally:
            server.terminate()
            server.wait(30)
        assert len(seconds) == count, "a sender failed"
        with open_node(folder) as node:
            found = check(node)
            missing = before + len(lines) - found.logs[0].size
            whole = not found.faults and not missing and found.logs[0].statements == found.logs[0].size
        ranked = sorted(seconds)
        result = {
            "statements": arguments.statements,
            "bytes_each": round(statistics.mean(map(len, lines))),
            "batch": arguments.batch,
            "senders": arguments.senders,
            "cores": os.cpu_count(),
            "flush_ms": round(flush_ms(Path(place)), 2),
            "statements_per_s": round(arguments.statements / taken),
            "server_cpu_us_each": round(cpu / arguments.statements * 1e6),
            "client_cpu_us_each": round(own / arguments.statements * 1e6),
            "load_before": load,
            "batch_p50_ms": round(ranked[len(ranked) // 2] * 1000),
            "batch_p99_ms": round(ranked[int(len(ranked) * 0.99)] * 1000),
            "server_rss_mib": round(most),
            "all_there_and_fitting": whole,
        }
    if arguments.json:
        print(json.dumps({**result, "published": TESSERA}))
    else:
        for name, value in {**result, **{f"published: {name}": value for name, value in TESSERA.items()}}.items():
            print(f"{name}: {value}")
    return 0 if result["statements_per_s"] >= TARGET and whole else 1


if __name__ == "__main__":
    sys.exit(main())
