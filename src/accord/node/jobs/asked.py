"""What a job is asked to do, and what it tells while it does it: records, read by the node and by its processes."""

from __future__ import annotations

from typing import Literal

from ...records import Card
from ...records.measurement import Record
from ...records.said import Level

Stage = Literal["waiting", "reading", "measuring", "judging", "publishing", "again"]
"""`again`: the process that worked on it is gone, and another begins where that one was."""


class Uploaded(Record, frozen=True, kw_only=True):
    """A file that came: its own name, which is data, and its size. It is kept under a number, never under its name."""

    name: str
    size: int


class Asked(Record, frozen=True, kw_only=True):
    """What to assess and how. `card` is what was answered in the form, or the assessor's card that came as a file.

    Without frameworks and jurisdictions the card says under which texts to judge, else the node's jurisdiction does.
    `plan` is the id of a signed plan to follow; then nothing else says what to run. `deviate` is why it is followed
    although something differs.
    """

    files: tuple[Uploaded, ...]
    card: Card | None = None
    frameworks: tuple[str, ...] = ()
    jurisdictions: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    seed: int = 0
    disclosure: Level = "public"
    peers: tuple[str, ...] = ()
    reason: str = ""
    plan: str = ""
    deviate: str = ""


class Task(Record, frozen=True, kw_only=True):
    """What the process of a job is handed: what was asked, the node's jurisdiction, and on how many threads to work.

    `plan` and `plan_proof` are a signed plan and the proof that it is in this node's log.
    """

    asked: Asked
    jurisdiction: str
    threads: int
    plan: str = ""
    plan_proof: str = ""


class Failure(Record, frozen=True, kw_only=True):
    """Why a job failed, and what to do."""

    code: str
    message: str
    remedy: str


class Event(Record, frozen=True, kw_only=True):
    """One thing that a job tells: a stage begins, or an inspector is done with a part (`result`).

    Of a result: `status` is measured, skipped or failed, `detail` says why; `worst` is the gravest severity that it
    found; `done` of `total` inspectors are through, after `seconds`; `reused` if the attempt before measured it.
    """

    kind: Literal["stage", "result"]
    stage: Stage
    inspector: str = ""
    title: str = ""
    part: str = ""
    status: str = ""
    detail: str = ""
    measurements: int = 0
    findings: int = 0
    worst: str = ""
    reused: bool = False
    seconds: float = 0.0
    done: int = 0
    total: int = 0


class Told(Record, frozen=True, kw_only=True):
    """A line that the process of a job writes: an event, its failure, or that the report is written."""

    event: Event | None = None
    failure: Failure | None = None
    written: bool = False
