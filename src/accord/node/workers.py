"""What a running node does by itself, beside answering: each worker is a thread or more, ended with `close`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from .accepting import Accepting
from .federation.following import Followers
from .federation.showing import headers_of
from .jobs.working import Jobs
from .judging import Judging
from .node import Node
from .witnessing import Cosigning


class Worker(Protocol):
    """Something that runs until it is closed."""

    def close(self) -> None:
        """End it, and wait for that."""


@contextmanager
def working(node: Node) -> Iterator[None]:
    """Run the workers of a node while the block lasts."""
    workers: list[Worker] = [
        Followers(node, headers_of(node)),
        Cosigning(node),
        Judging(node),
        Accepting(node),
        Jobs(node),
    ]
    try:
        yield
    finally:
        for worker in reversed(workers):
            worker.close()
