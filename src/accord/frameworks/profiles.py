"""Profiles: reading one, and laying its thresholds over frameworks, so that the judge sees ordinary rules.

A threshold of a profile stands in the verdict with its own source; where it takes the place of one that the text
states, it says so. Whoever sets a threshold that nobody can find in a rule has made a mistake: it is reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec.structs import replace

from ..records import Framework, Profile, ProfileThreshold, Requirement, Rule, is_day
from ..records.framework import Op
from ..records.profile import ProfileReviewers
from .comparing import shown
from .mistakes import InvalidFramework, Mistake, structural_mistakes
from .reading import read_file

MOST_REVIEWERS = 9


def open_profile(path: Path) -> Profile:
    """Read a profile from a YAML file.

    Raises InvalidFramework with every mistake at once, UsageError if the file can't be read, MalformedInput or
    LimitExceeded if it isn't YAML of our kind.
    """
    from .yaml_reading import read_yaml

    content = read_yaml(read_file(path), name=path.name)
    try:
        profile = msgspec.convert(content, type=Profile, strict=True)
    except (msgspec.ValidationError, RecursionError) as error:
        found = tuple(structural_mistakes(content, Profile))
        raise InvalidFramework(path.name, found or (Mistake("(top)", str(error), "Correct it."),)) from None
    mistakes = tuple(profile_mistakes(profile))
    if mistakes:
        raise InvalidFramework(path.name, mistakes)
    return profile


def profile_mistakes(profile: Profile) -> Iterator[Mistake]:
    """Yield what is wrong with a profile in itself, whatever it is laid over."""
    from ..measures.catalogue import catalogue
    from .validation import threshold_mistakes

    for field in ("id", "title", "author"):
        if not getattr(profile, field).strip():
            yield Mistake(field, "is empty", "Fill it in.")
    if not is_day(profile.date):
        yield Mistake("date", f"{profile.date!r} isn't a date", "Write YYYY-MM-DD.")
    if not profile.thresholds and not profile.reviewers:
        yield Mistake("thresholds", "the profile sets nothing", "Add thresholds or reviewers.")
    for index, entry in enumerate(profile.thresholds):
        path = f"thresholds[{index}]"
        if entry.measure not in catalogue():
            yield Mistake(f"{path}.measure", f"there is no measure {entry.measure!r}", "See `accord measures`.")
        if not entry.source.strip():
            yield Mistake(f"{path}.source", "is empty", "Say who decided on this threshold, and when.")
        if entry.threshold is None:
            yield Mistake(f"{path}.threshold", "is null", "Write the value that decides.")
        elif entry.op is not None:
            yield from threshold_mistakes(path, _rule_of(entry, entry.op))
        if entry.requirement is not None and entry.framework is None:
            yield Mistake(f"{path}.framework", "a requirement without its framework", "Name the framework.")
    for index, wanted in enumerate(profile.reviewers):
        if not 1 <= wanted.number <= MOST_REVIEWERS:
            yield Mistake(f"reviewers[{index}].number", f"{wanted.number}", f"Write 1 to {MOST_REVIEWERS}.")


def apply_profile(profile: Profile, frameworks: Sequence[Framework]) -> tuple[Framework, ...]:
    """Return the frameworks with the profile's thresholds in their rules, wherever they match one."""
    return tuple(_with_thresholds(framework, profile, set()) for framework in frameworks)


def check_profile(profile: Profile, frameworks: Sequence[Framework]) -> None:
    """Raise InvalidFramework if the profile sets something that no rule of these frameworks would ever ask for.

    An entry may name a framework that is not among them, a requirement that it does not have, or match no rule.
    """
    used: set[int] = set()
    for framework in frameworks:
        _with_thresholds(framework, profile, used)
    known = {framework.id: {item.id for item in framework.requirements} for framework in frameworks}
    mistakes = [
        *(
            Mistake(f"thresholds[{index}]", f"no rule asks for {entry.measure} there", _remedy(entry))
            for index, entry in enumerate(profile.thresholds)
            if index not in used and (entry.framework is None or entry.framework in known)
        ),
        *_strangers("thresholds", profile.thresholds, known),
        *_strangers("reviewers", profile.reviewers, known),
    ]
    if mistakes:
        raise InvalidFramework(profile.id, tuple(mistakes))


