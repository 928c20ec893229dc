"""`accord review`: what no machine can measure is judged by people, visibly."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .output import as_json, print_json

if TYPE_CHECKING:
    from ..records import Assessment
    from ..reports import Details
    from ..reviews.accepting import Accepted
    from ..reviews.opening import Opened
    from ..reviews.people import People
    from ..reviews.sheet import Row

FORM, SHEET = "review-form.html", "review-form.csv"


@click.command("review")
@click.argument("record", type=click.Path(path_type=Path, exists=True), default="accord-report")
@click.option(
    "--framework", "frameworks", multiple=True, help="Only points of this framework (id or file). Repeatable."
)
@click.option("--only", help="Only points with these verdicts: needs_review,not_evaluated.")
@click.option("--out", type=click.Path(path_type=Path), default=Path("accord-reviews"), show_default=True)
@click.option("--serve", is_flag=True, help="Open the form on this computer and store what is filled in.")
@click.option(
    "--import",
    "filled",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Take a filled form back: check it, sign and log every review in it.",
)
@click.option(
    "--reviewers",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Who may review: YAML or CSV with id, name, role and, if only one key may sign, key.",
)
@click.option("--partial", is_flag=True, help="Import the rows that are sound, even if others are not.")
@as_json
def command(
    record: Path,
    frameworks: tuple[str, ...],
    only: str | None,
    out: Path,
    serve: bool,
    filled: Path | None,
    reviewers: Path | None,
    partial: bool,
    as_json: bool,
) -> int:
    """Ask people what no machine can answer about RECORD (a report folder or its assessment.json).

    Writes the open requirements as a form, to print (HTML) or to fill in (CSV); --import takes the table back. Each
    review becomes a signed statement beside the report, never in it; `accord judge --reviews` counts those that stand.

    Exit status: 0 done; 1 with --partial, if rows were refused; 2 the call or the form is wrong.
    """
    from ..judge import open_stored
    from ..reviews import open_points, read_people
    from ..reviews.signing import check_place
    from ..trust import KeyStore

    if serve and filled:
        raise UsageError("two-tasks", "--serve and --import are two tasks", "Serve the form first, then import it.")
    check_place(out)
    assessment = open_stored(record, KeyStore().known()).assessment
    opened = open_points(assessment, frameworks)
    for name in opened.without_text:
        click.echo(
            visible(_("{name}: the text that was used is not installed here; left out.").format(name=name)), err=True
        )
    people = read_people(reviewers) if reviewers else None
    if filled:
        return _import(_Task(assessment, opened, out, people), filled, partial, as_json)
    task = _Task(assessment, _only(opened, only), out, people)
    if serve:
        _serve(task, record)
    else:
        _write(task, record, as_json)
    return 0


@dataclass(frozen=True, slots=True)
class _Task:
    """One call: what is open, where things go, who may review."""

    assessment: Assessment
    opened: Opened
    out: Path
    people: People | None

    def check(self, rows: Sequence[Row]) -> Accepted:
        """Check what people wrote, as of now."""
        from ..reviews import accept
        from ..reviews.signing import now
        from ..trust import KeyStore

        store = KeyStore()
        keys = (store.own().keyid, str(store.vkey()))
        return accept(rows, self.assessment, self.opened, made=now(), people=self.people, keys=keys)

    def details(self) -> Details:
        """Return the names of measures."""
        from ..reports import known_details

        return known_details(self.assessment)


def _only(opened: Opened, only: str | None) -> Opened:
    """Keep the points with the verdicts asked for; without a wish, those that nobody has judged yet."""
    from dataclasses import replace

    from ..frameworks.reviewing import OPEN

    allowed = (*OPEN, "judged")
    wanted = [word.strip() for word in only.split(",") if word.strip()] if only else list(OPEN)
    unknown = [word for word in wanted if word not in allowed]
    if unknown:
        raise UsageError(
            "unknown-verdict", f"--only {', '.join(unknown)}: no open verdict", f"Choose of: {', '.join(allowed)}."
        )
    return replace(opened, points=tuple(point for point in opened.points if point.verdict.status in wanted))


def _write(task: _Task, record: Path, as_json: bool) -> None:
    from ..reports.html.review_form import render_form
    from ..reports.review_sheet import render_sheet

    details = task.details()
    files = {
        SHEET: render_sheet(task.opened, details),
        FORM: render_form(task.assessment, task.opened, details),
    }
    task.out.mkdir(parents=True, exist_ok=True)
    there = [name for name in files if os.path.lexists(task.out / name)]
    if there:
        raise UsageError(
            "form-exists",
            f"{task.out / there[0]} is there already, and may hold answers",
            "Move it away, or give another place with --out.",
        )
    for name, data in files.items():
        with (task.out / name).open("xb") as file:  # never through a link
            file.write(data)
    if as_json:
        print_json(
            {"points": [_brief(point) for point in task.opened.points], "files": list(files), "folder": str(task.out)}
        )
        return
    n = len(task.opened.points)
    click.echo(ngettext("{n} requirement waits for a person.", "{n} requirements wait for a person.", n).format(n=n))
    text = _("To print: {form}. To fill in: {sheet}, then: accord review {record} --import {sheet}")
    click.echo(visible(text.format(form=task.out / FORM, sheet=task.out / SHEET, record=record)))


def _brief(point: Any) -> dict[str, object]:
    return {
        "framework": point.framework.id,
        "requirement": point.requirement.id,
        "verdict": point.verdict.status,
        "question": point.requirement.question,
        "measurements": [shown.digest for shown in point.measurements],
        "state": point.state,
    }


def _import(task: _Task, filled: Path, partial: bool, as_json: bool) -> int:
    from ..reviews import RefusedRows, sign_reviews
    from ..reviews.columns import RETURNED
    from ..reviews.sheet import open_sheet
    from ..trust import KeyStore, own_log

    found = task.check(open_sheet(filled, RETURNED))
    if found.refusals and not partial:
        raise RefusedRows(filled.name, found.refusals)
    if not found.reviews and not found.refusals:
        raise UsageError("nothing-answered", f"{filled.name}: no row is answered", "Fill in a decision and a reason.")
    signer, log = KeyStore().own(), own_log()
    name = task.assessment.subject.name
    paths = sign_reviews(found.reviews, name, task.out, signer=signer, log=log) if found.reviews else ()
    if as_json:
        signed = [str(path) for path in paths]
        print_json({"signed": signed, "refused": found.refusals, "unanswered": found.unanswered})
    else:
        for refusal in found.refusals:
            click.echo(visible(str(refusal)), err=True)
        n = len(paths)
        text = ngettext("{n} review is signed and logged", "{n} reviews are signed and logged", n).format(n=n)
        click.echo(visible(f"{text}: {task.out}"))
        click.echo(visible(_("To judge with them: accord judge REPORT --reviews {folder}").format(folder=task.out)))
    return 1 if found.refusals else 0


def _serve(task: _Task, record: Path) -> None:
    from ..reports.html.review_form import Served, render_form, render_stored
    from ..reviews.answers import field_count, rows_of, sheet_of
    from ..reviews.serving import FormServer
    from ..trust.files import put

    details = task.details()
    task.out.mkdir(parents=True, exist_ok=True)
    place = task.out / f"review-filled-{secrets.token_hex(4)}.csv"
    stored: list[int] = []

    def form(path: str) -> bytes:
        return render_form(task.assessment, task.opened, details, Served(path, {}))

    def answer(values: Mapping[str, str]) -> tuple[bool, bytes]:
        put(place, sheet_of(task.opened, values))
        found = task.check(rows_of(task.opened, values))
        mistakes = [_in_words(task, refusal) for refusal in found.refusals]
        if not mistakes and not found.reviews:
            mistakes = [_("Nothing is answered yet.")]
        if mistakes:
            return False, render_form(task.assessment, task.opened, details, Served(server.path, values, mistakes))
        stored.append(len(found.reviews))
        return True, render_stored(len(found.reviews))

    server = FormServer(form, answer, field_count(task.opened))
    click.echo(_("Open this address in a browser on this computer; Ctrl-C stops:"))
    click.echo(f"  {server.url}")
    try:
        server.run()
    except KeyboardInterrupt:
        if place.exists():
            text = _("Stopped. What was sent is stored, with its mistakes: {place}")
            click.echo(visible(text.format(place=place)))
        raise
    text = ngettext("{n} answer is stored: {place}", "{n} answers are stored: {place}", stored[0])
    click.echo(visible(text.format(n=stored[0], place=place)))
    click.echo(visible(_("To sign: accord review {record} --import {place}").format(record=record, place=place)))


def _in_words(task: _Task, refusal: Any) -> str:
    """Say where on the page a mistake is: rows are the points of the form in their order, under a header."""
    label = task.opened.points[refusal.row - 2].requirement.label
    return f"{label}, {refusal.column}: {refusal.message}. {refusal.remedy}"
