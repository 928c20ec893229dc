"""An upload, from the wire to disk: never whole in memory, bounded as it comes, under names of our own.

multipart/form-data (RFC 7578), parsed as a stream by `multipart`. What a file calls itself is checked and kept as data.
"""

from __future__ import annotations

import os
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from anyio.to_thread import run_sync
from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserLimitReached,
    PushMultipartParser,
    parse_options_header,
)

from ...errors import LimitExceeded, MalformedInput, Unavailable
from ...subjects.card import CARD_NAME, MAX_BYTES
from ...subjects.paths import path_problem, shown
from ..problems import TooMany
from .asked import Uploaded
from .folders import UPLOAD

MAX_FILES = 100
MAX_PARTS = 400
MAX_TEXT_BYTES = 64 * 1024
MAX_TEXTS_BYTES = 1024 * 1024
_NAME_BYTES = 200
_PIECE = 1024 * 1024
_LEAST_FREE = 256 * 1024 * 1024
_AT_ONCE = 2
FILE, CARD = "file", "card"


@dataclass
class Upload:
    """What came: the texts by field, in order, and the files, which lie in the job's folder under their numbers."""

    texts: dict[str, list[str]] = field(default_factory=dict)
    files: list[Uploaded] = field(default_factory=list)
    card: bytes = b""


class Slots:
    """How many of something an account may hold at once."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._held: dict[str, int] = {}

    @contextmanager
    def one(self, account: str) -> Iterator[None]:
        """Hold one while the block lasts. Raises TooMany. Only for the thread of the event loop."""
        self.require(account)
        self._held[account] = self._held.get(account, 0) + 1
        try:
            yield
        finally:
            self._held[account] -= 1
            if not self._held[account]:
                del self._held[account]

    def require(self, account: str) -> None:
        """Raise TooMany if the account holds all it may."""
        if self._held.get(account, 0) >= self._most:
            raise TooMany(5)


UPLOADS = Slots(_AT_ONCE)


async def receive(request: Any, folder: Path, most: int, upload: Upload) -> None:
    """Read a form with files into `upload`; write these to `folder`/upload as 0, 1, 2 …, safe on disk on return.

    Raises MalformedInput if it is no such form or a file's name can't be kept, LimitExceeded beyond `most` bytes of
    files, Unavailable if the disk is full. Then nothing stays in the folder, and `upload` has what came before.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise MalformedInput("no-upload", "the body is no upload", "Send multipart/form-data with a part `file`.")
    receiver = _Receiver(folder, most, upload)
    try:
        await run_sync(receiver.begin)
        with PushMultipartParser(options["boundary"], max_segment_count=MAX_PARTS, max_header_size=4096) as parser:
            async for chunk in request.stream():
                for event in parser.parse(chunk) if chunk else ():
                    receiver.take(event)
                if receiver.waiting >= _PIECE:
                    await run_sync(receiver.write)
        await run_sync(receiver.end)
    except BaseException as error:
        receiver.close()
        shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, ParserLimitReached):
            raise LimitExceeded(
                "upload-too-large", f"the form is too large: {error}", f"Send at most {MAX_PARTS} parts."
            ) from None
        if isinstance(error, MultipartError | UnicodeError):
            raise MalformedInput("bad-upload", f"the form can't be read: {error}", "Send it again.") from None
        if isinstance(error, OSError):
            raise _full(error.strerror or type(error).__name__) from None
        raise


