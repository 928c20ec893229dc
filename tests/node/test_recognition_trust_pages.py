"""Trust lists and bodies on pages: accepted, followed, refused, expired; and how often a body was found again."""

from __future__ import annotations

import re
from datetime import timedelta

import httpx
import pytest
from msgspec.structs import replace
from tests.node.page_text import text_of
from tests.node.three_nodes import (
    FRAMEWORKS,
    HERE,
    KENYA,
    LAB,
    NOW,
    OTHER_LAB,
    ROOTS,
    STRANGER,
    agreement,
    give,
    kenya_list,
    login,
    make,
    make_report,
    trust_list,
    yes,
)
from tests.recognition.conftest import list_line

from accord.node import accepting
from accord.node.bodies import bodies_of
from accord.node.node import open_node
from accord.records import to_builtins
from accord.records.recheck import Recheck, Repeated
from accord.records.said import Disclosure, Revocation
from accord.store.viewer import Viewer
from accord.trust.saying import hear, say
from accord.trust.statement import subject
from accord.trust.trust_list import subject_digest
from accord.trust.trust_list_editing import change_service, next_list

STAFF = Viewer(account="o", name="Staff", roles=frozenset({"officer"}))


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("kenya"))


@pytest.fixture
def node(tmp_path):
    made = open_node(
        tmp_path / "node", name="Register", jurisdiction="DE", requests_per_minute=10**6, frameworks=FRAMEWORKS
    )
    germany = trust_list("DE", [("authority", "authority", made.speaker)])
    for found, code in ((germany, "DE"), (kenya_list(), "KE")):
        accepting.import_lists(made, [found.heard.raw], [ROOTS[code].keyid])
    yield made
    made.close()


def agreed(node, **changes):
    line = make(agreement(**changes), node.speaker, NOW - timedelta(days=10))
    node.intake.say([line])
    node.intake.say([yes(hear(line).id, KENYA)])
    return hear(line).id


def repeated(node, target, by, outcome="agrees", body=LAB):
    """Let a key say that it repeated a statement of a body."""
    result = Repeated(inspector="data.profile", measure="data.rows", part=target, outcome=outcome)
    record = Recheck(
        statement=target,
        target=target,
        body=body.keyid,
        measurers={},
        results=(result,),
        outcome="agrees" if outcome == "agrees" else "differs",
        accord="0",
    )
    line = say(record, "recheck", [subject("t", target)], signers=[by])
    node.intake.say([line])
    return hear(line).id


def test_trust_lists_are_accepted_followed_and_refused_with_a_reason(node, running):
    held = accepting.shelf_of(node).find("KE")
    with running(node) as url:
        visitor = httpx.Client(base_url=url, timeout=60)
        page = text_of(visitor.get("/trust-lists"))
        assert "Office of KE" in page and "Kenya (KE)" in page and "Published, and not accepted" not in page
        place = f"/trust-lists/{subject_digest(held.record)[7:]}"
        detail = text_of(visitor.get(place))
        for said in ("The lab of KE", "measures : granted", "decides, and makes agreements : granted", "everything"):
            assert said in detail, said
        # The next number comes as a statement, and takes its place by itself.
        record = change_service(next_list(held, at=NOW), "lab", "laboratory", status="withdrawn", since=NOW, at=NOW)
        node.intake.say([list_line(record, ROOTS["KE"])])
        detail = text_of(visitor.get(place))
        assert "measures : withdrawn" in detail and "Earlier granted" in detail
        assert [item["sequence"] for item in visitor.get("/api/v1/trust-lists").json()] == [1, 2]
        # One of the same number, one by a stranger's key, one after a gap, one that nobody pinned.
        second = accepting.shelf_of(node).find("KE")
        fork = change_service(next_list(held, at=NOW), "lab", "laboratory", status="suspended", since=NOW, at=NOW)
        third = next_list(second, at=NOW)
        gap = replace(
            third, LoTE=replace(third.LoTE, ListAndSchemeInformation=replace(third.information, LoTESequenceNumber=9))
        )
        alien = trust_list("XX", [("a", "authority", STRANGER)])
        for record, key in ((fork, ROOTS["KE"]), (gap, ROOTS["KE"])):
            node.intake.say([list_line(record, key)])
        node.intake.say([alien.heard.raw])
        page = text_of(visitor.get("/trust-lists"))
        for said in ("one of them was hidden from somebody", "list 3 must come next", "Nobody has pinned a key"):
            assert said in page, said
        assert [item["sequence"] for item in visitor.get("/api/v1/trust-lists").json()] == [1, 2]
        # The operator pins the one that is here; nobody else may.
        operator, _ = login(node, url, "opal", ["operator"])
        officer, _ = login(node, url, "olga", ["officer"])
        form = {"id": alien.id, "keys": ROOTS["XX"].keyid}
        assert officer.post("/trust-lists/pin", data=form).status_code == 403
        wrong = operator.post("/trust-lists/pin", data=form | {"keys": ROOTS["DE"].keyid})
        assert wrong.status_code == 422 and 'id="keys-error"' in wrong.text
        assert operator.post("/trust-lists/pin", data={"id": "sha256:" + "0" * 64, "keys": "x"}).status_code == 422
        assert operator.post("/trust-lists/pin", data=form).status_code == 303
        assert len(visitor.get("/api/v1/trust-lists").json()) == 3
        for one in (visitor, operator, officer):
            one.close()


