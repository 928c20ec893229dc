"""Hash a 1 GB model against OpenSSF `model_signing`, side by side in one run; the two roots must be equal.

    .venv/bin/python benchmarks/hashing.py [GIGABYTES]

The peer lives in its own environment (`.venv-peers`, with model-signing 1.1.1 and pyOpenSSL). Both read the same files
from the page cache and take turns; the best of each counts. Exit status 1 if we are slower, or if a root differs.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from accord.subjects.digest import folder_digest

ROOT = Path(__file__).parents[1]
PEER = ROOT / ".venv-peers" / "bin" / "python"
ROUNDS = 5
MARGIN = 1.05  # two timings of one program on a busy machine differ by as much

# What a signature of the peer binds: sha256 over the digests of the files in the order of its manifest.
PEER_CODE = """
import hashlib, json, sys, time
from model_signing import hashing
for line in sys.stdin:
    started = time.perf_counter()
    manifest = hashing.Config().hash(line.strip())
    root = hashlib.sha256(b"".join(item.digest.digest_value for item in manifest.resource_descriptors())).hexdigest()
    print(json.dumps({"seconds": time.perf_counter() - started, "root": "sha256:" + root}), flush=True)
"""


def make_model(folder: Path, size: int, shards: int) -> None:
    """Write `shards` files of random bytes, `size` bytes in all, and the small files that models have."""
    block = random.Random(1).randbytes(1 << 20)
    for shard in range(shards):
        with (folder / f"model-{shard:05}.safetensors").open("wb") as file:
            for i in range(size // shards // len(block)):
                file.write(i.to_bytes(8, "little") + block[8:])
    (folder / "config.json").write_text("{}")
    (folder / ".gitattributes").write_text("*.safetensors filter=lfs\n")
    (folder / "sub").mkdir()
    (folder / "sub" / "tokenizer.json").write_text("{}")
    (folder / "sub-a.txt").write_text("sorts between")


def race(folder: Path, peer: subprocess.Popen[str]) -> tuple[float, float, bool]:
    """Return (our best seconds, the peer's best seconds, whether the roots are equal)."""
    ours, theirs, equal = [], [], True
    assert peer.stdin is not None
    assert peer.stdout is not None
    for _ in range(ROUNDS):
        started = time.perf_counter()
        found = folder_digest(folder)
        ours.append(time.perf_counter() - started)
        peer.stdin.write(f"{folder}\n")
        peer.stdin.flush()
        answer = json.loads(peer.stdout.readline())
        theirs.append(answer["seconds"])
        equal = equal and answer["root"] == found.openssf
    return min(ours), min(theirs), equal


def main() -> int:
    if not PEER.exists():
        print("hashing: no peer; make .venv-peers with model-signing==1.1.1 and pyOpenSSL", file=sys.stderr)
        return 2
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else "1") * 1e9)
    failed = False
    with subprocess.Popen([PEER, "-c", PEER_CODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        for shards in (1, 8):
            with tempfile.TemporaryDirectory() as scratch:
                folder = Path(scratch) / "model"
                folder.mkdir()
                make_model(folder, size, shards)
                ours, theirs, equal = race(folder, peer)
            failed = failed or not equal or ours > theirs * MARGIN
            print(
                f"hashing {size / 1e9:.2f} GB in {shards} file(s), {os.cpu_count()} cores: accord {ours:.3f} s, "
                f"model_signing {theirs:.3f} s, ratio {theirs / ours:.2f}, root {'equal' if equal else 'DIFFERS'}"
            )
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
