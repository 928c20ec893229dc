import hashlib
import json
import os
import random
import subprocess
import sys
import time
from datetime import timedelta

import msgspec
import pytest

from accord.errors import LimitExceeded, MalformedInput, UsageError
from accord.records import to_readable_json
from accord.trust import dsse, statement
from accord.trust.checking import check
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.entry import hash_record
from accord.trust.keys import KeyStore, KnownKey, Trust, local_name
from accord.trust.log import Log
from accord.trust.note import COSIGNATURE, Note, NoteSignature, VerifierKey
from accord.trust.proof import LogProof, parse_proof, verify_proof
from accord.trust.sealing import seal
from accord.trust.tree import leaf_hash

NOBODY = Trust()


def known(role, key, why="trust_list", name="Somebody"):
    return KnownKey(role=role, name=name, why=why, vkey=str(key))


def named(result):
    return {(change.path, change.change) for change in result.changes}


def statements(report):
    return (report / "assessment.intoto.jsonl").read_bytes().split(b"\n")[:-1]


def write_statements(report, lines):
    (report / "assessment.intoto.jsonl").write_bytes(b"".join(line + b"\n" for line in lines))


@pytest.fixture
def friends(signer, log):
    return Trust(keys=(known("signer", local_name(signer.public)), known("log", log.verifier_key, "own", "log")))


def test_a_sealed_report_holds(sealed, report, friends, assessment, signer, log, now):
    result = check(report, trusted=friends, now=now)
    assert result.unchanged
    assert result.changes == ()
    assert result.assessment == assessment
    assert (result.signer.valid, result.signer.known, result.signer.why) == (True, True, "trust_list")
    assert (result.signer.keyid, result.signer.name) == (signer.keyid, "Somebody")
    assert (result.log.included, result.log.known, result.log.why) == (True, True, "own")
    assert (result.log.origin, result.log.index, result.log.size, result.log.witnesses) == (log.origin, 2, 3, ())
    assert not result.plan.planned
    assert not result.lapsed
    assert result.valid_until == "2027-09-01T12:00:00Z"
    assert any("no witness" in sentence for sentence in result.not_proven)
    assert any("used in service" in sentence for sentence in result.not_proven)


def test_what_a_stranger_can_tell(sealed, report, now):
    result = check(report, trusted=NOBODY, now=now)
    assert result.unchanged
    assert result.assessment is not None
    assert (result.signer.valid, result.signer.known, result.signer.why) == (True, False, "unknown")
    assert (result.log.included, result.log.known, result.log.why) == (True, False, "unknown")
    assert any("not one that you know" in sentence for sentence in result.not_proven)


def test_what_is_sealed(sealed, report, log, signer, assessment):
    """One statement per inspector about the parts it measured, then the assessment; all of them in the log."""
    found = [statement.parse(envelope.payload) for envelope in sealed.envelopes]
    assert [item.predicate_type for item in found] == [statement.EVIDENCE_TYPE] * 2 + [statement.ASSESSMENT_TYPE]
    assert [item.predicate.get("inspector") for item in found] == ["fairness.groups", "data.profile", None]
    assert [subject.name for subject in found[1].subject] == ["scores.csv", "model.onnx"]
    assert found[2].subject == (statement.subject("compas ü", assessment.subject.digest),)
    whole = found[2].predicate
    assert [item["name"] for item in whole["files"]] == ["assessment.json", "report.html"]
    lines = statements(report)
    assert [item["sha256"] for item in whole["evidence"]] == [hashlib.sha256(line).hexdigest() for line in lines[:2]]
    assert len({item.predicate["salt"] for item in found}) == 3
    assert [log.entry(index) for index in range(3)] == [hash_record(item, signer.public) for item in sealed.envelopes]
    proof = parse_proof((report / "assessment.tlog-proof").read_bytes())
    assert verify_proof(proof, leaf_hash(log.entry(2)), log.verifier_key) == ()


def test_validity_ends(sealed, report, friends, now):
    late = check(report, trusted=friends, now=now + timedelta(days=366))
    assert late.lapsed
    assert late.unchanged
    assert any("validity has ended" in sentence for sentence in late.not_proven)


