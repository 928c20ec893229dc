"""Decisions in the browser: prepared by one, decided by another, signed by both and by the node; agreements, too."""

from __future__ import annotations

import re

import httpx
import pytest
from tests.node.page_text import text_of
from tests.node.three_nodes import (
    FRAMEWORKS,
    HERE,
    KENYA,
    NOW,
    ROOTS,
    agreement,
    give,
    kenya_list,
    login,
    make,
    make_report,
    no,
    trust_list,
    yes,
)

from accord.commons.recognitions import drafts
from accord.i18n import _, in_language
from accord.node import accepting, deciding
from accord.node.auth import accounts
from accord.node.node import open_node
from accord.recognition.agreements import check_test_due
from accord.records.agreement import Conditions
from accord.records.recognition import Examination, Recognition
from accord.records.said import Revocation
from accord.store.log import tree_of
from accord.store.statements import find, line_of
from accord.trust.saying import hear

RATE = Conditions(check_test_rate=0.5)


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


@pytest.fixture
def office(node, running):
    """The running node and who is logged in: clients by name, and their accounts."""
    with running(node) as url:
        made = {
            "olga": login(node, url, "olga", ["officer"], "Recognition"),
            "dita": login(node, url, "dita", ["decider"], "Recognition"),
            "dora": login(node, url, "dora", ["decider"]),
            "opal": login(node, url, "opal", ["operator"]),
            "rita": login(node, url, "rita", ["reader"]),
        }
        clients = {name: client for name, (client, _account) in made.items()}
        clients["visitor"] = httpx.Client(base_url=url, timeout=60, headers={"accept": "text/html"})
        yield clients, {name: account for name, (_client, account) in made.items()}
        for client in clients.values():
            client.close()


def agreed(node, **changes):
    """An agreement of Germany with Kenya in force; returns its id."""
    line = make(agreement(**changes), node.speaker)
    identity = hear(line).id
    node.intake.say([line])
    node.intake.say([yes(identity, KENYA)])
    return identity


def draft(client, digest, **changes):
    sent = client.post(f"/assessments/{digest}/decide", data={**HERE, "reasons": "The first case.", **changes})
    assert sent.status_code == 303, text_of(sent)
    return sent.headers["location"]


def statement(node, identity):
    with node.store.reading() as transaction:
        return hear(line_of(transaction, find(transaction, identity).seq))


def test_one_prepares_another_decides_and_three_keys_sign(node, office, report):
    clients, people = office
    identity, assessment = agreed(node), give(node, report)
    digest = assessment[7:]
    assert "Draft a decision" in text_of(clients["olga"].get(f"/assessments/{digest}/recognition"))
    assert "Draft a decision" not in text_of(clients["visitor"].get(f"/assessments/{digest}/recognition"))
    place = draft(clients["olga"], digest)
    page = clients["olga"].get(place)
    assert "recognised in part" in text_of(page) and "No agreement that it rests on asks for one." in text_of(page)
    options = re.findall(r'<option value="([0-9a-f]{32})"', page.text)
    assert set(options) == {people["dita"].id, people["dora"].id}
    handed = clients["olga"].post(place, data={"do": "hand", "decider": people["dita"].id})
    assert handed.status_code == 303, text_of(handed)
    assert "Decide and sign" not in text_of(clients["olga"].get(place))
    for name, status in (("olga", 403), ("dora", 403), ("opal", 403), ("rita", 403), ("visitor", 401)):
        answer = clients[name].post(place, data={"do": "sign"}, headers={"accept": "application/json"})
        assert answer.status_code == status, name
    signed = clients["dita"].post(place, data={"do": "sign"})
    assert signed.status_code == 303, text_of(signed)
    heard = statement(node, f"sha256:{signed.headers['location'].removeprefix('/statements/')}")
    keys = [node.speaker.keyid, *(node.keys.load(f"person-{people[name].id}").keyid for name in ("olga", "dita"))]
    assert [key.keyid for key in heard.keys] == keys
    record = heard.record(Recognition)
    assert (record.prepared_by.name, record.decided_by.name) == ("Olga", "Dita")
    assert record.outcome == "in_part" and record.agreements == (identity,) and record.reasons == ("The first case.",)
    assert heard.subjects == (assessment,)
    page = text_of(clients["visitor"].get(f"/assessments/{digest}/recognition"))
    assert "Germany (DE): recognised in part" in page and "The first case." in page
    assert "Since then:" not in page
    assert "recognised in part" in text_of(clients["visitor"].get("/decisions"))
    assert clients["dita"].post(place, data={"do": "sign"}).status_code == 409, "once is enough"


