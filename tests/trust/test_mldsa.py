"""ML-DSA-44 keys and cosignatures, against what others made and what others verify.

`litewitness_mldsa.txt` is the log of FiloSottile/torchwood, cmd/litewitness/testdata/mldsa.txt: its verifier key, and a
checkpoint that it signed with the type 0x06 and the time 0.
"""

import base64
import hashlib
import os
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, MalformedInput, Unavailable
from accord.trust.checkpoint import Checkpoint
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import WITNESS, WITNESS_MLDSA, KeyStore
from accord.trust.mldsa import MldsaPublicKey, MldsaSigningKey
from accord.trust.note import (
    COSIGNATURE,
    ED25519,
    MLDSA_COSIGNATURE,
    Cosigner,
    Note,
    NoteSignature,
    VerifierKey,
    parse_note,
    verify_note,
)
from accord.trust.proof import LogProof, parse_proof, verify_proof
from accord.trust.tree import EMPTY_ROOT, leaf_hash

PEERS = Path(__file__).parents[2] / ".venv-peers" / "bin"
LITEWITNESS = Path(__file__).with_name("litewitness_mldsa.txt").read_bytes()
TIME = 1_700_000_000
LEAF = b'{"an":"entry"}'
LOG = SigningKey.from_seed(b"l" * 32)
CLASSIC = Cosigner("witness.example/w1", SigningKey.from_seed(b"w" * 32))
QUANTUM = Cosigner("witness.example/w2", MldsaSigningKey.from_seed(b"q" * 32))
BODY = Checkpoint("example.com/log", 7, bytes(range(32)))


def test_the_checkpoint_that_litewitness_accepts_verifies():
    vkey, _, note = LITEWITNESS.partition(b"\n")
    key = VerifierKey.parse(vkey.decode())
    assert (str(key), key.kind, key.key_id.hex()) == (vkey.decode(), MLDSA_COSIGNATURE, "b5df45c5")
    read = parse_note(note)
    assert (read.encode(), read.signatures[0].seconds) == (note, 0)
    assert verify_note(read, [key]) == (key,)
    for old, new in ((b"\n1\n", b"\n2\n"), (b"+zoE", b"+zoF"), (b"AAAAAAAkjFv", b"AAAAAABkjFv"), (b"eKDU=", b"eKDQ=")):
        assert note.count(old) == 1
        with pytest.raises(MalformedInput, match="is false"):
            verify_note(parse_note(note.replace(old, new)), [key])
    with pytest.raises(MalformedInput, match="is false"):
        verify_note(Note(read.text.replace("mldsa-log", "other-log"), read.signatures), [key])


def test_the_private_key_of_rfc_9881_is_read_and_written():
    """RFC 9881, appendix C.1.1: the seed 00 01 … 1f, seed format."""
    body = "MDQCAQAwCwYJYIZIAWUDBAMRBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    lines = "\n".join(body[i : i + 64] for i in range(0, len(body), 64))
    pem = f"-----BEGIN PRIVATE KEY-----\n{lines}\n-----END PRIVATE KEY-----\n".encode()
    key = MldsaSigningKey.from_pem(pem)
    assert key.public == MldsaSigningKey.from_seed(bytes(range(32))).public
    assert key.to_pem() == pem
    assert key.public.verify(b"message", key.sign(b"message"))
    assert repr(key) == f"MldsaSigningKey({key.keyid[:16]}…)"


@pytest.mark.parametrize("data", [b"", b"rubbish", LOG.to_pem(), QUANTUM.key.to_pem().replace(b"MDQC", b"MDQD")])
def test_what_is_no_mldsa_key_is_refused(data):
    with pytest.raises(MalformedInput, match="not an ML-DSA-44 private key"):
        MldsaSigningKey.from_pem(data)


@pytest.mark.parametrize("size", [0, 32, 1311, 1313, 1952])
def test_public_keys_of_another_length_are_refused(size):
    data = bytes([MLDSA_COSIGNATURE]) + bytes(size)
    key_id = hashlib.sha256(b"w.example\n" + data).hexdigest()[:8]
    with pytest.raises(MalformedInput, match=f"this one {size}"):
        VerifierKey.parse(f"w.example+{key_id}+{base64.b64encode(data).decode()}")


@pytest.mark.parametrize("kind", [ED25519, COSIGNATURE])
def test_an_mldsa_key_does_not_pass_for_an_ed25519_key(kind):
    data = bytes([kind]) + QUANTUM.key.public.raw
    with pytest.raises(MalformedInput, match="has 32 bytes"):
        VerifierKey.parse(f"w+00000000+{base64.b64encode(data).decode()}")


def test_the_bytes_that_are_signed():
    """The structure `cosigned_message`, put together by hand."""
    line = QUANTUM.cosign(BODY.text, TIME)
    message = b"subtree/v1\n\0" + struct.pack(">B18sQB15s", 18, b"witness.example/w2", TIME, 15, b"example.com/log")
    message += struct.pack(">QQ32s", 0, 7, BODY.root)
    key_id = hashlib.sha256(b"witness.example/w2\n\x06" + QUANTUM.key.public.raw).digest()[:4]
    assert (line.name, line.key_id, line.seconds, len(line.signature)) == ("witness.example/w2", key_id, TIME, 2428)
    assert QUANTUM.key.public.verify(message, line.signature[8:])


