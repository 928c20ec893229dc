"""Who may not read a statement meets no word of it, on no address of the node, whoever asks and however.

Every address that the node has is called, with everything that is withheld in the places that an address has for it.
What is public by design is listed here, and nothing else is.
"""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice
from typing import Any

import httpx
import pytest

from accord.node.app import make_app

LEVELS = ("community", "named", "none")

SAME = {
    "statement": [
        "/statements/{statement}", "/statements/{statement}?said={statement}", "/statements/{statement}/dispute",
        "/assessments/{statement}", "/assessments/{statement}?lang=ar", "/assessments/{statement}/recognition",
        "/assessments/{statement}/recognition?for=DE&population=people", "/assessments/{statement}/decide",
        "/badge/{statement}.svg", "/badge/{statement}.svg?lang=de", "/agreements/{statement}",
        "/compare?a={statement}", "/compare?b=sha256:{statement}", "/compare?a={statement}&b={base}&chance=true",
        "/subjects/{statement}", "/subjects?digest={statement}",
        "/systems/{statement}", "/systems?q={statement}", "/assessments?q={statement}", "/trust-lists/{statement}",
        "/bodies/{statement}", "/api/v1/bodies/{statement}",
        "/api/v1/statements/{statement}", "/api/v1/statements/{statement}/envelope",
        "/api/v1/statements/{statement}/proof", "/api/v1/statements/{statement}/disputes",
        "/api/v1/statements/{statement}/files/assessment.json", "/api/v1/statements/{statement}/files/none.json",
        "/api/v1/assessments/{statement}/judgement", "/api/v1/assessments/{statement}/recognition?for=DE",
        "/api/v1/assessments/{statement}/decisions", "/api/v1/subjects/{statement}/assessments",
        "/api/v1/log/statements?log={statement}", "/api/v1/systems/{statement}", "/mirrors/{statement}/checkpoint",
        "/mirrors/{statement}/tile/0/000", "/witness/{statement}/checkpoint",
        "POST /statements/{statement}/dispute", "POST /statements/{statement}/answer",
        "POST /assessments/{statement}/decide", "POST /agreements/{statement}/accept",
        "POST /agreements/{statement}/end",
    ],
    "word": [
        "/systems?q={word}", "/systems?sector={word}", "/systems?office={word}", "/systems?jurisdiction={word}",
        "/systems?kind={word}&status={word}&sdg={word}&grade={word}", "/systems?after={word}", "/assessments?q={word}",
        "/assessments?framework={word}&jurisdiction={word}", "/assessments?verdict={word}",
        "/assessments?signer={word}",
        "/assessments?spoken={word}", "/api/v1/systems?q={word}", "/api/v1/systems?sector={word}&office={word}",
        "/api/v1/systems?jurisdiction={word}&kind={word}", "/api/v1/systems/{word}", "/systems/{word}",
        "/api/v1/assessments?q={word}", "/api/v1/assessments?framework={word}&jurisdiction={word}",
        "/static/{word}", "/badge/{word}.svg", "/crosswalk/{word}/{word}", "/crosswalk?q={word}",
        "/statements/{word}", "/subjects?digest={word}", "/compare?a={word}", "/recognition?at={word}",
        "/feed.atom?kind={word}",
    ],
    "entry": [
        "/systems/{entry}", "/systems/{entry}?said={entry}", "/systems?q={entry}", "/api/v1/systems/{entry}",
        "/api/v1/systems?q={entry}", "POST /systems/{entry}/edit", "POST /systems/{entry}/status",
        "POST /systems/{entry}/reviewed", "POST /systems/{entry}/disclosure", "POST /systems/{entry}/revoke",
        "POST /api/v1/systems/{entry}",
    ],
    "subject": [
        "/systems/{subject}", "/subjects/{subject}", "/subjects?digest={subject}", "/feed.atom?subject={subject}",
        "/api/v1/systems/{subject}", "/api/v1/subjects/{subject}/assessments",
    ],
    "list": ["/trust-lists/{list}"],
    "body": ["/bodies/{body}", "/api/v1/bodies/{body}"],
    "draft": [
        *(f"/drafts/{{draft}}/{step}" for step in ("what", "where", "people", "supplier", "check", "nonsense")),
        "POST /drafts/{draft}/what", "POST /supplier-links/{draft}", "POST /supplier-answers/{draft}",
    ],
    "upload": ["/register/import/{upload}", "POST /register/import/{upload}"],
    "job": [
        "/jobs/{job}", "/api/v1/jobs/{job}", "/api/v1/jobs/{job}/events", "POST /jobs/{job}/cancel",
        "POST /api/v1/jobs/{job}/cancel",
    ],
    "person": ["/people/{person}", "POST /people/{person}"],
    "decision": ["/decisions/{decision}", "POST /decisions/{decision}"],
    "secret": [
        "/supplier/{secret}", "POST /supplier/{secret}", "/welcome/{secret}", "POST /welcome/{secret}",
        "/due.ics?token={secret}",
    ],
    "token": ["DELETE /api/v1/tokens/{token}"],
}  # fmt: skip
"""Addresses by what is put in: for a thing that may not be seen the answer is that for a thing that is not there."""

