"""A bundle: statements, their proofs and files, trust lists and a status, in one file that travels on a stick.

It is a zip archive that is read as a stream of named members, each bounded; nothing is extracted by its own name. A
bundle proves nothing as a whole: every statement in it is signed, and proven to be in a log, by itself.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..errors import LimitExceeded, MalformedInput, UsageError
from ..records import from_json, to_readable_json
from ..records.measurement import Record
from .proof import LogProof, parse_proof
from .saying import Heard, hear

FORMAT = "accord-bundle/v0.1"
MAX_BUNDLE_BYTES = 1024 * 1024 * 1024
MAX_MEMBERS = 100_000
MAX_MEMBER_BYTES = 64 * 1024 * 1024
_MANIFEST = "bundle.json"
_STATEMENT = re.compile(r"statements/([0-9a-f]{64})\.intoto\.jsonl")
_PROOF = re.compile(r"proofs/([0-9a-f]{64})\.tlog-proof")
_FILE = re.compile(r"files/([0-9a-f]{64})/([A-Za-z0-9][A-Za-z0-9._-]{0,99})")
_WHEN = (1980, 1, 1, 0, 0, 0)


class Manifest(Record, frozen=True, kw_only=True):
    """Who made a bundle, and when (UTC): its node's log and keys, as it states them."""

    format: str
    made: str
    origin: str
    log_key: str
    key: str
    name: str = ""


@dataclass(frozen=True)
class Carried:
    """A statement in a bundle, with the proof that a log has it and the files that came with it."""

    heard: Heard
    proof: LogProof | None = None
    files: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """What a bundle holds. `refused` names members that are not what they should be, with the reason."""

    manifest: Manifest
    statements: tuple[Carried, ...]
    refused: dict[str, str]


def write_bundle(
    place: Path, manifest: Manifest, statements: Iterable[tuple[bytes, bytes | None, dict[str, bytes]]]
) -> int:
    """Write a bundle of statements (line, proof, files) to a new file; return how many there are.

    Raises UsageError if the file is there, LimitExceeded if it would not be read again.
    """
    from .canonical import digest_bytes

    try:
        with place.open("xb") as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            _put(archive, _MANIFEST, to_readable_json(manifest))
            count = 0
            for line, proof, files in statements:
                digest = digest_bytes(line).removeprefix("sha256:")
                _put(archive, f"statements/{digest}.intoto.jsonl", line + b"\n")
                if proof is not None:
                    _put(archive, f"proofs/{digest}.tlog-proof", proof)
                for name, data in files.items():
                    _put(archive, f"files/{digest}/{name}", data)
                count += 1
                if len(archive.filelist) > MAX_MEMBERS or file.tell() > MAX_BUNDLE_BYTES:
                    raise LimitExceeded("bundle-too-large", f"more than {MAX_MEMBERS} members", "Make several bundles.")
    except FileExistsError:
        raise UsageError("file-exists", f"{place} is there already", "Name a file that is not there yet.") from None
    except BaseException:
        place.unlink(missing_ok=True)
        raise
    return count


def _put(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, _WHEN), data, zipfile.ZIP_DEFLATED)


def read_bundle(place: Path) -> Bundle:
    """Read a bundle and hear every statement in it. Whose keys and logs those are is not judged here.

    Raises MalformedInput if it is no bundle, LimitExceeded if it is too large, UsageError if it can't be opened.
    """
    try:
        with place.open("rb") as file:
            return _read(file)
    except OSError as error:
        raise UsageError("no-bundle", f"{place}: {error.strerror or error}", "Name a bundle.") from None


def _read(file: BinaryIO) -> Bundle:
    file.seek(0, io.SEEK_END)
    if file.tell() > MAX_BUNDLE_BYTES:
        raise LimitExceeded("bundle-too-large", f"{file.tell()} bytes", f"At most {MAX_BUNDLE_BYTES} are read.")
    try:
        with zipfile.ZipFile(file) as archive:
            if len(archive.filelist) > MAX_MEMBERS:
                raise LimitExceeded("bundle-too-large", f"{len(archive.filelist)} members", f"At most {MAX_MEMBERS}.")
            return _read_members(archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error, ValueError) as error:
        raise MalformedInput("no-bundle", f"this is no bundle: {error}", "Ask for the file again.") from None


def _read_members(archive: zipfile.ZipFile) -> Bundle:
    names = [item.filename for item in archive.filelist]
    if len(set(names)) != len(names) or _MANIFEST not in names:
        raise MalformedInput("no-bundle", "members are missing, or there twice", "Ask for the file again.")
    manifest = from_json(_get(archive, _MANIFEST), Manifest, name=_MANIFEST)
    if manifest.format != FORMAT:
        raise MalformedInput("other-format", f"the format is {manifest.format[:80]!r}", f"This Accord reads {FORMAT}.")
    refused: dict[str, str] = {}
    heard: dict[str, Heard] = {}
    proofs: dict[str, LogProof] = {}
    files: dict[str, dict[str, bytes]] = {}
    total = 0
    for name in names:
        if name == _MANIFEST:
            continue
        try:
            data = _get(archive, name)
            total += len(data)
            if total > MAX_BUNDLE_BYTES:
                raise LimitExceeded("bundle-too-large", "it unpacks to too much", f"At most {MAX_BUNDLE_BYTES} bytes.")
            if found := _STATEMENT.fullmatch(name):
                heard[found[1]] = _hear(data, found[1])
            elif found := _PROOF.fullmatch(name):
                proofs[found[1]] = parse_proof(data, name="proof")
            elif found := _FILE.fullmatch(name):
                files.setdefault(found[1], {})[found[2]] = data
            else:
                refused[name] = "a bundle holds no such member"
        except MalformedInput as error:
            refused[name] = error.message
    carried = tuple(Carried(item, proofs.get(digest), files.get(digest, {})) for digest, item in heard.items())
    return Bundle(manifest, carried, refused)


def _hear(data: bytes, digest: str) -> Heard:
    found = hear(data.removesuffix(b"\n"))
    if found.id != f"sha256:{digest}":
        raise MalformedInput("other-statement", "it is not the statement that its name says", "Ask for it again.")
    return found


def _get(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as member:
        data = member.read(MAX_MEMBER_BYTES + 1)
    if len(data) > MAX_MEMBER_BYTES:
        raise LimitExceeded("member-too-large", f"{name[:100]} is too large", f"At most {MAX_MEMBER_BYTES} bytes.")
    return data
