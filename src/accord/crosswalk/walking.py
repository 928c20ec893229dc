"""The crosswalk between two frameworks: per requirement of the second, what the first carries over to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ..errors import UsageError
from ..frameworks import library_ids, load
from ..frameworks.judging import points_to_judge
from ..i18n import _
from ..records import Framework, Requirement
from ..records.crosswalk import Crossing, Crosswalk, Edge, Link, Standing
from .computed import edges_from_measures, looks
from .library import check_ids, library_edges, open_mapping_set, usable
from .paths import links
from .references import Tree, framework_of, requirement_of, trees
from .relations import SHOWS, SHOWS_PART, strength


def between(
    subject: str | Path | Framework,
    object_: str | Path | Framework,
    *,
    files: Sequence[Path] = (),
    max_edges: int = 2,
) -> Crosswalk:
    """Return the crosswalk from framework `subject` to `object_`, each given by id, path or as it is.

    Used are the edges that come with Accord, those of the SSSOM `files`, and what follows from measures that both
    frameworks ask for; chains run over at most `max_edges` edges. Raises UsageError for a framework that is not there
    or given twice, and InvalidCrosswalk for a file with errors.
    """
    first, second = (found if isinstance(found, Framework) else load(found) for found in (subject, object_))
    if first.id == second.id:
        raise UsageError("same-framework", f"{first.id} is given twice", "Give two different frameworks.")
    stated = library_edges()
    shelf = _shelf(first, second, stated)
    stated += tuple(edge for path in files for edge in _from_file(path, shelf))
    shelf |= _shelf(first, second, stated)
    edges = (*stated, *edges_from_measures(first, second))
    found = links(first.id, second.id, shelf, edges, max_edges=max_edges)
    pair = {first.id, second.id}
    return Crosswalk(
        subject=first.id,
        subject_version=first.version,
        object=second.id,
        object_version=second.version,
        crossings=_crossings(shelf[second.id], found),
        edges=tuple(edge for edge in edges if {framework_of(edge.subject), framework_of(edge.object)} == pair),
        provisional=tuple(framework.id for framework in (first, second) if framework.status == "provisional"),
    )


def _shelf(first: Framework, second: Framework, edges: Iterable[Edge]) -> dict[str, Tree]:
    """Return the trees of both frameworks, and of those that edges connect with both."""
    neighbours: dict[str, set[str]] = {}
    for edge in edges:
        a, b = framework_of(edge.subject), framework_of(edge.object)
        neighbours.setdefault(a, set()).add(b)
        neighbours.setdefault(b, set()).add(a)
    common = neighbours.get(first.id, set()) & neighbours.get(second.id, set())
    known = set(library_ids())
    return trees((first, second, *(load(name) for name in sorted(common & known))))


def _from_file(path: Path, shelf: dict[str, Tree]) -> tuple[Edge, ...]:
    found = open_mapping_set(path)
    named = {framework_of(name) for edge in found.edges for name in (edge.subject, edge.object)}
    known = set(library_ids())
    return usable(check_ids(found, shelf | trees(load(name) for name in sorted(named & known - shelf.keys()))))


def _crossings(tree: Tree, found: Iterable[Link]) -> tuple[Crossing, ...]:
    by_object: dict[str, list[Link]] = {}
    for link in sorted(found, key=lambda link: (strength(link.relation), -link.confidence)):
        by_object.setdefault(link.object, []).append(link)
    judged = {f"{tree.framework.id}#{requirement.id}" for requirement in points_to_judge(tree.framework)}
    return tuple(
        _crossing(reference, requirement, tuple(by_object.get(reference, ())))
        for reference, requirement in tree.requirements.items()
        if reference in judged or reference in by_object
    )


def _crossing(reference: str, requirement: Requirement, its: tuple[Link, ...]) -> Crossing:
    return Crossing(
        requirement=reference,
        label=requirement.label,
        title=requirement.title,
        parent=requirement.parent,
        standing=standing(its),
        links=its,
        left=left_to_show(requirement, its),
    )


def standing(its: Iterable[Link]) -> Standing:
    """Return what links carry over at best."""
    relations = {link.relation for link in its}
    if relations & SHOWS:
        return "carried"
    if relations & SHOWS_PART:
        return "part"
    return "touched" if "intersects" in relations else "none"


def left_to_show(requirement: Requirement, its: Iterable[Link]) -> str:
    """Say in a sentence what is left to show, however well all goes under the first framework."""
    its = tuple(its)
    best = standing(its)
    if best == "carried":
        over = ", ".join(dict.fromkeys(requirement_of(link.subject) for link in its if link.relation in SHOWS))
        return _("nothing more, once {points} is shown").format(points=over)
    own = _own_way(requirement)
    if best == "part":
        over = ", ".join(dict.fromkeys(requirement_of(link.subject) for link in its if link.relation in SHOWS_PART))
        return _("what goes beyond {points}: {own}").format(points=over, own=own)
    return own


def _own_way(requirement: Requirement) -> str:
    """How the requirement is shown under its own framework: by measures, documents, or an answer."""
    ways = []
    if requirement.rules:
        names = sorted({measure for measure, _where in looks(requirement.rules)})
        ways.append(_("measure {names}").format(names=", ".join(names)))
    if requirement.documents:
        ways.append(_("show the documents {kinds}").format(kinds=", ".join(requirement.documents)))
    if requirement.question:
        ways.append(_("a person answers: {question}").format(question=requirement.question))
    if not ways:
        return _("all of it; nothing measures it today") if requirement.verification else _("all of its points")
    return "; ".join(ways)


def stated_and_computed(crosswalk: Crosswalk) -> tuple[Edge, ...]:
    """Return a crosswalk as edges from its first to its second framework, for formats that know no paths.

    A chain becomes a computed edge whose comment names its steps. Pure; OSCAL and SSSOM are written from it.
    """
    return tuple(_as_edge(link) for crossing in crosswalk.crossings for link in crossing.links)


def _as_edge(link: Link) -> Edge:
    if len(link.steps) == 1:
        step = link.steps[0]
        source, author, comment = step.source, step.author, step.comment
    else:
        source, author = _("a chain of edges"), "Accord"
        comment = "; ".join(f"{step.subject} {step.relation} {step.object}" for step in link.steps)
    return Edge(
        subject=link.subject,
        relation=link.relation,
        object=link.object,
        justification=link.justification,
        confidence=link.confidence,
        source=source,
        author=author,
        comment=comment,
    )
