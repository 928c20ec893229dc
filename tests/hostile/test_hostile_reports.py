"""Reports of strangers: whatever lies in the folder, `verify` and `compare` answer, and never believe."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from accord.cli.compare import _read as read_report
from accord.compare import compare
from accord.errors import AccordError
from accord.records import Assessment, from_json, to_readable_json
from accord.reports.folder import write
from accord.trust import KeyStore, own_log, seal
from accord.verify import verify

RECORD, STATEMENTS, PROOF = "assessment.json", "assessment.intoto.jsonl", "assessment.tlog-proof"
TABLE = b"label,pred,g\n" + b"1,0,a\n0,1,b\n1,1,a\n0,0,b\n" * 100
CARD = """
[data]
label = { column = "label", positive = 1 }
prediction = { column = "pred", positive = { op = "==", value = 1 } }
sensitive = ["g"]
"""


@pytest.fixture(scope="session")
def report(accord: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An honest report."""
    folder = tmp_path_factory.mktemp("honest")
    (folder / "table.csv").write_bytes(TABLE)
    (folder / "card.toml").write_text(CARD)
    options = ("--card", str(folder / "card.toml"), "--out", str(folder / "report"), "--json")
    assert accord("assess", str(folder / "table.csv"), *options).status == 0
    return folder / "report"