def _strangers(
    key: str, entries: Sequence[ProfileThreshold | ProfileReviewers], known: Mapping[str, set[str]]
) -> Iterator[Mistake]:
    for index, entry in enumerate(entries):
        if entry.framework is None:
            continue
        if entry.framework not in known:
            yield Mistake(
                f"{key}[{index}].framework", f"{entry.framework!r} isn't judged here", "Add it with --framework."
            )
        elif entry.requirement is not None and entry.requirement not in known[entry.framework]:
            yield Mistake(
                f"{key}[{index}].requirement",
                f"{entry.framework} has no requirement {entry.requirement!r}",
                f"See `accord frameworks show {entry.framework}`.",
            )


def reviewers_needed(profile: Profile | None, framework: Framework) -> dict[str, int]:
    """Return how many reviewers a requirement needs, by id, where the profile asks for any number."""
    wanted = [entry for entry in profile.reviewers if entry.framework == framework.id] if profile else []
    if not wanted:
        return {}
    above = {requirement.id: requirement.parent for requirement in framework.requirements}
    found: dict[str, int] = {}
    for requirement in framework.requirements:
        line: list[str | None] = [requirement.id]
        while line[-1] is not None and len(line) <= len(above):
            line.append(above.get(line[-1]))
        numbers = [entry.number for entry in wanted if entry.requirement in line]
        if numbers:
            found[requirement.id] = max(numbers)
    return found


def _with_thresholds(framework: Framework, profile: Profile, used: set[int]) -> Framework:
    entries = [
        (index, entry) for index, entry in enumerate(profile.thresholds) if entry.framework in (None, framework.id)
    ]
    if not entries:
        return framework
    changed = []
    for requirement in framework.requirements:
        rules = requirement.rules
        for index, entry in entries:
            if entry.requirement in (None, requirement.id):
                rules = _laid_over(rules, requirement, index, entry, profile, used)
        changed.append(replace(requirement, rules=rules) if rules is not requirement.rules else requirement)
    return replace(framework, requirements=tuple(changed))


def _laid_over(
    rules: tuple[Rule, ...],
    requirement: Requirement,
    index: int,
    entry: ProfileThreshold,
    profile: Profile,
    used: set[int],
) -> tuple[Rule, ...]:
    hits: list[Rule] = []
    changed = tuple(_changed(rule, entry, profile, hits) for rule in rules)
    # What only a person or a document can show is not made a matter of numbers by a profile.
    measured = requirement.verification == "measured"
    if not hits and measured and entry.requirement == requirement.id and entry.op is not None:
        added = replace(_rule_of(entry, entry.op), threshold_source=_source(entry, profile, None))
        used.add(index)
        return (*changed, added)
    if hits:
        used.add(index)
        return changed
    return rules


def _changed(rule: Rule, entry: ProfileThreshold, profile: Profile, hits: list[Rule]) -> Rule:
    if rule.measure is not None:
        fits = rule.measure == entry.measure and entry.op in (None, rule.op) and entry.where in (None, rule.where)
        if not fits or rule.op == "exists":
            return rule
        hits.append(rule)
        return replace(rule, threshold=entry.threshold, threshold_source=_source(entry, profile, rule))
    groups = {
        name: tuple(_changed(child, entry, profile, hits) for child in getattr(rule, name))
        for name in ("all", "any", "none")
    }
    return replace(rule, **groups)


def _rule_of(entry: ProfileThreshold, op: Op) -> Rule:
    return Rule(
        measure=entry.measure,
        where=entry.where or {},
        op=op,
        threshold=entry.threshold,
        threshold_source=entry.source,
    )


def _source(entry: ProfileThreshold, profile: Profile, rule: Rule | None) -> str:
    instead = ""
    if rule is not None and rule.threshold is not None:
        instead = f", in place of {shown(rule.threshold)} ({rule.threshold_source})"
    return f"profile “{profile.title}”: {entry.source}{instead}"


def _remedy(entry: ProfileThreshold) -> str:
    if entry.requirement is not None and entry.op is not None:
        return "Check the requirement: a rule is added only to one that is measured."
    return "Name a requirement that is measured, and an op, and the rule is added to it."
