"""A node with a statement of every kind and tag, what else it keeps, and a client for each who may ask."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from tests.node.interface import every_kind
from tests.node.interface.every_kind import marker, record_of, vkey

from accord.commons.recognitions import drafts as decision_drafts
from accord.commons.recognitions.drafts import Pending
from accord.commons.systems import drafts
from accord.commons.systems.drafting import Answers
from accord.node import accepting
from accord.node.auth import accounts, clock, sessions, tokens
from accord.node.auth.secret import hash_of, new_secret
from accord.node.auth.signed_requests import HEADER, sign_request
from accord.node.intake import Batch
from accord.node.jobs import table
from accord.node.jobs.asked import Asked, Uploaded
from accord.node.node import Node, open_node
from accord.node.receiving import PARTS, receive
from accord.records.card import Card, System
from accord.records.said import Disclosure
from accord.store.statements import Incoming
from accord.store.viewer import Viewer
from accord.trust.ed25519 import SigningKey
from accord.trust.kinds import KINDS
from accord.trust.saying import hear, say
from accord.trust.statement import format_time, subject

ALL_KINDS = (*KINDS, "review", "foreign")
_ONCE = ("revocation", "disclosure", "erasure")
"""They have no state of their own: what they say of another holds, whatever is said of them."""
NAMED, OTHER = "named.example.org/log", "other.example.org/log"
PEERS = {NAMED: every_kind.key(45), OTHER: every_kind.key(46)}
STRANGER = every_kind.key(44)
OFFICE = "Transport"


@dataclass(frozen=True)
class Kept:
    """A statement of the world: what it is, and the word that only its readers may meet."""

    kind: str
    tag: str
    id: str
    word: str
    line: bytes

    @property
    def level(self) -> str:
        """The level that it is at. Of what is erased, the node's own people see that it was there."""
        return "none" if self.tag == "erased" else self.tag.partition(" ")[0]

    @property
    def digest(self) -> str:
        """Its id, as addresses have it."""
        return self.id.removeprefix("sha256:")


@dataclass
class World:
    """The running node, its statements, what else it keeps, and a client for each who asks."""

    node: Node
    reports: dict[str, Path]
    base: Kept
    statements: list[Kept] = field(default_factory=list)
    private: dict[str, str] = field(default_factory=dict)  # what of which somebody else's word is: its id
    words: dict[str, str] = field(default_factory=dict)  # of the same
    clients: dict[str, httpx.Client] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def of(self, tag: str, kind: str = "") -> list[Kept]:
        """Return the statements of a tag."""
        return [item for item in self.statements if item.tag == tag and kind in ("", item.kind)]

    @property
    def measured(self) -> list[str]:
        """The digests of the systems that the reports are of, also of those that are not here yet."""
        lines = [(report / PARTS["statements"]).read_bytes().splitlines()[-1] for report in self.reports.values()]
        return sorted({hear(line).subjects[0] for line in lines})

    def add(self, tag: str) -> None:
        """Take in a report and a statement of every kind, and let become of them what the tag says."""
        if tag in self.reports and tag != self.base.tag:
            self.statements += publish(self.node, self.reports[tag], tag)
        for kind in ALL_KINDS:
            if tag in every_kind.LEVELS or kind not in _ONCE:
                self.statements.append(kept := say_kind(self, kind, tag))
                self.extra.setdefault(f"{kind} {tag}", kept.digest)  # of _ONCE, what they are about is there
        if tag.endswith(" revoked"):
            self.statements += [self._revocation_of(item) for item in self.of(tag)]
        if tag == "erased":
            lines = (self.reports[tag] / PARTS["statements"]).read_bytes().splitlines()
            for identity in {item.id for item in self.of(tag)} | {hear(line).id for line in lines}:
                self.node.say(record_of("erasure", "as the law asks", target=identity), "erasure", [identity])

    def _revocation_of(self, item: Kept) -> Kept:
        """Revoke a statement in the name of who signed it, at its own level."""
        record = record_of("revocation", item.word, target=item.id, effective="2020-01-01T00:00:00Z")
        signer = every_kind.SIGNERS.get(hear(item.line).keys[0].keyid, self.node.speaker)
        line = say(record, "revocation", [subject("target", item.id)], signers=[signer])
        return Kept("revocation", item.tag, _take_in(self.node, line, item.tag), item.word, line)


