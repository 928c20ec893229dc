"""What pages show of assessments: lists, one with all that is known around it, and whether there is one of a digest."""

from __future__ import annotations

from msgspec import Struct

from ...records import SEVERITIES, VERDICT_STATUSES
from ...store import Transaction
from ...store.statements import COLUMNS, Kept, place_of
from ...store.viewer import Viewer
from ...trust.saying import reread
from ..searching import Term, find, tag, values_of
from ..standing.page import Standing, standing_of
from .projection import FILTERS, KIND, record_bytes

PAGE = 25
_MOST = 200


class Covered(Struct, frozen=True, kw_only=True):
    """How many requirements of a framework apply, and how many of them were evaluated."""

    framework: str
    version: str
    title: str
    jurisdiction: str
    applicable: int
    evaluated: int


class Listed(Struct, frozen=True, kw_only=True):
    """An assessment in a list. `verdicts` and `findings` are counts, by status and by severity, the worst first.

    `described` says whether its record is here: without it nothing is known of findings, version or provider.
    """

    seq: int
    id: str
    subject: str
    name: str
    version: str
    provider: str
    sector: str
    keyid: str
    created: str
    valid_until: str
    disclosure: str
    verdicts: dict[str, int]
    findings: dict[str, int]
    coverage: tuple[Covered, ...]
    described: bool
    revoked: bool
    lapsed: bool


class Slice(Struct, frozen=True):
    """Part of a list, the newest first; `further` is the number to go on before, or None."""

    items: tuple[Listed, ...]
    further: int | None


class Rechecked(Struct, frozen=True, kw_only=True):
    """A statement by which somebody repeated an assessment: `outcome` is what they say came out."""

    id: str
    keyid: str
    created: str
    received: str
    outcome: str


class Around(Struct, frozen=True, kw_only=True):
    """An assessment with what stands around it.

    `evidence` is how many statements of evidence it names, `here` how many of them the viewer may read. `measured` is
    false if its record holds declarations only; `small` says that its record has small counts of persons. `plan` is the
    id of the plan's statement, or "".
    """

    kept: Kept
    listed: Listed
    standing: Standing
    jurisdictions: tuple[str, ...]
    languages: tuple[str, ...]
    inspectors: tuple[str, ...]
    measured: bool
    log: str
    index: int
    plan: str
    plan_place: tuple[str, int] | None
    evidence: int
    here: int
    small: bool
    record: str
    others: tuple[Listed, ...]
    rechecks: tuple[Rechecked, ...]

    @property
    def whole(self) -> bool:
        """Whether the viewer may read all evidence that it rests on."""
        return self.here == self.evidence


class Readable(Struct, frozen=True):
    """An assessment whose record a viewer may read: its number, and the digest of the record."""

    seq: int
    record: str


