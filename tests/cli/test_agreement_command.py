"""`accord agreement`: two authorities make, accept and end one; a third party sees what holds."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner

from accord.cli import cli
from accord.errors import AccordError
from accord.records.trust_list import PostalAddress
from accord.trust import KeyStore
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import local_name
from accord.trust.saying import say
from accord.trust.statement import subject
from accord.trust.trust_list import subject_digest
from accord.trust.trust_list_editing import add_entity, add_service, first_list
from accord.trust.trust_list_shelf import Shelf

ROOT = SigningKey.from_seed(b"r" * 32)
WHO = ("--name", "A. Person", "--function", "head of recognition")
TODAY = datetime.now(UTC).date()


@pytest.fixture
def on(tmp_path, monkeypatch):
    """Return what runs a command on a machine; every machine has accepted the lists of Germany and Kenya."""
    monkeypatch.chdir(tmp_path)
    keys = {}
    for machine in ("DE", "KE", "other"):
        monkeypatch.setenv("ACCORD_HOME", str(tmp_path / machine))
        keys[machine] = str(KeyStore().vkey()) if KeyStore().own() else ""
    now = datetime.now(UTC).replace(microsecond=0)
    lists = []
    for code in ("DE", "KE"):
        record = first_list(f"Office of {code}", code, [str(local_name(ROOT.public))], 1, days=30, at=now)
        address = PostalAddress(lang="en", StreetAddress="1", Country=code)
        record = add_entity(record, "Office", "office", address=address, email="a@b.example", uri="https://o.example")
        since = now - timedelta(days=90)
        record = add_service(record, "office", "authority", [keys[code]], since=since, at=now)
        about = [subject(record.operator, subject_digest(record))]
        lists.append(say(record, "trust-list", about, signers=[ROOT], now=now))

    def run(machine, *arguments, error=None):
        monkeypatch.setenv("ACCORD_HOME", str(tmp_path / machine))
        if machine != "stranger":
            for line in lists:
                Shelf().take([line], [ROOT.keyid])
        result = CliRunner().invoke(cli, ["agreement", *map(str, arguments)], standalone_mode=False)
        if error is None:
            if result.exception:
                raise result.exception
            return result.output
        assert isinstance(result.exception, AccordError), result.exception
        assert result.exception.code == error
        return result.exception.message

    return run


def made(on, *more, machine="DE"):
    base = ("make", "--recognises", "DE", "--of", "KE", "--until", TODAY + timedelta(days=400), "--out", "shared", *WHO)
    return json.loads(on(machine, *base, *more, "--json"))


def states(on, *arguments, machine="other"):
    return [item["state"] for item in json.loads(on(machine, "list", "shared", *arguments, "--json"))["agreements"]]


def test_made_accepted_ended(on):
    found = made(on, "--framework", "eu-ai-act", "--check-test-rate", "0.05", "--max-age-days", "365", "--body", "lab")
    agreement = found["agreement"]["agreement"]
    assert agreement["scope"]["frameworks"] == ["eu-ai-act"]
    assert agreement["conditions"]["check_test_rate"] == 0.05
    assert agreement["by"] == {"name": "A. Person", "role": "head of recognition", "office": ""}
    assert found["agreement"]["state"] == "proposed"
    assert states(on) == ["proposed"]
    accepted = json.loads(on("KE", "accept", found["file"], *WHO, "--out", "shared", "--json"))
    assert accepted["agreement"]["state"] == "in_force"
    assert states(on) == ["in_force"]
    assert states(on, "--at", TODAY + timedelta(days=401)) == ["lapsed"]
    assert "1 agreement is in force" in on("other", "list", "shared")
    assert states(on, machine="stranger") == ["invalid"]
    later = TODAY + timedelta(days=30)
    end = ("end", found["file"], "--reason", "the law changed", "--effective", later, *WHO, "--out", "shared")
    assert "Signed, logged" in on("KE", *end)
    assert states(on) == ["in_force"]
    assert states(on, "--at", later) == ["ended"]
    assert "the law changed" in on("other", "list", "shared", "--at", later)
    assert states(on, "--at", TODAY - timedelta(days=1)) == []


def test_who_is_no_authority_is_told(on):
    assert "does not count" in on(
        "other", "make", "--recognises", "DE", "--of", "KE", "--until", TODAY, "--out", "shared", *WHO
    )
    assert states(on) == ["invalid"]
    found = made(on)
    json.loads(on("other", "accept", found["file"], *WHO, "--out", "shared", "--json"))
    assert sorted(states(on)) == ["invalid", "proposed"]


def test_what_is_wrong_is_named_before_it_is_signed(on, tmp_path):
    base = ("make", *WHO, "--out", "shared")
    message = on("DE", *base, "--recognises", "de", "--of", "de", "--until", "never", error="bad-agreement")
    assert all(text in message for text in ("recognises", "itself", "never"))
    on("DE", *base, "--recognises", "DE", "--of", "KE", "--until", "2020-01-01", error="bad-agreement")
    past = ("--recognises", "DE", "--of", "KE", "--from", "2020-01-01", "--until", "2020-12-31")
    on("DE", *base, *past, error="over-already")
    assert not (tmp_path / "shared").exists()
    found = made(on)
    past_end = ("end", found["file"], "--reason", "x", "--effective", "2020-01-01", *WHO)
    on("DE", *past_end, error="in-the-past")
    accepted = json.loads(on("KE", "accept", found["file"], *WHO, "--out", "shared", "--json"))
    on("KE", "accept", accepted["file"], *WHO, error="no-agreement")
    on("KE", "accept", found["file"], *WHO, "--key", "none", error="no-such-key")
    (tmp_path / "shared" / "zz.intoto.jsonl").write_bytes(b"{}\nnothing\n")
    shown = json.loads(on("other", "list", "shared", "--json"))
    assert [item["state"] for item in shown["agreements"]] == ["in_force"]
    assert len(shown["unread"]) == 1
    (tmp_path / "policy").write_bytes(b"quorum nobody\n")
    on(
        "DE",
        *base,
        "--recognises",
        "DE",
        "--of",
        "KE",
        "--until",
        TODAY,
        "--witnesses",
        "policy",
        error="bad-agreement",
    )


def test_an_empty_folder_holds_no_agreement(on, tmp_path):
    (tmp_path / "nothing").mkdir()
    assert "No agreement" in on("other", "list", "nothing")
