"""Start of `accord --help` beyond the bare interpreter (target: 100 ms), and the whole of COMPAS (target: 5 s).

Each command runs several times; the median is shown. COMPAS is assessed afresh, with keys, log and cache in a new home.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]


def seconds(command: list[str], times: int, environment: dict[str, str] | None = None) -> float:
    """Return the median wall time of `command`."""
    runs = []
    for _ in range(times):
        started = time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
        runs.append(time.perf_counter() - started)
    return statistics.median(runs)


def main() -> int:
    """Measure and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    from accord.cli.demo import compas_card, compas_table

    bare = seconds([sys.executable, "-c", "pass"], 15)
    start = seconds([sys.executable, "-m", "accord", "--help"], 15)
    table = compas_table(ROOT / ".venv" / "accord-test-data")
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "ACCORD_HOME": home}
        command = [sys.executable, "-m", "accord", "assess", str(table), "--card", str(compas_card()), "--fresh"]
        compas = seconds([*command, "--out", f"{home}/report"], 3, environment)
    result = {
        "bare_interpreter_s": round(bare, 3),
        "accord_help_s": round(start, 3),
        "beyond_bare_ms": round((start - bare) * 1000),
        "compas_s": round(compas, 2),
    }
    print(json.dumps(result) if as_json else "\n".join(f"{name}: {value}" for name, value in result.items()))
    return 0 if start - bare < 0.1 and compas < 5 else 1


if __name__ == "__main__":
    sys.exit(main())
