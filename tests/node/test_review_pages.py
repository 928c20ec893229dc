"""The review form of the node: what it asks, what it takes, what then counts, for how long, and who sees it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape

import httpx
import pytest
from tests.node.page_text import text_of

from accord.frameworks import judge_all
from accord.frameworks.reviewing import measurement_digest
from accord.frameworks.terms import Terms
from accord.node import keeping
from accord.node.auth import accounts, sessions
from accord.node.judging import judge_what_is_here, settings_of
from accord.node.receiving import PARTS, receive
from accord.records import Assessment, ReliedOn, from_json
from accord.records.said import Disclosure, Erasure, Revocation
from accord.reviews import open_points, read_envelope
from accord.reviews.loading import review_in
from accord.store.viewer import Viewer
from accord.trust.saying import hear

PUBLISHER = Viewer(account="a1", name="Lab", roles=frozenset({"publisher"}), office="Testing")
TODAY = datetime.now(UTC).date()
LATER = (TODAY + timedelta(days=100)).isoformat()
LAW = "eu-ai-act"


@pytest.fixture(scope="session")
def report(make_report, tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("reviewed"), frameworks=("nist-ai-rmf",))


@pytest.fixture
def give(node, report):
    """give(level): the digest of the assessment in hex, published and judged."""

    def made(level="public", folder=report):
        parts = {part: (folder / name).read_bytes() for part, name in PARTS.items() if (folder / name).is_file()}
        digest = receive(node, PUBLISHER, parts, level, "" if level == "public" else "an embargo").id[7:]
        judge_what_is_here(node)
        return digest

    return made


@pytest.fixture
def people(node, running):
    """Browsers of the running node, by who is logged in."""
    with running(node) as url:
        made = {"visitor": httpx.Client(base_url=url, timeout=30)}
        roles = {"olga": "officer", "otto": "officer", "opal": "operator", "rita": "reader", "dora": "decider"}
        for name, role in roles.items():
            account = accounts.add(node, login=name, name=name.title(), by="test", office=f"{name}'s", roles=[role])
            cookies = {sessions.cookie_name(node): sessions.start(node, account.id)}
            made[name] = httpx.Client(base_url=url, timeout=30, cookies=cookies, headers={"accept": "text/html"})
        yield made
        for client in made.values():
            client.close()


def form_of(client, digest, framework=LAW):
    """The form as a person has it before them: the names of its fields, by requirement and column."""
    page = client.get(f"/assessments/{digest}/review", params={"framework": framework})
    assert page.status_code == 200, page.text[:2000]
    names = {unescape(name) for name in re.findall(r'<(?:input|textarea)[^>]* name="([^"]+)"', page.text)}
    return {tuple(re.fullmatch(r"(.+)@[0-9a-f]{16}\.(\w+)", name).groups()): name for name in names if "@" in name}


def send(client, digest, answers, framework=LAW, **once):
    """Send answers (requirement → column → text) in the form as it is now."""
    fields = form_of(client, digest, framework)
    typed = {fields[item, column]: text for item, cells in answers.items() for column, text in cells.items()}
    data = {"framework": framework, "interest": "none", "valid_until": LATER, **typed, **once}
    return client.post(f"/assessments/{digest}/review", data=data)


def sound(decision="met", reason="Seen on the spot.", **more):
    return {"decision": decision, "reason": reason, **more}


def verdict_of(client, digest, requirement, framework=LAW):
    judged = client.get(f"/api/v1/assessments/{digest}/judgement").raise_for_status().json()
    return next(v for v in judged["verdicts"] if (v["framework"], v["requirement"]) == (framework, requirement))


def stated_of(client, digest, requirement):
    asked = client.get(f"/api/v1/assessments/{digest}/reviews").raise_for_status().json()
    return next((item for item in asked if item["requirement"] == requirement), None)


def lines_of(node, kind="review"):
    with node.store.reading() as transaction:
        rows = transaction.rows("SELECT line FROM statements WHERE kind = ? ORDER BY seq", kind)
    return [bytes(row[0]) for row in rows if row[0] is not None]


def of_a_stranger(report, folder) -> tuple[bytes, str]:
    """A review by a key of one's own, signed as `accord review` signs it, and the requirement that it is of."""
    from accord.reviews.accepting import accept
    from accord.reviews.columns import COLUMNS
    from accord.reviews.sheet import Row
    from accord.reviews.signing import now, sign_reviews
    from accord.trust import KeyStore, own_log

    record = from_json((report / "assessment.json").read_bytes(), Assessment)
    opened = open_points(record)
    point = opened.points[0]
    row = dict.fromkeys(COLUMNS, "") | {
        "framework": point.framework.id, "requirement": point.requirement.id, "state": point.state, "decision": "met",
        "reason": "<i>Trust me</i>", "reviewer": "Olga", "role": "officer", "interest": "all of it",
        "valid_until": LATER,
    }  # fmt: skip
    (review,) = accept([Row(2, row)], record, opened, made=now()).reviews
    (path,) = sign_reviews([review], "x", folder, signer=KeyStore().own(), log=own_log())
    return path.read_bytes().rstrip(b"\n"), point.requirement.id


