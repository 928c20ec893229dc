"""What we find sound in a trust list, ETSI's schema for lists of trusted entities accepts; and a stranger's reader.

The schema is `1960201_json_schema.json` of TS 119 602 V1.1.1 (forge.etsi.org, esi/x19_60201_lists_of_trusted_entities),
as far as our lists reach, in our own words; jsonschema-rs judges, formats included. It closes every object but
`ServiceDigitalIdentity`, and leaves extensions open. The stranger is @owf/eudi-lote of the OpenWallet Foundation.
"""

import copy
import json
import shutil
import subprocess
from base64 import b64decode
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema_rs
import pytest

from accord.errors import AccordError
from accord.records import from_json, to_json
from accord.records.trust_list import PostalAddress, TrustList
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import local_name
from accord.trust.saying import say
from accord.trust.statement import subject
from accord.trust.trust_list import accept, read_list, subject_digest
from accord.trust.trust_list_editing import add_entity, add_service, change_service, first_list, next_list, point_to
from accord.trust.trust_list_form import mistakes

START = datetime(2026, 1, 1, tzinfo=UTC)
KEYS = [SigningKey.from_seed(bytes([n]) * 32) for n in range(4)]
TOOLS = Path(__file__).parents[1] / "browser"
ADDRESS = PostalAddress(lang="en", StreetAddress="Invalidenstr. 1", Locality="Berlin", PostalCode="10115", Country="DE")

TEXT, WHOLE, ANY = {"type": "string"}, {"type": "integer"}, {}
URI, TIME = {"type": "string", "format": "uri"}, {"type": "string", "format": "date-time"}


def thing(must, may=None):
    """An object that has all of `must`, perhaps some of `may`, and nothing else."""
    fields = {**must, **(may or {})}
    return {"type": "object", "required": [*must], "properties": fields, "additionalProperties": False}


def some(item):
    return {"type": "array", "minItems": 1, "items": item}


WORDS = some(thing({"lang": TEXT, "value": TEXT}))
LINKS = some(thing({"lang": TEXT, "uriValue": URI}))
POST = some(
    thing(
        {"lang": TEXT, "StreetAddress": TEXT, "Country": TEXT},
        {"Locality": TEXT, "StateOrProvince": TEXT, "PostalCode": TEXT},
    )
)
IDENTITY = {"type": "object", "properties": {"X509SubjectNames": some(TEXT), "OtherIds": some(TEXT)}}
TERRITORY = {"type": "string", "minLength": 2, "maxLength": 2}
POINTER = thing(
    {
        "LoTELocation": URI,
        "ServiceDigitalIdentities": some(IDENTITY),
        "LoTEQualifiers": some(
            thing(
                {"LoTEType": URI, "SchemeOperatorName": WORDS, "MimeType": TEXT},
                {"SchemeTypeCommunityRules": LINKS, "SchemeTerritory": TERRITORY},
            )
        ),
    }
)
STANDS = {"ServiceTypeIdentifier": URI, "ServiceInformationExtensions": some(ANY)}
STATUS = {"ServiceStatus": URI, "StatusStartingTime": TIME}
NAMED = {"ServiceName": WORDS, "ServiceDigitalIdentity": IDENTITY}
SERVICE = thing(
    {"ServiceInformation": thing(NAMED, {**STANDS, **STATUS})},
    {"ServiceHistory": some(thing({**NAMED, **STATUS}, STANDS))},
)
ENTITY = thing(
    {
        "TrustedEntityInformation": thing(
            {
                "TEName": WORDS,
                "TEAddress": thing({"TEPostalAddress": POST, "TEElectronicAddress": LINKS}),
                "TEInformationURI": LINKS,
            },
            {"TETradeName": WORDS, "TEInformationExtensions": some(ANY)},
        ),
        "TrustedEntityServices": some(SERVICE),
    }
)
INFORMATION = thing(
    {
        "LoTEVersionIdentifier": WHOLE,
        "LoTESequenceNumber": WHOLE,
        "SchemeOperatorName": WORDS,
        "ListIssueDateTime": TIME,
        "NextUpdate": TIME,
    },
    {
        "LoTEType": URI,
        "SchemeTerritory": TERRITORY,
        "HistoricalInformationPeriod": WHOLE,
        "PointersToOtherLoTE": some(POINTER),
        "SchemeExtensions": some(ANY),
    },
)
SCHEMA = thing({"LoTE": thing({"ListAndSchemeInformation": INFORMATION}, {"TrustedEntitiesList": some(ENTITY)})})
ETSI = jsonschema_rs.Draft7Validator(SCHEMA, validate_formats=True)


def vkey(key):
    return str(local_name(key.public))


def day(n):
    return START + timedelta(days=n)


def in_two_periods():
    """A list with each thing that a list of ours can have, signed and accepted, as JSON."""
    record = first_list("Bundesamt", "DE", [vkey(KEYS[0])], 1, days=365, at=START)
    record = add_entity(record, "The lab", "lab", address=ADDRESS, email="a@b.example", uri="https://[::1]:8461/lab")
    record = add_service(record, "lab", "laboratory", [vkey(KEYS[1])], since=START, at=START)
    held = accept(None, signed(record), (KEYS[0].keyid,))
    record = next_list(held, at=day(10))
    record = change_service(record, "lab", "laboratory", status="suspended", since=day(10), at=day(10))
    record = point_to(record, "https://ke.example/list", "Kenya Bureau", "KE", [vkey(KEYS[2])])
    line = signed(record)
    assert accept(held, line).record == record
    return json.loads(b64decode(json.loads(line)["payload"]))["predicate"]["LoTE"]


