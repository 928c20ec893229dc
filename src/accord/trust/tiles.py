"""A log on disk as tiles of 256 hashes and bundles of 256 entries (c2sp.org/tlog-tiles)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..errors import LimitExceeded, MalformedInput
from .files import Files
from .tree import EMPTY_ROOT, leaf_hash, node_hash, root_hash, split

WIDTH = 256
MAX_ENTRY_BYTES = 65_535
_MAX_BUNDLE_BYTES = WIDTH * (2 + MAX_ENTRY_BYTES)
ENTRIES = "entries"


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Return where a tile (or bundle: level "entries") lies, as `tile/0/x001/x234/067.p/112`."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    partial = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Return entries as a bundle: each after its length in two bytes, big-endian. Raises LimitExceeded."""
    for entry in entries:
        if len(entry) > MAX_ENTRY_BYTES:
            raise LimitExceeded("entry-too-large", f"a log entry of {len(entry)} bytes", f"At most {MAX_ENTRY_BYTES}.")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes, count: int, *, name: str = "bundle") -> list[bytes]:
    """Return the first `count` entries of a bundle. Raises MalformedInput that begins with `name`."""
    entries: list[bytes] = []
    place = 0
    while len(entries) < count:
        start = place + 2
        place = start + int.from_bytes(data[place:start], "big")
        if start > len(data) or place > len(data):
            raise MalformedInput(
                "malformed-bundle", f"{name}: entry {len(entries)} is cut off", "Restore the log from a copy."
            )
        entries.append(data[start:place])
    return entries


class Tiles(Protocol):
    """Where the tiles and bundles of a log lie; `place` says so to a person."""

    @property
    def place(self) -> str: ...  # noqa: D102

    def read(self, level: int | str, index: int, width: int, limit: int) -> bytes | None:
        """Return a tile (or bundle) with at least `width` hashes (or entries), or None if there is none.

        Raises LimitExceeded if it has more than `limit` bytes.
        """


class FolderTiles:
    """Tiles as files, under the names of c2sp.org/tlog-tiles."""

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self.folder = folder
        self._files = files or Files()

    @property
    def place(self) -> str:
        """The folder."""
        return str(self.folder)

    def read(self, level: int | str, index: int, width: int, limit: int) -> bytes | None:
        """Read the file of this width, or the full one: partial files may be removed once it is there."""
        for candidate in dict.fromkeys((width, WIDTH)):
            data = self._files.read(self.folder / tile_path(level, index, candidate), limit)
            if data is not None:
                return data
        return None


