"""Bodies on the trust lists that this node accepts: who they are, what they said, how often that was found again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from ..commons.rechecks.page import Repeat, count_of, repeats_of
from ..commons.signed import among
from ..commons.standing.page import standing_of
from ..recheck import AgreementRate, Trial, rates
from ..recognition.known import BODIES
from ..records.agreement import Scope
from ..records.trust_list import Entity, ServiceRole
from ..store import Transaction
from ..store.statements import find
from ..store.viewer import Viewer
from ..trust.canonical import digest
from ..trust.statement import format_time, parse_time
from ..trust.trust_list import Accepted, State, periods_until, subject_digest, vouch
from ..trust.trust_list_form import keyid_of
from .accepting import lists_for
from .node import Node
from .problems import NotFound
from .recognising import keys_of

_MOST_KEYS = 400


class Since(Struct, frozen=True, kw_only=True):
    """A status, and since when."""

    status: str
    since: str


class Service(Struct, frozen=True, kw_only=True):
    """What an organisation is trusted for: its role, status, scope, keys (hex), and every status that it had."""

    role: ServiceRole
    status: State
    since: str
    scope: Scope
    keys: tuple[str, ...]
    history: tuple[Since, ...]


class Body(Struct, frozen=True, kw_only=True):
    """An organisation on a trust list. `id` names it here, `entity` in the list, `subject` names the list."""

    id: str
    entity: str
    name: str
    jurisdiction: str
    listed_by: str
    subject: str
    services: tuple[Service, ...]

    @property
    def keys(self) -> frozenset[str]:
        """Every key that it has or had."""
        return frozenset(key for service in self.services for key in service.keys)


class Rechecked(Struct, frozen=True, kw_only=True):
    """A recheck of a body's statement by another body that a trust list vouched for, or by this node."""

    id: str
    statement: str
    by: str
    created: str
    agrees: bool


class Record(Struct, frozen=True, kw_only=True):
    """What is known of a body: statements by kind, and how often others found again what it measured.

    `rate` is null as long as nobody who counts has repeated anything; `rechecks` are those that count, newest first,
    and `others` is how many do not: by somebody whom no trust list vouched for then, or taken back.
    """

    body: Body
    statements: dict[str, int]
    rate: AgreementRate | None
    rechecks: tuple[Rechecked, ...]
    others: int


def bodies_of(accepted: Accepted, now: datetime) -> tuple[Body, ...]:
    """Return the organisations on a list, as it stands at a moment."""
    return tuple(_body(accepted, entity, now) for entity in accepted.record.entities)


def record_of_body(node: Node, viewer: Viewer, identity: str) -> Record:
    """Return what is known of a body. Raises NotFound if no list that the viewer may see names one with this id."""
    now = datetime.now(UTC)
    with node.store.reading() as transaction:
        lists = lists_for(node, transaction, viewer)
        body = next((one for item in lists for one in bodies_of(item, now) if one.id == identity), None)
        if body is None:
            raise NotFound("There is no such body on a trust list that is accepted here.")
        counted = list(_counted(node, transaction, viewer, lists, body, now))
        keys = sorted(body.keys)[:_MOST_KEYS]
        return Record(
            body=body,
            statements=_statements(transaction, viewer, body),
            rate=rates(trial for trial, _repeat in counted).get(body.id),
            rechecks=tuple(
                Rechecked(
                    id=repeat.id,
                    statement=trial.statement,
                    by=trial.by,
                    created=repeat.created,
                    agrees=trial.agrees,
                )
                for trial, repeat in counted
            ),
            others=max(count_of(transaction, viewer, keys) - len({repeat.id for _trial, repeat in counted}), 0),
        )


def _body(accepted: Accepted, entity: Entity, now: datetime) -> Body:
    subject, mark = subject_digest(accepted.record), entity.mark
    services = []
    for service in entity.TrustedEntityServices:
        begun = periods_until(service, now)
        if not begun:
            continue
        keys = dict.fromkeys(keyid_of(vkey) for period in service.periods for vkey in period.keys)
        history = tuple(Since(status=item.status, since=item.StatusStartingTime) for item in begun)
        last = begun[-1]
        services.append(
            Service(
                role=last.role,
                status=last.status,
                since=last.StatusStartingTime,
                scope=last.scope,
                keys=tuple(keys),
                history=history,
            )
        )
    return Body(
        id=digest(["accord/body", subject, mark.id]).removeprefix("sha256:"),
        entity=mark.id,
        name=entity.name,
        jurisdiction=mark.jurisdiction,
        listed_by=accepted.name,
        subject=subject,
        services=tuple(services),
    )


def _statements(transaction: Transaction, viewer: Viewer, body: Body) -> dict[str, int]:
    where, values = viewer.may_see()
    condition, keys = among("keyid", sorted(body.keys)[:_MOST_KEYS])
    rows = transaction.rows(
        f"SELECT kind, COUNT(*) FROM statements WHERE {condition} AND {where} GROUP BY kind ORDER BY 2 DESC, 1"
        " LIMIT 50",
        *keys, *values,
    )  # fmt: skip
    return dict(rows)


def _counted(
    node: Node, transaction: Transaction, viewer: Viewer, lists: Sequence[Accepted], body: Body, now: datetime
) -> Iterator[tuple[Trial, Repeat]]:
    """Yield the rechecks that count: not revoked, by this node, or by another body that a list vouched for then."""
    by = keys_of(lists, BODIES) | {node.speaker.keyid}
    for repeat in repeats_of(transaction, viewer, sorted(body.keys)[:_MOST_KEYS], by):
        who = _who(node, lists, body, repeat)
        kept = find(transaction, repeat.id)
        if who and kept and standing_of(transaction, kept, format_time(now)).revoked is None:
            trial = repeat.trial
            yield Trial(body.id, who, trial.statement, trial.when, trial.agrees), repeat


def _who(node: Node, lists: Sequence[Accepted], body: Body, repeat: Repeat) -> str:
    """Return the name of who repeated it; "" if that is the body itself, or nobody who counts."""
    if repeat.trial.by == node.speaker.keyid:
        return "" if node.speaker.keyid in body.keys else node.config.name
    said, seen = parse_time(repeat.created), parse_time(repeat.received)
    who = vouch(lists, repeat.trial.by, said=said, by=seen, roles=BODIES)
    return who.standing.name if who.holds and who.standing and who.standing.entity != body.entity else ""