def test_a_list_is_imported_from_a_file_by_the_operator(tmp_path, running):
    made = open_node(tmp_path / "empty", name="Empty", jurisdiction="DE", requests_per_minute=10**6)
    found = kenya_list()
    try:
        with running(made) as url:
            operator, _ = login(made, url, "opal", ["operator"])
            visitor = httpx.Client(base_url=url, timeout=60)
            with operator, visitor:
                assert "No trust list is accepted here yet" in text_of(visitor.get("/recognition"))
                file = {"list": ("list.jsonl", found.heard.raw + b"\n")}
                assert visitor.post("/trust-lists", files=file, data={"pins": ""}).status_code == 401
                assert operator.post("/trust-lists", files=file, data={"pins": ""}).status_code == 422
                for broken in (b"", b"{}", b"\xff\xfe", found.heard.raw[:-9]):
                    answer = operator.post(
                        "/trust-lists", files={"list": ("x", broken)}, data={"pins": ROOTS["KE"].keyid}
                    )
                    assert answer.status_code == 422, broken[:20]
                assert operator.post("/trust-lists", files=file, data={"pins": ROOTS["KE"].keyid}).status_code == 303
                assert "Office of KE" in text_of(visitor.get("/trust-lists"))
                statement = visitor.get(f"/api/v1/statements/{found.id[7:]}")
                assert statement.status_code == 200 and statement.json()["log"] == made.origin
    finally:
        made.close()


def test_an_expired_list_says_so_and_vouches_for_nothing(tmp_path, running, report):
    made = open_node(
        tmp_path / "late", name="Late", jurisdiction="DE", requests_per_minute=10**6, frameworks=FRAMEWORKS
    )
    try:
        old = trust_list("KE", [("lab", "laboratory", LAB)], days=200)  # issued 300 days ago
        accepting.import_lists(made, [old.heard.raw], [ROOTS["KE"].keyid])
        digest = give(made, report)[7:]
        with running(made) as url, httpx.Client(base_url=url, timeout=60) as visitor:
            assert "Expired: it vouches for nothing" in text_of(visitor.get("/trust-lists"))
            assert "Expired." in text_of(visitor.get(f"/trust-lists/{subject_digest(old.record)[7:]}"))
            assert visitor.get("/api/v1/trust-lists").json()[0]["expired"] is True
            page = text_of(visitor.get(f"/assessments/{digest}/recognition"))
            assert "which spoke until" in page and "It does not lead there" in page
    finally:
        made.close()