@pytest.mark.parametrize("name", ["assessment.json", "report.html", "assessment.intoto.jsonl", "assessment.tlog-proof"])
def test_a_removed_file_is_named(sealed, report, friends, name):
    (report / name).unlink()
    result = check(report, trusted=friends)
    assert not result.unchanged
    assert (name, "missing") in named(result)
    assert (result.assessment is None) == (name in {"assessment.json", "assessment.intoto.jsonl"})


@pytest.mark.parametrize("name", ["assessment.json", "report.html", "assessment.intoto.jsonl", "assessment.tlog-proof"])
def test_every_altered_byte_is_noticed_and_its_file_named(sealed, report, friends, name, now):
    path = report / name
    data = path.read_bytes()
    chance = random.Random(name)
    places = range(len(data)) if name.endswith("proof") else chance.sample(range(len(data)), min(150, len(data)))
    for place in {0, len(data) - 1, *places}:
        altered = bytearray(data)
        altered[place] ^= 1 << chance.randrange(8)
        path.write_bytes(altered)
        result = check(report, trusted=friends, now=now)
        assert not result.unchanged, place
        assert name in {change.path for change in result.changes}, place
    path.write_bytes(data)
    assert check(report, trusted=friends, now=now).unchanged


@pytest.mark.parametrize("name", ["assessment.json", "report.html", "assessment.intoto.jsonl", "assessment.tlog-proof"])
@pytest.mark.parametrize("change", ["cut", "grow", "empty"])
def test_a_file_of_another_length_is_noticed(sealed, report, friends, name, change):
    path = report / name
    data = path.read_bytes()
    path.write_bytes({"cut": data[:-1], "grow": data + b"\n", "empty": b""}[change])
    result = check(report, trusted=friends)
    assert not result.unchanged
    assert name in {item.path for item in result.changes}


def test_added_things_are_named_and_not_opened(sealed, report, friends, tmp_path):
    (report / "more.html").write_text("x")
    (report / "sub").mkdir()
    (report / "sub" / "inner.txt").write_text("x")
    (report / "empty").mkdir()
    (report / "link").symlink_to("/etc/hostname")
    (report / "loop").symlink_to(report)
    os.mkfifo(report / "pipe")
    (report / os.fsdecode(b"n\xffme")).write_text("x")
    (report / "e\x1b[2Jvil\u202e").write_text("x")
    with (report / "huge").open("wb") as file:
        file.truncate(1 << 40)
    began = time.monotonic()
    result = check(report, trusted=friends)
    assert time.monotonic() - began < 5
    assert named(result) == {
        (path, "added")
        for path in [
            "more.html",
            "sub/inner.txt",
            "empty/",
            "link",
            "loop",
            "pipe",
            "n\\xffme",
            "e\\x1b[2Jvil\\u202e",
            "huge",
        ]
    }
    assert result.assessment is not None


@pytest.mark.parametrize("name", ["assessment.json", "report.html", "assessment.intoto.jsonl", "assessment.tlog-proof"])
def test_a_link_in_place_of_a_file_is_not_followed(sealed, report, friends, tmp_path, name):
    (tmp_path / "elsewhere").write_bytes((report / name).read_bytes())
    (report / name).unlink()
    (report / name).symlink_to(tmp_path / "elsewhere")
    result = check(report, trusted=friends)
    assert not result.unchanged
    assert (name, "missing") in named(result)


@pytest.mark.parametrize("name", ["assessment.json", "report.html", "assessment.intoto.jsonl", "assessment.tlog-proof"])
def test_a_huge_file_in_place_of_one_is_not_read_whole(sealed, report, friends, name):
    with (report / name).open("wb") as file:
        file.truncate(1 << 40)
    began = time.monotonic()
    result = check(report, trusted=friends)
    assert time.monotonic() - began < 10
    assert name in {item.path for item in result.changes}


