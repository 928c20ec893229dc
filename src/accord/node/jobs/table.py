"""The table of jobs: who waits, who works, how it ended. One UPDATE claims a job, so that one worker has it.

A worker says that it lives; a job whose worker does not is begun again, once, and then given up.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from ...records import from_json, to_json
from ...store import Row, Store, Transaction
from ...store.viewer import Viewer
from ..problems import Conflict, NotFound, TooMany
from .asked import Asked, Event, Failure

State = Literal["queued", "running", "done", "failed", "cancelled", "interrupted"]
OPEN = ("queued", "running")
MOST_OPEN = 10
"""Jobs of one account that wait or run."""
MOST_WAITING = 200
MOST_ATTEMPTS = 2
MOST_EVENTS = 2_000
_COLUMNS = (
    "id, account, kind, state, created, started, ended, attempts, options, progress, result, code, message, remedy"
)


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands. Times are Unix milliseconds, 0 for what has not happened yet."""

    id: str
    account: str
    kind: str
    state: State
    created: int
    started: int
    ended: int
    attempts: int
    asked: Asked
    progress: Event
    result: str
    failure: Failure | None

    @property
    def open(self) -> bool:
        """Whether it waits or runs."""
        return self.state in OPEN


def now() -> int:
    """Return the time as Unix milliseconds."""
    return time.time_ns() // 1_000_000


def add(transaction: Transaction, identity: str, account: str, asked: Asked) -> None:
    """Queue a job. Raises TooMany if the account, or the node, has too many that are not done."""
    require_room(transaction, account)
    transaction.run(
        "INSERT INTO jobs (id, account, kind, state, created, options, progress) VALUES (?, ?, ?, ?, ?, ?, ?)",
        identity, account, "assess", "queued", now(), _text(asked), _text(Event(kind="stage", stage="waiting")),
    )  # fmt: skip


def require_room(transaction: Transaction, account: str) -> None:
    """Raise TooMany if the account, or the node, has too many jobs that are not done."""
    own = transaction.one("SELECT COUNT(*) FROM jobs WHERE account = ? AND state IN ('queued', 'running')", account)
    all_waiting = transaction.one("SELECT COUNT(*) FROM jobs WHERE state = 'queued'")
    if (own and own[0] >= MOST_OPEN) or (all_waiting and all_waiting[0] >= MOST_WAITING):
        raise TooMany(60)


def claim(store: Store, worker: str) -> Job | None:
    """Give the next job to `worker`, or None. Accounts take turns: whose last job began longest ago is next."""
    with store.reading() as transaction:
        if transaction.one("SELECT 1 FROM jobs WHERE state = 'queued' LIMIT 1") is None:
            return None
    at = now()
    with store.writing() as transaction:
        transaction.run(
            "UPDATE jobs SET state = 'running', worker = ?, heartbeat = ?, started = ?, attempts = attempts + 1"
            " WHERE state = 'queued' AND id = (SELECT j.id FROM jobs j WHERE j.state = 'queued' ORDER BY"
            " (SELECT COUNT(*) FROM jobs r WHERE r.account = j.account AND r.state = 'running'),"
            " (SELECT MAX(s.started) FROM jobs s WHERE s.account = j.account), j.created, j.id LIMIT 1)",
            worker, at, at,
        )  # fmt: skip
        row = transaction.one(f"SELECT {_COLUMNS} FROM jobs WHERE worker = ? AND state = 'running'", worker)
    return _job(row) if row else None


def beat(store: Store, job: str, worker: str, told: Sequence[Event] = ()) -> bool:
    """Say that `worker` lives, and what it tells. Returns False if the job is no longer its own: it was cancelled."""
    with store.writing() as transaction:
        held = transaction.run(
            "UPDATE jobs SET heartbeat = ? WHERE id = ? AND worker = ? AND state = 'running'", now(), job, worker
        )
        if held and told:
            _tell(transaction, job, told)
    return bool(held)


def note_result(store: Store, job: str, worker: str, result: str) -> bool:
    """Note the assessment that is to be published now; from here on the job can't be cancelled."""
    with store.writing() as transaction:
        held = transaction.run(
            "UPDATE jobs SET result = ?, heartbeat = ? WHERE id = ? AND worker = ? AND state = 'running'",
            result, now(), job, worker,
        )  # fmt: skip
        if held:
            _tell(transaction, job, [Event(kind="stage", stage="publishing")])
    return bool(held)


def finish(store: Store, job: str, worker: str, state: State, failure: Failure | None = None) -> bool:
    """End a job that `worker` holds; returns False if it no longer does."""
    said = failure or Failure(code="", message="", remedy="")
    with store.writing() as transaction:
        return bool(
            transaction.run(
                "UPDATE jobs SET state = ?, ended = ?, worker = '', code = ?, message = ?, remedy = ?"
                " WHERE id = ? AND worker = ? AND state = 'running'",
                state, now(), said.code, said.message, said.remedy, job, worker,
            )
        )  # fmt: skip


def let_go(store: Store, job: str, worker: str, *, counted: bool = True) -> None:
    """Give up a job that did not get to its end: it is queued again, or was interrupted too often.

    `counted` is False where nothing went wrong: the node is stopping.
    """
    with store.writing() as transaction:
        row = transaction.one(
            "SELECT attempts FROM jobs WHERE id = ? AND worker = ? AND state = 'running'", job, worker
        )
        if row is not None:
            _put_back(transaction, job, row[0] if counted else row[0] - 1)


