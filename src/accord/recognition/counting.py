"""From a signature to its recognition: the path, edge by edge, up to the first that fails.

    signed → body on X's trust list → agreement of Y with X in force → scope → assurance, age, witnesses → not revoked

Only a direct agreement between the two jurisdictions counts. That is how recognition works where it has lasted: the
Hallmarking Convention and the mutual recognition agreements bind two parties about named bodies, and neither takes on
what the other's other partners do. Chains over third jurisdictions are found and shown, as a hint whom to ask.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..errors import AccordError
from ..frameworks.jurisdictions import applies_in
from ..i18n import _
from ..records.agreement import Agreement, Assurance
from ..records.recognition import Chain, Path, PathStep, StepName
from ..records.trust_list import ServiceRole
from ..trust.policy import parse_policy, verify_under
from ..trust.saying import Heard
from ..trust.statement import format_time, parse_time
from ..trust.tree import leaf_hash
from ..trust.trust_list import Standing
from .agreements import Edge, covers, outside
from .assurance import ASSURANCE_WORDS, ASSURANCES, derive_assurance
from .known import Said, World

CARRIERS: tuple[ServiceRole, ...] = ("node", "log")
"""The roles that may revoke what they logged."""
_LONGEST_CHAIN = 4
_MOST_CHAINS = 20
_MOST_ROWS = 10_000
_NAMED = 6


@dataclass(frozen=True)
class Question:
    """Where something is to count, and of which provider, in which sector, under which frameworks it was judged."""

    jurisdiction: str
    provider: str
    sector: str
    frameworks: tuple[str, ...]


@dataclass(frozen=True)
class Route:
    """A path with what it rests on: the agreement, and whose key it is."""

    path: Path
    edge: Edge | None = None
    standing: Standing | None = None

    def covers_framework(self, framework: str) -> bool:
        """Whether they reach results under a framework at all."""
        if self.edge is None or self.edge.agreement is None or self.standing is None:
            return False
        return all(covers(scope, framework=framework) for scope in (self.edge.agreement.scope, self.standing.scope))

    def covers(self, *, framework: str, measure: str, inspector: str, part: str, sector: str) -> bool:
        """Whether the agreement, and the body's own entry in the trust list, reach a result."""
        if self.edge is None or self.edge.agreement is None or self.standing is None:
            return False
        return all(
            covers(scope, framework=framework, measure=measure, inspector=inspector, part=part, sector=sector)
            for scope in (self.edge.agreement.scope, self.standing.scope)
        )


def routes(said: Said, world: World, question: Question) -> tuple[Route, ...]:
    """Return the ways from a statement to its recognition, one an agreement, those that hold first, else the longest.

    There is always at least one: where no agreement leads, it says so.
    """
    walk = _Walk(said, world, question)
    steps = [walk.signed()]
    standing: Standing | None = None
    if steps[-1].holds:
        step, standing = walk.body()
        steps.append(step)
    if not steps[-1].holds or standing is None:
        return (Route(walk.path(steps, standing, None), None, standing),)
    found = [
        walk.over(edge, edge.agreement, steps, standing)
        for edge in world.edges
        if edge.agreement and _connects(edge.agreement, question.jurisdiction, standing.jurisdiction)
    ]
    if not found:
        steps.append(walk.no_agreement(standing))
        return (Route(walk.path(steps, standing, None), None, standing),)
    return tuple(sorted(found, key=lambda route: (not route.path.holds, -len(route.path.steps))))


def _connects(agreed: Agreement, here: str, there: str) -> bool:
    """Whether an agreement is between the two: a union's binds its members."""
    return here != there and applies_in(agreed.recognises, here) and applies_in(agreed.of, there)


