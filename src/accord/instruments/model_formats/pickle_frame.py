"""What can be said of a pickle without reading its opcodes: protocol and compression. It always can run code."""

from __future__ import annotations

from pathlib import Path

from .interface import Header, open_window

_COMPRESSIONS = (
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"\x5d\x00\x00", "lzma"),
    (b"\x78", "zlib"),
)
_NOT_CHECKED = ("the pickle's opcodes, tensors and parameters; see model_files.pickles",)


def read_pickle(path: Path) -> Header:
    """Read the protocol of the pickle stream at `path`."""
    with open_window(path, chunk=64) as window:
        head = window.up_to(0, 2)
        # protocol 0 and 1 have no mark and can't be told apart by the first bytes
        version = str(head[1]) if head[:1] == b"\x80" and len(head) == 2 else None
        return Header("pickle", version=version, executes=True, not_checked=_NOT_CHECKED, bytes_read=window.bytes_read)


def read_joblib(path: Path) -> Header:
    """Read the compression of the compressed pickle at `path`."""
    with open_window(path, chunk=64) as window:
        head = window.up_to(0, 6)
        name = next((name for magic, name in _COMPRESSIONS if head.startswith(magic)), None)
        metadata = {"compression": name} if name else {}
        return Header(
            "joblib", metadata=metadata, executes=True, not_checked=_NOT_CHECKED, bytes_read=window.bytes_read
        )
