"""What people wrote, checked: every mistake at once with its row and column, and the reviews that can be signed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, get_args

from ..errors import MalformedInput
from ..frameworks.reviewing import is_invisible, same_person
from ..records import DECISIONS, Assessment, Decision, Review, Reviewer, is_day
from ..records.measurement import Record
from .columns import ANSWERS, RETURNED
from .opening import Opened, OpenPoint
from .people import People
from .reliance import Doubt, documents_in, measurements_in
from .sheet import Row

LONGEST = {"reason": 10_000, "reviewer": 200, "role": 200, "interest": 1_000}
MOST_DAYS = 5 * 365 + 2
_MOST_LISTED = 200


class Refusal(Record, frozen=True, kw_only=True):
    """One mistake: the row as a spreadsheet counts it, the column, what is wrong and what to do."""

    row: int
    column: str
    code: str
    message: str
    remedy: str

    def __str__(self) -> str:
        return f"row {self.row}, {self.column}: {self.message}. {self.remedy}"


class RefusedRows(MalformedInput):
    """A form with mistakes; `refusals` lists them all."""

    def __init__(self, name: str, refusals: tuple[Refusal, ...]) -> None:
        listed = [f"  {refusal}" for refusal in refusals[:_MOST_LISTED]]
        more = len(refusals) - len(listed)
        listed += [f"  and {more} more"] if more else []
        count = "1 mistake" if len(refusals) == 1 else f"{len(refusals)} mistakes"
        super().__init__(
            "refused-reviews",
            f"{name}: {count}; nothing was signed\n" + "\n".join(listed),
            "Correct what is listed, or give --partial to take the rows that are sound.",
        )
        self.name = name
        self.refusals = refusals

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name, self.refusals)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The reviews that are sound, without a signature as yet; what is wrong with the others; rows left empty."""

    reviews: tuple[Review, ...]
    refusals: tuple[Refusal, ...]
    unanswered: int


def accept(
    rows: Sequence[Row],
    assessment: Assessment,
    opened: Opened,
    *,
    made: str,
    people: People | None = None,
    keys: Collection[str] = (),
) -> Accepted:
    """Check what stands in `rows` against the assessment and return the reviews it makes, made at `made` (UTC).

    With `people`, only they may review, and one that is bound to a key only if it is among `keys`, the names of the
    key that will sign.
    """
    points = {(point.framework.id, point.requirement.id): point for point in opened.points}
    answered = [row for row in rows if any(row.cells[column].strip() for column in ANSWERS)]
    desk = _Desk(assessment, opened.without_text, points, made, people, keys)
    drafts = [desk.read(row) for row in answered]
    _contradictions(drafts)
    refusals = tuple(refusal for draft in drafts for refusal in sorted(draft.refusals, key=_place))
    reviews = tuple(draft.review for draft in drafts if draft.review is not None and not draft.refusals)
    return Accepted(reviews, refusals, len(rows) - len(answered))


def _place(refusal: Refusal) -> int:
    return RETURNED.index(refusal.column)


class _Draft:
    """One row on its way to a review."""

    def __init__(self, row: Row) -> None:
        self.row = row
        self.review: Review | None = None
        self.person = ""
        self.refusals: list[Refusal] = []

    def __getitem__(self, column: str) -> str:
        return self.row.cells[column].strip()

    def refuse(self, column: str, code: str, message: str, remedy: str) -> None:
        """Note a mistake."""
        self.refusals.append(Refusal(row=self.row.number, column=column, code=code, message=message, remedy=remedy))