def search(
    transaction: Transaction,
    viewer: Viewer,
    now: str,
    *,
    words: str = "",
    filters: dict[str, str] | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> Slice:
    """Return assessments with all `words` and filters (framework, jurisdiction, verdict, language, signer)."""
    tags = [tag(name, value) for name, value in (filters or {}).items() if value]
    where, values = viewer.may_see()
    found = find(transaction, KIND, words, tags, where=where, values=values, before=before, limit=limit)
    return Slice(by_numbers(transaction, viewer, found.seqs, now), found.further)


def choices(transaction: Transaction, viewer: Viewer) -> dict[str, list[str]]:
    """Return, for each filter, the values for which there is something that the viewer may see."""
    where, values = viewer.may_see()

    def seen(term: Term) -> bool:
        return bool(find(transaction, KIND, "", [term], where=where, values=values, limit=1).seqs)

    return {name: [v for v in values_of(transaction, KIND, name) if seen(tag(name, v))] for name in FILTERS}


def about(transaction: Transaction, viewer: Viewer, statement: str, now: str, origin: str) -> Around | None:
    """Return the assessment with this id, or None if there is none that the viewer may see. `origin`: the own log."""
    where, values = viewer.may_see()
    row = transaction.one(
        f"SELECT {COLUMNS}, assessments.plan, assessments.small, assessments.record FROM assessments"
        f" JOIN statements ON statements.seq = assessments.seq WHERE statements.id = ? AND {where}",
        statement, *values,
    )  # fmt: skip
    if row is None:
        return None
    kept, plan = Kept(*row[:-3]), row[-3]
    facets = _facets(transaction, kept.seq)
    named = sorted(facets.get("evidence", {}))
    place = place_of(transaction, kept.seq, origin) or place_of(transaction, kept.seq) or ("", -1)
    return Around(
        kept=kept,
        listed=by_numbers(transaction, viewer, (kept.seq,), now)[0],
        standing=standing_of(transaction, kept, now),
        jurisdictions=tuple(facets.get("jurisdiction", ())),
        languages=tuple(facets.get("language", ())),
        inspectors=tuple(facets.get("inspector", ())),
        measured="measured" in facets.get("basis", {}) or not facets.get("basis"),
        log=place[0],
        index=place[1],
        plan=plan,
        plan_place=_place(transaction, viewer, plan, place[0]) if plan else None,
        evidence=len(named),
        here=_readable(transaction, viewer, named),
        small=bool(row[-2]),
        record=row[-1],
        others=_others(transaction, viewer, kept, now),
        rechecks=_rechecks(transaction, viewer, statement),
    )


def record_of(transaction: Transaction, viewer: Viewer, around: Around) -> bytes | None:
    """Return the record of an assessment as the viewer may read it, or None.

    Whoever may not read all of its evidence may not read the record, which holds it; and what has small counts of
    persons is shown to nobody outside.
    """
    if not around.whole or (around.small and not viewer.staff and around.kept.disclosure == "public"):
        return None
    return record_bytes(transaction, around.kept.seq, around.record)


def readable(transaction: Transaction, viewer: Viewer, statement: str) -> Readable | None:
    """Return an assessment (its id) if the viewer may read its record, by the rules of `record_of`."""
    where, values = viewer.may_see()
    row = transaction.one(
        "SELECT assessments.seq, assessments.record, assessments.small, statements.disclosure FROM assessments"
        f" JOIN statements ON statements.seq = assessments.seq WHERE statements.id = ? AND {where}",
        statement, *values,
    )  # fmt: skip
    if row is None or (row[2] and not viewer.staff and row[3] == "public"):
        return None
    named = sorted(_facets(transaction, row[0]).get("evidence", {}))
    return Readable(row[0], row[1]) if _readable(transaction, viewer, named) == len(named) else None


def of_digest(transaction: Transaction, viewer: Viewer, digest: str, now: str) -> tuple[Listed, ...]:
    """Return assessments of a system with this digest, or of which a part has it, the newest first."""
    where, values = viewer.may_see()
    rows = transaction.rows(
        "SELECT statements.seq FROM statements JOIN assessments ON assessments.seq = statements.seq"
        f" WHERE assessments.subject = ? AND {where}"
        " UNION SELECT statements.seq FROM statements JOIN assessment_facets f ON f.seq = statements.seq"
        f" WHERE f.facet = 'part' AND f.value = ? AND {where} ORDER BY 1 DESC LIMIT ?",
        digest, *values, digest, *values, _MOST,
    )  # fmt: skip
    return by_numbers(transaction, viewer, [row[0] for row in rows], now)


def _others(transaction: Transaction, viewer: Viewer, kept: Kept, now: str) -> tuple[Listed, ...]:
    where, values = viewer.may_see()
    rows = transaction.rows(
        "SELECT statements.seq FROM assessments JOIN statements ON statements.seq = assessments.seq"
        f" WHERE assessments.subject = ? AND statements.seq <> ? AND {where} ORDER BY 1 DESC LIMIT ?",
        kept.subject, kept.seq, *values, _MOST,
    )  # fmt: skip
    return by_numbers(transaction, viewer, [row[0] for row in rows], now)


def _rechecks(transaction: Transaction, viewer: Viewer, statement: str) -> tuple[Rechecked, ...]:
    where, values = viewer.may_see()
    rows = transaction.rows(
        f"SELECT id, keyid, created, received, line FROM statements WHERE kind = 'recheck' AND subject = ?"
        f" AND line IS NOT NULL AND {where} ORDER BY seq LIMIT ?",
        statement, *values, _MOST,
    )  # fmt: skip
    found = []
    for *texts, line in rows:
        outcome = reread(bytes(line)).statement.predicate.get("outcome")
        said = outcome if isinstance(outcome, str) else ""
        found.append(Rechecked(**dict(zip(("id", "keyid", "created", "received"), texts, strict=True)), outcome=said))
    return tuple(found)


def _place(transaction: Transaction, viewer: Viewer, statement: str, log: str) -> tuple[str, int] | None:
    where, values = viewer.may_see()
    row = transaction.one(f"SELECT seq FROM statements WHERE id = ? AND {where}", statement, *values)
    return place_of(transaction, row[0], log) if row else None


def _readable(transaction: Transaction, viewer: Viewer, ids: list[str]) -> int:
    where, values = viewer.may_see()
    count = 0
    for start in range(0, len(ids), 500):
        some = ids[start : start + 500]
        marks = ", ".join("?" * len(some))
        row = transaction.one(
            f"SELECT COUNT(*) FROM statements WHERE id IN ({marks}) AND line IS NOT NULL AND {where}", *some, *values
        )
        count += row[0] if row else 0
    return count


def _facets(transaction: Transaction, seq: int) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for facet, value, n in transaction.rows(
        "SELECT facet, value, n FROM assessment_facets WHERE seq = ? AND facet <> 'part' ORDER BY facet, value", seq
    ):
        found.setdefault(facet, {})[value] = n
    return found


def by_numbers(
    transaction: Transaction, viewer: Viewer, seqs: tuple[int, ...] | list[int], now: str
) -> tuple[Listed, ...]:
    """Return the rows of a list in the order of `seqs`. What the viewer may not see is left out, whoever asks."""
    if not seqs:
        return ()
    marks, (where, values) = ", ".join("?" * len(seqs)), viewer.may_see()
    rows = transaction.rows(
        f"SELECT {COLUMNS}, name, assessments.version, provider, sector, described FROM assessments"
        f" JOIN statements ON statements.seq = assessments.seq WHERE statements.seq IN ({marks}) AND {where}",
        *seqs, *values,
    )  # fmt: skip
    heads = {row[0]: row for row in rows}
    counts: dict[int, dict[str, dict[str, int]]] = {}
    for seq, facet, value, n in transaction.rows(
        "SELECT seq, facet, value, n FROM assessment_facets"
        f" WHERE seq IN ({marks}) AND facet IN ('verdict', 'finding')",
        *seqs,
    ):
        counts.setdefault(seq, {}).setdefault(facet, {})[value] = n
    coverage: dict[int, list[Covered]] = {}
    for seq, *row in transaction.rows(
        "SELECT seq, framework, version, title, jurisdiction, applicable, evaluated FROM assessment_coverage"
        f" WHERE seq IN ({marks}) ORDER BY seq, framework, version",
        *seqs,
    ):
        coverage.setdefault(seq, []).append(Covered(**dict(zip(Covered.__struct_fields__, row, strict=True))))
    return tuple(
        _row(transaction, heads[seq], counts.get(seq, {}), tuple(coverage.get(seq, ())), now)
        for seq in seqs
        if seq in heads
    )


def _row(
    transaction: Transaction,
    row: tuple[object, ...],
    counts: dict[str, dict[str, int]],
    coverage: tuple[Covered, ...],
    now: str,
) -> Listed:
    kept = Kept(*row[:-5])  # type: ignore[arg-type]
    name, version, provider, sector, described = map(str, row[-5:])
    standing = standing_of(transaction, kept, now)
    verdicts, findings = counts.get("verdict", {}), counts.get("finding", {})
    return Listed(
        seq=kept.seq,
        id=kept.id,
        subject=kept.subject,
        name=name,
        version=version,
        provider=provider,
        sector=sector,
        keyid=kept.keyid,
        created=kept.created,
        valid_until=kept.valid_until,
        disclosure=kept.disclosure,
        verdicts={status: verdicts[status] for status in VERDICT_STATUSES if status in verdicts},
        findings={severity: findings[severity] for severity in reversed(SEVERITIES) if severity in findings},
        coverage=coverage,
        described=described == "1",
        revoked=standing.revoked is not None,
        lapsed=standing.lapsed,
    )
