"""Putting values into a card: what else a person wrote there stays, byte by byte; what can't be done safely isn't."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import UsageError
from accord.subjects.card_editing import as_lines, with_values

CARD = """\
# a remark
[system]
name = "x"  # the name

[answers]  # what the law asks
# eu-art_5 = ?  # Does it do any of the practices? [Art. 5(1)]
eu-art_2 = false  # we asked the lawyers
"quoted" = "yes"

# about the context
[context]
places = ["here"]
"""


def test_a_question_that_is_commented_out_is_answered_in_its_place():
    text = with_values(CARD, "answers", {"eu-art_5": True})
    assert text == CARD.replace(
        "# eu-art_5 = ?  # Does it do any of the practices? [Art. 5(1)]",
        "eu-art_5 = true  # Does it do any of the practices? [Art. 5(1)]",
    )


def test_an_answer_is_replaced_and_its_comment_stays():
    text = with_values(CARD, "answers", {"eu-art_2": True, "quoted": False})
    assert "eu-art_2 = true  # we asked the lawyers\n" in text
    assert "\nquoted = false\n" in text
    assert tomllib.loads(text)["answers"] == {"eu-art_2": True, "quoted": False}


def test_a_new_answer_follows_the_last_one_of_its_table():
    lines = with_values(CARD, "answers", {"eu-profiling": False}).splitlines()
    assert lines[lines.index('"quoted" = "yes"') + 1] == "eu-profiling = false"
    assert [line for line in lines if line != "eu-profiling = false"] == CARD.splitlines()


def test_a_narrower_answer_stands_below_its_wider_question():
    lines = with_values(CARD, "answers", {"eu-art_5-c": True, "eu-art_5-c-x": True}).splitlines()
    wide = next(n for n, line in enumerate(lines) if "eu-art_5 = ?" in line)
    assert lines[wide + 1 : wide + 3] == ["eu-art_5-c = true", "eu-art_5-c-x = true"]


def test_a_table_that_is_not_there_comes_last():
    text = with_values('[model]\nfile = "m"', "model.training", {"flop": (7e24, 1.5e25)})
    assert text == '[model]\nfile = "m"\n\n[model.training]\nflop = [7e24, 1.5e25]\n'
    assert tomllib.loads(with_values("", "answers", {"a": True})) == {"answers": {"a": True}}


def test_windows_line_ends_stay():
    text = with_values(CARD.replace("\n", "\r\n"), "answers", {"eu-art_5": False, "new": True})
    assert "\n" not in text.replace("\r\n", "")
    assert tomllib.loads(text)["answers"]["new"] is True


@pytest.mark.parametrize(
    "text",
    [
        "answers = { a = true }\n",
        "answers.a = true\n",
        'x = """\n[answers]\n"""\n',
        "[answers]\na = [\n  1,\n]\n",
        "[[answers]]\nb = 1\n",
        "answers = 1\n",
        "[model]\ntraining = { tokens = 1 }\n[answers]\na = '''\nb'''\n",
        "not toml [",
    ],
)
def test_a_form_that_lines_cannot_be_put_into_is_refused_with_the_lines_to_write(text):
    with pytest.raises(UsageError) as error:
        with_values(text, "answers", {"a": False})
    assert error.value.code == "card-form"
    assert "  a = false" in error.value.remedy


@pytest.mark.parametrize("flop", [3e23, 0.0, 1.5e25, (1.0, 2.0)])
def test_numbers_are_written_as_they_are_meant(flop):
    line = as_lines({"flop": flop})[0]
    read = tomllib.loads(line)["flop"]
    assert (tuple(read) if isinstance(read, list) else read) == flop


KEYS = st.from_regex(r"[a-z]{1,3}(-[a-z_0-9]{1,3}){0,2}", fullmatch=True)
NOISE = st.sampled_from(["", "# words", '# k = "v"  # x', "  ", "#[answers]", "# a = true"])


@given(
    st.dictionaries(KEYS, st.booleans(), max_size=4),
    st.lists(NOISE, max_size=6),
    st.dictionaries(KEYS, st.booleans(), min_size=1, max_size=4),
    st.booleans(),
)
@settings(max_examples=300, deadline=None)
def test_the_rest_of_any_card_stays_as_it_was(before, noise, new, after):
    lines = ["[system]", 'name = "n"', *noise[:3], "[answers]", *noise[3:], *as_lines(before)]
    lines += ["", "[context]", 'period = "p"  # a = true'] if after else []
    old = "\n".join(lines) + "\n"
    text = with_values(old, "answers", new)
    content = tomllib.loads(text)
    assert content["answers"] == {**before, **new}
    content["answers"] = before
    assert content == tomllib.loads(old)
    touched = {line for line in text.splitlines() if line.split(" = ")[0] in new}
    kept = [line for line in text.splitlines() if line not in touched]
    rest = iter(lines)
    assert all(line in rest for line in kept)  # in their order
    assert len(kept) >= len(lines) - len(new)
