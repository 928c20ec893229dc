"""No character that steers a display survives; what languages need to be written does."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accord.reports.visible import visible


@given(st.text(st.characters(exclude_categories=[])))
def test_nothing_that_steers_survives(text: str) -> None:
    shown = visible(text)
    for character in shown:
        if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp"):
            pytest.fail(f"U+{ord(character):04X} survived")
        assert unicodedata.bidirectional(character) not in (
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        )
    shown.encode()


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=200))
def test_plain_text_is_left_alone(text: str) -> None:
    blank = "\u115f\u1160\u3164\uffa0"
    assert visible(text) == text or any(letter in text for letter in blank)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb", "a\\u202eb"),
        ("\x1b[31m", "\\x1b[31m"),
        ("tab\tline\nreturn\r", "tab\\tline\\nreturn\\r"),
        ("\u061c", "\\u061c"),
        ("\U000e0041", "\\U000e0041"),
        ("\u2028", "\\u2028"),
        ("\ud800", "\\ud800"),
        ("\u3164", "\\u3164"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("क्\u200dष", "क्\u200dष"),
        ("\u0601", "\u0601"),
        ("44.8\u202f%", "44.8\u202f%"),
    ],
)
def test_examples(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * 12, longest=10) == "xxxxxxxxxx… (+2)"
    assert visible("a\nb", keep="\n") == "a\nb"
