"""A page a framework, and the index: what each text asks for, in our words, and how a point can be shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from accord.frameworks import library
from accord.frameworks.judging import points_to_judge
from accord.records import Framework, Requirement, Rule

SHOWN_BY = {"measured": "measured", "documented": "documents", "judged": "a person", "not_testable": "not on a system"}


def index() -> str:
    """Every framework on one page, by where it applies."""
    lines = [
        "# Frameworks",
        "",
        "Each point is written in our own words with the original open. Where only a translation, an excerpt or notes",
        "could be read, the text is *provisional* and its page says what was read. Points that bind only states or",
        "authorities count as *not on a system*.",
        "",
        "| framework | where | kind | status | points | measured | documents | a person | not on a system |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for item in sorted(library(), key=lambda item: (item.kind == "profile", item.jurisdiction, item.id)):
        counts = shown_by(item)
        cells = " | ".join(str(counts[name]) for name in SHOWN_BY)
        lines.append(
            f"| [{cell(item.title)}](frameworks/{item.id}.md) | {item.jurisdiction} | {item.kind} | {item.status} "
            f"| {sum(counts.values())} | {cells} |"
        )
    return "\n".join([*lines, ""])


def pages() -> dict[str, str]:
    """Return the page of each framework by its file name."""
    return {f"frameworks/{item.id}.md": page(item) for item in library()}


def page(framework: Framework) -> str:
    """One framework: source, classes, points and questions."""
    counts = shown_by(framework)
    shown = ", ".join(f"{counts[name]} {text}" for name, text in SHOWN_BY.items() if counts[name])
    source = framework.source
    lines = [
        f"# {framework.title}",
        "",
        f"`{framework.id}`, version {framework.version}, {framework.status}. {framework.issuer}, "
        f"{framework.jurisdiction}, {framework.kind}.",
        "",
        f"Source: {_link(source.title, source.uri)}, {source.date}. {framework.text_licence.strip()}.",
        "",
    ]
    lines += [f"**What was read.** {_line(framework.read)}", ""] if framework.read else []
    lines += [f"**Note.** {_line(framework.note)}", ""] if framework.note else []
    lines += [f"{sum(counts.values())} points: {shown}.", ""]
    lines += _classes(framework)
    lines += _points(framework)
    lines += _questions(framework)
    return "\n".join(lines)


def shown_by(framework: Framework) -> Counter[str]:
    """Count the points that are judged, by how they can be shown."""
    return Counter(item.verification or "judged" for item in points_to_judge(framework))


def measures_in(rules: tuple[Rule, ...]) -> Iterator[Rule]:
    """Yield every leaf of rules that asks for a measure."""
    for rule in rules:
        if rule.measure is not None:
            yield rule
        yield from measures_in((*rule.all, *rule.any, *rule.none))


def cell(text: str) -> str:
    """Return text that can stand in a cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")


def measure_link(id: str, depth: str = "../") -> str:
    """Return a link from a page to the page of a measure."""
    return f"[`{id}`]({depth}measures/{id}.md)"


def _classes(framework: Framework) -> list[str]:
    if not framework.tiers:
        return []
    lines = ["## Classes of risk", "", "| class | scheme | source |", "|---|---|---|"]
    lines += [f"| {cell(tier.title)} | {tier.scheme or 'first'} | {cell(tier.source)} |" for tier in framework.tiers]
    return [*lines, ""]


def _points(framework: Framework) -> list[str]:
    below: dict[str | None, list[Requirement]] = {}
    for item in framework.requirements:
        below.setdefault(item.parent, []).append(item)
    groups = {item.parent for item in framework.requirements}
    lines = ["## Points", ""]
    loose = [item for item in below[None] if item.id not in groups]
    if loose:
        lines += [*_HEAD, *(_row(item, 0) for item in loose), ""]
    for top in below[None]:
        if top.id in groups:
            lines += [f"### {top.label}: {top.title}", "", *_HEAD, *_rows(top, below, groups, 0), ""]
    return lines


_HEAD = ["| point | source | in our words | binds | shown by | from |", "|---|---|---|---|---|---|"]


def _rows(
    top: Requirement, below: dict[str | None, list[Requirement]], groups: set[str | None], depth: int
) -> Iterator[str]:
    if top.rules or top.documents:
        yield _row(top, depth)
    for item in below.get(top.id, []):
        if item.id in groups:
            if not (item.rules or item.documents):
                yield f"| | {cell(item.label)} | **{cell(item.title)}** | | | |"
            yield from _rows(item, below, groups, depth + 1)
        else:
            yield _row(item, depth)


def _row(item: Requirement, depth: int) -> str:
    how = SHOWN_BY[item.verification or "judged"]
    asked = ", ".join(dict.fromkeys(measure_link(rule.measure or "") for rule in measures_in(item.rules)))
    documents = ", ".join(item.documents)
    detail = "; ".join(part for part in (how, asked, documents) if part)
    title = cell(item.title) + (" *(provisional)*" if item.read else "")
    return (
        f"| `{item.id}` | {cell(item.label)} | {title} | {item.addressee or ''} | {detail} "
        f"| {', '.join((*([item.applies_from] if item.applies_from else []), *(o.applies_from for o in item.later)))} |"
    )


def _questions(framework: Framework) -> list[str]:
    if not framework.questions:
        return []
    lines = [
        "## Questions",
        "",
        "Answered in `[answers]` of the card.",
        "",
        "| id | source | question |",
        "|---|---|---|",
    ]
    lines += [f"| `{item.id}` | {cell(item.source)} | {cell(item.text)} |" for item in framework.questions]
    return [*lines, ""]


def _link(title: str, uri: str) -> str:
    return f"[{title}]({uri})" if uri.startswith("http") else f"{title} (`{uri}`)"


def _line(text: str) -> str:
    return " ".join(text.split())
