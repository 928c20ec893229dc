"""From what an officer typed to a version of an entry, with every mistake at its field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ...errors import MalformedInput
from ...frameworks.asking import OpenFact
from ...i18n import _
from ...records import Framework, from_builtins, is_day, to_builtins
from ...records.registration import Registration, ReviewPlan, Sign
from .classing import Interval, frameworks_for, interval_for, questions_for, signs_for
from .fields import BY_NAME, FIELDS, clean, fields_of, read_value, write_value

NO_ENTRY = "0" * 16


class Wrong(Struct, frozen=True):
    """What is wrong with one answer, and what to do."""

    field: str
    message: str
    remedy: str


class NotComplete(MalformedInput):
    """Answers with mistakes; `wrong` has them by field, in the order of the form."""

    def __init__(self, wrong: Sequence[Wrong]) -> None:
        listed = "; ".join(f"{item.field}: {item.message}" for item in wrong)
        super().__init__("bad-answers", listed, "Correct the answers that are named.")
        self.wrong = tuple(wrong)


class Answers(Struct, frozen=True, kw_only=True):
    """What was typed: `values` by field as text, `unknown` where the answer is "I don't know", `answers` to laws.

    `days` is an interval chosen by hand with its `reason`; "" leaves it to the class of risk, and `last` is the day of
    the last review. `supplied` are fields as the supplier stated them; `change` says what is new in this version.
    """

    values: dict[str, str] = {}
    unknown: tuple[str, ...] = ()
    answers: dict[str, bool] = {}
    days: str = ""
    reason: str = ""
    last: str = ""
    supplied: tuple[str, ...] = ()
    change: str = ""

    def at(self, field: str) -> str:
        """Return what was typed in a field."""
        return self.values.get(field, "")

    def typed(self, step: str, values: Mapping[str, str], unknown: Sequence[str]) -> Answers:
        """Return the answers with those of one step in place of what was there."""
        names = {field.name for field in fields_of(step)}
        given = {name: clean(values.get(name, ""))[:20_000] for name in names}
        passed = [name for name in unknown if name in names and not BY_NAME[name].required and not given[name].strip()]
        return replace(
            self,
            values={**self.values, **given},
            unknown=tuple(sorted({*self.unknown} - names | {*passed})),
            supplied=tuple(name for name in self.supplied if given.get(name, self.at(name)) == self.at(name)),
        )

    def answered(self, questions: Mapping[str, bool | None]) -> Answers:
        """Return the answers with those to questions of laws; None is "I don't know"."""
        left = {name: value for name, value in self.answers.items() if name not in questions}
        said = {name: value for name, value in questions.items() if value is not None}
        passed = {name for name, value in questions.items() if value is None}
        unknown = {*self.unknown} - {*questions} | passed
        return replace(self, answers={**left, **said}, unknown=tuple(sorted(unknown)))


class Rules(Struct, frozen=True):
    """What a node adds to every entry: its name, jurisdiction, frameworks, and its file of review intervals."""

    origin: str
    jurisdiction: str
    frameworks: tuple[str, ...] = ()
    intervals: Path | None = None

    def laws(self, entry: Registration) -> tuple[Framework, ...]:
        """Return the frameworks whose classes an entry may fall into."""
        return frameworks_for((self.jurisdiction, *entry.jurisdictions), self.frameworks)

    def questions(self, answers: Answers) -> tuple[OpenFact, ...]:
        """Return what is still open, on answers that may be half complete. Numbers are asked for as fields."""
        entry = sketch(answers, self.origin)
        asked = questions_for(entry, self.laws(entry), {*answers.unknown, *answers.answers})
        return tuple(item for item in asked if not item.amount)

    def signs(self, answers: Answers) -> tuple[Sign, ...]:
        """Return signs of prohibition or high risk on answers that may be half complete."""
        entry = sketch(answers, self.origin)
        return signs_for(entry, self.laws(entry))

    def interval(self, signs: Sequence[Sign]) -> Interval:
        """Return how often an entry with these signs is looked at."""
        return interval_for(signs, self.intervals)


def wrong_in(answers: Answers, names: Sequence[str] = (), *, final: bool = True) -> list[Wrong]:
    """Return the mistakes in fields, all or those named; what is missing is one only if this is `final`."""
    found = []
    for field in FIELDS:
        if names and field.name not in names:
            continue
        try:
            value = read_value(field, answers.at(field.name))
        except MalformedInput as error:
            found.append(Wrong(field.name, error.message, error.remedy))
        else:
            if final and field.required and not value:
                found.append(Wrong(field.name, _("An entry can't be without this."), _("Answer it.")))
    if not names or "days" in names:
        found += _wrong_interval(answers)
    return found


def compose(
    answers: Answers, rules: Rules, *, entry: str, version: int = 1, replaces: str = "", today: date
) -> Registration:
    """Return a version of an entry, with its signs and its next review. Raises NotComplete."""
    wrong = wrong_in(answers)
    if wrong:
        raise NotComplete(wrong)
    try:
        made = Registration(
            origin=rules.origin,
            entry=entry,
            version=version,
            replaces=replaces,
            change=clean(answers.change).strip()[:4_000],
            **{field.name: read_value(field, answers.at(field.name)) for field in FIELDS},
            answers=answers.answers,
            unknown=answers.unknown,
            supplied=answers.supplied,
        )
    except ValueError as error:  # names of fields and questions that a form can't send
        raise MalformedInput("bad-answers", str(error), "Name fields and questions as the form does.") from None
    signs = signs_for(made, rules.laws(made))
    plan = _plan(answers, rules.interval(signs), today)
    whole = replace(made, signs=signs, review=None if made.status == "retired" else plan)
    return from_builtins(to_builtins(whole), Registration, name="the entry")  # as whoever hears it will read it


def answers_of(entry: Registration) -> Answers:
    """Return what would have to be typed to get this version of an entry."""
    plan = entry.review
    by_hand = plan is not None and plan.set_by == "hand"
    return Answers(
        values={field.name: write_value(field, getattr(entry, field.name)) for field in FIELDS},
        unknown=entry.unknown,
        answers=entry.answers,
        days=str(plan.every_days) if plan and by_hand else "",
        reason=plan.reason if plan and by_hand else "",
        last=plan.last if plan else "",
        supplied=entry.supplied,
    )


def sketch(answers: Answers, origin: str) -> Registration:
    """Return an entry of what can be read of the answers, to see which questions follow. It is never said."""
    values: dict[str, Any] = {}
    for field in FIELDS:
        try:
            values[field.name] = read_value(field, answers.at(field.name))
        except MalformedInput:
            values[field.name] = read_value(field, "")
    values.update({name: values[name] or "-" for name in ("name", "office")})
    values.update(kind=values["kind"] or "system", status=values["status"] or "planned")
    return Registration(origin=origin, entry=NO_ENTRY, answers=answers.answers, **values)


def _plan(answers: Answers, usual: Interval, today: date) -> ReviewPlan:
    interval = Interval(int(answers.days), answers.reason.strip(), "hand") if answers.days.strip() else usual
    last = date.fromisoformat(answers.last) if answers.last else None
    return replace(interval.from_day(last or today), last=answers.last)


def _wrong_interval(answers: Answers) -> list[Wrong]:
    days, found = answers.days.strip(), []
    if days and not (days.isascii() and days.isdecimal() and len(days) < 5 and 1 <= int(days) <= 3_660):
        found.append(Wrong("days", _("This is no number of days."), _("Write 1 to 3660, or leave it empty.")))
    if days and not answers.reason.strip():
        found.append(Wrong("reason", _("An interval of your own needs its reason."), _("Say why.")))
    if len(answers.reason) > 4_000:
        found.append(Wrong("reason", _("This is longer than {n} characters.").format(n=4_000), _("Shorten it.")))
    if answers.last and not is_day(answers.last):
        found.append(Wrong("last", _("This is no day of the calendar."), _("Write year, month, day: 2026-01-31.")))
    return found