def make_world(place: Path, reports: dict[str, Path], **settings: Any) -> World:
    """Return a node with a public report, which follows two others and accepts a list of who may decide."""
    settings = {"name": "Test node", "jurisdiction": "DE", "requests_per_minute": 10**9, **settings}
    node = open_node(place / "node", **settings)
    for origin, signer in PEERS.items():
        _follow(node, origin, signer)
    members = {"authority": (every_kind.AUTHORITY, "authority"), "second": (every_kind.DECIDER, "authority"),
               "lab": (every_kind.LAB, "laboratory")}  # fmt: skip
    line = every_kind.list_line("Public list", "DE", every_kind.key(60), members)
    accepting.import_lists(node, [line], [every_kind.key(60).public.keyid])
    found = publish(node, reports["public"], "public")
    world = World(node, reports, found[-1], found)
    world.extra["base subject"] = hear(world.base.line).subjects[0].removeprefix("sha256:")
    keep_private(world)
    return world


def publish(node: Node, report: Path, tag: str) -> list[Kept]:
    """Publish a report at the level of a tag; return its statements that have a word."""
    level: Any = {"named": "none", "erased": "public"}.get(tag, tag)
    sent = {part: (report / name).read_bytes() for part, name in PARTS.items() if (report / name).is_file()}
    viewer = Viewer(account="0" * 32, name="Lab", roles=frozenset({"publisher"}), office="Testing")
    told = receive(node, viewer, sent, level, "as agreed")
    if tag == "named":
        ids = tuple(told.statements)
        node.say(Disclosure(targets=ids, level="named", peers=(NAMED,), reason="as agreed"), "disclosure", ids)
    found = []
    for line in sent["statements"].splitlines():
        heard = hear(line)
        # Evidence has the word of its group of people only where groups were looked at.
        if heard.kind == "assessment" or marker(tag, heard.kind) in repr(heard.statement.predicate):
            found.append(Kept(heard.kind, tag, heard.id, marker(tag, heard.kind), line))
    assert {item.kind for item in found} == {"assessment", "evidence"}
    return found


def say_kind(world: World, kind: str, tag: str, word: str = "") -> Kept:
    """Say a statement of a kind; the text of it is its marker, or `word`."""
    word = word or marker(tag, kind)
    line = every_kind.line_of(world, kind, tag, word)
    kept = Kept(kind, tag, _take_in(world.node, line, tag), word, line)
    if kind == "trust-list" and tag not in every_kind.REVOKED:  # Those are lists that nobody accepts.
        accepting.pin(world.node, kept.id, [every_kind.list_key(tag).public.keyid])
    return kept


def _take_in(node: Node, line: bytes, tag: str) -> str:
    level: Any = "public" if tag == "erased" else tag.partition(" ")[0]
    peers = (NAMED,) if level == "named" else ()
    batch = Batch([Incoming.of(hear(line))], level=level, peers=peers, reason="as agreed")
    return node.intake.submit(batch).result()[0].id


def _follow(node: Node, origin: str, key: SigningKey) -> None:
    with node.store.writing() as transaction:
        transaction.run(
            "INSERT INTO peers (origin, url, name, jurisdiction, key, log_key, added, state)"
            " VALUES (?, 'https://peer.invalid', 'Peer', 'KE', ?, ?, '2026-01-01T00:00:00Z', 'paused')",
            origin, base64.b64encode(key.public.raw).decode(), vkey(key, origin),
        )  # fmt: skip


def keep_private(world: World) -> None:
    """Keep what belongs to an office or account: drafts, tables that were sent, a supplier's link, jobs."""
    node, now = world.node, format_time(datetime.now(UTC))
    owner = accounts.add(node, login="owner", name="Owner", office=OFFICE, roles=("officer", "publisher"), by="t")
    word = world.words
    word |= {what: marker("private", what) for what in ("draft", "upload", "link", "job", "person", "decision")}
    answers = Answers(values={"name": word["draft"], "purpose": word["draft"], "office": OFFICE})
    secret = new_secret()
    with node.store.writing() as transaction:
        draft = drafts.add(transaction, answers, office=OFFICE, account=owner.id, now=now)
        upload = drafts.Upload(
            id=secrets.token_hex(16), office=OFFICE, name=word["upload"], ignored=(word["upload"],),
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
        draft=every_kind.draft_of(word["decision"]),
    )  # fmt: skip
    with node.store.writing() as transaction:
        decision_drafts.add(transaction, pending)
    world.extra["token"] = tokens.make(node, owner.viewer, "owner", {"publisher"}, 9)[0].id
    world.private["decision"] = pending.id
    world.private |= {"draft": draft, "upload": upload.id, "job": job, "person": person.id}
    world.secrets |= {"link": secret, "owner": owner.id}


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


ROLES = {
    "reader": ("reader", "Health"),
    "publisher": ("publisher", "Health"),
    "other officer": ("officer", "Health"),
    "officer": ("officer", OFFICE),
    "decider": ("decider", OFFICE),
    "operator": ("operator", ""),
}


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
