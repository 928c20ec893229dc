"""Putting a node back from its backup. Its log may not grow before its peers said that they have no more of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from ...errors import MalformedInput, Unavailable, UsageError
from ...store.log import halt
from ...store.sqlite import SQLiteStore
from ...trust import KeyStore
from ...trust.checkpoint import parse_checkpoint
from ...trust.ed25519 import PublicKey
from ...trust.encoding import b64encode
from ...trust.files import Files
from ...trust.keys import LOG, WITNESS, WITNESS_MLDSA
from ...trust.note import VerifierKey, parse_note
from ..config import read_config
from ..node import DATABASE, SPEAKER
from .auditing import audit_log
from .backup import Manifest, copy_member, opened_backup

_WITNESS_KEYS = tuple(f"{name}.key" for name in (WITNESS, WITNESS_MLDSA))


def restore(place: Path, folder: Path, *, keys: Path | None = None, keep_witness: bool = False) -> Manifest:
    """Make the node in `folder`, which has none, from a backup, with the keys in it or those in the folder `keys`.

    Nothing is there before every digest, the whole log and its keys were checked; then its log is halted until peers
    were asked. As a witness it starts with new keys: what it cosigned after the backup it does not remember, and with
    the old keys it could cosign another history. `keep_witness` is for who knows that there was nothing.
    Raises UsageError, MalformedInput, Unavailable.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UsageError("folder-in-use", f"{folder} is there already", "Name a folder that is not there, or empty.")
    speaker = KeyStore(keys).load(SPEAKER).public if keys else None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
        try:
            manifest = _unpack(place, scratch, keys, speaker, keep_witness=keep_witness)
            _audit(scratch, manifest)
            if folder.exists():
                folder.rmdir()
            scratch.rename(folder)
            Files().flush_folder(folder.parent)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise Unavailable(
            "restore-failed", f"{folder}: {error.strerror or error}", "Check free space and permissions."
        ) from None
    return manifest


def _unpack(
    place: Path, scratch: Path, keys: Path | None, speaker: PublicKey | None, *, keep_witness: bool
) -> Manifest:
    with opened_backup(place, speaker) as (archive, manifest):
        if not manifest.keys and keys is None:
            raise UsageError("no-keys", "the backup holds no keys", "Give the folder of the node's keys with --keys.")
        needed, free = sum(member.size for member in manifest.members), shutil.disk_usage(scratch).free
        if needed > free:
            raise Unavailable("disk-full", f"it unpacks to {needed} bytes, {free} are free", "Make room.")
        for member in manifest.members:
            if member.name.startswith("keys/") and member.name.endswith(".key") and keys is not None:
                continue
            target = scratch / member.name
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(handle, "wb") as file:
                copy_member(archive, member, file)
                file.flush()
                os.fsync(file.fileno())
    (scratch / "keys").mkdir(mode=0o700, exist_ok=True)
    for source in sorted(keys.glob("*.key")) if keys else ():
        shutil.copy(source, scratch / "keys" / source.name)
    for name in () if keep_witness else _WITNESS_KEYS:
        (scratch / "keys" / name).unlink(missing_ok=True)
    for path in sorted(scratch.glob("keys/*.key")):
        path.chmod(0o600)
        Files().flush(path)
    for path in (scratch / "keys", scratch):
        Files().flush_folder(path)
    return manifest


def _audit(scratch: Path, manifest: Manifest) -> None:
    """Compare keys, settings, checkpoint and log with one another, and halt the log. Raises MalformedInput."""
    config, held = read_config(scratch), KeyStore(scratch / "keys")
    log_key = VerifierKey(manifest.origin, held.load(LOG).public)
    if (str(log_key), b64encode(held.load(SPEAKER).public.raw)) != (manifest.log_key, manifest.key):
        raise MalformedInput("other-keys", "the keys are not those of the node in the backup", "Give that node's keys.")
    if config is None or config.origin != manifest.origin or config.store:
        raise MalformedInput("other-settings", "node.toml is of another node", "Take another copy of the backup.")
    store = SQLiteStore(scratch / DATABASE)
    try:
        head = audit_log(store, log_key)
        stated = parse_checkpoint(parse_note(manifest.checkpoint.encode(), name="the backup's checkpoint"))
        if (head.size, head.root, head.size) != (stated.size, stated.root, manifest.size):
            raise MalformedInput("other-log", "the log is not the one that was backed up", "Take another backup.")
        with store.writing() as transaction:
            halt(transaction, f"it was restored from the backup of {manifest.made}, and its peers were not asked yet")
    finally:
        store.close()
