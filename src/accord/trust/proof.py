"""Proofs that travel: entry index, inclusion proof and checkpoint in one text file (c2sp.org/tlog-proof)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import LimitExceeded, MalformedInput
from .checkpoint import Checkpoint, parse_checkpoint
from .encoding import b64decode, b64encode, decimal
from .note import MAX_NOTE_BYTES, Note, VerifierKey, parse_note, verify_note
from .tree import verify_inclusion

MAGIC = "c2sp.org/tlog-proof@v1"
_MAX_HASHES = 63


@dataclass(frozen=True)
class LogProof:
    """That an entry is at `index` of a log. `extra` is opaque, unauthenticated data; Accord writes none."""

    index: int
    hashes: tuple[bytes, ...]
    note: Note
    extra: bytes | None = None

    def encode(self) -> bytes:
        """Return the bytes of a `.tlog-proof` file."""
        extra = [] if self.extra is None else [f"extra {b64encode(self.extra)}"]
        head = [MAGIC, *extra, f"index {self.index}", *map(b64encode, self.hashes)]
        return "\n".join(head).encode() + b"\n\n" + self.note.encode()

    @property
    def checkpoint(self) -> Checkpoint:
        """The checkpoint that the inclusion proof leads to, its signatures unjudged."""
        return parse_checkpoint(self.note, name="proof: checkpoint")


def parse_proof(data: bytes, *, name: str = "proof") -> LogProof:
    """Read a `.tlog-proof`, judging nothing. Raises MalformedInput that begins with `name`, or LimitExceeded."""
    if len(data) > MAX_NOTE_BYTES:
        raise LimitExceeded(
            "proof-too-large", f"{name}: {len(data)} bytes", f"At most {MAX_NOTE_BYTES} bytes are read."
        )
    head, blank, tail = data.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise MalformedInput(
            "malformed-proof", f"{name}: byte {error.start} is not ASCII", "Restore the file."
        ) from None
    if not blank or lines[0] != MAGIC:
        raise MalformedInput("malformed-proof", f"{name}: line 1 is not {MAGIC}", "Restore the original file.")
    rest, extra = lines[1:], None
    if rest and rest[0].startswith("extra "):
        extra = b64decode(rest.pop(0)[6:], f"{name}: extra")
    if not rest or not rest[0].startswith("index "):
        raise MalformedInput("malformed-proof", f"{name}: no index line", "Restore the original file.")
    index = decimal(rest.pop(0)[6:], f"{name}: index")
    if len(rest) > _MAX_HASHES:
        raise LimitExceeded("proof-too-long", f"{name}: {len(rest)} hashes", f"No log needs more than {_MAX_HASHES}.")
    hashes = tuple(b64decode(line, f"{name}: hash {number}") for number, line in enumerate(rest, 1))
    if any(len(item) != 32 for item in hashes):
        raise MalformedInput("malformed-proof", f"{name}: a hash does not have 32 bytes", "Restore the original file.")
    return LogProof(index, hashes, parse_note(tail, name=f"{name}: checkpoint"), extra)


def verify_proof(
    proof: LogProof, leaf: bytes, log: VerifierKey, witnesses: Iterable[VerifierKey] = (), *, name: str = "proof"
) -> tuple[VerifierKey, ...]:
    """Return the witnesses that cosigned, once the leaf hash `leaf` is proven to be in `log`: a log is not its own.

    Raises MalformedInput if the log or a known witness did not sign this checkpoint, if the checkpoint is
    another log's (its origin is not the key's name), or if the hashes do not lead from the leaf to the root.
    """
    signed = verify_note(proof.note, [log, *witnesses], name=f"{name}: checkpoint")
    if log not in signed:
        raise MalformedInput("no-known-signature", f"{name}: the log did not sign", "Import the log's key.")
    require_included(proof, leaf, log, name=name)
    return tuple(key for key in signed if key.key != log.key)


def require_included(proof: LogProof, leaf: bytes, log: VerifierKey, *, name: str = "proof") -> None:
    """Raise MalformedInput unless the proof leads from the leaf hash `leaf` to the root that a checkpoint of `log` has.

    Whether the log signed the checkpoint is not asked.
    """
    checkpoint = parse_checkpoint(proof.note, name=f"{name}: checkpoint")
    if checkpoint.origin != log.name:
        raise MalformedInput("wrong-log", f"{name}: the checkpoint is of another log", "Import that log's key.")
    if not verify_inclusion(proof.index, checkpoint.size, leaf, proof.hashes, checkpoint.root):
        raise MalformedInput(
            "not-included", f"{name}: the hashes do not lead from the entry to the log's root", "Restore the file."
        )
