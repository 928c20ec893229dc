"""Assessments: one row each, with counts and what they are found by. What the record adds is noted once it is here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from ...errors import AccordError, MalformedInput
from ...frameworks.judging import coverage
from ...records import Assessment, Evidence, Verdict, from_builtins, from_json
from ...records.measurement import Record
from ...store import Transaction
from ...store.statements import Kept
from ...trust.canonical import digest_bytes
from ...trust.predicates import AssessmentPredicate
from ...trust.saying import Heard
from ...trust.sealing import MAX_RECORD_BYTES, RECORD
from ..searching import index, tag
from .small_counts import small_counts

KIND = "assessment"
FILTERS = ("framework", "jurisdiction", "verdict", "language")
"""Facets that lists are filtered by, beside the signer."""
_MOST = 1_000
_LONGEST = 300


class Assessments:
    """What an assessment says of itself is taken as said: whose key it is, and what it is worth, a page asks anew."""

    name = "assessments"
    version = 1
    kinds = frozenset({KIND})
    tables = ("assessments", "assessment_facets", "assessment_coverage")
    script = """
DELETE FROM search WHERE kind = 'assessment';
CREATE TABLE assessments (
  seq BIGINT PRIMARY KEY,
  id TEXT NOT NULL,
  subject TEXT NOT NULL,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  provider TEXT NOT NULL,
  sector TEXT NOT NULL,
  plan TEXT NOT NULL,
  record TEXT NOT NULL,
  described INTEGER NOT NULL,
  small INTEGER NOT NULL
);
CREATE INDEX assessments_by_subject ON assessments (subject, seq);
CREATE TABLE assessment_facets (
  seq BIGINT NOT NULL,
  facet TEXT NOT NULL,
  value TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (seq, facet, value)
);
CREATE INDEX assessment_facets_by_value ON assessment_facets (facet, value, seq);
CREATE TABLE assessment_coverage (
  seq BIGINT NOT NULL,
  framework TEXT NOT NULL,
  version TEXT NOT NULL,
  title TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  applicable INTEGER NOT NULL,
  evaluated INTEGER NOT NULL,
  PRIMARY KEY (seq, framework, version)
);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in an assessment; see `Projection`."""
        said = from_builtins(heard.statement.predicate, AssessmentPredicate, name=KIND)
        name = _short(heard.statement.subject[0].name)
        record = next((f"sha256:{item.sha256}" for item in said.files if item.name == RECORD), "")
        transaction.run(
            "INSERT INTO assessments (seq, id, subject, name, version, provider, sector, plan, record, described,"
            " small) VALUES (?, ?, ?, ?, '', '', '', ?, ?, 0, 0)",
            kept.seq, kept.id, kept.subject, name, said.plan or "", record,
        )  # fmt: skip
        _note(transaction, kept.seq, "verdict", Counter(verdict.status for verdict in said.verdicts))
        _note(transaction, kept.seq, "framework", [item.id for item in said.frameworks])
        _note(transaction, kept.seq, "jurisdiction", [item.jurisdiction for item in said.frameworks])
        _note(transaction, kept.seq, "inspector", [item.inspector for item in said.evidence])
        _note(transaction, kept.seq, "evidence", [f"sha256:{item.sha256}" for item in said.evidence], most=10_000)
        _cover(transaction, kept.seq, said)
        _index(transaction, kept.seq, kept.keyid, name)
        if file := record_bytes(transaction, kept.seq, record):
            describe(transaction, kept.seq, file)


class _Card(Record, frozen=True, kw_only=True):
    """What of a record a search looks at."""

    words: str
    version: str
    provider: str
    sector: str


def describe(transaction: Transaction, seq: int, data: bytes) -> None:
    """Note what the record adds to the statement `seq`: card, findings, parts, whether it has small counts.

    It comes with the statement, or later, from a peer. A record that can't be read is noted as described, with nothing.
    """
    transaction.run("UPDATE assessments SET described = 1 WHERE seq = ?", seq)
    try:
        record = from_json(data, Assessment, name=RECORD)
    except AccordError:
        return
    card = _card_of(record)
    transaction.run(
        "UPDATE assessments SET version = ?, provider = ?, sector = ?, small = ? WHERE seq = ?",
        card.version, card.provider, card.sector, int(bool(small_counts(record))), seq,
    )  # fmt: skip
    system = record.card.system
    findings = (finding.severity for item in record.evidence for finding in item.findings)
    _note(transaction, seq, "finding", Counter(findings))
    _note(transaction, seq, "basis", Counter(item.basis for one in record.evidence for item in one.measurements))
    _note(transaction, seq, "language", system.languages)
    if system.jurisdictions:
        transaction.run("DELETE FROM assessment_facets WHERE seq = ? AND facet = 'jurisdiction'", seq)
        _note(transaction, seq, "jurisdiction", system.jurisdictions)
    _note(transaction, seq, "part", [part.digest for part in record.subject.parts])
    row = transaction.one("SELECT keyid FROM statements WHERE seq = ?", seq)
    _index(transaction, seq, row[0] if row else "", card.words)


def record_bytes(transaction: Transaction, seq: int, digest: str) -> bytes | None:
    """Return the record of the assessment `seq` if it is kept, and is the one whose digest was signed."""
    row = transaction.one("SELECT data FROM files WHERE seq = ? AND name = ?", seq, RECORD)
    data = bytes(row[0]) if row and len(row[0]) <= MAX_RECORD_BYTES else None
    return data if data is not None and digest_bytes(data) == digest else None


def evidence_of(heard: Heard) -> tuple[Evidence, ...]:
    """Return the evidence that a statement of evidence holds. Raises MalformedInput."""
    if heard.kind != "evidence":
        raise MalformedInput("not-evidence", "the statement is no evidence", "Restore the original file.")
    return from_builtins(heard.statement.predicate.get("evidence"), tuple[Evidence, ...], name="evidence")


def _card_of(record: Assessment) -> _Card:
    system = record.card.system
    texts = (record.subject.name, record.subject.version, system.name, system.provider, system.deployer, system.purpose)
    return _Card(
        words=" ".join(_short(text) for text in (*texts, system.sector) if text),
        version=_short(record.subject.version or system.version or ""),
        provider=_short(system.provider or ""),
        sector=_short(system.sector or ""),
    )


def _index(transaction: Transaction, seq: int, keyid: str, words: str) -> None:
    """Make an assessment findable by words, and by what lists are filtered by."""
    rows = transaction.rows("SELECT facet, value FROM assessment_facets WHERE seq = ? ORDER BY facet, value", seq)
    tags = [tag(facet, value) for facet, value in rows if facet in FILTERS]
    index(transaction, KIND, seq, words, [*tags, tag("signer", keyid)])


def _cover(transaction: Transaction, seq: int, said: AssessmentPredicate) -> None:
    by_framework: dict[str, list[Verdict]] = {}
    for verdict in said.verdicts:
        by_framework.setdefault(verdict.framework, []).append(verdict)
    rows = []
    for item in {(item.id, item.version): item for item in said.frameworks[:_MOST]}.values():
        found = coverage(item.id, by_framework.get(item.id, ()))
        texts = _short(item.id), _short(item.version), _short(item.title), _short(item.jurisdiction)
        rows.append((seq, *texts, found.applicable, found.evaluated))
    transaction.many(
        "INSERT INTO assessment_coverage (seq, framework, version, title, jurisdiction, applicable, evaluated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        rows,
    )


def _note(transaction: Transaction, seq: int, facet: str, values: Iterable[str], most: int = _MOST) -> None:
    transaction.many(
        "INSERT INTO assessment_facets (seq, facet, value, n) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (seq, facet, value) DO NOTHING",
        [(seq, facet, value, n) for value, n in _counted(values, most)],
    )


def _counted(values: Iterable[str], most: int) -> Iterator[tuple[str, int]]:
    """Return short values, each once, with how often there is each."""
    counted: Counter[str] = Counter()
    for value, n in Counter(values).items() if not isinstance(values, Counter) else values.items():
        counted[_short(value)] += n
    yield from list(counted.items())[:most]


def _short(text: str) -> str:
    return text[:_LONGEST].replace("\x00", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL keeps no NUL in a text


PROJECTION = Assessments()
