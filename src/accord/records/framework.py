"""Frameworks: laws, standards and guidelines as data; and the rules that judge measurements."""

from __future__ import annotations

from typing import Literal

from .measurement import Record, Value

Op = Literal["<", "<=", ">", ">=", "==", "in", "contains", "exists"]
Kind = Literal["law", "bill", "treaty", "standard", "framework", "code", "guidance", "plan", "profile"]


class Rule(Record, frozen=True, kw_only=True):
    """A condition on measurements, or a group of conditions (`all`, `any`, `not`): a tree, never an expression string.

    A leaf names a `measure`, the dimensions it must have (`where`), which of several matching measurements must
    hold (`over`), the operator and the threshold with its source. A null threshold means that the source states
    none: the value is shown and a person decides.
    """

    measure: str | None = None
    where: dict[str, str] = {}
    over: Literal["all", "any", "worst"] = "all"
    op: Op = "exists"
    threshold: Value = None
    threshold_source: str | None = None
    all: tuple[Rule, ...] = ()
    any: tuple[Rule, ...] = ()
    none: tuple[Rule, ...] = ()


class Source(Record, frozen=True, kw_only=True):
    """Where the text of a framework is: title, address and date (ISO 8601) of the version that was read."""

    title: str
    uri: str
    date: str


class LaterDate(Record, frozen=True, kw_only=True):
    """A date that takes the place of `applies_from` where `rule` holds on declared facts; `source` states it."""

    applies_from: str
    rule: Rule
    source: str


class Requirement(Record, frozen=True, kw_only=True):
    """One point of a framework, in our own words.

    `label` is how the source cites it ("Art. 10(2)(f)"). `applies_from` is a date, the earliest where it depends on
    the class of the system, and `later` the others; a point without a date has that of its parent. `applies_if` is a
    rule over declared facts. `documents` names kinds of document that the card can point to; `question` is what a
    person must answer. `see` points to requirements of other frameworks ("eu-ai-act#art_10.2.f"). `read` stands where
    this point was not read in the original and says what was: it is then provisional, whatever the file is.
    """

    id: str
    parent: str | None = None
    label: str
    title: str
    addressee: str | None = None
    applies_from: str | None = None
    later: tuple[LaterDate, ...] = ()
    applies_if: Rule | None = None
    verification: Literal["measured", "documented", "judged", "not_testable"] | None = None
    rules: tuple[Rule, ...] = ()
    documents: tuple[str, ...] = ()
    question: str | None = None
    note: str | None = None
    see: tuple[str, ...] = ()
    read: str | None = None


class TierClass(Record, frozen=True, kw_only=True):
    """A class of risk: reached when `rule` holds. Classes of one `scheme` are tried in order, the gravest first.

    A framework may classify along several lines that don't exclude each other (what a system is used for, how large
    its model is): each is a scheme, and "" the first of them.
    """

    id: str
    scheme: str = ""
    title: str
    rule: Rule | None = None
    requirements: tuple[str, ...] = ()
    source: str


class Question(Record, frozen=True, kw_only=True):
    """A fact that only a person knows and that a tier or `applies_if` asks for (`[answers]` in the card)."""

    id: str
    text: str
    help: str | None = None
    source: str


class Framework(Record, frozen=True, kw_only=True):
    """A framework file. `text_licence` says what may be done with the source's words; ours are our own.

    `read` says which text the points were written from, and how much of it. `sector` names what a profile is for.
    """

    id: str
    version: str
    title: str
    issuer: str
    jurisdiction: str
    kind: Kind
    sector: str | None = None
    source: Source
    text_licence: str
    status: Literal["stable", "provisional"]
    read: str | None = None
    note: str | None = None
    questions: tuple[Question, ...] = ()
    tiers: tuple[TierClass, ...] = ()
    requirements: tuple[Requirement, ...]
