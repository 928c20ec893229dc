"""`transparency.card`: what the system card states becomes measurements of basis `declared`."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from ...errors import MalformedInput
from ...measures.derive import fact, measurement
from ...records import Axis, Card, Counts, Interval, Measurement, Place, Value, to_builtins
from ...subjects import resolve_inside, stated
from ..interface import FindingRule, Inspection, Outcome, inspector
from .named_documents import named_documents

CONTRADICTION = FindingRule(
    "CARD-001",
    "medium",
    "The provider's and the assessor's card differ in {field}: {provider} and {assessor}.",
    "Find out which of the two is true. The assessor's word counted here.",
    ("ISO/IEC 42001:2023, A.8.2", "Regulation (EU) 2024/1689, Art. 13"),
)
NO_CARD = FindingRule(
    "CARD-002",
    "low",
    "There is no system card: nobody says what the system is for, who answers for it and whom it affects.",
    "Draft one with `accord init`, and complete what only a person can know.",
    ("Regulation (EU) 2024/1689, Art. 13", "NIST AI 100-1, MAP 1.1"),
)
MISSING_DOCUMENT = FindingRule(
    "CARD-003",
    "medium",
    "The card names {path} as {field}, but the target holds no such file, or an empty one.",
    "Add the file, or correct the path in the card.",
    ("Regulation (EU) 2024/1689, Art. 11",),
)
MISSING_FIELD = FindingRule(
    "CARD-004",
    "low",
    "The card does not state {field}.",
    "Add {field} to the card.",
    ("Regulation (EU) 2024/1689, Annex IV(1)", "NIST AI 100-1, MAP 1.1"),
)

# What anybody needs to know to judge a system at all.
ESSENTIAL = (
    "system.name",
    "system.purpose",
    "system.sector",
    "system.jurisdictions",
    "system.provider",
    "system.affected",
    "system.human_oversight",
)
# What completeness is counted over: who, what for, for whom, and where the numbers hold.
FIELDS = (
    *ESSENTIAL,
    "system.version",
    "system.deployer",
    "system.users",
    "system.lifecycle",
    "system.languages",
    "context.population",
    "context.places",
    "context.period",
    "context.sampling",
    "context.holder",
)
STATES = ("present", "missing")
METHOD = "read from the system card"


@inspector(
    "transparency.card",
    version="1",
    measures=(
        "card.stated",
        "card.answer",
        "card.training_compute",
        "transparency.card_completeness",
        "transparency.document_present",
    ),
    scope="subject",
    rules=(CONTRADICTION, NO_CARD, MISSING_DOCUMENT, MISSING_FIELD),
    isolation="none",
    cacheable=False,
    reads_card=True,
)
def read_card(inspection: Inspection) -> Outcome:
    """What the system card declares.

    What it measures
        Each field and answer that the card states, as a declared fact; how many of 17 basic fields it states; whether
        the documents that it names are there.

    Why it matters
        Nobody can measure what a system is for, who answers for it and whom it affects. Laws classify systems by these
        facts, so they are shown as what they are: somebody's word.

    Method
        The parsed card is read field by field; unit: none for facts, a share of fields for completeness, which is an
        exact count without an interval. A document counts as present if its path leads to a folder, or a file that
        is not empty, inside the target. A measured value outranks what is declared here.

    Limits
        Whether a statement is true is not checked, nor what a document says. A field that is filled with a few
        meaningless words counts as stated.

    References
        Mitchell et al., Model Cards for Model Reporting (FAccT 2019); Gebru et al., Datasheets for Datasets (2021);
        Regulation (EU) 2024/1689, Art. 11, 13 and Annex IV; NIST AI 100-1, MAP 1.
    """
    subject = inspection.subject.digest
    facts = stated(inspection.card)
    completeness = _completeness({field for field, _ in facts})
    documents = _documents(inspection)
    findings = [
        CONTRADICTION.at(subject, field=field, provider=provider, assessor=assessor)
        for field, provider, assessor in inspection.contradictions
    ]
    if inspection.card_source == "none":
        findings.append(NO_CARD.at(subject))
    else:
        said = {field for field, _ in facts}
        findings += [MISSING_FIELD.at(subject, field=field) for field in ESSENTIAL if field not in said]
    findings += [
        MISSING_DOCUMENT.at(subject, Place(path=path), field=field, path=path)
        for field, path, present in documents
        if not present
    ]
    return Outcome(
        measurements=(
            *declared(inspection.card, subject),
            measurement("transparency.card_completeness", "fields", completeness, {}, subject=subject),
            *_presence(inspection, documents),
        ),
        findings=tuple(findings),
        statistics={"fields": completeness},
        checked=("the form of the card", "which fields it states", "whether the documents it names are there"),
        not_checked=("whether what it states is true", "what the documents say"),
    )


def _fact(subject: str, field: str, value: Any) -> Measurement:
    table, _, key = field.partition(".")
    measure, dimensions = (
        ("card.answer", {"question": key}) if table == "answers" else ("card.stated", {"field": field})
    )
    read = fact(measure, _plain(value), subject=subject, method=METHOD, dimensions=dimensions)
    return replace(read, basis="declared")


def declared(card: Card, subject: str) -> tuple[Measurement, ...]:
    """Return what a card states of the subject with this digest, as declared measurements."""
    return (*(_fact(subject, field, value) for field, value in stated(card)), *_training_compute(card, subject))


def _training_compute(card: Card, subject: str) -> list[Measurement]:
    """The operations of training; a range becomes an interval, its value the geometric mean of the two ends."""
    flop = card.model.training.flop
    if flop is None:
        return []
    low, high = flop if isinstance(flop, tuple) else (flop, flop)
    value = min(max(math.sqrt(low) * math.sqrt(high), low), high)
    read = fact("card.training_compute", value, subject=subject, method=METHOD)
    interval = Interval(low=low, high=high, level=1.0, kind="declared") if low < high else None
    return [replace(read, basis="declared", interval=interval)]


def _plain(value: Any) -> Value:
    """A value of a measurement: lists of numbers and small tables become text."""
    if isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, tuple):
        return tuple(str(item) for item in value)
    fields = to_builtins(value)
    return tuple(f"{key}: {_text(inner)}" for key, inner in fields.items() if inner is not None)


def _text(value: Any) -> str:
    return " ".join(_text(item) for item in value.values()) if isinstance(value, dict) else str(value)


def _completeness(said: set[str]) -> Counts:
    return Counts(
        axes=(
            Axis(role="column", name="field", categories=FIELDS),
            Axis(role="state", name="state", categories=STATES),
        ),
        values=tuple(count for field in FIELDS for count in ((1, 0) if field in said else (0, 1))),
    )


def _documents(inspection: Inspection) -> list[tuple[str, str, bool]]:
    """What the card names: (field, path, whether it is there). A data or model file may be the target itself."""
    card = inspection.card
    named = [(f"documents.{kind}", path) for kind, path in sorted(card.documents.items())]
    named += [(f, p) for f, p in (("data.file", card.data.file), ("model.file", card.model.file)) if p is not None]
    return [(field, path, _is_there(inspection.root, path)) for field, path in named]


def _is_there(root: Path, path: str) -> bool:
    """Whether `path` leads to a folder, or to a file that is not empty, inside the target."""
    if not root.is_dir():
        return path == root.name
    try:
        place = resolve_inside(root, path)
    except MalformedInput:
        return False
    return place is not None and (place.is_dir() or place.stat().st_size > 0)


def _presence(inspection: Inspection, documents: list[tuple[str, str, bool]]) -> list[Measurement]:
    """Whether each document is there: of the part that it is, or of the whole subject where it's no part."""
    parts = named_documents(inspection)
    return [
        fact(
            "transparency.document_present",
            present,
            subject=parts[kind].digest if present and kind in parts else inspection.subject.digest,
            method="looked for the path in the target",
            dimensions={"kind": kind},
        )
        for field, _, present in documents
        if (kind := field.removeprefix("documents.")) != field
    ]
