"""The register for programs: search, read, take it whole, and keep one's office's entries."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import Parameter

from ...commons.systems import page as pages
from ...commons.systems.drafting import Answers
from ...commons.systems.fields import BY_NAME
from ...commons.systems.measured import Assessed
from ...commons.systems.page import Listed
from ...commons.systems.table import to_csv, to_objects
from ...errors import MalformedInput
from ...records.registration import Registration
from ...records.said import Level
from ...store.statements import Kept
from ...store.viewer import VISITOR, Viewer
from ..node import Node
from ..problems import NotFound
from ..registering import moment, publish, require_keeper

MAX_EXPORTED = 5_000
_Words = Annotated[str, Parameter(max_length=300)]
_Before = Annotated[int, Parameter(ge=1, le=2**62, description="`further` of the part before")]
_Name = Annotated[str, Parameter(max_length=100, description="name of an entry, or the hex of its digest")]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """Entries, the gravest signs first. Ask again with `after` set to `further`, unless it is "".

    `partial` says that only part of a very large register was looked at so far.
    """

    items: list[Listed]
    further: str
    partial: bool


class EntryVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version: the statement that says it, when, who may read it, and whether it was revoked."""

    statement: str
    created: str
    disclosure: str
    revoked: bool
    entry: Registration


class EntryInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An entry: its versions, the current one first, and the assessments of its subjects."""

    about: str
    versions: list[EntryVersion]
    assessments: list[Assessed]


class NewVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an officer says. `values` are texts by the names of the columns of the CSV export, written as there.

    `answers` are those to questions of laws; `unknown` names fields and questions whose answer is not known. `replaces`
    is the statement of the version that this one continues. `level` other than public has a `reason`.
    """

    values: Annotated[dict[str, str], msgspec.Meta(max_length=100)]
    answers: Annotated[dict[str, bool], msgspec.Meta(max_length=1_000)] = {}
    unknown: Annotated[list[str], msgspec.Meta(max_length=1_000)] = []
    replaces: Annotated[str, msgspec.Meta(max_length=100)] = ""
    change: Annotated[str, msgspec.Meta(max_length=4_000)] = ""
    review_days: Annotated[int, msgspec.Meta(ge=1, le=3_660)] | None = None
    review_reason: Annotated[str, msgspec.Meta(max_length=4_000)] = ""
    last_review: Annotated[str, msgspec.Meta(max_length=10)] = ""
    level: Level = "public"
    reason: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """What was said: the entry's name, the statement, and its index in the log."""

    entry: str
    statement: str
    index: int


@get("/api/v1/systems", sync_to_thread=True, operation_id="systems", tags=["register"])
def systems(
    node: Node,
    viewer: Viewer,
    q: _Words = "",
    status: _Words = "",
    kind: _Words = "",
    sector: _Words = "",
    office: _Words = "",
    jurisdiction: _Words = "",
    sdg: _Words = "",
    grade: _Words = "",
    after: _Words = "",
    limit: Annotated[int, Parameter(ge=1, le=200)] = 50,
) -> Found:
    """Search the register. The order is the page's: gravest signs first, retired last, within each the newest."""
    chosen = {
        "status": status, "kind": kind, "sector": sector, "office": office, "jurisdiction": jurisdiction, "sdg": sdg,
        "grade": grade,
    }  # fmt: skip
    now, _ = moment()
    with node.store.reading() as transaction:
        found = pages.listing(transaction, viewer, now, words=q, filters=chosen, cursor=after, limit=limit)
    return Found(items=list(found.items), further=found.further, partial=found.partial)


