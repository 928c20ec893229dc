"""Every inspector is its own card: headings complete, ids in order, entry point and registration agree."""

from __future__ import annotations

import re

import pytest

from accord.inspectors.interface import HEADINGS, Inspector
from accord.inspectors.registry import all_inspectors
from accord.measures.catalogue import catalogue


@pytest.mark.parametrize("inspector", all_inspectors(), ids=lambda item: item.id)
def test_card_has_every_heading_in_order_and_something_under_each(inspector: Inspector) -> None:
    assert tuple(inspector.sections) == HEADINGS
    for heading, text in inspector.sections.items():
        assert len(text.split()) > 8, f"{inspector.id}: nothing under {heading!r}"


@pytest.mark.parametrize("inspector", all_inspectors(), ids=lambda item: item.id)
def test_measures_are_in_the_catalogue(inspector: Inspector) -> None:
    assert inspector.measures
    assert set(inspector.measures) <= set(catalogue())


def test_rule_ids_belong_to_one_inspector_each() -> None:
    owners: dict[str, str] = {}
    for inspector in all_inspectors():
        for rule in inspector.rules:
            assert re.fullmatch(r"[A-Z]{3,8}-\d{3}", rule.id)
            assert owners.setdefault(rule.id, inspector.id) == inspector.id
            assert rule.remedy.strip()
