"""The review form of an assessment: what this node's judgement leaves open to a person, for officers."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from litestar import Request, Response, get, post
from litestar.params import Parameter
from litestar.response import Redirect

from ...errors import MalformedInput
from ...i18n import _, in_language
from ...records import DECISIONS, FrameworkReference
from ...reports import known_details, wording
from ...reports.review_sheet import MOST_SHOWN, document_line, measurement_line
from ...reviews.columns import HELP
from ...reviews.opening import OpenPoint
from ...store.viewer import Viewer
from .. import reviewing
from ..api.statements import Digest
from ..deciding import require_one_of
from ..forms import Form, read_form
from ..node import Node
from ..reviewing import REVIEWERS, Desk
from .assessments import show_assessment
from .rendering import page

_DAYS = 365
_Framework = Annotated[str, Parameter(max_length=300)]


class Shelf(NamedTuple):
    """A framework in the list of those that ask something: how many questions, and how many a value lies beside."""

    reference: FrameworkReference
    questions: int
    measured: int


class Question(NamedTuple):
    """An open point as the form shows it; `more` counts measurements that are left out."""

    point: OpenPoint
    evidence: tuple[str, ...]
    more: int
    documents: tuple[str, ...]

    def field(self, column: str) -> str:
        """Return the name of one of its fields."""
        return reviewing.field_of(self.point, column)


@get("/assessments/{digest:str}/review", include_in_schema=False, sync_to_thread=True)
def review_form(
    node: Node, viewer: Viewer, language: str, digest: Digest, framework: _Framework = ""
) -> Response[bytes]:
    """Show which frameworks ask something of a person, or what one of them asks."""
    desk = reviewing.open_desk(node, viewer, f"sha256:{digest}")
    return _form_page(node, viewer, language, desk.of(framework) if framework else desk, framework, Form())


@post("/assessments/{digest:str}/review", include_in_schema=False, status_code=200)
async def send_reviews(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Check the answers, sign and log them, or show them again with every mistake."""
    from anyio.to_thread import run_sync

    require_one_of(viewer, REVIEWERS)
    return await run_sync(_send, node, viewer, language, digest, await read_form(request))


def _send(node: Node, viewer: Viewer, language: str, digest: str, form: Form) -> Response[Any]:
    framework = form.fields.get("framework", "")
    desk = reviewing.open_desk(node, viewer, f"sha256:{digest}").of(framework)
    found, typed, errors = reviewing.check(desk, viewer, form.fields)
    if not errors and not found.reviews:
        with in_language(language):
            errors = {"questions": _("Nothing is answered yet.")}
    if errors:
        return _form_page(node, viewer, language, desk, framework, Form(typed, errors), 422)
    reviewing.say_reviews(node, viewer, desk, found.reviews)
    return Redirect(f"/assessments/{digest}#reviews", status_code=303)


@post("/assessments/{digest:str}/review/revoke", include_in_schema=False, status_code=200)
async def revoke_review(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Take a review back, with a reason."""
    from anyio.to_thread import run_sync

    return await run_sync(_revoke, node, viewer, language, digest, await read_form(request))


def _revoke(node: Node, viewer: Viewer, language: str, digest: str, form: Form) -> Response[Any]:
    review, reason = form.fields.get("review", ""), form.fields.get("reason", "")
    try:
        reviewing.revoke(node, viewer, f"sha256:{digest}", review, reason)
    except MalformedInput as error:
        with in_language(language):
            mistake = f"{_(error.message)} {_(error.remedy)}"
        return show_assessment(node, viewer, language, digest, mistake=mistake, status=422)
    return Redirect(f"/assessments/{digest}#reviews", status_code=303)


def _form_page(
    node: Node, viewer: Viewer, language: str, desk: Desk, framework: str, form: Form, status: int = 200
) -> Response[bytes]:
    until = (datetime.now(UTC).date() + timedelta(days=_DAYS)).isoformat()
    digest = desk.around.kept.id.removeprefix("sha256:")
    path = f"/assessments/{digest}/review" + (f"?{urlencode({'framework': framework})}" if framework else "")
    with in_language(language):
        questions = _questions(desk) if framework else []
    return page(
        "review.html.j2",
        node=node, viewer=viewer, language=language, path=path, status=status, form=form,
        digest=digest, around=desk.around, framework=framework, shelves=() if framework else _shelves(desk),
        measured=[item for item in questions if item.point.measurements],
        others=[item for item in questions if not item.point.measurements],
        role=reviewing.role_of(viewer), until=until, decisions=DECISIONS, help=HELP, words=wording, word=wording.word,
    )  # fmt: skip


def _shelves(desk: Desk) -> tuple[Shelf, ...]:
    points = desk.opened.points
    asked = Counter(point.framework for point in points)
    measured = Counter(point.framework for point in points if point.measurements)
    return tuple(Shelf(reference, n, measured[reference]) for reference, n in asked.items())


def _questions(desk: Desk) -> list[Question]:
    details = known_details(desk.assessment)
    return [
        Question(
            point=point,
            evidence=tuple(measurement_line(item, details) for item in point.measurements[:MOST_SHOWN]),
            more=max(0, len(point.measurements) - MOST_SHOWN),
            documents=tuple(map(document_line, point.documents)),
        )
        for point in desk.opened.points
    ]


HANDLERS = [review_form, send_reviews, revoke_review]
