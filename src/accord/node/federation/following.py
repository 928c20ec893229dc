"""Following peers: a thread each, that waits for news, mirrors, reads, and backs off when it fails."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import quote

from ...errors import AccordError, MalformedInput
from ...store.log import head_of
from ...trust.statement import format_time
from ..node import Node
from .contents import Headers, ask_again, read_contents
from .mirroring import SplitView, mirror, mirror_path, read_head, require_same_history
from .own_log import compare_own, look_at_own
from .peers import FOLLOWING, Peer, find, peers
from .split_views import report

logger = logging.getLogger("accord.federation")
_LONGEST_PAUSE = 3_600.0
_LONG_POLL = 20.0
_RESCAN = 1.0
_FIRST_LOOK = 3.0
_BREATH = 0.2
_PATIENCE = 2.0


def follow(node: Node, peer: Peer, headers: Headers) -> int:
    """Bring the mirror of one peer up to date, read what is new, and compare what it says of other logs.

    Returns how many statements came. Raises SplitView after having reported it and isolated who did it.
    """
    try:
        head = read_head(peer)
        if head is None:
            raise MalformedInput("no-log", f"{peer.url} has no log", "Give the address of an Accord node.")
        size = mirror(node.store, peer, head)
        with node.store.reading() as transaction:
            now = find(transaction, peer.origin)
        if now is None:
            return 0
        count = read_contents(node, now, size, headers)
        if count:
            count += ask_again(node, now, headers)
            node.noticed()
        compare_views(node, peer)
    except SplitView as error:
        report(node, error)
        raise
    return count


def compare_views(node: Node, peer: Peer) -> None:
    """Compare the peer's mirrors of logs that we mirror too, and of our own, with what we know of them.

    Raises SplitView if another log has shown the two of us different histories.
    """
    with node.store.reading() as transaction:
        others = [other for other in peers(transaction) if other.origin != peer.origin and other.state == FOLLOWING]
    for other in others:
        head = read_head(peer, f"{mirror_path(other.origin)}/checkpoint", of=other)
        if head is not None:
            with node.store.reading() as transaction:
                require_same_history(transaction, other, head_of(transaction, other.origin), head)
    compare_own(node, peer)


class Followers:
    """The threads that follow; `close` ends them. New peers are noticed within a second.

    First of all peers are asked for our own log: if our store was put back, it must not grow before that is known.
    """

    def __init__(self, node: Node, headers: Headers) -> None:
        self._node, self._headers = node, headers
        self._ended = threading.Event()
        self._threads: dict[str, threading.Thread] = {}
        look_at_own(node, seconds=_FIRST_LOOK)
        self._supervisor = threading.Thread(target=self._supervise, name="followers", daemon=True)
        self._supervisor.start()

    def close(self) -> None:
        """End every thread once it has finished what it does; who waits for a peer is not waited for."""
        self._ended.set()
        self._supervisor.join(5)
        deadline = time.monotonic() + _PATIENCE
        for thread in self._threads.values():
            thread.join(max(deadline - time.monotonic(), 0.0))

    def _supervise(self) -> None:
        while not self._ended.wait(_RESCAN):
            try:
                with self._node.store.reading() as transaction:
                    wanted = [peer.origin for peer in peers(transaction) if peer.state == FOLLOWING]
            except AccordError as error:
                logger.warning("peers can't be read: %s", error.message)
                continue
            for origin in wanted:
                thread = self._threads.get(origin)
                if thread is None or not thread.is_alive():
                    self._threads[origin] = threading.Thread(
                        target=self._follow, args=(origin,), name=f"follow {origin}", daemon=True
                    )
                    self._threads[origin].start()

    def _follow(self, origin: str) -> None:
        failures = 0
        while not self._ended.is_set():
            try:
                with self._node.store.reading() as transaction:
                    peer = find(transaction, origin)
                if peer is None or peer.state != FOLLOWING:
                    return
                error = self._once(peer)
                failures = failures + 1 if error else 0
                self._note(peer, failures, error)
                if not failures:
                    self._wait_for_news(origin)
            except AccordError as problem:  # our own store
                if self._ended.is_set():  # It was closed while the peer was waited for.
                    return
                logger.warning("%s: %s", origin, problem.message)
                failures += 1
            if failures:
                self._ended.wait(pause(failures, self._node.config.poll_seconds))

    def _once(self, peer: Peer) -> str:
        try:
            follow(self._node, peer, self._headers)
        except AccordError as error:
            logger.warning("%s: %s", peer.origin, error.message)
            return error.message
        except Exception:  # A peer must not be able to end the thread that follows it.
            logger.exception("%s: unexpected error", peer.origin)
            return "unexpected error; the log of this node says more"
        return ""

    def _note(self, peer: Peer, failures: int, error: str) -> None:
        reached = peer.reached if error else format_time(datetime.now(UTC))
        with self._node.store.writing() as transaction:
            transaction.run(
                "UPDATE peers SET failures = ?, error = ?, reached = ? WHERE origin = ?",
                failures, error[:500], reached, peer.origin,
            )  # fmt: skip

    def _wait_for_news(self, origin: str) -> None:
        """Hold a request open until the peer's log has grown; where that fails, wait as long as the settings say."""
        with self._node.store.reading() as transaction:
            peer, known = find(transaction, origin), head_of(transaction, origin)
        if peer is None or known is None:
            return
        path = f"/api/v1/log/growth?size={known[0].size}&seconds={int(_LONG_POLL)}&who={quote(self._node.origin)}"
        started = time.monotonic()
        try:
            answer = peer.get(path, most=1_000, seconds=_LONG_POLL + 10)
        except AccordError:
            self._ended.wait(min(1.0, self._node.config.poll_seconds))
            return
        if answer.status != 200:
            self._ended.wait(self._node.config.poll_seconds)
        elif time.monotonic() - started < _BREATH:  # A peer that always has news must not make us run in circles.
            self._ended.wait(_BREATH)


def pause(failures: int, shortest: float, chance: Callable[[], float] = random.random) -> float:
    """Return how many seconds to wait after so many failures in a row: doubled each time, spread, at most an hour."""
    longest = min(_LONGEST_PAUSE, min(shortest, 1.0) * 2.0 ** min(failures - 1, 20))
    return longest * (0.5 + chance() / 2)
