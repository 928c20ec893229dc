"""This node's own judgement: the measurements of every assessment that is here, by the thresholds of its jurisdiction.

What a signer judged stays as signed; this stands beside it. It is made from the signed evidence alone, off the thread
that takes statements in, and again whenever the node's settings or the texts of its frameworks change.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from ..commons.assessments.page import Around
from ..commons.assessments.projection import describe, evidence_of, record_bytes
from ..errors import AccordError
from ..frameworks import (
    FrameworkFile,
    Judgement,
    Terms,
    check_profile,
    judge_all,
    known_jurisdictions,
    open_profile,
    select_files,
)
from ..frameworks.jurisdictions import INTERNATIONAL
from ..records import (
    Coverage,
    Evidence,
    FrameworkReference,
    Profile,
    Review,
    Tier,
    Verdict,
    from_json,
    to_json,
)
from ..store import Transaction
from ..store.statements import line_of
from ..trust.canonical import digest
from ..trust.saying import reread
from ..trust.statement import format_time
from .node import Node

logger = logging.getLogger("accord.judging")
RULES = 1
"""Goes up when judging itself changes: then everything is judged again."""
_AT_ONCE = 8
_LOOKED_AT = 500
_LOOK_SECONDS = 0.5
_PATIENCE_SECONDS = 30.0
State = Literal["judged", "incomplete", "failed"]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What came of judging an assessment's evidence here. `reason` says why a state is not `judged`.

    `on` is the day of judging, `profile` the title of the node's own thresholds, if it has some.
    """

    jurisdiction: str
    on: str
    state: State
    reason: str = ""
    profile: str = ""
    frameworks: tuple[FrameworkReference, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    tiers: tuple[Tier, ...] = ()


class Settings(msgspec.Struct, frozen=True):
    """What is judged under: frameworks, profile, and the digest of it all."""

    jurisdiction: str
    files: tuple[FrameworkFile, ...]
    profile: Profile | None
    digest: str


def settings_of(node: Node) -> Settings:
    """Return what the node judges under: the texts of its jurisdiction and those its settings name, its profile.

    Where the library has nothing for the jurisdiction, these are the international texts. Raises AccordError if the
    settings name something else that is not there.
    """
    config = node.config
    files = select_files(config.frameworks, known_jurisdictions([config.jurisdiction]) or [INTERNATIONAL])
    profile = open_profile(Path(config.profile)) if config.profile else None
    if profile:
        check_profile(profile, [file.framework for file in files])
    references = [file.reference for file in files]
    whole = digest(msgspec.to_builtins([RULES, config.jurisdiction, references, profile]))
    return Settings(config.jurisdiction, files, profile, whole)


def judge_evidence(
    evidence: Sequence[Evidence],
    settings: Settings,
    on: str,
    reviews: tuple[Review, ...] = (),
    known_digests: frozenset[str] = frozenset(),
) -> Judged:
    """Judge evidence under the node's settings, on a day, and what it leaves open by reviews; see `Terms`. Pure."""
    terms = Terms(profile=settings.profile, on=on, reviews=reviews, known_digests=known_digests)
    found: list[Judgement] = judge_all([file.framework for file in settings.files], evidence, terms)
    return Judged(
        jurisdiction=settings.jurisdiction,
        on=on,
        state="judged",
        profile=settings.profile.title if settings.profile else "",
        frameworks=tuple(file.reference for file in settings.files),
        coverage=tuple(item.coverage for item in found),
        verdicts=tuple(verdict for item in found for verdict in item.verdicts),
        tiers=tuple(tier for item in found for tier in item.tiers),
    )


def judgement_of(transaction: Transaction, around: Around) -> Judged | None:
    """Return the node's judgement as the viewer may read it: only who may read all evidence may read what follows.

    It is the one that was stored, without anybody's reviews.
    """
    found = stored(transaction, around)
    return found and shown(found, around)


def signed_evidence(transaction: Transaction, seq: int) -> tuple[Evidence, ...]:
    """Return the evidence of the assessment `seq` that is here, as it was signed. Raises MalformedInput."""
    lines, _missing = _evidence_lines(transaction, seq)
    return tuple(item for line in lines for item in evidence_of(reread(line)))


def shown(judged: Judged, around: Around) -> Judged:
    """Return a judgement as its page shows it: reasons and outcomes hold counts, which may be too small to be shown."""
    if not around.small or around.kept.disclosure != "public":
        return judged
    bare = [
        Verdict(framework=item.framework, requirement=item.requirement, status=item.status, reason="")
        for item in judged.verdicts
    ]
    return msgspec.structs.replace(judged, verdicts=tuple(bare))


def stored(transaction: Transaction, around: Around) -> Judged | None:
    """Return the whole judgement that was stored, if whoever looks at `around` may read all evidence."""
    if not around.whole:
        return None
    row = transaction.one("SELECT body FROM judgements WHERE seq = ? AND body IS NOT NULL", around.kept.seq)
    return from_json(bytes(row[0]), Judged, name="judgement") if row else None


class Judging:
    """The thread that judges: what comes in first, then, the newest first, what was judged under other settings."""

    def __init__(self, node: Node) -> None:
        self._ended = threading.Event()
        self._node = node
        self._pass: Pass | None = None
        self._thread = threading.Thread(target=self._work, name="judging", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread once it has finished the assessment at hand."""
        self._ended.set()
        notice(self._node)
        self._thread.join(30)

    def _work(self) -> None:
        while not self._ended.is_set():
            try:
                self._pass = self._pass or Pass(self._node, settings_of(self._node))
                busy = self._pass.step()
            except AccordError as error:  # the settings name what isn't there, or the store can't be reached
                logger.warning("%s", error.message)
                busy = False
            except Exception:  # What nobody thought of must not end the thread.
                logger.exception("unexpected error")
                busy = False
            if not busy and not self._ended.is_set():
                self._node.wait_for_growth(self._node.grown_to, _LOOK_SECONDS if self._pass else _PATIENCE_SECONDS)


def notice(node: Node) -> None:
    """Wake the thread: statements came in from elsewhere."""
    node.noticed()


def judge_what_is_here(node: Node) -> int:
    """Judge every assessment that is here and is not judged under the node's settings; return how many there were."""
    going = Pass(node, settings_of(node))
    while going.step():
        pass
    return going.judged


class Pass:
    """One way through all assessments, in steps of bounded work, that goes on with those that come in meanwhile."""

    def __init__(self, node: Node, settings: Settings) -> None:
        self.judged = 0
        self._node, self._settings = node, settings
        with node.store.reading() as transaction:
            row = transaction.one("SELECT MAX(seq) FROM assessments")
        self._high = (row[0] or 0) if row else 0
        self._low = self._high + 1
        self._looked = -1

    def step(self) -> bool:
        """Do a little; return False if there was nothing to do. What was judged already is left alone."""
        with self._node.store.reading() as transaction:
            new = transaction.rows(
                "SELECT seq FROM assessments WHERE seq > ? ORDER BY seq LIMIT ?", self._high, _AT_ONCE
            )
            last = transaction.one("SELECT MAX(seq) FROM statements")
        for (seq,) in new:
            self._take(seq)
            self._high = seq
        newest = (last[0] or 0) if last else 0
        if new:
            return True
        if newest != self._looked and self._complete():
            return True
        self._looked = newest
        return self._go_back()

    def _take(self, seq: int) -> None:
        self.judged += 1
        _describe(self._node, seq)
        _judge(self._node, self._settings, seq)

    def _complete(self) -> bool:
        """Judge those that lacked evidence which has come since."""
        with self._node.store.reading() as transaction:
            rows = transaction.rows(
                "SELECT j.seq FROM judgements j WHERE j.state = 'incomplete' AND j.evidence < (SELECT COUNT(*) FROM"
                " assessment_facets f JOIN statements e ON e.id = f.value AND e.line IS NOT NULL"
                " WHERE f.seq = j.seq AND f.facet = 'evidence') ORDER BY j.seq DESC LIMIT ?",
                _AT_ONCE,
            )
        for (seq,) in rows:
            self._take(seq)
        return bool(rows)

    def _go_back(self) -> bool:
        """Judge what was never judged, or under other settings."""
        with self._node.store.reading() as transaction:
            rows = transaction.rows(
                "SELECT a.seq, j.settings FROM assessments a LEFT JOIN judgements j ON j.seq = a.seq"
                " WHERE a.seq < ? ORDER BY a.seq DESC LIMIT ?",
                self._low, _LOOKED_AT,
            )  # fmt: skip
        taken = 0
        for seq, under in rows:
            if under != self._settings.digest:
                self._take(seq)
                taken += 1
            self._low = seq
            if taken == _AT_ONCE:
                break
        return bool(rows)


def _describe(node: Node, seq: int) -> None:
    """Note what the record of an assessment adds, if it came after it, as a peer's does."""
    with node.store.reading() as transaction:
        row = transaction.one("SELECT record, described FROM assessments WHERE seq = ?", seq)
        data = record_bytes(transaction, seq, row[0]) if row and not row[1] else None
    if data is not None:
        with node.store.writing() as transaction:
            describe(transaction, seq, data)


def _judge(node: Node, settings: Settings, seq: int) -> None:
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        lines, missing = _evidence_lines(transaction, seq)
    on = now.date().isoformat()
    if missing:
        reason = f"{missing} of {missing + len(lines)} statements of evidence are not here"
        found = Judged(jurisdiction=settings.jurisdiction, on=on, state="incomplete", reason=reason)
    else:
        try:
            evidence = [item for line in lines for item in evidence_of(reread(line))]
            found = judge_evidence(evidence, settings, on)
        except Exception as error:  # A stranger's evidence may hold what nobody thought of.
            if not isinstance(error, AccordError):
                logger.exception("statement %d can't be judged", seq)
            said = error.message if isinstance(error, AccordError) else "it can't be judged"
            found = Judged(jurisdiction=settings.jurisdiction, on=on, state="failed", reason=said[:500])
    with node.store.writing() as transaction:
        transaction.run(
            "INSERT INTO judgements (seq, settings, state, evidence, made, body) VALUES (?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (seq) DO UPDATE SET settings = excluded.settings, state = excluded.state,"
            " evidence = excluded.evidence, made = excluded.made, body = excluded.body",
            seq, settings.digest, found.state, len(lines), format_time(now), to_json(found),
        )  # fmt: skip


def _evidence_lines(transaction: Transaction, seq: int) -> tuple[list[bytes], int]:
    """Return the lines of evidence that are here, and how many are not."""
    rows = transaction.rows(
        "SELECT s.seq FROM assessment_facets f LEFT JOIN statements s ON s.id = f.value AND s.line IS NOT NULL"
        " WHERE f.seq = ? AND f.facet = 'evidence' ORDER BY f.value",
        seq,
    )
    lines = [line for (at,) in rows if at is not None and (line := line_of(transaction, at)) is not None]
    return lines, len(rows) - len(lines)
