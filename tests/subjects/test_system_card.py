import hashlib
import json
import math
from pathlib import Path

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from accord.errors import AccordError, LimitExceeded, MalformedInput, UsageError
from accord.records import Card, to_builtins
from accord.subjects import card_digest, merge_cards, read_card, stated

FULL = b"""
[system]
name = "Loans"
purpose = "rank applicants"
sdgs = [8, 10]
[data]
file = "data/loans.csv"
label = { column = "repaid", positive = 1 }
prediction = { column = "score", positive = { op = ">=", value = 0.5 } }
favourable = "positive"
sensitive = ["sex", "age"]
reference = { sex = "Male" }
[model]
file = "model.onnx"
training = { tokens = 15_000_000_000_000, hours = 2.5 }
[documents]
model_card = "docs/model_card.md"
[context]
places = ["EU"]
[answers]
biometric = false
"""


def problems(text):
    with pytest.raises(MalformedInput) as caught:
        read_card(text.encode() if isinstance(text, str) else text)
    return caught.value.message


def test_a_card_is_read():
    card = read_card(FULL)
    assert card.system.sdgs == (8, 10)
    assert card.data.prediction.positive.value == 0.5
    assert card.model.training.tokens == 15_000_000_000_000
    assert card.documents == {"model_card": "docs/model_card.md"}
    assert card.answers == {"biometric": False}
    assert read_card(b"\xef\xbb\xbf" + FULL) == card  # a byte order mark, as some editors write it


@pytest.mark.parametrize(
    ("text", "key", "says"),
    [
        ("[system]\npurpse = 'x'", "system.purpse", "did you mean system.purpose?"),
        ("[sytem]\nname = 'x'", "sytem", "did you mean system?"),
        ("purpose = 'x'", "purpose", "did you mean system.purpose?"),
        ("[system]\nname = 3", "system.name", "expected `str"),
        ("[system]\nsdgs = [18]", "system.sdgs", "1 to 17"),
        ("[system]\nsdgs = ['x']", "system.sdgs[0]", "expected `int`"),
        ("[data]\nfavourable = 'good'", "data.favourable", "positive nor negative"),
        ("[data]\nlabel = {column = 'y'}", "data.label.positive", "missing"),
        ("[data]\nprediction = {positive = {op='>=', value=1}}", "data.prediction", "exactly one of column and index"),
        (
            "[data]\nprediction = {column='a', index=1, positive = {op='>=', value=1}}",
            "data.prediction",
            "exactly one of column and index",
        ),
        (
            "[data]\nprediction = {index=-1, positive = {op='>=', value=1}}",
            "data.prediction.index",
            "counts columns from 0",
        ),
        (
            "[data]\nprediction = {index=1, positive = {op='~', value=1}}",
            "data.prediction.positive.op",
            "none of < <= > >= == in",
        ),
        (
            "[data]\nprediction = {index=1, positive = {op='in', value=1}}",
            "data.prediction.positive.value",
            "needs a list",
        ),
        (
            "[data]\nprediction = {index=1, positive = {op='<', value='a'}}",
            "data.prediction.positive.value",
            "needs a number",
        ),
        ("[data]\nsensitive = ['sex', 'sex']", "data.sensitive", "twice"),
        ("[model]\ntraining = {hours = nan}", "model.training.hours", "finite"),
        ("[model]\ntraining = {hours = -1.0}", "model.training.hours", "negative"),
        ("[model]\ntraining = {tokens = 99999999999999999999}", "model.training.tokens", "2^53"),
        ("[endpoint]\nurl = 'https://me:secret@host/v1'", "endpoint.url", "user name or password"),
    ],
)
def test_a_mistake_is_reported_with_its_key(text, key, says):
    message = problems(text)
    assert f"\n  {key}" in message
    assert says in message


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("../x", "parent folder"),
        ("a/../../x", "parent folder"),
        ("/etc/passwd", "absolute"),
        ("//host/share", "address"),
        ("https://example.org/x", "address"),
        ("file:///etc/passwd", "address"),
        ("C:\\x", "drive"),
        ("c:/x", "drive"),
        ("..\\x", "backslash"),
        ("python:os.system", "names code"),
        ("package.module:function", "names code"),
        ("a\\u0000b", "control character"),
        ("", "is empty"),
        ("./x", "plainly"),
        ("~/x", "plainly"),
    ],
)
@pytest.mark.parametrize("key", ["data.file", "model.file", "documents.risk"])
def test_a_path_stays_inside_the_target(key, path, says):
    table, _, name = key.partition(".")
    quoted = path if "\\u" in path else path.replace("\\", "\\\\")
    message = problems(f'[{table}]\n{name} = "{quoted}"')
    assert f"\n  {key}: " in message
    assert says in message


def test_all_mistakes_are_reported_at_once():
    message = problems("[system]\nnam = 1\nsdgs = [0]\n[data]\nfile = '../x'\nfavourable = 'x'\n[x]\n")
    assert "5 mistakes" in message
    for key in ("system.nam:", "system.sdgs:", "data.file:", "data.favourable:", "\n  x:"):
        assert key in message


