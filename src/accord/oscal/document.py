"""What all OSCAL documents share: identifiers that don't change, metadata, properties, and text that fits its type.

NIST Open Security Controls Assessment Language 1.2.1, models in JSON. An identifier is a UUID of version 5 over what it
names, so the same input gives the same bytes.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterable
from typing import Any

from .. import __version__
from ..records import DISCLAIMER

OSCAL_VERSION = "1.2.1"
NAMESPACE = "urn:accord:oscal"
"""The namespace of our own properties and parts."""

STATEMENT = "_smt"
"""What OSCAL catalogues add to a control's id to name its statement."""

_SPACE = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
_TOKEN_START = re.compile(r"[^\W\d]")
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2}))?(?:-([0-9]{2}))?\Z")

Json = dict[str, Any]


def identifier(*parts: str) -> str:
    """Return the UUID that stands for `parts`, whenever and wherever it is made."""
    return str(uuid.uuid5(_SPACE, json.dumps(parts)))


def line(text: str, default: str = "-") -> str:
    """Return `text` on one line without blanks at its ends: what OSCAL's `string` and `markup-line` may hold."""
    return " ".join(text.split()) or default


def token(identifier: str) -> str:
    """Return an id of ours as an OSCAL token, which may not begin with a digit: "4.1" becomes "_4.1"."""
    return identifier if _TOKEN_START.match(identifier) else f"_{identifier}"


def control_of(requirement: str) -> str:
    """Return the id of the control that a requirement is part of: "ac-2_smt" is the statement of "ac-2"."""
    return token(requirement.removesuffix(STATEMENT))


def statement_of(requirement: str) -> str:
    """Return the id of the statement in a catalogue that says what a requirement asks for."""
    return control_of(requirement) + STATEMENT


def prop(name: str, value: object, *, ours: bool = True, remarks: str = "") -> Json:
    """Return a property; `ours` puts it into our namespace."""
    shown = "yes" if value is True else "no" if value is False else str(value)
    found: Json = {"name": name, "value": line(shown)}
    if ours:
        found["ns"] = NAMESPACE
    if remarks:
        found["remarks"] = remarks
    return found


def moment(day: str) -> str:
    """Return the first moment (UTC) of a day, month or year, as OSCAL writes it; RFC 3339 stays as it is."""
    found = _DAY.match(day)
    return f"{found[1]}-{found[2] or '01'}-{found[3] or '01'}T00:00:00Z" if found else day


def metadata(title: str, version: str, modified: str, *, props: Iterable[Json] = (), remarks: str = "") -> Json:
    """Return a document's metadata. `modified` is a day, month, year or moment (ISO 8601)."""
    return {
        "title": line(title),
        "last-modified": moment(modified),
        "version": line(version),
        "oscal-version": OSCAL_VERSION,
        "props": [prop("made-by", f"Accord {__version__}"), *props],
        "remarks": f"{DISCLAIMER} {remarks}".rstrip(),
    }


def without_empty(data: Json) -> Json:
    """Return `data` without keys whose value is an empty list or null: OSCAL has no empty lists."""
    return {key: value for key, value in data.items() if value is not None and value != []}


def to_bytes(document: Json) -> bytes:
    """Return a document as indented JSON with a final newline."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n"
