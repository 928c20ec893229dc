"""Walk over a pickle's opcodes without executing them: what is *written*, executed or not.

A loop in Python over ten million opcodes takes ten seconds. Most opcodes concern neither names nor safety, and the
language of those, with their arguments, is regular; so one automaton of RE2 runs over whole stretches of them at about
two nanoseconds a byte, and Python looks only at what it stops at: names, the end, frames, long constants, and anything
that is not a pickle. The walk is windowed: memory does not grow with the file.
"""

from __future__ import annotations

import io
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib import import_module
from typing import Any

from .pickle_source import Source, SourceFault

_WINDOW = 1 << 20
_LOOKAHEAD = 1 << 13
_SHORT = 64  # constants below this length are in the automaton
_LONGEST_INDEX = 4400  # the interpreter converts 4,300 digits at the most
_LONGEST_NAME = 4096
_LONG_CONSTANT = 1 << 16
MOST_GLOBALS = 200_000
_ANY = b"[\\x00-\\xff]"
# Opcodes with no argument and no say in what is imported. STOP and STACK_GLOBAL are missing on purpose.
_BARE = b"0()12NQRabdeltsou}]\x81\x85\x86\x87\x88\x89\x8f\x90\x91\x92\x94\x97\x98"
_SIGNED, _ONE, _FOUR, _EIGHT = b"T", b"CU\x8c", b"BXT\x8b", b"\x8d\x8e\x96"
_TEXT = frozenset(b"FILSVPpg")
_EXTENSIONS = {0x82: 1, 0x83: 2, 0x84: 4}
_CONSTANTS = {**dict.fromkeys(_ONE, 1), **dict.fromkeys(_FOUR, 4), **dict.fromkeys(_EIGHT, 8)}


class Fault(Exception):
    """Where a stream stops being a pickle, and why. `bomb` where it asks for memory out of proportion."""

    def __init__(self, offset: int, text: str, *, bomb: bool = False) -> None:
        super().__init__(text)
        self.offset = offset
        self.text = text
        self.bomb = bomb


@dataclass(frozen=True, slots=True)
class WrittenGlobal:
    """An opcode that names something to import. `name` is None where the name comes from the stack."""

    offset: int
    name: tuple[str, str] | None
    extension: int | None = None


@dataclass(slots=True)
class Walk:
    """One stream from `start`: up to and with its STOP at `end`, or up to the fault."""

    start: int
    end: int = 0
    fault: Fault | None = None
    globals: list[WrittenGlobal] = field(default_factory=list)
    long_constants: array[int] = field(default_factory=lambda: array("Q"))
    """Offset of the opcode, offset of the end, and opcode of each long constant, in turn."""
    frames: array[int] = field(default_factory=lambda: array("Q"))
    nested: list[int] = field(default_factory=list)
    """Offsets at which a constant looks like a pickle of its own."""


@lru_cache(maxsize=16)
def _automaton(memo_bits: int) -> Any:
    """The automaton, for files in which a memo index may have `memo_bits` bits."""
    re2: Any = import_module("re2")
    alternatives = [
        b"[" + b"".join(b"\\x%02x" % code for code in _BARE) + b"]",
        b"[Khq]" + _ANY,
        b"M" + _ANY + b"{2}",
        b"[Jj]" + _ANY + b"{4}",
        b"G" + _ANY + b"{8}",
        b"\\x80[\\x00-\\x05]",
        b"r" + b"".join(b"[\\x00-\\x%02x]" % ((1 << min(8, max(0, memo_bits - at))) - 1) for at in (0, 8, 16, 24)),
        b"p[0-9]{1,5}\\n",
        b"g[0-9]{1,9}\\n",
        b"[FIL][^\\n]{1,100}\\n",
        b"[SVP][^\\n]*\\n",
    ]
    for opcodes, zeros in ((_ONE + b"\x8a", b""), (b"BXT", b"\\x00" * 3)):
        for code in opcodes:
            for length in range(_SHORT):
                content = _ANY + b"{%d}" % length if length else b""
                alternatives.append(b"\\x%02x\\x%02x" % (code, length) + zeros + content)
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.max_mem = 128 << 20  # never run out: RE2 would fall back to an engine a hundred times slower
    options.never_capture = True
    return re2.compile(b"(?:" + b"|".join(alternatives) + b")*", options)


@lru_cache
def _signature() -> Any:
    """What a pickle inside a constant starts with: PROTO, then an opcode that opens one; or a text GLOBAL."""
    re2: Any = import_module("re2")
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    name = b"[A-Za-z_][A-Za-z0-9_.]*\\n"
    return re2.compile(b"\\x80[\\x02-\\x05][\\x95\\x8cXcUC(\\]})]|c" + name + name, options)


