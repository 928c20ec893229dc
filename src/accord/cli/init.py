"""`accord init`: draft a system card."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..i18n import _
from ..reports.visible import visible

if TYPE_CHECKING:
    from ..records import Framework, Question

DEFAULT_JURISDICTION = "EU"


@click.command("init")
@click.argument("target", type=click.Path(path_type=Path), default=".")
@click.option("--out", type=click.Path(path_type=Path), help="Where to write the card; '-' prints it.")
@click.option("--force", is_flag=True, help="Replace a card that is there.")
@click.option("--jurisdiction", help="Where the system is used (EU,KR): it is stated, and its laws' questions are put.")
@click.option("--ask", is_flag=True, help="Ask the questions that decide on classes of risk, and write the answers.")
def command(target: Path, out: Path | None, force: bool, jurisdiction: str | None, ask: bool) -> None:
    """Draft a system card (accord.toml) for TARGET from what is found in it.

    The draft names columns that look like labels, predictions and protected attributes, model files and documents.
    What only a person can know is left open, with a question: also those that the laws of --jurisdiction ask (else
    the EU's). Read every line before you rely on it.
    """
    from ..frameworks import select
    from ..subjects.draft import draft_card
    from .asking import require_terminal
    from .card_file import write_card

    if ask:
        require_terminal()
    codes = [code.strip().upper() for code in (jurisdiction or "").split(",") if code.strip()]
    frameworks = select((), codes or [DEFAULT_JURISDICTION])
    text = draft_card(target, jurisdictions=codes, questions=list(_questions(frameworks)))
    if ask:
        text = _answered(text, frameworks)
    if out == Path("-"):
        click.echo(text, nl=False)
        return
    path = out or (target if target.is_dir() else target.parent) / "accord.toml"
    write_card(path, text, replace=force)
    text = _("Wrote {path}. Read every line, answer the questions, then: accord assess {target}")
    click.echo(visible(text.format(path=path, target=target)))


def _questions(frameworks: tuple[Framework, ...]) -> list[tuple[str, list[Question]]]:
    """Return the widest open questions: first those that decide on a class, then those on the reach of duties."""
    from ..frameworks.asking import open_facts, widest_questions
    from ..frameworks.facts import Facts

    deciding = {fact.id for fact in open_facts(frameworks, Facts(()))}
    asked: set[str] = set()
    classes: list[tuple[str, list[Question]]] = []
    duties: list[tuple[str, list[Question]]] = []
    for framework in frameworks:
        fresh = [question for question in widest_questions(framework) if question.id not in asked]
        asked.update(question.id for question in fresh)
        for groups, heading, wanted in (
            (classes, _("{framework}: what decides on the class of risk"), True),
            (duties, _("{framework}: what decides on single duties"), False),
        ):
            of_kind = [question for question in fresh if (question.id in deciding) is wanted]
            if of_kind:
                groups.append((heading.format(framework=framework.title), of_kind))
    return [*classes, *duties]


def _answered(text: str, frameworks: tuple[Framework, ...]) -> str:
    from ..subjects import read_card
    from ..subjects.card_editing import with_values
    from .asking import ask, read_line, write_line
    from .tier import facts_of

    classifying = [framework for framework in frameworks if framework.tiers]
    said = ask(read_card(text.encode()), classifying, facts_of, read=read_line, write=write_line)
    if said.answers:
        text = with_values(text, "answers", said.answers)
    return text if said.flop is None else with_values(text, "model.training", {"flop": said.flop})
