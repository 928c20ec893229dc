"""Texts go through gettext: a catalogue that is put in place is used, an unknown language is refused."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from accord import i18n
from accord.errors import UsageError


def compiled(texts: dict[str, str]) -> bytes:
    """Return a .mo file (GNU gettext manual, section "The Format of GNU MO Files")."""
    texts = {"": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=n != 1;\n", **texts}
    items = [(key.encode(), value.encode()) for key, value in sorted(texts.items())]
    start = 28 + 16 * len(items)
    tables: list[bytes] = []
    body = b""
    for column in (0, 1):
        for item in items:
            tables.append(struct.pack("<II", len(item[column]), start + len(body)))
            body += item[column] + b"\0"
    header = struct.pack("<7I", 0x950412DE, 0, len(items), 28, 28 + 8 * len(items), 0, start)
    return header + b"".join(tables) + body


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    texts = {
        "Nothing was assessed.": "Nichts wurde geprüft.",
        "{n} row of data\0{n} rows of data": "{n} Datenzeile\0{n} Datenzeilen",
    }
    (folder / "accord.mo").write_bytes(compiled(texts))
    monkeypatch.setattr(i18n, "_LOCALE", tmp_path)
    i18n._catalogue.cache_clear()
    yield
    i18n.use_language("en")
    i18n._catalogue.cache_clear()


def test_a_catalogue_is_used(german: None) -> None:
    assert i18n.languages() == ("en", "de")
    i18n.use_language("de")
    assert i18n._("Nothing was assessed.") == "Nichts wurde geprüft."
    assert i18n.ngettext("{n} row of data", "{n} rows of data", 1) == "{n} Datenzeile"
    assert i18n.ngettext("{n} row of data", "{n} rows of data", 5) == "{n} Datenzeilen"
    assert i18n._("A text that nobody translated") == "A text that nobody translated"
    i18n.use_language("en")
    assert i18n._("Nothing was assessed.") == "Nothing was assessed."


def test_an_unknown_language_is_refused(german: None) -> None:
    with pytest.raises(UsageError, match="tlh") as error:
        i18n.use_language("tlh")
    assert "de" in error.value.remedy
