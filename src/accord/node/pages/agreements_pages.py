"""An agreement on a page, and the forms to make, accept and end one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, get_args

from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from ...errors import AccordError
from ...frameworks import library_ids
from ...i18n import _, in_language
from ...recognition.agreements import Edge, agreement_mistakes
from ...recognition.assurance import ASSURANCE_WORDS
from ...records.agreement import Agreement, AgreementAcceptance, AgreementEnd, Assurance, Conditions, Scope
from ...store.statements import find, line_of
from ...store.viewer import Viewer
from ...trust.saying import Heard, reread
from .. import accepting
from ..agreeing import accept, end, is_authority, make
from ..api.statements import Digest, require
from ..bodies import Body, bodies_of
from ..forms import Form, read_form
from ..node import Node
from ..problems import Forbidden, NotFound, Unauthenticated, status_of
from ..reading import seen
from ..recognising import edges
from ..speaking import person
from . import recognition_words as words
from .recognition import moment_of
from .rendering import page

LEVELS = ("same_method", "equivalent_outcome")
_MOST_SAID = 200
_FIELD_OF = {
    "id": "id",
    "recognises": "of",
    "of": "of",
    "valid_until": "valid_until",
    "conditions.check_test_rate": "check_test_rate",
    "conditions.max_age_days": "max_age_days",
    "conditions.witnesses": "witnesses",
}


@get("/agreements/{digest:str}", include_in_schema=False, sync_to_thread=True)
def agreement(
    node: Node, viewer: Viewer, language: str, digest: Digest, at: Annotated[str, Parameter(max_length=20)] = ""
) -> Response[bytes]:
    """Show an agreement: who, for what, on which conditions, how it stands, and every word about it."""
    return _agreement_page(node, viewer, language, digest, Form(), at=at)


def _agreement_page(
    node: Node, viewer: Viewer, language: str, digest: str, form: Form, status: int = 200, at: str = ""
) -> Response[bytes]:
    identity = f"sha256:{digest}"
    with in_language(language):
        edge = _edge(node, viewer, identity, moment_of(at))
    assert edge.agreement is not None
    with node.store.reading() as transaction:
        where, own = viewer.may_see()
        rows = transaction.rows(
            "SELECT DISTINCT statements.seq FROM agreement_statements a JOIN statements ON statements.seq = a.seq"
            f" WHERE a.agreement = ? AND statements.id <> ? AND line IS NOT NULL AND {where}"
            " ORDER BY statements.seq LIMIT ?",
            identity, identity, *own, _MOST_SAID,
        )  # fmt: skip
        said = [reread(line) for (seq,) in rows if (line := line_of(transaction, seq))]
        kept = seen(transaction, viewer, identity)
    code = node.config.jurisdiction
    decides = "decider" in viewer.roles
    return page(
        "agreement.html.j2",
        node=node, viewer=viewer, language=language, path=f"/agreements/{digest}", status=status, form=form,
        digest=digest, edge=edge, agreed=edge.agreement, kept=kept, at=at if moment_of(at) else "",
        said=[(heard, _said(heard)) for heard in said],
        may_accept=decides and edge.of == code and edge.state == "proposed",
        may_end=decides and code in (edge.recognises, edge.of) and not edge.ended,
        known=is_authority(node, viewer) if decides else True,
        assurances=ASSURANCE_WORDS, w=words,
    )  # fmt: skip


def _said(heard: Heard) -> AgreementAcceptance | AgreementEnd:
    if heard.kind == "agreement-end":
        return heard.record(AgreementEnd)
    return heard.record(AgreementAcceptance)


def _edge(node: Node, viewer: Viewer, identity: str, at: datetime | None) -> Edge:
    found = next((edge for edge in edges(node, viewer, at) if edge.digest == identity and edge.agreement), None)
    if found is None:
        raise NotFound("There is no such agreement here that an authority has signed.")
    return found


@get("/agreements/new", include_in_schema=False, sync_to_thread=True)
def new_agreement(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show the form to make an agreement."""
    require(viewer, "decider")
    return _form_page(node, viewer, language, Form())


@post("/agreements/new", include_in_schema=False, status_code=200)
async def make_agreement(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str) -> Response[Any]:
    """Make an agreement."""
    from anyio.to_thread import run_sync

    require(viewer, "decider")
    return await run_sync(_make, node, viewer, language, await read_form(request))


