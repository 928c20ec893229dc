import re

import pytest

from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.records.said import Revocation
from accord.store.statements import find
from accord.trust.saying import hear


@pytest.fixture
def objection(node, objections):
    """A statement in the log, to object to: its digest in hex."""
    line = objections(1)[0]
    node.intake.submit(Batch(hear_lines([line]))).result()
    return hear(line).id[7:]


def test_a_statement_has_a_page_in_every_direction(client, objection):
    page = client.get(f"/statements/{objection}")
    assert page.status_code == 200
    assert objection in page.text
    arabic = client.get(f"/statements/{objection}?lang=ar")
    assert 'lang="ar" dir="rtl"' in arabic.text


def test_a_visitor_objects_and_the_node_can_not_lose_it(node, client, objection):
    form = client.get(f"/statements/{objection}/dispute")
    assert re.search(r'<textarea id="objection"', form.text)
    sent = client.post(
        f"/statements/{objection}/dispute",
        data={"objection": "The table is of another year <script>", "name": "Amina", "role": "affected"},
    )
    assert sent.status_code == 303
    page = client.get(sent.headers["location"])
    assert "1 objection waits" in page.text
    assert "another year" not in page.text  # Nobody of the node has looked at it yet.
    said = re.search(r"said=([0-9a-f]{64})", sent.headers["location"])[1]
    with node.store.reading() as transaction:
        kept = find(transaction, f"sha256:{said}")
        assert (kept.kind, kept.disclosure) == ("dispute", "none")
        reasons = transaction.rows("SELECT level, reason FROM withheld WHERE target = ?", kept.id)
    assert reasons == [("none", "waits until somebody of the node has looked at it")]
    assert client.get(f"/statements/{said}").status_code == 404


def test_mistakes_come_back_with_what_was_typed(client, objection):
    sent = client.post(f"/statements/{objection}/dispute", data={"objection": " ", "name": "“Zoë” & <b>"})
    assert sent.status_code == 422
    assert 'role="alert"' in sent.text
    assert "“Zoë” &amp; &lt;b&gt;" in sent.text
    assert 'aria-describedby="objection-help objection-error"' in sent.text


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"sec-fetch-site": "same-origin"}, 303),
        ({}, 303),
    ],
)
def test_another_site_can_not_object_in_ones_name(client, objection, headers, status):
    sent = client.post(f"/statements/{objection}/dispute", data={"objection": "x"}, headers=headers)
    assert sent.status_code == status


def test_a_signed_objection_needs_no_form(client, node, objection, lab, objections):
    from accord.records.said import Dispute, Person
    from accord.trust.saying import say
    from accord.trust.statement import subject

    target = f"sha256:{objection}"
    record = Dispute(target=target, objection="counts are wrong", by=Person(name="Lab", role="laboratory"))
    line = say(record, "dispute", [subject("t", target)], signers=[lab])
    answer = client.post("/api/v1/disputes", content=line)
    assert answer.status_code == 200
    assert answer.json()["id"] == hear(line).id
    assert client.get(f"/api/v1/statements/{objection}/disputes").json() == {"shown": [], "hidden": 1}
    assert client.post("/api/v1/disputes", content=objections(1)[0]).status_code == 404  # of nothing that is here
    assert client.post("/api/v1/disputes", content=b"x" * 70_000).status_code == 413
    revocation = say(
        Revocation(target=target, reason="x", effective="2026-01-01T00:00:00Z"), "revocation", [subject("t", target)],
        signers=[lab],
    )  # fmt: skip
    assert client.post("/api/v1/disputes", content=revocation).status_code == 422


def test_a_revoked_statement_says_so_first(client, node, objection, lab):
    target = f"sha256:{objection}"
    node.say(Revocation(target=target, reason="a mistake", effective="2026-01-01T00:00:00Z"), "revocation", [target])
    assert "Revoked" in client.get(f"/statements/{objection}").text


def test_a_stranger_revokes_nothing(client, node, objection):
    from accord.trust.ed25519 import SigningKey

    target = f"sha256:{objection}"
    node.say(
        Revocation(target=target, reason="mine", effective="2026-01-01T00:00:00Z"), "revocation", [target],
        signers=[SigningKey.generate()],
    )  # fmt: skip
    assert "Revoked" not in client.get(f"/statements/{objection}").text


def test_only_staff_answers(client, objection):
    assert client.get("/objections", headers={"accept": "application/json"}).status_code == 401
    assert (
        client.post(f"/statements/{objection}/answer", data={"decision": "accepted", "answer": "x"}).status_code == 401
    )


def test_the_log_page_shows_entries_and_hides_what_is_withheld(node, client, objections):
    node.intake.submit(Batch(hear_lines(objections(60)))).result()
    node.intake.submit(Batch(hear_lines(objections(1, "secret")), level="none")).result()
    page = client.get("/log").text
    assert "withheld: only its hash is here" in page
    assert str(node.log.verifier_key) in page
    older = re.search(r'href="(/log\?before=\d+)"', page)[1]
    assert client.get(older).status_code == 200