def stated(plain):
    """Sign a list as it stands, as other software may have written it."""
    record = from_json(json.dumps(plain).encode(), TrustList)
    about = [subject(record.operator, subject_digest(record))]
    return say(TrustList(LoTE=plain["LoTE"]), "trust-list", about, signers=KEYS[:1], now=START)


def signed(record):
    return stated(json.loads(to_json(record)))


@pytest.fixture
def full():
    return {"LoTE": in_two_periods()}


def test_a_list_with_pointers_and_history_has_the_shape_of_etsi(full):
    ETSI.validate(full)
    service = full["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]
    assert [item["ServiceStatus"] for item in service["ServiceHistory"]] == ["urn:accord:status:granted"]
    assert service["ServiceInformation"]["StatusStartingTime"] == "2026-01-11T00:00:00Z"
    assert full["LoTE"]["ListAndSchemeInformation"]["SchemeTerritory"] == "DE"
    assert json.loads(to_json(from_json(json.dumps(full).encode(), TrustList))) == full


@pytest.mark.parametrize("jurisdiction", ["DE", "EU", "INT", "AFU", "ASEAN"])
def test_a_first_list_with_nobody_on_it_has_the_shape_of_etsi(jurisdiction):
    record = first_list("Union", jurisdiction, [vkey(KEYS[0])], 1, days=30, at=START)
    assert mistakes(record) == []
    ETSI.validate(json.loads(to_json(record)))


def places(value, way=()):
    """Return the way to every value in JSON."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inner:
        yield (*way, step)
        yield from places(item, (*way, step))


ABSENT = object()
ODD = [
    ABSENT, None, "", " ", "DE", "de", "DEU", "lab", "urn:", "urn:a", "http://a b", "http://é.example", "https://[::]",
    "https://[:::::]/", "http://x/%zz", "http://a@b@c/", "2026-01-01", "2026-1-1T0:0:0Z", "2026-02-30T00:00:00Z",
    "2026-01-01T00:00:00+00:00", 0, 1, 2, -1, 1.5, True, [], {}, [{}], [""], "a" * 300,
]  # fmt: skip


def test_what_we_find_sound_etsi_does_not_refuse(full):
    """Every value of a list, each replaced by every odd one: the list is refused by us, or accepted by both."""
    sound = 0
    for way in list(places(full)):
        for odd in ODD:
            plain = copy.deepcopy(full)
            *path, last = way
            place = plain
            for step in path:
                place = place[step]
            if odd is ABSENT:
                del place[last]
            else:
                place[last] = odd
            try:
                found = read_list(stated(plain))
            except AccordError:
                continue
            sound += 1
            assert ETSI.is_valid({"LoTE": found.heard.statement.predicate["LoTE"]}), (way, odd)
    assert sound > 100


# A stranger.


@pytest.fixture(scope="module")
def stranger():
    """Return what asks the stranger at which places it finds a list wrong."""
    if not (shutil.which("node") and (TOOLS / "node_modules/@owf/eudi-lote").is_dir()):
        pytest.skip("@owf/eudi-lote is not installed: `make browser` does")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    if int(version[1:].split(".")[0]) < 20:
        pytest.skip(f"@owf/eudi-lote needs Node 20; here is {version.strip()}")
    program = (
        'import { validateLoTE } from "@owf/eudi-lote"; import { readFileSync } from "node:fs";'
        "console.log(JSON.stringify(validateLoTE(JSON.parse(readFileSync(0))).errors.map((error) => error.path)));"
    )

    def ask(lote):
        command = ["node", "--input-type=module", "--eval", program]
        done = subprocess.run(command, cwd=TOOLS, input=json.dumps(lote).encode(), stdout=subprocess.PIPE, check=True)
        return json.loads(done.stdout)

    return ask


def test_a_stranger_reads_our_list(stranger, full):
    assert stranger(full) == []


def test_a_stranger_finds_what_is_wrong_where_we_do(stranger, full):
    full["LoTE"]["ListAndSchemeInformation"]["SchemeOperatorName"] = []
    full["LoTE"]["ListAndSchemeInformation"]["PointersToOtherLoTE"][0]["LoTELocation"] = "nowhere"
    service = full["LoTE"]["TrustedEntitiesList"][0]["TrustedEntityServices"][0]
    service["ServiceHistory"][0]["StatusStartingTime"] = "2026-1-1T0:0:0Z"
    information = "LoTE.ListAndSchemeInformation"
    assert stranger(full) == [
        f"{information}.SchemeOperatorName",
        f"{information}.PointersToOtherLoTE.0.LoTELocation",
        "LoTE.TrustedEntitiesList.0.TrustedEntityServices.0.ServiceHistory.0.StatusStartingTime",
    ]
    named = " ".join(mistakes(from_json(json.dumps(full).encode(), TrustList)))
    for place in ("SchemeOperatorName", "LoTELocation", "StatusStartingTime"):
        assert place in named


def test_a_stranger_asks_for_what_etsi_leaves_open(stranger, full):
    """It wants a postal code, and the entities even where there are none, for which ETSI's schema has no room."""
    entity = full["LoTE"]["TrustedEntitiesList"][0]
    del entity["TrustedEntityInformation"]["TEAddress"]["TEPostalAddress"][0]["PostalCode"]
    ETSI.validate(full)
    assert [place.split(".")[-1] for place in stranger(full)] == ["PostalCode"]
    del full["LoTE"]["TrustedEntitiesList"]
    ETSI.validate(full)
    assert stranger(full) == ["LoTE.TrustedEntitiesList"]
