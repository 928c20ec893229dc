"""Who may not read a statement meets no word of it, on no address of the node, whoever asks and however.

Every address that the node has is called, with everything that is withheld in the places that an address has for it.
What is public by design is listed in addresses.py, and nothing else is.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from tests.node.interface.addresses import SAME, WALKED, WRITES
from tests.node.interface.every_kind import LEVELS, REVOKED
from tests.node.interface.walking import ASKING, leaks_on_pages, leaks_when_asked, plain_of, send

from accord.node.app import make_app

SOON = ("visitor", "reader", "other officer in a browser", "named node")
"""Who asks in the suite, for some of the statements; in the long run everybody asks for every one."""
ON_PAGES = (*SOON, "decider", "operator in a browser", "other node")


@cache
def pattern_of(path: str) -> re.Pattern[str]:
    parts = (
        p if not p.startswith("{") else ".+" if p.endswith(":path}") else "[^/]+"
        for p in re.split(r"(\{[^}]+\})", path)
    )
    return re.compile("".join(re.escape(p) if p not in (".+", "[^/]+") else p for p in parts))


def test_every_address_of_the_node_is_called(whole):
    """Fails for an address that is new: put it where it belongs, above, with what can be put into it."""
    templates = [*WALKED, *(item for places in SAME.values() for item in places)]
    called = [item.partition(" ") if item.startswith(("POST", "DELETE")) else ("GET", " ", item) for item in templates]
    called += [("POST", " ", path) for path in WRITES]
    missing, exact = [], {(method, target.partition("?")[0]) for method, _, target in called}
    for route in make_app(whole.node).app.routes:
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


def often(names: list[str], soon: tuple[str, ...]) -> list[Any]:
    return [pytest.param(who, marks=() if who in soon else pytest.mark.soak) for who in names]


@pytest.mark.parametrize("who", often(ASKING, ON_PAGES))
def test_no_page_has_a_word_of_what_is_withheld(whole, who):
    assert not leaks_on_pages(whole, who)


@pytest.mark.parametrize("who", SOON)
def test_what_is_withheld_is_answered_like_what_is_not_there(whole, who):
    assert not leaks_when_asked(whole, who, most=2)[:3]


@pytest.mark.soak
@pytest.mark.parametrize("who", [who for who in ASKING if "operator" not in who])
def test_all_that_is_withheld_is_answered_like_what_is_not_there(whole, who):
    assert not leaks_when_asked(whole, who, most=1_000)[:3]


def test_who_may_see_it_does(whole):
    """The words are where they are looked for: without this, the tests above would find no leak at all."""
    operator, reader, peer = (whole.clients[who] for who in ("operator", "reader", "named node"))
    kept = [item for item in whole.statements if item.tag != "erased"]
    for item in kept:
        place = "files/assessment.json" if item.kind == "assessment" else "envelope"
        target = f"/api/v1/statements/{item.digest}/{place}"
        for client, levels in ((operator, LEVELS), (reader, ("community",)), (peer, ("community", "named"))):
            if item.level in ("public", *levels):
                assert item.word.encode() in plain_of(send(client, target)), (item.kind, item.tag)
        page = send(operator, f"/statements/{item.digest}").text
        assert item.word in page or item.kind in ("assessment", "evidence"), (item.kind, item.tag)
    for place, kind in (("/systems", "registration"), ("/assessments", "assessment"), ("/plans", "plan"),
                        ("/trust-lists", "trust-list"), ("/certificates", "certificate"),
                        ("/recognition", "agreement")):  # fmt: skip
        shown = send(whole.clients["decider in a browser"], place).text
        assert all(item.word in shown for item in kept if item.kind == kind and item.tag in LEVELS), place
    draft = send(whole.clients["officer in a browser"], f"/drafts/{whole.private['draft']}/what")
    assert whole.words["draft"] in draft.text
    assert whole.words["job"] in send(operator, f"/api/v1/jobs/{whole.private['job']}").text
    for item in whole.statements:
        if item.tag in REVOKED and item.kind in ("certificate", "agreement"):
            assert "evoked" in send(operator, f"/statements/{item.digest}").text, (item.kind, item.tag)
        if item.tag == "erased":
            answer = send(operator, f"/api/v1/statements/{item.digest}/envelope")
            assert "erased" in answer.text, (item.kind, answer.text)