def test_what_is_drafted_on_a_german_page_is_english_and_read_in_german(node, office, report):
    clients, people = office
    digest = give(node, report)[7:]
    olga = clients["olga"]
    olga.headers["accept-language"] = "de"
    place = draft(olga, digest)
    assert olga.post(place, data={"do": "hand", "decider": people["dita"].id}).status_code == 303
    with node.store.reading() as transaction:
        record = drafts.find(transaction, place.rpartition("/")[2]).draft.record
    assert record.remedy.startswith("Whoever is concerned may object")
    assert record.first_failing.startswith("agreement: ") and "has no agreement" in record.first_failing
    page = text_of(olga.get(place))
    with in_language("de"):
        step, remedy = _("There is an agreement"), _(record.remedy)
    assert step != "There is an agreement" and f"{step}: " in page and remedy in page
    assert record.paths[0].first_failing.says in page, "the sentence stands as it was signed"


def test_a_decision_stays_and_says_what_has_changed(node, office, report):
    clients, people = office
    identity, assessment = agreed(node), give(node, report)
    place = draft(clients["olga"], assessment[7:])
    clients["olga"].post(place, data={"do": "hand", "decider": people["dita"].id})
    assert clients["dita"].post(place, data={"do": "sign"}).status_code == 303
    address = f"/assessments/{assessment[7:]}/recognition"
    assert "It leads there" in text_of(clients["visitor"].get(address, params=HERE))
    node.intake.say([no(identity, KENYA, "The audits were stopped.")])
    page = text_of(clients["visitor"].get(address, params=HERE))
    assert "It leads there" not in page and "KE ended it: The audits were stopped." in page
    assert "The agreement de-ke that it rests on is no longer in force." in page
    assert "Germany (DE): recognised in part" in page, "what was decided stays"
    record = Revocation(target=assessment, reason="the wrong table", effective="2026-01-01T00:00:00Z")
    node.say(record, "revocation", [assessment])
    page = text_of(clients["visitor"].get("/decisions"))
    assert "The assessment was revoked as of 2026-01-01: the wrong table" in page


def test_nothing_is_signed_that_no_longer_follows(node, office, report):
    clients, people = office
    identity, assessment = agreed(node), give(node, report)
    place = draft(clients["olga"], assessment[7:])
    clients["olga"].post(place, data={"do": "hand", "decider": people["dita"].id})
    node.intake.say([no(identity, KENYA)])
    refused = clients["dita"].post(place, data={"do": "sign"})
    assert refused.status_code == 409
    assert "has changed since it was drafted" in text_of(refused)
    with node.store.reading() as transaction:
        assert transaction.rows("SELECT id FROM statements WHERE kind = 'recognition'") == []
    back = clients["dita"].post(place, data={"do": "back", "remark": "The agreement is over."})
    assert back.status_code == 303
    assert "The agreement is over." in text_of(clients["olga"].get(place))
    assert clients["olga"].post(place, data={"do": "hand", "decider": people["dita"].id}).status_code == 409
    assert clients["olga"].post(place, data={"do": "save", "reasons": "Over."}).status_code == 303
    assert "Draft of a decision: refused" in text_of(clients["olga"].get(place))


def test_the_same_person_never_decides(node, office, report):
    clients, people = office
    agreed(node)
    assessment = give(node, report)
    place = draft(clients["dita"], assessment[7:])
    assert people["dita"].id not in re.findall(r'<option value="([0-9a-f]{32})"', clients["dita"].get(place).text)
    for choice in (people["dita"].id, people["olga"].id, people["opal"].id, "", "0" * 32):
        refused = clients["dita"].post(place, data={"do": "hand", "decider": choice})
        assert refused.status_code == 400, choice
        assert "Nobody of that name may decide here." in text_of(refused)
    # Another account of the same person, as its name tells.
    twin = accounts.add(node, login="twin", name="DITA", by="test", roles=["decider"])
    refused = clients["dita"].post(place, data={"do": "hand", "decider": twin.id})
    assert refused.status_code == 400 and "the same person" in text_of(refused)
    assert clients["dora"].post(place, data={"do": "save"}).status_code == 403
    assert clients["dora"].post(place, data={"do": "drop"}).status_code == 403
    # Who loses the role after it was handed over decides no more.
    assert clients["dita"].post(place, data={"do": "hand", "decider": people["dora"].id}).status_code == 303
    accounts.change(node, people["dora"].id, by="test", name="Dora", office="", roles=["reader"])
    assert clients["dora"].post(place, data={"do": "sign"}).status_code == 403
    assert clients["dita"].post(place, data={"do": "back"}).status_code == 303
    assert clients["dita"].post(place, data={"do": "drop"}).status_code == 303
    assert clients["dita"].get(place).status_code == 404


