"""Decisions on the node: one person prepares, names another who decides, and the node answers for both.

    draft (computed, with the draw of a check test) → edited → handed over, signed by who prepared it
        → signed by who was named → signed by the node → logged

Before each signature everything is computed again, as of then: what no longer follows is not signed.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from ..commons.assessments.page import Around, about
from ..commons.recognitions import drafts
from ..commons.recognitions.drafts import Pending
from ..errors import UsageError
from ..i18n import in_language
from ..recognition.deciding import (
    asks_for_test,
    begin,
    decide,
    drawn,
    drawn_again,
    finished,
    settle,
    sign,
)
from ..recognition.fit import Here
from ..recognition.known import World
from ..records import Context
from ..records.agreement import Agreement
from ..records.recognition import Appraisal, CheckTest, Examination, Recognition
from ..records.said import Level, Person
from ..store.log import tree_of
from ..store.statements import Incoming, line_of
from ..store.viewer import Viewer
from ..trust.checkpoint import Checkpoint
from ..trust.saying import reread, say
from ..trust.statement import Named, format_time
from .auth import accounts
from .auth.people import key_of
from .intake import Batch
from .node import Node
from .problems import Conflict, Forbidden, NotFound, Unauthenticated
from .recognising import weigh
from .speaking import person

PREPARERS = frozenset({"officer", "decider"})
STAFF = frozenset({"officer", "decider", "operator"})
_NOT_PUBLIC = "it is about an assessment that is not public"
_SUBSTANCE = (
    "outcome",
    "valid_until",
    "agreements",
    "recognised",
    "met_by_our_threshold",
    "not_met_by_our_threshold",
    "still_to_be_shown",
    "not_applicable",
    "frameworks",
    "profile",
    "check_test",
)


class Words(Struct, frozen=True, kw_only=True):
    """What an office adds of its own; `until` is the last day, "" for as long as agreements allow."""

    until: str = ""
    reasons: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    remedy: str = ""


def require_one_of(viewer: Viewer, roles: frozenset[str]) -> None:
    """Raise Unauthenticated for a visitor, Forbidden for an account without any of the roles."""
    if not viewer.account:
        raise Unauthenticated("log-in-first", "This needs an account.", "Log in, or send a token.")
    if not viewer.roles & roles:
        raise Forbidden(
            "not-allowed", f"This needs one of the roles {', '.join(sorted(roles))}.", "Ask the node's operator for it."
        )


def open_draft(node: Node, viewer: Viewer, assessment: str, local: Context, words: Words) -> str:
    """Draft the decision of this node's jurisdiction on an assessment (its id); return the draft's id.

    If an agreement asks for check tests, the examination is logged and the draw is made, once and for all to see.
    Raises NotFound, UsageError if nothing can be decided on it, or if a day in `words` is none.
    """
    require_one_of(viewer, PREPARERS)
    by = person(viewer)
    here = Here(node.config.jurisdiction, local)
    with in_language("en"):  # what is signed is English
        found, world, around = weigh(node, viewer, assessment, here)
        decide(found, world, by, check_test=CheckTest(), until=words.until)  # a wrong day is said before the draw
        agreement = asks_for_test(found, world)
        test = _draw(node, viewer, around, agreement, by) if agreement else CheckTest()
        record = _decide(found, world, by, test, words)
    now = format_time(datetime.now(UTC))
    draft = begin(record, key_of(node, viewer.account).public, node.speaker.public)
    made = Pending(
        id=secrets.token_hex(16), assessment=assessment, preparer=viewer.account, created=now, changed=now, draft=draft
    )
    with node.store.writing() as transaction:
        drafts.add(transaction, made)
    return made.id


def edit(node: Node, viewer: Viewer, identity: str, words: Words) -> None:
    """Change the office's own words, and compute all else again. Raises Conflict if it was handed over already."""
    held = _own(node, viewer, identity, "open")
    _save(node, replace(held, draft=replace(held.draft, record=_again(node, viewer, held, words)), remark=""))


def drop(node: Node, viewer: Viewer, identity: str) -> None:
    """Give up a draft that nobody has signed."""
    held = _own(node, viewer, identity, "open")
    with node.store.writing() as transaction:
        drafts.drop(transaction, held)


def hand_over(node: Node, viewer: Viewer, identity: str, decider: str) -> None:
    """Name who decides (an account), and sign, as who prepared it, what both are to sign.

    Raises UsageError if that is nobody who may decide, Conflict if something has changed since it was drafted.
    """
    held = _own(node, viewer, identity, "open")
    chosen = next((item for item in deciders(node, viewer) if item.id == decider), None)
    if chosen is None:
        raise UsageError("who-decides", "Nobody of that name may decide here.", "Choose another person.")
    held = replace(held, draft=replace(held.draft, record=_unchanged(node, viewer, held)))
    by = Person(name=chosen.name, role="decider", office=chosen.office)
    settled = settle(held.draft, key_of(node, chosen.id).public, by)
    signed = sign(settled, key_of(node, viewer.account))
    _save(node, replace(held, draft=signed, decider=chosen.id, state="handed", remark=""))


def take_back(node: Node, viewer: Viewer, identity: str, remark: str = "") -> None:
    """Open a draft again that was handed over: whoever prepared it, or who was to decide, with a remark."""
    held = read(node, viewer, identity)
    if viewer.account not in (held.preparer, held.decider):
        raise Forbidden("not-yours", "Who prepared it takes it back, or who decides.", "Ask one of them.")
    _require(held, "handed")
    bare = replace(held.draft, record=replace(held.draft.record, decided_by=None), payload="", signatures={})
    _save(node, replace(held, draft=bare, decider="", state="open", remark=remark[:2_000]))


