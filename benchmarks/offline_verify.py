"""Verify one statement offline: heard, proven to be in a log of 100,000 entries, cosigned by two witnesses.

Run:  python benchmarks/offline_verify.py [--json] [--entries N]

Everything starts from bytes: the statement's line (2 KB, Ed25519), its `.tlog-proof` with the log's Ed25519 signature,
an Ed25519 and an ML-DSA-44 cosignature, and a policy that asks for both witnesses. Every statement is another one, and
each reader verifies it once. "Warm" is a reader who has read the policy and met the signer before; "cold" does both
afresh each time. Exit status 1 if the warm median is 2 ms or more, or if what does not prove a statement passes.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from accord.errors import MalformedInput
from accord.records.said import Dispute, Person
from accord.trust import saying
from accord.trust.ed25519 import SigningKey
from accord.trust.log import Log
from accord.trust.mldsa import MldsaSigningKey
from accord.trust.note import Cosigner, Note
from accord.trust.policy import Policy, parse_policy, verify_under
from accord.trust.proof import LogProof, parse_proof
from accord.trust.saying import hear, say
from accord.trust.statement import subject
from accord.trust.tree import leaf_hash

STATEMENTS = 400
TARGET_MS = 2.0
WITNESSES = (
    Cosigner("witness.example/classic", SigningKey.generate()),
    Cosigner("witness.example/quantum", MldsaSigningKey.generate()),
)


def make(folder: Path, entries: int) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """Return statements with their proofs, as bytes, and the policy."""
    log = Log(folder / "log", SigningKey.generate(), "log.example/benchmark")
    signer = SigningKey.generate()
    lines = []
    for number in range(STATEMENTS):
        target = f"sha256:{number:064x}"
        text = f"Objection {number}: " + "the groups were not those of our register. " * 15
        record = Dispute(target=target, objection=text, by=Person(name="A. Person", role="officer"))
        lines.append(say(record, "dispute", [subject("statement", target)], signers=[signer]))
    log.append([b"%d" % number for number in range(entries - STATEMENTS)])
    appended = log.append([hear(line).entry for line in lines])
    cosignatures = (cosigner.cosign(appended.note.text, int(time.time())) for cosigner in WITNESSES)
    note = Note(appended.note.text, (*appended.note.signatures, *cosignatures))
    proofs = [LogProof(index, log.prove(index, appended.note).hashes, note).encode() for index in appended.indices]
    witnesses = "".join(f"witness w{number} {item.verifier}\n" for number, item in enumerate(WITNESSES))
    policy = f"log {log.verifier_key}\n{witnesses}group both all w0 w1\nquorum both\n".encode()
    return list(zip(lines, proofs, strict=True)), policy


def verify(line: bytes, proof: bytes, policy: Policy) -> bool:
    """Verify one statement from its bytes."""
    heard = hear(line)
    return verify_under(parse_proof(proof), leaf_hash(heard.entry), policy).satisfied


def cold(line: bytes, proof: bytes, policy: bytes) -> bool:
    """Verify one statement as somebody does who has never met its signer, nor read the policy."""
    saying._public_key.cache_clear()
    return verify(line, proof, parse_policy(policy))


def median_ms(run: Callable[[bytes, bytes], bool], pairs: list[tuple[bytes, bytes]]) -> float:
    """Return the median of the times that `run` takes for each pair, in milliseconds."""
    times = []
    for line, proof in pairs:
        started = time.perf_counter()
        accepted = run(line, proof)
        times.append((time.perf_counter() - started) * 1000)
        assert accepted
    return statistics.median(times)


def refuses(policy: Policy, line: bytes, proof: bytes, other: bytes) -> bool:
    """Whether a proof without its last cosignature, and another statement's, do not pass."""
    whole = parse_proof(proof)
    note = Note(whole.note.text, whole.note.signatures[:-1])
    if verify(line, LogProof(whole.index, whole.hashes, note).encode(), policy):
        return False
    try:
        verify(line, other, policy)
    except MalformedInput:
        return True
    return False


def main() -> int:
    """Measure both readers and compare with the target."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--entries", type=int, default=100_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pairs, text = make(Path(folder), arguments.entries)
    policy = parse_policy(text)
    assert verify(*pairs[0], policy)  # Import what is imported at first use.
    warm = median_ms(lambda line, proof: verify(line, proof, policy), pairs[1:])
    afresh = median_ms(lambda line, proof: cold(line, proof, text), pairs[1:])
    refused = refuses(policy, *pairs[0], pairs[1][1])
    result = {
        "statements": len(pairs) - 1,
        "entries": arguments.entries,
        "statement_bytes": len(pairs[0][0]),
        "proof_bytes": len(pairs[0][1]),
        "warm_p50_ms": round(warm, 3),
        "cold_p50_ms": round(afresh, 3),
        "refuses_what_does_not_prove": refused,
    }
    print(json.dumps(result) if arguments.json else "\n".join(f"{name}: {value}" for name, value in result.items()))
    return 0 if warm < TARGET_MS and refused else 1


if __name__ == "__main__":
    sys.exit(main())
