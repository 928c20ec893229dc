"""in-toto Statements v1 (github.com/in-toto/attestation, spec/v1): what is said, about what, until when."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import Struct

from ..errors import MalformedInput
from ..records import from_builtins
from .canonical import canonical, read

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
EVIDENCE_TYPE = "urn:accord:evidence:v0.1"
ASSESSMENT_TYPE = "urn:accord:assessment:v0.1"
REVIEW_TYPE = "urn:accord:review:v0.1"
SALT_BYTES = 16
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_TIME_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_DIGEST_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_DIGEST_VALUE = re.compile(r"[0-9a-f]{8,1024}")


class Named(Struct, frozen=True):
    """A subject: its digests by algorithm (in-toto DigestSet), and a name that identifies nothing."""

    digest: dict[str, str]
    name: str = ""


class Statement(Struct, frozen=True, rename={"type": "_type", "predicate_type": "predicateType"}):
    """A statement as it was signed. `predicate` is plain JSON data."""

    type: str
    subject: tuple[Named, ...]
    predicate_type: str
    predicate: dict[str, Any] = {}

    def valid_until(self) -> datetime | None:
        """Return the end of validity in UTC, or None if the statement names none. Raises MalformedInput."""
        text = self.predicate.get("validUntil")
        return None if text is None else parse_time(text)


def format_time(moment: datetime) -> str:
    """Return a moment as RFC 3339 in UTC, to the second."""
    return moment.astimezone(UTC).strftime(_TIME)


def parse_time(text: object) -> datetime:
    """Read RFC 3339 in UTC, to the second, in the one form that `format_time` writes. Raises MalformedInput."""
    said = str(text)
    with suppress(ValueError):
        if _TIME_FORM.fullmatch(said):
            return datetime.fromisoformat(said)
    raise MalformedInput("bad-time", f"{said[:40]!r} is not a time in UTC", "Write 2026-01-31T12:00:00Z.")


def subject(name: str, digest: str) -> Named:
    """Return the subject with the digest `"algorithm:hex"`. Raises MalformedInput."""
    algorithm, _, value = digest.partition(":")
    return _sound(Named({algorithm: value}, name))


def build(
    predicate_type: str,
    subjects: Sequence[Named],
    predicate: Mapping[str, Any],
    *,
    valid_days: int,
    now: datetime | None = None,
    salt: str | None = None,
) -> bytes:
    """Return a statement as RFC 8785 JSON, with `salt`, `timeCreated` and `validUntil` added to the predicate."""
    if not subjects:
        raise MalformedInput("no-subject", "a statement is about something", "Name a subject with its digest.")
    created = now or datetime.now(UTC)
    whole = {
        **predicate,
        "salt": salt or secrets.token_hex(SALT_BYTES),
        "timeCreated": format_time(created),
        "validUntil": format_time(created + timedelta(days=valid_days)),
    }
    return canonical(Statement(STATEMENT_TYPE, tuple(map(_sound, subjects)), predicate_type, whole))


def parse(payload: bytes, *, name: str = "statement") -> Statement:
    """Read a statement of any predicate type; unknown fields are ignored. Raises MalformedInput with `name`."""
    found = from_builtins(read(payload, name=name), Statement, name=name)
    if found.type != STATEMENT_TYPE:
        raise MalformedInput(
            "not-a-statement", f"{name}: _type is {found.type[:80]!r}", f"It must be {STATEMENT_TYPE}."
        )
    if not found.subject or not found.predicate_type:
        raise MalformedInput("not-a-statement", f"{name}: no subject or predicate type", "Restore the original file.")
    for item in found.subject:
        _sound(item, name)
    return found


def _sound(item: Named, name: str = "statement") -> Named:
    pairs = item.digest.items()
    if not pairs or not all(_DIGEST_NAME.fullmatch(key) and _DIGEST_VALUE.fullmatch(value) for key, value in pairs):
        raise MalformedInput(
            "bad-subject", f"{name}: the subject {item.name[:80]!r} has no digest in hex", "A digest identifies it."
        )
    return item
