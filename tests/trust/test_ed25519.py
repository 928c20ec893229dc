import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import MalformedInput
from accord.trust.ed25519 import PublicKey, SigningKey

P = 2**255 - 19


@pytest.fixture(scope="module")
def vectors(conformance):
    cases = json.loads((conformance / "ed25519" / "ed25519vectors.json").read_text())
    assert len(cases) == 914
    return cases


def flagged(case, *names):
    return bool(set(names) & set(case["flags"] or ()))


def test_the_library_that_judges_for_us_is_pinned(vectors):
    """`cryptography` accepts 208 of the 914 corner cases; another count means that signatures change their verdict."""
    accepted = 0
    for case in vectors:
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(case["key"]))
        try:
            key.verify(bytes.fromhex(case["sig"]), case["msg"].encode())
        except InvalidSignature:
            continue
        accepted += 1
    assert accepted == 208


def test_keys_on_which_verifiers_disagree_are_refused(vectors):
    """Every key flagged as of low order or non-canonical is refused, every other one is taken."""
    for case in vectors:
        raw = bytes.fromhex(case["key"])
        if flagged(case, "low_order_A", "non_canonical_A"):
            with pytest.raises(MalformedInput) as caught:
                PublicKey(raw)
            assert caught.value.code in {"low-order-key", "non-canonical-key"}
        else:
            assert PublicKey(raw).raw == raw
    assert len({case["key"] for case in vectors if flagged(case, "low_order_A", "non_canonical_A")}) == 14


def test_what_we_accept_of_the_vectors_is_pinned(vectors):
    """Of the 208, those by a sound key; in none of them is the signature's scalar or R ambiguous to us."""
    accepted = [
        case
        for case in vectors
        if not flagged(case, "low_order_A", "non_canonical_A")
        and PublicKey(bytes.fromhex(case["key"])).verify(case["msg"].encode(), bytes.fromhex(case["sig"]))
    ]
    assert len(accepted) == 86
    assert not any(flagged(case, "non_canonical_R", "low_order_residue") for case in accepted)


def test_the_first_vectors_of_rfc_8032():
    key = SigningKey.from_seed(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"))
    assert key.public.raw.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    signature = key.sign(b"")
    assert signature.hex() == (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655"
        "141438e7a100b"
    )
    assert key.public.verify(b"", signature)
    assert not key.public.verify(b"x", signature)
    assert not key.public.verify(b"", signature[:-1])


@given(st.binary(min_size=32, max_size=32))
def test_every_key_that_is_made_is_sound_and_survives_its_forms(seed):
    key = SigningKey.from_seed(seed)
    public = key.public
    assert PublicKey.from_pem(public.pem) == public
    assert SigningKey.from_pem(key.to_pem()).public == public
    oracle = Ed25519PublicKey.from_public_bytes(public.raw)
    assert public.spki == oracle.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert public.pem.encode() == oracle.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@given(st.integers(0, 18), st.booleans())
def test_no_y_beyond_the_field_is_taken(excess, sign):
    raw = (P + excess + (sign << 255)).to_bytes(32, "little")
    with pytest.raises(MalformedInput):
        PublicKey(raw)


def test_a_point_off_the_curve_is_refused():
    with pytest.raises(MalformedInput, match="curve"):
        PublicKey((2).to_bytes(32, "little"))


@pytest.mark.parametrize("raw", [b"", b"x" * 31, b"x" * 33])
def test_other_lengths_are_refused(raw):
    with pytest.raises(MalformedInput, match="32 bytes"):
        PublicKey(raw)


@given(st.binary(max_size=200))
def test_noise_is_no_key(data):
    with pytest.raises(MalformedInput):
        PublicKey.from_pem(data)
    with pytest.raises(MalformedInput):
        SigningKey.from_pem(data)


def test_other_kinds_of_key_are_refused():
    other = ec.generate_private_key(ec.SECP256R1()).public_key()
    with pytest.raises(MalformedInput, match="not an Ed25519"):
        PublicKey.from_pem(other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def test_a_secret_is_not_printed():
    assert repr(SigningKey.from_seed(b"q" * 32)).startswith("SigningKey(")
    assert (b"q" * 32).hex() not in repr(SigningKey.from_seed(b"q" * 32))
