"""What kind of file is this? By its content, never by its name.

An extension is a claim that an attacker chooses (CVE-2025-1889, CVE-2025-10155), so it is used only to settle a tie
between kinds that the content leaves open: a table of one row or one column, one line of JSON, a zip that holds
NumPy arrays among other files, a safetensors header whose length is a lie.
"""

from __future__ import annotations

import bz2
import io
import lzma
import os
import re
import stat
import struct
import zlib
from pathlib import Path
from typing import BinaryIO

from ..errors import Unavailable
from .pickle_opcodes import begins_like_pickle
from .text_formats import decode_text, text_kind

_HEAD = 16 << 10
_DIRECTORY = 1 << 20
_DECOMPRESSED = 16 << 10
_ONNX_FIELDS = 4096
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"GGUF", "gguf"),
    (b"\x93NUMPY", "numpy"),
    (b"PAR1", "parquet"),
    (b"%PDF-", "pdf"),
    (b"\x89PNG\r\n\x1a\n", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"GIF87a", "image"),
    (b"GIF89a", "image"),
    (b"II*\x00", "image"),
    (b"MM\x00*", "image"),
)
_HDF5 = b"\x89HDF\r\n\x1a\n"
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"


def recognise(path: Path) -> str:
    """Return the kind of the file at `path`.

    One of safetensors, gguf, onnx, numpy, numpy_zip, pytorch, torchscript, keras, hdf5, pickle, joblib, parquet, csv,
    jsonl, json, wheel, zip, tar, text, image, pdf, empty, unknown; `folder` for a folder, `special` for a pipe, socket
    or device, which is not opened. Reads some kilobytes, and of a zip the central directory up to 1 MiB. Follows a
    symbolic link. Raises Unavailable when the file is missing or may not be read.
    """
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            return "folder"
        if not stat.S_ISREG(mode):
            return "special"
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return "special"  # exchanged since we looked
            return _kind(stream, os.fstat(descriptor).st_size, path.suffix.lower())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Unavailable("unreadable-file", f"{path}: {reason}", "Make the file readable, or leave it out.") from None


def _kind(stream: BinaryIO, size: int, suffix: str) -> str:
    if size == 0:
        return "empty"
    head = stream.read(_HEAD)
    if not head:
        return "unknown"  # /proc and the like: a size, but no bytes
    if compressed := _compressed_kind(head):
        return compressed
    if begins_like_pickle(stream):  # before what follows: a pickle can begin with GIF87a, or lie in a tar's first name
        return "pickle"
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    if head.startswith((_LOCAL, _END)):
        return _zip_kind(_zip_names(stream, size, head), suffix)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image"
    if _is_tar(head):
        return "tar"
    if any(head.startswith(_HDF5, at) for at in (0, 512, 1024, 2048, 4096, 8192)):
        return "hdf5"
    if _is_safetensors(head, size, suffix):
        return "safetensors"
    if _is_onnx(stream, size):
        return "onnx"
    text = decode_text(head)
    return "unknown" if text is None else text_kind(text, whole=size <= len(head), suffix=suffix)


def _is_safetensors(head: bytes, size: int, suffix: str) -> bool:
    """Eight bytes of length, then a JSON object. There is no magic, so both must look the part.

    A length that reads as text would be over 2^56: then it is JSON with an object in it, unless the name hints.
    """
    hinted = suffix == ".safetensors"
    opening = re.match(rb'\s*\{\s*["}]', head[8:])
    if not opening or not (hinted or any(byte < 9 or byte > 0x7E for byte in head[:8])):
        return hinted and head[8:9] == b"{"
    if hinted or b'"dtype"' in head or b'"__metadata__"' in head:
        return True
    length = int.from_bytes(head[:8], "little")
    return 8 + length <= size and length < 100_000_000


def _is_tar(head: bytes) -> bool:
    block = head[:512]
    if len(block) < 512 or not block[0]:
        return False
    stored = re.match(rb" *([0-7]{1,7})[ \0]", block[148:156])
    return stored is not None and int(stored[1], 8) == sum(block) - sum(block[148:156]) + 8 * ord(" ")


def _compressed_kind(head: bytes) -> str | None:
    """The kind of a gzip, zlib, bzip2, xz or lzma stream, by its first decompressed bytes: joblib, tar or unknown."""
    try:
        if head[:2] == b"\x1f\x8b":
            inner = zlib.decompressobj(31).decompress(head, _DECOMPRESSED)
        elif head[:1] == b"\x78" and len(head) > 1 and int.from_bytes(head[:2], "big") % 31 == 0:
            inner = zlib.decompressobj().decompress(head, _DECOMPRESSED)
        elif head[:3] == b"BZh" and head[4:10] == b"1AY&SY":
            inner = _first_of_bzip2(head)
        elif head[:6] == b"\xfd7zXZ\x00":
            inner = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=1 << 27).decompress(head, _DECOMPRESSED)
        elif head[:3] == b"\x5d\x00\x00":
            inner = lzma.LZMADecompressor(lzma.FORMAT_ALONE, memlimit=1 << 27).decompress(head, _DECOMPRESSED)
        else:
            return None
    except (zlib.error, lzma.LZMAError, OSError, EOFError, MemoryError):
        return None
    if _is_tar(inner):
        return "tar"
    return "joblib" if inner and begins_like_pickle(io.BytesIO(inner), cut=True) else "unknown"


