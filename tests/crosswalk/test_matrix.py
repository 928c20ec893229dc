"""The picture: well-formed, without script, named for those who can't see it, and the same as its table."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from accord.crosswalk import between, crosswalk_matrix_svg, write_sssom
from accord.crosswalk.matrix import matrix, matrix_svg, page
from accord.frameworks import load
from accord.reports.visible import visible

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def pair(small, edge, tmp_path):
    frameworks = {name: small(name, "g", "g/1", "g/2", "h", "h/3", title=f"<{name}> & \x1b") for name in "ab"}
    edges = [edge("a#1 superset b#1"), edge("a#2 intersects b#1"), edge("a#3 intersects b#3", comment="<b>why</b>")]
    path = tmp_path / "edges.tsv"
    path.write_text(write_sssom(edges, frameworks, title="t"))
    return between(frameworks["a"], frameworks["b"], files=[path]), frameworks["a"], frameworks["b"]


def test_the_svg_is_well_formed_and_named(pair) -> None:
    root = ElementTree.fromstring(matrix_svg(*pair, shown=visible))
    assert root.get("role") == "img"
    named = {element.get("id"): element.text for element in root.iter() if element.get("id")}
    assert root.get("aria-labelledby").split() == list(named)
    assert named["matrix-title"] == "Crosswalk from <a> & \\x1b to <b> & \\x1b"
    assert not [element for element in root.iter() if element.tag.endswith("script")]


def test_a_cell_shows_the_relation_that_carries_most(pair) -> None:
    drawn = matrix(*pair)
    assert [(cell.relation, cell.sign) for cell in drawn.cells] == [("superset", "⊃"), ("intersects", "∩")]
    assert drawn.cells[0].name == "G – G: asks for all that is asked here, and more (2 links)"
    assert [row.label for row in drawn.rows] == [column.label for column in drawn.columns] == ["G", "H"]
    root = ElementTree.fromstring(matrix_svg(*pair, shown=visible))
    signs = [element.text for element in root.iter(f"{SVG}text") if element.get("class") == "sign"]
    assert signs == ["⊃", "∩", "⊃", "∩"], "two cells and two lines of the legend"


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        assert not [name for name, _value in attrs if name.startswith("on")]

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def test_the_page_has_the_table_and_no_script(pair) -> None:
    text = page(*pair, shown=visible)
    parser = _Page()
    parser.feed(text)
    assert "script" not in parser.tags
    assert {"svg", "table", "caption", "details"} <= set(parser.tags)
    assert "<b>why</b>" not in text and "&lt;b&gt;why&lt;/b&gt;" in text
    assert "\x1b" not in text
    assert "Not a conformity assessment" in text[: text.index("<svg class")]
    words = " ".join(" ".join(parser.text).split())
    assert "a#1 asks for all that is asked here, and more (0.8, manual)" in words
    assert "1 requirement without any known relation" in words


def test_the_style_that_the_policy_allows_is_the_one_that_is_there(pair) -> None:
    import base64
    import hashlib

    text = page(*pair)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest.replace('+', '&#43;')}'" in text.replace("+", "&#43;")


@pytest.mark.parametrize("names", [("nist-ai-rmf", "eu-ai-act"), ("owasp-llm-top10", "nist-ai-600-1")])
def test_large_frameworks_are_drawn_in_few_groups(names) -> None:
    first, second = map(load, names)
    drawn = matrix(between(first, second), first, second)
    assert 2 <= len(drawn.rows) <= 40 and 2 <= len(drawn.columns) <= 40
    assert drawn.cells
    ElementTree.fromstring(crosswalk_matrix_svg(*names))


def test_nothing_in_common_is_drawn_too(small) -> None:
    first, second = small("a", "1"), small("b", "1")
    assert ElementTree.fromstring(crosswalk_matrix_svg(first, second)) is not None