class _Window:
    """The bytes around the place that is looked at."""

    def __init__(self, source: Source, start: int) -> None:
        self._stream: io.BufferedIOBase = source.open(start)
        self.base = start
        self.data = b""
        self.ended = False

    def need(self, offset: int, count: int) -> int:
        """Make `count` bytes from `offset` present, or all there are; return the index of `offset` in `data`."""
        index = offset - self.base
        while not self.ended and len(self.data) - index < count:
            if index >= len(self.data):
                index -= self._pass_over(index - len(self.data))
            fresh = self._stream.read(max(_WINDOW, count))
            self.ended = not fresh
            kept = self.data[index:]
            self.data, self.base, index = kept + fresh, self.base + index, 0
        return index

    def _pass_over(self, count: int) -> int:
        """Drop the window and `count` bytes more; return by how much the window moved."""
        moved = len(self.data)
        while count:
            part = self._stream.read(min(count, _WINDOW))
            if not part:
                self.ended = True
                break
            moved, count = moved + len(part), count - len(part)
        self.base, self.data = self.base + moved, b""
        return moved

    def close(self) -> None:
        self._stream.close()


def memo_bits(size: int | None) -> int:
    """Return how many bits a memo index may have in a file of `size` bytes.

    Each entry of the memo takes six bytes to write, once the one-byte indices are used up. The C unpickler makes room
    for twice the index, 16 bytes a place: an index out of proportion is a memory bomb (it would be the only thing to
    ask for memory that the file does not pay for in bytes).
    """
    entries = (1 << 24) if size is None else 256 + size // 6
    return min(32, max(16, entries.bit_length()))


