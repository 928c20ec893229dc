"""Find the inspectors that are installed: the entry points of the group `accord.inspectors`, ours like any other's."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points

from ..errors import UsageError
from .interface import Inspector

GROUP = "accord.inspectors"


@lru_cache(maxsize=1)
def modules() -> dict[str, str]:
    """Return the module of each installed inspector by its id, sorted by id. Imports none of them."""
    return {point.name: point.value for point in sorted(entry_points(group=GROUP), key=lambda point: point.name)}


def load(inspector_id: str) -> Inspector:
    """Import one inspector. Raises UsageError for an unknown id or a module that registers none."""
    module_name = modules().get(inspector_id)
    if module_name is None:
        raise UsageError(
            "unknown-inspector",
            f"there is no inspector {inspector_id!r}",
            f"Choose one of: {', '.join(modules())}.",
        )
    found = getattr(import_module(module_name), "INSPECTOR", None)
    if not isinstance(found, Inspector) or found.id != inspector_id:
        raise UsageError(
            "no-such-inspector",
            f"{module_name} does not register an inspector {inspector_id!r}",
            "Decorate its function with @inspector and give it the id of its entry point.",
        )
    return found


def all_inspectors() -> tuple[Inspector, ...]:
    """Import and return every installed inspector, sorted by id."""
    return tuple(load(inspector_id) for inspector_id in modules())
