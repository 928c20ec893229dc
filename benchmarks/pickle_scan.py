"""Scan a pickle of 10.8 million opcodes: Accord against picklescan, side by side in one run.

Run:  python benchmarks/pickle_scan.py [--json] [--opcodes N]
The rival lives in its own environment, `.venv-peers` (python -m venv .venv-peers; .venv-peers/bin/pip install
picklescan==1.0.5). Both get the same file in a process of their own; CPU includes what that process started, and
memory is the largest sum over the process and its children that was seen, sampled every 20 ms.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
OPCODES_A_ROW = 20

OURS = """
import sys
from pathlib import Path
from accord.inspectors.interface import Inspection
from accord.inspectors.model_files.pickles import inspect_pickles
from accord.records import Card, Part, Subject
path = Path(sys.argv[1])
part = Part(role="model", kind="pickle", path=path.name, digest="sha256:0", size=path.stat().st_size)
subject = Subject(name="benchmark", digest="sha256:0", parts=(part,))
outcome = inspect_pickles(Inspection(part=part, subject=subject, root=path.parent, card=Card()))
rules = sorted(finding.rule for finding in outcome.findings)
assert rules == ["MOD-002", "MOD-009"], rules
"""
PICKLESCAN = """
import sys
from picklescan.scanner import scan_file_path
result = scan_file_path(sys.argv[1])
assert result.infected_files == 1 and not result.scan_err, result
"""


class Payload:
    """A global at the very end of the file, which both must find: neither may stop early."""

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return os.system, ("true",)


def write_file(path: Path, opcodes: int) -> None:
    """Write a list of small records, as a dictionary or a tokeniser's vocabulary is pickled, and a payload."""
    rows: list[Any] = [
        {"id": i, "word": f"word-{i:027d}", "score": i * 0.5, "tags": [i % 7, i % 11], "kept": True}
        for i in range(opcodes // OPCODES_A_ROW)
    ]
    path.write_bytes(pickle.dumps([*rows, Payload()], protocol=4))


def memory(pid: int) -> int:
    """Return the physical memory of a process and its children: pages that they share count once (PSS)."""
    total, waiting = 0, [pid]
    while waiting:
        each = waiting.pop()
        try:
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
            total += int(rollup.partition("Pss:")[2].split()[0]) * 1024
            waiting += map(int, Path(f"/proc/{each}/task/{each}/children").read_text().split())
        except (OSError, IndexError):
            continue
    return total


def measure(python: Path | str, code: str, path: Path) -> dict[str, float]:
    """Run `code` on `path` and return CPU seconds, wall seconds and peak memory in MiB."""
    before, started, peak = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter(), 0
    process = subprocess.Popen([str(python), "-c", code, str(path)], stdout=subprocess.DEVNULL)
    finished = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not finished.wait(0.02):
            peak = max(peak, memory(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    status = process.wait()
    finished.set()
    watcher.join()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if status != 0:
        raise SystemExit(f"{python} failed with status {status}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu_seconds": round(cpu, 3), "wall_seconds": round(wall, 3), "peak_mib": round(peak / 2**20, 1)}


def main() -> None:
    """Generate the file, run both, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--opcodes", type=int, default=10_800_000)
    parser.add_argument("--peer", type=Path, default=ROOT / ".venv-peers/bin/python")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "structured.pkl"
        # In a process of its own: a large generator would lend its size to the processes that it starts.
        writer = f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); import pickle_scan, pathlib;"
        call = f"pickle_scan.write_file(pathlib.Path({str(path)!r}), {arguments.opcodes})"
        subprocess.run([sys.executable, "-c", writer + call], check=True)
        result: dict[str, Any] = {"file_mb": round(path.stat().st_size / 1e6, 1), "opcodes": arguments.opcodes}
        result["accord"] = measure(sys.executable, OURS, path)
        if arguments.peer.exists():
            result["picklescan"] = peer = measure(arguments.peer, PICKLESCAN, path)
            ours = result["accord"]
            result["cpu_ratio"] = round(peer["cpu_seconds"] / ours["cpu_seconds"], 1)
            result["memory_ratio"] = round(peer["peak_mib"] / ours["peak_mib"], 1)
        else:
            result["picklescan"] = None
    if arguments.json:
        print(json.dumps(result))
        return
    print(f"{result['opcodes']:,} opcodes, {result['file_mb']} MB")
    for name in ("accord", "picklescan"):
        row = result[name]
        if row is None:
            print(f"{name:12} not installed: see the head of this file")
        else:
            print(f"{name:12} {row['cpu_seconds']:8.2f} s CPU {row['wall_seconds']:8.2f} s {row['peak_mib']:8.1f} MiB")
    if result["picklescan"]:
        print(f"{result['cpu_ratio']} times faster (CPU), {result['memory_ratio']} times less memory")


if __name__ == "__main__":
    main()
