"""The crosswalk in pages: which texts are connected, the matrix of each pair, and what most texts share."""

from __future__ import annotations

from framework_pages import cell

from accord.crosswalk import between, consensus, counts_by_pair, crosswalk_matrix_svg
from accord.crosswalk.relations import SIGNS
from accord.frameworks import load
from accord.records.crosswalk import Crosswalk, Topic

TOPICS = 20
STANDINGS = {
    "carried": "carries over",
    "part": "in part",
    "touched": "overlaps only",
    "none": "no relation known",
}


def index() -> str:
    """Every pair with edges of its own, and the topics that most texts share."""
    lines = [
        "# Crosswalks",
        "",
        "How requirements of one text relate to those of another, after NIST IR 8477. An overlap never carries a",
        "result over; that so little carries over is a finding, not a fault. Edges made by hand say why; edges",
        "computed from shared measures say that the same evidence serves both, never that both ask for the same.",
        "",
        "| pair | edges |",
        "|---|---|",
    ]
    for (a, b), count in counts_by_pair().items():
        lines.append(f"| [{cell(load(a).title)} and {cell(load(b).title)}](crosswalks/{a}--{b}.md) | {count} |")
    return "\n".join([*lines, "", *_shared()])


def files() -> dict[str, str]:
    """Return the page and the picture of each pair by file name."""
    made: dict[str, str] = {}
    for a, b in counts_by_pair():
        name = f"crosswalks/{a}--{b}"
        made[f"{name}.svg"] = crosswalk_matrix_svg(a, b)
        made[f"{name}.md"] = page(between(a, b, max_edges=1))
    return made


def page(found: Crosswalk) -> str:
    """One pair: the matrix, then each requirement of the second text that the first one bears on."""
    first, second = load(found.subject), load(found.object)
    standings = [crossing.standing for crossing in found.crossings]
    counts = ", ".join(f"{standings.count(name)} {text}" for name, text in STANDINGS.items())  # type: ignore[arg-type]
    lines = [
        f"# {first.title} → {second.title}",
        "",
        f"Of {len(standings)} requirements of the second text: {counts}.",
        "",
        f"![Matrix of the relations]({first.id}--{second.id}.svg)",
        "",
        "| requirement | relation | from | how | confidence | why |",
        "|---|---|---|---|---|---|",
    ]
    for crossing in found.crossings:
        for link in crossing.links:
            step = link.steps[-1]
            lines.append(
                f"| {cell(crossing.label)}: {cell(crossing.title)} | {SIGNS[link.relation]} | `{link.subject}` "
                f"| {link.justification} | {link.confidence:.2f} | {cell(step.comment)} |"
            )
    return "\n".join([*lines, ""])


def _shared() -> list[str]:
    lines = ["## What most texts share", "", "| point | texts | jurisdictions | same | part or whole | overlapping |"]
    lines += ["|---|---|---|---|---|---|", *(_topic(topic) for topic in consensus()[:TOPICS])]
    return [
        *lines,
        "",
        "Texts that could only be read in part count too: `accord crosswalk --consensus` names them.",
        "",
    ]


def _topic(topic: Topic) -> str:
    where = ", ".join(topic.jurisdictions)
    return (
        f"| {cell(topic.title)} ({topic.centre}) | {len(topic.frameworks)} | {where} "
        f"| {len(topic.same)} | {len(topic.contained)} | {len(topic.overlapping)} |"
    )
