"""Receiving a sealed report: its seal is checked here, from the bytes that were sent, before anything is kept.

Of a report folder the signed statements, the record, and the proofs come; pages are rendered from the record. What a
page of the sender's looks like is of no interest here, so it is not sent, and never served.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import msgspec

from ..commons.assessments.projection import describe
from ..commons.assessments.small_counts import LEAST, small_counts
from ..errors import AccordError, MalformedInput
from ..records import Assessment
from ..reviews import REVIEWS
from ..store.log import prove
from ..store.statements import File, Incoming, add_files, find, line_of
from ..store.viewer import Viewer
from ..trust import SealCheck, check
from ..trust.plan_check import PLAN, PLAN_PROOF
from ..trust.sealing import PROOF, RECORD, STATEMENTS
from ..trust.statement import format_time
from .intake import Batch, Receipt
from .node import Node

PARTS = {
    "record": RECORD,
    "statements": STATEMENTS,
    "proof": PROOF,
    "plan": PLAN,
    "plan_proof": PLAN_PROOF,
    "reviews": REVIEWS,
}
"""The parts of what is sent, and the file of a report folder that each is. The first three are always there."""
PublishLevel = Literal["public", "community", "none"]
_MOST_NAMED = 20


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """That a report is kept. `id` is that of its assessment, `index` its entry in this node's log; `page` shows it.

    `known` says that it was here before; its disclosure is then what it was. `planned` says whether a plan was logged
    before the run, as the sender's proofs show; `plan` says it in words. `proof` is the proof that the assessment is in
    the log (c2sp.org/tlog-proof): who hands in what nobody may read can't fetch it later.
    """

    id: str
    log: str
    index: int
    known: bool
    disclosure: str
    page: str
    statements: list[str]
    planned: bool
    plan: str
    proof: str


def receive(node: Node, viewer: Viewer, sent: Mapping[str, bytes], level: PublishLevel, reason: str) -> Published:
    """Keep a report, given as the parts that `PARTS` names. Blocks.

    Raises MalformedInput if it is not as it was signed, saying what differs, or if it is to be public and holds small
    counts of persons; Unavailable if the disk refuses.
    """
    seal = _checked(node, sent)
    if level == "public" and seal.assessment:
        _refuse_small_counts(seal.assessment)
    whole, others = _heard(node, sent)
    files = {whole.id: [_file(RECORD, "application/json", sent["record"]), _file(PROOF, "text/plain", sent["proof"])]}
    if "plan_proof" in sent and seal.plan.statement:
        files[seal.plan.statement] = [_file(PLAN_PROOF, "text/plain", sent["plan_proof"])]
    batch = Batch([*others, whole], files, level, reason=reason)
    receipts = node.intake.submit(batch).result()
    return _noted(node, viewer, receipts, files, seal)


def _checked(node: Node, sent: Mapping[str, bytes]) -> SealCheck:
    """Check the seal in a folder of our own, under names of our own."""
    with TemporaryDirectory(prefix="accord-report-") as place:
        for part, data in sent.items():
            (Path(place) / PARTS[part]).write_bytes(data)
        seal = check(Path(place), trusted=node.keys.known())
    # A report lists files that are not sent, such as its page: it may lack those, and no other.
    changes = [item for item in seal.changes if item.change != "missing" or item.path in PARTS.values()]
    if changes or seal.assessment is None:
        named = [f"{item.path}: {item.change}{': ' if item.detail else ''}{item.detail}" for item in changes]
        more = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
        raise MalformedInput(
            "altered-report",
            f"the report is not what was signed: {'; '.join(named[:_MOST_NAMED]) or 'there is no record'}{more}",
            "Run `accord verify` on the folder, and publish it as its signer handed it out.",
        )
    if not seal.log.included:
        raise MalformedInput("not-logged", f"the report's proof does not hold: {seal.log.reason}", "Restore the proof.")
    return seal


def _refuse_small_counts(assessment: Assessment) -> None:
    found = small_counts(assessment)
    if found:
        named = ", ".join(f"{item.evidence}: {item.statistic} ({item.cells})" for item in found[:_MOST_NAMED])
        raise MalformedInput(
            "small-counts",
            f"the report counts fewer than {LEAST} persons in places, and can't be made public: {named}",
            "`accord publish` makes a report without them; or publish this one with --disclosure community.",
        )


def _heard(node: Node, sent: Mapping[str, bytes]) -> tuple[Incoming, list[Incoming]]:
    """Return the statement of the assessment, and those that it rests on, in the order in which they are logged."""
    lines = sent["statements"].removesuffix(b"\n").split(b"\n")
    beside = [line for part in ("plan", "reviews") for line in sent.get(part, b"").splitlines() if line]
    found: list[Incoming] = []
    for result in node.hearing.hear([*lines, *beside]):
        if isinstance(result, AccordError):
            raise result
        found.append(result)
    whole = next(item for item in reversed(found[: len(lines)]) if item.kind == "assessment")
    return whole, [item for item in found if item is not whole]


def _file(name: str, media: str, data: bytes) -> File:
    return File(name, sha256(data).hexdigest(), media, data)


def _noted(
    node: Node, viewer: Viewer, receipts: Sequence[Receipt], files: Mapping[str, list[File]], seal: SealCheck
) -> Published:
    """Note who handed it in; and if its statements were here before without their files, keep those now."""
    whole = receipts[-1]
    with node.store.writing() as transaction:
        for item in receipts:
            if item.known and item.id in files and line_of(transaction, item.seq) is not None:
                add_files(transaction, item.seq, files[item.id])
                if item.id == whole.id:
                    describe(transaction, item.seq, files[item.id][0].data)
        transaction.run(
            "INSERT INTO publications (id, account, office, published, planned, plan_reason)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            whole.id, viewer.account, viewer.office, format_time(datetime.now(UTC)), int(seal.plan.planned),
            seal.plan.reason,
        )  # fmt: skip
        kept = find(transaction, whole.id)
        proof = prove(transaction, node.origin, whole.index)
    return Published(
        id=whole.id,
        log=node.origin,
        index=whole.index,
        known=whole.known,
        disclosure=kept.disclosure if kept else "",
        page=f"/assessments/{whole.id.removeprefix('sha256:')}",
        statements=[item.id for item in receipts],
        planned=seal.plan.planned,
        plan=seal.plan.reason,
        proof=proof.encode().decode(),
    )