def test_the_draw_is_logged_and_anybody_can_draw_again(node, office, report):
    clients, people = office
    agreed(node, conditions=RATE)
    assessment = give(node, report)
    place = draft(clients["olga"], assessment[7:])
    with node.store.reading() as transaction:
        examined = transaction.rows("SELECT id FROM statements WHERE kind = 'examination'")
    heard = statement(node, examined[0][0])
    assert heard.record(Examination).by.name == "Olga" and heard.subjects == (assessment,)
    test = deciding.read(node, people["olga"].viewer, place.rpartition("/")[2]).draft.record.check_test
    with node.store.reading() as transaction:
        tree = tree_of(transaction, node.origin, test.size)
        assert tree.root().hex() == test.root and test.origin == node.origin
        assert tree.entry(test.size - 1) == heard.entry
    drawn = check_test_due(agreement(conditions=RATE), assessment, bytes.fromhex(test.root))
    assert (test.rate, test.drawn) == (0.5, drawn)
    assert ("Drawn: it has to be measured again." in text_of(clients["olga"].get(place))) == drawn
    # To save again draws no more.
    clients["olga"].post(place, data={"do": "save", "reasons": "Other."})
    again = deciding.read(node, people["olga"].viewer, place.rpartition("/")[2]).draft.record
    assert again.check_test == test and again.reasons == ("Other.",)
    # Another draft draws anew, and everybody sees that.
    place = draft(clients["olga"], assessment[7:])
    clients["olga"].post(place, data={"do": "hand", "decider": people["dita"].id})
    assert clients["dita"].post(place, data={"do": "sign"}).status_code == 303
    assert "It was drawn 2 times" in text_of(clients["visitor"].get(f"/assessments/{assessment[7:]}/recognition"))


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"until": "2020-01-01"}, "until"), ({"until": "soon"}, "until"), ({"reasons": "x" * 20_001}, "reasons")],
)
def test_mistakes_come_back_beside_their_field(node, office, report, fields, field):
    clients, _people = office
    agreed(node, conditions=RATE)
    assessment = give(node, report)
    sent = clients["olga"].post(f"/assessments/{assessment[7:]}/decide", data={"population": "“Zoë” & <b>", **fields})
    assert sent.status_code in (400, 422)
    assert f'id="{field}-error"' in sent.text and 'role="alert"' in sent.text
    assert "“Zoë” &amp; &lt;b&gt;" in sent.text
    with node.store.reading() as transaction:
        assert not transaction.rows("SELECT id FROM statements WHERE kind = 'examination'"), "nothing was drawn"


def test_who_may_prepare(node, office, report):
    clients, _people = office
    assessment = give(node, report)
    for name, status in (("visitor", 401), ("rita", 403), ("opal", 403), ("olga", 200), ("dita", 200)):
        answer = clients[name].get(f"/assessments/{assessment[7:]}/decide", headers={"accept": "application/json"})
        assert answer.status_code == status, name
    assert clients["olga"].get(f"/assessments/{'0' * 64}/decide").status_code == 404
    assert clients["olga"].get(f"/decisions/{'0' * 32}").status_code == 404
    assert clients["rita"].get(f"/decisions/{'0' * 32}").status_code == 403


def test_a_decision_on_what_is_not_public_is_not_public(node, office, report):
    clients, people = office
    agreed(node, conditions=RATE)
    assessment = give(node, report, "none", "under embargo")
    place = draft(clients["olga"], assessment[7:])
    clients["olga"].post(place, data={"do": "hand", "decider": people["dita"].id})
    done = clients["dita"].post(place, data={"do": "sign"}).headers["location"]
    with node.store.reading() as transaction:
        rows = transaction.rows("SELECT kind, disclosure FROM statements WHERE kind IN ('recognition', 'examination')")
    assert sorted(rows) == [("examination", "none"), ("recognition", "none")]
    for address in (done, place, f"/assessments/{assessment[7:]}/recognition"):
        assert clients["visitor"].get(address, headers={"accept": "application/json"}).status_code in (401, 404)
    assert done[12:] not in clients["visitor"].get("/decisions").text
    assert done[12:] in clients["olga"].get("/decisions").text


