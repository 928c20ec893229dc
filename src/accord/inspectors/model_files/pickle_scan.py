"""Judge one source of pickle streams: walk what is written, follow what executes, compare the two."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

import msgspec

from ...instruments.sandbox import Apart, run_apart
from .pickle_allow_list import allow_list
from .pickle_opcodes import Fault, Walk, Walker, WrittenGlobal
from .pickle_oracle import Followed, SeenGlobal, follow, follow_joblib
from .pickle_source import Source, SourceFault

Kind = Literal["unlisted", "dangerous", "malformed", "bomb"]
_MOST_STREAMS = 100_000
_ELIDE_FROM = 64 << 20
_TORCH_MAGIC = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_TORCH_STREAMS = 5
# Constants that stand for long ones where these would not fit: the unpickler sees the same type, without content.
_EMPTY = {
    0x42: b"C\0",
    0x8E: b"C\0",
    0x58: b"\x8c\0",
    0x8D: b"\x8c\0",
    0x54: b"U\0",
    0x8B: b"\x8a\0",
    0x96: b"\x96" + bytes(8),
}


@dataclass(frozen=True, slots=True)
class Allowance:
    """What following the streams may cost."""

    memory_bytes: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Defect:
    """What is wrong, where (offset in the source), and the name concerned."""

    kind: Kind
    text: str
    offset: int | None = None
    name: str | None = None


@dataclass(slots=True)
class Scan:
    """What was found in one source."""

    defects: list[Defect] = field(default_factory=list)
    globals: set[str] = field(default_factory=set)
    unlisted: set[str] = field(default_factory=set)
    streams: int = 0
    notes: set[str] = field(default_factory=set)


def scan_streams(source: Source, allowance: Allowance, *, torchscript: bool = False, start: int = 0) -> Scan:
    """Scan the pickle stream(s) of `source` from `start`. Hostile content is a defect. Raises OSError."""
    return _Scanner(source, allowance, torchscript).scan(start)


class _Scanner:
    def __init__(self, source: Source, allowance: Allowance, torchscript: bool) -> None:
        self._source, self._allowance, self._torchscript = source, allowance, torchscript
        self._scan = Scan()
        self._nested_left = 1000

    def scan(self, start: int) -> Scan:
        walks = self._walk_all(start)
        plain = self._follow(walks)
        if plain is not None and any(seen.name == "NumpyArrayWrapper" for seen in plain.globals):
            self._scan_joblib(start, plain)
            return self._scan
        self._scan.streams = len(walks)
        for walk in walks:
            if walk.fault is not None:
                self._fault(walk.fault)
        written = [each for walk in walks for each in walk.globals]
        self._compare(written, plain, cut=any(walk.fault for walk in walks))
        self._look_into_constants(walks, {each.offset for each in written})
        return self._scan

    # --- what is written

    def _walk_all(self, start: int) -> list[Walk]:
        walker = Walker(self._source, start=start)
        walks: list[Walk] = []
        try:
            position = start
            while len(walks) < _MOST_STREAMS:
                walk = walker.stream(position)
                if walk.fault is not None and walks and not walk.globals:
                    self._trailing(position)
                    break
                walks.append(walk)
                position = walk.end
                if walk.fault is not None or walker.at_end(position):
                    break
                if len(walks) == _TORCH_STREAMS and self._is_torch(start):
                    self._scan.notes.add("the storages that follow the pickles of a PyTorch file of the old format")
                    break
            else:
                self._defect("bomb", f"more than {_MOST_STREAMS} pickles one after another", position)
        except SourceFault as fault:
            self._defect("bomb" if fault.bomb else "malformed", fault.text, None)
        finally:
            walker.close()
        if len(walks) > 1 and not self._is_torch(start):
            self._defect("malformed", f"{len(walks)} pickles stand one after another", walks[1].start)
        return walks

    def _is_torch(self, start: int) -> bool:
        with self._source.open(start) as stream:
            return stream.read(len(_TORCH_MAGIC)) == _TORCH_MAGIC

    def _trailing(self, position: int) -> None:
        self._defect("malformed", "something that is no pickle follows the end of the pickle", position)

    def _fault(self, fault: Fault) -> None:
        self._defect("bomb" if fault.bomb else "malformed", fault.text, fault.offset)

    # --- what executes

    def _follow(self, walks: Sequence[Walk]) -> Followed | None:
        streams = [self._pieces(walk) for walk in walks]
        extensions = {each.extension for walk in walks for each in walk.globals if each.extension is not None}
        return self._apart(lambda: follow(self._source, streams, extensions))

    def _pieces(self, walk: Walk) -> list[tuple[int, int] | bytes]:
        """The stream as it is; or, where its long constants would not fit into memory, without their content. Frames
        go too then, since their lengths would be wrong: the walk has checked them.
        """
        flat = walk.long_constants
        constants = list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
        if sum(end - begin for begin, end, _ in constants) < min(_ELIDE_FROM, self._allowance.memory_bytes // 4):
            return [(walk.start, walk.end)]
        self._scan.notes.add("the content of long constants, which was passed over")
        cuts = [(frame, frame + 9, b"") for frame in walk.frames]
        cuts += [(begin, end, _EMPTY[code]) for begin, end, code in constants]
        pieces: list[tuple[int, int] | bytes] = []
        at = walk.start
        for begin, end, instead in sorted(cuts):
            pieces += [(at, begin), instead]
            at = end
        return [*pieces, (at, walk.end)]

    def _apart(self, action: Callable[[], bytes]) -> Followed | None:
        allowance = self._allowance
        ended = run_apart(
            action,
            memory_bytes=allowance.memory_bytes,
            cpu_seconds=allowance.seconds,
            wall_seconds=4 * allowance.seconds + 10,
        )
        if ended.ending == "returned":
            try:
                followed = msgspec.json.decode(ended.body, type=Followed)
            except msgspec.DecodeError:
                self._defect("malformed", "what follows it brings the unpickler out of step", None)
                return None
            self._costs(followed)
            return followed
        self._ended_badly(ended)
        return None

    def _costs(self, followed: Followed) -> None:
        if followed.memory:
            limit = self._allowance.memory_bytes >> 20
            self._defect("bomb", f"following it takes more than {limit} MiB of memory", None)
        if followed.crowded:
            self._defect("bomb", "it imports thousands of different names", None)

    def _ended_badly(self, ended: Apart) -> None:
        texts = {
            "memory": f"following it takes more than {self._allowance.memory_bytes >> 20} MiB of memory",
            "cpu": f"following it takes more than {self._allowance.seconds:g} seconds",
            "wall": f"following it takes more than {self._allowance.seconds:g} seconds",
            "output": "it imports more names than can be listed",
            "crashed": "following it makes Python's unpickler crash",
            "raised": "following it makes Python's unpickler fail",
        }
        self._defect("bomb", texts[ended.ending], None)

    # --- the two compared

    def _compare(self, written: Sequence[WrittenGlobal], followed: Followed | None, *, cut: bool) -> None:
        if followed is None:
            self._judge_unfollowed(written, "")
            return
        in_step = _without_repeated_extensions(written)
        for place, index in zip(in_step, followed.sequence, strict=False):
            seen = followed.globals[index]
            if place.name is not None and (seen.module, seen.name) != place.name:
                self._defect("malformed", "what is written and what Python executes disagree", place.offset)
                break
        complete = followed.error is None and not followed.memory and not followed.crowded
        if complete and (len(in_step) != len(followed.sequence) or followed.leftover):
            self._defect("malformed", "what is written and what Python executes disagree", None)
        if followed.error is not None and not cut:
            self._defect("malformed", f"Python's unpickler gives up on it: {followed.error}", None)
        if followed.instances_called:
            self._defect("malformed", "it calls an object that it built, not a function", None)
        offsets: dict[int, int] = {}
        for place, index in zip(in_step, followed.sequence, strict=False):
            offsets.setdefault(index, place.offset)
        for index, seen in enumerate(followed.globals):
            self._judge(seen, offsets.get(index))
        if len(in_step) > len(followed.sequence):
            self._judge_unfollowed(in_step[len(followed.sequence) :], " (written, but not reached)")

    def _judge(self, seen: SeenGlobal, offset: int | None, note: str = "") -> None:
        verdict = allow_list().judge(seen.module, seen.name, called=seen.called, torchscript=self._torchscript)
        name = f"{seen.module}.{seen.name}"
        self._scan.globals.add(name)
        if verdict.standing != "listed":
            self._scan.unlisted.add(name)
            self._scan.defects.append(Defect(verdict.standing, verdict.reason + note, offset, name))
        elif seen.changed:
            self._scan.unlisted.add(name)
            self._scan.defects.append(Defect("unlisted", "it is changed, not only used", offset, name))

    def _judge_unfollowed(self, written: Sequence[WrittenGlobal], note: str) -> None:
        """Judge names of which nobody saw what they were used for: as if they were called."""
        named = {each.name: each.offset for each in reversed(written) if each.name is not None}
        for (module, name), offset in named.items():
            if f"{module}.{name}" not in self._scan.globals:
                self._judge(SeenGlobal(module[:300], name[:300], called=True), offset, note)
        hidden = [each.offset for each in written if each.name is None]
        if hidden:
            self._defect("malformed", f"{len(hidden)} names to import could not be made out", hidden[0])

    # --- pickles in pickles

    def _look_into_constants(self, walks: Sequence[Walk], known: set[int]) -> None:
        for walk in walks:
            for offset in walk.nested:
                if offset in known or self._nested_left <= 0:
                    continue
                self._nested_left -= 1
                walker = Walker(self._source, start=offset)
                inner = walker.stream(offset)
                walker.close()
                # What ends at the outer STOP is no pickle inside: it fell into step with the outer one.
                if inner.fault is None and inner.globals and inner.end < walk.end:
                    # A text pickle begins with the import that made us look; a binary one with its protocol.
                    self._nested(inner, binary=inner.globals[0].offset != offset)

    def _nested(self, inner: Walk, *, binary: bool) -> None:
        names = {each.name: each.offset for each in reversed(inner.globals) if each.name is not None}
        graves = [name for name in names if allow_list().judge(*name, called=True).standing == "dangerous"]
        # Lines of ordinary text can look like a text pickle by chance; one that imports a dangerous module does not.
        if not binary and not graves:
            return
        self._defect("malformed", "a constant holds a pickle that imports names", inner.start)
        for module, name in graves:
            seen = SeenGlobal(module, name, called=True)
            self._judge(seen, names[module, name], " (in a pickle inside a constant)")

    # --- joblib

    def _scan_joblib(self, start: int, plain: Followed) -> None:
        """Scan once more as joblib reads it: opcodes with array data in between.

        pickle.load() of the same file would execute the array data: the names that `plain` met count too.
        """
        self._scan = Scan(notes={"the numbers in arrays"})
        followed = self._apart(lambda: follow_joblib(self._source, start, range(1, 256)))
        walks: list[Walk] = []
        if followed is not None:
            jumps = sorted([*followed.arrays, *followed.inner])
            walks = self._walk_around(start, jumps, followed)
        cut = any(walk.fault is not None for walk in walks)
        written = sorted((each for walk in walks for each in walk.globals), key=lambda each: each.offset)
        self._compare(written, followed, cut=cut)
        self._look_into_constants(walks, {each.offset for each in written})
        self._scan.streams = len(walks)
        for seen in plain.globals:
            if f"{seen.module}.{seen.name}" not in self._scan.globals:
                self._judge(seen, None, " (when array data are read as opcodes)")

    def _walk_around(self, start: int, jumps: list[tuple[int, int]], followed: Followed) -> list[Walk]:
        walker = Walker(self._source, start=start, jumps=jumps)
        try:
            outer = walker.stream(start)
            walks = [outer]
            if outer.fault is not None:
                self._fault(outer.fault)
            elif followed.error is None and outer.end != followed.end:
                self._defect("malformed", "what is written and what Python executes disagree", outer.end)
            elif not walker.at_end(outer.end):
                self._trailing(outer.end)
        except SourceFault as fault:
            self._defect("bomb" if fault.bomb else "malformed", fault.text, None)
            return []
        finally:
            walker.close()
        for begin, end in followed.inner:
            inner_walker = Walker(self._source, start=begin)
            inner = inner_walker.stream(begin)
            inner_walker.close()
            walks.append(inner)
            if inner.fault is not None or inner.end != end:
                self._defect("malformed", "what is written and what Python executes disagree", begin)
        return walks

    def _defect(self, kind: Kind, text: str, offset: int | None) -> None:
        self._scan.defects.append(Defect(kind, text, offset))


def _without_repeated_extensions(written: Sequence[WrittenGlobal]) -> list[WrittenGlobal]:
    """Python looks an extension code up once and remembers it."""
    seen: set[int] = set()
    kept = []
    for each in written:
        if each.extension is not None:
            if each.extension in seen:
                continue
            seen.add(each.extension)
        kept.append(each)
    return kept
