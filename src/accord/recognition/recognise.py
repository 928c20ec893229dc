"""What counts here of a foreign assessment, requirement by requirement and result by result.

    its results, as far as they fit here → their verdicts, over agreements and the crosswalk → recognised
                                         → our thresholds → met, not met, or still to be shown

Nothing is taken as it is stored: their verdicts are judged again from their measurements, with every value that does
not surely fit here unknown. What our own threshold refuses stays refused, whatever they recognise: an agreement spares
a second test, it lowers no minimum (Hallmarking Convention of 1972, Art. 1 and 6).
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from ..crosswalk import between, carry
from ..crosswalk.relations import SHOWS
from ..frameworks import FrameworkFile, Terms, judge_all, library_ids, open_framework
from ..frameworks.profiles import profile_mistakes
from ..i18n import _
from ..inspectors.interface import Inspector
from ..records import Evidence, FrameworkReference, Profile, Requirement, RuleOutcome, Verdict
from ..records.recognition import Appraisal, Missing, Path, RequirementHere, RequirementStatus
from ..records.verdict import VerdictStatus
from ..trust.statement import format_time
from .case import Case
from .counting import Question, Route, chains, routes
from .fit import Here, as_far_as_it_fits, results_here
from .gap import Result, missing, producers, result
from .known import World

CARRIED: tuple[VerdictStatus, ...] = ("met", "documented")
"""What can be recognised: what was measured, and documents. A declaration or a review speaks where it was made."""
_BY_OUR_JUDGE: dict[VerdictStatus, RequirementStatus] = {
    "met": "met_by_our_threshold",
    "documented": "met_by_our_threshold",
    "not_met": "not_met_by_our_threshold",
    "not_applicable": "not_applicable",
}


@dataclass(frozen=True)
class Shown:
    """A requirement here that a recognised verdict shows: by whom, under which agreement, over which requirements."""

    route: Route
    over: tuple[str, ...]


@dataclass(frozen=True)
class Rules:
    """What the result is held to here: the frameworks, our profile, texts beside the library, what can measure here."""

    frameworks: Sequence[FrameworkFile]
    inspectors: Sequence[Inspector]
    profile: Profile | None = None
    texts: Sequence[FrameworkFile] = ()

    @property
    def methods(self) -> dict[str, str]:
        """The version of each inspector that is installed here."""
        return {inspector.id: inspector.version for inspector in self.inspectors}


def appraise(case: Case, here: Here, world: World, rules: Rules) -> Appraisal:
    """Return what of the assessment counts in `here`, by what is known in `world`, under `rules`."""
    assessment = case.assessment
    world = _with_seen(world, case)
    fitted = as_far_as_it_fits(assessment.evidence, here)
    day = format_time(world.at)[:10]
    terms = Terms(profile=rules.profile, on=day, known_digests=assessment.subject.digests)
    judged = judge_all([file.framework for file in rules.frameworks], fitted, terms)
    counting = _Counting(case, here, world, rules, fitted)
    shown = counting.shown()
    can_measure = producers(rules.inspectors)
    elsewhere = frozenset(_values(assessment.evidence) - _values(fitted))
    requirements = []
    for file, judgement in zip(rules.frameworks, judged, strict=True):
        points = {requirement.id: requirement for requirement in file.framework.requirements}
        for verdict in judgement.verdicts:
            found = shown.get(f"{verdict.framework}#{verdict.requirement}")
            point = points[verdict.requirement]
            lacks = functools.partial(missing, point, verdict, can_measure, elsewhere)
            requirements.append(_here(point, verdict, found, lacks))
    there = counting.routes[0].path.jurisdiction
    return Appraisal(
        assessment=case.said.heard.id,
        subject=assessment.subject.digest,
        name=assessment.subject.name,
        provider=assessment.card.system.provider or "",
        signed=case.said.heard.created,
        valid_until=case.said.heard.valid_until,
        jurisdiction=here.jurisdiction,
        at=format_time(world.at),
        local=here.context,
        profile=rules.profile,
        frameworks=tuple(file.reference for file in rules.frameworks),
        judged_there=assessment.frameworks,
        paths=counting.paths(),
        chains=chains(world.edges, here.jurisdiction, there) if there else (),
        results=results_here(assessment.evidence, here),
        requirements=tuple(requirements),
        notes=tuple(counting.notes),
    )


def _with_seen(world: World, case: Case) -> World:
    """Return what is known, with when the case's own statements were seen."""
    return dataclasses.replace(world, seen={**case.seen, **world.seen})


def _values(evidence: Sequence[Evidence]) -> set[Result]:
    measured = (m for item in evidence for m in item.measurements if m.value is not None)
    return {result(m.measure, m.subject, m.dimensions) for m in measured}


def _here(
    requirement: Requirement, verdict: Verdict, shown: Shown | None, lacks: Callable[[], tuple[Missing, ...]]
) -> RequirementHere:
    status = _BY_OUR_JUDGE.get(verdict.status, "still_to_be_shown")
    reason = verdict.reason
    if shown and status in ("met_by_our_threshold", "still_to_be_shown"):
        status = "recognised"
        text = _("{body} showed it under {over}; recognised by the agreement {agreement}.")
        path = shown.route.path
        reason = text.format(body=path.body_name, over=", ".join(shown.over), agreement=path.agreement_id)
    return RequirementHere(
        framework=verdict.framework,
        requirement=requirement.id,
        label=requirement.label,
        title=requirement.title,
        status=status,
        verdict=verdict.status,
        reason=reason,
        agreement=shown.route.path.agreement if shown and status == "recognised" else "",
        body=shown.route.path.body if shown and status == "recognised" else "",
        over=shown.over if shown and status == "recognised" else (),
        missing=lacks() if status == "still_to_be_shown" else (),
    )


