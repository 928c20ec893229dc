"""`accord frameworks`: the laws and standards that assessments are judged under, and anybody's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..i18n import _
from .framework_files import COMMANDS, say
from .output import as_json, print_json

if TYPE_CHECKING:
    from ..records import Framework, Requirement


class _Frameworks(click.Group):
    """A group in which the name of a framework stands for showing it: `accord frameworks eu-ai-act`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None:
            args = ["show", *args]
        return super().resolve_command(ctx, args)


@click.group("frameworks", cls=_Frameworks, invoke_without_command=True)
@as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the laws and standards, show one, or work on your own.

    Without a command it lists the library. `accord frameworks eu-ai-act` shows that one, and
    `accord frameworks eu-ai-act art_10.2.f` one of its requirements.
    """
    if context.invoked_subcommand is None:
        _list(as_json)


def _list(as_json: bool) -> None:
    from ..frameworks import library

    installed = measured_today()
    found = [_counted(framework, installed) for framework in library()]
    if as_json:
        print_json(found)
        return
    text = _("{requirements} requirements: {measured} measured today, {documents} by documents, {person} by a person")
    for item in found:
        which = ", ".join(item[key] for key in ("version", "jurisdiction", "kind", "status"))
        say(f"{item['id']} ({which}): {item['title']}")
        say("  " + text.format_map(item))
    click.echo(_("More on one: accord frameworks show FRAMEWORK. Your own: accord frameworks new."))


def measured_today() -> frozenset[str]:
    """Return the measures that an installed inspector produces, other than what the card declares."""
    from ..inspectors.registry import all_inspectors

    produced = {measure for inspector in all_inspectors() for measure in inspector.measures}
    return frozenset(measure for measure in produced if not measure.startswith("card."))


def _counted(framework: Framework, installed: frozenset[str]) -> dict[str, Any]:
    """Count the points that get a verdict; one may be measured and need documents too."""
    from ..frameworks.judging import points_to_judge
    from ..frameworks.measuring import measures_of

    points = points_to_judge(framework)
    return {
        "id": framework.id,
        "version": framework.version,
        "title": framework.title,
        "jurisdiction": framework.jurisdiction,
        "kind": framework.kind,
        "sector": framework.sector,
        "status": framework.status,
        "requirements": len(points),
        "measured": sum(not installed.isdisjoint(measures_of(point)) for point in points),
        "documents": sum(bool(point.documents) for point in points),
        "person": sum(point.verification == "judged" for point in points),
    }


@command.command("show", short_help="Walk the tree of one, or show a requirement.")
@click.argument("framework")
@click.argument("requirement", required=False)
@as_json
@click.pass_context
def show(context: click.Context, framework: str, requirement: str | None, as_json: bool) -> None:
    """Walk the tree of FRAMEWORK (an id or a file), or show all of one REQUIREMENT."""
    from ..frameworks import load

    found = load(framework)
    as_json = as_json or bool(context.parent and context.parent.params.get("as_json"))
    if requirement is not None:
        _show_requirement(found, requirement, as_json)
    elif as_json:
        print_json(found)
    else:
        _show_tree(found)


def _show_tree(framework: Framework) -> None:
    source = framework.source
    say(f"{framework.title} ({framework.version}, {framework.jurisdiction}, {framework.kind}, {framework.status})")
    say(_("Source: ") + f"{source.title}, {source.date}, {source.uri}")
    if framework.read:
        say(_("What was read: ") + framework.read)
    if framework.note:
        say(framework.note)
    click.echo()
    depth: dict[str | None, int] = {None: -1}
    for requirement in _in_tree_order(framework):
        depth[requirement.id] = depth[requirement.parent] + 1
        label = "" if requirement.label == requirement.id else f" {requirement.label}"
        details = " · ".join(_details(requirement))
        shown = f"{requirement.id}{label}: {requirement.title}" + (f"  [{details}]" if details else "")
        say("  " * depth[requirement.id] + shown)


def _in_tree_order(framework: Framework) -> Iterator[Requirement]:
    """Yield each requirement after its parent, children in the order of the file."""
    children: dict[str | None, list[Requirement]] = {}
    for requirement in framework.requirements:
        children.setdefault(requirement.parent, []).append(requirement)
    waiting = children.get(None, [])[::-1]
    while waiting:
        requirement = waiting.pop()
        yield requirement
        waiting += reversed(children.get(requirement.id, []))


def _details(requirement: Requirement) -> Iterator[str]:
    from ..frameworks.measuring import measures_of

    if requirement.verification:
        yield requirement.verification.replace("_", " ")
    yield from measures_of(requirement)
    if requirement.addressee:
        yield requirement.addressee
    if requirement.applies_from:
        yield _("from {day}").format(day=requirement.applies_from)
    if requirement.read:
        yield _("provisional")


def _show_requirement(framework: Framework, name: str, as_json: bool) -> None:
    found = next((item for item in framework.requirements if item.id == name or item.label == name), None)
    if found is None:
        raise UsageError(
            "unknown-requirement",
            f"{framework.id} has no requirement {name[:80]!r}",
            f"See `accord frameworks show {framework.id}`.",
        )
    below = [item for item in framework.requirements if item.parent == found.id]
    others = _asked_by_others(framework, found)
    if as_json:
        print_json({"framework": framework.id, "requirement": found, "below": below, "same_measures": others})
        return
    say(f"{found.label}: {found.title}")
    for heading, text in _everything(framework, found):
        say(f"{heading} {text}")
    for measure, references in others.items():
        say(_("{measure} is also asked for by:").format(measure=measure) + f" {', '.join(references) or '-'}")
    for item in below:
        say(f"  {item.id} {item.label}: {item.title}")


def _everything(framework: Framework, found: Requirement) -> Iterator[tuple[str, str]]:
    source = framework.source
    yield _("Of:"), f"{framework.title} {framework.version} ({framework.id}, {framework.status})"
    yield _("Source:"), f"{source.title}, {source.date}, {source.uri}"
    texts = (
        (_("Id:"), found.id),
        (_("Part of:"), found.parent),
        (_("Binds:"), found.addressee),
        (_("Applies from:"), found.applies_from),
        *((_("Later:"), f"{other.applies_from}, {other.source}") for other in found.later),
        (_("Shown by:"), found.verification),
        (_("Documents:"), ", ".join(found.documents)),
        (_("Question:"), found.question),
        (_("Note:"), found.note),
        (_("See:"), ", ".join(found.see)),
        (_("What was read:"), found.read or framework.read),
    )
    yield from ((heading, text) for heading, text in texts if text)
    if found.applies_if is not None:
        yield _("Applies if:"), rule_in_words(found.applies_if)
    for rule in found.rules:
        yield _("Rule:"), rule_in_words(rule)


def rule_in_words(rule: Any) -> str:
    """Return a rule, or a group of them, on one line."""
    if rule.measure is None:
        groups = ((name, getattr(rule, name)) for name in ("all", "any", "none"))
        inside = (f"{name} of ({'; '.join(map(rule_in_words, rules))})" for name, rules in groups if rules)
        return " ".join(inside) + (f" [{rule.threshold_source}]" if rule.threshold_source else "")
    where = "".join(f" {key}={value}" for key, value in rule.where.items())
    if rule.op == "exists":
        return f"{rule.measure}{where} exists"
    if rule.threshold is None:
        return f"{rule.measure}{where}: " + _("the source states no threshold; a person decides")
    cited = f" ({rule.threshold_source})" if rule.threshold_source else ""
    return f"{rule.measure}{where} {rule.op} {rule.threshold}{cited}"


def _asked_by_others(framework: Framework, found: Requirement) -> dict[str, list[str]]:
    """Return who else in the library asks for the measures of a requirement: "framework#requirement" by measure."""
    from ..frameworks import library
    from ..frameworks.measuring import measures_of

    asked: dict[str, list[str]] = {measure: [] for measure in measures_of(found)}
    for other in library() if asked else ():
        for requirement in other.requirements:
            if (other.id, requirement.id) != (framework.id, found.id):
                for measure in asked.keys() & set(measures_of(requirement)):
                    asked[measure].append(f"{other.id}#{requirement.id}")
    return asked


for _command in COMMANDS:
    command.add_command(_command)
