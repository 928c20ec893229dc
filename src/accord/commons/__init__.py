"""Shared entries: a folder a kind. Each is a view on statements that can be dropped and rebuilt from them.

A folder holds its projection (tables and how a statement changes them) and the data of its pages. It knows nothing of
HTTP. `projections` finds every folder; a new kind is a new folder and no edit elsewhere.
"""

from __future__ import annotations

from .interface import Projection, apply, forget, projections, rebuild, set_up

__all__ = ["Projection", "apply", "forget", "projections", "rebuild", "set_up"]
