"""`transparency.documents`: whether a document is complete in form: date, version, owner, sections."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from ...documents import DocumentKind, document_kinds
from ...errors import LimitExceeded, MalformedInput
from ...instruments.documents import (
    Document,
    Form,
    SectionFound,
    StatedDate,
    read_document,
    stated_date,
    stated_owner,
    stated_version,
)
from ...measures.derive import fact, measurement
from ...records import Axis, Counts, Finding, Measurement, Place, Value
from ..interface import FindingRule, Inspection, Outcome, Skip, inspector
from .named_documents import named_documents

AI_ACT = "Regulation (EU) 2024/1689, Art. 11 and Annex IV"
AIMS = "ISO/IEC 42001:2023, 7.5"

UNREADABLE = FindingRule(
    "DOC-001",
    "medium",
    "{path} ({kind}) can't be read: {problem}.",
    "Hand in a file whose text can be read: Markdown, text, HTML, DOCX, ODT, or a PDF that is not locked, and no scan.",
    (AIMS,),
)
MISSING_SECTIONS = FindingRule(
    "DOC-002",
    "medium",
    "{path} ({kind}) has {present} of {of} sections that {source} states. Missing: {missing}.",
    "Add them, each under a heading of its own with a sentence or more; that there is none, and why, is an answer too.",
    (AI_ACT, "Mitchell et al. 2019", "Gebru et al. 2021"),
)
SHORT_SECTIONS = FindingRule(
    "DOC-003",
    "low",
    "{path} ({kind}) has headings with too little under them: {sections}.",
    "Write what the section asks for; a heading alone tells nobody anything.",
    (AI_ACT,),
)
PLACEHOLDER = FindingRule(
    "DOC-004",
    "medium",
    "{path} ({kind}) still holds text that stands for another: {places} places, the first on {unit} {place}.",
    "Replace TODO, TBD, “to be completed” and the like by the text itself.",
    (AIMS,),
)
NO_DATE = FindingRule(
    "DOC-005",
    "low",
    "{path} ({kind}) states no date.",
    "Put a date on its title page, such as “Date: 2025-03-31”.",
    (AIMS,),
)
NO_VERSION = FindingRule(
    "DOC-006",
    "low",
    "{path} ({kind}) states no version.",
    "Put a version on its title page, such as “Version: 1.2”, so that others can say which one they relied on.",
    (AIMS,),
)
NO_OWNER = FindingRule(
    "DOC-007",
    "low",
    "{path} ({kind}) does not say who answers for it.",
    "Name the organisation or role on its title page, such as “Owner: risk management unit”.",
    (AIMS, "NIST AI 100-1, GOVERN 2.1"),
)
AMBIGUOUS_DATE = FindingRule(
    "DOC-008",
    "low",
    "{path} ({kind}) has a date that can be read in two ways, or in none.",
    "Write it as 2025-03-31, or with the month's name.",
    ("ISO 8601-1:2019",),
)
FUTURE_DATE = FindingRule(
    "DOC-009",
    "medium",
    "{path} ({kind}) is dated {date}: that is still to come.",
    "Correct the date, or hand in the version that holds today.",
    (AIMS,),
)
OLD = FindingRule(
    "DOC-010",
    "low",
    "{path} ({kind}) is dated {date}, more than {years} years ago.",
    "Check that it still describes the system, and date it anew.",
    (AIMS,),
)
DATE_OF_FILE = FindingRule(
    "DOC-011",
    "info",
    "{path} ({kind}) states no date itself; {date} is when its file was saved.",
    "Put the date on its title page: saving a file again changes the other one.",
    (AIMS,),
)
UNKNOWN_KIND = FindingRule(
    "DOC-012",
    "info",
    "The card names {path} as {kind}, a kind of document that no framework asks for.",
    "Choose one of the known kinds: {kinds}.",
    ("ISO/IEC 42001:2023, 7.5",),
)
RULES = (
    UNREADABLE,
    MISSING_SECTIONS,
    SHORT_SECTIONS,
    PLACEHOLDER,
    NO_DATE,
    NO_VERSION,
    NO_OWNER,
    AMBIGUOUS_DATE,
    FUTURE_DATE,
    OLD,
    DATE_OF_FILE,
    UNKNOWN_KIND,
)
OLD_AFTER_YEARS = 3
STATES = ("present", "missing")


@inspector(
    "transparency.documents",
    version="1",
    roles={"document"},
    measures=(
        "transparency.document_readable",
        "transparency.document_date",
        "transparency.document_version",
        "transparency.document_owner_stated",
        "transparency.document_sections",
        "transparency.document_sections_missing",
    ),
    rules=RULES,
    isolation="decode",
    cacheable=False,  # whether a date lies in the future, or long ago, depends on the day
    reads_card=True,
    libraries=("pypdf",),
    bytes_per_second=2e6,
)
def inspect_document(inspection: Inspection) -> Outcome:
    """The form of the documents that the card names.

    What it measures
        For each kind that the card names this file as: whether its text can be read; which date and version it states,
        and that it states an owner; which share of the sections it has that a source states for this kind. Text for
        date and version, true or false for the owner, a share for the sections.

    Why it matters
        Much of what laws ask for is shown by documents. One that is empty, undated, nobody's, or a template with
        headings only looks like compliance in a list of files. Whether its content is right, a person must judge.

    Method
        Text and headings are taken out of Markdown, reStructuredText, plain text, HTML, DOCX, ODT and PDF, in a sandbox
        and within limits. A section is there if a heading or label has one of its words (five languages, in part seven)
        and 15 words follow (fewer where the source asks for a name), none of them a placeholder. The share is exact,
        without an interval. The date is the newest that the document gives as its own; that of the file's metadata is
        taken only where there is none, and named so.

    Limits
        Nothing is said of the content: a section can be there and wrong. Headings of PDFs and plain text are told by
        their looks; a section under unusual words is not found. Tables in a PDF are lines, scans are not read.
        Who the owner is, is not kept. What a source asks only where it applies is not counted.

    References
        Regulation (EU) 2024/1689 as consolidated on 27 July 2026, Art. 9, 13, 17, 27, 72 and Annexes IV, V, XI, XII;
        Mitchell et al., Model Cards (FAT* 2019); Gebru et al., Datasheets (CACM 2021); ISO/IEC 42001:2023, 7.5.
    """
    kinds = [kind for kind, part in named_documents(inspection).items() if part == inspection.part]
    if not kinds:
        raise Skip("not_applicable", "the card names this file as no kind of document")
    today = datetime.now(UTC).date()
    checks = [_Check(inspection, kind, today) for kind in kinds]
    try:
        document = read_document(inspection.path)
    except (MalformedInput, LimitExceeded) as error:
        return _outcome([check.unreadable(error.message) for check in checks], inspection)
    return _outcome([check.of(document) for check in checks], inspection)


Part = tuple[list[Measurement], list[Finding], dict[str, Counts]]


def _outcome(parts: list[Part], inspection: Inspection) -> Outcome:
    return Outcome(
        measurements=tuple(measured for measurements, _, _ in parts for measured in measurements),
        findings=tuple(finding for _, findings, _ in parts for finding in findings),
        statistics={name: counts for _, _, statistics in parts for name, counts in statistics.items()},
        checked=("the document's date, version, owner and headings",),
        not_checked=("whether what the document says is true, current and enough",),
        bytes_read=inspection.part.size,
    )


class _Check:
    """One file as one kind of document."""

    def __init__(self, inspection: Inspection, kind: str, today: date) -> None:
        self._subject = inspection.part.digest
        self._path = inspection.part.path or inspection.root.name
        self._kind = document_kinds().get(kind) or DocumentKind(id=kind, title=kind)
        self._known = kind in document_kinds()
        self._today = today

    def unreadable(self, problem: str) -> Part:
        """It can't be read: that is a finding, and nothing else is measured."""
        readable = self._fact("readable", False, "tried to take its text out", problem)
        return [readable], [self._find(UNREADABLE, problem=problem), *self._unknown()], {}

    def of(self, document: Document) -> Part:
        """Measure what the document says about itself, and its sections."""
        stated = stated_date(document, self._today)
        version = stated_version(document).value
        owner = stated_owner(document)
        measurements = [
            self._fact("readable", True, f"text taken out of {document.format}"),
            self._date(stated),
            self._fact("version", version, "read on its title page", None if version else "no version is stated"),
            self._fact("owner_stated", owner, "looked for a label such as owner, provider, approved by"),
        ]
        findings = [*self._about_date(stated), *self._about_names(version, owner)]
        statistics: dict[str, Counts] = {}
        form = Form(document)
        if self._kind.sections:
            found = form.find(self._kind.sections)
            name = f"sections of {self._kind.id}"
            statistics[name] = _counts(found, self._kind.id)
            missing = tuple(item.section.id for item in found if item.state != "present")
            dimensions = {"kind": self._kind.id}
            measurements += [
                measurement(
                    "transparency.document_sections", name, statistics[name], dimensions, subject=self._subject
                ),
                self._fact("sections_missing", missing, f"compared its headings with {self._kind.source}"),
            ]
            findings += self._about_sections(found)
        return measurements, [*findings, *self._about_placeholders(form, document.unit), *self._unknown()], statistics

    def _fact(self, name: str, value: Value, method: str, reason: str | None = None) -> Measurement:
        return fact(
            f"transparency.document_{name}",
            value,
            subject=self._subject,
            method=method,
            dimensions={"kind": self._kind.id},
            reason=reason,
        )

    def _find(self, rule: FindingRule, **arguments: Any) -> Finding:
        return rule.at(self._subject, Place(path=self._path), path=self._path, kind=self._kind.id, **arguments)

    def _date(self, stated: StatedDate) -> Measurement:
        reasons = {
            "missing": "no date is stated",
            "ambiguous": "its date can be read in two ways, or in none",
            "future": f"its date, {stated.seen}, is still to come",
        }
        method = "read from the file's metadata: the document states none" if stated.of_file else "stated in it"
        return self._fact("date", stated.value, method, reasons.get(stated.problem))

    def _about_date(self, stated: StatedDate) -> Iterator[Finding]:
        needed = "date" in self._kind.needs
        if stated.problem == "missing" and needed:
            yield self._find(NO_DATE)
        elif stated.problem == "ambiguous" and needed:
            yield self._find(AMBIGUOUS_DATE)
        elif stated.problem == "future":
            yield self._find(FUTURE_DATE, date=stated.seen)
        elif stated.value is not None:
            if stated.of_file and needed:
                yield self._find(DATE_OF_FILE, date=stated.value)
            oldest = (self._today - timedelta(days=round(365.25 * OLD_AFTER_YEARS))).isoformat()
            if needed and stated.value < oldest[: len(stated.value)]:
                yield self._find(OLD, date=stated.value, years=OLD_AFTER_YEARS)

    def _about_names(self, version: str | None, owner: bool) -> Iterator[Finding]:
        if version is None and "version" in self._kind.needs:
            yield self._find(NO_VERSION)
        if not owner and "owner" in self._kind.needs:
            yield self._find(NO_OWNER)

    def _about_sections(self, found: tuple[SectionFound, ...]) -> Iterator[Finding]:
        missing = [item.section.title for item in found if item.state == "missing"]
        short = [item for item in found if item.state == "short"]
        if missing:
            yield self._find(
                MISSING_SECTIONS,
                present=sum(item.state == "present" for item in found),
                of=len(found),
                source=self._kind.source,
                missing="; ".join(missing),
            )
        if short:
            listed = "; ".join(f"{item.section.title} ({item.words} of {item.section.least} words)" for item in short)
            yield self._find(SHORT_SECTIONS, sections=listed)

    def _about_placeholders(self, form: Form, unit: str) -> Iterator[Finding]:
        found = form.placeholders
        if found:
            yield self._find(PLACEHOLDER, places=len(found), unit=unit, place=found[0])

    def _unknown(self) -> Iterator[Finding]:
        if not self._known:
            yield self._find(UNKNOWN_KIND, kinds=", ".join(document_kinds()))


def _counts(found: tuple[SectionFound, ...], kind: str) -> Counts:
    return Counts(
        axes=(
            Axis(role="kind", name="kind", categories=(kind,)),
            Axis(role="column", name="section", categories=tuple(item.section.id for item in found)),
            Axis(role="state", name="state", categories=STATES),
        ),
        values=tuple(count for item in found for count in ((1, 0) if item.state == "present" else (0, 1))),
    )
