"""PDF: its text page by page, with `pypdf`; headings by the bookmarks, else by the looks of lines.

pypdf is told nothing but the bytes. Whatever it raises on a hostile file becomes one error; what it may take is bounded
by the limits here and by the sandbox in which documents are read.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...errors import AccordError
from .interface import GUESSED, MAX_PAGES, Document, Gathering, too_much, unreadable
from .plain_text import add_guessed

_MAX_BOOKMARKS = 2000


def read_pdf(path: Path) -> Document:
    """Read the text of the PDF at `path`. Raises MalformedInput if it's encrypted, broken or without text."""
    import pypdf

    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it logs each defect of a file
    gathered = Gathering()
    try:
        with path.open("rb") as stream:
            reader = pypdf.PdfReader(stream, strict=False)
            if reader.is_encrypted and not reader.decrypt(""):
                raise unreadable("is encrypted")
            pages = len(reader.pages)
            if pages > MAX_PAGES:
                raise too_much(f"it has {pages} pages, more than {MAX_PAGES}")
            outline = dict(_bookmarks(reader))
            lines: list[str] = []
            places: list[int] = []
            characters = 0
            for number in range(pages):
                gathered.check_time()
                found = reader.pages[number].extract_text().splitlines()
                characters += sum(map(len, found))
                if characters > 4 * (1 << 20):
                    raise too_much("it holds more than 4 million characters")
                lines += [line.rstrip() for line in found]
                places += [number + 1] * len(found)
            date = _date(reader)
    except (AccordError, MemoryError):
        raise
    except Exception as error:
        raise unreadable(f"is a broken PDF: {type(error).__name__}: {str(error)[:100]}") from None
    add_guessed(_without_running_titles(lines, places), places, gathered, outline)
    return Document("pdf", tuple(gathered.blocks), "page", metadata_date=date)


def _bookmarks(reader: Any) -> Iterator[tuple[str, int]]:
    """Titles of the bookmarks, folded, with their levels; none where they're broken."""
    try:
        waiting = [(item, 1) for item in reversed(reader.outline)]
    except MemoryError:
        raise
    except Exception:
        return
    last = 1
    for _ in range(_MAX_BOOKMARKS):
        if not waiting:
            return
        item, level = waiting.pop()
        if isinstance(item, list):
            waiting += [(inner, last + 1) for inner in reversed(item)]
        else:
            last = level
            title = getattr(item, "title", None)
            if isinstance(title, str) and title.strip():
                yield " ".join(title.split()).casefold(), min(level, GUESSED - 1)


def _date(reader: Any) -> str | None:
    """The day on which the file was changed last, as its information dictionary says it."""
    try:
        found = reader.metadata and (reader.metadata.modification_date or reader.metadata.creation_date)
        return found.date().isoformat() if found else None
    except MemoryError:
        raise
    except Exception:
        return None


def _without_running_titles(lines: list[str], places: list[int]) -> list[str]:
    """Blank what stands on most pages alike, as running titles do: it isn't part of any section."""
    pages: dict[str, set[int]] = {}
    for line, place in zip(lines, places, strict=True):
        if 0 < len(line) <= 120:
            pages.setdefault(line.strip(), set()).add(place)
    total = places[-1] if places else 0
    often = {line for line, on in pages.items() if len(on) >= 4 and len(on) * 2 > total}
    seen: set[str] = set()
    kept: list[str] = []
    for line in lines:
        bare = line.strip()
        kept.append("" if bare in often and bare in seen else line)
        seen.add(bare)
    return kept