def test_only_officers_are_asked(people, give):
    digest = give()
    for who, status in (("visitor", 401), ("rita", 403), ("dora", 403), ("opal", 403), ("olga", 200)):
        client = people[who]
        assert client.get(f"/assessments/{digest}/review").status_code == status, who
        linked = f'href="/assessments/{digest}/review"' in client.get(f"/assessments/{digest}").text
        assert linked == (who == "olga")
        if who != "olga":
            assert client.post(f"/assessments/{digest}/review", data={"framework": LAW}).status_code == status
    assert people["olga"].get(f"/assessments/{'0' * 64}/review").status_code == 404
    assert people["olga"].get(f"/assessments/{digest}/review?framework=none").status_code == 404


def test_the_questions_are_those_that_this_nodes_judgement_leaves_open(node, people, give, report):
    """Oracle: the record judged under the node's texts, and opened as `accord review` opens it."""
    from accord.judge import judge_again

    digest = give()
    files = settings_of(node).files
    record = from_json((report / "assessment.json").read_bytes(), Assessment)
    opened = open_points(judge_again(record, files, Terms(on=TODAY.isoformat()), []))
    index = people["olga"].get(f"/assessments/{digest}/review").text
    for file in files:
        ids = {point.requirement.id for point in opened.points if point.framework.id == file.framework.id}
        assert (f"framework={file.framework.id}" in index) == bool(ids)
        if ids and file.framework.id in (LAW, "un-gdc", "sg-ai-verify"):
            assert {item for item, _column in form_of(people["olga"], digest, file.framework.id)} == ids
    page = text_of(people["olga"].get(f"/assessments/{digest}/review?framework={LAW}"))
    point = next(p for p in opened.points if p.framework.id == LAW and p.measurements)
    assert point.requirement.title in page
    assert point.measurements[0].digest[7:23] in page
    assert "Not a conformity assessment" in page


def test_a_review_is_signed_by_both_logged_and_counts(node, people, give):
    digest, olga = give(), people["olga"]
    assert verdict_of(olga, digest, "art_14.4.e")["status"] == "not_evaluated"
    before = node.size
    answer = send(olga, digest, {"art_14.4.e": sound(documents_relied_on=f"other: visit on site | {TODAY}")})
    assert answer.status_code == 303 and answer.headers["location"] == f"/assessments/{digest}#reviews"
    (line,) = lines_of(node)
    assert node.size == before + 1
    heard = hear(line)
    account = next(item for item in accounts.page_of(node, "") if item.login == "olga")
    from accord.node.auth.people import keyid_of

    assert [key.keyid for key in heard.keys] == [node.speaker.keyid, keyid_of(node, account.id)]
    verdict = verdict_of(people["visitor"], digest, "art_14.4.e")
    assert verdict["status"] == "judged" and verdict["before_review"] == "not_evaluated"
    page = text_of(people["visitor"].get(f"/assessments/{digest}"))
    for said in ("Olga", "officer, olga's", "Seen on the spot.", f"until {LATER}", "visit on site", "judged by"):
        assert said.casefold() in page.casefold(), said
    (one,) = stated_of(people["visitor"], digest, "art_14.4.e")["reviews"]
    assert one["counts"] and one["id"] == heard.id and not one["why"]
    ids = re.findall(r'\bid="([^"]+)"', people["olga"].get(f"/assessments/{digest}").text)
    assert len(ids) == len(set(ids))


