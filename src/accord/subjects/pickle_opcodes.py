"""Does this byte stream begin like a pickle? A walk over its first opcodes, with the depth of the stack.

Text must not pass for a protocol-0 pickle, whose opcodes are letters. So the walk keeps the depth of stack and
marks, and knows which memo entries exist: prose underflows within a few letters. A stream counts as a pickle once
it calls something, stops cleanly, or has kept to the rules for many opcodes. The rules are as lax as those of the C
unpickler, lest a pickle pass for a text. Source: CPython `Lib/pickletools.py` and `Modules/_pickle.c`.
"""

from __future__ import annotations

import re
from typing import BinaryIO

_LINE_LIMIT = 1 << 20
_OPCODES_LIMIT = 2000
_INTEGER = re.compile(rb"\s*[-+]?\d\w*\s*\Z")  # 0x10 and 1_000 too
_NUMBER = re.compile(rb"[-+]?(\d[\d_.]*(e[-+]?\d+)?|\.\d+(e[-+]?\d+)?|inf|infinity|nan)\Z", re.IGNORECASE)
_NAME = re.compile(rb"[\w\x80-\xff][\w.\x80-\xff-]*\Z")
_QUOTED = re.compile(rb"""(['"]).*\1\Z""", re.DOTALL)
_DIGITS = re.compile(rb"\s*\+?\d[\d_]*\s*\Z")
_INDEX_LIMIT = 4096  # int() takes no more digits

# opcode: (bytes of argument, stack items needed, items left in their place)
_FIXED: dict[int, tuple[int, int, int]] = {
    **dict.fromkeys(b"N]})\x88\x89\x8f\x97", (0, 0, 1)),
    ord("J"): (4, 0, 1),
    ord("K"): (1, 0, 1),
    ord("M"): (2, 0, 1),
    ord("G"): (8, 0, 1),
    0x82: (1, 0, 1),
    0x83: (2, 0, 1),
    0x84: (4, 0, 1),
    ord("a"): (0, 2, 1),
    ord("s"): (0, 3, 1),
    ord("0"): (0, 1, 0),
    ord("2"): (0, 1, 2),
    0x85: (0, 1, 1),
    0x86: (0, 2, 1),
    0x87: (0, 3, 1),
    0x93: (0, 2, 1),
    0x98: (0, 1, 1),
    0x95: (8, 0, 0),
}
_COUNTED: dict[int, int] = {ord("T"): 4, ord("U"): 1, ord("X"): 4, ord("B"): 4, ord("C"): 1}
_COUNTED |= {0x8C: 1, 0x8D: 8, 0x8E: 8, 0x96: 8, 0x8A: 1, 0x8B: 4}
_LINES: dict[int, re.Pattern[bytes]] = {
    ord("I"): _INTEGER,
    ord("L"): _INTEGER,
    ord("F"): _NUMBER,
    ord("S"): _QUOTED,
    ord("V"): re.compile(rb"[^\n]*\Z"),
}
_LONG_LINES: dict[int, re.Pattern[bytes]] = {  # how a line begins that is too long to be read whole
    ord("I"): re.compile(rb"\s*[-+]?\w*\Z"),
    ord("L"): re.compile(rb"\s*[-+]?\w*\Z"),
    ord("F"): re.compile(rb"[-+]?[\d_.]*\Z"),
    ord("S"): re.compile(rb"""['"]"""),
    ord("V"): re.compile(rb""),
}
_TO_MARK: dict[int, tuple[int, int]] = {  # opcode: (items needed under the mark, items pushed after)
    ord("t"): (0, 1),
    ord("l"): (0, 1),
    ord("d"): (0, 1),
    ord("u"): (1, 0),
    ord("e"): (1, 0),
    ord("1"): (0, 0),
    0x90: (1, 0),
    0x91: (0, 1),
}
_CALLS = {ord("R"): 2, ord("b"): 2, 0x81: 2, 0x92: 3}  # opcode: items needed
OPCODES = frozenset(
    (*_FIXED, *_COUNTED, *_LINES, *_TO_MARK, *_CALLS, *b"(.cigpPqQrhjo\x80\x94"),
)


