"""What of an assessment that is kept here counts in a jurisdiction, by what this node knows and may show.

Everything is asked anew of statements and trust lists: an agreement that has ended counts for nothing from then on. An
answer takes a second or so of work, so a few are made at a time, and the last ones are kept as long as all that they
rest on stays the same.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from weakref import WeakKeyDictionary

from msgspec import Struct, to_builtins

from ..commons.agreements.page import revocations_of, said_of_agreements
from ..commons.assessments.page import Around, about, record_of
from ..commons.rechecks.page import rechecks_of
from ..commons.signed import Signed
from ..commons.standing.page import standing_of
from ..errors import AccordError, UsageError
from ..frameworks import known_jurisdictions, select_files
from ..frameworks.jurisdictions import INTERNATIONAL
from ..i18n import _, current_language
from ..inspectors.registry import all_inspectors
from ..recognition.agreements import AUTHORITY, Edge, edges_at
from ..recognition.case import Case, make_case
from ..recognition.counting import CARRIERS
from ..recognition.fit import Here
from ..recognition.known import BODIES, World
from ..recognition.recognise import Rules, appraise
from ..records.recognition import Appraisal
from ..records.trust_list import ServiceRole
from ..store import Transaction
from ..store.log import prove
from ..store.statements import Kept, find, line_of, place_of
from ..store.viewer import VISITOR, Viewer
from ..trust.canonical import digest
from ..trust.note import VerifierKey
from ..trust.saying import Heard, reread
from ..trust.statement import format_time, parse_time
from ..trust.trust_list import Accepted
from .accepting import lists_for
from .federation.peers import find as find_peer
from .judging import settings_of
from .node import Node
from .problems import Busy, NotFound

MOST_RECORD = 24 * 1024 * 1024
"""A larger record is appraised by `accord recognise`, on somebody's own machine."""
_AT_ONCE = 2
_WAITING = 6
_PATIENCE = 8.0
_KEPT = 48
_KEPT_SECONDS = 60.0


class Answer(Struct, frozen=True):
    """An appraisal with the assessment that it is of; or none, and `reason` says why, in the language in use."""

    around: Around
    appraisal: Appraisal | None
    reason: str = ""


@dataclass(frozen=True)
class Ready:
    """All that an appraisal follows from: it can be made without looking into the store again."""

    around: Around
    record: bytes
    whole: Heard
    evidence: dict[str, Heard]
    place: tuple[str, int] | None
    log: VerifierKey | None
    world: World


def keys_of(lists: Sequence[Accepted], roles: Collection[ServiceRole]) -> frozenset[str]:
    """Return every key that a list ever had in one of these roles."""
    return frozenset(key for item in lists for key in item.keyids(roles))


def edges(node: Node, viewer: Viewer, at: datetime | None = None) -> tuple[Edge, ...]:
    """Return every agreement that the viewer may see and an authority that is known here has signed, as it stood."""
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        lists = lists_for(node, transaction, viewer)
        said = said_of_agreements(transaction, viewer, keys_of(lists, AUTHORITY))
    return edges_at([item.heard for item in said], lists, at or now, seen=_seen(said), now=now)


def answer(node: Node, viewer: Viewer, identity: str, here: Here) -> Answer:
    """Say what of an assessment (its id) counts in `here`, in the language in use.

    Raises NotFound if there is no such assessment that the viewer may see, Busy if too many ask at once.
    """
    ready = prepare(node, viewer, identity)
    if isinstance(ready, Answer):
        return ready
    rules, rules_digest = rules_for(node, here.jurisdiction)
    desk = _desk_of(node)
    key = _fingerprint(ready, here, rules_digest)
    found: Appraisal | str | None = desk.kept(key)
    if found is None:
        with desk.turn():
            found = desk.kept(key) or _appraised(node, ready, here, rules)
            if isinstance(found, Appraisal):
                desk.keep(key, found)
    return Answer(ready.around, None, found) if isinstance(found, str) else Answer(ready.around, found)


