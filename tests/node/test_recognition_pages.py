"""Pages and calls on recognition: what they say, in which order, to whom; and what they never show."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import httpx
import pytest
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
    no,
    trust_list,
    yes,
)
from tests.recognition.conftest import assessed, make_system, sealed

from accord.node import accepting, recognising
from accord.node.bodies import bodies_of
from accord.node.node import open_node
from accord.recognition.fit import Here
from accord.records import Context, to_json
from accord.records.recheck import Recheck, Repeated
from accord.records.said import Disclosure, Erasure, Revocation
from accord.store.viewer import VISITOR, Viewer
from accord.trust.saying import hear, say
from accord.trust.statement import subject

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


def test_the_table_says_who_recognises_whom_and_until_when(node, client):
    identity = agreed(node)
    page = client.get("/recognition")
    assert page.status_code == 200 and page.text.count("<h1") == 1
    assert re.search(rf'<a href="/agreements/{identity[7:]}">recognises<br>', page.text)
    for said in ("Germany (DE)", "Kenya (KE)", "in force", "everything", "own method and thresholds"):
        assert said in text_of(page), said
    assert 'scope="row"' in page.text and "<caption>" in page.text and "style=" not in page.text
    german = text_of(client.get("/recognition?lang=de"))
    assert "Deutschland (DE)" in german and "Kenia (KE)" in german
    arabic = client.get("/recognition?lang=ar")
    assert 'dir="rtl"' in arabic.text and "كينيا" in arabic.text


def test_the_state_on_a_day(node, client):
    identity = agreed(node)
    node.intake.say([no(identity, KENYA)])
    states = {}
    for day in (-40, -20, -5, 0, 400):
        at = f"{NOW + timedelta(days=day):%Y-%m-%dT%H:%M:%SZ}"
        found = client.get("/api/v1/recognition", params={"at": at}).json()
        states[day] = [edge["state"] for edge in found["agreements"]]
    # Made ten days ago, accepted and ended now: before that there was none, then a proposal.
    assert states == {-40: [], -20: [], -5: ["proposed"], 0: states[0], 400: ["ended"]}
    page = client.get(f"/recognition?at={NOW - timedelta(days=5):%Y-%m-%d}")
    assert "proposed, not accepted yet" in text_of(page) and "As of" in text_of(page)
    assert "ended" in text_of(client.get("/recognition"))
    for wrong in ("2026-02-30", "soon", "9999999999"):
        answer = client.get("/recognition", params={"at": wrong})
        assert answer.status_code == 422 and 'id="at-error"' in answer.text
    answer = client.get("/api/v1/recognition", params={"at": "2026-02-30T00:00:00Z"})
    assert answer.status_code == 422, answer.text


def test_strangers_agreements_count_for_nothing_and_are_counted(node, client):
    for n in range(3):
        node.intake.say([make(agreement(id=f"forged {n}"), STRANGER)])
    page = text_of(client.get("/recognition"))
    assert "forged" not in page and "3 agreements are signed by nobody" in page
    assert client.get("/api/v1/recognition").json()["agreements"] == []


def test_an_assessment_is_read_point_by_point(node, client, report):
    identity = agreed(node)
    digest = give(node, report)[7:]
    page = client.get(f"/assessments/{digest}/recognition", params=HERE)
    text = text_of(page)
    assert page.status_code == 200 and page.text.count("<h1") == 1
    assert text.index("Not a conformity assessment") < text.index("The way to recognition")
    assert "a calculation, and no decision of an authority" in text
    assert "What of it counts in Germany (DE)" in text and "It leads there" in text
    assert f'href="/agreements/{identity[7:]}"' in page.text
    for said in ("Recognised", "Still to be shown", "Met by our own threshold", "fits here", "The lab of KE"):
        assert said in text, said
    ids = re.findall(r'\bid="([^"]+)"', page.text)
    assert len(ids) == len(set(ids)) and "style=" not in page.text
    assert f"/assessments/{digest}/recognition" in client.get(f"/assessments/{digest}").text
    bare = text_of(client.get(f"/assessments/{digest}/recognition"))
    assert "does not fit here" in bare or "unknown" in bare
    elsewhere = text_of(client.get(f"/assessments/{digest}/recognition?for=br"))
    assert "Brazil (BR)" in elsewhere and "BR has no agreement with KE" in elsewhere
    wrong = client.get(f"/assessments/{digest}/recognition", params={"for": "<b>Kenia"})
    assert wrong.status_code == 422 and "&lt;B&gt;KENIA" in wrong.text
    assert 'dir="rtl"' in client.get(f"/assessments/{digest}/recognition?lang=ar").text
    assert client.get(f"/assessments/{'0' * 64}/recognition").status_code == 404


def test_what_the_page_says_is_what_the_command_says(node, client, report, tmp_path, monkeypatch):
    """Oracle: `accord recognise` on the report folder, with the same lists and statements."""
    import json

    from click.testing import CliRunner

    from accord.cli import cli
    from accord.trust.trust_list_shelf import Shelf

    line = make(agreement(), node.speaker, NOW - timedelta(days=10))
    lines = [line, yes(hear(line).id, KENYA)]
    node.intake.say(lines)
    digest = give(node, report)[7:]
    ours = client.get(f"/api/v1/assessments/{digest}/recognition", params={"for": "DE", **HERE}).json()
    monkeypatch.setenv("ACCORD_HOME", str(tmp_path / "home"))
    for held in accepting.shelf_of(node).current():
        Shelf().take([held.heard.raw], [held.id])
    folder = tmp_path / "statements"
    folder.mkdir()
    for number, text in enumerate(lines):
        (folder / f"{number}.intoto.jsonl").write_bytes(text + b"\n")
    settings = recognising.rules_for(node, "DE")[0]
    named = [word for file in settings.frameworks for word in ("--framework", file.framework.id)]
    here = ["--population", HERE["population"], "--place", "KE", "--language", "sw"]
    arguments = ["recognise", str(report), "--for", "DE", "--statements", str(folder), *named, *here, "--json"]
    theirs = json.loads(CliRunner().invoke(cli, arguments, standalone_mode=False, catch_exceptions=False).stdout)
    assert ours["requirements"] == theirs["requirements"] and ours["results"] == theirs["results"]
    said = [[step["says"] for step in path["steps"]] for path in ours["paths"]]
    assert said == [[step["says"] for step in path["steps"]] for path in theirs["paths"]]
    assert any(point["status"] == "recognised" for point in ours["requirements"])


def test_the_calls_are_described(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    for path in ("/api/v1/recognition", "/api/v1/trust-lists", "/api/v1/assessments/{digest}/recognition"):
        assert paths[path]["get"]["description"] and paths[path]["get"]["operationId"]
    asked = {item["name"]: item for item in paths["/api/v1/assessments/{digest}/recognition"]["get"]["parameters"]}
    assert asked["for"]["required"] and asked["for"]["schema"]["pattern"]
    assert not [path for path in paths if path.startswith(("/decisions", "/agreements", "/trust-lists"))]


def test_an_answer_is_kept_and_gone_at_once_when_something_changes(node, client, report, monkeypatch):
    made = []
    original = recognising.appraise
    monkeypatch.setattr(recognising, "appraise", lambda *a: made.append(1) or original(*a))
    identity, target = agreed(node), give(node, report)
    address = f"/assessments/{target[7:]}/recognition"
    for _again in range(3):
        assert "It leads there" in text_of(client.get(address, params=HERE))
    assert len(made) == 1
    node.intake.say([make(agreement(id="of others", of="BR"), STRANGER)])
    client.get(address, params=HERE)
    assert len(made) == 1, "what counts for nothing changes nothing"
    client.get(address, params=HERE | {"places": "DE"})
    client.get(address, params=HERE | {"lang": "de"})
    assert len(made) == 3
    node.intake.say([no(identity, KENYA)])
    assert "It does not lead there" in text_of(client.get(address, params=HERE | {"lang": "en"}))
    assert len(made) == 4


def test_no_more_than_a_few_are_made_at_a_time(node, client, report, monkeypatch):
    import time

    agreed(node)
    digest = give(node, report)[7:]
    release, running, most, lock = threading.Event(), [0], [0], threading.Lock()
    agreed_on = recognising.answer(node, VISITOR, f"sha256:{digest}", Here("DE")).appraisal

    def slow(*arguments):
        with lock:
            running[0] += 1
            most[0] = max(most[0], running[0])
        release.wait(20)
        with lock:
            running[0] -= 1
        return agreed_on

    monkeypatch.setattr(recognising, "appraise", slow)
    answers = []

    def ask(number):
        answers.append(client.get(f"/assessments/{digest}/recognition", params={"period": str(2000 + number)}))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + 20
    while len(answers) < 4 and time.monotonic() < deadline:
        time.sleep(0.02)
    busy = [answer for answer in answers if answer.status_code == 503]
    assert len(busy) == 4 and all(int(answer.headers["retry-after"]) > 0 for answer in busy)
    assert client.get("/recognition").status_code == 200, "all else goes on"
    release.set()
    for thread in threads:
        thread.join(30)
    assert most[0] == 2
    assert sorted(answer.status_code for answer in answers) == [200] * 6 + [503] * 4


def test_a_record_that_is_not_what_was_signed_is_not_used(node, client, report):
    agreed(node)
    digest = give(node, report)[7:]
    with node.store.writing() as transaction:
        row = transaction.one("SELECT data FROM files WHERE name = 'assessment.json'")
        changed = bytes(row[0]).replace(b'"Mkopo Ltd"', b'"Mkopo Inc"', 1)
        transaction.run("UPDATE files SET data = ? WHERE name = 'assessment.json'", changed)
    page = client.get(f"/assessments/{digest}/recognition")
    assert page.status_code == 200 and "Its record is not here, or may not be shown" in text_of(page)
    answer = client.get(f"/api/v1/assessments/{digest}/recognition?for=DE")
    assert answer.status_code == 404 and answer.headers["content-type"].startswith("application/problem+json")


def test_what_the_node_of_a_log_revokes_is_recognised_no_more(node, client, report):
    agreed(node)
    target = give(node, report)
    address = f"/assessments/{target[7:]}/recognition"
    stranger = Revocation(target=target, reason="of a stranger", effective="2026-01-01T00:00:00Z")
    node.intake.say([say(stranger, "revocation", [subject("", target)], signers=[STRANGER])])
    assert "It leads there" in text_of(client.get(address, params=HERE))
    node.say(Revocation(target=target, reason="labels", effective="2026-01-01T00:00:00Z"), "revocation", [target])
    page = text_of(client.get(address, params=HERE))
    assert "It was revoked as of 2026-01-01: labels" in page and "It does not lead there" in page


def test_nothing_withheld_or_erased_shows_on_any_route(node, client, report, tmp_path):
    """What is shown to a visitor is the same, to the byte, whether what is withheld is there or not."""
    agreed(node)
    target = give(node, report)
    lists = {item.record.jurisdiction: item for item in accepting.shelf_of(node).current()}
    lab = next(body for body in bodies_of(lists["KE"], NOW) if body.entity == "lab")
    addresses = [
        "/recognition", "/trust-lists", f"/bodies/{lab.id}", "/decisions", "/plans", "/certificates",
        f"/assessments/{target[7:]}/recognition?population=Loan+applicants&places=KE&languages=sw",
        "/api/v1/recognition?at=2030-01-01T00:00:00Z", "/api/v1/trust-lists", f"/api/v1/bodies/{lab.id}",
        f"/api/v1/assessments/{target[7:]}/decisions",
    ]  # fmt: skip
    before = {address: client.get(address).text for address in addresses}
    second = make(agreement(id="secret-agreement", of="BR"), node.speaker)
    end = no(hear(make(agreement(), node.speaker, NOW - timedelta(days=10))).id, KENYA, "secret end")
    real = client.get("/api/v1/recognition").json()["agreements"][0]["statement"]
    end = no(real, KENYA, "secret end")
    result = Repeated(inspector="data.profile", measure="data.rows", part=target, outcome="differs")
    recheck = Recheck(
        statement=target, target=target, body=LAB.keyid, measurers={}, results=(result,), outcome="differs", accord="0"
    )
    repeat = say(recheck, "recheck", [subject("t", target)], signers=[OTHER_LAB])
    alien = trust_list("XX", [("a", "authority", STRANGER)]).heard.raw
    plan, paper, decision, examination = (makes(node, target) for makes in (_plan, _paper, _decision, _examination))
    secrets = [second, end, repeat, alien, plan, paper, decision, examination]
    node.intake.say(secrets, "none", "under embargo")
    for address in addresses:
        assert client.get(address).text == before[address], address
    for line in secrets[:1]:
        assert client.get(f"/agreements/{hear(line).id[7:]}").status_code == 404
    # The same, shown to all: now every one of them shows somewhere. So the test above can fail.
    for line in secrets:
        node.say(Disclosure(targets=(hear(line).id,), level="public", reason="over"), "disclosure", [hear(line).id])
    after = {address: client.get(address).text for address in addresses}
    changed = {address for address in addresses if after[address] != before[address]}
    assert changed == {*addresses} - {"/api/v1/trust-lists"}, "the list is shown as one that nobody pinned"
    assert "secret end" in after["/recognition"] and "secret-agreement" in after["/recognition"]
    # Erased, they are gone again from what is counted and listed.
    for line in secrets:
        node.say(Erasure(target=hear(line).id, reason="personal data"), "erasure", [hear(line).id])
    for address in addresses:
        if address.startswith("/bodies") or address.startswith("/api/v1/bodies"):
            continue
        assert client.get(address).text == before[address], address


def test_an_assessment_that_is_withheld_is_shown_to_nobody_outside(node, running, report):
    agreed(node)
    target = give(node, report, "none", "under embargo")
    with running(node) as url:
        visitor = httpx.Client(base_url=url, timeout=60)
        reader, _ = login(node, url, "rita", ["reader"])
        officer, _ = login(node, url, "olga", ["officer"])
        with visitor, reader, officer:
            for address in (
                f"/assessments/{target[7:]}/recognition",
                f"/api/v1/assessments/{target[7:]}/recognition?for=DE",
            ):
                assert visitor.get(address).status_code == reader.get(address).status_code == 404
                assert officer.get(address).status_code == 200
            assert visitor.get(f"/api/v1/assessments/{target[7:]}/decisions").json() == []


def test_an_answer_that_staff_asked_for_is_not_handed_to_visitors(node, report):
    """An agreement that is withheld counts for the staff, and the answer that is kept is not a visitor's."""
    line = make(agreement(), node.speaker, NOW - timedelta(days=10))
    node.intake.say([line, yes(hear(line).id, KENYA)], "none", "not published yet")
    target = give(node, report)
    here = Here("DE", Context(population=HERE["population"], places=("KE",), languages=("sw",)))
    staff = recognising.answer(node, STAFF, target, here).appraisal
    assert staff.paths[0].holds and staff.count("recognised")
    visitor = recognising.answer(node, VISITOR, target, here).appraisal
    assert visitor.count("recognised") == 0 and "DE has no agreement with KE" in visitor.paths[0].first_failing.says


