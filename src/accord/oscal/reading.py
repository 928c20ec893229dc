"""OSCAL documents of others: catalogues and profiles in JSON, of any version 1.x, read as far as we use them.

Fields that we don't use are skipped by the decoder and cost no memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from ..errors import LimitExceeded, MalformedInput
from ..frameworks.reading import read_file

MAX_BYTES = 32 * 1024 * 1024
"""NIST SP 800-53 revision 5 with its assessment procedures has 10 MB."""

MAX_CONTROLS = 20_000
MAX_DEPTH = 16


class Property(Struct, frozen=True):
    """A name and a value; `kind` is OSCAL's class."""

    name: str
    value: str
    ns: str | None = None
    kind: str | None = msgspec.field(default=None, name="class")


class Part(Struct, frozen=True):
    """A part of a control's text."""

    name: str
    id: str | None = None
    ns: str | None = None
    prose: str | None = None
    parts: tuple[Part, ...] = ()


class Parameter(Struct, frozen=True):
    """A blank in a control's text; only its id is used."""

    id: str


class Control(Struct, frozen=True):
    """A control with its enhancements."""

    id: str
    title: str
    params: tuple[Parameter, ...] = ()
    props: tuple[Property, ...] = ()
    links: tuple[msgspec.Raw, ...] = ()
    parts: tuple[Part, ...] = ()
    controls: tuple[Control, ...] = ()


class Group(Struct, frozen=True):
    """A group of groups and controls."""

    title: str
    id: str | None = None
    params: tuple[Parameter, ...] = ()
    props: tuple[Property, ...] = ()
    parts: tuple[Part, ...] = ()
    groups: tuple[Group, ...] = ()
    controls: tuple[Control, ...] = ()


class Party(Struct, frozen=True):
    """A person or an organisation."""

    uuid: str = ""
    name: str | None = None


class ResponsibleParty(Struct, frozen=True, rename="kebab"):
    """Who has a role."""

    role_id: str
    party_uuids: tuple[str, ...] = ()


class Link(Struct, frozen=True):
    """A link of the metadata."""

    href: str
    rel: str | None = None


class Metadata(Struct, frozen=True, rename="kebab"):
    """A document's metadata."""

    title: str
    version: str
    oscal_version: str
    last_modified: str
    published: str | None = None
    props: tuple[Property, ...] = ()
    links: tuple[Link, ...] = ()
    parties: tuple[Party, ...] = ()
    responsible_parties: tuple[ResponsibleParty, ...] = ()


class Catalog(Struct, frozen=True, rename="kebab"):
    """A catalogue of controls."""

    uuid: str
    metadata: Metadata
    params: tuple[Parameter, ...] = ()
    groups: tuple[Group, ...] = ()
    controls: tuple[Control, ...] = ()


class Matching(Struct, frozen=True):
    """A pattern of ids, as in file names."""

    pattern: str = ""


class Select(Struct, frozen=True, rename="kebab"):
    """Controls by their ids or by patterns, with or without their enhancements."""

    with_child_controls: str = "no"
    with_ids: tuple[str, ...] = ()
    matching: tuple[Matching, ...] = ()


class Import(Struct, frozen=True, rename="kebab"):
    """What a profile takes from one catalogue."""

    href: str
    include_all: dict[str, Any] | None = None
    include_controls: tuple[Select, ...] = ()
    exclude_controls: tuple[Select, ...] = ()


class Merge(Struct, frozen=True, rename="kebab"):
    """How what was taken is put together."""

    flat: dict[str, Any] | None = None
    as_is: bool | None = None
    custom: dict[str, Any] | None = None


class SetParameter(Struct, frozen=True, rename="kebab"):
    """What a profile fills into a blank."""

    param_id: str
    values: tuple[str, ...] = ()


class Alter(Struct, frozen=True, rename="kebab"):
    """What a profile adds to or removes from a control; not applied here, only counted."""

    control_id: str


class Modify(Struct, frozen=True, rename="kebab"):
    """Parameters that are set, and controls that are altered."""

    set_parameters: tuple[SetParameter, ...] = ()
    alters: tuple[Alter, ...] = ()


class Profile(Struct, frozen=True, rename="kebab"):
    """A selection of controls out of catalogues."""

    uuid: str
    metadata: Metadata
    imports: tuple[Import, ...]
    merge: Merge | None = None
    modify: Modify | None = None


class Document(Struct, frozen=True, rename="kebab"):
    """A file: one of these."""

    catalog: Catalog | None = None
    profile: Profile | None = None


T = TypeVar("T")


def read_document(data: bytes, *, name: str) -> Catalog | Profile:
    """Read a catalogue or a profile. Raises MalformedInput that names the place, or LimitExceeded."""
    if len(data) > MAX_BYTES:
        raise LimitExceeded("oscal-too-large", f"{name}: more than {MAX_BYTES} bytes", "Split the catalogue.")
    document = _decode(data.removeprefix(b"\xef\xbb\xbf"), Document, name)
    found = document.catalog or document.profile
    if found is None:
        keys = ", ".join(list(_decode(data, dict[str, msgspec.Raw], name))[:5]) or "nothing"
        raise MalformedInput(
            "no-catalog", f"{name}: neither a catalogue nor a profile: {keys[:200]}", "Give an OSCAL catalogue in JSON."
        )
    if not found.metadata.oscal_version.startswith("1."):
        raise MalformedInput(
            "oscal-version",
            f"{name}: $.metadata.oscal-version is {found.metadata.oscal_version[:20]!r}",
            "Convert it to OSCAL 1.x.",
        )
    return found


def read_bytes(path: Path) -> bytes:
    """Return the bytes of an OSCAL file, at most one more than may be read. Raises UsageError if there is none."""
    return read_file(path, MAX_BYTES, code="unreadable-oscal")


def _decode(data: bytes, kind: type[T], name: str) -> T:
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as error:
        raise MalformedInput(
            "malformed-oscal", f"{name}: {error}", "Give an OSCAL catalogue or profile in JSON; convert XML and YAML."
        ) from None
