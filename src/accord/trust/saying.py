"""Saying a record: signed by one key or several, logged, and heard again by whoever is handed the line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

from .. import __version__
from ..errors import MalformedInput
from ..records import from_builtins, to_builtins
from ..records.measurement import Record
from .canonical import digest_bytes, is_canonical
from .dsse import Envelope, parse, sign, to_line, verify
from .ed25519 import PublicKey, SigningKey
from .encoding import b64decode, b64encode
from .entry import hash_record
from .files import Files, put_all
from .kinds import kind_of, record_type, type_of
from .log import Log
from .predicates import Harness, StatedKey
from .proof import LogProof
from .statement import Named, Statement, build
from .statement import parse as parse_statement

STATEMENT_SUFFIX = ".intoto.jsonl"
PROOF_SUFFIX = ".tlog-proof"
MAX_STATEMENT_BYTES = 32 * 1024 * 1024
_COMMON = ("harness", "signer", "cosigners", "salt", "timeCreated", "validUntil")

R = TypeVar("R", bound=Record)
P = TypeVar("P")


@dataclass(frozen=True)
class Heard:
    """A statement that holds: it is unaltered, and every key that it names has signed it. Who owns them is not said."""

    raw: bytes
    envelope: Envelope
    statement: Statement
    keys: tuple[PublicKey, ...]

    @property
    def id(self) -> str:
        """What names the statement: `sha256:<hex>` of its line."""
        return digest_bytes(self.raw)

    @property
    def kind(self) -> str:
        """`evidence`, `assessment`, `revocation` …; "" for a kind that is not one of ours."""
        return kind_of(self.statement.predicate_type)

    @property
    def subjects(self) -> tuple[str, ...]:
        """The digests of what it is about, as `algorithm:hex`."""
        return tuple(f"{name}:{value}" for item in self.statement.subject for name, value in item.digest.items())

    @property
    def created(self) -> str:
        """When its signer says that it was made; "" if it does not say."""
        return str(self.statement.predicate.get("timeCreated", ""))

    @property
    def valid_until(self) -> str:
        """Until when it says that it holds; "" if it does not say."""
        return str(self.statement.predicate.get("validUntil", ""))

    @property
    def entry(self) -> bytes:
        """What a log holds of it."""
        return hash_record(self.envelope, self.keys[0])

    def record(self, kind: type[R]) -> R:
        """Return what it says as a record. Raises MalformedInput that names the field."""
        plain = {name: value for name, value in self.statement.predicate.items() if name not in _COMMON}
        return from_builtins(plain, kind, name=self.kind)

    def predicate(self, kind: type[P]) -> P:
        """Return the whole predicate as `kind`. Raises MalformedInput that names the field."""
        return from_builtins(self.statement.predicate, kind, name=self.kind)


def say(
    record: Record,
    kind: str,
    subjects: Sequence[Named],
    *,
    signers: Sequence[SigningKey],
    valid_days: int = 365,
    now: datetime | None = None,
) -> bytes:
    """Return the line that says `record`, of the kind that is named, about `subjects`: one signature for each signer.

    The first signer is who logs it. Raises MalformedInput if the record can't be written as RFC 8785 JSON.
    """
    payload = compose(record, kind, subjects, keys=[key.public for key in signers], valid_days=valid_days, now=now)
    return to_line(sign(payload, signers))


def compose(
    record: Record,
    kind: str,
    subjects: Sequence[Named],
    *,
    keys: Sequence[PublicKey],
    valid_days: int = 365,
    now: datetime | None = None,
) -> bytes:
    """Return what all of `keys` have to sign to say `record`, wherever they are. Raises as `say` does."""
    if not isinstance(record, record_type(kind)):
        raise TypeError(f"a statement of kind {kind} does not hold a {type(record).__name__}")
    if taken := set(record.__struct_encode_fields__).intersection(_COMMON):
        raise TypeError(f"every statement has its own {', '.join(sorted(taken))}: a record can't, it would be lost")
    stated = [StatedKey(key.keyid, b64encode(key.raw)) for key in keys]
    plain: dict[str, Any] = {**to_builtins(record), "harness": Harness("accord", __version__), "signer": stated[0]}
    if stated[1:]:
        plain["cosigners"] = stated[1:]
    return build(type_of(kind), subjects, plain, valid_days=valid_days, now=now)


def hear(raw: bytes, *, name: str = "statement") -> Heard:
    """Read a line that `say` or `seal` wrote. Raises MalformedInput that begins with `name`, or LimitExceeded.

    It is refused if a key that it names did not sign, if somebody else signed as well, or if a byte could be changed
    without changing what is signed: one statement has one line, and so one digest.
    """
    envelope = parse(raw, name=name)
    statement = parse_statement(envelope.payload, name=name)
    stated = [statement.predicate.get("signer"), *_list(statement.predicate.get("cosigners"), name)]
    keys = tuple(_key(from_builtins(item, StatedKey, name=f"{name}: signer")) for item in stated)
    if len({key.raw for key in keys}) != len(keys):
        raise MalformedInput("same-key-twice", f"{name}: a key is named twice", "Each signer has a key of their own.")
    if [item.keyid for item in envelope.signatures] != [key.keyid for key in keys]:
        raise MalformedInput("wrong-signers", f"{name}: not signed by the keys it names", "Restore the original file.")
    verify(envelope, keys, threshold=len(keys))
    if not is_canonical(envelope.payload):
        raise MalformedInput("not-canonical", f"{name}: it is not RFC 8785 JSON", "Restore the original file.")
    if to_line(envelope) != raw:
        raise MalformedInput("envelope-altered", f"{name}: changed outside of what is signed", "Restore the file.")
    return Heard(raw, envelope, statement, keys)


def reread(raw: bytes) -> Heard:
    """Read a line that was heard before and kept safe since: nothing is verified again."""
    envelope = parse(raw)
    statement = parse_statement(envelope.payload)
    stated = [statement.predicate.get("signer"), *_list(statement.predicate.get("cosigners"), "statement")]
    return Heard(raw, envelope, statement, tuple(_key(from_builtins(item, StatedKey)) for item in stated))


def _list(value: object, name: str) -> list[object]:
    if value is None:
        return []
    if not isinstance(value, list) or not value:
        raise MalformedInput("bad-cosigners", f"{name}: cosigners is no list of keys", "Restore the original file.")
    return value


def _key(stated: StatedKey) -> PublicKey:
    key = _public_key(stated.publicKey)
    if stated.keyid != key.keyid:
        raise MalformedInput("wrong-keyid", "the keyid is not that of the key", "Restore the original file.")
    return key


@lru_cache(4096)
def _public_key(text: str) -> PublicKey:
    """Read a key. Few keys sign many statements, and telling a sound one costs more than a signature."""
    return PublicKey(b64decode(text, "signer"))


def publish_locally(lines: Sequence[bytes], folder: Path, name: str, log: Log) -> tuple[tuple[Path, LogProof], ...]:
    """Log lines that were just said here and write each, with its proof, into `folder`; return paths and proofs.

    Files are called `<name>-<16 hex of the digest>` with `.intoto.jsonl` and `.tlog-proof`. If the log can't be
    written, nothing stays in the folder. A caller refuses sealed reports first: what is added to one alters it.
    """
    paths = [folder / f"{name}-{digest_bytes(line)[7:23]}{STATEMENT_SUFFIX}" for line in lines]
    folder.mkdir(parents=True, exist_ok=True)
    put_all(Files(), folder, {path: line + b"\n" for path, line in zip(paths, lines, strict=True)})
    try:
        appended = log.append([hear(line).entry for line in lines])
        proofs = [log.prove(index, appended.note) for index in appended.indices]
    except BaseException:
        for path in paths:
            path.unlink(missing_ok=True)
        raise
    put_all(Files(), folder, {proof_of(path): proof.encode() for path, proof in zip(paths, proofs, strict=True)})
    return tuple(zip(paths, proofs, strict=True))


def proof_of(path: Path) -> Path:
    """Return where the proof of a statement's file is."""
    return path.with_name(path.name.removesuffix(STATEMENT_SUFFIX) + PROOF_SUFFIX)
