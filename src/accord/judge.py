"""Judging stored evidence again: under other frameworks, other thresholds, with reviews, without the target.

Nothing is measured here. The evidence keeps the signatures of whoever measured; only verdicts, classes and the summary
are made anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from .errors import MalformedInput
from .frameworks import FrameworkFile, Terms, judge_all
from .inspectors.interface import Inspector
from .records import Assessment, Review, from_json
from .reviews import REVIEWS, read_envelope
from .summary import summarise
from .trust import Trust, check
from .trust.envelopes import MAX_FILE_BYTES, read_lines
from .trust.folder import read_regular
from .trust.sealing import MAX_RECORD_BYTES, STATEMENTS
from .trust.statement import parse_time


@dataclass(frozen=True, slots=True)
class Stored:
    """An assessment as it was stored, with the signed statements of its evidence by inspector, and of its reviews.

    Both are empty for a bare record: what it says of reviews is then nobody's word, and is left out.
    """

    assessment: Assessment
    statements: dict[str, bytes]
    reviews: dict[bytes, Review]


def open_stored(place: Path, trusted: Trust) -> Stored:
    """Read a report folder, or a bare record in JSON, which proves nothing of where it comes from.

    Raises MalformedInput if it can't be read, or if the report was altered since it was signed.
    """
    if not place.is_dir():
        return Stored(from_json(_read(place, MAX_RECORD_BYTES), Assessment, name=place.name), {}, {})
    seal = check(place, trusted=trusted)
    if not seal.unchanged or seal.assessment is None:
        named = ", ".join(dict.fromkeys(change.path for change in seal.changes))
        raise MalformedInput(
            "altered-report",
            f"{place.name}: it is not what was signed ({named})",
            "Run `accord verify` on it, and judge the report as its signer handed it out.",
        )
    lines = read_lines(_read(place / STATEMENTS, MAX_FILE_BYTES))
    kept = _read(place / REVIEWS, MAX_FILE_BYTES).splitlines() if seal.assessment.reviews else []
    seen = parse_time(seal.log.seen) if seal.log.seen else None
    return Stored(
        seal.assessment,
        {line.inspector: line.raw for line in lines if line.inspector},
        {raw: read_envelope(raw, trusted, seen) for raw in kept},
    )


def _read(path: Path, most: int) -> bytes:
    try:
        return read_regular(path, most)
    except OSError as error:
        raise MalformedInput(
            "unreadable-record", f"{path.name}: {error.strerror or 'not a regular file'}", "Check the path."
        ) from None


def judge_again(
    stored: Assessment, frameworks: Sequence[FrameworkFile], terms: Terms, inspectors: Sequence[Inspector]
) -> Assessment:
    """Return the assessment with the verdicts, classes and summary that follow from its evidence under `terms`."""
    judgements = judge_all([file.framework for file in frameworks], stored.evidence, terms)
    return replace(
        stored,
        verdicts=tuple(verdict for judgement in judgements for verdict in judgement.verdicts),
        tiers=tuple(tier for judgement in judgements for tier in judgement.tiers),
        frameworks=tuple(file.reference for file in frameworks),
        summary=summarise(stored.subject, stored.card, stored.evidence, judgements, inspectors),
        profile=terms.profile,
        reviews=terms.reviews,
        judged=terms.on,
    )
