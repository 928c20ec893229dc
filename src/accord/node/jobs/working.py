"""The workers of jobs: threads of the node, each with one process at most. What dies, the table begins again."""

from __future__ import annotations

import logging
import os
import secrets
import threading
import time
from contextlib import suppress
from pathlib import Path

from ...errors import AccordError, LimitExceeded, MalformedInput, Unavailable
from ...instruments.sandbox.watch import folder_bytes
from ...records import to_json
from ...store.log import prove
from ...store.statements import find, line_of, place_of
from ...trust.files import put
from ..node import Node
from . import table
from .asked import Failure, Task
from .folders import ERRORS, REPORT, TASK, UPLOAD, folder_of, sweep, tidy
from .processes import Process
from .publishing import publish, signed, statement_id
from .table import Job

logger = logging.getLogger("accord.jobs")
HEARTBEAT_SECONDS = 1.0
STALE_SECONDS = 10.0
MOST_SECONDS = 60 * 60
MOST_FILES = 200_000
LEAST_FREE = 256 * 1024 * 1024
_GROWTH = 8
"""A job's folder may hold so many times what an upload may, or a gigabyte: archives unpack."""
_IDLE_SECONDS = 0.3
_SWEEP_SECONDS = 60 * 60


class Jobs:
    """Runs the jobs of a node until it is closed: as many at once as its settings say."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._closing = threading.Event()
        self._held: set[str] = set()
        self._swept = float("-inf")
        self._threads = [
            threading.Thread(target=self._work, name=f"jobs-{number}", args=(number == 0,), daemon=True)
            for number in range(max(1, node.config.workers))
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """End the processes; their jobs are queued again, for the next start of the node."""
        self._closing.set()
        for thread in self._threads:
            thread.join()

    def _work(self, keeps_house: bool) -> None:
        while not self._closing.is_set():
            try:
                if keeps_house:
                    self._keep_house()
                if self._one():
                    continue
            except AccordError as error:
                logger.warning("a job can't go on: %s", error.message)
            except Exception:
                logger.exception("unexpected error in a worker of jobs")
            self._closing.wait(_IDLE_SECONDS)

    def _keep_house(self) -> None:
        table.recover(self._node.store, int(STALE_SECONDS * 1000), frozenset(self._held))
        if time.monotonic() - self._swept > _SWEEP_SECONDS:
            self._swept = time.monotonic()
            sweep(self._node)

    def _one(self) -> bool:
        """Do the next job, if there is one."""
        worker = secrets.token_hex(8)
        self._held.add(worker)
        try:
            job = table.claim(self._node.store, worker)
            if job is None:
                return False
            try:
                _Work(self._node, job, worker, self._closing).do()
            finally:
                # Whatever went wrong without an end: it is not left to look as if it still ran.
                table.let_go(self._node.store, job.id, worker, counted=not self._closing.is_set())
                tidy(self._node, job.id)
            return True
        finally:
            self._held.discard(worker)


class _Lost(Exception):
    """The job is no longer this worker's: it was cancelled, or the node is stopping."""


class _Work:
    """One attempt at one job."""

    def __init__(self, node: Node, job: Job, worker: str, closing: threading.Event) -> None:
        self._node, self._job, self._worker, self._closing = node, job, worker, closing
        self._folder = folder_of(node, job.id)
        self._most = max(1 << 30, _GROWTH * node.config.upload_bytes)

    def do(self) -> None:
        """Measure, unless that was done before; publish; note how it ended."""
        with suppress(_Lost):
            try:
                if (self._folder / REPORT).is_dir() or self._measured():
                    self._publish()
            except Unavailable:
                raise  # The disk, or the store: it is tried again.
            except AccordError as error:
                failure = Failure(code=error.code, message=error.message, remedy=error.remedy)
                table.finish(self._node.store, self._job.id, self._worker, "failed", failure)

    def _publish(self) -> None:
        report = self._folder / REPORT
        lines = signed(self._node, report)
        result = statement_id(lines)
        if not table.note_result(self._node.store, self._job.id, self._worker, result):
            raise _Lost
        publish(self._node, self._job, report, lines)
        table.finish(self._node.store, self._job.id, self._worker, "done")

    def _measured(self) -> bool:
        """Run the process of the job to its end; return whether it wrote a report. A failure is noted here."""
        if not (self._folder / UPLOAD).is_dir():
            raise MalformedInput("upload-gone", "the upload is no longer here", "Upload it again.")
        put(self._folder / TASK, to_json(self._task()))
        process = Process(self._folder)
        written, failure = False, None
        try:
            began = looked = time.monotonic()
            while not process.ended:
                told = process.listen(HEARTBEAT_SECONDS)
                events = [item.event for item in told if item.event]
                if self._closing.is_set() or not table.beat(self._node.store, self._job.id, self._worker, events):
                    raise _Lost
                failure = next((item.failure for item in told if item.failure), failure)
                written = written or any(item.written for item in told)
                if time.monotonic() - began > MOST_SECONDS:
                    raise LimitExceeded(
                        "job-too-long", f"it took more than {MOST_SECONDS // 60} minutes", "Assess less at a time."
                    )
                if time.monotonic() - looked > 2 * HEARTBEAT_SECONDS:
                    self._require_small()
                    looked = time.monotonic()
        finally:
            status = process.close()
        if failure:
            table.finish(self._node.store, self._job.id, self._worker, "failed", failure)
        elif not written:
            self._explain(status)
        return written

    def _require_small(self) -> None:
        held, free = folder_bytes(self._folder, MOST_FILES), os.statvfs(self._folder)
        if held > self._most or free.f_bavail * free.f_frsize < LEAST_FREE:
            raise LimitExceeded(
                "job-too-large", "it unpacks to more than this node has room for", "Upload less, or assess it yourself."
            )

    def _task(self) -> Task:
        asked = self._job.asked
        threads = max(1, (os.cpu_count() or 1) // max(1, self._node.config.workers))
        task = Task(asked=asked, jurisdiction=self._node.config.jurisdiction, threads=threads)
        if not asked.plan:
            return task
        with self._node.store.reading() as transaction:
            kept = find(transaction, asked.plan)
            line = line_of(transaction, kept.seq) if kept else None
            place = place_of(transaction, kept.seq, self._node.origin) if kept else None
            if line is None or place is None:
                raise MalformedInput("no-plan", "the plan is no longer here", "Publish it again.")
            proof = prove(transaction, *place).encode()
        return Task(
            asked=asked, jurisdiction=task.jurisdiction, threads=threads, plan=line.decode(), plan_proof=proof.decode()
        )

    def _explain(self, status: int) -> None:
        """Log what a process said that ended without a word; its job is tried again."""
        logger.warning("the process of job %s ended with %s: %s", self._job.id, status, _tail(self._folder / ERRORS))


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2_000))
            return file.read(2_000).decode("utf-8", "replace")
    except OSError:
        return ""