def test_what_the_node_signs_counts_elsewhere_as_the_command_line_counts_it(node, people, give, report):
    """Oracle: `read_envelope` and `judge_all`, as `accord judge --reviews` uses them."""
    from accord.trust import Trust, VerifierKey
    from accord.trust.keys import KnownKey
    from accord.trust.note import ED25519

    digest = give()
    send(people["olga"], digest, {"art_14.4.e": sound("partly"), "art_14.4.d": sound("not_met")})
    vkey = str(VerifierKey("node", node.speaker.public, ED25519))
    known = Trust(keys=(KnownKey(role="signer", name="node", why="own", vkey=vkey),))
    reviews = tuple(read_envelope(line, known) for line in lines_of(node))
    assert {item.signer for item in reviews} == {"own"}
    record = from_json((report / "assessment.json").read_bytes(), Assessment)
    terms = Terms(on=TODAY.isoformat(), reviews=reviews, known_digests=record.subject.digests)
    expected = judge_all([file.framework for file in settings_of(node).files], record.evidence, terms)
    said = people["visitor"].get(f"/api/v1/assessments/{digest}/judgement").json()
    told = {(v["framework"], v["requirement"]): (v["status"], v["reason"]) for v in said["verdicts"]}
    assert told == {(v.framework, v.requirement): (v.status, v.reason) for item in expected for v in item.verdicts}
    assert list(told.values()).count(told[LAW, "art_14.4.d"]) == 1 and told[LAW, "art_14.4.d"][0] == "judged"


def test_all_mistakes_come_back_at_their_fields_with_what_was_typed(node, people, give):
    digest, olga = give(), people["olga"]
    answers = {
        "art_14.4.e": {"decision": "met", "reason": ""},
        "art_14.4.d": sound("perhaps", "<b>Long</b> thought"),
        "art_14.4.c": sound(documents_relied_on="a lost manual | soon"),
    }
    answer = send(olga, digest, answers, interest=" ", valid_until="2020-01-01")
    assert answer.status_code == 422
    fields = form_of(olga, digest)
    page = answer.text
    assert 'role="alert"' in page
    wrong = set(re.findall(r'href="#([^"]+)">', page)) - {"content"}
    assert {unescape(item) for item in wrong} >= {
        "interest", "valid_until", fields["art_14.4.e", "reason"], fields["art_14.4.d", "decision"],
        fields["art_14.4.c", "documents_relied_on"],
    }  # fmt: skip
    ids = {unescape(item) for item in re.findall(r'\bid="([^"]+)"', page)}
    assert {unescape(item) for item in wrong} <= ids
    assert "&lt;b&gt;Long&lt;/b&gt; thought" in page and "a lost manual | soon" in page
    assert not lines_of(node), "nothing is signed as long as anything is wrong"
    empty = send(olga, digest, {})
    assert empty.status_code == 422 and "Nothing is answered yet." in empty.text


def test_an_answer_slips_to_no_other_question(node, people, give):
    digest, olga = give(), people["olga"]
    name = form_of(olga, digest)["art_14.4.e", "decision"]
    stale = re.sub(r"@[0-9a-f]{16}", "@" + "0" * 16, name)
    data = {"framework": LAW, "interest": "none", "valid_until": LATER, stale: "met"}
    data[stale.replace(".decision", ".reason")] = "An answer to another question."
    answer = olga.post(f"/assessments/{digest}/review", data=data)
    assert answer.status_code == 422
    assert "has changed since this form was written" in answer.text
    assert "An answer to another question." in answer.text
    gone = {"framework": LAW, "interest": "none", "valid_until": LATER, "art_0@x.decision": "met"}
    answer = olga.post(f"/assessments/{digest}/review", data=gone)
    assert answer.status_code == 422 and "has no requirement" in answer.text
    assert not lines_of(node)


