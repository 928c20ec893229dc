"""The application: which room answers which address, and what holds for all of them."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from copy import copy
from functools import partial, wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..store.viewer import Viewer
from .node import Node
from .problems import answer

if TYPE_CHECKING:
    from .guarding import Guard


def make_app(node: Node) -> Guard:
    """Return the ASGI application of a node: the guard, and in its `app` what answers.

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
    from .guarding import Guard, refuse_twice
    from .pages.language import keep_choice, language_of

    def give_node() -> Node:
        return node

    async def give_viewer(request: Request[Any, Any, Any]) -> Viewer:
        return await viewer_of(request, node)

    def give_language(request: Request[Any, Any, Any]) -> str:
        return language_of(request, node)

    app = Litestar(
        route_handlers=[*_handlers("api"), *_handlers("pages")],
        dependencies={
            "node": Provide(give_node, sync_to_thread=False),
            "viewer": Provide(give_viewer),
            "language": Provide(give_language, sync_to_thread=False),
        },
        state=State({"node": node}),
        exception_handlers={Exception: answer},
        before_request=refuse_twice,
        before_send=[keep_choice],
        compression_config=CompressionConfig(
            backend="gzip", minimum_size=1_000, gzip_compress_level=5, exclude_opt_key="uncompressed"
        ),
        request_max_body_size=node.config.upload_bytes,
        openapi_config=OpenAPIConfig(
            title="Accord node",
            version=__version__,
            description="Register, log and recognition of one node. All that anybody may read needs no account.",
            contact=Contact(name=node.config.contact or node.config.name),
            license=License(name="Apache-2.0", identifier="Apache-2.0"),
            use_handler_docstrings=True,
            render_plugins=[_shown_elsewhere()],
        ),
        logging_config=None,
        debug=False,
    )
    return Guard(app, node)


def _handlers(folder: str) -> Iterator[Any]:
    room = import_module(f".{folder}", __package__)
    for item in sorted(pkgutil.iter_modules(room.__path__), key=lambda item: item.name):
        for handler in getattr(import_module(f".{folder}.{item.name}", __package__), "HANDLERS", ()):
            yield _in_thread(handler) if getattr(handler, "sync_to_thread", False) else handler


def _in_thread(handler: Any) -> Any:
    """Return a handler that runs in a thread, as `sync_to_thread` asks for.

    Litestar 2 wraps a function once more each time that its path gets another method, and then awaits the wrong thing.
    """
    from anyio.to_thread import run_sync

    made, call = copy(handler), handler.fn

    @wraps(call)
    async def threaded(*args: Any, **named: Any) -> Any:
        return await run_sync(partial(call, *args, **named))

    made._fn, made.sync_to_thread = threaded, None
    return made


def _shown_elsewhere() -> Any:
    """Return what keeps Litestar from showing its document: pages/interface.py shows ours, which has more in it."""
    from litestar.openapi.plugins import JsonRenderPlugin

    class Hidden(JsonRenderPlugin):
        def receive_router(self, router: Any) -> None:
            router.routes.clear()

    return Hidden()