def weigh(node: Node, viewer: Viewer, identity: str, here: Here) -> tuple[Appraisal, World, Around]:
    """Appraise an assessment for a decision of this node: by what everybody may see, whoever decides, and never kept.

    Raises NotFound, Busy, and UsageError if its record can't be had.
    """
    ready = prepare(node, viewer, identity, knowing=VISITOR)
    if isinstance(ready, Answer):
        raise UsageError("no-record", ready.reason, "Ask who published it for the whole report.")
    with _desk_of(node).turn():
        rules, _digest = rules_for(node, here.jurisdiction)
        return appraise(case_of(node, ready), here, ready.world, rules), ready.world, ready.around


def prepare(node: Node, viewer: Viewer, identity: str, *, knowing: Viewer | None = None) -> Ready | Answer:
    """Read what an appraisal needs; an answer without one if its record can't be had. Raises NotFound.

    Agreements, revocations and rechecks are those that `knowing` may see; by default the viewer.
    """
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        around = about(transaction, viewer, identity, format_time(now), node.origin)
        if around is None:
            raise NotFound("There is no such assessment here.")
        record = record_of(transaction, viewer, around)
        line = line_of(transaction, around.kept.seq)
        if record is None or line is None:
            return Answer(around, None, _("Its record is not here, or may not be shown, so nobody can say here."))
        if len(record) > MOST_RECORD:
            return Answer(around, None, _("Its record is too large for a page: download it, and use accord recognise."))
        whole = reread(line)
        evidence = {kept.id: reread(text) for kept, text in _evidence(transaction, around)}
        place = place_of(transaction, around.kept.seq, node.origin) or place_of(transaction, around.kept.seq)
        world = _world(node, transaction, knowing or viewer, around, evidence, now)
        log = _log_key(node, transaction, place)
    return Ready(around, record, whole, evidence, place, log, world)


def case_of(node: Node, ready: Ready) -> Case:
    """Return the assessment as recognition takes it. Raises MalformedInput if it is not what was signed."""
    proof = None
    if ready.place and ready.log:
        with node.store.reading() as transaction:
            proof = prove(transaction, *ready.place)
    return make_case(
        ready.record, ready.whole, ready.evidence, proof=proof, log=ready.log if proof else None, seen=ready.world.seen
    )


def rules_for(node: Node, code: str) -> tuple[Rules, str]:
    """Return what an assessment is held to in a jurisdiction, with its digest: here, by the node's own settings.

    Elsewhere, by the texts that the library has for it; the thresholds of others are theirs.
    """
    if code == node.config.jurisdiction:
        settings = settings_of(node)
        return Rules(settings.files, all_inspectors(), settings.profile, texts=settings.files), settings.digest
    files = select_files((), known_jurisdictions([code]) or [INTERNATIONAL])
    return Rules(files, all_inspectors()), digest(to_builtins([code, [file.reference for file in files]]))


def _appraised(node: Node, ready: Ready, here: Here, rules: Rules) -> Appraisal | str:
    try:
        return appraise(case_of(node, ready), here, ready.world, rules)
    except AccordError as error:  # A signed record can still be one that nobody can read.
        return _("Its record can't be used: {why}").format(why=error.message)


def _evidence(transaction: Transaction, around: Around) -> Iterator[tuple[Kept, bytes]]:
    """Yield the statements of evidence; who asks here may read them all."""
    rows = transaction.rows(
        "SELECT value FROM assessment_facets WHERE seq = ? AND facet = 'evidence' ORDER BY value LIMIT 1000",
        around.kept.seq,
    )
    for (identity,) in rows:
        kept = find(transaction, identity)
        line = line_of(transaction, kept.seq) if kept else None
        if kept and line:
            yield kept, line


