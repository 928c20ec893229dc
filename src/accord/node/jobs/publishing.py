"""From a record to a published assessment: signed by the node, logged in its log, with the proof from there.

Each step leaves on disk what the next one needs. So whoever repeats it after a crash signs nothing twice, and logs
nothing twice: the statements are those of the first time.
"""

from __future__ import annotations

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ...errors import AccordError
from ...records import Assessment, from_json
from ...store.log import prove
from ...store.statements import File, Incoming
from ...trust import check
from ...trust.files import put
from ...trust.folder import read_regular
from ...trust.note import MAX_NOTE_BYTES
from ...trust.plan_check import PLAN_PROOF
from ...trust.predicates import StatedLog
from ...trust.sealing import MAX_RECORD_BYTES, PROOF, RECORD, STATEMENTS, sign_report
from ...trust.statement import format_time
from ..auth import accounts
from ..intake import Batch
from ..node import Node
from ..problems import Forbidden
from .table import Job


def signed(node: Node, report: Path) -> list[bytes]:
    """Return the statements of the report in a folder, the assessment's last; signed now, if they were not before."""
    if not (report / STATEMENTS).is_file():
        assessment = from_json(read_regular(report / RECORD, MAX_RECORD_BYTES), Assessment, name=RECORD)
        stated = StatedLog(node.origin, str(node.log.verifier_key))
        sign_report(report, assessment, signer=node.speaker, log=stated)
    return (report / STATEMENTS).read_bytes().splitlines()


def statement_id(lines: list[bytes]) -> str:
    """Return the id of the assessment among the statements of a report."""
    return f"sha256:{sha256(lines[-1]).hexdigest()}"


def publish(node: Node, job: Job, report: Path, lines: list[bytes]) -> None:
    """Log the statements with the record, as the job says who may read them, and leave the proof in the folder.

    Raises Forbidden if the account that asked may no longer publish, Unavailable if the disk refuses.
    """
    account = accounts.get(node, job.account)
    if account.disabled or "publisher" not in account.roles:
        raise Forbidden("not-allowed", "The account may no longer publish here.", "Ask the node's operator.")
    heard: list[Incoming] = []
    for result in node.hearing.hear(lines):
        if isinstance(result, AccordError):
            raise result
        heard.append(result)
    whole = heard[-1].id
    files = [_file(report / RECORD, "application/json", MAX_RECORD_BYTES)]
    if (report / PLAN_PROOF).is_file():
        files.append(_file(report / PLAN_PROOF, "text/plain", MAX_NOTE_BYTES))
    asked = job.asked
    batch = Batch(heard, {whole: files}, level=asked.disclosure, peers=asked.peers, reason=asked.reason)
    receipt = node.intake.submit(batch).result()[-1]
    with node.store.reading() as transaction:
        proof = prove(transaction, node.origin, receipt.index)
    put(report / PROOF, proof.encode())
    plan = check(report, trusted=node.keys.known()).plan
    with node.store.writing() as transaction:
        transaction.run(
            "INSERT INTO publications (id, account, office, published, planned, plan_reason)"
            " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            whole, job.account, account.office, format_time(datetime.now(UTC)), int(plan.planned), plan.reason,
        )  # fmt: skip


def _file(path: Path, media: str, most: int) -> File:
    data = read_regular(path, most)
    return File(path.name, sha256(data).hexdigest(), media, data)
