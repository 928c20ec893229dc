"""`accord trust`: three people on three machines keep a list; a fourth accepts it, and verifies a report by it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner
from tests.node.conftest import running as serving

from accord.cli import cli
from accord.errors import AccordError
from accord.node.node import open_node
from accord.trust import KeyStore
from accord.trust.saying import hear


class Machines:
    """Each name is a machine of its own, with keys, log and lists of its own."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.patch = root, monkeypatch

    def on(self, machine: str) -> None:
        self.patch.setenv("ACCORD_HOME", str(self.root / machine))

    def run(self, machine, *arguments, error=None, status=0):
        self.on(machine)
        result = CliRunner().invoke(cli, [str(argument) for argument in arguments], standalone_mode=False)
        if error is None:
            if result.exception:
                raise result.exception
            assert (result.return_value or 0) == status, result.output
            return result.output
        assert isinstance(result.exception, AccordError), result.exception
        assert result.exception.code == error, result.exception
        return result.exception.message

    def json(self, machine, *arguments, status=0):
        return json.loads(self.run(machine, *arguments, "--json", status=status))

    def vkey(self, machine: str) -> str:
        self.on(machine)
        KeyStore().own()
        return str(KeyStore().vkey())

    def keyid(self, machine: str) -> str:
        self.on(machine)
        return KeyStore().own().keyid


