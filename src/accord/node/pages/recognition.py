"""Who recognises whom; trust lists and bodies; and what of an assessment counts here or elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body as Sent
from litestar.params import Parameter
from litestar.response import Redirect
from msgspec import Struct

from ...commons.agreements.page import by_strangers
from ...commons.trust_lists.page import published
from ...errors import AccordError
from ...i18n import _, in_language
from ...recognition.agreements import AUTHORITY, Edge
from ...recognition.fit import Here
from ...records import Context, is_day
from ...records.recognition import Appraisal, RequirementHere
from ...reports import wording
from ...store.viewer import Viewer
from ...trust.saying import MAX_STATEMENT_BYTES
from ...trust.statement import parse_time
from ...trust.trust_list import Accepted, subject_digest
from ...trust.trust_list_form import JURISDICTION
from .. import accepting
from ..api.statements import Digest, require
from ..bodies import bodies_of, record_of_body
from ..decided import by_others, decisions
from ..deciding import PREPARERS
from ..forms import Form, read_form
from ..node import Node
from ..problems import NotFound
from ..recognising import answer, edges, keys_of
from . import recognition_words as words
from .rendering import page

_Day = Annotated[str, Parameter(max_length=20)]
_Code = Annotated[str, Parameter(max_length=20, query="for")]
_Text = Annotated[str, Parameter(max_length=500)]
_Hex = Annotated[str, Parameter(pattern=r"^[0-9a-f]{64}$")]
_MOST_COLUMNS = 12
_MOST_ROWS = 400


class SentList(Struct):
    """The form with a trust list."""

    list: UploadFile
    pins: str = ""


def moment_of(day: str) -> datetime | None:
    """Return the end of a day, or now if it is today; None if it is no day, or none is named."""
    if not is_day(day):
        return None
    now = datetime.now(UTC)
    return now if day == f"{now:%Y-%m-%d}" else parse_time(f"{day}T23:59:59Z")


@get("/recognition", include_in_schema=False, sync_to_thread=True)
def recognition(node: Node, viewer: Viewer, language: str, at: _Day = "") -> Response[bytes]:
    """Show every agreement as it stands, or stood on a day."""
    moment = moment_of(at)
    with in_language(language):
        found = edges(node, viewer, moment)
    with node.store.reading() as transaction:
        lists = accepting.lists_for(node, transaction, viewer)
        strangers = by_strangers(transaction, viewer, keys_of(lists, AUTHORITY))
    wrong = bool(at) and moment is None
    return page(
        "recognition.html.j2",
        node=node, viewer=viewer, language=language, status=422 if wrong else 200,
        path=f"/recognition?at={at}" if moment else "/recognition",
        at=at if moment else "", asked=at, wrong=wrong, today=f"{datetime.now(UTC):%Y-%m-%d}",
        edges=found, matrix=matrix(found), lists=lists, strangers=strangers, w=words,
    )  # fmt: skip


class Matrix(NamedTuple):
    """Who recognises whom by the agreements that are in force: rows recognise, columns are recognised."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: dict[tuple[str, str], Edge]


def matrix(found: Sequence[Edge]) -> Matrix | None:
    """Return a table of the agreements in force, or None if there is none, or too many sides for a table."""
    cells = {(edge.recognises, edge.of): edge for edge in found if edge.state == "in_force"}
    rows, columns = (tuple(sorted({pair[n] for pair in cells})) for n in (0, 1))
    return Matrix(rows, columns, cells) if cells and len(columns) <= _MOST_COLUMNS else None


