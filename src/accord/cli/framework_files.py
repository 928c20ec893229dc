"""`accord frameworks new, import, check, diff, export`: work on framework files of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click

from ..errors import AccordError, UsageError
from ..i18n import _, ngettext
from ..records.framework import Kind
from ..reports.visible import visible
from .output import as_json, print_file, print_json

if TYPE_CHECKING:
    from ..frameworks.differing import FieldChange, ItemChanges
    from ..frameworks.mistakes import Mistake
    from ..records import Framework

_REQUIRED = ("id", "title", "issuer", "jurisdiction", "kind", "source_title", "source_uri", "source_date")


@click.command("new", short_help="Write a first file for a framework of your own.")
@click.argument("framework_id")
@click.option("--title", default="", help="Its title.")
@click.option("--jurisdiction", default="INT", show_default=True, help="Where it applies: KE, US-CA, EU, INT …")
@click.option("--out", type=click.Path(path_type=Path), help="The file; FRAMEWORK_ID.yaml otherwise.")
@as_json
def new(framework_id: str, title: str, jurisdiction: str, out: Path | None, as_json: bool) -> None:
    """Write a first file for a framework of your own: it loads at once, and says what each key is for."""
    from ..frameworks.scaffolding import scaffold

    text = scaffold(framework_id, title=title, jurisdiction=jurisdiction)
    place = out or Path(f"{framework_id}.yaml")
    _write_new(place, text.encode())
    if as_json:
        print_json({"framework": framework_id, "file": str(place)})
        return
    say(_("Wrote {file}. Edit it, then: accord frameworks check {file}").format(file=place))


@click.command("import", short_help="Make a framework file from a spreadsheet or OSCAL.")
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["table", "oscal"]), help="By the file's ending, if not given.")
@click.option(
    "--catalog", "catalogs", type=click.Path(path_type=Path), multiple=True, help="What a profile selects from."
)
@click.option("--id", "id", help="Its id: lower-case words joined by hyphens.")
@click.option("--version", help="Its version.")
@click.option("--title", help="Its title.")
@click.option("--issuer", help="Who issued it.")
@click.option("--jurisdiction", help="Where it applies: KE, US-CA, EU, INT …")
@click.option("--kind", type=click.Choice(get_args(Kind)), help="What it is.")
@click.option("--source-title", help="The title of the text it was made from.")
@click.option("--source-uri", help="Where that text is: an https, urn or doi address.")
@click.option("--source-date", help="The date of that text: YYYY-MM-DD, YYYY-MM or YYYY.")
@click.option("--text-licence", help="What may be done with the source's words.")
@click.option("--read", help="What of the text was read, by whom.")
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; ID.yaml otherwise.")
@as_json
def import_(
    table: Path, form: str | None, catalogs: tuple[Path, ...], out: Path | None, as_json: bool, **options: str | None
) -> None:
    """Make a framework file from TABLE: a spreadsheet (CSV, XLSX), or an OSCAL catalogue or profile in JSON.

    A spreadsheet has a row a requirement and these columns, in any order: id, label, title, parent or depth,
    addressee, applies_from, verification, documents, question, note, measure, where, op, threshold, threshold_source.
    """
    from ..frameworks.loading import parse
    from ..frameworks.writing import as_yaml

    said = {name: value for name, value in options.items() if value is not None}
    if form == "oscal" or (form is None and table.suffix.lower() == ".json"):
        framework, notices = _from_oscal(table, catalogs, said)
    else:
        framework, notices = _from_table(table, said)
    data = as_yaml(framework, comment=f"Made by `accord frameworks import` from {ascii(table.name)[1:-1]}.")
    parse(data, name=framework.id)  # what is written loads
    place = out or Path(f"{framework.id}.yaml")
    _write_new(place, data)
    if as_json:
        print_json(
            {
                "framework": framework.id,
                "file": str(place),
                "requirements": len(framework.requirements),
                "notices": notices,
            }
        )
        return
    count = len(framework.requirements)
    text = ngettext("{n} requirement in {file}", "{n} requirements in {file}", count)
    say(text.format(n=f"{count:,}", file=place))
    for notice in notices:
        say(f"  {notice}")


def _from_table(path: Path, said: dict[str, str]) -> tuple[Framework, list[str]]:
    from ..frameworks.importing import import_table
    from ..frameworks.reading import read_file

    missing = [f"--{name.replace('_', '-')}" for name in _REQUIRED if name not in said]
    if missing:
        raise UsageError(
            "missing-options",
            f"a table doesn't say what it is: {', '.join(missing)}",
            "Give these options; `accord frameworks import --help` says what each is.",
        )
    header: dict[str, Any] = {
        "version": "1",
        "text_licence": "our own words",
        "status": "provisional",
        "read": f"Imported from {path.name}; nobody has compared it with the text yet.",
        **_header(said),
    }
    found = import_table(read_file(path), header, name=path.name)
    notices = [_("Left out the columns: {names}").format(names=", ".join(found.ignored))] if found.ignored else []
    if found.questions_made:
        text = _("{n} points say neither how they are shown nor what to ask: a person is asked whether it is done.")
        notices.append(text.format(n=found.questions_made))
    return found.framework, notices


def _from_oscal(path: Path, catalogs: tuple[Path, ...], said: dict[str, str]) -> tuple[Framework, list[str]]:
    from ..oscal import Catalog, Profile, import_catalog, import_profile, read_bytes, read_document

    document = read_document(read_bytes(path), name=path.name)
    if isinstance(document, Profile):
        sources = []
        for place in catalogs:
            source = read_document(read_bytes(place), name=place.name)
            if not isinstance(source, Catalog):
                raise UsageError("no-catalog", f"{place.name} is a profile", "Resolve it first, or give its catalogue.")
            sources.append(source)
        found = import_profile(document, sources, _header(said), name=path.name)
    elif catalogs:
        raise UsageError("not-a-profile", f"{path.name} is a catalogue itself", "Leave --catalog out.")
    else:
        found = import_catalog(document, _header(said), name=path.name)
    notices = list(found.notes)
    if found.left_out:
        counts = ", ".join(f"{n:,} {what}" for what, n in found.left_out.items())
        notices.append(
            _("A framework has no place for these, they stay in the catalogue: {counts}").format(counts=counts)
        )
    if found.renamed:
        notices.append(_("{n} ids were written in another way").format(n=found.renamed))
    return found.framework, notices


def _header(said: dict[str, str]) -> dict[str, Any]:
    source = {name.removeprefix("source_"): value for name, value in said.items() if name.startswith("source_")}
    header: dict[str, Any] = {name: value for name, value in said.items() if not name.startswith("source_")}
    return {**header, "source": source} if source else header


@click.command("check", short_help="List every mistake in a framework file.")
@click.argument("file", type=click.Path(path_type=Path))
@as_json
def check(file: Path, as_json: bool) -> int:
    """List every mistake in a framework FILE, each with its place and what to do. Exit 1 if there is one."""
    from ..frameworks.loading import parse
    from ..frameworks.mistakes import InvalidFramework, Mistake
    from ..frameworks.reading import read_file

    data = read_file(file)
    framework = None
    try:
        framework = parse(data, name=file.name)
        mistakes = tuple(_dangling(framework))
    except InvalidFramework as error:
        mistakes = error.mistakes
    except AccordError as error:
        mistakes = (Mistake("(file)", error.message, error.remedy),)
    if as_json:
        listed = [{"path": item.path, "message": item.message, "remedy": item.remedy} for item in mistakes]
        print_json({"file": file.name, "mistakes": listed})
        return 1 if mistakes else 0
    for item in mistakes:
        say(f"{item.path}: {item.message}")
        say(f"  → {item.remedy}")
    if framework is not None and not mistakes:
        count = len(framework.requirements)
        text = ngettext("{name}: {n} requirement, no mistake.", "{name}: {n} requirements, no mistake.", count)
        say(text.format(name=file.name, n=count))
    else:
        say(ngettext("{n} mistake", "{n} mistakes", len(mistakes)).format(n=len(mistakes)))
    return 1 if mistakes else 0


def _dangling(framework: Framework) -> Iterator[Mistake]:
    """Yield the references to requirements that a framework of the library doesn't have."""
    from ..frameworks import library_ids, load
    from ..frameworks.mistakes import Mistake

    known: dict[str, set[str]] = {framework.id: {item.id for item in framework.requirements}}
    for index, requirement in enumerate(framework.requirements):
        for position, reference in enumerate(requirement.see):
            name, _hash, point = reference.partition("#")
            if name not in known and name in library_ids():
                known[name] = {item.id for item in load(name).requirements}
            if name in known and point not in known[name]:
                path = f"requirements[{index}].see[{position}]"
                yield Mistake(path, f"{name} has no requirement {point!r}", f"See `accord frameworks show {name}`.")