def test_lines_removed_moved_and_repeated_are_told_apart(sealed, report, friends):
    one, two, whole = statements(report)
    write_statements(report, [one, whole])
    (missing,) = check(report, trusted=friends).changes
    assert (missing.change, "data.profile" in missing.detail) == ("missing", True)
    write_statements(report, [two, one, whole])
    (moved,) = check(report, trusted=friends).changes
    assert (moved.change, "order" in moved.detail) == ("altered", True)
    write_statements(report, [one, two, one, whole])
    (repeated,) = check(report, trusted=friends).changes
    assert (repeated.change, repeated.detail) == ("added", "line 3 repeats line 1")
    write_statements(report, [one, two, whole, b"{}"])
    (added,) = check(report, trusted=friends).changes
    assert (added.change, added.detail) == ("added", "line 4 was not there")
    broken = two[:40] + bytes([two[40] ^ 1]) + two[41:]
    write_statements(report, [one, broken, whole])
    (altered,) = check(report, trusted=friends).changes
    assert (altered.change, "line 2, the evidence of data.profile" in altered.detail) == ("altered", True)
    write_statements(report, [one, two])
    result = check(report, trusted=friends)
    assert ("assessment.intoto.jsonl", "missing") in named(result)
    assert not result.signer.valid


def test_what_nobody_signed_can_not_be_smuggled_into_an_envelope(sealed, report, friends, signer):
    one, two, whole = statements(report)
    data = json.loads(whole)
    variants = [
        json.dumps(data).encode(),  # the same data, other bytes
        whole.replace(b'{"payload"', b'{"note":"x","payload"'),
        whole.replace(signer.keyid.encode(), b"0" * 64),
        whole.replace(b'}]', b'},' + json.dumps({"sig": b64encode(b"x" * 64)}).encode() + b"]"),
    ]  # fmt: skip
    for line in variants:
        assert line != whole
        write_statements(report, [one, two, line])
        result = check(report, trusted=friends)
        assert not result.unchanged
        assert ("assessment.intoto.jsonl", "altered") in named(result)


def test_a_forger_is_a_stranger(sealed, report, friends, assessment, tmp_path):
    """Who re-signs the report with a key and log of their own makes a whole report, by a key nobody knows."""
    forged = msgspec.structs.replace(assessment, tiers=())
    (report / "assessment.json").write_bytes(to_readable_json(forged))
    forger = SigningKey.from_seed(b"f" * 32)
    seal(
        report,
        forged,
        signer=forger,
        log=Log(tmp_path / "other", SigningKey.from_seed(b"g" * 32), "accord.local/forged"),
    )
    result = check(report, trusted=friends)
    assert result.unchanged
    assert (result.signer.valid, result.signer.known) == (True, False)
    assert (result.log.included, result.log.known) == (True, False)


def test_a_stated_key_that_did_not_sign_is_no_signer(sealed, report, friends, signer):
    """A forger can state the key of somebody trusted, but can't sign with it."""
    one, two, whole = statements(report)
    payload = dsse.parse(whole).payload.replace(b"High risk", b"Low risk!")
    forged = dsse.sign(payload, [SigningKey.from_seed(b"f" * 32)])
    renamed = dsse.Envelope(forged.payload_type, payload, (dsse.Signature(forged.signatures[0].sig, signer.keyid),))
    write_statements(report, [one, two, dsse.to_line(renamed)])
    result = check(report, trusted=friends)
    assert not result.unchanged
    assert not result.signer.valid
    assert not result.signer.known
    assert result.assessment is None


def test_a_forged_assessment_beside_the_true_one_does_not_replace_it(sealed, report, friends, signer):
    *evidence, whole = statements(report)
    payload = dsse.parse(whole).payload
    data = json.loads(payload)
    forger = SigningKey.from_seed(b"f" * 32)
    data["predicate"]["signer"] = {"keyid": forger.keyid, "publicKey": b64encode(forger.public.raw)}
    from accord.trust.canonical import canonical

    forged = dsse.to_line(dsse.sign(canonical(data), [forger]))
    write_statements(report, [*evidence, whole, forged])
    result = check(report, trusted=friends)
    assert named(result) == {("assessment.intoto.jsonl", "added")}
    assert result.signer.keyid == signer.keyid