def sign_decision(node: Node, viewer: Viewer, identity: str) -> str:
    """Decide: sign as who was named, let the node sign, log it, and return the statement's id.

    Raises Forbidden for anybody else, Conflict if what it rests on has changed since it was handed over.
    """
    require_one_of(viewer, frozenset({"decider"}))
    held = read(node, viewer, identity)
    if viewer.account != held.decider or viewer.account == held.preparer:
        raise Forbidden("not-yours", "Another person was named to decide this.", "Ask who prepared it.")
    _require(held, "handed")
    _unchanged(node, viewer, held)
    line = finished(sign(sign(held.draft, key_of(node, viewer.account)), node.speaker))
    assert line is not None  # all three have signed
    with node.store.reading() as transaction:
        around = about(transaction, viewer, held.assessment, format_time(datetime.now(UTC)), node.origin)
    if around is None:
        raise NotFound("There is no such assessment here.")
    level, reason = _level(around)
    receipt = node.intake.say([line], level, reason)[0]  # again, if it failed after this, it is the same statement
    _save(node, replace(held, state="decided", statement=receipt.id))
    return receipt.id


def read(node: Node, viewer: Viewer, identity: str) -> Pending:
    """Return a draft. Raises NotFound, or Forbidden for who is not of the staff."""
    require_one_of(viewer, STAFF)
    with node.store.reading() as transaction:
        found = drafts.find(transaction, identity)
    if found is None:
        raise NotFound("There is no such draft.")
    return found


def deciders(node: Node, viewer: Viewer) -> list[accounts.Account]:
    """Return the other accounts that may decide."""
    found, after = [], ""
    while some := accounts.page_of(node, after):
        found += [item for item in some if "decider" in item.roles and not item.disabled and item.id != viewer.account]
        after = some[-1].login
    return found


def _own(node: Node, viewer: Viewer, identity: str, state: drafts.State) -> Pending:
    held = read(node, viewer, identity)
    if viewer.account != held.preparer:
        raise Forbidden("not-yours", "Only who prepared it may change it.", "Draft another.")
    _require(held, state)
    return held


def _require(held: Pending, state: drafts.State) -> None:
    if held.state != state:
        raise Conflict("other-state", "This was handed over, taken back or decided meanwhile.", "Look at it again.")


def _save(node: Node, changed: Pending) -> None:
    with node.store.writing() as transaction:
        saved = drafts.save(transaction, replace(changed, changed=format_time(datetime.now(UTC))))
    if not saved:
        raise Conflict("changed-meanwhile", "Somebody else has changed this meanwhile.", "Look at it again.")


def _decide(found: Appraisal, world: World, by: Person, test: CheckTest, words: Words) -> Recognition:
    return decide(
        found,
        world,
        by,
        check_test=test,
        until=words.until,
        reasons=words.reasons,
        conditions=words.conditions,
        remedy=words.remedy,
    )


def _again(node: Node, viewer: Viewer, held: Pending, words: Words) -> Recognition:
    """Return the decision as it follows from its sources now, with the words that are given and the draw as it was."""
    before = held.draft.record
    with in_language("en"):
        found, world, _around = weigh(node, viewer, held.assessment, Here(before.jurisdiction, before.local))
        test = drawn_again(before.check_test, held.assessment, asks_for_test(found, world))
        return _decide(found, world, before.prepared_by, test, words)


def _unchanged(node: Node, viewer: Viewer, held: Pending) -> Recognition:
    """Return the decision as of now. Raises Conflict if it says something else than the draft."""
    before = held.draft.record
    words = Words(until=before.valid_until, reasons=before.reasons, conditions=before.conditions, remedy=before.remedy)
    again = _again(node, viewer, held, words)
    if any(getattr(again, name) != getattr(before, name) for name in _SUBSTANCE):
        raise Conflict(
            "changed-meanwhile",
            "What this rests on has changed since it was drafted: an agreement, a trust list or the assessment.",
            "Save it again, and read what follows now.",
        )
    return again


def _draw(node: Node, viewer: Viewer, around: Around, agreement: Agreement, by: Person) -> CheckTest:
    """Log the assessment, then the examination, whose salt is ours, and draw by the root that our log then had."""
    whole, (level, reason) = around.kept, _level(around)
    with node.store.reading() as transaction:
        line = line_of(transaction, whole.seq)
    assert line is not None  # it was just appraised
    node.intake.submit(Batch([Incoming.of(reread(line))])).result()
    examined = Examination(assessment=whole.id, jurisdiction=node.config.jurisdiction, by=by)
    about = [Named({"sha256": whole.id.removeprefix("sha256:")})]
    said = say(examined, "examination", about, signers=[node.speaker, key_of(node, viewer.account)])
    size = node.intake.say([said], level, reason)[0].index + 1
    with node.store.reading() as transaction:
        root = tree_of(transaction, node.origin, size).root()
    return drawn(agreement, whole.id, Checkpoint(node.origin, size, root))


def _level(around: Around) -> tuple[Level, str]:
    """Return who may read what is said of an assessment: nobody more than may read the assessment itself."""
    return ("public", "") if around.kept.disclosure == "public" else ("none", _NOT_PUBLIC)
