"""Framework files: a sound one is read; every kind of mistake is reported, all at once, with place and remedy."""

from __future__ import annotations

import copy
import pickle

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.errors import AccordError, UsageError
from accord.frameworks import library_ids, load, open_framework, select, select_files
from accord.frameworks.jurisdictions import applies_in
from accord.frameworks.loading import digest, parse
from accord.frameworks.mistakes import InvalidFramework
from accord.records import Framework

ANSWER_RULE = {"measure": "card.answer", "where": {"question": "fast"}, "op": "==", "threshold": True}
SOUND = {
    "id": "example-act",
    "version": "1",
    "title": "Example Act",
    "issuer": "Parliament",
    "jurisdiction": "KE",
    "kind": "law",
    "source": {"title": "Gazette", "uri": "https://example.org/act", "date": "2026-01-31"},
    "text_licence": "public law",
    "status": "provisional",
    "read": "all of it",
    "questions": [{"id": "fast", "text": "Is it fast?", "source": "Art. 1"}],
    "tiers": [
        {
            "id": "high",
            "title": "High",
            "source": "Art. 2",
            "requirements": ["art_3"],
            "rule": ANSWER_RULE,
        },
        {"id": "low", "title": "Low", "source": "Art. 2"},
    ],
    "requirements": [
        {"id": "art_3", "label": "Art. 3", "title": "Accuracy"},
        {
            "id": "art_3.1",
            "parent": "art_3",
            "label": "Art. 3(1)",
            "title": "Accurate enough",
            "applies_from": "2027-01-01",
            "applies_if": {"measure": "card.stated", "where": {"field": "system.purpose"}, "op": "exists"},
            "verification": "measured",
            "rules": [{"measure": "fairness.accuracy", "op": ">=", "threshold": 0.6, "threshold_source": "Art. 3(1)"}],
        },
    ],
}


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def written(change):
    document = copy.deepcopy(SOUND)
    change(document)
    return yaml.dump(document, Dumper=NoAliases, allow_unicode=True, sort_keys=False).encode()


def point(document):
    return document["requirements"][1]


def rule(document):
    return point(document)["rules"][0]


def test_a_sound_file_is_read():
    framework = parse(written(lambda document: None))
    assert isinstance(framework, Framework)
    assert framework.requirements[1].rules[0].threshold == 0.6
    assert framework.source.date == "2026-01-31"


