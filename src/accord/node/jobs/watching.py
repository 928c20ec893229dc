"""Watching a job: server-sent events (WHATWG HTML, section 9.2), resumed from the last one that was seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import msgspec
from anyio.to_thread import run_sync

from ...i18n import in_language
from ...store.viewer import Viewer
from ..node import Node
from . import table
from .table import Job
from .uploading import Slots
from .wording import line

WATCHERS = Slots(4)
"""How many connections an account may hold open to watch."""
RETRY_MS = 3_000
HEARTBEAT_SECONDS = 15.0
LONGEST_SECONDS = 60 * 60
_LOOK_SECONDS = 0.4
_PAGE = 200


async def watch(node: Node, viewer: Viewer, identity: str, language: str, after: int) -> AsyncIterator[bytes]:
    """Yield what a job of the viewer's tells after event `after`, as it comes, then `end`; it ends with the job."""
    with WATCHERS.one(viewer.account):
        yield f"retry: {RETRY_MS}\n\n".encode()
        started = told = time.monotonic()
        while not node.stopping() and time.monotonic() - started < LONGEST_SECONDS:
            job, messages, last = await run_sync(_look, node, viewer, identity, language, after)
            for message in messages:
                yield message
            if not job.open and last == after:
                yield _message("end", {"state": job.state, "result": job.result}, None)
                return
            if messages:
                after, told = last, time.monotonic()
            elif time.monotonic() - told > HEARTBEAT_SECONDS:
                told = time.monotonic()
                yield b": waiting\n\n"
            if not messages:
                await asyncio.sleep(_LOOK_SECONDS)


def _look(node: Node, viewer: Viewer, identity: str, language: str, after: int) -> tuple[Job, list[bytes], int]:
    with node.store.reading() as transaction:
        job = table.find(transaction, viewer, identity)
        events = table.events(transaction, identity, after, _PAGE)
    with in_language(language):
        messages = [
            _message(event.kind, msgspec.to_builtins(event) | {"text": line(event)}, number) for number, event in events
        ]
    return job, messages, events[-1][0] if events else after


def _message(event: str, data: object, number: int | None) -> bytes:
    """Return one message. JSON has no line break in it, so the data is one line."""
    head = f"id: {number}\n".encode() if number is not None else b""
    return head + f"event: {event}\ndata: ".encode() + msgspec.json.encode(data) + b"\n\n"
