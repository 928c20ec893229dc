"""Asking a node for everything, as somebody: what of that which they may not see do they meet?"""

from __future__ import annotations

import base64
import re
import secrets
from itertools import cycle, islice
from typing import Any

import httpx
from tests.node.interface.addresses import SAME, WALKED
from tests.node.interface.every_kind import LEVELS, TAGS
from tests.node.interface.world import World

from accord.node.pages.language import COOKIE
from accord.trust.saying import hear

_WITHHELD = LEVELS[1:]
_OFFICE = ("draft", "link")
_SEES = {
    "officer": {*_WITHHELD, *_OFFICE, "decision"},
    "other officer": {*_WITHHELD, "decision"},
    "decider": {*_WITHHELD, "decision"},
    "operator": {*_WITHHELD, *_OFFICE, "job", "person", "decision"},
    "reader": {"community"},
    "publisher": {"community"},
    "other node": {"community"},
    "named node": {"community", "named"},
}
"""Beside what is public. Who is not here sees nothing else, and what is erased nobody sees."""
ASKING = [
    "visitor", "reader", "reader in a browser", "publisher", "other officer", "officer", "officer in a browser",
    "decider", "operator", "operator in a browser", "other node", "named node", "strange node", "expired token",
    "expired session", "disabled token", "disabled session",
]  # fmt: skip
_SHOWN = 12
"""Pages show the beginning of a digest; so many of its digits are found nowhere by chance."""
_TIME = re.compile(r"\d{4}-?\d\d-?\d\dT\d\d:?\d\d:?\d\dZ")
_ENCODED = re.compile(rb"[A-Za-z0-9+/]{40,}={0,2}")


def sees(who: str) -> set[str]:
    """Return the levels that somebody sees beside what is public, and what else of others."""
    return _SEES.get(who.removesuffix(" in a browser"), set())


def withheld(world: World, who: str) -> dict[str, str]:
    """Return the words that somebody may not meet, with what they are from."""
    seen = {"public", *sees(who)}
    found = {i.word: f"{i.kind} ({i.tag})" for i in world.statements if i.level not in seen or i.tag == "erased"}
    return found | {word: what for what, word in world.words.items() if what not in seen}


def values(world: World, who: str, place: str) -> list[str]:
    """Return what somebody may not see, to be put into a place of an address."""
    seen = {"public", *sees(who)}
    hidden = [item for item in world.statements if item.level not in seen]
    match place:
        case "statement":
            return [item.digest for item in hidden]
        case "word":
            return list(withheld(world, who))
        case "entry" | "subject" | "list" | "body":
            tags = sorted({item.tag for item in hidden}, key=TAGS.index)
            found = [world.extra[f"{place} {tag}"] for tag in tags]
            measured = [hear(item.line).subjects[0] for item in hidden if item.kind == "assessment"]
            return [item.removeprefix("sha256:") for item in (*found, *(measured if place == "subject" else ()))]
        case "secret":
            return []  # Who has the secret may see it; see test_leaks_other.py.
        case "token":
            return [world.extra["token"]]
        case _:
            return [world.private[place]] if place not in seen else []


def leaks_on_pages(world: World, who: str) -> list[tuple[str, str]]:
    """Call every address of what anybody may see; return where there is a word or digest of what is withheld."""
    words, seen = withheld(world, who), {"public", *sees(who)}
    digests = {
        item.digest: f"digest of {item.kind} ({item.tag})" for item in world.statements if item.level not in seen
    }
    found = []
    for target in WALKED:
        answer = send(world.clients[who], fill(world, target))
        text = plain_of(answer).lower()
        found += [(target, what) for word, what in words.items() if word.encode() in text]
        # The node says in public which digests it withholds: in its disclosures, which are base64 in the log alone.
        found += [
            (target, what)
            for digest, what in digests.items()
            if digest[:_SHOWN] in answer.text
            or digest in str(answer.headers)
            or bytes.fromhex(digest) in answer.content
        ]
    return found


def answers(world: World, who: str) -> dict[str, tuple[int, Any, str]]:
    """Return what the addresses of what anybody may see answer somebody: status, headers, body, without times."""
    targets = {target: fill(world, target) for target in WALKED}
    found = {target: _told(world.clients[who], path)[0] for target, path in targets.items() if "{" not in path}
    return {target: (status, headers, _TIME.sub("…", body)) for target, (status, headers, body) in found.items()}


def leaks_when_asked(world: World, who: str, *, most: int) -> list[tuple[Any, ...]]:
    """Ask for what is withheld and for what is not there, at every address; of many values, take turns."""
    client, words = world.clients[who], withheld(world, who)
    leaks: list[tuple[Any, ...]] = []
    asked = 0
    for place, targets in SAME.items():
        given = values(world, who, place)
        turns = cycle(given)
        for template in targets:
            absent: dict[int, Any] = {}
            for value in islice(turns, min(most, len(given))):
                if len(value) not in absent:
                    other = _unknown(value)
                    absent[len(value)] = _told(client, fill(world, template.replace(f"{{{place}}}", other)), other)[0]
                target = fill(world, template.replace(f"{{{place}}}", value))
                here, told = _told(client, target, value)
                asked += 1
                if here != absent[len(value)]:
                    leaks.append((target, here, absent[len(value)]))
                leaks += [(target, what) for word, what in words.items() if word != value and word.encode() in told]
    assert asked > 50
    return leaks


def send(client: httpx.Client, target: str) -> httpx.Response:
    """Send a request to `/path` or `METHOD /path`; it is answered, and not with an error of ours."""
    method, found, path = target.partition(" ")
    if not found:
        method, path = "GET", target
    form = {"content-type": "application/x-www-form-urlencoded"} if method == "POST" and "/api/" not in path else {}
    answer = client.request(method, path, headers=form)
    client.cookies.pop(COOKIE, None)  # Each address is asked for what it says by itself.
    assert answer.status_code in (*range(200, 500), 503), (target, answer.text)
    return answer


def plain_of(answer: httpx.Response) -> bytes:
    """Return an answer's headers and body, with all that is in it in base64 decoded beside it."""
    found = [name + b": " + value for name, value in answer.headers.raw] + [answer.content]
    for run in _ENCODED.findall(answer.content):
        whole = run.rstrip(b"=")
        found.append(base64.b64decode(whole[: len(whole) // 4 * 4]))
    return b"\n".join(found)


def fill(world: World, target: str) -> str:
    """Put what is known into an address."""
    known = {"base": world.base.digest, **world.extra}
    return re.sub(r"\{([^}]+)\}", lambda found: known.get(found[1], found[0]).removeprefix("sha256:"), target)


def _unknown(value: str) -> str:
    """Return something of the same shape that was never here."""
    if value.startswith("qz"):
        return "qz" + "".join(secrets.choice("bcdfgh") for _ in value[4:]) + "zq"
    return secrets.token_hex(len(value) // 2 + 1)[: len(value)]


def _told(client: httpx.Client, target: str, value: str = "") -> tuple[tuple[int, Any, str], bytes]:
    """Return what an answer tells of a value: status, headers and body without the value itself; and all of it."""
    answer = send(client, target)
    skipped = ("date", "content-length")
    headers = sorted((name, _without(text, value)) for name, text in answer.headers.items() if name not in skipped)
    return (answer.status_code, headers, _without(answer.text, value)), plain_of(answer).lower()


def _without(body: str, value: str) -> str:
    for length in (len(value), 23, 16, 12, 8) if value else ():
        body = body.replace(value[:length], "…")
    return body