class _Receiver:
    """Takes the events of the parser apart: texts are held, files are written a piece at a time."""

    def __init__(self, folder: Path, most: int, upload: Upload) -> None:
        self.upload = upload
        self.waiting = 0
        self._folder, self._most = folder, most
        self._pieces: list[tuple[int, bytes]] = []
        self._names: set[str] = set()
        self._open: IO[bytes] | None = None
        self._number = -1
        self._total = self._texts = 0
        self._part: MultipartSegment | None = None
        self._held = bytearray()

    def begin(self) -> None:
        """Make the folder; refuse if the disk is nearly full."""
        (self._folder / UPLOAD).mkdir(parents=True, mode=0o700)
        if shutil.disk_usage(self._folder).free < self._most + _LEAST_FREE:
            raise _full("too little space is left")

    def take(self, event: Any) -> None:
        """Take in the beginning of a part (a segment), some of its bytes, or its end (None)."""
        if isinstance(event, MultipartSegment):
            self._begin_part(event)
        elif event is None:
            self._end_part()
        elif self._is_file:
            self._more_of_file(bytes(event))
        else:
            self._texts += len(event)
            self._held += event
            limit = MAX_BYTES if self._is_card else MAX_TEXT_BYTES
            if len(self._held) > limit or self._texts > MAX_TEXTS_BYTES + MAX_BYTES:
                raise LimitExceeded("field-too-large", f"{self._name}: over {limit} bytes", "Shorten it.")

    def write(self) -> None:
        """Write what waits."""
        for number, data in self._pieces:
            if self._open is None or number != self._number:
                self.close(flushed=True)
                self._open, self._number = (self._folder / UPLOAD / str(number)).open("xb"), number
            self._open.write(data)
        self._pieces, self.waiting = [], 0

    def end(self) -> None:
        """Write the rest, and make all of it safe on disk."""
        self.write()
        self.close(flushed=True)
        for place in (self._folder / UPLOAD, self._folder):
            handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)

    def close(self, *, flushed: bool = False) -> None:
        """Close the file that is open; `flushed` makes it safe before."""
        if self._open is None:
            return
        with self._open as file:
            if flushed:
                file.flush()
                os.fsync(file.fileno())
        self._open = None

    @property
    def _name(self) -> str:
        return shown(str(self._part.name))[:60] if self._part else ""

    @property
    def _is_file(self) -> bool:
        return self._part is not None and bool(self._part.filename) and self._part.name == FILE

    @property
    def _is_card(self) -> bool:
        return self._part is not None and bool(self._part.filename) and self._part.name == CARD

    def _begin_part(self, part: MultipartSegment) -> None:
        self._part, self._held = part, bytearray()
        if part.filename and part.name not in (FILE, CARD):
            raise MalformedInput("bad-upload", f"{self._name}: no file is asked for here", "Send files as `file`.")
        if not self._is_file:
            return
        if len(self.upload.files) >= MAX_FILES:
            raise LimitExceeded("too-many-files", f"over {MAX_FILES} files", "Pack them into one archive.")
        name = _checked_name(part.filename)
        if name.casefold() in self._names:
            raise MalformedInput("same-name", f"two files are called {shown(name)!r}", "Give each a name of its own.")
        self._names.add(name.casefold())
        self.upload.files.append(Uploaded(name=name, size=0))
        self._pieces.append((len(self.upload.files) - 1, b""))

    def _more_of_file(self, data: bytes) -> None:
        self._total += len(data)
        if self._total > self._most:
            raise LimitExceeded("upload-too-large", f"over {self._most:,} bytes", f"Send at most {self._most:,} bytes.")
        number = len(self.upload.files) - 1
        self.upload.files[number] = Uploaded(
            name=self.upload.files[number].name, size=self.upload.files[number].size + len(data)
        )
        self._pieces.append((number, data))
        self.waiting += len(data)

    def _end_part(self) -> None:
        if self._part is None:
            return
        if self._is_card:
            if self.upload.card:
                raise MalformedInput("two-cards", "two cards came", "Send one; a provider's is a `file`.")
            self.upload.card = bytes(self._held)
        elif not self._is_file and self._part.name not in (FILE, CARD):  # a file field that was left empty
            self.upload.texts.setdefault(self._part.name, []).append(self._held.decode("utf-8"))
        self._part = None


def _checked_name(name: str) -> str:
    """Return the name of a file. Raises MalformedInput unless it is the plain name of a file in one folder."""
    name = unicodedata.normalize("NFC", name)
    problem = path_problem(name)
    if problem is None and "/" in name:
        problem = "names a folder; only a file's own name is allowed"
    if problem is None and (name.startswith(".") or not name.isprintable() or len(name.encode()) > _NAME_BYTES):
        problem = "is hidden, too long, or has characters that do not print"
    if problem is not None:
        raise MalformedInput(
            "bad-file-name", f"the file name {shown(name[:80])!r} {problem}", f"Rename it; a card is {CARD_NAME}."
        )
    return name


def _full(reason: str) -> Unavailable:
    return Unavailable("no-space", f"the upload can't be kept: {reason}", "The node's operator has to make room.")
