"""Reviews on the node: what an officer is asked about an assessment, what becomes of the answers, and how they stand.

The questions are those that this node's own judgement leaves open. What officers answer is checked as `accord review`
checks it, signed by the node and by the officer's key, and counts in that judgement as `accord judge` counts it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from ..commons.assessments.page import Around, about, record_of
from ..commons.reviews.page import Told, reviews_of
from ..errors import AccordError, MalformedInput
from ..frameworks import library_ids
from ..i18n import N_, _
from ..measures.catalogue import catalogue
from ..records import Assessment, Review, from_json
from ..records.said import Level, Revocation
from ..reviews import accept, open_points
from ..reviews.accepting import Accepted
from ..reviews.answers import EACH, ONCE
from ..reviews.columns import ALL, ANSWERS, COLUMNS
from ..reviews.opening import Opened, OpenPoint
from ..reviews.reliance import short_digest
from ..reviews.sheet import Row
from ..reviews.signing import compose, now
from ..store import Transaction
from ..store.viewer import VISITOR, Viewer
from ..trust.dsse import sign, to_line
from ..trust.predicates import StatedLog
from .auth.people import key_of, keyid_of
from .deciding import require_one_of
from .judging import Judged, settings_of, signed_evidence
from .node import Node
from .problems import Conflict, Forbidden, NotFound
from .speaking import person, say_for
from .weighing import reviewed_judgement

REVIEWERS = frozenset({"officer"})
_REVOKERS = frozenset({"officer", "operator"})
_TYPED_ONCE = ("interest", "valid_until")
_MOST_BYTES = 24 * 1024 * 1024
_NOT_PUBLIC = "it is about an assessment, or evidence, that is not public"


class Desk(Struct, frozen=True, kw_only=True):
    """What lies before an officer: the assessment as this node judges it, and what that leaves open to a person."""

    around: Around
    assessment: Assessment
    opened: Opened

    def of(self, framework: str) -> Desk:
        """Return the desk with the questions of one framework. Raises NotFound if it leaves none open."""
        points = tuple(point for point in self.opened.points if point.framework.id == framework)
        if not points:
            raise NotFound("This framework asks nothing of a person here.")
        return replace(self, opened=Opened(points, ()))


class Stated(Struct, frozen=True, kw_only=True):
    """A review as it is shown. `counts` says whether it does in this node's judgement, `why` says why it does not.

    `person` is the key of who judged, `keyid` that of who logged it. `relied_on` is in words.
    """

    id: str
    keyid: str
    person: str
    decision: str
    reason: str
    name: str
    role: str
    interest: str
    relied_on: tuple[str, ...]
    made: str
    valid_until: str
    counts: bool
    why: str


class Asked(Struct, frozen=True, kw_only=True):
    """A requirement with all reviews of it, oldest first. `verdict` is this node's, "" where it has none.

    `disagree` says that those which count decide differently: the question is open then.
    """

    framework: str
    requirement: str
    label: str
    title: str
    verdict: str
    disagree: bool
    reviews: tuple[Stated, ...]


def heard_of(node: Node, transaction: Transaction, viewer: Viewer, around: Around) -> tuple[Told, ...]:
    """Return the reviews of what an assessment is about that the viewer may see."""
    return reviews_of(transaction, viewer, around.kept.subject, node.speaker.keyid, now())


def open_desk(node: Node, viewer: Viewer, assessment: str) -> Desk:
    """Return what an officer may be asked about an assessment (its id).

    Raises Unauthenticated, Forbidden or NotFound; Conflict if it is not judged here yet, or can't be.
    """
    require_one_of(viewer, REVIEWERS)
    with node.store.reading() as transaction:
        around = about(transaction, viewer, assessment, now(), node.origin)
        if around is None:
            raise NotFound("There is no such assessment here.")
        record = record_of(transaction, viewer, around)
        judged = reviewed_judgement(node, transaction, around, heard_of(node, transaction, viewer, around))
        evidence = signed_evidence(transaction, around.kept.seq)
    if record is None or len(record) > _MOST_BYTES:
        raise Conflict("no-record", "Its record is not here, or too large to be shown.", "Ask for it to be published.")
    if judged is None or judged.state != "judged":
        raise Conflict("not-judged", "This node has not judged it.", "Look again in a moment.")
    read = from_json(record, Assessment, name="assessment.json")
    whole = replace(read, evidence=evidence, verdicts=judged.verdicts, frameworks=judged.frameworks)
    return Desk(around=around, assessment=whole, opened=open_points(whole, _texts(node, judged)))


def _texts(node: Node, judged: Judged) -> list[str]:
    """Return where the texts are that the node judged under, if some of them are files of its own."""
    own = [name for name in node.config.frameworks if name not in library_ids()]
    return [*own, *(item.id for item in judged.frameworks if item.id in library_ids())] if own else []


def field_of(point: OpenPoint, column: str) -> str:
    """Return the name of a form's field: it holds the state of the question, so that no answer slips to another."""
    return f"{point.requirement.id}@{short_digest(point.state)}.{column}"