def test_dissent_stands_side_by_side_and_leaves_the_question_open(people, give):
    digest = give()
    send(people["olga"], digest, {"art_14.4.e": sound("met", "It can be stopped.")})
    send(people["otto"], digest, {"art_14.4.e": sound("not_met", "The button is locked.")})
    verdict = verdict_of(people["visitor"], digest, "art_14.4.e")
    assert verdict["status"] == "needs_review" and "disagree" in verdict["reason"]
    asked = stated_of(people["visitor"], digest, "art_14.4.e")
    assert asked["disagree"] and [(item["name"], item["decision"]) for item in asked["reviews"]] == [
        ("Olga", "met"), ("Otto", "not_met"),
    ]  # fmt: skip
    page = text_of(people["visitor"].get(f"/assessments/{digest}"))
    assert "They disagree" in page and page.index("It can be stopped.") < page.index("The button is locked.")
    assert "reviewers disagree" in text_of(people["otto"].get(f"/assessments/{digest}/review?framework={LAW}"))


def test_two_are_needed_where_the_nodes_profile_says_so(node, people, give, tmp_path):
    from msgspec.structs import replace

    profile = tmp_path / "own.yaml"
    profile.write_text(
        "id: own\ntitle: Own\nauthor: Test\ndate: 2026-01-01\nthresholds: []\n"
        "reviewers:\n- {framework: eu-ai-act, requirement: art_14, number: 2}\n"
    )
    node.config = replace(node.config, profile=str(profile))
    digest = give()
    send(people["olga"], digest, {"art_14.4.e": sound()})
    first = verdict_of(people["visitor"], digest, "art_14.4.e")
    assert first["status"] == "not_evaluated" and "1 of 2 reviews" in first["reason"]
    send(people["otto"], digest, {"art_14.4.e": sound()})
    assert verdict_of(people["visitor"], digest, "art_14.4.e")["status"] == "judged"


def test_who_judges_again_replaces_what_they_said(people, give, monkeypatch):
    digest = give()
    send(people["olga"], digest, {"art_14.4.e": sound("met")})
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    monkeypatch.setattr("accord.node.reviewing.now", lambda: tomorrow)
    send(people["olga"], digest, {"art_14.4.e": sound("not_met", "It changed.")})
    asked = stated_of(people["visitor"], digest, "art_14.4.e")
    assert [item["counts"] for item in asked["reviews"]] == [False, True]
    assert "judged again" in asked["reviews"][0]["why"]
    assert verdict_of(people["visitor"], digest, "art_14.4.e")["reason"].startswith("judged: not_met")


