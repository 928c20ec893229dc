"""The main job, on one page: measure a target, judge the measurements, put it together.

    target → parts → inspectors → evidence → frameworks → verdicts, tiers → assessment

`assess` is a generator, so that results stream; the assessment itself comes last, as `Done`.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from . import __version__
from .frameworks import FrameworkFile, Terms, judge_all
from .inspectors.cache import EvidenceCache
from .inspectors.crew import Crew
from .inspectors.interface import Inspector
from .inspectors.running import Request, parameters_of, run, skipped
from .records import Assessment, Environment, Evidence, Parameter, Part, Reason
from .summary import summarise

if TYPE_CHECKING:
    from .subjects import Target

FORMAT = "0.1"


@dataclass(frozen=True, slots=True)
class Options:
    """What the caller asks for. `only` and `skip` are inspector ids, `parameters` overrides by inspector id."""

    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    parameters: Mapping[str, Mapping[str, Parameter]] = field(default_factory=dict)
    run_target: bool = False
    unsafe_no_isolation: bool = False
    seed: int = 0
    workers: int = field(default_factory=lambda: os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Step:
    """One inspector on one part: to be run, or to be skipped with the reason that is known beforehand."""

    inspector: Inspector
    part: Part | None
    request: Request | None = None
    reason: Reason | None = None
    detail: str = ""

    @property
    def expected_seconds(self) -> float:
        """A rough forecast of CPU-seconds: the child's start, and the bytes at the inspector's usual speed."""
        if self.request is None or self.part is None:
            return 0.0
        start = 0.05 if self.inspector.isolation == "none" else 0.4
        return start + self.part.size / self.inspector.bytes_per_second


@dataclass(frozen=True, slots=True)
class Measured:
    """One piece of evidence, as soon as it is there. `reused` says that an earlier run on the same bytes made it."""

    step: Step
    evidence: Evidence
    reused: bool
    done: int
    of: int


@dataclass(frozen=True, slots=True)
class Done:
    """The end of the stream."""

    assessment: Assessment


def assess(
    target: Target,
    inspectors: Sequence[Inspector],
    frameworks: Sequence[FrameworkFile],
    options: Options,
    cache: EvidenceCache | None,
    terms: Terms | None = None,
) -> Iterator[Measured | Done]:
    """Measure `target` and judge it under `frameworks`; yield each piece of evidence, then the assessment."""
    terms = terms or Terms(on=today())
    started, clock = datetime.now(UTC), time.perf_counter()
    steps = plan(target, inspectors, options)
    evidence: list[Evidence] = []
    reused: list[str] = []
    for step, (item, from_cache) in zip(steps, _results(target, steps, options, cache), strict=True):
        evidence.append(item)
        if from_cache:
            reused.append(item.id)
        yield Measured(step, item, from_cache, len(evidence), len(steps))

    terms = replace(terms, known_digests=target.subject.digests)
    judgements = judge_all([file.framework for file in frameworks], evidence, terms)
    yield Done(
        Assessment(
            version=FORMAT,
            subject=target.subject,
            card=target.card,
            card_digest=target.card_digest,
            card_source=target.card_source,
            evidence=tuple(evidence),
            verdicts=tuple(verdict for judgement in judgements for verdict in judgement.verdicts),
            tiers=tuple(tier for judgement in judgements for tier in judgement.tiers),
            frameworks=tuple(file.reference for file in frameworks),
            profile=terms.profile,
            reviews=terms.reviews,
            judged=terms.on,
            summary=summarise(target.subject, target.card, evidence, judgements, inspectors),
            environment=_environment(started, time.perf_counter() - clock, reused, options),
        )
    )


def plan(target: Target, inspectors: Sequence[Inspector], options: Options) -> list[Step]:
    """Return every step in order, the ones that are known to be skipped with their reason."""
    return [step for inspector in inspectors for step in _steps(target, inspector, options)]


def _steps(target: Target, inspector: Inspector, options: Options) -> Iterator[Step]:
    if inspector.id in options.skip or (options.only and inspector.id not in options.only):
        yield Step(inspector, None, reason="user", detail="left out at the caller's wish")
        return
    parts = [part for part in target.subject.parts if inspector.applies_to(part)]
    if not parts:
        yield Step(inspector, None, reason="not_applicable", detail="the target has no part of a kind that it inspects")
        return
    if inspector.scope == "subject":
        parts = parts[:1]
    if inspector.isolation == "execute" and not options.run_target:
        yield Step(inspector, None, reason="needs_consent", detail="it runs the target's own code: give --run-target")
        return
    missing = [name for name in inspector.needs_card if not _stated(target.card, name)]
    if missing:
        detail = f"the card does not state {', '.join(missing)}; `accord init` drafts a card"
        yield Step(inspector, parts[0], reason="missing_input", detail=detail)
        return
    for part in parts:
        yield Step(
            inspector,
            part,
            Request(
                inspector=inspector.id,
                part=part,
                subject=target.subject,
                root=str(target.root),
                card=target.card,
                card_source=target.card_source,
                contradictions=target.contradictions,
                parameters=parameters_of(inspector, options.parameters.get(inspector.id, {})),
                seed=options.seed,
            ),
        )


def _stated(card: object, name: str) -> bool:
    for key in name.split("."):
        card = getattr(card, key, None)
    return card not in (None, (), {}, "")


def _results(
    target: Target, steps: Sequence[Step], options: Options, cache: EvidenceCache | None
) -> Iterator[tuple[Evidence, bool]]:
    """Carry out the steps side by side, in sandboxes that share one budget of memory; yield in order."""
    with Crew(target.root, options.workers, unsafe_no_isolation=options.unsafe_no_isolation) as crew:

        def carry_out(step: Step) -> tuple[Evidence, bool]:
            if step.request is None:
                digest = step.part.digest if step.part else target.subject.digest
                return skipped(step.inspector, digest, step.part, step.reason or "not_applicable", step.detail), False
            kept = cache.get(step.inspector, step.request) if cache and step.inspector.cacheable else None
            if kept is not None:
                return kept, True
            isolation = step.inspector.isolation
            evidence = run(step.inspector, step.request, None if isolation == "none" else crew.box(isolation))
            if cache and step.part and not target.has_changed(step.part):
                cache.put(step.inspector, step.request, evidence)
            return evidence, False

        with ThreadPoolExecutor(max_workers=crew.workers) as pool:
            yield from pool.map(carry_out, steps)


def _environment(started: datetime, seconds: float, reused: Sequence[str], options: Options) -> Environment:
    return Environment(
        accord=__version__,
        python=platform.python_version(),
        platform=f"{platform.system()} {platform.machine()}",
        started=started.strftime("%Y-%m-%dT%H:%M:%SZ"),
        seconds=round(seconds, 3),
        cores=os.cpu_count() or 1,
        reused=tuple(reused),
        options={"seed": str(options.seed), "only": ",".join(options.only), "skip": ",".join(options.skip)},
    )


def today() -> str:
    """Return the date of today in UTC as YYYY-MM-DD."""
    return datetime.now(UTC).date().isoformat()


def nothing_measured(assessment: Assessment) -> bool:
    """Whether no inspector measured anything of the target itself: what a card declares does not count."""
    return not any(
        measurement.basis == "measured" and item.inspector != "transparency.card"
        for item in assessment.evidence
        for measurement in item.measurements
    )
