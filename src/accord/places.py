"""Where Accord keeps things of its user: configuration (keys, trust), data (the log) and what can be lost (cache).

`ACCORD_HOME` puts all three below one folder; otherwise the XDG base directories hold.
"""

from __future__ import annotations

import os
from pathlib import Path


def config_folder() -> Path:
    """Keys and the trust list."""
    return _folder("config", "XDG_CONFIG_HOME", ".config")


def data_folder() -> Path:
    """The log."""
    return _folder("data", "XDG_DATA_HOME", ".local/share")


def cache_folder() -> Path:
    """Downloads and kept evidence; it can be deleted at any time."""
    return _folder("cache", "XDG_CACHE_HOME", ".cache")


def _folder(name: str, variable: str, default: str) -> Path:
    home = os.environ.get("ACCORD_HOME")
    if home:
        return Path(home) / name
    base = os.environ.get(variable)
    # The XDG specification says that a relative path is to be ignored.
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / default) / "accord"
