"""The next trust list: from the one before by small steps, each of which returns a new record.

A step is checked where a person can err; whether all fits together, `trust_list_form.mistakes` and
`trust_list.continuity` say before anybody signs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import get_args

from msgspec.structs import replace

from ..errors import UsageError
from ..records.agreement import Scope
from ..records.trust_list import (
    LIST_TYPE,
    MIME_TYPE,
    NEVER_REMOVED,
    ROLES,
    STATES,
    DigitalIdentity,
    Entity,
    EntityAddress,
    EntityExtension,
    EntityInformation,
    EntityMark,
    EntityService,
    Link,
    ListInformation,
    ListPointer,
    ListQualifier,
    Lote,
    Period,
    PostalAddress,
    SchemeExtension,
    ScopeExtension,
    ServiceRole,
    ServiceState,
    ServiceType,
    Signers,
    StatusUri,
    Text,
    TrustList,
)
from .statement import format_time, parse_time
from .trust_list import Accepted
from .trust_list_form import keyid_of

LANGUAGE = "en"


def first_list(
    operator: str, jurisdiction: str, keys: Sequence[str], threshold: int, *, days: int, at: datetime
) -> TrustList:
    """Return the first list of an operator, with nobody on it, signed by `threshold` of `keys` (verifier keys)."""
    return TrustList(
        LoTE=Lote(
            ListAndSchemeInformation=ListInformation(
                LoTEVersionIdentifier=1,
                LoTESequenceNumber=1,
                LoTEType=LIST_TYPE,
                SchemeOperatorName=_text(operator),
                SchemeTerritory=_territory(jurisdiction),
                HistoricalInformationPeriod=NEVER_REMOVED,
                ListIssueDateTime=format_time(at),
                NextUpdate=format_time(at + timedelta(days=days)),
                SchemeExtensions=(_signers(jurisdiction, threshold, keys),),
            )
        )
    )


def next_list(current: Accepted, *, at: datetime, days: int | None = None) -> TrustList:
    """Return the list that follows, so far with the same content; by default it holds as long as the one before did."""
    span = timedelta(days=days) if days else current.next_update - current.issued
    signers = replace(current.record.signers, previous=current.id)
    information = replace(
        current.record.information,
        LoTESequenceNumber=current.record.sequence + 1,
        ListIssueDateTime=format_time(at),
        NextUpdate=format_time(at + span),
        SchemeExtensions=(SchemeExtension(AccordSigners=signers),),
    )
    return _informed(current.record, information)


def renew(record: TrustList, *, days: int, at: datetime) -> TrustList:
    """Let the list hold for `days` from `at`."""
    information = replace(record.information, NextUpdate=format_time(at + timedelta(days=days)))
    return _issued(_informed(record, information), at)


def rotate(record: TrustList, keys: Sequence[str], threshold: int) -> TrustList:
    """Let other keys sign from this list on. A threshold of the earlier ones signs this list as well."""
    signers = replace(record.signers, keys=tuple(keys), threshold=threshold)
    return _informed(record, replace(record.information, SchemeExtensions=(SchemeExtension(AccordSigners=signers),)))


def point_to(record: TrustList, location: str, operator: str, jurisdiction: str, keys: Sequence[str]) -> TrustList:
    """Point to the list of another operator: where it is, and which keys sign it. It is not thereby accepted."""
    qualifier = ListQualifier(
        LoTEType=LIST_TYPE,
        SchemeOperatorName=_text(operator),
        SchemeTerritory=_territory(jurisdiction),
        MimeType=MIME_TYPE,
    )
    pointer = ListPointer(
        LoTELocation=location,
        ServiceDigitalIdentities=(DigitalIdentity(OtherIds=tuple(keys)),),
        LoTEQualifiers=(qualifier,),
    )
    others = (item for item in record.information.PointersToOtherLoTE if item.LoTELocation != location)
    return _informed(record, replace(record.information, PointersToOtherLoTE=(*others, pointer)))


def add_entity(
    record: TrustList,
    name: str,
    entity_id: str,
    *,
    jurisdiction: str = "",
    address: PostalAddress,
    email: str,
    uri: str,
) -> TrustList:
    """Add an organisation, without a service yet; by default it acts for the jurisdiction of the list."""
    if any(entity.mark.id == entity_id for entity in record.entities):
        raise UsageError("entity-exists", f"{entity_id} is on the list already", "Choose another id, or add a service.")
    contact = email if ":" in email else f"mailto:{email}"
    information = EntityInformation(
        TEName=_text(name),
        TEAddress=EntityAddress(
            TEPostalAddress=(address,), TEElectronicAddress=(Link(lang=LANGUAGE, uriValue=contact),)
        ),
        TEInformationURI=(Link(lang=LANGUAGE, uriValue=uri),),
        TEInformationExtensions=(
            EntityExtension(AccordEntity=EntityMark(id=entity_id, jurisdiction=jurisdiction or record.jurisdiction)),
        ),
    )
    entity = Entity(TrustedEntityInformation=information, TrustedEntityServices=())
    return replace(record, LoTE=replace(record.LoTE, TrustedEntitiesList=(*record.entities, entity)))


def add_service(
    record: TrustList,
    entity_id: str,
    role: ServiceRole,
    keys: Sequence[str],
    *,
    scope: Scope | None = None,
    status: ServiceState = "granted",
    since: datetime,
    at: datetime,
) -> TrustList:
    """Let an organisation act in a role, with these keys (verifier keys), for this scope, from `since` on."""

    def added(entity: Entity) -> Entity:
        if any(service.ServiceInformation.role == role for service in entity.TrustedEntityServices):
            raise UsageError("service-exists", f"{entity_id} is on the list as {role} already", "Change it instead.")
        period = Period(
            ServiceName=_text(f"{entity.name}: {role}"),
            ServiceDigitalIdentity=DigitalIdentity(OtherIds=tuple(keys)),
            ServiceTypeIdentifier=get_args(ServiceType)[ROLES.index(role)],
            ServiceStatus=_status(status),
            StatusStartingTime=format_time(since),
            ServiceInformationExtensions=(ScopeExtension(AccordScope=scope or Scope()),),
        )
        services = (*entity.TrustedEntityServices, EntityService(ServiceInformation=period))
        return replace(entity, TrustedEntityServices=services)

    return _issued(_changed(record, entity_id, added), at)


def change_service(
    record: TrustList,
    entity_id: str,
    role: ServiceRole,
    *,
    status: ServiceState | None = None,
    add_keys: Sequence[str] = (),
    drop_keyids: Sequence[str] = (),
    scope: Scope | None = None,
    since: datetime,
    at: datetime,
) -> TrustList:
    """Begin a period of a service: with another status, more or fewer keys, or another scope. What was, stays below.

    From `since` on, a key that is dropped vouches only for what a witness saw before. One that was merely replaced, and
    is sound, stays beside its successor. Raises UsageError if there is no such service or key, or nothing changes.
    """

    def changed(entity: Entity) -> Entity:
        services = entity.TrustedEntityServices
        number = next((n for n, item in enumerate(services) if item.ServiceInformation.role == role), None)
        if number is None:
            raise UsageError("no-such-service", f"{entity_id} is not on the list as {role}", "`accord trust show`.")
        service = services[number]
        now = service.ServiceInformation
        if since <= parse_time(now.StatusStartingTime):
            text = f"{entity_id}: its period as {role} began on {now.StatusStartingTime} only"
            raise UsageError("not-later", text, "Give a later time with --from.")
        strangers = set(drop_keyids) - set(map(keyid_of, now.keys))
        if strangers:
            raise UsageError("no-such-key", f"{entity_id} has no key {min(strangers)[:80]}", "`accord trust show`.")
        kept = (vkey for vkey in now.keys if keyid_of(vkey) not in drop_keyids)
        begun = replace(
            now,
            ServiceStatus=_status(status) if status else now.ServiceStatus,
            ServiceDigitalIdentity=DigitalIdentity(OtherIds=(*kept, *add_keys)),
            ServiceInformationExtensions=(ScopeExtension(AccordScope=scope or now.scope),),
        )
        if begun == now:
            raise UsageError("nothing-changes", f"{entity_id} stands so already", "Say what is to change.")
        begun = replace(begun, StatusStartingTime=format_time(since))
        longer = EntityService(ServiceInformation=begun, ServiceHistory=(now, *service.ServiceHistory))
        return replace(entity, TrustedEntityServices=(*services[:number], longer, *services[number + 1 :]))

    return _issued(_changed(record, entity_id, changed), at)


def _changed(record: TrustList, entity_id: str, change: Callable[[Entity], Entity]) -> TrustList:
    if all(entity.mark.id != entity_id for entity in record.entities):
        raise UsageError("no-such-entity", f"nobody on the list has the id {entity_id[:80]!r}", "`accord trust show`.")
    entities = tuple(change(entity) if entity.mark.id == entity_id else entity for entity in record.entities)
    return replace(record, LoTE=replace(record.LoTE, TrustedEntitiesList=entities))


def _issued(record: TrustList, at: datetime) -> TrustList:
    """A period begins when its list is issued, at the latest; so a list is issued at its last change."""
    if at <= parse_time(record.information.ListIssueDateTime):
        return record
    return _informed(record, replace(record.information, ListIssueDateTime=format_time(at)))


def _informed(record: TrustList, information: ListInformation) -> TrustList:
    return replace(record, LoTE=replace(record.LoTE, ListAndSchemeInformation=information))


def _signers(jurisdiction: str, threshold: int, keys: Sequence[str]) -> SchemeExtension:
    return SchemeExtension(AccordSigners=Signers(jurisdiction=jurisdiction, threshold=threshold, keys=tuple(keys)))


def _text(value: str) -> tuple[Text, ...]:
    return (Text(lang=LANGUAGE, value=value),)


def _status(status: ServiceState) -> StatusUri:
    uri: StatusUri = get_args(StatusUri)[STATES.index(status)]
    return uri


def _territory(jurisdiction: str) -> str:
    return jurisdiction if len(jurisdiction) == 2 else ""
