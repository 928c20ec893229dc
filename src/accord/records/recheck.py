"""A recheck: somebody repeated another's measurements on the same bytes, and says what came out."""

from __future__ import annotations

from typing import Literal

from .evidence import Severity
from .measurement import Record, Value

Outcome = Literal["agrees", "differs", "not_repeated"]
Overall = Literal["agrees", "differs", "nothing_repeated"]


class Repeated(Record, frozen=True, kw_only=True):
    """One measurement, `theirs` and `ours`. `part` is a digest, `path` where that part lies in the target.

    `tolerance` is the largest difference, in the measure's unit, that still agrees; null where values are not numbers
    or nothing was repeated. `sampled` says that both are samples, which chance makes differ.
    """

    inspector: str
    measure: str
    part: str
    path: str = ""
    dimensions: dict[str, str] = {}
    theirs: Value = None
    ours: Value = None
    tolerance: float | None = None
    sampled: bool = False
    outcome: Outcome
    reason: str = ""


class OneSidedFinding(Record, frozen=True, kw_only=True):
    """A finding that only one side has. It is "not_repeated" where another version of the inspector was at work."""

    inspector: str
    rule: str
    severity: Severity
    path: str = ""
    side: Literal["theirs", "ours"]
    outcome: Literal["differs", "not_repeated"]


class OtherVersion(Record, frozen=True, kw_only=True):
    """An inspector, or a library that it names, of which the two sides used other versions."""

    inspector: str
    tool: str = ""
    theirs: str
    ours: str


class Recheck(Record, frozen=True, kw_only=True):
    """What came of repeating the measurements that the statement `statement` rests on, for the system `target`.

    `body` is the keyid of who signed that statement, `measurers` by inspector the keyid of who signed the evidence.
    `outcome` "agrees" means that something was repeated and nothing differed; `results` say what was not repeated.
    """

    statement: str
    target: str
    body: str
    measurers: dict[str, str]
    results: tuple[Repeated, ...]
    findings: tuple[OneSidedFinding, ...] = ()
    findings_in_both: int = 0
    versions: tuple[OtherVersion, ...] = ()
    outcome: Overall
    accord: str

    def count(self, outcome: Outcome) -> int:
        """Return how many measurements came out so."""
        return sum(item.outcome == outcome for item in self.results)