def begins_like_pickle(stream: BinaryIO, *, cut: bool = False) -> bool:
    """Whether the seekable `stream` begins with a pickle of protocol 0 to 5.

    `cut` says that the stream may end early because the caller holds only its beginning. Reads at most some
    2,000 opcodes and 1 MiB a line; arguments that state their length are skipped, not read.
    """
    stream.seek(0)
    head = stream.read(3)
    if len(head) == 3 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return head[2] in OPCODES
    return _walk(stream, stream.seek(0, 2), cut)


def _walk(stream: BinaryIO, size: int, cut: bool) -> bool:
    stream.seek(0)
    stack: list[int] = [0]  # items in each stretch between marks
    memo: set[int] = set()
    for count in range(_OPCODES_LIMIT):
        byte = stream.read(1)
        if not byte:
            return cut and count > 1
        code = byte[0]
        if code == ord("."):
            after = stream.tell()
            if not stack[-1]:
                return False
            if cut or not stream.read(64).strip():
                return True
            stream.seek(after)  # loaders read several pickles, one after the other: what follows must be one too
            stack = [0]
        elif code in _CALLS:
            return stack[-1] >= _CALLS[code]
        elif code in b"oi":
            return len(stack) > 1 and (code == ord("o") or _global(stream))
        elif code == ord("("):
            stack.append(0)
        elif code == ord("0") and not stack[-1] and len(stack) > 1:
            stack.pop()  # POP takes the mark away where nothing lies on it
        elif code in _TO_MARK:
            needed, pushed = _TO_MARK[code]
            if len(stack) < 2 or stack[-2] < needed:
                return False
            stack.pop()
            stack[-1] += pushed
        elif code in _FIXED:
            width, needed, left = _FIXED[code]
            if stack[-1] < needed or len(stream.read(width)) < width:
                return False
            stack[-1] += left - needed
        elif code in _COUNTED:
            width = _COUNTED[code]
            length = int.from_bytes(stream.read(width), "little")
            after = stream.tell() + length
            if after > size:
                return cut and count > 1
            stream.seek(after)
            stack[-1] += 1
        elif code in _LINES:
            line = stream.readline(_LINE_LIMIT)
            if len(line) == _LINE_LIMIT and not line.endswith(b"\n"):
                return _LONG_LINES[code].match(line) is not None  # no prose begins like that and has no line's end
            if not line.endswith(b"\n") or not _LINES[code].match(line[:-1]):
                return False
            stack[-1] += 1
        elif code == ord("c"):
            if not _global(stream):
                return False
            stack[-1] += 1
        elif code == 0x80:
            if stream.read(1) not in b"\x00\x01\x02\x03\x04\x05":
                return False
        elif not _memo(stream, code, stack, memo):
            return False
    return True


def _global(stream: BinaryIO) -> bool:
    """Read the two lines of GLOBAL or INST: a module and a name."""
    lines = stream.readline(512), stream.readline(512)
    return all(line.endswith(b"\n") and _NAME.match(line[:-1]) for line in lines)


def _memo(stream: BinaryIO, code: int, stack: list[int], memo: set[int]) -> bool:
    """Follow an opcode that writes (p q r MEMOIZE) or reads (g h j) the memo; False for any other opcode."""
    if code == 0x94:
        index = len(memo)
    elif code in b"pg":
        line = stream.readline(_INDEX_LIMIT)
        if not line.endswith(b"\n") or not _DIGITS.match(line[:-1]):
            return False
        index = int(line.replace(b"_", b""))
    elif code in b"qhrj":
        width = 1 if code in b"qh" else 4
        index = int.from_bytes(stream.read(width), "little")
    else:
        return False
    if code in b"ghj":
        stack[-1] += 1
        return index in memo
    memo.add(index)
    return stack[-1] > 0