def test_a_record_that_differs_from_the_statements_is_named(report, assessment, signer, log, friends, monkeypatch):
    """A signer could bind one record by digest and state another: the check compares them."""
    from accord.trust import sealing

    other = msgspec.structs.replace(assessment, tiers=(), evidence=assessment.evidence[:2])
    (report / "assessment.json").write_bytes(to_readable_json(other))
    monkeypatch.setattr(sealing, "from_json", lambda data, kind, name: assessment)
    seal(report, assessment, signer=signer, log=log)
    result = check(report, trusted=friends)
    assert {change.detail.split()[1] for change in result.changes} == {"tiers", "evidence"}


def test_witnesses_are_named(sealed, report, friends):
    witness = SigningKey.from_seed(b"w" * 32)
    key = VerifierKey("witness.example", witness.public, COSIGNATURE)
    proof = sealed.proof
    message = f"cosignature/v1\ntime 5\n{proof.note.text}".encode()
    line = NoteSignature(key.name, key.key_id, (5).to_bytes(8, "big") + witness.sign(message))
    both = LogProof(proof.index, proof.hashes, Note(proof.note.text, (*proof.note.signatures, line)))
    (report / "assessment.tlog-proof").write_bytes(both.encode())
    assert check(report, trusted=friends).log.witnesses == ()
    wider = Trust(keys=(*friends.keys, known("witness", key, name="The court")))
    result = check(report, trusted=wider)
    assert result.unchanged
    assert result.log.witnesses == ("The court",)
    assert not any("no witness" in sentence for sentence in result.not_proven)


def test_a_proof_of_another_entry_is_refused(sealed, report, friends, log):
    (report / "assessment.tlog-proof").write_bytes(log.prove(0).encode())
    result = check(report, trusted=friends)
    assert named(result) == {("assessment.tlog-proof", "altered")}
    assert not result.log.included


def test_extra_data_in_the_proof_are_noticed(sealed, report, friends):
    extra = LogProof(sealed.proof.index, sealed.proof.hashes, sealed.proof.note, b"x")
    (report / "assessment.tlog-proof").write_bytes(extra.encode())
    assert named(check(report, trusted=friends)) == {("assessment.tlog-proof", "altered")}


UNSIGNED = b'{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AA=="}]}'


@pytest.mark.parametrize(
    "data",
    [b"\n" * 20_000, b"[" * 100_000, b"\xff\xfe", UNSIGNED, b"null\n", b'{"payload":"' + b"A" * 1000 + b'"}\n'],
)
def test_rubbish_in_place_of_statements_is_an_answer(sealed, report, friends, data):
    (report / "assessment.intoto.jsonl").write_bytes(data)
    result = check(report, trusted=friends)
    assert not result.unchanged
    assert "assessment.intoto.jsonl" in {change.path for change in result.changes}
    assert result.assessment is None


def test_statements_that_would_fill_the_memory_are_refused_unread(sealed, report, friends):
    """A list of empty lists takes twenty times its size in memory; eight such lines would take gigabytes."""
    dense = b64encode(b"[" + b"[]," * 2_000_000 + b"[]]").encode()
    line = b'{"payload":"' + dense + b'","payloadType":"application/vnd.in-toto+json","signatures":[{"sig":"AA=="}]}'
    write_statements(report, [line] * 8)
    limit = 700 * 1024 * 1024
    program = (
        "import resource, sys, pathlib; resource.setrlimit(resource.RLIMIT_AS, (%d, %d));"
        "from accord.trust import Trust, check; r = check(pathlib.Path(sys.argv[1]), trusted=Trust());"
        "print(r.unchanged, [c.detail for c in r.changes])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program % (limit, limit), str(report)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("False")
    assert "values" in run.stdout


def test_what_could_not_be_checked_is_not_sealed(report, assessment, signer, log, monkeypatch):
    from accord.trust import canonical

    monkeypatch.setattr(canonical, "MAX_VALUES", 20)
    with pytest.raises(LimitExceeded):
        seal(report, assessment, signer=signer, log=log)
    assert log.head()[0].size == 0
    assert not (report / "assessment.intoto.jsonl").exists()


def test_what_is_no_report_is_an_error(tmp_path):
    with pytest.raises(MalformedInput, match="no report"):
        check(tmp_path, trusted=NOBODY)
    with pytest.raises(UsageError):
        check(tmp_path / "absent", trusted=NOBODY)
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError):
        check(tmp_path / "file", trusted=NOBODY)


