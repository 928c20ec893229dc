"""The sandbox: run a function on hostile input in a child process that can do little, for a limited time.

`Sandbox` is what callers use; `run_apart` lets a function inside the child do its most dangerous step in a fork
of its own, so that a crash there costs a finding and not the inspection.
"""

from .apart import Apart, run_apart
from .box import Sandbox
from .interface import Limits, Reply

__all__ = ["Apart", "Limits", "Reply", "Sandbox", "run_apart"]
