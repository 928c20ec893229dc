"""What a running node does by itself, beside answering: each worker is a thread or more, ended with `close`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from .accepting import Accepting
from .federation.following import Followers
from .federation.showing import headers_of
from .jobs.working import Jobs
from .judging import Judging
from .node import Node
from .witnessing import Cosigning


@contextmanager
def working(node: Node) -> Iterator[None]:
    """Run the workers of a node while the block lasts. The node is closed after it: they look into its store."""
    with ExitStack() as stack:  # Whoever was started is ended, also if the next can't be, or fails to end.
        for start in (_follow, Cosigning, Judging, Accepting, Jobs):
            stack.callback(start(node).close)
        yield


def _follow(node: Node) -> Followers:
    return Followers(node, headers_of(node))
