"""What roles are called, for people."""

from __future__ import annotations

from ...i18n import N_
from ...store.viewer import Role

ROLE_WORDS: dict[Role, str] = {
    "reader": N_("Reads what is for the community"),
    "publisher": N_("Publishes statements"),
    "officer": N_("Keeps the register of an office"),
    "decider": N_("Signs decisions on recognition"),
    "operator": N_("Runs the node and its accounts"),
}