def test_who_is_renamed_is_one_person_and_namesakes_are_not_one_hand(node, people, give, monkeypatch):
    digest = give()
    by_login = {item.login: item for item in accounts.page_of(node, "")}
    send(people["olga"], digest, {"art_14.4.e": sound("met")})
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    monkeypatch.setattr("accord.node.reviewing.now", lambda: tomorrow)
    accounts.change(node, by_login["otto"].id, by="test", name="Olga", office="otto's", roles=["officer"])
    send(people["otto"], digest, {"art_14.4.e": sound("not_met")})
    asked = stated_of(people["visitor"], digest, "art_14.4.e")
    assert [item["counts"] for item in asked["reviews"]] == [True, True] and asked["disagree"]
    later = (datetime.now(UTC) + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    monkeypatch.setattr("accord.node.reviewing.now", lambda: later)
    accounts.change(node, by_login["olga"].id, by="test", name="Olga Neu", office="olga's", roles=["officer"])
    send(people["olga"], digest, {"art_14.4.e": sound("not_met")})
    asked = stated_of(people["visitor"], digest, "art_14.4.e")
    assert [item["counts"] for item in asked["reviews"]] == [False, True, True] and not asked["disagree"]
    assert verdict_of(people["visitor"], digest, "art_14.4.e")["status"] == "judged"


def test_a_review_lapses_by_itself(people, give, monkeypatch):
    digest = give()
    send(people["olga"], digest, {"art_14.4.e": sound()}, valid_until=TODAY.isoformat())
    assert verdict_of(people["visitor"], digest, "art_14.4.e")["status"] == "judged"

    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + timedelta(days=1)

    monkeypatch.setattr("accord.node.weighing.datetime", Tomorrow)
    verdict = verdict_of(people["visitor"], digest, "art_14.4.e")
    assert verdict["status"] == "not_evaluated" and f"valid until {TODAY}" in verdict["reason"]
    assert "no longer counts" in verdict["reason"]
    page = text_of(people["visitor"].get(f"/assessments/{digest}"))
    assert f"Does not count: it was valid until {TODAY}" in page


def test_a_review_counts_as_long_as_what_it_relied_on_is_there(node, people, give, report):
    """Said as the node says them, about a table that is part of the system, or measurements, that are there or not."""
    from msgspec.structs import replace

    from accord.reviews.signing import compose
    from accord.trust.dsse import sign, to_line
    from accord.trust.predicates import StatedLog

    digest = give()
    send(people["olga"], digest, {"art_14.4.e": sound()})
    (first,) = (review_in(hear(line)) for line in lines_of(node))
    record = from_json((report / "assessment.json").read_bytes(), Assessment)
    there = record.subject.parts[0].digest
    measured = record.evidence[0].measurements[0]
    for name, relied, why in (
        ("table", ReliedOn(kind="document", name="table", digest=there), ""),
        ("lost", ReliedOn(kind="document", name="lost", digest="sha256:" + "0" * 64), "document that it relied on"),
        ("value", ReliedOn(kind="measurement", name=measured.measure, digest=measurement_digest(measured)), ""),
        ("gone", ReliedOn(kind="measurement", name=measured.measure, digest=there), "measurement that it relied on"),
        ("old", ReliedOn(kind="other", name="old", date="2020-01-01", valid_until="2021-01-01"), "valid until 2021"),
    ):
        person = replace(first.reviewer, name=name)
        review = replace(first, reviewer=person, relied_on=(relied,))
        keys = [node.speaker, node.keys.own("person-test")]
        stated = StatedLog(node.origin, str(node.log.verifier_key))
        node.intake.say([to_line(sign(compose(review, "x", [key.public for key in keys], stated), keys))])
        said = stated_of(people["visitor"], digest, "art_14.4.e")["reviews"][-1]
        assert said["name"] == name and said["counts"] == (not why) and why in said["why"]


def test_revoking_takes_it_away_at_once(node, people, give):
    digest = give()
    send(people["olga"], digest, {"art_14.4.e": sound(), "art_14.4.d": sound()})
    ids = {hear(line).id for line in lines_of(node)}
    one = stated_of(people["visitor"], digest, "art_14.4.e")["reviews"][0]["id"]
    where = f"/assessments/{digest}/review/revoke"
    shown = {who: people[who].get(f"/assessments/{digest}").text.count(where) for who in people}
    assert shown == {"visitor": 0, "olga": 2, "otto": 0, "opal": 2, "rita": 0, "dora": 0}
    for who, status in (("visitor", 401), ("rita", 403), ("otto", 403)):
        assert people[who].post(where, data={"review": one, "reason": "x"}).status_code == status
    empty = people["olga"].post(where, data={"review": one, "reason": " "})
    assert empty.status_code == 422 and 'role="alert"' in empty.text and "Say why." in empty.text
    assert people["olga"].post(where, data={"review": "sha256:" + "0" * 64, "reason": "x"}).status_code == 404
    assert people["olga"].post(where, data={"review": one, "reason": "The visit was elsewhere."}).status_code == 303
    assert verdict_of(people["visitor"], digest, "art_14.4.e")["status"] == "not_evaluated"
    asked = stated_of(people["visitor"], digest, "art_14.4.e")["reviews"][0]
    assert not asked["counts"] and "The visit was elsewhere." in asked["why"]
    other = (ids - {one}).pop()
    assert people["opal"].post(where, data={"review": other, "reason": "x"}).status_code == 303
    assert verdict_of(people["visitor"], digest, "art_14.4.d")["status"] == "not_evaluated"
    said = [hear(line).record(Revocation) for line in lines_of(node, "revocation")]
    assert [item.by.name for item in said] == ["Olga", "Opal"]


def test_an_erased_review_is_gone(node, people, give):
    digest = give()
    send(people["olga"], digest, {"art_14.4.e": sound(reason="Names somebody.")})
    one = hear(lines_of(node)[0]).id
    node.say(Erasure(target=one, reason="it names somebody"), "erasure", [one])
    assert verdict_of(people["visitor"], digest, "art_14.4.e")["status"] == "not_evaluated"
    assert stated_of(people["olga"], digest, "art_14.4.e") is None
    assert "Names somebody." not in people["olga"].get(f"/assessments/{digest}").text


@pytest.mark.parametrize(
    ("level", "sees"), [("public", {"visitor", "rita", "otto"}), ("community", {"rita", "otto"}), ("none", {"otto"})]
)
def test_a_review_is_as_public_as_what_it_rests_on(node, people, give, level, sees):
    digest = give(level)
    assert send(people["olga"], digest, {"art_14.4.e": sound(reason="Secret words.")}).status_code == 303
    one = hear(lines_of(node)[0]).id[7:]
    for who in ("visitor", "rita", "otto"):
        found = [
            people[who].get(path)
            for path in (
                f"/assessments/{digest}",
                f"/statements/{one}",
                f"/api/v1/assessments/{digest}/reviews",
                f"/api/v1/assessments/{digest}/judgement",
                "/feed.atom?kind=review",
            )
        ]
        told = ["Secret words." in answer.text for answer in found]
        assert any(told) == (who in sees), (who, told)
        assert all(told[:1] + told[2:4]) == (who in sees), (who, told)


def test_a_review_of_withheld_evidence_is_withheld_though_the_assessment_is_public(node, people, give):
    digest = give()
    evidence = hear(lines_of(node, "evidence")[0]).id
    node.say(Disclosure(targets=(evidence,), level="none", reason="personal data"), "disclosure", [evidence])
    assert send(people["olga"], digest, {"art_14.4.e": sound(reason="Secret words.")}).status_code == 303
    assert "Secret words." in people["otto"].get(f"/assessments/{digest}").text
    assert "Secret words." not in people["visitor"].get(f"/assessments/{digest}").text
    assert people["visitor"].get(f"/api/v1/assessments/{digest}/reviews").json() == []


def test_reviews_are_withheld_and_shown_with_their_assessment(node, people, give, report, tmp_path):
    digest, olga = give(), people["olga"]
    send(olga, digest, {"art_14.4.e": sound()})
    line, _requirement = of_a_stranger(report, tmp_path)
    node.intake.say([line])
    stranger = hear(line).keys[0].keyid
    for level in ("none", "public"):
        keeping.decide_readers(node, None, f"sha256:{digest}", level, "a court")
        with node.store.reading() as transaction:
            rows = transaction.rows("SELECT keyid, disclosure FROM statements WHERE kind = 'review'")
        assert dict(rows) == {node.speaker.keyid: level, stranger: "none"}, "whose review it is opens it again"


def test_what_others_sign_is_shown_and_never_counts(node, people, give, report, tmp_path):
    digest = give()
    line, requirement = of_a_stranger(report, tmp_path)
    node.intake.say([line])
    asked = stated_of(people["visitor"], digest, requirement)
    assert [item["counts"] for item in asked["reviews"]] == [False] and not asked["disagree"]
    page = people["visitor"].get(f"/assessments/{digest}").text
    assert "&lt;i&gt;Trust me&lt;/i&gt;" in page and "<i>Trust me" not in page
    judged = people["visitor"].get(f"/api/v1/assessments/{digest}/judgement").text
    assert "Trust me" not in judged and '"judged"' in judged
    assert people["opal"].get(f"/assessments/{digest}").text.count("/review/revoke") == 0


def test_before_the_node_has_judged_nothing_can_be_asked(node, people, report):
    parts = {part: (report / name).read_bytes() for part, name in PARTS.items() if (report / name).is_file()}
    digest = receive(node, PUBLISHER, parts, "public", "").id[7:]
    answer = people["olga"].get(f"/assessments/{digest}/review")
    assert answer.status_code == 409 and "Look again in a moment." in answer.text