@click.command("diff", short_help="Show what changed between two versions.")
@click.argument("before")
@click.argument("after")
@as_json
def diff(before: str, after: str, as_json: bool) -> None:
    """Show what changed from BEFORE to AFTER: two versions of a framework, each an id or a file."""
    from ..frameworks import load
    from ..frameworks.differing import differences

    found = differences(load(before), load(after))
    if as_json:
        print_json(found)
        return
    say(f"{found.before} → {found.after}")
    for change in found.header:
        say(f"  {_changed(change)}")
    for heading, changes in (
        (_("Requirements"), found.requirements),
        (_("Classes of risk"), found.tiers),
        (_("Questions"), found.questions),
    ):
        _show_changes(heading, changes)
    if found.empty:
        say(_("They say the same."))


def _show_changes(heading: str, changes: ItemChanges) -> None:
    counts = (
        (_("added"), len(changes.added)),
        (_("removed"), len(changes.removed)),
        (_("changed"), len(changes.changed)),
    )
    said = [f"{n} {word}" for word, n in counts if n] + ([_("in another order")] if changes.reordered else [])
    if said:
        say(f"{heading}: {', '.join(said)}")
    for added in changes.added:
        say(f"  + {added.id}: {added.title}")
    for removed in changes.removed:
        say(f"  - {removed.id}: {removed.title}")
    for item in changes.changed:
        say(f"  ~ {item.id}: {item.title}")
        for change in item.fields:
            say(f"      {_changed(change)}")


