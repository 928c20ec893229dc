"""Catalogues out and in: accepted by NIST's schema and by trestle; SP 800-53 revision 5 comes back as it went."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from accord.frameworks import library_ids, load
from accord.frameworks.judging import points_to_judge
from accord.frameworks.loading import parse
from accord.frameworks.scaffolding import scaffold
from accord.frameworks.writing import as_yaml
from accord.oscal import Catalog, import_catalog, read_document, render_catalog
from accord.records import Framework, Requirement

Judge = Callable[[dict[str, bytes]], None]
KEPT = ("id", "parent", "label", "title", "addressee", "applies_from", "documents", "note", "see", "read")


def imported(data: bytes, **header: Any) -> Framework:
    catalog = read_document(data, name="test")
    assert isinstance(catalog, Catalog)
    return import_catalog(catalog, header, name="test").framework


def controls(holder: dict[str, Any], group: str = "") -> Iterator[tuple[str, str, str, str]]:
    """Every control of a catalogue in JSON, in order: family, parent, id, title. Independent of our reader."""
    for inner in holder.get("groups", ()):
        yield from controls(inner, inner["id"])
    for control in holder.get("controls", ()):
        yield group, holder.get("id", ""), control["id"], control["title"]
        yield from controls(control, group)


def labels(holder: dict[str, Any]) -> dict[str, str]:
    found = {}
    for item in (*holder.get("groups", ()), *holder.get("controls", ())):
        plain = [prop["value"] for prop in item.get("props", ()) if prop["name"] == "label" and "class" not in prop]
        found |= {item["id"]: plain[0]} if plain else {}
        found |= labels(item)
    return found


def withdrawn(holder: dict[str, Any]) -> set[str]:
    here = {
        control["id"]
        for control in holder.get("controls", ())
        if any(prop["name"] == "status" and prop["value"] == "withdrawn" for prop in control.get("props", ()))
    }
    return here.union(*(withdrawn(item) for item in (*holder.get("groups", ()), *holder.get("controls", ()))))


@pytest.fixture(scope="module")
def nist(sp_800_53: bytes) -> Framework:
    return imported(sp_800_53, id="nist-sp-800-53", jurisdiction="US", kind="standard")


def test_sp_800_53_round_trips(sp_800_53: bytes, nist: Framework):
    """Families, controls, enhancements, titles, nesting, order, labels and withdrawals are those of NIST's file."""
    original, ours = json.loads(sp_800_53)["catalog"], json.loads(render_catalog(nist))["catalog"]
    before, after = list(controls(original)), list(controls(ours))
    assert len(before) == 1196
    assert after == [(*place, title.strip()) for *place, title in before]
    assert [title for *_place, title in before if title != title.strip()] == ["NIAP-approved Protection Profiles "]
    assert [(g["id"], g["title"]) for g in ours["groups"]] == [(g["id"], g["title"]) for g in original["groups"]]
    assert labels(ours).items() >= labels(original).items()
    assert withdrawn(ours) == withdrawn(original)
    assert len(withdrawn(ours)) == 182


def test_sp_800_53_is_a_framework_that_loads(nist: Framework):
    assert parse(as_yaml(nist)) == nist
    assert (nist.version, nist.source.date, nist.status) == ("5.2.0", "2025-08-26", "provisional")
    items = {item.id: item for item in nist.requirements}
    assert items["ac-2.1"].parent == "ac-2"
    assert items["ac-2_smt"].question == "Is what AC-2, “Account Management”, asks for done?"
    assert items["ac-2"].verification is None


def test_what_a_framework_can_not_hold_is_counted(sp_800_53: bytes):
    """The counts are those of the file, taken without our reader."""
    catalog = read_document(sp_800_53, name="nist")
    assert isinstance(catalog, Catalog)
    found = import_catalog(catalog, {"id": "nist"}, name="nist")
    assert found.left_out["parameters"] == 1600
    assert found.renamed == 0
    assert found.left_out["links"] == _links(json.loads(sp_800_53)["catalog"])


def _links(holder: dict[str, Any]) -> int:
    own = sum(len(control.get("links", ())) for control in holder.get("controls", ()))
    return own + sum(_links(item) for item in (*holder.get("groups", ()), *holder.get("controls", ())))


def test_nist_and_the_whole_library_are_accepted(accepted: Judge, nist: Framework):
    accepted({"nist": render_catalog(nist), **{name: render_catalog(load(name)) for name in library_ids()}})


