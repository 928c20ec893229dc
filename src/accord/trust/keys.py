"""The keys of this machine's user, and the keys of others that the user trusts."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ..errors import MalformedInput, Unavailable, UsageError
from ..places import config_folder
from ..records import from_json, to_readable_json
from ..records.measurement import Record
from .ed25519 import PublicKey, SigningKey
from .files import Files, put
from .mldsa import MldsaPublicKey, MldsaSigningKey
from .note import ED25519, LOG_KINDS, WITNESS_KINDS, Cosigner, VerifierKey

if TYPE_CHECKING:
    from .trust_list import Accepted, Vouched

TrustRole = Literal["signer", "log", "witness"]
DEFAULT = "default"
LOG = "log"
WITNESS = "witness"
WITNESS_MLDSA = "witness-mldsa44"
_ROLES: dict[str, TrustRole] = {LOG: "log", WITNESS: "witness", WITNESS_MLDSA: "witness"}
_KINDS: dict[TrustRole, tuple[int, ...]] = {"signer": (ED25519,), "log": LOG_KINDS, "witness": WITNESS_KINDS}
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
    """A key that a check may rely on, and why: it is the user's own, or in the trust list.

    `listed` names the trust list that grants it, if the user did not trust the key itself; `note` then says how.
    """

    role: TrustRole
    name: str
    why: Literal["own", "trust_list"]
    vkey: str
    note: str = ""
    listed: str = ""

    @property
    def verifier(self) -> VerifierKey:
        """The key itself."""
        return VerifierKey.parse(self.vkey)


class Trust(Record, frozen=True, kw_only=True):
    """All keys that a check may rely on. The empty one knows nobody."""

    keys: tuple[KnownKey, ...] = ()
    lists: tuple[Accepted, ...] = ()

    def of(self, role: TrustRole) -> tuple[KnownKey, ...]:
        """Return the known keys of a role."""
        return tuple(key for key in self.keys if key.role == role)

    def signer(self, keyid: str, said: datetime | None = None, by: datetime | None = None) -> KnownKey | None:
        """Return the known signer with this keyid, own keys first, then those that an accepted trust list vouches for.

        `said` is when it says it signed, `by` when somebody trusted had seen that; both are now if they are not known.
        """
        found = [key for key in self.of("signer") if key.verifier.key.keyid == keyid]
        if found or not self.lists:
            return min(found, key=lambda key: key.why != "own", default=None)
        vouched = self.vouched(keyid, said, by)
        who = vouched.standing
        if not vouched.holds or who is None:
            return None
        note, listed = vouched.reason, who.listed_by
        return KnownKey(role="signer", name=who.name, why="trust_list", vkey=who.vkey, note=note, listed=listed)

    def vouched(self, keyid: str, said: datetime | None = None, by: datetime | None = None) -> Vouched:
        """Return what the accepted trust lists say of a signature: see `trust_list.vouch`."""
        from .trust_list import vouch

        now = datetime.now(UTC)
        return vouch(self.lists, keyid, said=said or now, by=by or now)


class KeyStore:
    """Keys in a folder only its owner can read: `<name>.key` (PKCS #8 PEM, mode 0600), and `trusted.json`.

    All are Ed25519 keys, but `witness-mldsa44`.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or config_folder() / "keys"

    def make(self, name: str = DEFAULT) -> SigningKey | MldsaSigningKey:
        """Make a key. It appears whole or not at all. Raises UsageError if the name is taken: no key is replaced."""
        path = self._path(name)
        key = MldsaSigningKey.generate() if name == WITNESS_MLDSA else SigningKey.generate()
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
        return SigningKey.from_pem(self._read(name))

    def _read(self, name: str) -> bytes:
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
        return data

    def own(self, name: str = DEFAULT) -> SigningKey:
        """Return a key, made now if this is its first use."""
        self._make_once(name)
        return self.load(name)

    def cosigners(self, name: str | None = None) -> tuple[Cosigner, Cosigner]:
        """Return this machine's witness, made now if this is its first use: an Ed25519 and an ML-DSA-44 key.

        Both sign as `name`, or each under its local name.
        """
        for key in (WITNESS, WITNESS_MLDSA):
            self._make_once(key)
        return self._cosigner(WITNESS, name), self._cosigner(WITNESS_MLDSA, name)

    def vkey(self, name: str = DEFAULT) -> VerifierKey:
        """Return the public half of a key, as others import it."""
        if name in (WITNESS, WITNESS_MLDSA):
            return self._cosigner(name).verifier
        return local_name(self.load(name).public)

    def _make_once(self, name: str) -> None:
        if name not in self.names():
            with contextlib.suppress(UsageError):  # Another process was first.
                self.make(name)

    def _cosigner(self, key_name: str, name: str | None = None) -> Cosigner:
        data = self._read(key_name)
        key = MldsaSigningKey.from_pem(data) if key_name == WITNESS_MLDSA else SigningKey.from_pem(data)
        return Cosigner(name or _local_name(key.public), key)

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
            KnownKey(role=_ROLES.get(name, "signer"), name=name, why="own", vkey=str(self.vkey(name)))
            for name in self.names()
        ]
        others = [
            KnownKey(role=key.role, name=key.name, why="trust_list", vkey=key.vkey, note=key.note)
            for key in self.trusted()
        ]
        lists = self._lists()
        now = datetime.now(UTC)
        carriers = (who for item in lists for who in item.granted(now, ("log", "witness")))
        listed = [
            KnownKey(
                role="log" if who.role == "log" else "witness",
                name=who.name,
                why="trust_list",
                vkey=who.vkey,
                listed=who.listed_by,
            )
            for who in carriers
        ]
        return Trust(keys=(*own, *others, *listed), lists=lists)

    def _lists(self) -> tuple[Accepted, ...]:
        """Return the trust lists that were accepted: they lie beside the keys."""
        folder = self.folder.parent / "trust-lists"
        if not folder.is_dir():
            return ()
        from .trust_list_shelf import Shelf

        return Shelf(folder).current()

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
    return VerifierKey(_local_name(key), key)


def _local_name(key: PublicKey | MldsaPublicKey) -> str:
    return f"accord.local/{key.keyid[:8]}"


def _require_role(role: TrustRole, key: VerifierKey) -> None:
    if key.kind not in _KINDS[role]:
        kinds = " or ".join(f"{kind:#04x}" for kind in _KINDS[role])
        raise MalformedInput(
            "wrong-key-kind",
            f"the key {key.name} is of kind {key.kind:#04x}; a {role} has one of kind {kinds}",
            "Ask its operator for the right verifier key.",
        )