LONG = "A sentence that somebody copied out of the law, which is no identifier."
MISTAKES = [
    (
        "duplicate id",
        lambda d: point(d).update(id="art_3", parent=None),
        "requirements[1].id",
        "also the id of requirements[0]",
    ),
    ("duplicate question", lambda d: d["questions"].append(d["questions"][0]), "questions[1].id", "also the id"),
    ("duplicate class", lambda d: d["tiers"][1].update(id="high"), "tiers[1].id", "also the id"),
    ("dangling parent", lambda d: point(d).update(parent="art_9"), "requirements[1].parent", "no requirement 'art_9'"),
    (
        "a circle of parents",
        lambda d: d["requirements"][0].update(parent="art_3.1"),
        "requirements[0].parent",
        "circle",
    ),
    (
        "levels without end",
        lambda d: d["requirements"].extend(
            {"id": f"l_{n}", "label": "l", "title": "l", "parent": f"l_{n - 1}" if n else None} for n in range(50)
        ),
        "parent",
        "lies under more than 40 others",
    ),
    ("its own parent", lambda d: point(d).update(parent="art_3.1"), "requirements[1].parent", "circle"),
    ("unknown measure", lambda d: rule(d).update(measure="fairness.niceness"), "rules[0].measure", "no measure"),
    ("text as id", lambda d: d["requirements"][0].update(id=LONG), "requirements[0].id", "text where only an id"),
    (
        "text as question id",
        lambda d: d["questions"][0].update(id="Is it fast?"),
        "questions[0].id",
        "text where only an id",
    ),
    ("text as document", lambda d: point(d).update(documents=["the file"]), "documents[0]", "no kind of document"),
    ("bad date", lambda d: point(d).update(applies_from="2 December 2027"), "applies_from", "isn't a date"),
    ("impossible date", lambda d: point(d).update(applies_from="2027-02-30"), "applies_from", "isn't a date"),
    ("bad source date", lambda d: d["source"].update(date="2023-13"), "source.date", "isn't a date"),
    ("bad address", lambda d: d["source"].update(uri="the ministry's page"), "source.uri", "isn't an address"),
    (
        "later date that is earlier",
        lambda d: point(d).update(
            applies_from="2027-01-01", later=[{"applies_from": "2026-01-01", "source": "Art. 9", "rule": ANSWER_RULE}]
        ),
        "later[0].applies_from",
        "isn't later",
    ),
    (
        "later date without a source",
        lambda d: point(d).update(
            applies_from="2027-01-01", later=[{"applies_from": "2028-01-01", "source": "", "rule": ANSWER_RULE}]
        ),
        "later[0].source",
        "is empty",
    ),
    ("bad jurisdiction", lambda d: d.update(jurisdiction="Kenya"), "jurisdiction", "isn't a code"),
    ("bad framework id", lambda d: d.update(id="Example Act"), "id", "isn't an id"),
    ("empty title", lambda d: d.update(title=" "), "title", "is empty"),
    ("empty label", lambda d: point(d).update(label=""), "requirements[1].label", "is empty"),
    ("no requirements", lambda d: d.update(requirements=[], tiers=[]), "requirements", "there are none"),
    ("threshold without source", lambda d: rule(d).pop("threshold_source"), "threshold_source", "without its source"),
    (
        "leaf and group",
        lambda d: rule(d).update(all=[{"measure": "data.rows", "op": "exists"}]),
        "rules[0]",
        "both a measure",
    ),
    ("nothing in a rule", lambda d: point(d).update(rules=[{}]), "rules[0]", "neither a measure nor a group"),
    (
        "two groups",
        lambda d: point(d).update(rules=[{"all": [rule(d)], "any": [rule(d)]}]),
        "rules[0]",
        "all and any at once",
    ),
    (
        "a group with op",
        lambda d: point(d).update(rules=[{"all": [rule(d)], "op": "<"}]),
        "rules[0]",
        "no where, over, op",
    ),
    (
        "deep rule",
        lambda d: point(d).update(rules=[{"any": [{"none": [{"measure": "x", "op": "exists"}]}]}]),
        "rules[0].any[0].none[0].measure",
        "no measure 'x'",
    ),
    (
        "applies_if measured",
        lambda d: point(d).update(applies_if={"measure": "data.rows", "op": "exists"}),
        "applies_if",
        "isn't a declared fact",
    ),
    (
        "unknown question",
        lambda d: d["tiers"][0]["rule"]["where"].update(question="slow"),
        "where.question",
        "no question 'slow'",
    ),
    ("answer to nothing", lambda d: d["tiers"][0]["rule"].pop("where"), "tiers[0].rule.where", "without a question"),
    ("unknown field", lambda d: point(d)["applies_if"]["where"].update(field="system.mood"), "where.field", "no field"),
    (
        "declared against nothing",
        lambda d: d["tiers"][0]["rule"].pop("threshold"),
        "tiers[0].rule.threshold",
        "with nothing",
    ),
    ("exists with threshold", lambda d: rule(d).update(op="exists"), "threshold", "compares with nothing"),
    ("number wanted", lambda d: rule(d).update(threshold="much"), "threshold", "needs a number"),
    ("list wanted", lambda d: rule(d).update(op="in", threshold="MIT"), "threshold", "needs a list"),
    ("text wanted", lambda d: rule(d).update(op="contains", threshold=3), "threshold", "needs a text"),
    ("no worst", lambda d: rule(d).update(measure="data.rows", over="worst"), "over", "no worst"),
    ("no verification", lambda d: point(d).pop("verification"), "requirements[1].verification", "is missing"),
    ("measured by nothing", lambda d: point(d).pop("rules"), "requirements[1].rules", "nothing to verify by"),
    (
        "documented by nothing",
        lambda d: point(d).update(verification="documented"),
        "documents",
        "nothing to verify by",
    ),
    ("judged without question", lambda d: point(d).update(verification="judged"), "question", "nothing to verify by"),
    (
        "class calls for nothing known",
        lambda d: d["tiers"][0].update(requirements=["art_7"]),
        "tiers[0].requirements[0]",
        "art_7",
    ),
    ("class without rule", lambda d: d["tiers"][0].pop("rule"), "tiers[0].rule", "only the last class"),
    (
        "no question mark",
        lambda d: d["questions"][0].update(text="Fast or not"),
        "questions[0].text",
        "isn't a question",
    ),
    ("question without source", lambda d: d["questions"][0].update(source=""), "questions[0].source", "is empty"),
    (
        "long title where ids may stand",
        lambda d: (d.update(text_licence="ids and own short titles only"), point(d).update(title=LONG * 2)),
        "requirements[1].title",
        "characters where 80 may stand",
    ),
    (
        "note where ids may stand",
        lambda d: (d.update(text_licence="ids and own short titles only"), point(d).update(note=LONG)),
        "requirements[1].note",
        "text where only ids",
    ),
    ("unknown key", lambda d: point(d).update(colour="red"), "requirements[1].colour", "unknown key"),
    ("missing key", lambda d: point(d).pop("label"), "requirements[1].label", "missing"),
    ("wrong type", lambda d: d.update(version=1), "version", "expected `str`, got `int`"),
    ("wrong type deep", lambda d: rule(d).update(op="=>"), "requirements[1].rules[0].op", "invalid enum value"),
    ("not a list", lambda d: d.update(questions={}), "questions", "expected `array`"),
]