class _Desk:
    """Where rows are read, one after the other."""

    def __init__(
        self,
        assessment: Assessment,
        without_text: Sequence[str],
        points: Mapping[tuple[str, str], OpenPoint],
        made: str,
        people: People | None,
        keys: Collection[str],
    ) -> None:
        self._frameworks = {reference.id for reference in assessment.frameworks}
        self._verdicts = {(verdict.framework, verdict.requirement): verdict.status for verdict in assessment.verdicts}
        self._without_text = without_text
        self._points = points
        self._made = made
        self._today = date.fromisoformat(made[:10])
        self._people = people
        self._keys = keys

    def read(self, row: Row) -> _Draft:
        """Return what a row says, with all that is wrong with it."""
        draft = _Draft(row)
        point = self._point(draft)
        decision = self._decision(draft)
        reviewer = self._reviewer(draft)
        until = self._until(draft)
        self._require(
            draft, "reason", "missing-reason", "there is no reason", "Say why; a decision alone is no review."
        )
        if point is None:
            return draft
        doubts: list[Doubt] = []
        relied = (*measurements_in(draft["measurements_relied_on"], point, doubts),)
        relied += (*documents_in(draft["documents_relied_on"], point, self._today, doubts),)
        for doubt in doubts:
            draft.refuse(doubt.column, doubt.code, doubt.message, doubt.remedy)
        if decision is None or reviewer is None or until is None or draft.refusals:
            return draft
        draft.review = Review(
            subject=point.subject,
            framework=point.framework.id,
            framework_version=point.framework.version,
            framework_digest=point.framework.digest,
            requirement=point.requirement.id,
            asked=point.asked,
            decision=decision,
            reason=draft["reason"],
            relied_on=relied,
            reviewer=reviewer,
            made=self._made,
            valid_until=until,
        )
        return draft

    def _point(self, draft: _Draft) -> OpenPoint | None:
        framework, requirement = draft["framework"], draft["requirement"]
        point = self._points.get((framework, requirement))
        if point is None:
            draft.refuse(*self._not_open(framework, requirement))
        elif draft["state"] != point.state:
            message = "the question, or the evidence beside it, has changed since this form was written"
            draft.refuse("state", "other-state", message, "Write the form anew with `accord review` and answer that.")
        return point

    def _not_open(self, framework: str, requirement: str) -> tuple[str, str, str, str]:
        status = self._verdicts.get((framework, requirement))
        if framework not in self._frameworks:
            known = ", ".join(sorted(self._frameworks)[:20]) or "nothing"
            message = f"the assessment was not judged under {framework[:80]!r}"
            return "framework", "unknown-framework", message, f"It was judged under: {known}."
        if status is None:
            message = f"{framework} has no requirement {requirement[:80]!r} that was judged"
            return "requirement", "unknown-requirement", message, "Take the ids from the form."
        if framework in self._without_text:
            message = f"the text of {framework} that was used is not here"
            return "framework", "other-text", message, "Name its file with --framework FILE."
        if status in ("met", "not_met"):
            message = f"what was measured decides here ({status}); no review overrides a measurement"
            remedy = "If the measurement is wrong, measure again; if the threshold is, judge under another profile."
            return "requirement", "measured", message, remedy
        if status == "not_applicable":
            message = "by the facts on the card this point does not apply"
            return "requirement", "out-of-scope", message, "Correct the card if a fact is wrong, and assess again."
        return "requirement", "no-question", "this point asks nothing of a person", "Leave the row empty."

    def _decision(self, draft: _Draft) -> Decision | None:
        word = draft["decision"].casefold().replace(" ", "_").replace("-", "_")
        found: Decision | None = next((decision for decision in get_args(Decision) if decision == word), None)
        words = f"Write one of: {', '.join(DECISIONS)}."
        if not word:
            draft.refuse("decision", "missing-decision", "there is no decision", words)
        elif found is None:
            draft.refuse("decision", "unknown-decision", f"{draft['decision'][:80]!r} is no decision", words)
        return found

    def _reviewer(self, draft: _Draft) -> Reviewer | None:
        self._require(draft, "reviewer", "missing-reviewer", "nobody is named", "Write a name or pseudonym.")
        person = self._people.find(draft["reviewer"]) if self._people else None
        draft.person = same_person(person.name if person else draft["reviewer"])
        if self._people and draft["reviewer"] and person is None:
            message = f"{draft['reviewer'][:80]!r} is not among the reviewers"
            draft.refuse("reviewer", "unknown-reviewer", message, "Add the person to the list, or ask somebody on it.")
        if person and person.key and person.key not in self._keys:
            message = f"reviews by {person.name} are signed with the key {person.key}, which is not the one here"
            draft.refuse("reviewer", "other-key", message, "Have the form imported where that key is.")
        role = draft["role"] or (person.role if person else "")
        if person and same_person(role) != same_person(person.role):
            message = f"{person.name} is listed as {person.role!r}"
            draft.refuse("role", "other-role", message, "Leave the role empty, or correct the list.")
        elif all(map(is_invisible, role)) or len(role) > LONGEST["role"]:
            self._require(draft, "role", "missing-role", "there is no role", "Say in which role you judge.")
        self._require(draft, "interest", "missing-interest", "no interest is stated", "Write “none” if there is none.")
        if draft["reviewer"] and role and draft["interest"]:
            name = person.name if person else draft["reviewer"]
            return Reviewer(name=name, role=role, interest=draft["interest"])
        return None

    def _until(self, draft: _Draft) -> str | None:
        text, last = draft["valid_until"], self._today + timedelta(days=MOST_DAYS)
        problem = ""
        if not text:
            code, problem = "missing-end", "it is not said until when the review holds"
        elif not is_day(text):
            code, problem = "no-date", f"{text[:40]!r} is not a date"
        elif text < self._today.isoformat():
            code, problem = "already-over", f"{text} is past"
        elif text > last.isoformat():
            code, problem = "too-long", f"{text} is more than five years away"
        if problem:
            remedy = f"Write a day from {self._today} to {last} as YYYY-MM-DD (format the column as text)."
            draft.refuse("valid_until", code, problem, remedy)
            return None
        return text

    @staticmethod
    def _require(draft: _Draft, column: str, code: str, message: str, remedy: str) -> None:
        if all(map(is_invisible, draft[column])):
            draft.refuse(column, code, message, remedy)
        elif len(draft[column]) > LONGEST[column]:
            most = f"at most {LONGEST[column]:,} characters are taken"
            draft.refuse(column, "too-much-text", f"{len(draft[column]):,} characters", f"Shorten it: {most}.")


def _contradictions(drafts: Sequence[_Draft]) -> None:
    """Refuse rows in which one person decides one requirement twice."""
    same: dict[tuple[str, str, str], list[_Draft]] = defaultdict(list)
    for draft in drafts:
        if draft.person:
            same[draft["framework"], draft["requirement"], draft.person].append(draft)
    for twice in same.values():
        if len(twice) > 1:
            for draft, others in _each(twice):
                decided = {other["decision"].casefold() for other in others}
                if decided == {draft["decision"].casefold()}:
                    code, message = "given-twice", f"the same reviewer decides this in {_rows(others)} too"
                else:
                    code, message = "contradiction", f"the same reviewer decides otherwise in {_rows(others)}"
                draft.refuse("decision", code, message, "Leave one row for each reviewer and requirement.")


def _each(drafts: Sequence[_Draft]) -> Iterator[tuple[_Draft, list[_Draft]]]:
    for draft in drafts:
        yield draft, [other for other in drafts if other is not draft]


def _rows(drafts: Sequence[_Draft]) -> str:
    numbers = [str(draft.row.number) for draft in drafts[:20]]
    return f"row {', '.join(numbers)}" + (" …" if len(drafts) > 20 else "")
