"""Catalogues that nobody should have written: refused in our words, with the place, in bounded time and memory."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.frameworks.mistakes import InvalidFramework
from accord.oscal import Catalog, import_catalog, read_document
from accord.oscal.reading import MAX_BYTES, MAX_CONTROLS

METADATA = {"title": "T", "last-modified": "2026-01-01T00:00:00Z", "version": "1", "oscal-version": "1.2.1"}
UUID = "11111111-1111-4111-8111-111111111111"


def catalog(**content: Any) -> bytes:
    return json.dumps({"catalog": {"uuid": UUID, "metadata": METADATA, **content}}).encode()


def taken(data: bytes) -> None:
    found = read_document(data, name="test")
    assert isinstance(found, Catalog)
    import_catalog(found, {"id": "mine"}, name="test")


def nested(depth: int, key: str, **more: Any) -> dict[str, Any]:
    item: dict[str, Any] = {"id": "x", "title": "t", "name": "n", **more}
    for n in range(depth):
        item = {"id": f"x{n}", "title": "t", "name": "n", key: [item]}
    return item


@pytest.mark.parametrize(
    ("data", "error", "said"),
    [
        (b"", MalformedInput, "truncated"),
        (b"[]", MalformedInput, "Expected `object`"),
        (b"\xff\xfe{}", MalformedInput, "malformed"),
        (b"{}", MalformedInput, "neither a catalogue nor a profile: nothing"),
        (b'{"system-security-plan": {}}', MalformedInput, "neither .*: system-security-plan"),
        (b'{"catalog": {"uuid": 1}}', MalformedInput, r"\$.catalog.uuid"),
        (b"<catalog/>", MalformedInput, "malformed"),
        (b"[" * 100_000, MalformedInput, "."),
        (b'{"catalog":' * 100_000, MalformedInput, "."),
        (b" " * (MAX_BYTES + 1), LimitExceeded, "bytes"),
        (catalog(controls=[{"id": "a"}]), MalformedInput, r"`title` - at `\$.catalog.controls\[0\]`"),
        (catalog(controls=[nested(60, "controls")]), LimitExceeded, "nested deeper than 16"),
        (catalog(groups=[nested(40, "groups")]), LimitExceeded, "nested deeper than 16"),
        (catalog(controls=[{"id": "a", "title": "t"}] * (MAX_CONTROLS + 1)), LimitExceeded, "more than 20000 controls"),
        (catalog(), InvalidFramework, "there are none"),
        (catalog(controls=[{"id": "—", "title": "t"}]), InvalidFramework, r"\$.catalog.controls\[0\].id: '' is text"),
        (catalog(controls=[{"id": "a" * 99, "title": "t"}]), InvalidFramework, r"controls\[0\].id"),
        (
            catalog(controls=[{"id": "a", "title": "t"}], metadata=METADATA | {"oscal-version": "2.0"}),
            MalformedInput,
            "2.0",
        ),
    ],
)
def test_refused_with_the_place(data: bytes, error: type[AccordError], said: str):
    with pytest.raises(error, match=said):
        taken(data)


def test_deep_parts_are_counted_without_recursion():
    """A part within a part, as deep as the decoder takes it, is counted; deeper is refused."""
    for depth in (50, 150, 400, 5000):
        part = '{"name":"n","parts":[' * depth + '{"name":"n"}' + "]}" * depth
        data = catalog(controls=[{"id": "a", "title": "t", "parts": ["HERE"]}]).replace(b'"HERE"', part.encode())
        try:
            found = read_document(data, name="test")
        except MalformedInput:
            assert depth > 150
            continue
        assert isinstance(found, Catalog)
        assert import_catalog(found, {"id": "mine"}, name="test").left_out == {"parts": depth + 1}


def test_ids_twice_are_all_named_with_both_places():
    groups = [
        {"id": "g", "title": "G", "controls": [{"id": "a", "title": "t"}, {"id": "A", "title": "t"}]},
        {"id": "g", "title": "G", "controls": [{"id": "b", "title": "t"}]},
    ]
    with pytest.raises(InvalidFramework) as caught:
        taken(catalog(groups=groups))
    assert [(mistake.path, mistake.message) for mistake in caught.value.mistakes] == [
        ("$.catalog.groups[0].controls[1].id", "'a' is also the id of $.catalog.groups[0].controls[0]"),
        ("$.catalog.groups[1].id", "'g' is also the id of $.catalog.groups[0]"),
    ]


@pytest.mark.parametrize(
    "props",
    [
        [{"name": "verification", "ns": "urn:accord:oscal", "value": "certified"}],
        [{"name": "addressee", "ns": "urn:accord:oscal", "value": "robot"}],
        [{"name": "document", "ns": "urn:accord:oscal", "value": "no_such"}],
        [{"name": "applies-from", "ns": "urn:accord:oscal", "value": "someday"}],
        [{"name": "requirement-id", "ns": "urn:accord:oscal", "value": "Not An Id"}],
    ],
)
def test_our_own_properties_with_a_stranger_s_values(props: list[dict[str, str]]):
    with pytest.raises(InvalidFramework, match=r"\$.catalog"):
        taken(catalog(controls=[{"id": "a", "title": "t", "props": props}]))


WHOLE = catalog(
    groups=[{"id": "g", "title": "G", "controls": [{"id": "a", "title": "t", "controls": [{"id": "b", "title": "u"}]}]}]
)


@settings(max_examples=400)
@given(at=st.integers(0, len(WHOLE) - 1), put=st.binary(max_size=8), cut=st.integers(0, 12))
def test_damage_is_refused_in_our_words(at: int, put: bytes, cut: int):
    try:
        taken(WHOLE[:at] + put + WHOLE[at + cut :])
    except AccordError as error:
        assert error.remedy


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "title", "props", "parts", "controls", "name", "value"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(controls=st.lists(JSON, max_size=4))
def test_any_json_where_controls_stand(controls: list[Any]):
    try:
        taken(catalog(controls=controls))
    except AccordError as error:
        assert error.remedy