WALKED = [
    "/", "/?lang=ar", "/systems", "/portfolio", "/due", "/due.ics", "/assessments", "/subjects", "/compare", "/log",
    "/log?before=50", "/objections", "/feed.atom", "/feed.atom?kind=evidence", "/feed.atom?kind=registration",
    "/feed.atom?kind=account-change", "/crosswalk", "/crosswalk/eu-ai-act/nist-ai-rmf", "/recognition",
    "/recognition?at=2030-01-01", "/trust-lists", "/plans", "/certificates", "/decisions", "/agreements/new",
    "/people", "/account", "/login", "/jobs", "/assess", "/register", "/register/import", "/register/template.csv",
    "/accessibility", "/languages", "/api", "/api/openapi.json", "/health", "/metrics", "/login/oidc",
    "/login/oidc/back?code=x&state=y", "/log/checkpoint", "/log/tile/entries/000", "/log/tile/entries/000.p/9",
    "/log/tile/0/000.p/9", "/static/node.css", "/feed.atom?subject={base subject}", "/subjects/{base subject}",
    "/statements/{base}", "/statements/{base}/dispute", "/assessments/{base}", "/assessments/{base}/recognition",
    "/assessments/{base}/decide", "/badge/{base}.svg", "/compare?a={base}&b={base}",
    "/api/v1/me", "/api/v1/tokens", "/api/v1/peers", "/api/v1/node", "/api/v1/jobs", "/api/v1/assessments",
    "/api/v1/systems", "/api/v1/register.csv", "/api/v1/register.json", "/api/v1/recognition", "/api/v1/trust-lists",
    "/api/v1/log/growth", "/api/v1/log/statements", "/api/v1/log/statements?start=100", "/api/v1/statements/{base}",
    "/api/v1/statements/{base}/envelope", "/api/v1/statements/{base}/proof", "/api/v1/statements/{base}/disputes",
    "/api/v1/statements/{base}/files/assessment.json", "/api/v1/assessments/{base}/judgement",
    "/api/v1/assessments/{base}/recognition?for=DE", "/api/v1/assessments/{base}/decisions",
    "/api/v1/subjects/{base subject}/assessments",
    *(f"/statements/{{{kind} {level}}}" for kind in ("revocation", "erasure", "disclosure") for level in LEVELS),
    *(f"/api/v1/statements/{{{kind} {level}}}" for kind in ("revocation", "disclosure") for level in LEVELS),
]  # fmt: skip
"""Addresses of what anybody, or some, may see: no word of what is withheld from the one who asks is in the answer."""

WRITES = {
    "/account", "/agreements/new", "/api/v1/disputes", "/api/v1/jobs", "/api/v1/reports", "/api/v1/statements",
    "/api/v1/systems", "/api/v1/tokens", "/assess", "/due", "/login", "/logout", "/people", "/register",
    "/register/import", "/trust-lists", "/trust-lists/pin", "/witness/add-checkpoint",
}  # fmt: skip
"""POST without anything in its address that could be withheld; what /api/v1/disputes names has a test of its own."""

OFFICE = ("draft", "link")
SEES = {
    "officer": {*LEVELS, *OFFICE, "decision"},
    "other officer": {*LEVELS, "decision"},
    "decider": {*LEVELS, "decision"},
    "operator": {*LEVELS, *OFFICE, "job", "person", "decision"},
    "reader": {"community"},
    "publisher": {"community"},
    "other node": {"community"},
    "named node": {"community", "named"},
}
"""Beside what is public. Who is not here sees nothing else."""
SOON = ("visitor", "reader", "other officer in a browser", "named node")
"""Who asks in the suite, for some of the statements; in the long run everybody asks for every one."""


