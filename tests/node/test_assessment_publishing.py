"""Reports handed in over HTTP: checked here, whole or not at all, once, and by who may."""

from __future__ import annotations

import hashlib
import json
import socket

import httpx
import pytest

from accord.node.auth import accounts, tokens
from accord.node.receiving import PARTS
from accord.records.said import Disclosure
from accord.store.viewer import Viewer
from accord.trust.saying import hear


@pytest.fixture(scope="session")
def report(make_report, tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="session")
def small_report(make_report, tmp_path_factory):
    return make_report(tmp_path_factory.mktemp("few"), rows="x,9001,1,0\nx,9002,1,1\n")


@pytest.fixture
def token(node):
    account = accounts.add(node, login="lab", name="Lab", office="Testing", roles=("publisher",), by="command-line")
    viewer = Viewer(account=account.id, name="Lab", roles=frozenset({"publisher"}), office="Testing")
    return tokens.make(node, viewer, "publishing", {"publisher"}, 30)[1]


@pytest.fixture
def publish(client, token):
    """publish(folder, disclosure=…, changes={part: bytes}): the answer of the node."""

    def sent(folder, disclosure="public", reason="", changes=None, token=token):
        parts = {part: (folder / name).read_bytes() for part, name in PARTS.items() if (folder / name).is_file()}
        parts = {part: data for part, data in (parts | (changes or {})).items() if data is not None}
        files = {part: (PARTS[part], data, "application/octet-stream") for part, data in parts.items()}
        headers = {"authorization": f"Bearer {token}"} if token else {}
        query = {"disclosure": disclosure, "reason": reason}
        return client.post("/api/v1/reports", params=query, files=files, headers=headers)

    return sent


def kept(node):
    with node.store.reading() as transaction:
        return transaction.one("SELECT COUNT(*) FROM statements WHERE kind IN ('assessment', 'evidence')")[0]


def test_a_report_is_taken_in_whole_and_once(node, client, report, publish):
    lines = (report / "assessment.intoto.jsonl").read_bytes().splitlines()
    answer = publish(report).raise_for_status().json()
    assert answer["id"] == hear(lines[-1]).id
    assert answer["statements"] == [hear(line).id for line in lines]
    assert not answer["known"]
    size = node.size
    again = publish(report).json()
    assert again == answer | {"known": True}
    assert node.size == size
    digest = answer["id"][7:]
    record = client.get(f"/api/v1/statements/{digest}/files/assessment.json").content
    assert record == (report / "assessment.json").read_bytes()
    proof = client.get(f"/api/v1/statements/{digest}/files/assessment.tlog-proof").content
    assert proof == (report / "assessment.tlog-proof").read_bytes()
    assert client.get(f"/api/v1/statements/{digest}/envelope").content == lines[-1]
    assert "Testing" in client.get(answer["page"]).text


def test_statements_that_were_here_before_get_their_record(node, client, report, publish):
    lines = (report / "assessment.intoto.jsonl").read_bytes().splitlines()
    node.intake.say(lines)  # as from a peer that did not show the record
    digest = hear(lines[-1]).id[7:]
    assert client.get(f"/api/v1/statements/{digest}/files/assessment.json").status_code == 404
    assert "Its record is not here" in client.get(f"/assessments/{digest}").text
    assert publish(report).json()["known"]
    assert client.get(f"/api/v1/statements/{digest}/files/assessment.json").status_code == 200
    assert "1,200 rows" in client.get(f"/assessments/{digest}").text


def altered_record(folder):
    record = json.loads((folder / "assessment.json").read_text())
    record["subject"]["name"] = "Another"
    return {"record": json.dumps(record).encode()}


def without_a_line(folder):
    lines = (folder / "assessment.intoto.jsonl").read_bytes().splitlines(keepends=True)
    return {"statements": b"".join(lines[1:])}


def other_order(folder):
    lines = (folder / "assessment.intoto.jsonl").read_bytes().splitlines(keepends=True)
    return {"statements": b"".join([lines[1], lines[0], *lines[2:]])}


def other_signature(folder):
    lines = (folder / "assessment.intoto.jsonl").read_bytes().splitlines()
    last = json.loads(lines[-1])
    signature = last["signatures"][0]["sig"]
    last["signatures"][0]["sig"] = ("B" if signature[0] == "A" else "A") + signature[1:]
    whole = json.dumps(last, separators=(",", ":"), sort_keys=True).encode()
    return {"statements": b"\n".join([*lines[:-1], whole]) + b"\n"}


def other_proof(folder):
    return {"proof": (folder / "assessment.tlog-proof").read_bytes().replace(b"index ", b"index 1")}


def no_json(folder):
    return {"record": b"[" * 100_000}


def no_statements(folder):
    return {"statements": b"\x00\xff\n"}