def test_a_crowded_folder_ends(sealed, report, friends, monkeypatch):
    monkeypatch.setattr("accord.trust.folder.MAX_ITEMS", 1_500)
    (report / "crowd").mkdir()
    for number in range(1_600):
        (report / "crowd" / str(number)).touch()
    result = check(report, trusted=friends)
    assert not result.unchanged
    assert len(result.changes) == 1_000


def test_sealing_again_replaces_the_seal(sealed, report, friends, assessment, signer, log, now):
    (report / "report.html").write_text("another")
    assert not check(report, trusted=friends, now=now).unchanged
    seal(report, assessment, signer=signer, log=log, now=now)
    result = check(report, trusted=friends, now=now)
    assert result.unchanged
    assert result.log.index == 5


def test_what_can_not_be_sealed_is_refused(report, assessment, signer, log):
    seal_it = {"signer": signer, "log": log}
    (report / "link").symlink_to("report.html")
    with pytest.raises(UsageError, match="link"):
        seal(report, assessment, **seal_it)
    (report / "link").unlink()
    with pytest.raises(UsageError, match="not the assessment"):
        seal(report, msgspec.structs.replace(assessment, tiers=()), **seal_it)
    (report / "assessment.json").unlink()
    with pytest.raises(UsageError, match="the folder has no"):
        seal(report, assessment, **seal_it)
    assert log.head()[0].size == 0


def test_an_assessment_without_evidence_can_be_sealed(report, assessment, signer, log, friends):
    bare = msgspec.structs.replace(assessment, evidence=(), verdicts=(), tiers=())
    (report / "assessment.json").write_bytes(to_readable_json(bare))
    sealed = seal(report, bare, signer=signer, log=log)
    assert len(sealed.envelopes) == 1
    assert check(report, trusted=friends).assessment == bare


@pytest.mark.parametrize("value", [1e20, 45311417519525010.0, 5e-324, 1.7976931348623157e308, -0.0, 2.0**53, 0.1])
def test_every_number_survives_sealing(report, assessment, signer, log, friends, value):
    first = assessment.evidence[0]
    measurement = msgspec.structs.replace(first.measurements[0], value=value, interval=None)
    evidence = (msgspec.structs.replace(first, measurements=(measurement,)), *assessment.evidence[1:])
    changed = msgspec.structs.replace(assessment, evidence=evidence)
    (report / "assessment.json").write_bytes(to_readable_json(changed))
    seal(report, changed, signer=signer, log=log)
    result = check(report, trusted=friends)
    assert result.changes == ()
    assert result.assessment == changed


def test_the_whole_way_with_a_key_store(tmp_path, report, assessment):
    from accord.trust import own_log

    store = KeyStore(tmp_path / "keys")
    seal(report, assessment, signer=store.own(), log=own_log(store, tmp_path / "log"))
    result = check(report, trusted=store.known())
    assert (result.unchanged, result.signer.why, result.log.why) == (True, "own", "own")


def test_importing_the_room_is_cheap():
    """Nothing heavy is loaded by the import; cryptography only once a key is used."""
    program = (
        "import sys, time; import accord; t = time.process_time(); import accord.trust; "
        "print(time.process_time() - t, 'msgspec' in sys.modules, 'cryptography' in sys.modules); "
        "import accord.trust.checking, accord.trust.sealing, accord.trust.log, accord.trust.keys; "
        "print('cryptography' in sys.modules, 'numpy' in sys.modules)"
    )
    runs = [
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True) for _ in range(3)
    ]
    outputs = [run.stdout.split() for run in runs]
    assert all(output[1:] == ["False", "False", "False", "False"] for output in outputs)
    assert min(float(output[0]) for output in outputs) < 0.015
