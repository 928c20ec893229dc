"""Serving the application with uvicorn, and what it lacks against clients that send slowly or without end."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable
from typing import Any

from uvicorn import Config, Server
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .app import make_app
from .node import Node

MAX_HEAD_BYTES = 64 * 1024
GRACE_SECONDS = 10.0
LEAST_BYTES_A_SECOND = 16 * 1024
MAX_CONNECTIONS = 512
_THREADS = 16


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 where a request's head is small and comes soon, and its body comes at a pace."""

    _received = 0
    _in_head = False
    _in_message = False
    _began = 0.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection that sends nothing is closed like one that sends too slowly."""
        super().connection_made(transport)
        self._restart()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        if self._timer:
            self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Pass data on, unless the head of the request is too large."""
        self._received += len(data)
        if self._in_head and self._received > MAX_HEAD_BYTES:
            self.send_400_response("The head of the request is too large.")
            return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins: restart the clock."""
        self._in_head = self._in_message = True
        self._restart()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is here."""
        self._in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is here: how long the answer takes is our matter."""
        self._in_message = False
        if self._timer:
            self._timer.cancel()
        super().on_message_complete()

    def _restart(self) -> None:
        self._received, self._began = 0, self.loop.time()
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(GRACE_SECONDS, self._look)

    def _look(self) -> None:
        """Close the connection if what has come is less than the time allows for; else look again."""
        allowed = GRACE_SECONDS + (0 if self._in_head else self._received / LEAST_BYTES_A_SECOND)
        left = self._began + allowed - self.loop.time()
        if self.transport is None or self.transport.is_closing():
            return
        if left <= 0:
            self.transport.close()
        else:
            self._timer = self.loop.call_later(max(left, 0.5), self._look)


def make_server(node: Node, host: str, port: int) -> Server:
    """Return the server of a node; `await` its `serve()`, or run it with `serve`."""
    config = Config(
        make_app(node),
        host=host,
        port=port,
        http=BoundedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=10,
        backlog=1024,
    )
    server = Server(config)
    node.stopping = lambda: server.should_exit
    return server


def serve(server: Server, ready: Callable[[int], None]) -> None:
    """Serve until SIGINT, SIGTERM or `server.should_exit`. `ready` is called with the port once it listens."""
    asyncio.run(_serve(server, ready))


async def _serve(server: Server, ready: Callable[[int], None]) -> None:
    from anyio.to_thread import current_default_thread_limiter

    current_default_thread_limiter().total_tokens = _THREADS
    task = asyncio.create_task(server.serve())
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    if server.started:
        ready(server.servers[0].sockets[0].getsockname()[1])
    await task


def log_to_stderr(level: str = "INFO") -> None:
    """Write the node's log as lines of JSON to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_JSONFormatter())
    for name in ("accord", "uvicorn.error"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(level)
        logger.propagate = False


class _JSONFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        """Return one line of JSON; a message that is an object already is merged in."""
        import json

        plain: dict[str, Any] = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S%z"),
            "level": record.levelname.lower(),
            "logger": record.name,
        }
        message = record.getMessage()
        plain.update(json.loads(message) if message.startswith("{") else {"message": message})
        if record.exc_info:
            plain["traceback"] = self.formatException(record.exc_info)
        return json.dumps(plain)
