"""The folder of a job: what lies where in it, and when it goes."""

from __future__ import annotations

import re
import secrets
import shutil
import time
from pathlib import Path

from ..node import Node
from . import table

ID = re.compile(r"[0-9a-f]{32}")
TASK = "task.json"
UPLOAD = "upload"
TARGET = "target"
REPORT = "report"
CACHE = "cache"
HOME = "home"
SCRATCH = "scratch"
ERRORS = "errors.txt"
REPORT_DAYS = 7
"""How long the report of a job that could not be published is kept."""
_ROW_DAYS = 90
_UPLOADING_SECONDS = 24 * 60 * 60
_DAY_MS = 24 * 60 * 60 * 1000


def new_id() -> str:
    """Return a name for a job that nobody guesses."""
    return secrets.token_hex(16)


def folder_of(node: Node, identity: str) -> Path:
    """Return where the files of a job lie."""
    return node.folder / "jobs" / identity


def remove(folder: Path) -> None:
    """Remove the folder of a job, as far as the file system lets us."""
    shutil.rmtree(folder, ignore_errors=True)


def tidy(node: Node, identity: str) -> None:
    """Remove what an ended job no longer needs: its upload at once unless the settings keep it, then all of it."""
    folder = folder_of(node, identity)
    with node.store.reading() as transaction:
        ended = table.ended_at(transaction, identity)
        row = transaction.one("SELECT state FROM jobs WHERE id = ?", identity)
    if not ended or row is None:
        return
    age = table.now() - ended
    for name in (CACHE, HOME, SCRATCH, TARGET, ERRORS):
        place = folder / name
        place.unlink(missing_ok=True) if place.is_file() else remove(place)
    if age >= node.config.upload_days * _DAY_MS:
        remove(folder / UPLOAD)
    if row[0] == "done" or age >= REPORT_DAYS * _DAY_MS:
        remove(folder / REPORT)
    if not (folder / UPLOAD).exists() and not (folder / REPORT).exists():
        remove(folder)


def sweep(node: Node) -> None:
    """Tidy every job's folder, and remove those of uploads that never became one; forget jobs of long ago."""
    place = node.folder / "jobs"
    for folder in sorted(place.iterdir()) if place.is_dir() else ():
        if not ID.fullmatch(folder.name):
            continue
        with node.store.reading() as transaction:
            ended = table.ended_at(transaction, folder.name)
        if ended is None:
            if time.time() - folder.stat().st_mtime > _UPLOADING_SECONDS:
                remove(folder)
        elif ended:
            tidy(node, folder.name)
    table.forget_before(node.store, table.now() - _ROW_DAYS * _DAY_MS)
