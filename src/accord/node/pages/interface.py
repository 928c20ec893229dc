"""The interface for programs: its description, as OpenAPI and as a page for people."""

from __future__ import annotations

from typing import Any, NamedTuple

from litestar import Request, Response, get

from ...records import to_json
from ...store.viewer import Viewer
from ..describing import Plain, describe
from ..node import Node
from .rendering import page


class Operation(NamedTuple):
    """One operation, as the page lists it. `needs` says whether nobody may call it without a credential."""

    method: str
    path: str
    summary: str
    text: str
    parameters: tuple[tuple[str, str], ...]
    needs: bool


@get("/api/openapi.json", include_in_schema=False, sync_to_thread=True)
def document(request: Request[Any, Any, Any], node: Node) -> Response[bytes]:
    """Return the description of the interface (OpenAPI 3.1)."""
    return Response(to_json(_described(request, node)), media_type="application/json")


@get("/api", include_in_schema=False, sync_to_thread=True)
def overview(request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """List the operations of the interface for people."""
    found = _described(request, node)
    groups = [(tag["name"], tag["description"], _operations(found, tag["name"])) for tag in found["tags"]]
    return page(
        "interface.html.j2",
        node=node, viewer=viewer, language=language, path="/api", groups=groups, version=found["info"]["version"],
        schemes=found["components"]["securitySchemes"],
    )  # fmt: skip


def _described(request: Request[Any, Any, Any], node: Node) -> Plain:
    """Return the document, made when it is first asked for."""
    state = request.app.state
    if "description" not in state:
        state.description = describe(request.app, node)
    found: Plain = state.description
    return found


def _operations(found: Plain, tag: str) -> list[Operation]:
    return [
        Operation(
            method.upper(),
            path,
            operation["summary"],
            operation.get("description", ""),
            tuple((item["name"], item.get("description", "")) for item in operation.get("parameters", ())),
            bool(operation["security"]) and {} not in operation["security"],
        )
        for path, item in sorted(found["paths"].items())
        for method, operation in item.items()
        if tag in operation["tags"]
    ]


HANDLERS = [document, overview]
