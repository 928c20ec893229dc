"""Profiles over SP 800-53: what is selected is what the profile says, counted without our reader."""

from __future__ import annotations

import json
from typing import Any

import pytest

from accord.errors import UsageError
from accord.frameworks.mistakes import InvalidFramework
from accord.oscal import Catalog, CatalogImport, Profile, import_profile, read_document

UUID = "11111111-1111-4111-8111-111111111111"


def profile(imports: list[dict[str, Any]], **more: Any) -> Profile:
    metadata = {
        "title": "Mine",
        "last-modified": "2026-01-01T00:00:00Z",
        "version": "1",
        "oscal-version": "1.2.1",
    }
    document = {"profile": {"uuid": UUID, "metadata": metadata, "imports": imports, **more}}
    found = read_document(json.dumps(document).encode(), name="profile")
    assert isinstance(found, Profile)
    return found


@pytest.fixture(scope="module")
def catalog(sp_800_53: bytes) -> Catalog:
    found = read_document(sp_800_53, name="nist")
    assert isinstance(found, Catalog)
    return found


def resolved(catalog: Catalog, imports: list[dict[str, Any]], **more: Any) -> CatalogImport:
    return import_profile(profile(imports, **more), [catalog], {"id": "mine"}, name="profile")


def ids(found: CatalogImport) -> list[str]:
    return [item.id for item in found.framework.requirements]


def test_named_controls_in_their_families(catalog: Catalog):
    wanted = {"href": "#c", "include-controls": [{"with-ids": ["ac-2", "au-2", "ac-1"]}]}
    assert ids(resolved(catalog, [wanted])) == ["ac", "ac-1", "ac-2", "au", "au-2"]


def test_children_patterns_and_exclusions(catalog: Catalog):
    children = {"href": "#c", "include-controls": [{"with-ids": ["ac-2"], "with-child-controls": "yes"}]}
    assert ids(resolved(catalog, [children])) == ["ac", "ac-2", "ac-2_smt", *(f"ac-2.{n}" for n in range(1, 14))]
    pattern = {
        "href": "#c",
        "include-controls": [{"matching": [{"pattern": "ac-2.*"}]}],
        "exclude-controls": [{"with-ids": ["ac-2.1"]}],
    }
    found = resolved(catalog, [pattern])
    assert ids(found) == ["ac", *(f"ac-2.{n}" for n in range(2, 14))]
    assert {item.parent for item in found.framework.requirements} == {None, "ac"}


def test_all_but_a_family_and_flat(catalog: Catalog):
    imports = [{"href": "#c", "include-all": {}, "exclude-controls": [{"matching": [{"pattern": "[b-z]*"}]}]}]
    nested, flat = resolved(catalog, imports), resolved(catalog, imports, merge={"flat": {}})
    families = {name.split("-")[0] for name in ids(nested)}
    assert families == {"ac", "at", "au"}
    assert {item.parent for item in flat.framework.requirements} == {None}
    assert ids(flat) == [name for name in ids(nested) if "-" in name and not name.endswith("_smt")]


def test_two_imports_of_one_catalogue_make_one(catalog: Catalog):
    imports = [{"href": "#a", "include-controls": [{"with-ids": [name]}]} for name in ("ac-2", "ac-1")]
    assert ids(resolved(catalog, imports)) == ["ac", "ac-1", "ac-2"]


def test_parameters_are_noted_and_alterations_counted(catalog: Catalog):
    modify = {
        "set-parameters": [{"param-id": "ac-01_odp.05", "values": ["at least every year"]}],
        "alters": [{"control-id": "ac-1", "adds": [{"position": "ending"}]}],
    }
    found = resolved(catalog, [{"href": "#c", "include-controls": [{"with-ids": ["ac-1"]}]}], modify=modify)
    (control,) = (item for item in found.framework.requirements if item.id == "ac-1")
    assert control.note == "Set by the profile: ac-01_odp.05 = at least every year."
    assert found.notes == ("alterations of controls that are not applied, for their texts are not kept: 1",)


def test_mistakes_all_at_once(catalog: Catalog):
    with pytest.raises(InvalidFramework) as caught:
        resolved(
            catalog,
            [{"href": "#a"}, {"href": "#b", "include-controls": [{"with-ids": ["ac-1", "zz-1", "zz-2"]}]}],
            modify={"set-parameters": [{"param-id": "no-such", "values": ["x"]}]},
        )
    assert [mistake.path for mistake in caught.value.mistakes] == [
        "$.profile.imports[0]",
        "$.profile.imports[1].include-controls[0].with-ids",
        "$.profile.imports[1].include-controls[0].with-ids",
        "$.profile.modify.set-parameters[0]",
    ]


def test_a_catalogue_for_each_import(catalog: Catalog):
    three = [{"href": f"c{n}.json", "include-all": {}} for n in range(3)]
    with pytest.raises(UsageError, match=r"takes from 3 catalogues \(c0.json, c1.json, c2.json\); 2 were given"):
        import_profile(profile(three), [catalog, catalog], {"id": "mine"}, name="profile")
