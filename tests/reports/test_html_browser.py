"""The page in Chromium: axe finds nothing in any look, nothing is fetched, and the keyboard is enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from accord.i18n import in_language

pytestmark = pytest.mark.browser

HERE = Path(__file__).parent
LOOKS = {"compas": "light,dark,narrow,print", "hostile": "narrow", "empty": "dark", "many": "unchecked"}


@pytest.fixture(scope="module")
def seen(sample, render, in_browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What the browser saw on every sample page, in the looks that differ for it."""
    folder = tmp_path_factory.mktemp("pages")
    files = []
    for kind, looks in LOOKS.items():
        file = folder / f"{kind}.html"
        file.write_text(render(getattr(sample, kind)()), encoding="utf-8")
        files.append(f"{file}={looks}")
    with in_language("ar"):
        (folder / "arabic.html").write_text(render(sample.compas()), encoding="utf-8")
    files.append(f"{folder / 'arabic.html'}=light,narrow")
    return in_browser(HERE / "axe.mjs", *files)


def test_axe_finds_nothing(seen) -> None:
    assert len(seen["results"]) == 9
    found = [(Path(r["file"]).stem, r["look"], r["violations"]) for r in seen["results"] if r["violations"]]
    assert not found, json.dumps(found, indent=1)


def test_nothing_is_fetched_and_nothing_complains(seen) -> None:
    for result in seen["results"]:
        others = [url for url in result["requests"] if not url.startswith(("file://", "data:image/svg+xml"))]
        assert not others
        assert len([url for url in result["requests"] if url.startswith("file://")]) == 1
        assert not result["messages"], result["messages"]


def test_no_page_is_wider_than_its_window(seen) -> None:
    wide = [(r["file"], r["look"], r["overflow"]) for r in seen["results"] if r["overflow"] > 0]
    assert not wide


def test_a_long_page_is_shown_soon(seen) -> None:
    many = [r["milliseconds"] for r in seen["results"] if r["file"].endswith("many.html")]
    assert min(many) < 1_000, many


def test_the_keyboard_is_enough_and_no_script_is_needed(seen) -> None:
    acts = seen["acts"]
    assert acts["firstStop"] == "#main", "the first stop skips to the result"
    assert acts["allShown"] == 10
    assert acts["chosen"] == "show-not_met" and acts["chosenShown"] == 1
    assert acts["emptyFrameworks"] == 1, "a framework without such a verdict says so"
    assert acts["hiddenBefore"] and acts["shownAfter"], "a link opens what it leads into"
