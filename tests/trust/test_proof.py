import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, MalformedInput
from accord.trust.ed25519 import SigningKey
from accord.trust.note import COSIGNATURE, Note, NoteSignature, VerifierKey, parse_note
from accord.trust.proof import LogProof, parse_proof, verify_proof
from accord.trust.tree import leaf_hash

LEAF = b'{"an":"entry"}'
WITNESS = SigningKey.from_seed(b"w" * 32)
WITNESS_KEY = VerifierKey("witness.example/w", WITNESS.public, COSIGNATURE)


@pytest.fixture
def proof(log):
    log.append([b"before %d" % number for number in range(300)])
    index = log.append([LEAF, b"after"]).indices[0]
    return log.prove(index)


def cosigned(proof, key=WITNESS, name=WITNESS_KEY.name, seconds=1_700_000_000):
    message = f"cosignature/v1\ntime {seconds}\n{proof.note.text}".encode()
    key_id = hashlib.sha256(name.encode() + b"\n\x04" + key.public.raw).digest()[:4]
    line = NoteSignature(name, key_id, seconds.to_bytes(8, "big") + key.sign(message))
    return LogProof(proof.index, proof.hashes, Note(proof.note.text, (*proof.note.signatures, line)))


def test_the_form_of_the_specification(proof, log):
    lines = proof.encode().decode().split("\n")
    assert lines[0] == "c2sp.org/tlog-proof@v1"
    assert lines[1] == "index 300"
    assert lines[2 + len(proof.hashes)] == ""
    assert lines[3 + len(proof.hashes) :][:2] == [log.origin, "302"]
    assert parse_proof(proof.encode()) == proof


def test_extra_data_are_kept_but_mean_nothing(proof, log):
    extra = LogProof(proof.index, proof.hashes, proof.note, b"hint")
    assert b"\nextra aGludA==\nindex" in extra.encode()
    assert parse_proof(extra.encode()) == extra
    assert verify_proof(extra, leaf_hash(LEAF), log.verifier_key) == ()


def test_witnesses_are_named(proof, log):
    both = parse_proof(cosigned(proof).encode())
    assert verify_proof(both, leaf_hash(LEAF), log.verifier_key, [WITNESS_KEY]) == (WITNESS_KEY,)
    assert verify_proof(both, leaf_hash(LEAF), log.verifier_key) == ()


def test_a_log_is_not_its_own_witness(proof, log):
    key = SigningKey.from_seed(b"l" * 32)
    itself = VerifierKey("another.name", key.public, COSIGNATURE)
    both = cosigned(proof, key, itself.name)
    assert verify_proof(both, leaf_hash(LEAF), log.verifier_key, [itself]) == ()


def test_what_does_not_prove_is_refused(proof, log):
    wrong_index = LogProof(proof.index + 1, proof.hashes, proof.note)
    short = LogProof(proof.index, proof.hashes[:-1], proof.note)
    swapped = LogProof(proof.index, proof.hashes[::-1], proof.note)
    for bad in (wrong_index, short, swapped):
        with pytest.raises(MalformedInput, match="do not lead"):
            verify_proof(bad, leaf_hash(LEAF), log.verifier_key)
    with pytest.raises(MalformedInput, match="do not lead"):
        verify_proof(proof, leaf_hash(b"another"), log.verifier_key)
    with pytest.raises(MalformedInput, match="no given key"):
        verify_proof(proof, leaf_hash(LEAF), VerifierKey("elsewhere", log.verifier_key.key))
    with pytest.raises(MalformedInput, match="log did not sign"):
        only_witness = LogProof(proof.index, proof.hashes, Note(proof.note.text, cosigned(proof).note.signatures[1:]))
        verify_proof(only_witness, leaf_hash(LEAF), log.verifier_key, [WITNESS_KEY])


def test_a_checkpoint_of_another_origin_is_refused(proof, log):
    from accord.trust.note import sign_note

    text = proof.note.text.replace(log.origin, "accord.local/other")
    forged = LogProof(proof.index, proof.hashes, sign_note(text, log.origin, SigningKey.from_seed(b"l" * 32)))
    with pytest.raises(MalformedInput, match="another log"):
        verify_proof(forged, leaf_hash(LEAF), log.verifier_key)