def something_added(folder):
    return {"plan": b"{}\n"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (altered_record, "assessment.json: altered"),
        (without_a_line, "assessment.intoto.jsonl: missing"),
        (other_order, "the lines are in another order"),
        (other_signature, "assessment.intoto.jsonl"),
        (other_proof, "assessment.tlog-proof: altered"),
        (no_json, "assessment.json: altered"),
        (no_statements, "assessment.intoto.jsonl"),
        (something_added, "plan.intoto.jsonl: added"),
    ],
)
def test_an_altered_report_is_refused_and_nothing_of_it_stays(node, report, publish, change, said):
    answer = publish(report, changes=change(report))
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:accord:problem:altered-report"
    assert said in answer.json()["title"]
    assert kept(node) == 0


def test_small_counts_are_not_made_public(node, client, small_report, publish, token):
    answer = publish(small_report)
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:accord:problem:small-counts"
    assert kept(node) == 0
    answer = publish(small_report, "community", "it counts few persons").raise_for_status().json()
    assert answer["disclosure"] == "community"
    assert client.get(answer["page"]).status_code == 404
    seen = client.get(answer["page"], headers={"authorization": f"Bearer {token}"})
    assert "1,202 rows" in seen.text
    assert publish(small_report, "none", "no").json()["disclosure"] == "community"  # an officer changes it, not this


def test_a_small_count_that_became_public_later_is_not_shown(node, client, small_report, publish, token):
    answer = publish(small_report, "community", "few").json()
    targets = tuple(answer["statements"])
    node.say(Disclosure(targets=targets, level="public", reason="a mistake"), "disclosure", targets)
    page = client.get(answer["page"])
    assert page.status_code == 200
    assert "counts fewer than five persons" in page.text
    assert "1,202 rows" not in page.text


def test_who_may_publish(node, client, report, publish):
    nobody = publish(report, token=None)
    assert nobody.status_code == 401
    reader = accounts.add(node, login="reader", name="Reader", roles=("reader",), by="command-line")
    viewer = Viewer(account=reader.id, name="Reader", roles=frozenset({"reader"}))
    secret = tokens.make(node, viewer, "reading", {"reader"}, 30)[1]
    assert publish(report, token=secret).status_code == 403
    assert publish(report, token="accord_wrong").status_code == 401
    assert kept(node) == 0


def test_who_may_not_publish_is_refused_before_the_upload_is_read(client):
    head = (
        f"POST /api/v1/reports HTTP/1.1\r\nHost: {client.base_url.host}\r\nContent-Length: 100000000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
    )
    with socket.create_connection((client.base_url.host, client.base_url.port), timeout=5) as connection:
        connection.sendall(head.encode())  # and not a byte more
        assert b"401" in connection.recv(100)


@pytest.mark.parametrize("part", ["record", "statements", "proof"])
def test_a_part_that_is_missing_or_empty(report, publish, part):
    assert publish(report, changes={part: None}).status_code == 400
    assert publish(report, changes={part: b""}).status_code in (400, 422)


def test_what_is_no_upload_is_a_client_error(client, token):
    headers = {"authorization": f"Bearer {token}"}
    for content, kind in ((b"{}", "application/json"), (b"x", "multipart/form-data"), (b"", "text/plain")):
        answer = client.post("/api/v1/reports", content=content, headers={**headers, "content-type": kind})
        assert 400 <= answer.status_code < 500, (kind, answer.text)


def test_an_upload_is_bounded(tmp_path, running, report):
    from accord.node.node import open_node

    with open_node(tmp_path / "n", upload_bytes=100_000, requests_per_minute=10**6) as node, running(node) as url:
        account = accounts.add(node, login="lab", name="Lab", roles=("publisher",), by="command-line")
        viewer = Viewer(account=account.id, roles=frozenset({"publisher"}))
        secret = tokens.make(node, viewer, "t", {"publisher"}, 30)[1]
        files = {part: (report / name).read_bytes() for part, name in list(PARTS.items())[:3]}
        files["record"] += b" " * 200_000
        answer = httpx.post(f"{url}/api/v1/reports", files=files, headers={"authorization": f"Bearer {secret}"})
        assert answer.status_code == 413


def test_two_reports_with_the_same_evidence(node, report, publish, tmp_path):
    """Judged again: the same evidence under another assessment. Nothing is stored twice."""
    from click.testing import CliRunner

    from accord.cli import cli

    arguments = ["judge", str(report), "--framework", "eu-ai-act", "--out", str(tmp_path / "again"), "--json"]
    done = CliRunner().invoke(cli, arguments, standalone_mode=False)
    assert done.return_value == 0, done.exception
    first, second = publish(report).json(), publish(tmp_path / "again").json()
    assert first["statements"][:-1] == second["statements"][:-1]
    assert first["id"] != second["id"]
    assert kept(node) == len(first["statements"]) + 1
    digest = hashlib.sha256((tmp_path / "again" / "assessment.json").read_bytes()).hexdigest()
    with node.store.reading() as transaction:
        assert transaction.one("SELECT COUNT(*) FROM files WHERE sha256 = ?", digest) == (1,)