def _make(node: Node, viewer: Viewer, language: str, form: Form) -> Response[Any]:
    with in_language(language):
        made = _read(node, viewer, form)
        for text in agreement_mistakes(made) if not form.errors else ():
            name, _colon, why = text.partition(": ")
            form.errors[_FIELD_OF.get(name, "valid_from")] = why or text
    if not form.errors:
        try:
            identity = make(node, viewer, made)
            return Redirect(f"/agreements/{identity.removeprefix('sha256:')}", status_code=303)
        except (Unauthenticated, Forbidden):
            raise
        except AccordError as error:
            form.errors["valid_until"] = f"{error.message} {error.remedy}"
    return _form_page(node, viewer, language, form, 422)


def _read(node: Node, viewer: Viewer, form: Form) -> Agreement:
    """Return the agreement that a form says; its mistakes are noted in the form."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    of = form.text("of", most=20, required=_("Say whose measurements are recognised.")).upper()
    scope = {name: _names(form, name) for name in ("frameworks", "measures", "sectors")}
    age, rate = form.text("max_age_days", most=6), form.text("check_test_rate", most=6)
    if age and not age.isdecimal():
        form.errors["max_age_days"] = _("Write a number of days.")
    if rate and not (rate.isdecimal() and int(rate) <= 100):
        form.errors["check_test_rate"] = _("Write a number from 0 to 100.")
    level = form.choice("level", LEVELS, _("Choose one."))
    assurance = form.choice("assurance", get_args(Assurance), _("Choose one."))
    sound = not form.errors
    return Agreement(
        id=form.text("id", most=100) or f"{node.config.jurisdiction}-{of}-{today}",
        recognises=node.config.jurisdiction,
        of=of,
        bodies=_names(form, "bodies"),
        scope=Scope(**scope),
        level=level if sound else "same_method",  # type: ignore[arg-type]
        conditions=Conditions(
            assurance=assurance if sound else "third_party",  # type: ignore[arg-type]
            max_age_days=int(age) if age and sound else None,
            check_test_rate=int(rate) / 100 if rate and sound else 0.0,
            witnesses=form.text("witnesses", most=10_000),
        ),
        valid_from=form.text("valid_from", most=20) or today,
        valid_until=form.text("valid_until", most=20, required=_("Say until which day.")),
        reason=form.text("reason", most=2_000),
        by=person(viewer, "decider"),
    )


def _names(form: Form, name: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in form.text(name, most=10_000).split("\n") if line.strip())


def _form_page(node: Node, viewer: Viewer, language: str, form: Form, status: int = 200) -> Response[bytes]:
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        lists = accepting.lists_for(node, transaction, viewer)
    known: list[Body] = [body for item in lists for body in bodies_of(item, now) if _measures(body)]
    return page(
        "agreement_form.html.j2",
        node=node, viewer=viewer, language=language, path="/agreements/new", status=status, form=form,
        today=f"{now:%Y-%m-%d}", until=f"{now + timedelta(days=365):%Y-%m-%d}", known=is_authority(node, viewer),
        bodies=[body for body in known if body.jurisdiction != node.config.jurisdiction],
        assurances=ASSURANCE_WORDS, levels=LEVELS, frameworks=library_ids(), w=words,
    )  # fmt: skip


def _measures(body: Body) -> bool:
    return any(service.role == "laboratory" for service in body.services)


@post("/agreements/{digest:str}/accept", include_in_schema=False, status_code=200)
async def accept_agreement(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Accept an agreement."""
    from anyio.to_thread import run_sync

    require(viewer, "decider")
    form = await read_form(request)
    return await run_sync(_do, node, viewer, language, digest, form, lambda identity: accept(node, viewer, identity))


@post("/agreements/{digest:str}/end", include_in_schema=False, status_code=200)
async def end_agreement(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """End an agreement, with a reason."""
    from anyio.to_thread import run_sync

    require(viewer, "decider")
    form = await read_form(request)
    with in_language(language):
        reason = form.text("reason", most=2_000, required=_("Say why."))
    return await run_sync(
        _do, node, viewer, language, digest, form, lambda identity: end(node, viewer, identity, reason)
    )


def _do(
    node: Node, viewer: Viewer, language: str, digest: str, form: Form, action: Callable[[str], str]
) -> Response[Any]:
    with node.store.reading() as transaction:
        if find(transaction, f"sha256:{digest}") is None:
            raise NotFound("There is no such agreement here that an authority has signed.")
    if form.errors:
        return _agreement_page(node, viewer, language, digest, form, 422)
    try:
        action(f"sha256:{digest}")
    except (Unauthenticated, Forbidden, NotFound):
        raise
    except AccordError as error:
        form.errors["reason"] = f"{error.message} {error.remedy}"
        return _agreement_page(node, viewer, language, digest, form, status_of(error))
    return Redirect(f"/agreements/{digest}", status_code=303)


HANDLERS = [agreement, new_agreement, make_agreement, accept_agreement, end_agreement]
