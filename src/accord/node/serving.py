"""Serving the application with uvicorn, and what it lacks against clients that send slowly or without end."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
import threading
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
CROWDED = 384
DRAIN_SECONDS = 30.0
_THREADS = 16


class BoundedProtocol(HttpToolsProtocol):
    """HTTP/1.1 where a request's head is small and comes soon, its body comes at a pace, and its answer is taken.

    Where many are connected, whoever has waited longest without a whole request gives way to who comes anew.
    """

    _received = 0
    _in_head = False
    _began = 0.0
    _timer: asyncio.TimerHandle | None = None
    _stuck: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the clock: a connection that sends nothing is closed like one that sends too slowly."""
        super().connection_made(transport)
        self._restart()
        self._waiting[self] = None
        if len(self.connections) > CROWDED:
            next(iter(self._waiting))._abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clocks."""
        self._waiting.pop(self, None)
        for timer in (self._timer, self._stuck):
            if timer:
                timer.cancel()
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
        self._in_head = True
        self._restart()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is here. What is raised here is answered with 400."""
        self._in_head = False
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > MAX_HEAD_BYTES:
            raise ValueError("The head of the request is too large.")
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is here: how long the answer takes is our matter."""
        self._waiting.pop(self, None)
        if self._timer:
            self._timer.cancel()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """The answer is sent: now the next request is waited for."""
        self._waiting[self] = None
        super().on_response_complete()

    def pause_writing(self) -> None:
        """More of an answer is ready than the client takes: it has some time to take it."""
        super().pause_writing()
        self._stuck = self.loop.call_later(DRAIN_SECONDS, self._abort)

    def resume_writing(self) -> None:
        """The client takes its answer."""
        super().resume_writing()
        if self._stuck:
            self._stuck.cancel()

    def timeout_keep_alive_handler(self) -> None:
        """Close an idle connection, even if its client never took the end of an answer."""
        self._abort()

    @property
    def _waiting(self) -> dict[BoundedProtocol, None]:
        """The server's connections without a whole request, the longest first."""
        found: dict[BoundedProtocol, None] = self.server_state.__dict__.setdefault("waiting", {})
        return found

    def _abort(self) -> None:
        self._waiting.pop(self, None)
        if self.transport is not None:
            self.transport.abort()

    def _restart(self) -> None:
        self._received, self._began = 0, self.loop.time()
        if self._timer:
            self._timer.cancel()
        self._timer = self.loop.call_later(GRACE_SECONDS, self._look)

    def _look(self) -> None:
        """Close the connection if what has come is less than the time allows for; else look again."""
        if self.flow is not None and self.flow.read_paused:  # It is we who do not read.
            self._restart()
            return
        allowed = GRACE_SECONDS + (0 if self._in_head else self._received / LEAST_BYTES_A_SECOND)
        left = self._began + allowed - self.loop.time()
        if left <= 0:
            self._abort()
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
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
    asyncio.run(_serve(server, ready))


def _end(_number: int, _frame: object) -> None:
    """End as one who was asked to: uvicorn sends itself the signal again when it has stopped, and workers have to."""
    sys.exit(0)


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