@dataclass
class _Counting:
    """The verdicts of an assessment that count here, and what they show."""

    case: Case
    here: Here
    world: World
    rules: Rules
    fitted: Sequence[Evidence]
    notes: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        assessment = self.case.assessment
        self.sector = assessment.card.system.sector or ""
        question = Question(
            jurisdiction=self.here.jurisdiction,
            provider=assessment.card.system.provider or "",
            sector=self.sector,
            frameworks=tuple(used.id for used in assessment.frameworks),
        )
        self.routes = routes(self.case.said, self.world, question)
        self.measured = {name: routes(said, self.world, question) for name, said in self.case.evidence.items()}
        self._roles = {part.digest: part.role for part in assessment.subject.parts}
        self._evidence = {item.id: item for item in self.fitted}
        self._stored = {(v.framework, v.requirement): v.status for v in assessment.verdicts}

    def paths(self) -> tuple[Path, ...]:
        """Return the paths of the assessment, and those of evidence that another signed, or that breaks on its own."""
        found = [route.path for route in self.routes]
        holds = {path.agreement for path in found if path.holds}
        for measured in self.measured.values():
            best = measured[0].path
            breaks = not any(route.path.holds and route.path.agreement in holds for route in measured)
            if best.keyid != found[0].keyid or (holds and breaks):
                found.append(best)
        return tuple(found)

    def shown(self) -> dict[str, Shown]:
        """Return what is recognised, by reference."""
        found: dict[str, Shown] = {}
        for route in self.routes:
            if route.path.holds:
                for used in self.case.assessment.frameworks:
                    for reference, over in self._carried(route, used):
                        found.setdefault(reference, Shown(route, over))
        return found

    def _carried(self, route: Route, used: FrameworkReference) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield what their verdicts under one framework show here, each with the requirements that show it."""
        text = self._text_of(used)
        if text is None or not route.covers_framework(used.id):
            return
        verdicts = tuple(self._counted(verdict, route) for verdict in self._judged(text, route))
        if not any(verdict.status in CARRIED for verdict in verdicts):
            return
        counted = replace(self.case.assessment, verdicts=verdicts, evidence=())
        for file in self.rules.frameworks:
            if file.reference == used:
                for verdict in verdicts:
                    if verdict.status in CARRIED:
                        yield (name := f"{used.id}#{verdict.requirement}"), (name,)
            elif file.framework.id == used.id:
                self._note(_("{name}: they judged another text of it than ours, and nothing carries over."), used)
            else:
                crosswalk = carry(
                    between(text.framework, file.framework), counted, subject=text.framework, object_=file.framework
                )
                for crossing in crosswalk.crossings:
                    if crossing.outcome == "shown":
                        over = (link.subject for link in crossing.links if _shows(link.relation, link.verdict))
                        yield crossing.requirement, tuple(dict.fromkeys(over))

    def _judged(self, text: FrameworkFile, route: Route) -> Sequence[Verdict]:
        """Judge their measurements under their framework, by the thresholds that the level of the agreement allows.

        `equivalent_outcome` takes their own; `same_method` counts a measurement as if it was made here, so it is held
        to ours.
        """
        theirs, ours = self.case.assessment.profile, self.rules.profile
        profile = theirs if route.path.level == "equivalent_outcome" else ours
        if profile and profile is theirs and any(profile_mistakes(profile)):
            self._note(_("{name}: the profile that they judged by is not sound."), text.reference)
            return ()
        day = self.case.assessment.judged or self.case.assessment.environment.started[:10]
        terms = Terms(profile=profile, on=day, known_digests=self.case.assessment.subject.digests)
        return judge_all([text.framework], self.fitted, terms)[0].verdicts

    def _counted(self, verdict: Verdict, route: Route) -> Verdict:
        """Return the verdict if they said so too and every result that it rests on counts; else an open one."""
        said = self._stored.get((verdict.framework, verdict.requirement))
        if verdict.status in CARRIED and said in CARRIED:
            rests_on = [outcome for outcome in verdict.outcomes if outcome.evidence]
            if rests_on and all(self._counts(outcome, verdict.framework, route) for outcome in rests_on):
                return verdict
        return replace(verdict, status="not_evaluated") if verdict.status in CARRIED else verdict

    def _counts(self, outcome: RuleOutcome, framework: str, route: Route) -> bool:
        """Whether a result came over a path of its own under the same agreement, in scope, by a method that counts."""
        item = self._evidence.get(outcome.evidence or "")
        if item is None:
            return False
        if route.path.level == "same_method" and self.rules.methods.get(item.inspector) != item.version:
            text = _("{name} is here in another version, and the agreement asks for the same method.")
            self._note(text, item.inspector)
            return False
        part = self._roles.get(outcome.subject or "", "")
        return any(
            own.path.holds
            and own.path.agreement == route.path.agreement
            and own.covers(
                framework=framework, measure=outcome.measure, inspector=item.inspector, part=part, sector=self.sector
            )
            for own in self.measured.get(item.inspector, ())
        )

    def _text_of(self, used: FrameworkReference) -> FrameworkFile | None:
        """Return the very text that they judged under, by its digest."""
        shelf = (*self.rules.texts, *([open_framework(used.id)] if used.id in library_ids() else []))
        found = next((file for file in shelf if file.reference == used), None)
        if found is None:
            self._note(_("{name}: the text that they judged under is not installed here; nothing of it counts."), used)
        return found

    def _note(self, text: str, about: FrameworkReference | str) -> None:
        name = about if isinstance(about, str) else f"{about.id} {about.version}"
        said = text.format(name=name)
        if said not in self.notes:
            self.notes.append(said)


def _shows(relation: str, verdict: VerdictStatus | None) -> bool:
    return relation in SHOWS and verdict in CARRIED
