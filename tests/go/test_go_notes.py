"""Go reads our signed notes and keys, and we read Go's.

It knows keys of kind 0x01 alone: cosignatures (0x04, and 0x06 with ML-DSA-44) it passes over, as a reader must.
"""

from base64 import b64decode, b64encode

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from accord.errors import AccordError
from accord.trust.checkpoint import Checkpoint, parse_checkpoint
from accord.trust.ed25519 import SigningKey
from accord.trust.mldsa import MldsaSigningKey
from accord.trust.note import Cosigner, Note, VerifierKey, parse_note, require_name, sign_note, verify_note

ORIGIN = "register.example/log"
KEY = SigningKey.from_seed(b"k" * 32)


def test_a_checkpoint_that_go_signed_is_one_of_ours(go):
    made = go.ask("generate", name=ORIGIN)
    key = VerifierKey.parse(made["key"])
    assert str(key) == made["key"]
    head = Checkpoint(ORIGIN, 600, bytes(range(32)))
    note = parse_note(b64decode(go.ask("sign", text=head.text, secrets=[made["secret"]])["note"]))
    assert verify_note(note, [key]) == (key,)
    assert parse_checkpoint(note) == head
    with pytest.raises(AccordError, match="is false"):
        verify_note(Note(note.text.replace("600", "601"), note.signatures), [key])


def test_notes_of_several_signers_pass_both_ways(go):
    made = [go.ask("generate", name=name) for name in ("a.example", "b.example/ü", "c")]
    text = "Grüße\n\n— not yet a signature\n"
    data = b64decode(go.ask("sign", text=text, secrets=[item["secret"] for item in made])["note"])
    keys = [VerifierKey.parse(item["key"]) for item in made]
    assert verify_note(parse_note(data), keys) == tuple(keys)
    ours = sign_note(text, ORIGIN, KEY)
    both = Note(text, (*parse_note(data).signatures, *ours.signatures))
    found = go.ask("open", note=both.encode(), keys=[str(VerifierKey(ORIGIN, KEY.public)), made[1]["key"]])
    assert found == {"text": text, "signed": ["b.example/ü", ORIGIN], "unknown": 2}


def test_go_passes_over_the_cosignatures_of_witnesses(go):
    head = Checkpoint(ORIGIN, 5, bytes(32))
    witnesses = [Cosigner("w.example/1", KEY), Cosigner("w.example/2", MldsaSigningKey.from_seed(b"q" * 32))]
    cosigned = Note(head.text, (*head.sign(KEY).signatures, *(w.cosign(head.text, 1_700_000_000) for w in witnesses)))
    found = go.ask("open", note=cosigned.encode(), keys=[str(VerifierKey(ORIGIN, KEY.public))])
    assert found == {"text": head.text, "signed": [ORIGIN], "unknown": 2}
    for witness in witnesses:
        with pytest.raises(go.Refused, match="unknown verifier algorithm"):
            go.ask("open", note=cosigned.encode(), keys=[str(witness.verifier)])


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=12) | st.text("a+ .\u00a0\u0085\u2028\u200b\x7f\x1c/ü", max_size=4))
def test_a_name_that_we_let_a_key_have_go_lets_it_have_too(go, name):
    try:
        key = VerifierKey(require_name(name), KEY.public)
    except AccordError:
        return
    note = sign_note("text\n", name, KEY)
    assert go.ask("open", note=note.encode(), keys=[str(key)])["signed"] == [name]
    made = go.ask("generate", name=name)["key"]
    assert str(VerifierKey.parse(made)) == made


SIGNED = sign_note("origin\n12\nroot\n", ORIGIN, KEY).encode()
PIECES = [
    b"",
    b"\n",
    b"\n\n",
    b"\r",
    b" ",
    b"+",
    b"=",
    b"\x00",
    b"\x7f",
    b"\xff",
    b"\xc2\xa0",
    "— ".encode(),
    b"A",
    SIGNED,
]


def judged(go, data):
    """Return what Go and we make of a note of KEY: its text, or None where it is refused."""
    key = VerifierKey(ORIGIN, KEY.public)
    try:
        theirs = go.ask("open", note=data, keys=[str(key)])["text"]
    except go.Refused:
        theirs = None
    try:
        note = parse_note(data)
        return theirs, note.text if verify_note(note, [key]) else None
    except AccordError:
        return theirs, None


@settings(max_examples=600, deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(SIGNED)), st.integers(0, 3), st.sampled_from(PIECES)), max_size=3))
def test_go_and_we_judge_an_altered_note_alike(go, changes):
    data = SIGNED
    for place, length, piece in changes:
        data = data[:place] + piece + data[place + length :]
    theirs, ours = judged(go, data)
    assert theirs == ours


def signed(text):
    """Return a note of any text by KEY, also of one that can't be a note."""
    signature = VerifierKey(ORIGIN, KEY.public).key_id + KEY.sign(text.encode())
    return f"{text}\n— {ORIGIN} {b64encode(signature).decode()}\n".encode()


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text(max_size=6) | st.sampled_from(["", "—", "— a AAAAAAA=", "\r", "\x7f", "\x85"]), max_size=5))
def test_go_and_we_judge_a_signed_text_alike(go, lines):
    text = "".join(f"{line}\n" for line in lines)
    assume(text != "\n")
    theirs, ours = judged(go, signed(text))
    assert theirs == ours
    assert ours in (None, text)


def test_we_refuse_base64_with_spare_bits_set_and_a_text_of_one_empty_line_which_go_lets_pass(go):
    assert SIGNED.endswith(b"I=\n")
    assert judged(go, SIGNED[:-3] + b"J=\n") == ("origin\n12\nroot\n", None)
    assert judged(go, signed("\n")) == ("\n", None)
