"""Trust lists: who may measure, decide, log and witness, in the shape of ETSI TS 119 602 (LoTE, JSON, V1.1.1).

Names and nesting are those of ETSI's schema `1960201_json_schema.json`; a list exports as it is. What the model has no
field for stands where it lets a scheme extend it: scope in `ServiceInformationExtensions`, an entity's id and
jurisdiction in `TEInformationExtensions`, signers and threshold in `SchemeExtensions`, each under one name of ours.
Keys are C2SP verifier keys (`name+id+base64`) in `OtherIds`: its schema of `PublicKeyValues` knows no Ed25519.

A service, one for each role of an entity, is a row of periods: the current one in `ServiceInformation`, the earlier
ones in `ServiceHistory`, newest first. A change of status, keys, scope or name begins a period; none is ever removed.
"""

from __future__ import annotations

from typing import Literal, get_args

from .agreement import Scope
from .measurement import Record

LIST_TYPE = "urn:accord:lote:v0.1"
MIME_TYPE = "application/vnd.in-toto+json"
NEVER_REMOVED = 65535
"""The HistoricalInformationPeriod of a list that keeps its history for good (ETSI TS 119 612, clause 5.3.12)."""

ServiceRole = Literal["laboratory", "authority", "node", "log", "witness"]
"""A laboratory measures; an authority recognises and decides; nodes, logs and witnesses carry what is said."""
ROLES: tuple[ServiceRole, ...] = get_args(ServiceRole)
ServiceState = Literal["granted", "suspended", "withdrawn"]
STATES: tuple[ServiceState, ...] = get_args(ServiceState)
ServiceType = Literal[
    "urn:accord:service:laboratory",
    "urn:accord:service:authority",
    "urn:accord:service:node",
    "urn:accord:service:log",
    "urn:accord:service:witness",
]
StatusUri = Literal["urn:accord:status:granted", "urn:accord:status:suspended", "urn:accord:status:withdrawn"]


class Text(Record, frozen=True, kw_only=True):
    """ETSI's multiLangString: a text and its language."""

    lang: str
    value: str


class Link(Record, frozen=True, kw_only=True):
    """ETSI's NonEmptyMultiLangURI: an address, such as `mailto:` or `https:`, and the language found there."""

    lang: str
    uriValue: str


