"""Pages and searches of a node with a million statements, over HTTP: how long they take, and what memory.

Run:  python benchmarks/register_scale.py [--json] [--statements N] [--folder KEEP]

A tenth of the statements are entries of the register, a tenth are assessments, the rest is evidence, all in one log.
They are put there through the store's own layer and read by the views as they come (`commons.apply`); but they are not
all signed: 10,000 lines of evidence are, and stand there again and again under ids of their own, and the other lines
bear one signature. What is measured here never looks at it. Words are drawn from 20,000 with the frequencies of a
language (Zipf). The server is a process of its own, without workers. Exit status 1 if a page's 95th percentile is
100 ms or more, or memory grows by more than 64 MiB while 2,000 pages are asked for.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate, islice
from pathlib import Path
from urllib.parse import quote

from accord.commons import apply
from accord.node.node import Node, open_node
from accord.node.serving import make_server, serve
from accord.records import FrameworkReference, Verdict, to_builtins
from accord.records.registration import Registration, Sign
from accord.store.statements import Incoming, Kept, add, next_seq, note_logged
from accord.trust.canonical import digest
from accord.trust.dsse import PAYLOAD_TYPE, Envelope, Signature, sign, to_line
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.predicates import (
    AssessmentPredicate,
    FileReference,
    Harness,
    StatedKey,
    StatedLog,
)
from accord.trust.saying import Heard, compose
from accord.trust.statement import ASSESSMENT_TYPE, EVIDENCE_TYPE, Named, build, parse

TARGET_MS, TARGET_MIB = 100.0, 64.0
SIGNED = 10_000
TRANSACTION = 5_000
CHANCE = random.Random(4)
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in "aeiou"]
WORDS = ["".join(CHANCE.choices(SYLLABLES, k=CHANCE.randint(2, 4))) for _ in range(20_000)]
WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))
STATUSES = ("planned", "pilot", "in_use", "paused", "retired")
VERDICTS = ("met", "not_met", "inconclusive", "not_evaluated", "documented", "needs_review", "not_applicable")
FRAMEWORKS = ("eu-ai-act", "nist-ai-rmf", "iso-42001", "gb-45438", "owasp-llm")


def words(count: int) -> str:
    """Return some words, frequent ones more often."""
    return " ".join(CHANCE.choices(WORDS, cum_weights=WEIGHTS, k=count))


def assessed_subject(number: int) -> str:
    """Return the digest that the assessment with a number is about; about each there are ten."""
    return hashlib.sha256(b"%d" % (number // 100)).hexdigest()


def registration(node: Node, number: int) -> Registration:
    """Return an entry of the register."""
    level, answer = CHANCE.choice((("high", "yes"), ("high", "no"), ("high", "unknown"), ("prohibited", "no")))
    return Registration(
        origin=node.origin,
        entry=f"{number:016x}",
        name=words(3),
        kind=CHANCE.choice(("system", "model", "dataset")),
        status=CHANCE.choice(STATUSES),
        office=f"Office {number % 40}",
        purpose=words(20),
        sector=CHANCE.choice(("justice", "health", "welfare", "tax", "education", "police")),
        affected=(words(2),),
        jurisdictions=(CHANCE.choice(("DE", "FR", "KE", "BR", "EU")),),
        signs=(Sign(framework="eu-ai-act", tier="a", level=level, answer=answer),),
        subjects=(f"sha256:{assessed_subject(CHANCE.randrange(number + 1))}",),
    )


def assessed(key: SigningKey, node: Node, number: int) -> AssessmentPredicate:
    """Return what an assessment says: forty verdicts under two frameworks."""
    chosen = CHANCE.sample(FRAMEWORKS, 2)
    return AssessmentPredicate(
        verdicts=tuple(
            Verdict(framework=name, requirement=f"r{n}", status=CHANCE.choice(VERDICTS), reason="as measured")
            for name in chosen
            for n in range(20)
        ),
        tiers=(),
        frameworks=tuple(
            FrameworkReference(
                id=name, version="1", title=name, jurisdiction="EU", status="stable", digest="sha256:" + "0" * 64
            )
            for name in chosen
        ),
        card=None,
        evidence=(),
        files=(FileReference("assessment.json", f"{number:064x}", 1),),
        harness=Harness("accord", "0"),
        signer=StatedKey(key.keyid, b64encode(key.public.raw)),
        log=StatedLog(node.origin, str(node.log.verifier_key)),
        disclaimer="",
        salt="",
        timeCreated="",
        validUntil="",
    )


def unsigned(payload: bytes, key: SigningKey, signature: bytes) -> Heard:
    """Return a statement as if it had been heard, with another one's signature."""
    envelope = Envelope(PAYLOAD_TYPE, payload, (Signature(signature, key.keyid),))
    return Heard(to_line(envelope), envelope, parse(payload), (key.public,))