@pytest.fixture
def hostile(tmp_path):
    """A report whose card tries everything, and whose record is true."""
    name = "<script>alert(1)</script> \\u202egpj \\u0007" + "很" * 200
    folder = make_system(tmp_path / "loans")
    card = (folder / "accord.toml").read_text().replace("Small loans", name).replace("Mkopo Ltd", name)
    (folder / "accord.toml").write_text(card)
    return sealed(assessed(folder), tmp_path / "report", key=LAB, at=NOW - timedelta(days=20))


def test_hostile_names_are_only_names(node, client, hostile):
    made = make(agreement(id="<script>x</script>", reason="\u202eevil", bodies=("<img src=x>",)), node.speaker)
    node.intake.say([made, yes(hear(made).id, KENYA)])
    digest = give(node, hostile)[7:]
    for address in (f"/assessments/{digest}/recognition", "/recognition", f"/agreements/{hear(made).id[7:]}"):
        page = client.get(address)
        assert page.status_code == 200
        for evil in ("<script>alert", "<script>x", "<img src=x", "\u202e", "\x07"):
            assert evil not in page.text, (address, evil)


def test_plans_and_papers_have_pages(node, client, report):
    target = give(node, report)
    plan, paper = _plan(node, target), _paper(node, target)
    node.intake.say([plan, paper])
    assert "No result that follows it is here." in text_of(client.get("/plans"))
    text = text_of(client.get("/certificates"))
    assert "Claimed on paper, not measured." in text and "Read again by nobody" in text and "It is fair" in text
    assert 'dir="rtl"' in client.get("/certificates?lang=ar").text
    assert client.get("/plans?before=0").status_code == 400


