"""Bundles out of a node and into one: what others said travels without a network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ..commons import apply
from ..commons.interface import read_again, reads
from ..errors import AccordError, UsageError
from ..records.measurement import Record
from ..records.said import RevokedStatement, StatusSnapshot
from ..store import Transaction
from ..store.log import prove
from ..store.statements import File, Incoming, add, add_files, find, known_ids, line_of, next_seq, note_logged, place_of
from ..store.viewer import VISITOR, Viewer
from ..trust.bundle import FORMAT, Bundle, Carried, Manifest, read_bundle, write_bundle
from ..trust.encoding import b64encode
from ..trust.note import VerifierKey
from ..trust.predicates import AssessmentPredicate
from ..trust.proof import verify_proof
from ..trust.saying import reread, say
from ..trust.statement import ASSESSMENT_TYPE, Named, format_time
from ..trust.tree import leaf_hash
from .federation.peers import peers
from .node import Node

STATUS_DAYS = 30
_ABOUT = (
    "revocation",
    "disclosure",
    "erasure",
    "dispute",
    "dispute-answer",
    "recheck",
    "plan",
    "recognition",
    "examination",
)
_ALWAYS = ("trust-list", "agreement", "agreement-acceptance", "agreement-end")
_MOST = 10_000


def make_bundle(node: Node, place: Path, wanted: Sequence[str], viewer: Viewer = VISITOR) -> int:
    """Write the statements (ids) with all that belongs to them into a new file; return how many are in it.

    With an assessment go its evidence and record; with every statement what was said about it; with all of them the
    trust lists, the agreements, and a status that says which are revoked. Only what `viewer` may read is packed.
    """
    status = _status(node)
    with node.store.reading() as transaction:
        chosen = dict.fromkeys(wanted)
        for identity in wanted:
            chosen.update(dict.fromkeys(_belonging(transaction, identity)))
        where, values = viewer.may_see()
        marks = ", ".join("?" * len(_ALWAYS))
        rows = transaction.rows(
            f"SELECT id FROM statements WHERE kind IN ({marks}) AND {where} ORDER BY seq LIMIT ?",
            *_ALWAYS,
            *values,
            _MOST,
        )
        chosen.update(dict.fromkeys(row[0] for row in rows))
        manifest = Manifest(
            format=FORMAT,
            made=format_time(datetime.now(UTC)),
            origin=node.origin,
            log_key=str(node.log.verifier_key),
            key=b64encode(node.speaker.public.raw),
            name=node.config.name,
        )
        return write_bundle(place, manifest, [*_packed(transaction, viewer, list(chosen)), (status, None, {})])


def _status(node: Node) -> bytes:
    """Say which statements are revoked, so that who reads the bundle knows until when that was so."""
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        rows = transaction.rows("SELECT DISTINCT target, effective FROM revoked ORDER BY target LIMIT ?", _MOST)
    record = StatusSnapshot(
        origin=node.origin,
        size=node.size,
        at=format_time(now),
        next_update=format_time(now + timedelta(days=STATUS_DAYS)),
        revoked=tuple(RevokedStatement(target=target, effective=effective) for target, effective in rows),
    )
    return say(record, "status", [Named({"sha256": "00" * 32})], signers=[node.speaker], valid_days=STATUS_DAYS)


def _belonging(transaction: Transaction, identity: str) -> list[str]:
    kept = find(transaction, identity)
    if kept is None:
        raise UsageError("no-such-statement", f"there is no statement {identity} here", "Compare the digest.")
    marks = ", ".join("?" * len(_ABOUT))
    found = [
        row[0]
        for row in transaction.rows(
            f"SELECT id FROM statements WHERE subject = ? AND kind IN ({marks}) ORDER BY seq LIMIT ?",
            identity, *_ABOUT, _MOST,
        )
    ]  # fmt: skip
    line = line_of(transaction, kept.seq)
    if line and kept.type == ASSESSMENT_TYPE:
        predicate = reread(line).predicate(AssessmentPredicate)
        found = [f"sha256:{item.sha256}" for item in predicate.evidence] + found
    return found


def _packed(
    transaction: Transaction, viewer: Viewer, ids: Sequence[str]
) -> Iterator[tuple[bytes, bytes | None, dict[str, bytes]]]:
    where, values = viewer.may_see()
    for identity in ids:
        row = transaction.one(f"SELECT seq, line FROM statements WHERE id = ? AND {where}", identity, *values)
        if row is None or row[1] is None:
            continue
        place = place_of(transaction, row[0])
        files = transaction.rows("SELECT name, data FROM files WHERE seq = ?", row[0])
        yield bytes(row[1]), prove(transaction, *place).encode() if place else None, {n: bytes(d) for n, d in files}


class Taken(Record, frozen=True, kw_only=True):
    """What became of a statement of a bundle: `taken`, `known`, or `refused` with the reason."""

    id: str
    kind: str
    outcome: str
    reason: str = ""


def take_bundle(node: Node, place: Path, log_keys: Sequence[VerifierKey] = ()) -> tuple[Bundle, tuple[Taken, ...]]:
    """Take in what a bundle holds, as far as it is proven to be in a log whose key is known here.

    Known are the logs of peers, and `log_keys`. What is taken in is public here; it stands as its statements say.
    """
    bundle = read_bundle(place)
    with node.store.reading() as transaction:
        known = {peer.verifier.name: peer.verifier for peer in peers(transaction)}
    known |= {node.origin: node.log.verifier_key} | {key.name: key for key in log_keys}
    results, accepted = [], []
    for item in bundle.statements:
        reason = _unproven(item, known)
        if item.heard.kind != "status":
            accepted += [item] if not reason else []
            results.append((item, reason))
    with node.store.writing() as transaction:
        there = known_ids(transaction, [item.heard.id for item in accepted])
        seq, now = next_seq(transaction), format_time(datetime.now(UTC))
        for item in accepted:
            assert item.proof is not None
            origin = item.proof.checkpoint.origin
            if item.heard.id in there:
                note_logged(transaction, origin, [(item.proof.index, there[item.heard.id])])
                continue
            add(transaction, seq, [Incoming.of(item.heard)], now, "public")
            note_logged(transaction, origin, [(item.proof.index, seq)])
            add_files(transaction, seq, _named_files(item))
            kept = find(transaction, item.heard.id)
            if kept and reads(kept.kind):
                apply(transaction, kept, item.heard)
            seq += 1
        read_again(transaction, [item.heard.id for item in accepted])
    node.noticed()
    return bundle, tuple(
        Taken(
            id=item.heard.id,
            kind=item.heard.kind,
            outcome="refused" if reason else "known" if item.heard.id in there else "taken",
            reason=reason,
        )
        for item, reason in results
    )


def _unproven(item: Carried, known: dict[str, VerifierKey]) -> str:
    """Say why a statement is not proven to be in a log that is known here; "" if it is."""
    if item.proof is None:
        return "it comes without a proof that a log has it"
    try:
        origin = item.proof.checkpoint.origin
        if origin not in known:
            return f"the log {origin[:100]} is not known here"
        verify_proof(item.proof, leaf_hash(item.heard.entry), known[origin])
    except AccordError as error:
        return error.message
    return ""


def _named_files(item: Carried) -> list[File]:
    """Return the files that the statement names by this digest; others are not kept."""
    from hashlib import sha256

    if item.heard.statement.predicate_type != ASSESSMENT_TYPE:
        return []
    named = {file.name: file.sha256 for file in item.heard.predicate(AssessmentPredicate).files}
    digests = {name: sha256(data).hexdigest() for name, data in item.files.items()}
    return [
        File(name, digests[name], "application/json", item.files[name])
        for name in digests
        if name.endswith(".json") and named.get(name) == digests[name]
    ]
