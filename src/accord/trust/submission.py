"""What a log sends to a witness, and what comes back (c2sp.org/tlog-witness, add-checkpoint)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..errors import LimitExceeded, MalformedInput
from .encoding import b64decode, b64encode, decimal
from .note import MAX_NOTE_SIGNATURES, Note, NoteSignature, VerifierKey, parse_note, verify_note
from .tree import MAX_SIZE

MAX_SUBMISSION_BYTES = 128 * 1024
MAX_RESPONSE_BYTES = 128 * 1024
MAX_HASHES = 63
SIZE_TYPE = "text/x.tlog.size"


@dataclass(frozen=True)
class Submission:
    """A checkpoint, and the proof that the tree of `old` entries, the latest that the witness cosigned, is in it."""

    old: int
    hashes: tuple[bytes, ...]
    note: Note

    def encode(self) -> bytes:
        """Return the body of the request."""
        head = [f"old {self.old}", *map(b64encode, self.hashes)]
        return "\n".join(head).encode() + b"\n\n" + self.note.encode()


def parse_submission(body: bytes, *, name: str = "add-checkpoint") -> Submission:
    """Read a request, judging nothing. Raises MalformedInput that begins with `name`, or LimitExceeded."""
    if len(body) > MAX_SUBMISSION_BYTES:
        raise LimitExceeded(
            "submission-too-large", f"{name}: {len(body)} bytes", f"At most {MAX_SUBMISSION_BYTES} are read."
        )
    head, blank, tail = body.partition(b"\n\n")
    try:
        old, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise _malformed(f"{name}: byte {error.start} is not ASCII") from None
    if not blank or not old.startswith("old "):
        raise _malformed(f"{name}: it does not begin with the old size")
    if len(lines) > MAX_HASHES:
        raise _malformed(f"{name}: {len(lines)} hashes, at most {MAX_HASHES} are allowed")
    hashes = tuple(b64decode(line, f"{name}: hash {number}") for number, line in enumerate(lines, 1))
    if any(len(item) != 32 for item in hashes):
        raise _malformed(f"{name}: a hash does not have 32 bytes")
    return Submission(decimal(old[4:], f"{name}: old size"), hashes, parse_note(tail, name=f"{name}: checkpoint"))


def merge_cosignatures(note: Note, response: bytes, keys: Iterable[VerifierKey], *, name: str = "witness") -> Note:
    """Return `note` with the cosignatures that a witness answered with (status 200), as far as they are by `keys`.

    An older one by the same key is replaced; lines by other keys are dropped. Raises MalformedInput that begins with
    `name` if a line by one of the keys is false or bears no time, or if no line is by one of them; LimitExceeded.
    """
    if len(response) > MAX_RESPONSE_BYTES:
        raise LimitExceeded(
            "response-too-large",
            f"{name}: it answered {len(response)} bytes",
            f"At most {MAX_RESPONSE_BYTES} are read.",
        )
    answered = parse_note(note.text.encode() + b"\n" + response, name=f"{name}: answer")
    if answered.text != note.text:
        raise _malformed(f"{name}: answer: not signature lines alone")
    signed = {(key.name, key.key_id) for key in verify_note(answered, keys, name=f"{name}: answer")}
    fresh: dict[tuple[str, bytes], NoteSignature] = {}
    for line in answered.signatures:
        if (line.name, line.key_id) in signed:
            fresh.setdefault((line.name, line.key_id), line)
    if any(not line.seconds for line in fresh.values()):
        raise _malformed(f"{name}: answer: a cosignature bears no time")
    kept = [line for line in note.signatures if (line.name, line.key_id) not in fresh]
    if len(kept) + len(fresh) > MAX_NOTE_SIGNATURES:
        raise LimitExceeded("too-many-signatures", f"{name}: too many signatures on one note", "Ask fewer witnesses.")
    return Note(note.text, (*kept, *fresh.values()))


def latest_size(response: bytes, *, name: str = "witness") -> int:
    """Return the size that a witness holds, from an answer of status 409 and type `text/x.tlog.size`.

    Raises MalformedInput that begins with `name`.
    """
    text = response[:32].decode("ascii", "replace")
    if not text.endswith("\n"):
        raise _malformed(f"{name}: answer: not a size in one line")
    size = decimal(text[:-1], f"{name}: answer: size")
    if size > MAX_SIZE:
        raise _malformed(f"{name}: answer: no log has {size} entries")
    return size


def _malformed(message: str) -> MalformedInput:
    return MalformedInput("malformed-submission", message, "Follow c2sp.org/tlog-witness.")