@pytest.fixture
def machines(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Machines(tmp_path, monkeypatch)


ENTITY = (
    "--name", "Prüfstelle Süd", "--street", "Ring 1", "--city", "80331 München", "--country", "DE",
    "--email", "lab@example.org", "--uri", "https://lab.example",
)  # fmt: skip


def first_list(machines, tmp_path) -> Path:
    """Anna and Ben sign the first list, on which the laboratory is; return the file that is published."""
    signers = [f"--signer={machines.vkey(name)}" for name in ("anna", "ben", "cleo")]
    draft = tmp_path / "draft.json"
    machines.run(
        "anna", "trust", "new", draft, "--operator", "Bundesamt", "--jurisdiction", "DE", *signers, "--threshold", 2
    )
    lab = ("--role", "laboratory", "--vkey", machines.vkey("lab"), "--from", "2020-01-01")
    machines.run("anna", "trust", "add", draft, "lab-sued", *lab, *ENTITY, "--measure", "fairness.base_rate")
    by = [f"--by={machines.vkey(name)}" for name in ("anna", "ben")]
    shown = machines.run("anna", "trust", "sign", draft, *by)
    assert "lab-sued: laboratory granted since 2020-01-01T00:00:00Z" in shown
    assert machines.keyid("ben") in shown
    machines.run("anna", "trust", "publish", draft, error="not-signed")
    assert "All have signed" in machines.run("ben", "trust", "sign", draft)
    return Path(machines.json("ben", "trust", "publish", draft, "--out", tmp_path / "out")["file"])


def next_list(machines, tmp_path, file, *change, by=("anna", "ben"), name="next.json") -> Path:
    draft = tmp_path / name
    machines.run("ben", "trust", "new", draft, "--next", "DE")
    for step in change:
        machines.run("ben", "trust", step[0], draft, *step[1:])
    machines.run("ben", "trust", "sign", draft, *(f"--by={machines.vkey(who)}" for who in by))
    for who in by:
        if who != "ben":
            machines.run(who, "trust", "import", file, "--pin", machines.keyid("anna"), "--pin", machines.keyid("ben"))
            machines.run(who, "trust", "sign", draft)
    return Path(machines.json("ben", "trust", "publish", draft, "--out", tmp_path / "out")["file"])


def test_a_list_is_kept_by_several_and_accepted_by_anybody(machines, tmp_path):
    file = first_list(machines, tmp_path)
    message = machines.run("reader", "trust", "import", file, error="not-pinned")
    assert machines.keyid("anna") in message
    machines.run("reader", "trust", "import", file, "--pin", machines.keyid("anna"), error="too-few-pins")
    machines.run("reader", "trust", "import", file, "--pin", machines.keyid("cleo"), error="not-pinned")
    pins = [f"--pin={machines.keyid(name)}" for name in ("anna", "ben")]
    assert "1 new list" in machines.run("reader", "trust", "import", file, *pins)
    assert "Bundesamt (DE)" in machines.run("reader", "trust")
    time.sleep(1.1)
    withdrawn = ("set", "lab-sued", "--role", "laboratory", "--status", "withdrawn")
    rotated = ("rotate", *(f"--signer={machines.vkey(name)}" for name in ("ben", "cleo", "dora")), "--threshold", "2")
    second = next_list(machines, tmp_path, file, withdrawn, rotated, by=("anna", "ben", "cleo"))
    assert machines.run("reader", "trust", "import", second, file, error=None).startswith("1 new list")
    shown = machines.json("reader", "trust", "show", "DE")[0]
    assert (shown["sequence"], shown["entities"][0]["status"]) == (2, "withdrawn")
    assert [period["status"] for period in shown["entities"][0]["history"]] == ["granted", "withdrawn"]
    before = machines.json("reader", "trust", "show", "Bundesamt", "--at", "2024-02-29")[0]["entities"][0]
    assert (before["status"], before["name"]) == ("granted", "Prüfstelle Süd")
    assert before["scope"]["measures"] == ["fairness.base_rate"]
    assert machines.json("reader", "trust", "show", "DE", "--at", "2019-12-31")[0]["entities"] == []
    machines.run("reader", "trust", "import", file, error="rollback")
    assert machines.json("reader", "trust", "check")[0]["checked"] == 2
    assert "withdrawn" in machines.run("reader", "trust", "show")


def test_a_list_is_accepted_for_a_node_while_it_runs(machines, tmp_path):
    file, place = first_list(machines, tmp_path), tmp_path / "city"
    pins = [f"--pin={machines.keyid(name)}" for name in ("anna", "ben")]
    machines.run("operator", "trust", "import", file, *pins, "--folder", place, error="no-node")
    with open_node(place, name="City", jurisdiction="DE") as node, serving(node) as url:
        machines.run("operator", "trust", "import", file, "--folder", place, error="not-pinned")
        assert httpx.get(f"{url}/api/v1/trust-lists").json() == []
        assert "1 new list" in machines.run("operator", "trust", "import", file, *pins, "--folder", place)
        (held,) = httpx.get(f"{url}/api/v1/trust-lists").json()
        assert (held["operator"], held["sequence"]) == ("Bundesamt", 1)
        assert hear(file.read_bytes().strip()).id in httpx.get(f"{url}/api/v1/log/statements").text
        assert "0 new lists" in machines.run("operator", "trust", "import", file, "--folder", place)
    assert machines.json("operator", "trust") == [], "it is the node's, not the user's"


def test_what_does_not_fit_is_refused_in_words(machines, tmp_path):
    file = first_list(machines, tmp_path)
    draft = tmp_path / "draft.json"
    machines.run("anna", "trust", "new", draft, "--next", "DE", error="draft-exists")
    machines.run("ben", "trust", "renew", draft, "--days", 9, error="signed-draft")
    machines.run("ben", "trust", "sign", draft, error="not-to-sign")
    machines.run("ben", "trust", "sign", tmp_path / "none.json", error="no-draft")
    machines.run("ben", "trust", "new", tmp_path / "n.json", "--next", "FR", error="which-trust-list")
    machines.run("ben", "trust", "new", tmp_path / "n.json", "--operator", "x", error="needs-more")
    machines.run("ben", "trust", "new", tmp_path / "n.json", "--next", "DE")
    assert "nobody" in machines.run("ben", "trust", "show", tmp_path / "n.json").lower()
    lab = ("--role", "node", "--vkey", machines.vkey("lab"))
    missing = machines.run("ben", "trust", "add", tmp_path / "n.json", "new", *lab, error="needs-more")
    assert "--street" in missing
    machines.run("ben", "trust", "add", tmp_path / "n.json", "lab-sued", *lab, "--from", "2021-01-01")
    mistakes = machines.json("ben", "trust", "show", tmp_path / "n.json")["mistakes"]
    assert "begins before the earlier list" in mistakes[0]
    machines.run("ben", "trust", "sign", tmp_path / "n.json", error="bad-trust-list")
    machines.run("ben", "trust", "import", tmp_path / "n.json", error="malformed-json")
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_bytes(file.read_bytes().replace(b'"sig":"', b'"sig":"A', 1))
    with pytest.raises(AccordError):
        machines.run("reader", "trust", "import", damaged)
    assert machines.json("reader", "trust") == []
    assert "No trust list" in machines.run("reader", "trust")
    (tmp_path / "empty").write_bytes(b"")
    machines.run("reader", "trust", "import", tmp_path / "empty", error="no-trust-list")


def test_an_expired_list_says_so(machines, tmp_path, monkeypatch):
    from accord.trust.trust_list import Accepted

    first_list(machines, tmp_path)
    point = ("point", tmp_path / "n.json", "https://ke.example/list", "--operator", "Bureau", "--jurisdiction", "KE")
    machines.run("ben", "trust", "new", tmp_path / "n.json", "--next", "DE")
    machines.run("ben", "trust", *point, "--signer", machines.vkey("kenya"))
    assert "https://ke.example/list" in machines.run("ben", "trust", "show", tmp_path / "n.json")
    assert "It has expired" in machines.run("ben", "trust", "show", "--at", "2099-01-01")
    issued = Accepted.issued.func
    monkeypatch.setattr(Accepted, "next_update", property(issued))
    time.sleep(1.1)
    assert "expired" in machines.run("ben", "trust", "check", status=1)
    assert "expired" in machines.run("ben", "trust")


def test_verify_knows_a_signer_from_an_accepted_list(machines, tmp_path):
    (tmp_path / "data.csv").write_text("a,b\n1,2\n3,4\n")
    report = tmp_path / "report"
    machines.run("lab", "assess", tmp_path / "data.csv", "--out", report)

    def verified(status):
        return machines.json("reader", "verify", report, status=status)["seal"]["signer"]

    assert verified(3)["why"] == "unknown"
    file = first_list(machines, tmp_path)
    pins = [f"--pin={machines.keyid(name)}" for name in ("anna", "ben")]
    machines.run("reader", "trust", "import", file, *pins)
    found = verified(0)
    assert (found["known"], found["why"], found["name"]) == (True, "trust_list", "Prüfstelle Süd")
    assert "granted on the trust list of Bundesamt (DE)" in found["reason"]
    time.sleep(1.1)
    second = next_list(machines, tmp_path, file, ("set", "lab-sued", "--role", "laboratory", "--status", "withdrawn"))
    machines.run("reader", "trust", "import", second)
    found = verified(3)
    assert (found["known"], found["valid"]) == (False, True)
    assert "withdrawn since" in found["reason"]
