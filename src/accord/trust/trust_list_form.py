"""Whether a trust list is sound in itself: every mistake in it, each with its place."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from ipaddress import IPv6Address
from itertools import pairwise

from ..errors import AccordError
from ..records.trust_list import (
    LIST_TYPE,
    NEVER_REMOVED,
    Entity,
    EntityService,
    ListInformation,
    ListPointer,
    ServiceRole,
    Signers,
    TrustList,
)
from .dsse import MAX_SIGNATURES
from .note import ED25519, LOG_KINDS, WITNESS_KINDS, VerifierKey
from .statement import parse_time

MAX_ENTITIES = 5_000
MAX_PERIODS = 1_000
MAX_KEYS = 16
MAX_KEYS_IN_ALL = 20_000  # each takes 0.2 ms to tell sound
MAX_SEQUENCE = 2**31 - 1
ENTITY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}")
JURISDICTION = re.compile(r"[A-Z]{2,5}(-[A-Z0-9]{1,3})?")
_KINDS: dict[ServiceRole | None, tuple[int, ...]] = {"log": LOG_KINDS, "witness": WITNESS_KINDS}
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_PART = r"(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})"
_HOST = rf"//(?:(?:{_PART}|:)*@)?(?:\[(?P<ipv6>[0-9A-Fa-f:.]+)\]|{_PART}*)(?::[0-9]*)?(?=[/?#]|$)"
_URI = re.compile(rf"[A-Za-z][A-Za-z0-9+.-]*:(?:{_HOST}|(?!//)(?=.))(?:{_PART}|[:@/?])*(?:#(?:{_PART}|[:@/?])*)?")
_COUNTRY = re.compile(r"[A-Z]{2}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


@lru_cache(8192)
def parse_vkey(text: str) -> VerifierKey:
    """Read a verifier key. Raises MalformedInput, also for a key of low order, or not in its one encoding."""
    return VerifierKey.parse(text)


def keyid_of(vkey: str) -> str:
    """Return the hex keyid of a verifier key. Raises MalformedInput."""
    return parse_vkey(vkey).key.keyid


def mistakes(record: TrustList) -> list[str]:
    """Return all mistakes of a list, each as `place: what`. Who signed it is not asked here."""
    n = len(record.entities)
    pointers = record.information.PointersToOtherLoTE
    keys = sum(len(identity.OtherIds) for pointer in pointers for identity in pointer.ServiceDigitalIdentities)
    keys += sum(len(p.keys) for e in record.entities for s in e.TrustedEntityServices for p in s.periods)
    if n > MAX_ENTITIES or keys > MAX_KEYS_IN_ALL:
        text = f"{n} entities with {keys} keys, at most {MAX_ENTITIES} and {MAX_KEYS_IN_ALL}"
        return [f"TrustedEntitiesList: {text}"]
    found = [*_of_information(record.information), *_of_signers(record.signers, record.sequence)]
    issued = _time(record.information.ListIssueDateTime)
    owners: dict[str, str] = {}
    for number, entity in enumerate(record.entities):
        found += _of_entity(entity, f"TrustedEntitiesList[{number}]", issued, owners)
    ids = Counter(entity.mark.id for entity in record.entities)
    return [*found, *(f"TrustedEntitiesList: the id {name[:80]} twice" for name, times in ids.items() if times > 1)]


def hollow(said: object, where: str) -> Iterator[str]:
    """Return the mistakes of a list's JSON that its record no longer shows: ETSI's schema has what is empty left out.

    `where` names what `said` is. Extensions are of any shape.
    """
    if said == [] or (said == "" and where.endswith(".SchemeTerritory")):
        yield f"{where}: it is empty; leave it out"
    elif isinstance(said, dict):
        for name, value in said.items():
            if not name.endswith("Extensions"):
                yield from hollow(value, f"{where}.{name}")
    elif isinstance(said, list):
        for number, value in enumerate(said):
            yield from hollow(value, f"{where}[{number}]")


def _of_information(said: ListInformation) -> Iterator[str]:
    where = "ListAndSchemeInformation"
    if said.LoTEVersionIdentifier != 1 or said.LoTEType != LIST_TYPE:
        yield f"{where}: version {said.LoTEVersionIdentifier}, type {said.LoTEType[:80]!r}; 1 and {LIST_TYPE} are known"
    if said.HistoricalInformationPeriod != NEVER_REMOVED:
        yield f"{where}.HistoricalInformationPeriod: it must be {NEVER_REMOVED}: history is never removed"
    if not 1 <= said.LoTESequenceNumber <= MAX_SEQUENCE:
        yield f"{where}.LoTESequenceNumber: {said.LoTESequenceNumber} is not between 1 and {MAX_SEQUENCE}"
    yield from _texts(((item.lang, item.value) for item in said.SchemeOperatorName), f"{where}.SchemeOperatorName")
    code = said.SchemeExtensions[0].AccordSigners.jurisdiction
    if not JURISDICTION.fullmatch(code):
        yield f"{where}: {code[:20]!r} is no jurisdiction; write DE, EU or INT"
    elif said.SchemeTerritory != (code if len(code) == 2 else ""):
        yield f"{where}.SchemeTerritory: it must be the jurisdiction if that has two letters, else absent"
    issued, until = _time(said.ListIssueDateTime), _time(said.NextUpdate)
    if issued is None or until is None:
        yield f"{where}: ListIssueDateTime and NextUpdate are times in UTC, such as 2026-01-31T12:00:00Z"
    elif until <= issued:
        yield f"{where}.NextUpdate: it is not after ListIssueDateTime"
    for number, pointer in enumerate(said.PointersToOtherLoTE):
        yield from _of_pointer(pointer, f"{where}.PointersToOtherLoTE[{number}]")


def _of_pointer(said: ListPointer, where: str) -> Iterator[str]:
    if not _is_uri(said.LoTELocation):
        yield f"{where}.LoTELocation: not a URI"
    if not said.ServiceDigitalIdentities or not said.LoTEQualifiers:
        yield f"{where}: it names keys, and what list it leads to"
    for qualifier in said.LoTEQualifiers:
        yield from _texts(((item.lang, item.value) for item in qualifier.SchemeOperatorName), f"{where}.LoTEQualifiers")
        if not _is_uri(qualifier.LoTEType) or not qualifier.MimeType:
            yield f"{where}.LoTEQualifiers: it names the type of the list, a URI, and its media type"
        if qualifier.SchemeTerritory and not _COUNTRY.fullmatch(qualifier.SchemeTerritory):
            yield f"{where}.LoTEQualifiers: SchemeTerritory has two letters, or is absent"
    for identity in said.ServiceDigitalIdentities:
        yield from _keys(identity.OtherIds, f"{where}.ServiceDigitalIdentities")


def _of_signers(said: Signers, sequence: int) -> Iterator[str]:
    where = "AccordSigners"
    if not 1 <= said.threshold <= len(said.keys):
        yield f"{where}.threshold: {said.threshold} of {len(said.keys)} keys can't sign"
    yield from _keys(said.keys, f"{where}.keys", most=MAX_SIGNATURES)
    if (sequence == 1) != (said.previous == "") or (said.previous and not _DIGEST.fullmatch(said.previous)):
        yield f"{where}.previous: the first list follows none, every other one the digest of a list"


def _of_entity(said: Entity, where: str, issued: datetime | None, owners: dict[str, str]) -> Iterator[str]:
    mark, about = said.mark, said.TrustedEntityInformation
    if not ENTITY_ID.fullmatch(mark.id):
        yield f"{where}: {mark.id[:80]!r} can't be an id; use letters, digits and . _ : / -"
    if not JURISDICTION.fullmatch(mark.jurisdiction):
        yield f"{where}: {mark.jurisdiction[:20]!r} is no jurisdiction; write DE, EU or INT"
    yield from _texts(((item.lang, item.value) for item in about.TEName), f"{where}.TEName")
    post = [(item.lang, item.StreetAddress) for item in about.TEAddress.TEPostalAddress]
    yield from _texts(post, f"{where}.TEPostalAddress")
    if not all(_COUNTRY.fullmatch(item.Country) for item in about.TEAddress.TEPostalAddress):
        yield f"{where}.TEPostalAddress: the Country is a code of two letters, such as DE"
    for name, links in (
        ("TEElectronicAddress", about.TEAddress.TEElectronicAddress),
        ("TEInformationURI", about.TEInformationURI),
    ):
        yield from _texts(((item.lang, item.uriValue) for item in links), f"{where}.{name}")
        if any(not _is_uri(item.uriValue) for item in links):
            yield f"{where}.{name}: not a URI"
    roles = [service.ServiceInformation.role for service in said.TrustedEntityServices]
    if not roles or len(set(roles)) != len(roles):
        yield f"{where}.TrustedEntityServices: an entity has at least one service, and one for each role"
    for number, service in enumerate(said.TrustedEntityServices):
        place = f"{where}.TrustedEntityServices[{number}]"
        yield from _of_service(service, place, issued)
        yield from _of_owner(service, place, mark.id, owners)


def _of_service(said: EntityService, where: str, issued: datetime | None) -> Iterator[str]:
    periods = said.periods
    if len(periods) > MAX_PERIODS:
        yield f"{where}: {len(periods)} periods, at most {MAX_PERIODS}"
        return
    if len({period.role for period in periods}) > 1:
        yield f"{where}: another role in its history; list that as a service of its own"
    times = [_time(period.StatusStartingTime) for period in periods]
    known = [time for time in times if time is not None]
    if len(known) < len(times):
        yield f"{where}.StatusStartingTime: not a time in UTC"
    elif any(a >= b for a, b in pairwise(known)):
        yield f"{where}: each period begins after the one before; the history is newest first"
    elif issued is not None and known[-1] > issued:
        yield f"{where}.StatusStartingTime: after the list was issued"
    for period in periods:
        yield from _texts(((item.lang, item.value) for item in period.ServiceName), f"{where}.ServiceName")
        yield from _keys(period.keys, f"{where}.ServiceDigitalIdentity", period.role)


def _of_owner(said: EntityService, where: str, owner: str, owners: dict[str, str]) -> Iterator[str]:
    for vkey in {vkey for period in said.periods for vkey in period.keys}:
        try:
            other = owners.setdefault(keyid_of(vkey), owner)
        except AccordError:  # named above
            continue
        if other != owner:
            yield f"{where}: a key of {other}; a key belongs to one entity, for good"


def _keys(vkeys: Iterable[str], where: str, role: ServiceRole | None = None, most: int = MAX_KEYS) -> Iterator[str]:
    given, keyids = tuple(vkeys), []
    if not 1 <= len(given) <= most:
        yield f"{where}: {len(given)} keys, between 1 and {most} are asked for"
        return
    for vkey in given:
        try:
            key = parse_vkey(vkey)
        except AccordError as error:
            yield f"{where}: {error.message}"
            continue
        keyids.append(key.key.keyid)
        if key.kind not in _KINDS.get(role, (ED25519,)):
            yield f"{where}: the key {key.name} is of kind {key.kind:#04x}, which is not for {role or 'signing'}"
    if len(set(keyids)) < len(keyids):
        yield f"{where}: the same key twice"


def _texts(given: Iterable[tuple[str, str]], where: str) -> Iterator[str]:
    pairs = tuple(given)
    if not pairs or not all(_LANGUAGE.fullmatch(lang) and text.strip() for lang, text in pairs):
        yield f"{where}: it needs a text, with its language"


def _time(text: str) -> datetime | None:
    try:
        return parse_time(text)
    except AccordError:
        return None


def _is_uri(text: str) -> bool:
    """Whether a text is a URI of RFC 3986, which ETSI's schema asks for, and names more than a scheme."""
    found = _URI.fullmatch(text)
    if found is None:
        return False
    with suppress(ValueError):
        return not found["ipv6"] or bool(IPv6Address(found["ipv6"]).packed)
    return False