def _changed(change: FieldChange) -> str:
    return f"{change.field}: {_value(change.before)} → {_value(change.after)}"


def _value(value: Any) -> str:
    if value is None or value in ([], {}, ()):
        return "-"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@click.command("export", short_help="Write a framework as OSCAL or as a table.")
@click.argument("framework")
@click.option("--format", "form", type=click.Choice(["oscal", "csv"]), default="oscal", show_default=True)
@click.option("--out", type=click.Path(path_type=Path), help="The file to write; standard output otherwise.")
def export(framework: str, form: str, out: Path | None) -> None:
    """Write FRAMEWORK (an id or a file) as an OSCAL 1.2.1 catalogue, or as a table to edit and import again."""
    from ..frameworks import load
    from ..frameworks.exporting import as_table
    from ..oscal import render_catalog

    found = load(framework)
    left_out: dict[str, int] = {}
    if form == "oscal":
        data = render_catalog(found)
    else:
        data, left_out = as_table(found)
    if out is None:
        print_file(data, json=form == "oscal")
    else:
        _write_new(out, data)
    if left_out:
        counts = ", ".join(f"{n:,} {what}" for what, n in left_out.items())
        click.echo(_("A table has no place for: {counts}").format(counts=counts), err=True)


def _write_new(place: Path, data: bytes) -> None:
    """Write a file that isn't there yet. Raises UsageError where something is."""
    from ..subjects.digest import refuse_sealed

    refuse_sealed(place)
    try:
        with place.open("xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError(
            "file-exists", f"{place.name} is there already; nothing was overwritten", "Give another place with --out."
        ) from None


def say(text: str) -> None:
    """Print a line that may hold text from a file of somebody's."""
    click.echo(visible(text))


COMMANDS = (new, import_, check, diff, export)