def check(desk: Desk, viewer: Viewer, fields: Mapping[str, str]) -> tuple[Accepted, dict[str, str], dict[str, str]]:
    """Check what was typed into the form of a desk.

    Returns what came of it; what was typed, by the fields that the form has now; and each mistake, by its field.
    """
    typed: dict[str, dict[str, str]] = {}
    for name, text in fields.items():
        head, _dot, column = name.rpartition(".")
        requirement, _at, state = head.rpartition("@")
        if column in EACH and requirement:
            typed.setdefault(requirement, {"state": state})[column] = text.replace("\r\n", "\n")
    points = {point.requirement.id: point for point in desk.opened.points}
    framework = desk.opened.points[0].framework.id
    once = {name: fields.get(name, "") for name in ONCE} | {"reviewer": viewer.name, "role": role_of(viewer)}
    rows = [_row(n, framework, item, points.get(item), typed[item], once) for n, item in enumerate(typed, 2)]
    found = accept(rows, desk.assessment, desk.opened, made=now())
    again = {name: once[name] for name in _TYPED_ONCE}
    for item, cells in typed.items():
        if point := points.get(item):
            again |= {field_of(point, column): text for column, text in cells.items() if column in EACH}
    errors: dict[str, str] = {}
    for refusal in found.refusals:
        item = rows[refusal.row - 2].cells["requirement"]
        said = f"{refusal.message}. {refusal.remedy}"
        if refusal.column in _TYPED_ONCE:
            errors.setdefault(refusal.column, said)
        elif (point := points.get(item)) and refusal.column not in ONCE:
            column = refusal.column if refusal.column in EACH else "decision"
            errors.setdefault(field_of(point, column), f"{point.requirement.label}: {said}")
        else:
            errors.setdefault("questions", f"{item[:80]}: {said}")
    return found, again, errors


def _row(
    number: int, framework: str, requirement: str, point: OpenPoint | None, typed: dict[str, str], once: dict[str, str]
) -> Row:
    state = typed["state"]
    cells = dict.fromkeys(COLUMNS, "") | {"framework": framework, "requirement": requirement, "state": state}
    if point is not None and state == short_digest(point.state):
        cells["state"] = point.state
    cells |= {name: typed.get(name, "") for name in EACH}
    if any(cells[name].strip() for name in ANSWERS):
        cells |= once
        cells["measurements_relied_on"] = cells["measurements_relied_on"] or ALL
    return Row(number, cells)


def role_of(viewer: Viewer) -> str:
    """Return in which role an officer judges, as it is signed: the node answers for it, so nobody types it."""
    return ", ".join(filter(None, ("officer", viewer.office)))


def say_reviews(node: Node, viewer: Viewer, desk: Desk, reviews: Sequence[Review]) -> None:
    """Sign reviews as the node and as the officer, and log them, for nobody who may not read what they rest on."""
    require_one_of(viewer, REVIEWERS)
    keys = [node.speaker, key_of(node, viewer.account)]
    place = StatedLog(node.origin, str(node.log.verifier_key))
    payloads = [compose(item, desk.assessment.subject.name, [key.public for key in keys], place) for item in reviews]
    level = _level(node, desk.around)
    node.intake.say([to_line(sign(item, keys)) for item in payloads], level, "" if level == "public" else _NOT_PUBLIC)


def _level(node: Node, around: Around) -> Level:
    """Return who may read a review: it tells of the evidence, so nobody but who may read all of that."""
    readers: tuple[tuple[Level, Viewer], ...] = (("public", VISITOR), ("community", Viewer(account="anybody")))
    with node.store.reading() as transaction:
        for level, viewer in readers:
            seen = about(transaction, viewer, around.kept.id, now(), node.origin)
            if seen is not None and seen.whole and not (seen.small and seen.kept.disclosure == "public"):
                return level
    return "none"


