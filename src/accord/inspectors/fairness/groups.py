"""`fairness.groups`: whom a system's predictions serve worse, from a table of predictions and outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from posixpath import normpath
from typing import Any, Final

from ...errors import UsageError
from ...instruments.tables import Table, clip, open_table
from ...records import Finding, Measurement
from ...records.card import Data
from ..interface import Inspection, Outcome, Skip, inspector
from . import rules
from .counting import GroupCounts, count_groups
from .disparities import Compared, Disparity, error_differences, selection_ratios
from .measuring import MEASURES, Measuring
from .notices import choose_reference, of_counting, too_small
from .positive import PositiveRule
from .views import View, statistics, views

MAXIMUM_CROSSED: Final = 300
"""Groups of intersections that are measured at the most, pairs first."""


@inspector(
    "fairness.groups",
    version="1",
    kinds={"csv", "parquet", "jsonl"},
    measures=MEASURES,
    rules=rules.RULES,
    isolation="decode",
    reads_card=True,
    needs_card=("data.label", "data.prediction", "data.sensitive"),
    libraries=("numpy", "pyarrow"),
)
def groups(
    inspection: Inspection, *, minimum: int = 30, maximum_groups: int = 50, intersections: bool = True
) -> Outcome:
    """How predictions and errors fall on groups of people.

    What it measures
        Selection rate, true- and false-positive rate, false-negative rate, positive predictive value, accuracy and base
        rate: over all rows, per group of each protected attribute, and per intersection of attributes (race × sex);
        the largest gap and the smallest ratio over the groups, the larger gap of the two that equalised odds asks
        for, and each group's difference and ratio to a reference group.

    Why it matters
        A system that is right on average can be wrong mostly about one group of people. Which error hurts whom is
        decided here; that no threshold makes all rates equal where base rates differ is a theorem (Chouldechova 2017),
        so that somebody has to choose, and say so.

    Method
        One pass counts attributes × label × prediction into one tensor; everything else is computed from it. The unit
        is a row. 1, "1", "1.0" and true are the same value; all other labels than the positive one are negative. A
        missing attribute is the group "(missing)"; rows without label or prediction are left out and counted. Rates
        carry Wilson intervals at 95 % (Clopper-Pearson where counts are small), differences Newcombe's, ratios
        Koopman's, gaps simultaneous ones. Groups are compared with the card's reference group, or else with the
        largest. FAIR-001 asks that the simultaneous interval of the gap over all groups excludes 0, and that of the
        difference too. Its severity is our order of attention, no law's: high where the interval begins at 10
        percentage points or more, medium from 5, else low. FAIR-002 compares the share that gets the favourable
        prediction with that of the best group: high where the whole interval is below four fifths, else medium. The
        error that hurts the person comes first: the false-positive rate where the negative prediction is favourable,
        the false-negative rate where the positive one is.

    Limits
        A group below `minimum` trials (30) gets no value. An attribute with more than `maximum_groups` values, or more
        than 12 different numbers (an age), is not judged: into which bands to cut it is a person's choice. Of an
        intersection only groups with `minimum` rows are measured, 300 at most. Rows are taken as independent. The label
        is taken as true: where arrests stand for crimes, its own bias stays unseen. Predictions handed in as a table
        say nothing measured about the model that is said to have made them. Equal rates are not fairness, and a
        difference is not yet a wrong: both are facts to be judged.

    References
        Hardt, Price, Srebro, Equality of Opportunity in Supervised Learning, 2016; Chouldechova, Fair Prediction with
        Disparate Impact, 2017; Dressel, Farid, The accuracy, fairness, and limits of predicting recidivism, Science
        Advances 4(1), 2018; Kearns et al., Preventing Fairness Gerrymandering, 2018; 29 CFR 1607.4(D).
    """
    part, data = inspection.part, inspection.card.data
    if data.file and part.path and part.path != normpath(data.file):
        raise Skip("not_applicable", f"the card names {clip(data.file)!r} as the table of predictions")
    table = open_table(inspection.path, part.kind)
    task = _task(table, data)
    counted = count_groups(
        ((cells[0], cells[1], cells[2:]) for cells in (batch.cells for batch in table.batches(task.places))),
        task.names,
        task.label,
        task.prediction,
        maximum_groups=maximum_groups,
    )
    _check_counts(counted, data)
    return _outcome(inspection, table, counted, minimum, intersections)


@dataclass(frozen=True, slots=True)
class _Task:
    """Which columns to read (label, prediction, attributes) and what is positive in them."""

    places: Sequence[int]
    names: Sequence[str]
    label: PositiveRule
    prediction: PositiveRule


def _task(table: Table, data: Data) -> _Task:
    """Read the card. Raises Skip that says what to add to it."""
    label, prediction = data.label, data.prediction
    guessed = (prediction.index if prediction.column is None else prediction.column) if prediction else None
    missing = [
        text
        for text, there in (
            ('label = { column = "…", positive = … }', label),
            ('prediction = { column = "…", positive = { op = "…", value = … } }', prediction and guessed is not None),
            ('sensitive = ["…"]', data.sensitive),
        )
        if not there
    ]
    if missing or not label or not prediction or guessed is None:
        raise Skip(
            "missing_input", f"the card does not say which columns these are; add under [data]: {'; '.join(missing)}"
        )
    try:
        truth = table.resolve(label.column)
        guess = table.resolve(guessed)
        attributes = list(dict.fromkeys(table.resolve(column) for column in data.sensitive))
    except UsageError as error:
        raise Skip("missing_input", f"the card does not fit the table: {error}") from None
    try:
        return _Task(
            (truth, guess, *attributes),
            [clip(table.columns[place]) for place in attributes],
            PositiveRule("==", label.positive),
            PositiveRule(prediction.positive.op, prediction.positive.value),
        )
    except ValueError as error:
        raise Skip("missing_input", f"prediction.positive of the card cannot be applied: {error}") from None


def _check_counts(counted: GroupCounts, data: Data) -> None:
    """Raise Skip where nothing was counted, or where no label is what the card calls positive."""
    if not counted.used:
        raise Skip(
            "missing_input", f"none of the {counted.rows:,} rows has both a label and a prediction that can be read"
        )
    joint = counted.tensors[0].values
    if not any(joint[place] for place in range(len(joint)) if place % 4 >= 2):
        seen = ", ".join(repr(text) for text in counted.labels[:5])
        raise Skip(
            "missing_input",
            f"no label equals {data.label.positive if data.label else None!r}, which the card calls positive; "
            f"there are {seen}",
        )


def _outcome(inspection: Inspection, table: Table, counted: GroupCounts, minimum: int, intersections: bool) -> Outcome:
    part, card = inspection.part, inspection.card
    subject, path = part.digest, part.path or None
    tensors = statistics(counted)
    measuring = Measuring(tensors, subject, card.context, minimum)
    measurements: list[Measurement] = list(measuring.overall())
    notices: list[Finding] = list(of_counting(counted, subject, path))
    disparities: list[Disparity] = []
    checked, left = [], []
    references: dict[str, str] = {}
    crossed = 0
    favourable: Any = card.data.favourable
    for view in views(tensors, intersections=intersections):
        small = too_small(view, minimum, subject, path)
        if small:
            notices.append(small)
        if view.crossed:
            view = view.of_at_least(minimum)
            if len(view.groups) < 2 or crossed + len(view.groups) > MAXIMUM_CROSSED:
                left.append(f"{view.attribute}: {_why_not(view)}")
                continue
            crossed += len(view.groups)
        reference, why, absent = choose_reference(view, card.data.reference, references, subject, path)
        references[view.attribute] = reference
        if absent:
            notices.append(absent)
        compared = Compared(view, reference, tuple(measuring.of_view(view, reference)))
        measurements.extend(compared.measurements)
        disparities.extend(error_differences(compared, subject, favourable, path))
        disparities.extend(selection_ratios(view, subject, favourable or "positive", minimum, path))
        checked.append(f"{view.attribute}: {len(view.groups)} groups, compared with {reference} ({why})")
    disparities.sort(key=lambda disparity: disparity.urgency)
    return Outcome(
        measurements=tuple(measurements),
        findings=(*(disparity.finding for disparity in disparities), *notices),
        statistics=tensors,
        checked=(f"{counted.used:,} of {counted.rows:,} rows", *checked),
        not_checked=(*left, *_limits(counted, inspection)),
        bytes_read=table.size,
    )


def _why_not(view: View) -> str:
    if len(view.groups) < 2:
        return "fewer than two groups are large enough"
    return f"more than {MAXIMUM_CROSSED} groups of intersections"


def _limits(counted: GroupCounts, inspection: Inspection) -> Iterator[str]:
    """Say what these numbers do not tell."""
    if len(counted.labels) > 2 and inspection.card.data.label:
        positive = inspection.card.data.label.positive
        yield f"the label's {len(counted.labels)} values one by one: all but {positive!r} count as negative"
    for name in counted.alone:
        yield f"intersections with {name}: too many combinations to count"
    if inspection.card.data.favourable is None:
        yield (
            "which error hurts people: the card does not say which prediction is favourable (data.favourable); for the "
            "four-fifths rule the positive one was taken"
        )
    yield "the model itself: the predictions were handed in as a table, and nobody measured that it makes them"
    yield "whether the labels are true, and whether their own errors fall on groups alike"
