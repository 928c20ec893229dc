"""Revocations, disclosures and erasures, as far as who said so may say so."""

from __future__ import annotations

from ...errors import MalformedInput
from ...records.said import Disclosure, Erasure, Revocation
from ...store import Row, Transaction
from ...store.statements import Kept, find
from ...trust.saying import Heard
from ...trust.statement import parse_time
from ..interface import forget


class Standing:
    """A target may be revoked by who signed it. A node decides on what is in its own log alone."""

    name = "standing"
    version = 1
    kinds = frozenset({"revocation", "disclosure", "erasure"})
    tables = ("revoked", "withheld")
    script = """
UPDATE statements SET disclosure = 'public' WHERE disclosure <> 'public';
DELETE FROM disclosed_to;
CREATE TABLE revoked (
  target TEXT NOT NULL,
  effective TEXT NOT NULL,
  reason TEXT NOT NULL,
  keyid TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (target, seq)
);
CREATE TABLE withheld (
  target TEXT NOT NULL,
  level TEXT NOT NULL,
  reason TEXT NOT NULL,
  since TEXT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (target, seq)
);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in what changes the standing of another statement; see `Projection`."""
        if kept.kind == "revocation":
            self._revoke(transaction, kept, heard.record(Revocation))
        elif kept.kind == "disclosure":
            for target in heard.record(Disclosure).targets:
                self._withhold(transaction, kept, target, heard.record(Disclosure))
        else:
            self._erase(transaction, kept, heard.record(Erasure))

    def _revoke(self, transaction: Transaction, kept: Kept, revocation: Revocation) -> None:
        parse_time(revocation.effective)  # Whether it counts is asked when it is read: the target may still come.
        transaction.run(
            "INSERT INTO revoked (target, effective, reason, keyid, seq) VALUES (?, ?, ?, ?, ?)",
            revocation.target,
            revocation.effective,
            revocation.reason,
            kept.keyid,
            kept.seq,
        )

    def _withhold(self, transaction: Transaction, kept: Kept, target: str, disclosure: Disclosure) -> None:
        found, own = self._in_its_log(transaction, kept, target)
        level = disclosure.level
        if not own and level in ("community", "named"):
            level = "named"  # Another node let us read it: our own people may, and we pass it on to nobody.
        transaction.run("UPDATE statements SET disclosure = ? WHERE seq = ?", level, found.seq)
        transaction.run("DELETE FROM disclosed_to WHERE seq = ?", found.seq)
        if own:
            peers = sorted(set(disclosure.peers))
            transaction.many("INSERT INTO disclosed_to (seq, peer) VALUES (?, ?)", [(found.seq, x) for x in peers])
        self._note(transaction, kept, target, disclosure.level, disclosure.reason)

    def _erase(self, transaction: Transaction, kept: Kept, erasure: Erasure) -> None:
        found, _own = self._in_its_log(transaction, kept, erasure.target)
        transaction.run("UPDATE statements SET line = NULL, disclosure = 'none' WHERE seq = ?", found.seq)
        transaction.run("DELETE FROM files WHERE seq = ?", found.seq)
        forget(transaction, found.seq)
        self._note(transaction, kept, erasure.target, "erased", erasure.reason)

    @staticmethod
    def _in_its_log(transaction: Transaction, kept: Kept, target: str) -> tuple[Kept, bool]:
        """Return the target, and whether it is in our own log, if the speaker of its log says this."""
        found = find(transaction, target)
        log = _log_of(transaction, found, kept) if found else None
        if found is None or log is None:
            raise MalformedInput("not-yours", "a node decides on what is in its own log only", "")
        return found, bool(log[1])

    @staticmethod
    def _note(transaction: Transaction, kept: Kept, target: str, level: str, reason: str) -> None:
        transaction.run(
            "INSERT INTO withheld (target, level, reason, since, seq) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (target, seq) DO NOTHING",
            target,
            level,
            reason,
            kept.created,
            kept.seq,
        )


def _log_of(transaction: Transaction, target: Kept, said: Kept) -> Row | None:
    """Return the log that has the target and for which the signer of `said` speaks, or None."""
    return transaction.one(
        "SELECT logs.origin, logs.own FROM logged JOIN logs ON logs.origin = logged.origin"
        " WHERE logged.seq = ? AND logs.speaker = ? ORDER BY logs.own DESC",
        target.seq,
        said.keyid,
    )


PROJECTION = Standing()