def templates() -> Iterator[str]:
    yield from WALKED
    for places in SAME.values():
        yield from places


@cache
def pattern_of(path: str) -> re.Pattern[str]:
    parts = (
        p if not p.startswith("{") else ".+" if p.endswith(":path}") else "[^/]+"
        for p in re.split(r"(\{[^}]+\})", path)
    )
    return re.compile("".join(re.escape(p) if p not in (".+", "[^/]+") else p for p in parts))


def test_every_address_of_the_node_is_called(world):
    """Fails for an address that is new: put it where it belongs, above, with what can be put into it."""
    called = [
        item.partition(" ") if item.startswith(("POST", "DELETE")) else ("GET", " ", item) for item in templates()
    ]
    called += [("POST", " ", path) for path in WRITES]
    missing, exact = [], {(method, target.partition("?")[0]) for method, _, target in called}
    for route in make_app(world.node).app.routes:
        for method in route.methods - {"OPTIONS", "HEAD"}:
            if route.path == "/log/tile/{level:str}/{path:path}" or (method, route.path) in exact:
                continue
            wanted = pattern_of(route.path)
            mine = [target for how, target in exact if how == method and wanted.fullmatch(target)]
            # An address that another route has by name doesn't count for one with a gap.
            if not [
                target for target in mine if "{" in target or "{" not in route.path or target.startswith("/crosswalk")
            ]:
                missing.append((method, route.path))
    assert not missing


def send(client: httpx.Client, target: str) -> httpx.Response:
    method, found, path = target.partition(" ")
    if not found:
        method, path = "GET", target
    form = {"content-type": "application/x-www-form-urlencoded"} if method == "POST" and "/api/" not in path else {}
    return client.request(method, path, headers=form)


_ENCODED = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")


