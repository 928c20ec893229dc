"""What licence do the files that describe a work declare? Nothing is imported or run to find out."""

from __future__ import annotations

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .reading import list_names, read_text

MAX_BYTES = 1 << 20
MAX_NAMES = 10_000
MAX_DECLARED = 200

# Trove classifiers that mean one licence; the others name a family ("BSD License").
_CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "Boost Software License 1.0 (BSL-1.0)": "BSL-1.0",
    "CC0 1.0 Universal (CC0 1.0) Public Domain Dedication": "CC0-1.0",
    "GNU Affero General Public License v3": "AGPL-3.0-only",
    "GNU Affero General Public License v3 or later (AGPLv3+)": "AGPL-3.0-or-later",
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU General Public License v2 or later (GPLv2+)": "GPL-2.0-or-later",
    "GNU General Public License v3 (GPLv3)": "GPL-3.0-only",
    "GNU General Public License v3 or later (GPLv3+)": "GPL-3.0-or-later",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
_CLASSIFIER_FAMILIES = {
    "BSD License": "BSD",
    "GNU Affero General Public License": "AGPL",
    "GNU General Public License (GPL)": "GPL",
    "GNU Library or Lesser General Public License (LGPL)": "LGPL",
    "Other/Proprietary License": "proprietary",
    "Public Domain": "public domain",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """A licence that a file declares: where (relative path), which field, and its words."""

    path: str
    field: str
    text: str


def find_declarations(root: Path) -> list[Declaration]:
    """List what the files at the root of a folder, and its `*.dist-info`, declare; broken files declare nothing."""
    names = list_names(root, MAX_NAMES)
    found: list[Declaration] = []
    for name in names:
        for path, read in _readers(root, name):
            text = read_text(root / path, MAX_BYTES)
            if text is not None:
                found += [Declaration(path, field, said) for field, said in read(text) if _is_short(said)]
    return found


Reader = Callable[[str], list[tuple[str, str]]]


def _readers(root: Path, name: str) -> Iterator[tuple[str, Reader]]:
    lowered = name.lower()
    if lowered == "pyproject.toml":
        yield name, _from_pyproject
    elif lowered == "package.json":
        yield name, _from_package_json
    elif lowered == "setup.cfg":
        yield name, _from_setup_cfg
    elif lowered in {"readme.md", "model_card.md", "modelcard.md", "dataset_card.md"}:
        yield name, _from_front_matter
    elif lowered == "pkg-info":
        yield name, _from_metadata
    elif lowered.endswith((".dist-info", ".egg-info")):
        yield f"{name}/{'METADATA' if lowered.endswith('.dist-info') else 'PKG-INFO'}", _from_metadata


def _is_short(text: str) -> bool:
    """A licence's name; some packages put the whole text into the field, which the texts' search will see."""
    return 0 < len(text.strip()) <= MAX_DECLARED and "\n" not in text.strip()


def _from_pyproject(text: str) -> list[tuple[str, str]]:
    try:
        document: Any = tomllib.loads(text)
    except (ValueError, RecursionError):
        return []
    project = _mapping(document.get("project"))
    licence = project.get("license")
    said = _strings("project.license", licence if isinstance(licence, str) else _mapping(licence).get("text"))
    if not said:
        poetry = _mapping(_mapping(document.get("tool")).get("poetry"))
        said = _strings("tool.poetry.license", poetry.get("license"))
    classifiers = project.get("classifiers")
    return said or _from_classifiers(classifiers if isinstance(classifiers, list) else [])


def _from_package_json(text: str) -> list[tuple[str, str]]:
    try:
        document = _mapping(json.loads(text))
    except (ValueError, RecursionError):
        return []
    licence = document.get("license")
    said = licence if isinstance(licence, str) else _mapping(licence).get("type")
    if isinstance(said, str) and said.upper().startswith("SEE LICEN"):
        return []
    return _strings("license", said)


def _from_setup_cfg(text: str) -> list[tuple[str, str]]:
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return []
    if not parser.has_section("metadata"):
        return []
    section = parser["metadata"]
    said = section.get("license_expression") or section.get("license")
    return _strings("metadata.license", said) or _from_classifiers(section.get("classifiers", "").splitlines())


def _from_front_matter(text: str) -> list[tuple[str, str]]:
    """The `license:` of a model or data card, a word or a list, read by line: YAML's references can explode."""
    match = re.match(r"---[ \t]*\r?\n(.{0,65536}?)\n---", text, re.DOTALL)
    if match is None:
        return []
    lines = match[1].splitlines()
    for index, line in enumerate(lines):
        if not line.lower().startswith("license:"):
            continue
        said = line.partition(":")[2].partition(" #")[0].strip()
        if said.startswith("["):
            return _listed(said.strip("[]").split(","))
        if said:
            return _listed([said])
        items = []
        for item in lines[index + 1 :]:
            if not re.match(r"\s*- ", item):
                break
            items.append(item.strip().removeprefix("- "))
        return _listed(items)
    return []


def _from_metadata(text: str) -> list[tuple[str, str]]:
    """Core metadata (PEP 566, PEP 639): License-Expression outranks License, which outranks classifiers."""
    fields: dict[str, list[str]] = {}
    name = ""
    for line in text.splitlines():
        if not line.strip():
            break
        if line[0] in " \t":
            if name and len(fields[name][-1]) <= MAX_DECLARED:  # a longer value is a text, not a name
                fields[name][-1] += "\n" + line.strip()
        elif ":" in line:
            name, _, value = line.partition(":")
            fields.setdefault(name := name.lower(), []).append(value.strip())
        else:
            break
    for key in ("license-expression", "license"):
        said = [value for value in fields.get(key, []) if _is_short(value)]
        if said:
            return _strings(key, said[0])
    return _from_classifiers(fields.get("classifier", []))


def _from_classifiers(classifiers: list[Any]) -> list[tuple[str, str]]:
    found = []
    for classifier in classifiers:
        if isinstance(classifier, str) and classifier.strip().startswith("License :: "):
            name = classifier.strip().rpartition(" :: ")[2]
            if name != "OSI Approved":
                found.append(("classifier", _CLASSIFIERS.get(name) or _CLASSIFIER_FAMILIES.get(name, name)))
    return found


def _listed(items: list[str]) -> list[tuple[str, str]]:
    names = [item.strip().strip("\"'") for item in items if item.strip().strip("\"'")]
    return _strings("license", " AND ".join(names[:20]))


def _strings(field: str, value: Any) -> list[tuple[str, str]]:
    return [(field, value.strip())] if isinstance(value, str) and value.strip() else []


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