@pytest.fixture
def altered(report: Path, tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Put other bytes in place of one file of the honest report."""

    def put(name: str, content: bytes) -> Path:
        folder = tmp_path / "altered"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(report, folder)
        (folder / name).write_bytes(content)
        return folder

    return put


JUNK = {
    "empty": b"",
    "null": b"null",
    "deep lists": b"[" * 1_000_000,
    "deep objects": b'{"version":' * 300_000,
    "deep payload": b'{"payload":"' + base64.b64encode(b"[" * 500_000) + b'","payloadType":"t","signatures":[]}\n',
    "digits": b"9" * 1_000_000,
    "zeros": bytes(100_000),
    "not UTF-8": b"\xff\xfe\n" * 1000,
    "many lines": b"{}\n" * 100_000,
    "signatures": b'{"payload":"e30=","payloadType":"t","signatures":['
    + b'{"keyid":"a","sig":"AAAA"},' * 50_000
    + b'{"keyid":"a","sig":"AAAA"}]}\n',
}


@pytest.mark.parametrize("name", [RECORD, STATEMENTS, PROOF])
def test_junk_in_place_of_a_file_is_an_alteration(altered: Any, name: str) -> None:
    for what, content in JUNK.items():
        assert verify(altered(name, content), KeyStore().known()).outcome == "altered", what


def test_bytes_turned_over_are_alterations(altered: Any, report: Path) -> None:
    for name in (STATEMENTS, PROOF, "report.html"):
        whole = (report / name).read_bytes()
        for at in range(0, len(whole), max(1, len(whole) // 12)):
            turned = whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :]
            assert verify(altered(name, turned), KeyStore().known()).outcome == "altered", (name, at)
        assert verify(altered(name, whole[: len(whole) // 2]), KeyStore().known()).outcome == "altered", name


@pytest.mark.parametrize("name", [RECORD, STATEMENTS, PROOF])
@pytest.mark.parametrize("kind", ["pipe", "link", "folder", "sparse"])
def test_what_is_no_file_is_never_opened(accord: Any, altered: Any, report: Path, name: str, kind: str) -> None:
    folder = altered(name, b"")
    path = folder / name
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    else:
        path.touch()
        os.truncate(path, 500 << 20)
    ran = accord("verify", str(folder), most_seconds=20)
    assert ran.status == 1
    if name == RECORD:
        ran = accord("compare", str(report), str(folder), most_seconds=20)
        assert ran.status == 2
        assert ran.peak_bytes < 200 << 20


def mutations(record: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The record with one thing in it that nobody measured."""
    number = next(i for i, item in enumerate(record["evidence"]) if item["inspector"] == "fairness.groups")
    first = next(i for i, m in enumerate(record["evidence"][number]["measurements"]) if m["interval"] and m["n"])
    for field, values in {
        "value": [10**400, 1e308, -5.0, 5.0, 0.0, True, "x" * 100_000, ["a"] * 10_000, 2**63],
        "n": [-1, 0, 1, 10**30, 2**62, None],
        "measure": ["no.such", "data.rows", "\x1b[2J"],
        "dimensions": [{"attribute": "g", "group": "nobody"}, {"\x1b[2J": "\u202e"}],
        "interval": [None, {"low": -1e308, "high": 1e308, "level": 0.5, "kind": "x" * 1000}],
        "statistics": [None, "nowhere"],
        "subject": ["sha256:" + "0" * 64, ""],
    }.items():
        for value in values:
            changed = deepcopy(record)
            changed["evidence"][number]["measurements"][first][field] = value
            yield f"{field} = {str(value)[:20]!r}", changed
    name, counts = next(iter(record["evidence"][number]["statistics"].items()))
    axes = counts["axes"]
    many = [{"role": "attribute", "name": f"a{i}", "categories": ["0", "1"]} for i in range(12)]
    for what, tensor in {
        "negative": {**counts, "values": [-1] * len(counts["values"])},
        "none": {**counts, "values": [0] * len(counts["values"])},
        "endless": {**counts, "values": [10**300] * len(counts["values"])},
        "flat": {"axes": [], "values": [1]},
        "twelve axes": {"axes": [*many, *axes[-2:]], "values": [1] * 2**14},
        "the same axis twice": {"axes": [axes[0], *axes], "values": [1] * (2 * len(counts["values"]))},
        "nested": {**counts, "values": [[[1]]]},
    }.items():
        changed = deepcopy(record)
        changed["evidence"][number]["statistics"][name] = tensor
        yield what, changed
    yield "verdicts twice", {**record, "verdicts": record["verdicts"] * 2}
    yield "verdicts of nowhere", {**record, "frameworks": []}
    yield "no evidence", {**record, "evidence": []}
    other = [{**used, "id": "../../../../etc/passwd"} for used in record["frameworks"]]
    yield "a framework that leads out", {**record, "frameworks": other}


def test_a_record_that_somebody_made_up_is_compared_or_refused(report: Path, tmp_path: Path) -> None:
    honest = from_json((report / RECORD).read_bytes(), Assessment)
    for what, changed in mutations(json.loads((report / RECORD).read_bytes())):
        path = tmp_path / "made-up.json"
        path.write_text(json.dumps(changed))
        try:
            other = read_report(path)
        except AccordError as error:
            assert "made-up.json" in error.message, what
            continue
        compare(honest, other)
        compare(other, honest)


def test_what_a_known_key_signs_is_still_computed_again(report: Path, tmp_path: Path) -> None:
    """The signer is known, and lies: every number and verdict that does not follow is named."""
    store = KeyStore()
    believed = []
    tried = 0
    for what, changed in mutations(json.loads((report / RECORD).read_bytes())):
        try:
            lie = from_json(json.dumps(changed), Assessment)
            write(
                tmp_path / "signed",
                {RECORD: to_readable_json(lie)},
                lambda folder, lie=lie: seal(folder, lie, signer=store.own(), log=own_log()),
            )
        except AccordError:
            continue  # no record says this, or none can be signed that does
        tried += 1
        found = verify(tmp_path / "signed", store.known())
        assert found.seal.signer.known, what
        if found.outcome != "altered":
            believed.append(what)
    assert tried > 20
    assert believed == []


def test_names_in_a_report_are_shown_as_text(accord: Any, altered: Any) -> None:
    folder = altered("\u202egnp.exe", b"x")
    (folder / os.fsdecode(b"\xff\x1b[2J")).write_bytes(b"x")
    ran = accord("verify", str(folder), "--json")
    assert ran.status == 1
    names = {change["path"] for change in ran.record["seal"]["changes"]}
    assert names == {"\\u202egnp.exe", "\\xff\\x1b[2J"}