@pytest.mark.parametrize(
    ("change", "path", "words"), [case[1:] for case in MISTAKES], ids=[case[0] for case in MISTAKES]
)
def test_each_mistake_is_reported_with_place_and_remedy(change, path, words):
    with pytest.raises(InvalidFramework) as caught:
        parse(written(change), name="mine.yaml")
    found = [mistake for mistake in caught.value.mistakes if mistake.path.endswith(path) and words in mistake.message]
    assert found, caught.value.message
    assert all(mistake.remedy.endswith(".") for mistake in found)
    assert caught.value.message.startswith("mine.yaml: ")


def test_all_mistakes_are_reported_at_once():
    together = [
        case
        for case in MISTAKES
        if case[0]
        in {
            "empty label",
            "bad date",
            "unknown measure",
            "threshold without source",
            "text as document",
            "bad source date",
            "bad jurisdiction",
            "no question mark",
            "unknown question",
        }
    ]

    def change(document):
        for _, one, _, _ in together:
            one(document)

    with pytest.raises(InvalidFramework) as caught:
        parse(written(change))
    for name, _, path, words in together:
        assert any(m.path.endswith(path) and words in m.message for m in caught.value.mistakes), name
    assert len(caught.value.mistakes) == len(together)


def test_all_mistakes_of_type_are_reported_at_once():
    def change(document):
        document["version"] = 1
        document["mood"] = "good"
        document["source"].pop("date")
        document["requirements"][0]["verification"] = "guessed"
        point(document)["colour"] = "red"
        rule(document)["over"] = "most"
        rule(document)["where"] = {"attribute": 3}

    with pytest.raises(InvalidFramework) as caught:
        parse(written(change))
    assert [mistake.path for mistake in caught.value.mistakes] == [
        "mood",
        "version",
        "source.date",
        "requirements[0].verification",
        "requirements[1].colour",
        "requirements[1].rules[0].where[...]",
        "requirements[1].rules[0].over",
    ]


def test_the_error_can_be_sent_between_processes():
    with pytest.raises(InvalidFramework) as caught:
        parse(b"id: x")
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.mistakes == caught.value.mistakes
    assert str(again) == str(caught.value)


@pytest.mark.parametrize("data", [b"", b"[]", b"text", b"3", b"null"])
def test_what_is_no_mapping_is_refused(data):
    with pytest.raises(InvalidFramework, match="isn't a mapping"):
        parse(data)


