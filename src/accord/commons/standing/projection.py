"""Revocations, disclosures and erasures, as far as who said so may say so."""

from __future__ import annotations

from collections.abc import Sequence

from ...records.said import Disclosure, Erasure, Revocation
from ...store import Transaction
from ...store.statements import Kept, find
from ...trust.saying import Heard
from ...trust.statement import parse_time
from ..interface import Awaiting, forget


class Standing:
    """A target may be revoked by who signed it. A node decides on what is in its own log alone."""

    name = "standing"
    version = 2
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
            self._disclose(transaction, kept, heard.record(Disclosure))
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

    def _disclose(self, transaction: Transaction, kept: Kept, disclosure: Disclosure) -> None:
        """Decide on the targets that are in its log here; the others are awaited."""
        missing = []
        for target in disclosure.targets:
            found = _in_its_log(transaction, kept, target)
            if found:
                self._withhold(transaction, kept, *found, disclosure)
            else:
                missing.append(target)
        if missing:
            raise _not_its_own(transaction, kept, missing)

    def _withhold(self, transaction: Transaction, kept: Kept, target: Kept, own: bool, said: Disclosure) -> None:
        if not _decided_since(transaction, kept, target):
            # Another node let us read it: our own people may, and we pass it on to nobody.
            level = "named" if not own and said.level == "community" else said.level
            transaction.run("UPDATE statements SET disclosure = ? WHERE seq = ?", level, target.seq)
            transaction.run("DELETE FROM disclosed_to WHERE seq = ?", target.seq)
            peers = sorted(set(said.peers)) if own else []
            transaction.many("INSERT INTO disclosed_to (seq, peer) VALUES (?, ?)", [(target.seq, x) for x in peers])
        self._note(transaction, kept, target.id, said.level, said.reason)

    def _erase(self, transaction: Transaction, kept: Kept, erasure: Erasure) -> None:
        found = _in_its_log(transaction, kept, erasure.target)
        if found is None:
            raise _not_its_own(transaction, kept, [erasure.target])
        target, _own = found
        transaction.run("UPDATE statements SET line = NULL WHERE seq = ?", target.seq)
        if not _decided_since(transaction, kept, target):
            transaction.run("UPDATE statements SET disclosure = 'none' WHERE seq = ?", target.seq)
        transaction.run("DELETE FROM files WHERE seq = ?", target.seq)
        forget(transaction, target.seq)
        self._note(transaction, kept, erasure.target, "erased", erasure.reason)

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


def _in_its_log(transaction: Transaction, kept: Kept, target: str) -> tuple[Kept, bool] | None:
    """Return the target, and whether it is in our own log, if who says this speaks for a log that has it."""
    found = find(transaction, target)
    log = found and transaction.one(
        "SELECT logs.own FROM logged JOIN logs ON logs.origin = logged.origin"
        " WHERE logged.seq = ? AND logs.speaker = ? ORDER BY logs.own DESC",
        found.seq, kept.keyid,
    )  # fmt: skip
    return (found, bool(log[0])) if found and log else None


def _not_its_own(transaction: Transaction, kept: Kept, targets: Sequence[str]) -> Awaiting:
    """Return why it does not hold. Of who speaks for no log that is known here, the targets are not awaited yet."""
    speaks = transaction.one("SELECT 1 FROM logs WHERE speaker = ?", kept.keyid)
    what = targets if speaks else (kept.keyid,)
    return Awaiting("not-yours", "a node decides on what is in its own log only", "", what)


def _decided_since(transaction: Transaction, kept: Kept, target: Kept) -> bool:
    """Return whether what was said later of the target holds already: this had to wait for it."""
    sql = "SELECT 1 FROM withheld WHERE target = ? AND seq > ?"
    return transaction.one(sql, target.id, kept.seq) is not None


PROJECTION = Standing()
