"""Every edge that comes with Accord: its ids, relation, date and source against the library."""

from __future__ import annotations

import pickle
from collections import Counter
from datetime import date
from pathlib import Path

import pytest

from accord.crosswalk import InvalidCrosswalk, check_ids, counts_by_pair, library_edges, open_mapping_set
from accord.crosswalk.library import EDGES, usable
from accord.crosswalk.references import framework_of, trees
from accord.errors import UsageError
from accord.frameworks import library

FILES = sorted(EDGES.glob("*.tsv"))


@pytest.fixture(scope="module")
def shelf():
    return trees(library())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_holds_good_edges_of_the_pair_that_names_it(path: Path, shelf) -> None:
    found = check_ids(open_mapping_set(path), shelf)
    assert found.problems == ()
    assert found.licence == "https://www.apache.org/licenses/LICENSE-2.0"
    assert found.edges
    first, second = path.stem.split("--")
    for edge in found.edges:
        assert (framework_of(edge.subject), framework_of(edge.object)) == (first, second)
        assert edge.comment and edge.author and edge.source
        assert not edge.date or date(2023, 1, 1) <= date.fromisoformat(edge.date)
        assert 0.3 <= edge.confidence <= 0.9, "an edge by hand is neither a guess nor a certainty"
        if edge.justification == "manual":
            sources = {shelf[name].framework.source.title for name in (first, second)}
            assert set(edge.source.split("; ")) >= {source.split("; ")[0] for source in sources}
        assert edge.justification != "computed", "what is computed is never stored"
        assert not edge.subject.startswith("iso-") and not edge.object.startswith("iso-"), "its text was not read"


def test_there_are_enough_and_few_of_them_carry() -> None:
    by_hand = [edge for edge in library_edges() if edge.justification == "manual"]
    assert len(by_hand) >= 200
    assert len(counts_by_pair(by_hand)) >= 10
    relations = Counter(edge.relation for edge in by_hand)
    assert relations["intersects"] > 0.9 * len(by_hand), "laws rarely demand the same"
    assert relations["equivalent"] and relations["subset"] and relations["superset"]


def test_no_pair_is_related_twice() -> None:
    pairs = Counter(frozenset((edge.subject, edge.object)) for edge in library_edges())
    assert max(pairs.values()) == 1


def test_every_pair_is_counted_once() -> None:
    counts = counts_by_pair()
    assert sum(counts.values()) == len(library_edges())
    assert all(first < second for first, second in counts)
    assert len(counts) == len(FILES)


def test_a_damaged_file_is_refused_with_all_its_errors(tmp_path: Path) -> None:
    good = FILES[0].read_text()
    path = tmp_path / "damaged.tsv"
    path.write_text(good.replace("\t0.", "\t7."))
    with pytest.raises(InvalidCrosswalk) as raised:
        usable(open_mapping_set(path))
    assert len(raised.value.problems) == len(open_mapping_set(FILES[0]).edges)
    assert pickle.loads(pickle.dumps(raised.value)).problems == raised.value.problems


@pytest.mark.parametrize("name", ["missing.tsv", ".", "nul\0"])
def test_what_can_not_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="unreadable-crosswalk"):
        open_mapping_set(tmp_path / name)
