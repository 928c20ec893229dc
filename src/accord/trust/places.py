"""Where Accord keeps its things on this machine: configuration, data and cache."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal

_PLACES = {
    "config": ("XDG_CONFIG_HOME", ".config"),
    "data": ("XDG_DATA_HOME", ".local/share"),
    "cache": ("XDG_CACHE_HOME", ".cache"),
}


def place(kind: Literal["config", "data", "cache"]) -> Path:
    """Return the folder of that kind, made or not.

    `ACCORD_HOME`, where set, has all three below it; else the XDG variables say where they are.
    """
    home = os.environ.get("ACCORD_HOME")
    if home:
        return Path(home).expanduser() / kind
    variable, default = _PLACES[kind]
    stated = os.environ.get(variable, "")
    base = Path(stated) if Path(stated).is_absolute() else Path.home() / default
    return base / "accord"
