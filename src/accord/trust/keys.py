"""The keys of this machine's user, and the keys of others that the user trusts."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from ..errors import MalformedInput, Unavailable, UsageError
from ..places import config_folder
from ..records import from_json, to_readable_json
from ..records.measurement import Record
from .ed25519 import PublicKey, SigningKey
from .files import Files, put
from .note import COSIGNATURE, ED25519, VerifierKey

TrustRole = Literal["signer", "log", "witness"]
DEFAULT = "default"
LOG = "log"
_MAX_FILE = 16 * 1024 * 1024
_KEY_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class TrustedKey(Record, frozen=True, kw_only=True):
    """A key of somebody else: what it may do, whose it is (`name`, `note`), since when it is trusted (UTC)."""

    role: TrustRole
    name: str
    vkey: str
    note: str = ""
    added: str

    @property
    def verifier(self) -> VerifierKey:
        """The key itself. Raises MalformedInput if it is not sound."""
        return VerifierKey.parse(self.vkey)


class _TrustFile(Record, frozen=True, kw_only=True):
    keys: tuple[TrustedKey, ...] = ()


class KnownKey(Record, frozen=True, kw_only=True):
    """A key that a check may rely on, and why: it is the user's own, or in the trust list."""

    role: TrustRole
    name: str
    why: Literal["own", "trust_list"]
    vkey: str
    note: str = ""

    @property
    def verifier(self) -> VerifierKey:
        """The key itself."""
        return VerifierKey.parse(self.vkey)


class Trust(Record, frozen=True, kw_only=True):
    """All keys that a check may rely on. The empty one knows nobody."""

    keys: tuple[KnownKey, ...] = ()

    def of(self, role: TrustRole) -> tuple[KnownKey, ...]:
        """Return the known keys of a role."""
        return tuple(key for key in self.keys if key.role == role)

    def signer(self, keyid: str) -> KnownKey | None:
        """Return the known signer with this keyid, own keys first."""
        found = [key for key in self.of("signer") if key.verifier.key.keyid == keyid]
        return min(found, key=lambda key: key.why != "own", default=None)


