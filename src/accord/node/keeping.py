"""What those who keep a node decide of a statement in its log: who may read it, that it no longer holds, that it goes.

An assessment is read with its evidence and the reviews of it: what is decided of it holds for them, too, as far as no
other assessment needs them. Every decision is a statement with its reason; what was erased leaves its hash in the log,
and every proof still holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from ..commons.assessments.resting import OPENNESS, read_with
from ..commons.standing.page import standing_of
from ..errors import MalformedInput, UsageError
from ..i18n import N_
from ..records.measurement import Record
from ..records.said import Disclosure, Erasure, Level, Person, Revocation
from ..store import Transaction
from ..store.statements import Kept, find, line_of, place_of
from ..store.viewer import Viewer
from ..trust.statement import format_time
from .deciding import require_one_of
from .federation.peers import peers as followed
from .node import Node
from .problems import Conflict, NotFound
from .reading import seen
from .registering import require_office
from .speaking import person, say_for

KEEPERS = frozenset({"officer", "operator"})
ERASERS = frozenset({"operator"})
_OF_THE_REGISTER = frozenset({"assessment", "certificate", "dispute", "evidence", "plan", "recheck", "registration"})
"""What officers decide of. All else is the operator's: what two people decided, and the audit of the node."""
_LASTING = frozenset({"disclosure", "erasure", "split-view"})
"""Decisions themselves, and proofs of a lie: without them nobody could tell that something is missing."""
_LONGEST = 2_000


def keepers_of(kind: str) -> frozenset[str]:
    """Return the roles that decide of statements of a kind."""
    return KEEPERS if kind in _OF_THE_REGISTER else ERASERS


def is_kept(node: Node, transaction: Transaction, kept: Kept) -> bool:
    """Whether the node can decide of a statement: it is in its own log, and no decision itself."""
    return kept.kind not in _LASTING and place_of(transaction, kept.seq, node.origin) is not None


def decide_readers(
    node: Node, viewer: Viewer | None, statement: str, level: str, reason: str, peers: Sequence[str] = ()
) -> int:
    """Let `level` read a statement (its id) from now on, and what is read with it; return how many that changed.

    `peers` are the origins of followed nodes, for the level `named`. No viewer is the operator at the command line.
    Raises NotFound, Forbidden, Conflict if the node can't decide this, MalformedInput for what can't be meant.
    """
    chosen = next((item for item in OPENNESS if item == level), None)
    if chosen is None:
        text = f"{level[:40]!r} is none of {', '.join(OPENNESS)}"
        raise MalformedInput("bad-level", text, "Choose one of them.")
    with node.store.reading() as transaction:
        kept = _kept(node, transaction, viewer, statement)
        _require_of_its_own(kept)
        known = {peer.origin for peer in followed(transaction)}
        small = transaction.one("SELECT 1 FROM assessments WHERE seq = ? AND small <> 0", kept.seq)
        changed = _changed(node, transaction, kept, chosen)
    if chosen == "named" and (not peers or not known.issuperset(peers)):
        raise MalformedInput("no-peers", N_("Name at least one node that this one follows."), N_("Choose some."))
    if chosen == "public" and small:
        text = N_("It counts fewer than five persons in places, and can't be made public.")
        raise MalformedInput("small-counts", text, N_("Publish a report without them: accord publish makes one."))
    if not changed:
        raise Conflict("as-it-is", "That is how it is already.", "Choose another level.")
    named = tuple(sorted(set(peers))) if chosen == "named" else ()
    record = Disclosure(targets=changed, level=chosen, reason=_why(reason), peers=named, by=_by(viewer))
    _say(node, viewer, record, "disclosure", changed)
    return len(changed)


def revoke(node: Node, viewer: Viewer | None, statement: str, reason: str) -> None:
    """Say that a statement (its id) no longer holds, as the node that logged it. Raises as `decide_readers` does."""
    now = format_time(datetime.now(UTC))
    with node.store.reading() as transaction:
        kept = _kept(node, transaction, viewer, statement)
        _require_of_its_own(kept)
        if standing_of(transaction, kept, now).revoked:
            raise Conflict("revoked-already", "It is revoked already.", "Nothing is left to do.")
    record = Revocation(target=kept.id, reason=_why(reason), effective=now, by=_by(viewer))
    _say(node, viewer, record, "revocation", [kept.id], level="public" if kept.disclosure == "public" else "none")


