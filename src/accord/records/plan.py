"""The plan of a run: what will be measured, on what, by which means, and what decides. Signed and logged beforehand.

Statistics calls it pre-registration: who fixes beforehand what will be counted can't choose afterwards what to show.
"""

from __future__ import annotations

from typing import Literal

from .assessment import FrameworkReference
from .card import Card
from .evidence import Parameter, Reason
from .measurement import Record
from .profile import Profile
from .subject import Subject

WHOLE = "Every row and byte of every part, once."
ENDS = "The run ends when each planned inspector has run once on each of its parts; nothing is repeated."


class PlannedRun(Record, frozen=True, kw_only=True):
    """One inspector on one part: `evidence` is the id that its evidence will have, `part` the digest it reads."""

    evidence: str
    inspector: str
    version: str
    part: str
    path: str = ""
    parameters: dict[str, Parameter] = {}


class LeftOut(Record, frozen=True, kw_only=True):
    """An inspector that will not run, on a part or at all, and why."""

    inspector: str
    path: str | None = None
    reason: Reason
    detail: str = ""


class Plan(Record, frozen=True, kw_only=True):
    """What will be run on `subject`, and how it will be judged.

    `card` is the card in full: who runs the plan needs no other. `sample` says how much of the data is measured,
    `stops` when measuring ends, `gates` what decides (as `accord assess --fail-on`), `why` what the run is for.
    """

    version: str = "0.1"
    accord: str
    subject: Subject
    card: Card = Card()
    card_digest: str | None = None
    card_source: Literal["none", "provider", "assessor"] = "none"
    runs: tuple[PlannedRun, ...]
    left_out: tuple[LeftOut, ...] = ()
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    run_target: bool = False
    unsafe_no_isolation: bool = False
    seed: int = 0
    frameworks: tuple[FrameworkReference, ...] = ()
    profile: Profile | None = None
    gates: tuple[str, ...] = ()
    sample: str = WHOLE
    stops: str = ENDS
    why: str = ""

    @property
    def inspectors(self) -> frozenset[str]:
        """The ids of the inspectors that the plan knows: those that run and those that are left out."""
        return frozenset({run.inspector for run in self.runs} | {item.inspector for item in self.left_out})