def evidence_lines(key: SigningKey) -> list[Incoming]:
    """Return signed lines of evidence."""
    stated = {"signer": StatedKey(key.keyid, b64encode(key.public.raw))}
    found = []
    for number in range(SIGNED):
        payload = build(
            EVIDENCE_TYPE,
            [Named({"sha256": f"{number:064x}"})],
            {"evidence": [], "n": number, **stated},
            valid_days=365,
        )
        envelope = sign(payload, [key])
        found.append(Incoming.of(Heard(to_line(envelope), envelope, parse(payload), (key.public,))))
    return found


def statements(node: Node, count: int) -> Iterator[tuple[Incoming, Heard | None]]:
    """Yield statements, mixed; what a view reads comes as it was heard."""
    evidence, signature = evidence_lines(node.speaker), node.speaker.sign(b"one signature for all")
    for number in range(count):
        if number % 10 == 0:
            record = registration(node, number)
            about = Named({"sha256": digest(["accord/entry", node.origin, record.entry])[7:]})
            payload = compose(record, "registration", [about], keys=[node.speaker.public])
        elif number % 10 == 1:
            said = to_builtins(assessed(node.speaker, node, number))
            said = {name: value for name, value in said.items() if name not in ("salt", "timeCreated", "validUntil")}
            about = Named({"sha256": assessed_subject(number)}, words(2))
            payload = build(ASSESSMENT_TYPE, [about], said, valid_days=365)
        else:
            name = hashlib.sha256(b"row %d" % number).hexdigest()
            yield replace(evidence[number % SIGNED], id=f"sha256:{name}", entry=name.encode() * 8), None
            continue
        heard = unsigned(payload, node.speaker, signature)
        yield Incoming.of(heard), heard


def fill(node: Node, count: int, note: Callable[[int], None]) -> None:
    """Put statements in, as an intake does, but for the checks."""
    coming, done = statements(node, count), 0
    while some := list(islice(coming, TRANSACTION)):
        with node.store.writing() as transaction:
            first = next_seq(transaction)
            add(transaction, first, [item for item, _ in some], "2026-01-01T00:00:00Z", "public")
            indices = node.log.append(transaction, [item.entry for item, _ in some])
            note_logged(transaction, node.origin, [(index, first + n) for n, index in enumerate(indices)])
            for seq, (item, heard) in enumerate(some, first):
                if heard is not None:
                    names = (item.id, item.kind, item.type, item.subject, item.keyid, item.created, item.valid_until)
                    apply(transaction, Kept(seq, *names, "2026-01-01T00:00:00Z", "public"), heard)
        done += len(some)
        note(done)