@get("/api/v1/systems/{entry:str}", sync_to_thread=True, operation_id="system", tags=["register"])
def system(node: Node, viewer: Viewer, entry: _Name) -> EntryInfo:
    """Return an entry with its history."""
    now, _ = moment()
    with node.store.reading() as transaction:
        found = pages.entry(transaction, viewer, entry, node.origin, now)
    if found is None:
        raise NotFound("There is no such entry in the register.")
    versions = [
        EntryVersion(
            statement=item.kept.id,
            created=item.kept.created,
            disclosure=item.kept.disclosure,
            revoked=item.standing.revoked is not None,
            entry=item.entry,
        )
        for item in found.versions
    ]
    return EntryInfo(about=found.listed.about, versions=versions, assessments=list(found.assessments))


@post("/api/v1/systems", status_code=201, sync_to_thread=True, operation_id="registerSystem", tags=["register"])
def register_system(node: Node, viewer: Viewer, data: NewVersion) -> Published:
    """Register a system, model or dataset of one's office."""
    return _publish(node, viewer, data, "")


@post(
    "/api/v1/systems/{entry:str}", status_code=201, sync_to_thread=True, operation_id="changeSystem", tags=["register"]
)
def change_system(node: Node, viewer: Viewer, entry: _Name, data: NewVersion) -> Published:
    """Say the next version of an entry of one's office."""
    require_keeper(viewer)
    now, _ = moment()
    with node.store.reading() as transaction:
        found = pages.entry(transaction, viewer, entry, node.origin, now)
    if found is None or found.record.origin != node.origin:
        raise NotFound("There is no such entry in this register.")
    return _publish(node, viewer, data, found.record.entry)


@get("/api/v1/register.csv", sync_to_thread=True, operation_id="registerCSV", tags=["register"], media_type="text/csv")
def register_csv(node: Node, before: _Before = 2**62) -> Response[bytes]:
    """Return the public register as CSV (UTF-8), up to 5,000 entries; `Link: rel="next"` leads to the rest."""
    entries, headers = _exported(node, before, "csv")
    headers["content-disposition"] = 'attachment; filename="register.csv"'
    return Response(to_csv(entries), media_type="text/csv", headers=headers)


@get("/api/v1/register.json", sync_to_thread=True, operation_id="registerJSON", tags=["register"])
def register_json(node: Node, before: _Before = 2**62) -> Response[list[dict[str, Any]]]:
    """Return the public register as JSON, up to 5,000 entries; `Link: rel="next"` leads to the rest."""
    entries, headers = _exported(node, before, "json")
    return Response(to_objects(entries), headers=headers)


def _exported(node: Node, before: int | None, form: str) -> tuple[list[tuple[Kept, Registration]], dict[str, str]]:
    found: list[tuple[Kept, Registration]] = []
    with node.store.reading() as transaction:
        while True:
            some, further = pages.records(
                transaction, VISITOR, before=before, limit=min(500, MAX_EXPORTED - len(found))
            )
            found += some
            before = further
            if before is None or len(found) >= MAX_EXPORTED:
                break
    return found, {"link": f'</api/v1/register.{form}?before={before}>; rel="next"'} if before is not None else {}


def _publish(node: Node, viewer: Viewer, data: NewVersion, entry: str) -> Published:
    require_keeper(viewer)
    if data.level == "named":
        raise MalformedInput("bad-level", "an entry is not for named peers only", "Choose public, community or none.")
    strange = sorted(set(data.values) - set(BY_NAME))
    if strange:
        raise MalformedInput("no-such-field", f"values: {strange[0][:100]!r} is no field", f"Use {', '.join(BY_NAME)}.")
    answers = Answers(
        values=data.values,
        unknown=tuple(sorted(set(data.unknown))),
        answers=data.answers,
        days=str(data.review_days or ""),
        reason=data.review_reason,
        last=data.last_review,
        change=data.change,
    )
    name, receipt = publish(
        node, viewer, answers, entry=entry, replaces=data.replaces, level=data.level, reason=data.reason
    )
    return Published(entry=name, statement=receipt.id, index=receipt.index)


HANDLERS = [systems, system, register_system, change_system, register_csv, register_json]