@pytest.mark.parametrize("name", library_ids())
def test_our_own_come_back_with_all_that_a_catalogue_holds(name: str):
    framework = load(name)
    back = imported(render_catalog(framework))
    for field in ("id", "version", "title", "issuer", "jurisdiction", "kind", "sector", "source", "text_licence"):
        assert getattr(back, field) == getattr(framework, field), field
    before, after = ({item.id: item for item in found.requirements} for found in (framework, back))
    assert {key for key in after if not key.endswith("_smt")} == set(before)
    for key, item in before.items():
        for field in KEPT:
            assert getattr(after[key], field) == _on_one_line(field, getattr(item, field)), (key, field)
        if item.verification in ("judged", "documented"):
            assert (after[key].verification, after[key].question) == (item.verification, item.question)


def _on_one_line(field: str, value: Any) -> Any:
    return " ".join(value.split()) if isinstance(value, str) and field in ("label", "title", "read") else value


def test_the_same_framework_gives_the_same_bytes_and_any_change_another_uuid():
    framework = parse(scaffold("ke-mine").encode())
    assert render_catalog(framework) == render_catalog(framework)
    other = parse(scaffold("ke-mine").replace("threshold: 0.1", "threshold: 0.2").encode())
    uuids = [json.loads(render_catalog(found))["catalog"]["uuid"] for found in (framework, other)]
    assert uuids[0] != uuids[1]


def mixed() -> Framework:
    """A group and a point side by side, ids that begin with a digit, a group with documents of its own."""
    framework = parse(scaffold("ke-mine").encode())
    short = {item.id: item.id.removeprefix("sec_") for item in framework.requirements}
    points = [
        replace(item, id=short[item.id], parent=short[item.parent] if item.parent else None)
        for item in framework.requirements
    ]
    own = Requirement(id="3", label="3", title="Own", verification="documented", documents=("contract",))
    below = Requirement(id="3.1", parent="3", label="3.1", title="Below", verification="not_testable")
    return replace(framework, requirements=(*points, own, below))


def test_tokens_and_mixed_levels(accepted: Judge):
    data = render_catalog(mixed())
    accepted({"mixed": data})
    document = json.loads(data)["catalog"]
    assert [item["id"] for item in document["controls"]] == ["_1", "_2", "_3"]
    assert "groups" not in document
    back = imported(data)
    assert [(item.id, item.parent, item.verification) for item in back.requirements] == [
        ("1", None, None),
        ("1.1", "1", "judged"),  # its rule has no place in a catalogue
        ("1.2", "1", "documented"),
        ("2", None, "judged"),
        ("3", None, "documented"),
        ("3.1", "3", "not_testable"),
    ]


IDS = st.sampled_from(["a", "b", "c", "1", "1.1", "a_smt", "b_smt", "4.1-x", "z"])
POINTS = {
    "judged": {"question": "Is it so?"},
    "documented": {"documents": ("contract",)},
    "not_testable": {},
}


@st.composite
def frameworks(draw: st.DrawFn) -> Framework:
    """Any tree of points and groups; a parent stands before or after its children."""
    ids = draw(st.lists(IDS, min_size=1, unique=True))
    parents = [draw(st.sampled_from([None, *ids[:index]])) for index in range(len(ids))]
    items = []
    for name, parent in zip(ids, parents, strict=True):
        how = draw(st.sampled_from([None, *POINTS] if name in parents else list(POINTS)))
        items.append(
            Requirement(
                id=name,
                parent=parent,
                label="§",
                title=f"T {name.removesuffix('_smt')}",
                verification=how,
                **POINTS.get(how or "", {}),
            )
        )
    return replace(parse(scaffold("ke-mine").encode()), requirements=tuple(draw(st.permutations(items))))


@given(framework=frameworks())
def test_any_tree_comes_back(framework: Framework):
    """Ids, parents and titles, and the order among siblings; `x_smt` is the only id that an import may add."""
    back = imported(render_catalog(framework))
    before = {item.id: (item.parent, item.title, item.documents) for item in framework.requirements}
    after = {item.id: (item.parent, item.title, item.documents) for item in back.requirements}
    added = after.keys() - before.keys()
    assert {name.removesuffix("_smt") for name in added} <= before.keys()
    assert {name: after[name][:2] for name in before} == {name: said[:2] for name, said in before.items()}
    for parent in {None, *before}:
        siblings = [item.id for item in framework.requirements if item.parent == parent]
        assert [item.id for item in back.requirements if item.parent == parent and item.id in before] == siblings
    documented = {item.id for item in points_to_judge(framework) if item.documents}
    assert {item.id for item in points_to_judge(back) if item.documents} == documented


def test_the_catalogue_says_what_it_is():
    document = json.loads(render_catalog(load("eu-ai-act")))["catalog"]
    assert document["metadata"]["oscal-version"] == "1.2.1"
    assert "Not a conformity assessment" in document["metadata"]["remarks"]
    assert document["metadata"]["links"][0]["href"] == load("eu-ai-act").source.uri