def recover(store: Store, stale_ms: int, held: Collection[str] = ()) -> int:
    """Give up the jobs whose workers are gone; `held` are those of this process, which are not. Returns how many."""
    before = now() - stale_ms
    query = "SELECT id, attempts, worker FROM jobs WHERE state = 'running' AND heartbeat < ?"
    with store.reading() as transaction:
        if not transaction.rows(query, before):
            return 0
    with store.writing() as transaction:
        lost = [row for row in transaction.rows(query, before) if row[2] not in held]
        for job, attempts, _ in lost:
            _put_back(transaction, job, attempts)
    return len(lost)


def cancel(store: Store, viewer: Viewer, identity: str) -> Job:
    """Cancel a job of the viewer's; its worker sees it, and ends the process. Raises NotFound, Conflict."""
    with store.writing() as transaction:
        find(transaction, viewer, identity)
        done = transaction.run(
            "UPDATE jobs SET state = 'cancelled', ended = ?, worker = ''"
            " WHERE id = ? AND state IN ('queued', 'running') AND result = ''",
            now(), identity,
        )  # fmt: skip
        if not done:
            raise Conflict("not-cancellable", "This job has ended, or is being published.", "Look at its page.")
        return find(transaction, viewer, identity)


def find(transaction: Transaction, viewer: Viewer, identity: str) -> Job:
    """Return a job of the viewer's, or anybody's for an operator. Raises NotFound."""
    whose, values = _whose(viewer)
    row = transaction.one(f"SELECT {_COLUMNS} FROM jobs WHERE id = ? AND {whose}", identity, *values)
    if row is None:
        raise NotFound("There is no such job here.")
    return _job(row)


def latest(transaction: Transaction, viewer: Viewer, most: int, before: int = 2**62) -> list[Job]:
    """Return the viewer's jobs, the newest first, everybody's for an operator; those created `before` that time."""
    whose, values = _whose(viewer)
    rows = transaction.rows(
        f"SELECT {_COLUMNS} FROM jobs WHERE {whose} AND created < ? ORDER BY created DESC, id LIMIT ?",
        *values, before, most,
    )  # fmt: skip
    return [_job(row) for row in rows]


def ahead_of(transaction: Transaction, job: Job) -> int:
    """Return how many jobs wait that came before."""
    row = transaction.one("SELECT COUNT(*) FROM jobs WHERE state = 'queued' AND created < ?", job.created)
    return row[0] if row and job.state == "queued" else 0


def events(transaction: Transaction, job: str, after: int = 0, most: int = MOST_EVENTS) -> list[tuple[int, Event]]:
    """Return what a job told, with the number of each, from the one after `after` on."""
    rows = transaction.rows(
        "SELECT n, body FROM job_events WHERE job = ? AND n > ? ORDER BY n LIMIT ?", job, after, most
    )
    return [(n, from_json(body, Event, name="event")) for n, body in rows]


def forget_before(store: Store, moment: int) -> None:
    """Remove jobs that ended before `moment`, with what they told."""
    with store.writing() as transaction:
        gone = "state NOT IN ('queued', 'running') AND ended < ?"
        transaction.run(f"DELETE FROM job_events WHERE job IN (SELECT id FROM jobs WHERE {gone})", moment)
        transaction.run(f"DELETE FROM jobs WHERE {gone}", moment)


def ended_at(transaction: Transaction, identity: str) -> int | None:
    """Return when a job ended, 0 if it has not; None if there is no such job."""
    row = transaction.one("SELECT ended FROM jobs WHERE id = ?", identity)
    return row[0] if row else None


def _whose(viewer: Viewer) -> tuple[str, tuple[str, ...]]:
    return ("1 = 1", ()) if "operator" in viewer.roles else ("account = ?", (viewer.account,))


def _put_back(transaction: Transaction, job: str, attempts: int) -> None:
    if attempts >= MOST_ATTEMPTS:
        transaction.run(
            "UPDATE jobs SET state = 'interrupted', ended = ?, worker = '', code = ?, message = ?, remedy = ?"
            " WHERE id = ?",
            now(), "interrupted", f"The process that worked on it ended {attempts} times before it was done.",
            "Upload it again; if that ends the same way, assess it with `accord assess` on a larger machine.", job,
        )  # fmt: skip
        return
    transaction.run("UPDATE jobs SET state = 'queued', worker = '', attempts = ? WHERE id = ?", attempts, job)
    _tell(transaction, job, [Event(kind="stage", stage="again")])


def _tell(transaction: Transaction, job: str, told: Sequence[Event]) -> None:
    row = transaction.one("SELECT MAX(n) FROM job_events WHERE job = ?", job)
    first = ((row[0] if row else None) or 0) + 1
    kept = told[: max(0, MOST_EVENTS - first + 1)]
    transaction.many(
        "INSERT INTO job_events (job, n, body) VALUES (?, ?, ?)",
        [(job, n, _text(event)) for n, event in enumerate(kept, first)],
    )
    transaction.run("UPDATE jobs SET progress = ? WHERE id = ?", _text(told[-1]), job)


def _text(record: Asked | Event) -> str:
    return to_json(record).decode()


def _job(row: Row) -> Job:
    identity, account, kind, state, created, started, ended, attempts, *rest = row
    options, progress, result, code, message, remedy = rest
    return Job(
        id=identity,
        account=account,
        kind=kind,
        state=state,
        created=created,
        started=started,
        ended=ended,
        attempts=attempts,
        asked=from_json(options, Asked, name="options"),
        progress=from_json(progress, Event, name="progress"),
        result=result,
        failure=Failure(code=code, message=message, remedy=remedy) if code else None,
    )
