"""Which licence texts does a folder hold? The commonest are known by short marks that only their whole text has.

A mark is a few words; all marks of a licence must occur, in the text without case, punctuation and line breaks. A
notice ("licensed under …") is no text. What is not known is "a text of some licence", never guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .reading import list_names, read_text

MAX_BYTES = 512 * 1024
MAX_FILES = 60
MAX_NAMES = 10_000

_NAMES = re.compile(r"(un)?licen[cs]es?([-_. ].{0,80})?|copying([-_. ].{0,80})?", re.IGNORECASE)
_FOLDERS = re.compile(r"licen[cs]es|.{1,120}\.(dist|egg)-info", re.IGNORECASE)
_CODE = re.compile(r".*\.(py|pyc|js|ts|json|toml|ya?ml|c|h|cpp|rs|go|java)", re.IGNORECASE)

_MIT_GRANT = ("free of charge to any person obtaining a copy", "sublicense and or sell")
_MIT_NOTICE = "permission notice shall be included in all"
_ISC_GRANT = ("use copy modify and or distribute this software for any purpose with or without fee",)
_ISC_NOTICE = "appear in all copies"
_BSD = (
    "redistributions of source code must retain the above copyright notice",
    "redistributions in binary form must reproduce the above copyright notice",
    "in no event shall",
)
_BSD_NAME = "endorse or promote products derived from this software without specific prior written permission"
_BSD_ADS = "all advertising materials"
_BSD_VARIANTS = (
    "may not be called",
    "in this position and unchanged",
    "this documentation is provided",
    "openssl toolkit",
)
_GNU_END = "end of terms and conditions"


@dataclass(frozen=True, slots=True)
class _Mark:
    """The SPDX ids that a text may stand for (a GNU text does not say "or later"), what it has and what it lacks."""

    ids: tuple[str, ...]
    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()


_MARKS = (
    _Mark(
        ("MIT",), (*_MIT_GRANT, _MIT_NOTICE), ("except as contained in this notice", "not evil", "no false attribution")
    ),
    _Mark(("MIT-0",), _MIT_GRANT, ("permission notice",)),
    _Mark(("ISC",), (*_ISC_GRANT, _ISC_NOTICE, "in no event shall"), ("advertising", "endorse")),
    _Mark(("0BSD",), (*_ISC_GRANT, "the software is provided as is"), (_ISC_NOTICE,)),
    _Mark(("BSD-2-Clause",), _BSD, (*_BSD_VARIANTS, _BSD_ADS, "endorse or promote")),
    _Mark(("BSD-3-Clause",), (*_BSD, _BSD_NAME), (*_BSD_VARIANTS, _BSD_ADS)),
    _Mark(("BSD-4-Clause",), (*_BSD, _BSD_NAME, _BSD_ADS), _BSD_VARIANTS),
    _Mark(("Apache-2.0",), ("apache license version 2 0 january 2004", "grant of patent license")),
    _Mark(("GPL-2.0-only", "GPL-2.0-or-later"), ("gnu general public license version 2 june 1991", _GNU_END)),
    _Mark(("GPL-3.0-only", "GPL-3.0-or-later"), ("gnu general public license version 3 29 june 2007", _GNU_END)),
    _Mark(
        ("LGPL-2.1-only", "LGPL-2.1-or-later"),
        ("gnu lesser general public license version 2 1 february 1999", _GNU_END),
    ),
    _Mark(
        ("LGPL-3.0-only", "LGPL-3.0-or-later"),
        ("gnu lesser general public license version 3 29 june 2007", "additional definitions"),
    ),
    _Mark(
        ("AGPL-3.0-only", "AGPL-3.0-or-later"),
        ("gnu affero general public license version 3 19 november 2007", "remote network interaction", _GNU_END),
    ),
    _Mark(("MPL-2.0",), ("mozilla public license version 2 0", "larger work", "incompatible with secondary licenses")),
    _Mark(("EPL-2.0",), ("eclipse public license v 2 0", "commercial distribution", "secondary license")),
    _Mark(("BSL-1.0",), ("boost software license version 1 0", "machine executable object code")),
    _Mark(("CC0-1.0",), ("cc0 1 0 universal", "affirmer", "related rights")),
    _Mark(
        ("CC-BY-4.0",), ("attribution 4 0 international", "licensed material"), ("sharealike", "noncommercial means")
    ),
    _Mark(
        ("CC-BY-SA-4.0",), ("attribution sharealike 4 0 international", "adapter s license"), ("noncommercial means",)
    ),
    _Mark(("Unlicense",), ("this is free and unencumbered software released into the public domain",)),
    _Mark(
        ("Zlib",),
        ("acknowledgment in the product documentation would be appreciated", "altered source versions must be plainly"),
    ),
)


RECOGNISABLE = frozenset(identifier for mark in _MARKS for identifier in mark.ids)


@dataclass(frozen=True, slots=True)
class LicenceText:
    """A licence file: its path, and the sets of SPDX ids that its texts may stand for; none if it is not known."""

    path: str
    licences: tuple[tuple[str, ...], ...]

    @property
    def ids(self) -> frozenset[str]:
        """All SPDX ids that the file may stand for."""
        return frozenset(identifier for choices in self.licences for identifier in choices)


def find_texts(root: Path) -> list[LicenceText]:
    """List the licence files at the root of a folder, in `LICENSES/` and in the metadata of Python packages."""
    found = []
    for path in _candidates(root):
        text = read_text(root / path, MAX_BYTES)
        if text is not None and text.strip():
            found.append(LicenceText(path, identify(text)))
        if len(found) >= MAX_FILES:
            break
    return found


def identify(text: str) -> tuple[tuple[str, ...], ...]:
    """Return, for each licence whose whole text occurs in `text`, the SPDX ids that it may stand for."""
    words = " ".join(re.findall(r"[a-z0-9]+", text.lower()))
    return tuple(
        mark.ids
        for mark in _MARKS
        if all(phrase in words for phrase in mark.has) and not any(phrase in words for phrase in mark.lacks)
    )


def _candidates(root: Path) -> Iterator[str]:
    for name in list_names(root, MAX_NAMES):
        if _is_named_so(name):
            yield name
        if _FOLDERS.fullmatch(name):
            whole = "info" not in name.lower()
            for inner in list_names(root / name, MAX_NAMES):
                if inner.lower() in {"licenses", "license_files"}:
                    deeper = list_names(root / name / inner, MAX_NAMES)
                    yield from (f"{name}/{inner}/{deep}" for deep in deeper if _is_named_so(deep))
                elif whole or _is_named_so(inner):
                    yield f"{name}/{inner}"


def _is_named_so(name: str) -> bool:
    return _NAMES.fullmatch(name) is not None and not _CODE.fullmatch(name)
