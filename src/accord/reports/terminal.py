"""The summary on the terminal: one screen of 24 lines of 80, the sentence first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..i18n import _, ngettext
from ..records import Assessment, Coverage
from . import figures
from .grouping import MOST_FRAMEWORKS, coverage_lines, likely_classes
from .interface import Details
from .planning import plan_in_short
from .sentences import sentences_of
from .visible import visible
from .wording import SEVERITY_WORDS, VERDICT_ORDER, WORST_FIRST, verdict_in_line, word

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

LINES = 23
"""A screen has 24 lines; the shell's prompt takes one."""
_LABEL = 14


def print_summary(assessment: Assessment, console: Console, *, folder: Path | str) -> None:
    """Print what was found, how much was checked, and where the report in `folder` is, on at most `LINES` lines.

    Text of the input is printed as it is: no markup of the terminal library, no control character takes effect.
    """
    head = _sentences(assessment, console)
    tail = _where(folder, console, assessment)
    room = LINES - len(tail) - 1
    body = _facts(assessment, console)
    if len(head) + len(body) > room:
        body = _facts(assessment, console, short=True)
    # The sentence comes first: it may take what the facts leave, and two thirds of the screen in any case.
    head = _cut(head, max(room * 2 // 3, room - len(body)))
    body = _cut(body, room - len(head))
    for line in (*head, _text(""), *body, *tail):
        console.print(line, no_wrap=True, overflow="crop", crop=True, markup=False, highlight=False, emoji=False)


def print_judgement(assessment: Assessment, console: Console) -> None:
    """Print the classes of risk and, framework by framework, how many verdicts of each kind there are."""
    titles = {framework.id: framework.title for framework in assessment.frameworks}
    lines = _classes(assessment, console)
    for coverage in assessment.summary.coverage:
        lines += _framework(titles.get(coverage.framework, coverage.framework), coverage, console)
    for line in lines:
        console.print(line, no_wrap=True, overflow="crop", crop=True, markup=False, highlight=False, emoji=False)


def _sentences(assessment: Assessment, console: Console) -> list[Text]:
    said = sentences_of(assessment, Details())
    paragraph = _text("")
    for sentence, style in (
        (said.checked, ""),
        (said.worst, "bold"),
        (said.certainty, ""),
        (said.unchecked, ""),
    ):
        if sentence:
            paragraph.append(" " if paragraph.plain else "")
            paragraph.append(visible(sentence, longest=300), style=style)
    return list(paragraph.wrap(console, console.width, overflow="fold"))


def _facts(assessment: Assessment, console: Console, *, short: bool = False) -> list[Text]:
    summary = assessment.summary
    found = [
        f"{figures.count(summary.findings[name])} {word(SEVERITY_WORDS, name)}"
        for name in WORST_FIRST
        if summary.findings.get(name)
    ]
    checks = [ngettext("{n} ran", "{n} ran", summary.measured).format(n=summary.measured)]
    checks += [_("{n} skipped").format(n=summary.skipped)] if summary.skipped else []
    checks += [_("{n} failed").format(n=summary.failed)] if summary.failed else []
    checks.append(plan_in_short(assessment))
    lines = [
        _line(_("Findings"), " · ".join(found) or _("none in what was checked"), console),
        _line(_("Checks"), " · ".join(checks), console),
    ]
    lines += _classes(assessment, console)
    for number, coverage in enumerate(coverage_lines(assessment)):
        title = coverage.framework
        if short:
            share = _("{n} of {total} requirements of {framework}").format(
                n=coverage.evaluated, total=coverage.applicable, framework=title
            )
            lines.append(_line(_("Evaluated") if number == 0 else " ", share, console))
        else:
            lines += _framework(title, coverage, console)
    return lines


def _classes(assessment: Assessment, console: Console) -> list[Text]:
    """One line for each class that the answers settle, and one for all that they leave open; few of many."""
    found = likely_classes(assessment)
    lines = [
        _line(_("Undetermined"), ", ".join(item.frameworks), console)
        if item.undetermined
        else _line(_("Likely class"), f"{item.title} ({', '.join(item.frameworks)})", console)
        for item in found[:MOST_FRAMEWORKS]
    ]
    return (
        [*lines, _line(" ", _("… and {n} more").format(n=more), console)]
        if (more := len(found) - MOST_FRAMEWORKS) > 0
        else lines
    )


def _framework(title: str, coverage: Coverage, console: Console) -> list[Text]:
    evaluated = _("{n} of {total} requirements evaluated").format(n=coverage.evaluated, total=coverage.applicable)
    counts = [
        f"{figures.count(coverage.counts[status])} {verdict_in_line(status)}"
        for status in VERDICT_ORDER
        if coverage.counts.get(status)
    ]
    lines = [_line("", "", console, bold=f"{visible(title, longest=60)}: {evaluated}")]
    row = ""
    for item in counts:
        longer = f"{row} · {item}" if row else " " * _LABEL + item
        if row and len(longer) > console.width:
            lines.append(_text(row))
            longer = " " * _LABEL + item
        row = longer
    return [*lines, _text(row)] if row else lines


def _where(folder: Path | str, console: Console, assessment: Assessment) -> list[Text]:
    place = visible(str(folder), longest=400)
    return [
        _text(""),
        _line(_("Read it"), f"{place}/report.html", console),
        _line(_("Check it"), f"accord verify {place}", console),
        *([_line(_("Act on it"), f"accord prevent {place}", console)] if assessment.summary.worst_finding else []),
        *_text(visible(_(assessment.disclaimer)), style="dim").wrap(console, console.width, overflow="fold")[:2],
    ]


def _line(label: str, content: str, console: Console, *, bold: str = "") -> Text:
    from rich.cells import cell_len

    # Signs of Chinese take two cells.
    line = _text(f"{label}{' ' * (_LABEL - 1 - cell_len(label))} " if label else "")
    line.append(bold, style="bold")
    line.append(visible(content, longest=500))
    line.truncate(console.width, overflow="ellipsis")
    return line


def _cut(lines: list[Text], most: int) -> list[Text]:
    """Return at most `most` lines; if some are left out, the last one says so."""
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _text(_("… more in the report"), style="dim")]


def _text(content: str, style: str = "") -> Text:
    from rich.text import Text

    return Text(content, style=style)