def test_limits():
    with pytest.raises(LimitExceeded):
        read_card(b"#" * (256 * 1024 + 1))
    with pytest.raises(LimitExceeded):
        read_card(b"[answers]\na = " + b"[" * 50 + b"]" * 50)
    with pytest.raises((LimitExceeded, MalformedInput)):
        read_card(b"a = " + b"[" * 100_000)
    for key in (b"a", b'"a b"', b"'a'"):
        with pytest.raises(LimitExceeded, match="key of over 64 parts"):  # would cost the parser minutes
            read_card(key + (b"." + key) * 30_000 + b" = 1")
    assert "and 980 more" in problems("".join(f"k{i} = 1\n" for i in range(1000)))


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"a = ", b"a = 1\na = 2", b"a = " + b"9" * 5000, b"[system]\nname = \x00"]
)
def test_broken_toml(text):
    assert "is not TOML" in problems(text)


def test_files(tmp_path):
    (tmp_path / "real.toml").write_bytes(FULL)
    (tmp_path / "link.toml").symlink_to("real.toml")
    assert read_card(tmp_path / "real.toml") == read_card(FULL)
    for name in ("link.toml", "none.toml", "."):
        with pytest.raises(UsageError):
            read_card(tmp_path / name)


@given(st.binary(max_size=400))
def test_any_bytes_give_a_card_or_an_accord_error(data):
    try:
        assert isinstance(read_card(data), Card)
    except AccordError as error:
        assert error.remedy


keys = st.sampled_from(
    [
        "system",
        "data",
        "model",
        "documents",
        "context",
        "answers",
        "name",
        "file",
        "label",
        "prediction",
        "sdgs",
        "op",
        "value",
        "x",
    ]
)
leaves = st.one_of(st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.lists(st.integers(), max_size=2))


def toml(value):
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k} = {toml(v)}" for k, v in value.items()) + "}"
    return json.dumps(value).replace("\x7f", "\\u007f")


@given(st.dictionaries(keys, st.recursive(leaves, lambda inner: st.dictionaries(keys, inner, max_size=3)), max_size=4))
def test_any_table_gives_a_card_or_an_accord_error(table):
    text = "".join(f"{key} = {toml(value)}\n" for key, value in table.items())
    try:
        card = read_card(text.encode())
    except AccordError:
        return
    assert card_digest(card).startswith("sha256:")


def test_the_digest_is_of_what_is_said_not_how():
    other = b"[system]\npurpose = 'rank applicants' # why\nname = 'Loans'\n" + FULL[FULL.index(b"sdgs") :]
    assert card_digest(read_card(other)) == card_digest(read_card(FULL))
    expected = hashlib.sha256(rfc8785.dumps(json.loads(json.dumps(to_builtins(read_card(FULL)))))).hexdigest()
    assert card_digest(read_card(FULL)) == f"sha256:{expected}"
    assert card_digest(read_card(FULL.replace(b"Loans", b"loans"))) != card_digest(read_card(FULL))


def test_stated_lists_what_is_said():
    said = dict(stated(read_card(FULL)))
    assert said["system.name"] == "Loans"
    assert said["answers.biometric"] is False
    assert said["documents.model_card"] == "docs/model_card.md"
    assert "system.sector" not in said
    assert stated(Card()) == []


def test_the_assessor_outranks_the_provider():
    provider = read_card(b"[system]\nname='A'\nsector='health'\n[documents]\na='x'\nb='y'\n[answers]\nq=true")
    assessor = read_card(b"[system]\nname='A'\nsector='credit'\n[documents]\nb='z'\n[answers]\nq=false\nr='s'")
    merged, contradictions = merge_cards(provider, assessor)
    assert (merged.system.name, merged.system.sector) == ("A", "credit")
    assert merged.documents == {"a": "x", "b": "z"}
    assert merged.answers == {"q": False, "r": "s"}
    assert contradictions == (
        ("system.sector", '"health"', '"credit"'),
        ("documents.b", '"y"', '"z"'),
        ("answers.q", "true", "false"),
    )


def test_a_label_is_taken_whole():
    provider = read_card(b"[data]\nlabel={column='a', positive=1}")
    merged, contradictions = merge_cards(provider, read_card(b"[data]\nlabel={column='b', positive='yes'}"))
    assert (merged.data.label.column, merged.data.label.positive) == ("b", "yes")
    assert [field for field, _, _ in contradictions] == ["data.label"]


def test_merging_with_silence_changes_nothing():
    card = read_card(FULL)
    assert merge_cards(card, Card()) == (card, ())
    assert merge_cards(Card(), card) == (card, ())
    assert merge_cards(card, card) == (card, ())


def test_the_card_of_the_compas_example():
    card = read_card(Path(__file__).parents[2] / "examples" / "compas" / "accord.toml")
    assert card.data.prediction.index == 11
    assert card.data.favourable == "negative"
    assert card.data.sensitive == ("race", "sex", "age_cat")
    assert card.answers == {} or all(isinstance(value, (bool, str)) for value in card.answers.values())
