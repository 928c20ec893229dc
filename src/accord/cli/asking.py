"""The dialogue of `--ask`: one open question after the other, each time the one that can still change a class."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible

if TYPE_CHECKING:
    from ..frameworks.asking import OpenFact
    from ..frameworks.facts import Facts
    from ..records import Card, Framework

Flop = float | tuple[float, float]
YES, NO, UNKNOWN, BACK, STOP = "yes", "no", "unknown", "back", "stop"
_WORDS = {
    **dict.fromkeys(("y", "yes", "true"), YES),
    **dict.fromkeys(("n", "no", "false"), NO),
    **dict.fromkeys(("d", "don't know", "dont know", "unknown", "-"), UNKNOWN),
    **dict.fromkeys(("b", "back"), BACK),
    **dict.fromkeys(("s", "stop", "q", "quit"), STOP),
}
_BETWEEN = re.compile(r"\s*(?:\.\.|–|,|\bto\b|\s)\s*")


@dataclass(frozen=True, slots=True)
class Said:
    """What a person said when asked: answers by question, the operations of training, what they don't know."""

    answers: dict[str, bool] = field(default_factory=dict)
    flop: Flop | None = None
    unknown: tuple[str, ...] = ()

    def on(self, card: Card) -> Card:
        """Return the card with what was said."""
        training = replace(card.model.training, flop=self.flop) if self.flop is not None else card.model.training
        answers = {**card.answers, **self.answers}
        return replace(card, answers=answers, model=replace(card.model, training=training))


def require_terminal() -> None:
    """Raise UsageError unless a person can be asked here."""
    if not sys.stdin.isatty():
        raise UsageError(
            "no-terminal",
            "--ask needs a terminal where somebody answers",
            "Leave it out: what is missing is listed, and the answers go under [answers] of the card.",
        )


def ask(
    card: Card,
    frameworks: Sequence[Framework],
    facts_of: Callable[[Card], Facts],
    *,
    read: Callable[[str], str],
    write: Callable[[str], None],
) -> Said:
    """Ask until nothing is open that can change a class, or until the person stops (or the input ends)."""
    from ..frameworks.asking import open_facts

    steps: list[Said] = [Said()]
    settled: frozenset[str] = frozenset()
    while True:
        said = steps[-1]
        facts = facts_of(said.on(card))
        settled = _say_what_is_settled(frameworks, facts, settled, write)
        open_now = open_facts(frameworks, facts, {*said.unknown, *said.answers})
        if not open_now:
            write(_("Nothing is open that a yes or a no would change."))
            return said
        answer = _one(open_now[0], len(steps), len(open_now), frameworks, read, write)
        if answer == STOP:
            return said
        if answer == BACK:
            if len(steps) > 1:
                steps.pop()
            settled = frozenset()
        else:
            steps.append(_with(said, open_now[0], answer))


def _with(said: Said, fact: OpenFact, answer: str | Flop) -> Said:
    if answer == UNKNOWN:
        return Said(said.answers, said.flop, (*said.unknown, fact.id))
    if isinstance(answer, str):
        return Said({**said.answers, fact.id: answer == YES}, said.flop, said.unknown)
    return Said(said.answers, answer, (*said.unknown, fact.id))  # a range may stay too wide: not asked again


def _one(
    fact: OpenFact,
    number: int,
    left: int,
    frameworks: Sequence[Framework],
    read: Callable[[str], str],
    write: Callable[[str], None],
) -> str | Flop:
    """Ask one question until the answer is understood."""
    titles = [framework.title for framework in frameworks if framework.id in fact.frameworks]
    write("")
    write(f"{number}. {visible(fact.text)}")
    write(f"   {visible(fact.source)} · {visible(', '.join(titles))} · {visible(fact.id)}")
    prompt = _("number, or lowest and highest") if fact.amount else _("yes, no")
    prompt = f"   {prompt}; d: {_('don’t know')}, ?: {_('help')}, b: {_('back')}, s: {_('stop')} ({left}) "
    while True:
        try:
            line = read(prompt).strip().lower()
        except EOFError:
            return STOP
        if line == "?":
            write(f"   {visible(fact.help) if fact.help else _('There is no more to say on this question.')}")
            continue
        answer = _WORDS.get(line)
        if fact.amount and answer not in (UNKNOWN, BACK, STOP):
            amount = read_amount(line)
            if amount is not None:
                return amount
        elif answer is not None:
            return answer
        write("   " + _("That wasn't understood."))


def read_amount(text: str) -> Flop | None:
    """Return the number, or the lowest and the highest, that a person wrote: "3e23", "3e23 9e24", "3e23..9e24"."""
    parts = _BETWEEN.split(text.strip())
    if len(parts) > 2 or any(len(part) > 40 for part in parts):
        return None
    try:
        ends = [float(part) for part in parts]
    except ValueError:
        return None
    if not all(0 <= end < float("inf") for end in ends) or sorted(ends) != ends:
        return None
    return ends[0] if len(ends) == 1 else (ends[0], ends[1])


def _say_what_is_settled(
    frameworks: Sequence[Framework], facts: Facts, before: frozenset[str], write: Callable[[str], None]
) -> frozenset[str]:
    from ..frameworks.tiers import UNDETERMINED, classify

    found = [
        f"→ {framework.title}: {tier.title}"
        for framework in frameworks
        for tier in classify(framework, facts.with_implied(framework.questions))
        if tier.tier != UNDETERMINED
    ]
    for line in found:
        if line not in before:
            write(visible(line))
    return frozenset(found)


def read_line(prompt: str) -> str:
    """Read a line from the terminal. Raises EOFError at its end."""
    click.echo(visible(prompt, keep="’"), nl=False, err=True)
    line = sys.stdin.readline()
    if not line:
        raise EOFError
    return line


def write_line(text: str) -> None:
    """Show a line of the dialogue, on standard error: standard output is for the result."""
    click.echo(text, err=True)