def _plan(node, target):
    from accord.records.plan import Plan
    from accord.records.subject import Subject

    record = Plan(accord="0", subject=Subject(name="secret plan", digest=target, parts=()), runs=())
    return say(record, "plan", [subject("", target)], signers=[LAB])


def _paper(node, target):
    from accord.records.certificate import Certificate, Paper
    from accord.records.said import Person

    record = Certificate(
        paper=Paper(digest="sha256:" + "1" * 64, size=1, media_type="application/pdf"),
        issuer="Secret Institute",
        scope=("ISO/IEC 42001",),
        issued="2026-01-01",
        claims=("It is fair.",),
        about="Loans",
        about_digest=target,
        language="en",
        transcribed_by=Person(name="Anna", role="clerk"),
    )
    return say(record, "certificate", [subject("", record.paper.digest)], signers=[LAB])


def _decision(node, target):
    from accord.recognition.deciding import begin, finished, settle, sign
    from accord.records.recognition import CheckTest, Path, PathStep, Recognition
    from accord.records.said import Person

    record = Recognition(
        assessment=target,
        subject=target,
        jurisdiction="DE",
        outcome="refused",
        at="2026-01-01T00:00:00Z",
        valid_until=f"{NOW + timedelta(days=9):%Y-%m-%d}",
        paths=(Path(statement=target, keyid="", steps=(PathStep(name="body", holds=False, says="x"),)),),
        frameworks=(),
        check_test=CheckTest(),
        remedy="secret remedy",
        prepared_by=Person(name="Anna", role="clerk"),
    )
    draft = settle(
        begin(record, OTHER_LAB.public, node.speaker.public), STRANGER.public, Person(name="Ben", role="head")
    )
    return finished(sign(sign(sign(draft, OTHER_LAB), STRANGER), node.speaker))


