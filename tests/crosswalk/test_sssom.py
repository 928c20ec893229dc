"""SSSOM TSV in and out: nothing is lost, and what is malformed is named with its line, all at once."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.crosswalk import read_sssom, write_sssom
from accord.crosswalk.library import check_ids, usable
from accord.crosswalk.references import trees
from accord.crosswalk.sssom_reading import MAX_BYTES, MAX_ROWS
from accord.errors import AccordError, LimitExceeded, MalformedInput
from accord.records.crosswalk import JUSTIFICATIONS, RELATIONS, Edge

HEADING = "subject_id\tpredicate_id\tobject_id\tmapping_justification\tconfidence\tcomment\tpredicate_modifier"
METADATA = (
    "#curie_map:\n#  a: https://example.org/a#\n#  b: https://example.org/b#\n"
    "#license: https://example.org/licence\n#mapping_date: '2026-01-02'\n"
)
MANUAL = "semapv:ManualMappingCuration"


def read(*rows: str, metadata: str = METADATA, heading: str = HEADING):
    return read_sssom((metadata + "\n".join((heading, *rows)) + "\n").encode(), name="test.tsv")


def errors(found) -> list[tuple[int, str]]:
    return [(p.line, p.message) for p in found.problems if p.severity == "error"]


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cf", "Zl", "Zp")) | st.sampled_from('"\t\n'), max_size=30
)


@st.composite
def edge_lists(draw: st.DrawFn) -> list[Edge]:
    pairs = draw(st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("123")), unique=True, max_size=9))
    return [
        Edge(
            subject=f"a#{subject}",
            relation=draw(st.sampled_from(RELATIONS)),
            object=f"b#{object_}",
            justification=draw(st.sampled_from(JUSTIFICATIONS)),
            confidence=draw(st.integers(0, 1000)) / 1000,
            source=draw(texts.filter(bool)),
            author=draw(texts),
            date=draw(st.dates().map(lambda day: day.isoformat()) | st.just("")),
            comment=draw(texts),
        )
        for subject, object_ in pairs
    ]


@settings(max_examples=300, deadline=None)
@given(edges=edge_lists(), labels=st.booleans())
def test_what_is_written_is_read_back(small, edges, labels) -> None:
    frameworks = {name: small(name, "1", "2", "3") for name in "ab"}
    text = write_sssom(edges, frameworks, title="round trip", labels=labels)
    found = read_sssom(text.encode(), name="round.tsv")
    assert not found.problems or not edges
    assert sorted(found.edges, key=repr) == sorted(edges, key=repr)


def test_the_file_is_sssom_as_others_read_it(small, edge) -> None:
    """By the specification's rules, with the standard library's parsers: not by our own reader."""
    edges = [edge("a#2 none b#1", comment='says "no"'), edge("a#1 superset b#2", date="2026-11-22")]
    text = write_sssom(edges, {name: small(name, "1", "2") for name in "ab"}, title="A to B")
    lines = text.splitlines(keepends=True)
    metadata = yaml.safe_load("".join(line[1:] for line in lines if line.startswith("#")))
    assert metadata["curie_map"] == {"a": "https://example.org/a#", "b": "https://example.org/b#"}
    assert metadata["mapping_set_id"].startswith("urn:uuid:") and metadata["license"].startswith("https://")
    assert [entry["slot_name"] for entry in metadata["extension_definitions"]] == ["source_document"]
    rows = list(
        csv.DictReader(io.StringIO("".join(line for line in lines if not line.startswith("#"))), delimiter="\t")
    )
    assert [row["subject_id"] for row in rows] == ["a:1", "a:2"]
    assert (rows[0]["predicate_id"], rows[0]["predicate_modifier"]) == ("skos:narrowMatch", "")
    assert (rows[1]["predicate_id"], rows[1]["predicate_modifier"]) == ("skos:relatedMatch", "Not")
    assert rows[1]["comment"] == 'says "no"'
    assert rows[0]["subject_label"] == "1: Point 1"
    assert rows[0]["mapping_date"] == "2026-11-22"


@pytest.mark.parametrize(
    ("predicate", "modifier", "relation"),
    [
        ("skos:exactMatch", "", "equivalent"),
        ("skos:broadMatch", "", "subset"),
        ("skos:narrowMatch", "", "superset"),
        ("skos:relatedMatch", "", "intersects"),
        ("skos:closeMatch", "", "intersects"),
        ("skos:relatedMatch", "Not", "none"),
    ],
)
def test_other_peoples_predicates(predicate, modifier, relation) -> None:
    found = read(f"a:1\t{predicate}\tb:1\t{MANUAL}\t0.9\t\t{modifier}")
    assert [edge.relation for edge in found.edges] == [relation]
    assert not errors(found)
    assert bool(found.problems) == (predicate == "skos:closeMatch")
    assert found.edges[0].date == "2026-01-02"


def test_all_mistakes_are_named_at_once_and_good_rows_survive() -> None:
    found = read(
        f"a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9",
        f"a:2\tnoMatch\tb:2\t{MANUAL}\t0.9",
        f"a:2\tskos:exactMatch\tnowhere\t{MANUAL}\t0.9",
        f"a:2\tskos:exactMatch\tb:2\t{MANUAL}\t1.5",
        "a:2\tskos:exactMatch\tb:2\t\t0.9",
        f"a:2\tskos:broadMatch\tb:2\t{MANUAL}\t0.9\t\tNot",
        f"a:1\tskos:exactMatch\ta:1\t{MANUAL}\t0.9",
        f"a:1\tskos:exactMatch\ta:2\t{MANUAL}\t0.9",
        f"a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.4",
        f"b:1\tskos:broadMatch\ta:1\t{MANUAL}\t0.9",
        f"a:3\tskos:exactMatch\tb:3\t{MANUAL}\t0.9\tone\t\ttoo many",
        f"x:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9",
        f"x:2\tskos:exactMatch\tb:1\t{MANUAL}\t0.9",
        f"a:2\tskos:exactMatch\tb:2\t{MANUAL}\tnan",
        f"a:4\tskos:relatedMatch\tsssom:NoTermFound\t{MANUAL}\t0.9",
        f"a:2\tskos:exactMatch\tb:2\t{MANUAL}\t0.7\tgood",
    )
    assert errors(found) == [
        (8, "unknown predicate 'noMatch'"),
        (9, "'nowhere' is not a CURIE"),
        (10, "'1.5' is not a number from 0 to 1"),
        (11, "no justification"),
        (12, "not skos:broadMatch leaves open how the two relate"),
        (13, "a requirement mapped to itself"),
        (14, "both sides are of one framework"),
        (15, "the same as line 7"),
        (16, "line 7 relates the two as equivalent, not subset"),
        (17, "8 cells under 7 headings"),
        (18, "the prefix 'x' is not in the CURIE map (in 2 rows)"),
        (20, "'nan' is not a number from 0 to 1"),
    ]
    assert [(edge.subject, line) for edge, line in zip(found.edges, found.lines, strict=True)] == [
        ("a#1", 7),
        ("a#2", 22),
    ]
    assert (found.rows, found.left_out) == (16, 1)


def test_a_real_published_file_with_a_shifted_row() -> None:
    """Four rows and the metadata of ibm2owasp.tsv as the wheel ai-atlas-nexus 1.2.5 ships it (IBM, Apache-2.0).

    One row's predicate is "noMatch", one's label slipped by a row, one lost two cells, so that all later ones shifted.
    """
    path = Path(__file__).parent / "ibm2owasp-excerpt.tsv"
    found = read_sssom(path.read_bytes(), name=path.name)
    said = [problem.message for problem in found.problems]
    assert found.rows == 4
    assert "the cells are shifted: 'semapv:ManualMappingCuration' stands under object_id" in said
    assert "unknown predicate 'noMatch'" in said
    slipped = next(message for message in said if "is labelled" in message)
    assert "'LLM09:2025 Misinformation' here and 'LLM06:2025 Excessive Agency' in line 11" in slipped
    undeclared = "the prefix 'owasp-llm-2.0' is not in the CURIE map (in 2 rows)"
    assert undeclared in said
    assert len(said) == 4
    mended = path.read_text().replace("# mapping_set_id", "#   owasp-llm-2.0: https://example.org/\n# mapping_set_id")
    assert [edge.relation for edge in read_sssom(mended.encode(), name="mended").edges] == ["intersects", "subset"]


def test_without_a_licence_nobody_may_reuse_it_and_that_is_said() -> None:
    found = read(f"a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9", metadata=METADATA.replace("license", "see_also"))
    assert errors(found) == [(0, "the licence is missing")]
    assert len(usable(found)) == 1


@pytest.mark.parametrize(
    ("metadata", "heading", "message"),
    [
        ("", HEADING, "the CURIE map is missing"),
        ("#- a list\n", HEADING, "the metadata is not a mapping"),
        ("#a: [\n", HEADING, "metadata: line "),
        ("#a: &x 1\n", HEADING, "anchors and tags are not allowed"),
        (METADATA, "", "the line with the column names is missing"),
        (METADATA, "subject_id\tobject_id", "no column predicate_id, mapping_justification"),
        (METADATA, f"{HEADING}\tcomment", "too many columns, or one named twice"),
    ],
)
def test_a_file_that_is_not_sssom_says_why(metadata, heading, message) -> None:
    found = read(metadata=metadata, heading=heading)
    assert any(message in problem.message for problem in found.problems)
    assert not found.edges


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (f'a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9\t"never closed', "a quotation mark is not closed"),
        (f"a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9\t\x1b[31mred", "a control character U+001B"),
        (f"a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9\tx\u202ey", "a control character U+202E"),
        (f"a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9\t{'x' * 10_001}", "a cell of 10001 characters"),
        (f"https://a.b/c\tskos:exactMatch\tb:1\t{MANUAL}\t0.9", "'https://a.b/c' is not a CURIE"),
        (f"a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9\t\tMaybe", "unknown modifier 'Maybe'"),
        ("a:1\tskos:exactMatch\tb:1\tsemapv:Magic\t0.9", "unknown justification 'semapv:Magic'"),
        ("#a:1\tskos:exactMatch", "a line of metadata after the column names"),
    ],
)
def test_a_hostile_row_is_kept_out_and_the_next_one_read(row, message) -> None:
    found = read(row, f"a:2\tskos:exactMatch\tb:2\t{MANUAL}\t0.9")
    assert errors(found) == [(7, message)]
    assert [edge.subject for edge in found.edges] == ["a#2"]


def test_a_cell_in_quotes_may_hold_lines_and_tabs() -> None:
    found = read(f'a:1\tskos:exactMatch\tb:1\t{MANUAL}\t0.9\t"two\nlines\tand ""quotes"""')
    assert found.edges[0].comment == 'two\nlines\tand "quotes"'


