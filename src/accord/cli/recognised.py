"""How `accord recognise` shows what counts: the paths, the results, the requirements, and what is missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from ..i18n import _, ngettext
from ..reports.visible import visible
from .output import print_table

if TYPE_CHECKING:
    from ..recognition.gap import Asked
    from ..records.recognition import Appraisal, DecisionOutcome, Path, RequirementStatus

_MOST = 25


def show(found: Appraisal) -> None:
    """Print how everything stands, over which paths, and what is missing."""
    words = {"name": found.name, "code": found.jurisdiction, "at": found.at[:10]}
    click.echo(visible(_("{name}, in {code} as of {at}").format(**words)))
    counts = Counter(point.status for point in found.requirements)
    click.echo("  " + ", ".join(f"{text}: {counts[status]}" for status, text in _statuses().items()))
    for path in found.paths:
        _show_path(path)
    for chain in found.chains:
        text = _("  A chain, which does not count: {chain}")
        click.echo(visible(text.format(chain=" → ".join(chain.jurisdictions))))
    fits = Counter((item.measure.partition(".")[0], item.fit, item.reason) for item in found.results)
    for item in found.results:
        fits[item.measure.partition(".")[0], item.fit, item.reason] += item.results - 1
    rows = [(theme, _fits()[fit], n, why) for (theme, fit, why), n in fits.items()]
    print_table((_("results"), _("here"), _("number"), _("why")), rows)
    for status in ("recognised", "met_by_our_threshold", "not_met_by_our_threshold"):
        points = [point for point in found.requirements if point.status == status]
        if points:
            click.echo(_statuses()[status])
            print_table((_("requirement"), _("why")), [(point.reference, point.reason) for point in points[:_MOST]])
            _more(len(points) - _MOST)
    _show_missing(found)
    for note in found.notes:
        click.echo(visible(note))


def _show_path(path: Path) -> None:
    failing = path.first_failing
    whose = path.body_name or path.keyid[:16]
    text = _("Recognised: {whose}") if failing is None else _("Not recognised: {whose}. {why}")
    click.echo(visible(text.format(whose=whose, why=failing.says if failing else "")))
    for step in path.steps:
        click.echo(visible(f"  {'✓' if step.holds else '✗'} {step.name}: {step.says}"))


def _show_missing(found: Appraisal) -> None:
    from ..recognition.gap import gap

    left = gap(found)
    every = by_name((*left.measures, *left.others))
    if not every:
        return
    click.echo(_("Still to be shown"))
    order = {name: number for number, name in enumerate(missing_words())}
    ranked = sorted(every, key=lambda item: (order[item.missing.kind], -len(item.requirements)))
    rows = [
        (missing_words()[item.missing.kind], visible(item.missing.name), len(item.requirements), item.missing.why)
        for item in ranked[:_MOST]
    ]
    print_table((_("what"), _("name"), _("requirements"), _("why")), rows)
    _more(len(every) - _MOST)


def by_name(asked: Sequence[Asked]) -> list[Asked]:
    """Put together what goes by one name, whatever its groups and thresholds, for a table that a person reads."""
    from msgspec.structs import replace

    found: dict[tuple[str, str], Asked] = {}
    for item in asked:
        key = (item.missing.kind, item.missing.name)
        before = found.get(key, replace(item, requirements=()))
        found[key] = replace(before, requirements=tuple(dict.fromkeys((*before.requirements, *item.requirements))))
    return list(found.values())


def _more(n: int) -> None:
    if n > 0:
        click.echo(ngettext("… and {n} more; --json has all.", "… and {n} more; --json has all.", n).format(n=n))


def missing_words() -> dict[str, str]:
    """Return what each kind of missing thing is called, the measurable ones first."""
    return {
        "measure": _("measure"),
        "sample": _("larger sample"),
        "threshold": _("threshold of your own"),
        "document": _("document"),
        "answer": _("answer on the card"),
        "review": _("judgement of a person"),
    }


def _statuses() -> dict[RequirementStatus, str]:
    return {
        "recognised": _("recognised"),
        "met_by_our_threshold": _("met by our own judgement"),
        "not_met_by_our_threshold": _("not met by our threshold"),
        "still_to_be_shown": _("still to be shown"),
        "not_applicable": _("not applicable"),
    }


def _fits() -> dict[str, str]:
    return {"fits": _("fits here"), "does_not_fit": _("does not fit"), "unknown": _("unknown")}


def outcome_words() -> dict[DecisionOutcome, str]:
    """Return what each outcome of a decision is called."""
    return {
        "recognised": _("recognised"),
        "in_part": _("recognised in part"),
        "on_condition": _("recognised on condition"),
        "refused": _("refused"),
    }