class KeyStore:
    """Keys in a folder only its owner can read: `<name>.key` (PKCS #8 PEM, mode 0600), and `trusted.json`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or config_folder() / "keys"

    def make(self, name: str = DEFAULT) -> SigningKey:
        """Make a key. It appears whole or not at all. Raises UsageError if the name is taken: no key is replaced."""
        path = self._path(name)
        key = SigningKey.generate()
        temporary = self.folder / f".{name}.{secrets.token_hex(8)}.new"
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
            handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(key.to_pem())
                    file.flush()
                    os.fsync(file.fileno())
                os.link(temporary, path)
            finally:
                temporary.unlink()
            Files().flush_folder(self.folder)
        except FileExistsError:
            raise UsageError("key-exists", f"there is a key named {name!r} already", "Choose another name.") from None
        except OSError as error:
            raise self._unavailable(error) from None
        return key

    def names(self) -> tuple[str, ...]:
        """Return the names of the user's keys."""
        found = (Path(name) for name in Files().names(self.folder))
        return tuple(sorted(path.stem for path in found if path.suffix == ".key" and _KEY_NAME.fullmatch(path.stem)))

    def load(self, name: str = DEFAULT) -> SigningKey:
        """Return a key. Raises UsageError if there is none, Unavailable if others can read it, MalformedInput."""
        path = self._path(name)
        try:
            data = Files().read(path, _MAX_FILE)
            mode = path.stat().st_mode if data is not None else 0
        except OSError as error:
            raise self._unavailable(error) from None
        if data is None:
            raise UsageError(
                "no-such-key", f"there is no key named {name!r}", "`accord keys` lists the keys there are."
            )
        if mode & 0o077:
            raise Unavailable(
                "key-exposed", f"others can read {path}", f"Run `chmod 600 {path}` if you still trust it."
            )
        return SigningKey.from_pem(data)

    def own(self, name: str = DEFAULT) -> SigningKey:
        """Return a key, made now if this is its first use."""
        if name not in self.names():
            with contextlib.suppress(UsageError):  # Another process was first.
                return self.make(name)
        return self.load(name)

    def vkey(self, name: str = DEFAULT) -> VerifierKey:
        """Return the public half of a key, as others import it."""
        return local_name(self.load(name).public)

    def trusted(self) -> tuple[TrustedKey, ...]:
        """Return the trust list. Raises MalformedInput if the file is not one."""
        try:
            data = Files().read(self._trust_path, _MAX_FILE)
        except OSError as error:
            raise self._unavailable(error) from None
        keys = from_json(data, _TrustFile, name=str(self._trust_path)).keys if data is not None else ()
        for key in keys:
            _require_role(key.role, key.verifier)
        return keys

    def trust(self, text: str, *, name: str, role: TrustRole = "signer", note: str = "") -> TrustedKey:
        """Add somebody's public key, a vkey or (signers only) PEM, under `name`. Raises MalformedInput, UsageError.

        Of a log or witness the vkey is needed, as its own name is part of what it signs.
        """
        if text.lstrip().startswith("-----BEGIN"):
            if role != "signer":
                raise UsageError("vkey-needed", f"the vkey of the {role} is needed, not its PEM", "Ask its operator.")
            verifier = local_name(PublicKey.from_pem(text))
        else:
            verifier = VerifierKey.parse(text)
        _require_role(role, verifier)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        added = TrustedKey(role=role, name=name, vkey=str(verifier), note=note, added=now)
        with self._locked():
            others = [key for key in self.trusted() if (key.role, key.vkey) != (role, added.vkey)]
            self._write((*others, added))
        return added

    def distrust(self, name: str) -> int:
        """Remove every key of that name from the trust list and return how many there were."""
        with self._locked():
            keys = self.trusted()
            kept = tuple(key for key in keys if key.name != name)
            self._write(kept)
        return len(keys) - len(kept)

    def known(self) -> Trust:
        """Return all keys that a check may rely on: one's own, then the trust list. Makes no key."""
        own = [
            KnownKey(role="log" if name == LOG else "signer", name=name, why="own", vkey=str(self.vkey(name)))
            for name in self.names()
        ]
        others = [
            KnownKey(role=key.role, name=key.name, why="trust_list", vkey=key.vkey, note=key.note)
            for key in self.trusted()
        ]
        return Trust(keys=(*own, *others))

    @property
    def _trust_path(self) -> Path:
        return self.folder / "trusted.json"

    def _path(self, name: str) -> Path:
        if not _KEY_NAME.fullmatch(name):
            raise UsageError(
                "bad-key-name", f"{name[:80]!r} can't name a key", "Use letters, digits, '.', '_' and '-'."
            )
        return self.folder / f"{name}.key"

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with Files().lock(self.folder / ".lock"):
                yield
        except OSError as error:
            raise self._unavailable(error) from None

    def _write(self, keys: tuple[TrustedKey, ...]) -> None:
        put(self._trust_path, to_readable_json(_TrustFile(keys=keys)))

    def _unavailable(self, error: OSError) -> Unavailable:
        return Unavailable(
            "keys-unavailable",
            f"the key folder {self.folder} can't be used: {error.strerror or error}",
            "Check its permissions, or set ACCORD_HOME to a folder of your own.",
        )


def local_name(key: PublicKey) -> VerifierKey:
    """Return a key under the name that it gives itself: `accord.local/<first 8 hex of its keyid>`."""
    return VerifierKey(f"accord.local/{key.keyid[:8]}", key)


def _require_role(role: TrustRole, key: VerifierKey) -> None:
    expected = COSIGNATURE if role == "witness" else ED25519
    if key.kind != expected:
        raise MalformedInput(
            "wrong-key-kind",
            f"the key {key.name} is of kind {key.kind:#04x}; a {role} has one of kind {expected:#04x}",
            "Ask its operator for the right verifier key.",
        )
