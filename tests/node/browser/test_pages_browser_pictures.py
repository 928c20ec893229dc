"""The pictures in docs/node.md: they are the pages of the node that the other tests look at.

ACCORD_SCREENSHOTS=1 takes them anew.
"""

from __future__ import annotations

import json
import os
import re
import struct
from contextlib import closing
from pathlib import Path

from .conftest import BINS, EVERYTHING, publish

HERE = Path(__file__).parent
DOCS = HERE.parents[2] / "docs"
IMAGES = DOCS / "images"
MOST_BYTES = 100_000
LARGE = {"lang": "en", "who": "", "width": 1100, "tallest": 1000}
PHONE = {"lang": "en", "who": "officer", "width": 360, "tallest": 1000}

PICTURES = {
    "node-register": {**LARGE, "path": "/systems", "tallest": 1200},
    "node-entry": {**LARGE, "path": "/systems/{entry}"},
    "node-assessment": {**LARGE, "path": "/assessments/{assessment}"},
    "node-recognition": {**LARGE, "path": "/assessments/{assessment}/recognition"},
    "node-proof": {**LARGE, "path": "/statements/{assessment}", "press": "Check it in this browser"},
    "node-form": {**PHONE, "path": "/drafts/{draft}/what"},
    "node-register-ar": {**LARGE, "path": "/systems", "lang": "ar", "tallest": 1200},
}
MORE = (
    (
        "Answers about residence permits",
        "pilot",
        "public-administration",
        "Answers questions in a chat.",
    ),
    ("Check of claims for housing benefit", "paused", "poverty-reduction", "Says which claims to look at twice."),
    ("Leaks in water pipes", "in_use", "smart-cities", "Finds leaks by their sound."),
)
"""Entries that fill the register, as a picture of two would look empty: name, status, sector, purpose."""


def take(seeded, in_browser, folder: Path) -> None:
    """Take the pictures anew."""
    with closing(seeded.client(EVERYTHING)) as staff:
        for name, status, sector, purpose in MORE:
            what = {**BINS["what"], "name": name, "status": status, "purpose": purpose}
            publish(staff, {**BINS, "what": what, "where": {**BINS["where"], "sector": sector}})
    pictures = [
        {**picture, "path": picture["path"].format_map(seeded.ids), "file": str(IMAGES / f"{name}.png")}
        for name, picture in PICTURES.items()
    ]
    task = {"url": seeded.url, "cookie": seeded.cookie, "sessions": seeded.sessions, "pictures": pictures}
    (folder / "task.json").write_text(json.dumps(task))
    seen = in_browser(HERE / "pictures.mjs", folder / "task.json")
    assert {one["status"] for one in seen} == {200}
    (proof,) = (one["text"] for one in seen if "node-proof" in one["file"])
    assert proof.count("Confirmed: ") == 4


def test_each_picture_stands_in_the_documentation_with_words_for_those_who_do_not_see_it(request, tmp_path) -> None:
    if os.environ.get("ACCORD_SCREENSHOTS") == "1":
        take(request.getfixturevalue("seeded"), request.getfixturevalue("in_browser"), tmp_path)
    shown = dict(re.findall(r"!\[([^\]]*)\]\(images/(node-[a-z-]+)\.png\)", (DOCS / "node.md").read_text()))
    assert sorted(shown.values()) == sorted(PICTURES) == sorted(path.stem for path in IMAGES.glob("node-*.png"))
    assert all(len(words) > 20 for words in shown)
    for name, picture in PICTURES.items():
        data = (IMAGES / f"{name}.png").read_bytes()
        width, height = struct.unpack(">II", data[16:24])
        assert data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) < MOST_BYTES, name
        assert width == picture["width"] and height <= picture["tallest"], name
