"""The application: which room answers which address, and what holds for all of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..store.viewer import Viewer
from .node import Node
from .problems import answer

if TYPE_CHECKING:
    from litestar import Litestar

_API = "/api/v1"


def make_app(node: Node) -> Litestar:
    """Return the ASGI application of a node.

    Every module in `api/` and `pages/` that names `HANDLERS` is part of it; those of `api/` are described in the
    OpenAPI document at /api/openapi.json.
    """
    from litestar import Litestar, Request
    from litestar.config.compression import CompressionConfig
    from litestar.datastructures import State
    from litestar.di import Provide
    from litestar.openapi import OpenAPIConfig
    from litestar.openapi.spec import Contact, License

    from .auth.who import viewer_of
    from .guarding import MIDDLEWARE
    from .pages.language import language_of

    def give_node() -> Node:
        return node

    async def give_viewer(request: Request[Any, Any, Any]) -> Viewer:
        return await viewer_of(request, node)

    def give_language(request: Request[Any, Any, Any]) -> str:
        return language_of(request, node)

    return Litestar(
        route_handlers=[*_handlers("api"), *_handlers("pages")],
        dependencies={
            "node": Provide(give_node, sync_to_thread=False),
            "viewer": Provide(give_viewer),
            "language": Provide(give_language, sync_to_thread=False),
        },
        state=State({"node": node}),
        exception_handlers={Exception: answer},
        middleware=MIDDLEWARE,
        compression_config=CompressionConfig(backend="gzip", minimum_size=1_000, gzip_compress_level=5),
        request_max_body_size=node.config.upload_bytes,
        openapi_config=OpenAPIConfig(
            title="Accord node",
            version=__version__,
            description="Register, log and recognition of one node. All that anybody may read needs no account.",
            contact=Contact(name=node.config.contact or node.config.name),
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            path="/api",
            render_plugins=_documents(),
        ),
        logging_config=None,
        debug=False,
    )


def _handlers(folder: str) -> Iterator[Any]:
    room = import_module(f".{folder}", __package__)
    for item in sorted(pkgutil.iter_modules(room.__path__), key=lambda item: item.name):
        yield from getattr(import_module(f".{folder}.{item.name}", __package__), "HANDLERS", ())


def _documents() -> list[Any]:
    from litestar.openapi.plugins import JsonRenderPlugin

    return [JsonRenderPlugin(path="/openapi.json")]
