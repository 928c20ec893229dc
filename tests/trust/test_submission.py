"""What a log sends to a witness, and what it makes of the answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.trust.checkpoint import Checkpoint
from accord.trust.ed25519 import SigningKey
from accord.trust.mldsa import MldsaSigningKey
from accord.trust.note import Cosigner, Note, NoteSignature, VerifierKey, parse_note, verify_note
from accord.trust.submission import latest_size, merge_cosignatures, parse_submission

NOW = 1_700_000_000
COSIGNERS = (
    Cosigner("witness.example/w", SigningKey.from_seed(b"w" * 32)),
    Cosigner("witness.example/w", MldsaSigningKey.from_seed(b"q" * 32)),
)
KEYS = tuple(cosigner.verifier for cosigner in COSIGNERS)
LOG = SigningKey.from_seed(b"l" * 32)
LOG_KEY = VerifierKey("example.com/log", LOG.public)
INIT = Checkpoint("example.com/log", 5, b"5" * 32).sign(LOG).encode()
NEXT = Checkpoint("example.com/log", 8, b"8" * 32).sign(LOG).encode()


def test_a_request_is_read_as_it_was_written():
    """The example body of c2sp.org/tlog-witness."""
    lines = [
        "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=",
        "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=",
        "5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=",
        "/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=",
    ]
    note = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/"
        "behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )
    data = "\n".join(["old 20852014", *lines, "", note]).encode()
    found = parse_submission(data)
    assert (found.old, len(found.hashes), found.note.encode()) == (20852014, 4, note.encode())
    assert found.encode() == data


@given(st.binary(max_size=300) | st.text(max_size=100).map(lambda t: f"old {t}\n\n{INIT.decode()}".encode()))
def test_the_parser_refuses_or_reproduces(data):
    try:
        found = parse_submission(data)
    except AccordError:
        return
    assert found.encode() == data


def answer(note, *cosigners, seconds=NOW):
    return "".join(str(cosigner.cosign(note.text, seconds)) for cosigner in cosigners).encode()


def test_cosignatures_are_verified_and_merged():
    note = parse_note(INIT)
    once = merge_cosignatures(note, answer(note, *COSIGNERS), KEYS)
    assert verify_note(once, [LOG_KEY, *KEYS]) == (LOG_KEY, *KEYS)
    again = merge_cosignatures(once, answer(note, COSIGNERS[0], seconds=NOW + 9), KEYS)
    assert {line.key_id: line.seconds for line in again.signatures[1:]} == {
        KEYS[0].key_id: NOW + 9,
        KEYS[1].key_id: NOW,
    }
    assert len(again.signatures) == 3
    stranger = Cosigner("stranger", SigningKey.from_seed(b"s" * 32))
    assert merge_cosignatures(note, answer(note, stranger, COSIGNERS[0]), KEYS) == merge_cosignatures(
        note, answer(note, COSIGNERS[0]), KEYS
    )


def test_answers_that_are_none_are_refused():
    note, other = parse_note(INIT), parse_note(NEXT)
    for bad in (
        b"",
        b"\n",
        b"rubbish",
        answer(note, COSIGNERS[0])[:-1],
        answer(other, COSIGNERS[0]),
        answer(note, COSIGNERS[0], seconds=0),
        answer(note, Cosigner("stranger", SigningKey.from_seed(b"s" * 32))),
        b"x\n\n" + answer(note, COSIGNERS[0]),
        answer(note, COSIGNERS[0]) + answer(other, COSIGNERS[1]),
        b"\xff" + answer(note, COSIGNERS[0]),
    ):
        with pytest.raises(MalformedInput, match=r"^w1: answer"):
            merge_cosignatures(note, bad, KEYS, name="w1")
    with pytest.raises(LimitExceeded):
        merge_cosignatures(note, b"x" * 200_000, KEYS)
    crowd = Note(note.text, tuple(NoteSignature(f"n{i}", b"1234", b"y") for i in range(99)))
    with pytest.raises(LimitExceeded):
        merge_cosignatures(crowd, answer(note, *COSIGNERS), KEYS)


def test_an_answered_size_is_read():
    assert latest_size(b"20852163\n") == 20852163
    assert latest_size(b"0\n") == 0
    for bad in (
        b"",
        b"\n",
        b"5",
        b"5\n\n",
        b"05\n",
        b"-1\n",
        b"9" * 40 + b"\n",
        b"9223372036854775808\n",
        b"\xff\n",
        b" 5\n",
    ):
        with pytest.raises(MalformedInput):
            latest_size(bad)