@pytest.mark.parametrize("cosigner", [CLASSIC, QUANTUM], ids=["ed25519", "mldsa"])
def test_cosignatures_are_read_back_and_no_bit_of_them_is_free(cosigner):
    line = cosigner.cosign(BODY.text, TIME)
    note = parse_note(Note(BODY.text, (line,)).encode())
    assert VerifierKey.parse(str(cosigner.verifier)) == cosigner.verifier
    assert verify_note(note, [cosigner.verifier]) == (cosigner.verifier,)
    for place in {0, 1, 7, 8, 40, len(line.signature) - 1}:
        altered = bytearray(line.signature)
        altered[place] ^= 1
        for signature in (bytes(altered), line.signature[:-1], line.signature + b"x", b"", line.signature[:8]):
            assert not cosigner.verifier.verify(BODY.text, signature)


@pytest.mark.parametrize("text", ["origin\n0\nroot\n", BODY.text + "extension\n", "", "a\n\n",
    BODY.text.replace("\n7\n", "\n07\n"), BODY.text.replace("\n7\n", "\n9999999999999999999\n"),
    Checkpoint("o" * 256, 7, BODY.root).text, Checkpoint("ö" * 128, 7, BODY.root).text,
    Checkpoint("example.com/log", 0, BODY.root).text, BODY.text.replace("Hh8=", "Hh9=")])  # fmt: skip
def test_texts_that_mldsa_does_not_cover_are_not_signed(text):
    """As in torchwood, by the author of the format: unsigned lines beside a signed root would be anybody's."""
    with pytest.raises(MalformedInput, match="can't cosign"):
        QUANTUM.cosign(text, TIME)
    good = QUANTUM.cosign(BODY.text, TIME)
    assert not QUANTUM.verifier.verify(text, good.signature)
    assert not QUANTUM.verifier.verify(BODY.text + "extension\n", good.signature)


def test_an_empty_log_can_be_cosigned():
    text = Checkpoint("example.com/log", 0, EMPTY_ROOT).text
    assert QUANTUM.verifier.verify(text, QUANTUM.cosign(text, TIME).signature)


def test_one_false_cosignature_of_a_known_key_spoils_the_note():
    good, other = QUANTUM.cosign(BODY.text, TIME), CLASSIC.cosign(BODY.text, TIME)
    bad = NoteSignature(good.name, good.key_id, good.signature[:-1] + bytes([good.signature[-1] ^ 1]))
    note = Note(BODY.text, (other, bad))
    assert verify_note(note, [CLASSIC.verifier]) == (CLASSIC.verifier,)
    with pytest.raises(MalformedInput, match="w2 is false"):
        verify_note(note, [CLASSIC.verifier, QUANTUM.verifier])


@given(st.binary(max_size=3000))
def test_rubbish_is_no_signature(data):
    assert not QUANTUM.key.public.verify(b"message", data)
    assert not QUANTUM.verifier.verify(BODY.text, data)


def test_without_mldsa_it_is_said_what_is_missing(monkeypatch):
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    for attempt in (MldsaSigningKey.generate, lambda: MldsaPublicKey(bytes(1312)).verify(b"", b"")):
        with pytest.raises(Unavailable, match="ML-DSA"):
            attempt()


@pytest.fixture
def store(tmp_path):
    return KeyStore(tmp_path / "home" / "keys")


def test_the_keys_of_a_witness_are_made_once_and_kept_secret(store):
    classic, quantum = store.cosigners("witness.example/accord")
    assert (classic.verifier.kind, quantum.verifier.kind) == (COSIGNATURE, MLDSA_COSIGNATURE)
    assert {classic.name, quantum.name} == {"witness.example/accord"}
    again = KeyStore(store.folder).cosigners()
    assert [item.verifier.key for item in again] == [classic.verifier.key, quantum.verifier.key]
    assert store.names() == (WITNESS, WITNESS_MLDSA)
    assert all(stat.S_IMODE((store.folder / f"{name}.key").stat().st_mode) == 0o600 for name in store.names())
    assert [(key.role, key.why, key.verifier) for key in store.known().keys] == [
        ("witness", "own", again[0].verifier),
        ("witness", "own", again[1].verifier),
    ]
    assert store.vkey(WITNESS_MLDSA) == again[1].verifier
    with pytest.raises(MalformedInput, match="not an Ed25519 key"):
        store.load(WITNESS_MLDSA)


