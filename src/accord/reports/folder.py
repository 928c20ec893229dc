"""The report folder: written whole beside its place, signed, then put in place in one step."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import UsageError
from ..subjects.digest import REPORT_MARKER as MARKER
from ..subjects.digest import refuse_sealed


def check_place(folder: Path) -> None:
    """Raise UsageError unless a report can be put at `folder`: it is free, empty, or an earlier report of ours."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise UsageError("no-folder", f"{folder} is not a folder", "Give another place with --out.")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).is_file():
        raise UsageError(
            "not-a-report", f"{folder} holds files that are no report of Accord", "Give another place with --out."
        )
    refuse_sealed(folder, itself=False)
    parent = next(place for place in folder.absolute().parents if place.exists())
    if not os.access(parent, os.W_OK | os.X_OK):
        raise UsageError("no-folder", f"nothing can be written into {parent}", "Give another place with --out.")


def write(folder: Path, files: Mapping[str, bytes], sign: Callable[[Path], object]) -> None:
    """Write `files` by name into `folder`, then call `sign` on it, and only then replace an earlier report.

    Raises UsageError if `folder` holds something that is not a report of ours; nothing is lost then.
    """
    check_place(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        fresh = scratch / "new"
        fresh.mkdir(mode=0o755)
        (fresh / MARKER).touch()
        for name, content in files.items():
            (fresh / name).write_bytes(content)
        sign(fresh)
        earlier = scratch / "old"
        if folder.is_dir():
            folder.rename(earlier)
        try:
            fresh.rename(folder)
        except OSError:
            if earlier.is_dir():
                earlier.rename(folder)
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
