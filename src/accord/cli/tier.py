"""`accord tier`: the likely class of risk under each framework, why, and which fact would change it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, NamedTuple

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .choosing import (
    choose_frameworks,
    frameworks_for_card,
    frameworks_option,
    jurisdiction_option,
    sector_option,
    warn_of_unasked,
)
from .output import as_json, print_json

if TYPE_CHECKING:
    from ..frameworks import FrameworkFile
    from ..frameworks.asking import OpenFact
    from ..frameworks.facts import Facts
    from ..records import Card, Evidence, Framework, Tier
    from .asking import Said

MOST_LISTED = 8
RECORD = "assessment.json"


class _Described(NamedTuple):
    """What is classified: its card, what was measured, and the frameworks that it was judged under before."""

    card: Card
    evidence: tuple[Evidence, ...] = ()
    frameworks: tuple[str, ...] = ()
    card_path: Path | None = None


@click.command("tier")
@click.argument("place", type=click.Path(path_type=Path, exists=True), default=".")
@frameworks_option
@jurisdiction_option
@sector_option
@click.option("--ask", is_flag=True, help="Ask the open questions, only those that can still change a class.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --ask: write the answers into this card; its other lines stay as they are.",
)
@as_json
def command(
    place: Path,
    frameworks: tuple[str, ...],
    jurisdiction: str | None,
    sector: str | None,
    ask: bool,
    out: Path | None,
    as_json: bool,
) -> int:
    """Say the likely class of risk of what PLACE describes, with the reasons. Nothing is measured.

    PLACE is a card (accord.toml), a folder or file with a card beside it, or a report (its folder or assessment.json).
    Without --framework, --jurisdiction or --sector it is classified under what applies where the card says that the
    system is used; a report under the frameworks that it was judged under.
    """
    from ..frameworks.asking import open_facts
    from ..frameworks.tiers import classify
    from .asking import Said, read_line, require_terminal, write_line
    from .asking import ask as ask_person

    if ask:
        require_terminal()
    elif out:
        raise UsageError("nothing-to-write", "--out writes answers, and none are asked for", "Add --ask.")
    described = _open(place)
    files = _choose(described, frameworks, jurisdiction, sector)
    warn_of_unasked(described.card, files)
    chosen = [file.framework for file in files]
    classifying = [framework for framework in chosen if framework.tiers]
    if not classifying:
        raise UsageError(
            "no-classes",
            f"none of these has classes of risk: {', '.join(framework.id for framework in chosen)}",
            f"Choose with --framework one that has: {', '.join(_ids_with_classes())}.",
        )
    said = Said()
    if ask:
        said = ask_person(
            described.card,
            classifying,
            lambda card: facts_of(card, described.evidence),
            read=read_line,
            write=write_line,
        )
    facts = facts_of(said.on(described.card), described.evidence)
    tiers = [tier for framework in classifying for tier in classify(framework, facts.with_implied(framework.questions))]
    questions = open_facts(classifying, facts)
    if as_json:
        answers = {"answers": said.answers, "flop": said.flop}
        print_json({"tiers": tiers, "questions": questions, **({"said": answers} if ask else {})})
    else:
        show_tiers(tiers, questions, classifying)
    if ask:
        _keep(said, out, quiet=as_json)
    return 0


def facts_of(card: Card, evidence: Sequence[Evidence] = ()) -> Facts:
    """Return what a card declares, and what was measured, as facts for classes."""
    from ..frameworks.facts import Fact, Facts
    from ..inspectors.transparency.card import declared

    facts = [Fact(measurement, "") for measurement in declared(card, "")]
    facts += [
        Fact(measurement, item.id)
        for item in evidence
        if item.status == "measured"
        for measurement in item.measurements
        if not measurement.measure.startswith("card.")  # the card is read anew, with what was said since
    ]
    return Facts(facts)


def _open(place: Path) -> _Described:
    """Read a card or a report. Raises UsageError if there is neither."""
    from ..subjects import read_card
    from ..subjects.card import CARD_NAME

    if place.suffix == ".json" or (place / RECORD).is_file():
        from ..judge import open_stored
        from ..trust import KeyStore

        stored = open_stored(place, KeyStore().known()).assessment
        return _Described(stored.card, stored.evidence, tuple(used.id for used in stored.frameworks))
    card = place if place.suffix == ".toml" else (place if place.is_dir() else place.parent) / CARD_NAME
    if not card.is_file():
        raise UsageError(
            "no-card",
            f"there is no card at {card}",
            f"Draft one with `accord init {place}`, or name a card or a report.",
        )
    return _Described(read_card(card, name=card.name), card_path=card)


def _choose(
    described: _Described, ids: Sequence[str], jurisdiction: str | None, sector: str | None
) -> list[FrameworkFile]:
    if ids or jurisdiction or sector:
        return choose_frameworks(ids, jurisdiction, sector)
    if described.frameworks:
        return choose_frameworks((), None, None, fallback=described.frameworks)
    return frameworks_for_card(described.card)


def _ids_with_classes() -> list[str]:
    from ..frameworks import library

    return [framework.id for framework in library() if framework.tiers]


def show_tiers(tiers: Sequence[Tier], questions: Sequence[OpenFact], frameworks: Sequence[Framework]) -> None:
    """Print classes with their reasons, what is missing, and what would change them."""
    titles = {framework.id: framework.title for framework in frameworks}
    words = {question.id: question for question in questions}
    for tier in tiers:
        scheme = f" ({tier.scheme})" if tier.scheme else ""
        click.echo(visible(f"{titles[tier.framework]}{scheme}: {tier.title}"))
        _list(_("because"), tier.reasons)
        _list(_("not known"), [_asked(fact, words.get(fact)) for fact in tier.missing])
        _list(_("it would change"), tier.would_change)
        click.echo()
    answers = [question.id for question in questions if not question.amount]
    if answers:
        text = ngettext("{n} open question can change a class.", "{n} open questions can change a class.", len(answers))
        click.echo(text.format(n=len(answers)), nl=False)
        text = _(" Answer them with --ask, or in the card under [answers]: {example} = true (or false).")
        click.echo(text.format(example=visible(answers[0])))
    click.echo(_("This is a likely class on the answers given, not legal advice."))


def _asked(fact: str, question: OpenFact | None) -> str:
    if question is None:
        return fact
    where = _("in the card: {field} = 3e23, or [3e23, 9e24]").format(field=fact) if question.amount else fact
    return f"{question.text} [{where}]"


def _list(heading: str, items: Sequence[str]) -> None:
    for number, item in enumerate(items[:MOST_LISTED]):
        first = f"  {heading if number == 0 else '':<16} "
        # An id is copied into a card: it stays whole.
        lines = wrap(
            visible(item), _width(), initial_indent=first, subsequent_indent=" " * len(first), break_on_hyphens=False
        )
        click.echo("\n".join(lines))
    if len(items) > MOST_LISTED:
        click.echo(f"  {'':<16} " + _("… and {n} more (--json lists all)").format(n=len(items) - MOST_LISTED))


def _width() -> int:
    import shutil

    return max(60, shutil.get_terminal_size((120, 24)).columns)


def _keep(said: Said, out: Path | None, *, quiet: bool) -> None:
    """Print the answers as lines for a card, or write them into one."""
    from ..subjects import read_card
    from ..subjects.card_editing import as_lines, with_values
    from .card_file import write_card

    training = {} if said.flop is None else {"flop": said.flop}
    if out is None:
        for table, lines in (("answers", as_lines(said.answers)), ("model.training", as_lines(training))):
            if lines and not quiet:
                click.echo("\n".join(["", f"[{table}]", *lines]))
        return
    if not (said.answers or training):
        click.echo(_("Nothing was answered; {path} stays as it is.").format(path=visible(str(out))), err=True)
        return
    text = ""
    if out.exists():
        read_card(out, name=out.name)
        text = out.read_bytes().decode("utf-8-sig")
    for table, values in (("answers", said.answers), ("model.training", training)):
        if values:
            text = with_values(text, table, values, name=out.name)
    write_card(out, text, replace=out.exists())
    click.echo(_("The answers are in {path}.").format(path=visible(str(out))), err=True)