def test_a_label_that_contradicts_its_predicate() -> None:
    heading = "subject_id\tpredicate_id\tpredicate_label\tobject_id\tmapping_justification\tconfidence"
    found = read(f"a:1\tskos:relatedMatch\tequal\tb:1\t{MANUAL}\t0.9", heading=heading)
    assert errors(found) == [(7, "skos:relatedMatch labelled 'equal'")]


def test_limits() -> None:
    with pytest.raises(LimitExceeded):
        read_sssom(b"#" * (MAX_BYTES + 1), name="big.tsv")
    with pytest.raises(LimitExceeded):
        read(*(f"a:{n}\tskos:exactMatch\tb:1\t{MANUAL}\t1" for n in range(MAX_ROWS + 1)))
    with pytest.raises(MalformedInput, match="byte 0 is not UTF-8"):
        read_sssom(b"\xff\xfe", name="utf16.tsv")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_noise_never_raises_anything_else(data) -> None:
    try:
        found = read_sssom(data, name="noise")
    except AccordError:
        return
    assert not found.edges


@settings(max_examples=300, deadline=None)
@given(
    place=st.integers(0, 10_000),
    noise=st.text(st.sampled_from('\t"\n#:{}[]&*!\x00é \u202e'), max_size=6),
    cut=st.integers(0, 4),
)
def test_a_damaged_file_never_raises_anything_else(place, noise, cut) -> None:
    rows = [f"a:{n}\tskos:exactMatch\tb:{n}\t{MANUAL}\t0.9\tsome words" for n in range(20)]
    text = METADATA + "\n".join((HEADING, *rows))
    place %= len(text)
    try:
        found = read_sssom((text[:place] + noise + text[place + cut :]).encode(), name="damaged")
    except AccordError:
        return
    assert all(0 <= edge.confidence <= 1 and edge.relation in RELATIONS for edge in found.edges)