def forms_of(body: bytes) -> bytes:
    """Return a body with all that is in it in base64, decoded beside it."""
    found = [body]
    for run in _ENCODED.findall(body):
        whole = run.rstrip(b"=")
        found.append(base64.b64decode(whole[: len(whole) // 4 * 4]))
    return b"\n".join(found).lower()


def base_name(who: str) -> str:
    return who.removesuffix(" in a browser")


def withheld(world, who: str) -> dict[str, str]:
    """Return the words that somebody may not meet, with what they are from."""
    sees = SEES.get(base_name(who), set())
    found = {item.word: f"{item.kind} ({item.level})" for item in world.statements if item.level in set(LEVELS) - sees}
    found |= {word: what for what, word in world.words.items() if what not in sees}
    return found


def values(world, who: str, place: str) -> list[str]:
    """Return what somebody may not see, to be put into a place."""
    sees = SEES.get(base_name(who), set())
    levels = [level for level in LEVELS if level not in sees]
    items = [item for item in world.statements if item.level in levels]
    match place:
        case "statement":
            return [item.digest for item in items]
        case "word":
            return [item.word for item in items] + [word for what, word in world.words.items() if what not in sees]
        case "entry" | "subject" | "list" | "body":
            return [world.extra[f"{place} {level}"].removeprefix("sha256:") for level in levels]
        case "secret":
            return []  # Who has the secret may see it; see test_leaks_other.py.
        case "token":
            return [world.extra["token"]]
        case _:
            return [world.private[place]] if place not in sees else []


def unknown(value: str) -> str:
    """Return something of the same shape that was never here."""
    if value.startswith("qz"):
        return "qz" + "".join(secrets.choice("bcdfgh") for _ in value[4:]) + "zq"
    return secrets.token_hex(len(value) // 2 + 1)[: len(value)]


def without(body: str, value: str) -> str:
    for length in (len(value), 23, 16, 12, 8):
        body = body.replace(value[:length], "…")
    return body


def fill(world, target: str) -> str:
    known = {"base": world.base.digest, "base subject": world.extra["base subject"], **world.extra}
    return re.sub(r"\{([^}]+)\}", lambda found: known.get(found[1], found[0]), target)


ASKING = [
    "visitor", "reader", "reader in a browser", "publisher", "other officer", "officer", "officer in a browser",
    "decider", "operator", "operator in a browser", "other node", "named node", "strange node", "expired token",
    "expired session", "disabled token", "disabled session",
]  # fmt: skip


def often(names: list[str], soon: tuple[str, ...]) -> list[Any]:
    return [pytest.param(who, marks=() if who in soon else pytest.mark.soak) for who in names]


@pytest.mark.parametrize("who", often(ASKING, (*SOON, "decider", "operator in a browser", "other node")))
def test_no_page_has_a_word_of_what_is_withheld(world, who):
    client, words = world.clients[who], withheld(world, who)
    hidden = {item.digest: f"digest of {item.kind} ({item.level})" for item in world.statements if item.word in words}
    leaks = []
    for target in WALKED:
        answer = send(client, fill(world, target))
        assert answer.status_code in (*range(200, 500), 503), (target, answer.text)
        found = forms_of(answer.content)
        leaks += [(target, what) for word, what in words.items() if word.encode() in found]
        # The node says in public which digests it withholds, and why: in its disclosures, which are not among these.
        leaks += [(target, what) for digest, what in hidden.items() if digest in answer.text]
    assert not leaks


def compare(world, who: str, *, most: int) -> list[Any]:
    """Ask for what is withheld and for what is not there, at every address; of many values, take turns."""
    client, words = world.clients[who], withheld(world, who)
    leaks: list[Any] = []
    asked = 0
    for place, targets in SAME.items():
        turns = cycle(values(world, who, place))
        count = min(most, len(values(world, who, place)))
        for template in targets:
            absent: dict[int, Any] = {}
            for value in islice(turns, count):
                if len(value) not in absent:
                    other = unknown(value)
                    absent[len(value)] = told_of(client, fill(world, template.replace(f"{{{place}}}", other)), other)
                target = fill(world, template.replace(f"{{{place}}}", value))
                here = told_of(client, target, value)
                asked += 1
                if here[:3] != absent[len(value)][:3]:
                    leaks.append((target, here, absent[len(value)]))
                plain = forms_of(without(here[3].decode(errors="replace"), value).encode())
                leaks += [(target, what) for word, what in words.items() if word.encode() in plain]
    assert asked > 50
    return leaks


def told_of(client: httpx.Client, target: str, value: str) -> tuple[int, Any, str, bytes]:
    """Return what an answer tells of a value: status, headers and body, with the value itself taken out."""
    answer = send(client, target)
    assert answer.status_code in (*range(200, 500), 503), (target, answer.text)
    headers = sorted(
        (name, without(text, value)) for name, text in answer.headers.items() if name not in ("date", "content-length")
    )
    return answer.status_code, headers, without(answer.text, value), answer.content


@pytest.mark.parametrize("who", SOON)
def test_what_is_withheld_is_answered_like_what_is_not_there(world, who):
    assert not compare(world, who, most=2)[:3]


@pytest.mark.soak
@pytest.mark.parametrize("who", [who for who in ASKING if "operator" not in who])
def test_all_that_is_withheld_is_answered_like_what_is_not_there(world, who):
    assert not compare(world, who, most=1_000)[:3]


def test_who_may_see_it_does(world):
    """The words are where they are looked for: without this, the tests above would find no leak at all."""
    operator, reader, peer = (world.clients[who] for who in ("operator", "reader", "named node"))
    for item in world.statements:
        place = "files/assessment.json" if item.kind == "assessment" else "envelope"
        target = f"/api/v1/statements/{item.digest}/{place}"
        for client, levels in ((operator, LEVELS), (reader, ("community",)), (peer, ("community", "named"))):
            if item.level in ("public", *levels):
                assert item.word.encode() in forms_of(send(client, target).content), (item.kind, item.level)
        page = send(operator, f"/statements/{item.digest}").text
        assert item.word in page or item.kind in ("assessment", "evidence"), (item.kind, item.level)
    for place, what in (("/systems", "registration"), ("/assessments", "assessment"), ("/plans", "plan"),
                        ("/trust-lists", "trust-list"), ("/certificates", "certificate"),
                        ("/recognition", "agreement")):  # fmt: skip
        shown = send(world.clients["decider in a browser"], place).text
        assert {item.word in shown for item in world.statements if item.kind == what} == {True}, place
    assert (
        world.words["draft"]
        in send(world.clients["officer in a browser"], f"/drafts/{world.private['draft']}/what").text
    )
    assert world.words["job"] in send(operator, f"/api/v1/jobs/{world.private['job']}").text
