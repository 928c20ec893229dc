"""A witness: it cosigns a log's checkpoint if the log only grew since the one before (c2sp.org/tlog-witness 1.1).

Checking against the latest checkpoint and storing the new one is one step of the state, and nothing is answered
before the new one is safe: so no order of requests, no crash and no second process makes it cosign two histories.
Where version 1.0 of the specification has 409 for another root of the same size, later ones have 422: a client that is
told 409 would try again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import LimitExceeded, MalformedInput, Unavailable
from .checkpoint import Checkpoint, parse_checkpoint
from .files import Files
from .note import MAX_NOTE_BYTES, Cosigner, Note, VerifierKey, parse_note, verify_note
from .submission import SIZE_TYPE, Submission, parse_submission
from .tree import EMPTY_ROOT, MAX_SIZE, verify_consistency

_TEXT = "text/plain; charset=utf-8"
_NEW, _PENDING, _LATEST = "checkpoint.new", "checkpoint.pending", "checkpoint"


class WitnessState(Protocol):
    """What a witness remembers: of each log, the latest checkpoint that it cosigned."""

    def latest(self, origin: str) -> bytes | None:
        """Return the note of the latest checkpoint, with our cosignatures, once it is safe; None if there is none."""

    def compare_and_store(self, origin: str, old_size: int, old_root: bytes | None, note: bytes) -> bool:
        """Replace the latest checkpoint, if it has this size and root (none: 0 and None), in one step; say if it had.

        On return the new one is safe: no crash brings the old one back. Raises Unavailable if it can't be stored.
        """


@dataclass(frozen=True)
class Response:
    """An answer over HTTP. `fork` is a checkpoint that, with the latest one, proves that its log has two histories."""

    status: int
    content_type: str
    body: bytes
    fork: Note | None = None


def add_checkpoint(
    body: bytes,
    known_logs: Mapping[str, Sequence[VerifierKey]],
    state: WitnessState,
    cosigners: Sequence[Cosigner],
    seconds: int,
) -> Response:
    """Answer a request to cosign. `known_logs` are the keys of each origin, `seconds` the time (POSIX).

    200 with signature lines; 400 malformed; 403 not signed by the log; 404 unknown log; 409 with the latest size;
    413 too large; 422 not consistent. Raises Unavailable if the state can't be read or written, MalformedInput if it
    is damaged.
    """
    try:
        submission = parse_submission(body)
        checkpoint = parse_checkpoint(submission.note, name="add-checkpoint: checkpoint")
    except LimitExceeded as error:
        return _refusal(413, error.message)
    except MalformedInput as error:
        return _refusal(400, error.message)
    keys = known_logs.get(checkpoint.origin)
    if not keys:
        return _refusal(404, "this witness does not know the log")
    try:
        signed = verify_note(submission.note, keys, name="checkpoint")
    except MalformedInput as error:
        return _refusal(403, error.message)
    if not submission.old <= checkpoint.size <= MAX_SIZE:
        return _refusal(400, "the old size exceeds the size of the checkpoint, or this the size of any log")
    latest = _latest(state, checkpoint.origin)
    forked = latest is not None and latest.size == checkpoint.size and latest.root != checkpoint.root
    fork = submission.note if forked else None
    if (latest.size if latest else 0) != submission.old:
        return _conflict(latest, fork)
    if wrong := _inconsistent(latest, checkpoint, submission):
        return _refusal(422, wrong, fork)
    try:
        lines = tuple(cosigner.cosign(checkpoint.text, seconds) for cosigner in cosigners)
    except MalformedInput as error:
        return _refusal(400, error.message)
    # Signatures that nobody has judged are not kept: those of strangers, and a key's second one.
    judged = {(line.name, line.key_id): line for line in reversed(submission.note.signatures)}
    note = Note(checkpoint.text, (*(judged[key.name, key.key_id] for key in signed), *lines))
    if not state.compare_and_store(checkpoint.origin, submission.old, latest.root if latest else None, note.encode()):
        return _conflict(_latest(state, checkpoint.origin))
    return Response(200, _TEXT, "".join(map(str, lines)).encode())


def _latest(state: WitnessState, origin: str) -> Checkpoint | None:
    data = state.latest(origin)
    return None if data is None else parse_checkpoint(parse_note(data, name="latest checkpoint"))


def _inconsistent(latest: Checkpoint | None, checkpoint: Checkpoint, submission: Submission) -> str:
    """Say why the checkpoint does not follow from the latest one of the size `submission.old`; "" if it does."""
    if checkpoint.size == 0 and checkpoint.root != EMPTY_ROOT:
        return "the root is not that of an empty log"
    if latest is None or latest.size == 0:
        return "from an empty log the proof is empty" if submission.hashes else ""
    if latest.size == checkpoint.size and latest.root != checkpoint.root:
        return "the root is not the one that was cosigned at this size"
    sound = verify_consistency(latest.size, checkpoint.size, latest.root, checkpoint.root, submission.hashes)
    return "" if sound else "the consistency proof does not hold"


def _refusal(status: int, why: str, fork: Note | None = None) -> Response:
    return Response(status, _TEXT, f"{why}\n".encode(), fork)


def _conflict(latest: Checkpoint | None, fork: Note | None = None) -> Response:
    return Response(409, SIZE_TYPE, b"%d\n" % (latest.size if latest else 0), fork)


def origin_hash(origin: str) -> str:
    """Return what names a log at the monitoring prefix, `<origin hash>/checkpoint`: lowercase hex SHA-256."""
    return hashlib.sha256(origin.encode()).hexdigest()


class FolderState:
    """A WitnessState in a folder: `<origin hash>/checkpoint` for each log. `files` is replaced only by tests.

    A new checkpoint is made safe under a provisional name before it gets its own; whoever comes first after a crash
    completes that. So one that was ever read here is never lost.
    """

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.folder = folder
        self._files = files or Files()

    def latest(self, origin: str) -> bytes | None:
        """Return the latest note. Raises Unavailable if it can't be read, MalformedInput if it is damaged."""
        with self._alone():
            return self._recover(self.folder / origin_hash(origin))

    def compare_and_store(self, origin: str, old_size: int, old_root: bytes | None, note: bytes) -> bool:
        """Store `note` if the latest has this size and root. Raises Unavailable, MalformedInput as `latest` does."""
        place = self.folder / origin_hash(origin)
        with self._alone():
            data = self._recover(place)
            latest = parse_checkpoint(parse_note(data, name=str(place))) if data is not None else None
            if (old_size, old_root) != ((latest.size, latest.root) if latest else (0, None)):
                return False
            if latest is None:
                self._make(place)
            self._files.write(place / _NEW, note)
            self._files.flush(place / _NEW)
            self._files.rename(place / _NEW, place / _PENDING)
            self._publish(place)
            return True

    def _recover(self, place: Path) -> bytes | None:
        """Complete what a crash interrupted, and return the latest note."""
        if _PENDING in self._files.names(place):
            self._publish(place)
        return self._files.read(place / _LATEST, MAX_NOTE_BYTES)

    def _publish(self, place: Path) -> None:
        self._files.flush_folder(place)
        self._files.rename(place / _PENDING, place / _LATEST)
        self._files.flush_folder(place)

    def _make(self, place: Path) -> None:
        """Make the folder of a log, its name and those above it safe: without them nothing in it is."""
        self._files.make_folder(place)
        for folder in place.parents:
            with suppress(PermissionError):  # What we may not read we did not make.
                self._files.flush_folder(folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the whole state alone."""
        try:
            for folder in reversed((self.folder, *self.folder.parents)):
                self._files.make_folder(folder)
            with self._files.lock(self.folder / ".lock"):
                yield
        except OSError as error:
            raise Unavailable(
                "witness-unavailable",
                f"the witness can't be written: {error.strerror or error}",
                f"Check free space and permissions of {self.folder}; then repeat. What was answered is safe.",
            ) from None
