"""From a real upload over HTTP to a published assessment, checked by whoever reads it."""

from __future__ import annotations

import hashlib
import json

import httpx
import pytest

from accord.node.jobs.folders import folder_of
from accord.records import Assessment, from_json
from accord.trust.proof import parse_proof, verify_proof
from accord.trust.saying import hear
from accord.trust.tree import leaf_hash

from .conftest import gone


def events(text):
    """Parse an event stream as the HTML standard says (section 9.2.6), in a few lines of its own."""
    found, fields = [], {}
    for raw in text.replace("\r\n", "\n").split("\n"):
        if raw == "":
            if "data" in fields:
                found.append(fields)
            fields = {}
        elif not raw.startswith(":"):
            name, _, value = raw.partition(":")
            value = value.removeprefix(" ")
            fields[name] = f"{fields[name]}\n{value}" if name == "data" and "data" in fields else value
    return found


def test_from_an_upload_to_a_published_assessment(node, lab, url, table, card):
    job = lab.hand_in({"scores.csv": table()}, **card)
    with lab.stream("GET", f"/api/v1/jobs/{job}/events", headers={"accept-encoding": "gzip"}) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in answer.headers
        told = events(answer.read().decode())
    done = lab.ended(job)
    assert done["state"] == "done" and done["attempts"] == 1 and done["error"] is None

    numbers = [int(item["id"]) for item in told[:-1]]
    assert numbers == list(range(1, len(told)))
    assert told[-1]["event"] == "end" and json.loads(told[-1]["data"]) == {"state": "done", "result": done["result"]}
    results = {e["inspector"]: e for item in told if item["event"] == "result" for e in [json.loads(item["data"])]}
    assert results["fairness.groups"]["status"] == "measured" and results["fairness.groups"]["measurements"] > 10
    assert results["model_files.pickles"]["status"] == "skipped"
    resumed = lab.get(f"/api/v1/jobs/{job}/events", headers={"last-event-id": str(numbers[-2])}).text
    assert [item.get("id") for item in events(resumed)] == [str(numbers[-1]), None]

    visitor = httpx.Client(base_url=url)
    digest = done["result"][7:]
    line = visitor.get(f"/api/v1/statements/{digest}/envelope").content
    heard = hear(line)
    assert heard.id == done["result"] and heard.kind == "assessment"
    assert [key.raw for key in heard.keys] == [node.speaker.public.raw]
    assert heard.statement.predicate["log"]["origin"] == node.origin
    proof = parse_proof(visitor.get(f"/api/v1/statements/{digest}/proof").content)
    verify_proof(proof, leaf_hash(heard.entry), node.log.verifier_key)
    data = visitor.get(f"/api/v1/statements/{digest}/files/assessment.json").content
    named = {item["name"]: item["sha256"] for item in heard.statement.predicate["files"]}
    assert named == {"assessment.json": hashlib.sha256(data).hexdigest(), **{n: named[n] for n in named if n[0] == "."}}
    for reference in heard.statement.predicate["evidence"]:
        assert visitor.get(f"/api/v1/statements/{reference['sha256']}").status_code == 200
    assert gone(folder_of(node, job))  # the upload is deleted
    with node.store.reading() as transaction:
        row = transaction.one("SELECT account, planned FROM publications WHERE id = ?", done["result"])
    assert row is not None and row[1] == 0

    record = from_json(data, Assessment)
    rates = {
        (m.dimensions["group"], m.dimensions["attribute"]): m.value
        for item in record.evidence
        for m in item.measurements
        if m.measure == "fairness.false_positive_rate" and "group" in m.dimensions
    }
    rows = [line.split(",") for line in table().decode().splitlines()[1:]]
    for sex in "fm":  # counted again, by hand
        negatives = [row for row in rows if row[0] == sex and row[3] == "0"]
        assert rates[sex, "sex"] == pytest.approx(sum(row[2] == "1" for row in negatives) / len(negatives))
    measured = next(item for item in record.evidence if item.inspector == "fairness.groups")
    assert "seccomp" in measured.isolation.granted  # the sandbox holds inside the job's own confinement
    assert any(word.startswith("landlock") for word in measured.isolation.granted)
    assert {item.jurisdiction for item in record.frameworks} >= {"US", "INT"}


def test_small_counts_of_persons_are_not_published(lab, node, table, card):
    rows = table().replace(b"f,", b"z,", 3)  # three persons of a third group
    record = lab.record_of(lab.hand_in({"scores.csv": rows}, **card))
    of_persons = next(item for item in record.evidence if item.inspector == "fairness.groups").statistics
    counts = [count for tensor in of_persons.values() for count in tensor.values]
    assert counts and not [count for count in counts if 0 < count < 5]
    assert any("not published" in note for item in record.evidence for note in item.not_checked)
    assert not any("z" in (m.dimensions.get("group"),) for item in record.evidence for m in item.measurements)


def test_who_may_read_the_result(lab, as_, url, table):
    job = lab.hand_in({"a.csv": table(100)}, disclosure="none", reason="a draft")
    digest = lab.ended(job)["result"][7:]
    for reader in (httpx.Client(base_url=url), as_("reader")):
        for what in ("", "/envelope", "/proof", "/files/assessment.json"):
            assert reader.get(f"/api/v1/statements/{digest}{what}").status_code == 404
        assert digest not in reader.get("/api/v1/assessments").text
    assert as_("operator").get(f"/api/v1/statements/{digest}").json()["disclosure"] == "none"


def test_a_signed_plan_is_followed(lab, node, tmp_path, monkeypatch, table):
    from msgspec.structs import replace

    from accord.assess import Options, plan
    from accord.frameworks import open_framework
    from accord.inspectors.registry import all_inspectors
    from accord.plan import draft
    from accord.subjects import open_target
    from accord.trust.ed25519 import SigningKey
    from accord.trust.saying import say
    from accord.trust.statement import subject

    (tmp_path / "a.csv").write_bytes(table(300))
    inspectors = all_inspectors()
    with open_target(str(tmp_path / "a.csv")) as target:
        steps = plan(target, inspectors, Options(only=("data.profile",)))
        drafted = draft(target, [s.request for s in steps if s.request], [], inspectors, [open_framework("eu-ai-act")])
    drafted = replace(drafted, only=("data.profile",), sample="all rows", stops="when it is done")
    key = SigningKey.from_seed(bytes(range(1, 33)))
    line = say(drafted, "plan", [subject(drafted.subject.name, drafted.subject.digest)], signers=[key])
    missing = lab.post("/api/v1/jobs", files={"file": ("a.csv", table(300))}, data={"plan": hear(line).id})
    assert missing.status_code == 422 and "plan" in missing.json()["title"]
    assert lab.post("/api/v1/statements", content=line).json()["accepted"] == 1

    record = lab.record_of(lab.hand_in({"a.csv": table(300)}, plan=hear(line).id))
    assert record.plan.statement == hear(line).id and record.plan.deviations == ()
    assert {item.inspector for item in record.evidence if item.status == "measured"} == {"data.profile"}
    with node.store.reading() as transaction:
        assert transaction.one("SELECT planned FROM publications ORDER BY published DESC, id LIMIT 1") is not None
        assert transaction.one("SELECT COUNT(*) FROM publications WHERE planned = 1")[0] == 1

    other = lab.ended(lab.hand_in({"a.csv": table(301)}, plan=hear(line).id))
    assert (other["state"], other["error"]["code"]) == ("failed", "not-as-planned")
    assert lab.record_of(lab.hand_in({"a.csv": table(301)}, plan=hear(line).id, deviate="a row more")).plan.deviations
