import json
import math

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.trust.canonical import canonical, digest, read

# Input and output of RFC 8785, sections 3.2.2 and 3.2.4.
RFC_INPUT = r"""{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
  "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}"""
RFC_OUTPUT = bytes.fromhex(
    "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e756d62657273223a5b3333333333333333332e33333333333333"
    "2c31652b33302c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac245c75303030665c6e4127425c225c5c5c5c5c222f"
    "227d"
)

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


def test_the_example_of_the_rfc():
    assert canonical(json.loads(RFC_INPUT)) == RFC_OUTPUT


def test_keys_are_sorted_by_utf_16():
    keys = ["€", "\r", "\ufb33", "1", "😀", "\x80", "ö"]  # RFC 8785, section 3.2.3
    written = json.loads(canonical(dict.fromkeys(keys, 0)))
    assert list(written) == ["\r", "1", "\x80", "ö", "€", "😀", "\ufb33"]


@given(JSON)
def test_what_is_read_back_is_what_was_written(value):
    data = canonical(value)
    assert read(data) == value
    assert canonical(read(data)) == data


@pytest.mark.parametrize(
    "bad", [math.nan, math.inf, -math.inf, 2**53, -(2**53), "\ud800", {"\udfff": 1}, {1: 2}, object()]
)
def test_what_has_no_canonical_form_is_refused(bad):
    with pytest.raises(MalformedInput):
        canonical([bad])


def test_nesting_beyond_the_stack_is_refused():
    deep: list = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises((LimitExceeded, MalformedInput)) as caught:
        canonical(deep)
    assert isinstance(caught.value, AccordError)


def test_a_record_has_the_digest_of_its_data(assessment):
    assert digest(assessment) == digest(msgspec.to_builtins(assessment))
    assert digest({}) == "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # sha256sum of "{}"


@pytest.mark.parametrize(
    "data", [b"", b"NaN", b"[-Infinity]", b'"\\ud800"', b"\xff", b"[" * 100_000, b"{'a':1}", b"[1,]"]
)
def test_what_is_not_json_is_refused(data):
    with pytest.raises(MalformedInput, match="the file"):
        read(data, name="the file")


def test_an_integer_beyond_the_doubles_is_the_double_next_to_it():
    assert read(b"[9007199254740993, 100000000000000000000, 9007199254740991]") == [2.0**53, 1e20, 2**53 - 1]
    assert read(b"1" + b"0" * 300) == 1e300