def revoke(node: Node, viewer: Viewer, assessment: str, review: str, reason: str) -> None:
    """Take a review (its id) back: who judged does, or the operator.

    Raises Unauthenticated, Forbidden, NotFound; MalformedInput without a reason.
    """
    require_one_of(viewer, _REVOKERS)
    if not reason.strip():
        raise MalformedInput("no-reason", N_("A revocation has a reason."), N_("Say why."))
    with node.store.reading() as transaction:
        around = about(transaction, viewer, assessment, now(), node.origin)
        told = heard_of(node, transaction, viewer, around) if around else ()
    found = next((item for item in told if item.kept.id == review and item.own and not item.revoked), None)
    if found is None:
        raise NotFound("There is no such review here.")
    if not may_revoke(node, viewer, found):
        raise Forbidden("not-yours", "Who judged takes it back, or the operator.", "Ask one of them.")
    record = Revocation(target=review, reason=reason.strip()[:2_000], effective=now(), by=person(viewer))
    level: Level = "public" if found.kept.disclosure == "public" else "none"
    say_for(node, viewer, record, "revocation", [review], level=level)


def may_revoke(node: Node, viewer: Viewer, told: Told) -> bool:
    """Whether the viewer may take back a review: one of this node that stands, by who judged or by the operator."""
    mine = viewer.account and told.person and told.person == keyid_of(node, viewer.account)
    return told.own and not told.revoked and bool(mine or "operator" in viewer.roles)


def stated(node: Node, told: Iterable[Told], judged: Judged | None) -> tuple[Asked, ...]:
    """Return reviews by the requirement that they are of, dissent first, with how each stands in the judgement."""
    verdicts = {(item.framework, item.requirement): item for item in judged.verdicts} if judged else {}
    grouped: dict[tuple[str, str], list[Told]] = {}
    for item in told:
        grouped.setdefault((item.review.framework, item.review.requirement), []).append(item)
    words = _words(node) if grouped else {}
    made = []
    for key, items in sorted(grouped.items()):
        verdict = verdicts.get(key)
        why = {outcome.review: outcome.why for outcome in verdict.reviews} if verdict else {}
        reviews = tuple(_stated(item, why.get(item.kept.id)) for item in items)
        label, title = words.get(key, (key[1], ""))
        made.append(
            Asked(
                framework=key[0],
                requirement=key[1],
                label=label,
                title=title,
                verdict=verdict.status if verdict else "",
                disagree=len({item.decision for item in reviews if item.counts}) > 1,
                reviews=reviews,
            )
        )
    return tuple(sorted(made, key=lambda item: not item.disagree))


def _stated(told: Told, why: str | None) -> Stated:
    """Return a review as it is shown; `why` is what the judge says against it, None if it did not hear of it."""
    review = told.review
    if told.revoked:
        why = " ".join(filter(None, (_("Revoked"), told.revoked.effective[:10], told.revoked.reason)))
    elif not told.own:
        why = _("This node does not answer for who signed it.")
    elif why is None:
        why = _("This node does not judge by that text now.")
    return Stated(
        id=told.kept.id,
        keyid=told.kept.keyid,
        person=told.person,
        decision=review.decision,
        reason=review.reason,
        name=review.reviewer.name,
        role=review.reviewer.role,
        interest=review.reviewer.interest,
        relied_on=_relied_on(review),
        made=review.made,
        valid_until=review.valid_until,
        counts=not why,
        why=why,
    )


def _relied_on(review: Review) -> tuple[str, ...]:
    measured = Counter(item.name for item in review.relied_on if item.kind == "measurement")
    names = [(found.title if (found := catalogue().get(name)) else name, n) for name, n in measured.items()]
    lines = [title if n == 1 else f"{title} (× {n})" for title, n in names]
    documents = (item for item in review.relied_on if item.kind != "measurement")
    return (*lines, *(", ".join(filter(None, (item.name, item.date, item.page))) for item in documents))


def _words(node: Node) -> dict[tuple[str, str], tuple[str, str]]:
    """Return how the texts that the node judges by cite their requirements: label and title."""
    try:
        texts = [file.framework for file in settings_of(node).files]
    except AccordError:  # a file of the node's own is gone; ids are shown
        return {}
    return {(text.id, item.id): (item.label, item.title) for text in texts for item in text.requirements}