def _first_of_bzip2(head: bytes) -> bytes:
    return bz2.BZ2Decompressor().decompress(head, _DECOMPRESSED)


def _zip_names(stream: BinaryIO, size: int, head: bytes) -> list[str]:
    """Names from the central directory and from the first local headers: whichever a loader believes, we see it."""
    names = [head[at + 30 : at + 30 + length] for at, length in _places(head, _LOCAL, 26)]
    tail_size = min(size, 65_557)
    stream.seek(size - tail_size)
    tail = stream.read(tail_size)
    at = tail.rfind(_END)
    if at >= 0 and len(tail) >= at + 22:
        length, offset = struct.unpack_from("<II", tail, at + 12)
        locator = tail[at - 20 : at] if at >= 20 else b""
        if locator.startswith(b"PK\x06\x07"):
            stream.seek(min(int.from_bytes(locator[8:16], "little"), size))
            record = stream.read(56)
            if record.startswith(b"PK\x06\x06") and len(record) == 56:
                length, offset = struct.unpack_from("<QQ", record, 40)
        if offset < size:
            stream.seek(offset)
            directory = stream.read(min(length, _DIRECTORY))
            names += [directory[at + 46 : at + 46 + count] for at, count in _places(directory, _CENTRAL, 28)]
    return [name.decode("utf-8", "replace") for name in dict.fromkeys(names)]


def _places(data: bytes, signature: bytes, length_at: int) -> list[tuple[int, int]]:
    """Where `signature` stands in `data`, each with the length of the name of that entry."""
    places = []
    at = data.find(signature)
    while 0 <= at <= len(data) - length_at - 2:
        places.append((at, int.from_bytes(data[at + length_at : at + length_at + 2], "little")))
        at = data.find(signature, at + 4)
    return places


def _zip_kind(names: list[str], suffix: str) -> str:
    last = {name.rpartition("/")[2] for name in names}
    if "data.pkl" in last:
        code = any(f"/{name}".endswith("/constants.pkl") or "/code/" in f"/{name}" for name in names)
        return "torchscript" if code else "pytorch"
    if "constants.pkl" in last:
        return "torchscript"
    if {"config.json", "model.weights.h5"} <= set(names) or {"config.json", "metadata.json"} <= set(names):
        return "keras"
    if any(name.endswith(".dist-info/WHEEL") for name in names):
        return "wheel"
    arrays = sum(name.endswith(".npy") for name in names)
    if arrays and (2 * arrays > len(names) or suffix == ".npz"):
        return "numpy_zip"
    return "zip"


# ModelProto (onnx.proto): field number -> wire type
_MODEL_FIELDS = {1: 0, 2: 2, 3: 2, 4: 2, 5: 0, 6: 2, 7: 2, 8: 2, 14: 2, 20: 2, 25: 2, 26: 2}
_GRAPH_OPENINGS = frozenset(b"\x0a\x12\x2a\x52\x5a\x62\x6a\x72\x7a")


def _is_onnx(stream: BinaryIO, size: int) -> bool:
    """Walk the top-level fields of a protobuf message: all must be fields of ModelProto, a graph among them."""
    at, seen, graph_like = 0, set(), False
    for _ in range(_ONNX_FIELDS):
        stream.seek(at)
        chunk = stream.read(32)
        if not chunk:
            break
        key, used = _varint(chunk, 0)
        number, wire = key >> 3, key & 7
        if not used or _MODEL_FIELDS.get(number) != wire:
            return False
        value, more = _varint(chunk, used)
        if not more or (number == 1 and not 0 < value < 1000):
            return False
        seen.add(number)
        at += used + more
        if wire == 2:
            if number == 7:
                graph_like = value > 0 and chunk[used + more : used + more + 1] in [bytes([b]) for b in _GRAPH_OPENINGS]
                if not graph_like:
                    return False
            at += value
        if at > size:
            return graph_like and bool(seen & {1, 8})  # cut short: still an ONNX file, a broken one
    return graph_like and bool(seen & {1, 8})


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return (value, bytes used) of the varint at `at`; (0, 0) if it doesn't end within ten bytes."""
    value = 0
    for used, byte in enumerate(data[at : at + 10]):
        value |= (byte & 0x7F) << (7 * used)
        if byte < 0x80:
            return value, used + 1
    return 0, 0
