"""The forms of those who keep a node, on the page of a statement: who may read it, revoke it, erase it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar import Request, Response, post
from litestar.response import Redirect

from ...errors import MalformedInput, UsageError
from ...i18n import N_, _, in_language
from ...store.viewer import Viewer
from .. import keeping
from ..api.statements import Digest
from ..deciding import require_one_of
from ..forms import Form, read_form
from ..keeping import ERASERS, KEEPERS
from ..node import Node
from ..problems import Conflict
from .statements import show_statement

_PEER = "peer."


@post("/statements/{digest:str}/readers", include_in_schema=False, status_code=200)
async def decide_readers(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Decide who may read it."""
    require_one_of(viewer, KEEPERS)
    return await _do(request, node, viewer, language, digest, "readers-reason", _readers)


@post("/statements/{digest:str}/revoke", include_in_schema=False, status_code=200)
async def revoke(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Say that it no longer holds."""
    require_one_of(viewer, KEEPERS)
    return await _do(request, node, viewer, language, digest, "revoke-reason", _revoke)


@post("/statements/{digest:str}/erase", include_in_schema=False, status_code=200)
async def erase(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Erase it for good."""
    require_one_of(viewer, ERASERS)
    return await _do(request, node, viewer, language, digest, "erase-reason", _erase)


async def _do(
    request: Request[Any, Any, Any],
    node: Node,
    viewer: Viewer,
    language: str,
    digest: str,
    field: str,
    act: Callable[[Node, Viewer, str, Form], None],
) -> Response[Any]:
    from anyio.to_thread import run_sync

    form = await read_form(request)

    def decide() -> Response[Any]:
        try:
            act(node, viewer, f"sha256:{digest}", form)
        except (MalformedInput, UsageError, Conflict) as error:
            with in_language(language):
                form.errors[field] = f"{_(error.message)} {_(error.remedy)}"
            return show_statement(node, viewer, language, digest, form=form, status=422)
        return Redirect(f"/statements/{digest}", status_code=303)

    return await run_sync(decide)


def _readers(node: Node, viewer: Viewer, statement: str, form: Form) -> None:
    peers = [name.removeprefix(_PEER) for name in form.fields if name.startswith(_PEER)]
    fields = form.fields
    keeping.decide_readers(node, viewer, statement, fields.get("level", ""), fields.get("readers-reason", ""), peers)


def _revoke(node: Node, viewer: Viewer, statement: str, form: Form) -> None:
    keeping.revoke(node, viewer, statement, form.fields.get("revoke-reason", ""))


def _erase(node: Node, viewer: Viewer, statement: str, form: Form) -> None:
    if form.fields.get("erase-sure") != "yes":
        raise UsageError("not-sure", N_("Nobody can bring it back."), N_("Tick the box if you know."))
    keeping.erase(node, viewer, statement, form.fields.get("erase-reason", ""), form.fields.get("erase-basis", ""))


HANDLERS = [decide_readers, revoke, erase]
