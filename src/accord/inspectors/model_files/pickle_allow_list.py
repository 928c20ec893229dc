"""Which names a pickle may use: a short list of harmless ones, with the reason for each, in a YAML file beside this.

The default is "not proven safe". A list of dangerous names can't be complete (one missing name is a bypass, and there
have been dozens); ours only makes a finding graver and clearer, never its absence.
"""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

Standing = Literal["listed", "unlisted", "dangerous"]
_FILE = Path(__file__).with_name("pickle_allow_list.yaml")
_RANK: dict[Standing, int] = {"listed": 0, "unlisted": 1, "dangerous": 2}


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a name is known to be harmless in the way that it was used, and why (or why not)."""

    standing: Standing
    reason: str


@dataclass(frozen=True, slots=True)
class AllowList:
    """`names` maps (module, name) to (may be called, reason); `dangerous` maps a module to its dangerous names (None:
    all of them) and the reason.
    """

    names: dict[tuple[str, str], tuple[bool, str]]
    dangerous: dict[str, tuple[frozenset[str] | None, str]]

    def judge(self, module: str, name: str, *, called: bool, torchscript: bool = False) -> Judgement:
        """Judge a name as written and as Python 3 reads it in protocols 0 to 2 (`__builtin__` is `builtins`); the
        worse of the two counts. `called`: it was called, not only referred to or built without its constructor.
        `torchscript`: the archive holds TorchScript, whose own classes are data for its own interpreter.
        """
        readings = {(module, name), _as_python_3(module, name)}
        if len(readings) == 2 and not self._known(module, name):
            readings.discard((module, name))  # a Python 2 name means nothing else in Python 3
        verdicts = [self._one(*reading, called, torchscript) for reading in sorted(readings)]
        return max(verdicts, key=lambda verdict: _RANK[verdict.standing])

    def _known(self, module: str, name: str) -> bool:
        return (module, name) in self.names or self._danger(module, name) is not None

    def _danger(self, module: str, name: str) -> str | None:
        for depth in range(module.count(".") + 1):
            names, reason = self.dangerous.get(module.rsplit(".", depth)[0], (frozenset(), ""))
            if names is None or (depth == 0 and name.partition(".")[0] in names):
                return reason
        return None

    def _one(self, module: str, name: str, called: bool, torchscript: bool) -> Judgement:
        danger = self._danger(module, name)
        if danger is not None:
            return Judgement("dangerous", danger)
        if module == "copyreg.extension":
            return Judgement("unlisted", "an extension code means what the loading process registered")
        if torchscript and (module == "__torch__" or module.startswith("__torch__.")):
            return Judgement("listed", "a class of TorchScript's own interpreter, which Python does not import")
        may_be_called, reason = self.names.get((module, name), (False, ""))
        if not reason:
            return Judgement("unlisted", "it is not on the list of names known to be harmless")
        if called and not may_be_called:
            return Judgement("unlisted", "it is harmless to refer to, but it is called here")
        return Judgement("listed", reason)


def _as_python_3(module: str, name: str) -> tuple[str, str]:
    mapped: tuple[str, str] | None = NAME_MAPPING.get((module, name))
    return mapped if mapped is not None else (IMPORT_MAPPING.get(module, module), name)


@lru_cache
def allow_list() -> AllowList:
    """Load the list. The file is ours and tested, so an error in it is a defect of Accord."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    data: dict[str, Any] = yaml.load(_FILE.read_bytes(), Loader=loader)  # noqa: S506 - both are safe loaders
    names = {
        (module, name): (group["use"] == "call", group["reason"])
        for group in data["listed"]
        for module, listed in group["names"].items()
        for name in listed
    }
    dangerous = {
        module: (None if listed == "all" else frozenset(listed), group["reason"])
        for group in data["dangerous"]
        for module, listed in group["names"].items()
    }
    return AllowList(names, dangerous)