def test_unknown_ids_are_named_with_what_is_near(small) -> None:
    shelf = trees(small(name, "art_1", "art_2") for name in "ab")
    rows = ("a:art_1\tb:art_9", "a:art_1\tc:art_1", "a:art_2\tc:art_1", "a:art_1\tb:art_1")
    metadata = METADATA.replace("#license", "#  c: https://example.org/c\n#license")
    found = read(*(row.replace("\t", "\tskos:exactMatch\t") + f"\t{MANUAL}\t1" for row in rows), metadata=metadata)
    checked = check_ids(found, shelf)
    assert [edge.object for edge in checked.edges] == ["b#art_1"]
    assert errors(checked) == [(8, "b has no requirement 'art_9'"), (9, "there is no framework 'c' (in 2 rows)")]
    assert "art_1" in checked.problems[0].remedy


def test_many_wrong_ids_cost_no_more_than_a_few_guesses(small) -> None:
    rows = (f"a:art_{n}\tskos:exactMatch\tb:art_{n}\t{MANUAL}\t1" for n in range(10, 3000))
    checked = check_ids(read(*rows), trees(small(name, "art_1") for name in "ab"))
    assert sum(problem.remedy.startswith("Nearest") for problem in checked.problems) == 30
    assert len(checked.problems) == 2 * 2990


def test_computed_rows_are_not_used_again(small, edge) -> None:
    edges = [edge("a#1 equal b#1", justification="computed"), edge("a#2 equal b#2")]
    text = write_sssom(edges, {name: small(name, "1", "2") for name in "ab"}, title="t")
    assert [found.subject for found in usable(read_sssom(text.encode(), name="t"))] == ["a#2"]