class _Walk:
    """One statement on its way. Each method is an edge."""

    def __init__(self, said: Said, world: World, question: Question) -> None:
        self._said, self._world, self._question = said, world, question

    def path(self, steps: Sequence[PathStep], standing: Standing | None, edge: Edge | None) -> Path:
        return Path(
            statement=self._said.heard.id,
            keyid=self._said.keyid,
            body=standing.entity if standing else "",
            body_name=standing.name if standing else "",
            jurisdiction=standing.jurisdiction if standing else "",
            agreement=edge.digest if edge else "",
            agreement_id=edge.agreement.id if edge and edge.agreement else "",
            level=edge.agreement.level if edge and edge.agreement else "",
            assurance=self.assurance(standing)[0],
            steps=tuple(steps),
        )

    def over(self, edge: Edge, agreed: Agreement, begun: Sequence[PathStep], standing: Standing) -> Route:
        steps = [*begun]
        for step in self._edges(edge, agreed, standing):
            steps.append(step)
            if not step.holds:
                break
        return Route(self.path(steps, standing, edge), edge, standing)

    def _edges(self, edge: Edge, agreed: Agreement, standing: Standing) -> Iterator[PathStep]:
        yield self.agreement(edge, agreed, standing)
        yield self.scope(agreed, standing)
        yield self.assured(agreed, standing)
        yield self.age(agreed)
        yield self.witnesses(agreed)
        yield self.not_revoked(standing)

    def signed(self) -> PathStep:
        """It existed at the moment, and had not lapsed."""
        said, at = self._said, self._world.at
        until = parse_time(said.heard.valid_until) if said.heard.valid_until else None
        words = {"day": format_time(said.signed)[:10], "key": said.keyid[:16], "at": format_time(at)[:10]}
        if said.signed > at:
            return _no("signed", _("It was signed on {day}, after {at}.").format(**words))
        if until is not None and until < at:
            text = _("It was signed on {day} and held until {until} only.")
            return _no("signed", text.format(**words, until=format_time(until)[:10]))
        return _yes("signed", _("Signed on {day} with the key {key}….").format(**words))

    def body(self) -> tuple[PathStep, Standing | None]:
        """Its key was granted on a trust list when it was signed, and still when somebody trusted had seen it."""
        found = self._world.vouched(self._said.heard)
        if found.standing is None:
            text = _("The key {key}… is on no trust list that you accepted.").format(key=self._said.keyid[:16])
            return _no("body", text), None
        return PathStep(name="body", holds=found.holds, says=found.reason), found.standing

    def no_agreement(self, standing: Standing) -> PathStep:
        here, there = self._question.jurisdiction, standing.jurisdiction
        if here == there:
            text = _("{body} is a body of {here} itself: there is nothing to recognise.")
        else:
            text = _("{here} has no agreement with {there}, the jurisdiction of {body}.")
        return _no("agreement", text.format(here=here, there=there, body=standing.name))

    def agreement(self, edge: Edge, agreed: Agreement, standing: Standing) -> PathStep:
        """It is in force, and names the body, or all that are granted."""
        if edge.state != "in_force":
            return _no("agreement", f"{agreed.id}: {edge.reason}")
        if agreed.bodies and standing.entity not in agreed.bodies:
            text = _("The agreement {id} names other bodies than {body}.")
            return _no("agreement", text.format(id=agreed.id, body=standing.entity))
        text = _("By the agreement {id}, {here} recognises bodies of {there}, from {start} to {end}.")
        words = {"here": agreed.recognises, "there": agreed.of, "start": agreed.valid_from, "end": agreed.valid_until}
        return _yes("agreement", text.format(id=agreed.id, **words))

    def scope(self, agreed: Agreement, standing: Standing) -> PathStep:
        """It and the body's entry reach the sector, and a framework under which it was judged."""
        judged, sector = self._question.frameworks, self._question.sector
        reached = list(judged)
        for whose, scope in (
            (_("the agreement {id}").format(id=agreed.id), agreed.scope),
            (_("the entry of {body} in the trust list").format(body=standing.name), standing.scope),
        ):
            if outside(scope, sector=sector):
                text = _("{scope} covers the sectors {covered}, and not {sector}.")
                named = sector or _("a system whose sector nobody states")
                return _no("scope", text.format(scope=whose, covered=", ".join(scope.sectors), sector=named))
            reached = [name for name in reached if covers(scope, framework=name)]
            if not reached:
                text = _("It was judged under {judged}; {scope} covers {covered}.")
                names = ", ".join(judged) or _("no framework")
                covered = ", ".join(scope.frameworks) or _("all frameworks")
                return _no("scope", text.format(judged=names, scope=whose, covered=covered))
        named = ", ".join(reached[:_NAMED]) + (" …" if len(reached) > _NAMED else "")
        return _yes("scope", _("It covers results under {names}.").format(names=named))

    def assured(self, agreed: Agreement, standing: Standing) -> PathStep:
        """It is as sure as the agreement asks for."""
        least = agreed.conditions.assurance
        found, why = self.assurance(standing)
        words = {"least": _(ASSURANCE_WORDS[least]), "found": _(ASSURANCE_WORDS[found]), "why": why}
        if ASSURANCES.index(found) < ASSURANCES.index(least):
            text = _("The agreement asks for assurance “{least}”, this is “{found}”: {why}")
            return _no("assurance", text.format(**words))
        return _yes("assurance", _("Assurance “{found}”: {why}").format(**words))

    def assurance(self, standing: Standing | None) -> tuple[Assurance, str]:
        """Derive how sure the result is, and why: from whose key it is, who the provider is, and who repeated it."""
        return derive_assurance(self._said, standing, self._question.provider, self._world)

    def age(self, agreed: Agreement) -> PathStep:
        """It is not older than the agreement takes."""
        days = (self._world.at - self._said.signed).days
        most = agreed.conditions.max_age_days
        if most is not None and days > most:
            text = _("It is {days} days old, the agreement takes {most} at most.")
            return _no("age", text.format(days=days, most=most))
        return _yes("age", _("It is {days} days old.").format(days=days))

    def witnesses(self, agreed: Agreement) -> PathStep:
        """Its proof satisfies the agreement's tlog-policy."""
        text = agreed.conditions.witnesses
        said = self._said
        if not text.strip():
            return _yes("witnesses", _("The agreement asks for no witnesses."))
        if said.proof is None or said.log is None:
            return _no("witnesses", _("The agreement asks for witnesses, and there is no proof that it was logged."))
        try:
            policy = parse_policy(text.encode(), name=agreed.id)
            stands = verify_under(said.proof, leaf_hash(said.logged.entry), policy, logs=[said.log])
        except AccordError as error:
            return _no("witnesses", error.message)
        if not stands.satisfied:
            return _no(
                "witnesses", _("Its witnesses are too few: {missing}.").format(missing="; ".join(stands.missing))
            )
        return _yes("witnesses", _("Seen by {names}.").format(names=", ".join(stands.witnesses) or _("its log")))

    def not_revoked(self, standing: Standing) -> PathStep:
        """Nobody who may take it back has done so."""
        if why := self._world.taken_back.get(self._said.heard.id):
            return _no("not_revoked", why)
        for heard, revocation in self._world.revocations:
            if revocation.target == self._said.heard.id and self._may_revoke(heard, standing):
                text = _("It was revoked as of {day}: {why}")
                return _no("not_revoked", text.format(day=revocation.effective[:10], why=revocation.reason))
        return _yes("not_revoked", _("Nobody who may has revoked it."))

    def _may_revoke(self, heard: Heard, standing: Standing) -> bool:
        """Whoever signed it, another key of the same body, or a node or log of the body's jurisdiction."""
        for key in heard.keys:
            if key.keyid == self._said.keyid:
                return True
            moment = parse_time(heard.created)
            for accepted in self._world.lists:
                for other in accepted.standings(key.keyid, moment):
                    carrier = other.role in CARRIERS and other.jurisdiction == standing.jurisdiction
                    if other.status == "granted" and (other.entity == standing.entity or carrier):
                        return True
        return False