class PostalAddress(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Where an entity has its seat; `Country` is an ISO 3166-1 code."""

    lang: str
    StreetAddress: str
    Locality: str = ""
    StateOrProvince: str = ""
    PostalCode: str = ""
    Country: str


class EntityAddress(Record, frozen=True, kw_only=True):
    """ETSI's TEAddress."""

    TEPostalAddress: tuple[PostalAddress, ...]
    TEElectronicAddress: tuple[Link, ...]


class EntityMark(Record, frozen=True, kw_only=True):
    """The id that names an entity in this list for good, and the jurisdiction that it acts for."""

    id: str
    jurisdiction: str


class EntityExtension(Record, frozen=True, kw_only=True):
    """Our element of `TEInformationExtensions`."""

    AccordEntity: EntityMark


class EntityInformation(Record, frozen=True, kw_only=True):
    """ETSI's TrustedEntityInformation."""

    TEName: tuple[Text, ...]
    TEAddress: EntityAddress
    TEInformationURI: tuple[Link, ...]
    TEInformationExtensions: tuple[EntityExtension]


class ScopeExtension(Record, frozen=True, kw_only=True):
    """Our element of `ServiceInformationExtensions`: for what the service is trusted."""

    AccordScope: Scope


class DigitalIdentity(Record, frozen=True, kw_only=True):
    """ETSI's ServiceDigitalIdentity: verifier keys as `OtherIds`."""

    OtherIds: tuple[str, ...]


class Period(Record, frozen=True, kw_only=True):
    """ETSI's ServiceInformation and ServiceHistoryInstance, which are alike in all that we say."""

    ServiceName: tuple[Text, ...]
    ServiceDigitalIdentity: DigitalIdentity
    ServiceTypeIdentifier: ServiceType
    ServiceStatus: StatusUri
    StatusStartingTime: str
    ServiceInformationExtensions: tuple[ScopeExtension]

    @property
    def keys(self) -> tuple[str, ...]:
        """The verifier keys of the period."""
        return self.ServiceDigitalIdentity.OtherIds

    @property
    def role(self) -> ServiceRole:
        """The role, without the rest of its name."""
        return ROLES[get_args(ServiceType).index(self.ServiceTypeIdentifier)]

    @property
    def status(self) -> ServiceState:
        """The status, without the rest of its name."""
        return STATES[get_args(StatusUri).index(self.ServiceStatus)]

    @property
    def scope(self) -> Scope:
        """For what the service is trusted in the period."""
        return self.ServiceInformationExtensions[0].AccordScope


class EntityService(Record, frozen=True, kw_only=True, omit_defaults=True):
    """ETSI's TrustedEntityService."""

    ServiceInformation: Period
    ServiceHistory: tuple[Period, ...] = ()

    @property
    def periods(self) -> tuple[Period, ...]:
        """All periods, oldest first."""
        return (*reversed(self.ServiceHistory), self.ServiceInformation)


class Entity(Record, frozen=True, kw_only=True):
    """ETSI's TrustedEntity: an organisation and what it does, a service a role."""

    TrustedEntityInformation: EntityInformation
    TrustedEntityServices: tuple[EntityService, ...]

    @property
    def mark(self) -> EntityMark:
        """The id and jurisdiction."""
        return self.TrustedEntityInformation.TEInformationExtensions[0].AccordEntity

    @property
    def name(self) -> str:
        """The first of its names; its id if it has none."""
        names = self.TrustedEntityInformation.TEName
        return names[0].value if names else self.mark.id


class Signers(Record, frozen=True, kw_only=True):
    """Who signs a list: at least `threshold` of `keys` (verifier keys). `jurisdiction` is whose list it is.

    `previous` is the digest of the list before (`sha256:<hex>` of its line), "" for the first.
    """

    jurisdiction: str
    threshold: int
    keys: tuple[str, ...]
    previous: str = ""


class SchemeExtension(Record, frozen=True, kw_only=True):
    """Our element of `SchemeExtensions`."""

    AccordSigners: Signers


class ListQualifier(Record, frozen=True, kw_only=True, omit_defaults=True):
    """ETSI's LoTEQualifier: what list a pointer leads to."""

    LoTEType: str
    SchemeOperatorName: tuple[Text, ...]
    SchemeTerritory: str = ""
    MimeType: str


class ListPointer(Record, frozen=True, kw_only=True):
    """ETSI's OtherLoTEPointer: where another list is, and the keys that sign it."""

    LoTELocation: str
    ServiceDigitalIdentities: tuple[DigitalIdentity, ...]
    LoTEQualifiers: tuple[ListQualifier, ...]


class ListInformation(Record, frozen=True, kw_only=True, omit_defaults=True):
    """ETSI's ListAndSchemeInformation. `SchemeTerritory` has two letters, and is absent where they do not suffice."""

    LoTEVersionIdentifier: int
    LoTESequenceNumber: int
    LoTEType: str
    SchemeOperatorName: tuple[Text, ...]
    SchemeTerritory: str = ""
    HistoricalInformationPeriod: int = 0
    PointersToOtherLoTE: tuple[ListPointer, ...] = ()
    ListIssueDateTime: str
    NextUpdate: str
    SchemeExtensions: tuple[SchemeExtension]


class Lote(Record, frozen=True, kw_only=True, omit_defaults=True):
    """ETSI's LoTE: a list of trusted entities."""

    ListAndSchemeInformation: ListInformation
    TrustedEntitiesList: tuple[Entity, ...] = ()


class TrustList(Record, frozen=True, kw_only=True):
    """The root of ETSI's JSON, and what a statement of kind `trust-list` holds."""

    LoTE: Lote

    @property
    def information(self) -> ListInformation:
        """What the list says of itself."""
        return self.LoTE.ListAndSchemeInformation

    @property
    def entities(self) -> tuple[Entity, ...]:
        """Who is on it."""
        return self.LoTE.TrustedEntitiesList

    @property
    def signers(self) -> Signers:
        """Who signs it."""
        return self.information.SchemeExtensions[0].AccordSigners

    @property
    def sequence(self) -> int:
        """Its number: the first is 1, each counts on by one."""
        return self.information.LoTESequenceNumber

    @property
    def operator(self) -> str:
        """The first name of who keeps it."""
        names = self.information.SchemeOperatorName
        return names[0].value if names else ""

    @property
    def jurisdiction(self) -> str:
        """Whose list it is: ISO 3166-1, a union, or INT."""
        return self.signers.jurisdiction