def test_a_body_shows_how_often_it_was_found_again(node, client, report):
    target = give(node, report)
    lists = {item.record.jurisdiction: item for item in accepting.shelf_of(node).current()}
    lab = next(body for body in bodies_of(lists["KE"], NOW) if body.entity == "lab")
    place = f"/bodies/{lab.id}"
    assert "Nobody who counts has repeated anything yet" in text_of(client.get(place))
    others = [f"sha256:{n:064x}" for n in range(3)]
    counted = [repeated(node, target, OTHER_LAB), *(repeated(node, item, OTHER_LAB) for item in others[:2])]
    repeated(node, others[2], OTHER_LAB, "differs")
    withdrawn = repeated(node, "sha256:" + "f" * 64, OTHER_LAB, "differs")
    node.intake.say(
        [
            say(
                Revocation(target=withdrawn, reason="x", effective="2026-01-01T00:00:00Z"), "revocation",
                [subject("", withdrawn)], signers=[OTHER_LAB],
            )
        ]
    )  # fmt: skip
    for stranger in (STRANGER, LAB, ROOTS["KE"]):  # nobody knows, the body itself, no laboratory
        repeated(node, target, stranger, "differs")
    found = client.get(f"/api/v1{place}").json()
    assert (found["rate"]["n"], found["rate"]["agreed"], found["rate"]["rate"]) == (4, 3, 0.75)
    from accord.measures.intervals import rate

    assert found["rate"]["interval"] == to_builtins(rate(3, 4))
    assert {item["id"] for item in found["rechecks"]} > set(counted) and len(found["rechecks"]) == 4
    text = text_of(client.get(place))
    assert "Of 4 statements that others repeated, 3 were found again." in text
    percents = re.search(r"That is 75\.0.%.*anywhere from ([0-9.]+).% to ([0-9.]+).%", text)
    assert [float(n) for n in percents.groups()] == pytest.approx(
        [rate(3, 4).low * 100, rate(3, 4).high * 100], abs=0.06
    )
    assert found["others"] == 3  # the stranger, the operator of a list, what was taken back; its own is no repeat
    assert "3 more repeats do not count" in text
    assert found["statements"]["assessment"] == 1
    mine = repeated(node, others[2], node.speaker)
    found = client.get(f"/api/v1{place}").json()
    assert (found["rate"]["n"], found["rate"]["agreed"], found["others"]) == (5, 4, 3)
    assert next(item["by"] for item in found["rechecks"] if item["id"] == mine) == node.config.name
    # Who repeats it once more, and then agrees, is one voice: the latest.
    repeated(node, others[2], OTHER_LAB, "agrees")
    assert client.get(f"/api/v1{place}").json()["rate"]["agreed"] in (4, 5)  # the second may be that of the one before
    assert client.get("/bodies/" + "0" * 64).status_code == 404


def test_a_repeat_by_another_body_makes_it_surer(node, client, report):
    from accord.records.agreement import Conditions

    agreed(node, conditions=Conditions(assurance="reproduced"))
    target = give(node, report)
    address = f"/assessments/{target[7:]}/recognition"
    assert "The agreement asks for assurance" in text_of(client.get(address, params=HERE))
    repeated(node, target, STRANGER)
    assert "The agreement asks for assurance" in text_of(client.get(address, params=HERE))
    repeated(node, target, OTHER_LAB)
    assert "It leads there" in text_of(client.get(address, params=HERE))
    page = text_of(client.get(f"/assessments/{target[7:]}"))
    assert "an unknown key: agrees" in page and "The second-lab of KE: agrees" in page


def test_a_trust_list_that_is_withheld_counts_for_nobody_outside(node, client, report):
    agreed(node)
    held = accepting.shelf_of(node).find("KE")
    node.say(Disclosure(targets=(held.id,), level="none", reason="court"), "disclosure", [held.id])
    assert "Office of KE" not in client.get("/trust-lists").text
    assert client.get(f"/trust-lists/{subject_digest(held.record)[7:]}").status_code == 404
    assert [edge["state"] for edge in client.get("/api/v1/recognition").json()["agreements"]] == ["proposed"]