def _yes(name: StepName, says: str) -> PathStep:
    return PathStep(name=name, holds=True, says=says)


def _no(name: StepName, says: str) -> PathStep:
    return PathStep(name=name, holds=False, says=says)


def chains(edges: Iterable[Edge], here: str, there: str) -> tuple[Chain, ...]:
    """Return rows of two and more agreements in force that lead from `here` to `there`, the shortest first.

    They are information: what a partner's partner does was never agreed upon.
    """
    by_start: dict[str, list[Edge]] = {}
    for edge in edges:
        if edge.state == "in_force":
            by_start.setdefault(edge.recognises, []).append(edge)
    found: list[Chain] = []
    waiting: deque[tuple[Edge, ...]] = deque((e,) for start in _reached(by_start, here) for e in by_start[start])
    while waiting and len(found) < _MOST_CHAINS and len(waiting) < _MOST_ROWS:
        row = waiting.popleft()
        visited = {here, *(edge.of for edge in row)}
        if len(row) > 1 and applies_in(row[-1].of, there):
            names = (here, *(edge.of for edge in row))
            found.append(Chain(jurisdictions=names, agreements=tuple(edge.digest for edge in row)))
            continue
        if len(row) == _LONGEST_CHAIN or (len(row) == 1 and applies_in(row[0].of, there)):
            continue
        last = row[-1].of
        waiting += [
            (*row, edge) for start in _reached(by_start, last) for edge in by_start[start] if edge.of not in visited
        ]
    return tuple(found)


def _reached(by_start: Mapping[str, list[Edge]], code: str) -> list[str]:
    return [start for start in by_start if applies_in(start, code)]
