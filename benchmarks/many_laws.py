"""Load the whole library and judge one assessment under all of it; and read a real OSCAL catalogue beside its rival.

CPU seconds beyond the start of the interpreter, as a fresh process spends them: imports, library, the COMPAS record
and every verdict. Targets: 150 ms with the compiled cache, 900 ms without. The catalogue is NIST SP 800-53 r5 (1,196
controls); the rival is compliance-trestle in `.venv-peers`, from the bytes to its own objects, with its imports.

Run:  python benchmarks/many_laws.py [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CATALOG = ROOT / ".venv" / "accord-test-data" / "NIST_SP-800-53_rev5_catalog.json"
TIMES = 15

JUDGE = """
import gc
import sys
gc.set_threshold(50_000, 20, 50)  # as the command line does
from pathlib import Path
from accord.frameworks import Terms, judge_all, select_files
from accord.records import Assessment, from_json
files = select_files()
assessment = from_json(Path(sys.argv[1]).read_bytes(), Assessment)
judged = judge_all([file.framework for file in files], assessment.evidence, Terms(on="2026-11-23"))
assert len(judged) == len(files) > 50 and sum(len(item.verdicts) for item in judged) > 2500
"""
OURS = """
import sys
from pathlib import Path
from accord.oscal import import_catalog, read_document
found = import_catalog(read_document(Path(sys.argv[1]).read_bytes(), name="nist"), {"id": "nist"}, name="nist")
assert len(found.framework.requirements) > 1196
"""
TRESTLE = """
import sys
from pathlib import Path
from trestle.oscal.catalog import Catalog
assert Catalog.oscal_read(Path(sys.argv[1])) is not None
"""


def cpu(command: list[str], environment: dict[str, str], times: int = TIMES, before: Path | None = None) -> float:
    """Return the CPU seconds of a command, the least of several runs; the others say how busy the machine is.

    `before` is a folder that is removed before each run.
    """
    runs = []
    for _ in range(times):
        if before:
            shutil.rmtree(before, ignore_errors=True)
        start = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
        end = resource.getrusage(resource.RUSAGE_CHILDREN)
        runs.append(end.ru_utime + end.ru_stime - start.ru_utime - start.ru_stime)
    print(f"  {times} runs, ms: {sorted(round(run * 1000) for run in runs)}", file=sys.stderr)
    return min(runs)


def main() -> int:
    """Measure and compare with the targets."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    as_json = parser.parse_args().json
    from accord.cli.demo import compas_card, compas_table

    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "ACCORD_HOME": home}
        table = compas_table(ROOT / ".venv" / "accord-test-data")
        assess = [sys.executable, "-m", "accord", "assess", str(table), "--card", str(compas_card())]
        subprocess.run([*assess, "--out", f"{home}/report"], check=True, env=environment, capture_output=True)
        bare = cpu([sys.executable, "-c", "pass"], environment)
        judge = [sys.executable, "-c", JUDGE, f"{home}/report/assessment.json"]
        without = cpu(judge, environment, before=Path(home) / "cache") - bare
        subprocess.run(judge, check=True, env=environment)
        with_cache = cpu(judge, environment) - bare
        result = {
            "library_and_judging_with_cache_ms": round(with_cache * 1000),
            "library_and_judging_without_cache_ms": round(without * 1000),
        }
        rival = ROOT / ".venv-peers" / "bin" / "python"
        if CATALOG.is_file() and rival.exists():
            ours = cpu([sys.executable, "-c", OURS, str(CATALOG)], environment) - bare
            theirs = cpu([str(rival), "-c", TRESTLE, str(CATALOG)], environment, times=5) - bare
            result |= {
                "sp_800_53_accord_ms": round(ours * 1000),
                "sp_800_53_trestle_ms": round(theirs * 1000),
                "ratio": round(theirs / ours, 1),
            }
        else:
            print("the rival or the catalogue is missing: `make test` gets both", file=sys.stderr)
    print(json.dumps(result) if as_json else "\n".join(f"{name}: {value}" for name, value in result.items()))
    return 0 if with_cache < 0.15 and without < 0.9 else 1


if __name__ == "__main__":
    sys.exit(main())
