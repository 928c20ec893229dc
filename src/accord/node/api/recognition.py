"""Recognition for programs: agreements at a time, trust lists, and what of an assessment counts where."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from litestar import get
from litestar.params import Parameter

from ...recognition.agreements import Edge
from ...recognition.fit import Here
from ...records import Context
from ...records.agreement import Agreement
from ...records.recognition import Appraisal
from ...store.viewer import Viewer
from ...trust.statement import format_time, parse_time
from ...trust.trust_list import subject_digest
from ..accepting import lists_for
from ..bodies import Body, Record, bodies_of, record_of_body
from ..decided import Decided, decisions
from ..node import Node
from ..problems import NotFound
from ..recognising import answer, edges
from .statements import Digest

Time = Annotated[
    str | None,
    Parameter(
        pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z$",
        description="A time in UTC, 2026-01-31T12:00:00Z; by default now",
    ),
]
Jurisdiction = Annotated[
    str, Parameter(query="for", pattern=r"^[A-Z]{2,5}(-[A-Z0-9]{1,3})?$", description="ISO 3166-1 code, EU or INT")
]
_Text = Annotated[str | None, Parameter(max_length=500)]
_Texts = Annotated[list[str] | None, Parameter(max_items=50)]


class EdgeInfo(msgspec.Struct, frozen=True, kw_only=True):
    """An agreement as it stands: `recognises` recognises bodies of `of`. `ended` is when it ends or ended, or ""."""

    statement: str
    state: str
    reason: str
    recognises: str
    of: str
    ended: str
    agreement: Agreement | None


class Edges(msgspec.Struct, frozen=True, kw_only=True):
    """Who recognises whom at a time."""

    at: str
    agreements: list[EdgeInfo]


class ListInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A trust list that this node accepts, in its latest number."""

    statement: str
    subject: str
    operator: str
    jurisdiction: str
    sequence: int
    issued: str
    next_update: str
    expired: bool
    threshold: int
    signers: list[str]
    bodies: list[Body]


@get("/api/v1/recognition", sync_to_thread=True, operation_id="recognition", tags=["recognition"])
def recognition(node: Node, viewer: Viewer, at: Time = None) -> Edges:
    """Return who recognises whom at a time: every agreement that an authority known here has signed, in its state."""
    moment = parse_time(at) if at else datetime.now(UTC)
    return Edges(at=format_time(moment), agreements=[_info(edge) for edge in edges(node, viewer, moment)])


def _info(edge: Edge) -> EdgeInfo:
    return EdgeInfo(
        statement=edge.digest,
        state=edge.state,
        reason=edge.reason,
        recognises=edge.recognises,
        of=edge.of,
        ended=edge.ended,
        agreement=edge.agreement,
    )


@get("/api/v1/trust-lists", sync_to_thread=True, operation_id="trustLists", tags=["recognition"])
def trust_lists(node: Node, viewer: Viewer) -> list[ListInfo]:
    """Return the trust lists that this node accepts, with who is on them."""
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        lists = lists_for(node, transaction, viewer)
    return [
        ListInfo(
            statement=item.id,
            subject=subject_digest(item.record),
            operator=item.record.operator,
            jurisdiction=item.record.jurisdiction,
            sequence=item.record.sequence,
            issued=item.record.information.ListIssueDateTime,
            next_update=item.record.information.NextUpdate,
            expired=now > item.next_update,
            threshold=item.record.signers.threshold,
            signers=list(item.record.signers.keys),
            bodies=list(bodies_of(item, now)),
        )
        for item in lists
    ]


@get("/api/v1/bodies/{identity:str}", sync_to_thread=True, operation_id="body", tags=["recognition"])
def body(node: Node, viewer: Viewer, identity: Annotated[str, Parameter(pattern=r"^[0-9a-f]{64}$")]) -> Record:
    """Return what is known of a body: its standing, its statements, how often others found again what it measured."""
    return record_of_body(node, viewer, identity)


@get(
    "/api/v1/assessments/{digest:str}/recognition",
    sync_to_thread=True,
    operation_id="recognitionOf",
    tags=["recognition"],
)
def recognition_of(
    node: Node,
    viewer: Viewer,
    digest: Digest,
    where: Jurisdiction,
    population: _Text = None,
    places: _Texts = None,
    languages: _Texts = None,
    period: _Text = None,
) -> Appraisal:
    """Say what of an assessment counts in a jurisdiction, requirement by requirement, with paths and reasons.

    `population`, `places`, `languages` and `period` say what holds there: results about people count for the same only.
    """
    context = Context(
        population=population, places=tuple(places or ()), languages=tuple(languages or ()), period=period
    )
    found = answer(node, viewer, f"sha256:{digest}", Here(where, context))
    if found.appraisal is None:
        raise NotFound(found.reason)
    return found.appraisal


@get(
    "/api/v1/assessments/{digest:str}/decisions", sync_to_thread=True, operation_id="decisionsOn", tags=["recognition"]
)
def decisions_on(node: Node, viewer: Viewer, digest: Digest) -> list[Decided]:
    """Return decisions on an assessment, each with what has changed since."""
    return list(decisions(node, viewer, f"sha256:{digest}"))


HANDLERS = [recognition, trust_lists, body, recognition_of, decisions_on]
