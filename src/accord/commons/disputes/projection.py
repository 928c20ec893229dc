"""Objections and answers. Anybody may object; who signed the target answers, or the node in whose log it is."""

from __future__ import annotations

from ...records.said import Dispute, DisputeAnswer
from ...store import Transaction
from ...store.statements import Kept, find
from ...trust.saying import Heard
from ..interface import Awaiting


class Disputes:
    """See `Projection`."""

    name = "disputes"
    version = 2
    kinds = frozenset({"dispute", "dispute-answer"})
    tables = ("disputes", "dispute_answers")
    script = """
CREATE TABLE disputes (
  seq BIGINT PRIMARY KEY,
  target TEXT NOT NULL,
  about TEXT NOT NULL,
  objection TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  office TEXT NOT NULL
);
CREATE INDEX disputes_by_target ON disputes (target, seq);
CREATE TABLE dispute_answers (
  seq BIGINT PRIMARY KEY,
  dispute TEXT NOT NULL,
  decision TEXT NOT NULL,
  answer TEXT NOT NULL,
  name TEXT NOT NULL,
  role TEXT NOT NULL,
  office TEXT NOT NULL
);
CREATE INDEX dispute_answers_by_dispute ON dispute_answers (dispute, seq);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in an objection or an answer; see `Projection`."""
        if kept.kind == "dispute":
            said = heard.record(Dispute)
            transaction.run(
                "INSERT INTO disputes (seq, target, about, objection, name, role, office) VALUES (?, ?, ?, ?, ?, ?, ?)",
                kept.seq, said.target, said.about, said.objection, said.by.name, said.by.role, said.by.office,
            )  # fmt: skip
            return
        answer = heard.record(DisputeAnswer)
        self._require_owner(transaction, kept, answer)
        transaction.run(
            "INSERT INTO dispute_answers (seq, dispute, decision, answer, name, role, office)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            kept.seq, answer.dispute, answer.decision, answer.answer, answer.by.name, answer.by.role, answer.by.office,
        )  # fmt: skip

    @staticmethod
    def _require_owner(transaction: Transaction, kept: Kept, answer: DisputeAnswer) -> None:
        dispute = find(transaction, answer.dispute)
        row = transaction.one("SELECT target FROM disputes WHERE seq = ?", dispute.seq) if dispute else None
        target = find(transaction, answer.target)
        if row is None or target is None or row[0] != answer.target:
            text = "it answers an objection that is not here"
            raise Awaiting("no-such-dispute", text, "", (answer.dispute, answer.target))
        speaks = transaction.one(
            "SELECT 1 FROM logged JOIN logs ON logs.origin = logged.origin WHERE logged.seq = ? AND logs.speaker = ?",
            target.seq,
            kept.keyid,
        )
        if kept.keyid != target.keyid and not speaks:
            text = "only who signed the disputed statement, or its node, answers"
            raise Awaiting("not-yours", text, "", (answer.target, kept.keyid))


PROJECTION = Disputes()