def erase(node: Node, viewer: Viewer | None, statement: str, reason: str, basis: str = "") -> int:
    """Erase a statement (its id) for good, and the evidence that only it needs; return how many. Operators only.

    `basis` is the law or right. Copies that others made stay theirs: who follows the log is told.
    """
    if viewer is not None:
        require_one_of(viewer, ERASERS)
    why = _why(reason)
    with node.store.reading() as transaction:
        kept = _kept(node, transaction, viewer, statement)
        if kept.kind == "trust-list":
            raise Conflict("in-use", "A trust list that is accepted here stays.", "Withhold it.")
        if line_of(transaction, kept.seq) is None:
            raise Conflict("erased-already", "It is erased already.", "Nothing is left to do.")
        beside = read_with(transaction, kept) if kept.kind == "assessment" else ()
        gone = [
            item.id
            for item in beside
            if item.kind == "evidence" and item.others is None and _is_ours(node, transaction, item.id)
        ]
    for target in (*gone, kept.id):
        record = Erasure(target=target, reason=why, basis=basis.strip()[:_LONGEST], by=_by(viewer))
        _say(node, viewer, record, "erasure", [target])
    return len(gone) + 1


def _kept(node: Node, transaction: Transaction, viewer: Viewer | None, statement: str) -> Kept:
    """Return a statement that the viewer keeps. Raises NotFound, Forbidden, Conflict."""
    if viewer is not None:
        require_one_of(viewer, KEEPERS)
    kept = seen(transaction, viewer, statement) if viewer else find(transaction, statement)
    if kept is None:
        raise NotFound("There is no such statement here.")
    if viewer is not None:
        require_one_of(viewer, keepers_of(kept.kind))
    if not is_kept(node, transaction, kept):
        text = "It is in another node's log, or a decision itself: nobody decides of it here."
        raise Conflict("not-ours", text, "Ask the node whose log it is in.")
    row = transaction.one("SELECT office FROM publications WHERE id = ?", kept.id)
    if viewer is not None and row and row[0]:
        require_office(viewer, row[0])
    return kept


def _require_of_its_own(kept: Kept) -> None:
    """Raise Conflict for what is decided with something else."""
    if kept.kind == "registration":
        raise Conflict("by-entry", "All versions of an entry are decided at once.", "Do it on the page of the entry.")
    if kept.kind == "evidence":
        raise Conflict("by-assessment", "Evidence is decided with its assessment.", "Do it there.")


def _changed(node: Node, transaction: Transaction, kept: Kept, level: Level) -> tuple[str, ...]:
    """Return what is not at `level` yet and can be.

    Nothing is hidden that another assessment needs, and nobody else's review is opened: that is theirs to do.
    """
    beside = read_with(transaction, kept) if kept.kind == "assessment" else ()
    open_to = OPENNESS.index(level)
    found = [
        item.id
        for item in beside
        if item.level != level
        and (item.others is None or OPENNESS.index(item.others) <= open_to)
        and (item.kind != "review" or item.keyid == node.speaker.keyid or OPENNESS.index(item.level) > open_to)
        and _is_ours(node, transaction, item.id)
    ]
    return (*found, *([kept.id] if kept.disclosure != level or level == "named" else []))


def _is_ours(node: Node, transaction: Transaction, statement: str) -> bool:
    kept = find(transaction, statement)
    return kept is not None and place_of(transaction, kept.seq, node.origin) is not None


def _why(reason: str) -> str:
    said = reason.strip()
    if not said:
        raise UsageError("no-reason", N_("A decision has a reason."), N_("Say why."))
    if len(said) > _LONGEST:
        raise UsageError("long-reason", f"{len(said)} characters", f"Give the reason in {_LONGEST}.")
    return said


def _by(viewer: Viewer | None) -> Person | None:
    return person(viewer) if viewer else None


def _say(
    node: Node, viewer: Viewer | None, record: Record, kind: str, about: Sequence[str], level: Level = "public"
) -> None:
    if viewer:
        say_for(node, viewer, record, kind, about, level=level)
    else:
        node.say(record, kind, about, level=level)
