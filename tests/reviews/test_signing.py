"""Reviews as statements: signed, logged, read again; what was altered is refused by name."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.trust.test_trust_list_use import COURT, WITNESS, day, listing

from accord.errors import Unavailable, UsageError
from accord.frameworks import judge
from accord.reviews import accept, check_reviews, load_reviews, sign_reviews
from accord.reviews.signing import proof_of
from accord.trust import Trust
from accord.trust.dsse import sign, to_line
from accord.trust.ed25519 import SigningKey
from accord.trust.entry import hash_record
from accord.trust.files import Files
from accord.trust.keys import KnownKey, local_name
from accord.trust.log import Log
from accord.trust.note import Note, NoteSignature
from accord.trust.proof import LogProof, parse_proof

MADE = "2026-09-01T12:00:00Z"
KEY = SigningKey.from_seed(b"s" * 32)
KNOWN = Trust(keys=(KnownKey(role="signer", name="me", why="own", vkey=str(local_name(KEY.public))),))


@pytest.fixture
def log(tmp_path: Path) -> Log:
    return Log(tmp_path / "log", SigningKey.from_seed(b"l" * 32), "accord.local/test")


@pytest.fixture
def drafts(assessment, opened, row):
    rows = [row(2, "q", reason="=1+1 ü\nand more"), row(3, "m", decision="not_met", reviewer="Bo")]
    return accept(rows, assessment, opened, made=MADE).reviews


@pytest.fixture
def folder(tmp_path, drafts, log) -> Path:
    place = tmp_path / "reviews"
    paths = sign_reviews(drafts, "scores ü", place, signer=KEY, log=log)
    assert sorted(paths) == sorted(place.glob("*.intoto.jsonl"))
    return place


def test_what_was_signed_comes_back(folder, drafts):
    found = load_reviews(folder, KNOWN)
    assert found.problems == ()
    bare = {replace(review, signer="unknown key", keyid="", envelope="") for review in found.reviews}
    assert bare == set(drafts)
    assert {(review.signer, review.keyid) for review in found.reviews} == {("own", KEY.keyid)}


def test_the_statement_says_what_the_contract_asks(folder, drafts):
    lines = [json.loads(path.read_bytes()) for path in folder.glob("*.intoto.jsonl")]
    statements = [json.loads(b64decode(line["payload"])) for line in lines]
    said = next(item for item in statements if item["predicate"]["requirement"] == "m")
    assert (said["_type"], said["predicateType"]) == ("https://in-toto.io/Statement/v1", "urn:accord:review:v0.1")
    assert said["subject"] == [{"name": "scores ü", "digest": {"sha256": "5" * 64}}]
    predicate = said["predicate"]
    assert set(predicate["framework"]) == {"id", "version", "digest"}
    assert predicate["decision"] == "not_met"
    assert [item["kind"] for item in predicate["reliedOn"]] == ["measurement", "measurement"]
    assert predicate["reviewer"] == {"name": "Bo", "role": "auditor", "interest": "none"}
    assert (predicate["timeCreated"], predicate["validUntil"][:10]) == (MADE, "2027-09-01")
    assert len(predicate["salt"]) == 32
    assert len({item["predicate"]["salt"] for item in statements}) == len(drafts)


def test_an_unknown_key_is_kept_shown_and_never_counted(folder, assessment, framework_file):
    found = load_reviews(folder, Trust())
    assert [review.signer for review in found.reviews] == ["unknown key"] * 2
    judged = judge(framework_file.framework, assessment.evidence, reviews=found.reviews, on="2026-09-02")
    verdicts = {verdict.requirement: verdict for verdict in judged.verdicts}
    assert verdicts["q"].status == "not_evaluated"
    assert "unknown key" in verdicts["q"].reviews[0].why


def test_a_reviewer_is_known_by_a_list_as_it_stood_then(folder, drafts):
    """They signed on day 243; a witness saw their log on day 244."""
    court = KnownKey(role="witness", name="The court", why="trust_list", vkey=str(COURT))
    for path in folder.glob("*.intoto.jsonl"):
        proof = parse_proof(proof_of(path).read_bytes())
        seconds = int(day(244).timestamp())
        said = WITNESS.sign(f"cosignature/v1\ntime {seconds}\n{proof.note.text}".encode())
        seen = NoteSignature(COURT.name, COURT.key_id, seconds.to_bytes(8, "big") + said)
        note = Note(proof.note.text, (*proof.note.signatures, seen))
        proof_of(path).write_bytes(LogProof(proof.index, proof.hashes, note).encode())

    def by(*changes, witnesses=()):
        trusted = Trust(keys=witnesses, lists=(listing(KEY, *changes),))
        found = load_reviews(folder, trusted)
        assert found.problems == () and len(found.reviews) == len(drafts)
        envelopes = b"\n".join(found.envelopes)
        kept = tuple(replace(review, signer="trust_list") for review in found.reviews)
        again = check_reviews(kept, envelopes, trusted, day(244) if witnesses else None)
        assert again.altered == ()
        (signer,) = {review.signer for review in found.reviews}
        assert bool(again.unknown) == (signer == "unknown key")
        return signer

    assert by(witnesses=(court,)) == "trust_list"
    assert by((200, "suspended"), (244, "granted")) == "unknown key"
    assert by((245, "withdrawn")) == "unknown key"
    assert by((245, "withdrawn"), witnesses=(court,)) == "trust_list"
    assert by((243.9, "withdrawn"), witnesses=(court,)) == "unknown key"


def test_judging_with_loaded_reviews(folder, assessment, framework_file):
    reviews = load_reviews(folder, KNOWN).reviews
    known = assessment.subject.digests
    judged = judge(framework_file.framework, assessment.evidence, reviews=reviews, on="2026-09-02", known_digests=known)
    statuses = {verdict.requirement: verdict.status for verdict in judged.verdicts}
    assert statuses == {"q": "judged", "m": "judged", "met": "met", "state": "not_applicable", "mute": "not_evaluated"}
    assert judged.coverage.counts["judged"] == 2
    assert judged.coverage.evaluated == assessment.summary.coverage[0].evaluated


def alter(path: Path, change) -> None:
    line = json.loads(path.read_bytes())
    payload = json.loads(b64decode(line["payload"]))
    change(payload)
    line["payload"] = b64encode(json.dumps(payload, separators=(",", ":"), sort_keys=True).encode()).decode()
    path.write_bytes(json.dumps(line, separators=(",", ":"), sort_keys=True).encode() + b"\n")


def first(folder: Path) -> Path:
    return sorted(folder.glob("*.intoto.jsonl"))[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: alter(path, lambda said: said["predicate"].update(decision="partly")),
        lambda path: alter(path, lambda said: said["predicate"].update(reason="otherwise")),
        lambda path: alter(path, lambda said: said["subject"][0]["digest"].update(sha256="0" * 64)),
        lambda path: path.write_bytes(path.read_bytes().replace(b'"keyid":"', b'"keyid":"0')),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"\xff" * 100),
        lambda path: path.write_bytes(path.read_bytes() * 2),
        lambda path: path.write_bytes(b" " * (1024 * 1024 + 2)),
        lambda path: proof_of(path).unlink(),
        lambda path: proof_of(path).write_bytes(b"c2sp.org/tlog-proof@v1\nindex 0\n\n"),
        lambda path: proof_of(path).write_bytes(proof_of(sorted(path.parent.glob("*.jsonl"))[1]).read_bytes()),
        lambda path: (path.unlink(), path.symlink_to("/dev/zero")),
    ],
)
def test_an_altered_review_is_refused_by_name_and_the_others_are_kept(folder, damage):
    path = first(folder)
    damage(path)
    found = load_reviews(folder, KNOWN)
    assert [problem.file for problem in found.problems] == [path.name]
    assert found.problems[0].message
    assert len(found.reviews) == 1


def test_a_statement_that_says_nonsense_is_refused_whoever_signed_it(folder, log):
    path = first(folder)
    payload = json.loads(b64decode(json.loads(path.read_bytes())["payload"]))
    changes = (
        {"decision": "perhaps"},
        {"reason": " "},
        {"timeCreated": "yesterday"},
        {"validUntil": "never"},
        {"reliedOn": [{"kind": "document", "name": "x"}]},
        {"reliedOn": [{"kind": "other", "name": "x", "date": "May"}]},
    )
    for change in changes:
        said = {**payload, "predicate": {**payload["predicate"], **change}}
        body = json.dumps(said, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode()
        envelope = sign(body, [KEY])
        path.write_bytes(to_line(envelope) + b"\n")
        appended = log.append([hash_record(envelope, KEY.public)])
        proof_of(path).write_bytes(log.prove(appended.indices[0]).encode())
        found = load_reviews(folder, KNOWN)
        assert [problem.file for problem in found.problems] == [path.name], change


def test_a_folder_without_reviews(tmp_path):
    with pytest.raises(UsageError, match="no-reviews"):
        load_reviews(tmp_path, KNOWN)
    with pytest.raises(UsageError):
        load_reviews(tmp_path / "absent", KNOWN)


def test_nothing_is_written_into_a_sealed_report(tmp_path, drafts, log):
    report = tmp_path / "report"
    report.mkdir()
    (report / ".accord-report").touch()
    (tmp_path / "link").symlink_to(report)
    for place in (report, report / "reviews", tmp_path / "link" / "reviews"):
        with pytest.raises(UsageError, match="sealed-folder"):
            sign_reviews(drafts, "x", place, signer=KEY, log=log)
    assert [path.name for path in report.iterdir()] == [".accord-report"]


def test_what_could_not_be_logged_does_not_stay(tmp_path, drafts):
    class Full(Files):
        def write(self, path: Path, data: bytes) -> None:
            raise OSError(28, "No space left on device")

    log = Log(tmp_path / "log", SigningKey.from_seed(b"l" * 32), "accord.local/test", Full())
    with pytest.raises(Unavailable):
        sign_reviews(drafts, "x", tmp_path / "reviews", signer=KEY, log=log)
    assert list((tmp_path / "reviews").iterdir()) == []


def test_the_last_day_is_the_one_that_was_written(folder):
    for review in load_reviews(folder, KNOWN).reviews:
        assert review.valid_until == "2027-09-01"
        assert datetime.fromisoformat(review.made) == datetime(2026, 9, 1, 12, tzinfo=UTC)
