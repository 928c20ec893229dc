"""Hearing statements on every core: a signature costs more than all else that an intake does."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context, parent_process

from ..errors import AccordError, Unavailable
from ..store.statements import Incoming
from ..trust.saying import hear

CHUNK = 128
_FEW = 16
_TRIES = 2

Result = Incoming | AccordError


def hear_lines(lines: Sequence[bytes], first: int = 1) -> list[Result]:
    """Hear each line, numbered from `first`; an error stands in the place of one that does not hold."""
    results: list[Result] = []
    for number, line in enumerate(lines, first):
        try:
            results.append(Incoming.of(hear(line, name=f"line {number}")))
        except AccordError as error:
            results.append(error)
    return results


def _hear_elsewhere(lines: Sequence[bytes], first: int) -> list[Result]:
    """Hear lines for another process, which has them: they don't travel back."""
    return [
        result if isinstance(result, AccordError) else replace(result, line=None) for result in hear_lines(lines, first)
    ]


def _end_with_parent() -> None:
    """End this process when the node is no more: a node that is killed says goodbye to nobody."""

    def watch() -> None:
        parent = parent_process()
        if parent is not None:
            parent.join()
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


class Hearing:
    """A pool of processes; a handful of lines is heard at once where it arrives."""

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes or os.cpu_count() or 1
        self._lock = threading.Lock()
        self._closed = False
        self._pool: ProcessPoolExecutor | None = None

    def hear(self, lines: Sequence[bytes]) -> list[Result]:
        """Hear lines, in order. Blocks; call it from a thread. Raises Unavailable if the processes end, or are ended.

        A line that ends a process would end the node: it is not heard here after it failed there.
        """
        if len(lines) <= _FEW:
            return hear_lines(lines)
        for _ in range(_TRIES):
            pool = self._workers()
            try:
                return self._hear(pool, lines)
            except BrokenExecutor:
                self._forget(pool)
            except (CancelledError, RuntimeError):  # closed meanwhile
                break
        raise Unavailable("not-heard", "the statements could not be checked", "Send them again, fewer at once.")

    def close(self) -> None:
        """End the processes."""
        with self._lock:
            self._closed, pool = True, self._pool
        if pool is not None:
            self._forget(pool)

    def _hear(self, pool: ProcessPoolExecutor, lines: Sequence[bytes]) -> list[Result]:
        waiting: list[Future[list[Result]]] = [
            pool.submit(_hear_elsewhere, lines[start : start + CHUNK], start + 1)
            for start in range(0, len(lines), CHUNK)
        ]
        results = [result for future in waiting for result in future.result()]
        return [
            result if isinstance(result, AccordError) else replace(result, line=line)
            for result, line in zip(results, lines, strict=True)
        ]

    def _workers(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._closed:
                raise Unavailable("node-stopping", "the node is stopping", "Send it again when the node is back.")
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self._processes, mp_context=get_context("forkserver"), initializer=_end_with_parent
                )
            return self._pool

    def _forget(self, pool: ProcessPoolExecutor) -> None:
        with self._lock:
            if self._pool is pool:
                self._pool = None
        pool.shutdown(cancel_futures=True)
