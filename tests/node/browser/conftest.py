"""A node as it looks after some months of use, running, with somebody of every role: what the browser looks at."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from tests.node.three_nodes import HERE, KENYA, ROOTS, agreement, give, make, trust_list, vkey, yes
from tests.node.three_nodes import kenya_list as list_of_kenya
from tests.node.three_nodes import make_report as measured_in_kenya

from accord.node import accepting
from accord.node.auth import accounts, links, sessions
from accord.node.federation import peers
from accord.node.jobs.working import Jobs
from accord.node.judging import judge_what_is_here
from accord.node.node import Node, open_node
from accord.records.certificate import Certificate, Paper
from accord.records.said import Person, Revocation
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.statement import format_time
from accord.trust.trust_list import subject_digest

PASSWORD = "my hovercraft is full of eels"
ROLES = ("reader", "publisher", "officer", "decider", "operator")
EVERYTHING = "staff"
OFFICE = "Office of Employment"
QUESTIONS = ("art_2", "art_5", "offending", "annex_i", "annex_iii", "art_6_3", "profiling", "art_50", "gpai")
LAW = {f"q-eu-{name}": "no" for name in QUESTIONS}
RANKING = {
    "what": {
        "name": "Ranking of people who look for work",
        "kind": "system",
        "status": "in_use",
        "purpose": "Ranks people who look for work by how likely they are to find it within six months.",
        "since": "2024-03-01",
    },
    "where": {"sector": "employment", "jurisdictions": "DE", "sdgs": "8", "places": "Musterstadt"},
    "decision": {"decision": "Who is offered a course", "influence": "recommends"},
    "people": {"affected": "People who look for work", "affected_about": "12000", "complaint": "Write to the office."},
    "risk": {
        **LAW,
        **{f"q-eu-{name}": "yes" for name in ("annex_iii", "annex_iii-4", "annex_iii-4-a", "profiling")},
    },
}
BINS = {
    "what": {
        "name": "مواعيد جمع النفايات",
        "kind": "system",
        "status": "planned",
        "purpose": "Plans when bins are emptied.",
    },
    "where": {"sector": "environment", "jurisdictions": "DE", "sdgs": "11"},
    "decision": {"decision": "Nobody's: it plans routes", "influence": "informs"},
    "people": {"unknown-affected_about": "1"},
    "risk": LAW,
}


@dataclass
class Seeded:
    """The node, its address, the session of each who is logged in, and what its pages are about."""

    node: Node
    url: str
    sessions: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    """What pages are about, by a name for it: what of it stands in an address."""

    def client(self, who: str) -> httpx.Client:
        """Return a browser of somebody; "" is a visitor."""
        cookies = {self.cookie: self.sessions[who]} if who else {}
        return httpx.Client(base_url=self.url, timeout=60, cookies=cookies, headers={"accept": "text/html"})

    @property
    def cookie(self) -> str:
        """The name of the cookie of a session."""
        return sessions.cookie_name(self.node)


@contextmanager
def seeded_node(folder, running, make_report) -> Iterator[Seeded]:
    """Serve a node with something of everything."""
    node = open_node(
        folder / "node", name="Register of Musterstadt", jurisdiction="DE", contact="register@musterstadt.example",
        requests_per_minute=1_000_000,
    )  # fmt: skip
    with node, running(node) as url:
        made = Seeded(node, url)
        _accounts(made)
        _recognition(made)
        _assessments(made, folder, make_report)
        with closing(made.client(EVERYTHING)) as staff, closing(made.client("")) as visitor:
            _register(made, staff)
            _objections(made, staff, visitor)
            _decisions(made, staff)
            with closing(Jobs(node)):
                _jobs(made, staff)
            judge_what_is_here(node)
            _reviews(made, staff)
        _papers(made)
        yield made


@pytest.fixture(scope="session")
def seeded(running, make_report, tmp_path_factory, in_browser) -> Iterator[Seeded]:
    """One for the tests that only look."""
    with seeded_node(tmp_path_factory.mktemp("seeded"), running, make_report) as made:
        yield made


def follow(answer: httpx.Response) -> str:
    """Return where an answer leads."""
    assert answer.status_code == 303, (answer.status_code, answer.text[:3000])
    return answer.headers["location"].partition("?")[0]


def _accounts(made: Seeded) -> None:
    for who, roles in [*((role, [role]) for role in ROLES), (EVERYTHING, ROLES)]:
        account = accounts.add(
            made.node, login=who, name=f"{who.title()} Example", by="test", office=OFFICE, roles=roles,
            password=PASSWORD if who in ("officer", EVERYTHING) else None,
        )  # fmt: skip
        made.sessions[who] = sessions.start(made.node, account.id)
        made.ids[f"account_of_{who}"] = account.id
    made.ids["link_of_reader"] = links.make_link(made.node, made.ids["account_of_reader"]).rpartition("/")[2]


def _recognition(made: Seeded) -> None:
    node = made.node
    for held in (trust_list("DE", [("office", "authority", node.speaker)]), list_of_kenya()):
        root = ROOTS[held.record.jurisdiction]
        accepting.import_lists(node, [held.heard.raw], [root.keyid])
        made.ids[f"list_of_{held.record.jurisdiction}"] = subject_digest(held.record)[7:]
    refused = trust_list("BR", [("authority", "authority", KENYA)])
    (in_force,) = node.intake.say([make(agreement(), node.speaker)])
    (proposed,) = node.intake.say([make(agreement(id="de-ke-health"), node.speaker)])
    node.intake.say([yes(in_force.id, KENYA), refused.heard.raw])
    made.ids |= {"agreement": in_force.id[7:], "proposed": proposed.id[7:]}
    with made.client("") as visitor:
        page = visitor.get(f"/trust-lists/{made.ids['list_of_KE']}").text
    made.ids["body"] = page.partition('href="/bodies/')[2][:64]
    key = SigningKey.from_seed(bytes([99]) * 32)
    peer = peers.Peer(
        "ke.example/log", "https://ke.example", "Register of Nairobi", "KE", b64encode(key.public.raw),
        vkey(key).replace(vkey(key).partition("+")[0], "ke.example/log"), 0, peers.FOLLOWING, "",
        format_time(datetime.now(UTC)), 1234, 1234, format_time(datetime.now(UTC)), 0, "", "",
    )  # fmt: skip
    peers.add(node.store, peer, node.origin)


def _assessments(made: Seeded, folder, make_report) -> None:
    node = made.node
    made.ids["assessment"] = give(node, measured_in_kenya(folder))[7:]
    system = 'purpose = "Rank people who look for work"\nprovider = "Umoja"\nsector = "employment"\nversion = "{}"\n'
    reports = {
        version: make_report(folder / version, system=system.format(version), frameworks=("eu-ai-act",), rows=rows)
        for version, rows in (("1.0", ""), ("2.0", "m,9000,0,1\n" * 40))
    }
    made.ids["older"], made.ids["newer"] = (give(node, report)[7:] for report in reports.values())
    withheld = make_report(folder / "withheld", system=system.format("2.0"), rows="m,9000,0,1\n" * 40)
    made.ids["withheld"] = give(node, withheld, "none", "The provider was given four weeks to answer.")[7:]
    with node.store.reading() as transaction:
        row = transaction.one("SELECT subject FROM statements WHERE id = ?", f"sha256:{made.ids['newer']}")
    made.ids["subject"] = row[0][7:]
    older = f"sha256:{made.ids['older']}"
    said = Revocation(target=older, reason="Another table was measured.", effective="2026-01-01T00:00:00Z")
    node.say(said, "revocation", [older])


def _register(made: Seeded, staff: httpx.Client) -> None:
    subjects = {"supplier": {"supplier": "Umoja", "subjects": f"sha256:{made.ids['subject']}"}}
    for name, steps in (("entry", {**RANKING, **subjects}), ("not_measured", BINS)):
        made.ids[name] = publish(staff, steps)
    hidden = _draft(staff, {**BINS, "what": {**BINS["what"], "name": "A tender"}})
    withheld = {"do": "publish", "level": "none", "reason": "A tender is open."}
    made.ids["withheld_entry"] = follow(staff.post(f"{hidden}/check", data=withheld))[9:]
    open_one = _draft(staff, {"what": RANKING["what"], "where": RANKING["where"]})
    made.ids["draft"] = open_one[8:]
    asked = {"ask-languages": "1", "ask-training_flop": "1", "ask-supplier": "1", "days": "14"}
    page = staff.post(f"/supplier-links/{made.ids['draft']}", data=asked)
    made.ids["supplier"] = page.text.partition("/supplier/")[2].partition("<")[0]
    with made.client("") as supplier:
        follow(supplier.post(f"/supplier/{made.ids['supplier']}", data={"supplier": "Umoja"}))
    made.ids["table"] = follow(staff.post("/register/import", files={"table": ("systems.csv", TABLE)}))[17:]


def publish(staff: httpx.Client, steps: dict[str, dict[str, str]]) -> str:
    """Put a system into the register, for everybody; returns what its address ends with."""
    draft = _draft(staff, steps)
    return follow(staff.post(f"{draft}/check", data={"do": "publish", "level": "public"}))[9:]


TABLE = b"name,kind,status,since,notes\nMail sorter,system,in use,2024-01-01,x\nChat,robot,pilot,soon,y\n"


def _draft(staff: httpx.Client, steps: dict[str, dict[str, str]]) -> str:
    draft = follow(staff.post("/register")).removesuffix("/what")
    for step, fields in steps.items():
        extra = {"office": OFFICE} if step == "where" else {}
        follow(staff.post(f"{draft}/{step}", data={"do": "on", **extra, **fields}))
    return draft


def _objections(made: Seeded, staff: httpx.Client, visitor: httpx.Client) -> None:
    target = f"/statements/{made.ids['assessment']}"
    said = []
    for text in ("The table is of 2023.", "عدد الحالات صغير", "The third one waits."):
        data = {"objection": text, "about": "fairness", "name": "A. Citizen", "role": "a person affected"}
        answer = visitor.post(f"{target}/dispute", data=data)
        follow(answer)
        said.append(answer.headers["location"].partition("said=")[2][:64])
    for digest, decision in zip(said[:2], ("partly", "rejected"), strict=True):
        data = {"decision": decision, "answer": "The table of 2025 will be measured.", "show": "yes"}
        follow(staff.post(f"/statements/{digest}/answer", data=data))
    made.ids |= {"objection": said[0], "waiting": said[2]}


def _decisions(made: Seeded, staff: httpx.Client) -> None:
    target = f"/assessments/{made.ids['assessment']}/decide"
    decider = made.ids["account_of_decider"]
    for state in ("decided", "handed", "open"):
        place = follow(staff.post(target, data={**HERE, "reasons": "The same people.", "remedy": ""}))
        if state != "open":
            follow(staff.post(place, data={"do": "hand", "decider": decider}))
        if state == "decided":
            with made.client("decider") as second:
                made.ids["decision"] = follow(second.post(place, data={"do": "sign"}))[12:]
        else:
            made.ids[state] = place[11:]


def _jobs(made: Seeded, staff: httpx.Client) -> None:
    lines = [f"{'fm'[n % 2]},{int(n % 3 == 0)},{int(n % 5 < 2)}" for n in range(600)]
    table = "\n".join(["sex,outcome,predicted", *lines, ""]).encode()
    card = {
        "system.name": "Small", "system.jurisdictions": "DE", "data.label.column": "outcome", "consent": "yes",
        "data.label.positive": "1", "data.prediction.column": "predicted", "data.prediction.positive.value": "1",
        "data.sensitive": "sex", "disclosure": "community", "reason": "A trial.",
    }  # fmt: skip
    for name, file, said in (
        ("done", ("scores.csv", table), card),
        ("failed", ("notes.bin", b"\0\1\2"), {"consent": "yes", "disclosure": "public"}),
    ):
        place = follow(staff.post("/assess", data=said, files={"file": file}))
        made.ids[name] = place[6:]
        deadline = time.monotonic() + 120
        while staff.get(f"/api/v1{place}").json()["state"] in ("queued", "running"):
            assert time.monotonic() < deadline
            time.sleep(0.1)


REVIEWED = "un-gdc"


def _reviews(made: Seeded, staff: httpx.Client) -> None:
    place = f"/assessments/{made.ids['newer']}/review"
    named = re.findall(r'name="([^"]+)\.decision"', staff.get(f"{place}?framework={REVIEWED}").text)
    until = f"{datetime.now(UTC) + timedelta(days=300):%Y-%m-%d}"
    data = {"framework": REVIEWED, "interest": "none", "valid_until": until}
    follow(staff.post(place, data={**data, f"{named[0]}.decision": "met", f"{named[0]}.reason": "Seen on the spot."}))
    page = staff.get(f"/assessments/{made.ids['newer']}").text
    made.ids["review"] = page.partition('name="review" value="')[2].partition('"')[0]


def _papers(made: Seeded) -> None:
    paper = Certificate(
        paper=Paper(digest="sha256:" + "ab" * 32, size=4096, media_type="application/pdf"),
        issuer="Prüfstelle Nord", number="2026-17", scope=("ISO/IEC 42001",), issued="2026-02-01",
        valid_until="2029-01-31", claims=("Das Managementsystem erfüllt die Norm.",), about="Ranking",
        language="de", transcribed_by=Person(name="C. Clerk", role="clerk"),
    )  # fmt: skip
    made.node.say(paper, "certificate", [paper.paper.digest])
