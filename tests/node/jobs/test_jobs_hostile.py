"""Hostile uploads come to findings, or to an error with a remedy; nothing of them is followed, run or kept."""

from __future__ import annotations

import io
import socket
import tarfile
import zipfile

import pytest

from accord.node.jobs import working as at_work
from accord.node.jobs.folders import folder_of

from .conftest import gone


def tar(*members):
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w:gz") as archive:
        for name, content in members:
            entry = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
            else:
                entry.type, entry.linkname = content
                archive.addfile(entry)
    return held.getvalue()


def test_a_pickle_does_nothing_but_give_findings(lab, tmp_path):
    canary = tmp_path / "canary"
    pickle = b"cposix\nsystem\n(S'touch " + str(canary).encode() + b"'\ntR."
    record = lab.record_of(lab.hand_in({"model.pkl": pickle}))
    severities = {finding.severity for item in record.evidence for finding in item.findings}
    assert "critical" in severities
    assert not canary.exists()


def test_an_address_or_path_in_an_upload_leads_nowhere(lab, tmp_path, table):
    secret = tmp_path / "secret.csv"
    secret.write_text("name,password\n" + "alice,hunter2\n" * 40)
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.1)
        port = server.getsockname()[1]
        card = f'[endpoint]\nurl = "http://127.0.0.1:{port}/v1"\nmodel = "m"\n[data]\nfile = "scores.csv"\n'
        card += f'[system]\nname = "http://127.0.0.1:{port}/name"\n'
        archive = tar(
            ("accord.toml", card.encode()),
            ("scores.csv", table(200)),
            ("link.csv", (tarfile.SYMTYPE, str(secret))),
            ("hard.csv", (tarfile.LNKTYPE, str(secret))),
            ("../../escaped.csv", table(50)),
            (str(tmp_path / "absolute.csv"), table(50)),
            ("README.md", f"see http://127.0.0.1:{port}/readme".encode()),
        )
        record = lab.record_of(lab.hand_in({"system.tgz": archive}))
        with pytest.raises(TimeoutError):
            asked.append(server.accept())
    assert not asked
    assert not (tmp_path / "absolute.csv").exists()
    assert {part.path for part in record.subject.parts} == {"", "scores.csv"} | {
        part.path for part in record.subject.parts if part.kind == "text"
    }
    assert sum("refused while unpacking" in note for note in record.subject.excluded) == 4
    assert record.card.endpoint.url.endswith("/v1")  # a claim, kept as one
    assert "hunter2" not in str(record)
    assert record.environment.network == "not used"


@pytest.mark.parametrize(
    ("card", "code"),
    [
        (b'[data]\nfile = "../../../../etc/passwd"\n', "malformed-card"),
        (b'[documents]\nmodel_card = "/etc/passwd"\n', "malformed-card"),
        (b"[system\n", "malformed-card"),
    ],
)
def test_a_card_that_leads_out_fails_the_job_with_a_remedy(lab, card, code, table):
    done = lab.ended(lab.hand_in({"accord.toml": card, "a.csv": table(50)}))
    assert (done["state"], done["error"]["code"]) == ("failed", code)
    assert done["error"]["remedy"] and not done["result"]


def test_a_bomb_ends_its_job_only(lab, node):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"{number}.csv", bytes(64 << 20))
    job = lab.hand_in({"bomb.zip": held.getvalue()})
    done = lab.ended(job)
    assert (done["state"], done["error"]["code"]) == ("failed", "archive-bomb")
    assert gone(folder_of(node, job))


def test_what_nobody_can_measure_is_no_pass(lab):
    for files in ({"notes.bin": b"\x00\x01\x02"}, {"empty.csv": b""}, {"accord.toml": b'[system]\nname = "P"\n'}):
        done = lab.ended(lab.hand_in(files))
        assert (done["state"], done["error"]["code"]) == ("failed", "nothing-assessed"), files
        assert done["error"]["remedy"]


def test_a_job_that_outgrows_the_node_is_ended(lab, monkeypatch, large, card):
    monkeypatch.setattr(at_work, "LEAST_FREE", 1 << 62)
    monkeypatch.setattr(at_work, "HEARTBEAT_SECONDS", 0.1)
    done = lab.ended(lab.hand_in({"scores.csv": large}, **card))
    assert (done["state"], done["error"]["code"]) == ("failed", "job-too-large")