def _examination(node, target):
    from accord.records.recognition import Examination
    from accord.records.said import Person

    record = Examination(assessment=target, jurisdiction="DE", by=Person(name="Anna", role="clerk"))
    return say(record, "examination", [subject("", target)], signers=[node.speaker])


def test_the_command_answers_for_what_a_node_keeps(node, client, report):
    import json

    from click.testing import CliRunner

    from accord.cli import cli
    from accord.errors import AccordError

    agreed(node)
    target = give(node, report, "none", "under embargo")  # whoever has the folder may see it
    settings = recognising.rules_for(node, "DE")[0]
    named = [word for file in settings.frameworks for word in ("--framework", file.framework.id)]
    here = ["--population", HERE["population"], "--place", "KE", "--language", "sw", "--json"]

    def run(*arguments):
        done = CliRunner().invoke(cli, ["recognise", *arguments], standalone_mode=False)
        return done.exception if done.exception else json.loads(done.stdout)

    found = run(target, "--folder", str(node.folder), "--for", "DE", *named, *here)
    context = Here("DE", Context(population=HERE["population"], places=("KE",), languages=("sw",)))
    expected = recognising.answer(node, STAFF, target, context).appraisal
    assert found["requirements"] == json.loads(to_json(expected))["requirements"]
    early = run(target, "--folder", str(node.folder), "--for", "DE", "--at", "2026-01-01", *named, *here)
    assert early["paths"][0]["steps"][0]["holds"] is False, "it was not signed yet"
    for wrong in (
        (target, "--for", "DE", "--folder", str(node.folder), "--decide", "x"),
        ("sha256:" + "0" * 64, "--for", "DE", "--folder", str(node.folder)),
        (target, "--for", "DE", "--folder", str(node.folder / "nothing")),
    ):
        assert isinstance(run(*wrong), AccordError), wrong
