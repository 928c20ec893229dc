"""Crosswalks: how the requirements of one framework relate to those of another, after NIST IR 8477.

A requirement is taken as the set of what it demands. Every relation is seen from subject to object: "subset" says
that the object demands all that the subject demands, and more. A requirement is named "framework-id#requirement-id".
"""

from __future__ import annotations

from typing import Literal, get_args

from .measurement import Record
from .verdict import VerdictStatus

Relation = Literal["equal", "equivalent", "subset", "superset", "intersects", "none"]
RELATIONS: tuple[Relation, ...] = get_args(Relation)
Justification = Literal["published", "manual", "computed"]
JUSTIFICATIONS: tuple[Justification, ...] = get_args(Justification)


class Edge(Record, frozen=True, kw_only=True):
    """One stated relation between two requirements.

    `justification` says who says so: somebody's publication, a person who read both texts, or a computation.
    `confidence` runs from 0 to 1; `source` names the document; `date` is ISO 8601 or empty; `comment` says why.
    """

    subject: str
    relation: Relation
    object: str
    justification: Justification
    confidence: float
    source: str
    author: str = ""
    date: str = ""
    comment: str = ""


class Step(Record, frozen=True, kw_only=True):
    """One step of a path: over a stated or computed edge (`by` "edge"), or within a framework's tree ("tree")."""

    subject: str
    relation: Relation
    object: str
    by: Literal["edge", "tree"]
    justification: Justification | None = None
    confidence: float = 1.0
    source: str = ""
    author: str = ""
    comment: str = ""


class Link(Record, frozen=True, kw_only=True):
    """How a requirement of the first framework bears on one of the second: the relation, and the steps it rests on.

    A link of one step over an edge is what its author states; any longer one is "computed", and as weak as its
    weakest step. `verdict` is what an assessment says of the subject, if one was given.
    """

    subject: str
    relation: Relation
    object: str
    justification: Justification
    confidence: float
    steps: tuple[Step, ...]
    verdict: VerdictStatus | None = None


Standing = Literal["carried", "part", "touched", "none"]
STANDINGS: tuple[Standing, ...] = get_args(Standing)
Outcome = Literal["shown", "part_shown", "not_met", "open"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)


class Crossing(Record, frozen=True, kw_only=True):
    """One requirement of the second framework: what the first one carries over to it, and what is left to show.

    `standing`: "carried" (a requirement there covers this one), "part" (one there is a part of this one), "touched"
    (they only overlap, so nothing is carried), "none". `outcome` is set where an assessment was given: "shown" by a
    verdict that carries over, "part_shown", "not_met" (a part of it was found not met), or "open". `own` is then the
    verdict of this requirement itself on the same evidence, and `own_reason` its reason: measurements and documents
    speak for whoever asks for them, whatever carries over between the texts.
    """

    requirement: str
    label: str
    title: str
    parent: str | None
    standing: Standing
    links: tuple[Link, ...] = ()
    left: str = ""
    outcome: Outcome | None = None
    verdict: VerdictStatus | None = None
    own: VerdictStatus | None = None
    own_reason: str = ""


class Crosswalk(Record, frozen=True, kw_only=True):
    """From the framework `subject` to `object`: one crossing a requirement of `object`, and the edges between them.

    `assessment` is the digest of the system whose verdicts decided the outcomes, `profile` the id of the profile whose
    thresholds they may rest on: another framework, or its reader, may hold the values to others.
    """

    subject: str
    subject_version: str
    object: str
    object_version: str
    crossings: tuple[Crossing, ...]
    edges: tuple[Edge, ...]
    provisional: tuple[str, ...] = ()
    assessment: str | None = None
    profile: str | None = None


class Member(Record, frozen=True, kw_only=True):
    """A requirement of a topic, and its relation to the topic's centre (seen from the member)."""

    requirement: str
    label: str
    title: str
    relation: Relation
    justification: Justification
    confidence: float


class Topic(Record, frozen=True, kw_only=True):
    """What several frameworks ask for: a centre, and every requirement with an edge to it.

    `same` names the frameworks with a requirement equal or equivalent to the centre, `contained` those that stand to
    it as part or whole, `overlapping` those that only overlap; each framework once, under its closest. Two members
    need not relate to each other. `provisional` frameworks count too, but are named.
    """

    centre: str
    label: str
    title: str
    frameworks: tuple[str, ...]
    jurisdictions: tuple[str, ...]
    same: tuple[str, ...]
    contained: tuple[str, ...]
    overlapping: tuple[str, ...]
    provisional: tuple[str, ...]
    members: tuple[Member, ...]


class RowProblem(Record, frozen=True, kw_only=True):
    """Something about a row, or about the file (`line` 0): an error keeps the row out, a notice does not."""

    line: int
    column: str
    severity: Literal["error", "notice"]
    message: str
    remedy: str


class MappingSet(Record, frozen=True, kw_only=True):
    """An SSSOM file as it was read: its good rows as edges, and every problem with its line.

    `lines` gives the line of each edge; `left_out` counts rows that say that nothing matches, which is no edge.
    """

    name: str
    id: str
    licence: str
    rows: int
    edges: tuple[Edge, ...]
    lines: tuple[int, ...]
    left_out: int
    problems: tuple[RowProblem, ...]
