"""`accord crosswalk`: what one framework's result carries over to another."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import UsageError
from ..i18n import _, ngettext
from ..reports.visible import visible
from .output import as_json, escaped, print_file, print_json, print_table

if TYPE_CHECKING:
    from ..records import Framework
    from ..records.crosswalk import Crossing, Crosswalk, Edge, MappingSet, Topic

FORMATS = ("text", "sssom", "oscal", "json", "svg", "html")
SPEAKS = ("met", "not_met", "inconclusive", "documented", "needs_review")
"""Verdicts by which the evidence at hand says something of a requirement, whatever carries over."""
_FILE = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command("crosswalk")
@click.argument("frameworks", nargs=-1, metavar="[FROM TO]")
@click.option(
    "--from", "record", type=click.Path(path_type=Path, exists=True), help="A report folder or its assessment.json."
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="How it is shown."
)
@click.option("--edges", "files", type=_FILE, multiple=True, help="Use the edges of this SSSOM file too.")
@click.option("--hops", type=click.IntRange(1, 3), default=2, show_default=True, help="Most edges in a chain.")
@click.option("--consensus", "shared", is_flag=True, help="Show what most frameworks share, instead.")
@click.option("--at-least", type=click.IntRange(2), default=3, show_default=True, help="Frameworks in a topic.")
@click.option("--import", "imported", type=_FILE, help="Check an SSSOM TSV file, instead.")
@click.option("--out", type=click.Path(path_type=Path), help="Write here; with --import, the good rows.")
@as_json
def command(
    frameworks: tuple[str, ...],
    record: Path | None,
    form: str,
    files: tuple[Path, ...],
    hops: int,
    shared: bool,
    at_least: int,
    imported: Path | None,
    out: Path | None,
    as_json: bool,
) -> int:
    """Say, per requirement of framework TO, what carries over from framework FROM and what is left to show.

    With --from, the verdicts of that assessment decide what is really shown. Without frameworks: list the pairs that
    have edges. Exit status 1 if an imported file has errors, else 0.
    """
    form = "json" if as_json else form
    if imported:
        return _import(imported, out, as_json)
    if shared:
        return _consensus(files, at_least, as_json)
    if not frameworks:
        return _pairs(as_json)
    if len(frameworks) != 2:
        raise UsageError("two-frameworks", _("a crosswalk needs two frameworks"), _("Name FROM and TO."))
    first, second, found = _crosswalk(frameworks, record, files, hops)
    if form == "text" and not out:
        _show(found)
        return 0
    _write(_rendered(found, first, second, form), out)
    return 0


def _crosswalk(
    names: tuple[str, ...], record: Path | None, files: tuple[Path, ...], hops: int
) -> tuple[Framework, Framework, Crosswalk]:
    from ..crosswalk import between, carry
    from ..frameworks import load
    from ..judge import open_stored
    from ..trust import KeyStore

    first, second = (load(name) for name in names)
    found = between(first, second, files=files, max_edges=hops)
    if record:
        found = carry(found, open_stored(record, KeyStore().known()).assessment, subject=first, object_=second)
    return first, second, found


def _rendered(found: Crosswalk, first: Framework, second: Framework, form: str) -> str:
    from ..crosswalk import stated_and_computed, write_sssom
    from ..crosswalk.matrix import matrix_svg, page
    from ..records import to_readable_json

    if form == "json":
        return escaped(to_readable_json(found))
    if form == "sssom":
        title = f"Crosswalk from {first.id} {first.version} to {second.id} {second.version}"
        return write_sssom(stated_and_computed(found), {first.id: first, second.id: second}, title=title)
    if form == "oscal":
        from ..oscal import render_mapping

        newest = max((edge.date for edge in found.edges if edge.date), default="")
        return render_mapping(stated_and_computed(found), first, second, modified=newest).decode()
    if form == "text":
        return "".join(f"{line}\n" for line in _lines(found))
    draw = matrix_svg if form == "svg" else page
    return draw(found, first, second, shown=_plain)


def _plain(text: str) -> str:
    return visible(text, keep="\n", longest=None)


def _write(text: str, out: Path | None) -> None:
    if out is None:
        print_file(text.encode(), json=text.startswith("{"))
        return
    _put(text, out)
    click.echo(_("Written: {path}").format(path=visible(str(out))))


def _put(text: str, out: Path) -> None:
    from ..subjects.digest import refuse_sealed

    refuse_sealed(out)
    out.write_text(text, encoding="utf-8")


def _show(found: Crosswalk) -> None:
    for line in _lines(found):
        click.echo(visible(line))


def _lines(found: Crosswalk) -> list[str]:
    """Return the crosswalk in lines: the counts first, then by what carries over."""
    lines = [_("From {a} ({av}) to {b} ({bv}): {n} requirements.").format(
        a=found.subject, av=found.subject_version, b=found.object, bv=found.object_version, n=len(found.crossings)
    )]  # fmt: skip
    if found.provisional:
        names = ", ".join(found.provisional)
        lines.append(_("Provisional, as the original was not read in full: {names}.").format(names=names))
    if found.profile:
        text = _("The verdicts may rest on thresholds of the profile {name}; others may hold the values to others.")
        lines.append(text.format(name=found.profile))
    for heading, its in _sections(found):
        lines += ["", f"{heading[0].upper()}{heading[1:]} ({len(its)})"]
        lines += [line for crossing in its for line in _crossing_lines(crossing)]
    lines += ["", _("A measurement by Accord, not a conformity assessment: overlap never carries a verdict over.")]
    return lines


def _sections(found: Crosswalk) -> list[tuple[str, list[Crossing]]]:
    """Return the crossings by what an assessment shows, if there is one; the rest by what carries over."""
    from ..crosswalk.matrix import outcome_words, standing_words

    sections: dict[str, list[Crossing]] = {outcome_words()[name]: [] for name in ("not_met", "shown", "part_shown")}
    words = standing_words()
    if found.assessment:
        words = {name: _("left to show: {why}").format(why=why) for name, why in words.items()}
    sections |= {heading: [] for heading in words.values()}
    speaks, out = _("the evidence at hand speaks for itself"), _("does not apply, by what is declared")
    sections = {speaks: [], **sections, out: []}
    for crossing in found.crossings:
        settled = crossing.outcome is not None and crossing.outcome != "open"
        if settled:
            sections[outcome_words()[crossing.outcome or ""]].append(crossing)
        elif crossing.own in SPEAKS:
            sections[speaks].append(crossing)
        elif crossing.own == "not_applicable":
            sections[out].append(crossing)
        else:
            sections[words[crossing.standing]].append(crossing)
    return [(heading, its) for heading, its in sections.items() if its]


def _crossing_lines(crossing: Crossing) -> list[str]:
    from ..crosswalk.relations import SIGNS

    lines = [f"  {crossing.label}: {crossing.title}" + (f" [{crossing.verdict}]" if crossing.verdict else "")]
    for link in crossing.links:
        path = link.steps[0].subject + "".join(f" {SIGNS[step.relation]} {step.object}" for step in link.steps)
        verdict = f", {link.verdict}" if link.verdict else ""
        lines.append(f"    {path}  ({link.relation}, {link.justification} {link.confidence:.2f}{verdict})")
        comments = [step.comment for step in link.steps if step.comment]
        lines += [f"      {comment}" for comment in comments]
    if crossing.own in SPEAKS:
        text = _("the same evidence, judged under this text: {status}; {reason}")
        lines.append(f"    = {text.format(status=crossing.own, reason=crossing.own_reason)}")
    if crossing.left:
        lines.append(f"    → {crossing.left}")
    return lines


def _pairs(as_json: bool) -> int:
    from ..crosswalk import counts_by_pair

    counts = counts_by_pair()
    if as_json:
        print_json([{"frameworks": pair, "edges": n} for pair, n in counts.items()])
        return 0
    print_table((_("framework"), _("framework"), _("edges")), ((a, b, n) for (a, b), n in counts.items()))
    return 0


def _consensus(files: tuple[Path, ...], at_least: int, as_json: bool) -> int:
    from ..crosswalk import consensus

    topics = consensus(edges=_from_files(files), at_least=at_least)
    if as_json:
        print_json(topics)
        return 0
    for topic in topics:
        _show_topic(topic)
    n = len(topics)
    click.echo(ngettext("{n} topic.", "{n} topics.", n).format(n=n))
    return 0


def _from_files(files: tuple[Path, ...]) -> tuple[Edge, ...]:
    from ..crosswalk import check_ids, open_mapping_set
    from ..crosswalk.library import usable
    from ..crosswalk.references import trees
    from ..frameworks import library

    shelf = trees(library()) if files else {}
    return tuple(edge for path in files for edge in usable(check_ids(open_mapping_set(path), shelf)))


def _show_topic(topic: Topic) -> None:
    from ..crosswalk.relations import SIGNS

    click.echo(visible(f"{topic.label} ({topic.centre}): {topic.title}"))
    count = _("  {n} frameworks in {j} jurisdictions").format(n=len(topic.frameworks), j=len(topic.jurisdictions))
    click.echo(visible(f"{count}: {', '.join(topic.jurisdictions)}"))
    for words, names in (
        (_("the same"), topic.same),
        (_("part or whole"), topic.contained),
        (_("overlapping"), topic.overlapping),
        (_("provisional"), topic.provisional),
    ):
        if names:
            click.echo(visible(f"  {words}: {', '.join(names)}"))
    for member in topic.members:
        where = f"{member.requirement} {SIGNS[member.relation]}"
        click.echo(visible(f"    {where} {member.title} ({member.justification} {member.confidence:.2f})"))
    click.echo()


def _import(path: Path, out: Path | None, as_json: bool) -> int:
    from ..crosswalk import check_ids, open_mapping_set, write_sssom
    from ..crosswalk.references import trees
    from ..frameworks import library

    shelf = trees(library())
    found = check_ids(open_mapping_set(path), shelf)
    if as_json:
        print_json(found)
    else:
        _show_import(found)
    if out:
        frameworks = {name: tree.framework for name, tree in shelf.items()}
        text = write_sssom(found.edges, frameworks, title=found.name, licence=found.licence)
        _put(text, out)
        click.echo(_("Written: {path}").format(path=visible(str(out))), err=as_json)
    return 1 if any(problem.severity == "error" for problem in found.problems) else 0


def _show_import(found: MappingSet) -> None:
    for problem in found.problems:
        place = _("line {n}").format(n=problem.line) if problem.line else _("file")
        column = f", {problem.column}" if problem.column else ""
        mark = "✗" if problem.severity == "error" else "·"
        click.echo(visible(f"{mark} {place}{column}: {problem.message}. {problem.remedy}"))
    for edge, line in zip(found.edges, found.lines, strict=True):
        click.echo(visible(f"✓ {line}: {edge.subject} {edge.relation} {edge.object} ({edge.confidence:g})"))
    errors = sum(problem.severity == "error" for problem in found.problems)
    summary = _("{rows} rows: {good} good, {left} say that nothing matches; {errors} errors.")
    text = summary.format(rows=found.rows, good=len(found.edges), left=found.left_out, errors=errors)
    click.echo(text)
