"""The rules for framework files beyond their types: ids, dates, parents, measures, questions, thresholds."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from functools import lru_cache

import msgspec

from ..documents import document_kinds
from ..records import Card, Framework, Requirement, Rule, is_day
from .comparing import has_direction
from .facts import ABSENT, ANSWER, ANY_VALUE
from .mistakes import Mistake

IDS_AND_TITLES_ONLY = "ids and own short titles only"
"""The `text_licence` of sources whose words may not be carried: titles stay short, notes and questions out."""

SHORT_TITLE = 80
_FRAMEWORK_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+|\.[0-9]+)*\Z")
_ID = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*\Z")
_JURISDICTION = re.compile(r"[A-Z]{2,5}(?:-[A-Z0-9]{1,3})?\Z")
_ROUGH_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2})?\Z")
_ADDRESS = re.compile(r"(?:https?://|urn:|doi:)[^\s]+\Z")
_REFERENCE = re.compile(rf"{_FRAMEWORK_ID.pattern[:-2]}#{_ID.pattern}")
_MAX_ID = 64
MAX_LEVELS = 40

_ADDRESSEES = (
    "provider deployer operator importer distributor authorised_representative product_manufacturer gpai_provider "
    "notified_body authority state organisation controller processor supplier platform user everyone"
)
ADDRESSEES = frozenset(_ADDRESSEES.split())
"""Who a requirement binds. The names are those of ISO/IEC 22989 and of the laws that use them."""


def mistakes_in(framework: Framework) -> Iterator[Mistake]:
    """Yield every mistake in a framework that has the right types."""
    yield from _header(framework)
    yield from _questions(framework)
    yield from _requirements(framework)
    yield from _tiers(framework)


def _header(framework: Framework) -> Iterator[Mistake]:
    if not _FRAMEWORK_ID.match(framework.id) or len(framework.id) > _MAX_ID:
        yield Mistake("id", f"{framework.id[:_MAX_ID]!r} isn't an id", "Use lower-case words joined by hyphens.")
    if not _JURISDICTION.match(framework.jurisdiction):
        yield Mistake(
            "jurisdiction",
            f"{framework.jurisdiction!r} isn't a code of a jurisdiction",
            'Use ISO 3166 ("KE", "US-CA"), "EU", "AFU" (African Union), "ASEAN", or "INT" for an international text.',
        )
    if not (is_day(framework.source.date) or _is_rough_date(framework.source.date)):
        yield Mistake("source.date", f"{framework.source.date!r} isn't a date", "Write YYYY-MM-DD, YYYY-MM or YYYY.")
    if not _ADDRESS.match(framework.source.uri):
        yield Mistake("source.uri", f"{framework.source.uri!r} isn't an address", "Write an https, urn or doi address.")
    for field in ("version", "title", "issuer", "text_licence"):
        if not getattr(framework, field).strip():
            yield Mistake(field, "is empty", "Fill it in.")
    if framework.status == "provisional" and not (framework.read or framework.note):
        yield Mistake("read", "a provisional file doesn't say what was read", "Name the text, and how much of it.")
    if framework.sector is not None:
        yield from _id("sector", framework.sector)
        if framework.kind != "profile":
            yield Mistake("sector", f"a {framework.kind} has no sector", "Make the kind `profile`, or leave it out.")
    if not framework.requirements:
        yield Mistake("requirements", "there are none", "Add the points of the framework.")


def _questions(framework: Framework) -> Iterator[Mistake]:
    yield from _repeated("questions", (question.id for question in framework.questions))
    for index, question in enumerate(framework.questions):
        yield from _id(f"questions[{index}].id", question.id)
        if not question.text.strip().endswith("?"):
            yield Mistake(f"questions[{index}].text", "isn't a question", "End it with a question mark.")
        if not question.source.strip():
            yield Mistake(f"questions[{index}].source", "is empty", "Cite the provision that asks for this fact.")


def _requirements(framework: Framework) -> Iterator[Mistake]:
    ids = [requirement.id for requirement in framework.requirements]
    known = set(ids)
    above = {requirement.id: requirement.parent for requirement in framework.requirements}
    groups = set(above.values())
    restricted = framework.text_licence == IDS_AND_TITLES_ONLY
    yield from _repeated("requirements", ids)
    for index, requirement in enumerate(framework.requirements):
        path = f"requirements[{index}]"
        yield from _id(f"{path}.id", requirement.id)
        yield from _parent(path, requirement, known, above)
        yield from _text(path, requirement, restricted)
        if requirement.applies_from is not None and not is_day(requirement.applies_from):
            yield Mistake(f"{path}.applies_from", f"{requirement.applies_from!r} isn't a date", "Write YYYY-MM-DD.")
        yield from _later(path, requirement, framework)
        for position, kind in enumerate(requirement.documents):
            if kind not in document_kinds():
                yield Mistake(
                    f"{path}.documents[{position}]",
                    f"there is no kind of document {kind!r}",
                    f"Choose one of: {', '.join(document_kinds())}.",
                )
        if requirement.addressee is not None and requirement.addressee not in ADDRESSEES:
            yield Mistake(
                f"{path}.addressee",
                f"{requirement.addressee!r} is nobody that we know",
                f"Choose one of: {', '.join(sorted(ADDRESSEES))}.",
            )
        for position, reference in enumerate(requirement.see):
            if not _REFERENCE.match(reference):
                yield Mistake(
                    f"{path}.see[{position}]",
                    f"{reference!r} isn't a reference",
                    'Write "framework#requirement", such as "eu-ai-act#art_10.2.f".',
                )
        yield from _verification(path, requirement, is_group=requirement.id in groups)
        for position, rule in enumerate(requirement.rules):
            yield from _rule(f"{path}.rules[{position}]", rule, framework)
        if requirement.applies_if is not None:
            yield from _declared_rule(f"{path}.applies_if", requirement.applies_if, framework)


def _declared_rule(path: str, rule: Rule, framework: Framework) -> Iterator[Mistake]:
    yield from _rule(path, rule, framework)
    for measure in sorted(_measures(rule)):
        if not measure.startswith("card."):
            yield Mistake(
                path,
                f"asks for {measure!r}, which isn't a declared fact",
                "Use card.stated or card.answer: what applies follows from what the system is for.",
            )


def _later(path: str, requirement: Requirement, framework: Framework) -> Iterator[Mistake]:
    for position, other in enumerate(requirement.later):
        here = f"{path}.later[{position}]"
        if not is_day(other.applies_from):
            yield Mistake(f"{here}.applies_from", f"{other.applies_from!r} isn't a date", "Write YYYY-MM-DD.")
        elif requirement.applies_from is None or other.applies_from <= requirement.applies_from:
            yield Mistake(f"{here}.applies_from", "isn't later than the point's own date", "Put the earliest there.")
        if not other.source.strip():
            yield Mistake(f"{here}.source", "is empty", "Cite the provision that states the date.")
        yield from _declared_rule(f"{here}.rule", other.rule, framework)


def _parent(
    path: str, requirement: Requirement, known: Container[str], above: dict[str, str | None]
) -> Iterator[Mistake]:
    if requirement.parent is None:
        return
    if requirement.parent not in known:
        yield Mistake(f"{path}.parent", f"there is no requirement {requirement.parent!r}", "Name an id of this file.")
        return
    seen = {requirement.id}
    step: str | None = requirement.parent
    while step is not None:
        if step in seen:
            yield Mistake(f"{path}.parent", "the parents form a circle", "Let the topmost point have no parent.")
            return
        if len(seen) > MAX_LEVELS:
            problem = f"it lies under more than {MAX_LEVELS} others"
            yield Mistake(f"{path}.parent", problem, "Let points lie side by side, and none in a circle.")
            return
        seen.add(step)
        step = above.get(step)


def _text(path: str, requirement: Requirement, restricted: bool) -> Iterator[Mistake]:
    for field in ("label", "title"):
        if not getattr(requirement, field).strip():
            yield Mistake(f"{path}.{field}", "is empty", "Fill it in.")
    if not restricted:
        return
    remedy = f"The text_licence is {IDS_AND_TITLES_ONLY!r}: keep the id and a short title in your own words."
    if len(requirement.title) > SHORT_TITLE:
        yield Mistake(f"{path}.title", f"{len(requirement.title)} characters where {SHORT_TITLE} may stand", remedy)
    for field in ("note", "question", "read"):
        if getattr(requirement, field) is not None:
            yield Mistake(f"{path}.{field}", "text where only ids and titles may stand", remedy)


def _verification(path: str, requirement: Requirement, *, is_group: bool) -> Iterator[Mistake]:
    needs = {"measured": "rules", "documented": "documents", "judged": "question"}
    if requirement.verification is None:
        if not is_group or requirement.rules or requirement.documents:
            yield Mistake(
                f"{path}.verification",
                "is missing: how could this point be shown",
                "Write measured, documented, judged or not_testable.",
            )
        return
    field = needs.get(requirement.verification)
    if field is not None and not getattr(requirement, field):
        yield Mistake(
            f"{path}.{field}",
            f"the verification is {requirement.verification!r}, but there is nothing to verify by",
            f"Add {field}, or change the verification.",
        )


def _tiers(framework: Framework) -> Iterator[Mistake]:
    known = {requirement.id for requirement in framework.requirements}
    yield from _repeated("tiers", (tier.id for tier in framework.tiers))
    for index, tier in enumerate(framework.tiers):
        path = f"tiers[{index}]"
        yield from _id(f"{path}.id", tier.id)
        for position, requirement in enumerate(tier.requirements):
            if requirement not in known:
                yield Mistake(
                    f"{path}.requirements[{position}]",
                    f"there is no requirement {requirement!r}",
                    "Name an id of this file.",
                )
        if tier.rule is not None:
            yield from _rule(f"{path}.rule", tier.rule, framework)
        elif any(later.scheme == tier.scheme for later in framework.tiers[index + 1 :]):
            yield Mistake(
                f"{path}.rule",
                "only the last class of a scheme may stand without a rule",
                "Add one, or move the class.",
            )
        if tier.scheme:
            yield from _id(f"{path}.scheme", tier.scheme)


def _rule(path: str, rule: Rule, framework: Framework) -> Iterator[Mistake]:
    groups = [name for name in ("all", "any", "none") if getattr(rule, name)]
    if rule.measure is not None and groups:
        yield Mistake(path, f"has both a measure and the group {groups[0]!r}", "Make two rules of it.")
    elif rule.measure is not None:
        yield from _leaf(path, rule, framework)
    elif not groups:
        yield Mistake(path, "names neither a measure nor a group of rules", "Give it a measure, or all, any or none.")
    elif rule.where or rule.threshold is not None or rule.op != "exists" or rule.over != "all":
        yield Mistake(path, "a group has no where, over, op or threshold", "Move them to its rules.")
    if len(groups) > 1:
        yield Mistake(path, f"has the groups {' and '.join(groups)} at once", "Nest one in the other.")
    for name in groups:
        for index, child in enumerate(getattr(rule, name)):
            yield from _rule(f"{path}.{name}[{index}]", child, framework)


def _leaf(path: str, rule: Rule, framework: Framework) -> Iterator[Mistake]:
    from ..measures.catalogue import catalogue

    measure = rule.measure or ""
    if measure not in catalogue():
        yield Mistake(f"{path}.measure", f"there is no measure {measure!r}", "See `accord measures`.")
    elif rule.over == "worst" and not has_direction(measure):
        yield Mistake(f"{path}.over", f"{measure} has no better direction, so no worst", "Use all or any.")
    yield from _where(path, rule, framework)
    yield from threshold_mistakes(path, rule)


def _where(path: str, rule: Rule, framework: Framework) -> Iterator[Mistake]:
    if rule.measure == ANSWER:
        question = rule.where.get("question")
        if question is None or question in (ABSENT, ANY_VALUE):
            yield Mistake(f"{path}.where", "card.answer without a question", "Add `question: ID`.")
        elif question not in {known.id for known in framework.questions}:
            yield Mistake(f"{path}.where.question", f"there is no question {question!r}", "Add it under `questions`.")
    if rule.measure == "card.stated":
        field = rule.where.get("field")
        if field is None or field not in card_fields():
            yield Mistake(
                f"{path}.where.field", f"the card has no field {field!r}", 'Name one such as "system.purpose".'
            )


def threshold_mistakes(path: str, rule: Rule) -> Iterator[Mistake]:
    """Yield what is wrong with the threshold of a leaf: its type for the operator, its source."""
    threshold = rule.threshold
    declared = (rule.measure or "").startswith("card.")
    if rule.op == "exists":
        if threshold is not None:
            yield Mistake(f"{path}.threshold", "`exists` compares with nothing", "Remove it, or choose another op.")
        return
    if threshold is None:
        if declared:
            yield Mistake(f"{path}.threshold", "a declared fact is compared with nothing", "Add it, or use `exists`.")
        return
    if rule.threshold_source is None and not declared:
        yield Mistake(
            f"{path}.threshold_source",
            "a threshold without its source",
            "Cite who states it. If nobody does, leave the threshold out: the value is then shown to a person.",
        )
    number = isinstance(threshold, int | float) and not isinstance(threshold, bool)
    if rule.op in ("<", "<=", ">", ">=") and not number:
        yield Mistake(f"{path}.threshold", f"`{rule.op}` needs a number", "Write a number.")
    if rule.op == "in" and not isinstance(threshold, tuple):
        yield Mistake(f"{path}.threshold", "`in` needs a list", "Write a list of texts.")
    if rule.op == "contains" and not isinstance(threshold, str | tuple):
        yield Mistake(f"{path}.threshold", "`contains` needs a text or a list", "Write a text, or a list of texts.")


def _id(path: str, value: str) -> Iterator[Mistake]:
    if not _ID.match(value) or len(value) > _MAX_ID:
        shown = value if len(value) <= _MAX_ID else value[: _MAX_ID - 1] + "…"
        yield Mistake(
            path, f"{shown!r} is text where only an id may stand", "Use lower case, digits and . _ - between."
        )


def _repeated(path: str, ids: Iterable[str]) -> Iterator[Mistake]:
    first: dict[str, int] = {}
    for index, value in enumerate(ids):
        if value in first:
            yield Mistake(
                f"{path}[{index}].id", f"{value!r} is also the id of {path}[{first[value]}]", "Give each its own."
            )
        first.setdefault(value, index)


def _measures(rule: Rule) -> set[str]:
    found = {rule.measure} if rule.measure is not None else set()
    for child in (*rule.all, *rule.any, *rule.none):
        found |= _measures(child)
    return found


def _is_rough_date(text: str) -> bool:
    return bool(_ROUGH_DATE.match(text)) and (len(text) == 4 or "01" <= text[5:] <= "12")


@lru_cache(maxsize=1)
def card_fields() -> frozenset[str]:
    """Return the names of the card's fields as `card.stated` gives them: "system.purpose", "data.label" …"""
    return frozenset(
        f"{section.name}.{field.name}"
        for section in msgspec.structs.fields(Card)
        if isinstance(section.type, type) and issubclass(section.type, msgspec.Struct)
        for field in msgspec.structs.fields(section.type)
    )
