"""Repeating: open the same target, run the same inspectors with the same parameters and seed, compare."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from .. import __version__
from ..assess import Measured, Options, assess
from ..errors import UsageError
from ..inspectors.interface import Inspector
from ..records import Evidence, Parameter
from ..records.recheck import OneSidedFinding, OtherVersion, Overall, Recheck, Repeated
from ..subjects import Target, open_target
from ..subjects.card import check_card
from ..subjects.digest import Progress
from .claim import Claim
from .comparing import compare_findings, compare_measurements, measured_in, not_repeated

DECLARATIONS = "transparency.card"
"""What a card declares is not measured, so nobody can measure it again."""
MOST_SEEDS = 8
_LARGEST_SEED = 2**32 - 1


@contextmanager
def open_claimed(
    claim: Claim, spec: str, card: Path | None = None, progress: Progress | None = None
) -> Iterator[Target]:
    """Open the target `spec` as the claim has it: the same bytes, read with the same card.

    `card` is needed for statements alone, where the card does not lie in the target. Raises UsageError that shows both
    digests if it is another target or another card.
    """
    known = check_card(claim.card, name="of the report") if claim.card and claim.card_source != "none" else None
    with open_target(spec, card=known or card, progress=progress) as target:
        if claim.card is None and target.card_digest != claim.card_digest:
            raise UsageError(
                "another-card",
                f"they read the card {claim.card_digest or '(none)'}, this is {target.card_digest or '(none)'}",
                "Give the card that they used with --card, or recheck the whole report folder: it holds the card.",
            )
        if target.subject.digest != claim.target:
            raise UsageError(
                "another-target",
                f"they measured {claim.target}, this target is {target.subject.digest}",
                "Recheck the very same bytes: a copy that was changed in any way is another system.",
            )
        yield (
            replace(target, card=claim.card, card_source=claim.card_source, card_digest=claim.card_digest)
            if claim.card
            else target
        )


@dataclass(frozen=True, slots=True)
class _Pair:
    """A piece of their evidence, and ours of the same, or why there is none."""

    theirs: Evidence
    ours: Evidence | None
    why: str = ""
    sampled: bool = False


def repeat(
    claim: Claim,
    target: Target,
    inspectors: Sequence[Inspector],
    *,
    only: Sequence[str] = (),
    run_target: bool = False,
    progress: Callable[[Measured], None] | None = None,
) -> Recheck:
    """Measure again what the claim measured, and compare. `only` are ids of inspectors; the cache is not asked.

    What can't be repeated is listed with its reason, and is never taken for agreement.
    """
    pairs = list(_pairs(claim, target, {item.id: item for item in inspectors}, only, run_target, progress))
    paths = {part.digest: part.path for part in reversed(target.subject.parts)}
    comparisons = sum(len(measured_in(pair.theirs)) for pair in pairs if pair.sampled and pair.ours)
    results: list[Repeated] = []
    findings: list[OneSidedFinding] = []
    in_both = 0
    for pair in pairs:
        if pair.ours is None:
            results += not_repeated(pair.theirs, pair.why, paths)
            continue
        results += compare_measurements(pair.theirs, pair.ours, paths, sampled=pair.sampled, comparisons=comparisons)
        if not pair.sampled:
            both, alone = compare_findings(pair.theirs, pair.ours, paths)
            in_both += both
            findings += alone
    return Recheck(
        statement=claim.statement,
        target=claim.target,
        body=claim.signer,
        measurers=claim.measurers,
        results=tuple(results),
        findings=tuple(findings),
        findings_in_both=in_both,
        versions=tuple(
            dict.fromkeys(item for pair in pairs if pair.ours for item in _versions(pair.theirs, pair.ours))
        ),
        outcome=_overall(results, findings),
        accord=__version__,
    )


def _overall(results: Sequence[Repeated], findings: Sequence[OneSidedFinding]) -> Overall:
    outcomes = {item.outcome for item in results} | {item.outcome for item in findings}
    if "differs" in outcomes:
        return "differs"
    return "agrees" if "agrees" in outcomes else "nothing_repeated"


def _pairs(
    claim: Claim,
    target: Target,
    installed: Mapping[str, Inspector],
    only: Sequence[str],
    run_target: bool,
    progress: Callable[[Measured], None] | None,
) -> Iterator[_Pair]:
    theirs = [item for item in claim.evidence if item.status == "measured" and item.inspector != DECLARATIONS]
    parameters = {item.inspector: item.parameters for item in reversed(theirs)}
    why = {id(item): _why_not(item, installed.get(item.inspector), parameters, only) for item in theirs}
    wanted = [item for item in theirs if not why[id(item)]]
    seeds = sorted({item.seed for item in wanted})[:MOST_SEEDS]
    ours: dict[tuple[int, str, str], Evidence] = {}
    for seed in seeds:
        names = {item.inspector for item in wanted if item.seed == seed}
        options = Options(parameters={name: parameters[name] for name in names}, seed=seed, run_target=run_target)
        for event in assess(target, [installed[name] for name in sorted(names)], (), options, None):
            if isinstance(event, Measured):
                ours[seed, event.evidence.inspector, event.evidence.id] = event.evidence
                if progress:
                    progress(event)
    roles = {part.digest: part.role for part in target.subject.parts}
    for item in theirs:
        again = ours.get((item.seed, item.inspector, item.id))
        if why[id(item)] or again is None:
            yield _Pair(item, None, why[id(item)] or "the target has no such part here, or there are too many seeds")
        elif again.status != "measured":
            yield _Pair(item, None, f"{again.status} here: {again.detail or again.reason}")
        else:
            chance = roles.get(item.subject) == "endpoint" or not installed[item.inspector].cacheable
            yield _Pair(item, again, sampled=chance)


def _why_not(
    item: Evidence,
    inspector: Inspector | None,
    parameters: Mapping[str, Mapping[str, Parameter]],
    only: Sequence[str],
) -> str:
    """Say why evidence can't be repeated; "" if it can be tried."""
    if only and item.inspector not in only:
        return "left out at the caller's wish"
    if inspector is None:
        return f"there is no inspector {item.inspector[:80]!r} here"
    if item.parameters != parameters[item.inspector]:
        return "its parameters differ from part to part"
    for name, value in item.parameters.items():
        default = inspector.parameters.get(name)
        if name not in inspector.parameters or not _is_like(value, default):
            return f"version {inspector.version} here takes no parameter {name[:80]} = {value!r}"[:300]
    return "" if 0 <= item.seed <= _LARGEST_SEED else f"the seed {item.seed} is none"


def _is_like(value: Parameter, default: Parameter) -> bool:
    return default is None or type(value) is type(default) or (type(default) is float and type(value) is int)


def _versions(theirs: Evidence, ours: Evidence) -> Iterator[OtherVersion]:
    if theirs.version != ours.version:
        yield OtherVersion(inspector=theirs.inspector, theirs=theirs.version, ours=ours.version)
    for tool in sorted(theirs.tools.keys() | ours.tools.keys()):
        one, other = theirs.tools.get(tool, "absent"), ours.tools.get(tool, "absent")
        if one != other:
            yield OtherVersion(inspector=theirs.inspector, tool=tool, theirs=one, ours=other)