def test_mldsa_keys_of_witnesses_and_logs_are_trusted_and_those_of_signers_are_not(store):
    vkey = str(QUANTUM.verifier)
    assert store.trust(vkey, name="W", role="witness").verifier == QUANTUM.verifier
    assert store.trust(vkey, name="L", role="log").verifier == QUANTUM.verifier
    with pytest.raises(MalformedInput, match="a signer has one of kind 0x01"):
        store.trust(vkey, name="S")
    assert [key.role for key in store.known().keys] == ["witness", "log"]


def test_the_command_makes_shows_and_trusts_them(monkeypatch, tmp_path):
    from accord.cli import cli

    monkeypatch.setenv("ACCORD_HOME", str(tmp_path))
    file = tmp_path / "w.vkey"
    file.write_text(f"{QUANTUM.verifier}\n")

    def run(*words):
        result = CliRunner().invoke(cli, ["keys", *words])
        assert result.exit_code == 0, result.output
        return result.output

    made = run("make", WITNESS_MLDSA).strip()
    assert VerifierKey.parse(made).kind == MLDSA_COSIGNATURE
    assert run("export", WITNESS_MLDSA).strip() == made
    assert "Trusted as witness: Friend" in run("trust", "Friend", str(file), "--role", "witness")
    assert str(QUANTUM.verifier) in run("--json")


@pytest.fixture
def proof(log):
    log.append([b"before %d" % number for number in range(300)])
    return log.prove(log.append([LEAF, b"after"]).indices[0])


def cosigned(proof, *lines):
    return LogProof(proof.index, proof.hashes, Note(proof.note.text, (*proof.note.signatures, *lines)))


def test_a_proof_names_witnesses_of_both_kinds(proof, log):
    both = parse_proof(cosigned(proof, *(item.cosign(proof.note.text, TIME) for item in (CLASSIC, QUANTUM))).encode())
    keys = (CLASSIC.verifier, QUANTUM.verifier)
    assert verify_proof(both, leaf_hash(LEAF), log.verifier_key, keys) == keys
    assert verify_proof(both, leaf_hash(LEAF), log.verifier_key, [QUANTUM.verifier]) == (QUANTUM.verifier,)


def peer(program, *words, folder):
    path = os.environ.get("ACCORD_PROOFBUNDLE") or PEERS / "proofbundle"
    command = Path(path).with_name(program)
    if not command.exists():
        pytest.skip("proofbundle is not installed: set ACCORD_PROOFBUNDLE, or install it into .venv-peers")
    return subprocess.run(
        [command, *words], cwd=folder, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False
    )


def accepted(proof, log, folder, *, leaf=LEAF, witnesses=(CLASSIC.verifier, QUANTUM.verifier)):
    (folder / "x.tlog-proof").write_bytes(proof.encode())
    (folder / "leaf").write_bytes(leaf)
    vkeys = [word for key in witnesses for word in ("--witness-vkey", str(key))]
    words = ["x.tlog-proof", "--payload-file", "leaf", "--log-vkey", str(log.verifier_key), *vkeys, "--threshold", "2"]
    result = peer("proofbundle", "verify-proof", *words, folder=folder)
    assert result.returncode in (0, 1), result.stderr
    return result.returncode == 0


def test_proofbundle_accepts_both_kinds_of_cosignature_and_refuses_wrong_ones(proof, log, tmp_path):
    classic, quantum = (item.cosign(proof.note.text, TIME) for item in (CLASSIC, QUANTUM))
    assert accepted(cosigned(proof, classic, quantum), log, tmp_path)
    assert not accepted(cosigned(proof, classic, quantum), log, tmp_path, leaf=LEAF + b" ")
    assert not accepted(cosigned(proof, classic), log, tmp_path)
    late = bytearray(quantum.signature)
    late[7] ^= 1
    assert not accepted(
        cosigned(proof, classic, NoteSignature(quantum.name, quantum.key_id, bytes(late))), log, tmp_path
    )
    # The same key under another name is another witness: its name is signed.
    renamed = Cosigner("witness.example/w3", QUANTUM.key)
    stolen = NoteSignature(renamed.name, renamed.verifier.key_id, quantum.signature)
    witnesses = (CLASSIC.verifier, renamed.verifier)
    assert not accepted(cosigned(proof, classic, stolen), log, tmp_path, witnesses=witnesses)
    with pytest.raises(AccordError):
        verify_proof(cosigned(proof, classic, stolen), leaf_hash(LEAF), log.verifier_key, witnesses)


def test_what_proofbundle_cosigns_verifies(proof, tmp_path):
    (tmp_path / "note").write_bytes(proof.note.encode())
    code = (
        "from proofbundle.checkpoint import cosign_checkpoint_mldsa as sign\n"
        "from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey as Key\n"
        f"key = Key.from_seed_bytes({b'q' * 32!r})\n"
        f"print(sign(open('note', encoding='utf-8').read(), key, 'witness.example/w2', {TIME}), end='')"
    )
    result = peer("python", "-X", "utf8", "-c", code, folder=tmp_path)
    assert result.returncode == 0, result.stderr
    assert verify_note(parse_note(result.stdout.encode()), [QUANTUM.verifier]) == (QUANTUM.verifier,)
