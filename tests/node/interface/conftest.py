"""A node with a statement of every kind at every level, each with a word of its own in every text: the world.

Whoever meets such a word where it does not belong has found a leak.
"""

from __future__ import annotations

import base64
import itertools
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import msgspec
import pytest

from accord.commons.recognitions import drafts as decision_drafts
from accord.commons.recognitions.drafts import Pending
from accord.commons.systems import drafts
from accord.commons.systems.drafting import Answers
from accord.commons.systems.projection import subject_of
from accord.node import accepting
from accord.node.auth import accounts, clock, sessions, tokens
from accord.node.auth.secret import hash_of, new_secret
from accord.node.auth.signed_requests import HEADER, sign_request
from accord.node.intake import Batch
from accord.node.jobs import table
from accord.node.jobs.asked import Asked, Uploaded
from accord.node.node import Node, open_node
from accord.node.receiving import PARTS, receive
from accord.recognition.deciding import Draft
from accord.records.agreement import Scope
from accord.records.card import Card, System
from accord.records.said import Disclosure
from accord.records.trust_list import PostalAddress
from accord.store.statements import Incoming
from accord.store.viewer import Viewer
from accord.trust import VerifierKey, canonical
from accord.trust.dsse import sign, to_line
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.kinds import KINDS, record_type, type_of
from accord.trust.note import ED25519
from accord.trust.saying import hear, say
from accord.trust.statement import build, format_time, subject
from accord.trust.trust_list import subject_digest
from accord.trust.trust_list_editing import add_entity, add_service, first_list

LEVELS = ("public", "community", "named", "none")
REPORTED = ("assessment", "evidence")
OTHERS = ("review", "foreign")
NAMED, OTHER = "named.example.org/log", "other.example.org/log"
_TEST_OFFICE = "Transport"


def marker(level: str, kind: str) -> str:
    """Return the word of the statement of a kind at a level: one that is found by search, and nowhere by chance."""
    return f"qz{level[:3]}{kind.replace('-', '')}zq"


def _key(number: int) -> SigningKey:
    return SigningKey.from_seed(bytes([number]) * 32)


def vkey(key: SigningKey, name: str) -> str:
    """Return a verifier key, as trust lists name keys."""
    return str(VerifierKey(name, key.public, ED25519))


LAB, AUTHORITY, DECIDER, STRANGER = _key(41), _key(42), _key(43), _key(44)
PEERS = {NAMED: _key(45), OTHER: _key(46)}


def filled(kind: Any, word: str) -> Any:
    """Return a value of a type with `word` in every text of it, also in the keys of dictionaries."""
    info = msgspec.inspect
    match kind:
        case info.StrType() | info.AnyType():
            return word
        case info.IntType() | info.FloatType():
            return 1
        case info.BoolType():
            return False
        case info.NoneType():
            return None
        case info.LiteralType():
            return kind.values[0]
        case info.VarTupleType() | info.ListType():
            return [filled(kind.item_type, word)]
        case info.TupleType():
            return [filled(item, word) for item in kind.item_types]
        case info.DictType():
            return {filled(kind.key_type, word): filled(kind.value_type, word)}
        case info.UnionType():
            kinds = {type(item): item for item in kind.types}
            return filled(kinds.get(info.StrType) or next(i for i in kind.types if type(i) is not info.NoneType), word)
        case info.StructType():
            return {item.encode_name: filled(item.type, word) for item in kind.fields}
        case info.Metadata():
            return filled(kind.type, word)
    raise AssertionError(kind)


def record_of(kind: str, word: str, **given: Any) -> Any:
    """Return a record of a kind with the word in every text but those that are given."""
    made = record_type(kind)
    plain = {**filled(msgspec.inspect.type_info(made), word), **given}
    return msgspec.convert(plain, made)


@dataclass(frozen=True)
class Kept:
    """A statement of the world: what it is, and the word that only its readers may meet."""

    kind: str
    level: str
    id: str
    word: str
    line: bytes

    @property
    def digest(self) -> str:
        """Its id, as addresses have it."""
        return self.id.removeprefix("sha256:")