@get("/trust-lists", include_in_schema=False, sync_to_thread=True)
def trust_lists(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show which trust lists are accepted here, and which are not."""
    return _lists_page(node, viewer, language, Form())


def _lists_page(node: Node, viewer: Viewer, language: str, form: Form, status: int = 200) -> Response[bytes]:
    with node.store.reading() as transaction:
        lists = accepting.lists_for(node, transaction, viewer)
        others = published(transaction, viewer)
    with in_language(language):
        refused = [(item, why) for item in others if (why := accepting.refusal(node, item))]
    return page(
        "trust_lists.html.j2",
        node=node, viewer=viewer, language=language, path="/trust-lists", status=status, form=form, lists=lists,
        subject=lambda item: subject_digest(item.record)[7:], now=datetime.now(UTC), refused=refused, w=words,
    )  # fmt: skip


@post("/trust-lists", include_in_schema=False, status_code=200, sync_to_thread=True)
def import_list(
    node: Node,
    viewer: Viewer,
    language: str,
    data: Annotated[SentList, Sent(media_type=RequestEncodingType.MULTI_PART)],
) -> Response[Any]:
    """Accept a signed trust list, and publish it here."""
    require(viewer, "operator")
    content = data.list.file.read(MAX_STATEMENT_BYTES)
    form = Form({"pins": data.pins[:2_000]})
    lines = [line for line in content.split(b"\n") if line]
    try:
        if not lines:
            with in_language(language):
                form.errors["list"] = _("Choose the file with the signed list.")
        else:
            accepting.import_lists(node, lines, form.fields["pins"].split())
    except AccordError as error:
        form.errors["list"] = f"{error.message}. {error.remedy}"
    if form.errors:
        return _lists_page(node, viewer, language, form, 422)
    return Redirect("/trust-lists", status_code=303)


@post("/trust-lists/pin", include_in_schema=False, status_code=200)
async def pin_list(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str) -> Response[Any]:
    """Accept a list that is here as a statement, by the keys that the operator was told of in another way."""
    from anyio.to_thread import run_sync

    require(viewer, "operator")
    return await run_sync(_pin, node, viewer, language, await read_form(request))


def _pin(node: Node, viewer: Viewer, language: str, form: Form) -> Response[Any]:
    with in_language(language):
        identity = form.text("id", most=100, required=_("Say which list."))
        pins = form.text("keys", most=2_000, required=_("Type the keys that you were told."))
        try:
            if not form.errors and not accepting.pin(node, identity, pins.split()):
                form.errors["id"] = _("There is no such list here.")
        except AccordError as error:
            form.errors["keys"] = f"{error.message}. {error.remedy}"
    if form.errors:
        return _lists_page(node, viewer, language, form, 422)
    return Redirect("/trust-lists", status_code=303)


@get("/trust-lists/{subject:str}", include_in_schema=False, sync_to_thread=True)
def trust_list(node: Node, viewer: Viewer, language: str, subject: _Hex) -> Response[bytes]:
    """Show who is on a list, in which standing since when, and every number of it."""
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        held = _find(accepting.lists_for(node, transaction, viewer), subject)
        secret = accepting.secret_of(node, transaction, viewer)
    chain = [item for item in accepting.chains(node)[f"sha256:{subject}"] if item.id not in secret]
    return page(
        "trust_list.html.j2",
        node=node, viewer=viewer, language=language, path=f"/trust-lists/{subject}", held=held, chain=chain[::-1],
        bodies=bodies_of(held, now), expired=now > held.next_update, w=words,
    )  # fmt: skip


def _find(lists: Sequence[Accepted], subject: str) -> Accepted:
    found = next((item for item in lists if subject_digest(item.record)[7:] == subject), None)
    if found is None:
        raise NotFound("There is no such trust list here.")
    return found


@get("/bodies/{identity:str}", include_in_schema=False, sync_to_thread=True)
def body(node: Node, viewer: Viewer, language: str, identity: _Hex) -> Response[bytes]:
    """Show a body: its standing, what it said, and how often others found the same."""
    return page(
        "body.html.j2",
        node=node, viewer=viewer, language=language, path=f"/bodies/{identity}",
        found=record_of_body(node, viewer, identity), w=words,
    )  # fmt: skip


@get("/assessments/{digest:str}/recognition", include_in_schema=False, sync_to_thread=True)
def assessment(
    node: Node,
    viewer: Viewer,
    language: str,
    digest: Digest,
    where: _Code = "",
    population: _Text = "",
    places: _Text = "",
    languages: _Text = "",
    period: _Text = "",
) -> Response[bytes]:
    """Say what of an assessment counts in a jurisdiction, requirement by requirement, and why."""
    code = where.strip().upper() or node.config.jurisdiction
    asked = {"population": population, "places": places, "languages": languages, "period": period}
    form = Form({"for": code, **asked})
    with in_language(language):
        if not JURISDICTION.fullmatch(code):
            form.errors["for"] = _("Write a code of two letters such as DE, or EU.")
            code = node.config.jurisdiction
        found = answer(node, viewer, f"sha256:{digest}", Here(code, context_of(asked)))
        decided = decisions(node, viewer, f"sha256:{digest}")
    given = urlencode({"for": code, **{name: value for name, value in asked.items() if value}})
    return page(
        "assessment_recognition.html.j2",
        node=node, viewer=viewer, language=language, path=f"/assessments/{digest}/recognition?{given}",
        status=422 if form.errors else 200, digest=digest, code=code, form=form, around=found.around,
        found=found.appraisal, reason=found.reason, groups=groups(found.appraisal) if found.appraisal else {},
        most=_MOST_ROWS, decisions=decided,
        others=by_others(node, viewer, f"sha256:{digest}"),
        may_decide=bool(viewer.roles & PREPARERS) and code == node.config.jurisdiction,
        w=words, measure_name=wording.measure_name,
    )  # fmt: skip


def context_of(asked: dict[str, str]) -> Context:
    """Return what holds here, as a form says it: places and languages apart by commas."""
    lists = {
        name: tuple(part.strip() for part in asked.get(name, "").split(",") if part.strip())
        for name in ("places", "languages")
    }
    return Context(
        population=asked.get("population", "").strip() or None,
        places=lists["places"],
        languages=lists["languages"],
        period=asked.get("period", "").strip() or None,
    )


def groups(found: Appraisal) -> dict[str, list[RequirementHere]]:
    """Return requirements by how they stand, in the order of `STATUSES`; those that do not apply are only counted."""
    made: dict[str, list[RequirementHere]] = {name: [] for name in words.STATUSES if name != "not_applicable"}
    for point in found.requirements:
        if point.status in made:
            made[point.status].append(point)
    return made


HANDLERS = [recognition, trust_lists, import_list, pin_list, trust_list, body, assessment]