class TiledTree:
    """The tree of the first `size` entries of the log in `tiles`. Nothing here is authenticated: compare the root."""

    def __init__(self, tiles: Tiles, size: int) -> None:
        self.size = size
        self._tiles = tiles
        self._cache: dict[tuple[int, int], list[bytes]] = {}

    def width(self, level: int, index: int) -> int:
        """Return how many hashes (or entries, level 0) of tile `index` this tree has."""
        return min(max((self.size >> 8 * level) - index * WIDTH, 0), WIDTH)

    def hashes(self, level: int, index: int) -> list[bytes]:
        """Return the hashes of a tile of this tree. Raises MalformedInput if the file is missing or too short."""
        key = level, index
        if key not in self._cache:
            width = self.width(level, index)
            data = self._read(level, index, width, WIDTH * 32)
            if len(data) < width * 32:
                raise self._damaged(tile_path(level, index, width), "is cut off")
            self._cache[key] = [data[i : i + 32] for i in range(0, width * 32, 32)]
        return self._cache[key]

    def remember(self, level: int, index: int, hashes: list[bytes]) -> None:
        """Take the hashes of a tile that is not written yet."""
        self._cache[level, index] = hashes

    def bundle(self, index: int) -> list[bytes]:
        """Return the entries of bundle `index`. Raises MalformedInput if the file is missing or malformed."""
        width = self.width(0, index)
        data = self._read(ENTRIES, index, width, _MAX_BUNDLE_BYTES)
        return decode_bundle(data, width, name=tile_path(ENTRIES, index, width))

    def entry(self, index: int) -> bytes:
        """Return entry `index`, below the size."""
        if not 0 <= index < self.size:
            raise ValueError("the entry must lie in the tree")
        return self.bundle(index // WIDTH)[index % WIDTH]

    def entries(self) -> Iterator[bytes]:
        """Return all entries in order, reading a bundle at a time."""
        for index in range(-(-self.size // WIDTH)):
            yield from self.bundle(index)

    def range_hash(self, low: int, high: int) -> bytes:
        """Return the hash of the entries `[low, high)`, a node of this tree."""
        span = high - low
        if span & (span - 1):
            middle = low + split(span)
            return node_hash(self.range_hash(low, middle), self.range_hash(middle, high))
        level = (span.bit_length() - 1) // 8
        index, offset = divmod(low >> 8 * level, WIDTH)
        return root_hash(self.hashes(level, index)[offset : offset + (span >> 8 * level)])

    def root(self) -> bytes:
        """Return the root as the tiles have it."""
        return self.range_hash(0, self.size) if self.size else EMPTY_ROOT

    def audit(self) -> bytes:
        """Return the root after comparing every entry and every tile; MalformedInput names one that does not fit."""
        level = 0
        while self.size >> 8 * level:
            for index in range(-(-(self.size >> 8 * level) // WIDTH)):
                if level == 0:
                    expected = [leaf_hash(entry) for entry in self.bundle(index)]
                else:
                    below = range(index * WIDTH, index * WIDTH + self.width(level, index))
                    expected = [root_hash(self.hashes(level - 1, child)) for child in below]
                if self.hashes(level, index) != expected:
                    path = tile_path(level, index, self.width(level, index))
                    raise self._damaged(path, "does not match what it is made of")
            level += 1
        return self.root()

    def _read(self, level: int | str, index: int, width: int, limit: int) -> bytes:
        data = self._tiles.read(level, index, width, limit)
        if data is None:
            raise self._damaged(tile_path(level, index, width), "is missing")
        return data

    def _damaged(self, path: str, how: str) -> MalformedInput:
        return MalformedInput("log-damaged", f"the log file {path} {how}", f"Restore {self._tiles.place} from a copy.")


@dataclass(frozen=True)
class Growth:
    """What changes when a log grows: each tile or bundle, by level and index, with its new width and content."""

    tiles: dict[tuple[int | str, int], tuple[int, bytes]]
    size: int
    root: bytes


def grow(tree: TiledTree, tiles: Tiles, entries: Sequence[bytes]) -> Growth:
    """Return what changes when `entries` are appended to `tree`, whose right edge must be intact."""
    changed: dict[tuple[int | str, int], tuple[int, bytes]] = {}
    index, width = divmod(tree.size, WIDTH)
    bundled = [*(tree.bundle(index) if width else ()), *entries]
    for start in range(0, len(bundled), WIDTH):
        bundle = bundled[start : start + WIDTH]
        changed[ENTRIES, index + start // WIDTH] = len(bundle), encode_bundle(bundle)
    grown = TiledTree(tiles, tree.size + len(entries))
    added, level = [leaf_hash(entry) for entry in entries], 0
    while added:
        index, width = divmod(tree.size >> 8 * level, WIDTH)
        hashes, above = [*(tree.hashes(level, index) if width else ()), *added], []
        for start in range(0, len(hashes), WIDTH):
            tile = hashes[start : start + WIDTH]
            changed[level, index + start // WIDTH] = len(tile), b"".join(tile)
            grown.remember(level, index + start // WIDTH, tile)
            if len(tile) == WIDTH:
                above.append(root_hash(tile))
        added, level = above, level + 1
    return Growth(changed, grown.size, grown.root())