class Walker:
    """Walks the streams of one source. `jumps` are ranges that are not opcodes (arrays of joblib), in order."""

    def __init__(self, source: Source, *, start: int = 0, jumps: Sequence[tuple[int, int]] = ()) -> None:
        self._size = source.size
        self._bits = memo_bits(source.size)
        self._run = _automaton(self._bits)
        self._window = _Window(source, start)
        self._jumps = [*jumps, (1 << 63, 1 << 63)]
        self.count = 0

    def close(self) -> None:
        """Close the source."""
        self._window.close()

    def at_end(self, offset: int) -> bool:
        """Whether nothing follows `offset`. Raises SourceFault."""
        return self._window.need(offset, 1) >= len(self._window.data)

    def peek(self, offset: int, count: int) -> bytes:
        """Return up to `count` bytes from `offset`. Raises SourceFault."""
        index = self._window.need(offset, count)
        return self._window.data[index : index + count]

    def stream(self, start: int) -> Walk:
        """Walk the stream that begins at `start`. Malformed streams are a `fault` of the walk, never an exception."""
        walk = Walk(start)
        try:
            walk.end = self._walk(walk, start)
        except Fault as fault:
            walk.fault, walk.end = fault, fault.offset
        except SourceFault as fault:
            at = self._window.base
            walk.fault, walk.end = Fault(at, fault.text, bomb=fault.bomb), at
        return walk

    def _walk(self, walk: Walk, position: int) -> int:
        window, frame_end = self._window, 1 << 63
        while True:
            jump_start, jump_end = self._jumps[0]
            index = window.need(position, _LOOKAHEAD)
            if index >= len(window.data) and position != jump_start:
                raise Fault(position, "the stream ends without STOP")
            base = window.base
            limit = min(len(window.data), frame_end - base, jump_start - base)
            found: int = self._run.match(window.data, index, limit).end()
            if found > index:
                self._look_for_nested(walk, window.data, index, found, base)
            position = base + found
            if position > base + limit:  # pragma: no cover - the automaton does not pass its end
                raise Fault(position, "the opcodes do not end where they should")
            if position == frame_end:
                frame_end = 1 << 63
            if position == jump_start:
                position = jump_end
                self._jumps.pop(0)
                continue
            if found == limit and found > index:
                continue
            if found > index and len(window.data) - found < _LOOKAHEAD and not window.ended:
                continue  # an opcode may be cut by the window: look again from here
            index = window.need(position, _LOOKAHEAD)
            if index >= len(window.data):
                continue
            begun = position
            code = window.data[index]
            if code == 0x2E:
                if frame_end not in (1 << 63, position + 1):
                    raise Fault(position, "STOP comes before the end of its frame")
                return position + 1
            if code == 0x95:
                length = int.from_bytes(self._bytes(position + 1, 8), "little")
                if frame_end != 1 << 63:
                    raise Fault(position, "a frame begins inside a frame")
                position += 9
                frame_end = position + length
                if self._size is not None and frame_end > self._size:
                    raise Fault(begun, f"a frame of {length} bytes goes past the end")
                walk.frames.append(begun)
            else:
                position = self._special(walk, code, position)
            if position > frame_end and code != 0x95:
                raise Fault(begun, "an opcode crosses the end of its frame")
            if begun < jump_start < position:
                raise Fault(begun, "an opcode crosses the start of array data")

    def _special(self, walk: Walk, code: int, position: int) -> int:
        """Read the opcode `code` at `position`, which the automaton left to us; return where the next one begins."""
        if code in (0x63, 0x69):  # GLOBAL, INST
            module, position = self._line(position + 1, _LONGEST_NAME)
            name, after = self._line(position, _LONGEST_NAME)
            offset = position - len(module) - 2
            try:
                self._note(walk, WrittenGlobal(offset, (module.decode(), name.decode())))
            except UnicodeDecodeError:
                raise Fault(offset, "a name to import is not UTF-8") from None
            return after
        if code == 0x93:
            self._note(walk, WrittenGlobal(position, None))
            return position + 1
        if code in _EXTENSIONS:
            length = _EXTENSIONS[code]
            number = int.from_bytes(self._bytes(position + 1, length), "little", signed=length == 4)
            if number <= 0:
                raise Fault(position, f"extension code {number}")
            self._note(walk, WrittenGlobal(position, ("copyreg.extension", str(number)), number))
            return position + 1 + length
        if code in _CONSTANTS:
            return self._constant(walk, code, position)
        if code == 0x72:  # LONG_BINPUT
            self._put(position, int.from_bytes(self._bytes(position + 1, 4), "little"))
            return position + 5
        if code == 0x70:  # PUT
            line, after = self._line(position + 1, _LONGEST_INDEX)
            try:
                index = int(line)  # blanks, signs, underscores and zeros in front, as the unpickler takes them
            except ValueError:
                raise Fault(position, "PUT without a number") from None
            self._put(position, index)
            return after
        if code in _TEXT:
            return self._line(position + 1, None)[1]
        if code in b"KhqMJjG\x80\x8a":
            if code == 0x80 and len(self._bytes(position, 2)) == 2:
                raise Fault(position, f"protocol {self._bytes(position + 1, 1)[0]} does not exist")
            if code == 0x8A:
                return self._end_of(position, 2, self._bytes(position + 1, 1)[0])
            raise Fault(position, "the stream ends inside an opcode")
        raise Fault(position, f"byte 0x{code:02x} is no opcode")

    def _note(self, walk: Walk, written: WrittenGlobal) -> None:
        self.count += 1
        if self.count > MOST_GLOBALS:
            raise Fault(written.offset, f"more than {MOST_GLOBALS} imports", bomb=True)
        walk.globals.append(written)

    def _put(self, position: int, index: int) -> None:
        if index < 0:
            raise Fault(position, "PUT with a negative number")
        if index >> self._bits:
            raise Fault(position, f"memo index {index} is out of proportion to the file", bomb=True)

    def _constant(self, walk: Walk, code: int, position: int) -> int:
        width = _CONSTANTS[code]
        signed = code in _SIGNED or code == 0x8B
        length = int.from_bytes(self._bytes(position + 1, width), "little", signed=signed)
        if length < 0:
            raise Fault(position, "a constant of negative length")
        after = self._end_of(position, 1 + width, length)
        if code != 0x8B:
            head = self.peek(position + 1 + width, min(length, _LOOKAHEAD))
            self._look_for_nested(walk, head, 0, len(head), position + 1 + width)
        if length >= _LONG_CONSTANT:
            walk.long_constants.extend((position, after, code))
        return after

    def _end_of(self, position: int, header: int, length: int) -> int:
        after = position + header + length
        if self._size is None:
            if length and not self.peek(after - 1, 1):
                raise Fault(position, f"a constant of {length} bytes goes past the end")
        elif after > self._size:
            raise Fault(position, f"a constant of {length} bytes goes past the end")
        return after

    def _bytes(self, offset: int, count: int) -> bytes:
        data = self.peek(offset, count)
        if len(data) < count:
            raise Fault(offset, "the stream ends inside an opcode")
        return data

    def _line(self, start: int, longest: int | None) -> tuple[bytes, int]:
        """Return the line from `start` (of lines without limit only the first 64 bytes) and where the next begins."""
        first, position = b"", start
        while True:
            data = self.peek(position, _LOOKAHEAD)
            end = data.find(b"\n")
            if end >= 0:
                line = (first + data[:end])[: longest or 64]
                return line, position + end + 1
            if not data or (longest is not None and position - start > longest):
                raise Fault(start, "a line without end")
            first = (first + data)[: longest or 64]
            position += len(data)

    def _look_for_nested(self, walk: Walk, data: bytes, start: int, end: int, base: int) -> None:
        if len(walk.nested) >= 1000:
            return
        search, at = _signature().search, start
        while (found := search(data, at, end)) is not None and len(walk.nested) < 1000:
            at = found.start() + 1
            if base + found.start() != walk.start:
                walk.nested.append(base + found.start())
