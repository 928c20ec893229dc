import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, MalformedInput
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.note import COSIGNATURE, Note, NoteSignature, VerifierKey, parse_note, sign_note, verify_note

# The example of c2sp.org/signed-note with its verifier key, and the poem that opens the page.
EXAMPLE_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
EXAMPLE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
).encode()
POEM = (
    "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n\n— quasimodo.example/"
    "salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n"
).encode()
# The example of golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()

KEY = SigningKey.from_seed(b"n" * 32)
NAMES = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"], exclude_characters="+"), min_size=1, max_size=20
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="".join(map(chr, range(32)))), max_size=60)


@pytest.mark.parametrize(("key", "data"), [(EXAMPLE_KEY, EXAMPLE), (GO_KEY, GO)], ids=["c2sp", "go"])
def test_published_notes_verify(key, data):
    verifier = VerifierKey.parse(key)
    assert str(verifier) == key
    note = parse_note(data)
    assert verify_note(note, [verifier]) == (verifier,)
    assert note.encode() == data
    with pytest.raises(MalformedInput, match="false"):
        verify_note(Note(note.text.replace("is", "was"), note.signatures), [verifier])


def test_the_poem_of_the_specification_is_read_to_the_byte():
    note = parse_note(POEM)
    assert note.text.endswith("\n\ned è subito sera.\n")
    assert note.signatures[0].name == "quasimodo.example/salvatore"
    assert note.signatures[0].key_id.hex() == "367ba04b"
    assert len(note.signatures[0].signature) == 64
    assert note.encode() == POEM


@given(NAMES, st.lists(TEXTS, min_size=1, max_size=4))
def test_a_signed_note_is_read_back(name, lines):
    text = "\n".join(lines) + "\n"
    if text == "\n" * len(lines):
        return  # A text without a non-empty line has no place before the blank line.
    try:
        note = sign_note(text, name, KEY)
    except MalformedInput:
        assert text.startswith("\n") or text.endswith("\n\n") or not name.strip()
        return
    verifier = VerifierKey(name, KEY.public)
    assert VerifierKey.parse(str(verifier)) == verifier
    assert parse_note(note.encode()) == note
    assert verify_note(note, [verifier]) == (verifier,)


def cosign(note, name, key, seconds):
    """Cosign as a witness, straight from c2sp.org/tlog-cosignature."""
    message = f"cosignature/v1\ntime {seconds}\n{note.text}".encode()
    key_id = hashlib.sha256(name.encode() + b"\n\x04" + key.public.raw).digest()[:4]
    return NoteSignature(name, key_id, seconds.to_bytes(8, "big") + key.sign(message))


def test_a_witness_cosigns_under_its_own_kind_of_key():
    note = sign_note("origin\n0\nroot\n", "origin", KEY)
    witness = SigningKey.from_seed(b"w" * 32)
    verifier = VerifierKey("witness.example/w", witness.public, COSIGNATURE)
    both = Note(note.text, (*note.signatures, cosign(note, verifier.name, witness, 1679315147)))
    assert verify_note(parse_note(both.encode()), [verifier]) == (verifier,)
    late = bytearray(both.signatures[1].signature)
    late[7] ^= 1
    forged = Note(note.text, (NoteSignature(verifier.name, verifier.key_id, bytes(late)),))
    with pytest.raises(MalformedInput, match="false"):
        verify_note(forged, [verifier])


def test_unknown_signatures_are_ignored_but_one_known_is_needed():
    note = sign_note("text\n", "known", KEY)
    stranger = NoteSignature("stranger", b"abcd", b"x" * 64)
    same_name_other_id = NoteSignature("known", b"abcd", b"x" * 64)
    known = VerifierKey("known", KEY.public)
    crowded = Note(note.text, (stranger, same_name_other_id, *note.signatures))
    assert verify_note(crowded, [known]) == (known,)
    with pytest.raises(MalformedInput, match="no given key"):
        verify_note(Note(note.text, (stranger,)), [known])


def test_sixteen_signatures_are_read():
    signatures = tuple(NoteSignature(f"n{i}", bytes(4), b"s" * 5000) for i in range(16))
    assert parse_note(Note("t\n", signatures).encode()).signatures == signatures


LINE = EXAMPLE.split(b"\n\n")[1]


@pytest.mark.parametrize(
    "data",
    [b"", b"\n", b"\n\n", b"text\n", b"text\n\n", b"\n\n" + LINE, b"text\n\n" + LINE[:-1], b"te\txt\n\n" + LINE,
     b"te\rxt\n\n" + LINE, b"\xfftext\n\n" + LINE, b"text\n" + LINE, b"text\n\n" + LINE + b"x\n",
     b"text\n\n" + LINE.replace("—".encode(), b"-"), b"text\n\n" + LINE.replace(b"foo", b"f+o"),
     b"text\n\n" + LINE.replace(b"aQM=", b"aQN="), b"text\n\n" + LINE * 101, b"x" * (1 << 20) + b"\n\n" + LINE],
)  # fmt: skip
def test_malformed_notes_are_refused(data):
    with pytest.raises(AccordError):
        parse_note(data)


@given(
    st.binary(max_size=200) | st.text(max_size=200).map(lambda t: f"{t}\n\n— a AAAAAAA=\n".encode("utf-8", "replace"))
)
def test_the_parser_refuses_or_reproduces(data):
    try:
        note = parse_note(data)
    except AccordError:
        return
    assert note.encode() == data


@pytest.mark.parametrize(
    "text",
    ["", "a+b", "a+530d903a+", "a+530d903a+AQ==", EXAMPLE_KEY.replace("530d", "530e"),
     EXAMPLE_KEY.replace("/foo", " foo"),
     EXAMPLE_KEY.replace("foo", "bar"), EXAMPLE_KEY.replace("Aeky", "Beky"), "+" + EXAMPLE_KEY,
     f"a+{hashlib.sha256(b'a' + bytes([10, 1]) + bytes(32)).hexdigest()[:8]}+{b64encode(bytes([1]) + bytes(32))}"],
)  # fmt: skip
def test_malformed_verifier_keys_are_refused(text):
    with pytest.raises(AccordError):
        VerifierKey.parse(text)