class SignsAs(httpx.Auth):
    """Signs each request as another node."""

    requires_request_body = True

    def __init__(self, node: Node, origin: str, key: SigningKey) -> None:
        self._node, self._origin, self._key = node, origin, key

    def auth_flow(self, request: httpx.Request) -> Any:
        """Add the header."""
        target, body = request.url.raw_path.decode(), request.content
        request.headers[HEADER] = sign_request(
            self._key, self._origin, request.method, target, body, self._node.origin, clock.now()
        )
        yield request


@dataclass
class World:
    """The running node, its statements, what else it keeps, and a client for each who asks."""

    node: Node
    base: Kept
    statements: list[Kept] = field(default_factory=list)
    private: dict[str, str] = field(default_factory=dict)  # what of which somebody else's word is: its id
    words: dict[str, str] = field(default_factory=dict)  # of the same
    clients: dict[str, httpx.Client] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def of(self, level: str, kind: str = "") -> list[Kept]:
        """Return the statements of a level."""
        return [item for item in self.statements if item.level == level and kind in ("", item.kind)]


@pytest.fixture(scope="session")
def reports(make_report: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A sealed report for each level, with its words in the card and, as a group of people, in what was measured."""
    found = {}
    for level in LEVELS:
        word = marker(level, "assessment")
        rows = "".join(f"{marker(level, 'evidence')},{9000 + n},{n % 2},{n // 2 % 2}\n" for n in range(80))
        system = f'purpose = "{word}"\nprovider = "{word}"\nsector = "{word}"\nversion = "{word}"\n'
        found[level] = make_report(tmp_path_factory.mktemp(level), rows=rows, system=system)
    return found


@pytest.fixture(scope="session")
def make_world(reports: dict[str, Path]) -> Any:
    """make_world(folder, **settings): the world, not running yet."""

    def made(place: Path, **settings: Any) -> World:
        node = open_node(
            place / "node", name="Test node", jurisdiction="DE", requests_per_minute=1_000_000_000, **settings
        )
        for origin, key in PEERS.items():
            _follow(node, origin, key)
        _accept_public_list(node)
        viewer = Viewer(account="0" * 32, name="Lab", roles=frozenset({"publisher"}), office="Testing")
        world = World(node, _publish(node, viewer, reports["public"], "public")[-1])
        for level in LEVELS:
            world.statements += _publish(node, viewer, reports[level], level)
            for kind in (*KINDS, *OTHERS):
                world.statements.append(_say(world, kind, level))
        world.extra["base subject"] = hear(world.base.line).subjects[0].removeprefix("sha256:")
        _keep_private(world)
        return world

    return made


def _publish(node: Node, viewer: Viewer, report: Path, level: str) -> list[Kept]:
    sent = {part: (report / name).read_bytes() for part, name in PARTS.items() if (report / name).is_file()}
    told = receive(node, viewer, sent, level if level in ("public", "community") else "none", "as agreed")  # type: ignore[arg-type]
    if level == "named":
        ids = tuple(told.statements)
        node.say(Disclosure(targets=ids, level="named", peers=(NAMED,), reason="as agreed"), "disclosure", ids)
    found = []
    for line in sent["statements"].splitlines():
        heard = hear(line)
        # Evidence has the word of its group of people only where groups were looked at.
        if marker(level, heard.kind) in heard.statement.predicate.__repr__() or heard.kind == "assessment":
            found.append(Kept(heard.kind, level, heard.id, marker(level, heard.kind), line))
    assert {item.kind for item in found} == set(REPORTED)
    return found


def _say(world: World, kind: str, level: str, word: str = "") -> Kept:
    """Say a statement of a kind; the text of it is its marker, or `word`."""
    node, word = world.node, word or marker(level, kind)
    line = _line(world, kind, level, word)
    batch = Batch(
        [Incoming.of(hear(line))], level=level, peers=(NAMED,) if level == "named" else (), reason="as agreed"
    )  # type: ignore[arg-type]
    receipt = node.intake.submit(batch).result()[0]
    if kind == "trust-list":
        accepting.pin(node, receipt.id, [_list_key(level).public.keyid])
    return Kept(kind, level, receipt.id, word, line)


def _line(world: World, kind: str, level: str, word: str) -> bytes:
    """Return a statement that the node takes for one of its kind: who signs it may, and what it is about is here."""
    node, base, by = world.node, world.base, {"name": word, "role": word, "office": word}
    today, number = f"{datetime.now(UTC):%Y-%m-%d}", next(_numbers)
    digest = f"sha256:{number:064x}"
    signers, about, given = [node.speaker], base.id, {}
    match kind:
        case "review" | "foreign":
            kind_type = type_of("review") if kind == "review" else "https://example.org/foreign/v1"
            stated = {"keyid": LAB.public.keyid, "publicKey": b64encode(LAB.public.raw)}
            payload = build(
                kind_type, [subject(word, base.id)], {"reason": word, word: [word], "signer": stated}, valid_days=9
            )
            return to_line(sign(payload, [LAB]))
        case "trust-list":
            made = _list_line(word, "FR", _list_key(level), {word: (LAB, "laboratory")})
            world.extra[f"list {level}"] = about = hear(made).subjects[0]
            world.extra[f"body {level}"] = canonical.digest(["accord/body", about, f"urn:example:{word}"])
            return made
        case "registration":
            entry = f"{number:016x}"
            about = subject_of(node.origin, entry)
            given = {
                "origin": node.origin, "entry": entry, "version": 1, "replaces": "", "contract_until": "", "since": "",
                "url": word if word.startswith("http") else f"https://example.org/{quote(word)}", "influence": "",
                "jurisdictions": ["DE"], "subjects": [digest],
                "review": {"every_days": 9, "due": today, "reason": word, "set_by": "hand"}, "sdgs": [3],
            }  # fmt: skip
            if not word.isalnum():
                given |= {"unknown": [], "supplied": [], "answers": {}}
            world.extra[f"entry {level}"] = entry
            world.extra[f"subject {level}"] = about
        case "dispute":
            given = {"target": base.id}
        case "dispute-answer":
            dispute = next(item for item in world.statements if (item.kind, item.level) == ("dispute", level))
            given, about = {"dispute": dispute.id, "target": base.id}, dispute.id
        case "revocation" | "erasure" | "disclosure":
            about = _throwaway(node, number)
            given = (
                {"target": about, "effective": "2020-01-01T00:00:00Z"} if kind == "revocation" else {"target": about}
            )
            if kind == "disclosure":
                given = {"targets": [about], "level": "public", "peers": []}
            world.extra[f"{kind} {level}"] = about.removeprefix("sha256:")
        case "plan":
            part = {"role": "data", "kind": "csv", "path": word, "digest": digest, "size": 1}
            given = {"subject": {"name": word, "digest": digest, "parts": [part]}, "version": "0.1", "profile": None}
            given["card"] = {"system": {"name": word, "purpose": word}}
        case "agreement":
            days = {"valid_from": "2020-01-01", "valid_until": "2999-01-01"}
            given = {"id": word, "recognises": "DE", "of": "FR", "bodies": [], "basis": [], **days, "scope": {}}
            given["conditions"] = {"assurance": "declared"}
            signers = [AUTHORITY]
        case "agreement-acceptance" | "agreement-end":
            about = next(i for i in world.statements if (i.kind, i.level) == ("agreement", level)).id
            given, signers = {"agreement": about}, [LAB]
            if kind == "agreement-end":
                given |= {"effective": "2998-01-01T00:00:00Z"}
        case "examination":
            given, signers = {"assessment": base.id, "jurisdiction": "DE"}, [AUTHORITY]
        case "recognition":
            given = {
                "assessment": base.id, "subject": digest, "jurisdiction": "DE", "at": format_time(datetime.now(UTC)),
                "valid_until": "2999-01-01", "profile": None, "decided_by": {**by, "name": f"{word} two"},
            }  # fmt: skip
            signers = [AUTHORITY, DECIDER]
        case "recheck":
            given, signers = {"statement": base.id, "outcome": "agrees"}, [LAB]
        case "certificate":
            paper = {"digest": digest, "size": 1, "media_type": "application/pdf"}
            given = {"paper": paper, "issued": "2025-01-01", "valid_until": "", "about_digest": digest}
        case "certificate-confirmation":
            found = next(i for i in world.statements if (i.kind, i.level) == ("certificate", level))
            given = {"certificate": found.id, "paper": digest}
            about = found.id
    if "by" in record_type(kind).__struct_fields__ and kind != "account-change":
        given = {"by": by, **given}
    return say(record_of(kind, word, **given), kind, [subject(word, about)], signers=signers)


_numbers = itertools.count(0xABC000)


def _throwaway(node: Node, number: int) -> str:
    """Return the id of a public statement that something may be said about."""
    return node.say(record_of("status", f"plain {number}"), "status", [f"sha256:{number:064x}"]).id


def _list_key(level: str) -> SigningKey:
    return _key(50 + LEVELS.index(level))


def _list_line(operator: str, code: str, key: SigningKey, members: dict[str, tuple[SigningKey, str]]) -> bytes:
    at = datetime.now(UTC) - timedelta(days=2)
    record = first_list(operator, code, [vkey(key, "list")], 1, days=365, at=at)
    for name, (member, role) in members.items():
        where = PostalAddress(lang="en", StreetAddress=operator, Country=code)
        record = add_entity(record, name, f"urn:example:{name}", address=where, email="a@example.org",
                            uri=f"https://example.org/{quote(operator)}")  # fmt: skip
        record = add_service(record, f"urn:example:{name}", role, [vkey(member, name)], scope=Scope(), since=at, at=at)  # type: ignore[arg-type]
    return say(record, "trust-list", [subject("list", subject_digest(record))], signers=[key])


def _accept_public_list(node: Node) -> None:
    members = {"authority": (AUTHORITY, "authority"), "second": (DECIDER, "authority")}
    line = _list_line("Public list", "DE", _key(60), members)
    accepting.import_lists(node, [line], [_key(60).public.keyid])


def _follow(node: Node, origin: str, key: SigningKey) -> None:
    with node.store.writing() as transaction:
        transaction.run(
            "INSERT INTO peers (origin, url, name, jurisdiction, key, log_key, added, state)"
            " VALUES (?, 'https://peer.invalid', 'Peer', 'KE', ?, ?, '2026-01-01T00:00:00Z', 'paused')",
            origin, base64.b64encode(key.public.raw).decode(), vkey(key, origin),
        )  # fmt: skip


def _keep_private(world: World) -> None:
    """Keep what belongs to an office or account: drafts, tables that were sent, a supplier's link, jobs."""
    node, now = world.node, format_time(datetime.now(UTC))
    owner = accounts.add(node, login="owner", name="Owner", office=_TEST_OFFICE, roles=("officer", "publisher"), by="t")
    word = world.words
    word |= {what: marker("private", what) for what in ("draft", "upload", "link", "job", "person", "decision")}
    answers = Answers(values={"name": word["draft"], "purpose": word["draft"], "office": _TEST_OFFICE})
    secret = new_secret()
    with node.store.writing() as transaction:
        draft = drafts.add(transaction, answers, office=_TEST_OFFICE, account=owner.id, now=now)
        upload = drafts.Upload(
            id=secrets.token_hex(16), office=_TEST_OFFICE, name=word["upload"], ignored=(word["upload"],),
            rows={2: Answers(values={"name": word["upload"]})},
        )  # fmt: skip
        drafts.add_upload(transaction, upload, owner.id, now, "2020-01-01T00:00:00Z")
        link = drafts.SupplierLink(
            hash=hash_of(secret), draft=draft, fields=("purpose",), expires="2999-01-01T00:00:00Z"
        )
        drafts.add_link(transaction, link)
        drafts.take_answer(transaction, link, {"purpose": word["link"]}, now)
        job = secrets.token_hex(16)
        asked = Asked(
            files=(Uploaded(name=word["job"], size=1),), card=Card(system=System(name=word["job"])), reason=word["job"]
        )
        table.add(transaction, job, owner.id, asked)
    person = accounts.add(node, login=word["person"], name=word["person"], office=word["person"], by="t")
    pending = Pending(
        id=secrets.token_hex(16), assessment=world.base.id, preparer=owner.id, created=now, changed=now,
        draft=msgspec.convert(filled(msgspec.inspect.type_info(Draft), word["decision"]), Draft),
    )  # fmt: skip
    with node.store.writing() as transaction:
        decision_drafts.add(transaction, pending)
    world.extra["token"] = tokens.make(node, owner.viewer, "owner", {"publisher"}, 9)[0].id
    world.private["decision"] = pending.id
    world.private |= {"draft": draft, "upload": upload.id, "job": job, "person": person.id}
    world.secrets |= {"link": secret, "owner": owner.id}


@pytest.fixture(scope="session")
def say_kind() -> Any:
    """say_kind(world, kind, level, word): say one more statement, with this word in every text."""
    return _say


@pytest.fixture(scope="session")
def kinds() -> tuple[str, ...]:
    """The kinds that `say_kind` says."""
    return (*KINDS, *OTHERS)


ROLES = {
    "reader": ("reader", "Health"),
    "publisher": ("publisher", "Health"),
    "other officer": ("officer", "Health"),
    "officer": ("officer", _TEST_OFFICE),
    "decider": ("decider", _TEST_OFFICE),
    "operator": ("operator", ""),
}
STAFF = ("other officer", "officer", "decider", "operator")


def let_in(world: World, url: str) -> None:
    """Give the world a client for everybody who may ask."""
    node = world.node
    world.url = url

    def client(**given: Any) -> httpx.Client:
        return httpx.Client(base_url=url, timeout=30, **given)

    found = {"visitor": client()}
    for name, (role, office) in ROLES.items():
        account = accounts.add(node, login=name.replace(" ", "-"), name=name, office=office, roles=(role,), by="t")
        token = tokens.make(node, account.viewer, "test", {role}, 30)[1]
        found[name] = client(headers={"authorization": f"Bearer {token}"})
        cookie = {sessions.cookie_name(node): sessions.start(node, account.id)}
        found[f"{name} in a browser"] = client(cookies=cookie, headers={"accept": "text/html"})
        world.secrets[name] = token
    found["other node"] = client(auth=SignsAs(node, OTHER, PEERS[OTHER]))
    found["named node"] = client(auth=SignsAs(node, NAMED, PEERS[NAMED]))
    found["strange node"] = client(auth=SignsAs(node, "strange.example.org/log", STRANGER))
    for name in ("expired", "disabled"):
        account = accounts.add(node, login=f"{name}1", name=name, roles=("operator",), by="t")
        token = tokens.make(node, account.viewer, "test", {"operator"}, 30)[1]
        session = sessions.start(node, account.id)
        if name == "disabled":
            accounts.disable(node, account.id, by="t")
        else:
            with node.store.writing() as transaction:
                for which in ("tokens", "sessions"):
                    transaction.run(f"UPDATE {which} SET expires = 1 WHERE account = ?", account.id)
        found[f"{name} token"] = client(headers={"authorization": f"Bearer {token}"})
        found[f"{name} session"] = client(cookies={sessions.cookie_name(node): session})
    world.clients = found


@pytest.fixture(scope="module")
def world(make_world: Any, running: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The world, running, for the tests of a file."""
    made = make_world(tmp_path_factory.mktemp("world"))
    with made.node, running(made.node) as url:
        let_in(made, url)
        yield made
        for item in made.clients.values():
            item.close()


def pytest_collection_modifyitems(items):
    """They take minutes and want an idle machine: `make soak` runs them."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.soak)
