"""Where pickles hide: in the file itself, in compressed files, in zip archives, in NumPy arrays of objects.

What a thing is is decided by its content; names and extensions count for nothing but as a further reason to look.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ...errors import LimitExceeded, MalformedInput
from ...instruments.archives import Member, open_archive
from ...instruments.zip_records import BZIP2, DEFLATED, STORED
from .pickle_opcodes import Walker
from .pickle_source import FilePart, Inflated, Source, SourceFault, checksum, compression

_HEAD = 1 << 16
_DEEPEST = 3
_MOST_PICKLES = 5000
_COMPRESSED = {DEFLATED: "deflate", BZIP2: "bzip2"}
_NPY = b"\x93NUMPY"
_OBJECT_TYPE = re.compile(rb"""['"][|<>=]?O\d*['"]""")
_PICKLE_NAMES = (".pkl", ".pickle", ".pck", ".joblib", ".dill", ".sav")
# The first byte of a pickle of protocol 0 or 1, in which there is no PROTO.
_OPENERS = frozenset(b"(])}cid lIFSLVNKJMGUXTB\x8c\x8e\x95")


@dataclass(frozen=True, slots=True)
class Embedded:
    """Pickle streams at `start` of `source`; `member` names the place inside an archive."""

    source: Source
    member: str | None = None
    start: int = 0
    torchscript: bool = False


@dataclass(slots=True)
class Search:
    """What looking for pickles gave besides pickles: contradictions (member, text, is a bomb) and what was not read."""

    faults: list[tuple[str | None, str, bool]] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    members: int = 0
    found: int = 0


@dataclass(slots=True)
class _Bytes:
    """A source of bytes in memory."""

    data: bytes
    size: int | None

    def open(self, offset: int = 0) -> io.BufferedIOBase:
        return io.BytesIO(self.data[offset:])


def find_pickles(path: Path, search: Search, *, certain: bool, archive: bool = False) -> Iterator[Embedded]:
    """Yield the pickles of the file at `path`, archives and compression unpacked on the way. `certain`: the file was
    recognised as a pickle, so that what is nothing else is one, however malformed; `archive`: as an archive, which
    readers find by its end, whatever stands at its start. Raises OSError, Unavailable.
    """
    whole = FilePart(path, 0, path.stat().st_size)
    if archive:
        yield from _look_into_archive(path, whole, None, search, 0)
        return
    yield from _look(path, whole, None, search, certain=certain, depth=0)


def _look(
    path: Path,
    source: Source,
    member: str | None,
    search: Search,
    *,
    certain: bool,
    depth: int,
    torchscript: bool = False,
) -> Iterator[Embedded]:
    try:
        with source.open() as stream:
            head = stream.read(_HEAD)
    except SourceFault as fault:
        search.faults.append((member, fault.text, fault.bomb))
        return
    method = compression(head)
    if head[:4] in (b"PK\3\4", b"PK\5\6"):
        yield from _look_into_archive(path, source, member, search, depth)
    elif head[:6] == _NPY:
        start = _objects_at(head)
        if start is not None:
            search.found += 1
            yield Embedded(source, member, start, torchscript)
    elif method == "lz4":
        search.unread.append(f"{member or 'the file'}, which is compressed by LZ4")
    elif method is not None and depth < _DEEPEST:
        yield from _look(path, Inflated(source, method), member, search, certain=certain, depth=depth + 1)
    elif head and (certain or _looks_like_pickle(head, member)):
        search.found += 1
        yield Embedded(source, member, 0, torchscript)


def _look_into_archive(
    path: Path, source: Source, member: str | None, search: Search, depth: int
) -> Iterator[Embedded]:
    if not isinstance(source, FilePart) or depth >= _DEEPEST:
        search.unread.append(f"the archive {member}, which is compressed or nested too deeply")
        return
    try:
        archive = open_archive(path, start=source.start, length=source.length)
    except (MalformedInput, LimitExceeded) as error:
        search.faults.append((member, error.message, isinstance(error, LimitExceeded)))
        return
    for problem in archive.all_problems():
        search.faults.append((_join(member, problem.member), problem.text, problem.kind == "bomb"))
    search.members += len(archive)
    torchscript = any("/code/" in f"/{inside.name}" for inside in archive)
    left = 2 * source.length  # an archive without overlaps has fewer bytes of members than bytes
    for inside in archive:
        left -= inside.compressed_size
        if left < 0 or search.found >= _MOST_PICKLES:
            text = "members that overlap" if left < 0 else f"more than {_MOST_PICKLES} pickles in one archive"
            search.faults.append((member, text, True))
            search.unread.append(f"{_join(member, inside.name)} and the members after it")
            return
        yield from _look_at_member(path, inside, _join(member, inside.name), search, depth, torchscript)


def _look_at_member(
    path: Path, inside: Member, name: str, search: Search, depth: int, torchscript: bool
) -> Iterator[Embedded]:
    if not inside.compressed_size or inside.data_offset is None:
        return
    before = search.found
    source: Source = FilePart(path, inside.data_offset, inside.compressed_size)
    if inside.method in _COMPRESSED:
        source = Inflated(source, _COMPRESSED[inside.method], inside.size)
    elif inside.method != STORED:
        search.faults.append((name, f"compression method {inside.method} can't be read", False))
        return
    try:
        yield from _look(path, source, name, search, certain=False, depth=depth + 1, torchscript=torchscript)
        if search.found > before and checksum(source) != inside.crc:
            search.faults.append((name, "its checksum is wrong: some loaders check it, some do not", False))
    except SourceFault as fault:
        search.faults.append((name, fault.text, fault.bomb))


def _join(outer: str | None, inner: str | None) -> str:
    return "!".join(part for part in (outer, inner) if part)


def _objects_at(head: bytes) -> int | None:
    """Return where the pickle begins in a NumPy file of objects, None in one of numbers or in the stump of one."""
    if len(head) < 12:
        return None
    wide = head[6] > 1
    length = int.from_bytes(head[8:12] if wide else head[8:10], "little")
    begin = 12 if wide else 10
    header = head[begin : begin + length]
    return begin + length if _OBJECT_TYPE.search(header) else None


def _looks_like_pickle(head: bytes, member: str | None) -> bool:
    if len(head) > 1 and head[0] == 0x80 and head[1] <= 5:
        return True
    if member is not None and member.lower().endswith(_PICKLE_NAMES):
        return True
    if head[0] not in _OPENERS:
        return False
    walk = Walker(_Bytes(head, len(head))).stream(0)
    reached = walk.fault is None or (len(head) == _HEAD and walk.fault.offset > _HEAD // 2)
    return reached and bool(walk.globals)