PATHS = [
    ("requirements",),
    ("requirements", 1),
    ("requirements", 1, "rules", 0),
    ("tiers", 0),
    ("questions", 0),
    ("source",),
]
JUNK = st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.just([]), st.just({}), st.just([{}]))


@given(st.sampled_from(PATHS), st.data())
@settings(max_examples=150, deadline=None)
def test_any_value_in_any_place_is_read_or_reported(path, data):
    document = copy.deepcopy(SOUND)
    node = document
    for step in path[:-1]:
        node = node[step]
    target = node[path[-1]]
    if isinstance(target, dict) and data.draw(st.booleans()):
        target[data.draw(st.sampled_from([*target, "all", "where", "threshold"]))] = data.draw(JUNK)
    else:
        node[path[-1]] = data.draw(JUNK)
    try:
        parse(yaml.safe_dump(document, allow_unicode=True).encode())
    except AccordError as error:
        assert error.remedy


def test_files_by_path_and_by_id(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(written(lambda document: None))
    file = open_framework(path)
    assert file.framework == load(str(path)) == parse(path.read_bytes())
    assert file.reference.digest == digest(path.read_bytes())
    assert (file.reference.id, file.reference.jurisdiction) == ("example-act", "KE")
    assert load("eu-ai-act").id == "eu-ai-act"
    with pytest.raises(UsageError, match="there is no framework 'no-such'") as caught:
        load("no-such")
    assert "eu-ai-act" in caught.value.remedy
    with pytest.raises(UsageError, match=r"missing\.yaml"):
        load(tmp_path / "missing.yaml")
    with pytest.raises(UsageError):
        load("folder/with\0null.yaml")
    with pytest.raises(UsageError):
        load(tmp_path)


def test_digest_is_sha256_of_the_bytes():
    assert digest(b"") == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def ids(frameworks):
    return [framework.id for framework in frameworks]


def test_select_by_id_by_jurisdiction_and_by_sector():
    assert ids(select()) == list(library_ids())
    assert ids(select(["nist-ai-rmf"])) == ["nist-ai-rmf"]
    everywhere = ids(select([], ["INT"]))
    assert "action-plan" in everywhere
    assert not any(name.startswith("sector-") for name in everywhere)
    assert ids(select([], ["EU"])) == ["eu-ai-act", "eu-gpai-code", *everywhere]
    california = ids(select([], ["US-CA", "EU"]))
    assert {"us-ca-sb-53", "us-omb-m-25-21", "nist-ai-rmf", "eu-ai-act"} <= set(california)
    assert "us-co-sb-26-189" not in california
    assert ids(select(["action-plan"], ["US"]))[0] == "action-plan"
    assert ids(select([], ["US"], "health")) == [*ids(select([], ["US"])), "sector-health"]
    assert ids(select([], [], "health")) == ["sector-health"]
    assert [file.reference.id for file in select_files([], ["EU"])] == ids(select([], ["EU"]))
    with pytest.raises(UsageError, match="no framework for XX"):
        select([], ["EU", "XX"])
    with pytest.raises(UsageError, match="no profile for the sector 'astrology'"):
        select([], [], "astrology")


def test_unions_reach_their_members():
    assert applies_in("EU", "DE") and applies_in("AFU", "KE") and applies_in("ASEAN", "VN")
    assert not applies_in("EU", "GB") and not applies_in("AFU", "AU") and not applies_in("DE", "EU")
    kenya = {item.jurisdiction for item in select([], ["KE"])}
    assert kenya == {"KE", "AFU", "INT"}


def test_a_part_of_a_jurisdiction_takes_its_laws_and_not_the_other_way_round():
    assert applies_in(load("nist-ai-rmf").jurisdiction, "US-CA")
    assert not applies_in(load("nist-ai-rmf").jurisdiction, "USA")
    california = parse(written(lambda document: document.update(jurisdiction="US-CA")))
    assert not applies_in(california.jurisdiction, "US")
