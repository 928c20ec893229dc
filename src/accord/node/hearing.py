"""Hearing statements on every core: a signature costs more than all else that an intake does."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

from ..errors import AccordError
from ..store.statements import Incoming
from ..trust.saying import hear

CHUNK = 128
_FEW = 16

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


class Hearing:
    """A pool of processes; a handful of lines is heard at once where it arrives."""

    def __init__(self, processes: int | None = None) -> None:
        self._processes = processes or os.cpu_count() or 1
        self._pool: ProcessPoolExecutor | None = None

    def hear(self, lines: Sequence[bytes]) -> list[Result]:
        """Hear lines, in order. Blocks; call it from a thread."""
        if len(lines) <= _FEW:
            return hear_lines(lines)
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._processes, mp_context=get_context("forkserver"))
        waiting: list[Future[list[Result]]] = [
            self._pool.submit(_hear_elsewhere, lines[start : start + CHUNK], start + 1)
            for start in range(0, len(lines), CHUNK)
        ]
        results = [result for future in waiting for result in future.result()]
        return [
            result if isinstance(result, AccordError) else replace(result, line=line)
            for result, line in zip(results, lines, strict=True)
        ]

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None