NOTE = "origin\n1\n" + "A" * 43 + "=\n\n— a AAAAAAA=\n"


@pytest.mark.parametrize(
    "text",
    ["", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v2\nindex 0\n\n" + NOTE, "c2sp.org/tlog-proof@v1\n\n" + NOTE,
     "c2sp.org/tlog-proof@v1\nindex 00\n\n" + NOTE, "c2sp.org/tlog-proof@v1\nindex -1\n\n" + NOTE,
     "c2sp.org/tlog-proof@v1\nextra \nindex ²\n\n" + NOTE, "c2sp.org/tlog-proof@v1\nindex 0\nAAAA\n\n" + NOTE,
     "c2sp.org/tlog-proof@v1\nindex 0\nextra AAAA\n\n" + NOTE, "c2sp.org/tlog-proof@v1\nindex 0\n\nrubbish",
     "c2sp.org/tlog-proof@v1\nindex 0\n" + ("A" * 43 + "=\n") * 64 + "\n" + NOTE,
     "c2sp.org/tlog-proof@v1\nindex " + "1" * 5000 + "\n\n" + NOTE, "c2sp.org/tlog-proof@v1\r\nindex 0\r\n\r\n" + NOTE],
)  # fmt: skip
def test_malformed_proofs_are_refused(text):
    with pytest.raises(AccordError):
        parse_proof(text.encode())


@given(
    st.binary(max_size=100)
    | st.text(max_size=100).map(lambda t: f"c2sp.org/tlog-proof@v1\n{t}\n\n{NOTE}".encode("utf-8", "replace"))
)
def test_the_parser_refuses_or_reproduces(data):
    try:
        found = parse_proof(data)
    except AccordError:
        return
    assert found.encode() == data


def test_no_altered_byte_of_a_proof_passes(proof, log):
    """Every byte of a proof with one signature counts: changed in any bit, it is refused."""
    data = proof.encode()
    for place in range(len(data)):
        for bit in range(8):
            altered = bytearray(data)
            altered[place] ^= 1 << bit
            with pytest.raises(AccordError):
                verify_proof(parse_proof(bytes(altered)), leaf_hash(LEAF), log.verifier_key)


@pytest.fixture
def proofbundle():
    stated = os.environ.get("ACCORD_PROOFBUNDLE")
    path = Path(stated) if stated else Path(__file__).parents[2] / ".venv-peers" / "bin" / "proofbundle"
    if not path.exists():
        pytest.skip("proofbundle is not installed: set ACCORD_PROOFBUNDLE, or install it into .venv-peers")
    return str(path)


def peer(proofbundle, folder, proof, leaf, log, *more):
    (folder / "x.tlog-proof").write_bytes(proof.encode())
    (folder / "leaf").write_bytes(leaf)
    command = [
        proofbundle,
        "verify-proof",
        "x.tlog-proof",
        "--payload-file",
        "leaf",
        "--log-vkey",
        str(log.verifier_key),
    ]
    return subprocess.run([*command, *more], cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def test_proofbundle_agrees(proofbundle, proof, log, tmp_path):
    """An independent verifier accepts our proof and witness line, and rejects a wrong leaf and a wrong log."""
    accepted = peer(proofbundle, tmp_path, proof, LEAF, log, "--expected-origin", log.origin)
    assert accepted.returncode == 0, accepted.stdout + accepted.stderr
    witnessed = ("--witness-vkey", str(WITNESS_KEY), "--threshold", "1")
    both = peer(proofbundle, tmp_path, cosigned(proof), LEAF, log, *witnessed)
    assert both.returncode == 0, both.stdout + both.stderr
    assert peer(proofbundle, tmp_path, proof, LEAF, log, *witnessed).returncode != 0
    assert peer(proofbundle, tmp_path, proof, LEAF + b" ", log).returncode != 0
    assert peer(proofbundle, tmp_path, proof, LEAF, log, "--expected-origin", "elsewhere").returncode != 0


def test_proofbundle_accepts_the_proof_of_a_sealed_report(proofbundle, sealed, log, signer, tmp_path):
    from accord.trust.entry import hash_record

    record = hash_record(sealed.envelopes[-1], signer.public)
    assert peer(proofbundle, tmp_path, sealed.proof, record, log).returncode == 0
    assert parse_note(sealed.proof.note.encode()) == sealed.proof.note
