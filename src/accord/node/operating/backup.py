"""A copy of a node in one file: store, settings, trust lists and, if asked for, keys.

A zip archive with a manifest that names every member by size and digest, signed by the key that the node speaks with.
Uploads that wait for their assessment are not in it, nor what `node.toml` names elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from ... import __version__
from ...errors import LimitExceeded, MalformedInput, Unavailable, UsageError
from ...records import from_json, to_json
from ...records.measurement import Record
from ...store.opening import migrations
from ...store.sqlite import SQLiteStore
from ...trust.dsse import parse, sign, to_line, verify
from ...trust.ed25519 import PublicKey
from ...trust.encoding import b64decode, b64encode
from ...trust.files import Files
from ...trust.statement import format_time
from ..config import FILE
from ..node import DATABASE, Node
from .auditing import audit_log

FORMAT = "accord-node-backup/v0.1"
PAYLOAD_TYPE = "application/vnd.accord.node-backup+json"
MANIFEST = "manifest.dsse.json"
LAST_BACKUP = "last-backup"
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_MEMBERS = 10_000
_CHUNK = 1024 * 1024
_WHEN = (1980, 1, 1, 0, 0, 0)
_PART = "[A-Za-z0-9][A-Za-z0-9._-]{0,99}"
_NAME = re.compile(rf"{_PART}(?:/{_PART}){{0,3}}")


class Member(Record, frozen=True, kw_only=True):
    """A file in a backup, by its path from the node's folder on."""

    name: str
    size: int
    sha256: str


class Manifest(Record, frozen=True, kw_only=True):
    """What a backup is of and what it holds. `checkpoint` is the log's at that moment, as a note; `made` is UTC.

    `elsewhere` are files that the settings name outside of it.
    """

    format: str
    made: str
    version: str
    schema: int
    name: str
    origin: str
    log_key: str
    key: str
    size: int
    checkpoint: str
    keys: bool
    members: tuple[Member, ...]
    elsewhere: tuple[str, ...] = ()


class LastBackup(Record, frozen=True, kw_only=True):
    """When the node was copied last, where to, and how many entries its log had."""

    made: str
    place: str
    size: int


def make_backup(node: Node, place: Path, *, with_keys: bool) -> Manifest:
    """Copy a node into a new file that only its owner can read, while the node runs; the file is read again after.

    Raises UsageError if the file is there, Unavailable (PostgreSQL has its own tools; a full disk), MalformedInput if
    the log is damaged.
    """
    if node.config.store:
        raise Unavailable(
            "use-pg-dump",
            "this node's store is in PostgreSQL, which is copied by its own tools",
            f"Run `pg_dump --format=custom --file={place} {node.store.place}`, and copy {node.folder} beside it.",
        )
    if place.exists():
        raise UsageError("file-exists", f"{place} is there already", "Name a file that is not there yet.")
    with _refusals(place):
        scratch = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
        try:
            copy = scratch / DATABASE
            node.store.backup(copy)
            manifest = _write(node, scratch / "backup", copy, with_keys=with_keys)
            with opened_backup(scratch / "backup", node.speaker.public) as (archive, read):
                for member in read.members:
                    copy_member(archive, member, None)
            (scratch / "backup").rename(place)
            Files().flush_folder(place.parent)
        finally:
            shutil.rmtree(scratch)
    last = LastBackup(made=manifest.made, place=str(place.resolve()), size=manifest.size)
    with node.store.writing() as transaction:
        transaction.run(
            "INSERT INTO meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            LAST_BACKUP, to_json(last).decode(),
        )  # fmt: skip
    return manifest