def _world(
    node: Node, transaction: Transaction, viewer: Viewer, around: Around, evidence: dict[str, Heard], now: datetime
) -> World:
    """Return what is known of an assessment and its evidence, and of all agreements, that the viewer may see."""
    lists = lists_for(node, transaction, viewer)
    ids = [around.kept.id, *evidence]
    signers = {key.keyid for heard in evidence.values() for key in heard.keys} | {around.kept.keyid}
    said = said_of_agreements(transaction, viewer, keys_of(lists, AUTHORITY))
    said += revocations_of(transaction, viewer, ids, keys_of(lists, (*BODIES, *CARRIERS)) | signers)
    moment = format_time(now)
    for item in rechecks_of(transaction, viewer, ids, keys_of(lists, BODIES)):
        kept = find(transaction, item.heard.id)
        if kept and standing_of(transaction, kept, moment).revoked is None:
            said.append(item)
    seen, taken_back = _seen(said), {}
    for identity in ids:
        kept = find(transaction, identity)
        if kept:
            seen[identity] = parse_time(kept.received)
            if revoked := standing_of(transaction, kept, moment).revoked:
                text = _("It was revoked as of {day}: {why}")
                taken_back[identity] = text.format(day=revoked.effective[:10], why=revoked.reason)
    return World(now, tuple(item.heard for item in said), lists, seen, now, taken_back)


def _log_key(node: Node, transaction: Transaction, place: tuple[str, int] | None) -> VerifierKey | None:
    """Return the key of a log that is kept here, if it is known whose it is."""
    if place is None:
        return None
    if place[0] == node.origin:
        return node.log.verifier_key
    peer = find_peer(transaction, place[0])
    return peer.verifier if peer else None


def _seen(said: Sequence[Signed]) -> dict[str, datetime]:
    return {item.heard.id: parse_time(item.received) for item in said}


def _fingerprint(ready: Ready, here: Here, rules_digest: str) -> str:
    """Return what changes when an answer would: what is known, and where that stands today."""
    world = ready.world
    return digest(
        [
            ready.whole.id,
            here.jurisdiction,
            to_builtins(here.context),
            current_language(),
            rules_digest,
            sorted(heard.id for heard in world.statements),
            [[item.id, item.next_update < world.at] for item in world.lists],
            [[edge.digest, edge.state] for edge in world.edges],
            [heard.id for heard, _said in world.revocations],
            sorted(world.taken_back.items()),
            format_time(world.at)[:10],
            ready.whole.valid_until < format_time(world.at),
        ]
    )


@dataclass
class _Desk:
    """The answers of a node: the last ones, and how many are being made."""

    working: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_AT_ONCE))
    waiting: threading.BoundedSemaphore = field(default_factory=lambda: threading.BoundedSemaphore(_WAITING))
    lock: threading.Lock = field(default_factory=threading.Lock)
    answers: OrderedDict[str, tuple[float, Appraisal]] = field(default_factory=OrderedDict)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for one's turn to work. Raises Busy if too many wait, or it takes too long."""
        if not self.waiting.acquire(blocking=False):
            raise Busy(2)
        try:
            if not self.working.acquire(timeout=_PATIENCE):
                raise Busy(5)
            try:
                yield
            finally:
                self.working.release()
        finally:
            self.waiting.release()

    def kept(self, key: str) -> Appraisal | None:
        """Return an answer that is not older than a minute."""
        with self.lock:
            found = self.answers.get(key)
            return found[1] if found and time.monotonic() - found[0] < _KEPT_SECONDS else None

    def keep(self, key: str, found: Appraisal) -> None:
        """Keep an answer, and let the oldest go."""
        with self.lock:
            self.answers[key] = time.monotonic(), found
            self.answers.move_to_end(key)
            while len(self.answers) > _KEPT:
                self.answers.popitem(last=False)


_desks: WeakKeyDictionary[Node, _Desk] = WeakKeyDictionary()
_making = threading.Lock()


def _desk_of(node: Node) -> _Desk:
    with _making:
        return _desks.setdefault(node, _Desk())
