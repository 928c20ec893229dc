"""Countries for the tests of recognition: their nodes, trust lists and laboratories, and a report to recognise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
from tests.recognition.conftest import ADDRESS, SAME_PEOPLE, assessed, list_line, make_system, sealed

from accord.node.auth import accounts, sessions
from accord.node.receiving import PARTS, receive
from accord.recognition.agreements import agreement_subject
from accord.records.agreement import Agreement, AgreementAcceptance, AgreementEnd, Conditions, Scope
from accord.records.said import Person
from accord.store.viewer import Viewer
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import local_name
from accord.trust.saying import say
from accord.trust.statement import subject
from accord.trust.trust_list import accept
from accord.trust.trust_list_editing import add_entity, add_service, first_list

NOW = datetime.now(UTC)
SINCE = NOW - timedelta(days=300)
ROOTS = {code: SigningKey.from_seed(bytes([n]) * 32) for n, code in enumerate(("DE", "KE", "BR", "XX"), 80)}
LAB, OTHER_LAB, KENYA, STRANGER = (SigningKey.from_seed(bytes([n]) * 32) for n in (90, 91, 92, 93))
PUBLISHER = Viewer(account="p", name="Lab", roles=frozenset({"publisher"}))
WHO = Person(name="A. Otieno", role="head of recognition")
FRAMEWORKS = ("oecd-ai-principles", "owasp-llm-top10")
HERE = {"population": SAME_PEOPLE.population, "places": "KE", "languages": "sw"}


def trust_list(code, members, *, days=36_000):
    """A list of a country: members are (entity, role, key)."""
    record = first_list(f"Office of {code}", code, [vkey(ROOTS[code])], 1, days=days, at=NOW - timedelta(days=400))
    for name, role, key in members:
        known = {entity.mark.id for entity in record.entities}
        if name not in known:
            record = add_entity(
                record, f"The {name} of {code}", name, address=ADDRESS, email="a@b.example", uri="https://o.example"
            )
        record = add_service(record, name, role, [vkey(key)], scope=Scope(), since=SINCE, at=SINCE)
    return accept(None, list_line(record, ROOTS[code]), [ROOTS[code].keyid])


def vkey(key):
    return str(local_name(getattr(key, "public", key)))


def kenya_list(authority=KENYA):
    members = [
        ("authority", "authority", authority),
        ("lab", "laboratory", LAB),
        ("second-lab", "laboratory", OTHER_LAB),
    ]
    return trust_list("KE", members)


def agreement(**changes):
    known = {
        "id": "de-ke",
        "recognises": "DE",
        "of": "KE",
        "level": "equivalent_outcome",
        "valid_from": f"{NOW - timedelta(days=30):%Y-%m-%d}",
        "valid_until": f"{NOW + timedelta(days=200):%Y-%m-%d}",
        "conditions": Conditions(),
        "by": WHO,
    }
    return Agreement(**(known | changes))


def make(agreed, key, at=None):
    """The line that makes an agreement."""
    return say(agreed, "agreement", [agreement_subject(agreed)], signers=[key], now=at, valid_days=2_000)


def yes(identity, key):
    """The line that accepts one."""
    record = AgreementAcceptance(agreement=identity, by=WHO)
    return say(record, "agreement-acceptance", [subject("", identity)], signers=[key], valid_days=2_000)


def no(identity, key, reason="no longer"):
    """The line that ends one."""
    record = AgreementEnd(agreement=identity, effective=f"{NOW:%Y-%m-%dT%H:%M:%SZ}", reason=reason, by=WHO)
    return say(record, "agreement-end", [subject("", identity)], signers=[key])


def make_report(folder, *, at=NOW - timedelta(days=20), measured=None):
    """A report of the laboratory in Kenya, as it was measured by Accord."""
    done = measured or assessed(make_system(folder / "loans"))
    return sealed(done, folder / "report", key=LAB, at=at)


def give(node, folder, level="public", reason=""):
    """Publish a report on a node; return the id of its assessment."""
    parts = {part: (folder / name).read_bytes() for part, name in PARTS.items() if (folder / name).is_file()}
    return receive(node, PUBLISHER, parts, level, reason).id


def login(node, url, name, roles, office="", full=None):
    """Return a browser in which somebody is logged in, and the account."""
    account = accounts.add(node, login=name, name=full or name.title(), by="test", office=office, roles=roles)
    cookies = {sessions.cookie_name(node): sessions.start(node, account.id)}
    return httpx.Client(base_url=url, timeout=60, cookies=cookies, headers={"accept": "text/html"}), account
