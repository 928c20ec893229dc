"""The walk itself: one place that forgets who is looking, and it notices."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from tests.node.interface.walking import answers, leaks_on_pages, leaks_when_asked

import accord
from accord.store.viewer import Viewer

ROOM = Path(accord.__file__).parent


def places():
    """Return module and function of each place that asks what a viewer may see."""
    found = []
    for path in sorted(ROOM.rglob("*.py")):
        if ".may_see(" in (text := path.read_text()):
            module = ".".join(("accord", *path.relative_to(ROOM).with_suffix("").parts))
            functions = [part for part in ast.walk(ast.parse(text)) if isinstance(part, ast.FunctionDef)]
            found += [(module, part.name) for part in functions if ".may_see(" in ast.unparse(part)]
    return found


LISTS = "accord.commons.assessments.page"
TWICE = {(LISTS, name): (LISTS, "by_numbers") for name in ("search", "of_digest")} | {
    (LISTS, "by_numbers"): (LISTS, "search")
}
"""Where a list is asked for, and where its rows are read: only both together show something."""
UNSEEN = {
    ("accord.node.bundling", "make_bundle"), ("accord.node.bundling", "_packed"),  # the operator's command alone
    # What they would show is not in the world: another report on the same system, a report whose plan or evidence is
    # withheld from who may read the report, a run of a public plan, a repetition that counts for a body.
    (LISTS, "_others"), (LISTS, "_place"), (LISTS, "_readable"), ("accord.commons.plans.page", "_followed"),
    ("accord.commons.rechecks.page", "repeats_of"),
}  # fmt: skip


@pytest.fixture
def forget(monkeypatch):
    """forget(place, …): these show everything to everybody; without any, every place does."""
    sound = Viewer.may_see

    def made(*forgetful):
        def may_see(viewer, table="statements"):
            asks = sys._getframe(1)
            mine = not forgetful or (asks.f_globals["__name__"], asks.f_code.co_name) in forgetful
            return ("1 = 1", ()) if mine else sound(viewer, table)

        monkeypatch.setattr(Viewer, "may_see", may_see)

    return made


@pytest.fixture(scope="module")
def sound(whole):
    """What the node answers a visitor as it is: test_leaks_counts.py sees each difference, as if more came in."""
    return {target: answer for target, answer in answers(whole, "visitor").items() if target != "/metrics"}


def test_a_node_that_forgets_who_looks_is_noticed(whole, forget):
    forget()
    assert len({target for target, _ in leaks_on_pages(whole, "visitor")}) > 20
    assert leaks_when_asked(whole, "visitor", most=1)


@pytest.mark.soak
@pytest.mark.parametrize("place", [item for item in places() if item not in UNSEEN], ids=".".join)
def test_each_place_that_forgets_who_looks_is_noticed(whole, forget, sound, place):
    forget(place, TWICE.get(place, place))
    assert differs(whole, sound)


def differs(whole, sound):
    try:
        now = answers(whole, "visitor")
        return any(now[target] != answer for target, answer in sound.items()) or bool(
            leaks_when_asked(whole, "visitor", most=9)
        )
    except AssertionError:  # One place forgot, another that it calls did not: it is an error of ours now.
        return True
