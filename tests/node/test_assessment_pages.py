"""Pages, badge and feed of assessments: what they say, what they never say, and to whom."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace

from accord.commons.assessments.page import about, search
from accord.node.judging import Judging, Pass, judge_what_is_here, settings_of
from accord.node.receiving import PARTS, receive
from accord.records.said import Disclosure, Dispute, Erasure, Person, Revocation
from accord.store.viewer import VISITOR, Viewer
from accord.trust.ed25519 import SigningKey
from accord.trust.statement import format_time

PUBLISHER = Viewer(account="a1", name="Lab", roles=frozenset({"publisher"}), office="Office of <b>Tests</b>")
STAFF = Viewer(account="o1", name="Staff", roles=frozenset({"officer"}))
SVG = "{http://www.w3.org/2000/svg}"
ATOM = "{http://www.w3.org/2005/Atom}"
LATER = "2027-01-01T00:00:00Z"
HOSTILE = "<script>alert(1)</script> \\u202egpj.exe \\uffff & \\u0007 " + "很" * 300


def give(node, folder, level="public", reason="", viewer=PUBLISHER):
    parts = {part: (folder / name).read_bytes() for part, name in PARTS.items() if (folder / name).is_file()}
    return receive(node, viewer, parts, level, reason)


@pytest.fixture(scope="session")
def report(make_report, tmp_path_factory):
    system = (
        'purpose = "Rank loans"\nprovider = "Umoja Credit"\nsector = "finance"\nlanguages = ["sw"]\nversion = "2.1"\n'
    )
    folder = tmp_path_factory.mktemp("report")
    return make_report(folder, system=system, frameworks=("eu-ai-act", "nist-ai-rmf"))


@pytest.fixture(scope="session")
def hostile(make_report, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "x").mkdir()
    return make_report(folder / "x", system=f'provider = "{HOSTILE}"\npurpose = "{HOSTILE}"\nversion = "{HOSTILE}"\n')


@pytest.fixture(scope="session")
def unframed(make_report, tmp_path_factory):
    """A report under no framework at all but the international ones that apply everywhere, named by none."""
    return make_report(tmp_path_factory.mktemp("other"), rows="m,9000,0,1\n")


@pytest.fixture
def published(node, report):
    """The digest of a published assessment, in hex."""
    return give(node, report).id[7:]


def test_the_list_finds_by_words_and_filters(node, client, published):
    for query in (
        "",
        "?q=umoja",
        "?q=UMOJA+cred",
        "?framework=eu-ai-act",
        "?jurisdiction=US",
        "?spoken=sw",
        "?q=finance",
    ):
        page = client.get(f"/assessments{query}")
        assert page.status_code == 200
        assert f"/assessments/{published}" in page.text, query
    for query in ("?q=zebra", "?framework=nowhere", "?verdict=judged", "?signer=00", "?before=1", "?q=umoja&spoken=fr"):
        assert f"/assessments/{published}" not in client.get(f"/assessments{query}").text, query
    assert "score" not in re.sub(r"no score|no overall score", "", client.get("/assessments").text.lower())


def test_older_ones_are_found_by_going_on(node, client, report, unframed):
    first, second = give(node, report).id[7:], give(node, unframed).id[7:]
    with node.store.reading() as transaction:
        newest = search(transaction, VISITOR, LATER, limit=1)
        older = search(transaction, VISITOR, LATER, limit=1, before=newest.further)
    assert [item.id[7:] for item in (*newest.items, *older.items)] == [second, first]
    assert older.further is None
    text = client.get("/assessments").text
    assert text.index(second) < text.index(first)


def test_the_page_shows_the_report_and_who_says_so(node, client, published):
    page = client.get(f"/assessments/{published}")
    assert page.status_code == 200
    assert page.text.count("<h1") == 1
    assert page.text.index("Not a conformity assessment") < page.text.index("Who says so")
    assert "an unknown key" in page.text
    assert "anybody could have made it" in page.text
    assert "No plan" in page.text
    assert "Office of &lt;b&gt;Tests&lt;/b&gt;" in page.text
    assert "1,200 rows" in page.text
    assert "Umoja Credit" in page.text
    assert "style=" not in page.text
    assert "<style" not in page.text
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids))
    inner = set(re.findall(r'href="#([^"]+)"', page.text))
    assert inner <= {*ids}, inner - {*ids}


def test_a_key_of_the_operators_trust_list_is_known(node, client, report, published):
    from accord.trust import KeyStore

    node.keys.trust(str(KeyStore().vkey()), name="Laboratory of Nairobi")
    page = client.get(f"/assessments/{published}").text
    assert "Laboratory of Nairobi" in page
    assert "an unknown key" not in page


def test_other_languages_and_directions(client, published):
    page = client.get(f"/assessments/{published}?lang=ar")
    assert 'lang="ar" dir="rtl"' in page.text
    assert f"/assessments/{published}?lang=de" in page.text


def test_the_nodes_own_judgement_stands_apart_within_two_seconds(node, client, report):
    worker = Judging(node)
    try:
        digest = give(node, report).id[7:]
        began = time.monotonic()
        while client.get(f"/api/v1/assessments/{digest}/judgement").status_code != 200:
            assert time.monotonic() - began < 2
            time.sleep(0.02)
    finally:
        worker.close()
    judged = client.get(f"/api/v1/assessments/{digest}/judgement").json()
    assert judged["state"] == "judged"
    assert judged["jurisdiction"] == "DE"
    ids = {item["id"] for item in judged["frameworks"]}
    assert "eu-ai-act" in ids
    assert "nist-ai-rmf" not in ids  # the signer's choice, not this node's
    page = client.get(f"/assessments/{digest}").text
    ours, theirs = page.index("By the thresholds of Germany (DE)"), page.index('id="requirements"')
    assert ours < theirs
    assert "Council of Europe" in page[ours:theirs]


def test_judging_is_done_once_and_again_under_other_settings(node, published):
    assert judge_what_is_here(node) == 1
    assert judge_what_is_here(node) == 0
    before = settings_of(node).digest
    node.config = replace(node.config, jurisdiction="US", frameworks=("iso-iec-42001",))
    assert settings_of(node).digest != before
    assert judge_what_is_here(node) == 1
    with node.store.reading() as transaction:
        body = transaction.one("SELECT body FROM judgements")[0]
    assert b"us-omb" in bytes(body)
    assert b"eu-ai-act" not in bytes(body)


def test_our_verdicts_are_those_that_anybody_gets(node, report, published):
    """Oracle: judging the report folder itself, as `accord judge` does."""
    from accord.frameworks import Terms, judge_all
    from accord.records import Assessment, from_json

    judge_what_is_here(node)
    record = from_json((report / "assessment.json").read_bytes(), Assessment)
    settings = settings_of(node)
    terms = Terms(on=datetime.now(UTC).date().isoformat())
    expected = judge_all([file.framework for file in settings.files], record.evidence, terms)
    with node.store.reading() as transaction:
        from accord.node.judging import judgement_of

        found = about(transaction, VISITOR, f"sha256:{published}", LATER, node.origin)
        judged = judgement_of(transaction, found)
    assert judged.verdicts == tuple(v for item in expected for v in item.verdicts)
    assert judged.coverage == tuple(item.coverage for item in expected)


def test_evidence_that_comes_later_is_judged_then(node, report):
    from accord.node.hearing import hear_lines
    from accord.node.intake import Batch

    lines = (report / "assessment.intoto.jsonl").read_bytes().splitlines()
    node.intake.submit(Batch(hear_lines(lines[-1:]))).result()
    going = Pass(node, settings_of(node))
    while going.step():
        pass
    with node.store.reading() as transaction:
        assert transaction.rows("SELECT state FROM judgements") == [("incomplete",)]
    node.intake.submit(Batch(hear_lines(lines[:-1]))).result()
    while going.step():
        pass
    with node.store.reading() as transaction:
        assert transaction.rows("SELECT state FROM judgements") == [("judged",)]


def test_a_revoked_one_says_so_everywhere(node, client, published):
    target = f"sha256:{published}"
    record = Revocation(target=target, reason="labels were wrong", effective="2026-01-01T00:00:00Z")
    node.say(record, "revocation", [target])
    page = client.get(f"/assessments/{published}").text
    assert page.index("Revoked") < page.index("<h1")
    assert "labels were wrong" in page
    assert "Revoked" in client.get("/assessments").text
    badge = ElementTree.fromstring(client.get(f"/badge/{published}.svg").content)
    assert "REVOKED: do not rely on it" in "".join(badge.itertext())
    assert "Revoked" in client.get("/feed.atom?kind=assessment").text


def test_others_about_the_same_system_and_the_withheld_are_counted(node, client, report, make_report, tmp_path):
    digest = give(node, report).id[7:]
    assert "No other assessment of it" in client.get(f"/assessments/{digest}").text
    from click.testing import CliRunner

    from accord.cli import cli

    for name, level in (("one", "public"), ("two", "none")):
        arguments = ["judge", str(report), "--framework", "un-gdc", "--out", str(tmp_path / name), "--json"]
        assert CliRunner().invoke(cli, arguments, standalone_mode=False).return_value == 0
        other = give(node, tmp_path / name, level, "kept back by the ministry").id[7:]
        page = client.get(f"/assessments/{digest}").text
        assert (other in page) == (level == "public")
    assert "1 statement" in page
    assert "kept back by the ministry" in page
    looked_up = client.get(f"/subjects/{about_subject(node, digest)}").text
    assert "2 assessments" in looked_up
    assert other not in looked_up


def about_subject(node, digest):
    with node.store.reading() as transaction:
        return about(transaction, STAFF, f"sha256:{digest}", LATER, node.origin).kept.subject[7:]


def test_a_part_of_a_system_is_found_by_its_digest(client, report, published):
    import hashlib

    table = hashlib.sha256((report.parent / "system" / "scores.csv").read_bytes()).hexdigest()
    assert f"/assessments/{published}" in client.get(f"/subjects?digest=sha256:{table.upper()}").text
    assert "None that you may see" in client.get(f"/subjects/{'0' * 64}").text
    wrong = client.get("/subjects?digest=%3Cb%3E")
    assert wrong.status_code == 422
    assert "&lt;b&gt;" in wrong.text


def test_objections_are_counted(node, client, published):
    target = f"sha256:{published}"
    by = Person(name="Amina", role="affected")
    node.say(Dispute(target=target, objection="it is wrong", by=by), "dispute", [target])
    assert "1 objection" in client.get(f"/assessments/{published}").text


def test_nothing_withheld_or_erased_shows_on_any_route(node, client, report):
    digest = give(node, report, "none", "under embargo").id[7:]
    judge_what_is_here(node)
    subject = about_subject(node, digest)
    secrets = [digest, subject, "Umoja", "Rank loans", "1,200 rows"]
    routes = [
        "/assessments", "/assessments?q=umoja", "/assessments?q=loans", "/assessments?framework=eu-ai-act",
        "/assessments?jurisdiction=US", "/assessments?spoken=sw", f"/assessments/{digest}", "/subjects",
        f"/subjects/{subject}", f"/compare?a={digest}&b={digest}", f"/badge/{digest}.svg", "/feed.atom",
        "/feed.atom?kind=assessment", "/feed.atom?kind=evidence", f"/feed.atom?subject={subject}",
        "/api/v1/assessments", "/api/v1/assessments?q=umoja", f"/api/v1/assessments/{digest}/judgement",
        f"/api/v1/subjects/{subject}/assessments", f"/api/v1/statements/{digest}/files/assessment.json",
    ]  # fmt: skip

    def look():
        for route in routes:
            answer = client.get(route)
            kept = [secret for secret in secrets if secret not in route]  # an answer may repeat the question
            assert not [secret for secret in kept if secret in answer.text], route
        listed = client.get("/assessments").text
        assert 'value="eu-ai-act"' not in listed  # nor as a filter that finds nothing
        assert 'value="sw"' not in listed

    look()
    assert client.get(f"/badge/{digest}.svg").content == client.get(f"/badge/{'0' * 64}.svg").content
    with node.store.reading() as transaction:
        assert search(transaction, STAFF, LATER).items  # it is there, for those who keep it
    node.say(Erasure(target=f"sha256:{digest}", reason="a court said so"), "erasure", [f"sha256:{digest}"])
    look()
    with node.store.reading() as transaction:
        assert not search(transaction, STAFF, LATER).items


def test_who_may_not_read_the_evidence_may_not_read_what_follows_from_it(node, client, report):
    answer = give(node, report)
    judge_what_is_here(node)
    digest, evidence = answer.id[7:], answer.statements[0]
    node.say(Disclosure(targets=(evidence,), level="none", reason="personal data"), "disclosure", [evidence])
    page = client.get(f"/assessments/{digest}").text
    assert "of its evidence may be read here" in page
    assert "1,200 rows" not in page
    assert "Not judged for you" in page
    assert client.get(f"/api/v1/assessments/{digest}/judgement").status_code == 404
    assert client.get(f"/compare?a={digest}&b={digest}").status_code == 422


def words_of(svg):
    return ["".join(item.itertext()) for item in svg.iter(f"{SVG}text")]


def test_the_badge_is_never_a_tick_alone(node, client, published):
    answer = client.get(f"/badge/{published}.svg")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    svg = ElementTree.fromstring(answer.content)
    assert (svg.get("width"), svg.get("height"), svg.get("role")) == ("460", "150", "img")
    texts = words_of(svg)
    with node.store.reading() as transaction:
        verdicts = search(transaction, VISITOR, LATER).items[0].verdicts
    assert texts[0] == "Small 2.1"
    assert texts[1] == "EU AI Act and 1 more"
    numbers = [int(n) for text in texts[2:4] for n in re.findall(r"\d+", text)]
    met, not_met, not_evaluated = (verdicts.get(name, 0) for name in ("met", "not_met", "not_evaluated"))
    assert numbers[:3] == [met, not_met, not_evaluated]
    assert sum(numbers[:4]) == sum(verdicts.values())
    assert any("an unknown key" in text for text in texts)
    assert any(text.startswith("valid until 20") for text in texts)
    assert any("not a certificate" in text for text in texts)
    described = svg.find(f"{SVG}desc").text
    assert all(text in described for text in texts if not text.endswith("…"))
    assert not {"script", "a", "image", "foreignObject", "style"} & {item.tag.removeprefix(SVG) for item in svg.iter()}
    assert "✓" not in answer.text


def test_the_badge_speaks_the_language_that_it_is_asked_for(client, published):
    german = ElementTree.fromstring(client.get(f"/badge/{published}.svg?lang=de").content)
    assert words_of(german) != words_of(ElementTree.fromstring(client.get(f"/badge/{published}.svg").content))
    arabic = client.get(f"/badge/{published}.svg?lang=ar").text
    assert 'direction="rtl"' in arabic
    assert client.get(f"/badge/{published}.svg?lang=%3Cb%3E").status_code == 200


def test_an_expired_badge_says_so(node, client, published, monkeypatch):
    from accord.node.pages import badges

    monkeypatch.setattr(badges, "now", lambda: "2040-01-01T00:00:00Z")
    svg = ElementTree.fromstring(client.get(f"/badge/{published}.svg").content)
    assert "EXPIRED: it no longer holds" in words_of(svg)


def test_the_feed_is_atom(node, client, report, unframed):
    first, second = give(node, report).id[7:], give(node, unframed).id[7:]
    withheld = SigningKey.generate()
    target = f"sha256:{first}"
    by = Person(name="Amina", role="affected")
    node.say(
        Dispute(target=target, objection="secret words", by=by), "dispute", [target], signers=[withheld], level="none"
    )
    answer = client.get("/feed.atom?kind=assessment")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    for name in ("id", "title", "updated", "author"):  # RFC 4287, 4.1.1
        assert len(feed.findall(f"{ATOM}{name}")) == 1
    entries = feed.findall(f"{ATOM}entry")
    assert [entry.find(f"{ATOM}link").get("href") for entry in entries] == [
        f"/assessments/{second}",
        f"/assessments/{first}",
    ]
    for entry in entries:
        for name in ("id", "title", "updated"):  # 4.1.2
            assert len(entry.findall(f"{ATOM}{name}")) == 1
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.find(f"{ATOM}updated").text)
    assert len({entry.find(f"{ATOM}id").text for entry in entries}) == 2
    whole = client.get("/feed.atom")
    assert "secret words" not in whole.text
    kinds = {
        entry.find(f"{ATOM}title").text.split()[0]
        for entry in ElementTree.fromstring(whole.content).findall(f"{ATOM}entry")
    }
    assert "evidence" not in kinds
    one = ElementTree.fromstring(client.get(f"/feed.atom?subject={about_subject(node, first)}").content)
    assert len(one.findall(f"{ATOM}entry")) == 1
    assert client.get("/feed.atom?subject=zz").status_code == 400
    assert client.get("/feed.atom?kind=%3Cb").status_code == 400


def test_an_empty_feed_is_a_feed(node, client):
    feed = ElementTree.fromstring(client.get("/feed.atom").content)
    assert feed.find(f"{ATOM}updated").text == format_time(node.started)
    assert not feed.findall(f"{ATOM}entry")


def test_hostile_names_harm_nobody(node, client, hostile):
    digest = give(node, hostile).id[7:]
    judge_what_is_here(node)
    for path in (f"/assessments/{digest}", "/assessments", "/assessments?q=alert", f"/compare?a={digest}&b={digest}"):
        text = client.get(path).text
        assert "<script>alert" not in text
        assert "\u202e" not in text
        assert "\x07" not in text
        assert digest in text
    for path in (f"/badge/{digest}.svg", "/feed.atom?kind=assessment"):
        answer = client.get(path)
        ElementTree.fromstring(answer.content)
        assert "\u202e" not in answer.text
        assert len(answer.content) < 8_000


def test_two_are_compared(node, client, report, unframed):
    first, second = give(node, report).id[7:], give(node, unframed).id[7:]
    page = client.get(f"/compare?a={first}&b=sha256:{second}")
    assert page.status_code == 200
    assert "The system&#39;s bytes differ." in page.text
    assert "eu-ai-act" in page.text  # verdicts that the second does not have
    same = client.get(f"/compare?a={first}&b={first}").text
    assert "The same bytes were assessed." in same
    assert "No measurement differs beyond chance." in same
    wrong = client.get(f"/compare?a={first}&b=nonsense%22%3E")
    assert wrong.status_code == 422
    assert 'role="alert"' in wrong.text
    assert "nonsense&#34;&gt;" in wrong.text


def test_laws_compared(client):
    page = client.get("/crosswalk").text
    assert "/crosswalk/eu-ai-act/nist-ai-rmf" in page
    pair = client.get("/crosswalk/eu-ai-act/nist-ai-rmf").text
    assert "<svg" in pair
    assert "style=" not in pair
    assert "<style" not in pair
    assert client.get("/static/matrix.css").status_code == 200
    assert (
        client.get("/crosswalk?subject=eu-ai-act&other=nist-ai-rmf").headers["location"]
        == "/crosswalk/eu-ai-act/nist-ai-rmf"
    )
    assert client.get("/crosswalk?subject=eu-ai-act&other=eu-ai-act").status_code == 422
    assert client.get("/crosswalk/eu-ai-act/%2e%2e").status_code == 404
    assert client.get("/crosswalk/eu-ai-act/nothing").status_code == 404


def test_a_record_too_large_for_a_page_is_for_download(node, client, report, published, monkeypatch):
    from accord.node.pages import assessments

    monkeypatch.setattr(assessments, "MOST_SHOWN", 1_000)
    page = client.get(f"/assessments/{published}").text
    assert "too large to be shown" in page
    assert f"/api/v1/statements/{published}/files/assessment.json" in page


def test_a_signed_record_that_nobody_can_read_is_said_to_be(node, client, report):
    """Its signer can sign any bytes as assessment.json: what is sent as a report is read, what a peer has is not."""
    from accord.commons.assessments.projection import describe

    digest = give(node, report).id[7:]
    with node.store.writing() as transaction:
        describe(transaction, 1, b"[]")
    assert client.get(f"/assessments/{digest}").status_code == 200