def test_agreements_are_made_accepted_and_ended_in_the_browser(node, office):
    clients, _people = office
    assert "Make an agreement" in text_of(clients["dita"].get("/recognition"))
    form = clients["dita"].get("/agreements/new")
    assert form.status_code == 200 and "second-lab" in form.text
    wrong = clients["dita"].post(
        "/agreements/new", data={"of": "Kenia!", "check_test_rate": "200", "level": "x", "reason": "<i>"}
    )
    assert wrong.status_code == 422
    for field in ("check_test_rate", "level", "assurance", "valid_until"):
        assert f'id="{field}-error"' in wrong.text, field
    assert "&lt;i&gt;" in wrong.text
    fields = {
        "of": "ke", "id": "de-ke-2", "level": "equivalent_outcome", "assurance": "third_party", "check_test_rate": "20",
        "max_age_days": "90", "valid_until": f"{NOW.year + 1}-06-30", "frameworks": "owasp-llm-top10\n",
    }  # fmt: skip
    for changes, field in (
        ({"of": "DE"}, "of"), ({"valid_until": "2020-01-01"}, "valid_until"), ({"witnesses": "x"}, "witnesses"),
    ):  # fmt: skip
        refused = clients["dita"].post("/agreements/new", data=fields | changes)
        assert refused.status_code == 422 and f'id="{field}-error"' in refused.text, field
    made = clients["dita"].post("/agreements/new", data=fields)
    assert made.status_code == 303, text_of(made)
    place = made.headers["location"]
    page = text_of(clients["visitor"].get(place))
    assert (
        "proposed, not accepted yet" in page
        and re.search(r"20(\.0)?.% of results", page)
        and "results under: owasp-llm-top10" in page
    )
    heard = statement(node, f"sha256:{place.removeprefix('/agreements/')}")
    assert heard.keys[0].keyid == node.speaker.keyid and len(heard.keys) == 2
    assert clients["dita"].post(f"{place}/accept").status_code == 422, "no form"
    assert clients["dita"].post(f"{place}/accept", data={"x": "y"}).status_code == 403, "the other side accepts"
    node.intake.say([yes(heard.id, KENYA)])
    page = text_of(clients["visitor"].get("/recognition"))
    assert "in force" in page and "Germany (DE)" in page and "Kenya (KE)" in page
    assert clients["dita"].post(f"{place}/end", data={"reason": " "}).status_code == 422
    for name, status in (("olga", 403), ("opal", 403), ("visitor", 401)):
        sent = clients[name].post(f"{place}/end", data={"reason": "x"}, headers={"accept": "application/json"})
        assert sent.status_code == status
    assert clients["dita"].post(f"{place}/end", data={"reason": "No audits."}).status_code == 303
    page = text_of(clients["visitor"].get(place))
    assert "DE ended it: No audits." in page
    assert clients["dita"].post(f"{place}/end", data={"reason": "again"}).status_code == 409
    assert "begins" not in page
    before = f"{NOW:%Y-%m-%d}"
    assert clients["visitor"].get(f"/recognition?at={before}").status_code == 200


def test_a_node_that_no_list_names_is_told_so(tmp_path, running):
    made = open_node(tmp_path / "alone", name="Alone", jurisdiction="FR", requests_per_minute=10**6)
    try:
        with running(made) as url:
            client, _account = login(made, url, "dita", ["decider"])
            with client:
                assert "counts for nobody" in text_of(client.get("/agreements/new"))
                fields = {
                    "of": "KE",
                    "level": "same_method",
                    "assurance": "third_party",
                    "valid_until": f"{NOW.year + 1}-06-30",
                }
                place = client.post("/agreements/new", data=fields).headers["location"]
                assert client.get(place).status_code == 404, "no authority has signed it"
                assert "1 agreement is signed by nobody" in text_of(client.get("/recognition"))
    finally:
        made.close()


def test_kenya_accepts_what_germany_made(tmp_path, running):
    """The same forms on the other side: the node speaks for Kenya."""
    from accord.trust.ed25519 import SigningKey

    berlin = SigningKey.from_seed(bytes([77]) * 32)
    made = open_node(tmp_path / "kenya", name="Kenya", jurisdiction="KE", requests_per_minute=10**6)
    try:
        for found, code in (
            (kenya_list(made.speaker), "KE"),
            (trust_list("DE", [("authority", "authority", berlin)]), "DE"),
        ):
            accepting.import_lists(made, [found.heard.raw], [ROOTS[code].keyid])
        line = make(agreement(), berlin)
        made.intake.say([line])
        place = f"/agreements/{hear(line).id[7:]}"
        with running(made) as url:
            client, _account = login(made, url, "dita", ["decider"])
            with client:
                assert "Accept it" in text_of(client.get(place))
                assert client.post(f"{place}/accept", data={"do": "accept"}).status_code == 303
                assert "in force" in text_of(client.get(place))
                assert client.post(f"{place}/accept", data={"do": "accept"}).status_code == 409
    finally:
        made.close()
