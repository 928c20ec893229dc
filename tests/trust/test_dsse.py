import base64
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError
from accord.trust import dsse
from accord.trust.dsse import SignatureInvalid
from accord.trust.ed25519 import PublicKey, SigningKey

INTOTO = dsse.PAYLOAD_TYPE
EMPTY = "eyJfdHlwZSI6Imh0dHBzOi8vaW4tdG90by5pby9TdGF0ZW1lbnQvdjEifQ=="
SIG_A = "2WAfaHm5jluo0w+0rk8uVkluELJYWjSmU9x7EUzx+AyteDGJ4/nqyJXfmAUVFIAoQafWm7AxBZNw5M9ixNHiCA=="
SIG_B = "c1+67/aT0yqEpwx8PsVY3MLHsj9D0CZ014/Fv/QlG59P+9CobUZ7xECJ/V3USG0Ob9CiE5LjReEZUzNF2l7eBw=="
# Keys of RFC 8032, section 7.1, tests 1 and 2; they sign the envelopes of dsse's testvectors/vectors.json.
KEY_A = PublicKey(bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
KEY_B = PublicKey(bytes.fromhex("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c"))


class P256:
    """The ECDSA key of protocol.md; its signatures are r ‖ s."""

    keyid = "p256"

    def __init__(self):
        x = 46950820868899156662930047687818585632848591499744589407958293238635476079160
        y = 5640078356564379163099075877009565129882514886557779369047442380624545832820
        self.key = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()

    def verify(self, message, signature):
        r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
        try:
            self.key.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            return False
        return True


def envelope(payload, kind, *signatures):
    items = [dict(zip(("sig", "keyid"), pair, strict=False)) for pair in signatures]
    return dsse.parse(json.dumps({"payload": payload, "payloadType": kind, "signatures": items}).encode())


def test_the_vector_of_the_protocol():
    kind = "http://example.com/HelloWorld"
    signature = "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="
    found = envelope("aGVsbG8gd29ybGQ=", kind, (signature,))
    assert found.signed_bytes == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    assert [key.keyid for key in dsse.verify(found, [P256()], payload_types=[kind])] == ["p256"]
    altered = dsse.Envelope(kind, b"hello World", found.signatures)
    with pytest.raises(SignatureInvalid):
        dsse.verify(altered, [P256()], payload_types=[kind])


URL_SAFE_A = "P-_KHICeR7tI6S_YyejJTRtrXhcQyQ2LYPaL8h90KjC9qN8HU_svOQ6TuDOT1HIrsGW886DbWNWcCmX5twLrAw=="
NON_ASCII_A = "xmSk/ug66ysT7ayhkCIjhAq42zgZXSsEWuzUaNL7w2eGAdF/NU6/fRXPtmfN+5DNSAs5/i2lUnHjbbjPsu0tAw=="
NO_BODY_A = "gSggCAaTLTYyRH6FIDBem6meyIynsYy8RTHVzwx9tnTb7Bg/1jMWnuVgI/gffqmbsC2VX5/jHfkkDqsj7CDbDg=="
NO_TYPE_A = "iC3q/+3Rm0+lpAJRueDmDh15PnwCfxKmS0NAfKsbv+zgulXQC/WM9trc+j1XEqlwDIg/vf/uNfebeD6sxInrDg=="


@pytest.mark.parametrize(
    ("payload", "kind", "signatures", "keys", "threshold", "kinds", "good"),
    [
        (EMPTY, INTOTO, [(SIG_A, "A")], [KEY_A], 1, [INTOTO], True),
        ("-_-_Pj8=", INTOTO, [(URL_SAFE_A, "A")], [KEY_A], 1, [INTOTO], True),
        (EMPTY, "application/vnd.example.other+json", [(SIG_A, "A")], [KEY_A], 1,
         [INTOTO, "application/vnd.example.other+json"], False),
        (EMPTY, "application/vnd.exämple+json", [(NON_ASCII_A, "A")], [KEY_A], 1,
         ["application/vnd.exämple+json"], True),
        ("", INTOTO, [(NO_BODY_A, "A")], [KEY_A], 1, [INTOTO], True),
        (EMPTY, "", [(NO_TYPE_A, "A")], [KEY_A], 1, [INTOTO], False),
        (EMPTY, INTOTO, [(SIG_A, "A"), (SIG_B, "B")], [KEY_A, KEY_B], 2, [INTOTO], True),
        (EMPTY, INTOTO, [(SIG_A, "A"), (SIG_A, "A")], [KEY_A, KEY_B], 2, [INTOTO], False),
        (EMPTY, INTOTO, [(SIG_A,), (SIG_B,)], [KEY_A, KEY_B], 2, [INTOTO], True),
    ],
    ids=["single", "url-safe", "type-swapped", "non-ascii-type", "empty-payload", "empty-type", "two-keys",
         "one-key-twice", "no-keyids"],
)  # fmt: skip
def test_the_vectors_of_the_repository(payload, kind, signatures, keys, threshold, kinds, good):
    found = envelope(payload, kind, *signatures)
    if good:
        assert len(dsse.verify(found, keys, threshold=threshold, payload_types=kinds)) == threshold
    else:
        with pytest.raises(SignatureInvalid):
            dsse.verify(found, keys, threshold=threshold, payload_types=kinds)


def test_a_wrong_hint_decides_nothing():
    found = envelope(EMPTY, INTOTO, (SIG_A, KEY_B.keyid))
    assert dsse.verify(found, [KEY_A, KEY_B]) == (KEY_A,)


def test_the_same_key_given_twice_counts_once():
    with pytest.raises(SignatureInvalid):
        dsse.verify(envelope(EMPTY, INTOTO, (SIG_A,), (SIG_A,)), [KEY_A, KEY_A], threshold=2)


def test_unknown_fields_are_ignored():
    line = {"payload": EMPTY, "payloadType": INTOTO, "extra": {"x": [1]}, "signatures": [{"sig": SIG_A, "cert": "…"}]}
    assert dsse.verify(dsse.parse(json.dumps(line).encode()), [KEY_A])


@given(st.binary(max_size=200), st.integers(1, 3))
def test_what_is_signed_is_read_back_from_its_line(payload, count):
    keys = [SigningKey.from_seed(bytes([number]) * 32) for number in range(count)]
    signed = dsse.sign(payload, keys)
    line = dsse.to_line(signed)
    assert dsse.parse(line) == signed
    assert b"\n" not in line
    assert base64.b64decode(json.loads(line)["payload"]) == payload
    assert len(dsse.verify(signed, [key.public for key in keys], threshold=count)) == count


@pytest.mark.parametrize(
    "line",
    [
        b"", b"null", b"[]", b"{}", b'{"payload":"","payloadType":"x","signatures":[]}',
        b'{"payload":"AA==","payloadType":"x","signatures":[{}]}',
        b'{"payload":"AB==","payloadType":"x","signatures":[{"sig":"AA=="}]}',  # spare bits
        b'{"payload":"AA","payloadType":"x","signatures":[{"sig":"AA=="}]}',  # no padding
        b'{"payload":"A A=","payloadType":"x","signatures":[{"sig":"AA=="}]}',
        '{"payload":"ÄÄ==","payloadType":"x","signatures":[{"sig":"AA=="}]}'.encode(),
        b'{"payload":"-/==","payloadType":"x","signatures":[{"sig":"AA=="}]}',  # both alphabets at once
        b'{"payload":"AA==","payloadType":"x","signatures":[' + b'{"sig":"AA=="},' * 64 + b'{"sig":"AA=="}]}',
        b'{"a":' * 100_000,
        b'{"payloadType":"\xff"}',
    ],
)  # fmt: skip
def test_hostile_lines_are_refused(line):
    with pytest.raises(AccordError):
        dsse.parse(line)


@given(st.data())
def test_no_altered_byte_survives(data):
    key = SigningKey.from_seed(b"k" * 32)
    line = dsse.to_line(dsse.sign(b"some payload", [key]))
    place = data.draw(st.integers(0, len(line) - 1))
    altered = (
        line[:place] + bytes([data.draw(st.integers(0, 255).filter(lambda b: b != line[place]))]) + line[place + 1 :]
    )
    try:
        found = dsse.parse(altered)
        dsse.verify(found, [key.public])
    except AccordError:
        return
    # What still verifies says the same; only names of ignored fields, the hint and the alphabet may differ.
    assert found.payload == b"some payload"


@given(st.binary(max_size=300))
def test_noise_is_refused(data):
    with pytest.raises(AccordError):
        dsse.parse(data)
