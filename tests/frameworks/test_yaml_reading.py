"""The strict YAML: against PyYAML's own reading where they must agree, and against what must be refused."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.frameworks.yaml_reading import MAX_BYTES, read_yaml

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=20)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(10**15), 10**15), TEXT)
DOCUMENTS = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXT, inner, max_size=4)),
    max_leaves=12,
)


@given(DOCUMENTS)
def test_what_pyyaml_writes_is_read_back(document):
    written = yaml.safe_dump(document, allow_unicode=True)
    assert read_yaml(written.encode(), name="x") == yaml.safe_load(written) == document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("on", "on"),
        ("2027-12-02", "2027-12-02"),
        ("2023-01", "2023-01"),
        ("0x1F", "0x1F"),
        ("017", "017"),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        (".nan", ".nan"),
        ("1.5", 1.5),
        ("-3", -3),
        ('"3"', "3"),
        ("'true'", "true"),
        ("true", True),
        ("~", None),
        ("", None),
    ],
)
def test_only_plain_numbers_and_constants_change_their_type(text, value):
    assert read_yaml(f"key: {text}\n".encode(), name="x") == {"key": value}


BOMB = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(30))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "anchors"),
        ("a: *b", "aliases"),
        ("a: !!python/object/apply:os.system [ls]", "tags"),
        ("a: !!str 3", "tags"),
        ("a: !local 3", "tags"),
        ("a: 1\na: 2", "line 2, column 1: the key 'a' is given twice"),
        ("{a: {b: 1, b: 2}}", "given twice"),
        ("1: x", "not text"),
        ("[a]: x", "not text"),
        ("a: 1\n---\nb: 2", "second document"),
        ("a: [1, 2", "line"),
        ("a: 'b", "line"),
        ("\x00", "characters are not allowed"),
        ("a:\n\t- b", "line 2"),
        ("%YAML 9.9\n---\na: 1", "line 1"),
    ],
)
def test_what_is_refused_names_its_place(text, words):
    with pytest.raises(MalformedInput, match=words) as caught:
        read_yaml(text.encode(), name="mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ")


def test_limits():
    with pytest.raises(MalformedInput, match="byte 3 is not UTF-8"):
        read_yaml(b"a: \xff", name="x")
    with pytest.raises(LimitExceeded, match="nested deeper"):
        read_yaml(b"[" * 100 + b"]" * 100, name="x")
    with pytest.raises(AccordError):
        read_yaml(b"[" * 100_000, name="x")
    with pytest.raises(AccordError):
        read_yaml(b"- " * 100_000, name="x")
    with pytest.raises(LimitExceeded, match="bytes"):
        read_yaml(b" " * (MAX_BYTES + 1), name="x")
    with pytest.raises(LimitExceeded, match="entries"):
        read_yaml(b"[" + b"1," * 400_001 + b"]", name="x")


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    try:
        read_yaml(data, name="x")
    except AccordError as error:
        assert error.remedy


@given(st.text("{}[]:,-\n &*!|>'\"#%?ab1", max_size=80))
def test_any_punctuation_is_read_or_refused(text):
    try:
        read_yaml(text.encode(), name="x")
    except AccordError as error:
        assert error.remedy
