"""What people do on the pages: by keyboard and without JavaScript, and the check of a proof in their own browser."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from .conftest import OFFICE, PASSWORD, TABLE

pytestmark = pytest.mark.browser
HERE = Path(__file__).parent


def test_everything_is_done_without_a_script_and_by_keyboard(seeded, in_browser, tmp_path) -> None:
    task = {
        "url": seeded.url, "cookie": seeded.cookie, "session": seeded.sessions["reader"], "password": PASSWORD,
        "table": TABLE.decode(), "entry": f"/systems/{seeded.ids['entry']}",
    }  # fmt: skip
    (tmp_path / "task.json").write_text(json.dumps(task))
    seen = in_browser(HERE / "plain.mjs", tmp_path / "task.json")
    assert seen["skippedTo"] == "#content" and seen["firstInContent"] == "q"
    assert "accord verify" in seen["withoutScript"]
    assert "Your objection is logged" in seen["objection"]
    assert seen["unfolded"] and seen["foldedAgain"]
    assert seen["language"] == "ar", "the language stays when one goes on"
    assert "1 answer has to be corrected" in seen["wrongPassword"]
    assert seen["landed"] == "/objections", "after the log-in one is where one wanted to go"
    assert "accepted in part" in seen["answered"] and "We measure it again." in seen["answered"]
    assert OFFICE in seen["answered"]
    assert "This is no day of the calendar." in seen["mistake"] and seen["ledTo"] == "#since"
    assert seen["decision"] and seen["people"] and seen["supplier"]
    assert "in the register" in seen["published"]
    assert seen["shown"] == [200, 404, 200]
    assert "2 rows were read. 1 of them has mistakes." in seen["rows"]
    assert seen["imported"] == 1
    assert seen["readerMayChange"] == 0
    assert seen["afterLogout"] == "/login"


FOUR = ["held", "held", "held", "held"]
"""The digest, the signature, the log's own signature, the place in the log: in this order."""

NOTICED = {
    "a word of the statement": ["failed", "failed", "held", "failed"],
    "the signature": ["failed", "failed", "held", "failed"],
    "the key that is stated": ["failed", "failed", "held", "failed"],
    "another statement in its place": ["failed", "held", "held", "failed"],
    "the place in the log": ["held", "held", "held", "failed"],
    "a hash of the proof": ["held", "held", "held", "failed"],
    "a hash left out": ["held", "held", "held", "failed"],
    "the size of the log": ["held", "held", "failed"],
    "the root of the log": ["held", "held", "failed"],
    "the signature of the log": ["held", "held", "failed"],
    "the key of the log": ["held", "held", "failed"],
    "no proof at all": ["held", "held", "failed"],
    "no answer": ["held", "held", "failed"],
}


def test_the_browser_checks_a_proof_and_says_what_fails(seeded, in_browser, tmp_path) -> None:
    statements = [seeded.ids[name] for name in ("assessment", "decision", "objection")]
    entry = seeded.client("").get(f"/api/v1/systems/{seeded.ids['entry']}").json()["versions"][0]["statement"][7:]
    task = {"url": seeded.url, "statements": [*statements, entry], "other": seeded.ids["newer"]}
    (tmp_path / "task.json").write_text(json.dumps(task))
    seen = in_browser(HERE / "proof.mjs", tmp_path / "task.json")
    for good in seen["good"]:
        assert [kind for kind, _text in good["said"]] == FOUR, good
        assert not good["faults"], good
    assert {what: [kind for kind, _text in said] for what, said in seen["altered"].items()} == NOTICED
    said = [line for lines in seen["altered"].values() for line in lines]
    words = {"held": seen["words"]["holds"], "failed": seen["words"]["fails"]}
    assert all(text.startswith(words[kind] + ": ") for kind, text in said), "not by colour alone"