def pages(node: Node, count: int) -> dict[str, Callable[[], str]]:
    """Return what is asked for: a name, and what makes an address."""
    with node.store.reading() as transaction:
        seqs = [CHANCE.randrange(1, count) for _ in range(300)]
        ids = [(transaction.one("SELECT id FROM statements WHERE seq = ?", seq) or ("",))[0][7:] for seq in seqs]
    numbers = range(0, count, 10)

    def rare() -> str:
        return CHANCE.choice(WORDS[5_000:])

    return {
        "/": lambda: "/",
        "/log": lambda: "/log",
        "/log?before=": lambda: f"/log?before={CHANCE.randrange(count)}",
        "/api/v1/log/statements?start=": lambda: f"/api/v1/log/statements?start={CHANCE.randrange(count)}&limit=128",
        "/statements/ID": lambda: f"/statements/{CHANCE.choice(ids)}",
        "/api/v1/statements/ID/proof": lambda: f"/api/v1/statements/{CHANCE.choice(ids)}/proof",
        "/log/tile": lambda: f"/log/tile/0/{CHANCE.randrange(min(count // 256, 999)):03d}",
        "/systems": lambda: "/systems",
        "/systems?q=frequent word": lambda: f"/systems?q={quote(words(1))}",
        "/systems?q=rare word": lambda: f"/systems?q={quote(rare())}",
        "/systems?q=two words": lambda: f"/systems?q={quote(words(2))}",
        "/systems?q=beginning": lambda: f"/systems?q={quote(rare()[:3])}",
        "/systems?q=nothing": lambda: "/systems?q=qqqxxx",
        "/systems?status=": lambda: f"/systems?status={CHANCE.choice(STATUSES)}",
        "/systems?q=&office=": lambda: f"/systems?q={words(1)}&office=Office%20{CHANCE.randrange(40)}",
        "/portfolio": lambda: "/portfolio",
        "/due": lambda: "/due",
        "/subjects/ID": lambda: f"/subjects/{assessed_subject(CHANCE.randrange(count))}",
        "/systems/ENTRY": lambda: f"/systems/{CHANCE.choice(numbers):016x}",
        "/api/v1/systems?q=": lambda: f"/api/v1/systems?q={quote(words(1))}",
        "/assessments": lambda: "/assessments",
        "/assessments?q=": lambda: f"/assessments?q={quote(words(1))}",
        "/assessments?framework=&verdict=": lambda: f"/assessments?framework={CHANCE.choice(FRAMEWORKS)}&verdict=met",
        "/assessments?before=": lambda: f"/assessments?before={CHANCE.randrange(2, count)}",
    }


def memory(process: int) -> float:
    """Return the resident memory of a process in MiB."""
    return int(Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()[0]) / 1024


def ask(connection: http.client.HTTPConnection, path: str) -> float:
    """Ask for a page and return how long that took, in milliseconds."""
    started = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200, (path, answer.status)
    return (time.perf_counter() - started) * 1000


def measure(folder: Path, times: int, asked: dict[str, Callable[[], str]]) -> dict[str, object]:
    """Serve the node in a process of its own and ask."""
    command = [sys.executable, __file__, "--serve", str(folder)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout is not None
        connection = http.client.HTTPConnection("127.0.0.1", int(server.stdout.readline()), timeout=60)
        for make in asked.values():
            for _ in range(5):
                ask(connection, make())
        before, found = memory(server.pid), {}
        for name, make in asked.items():
            taken = sorted(ask(connection, make()) for _ in range(times))
            found[name] = (round(statistics.median(taken), 1), round(taken[int(len(taken) * 0.95)], 1))
        after = memory(server.pid)
    finally:
        server.terminate()
        server.wait(30)
    return {"ms_p50_p95": found, "rss_mib": round(after), "rss_grown_mib": round(after - before)}


def main() -> int:
    """Fill a node, or take the one that is there, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="Keep the node here, or take the one that is here.")
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        with open_node(arguments.serve) as node:
            serve(make_server(node, "127.0.0.1", 0), lambda port: print(port, flush=True))
        return 0
    with tempfile.TemporaryDirectory() as place:
        folder = (arguments.folder or Path(place)) / "node"
        started = time.perf_counter()
        with open_node(folder, name="Benchmark", jurisdiction="DE", requests_per_minute=10**7) as node:
            fill(node, arguments.statements - node.size, lambda done: print(f"\r{done}", end="", file=sys.stderr))
            filled, size, asked = time.perf_counter() - started, node.size, pages(node, node.size)
        stored = sum(path.stat().st_size for path in folder.glob("node.sqlite*"))
        result = {
            "statements": size,
            "cores": os.cpu_count(),
            "filling_s": round(filled),
            "store_gb": round(stored / 1e9, 2),
            **measure(folder, arguments.times, asked),
        }
    rows: dict[str, tuple[float, float]] = result["ms_p50_p95"]  # type: ignore[assignment]
    if arguments.json:
        print(json.dumps(result))
    else:
        for name, value in result.items():
            if name != "ms_p50_p95":
                print(f"{name}: {value}")
        for name, (median, high) in rows.items():
            print(f"{median:8.1f} {high:8.1f} ms  {name}")
    slow = [name for name, (_, high) in rows.items() if high >= TARGET_MS]
    if slow:
        print(f"slow: {', '.join(slow)}", file=sys.stderr)
    return 1 if slow or float(str(result["rss_grown_mib"])) > TARGET_MIB else 0


if __name__ == "__main__":
    sys.exit(main())