def _write(node: Node, place: Path, copy: Path, *, with_keys: bool) -> Manifest:
    store = SQLiteStore(copy)
    try:
        head = audit_log(store, node.log.verifier_key)
        with store.reading() as transaction:
            (note,) = transaction.one("SELECT note FROM logs WHERE origin = ?", node.origin) or (b"",)
    finally:
        store.close()
    handle = os.open(place, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w+b") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            sources = {DATABASE: copy, **_small_files(node, with_keys=with_keys)}
            members = tuple(_put(archive, name, source) for name, source in sources.items())
            manifest = Manifest(
                format=FORMAT,
                made=format_time(datetime.now(UTC)),
                version=__version__,
                schema=migrations()[-1][0],
                name=node.config.name,
                origin=node.origin,
                log_key=str(node.log.verifier_key),
                key=b64encode(node.speaker.public.raw),
                size=head.size,
                checkpoint=bytes(note).decode(),
                keys=with_keys,
                members=members,
                elsewhere=tuple(filter(None, (node.config.profile, _secret_of(node)))),
            )
            line = to_line(sign(to_json(manifest), [node.speaker], PAYLOAD_TYPE))
            archive.writestr(zipfile.ZipInfo(MANIFEST, _WHEN), line + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return manifest


def _secret_of(node: Node) -> str:
    return node.config.oidc.client_secret_file if node.config.oidc else ""


def _small_files(node: Node, *, with_keys: bool) -> dict[str, Path]:
    """Return settings, keys and trust lists, by their path from the node's folder on."""
    found = [node.folder / FILE, *sorted(node.folder.glob("trust-lists/*/*.intoto.jsonl"))]
    found += [path for path in [node.keys.folder / "trusted.json"] if path.exists()]
    found += sorted(node.keys.folder.glob("*.key")) if with_keys else []
    names = {path.relative_to(node.folder).as_posix(): path for path in found if not path.is_symlink()}
    return {name: path for name, path in names.items() if _NAME.fullmatch(name)}


def _put(archive: zipfile.ZipFile, name: str, source: Path) -> Member:
    digest, size = hashlib.sha256(), 0
    info = zipfile.ZipInfo(name, _WHEN)
    info.compress_type = zipfile.ZIP_DEFLATED
    with source.open("rb") as file, archive.open(info, "w", force_zip64=True) as member:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            member.write(chunk)
    return Member(name=name, size=size, sha256=digest.hexdigest())


@contextmanager
def opened_backup(place: Path, key: PublicKey | None) -> Iterator[tuple[zipfile.ZipFile, Manifest]]:
    """Open a backup and read its manifest, signed by `key` or else by the key that it names itself.

    Raises UsageError if it can't be opened, MalformedInput if it is no backup, or another one than it says.
    """
    with _refusals(place), place.open("rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                yield archive, _read_manifest(archive, key)
        except (zipfile.BadZipFile, NotImplementedError, EOFError, zlib.error, RuntimeError, ValueError) as error:
            raise MalformedInput("no-backup", f"{place} is no backup: {error}", "Take another copy of it.") from None


def _read_manifest(archive: zipfile.ZipFile, key: PublicKey | None) -> Manifest:
    names = [item.filename for item in archive.filelist]
    if len(names) > MAX_MEMBERS or MANIFEST not in names:
        raise MalformedInput("no-backup", "this is no backup of a node", "Name what `accord node backup` wrote.")
    with archive.open(MANIFEST) as member:
        data = member.read(MAX_MANIFEST_BYTES + 1)
    if len(data) > MAX_MANIFEST_BYTES:
        raise LimitExceeded("manifest-too-large", "the manifest is too large", "Take another copy of it.")
    envelope = parse(data.removesuffix(b"\n"), name=MANIFEST)
    manifest = from_json(envelope.payload, Manifest, name=MANIFEST)
    if manifest.format != FORMAT:
        raise MalformedInput("other-format", f"the format is {manifest.format[:80]!r}", f"This Accord reads {FORMAT}.")
    signer = key or PublicKey(b64decode(manifest.key, "key of the backup"))
    if b64encode(signer.raw) != manifest.key:
        raise MalformedInput("other-node", "the backup is of a node with other keys", "Give that node's keys.")
    verify(envelope, [signer], payload_types=[PAYLOAD_TYPE])
    stated = [member.name for member in manifest.members]
    if sorted([*stated, MANIFEST]) != sorted(names) or len(set(stated)) != len(stated):
        raise MalformedInput("other-members", "the backup holds other files than it says", "Take another copy of it.")
    if not all(_NAME.fullmatch(name) for name in stated) or not {DATABASE, FILE} <= set(stated):
        raise MalformedInput("bad-members", "the backup names files that no node has", "Take another copy of it.")
    return manifest


def copy_member(archive: zipfile.ZipFile, member: Member, target: BinaryIO | None) -> None:
    """Read a member, into `target` if there is one, and compare it with the manifest. Raises MalformedInput."""
    digest, size = hashlib.sha256(), 0
    with archive.open(member.name) as file:
        while chunk := file.read(min(_CHUNK, member.size - size + 1)):
            size += len(chunk)
            if size > member.size:
                break
            digest.update(chunk)
            if target is not None:
                target.write(chunk)
    if (size, digest.hexdigest()) != (member.size, member.sha256):
        raise MalformedInput("backup-altered", f"{member.name} is not what was backed up", "Take another copy of it.")


@contextmanager
def _refusals(place: Path) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError as error:
        raise UsageError("no-file", f"{error.filename or place}: no such file or folder", "Name one.") from None
    except OSError as error:
        raise Unavailable(
            "backup-failed", f"{place}: {error.strerror or error}", "Check free space and permissions."
        ) from None
