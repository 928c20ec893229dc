"""Checkpoints: a log's signed tree head (c2sp.org/tlog-checkpoint)."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import MalformedInput
from .ed25519 import SigningKey
from .encoding import b64decode, b64encode, decimal
from .note import Note, sign_note


@dataclass(frozen=True)
class Checkpoint:
    """The size and root of the log `origin`. `extension` holds further lines, which Accord's logs never write."""

    origin: str
    size: int
    root: bytes
    extension: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The note text that is signed."""
        return "\n".join((self.origin, str(self.size), b64encode(self.root), *self.extension)) + "\n"

    def sign(self, key: SigningKey) -> Note:
        """Sign as the log itself: the key's name is the origin."""
        return sign_note(self.text, self.origin, key)


def parse_checkpoint(note: Note, *, name: str = "checkpoint") -> Checkpoint:
    """Read a note's text as a checkpoint, its signatures unjudged. Raises MalformedInput that begins with `name`."""
    lines = note.text[:-1].split("\n")
    if len(lines) < 3 or not all(lines):
        raise MalformedInput(
            "malformed-checkpoint", f"{name}: not origin, size and root in three lines", "Restore the original file."
        )
    root = b64decode(lines[2], f"{name}: root")
    if len(root) != 32:
        raise MalformedInput("malformed-checkpoint", f"{name}: the root has {len(root)} bytes", "It has 32 bytes.")
    return Checkpoint(lines[0], decimal(lines[1], f"{name}: size"), root, tuple(lines[3:]))
