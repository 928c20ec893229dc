"""Keeping the register: who may change an entry, and what is said when it changes."""

from __future__ import annotations

import secrets
import threading
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from ..commons.systems import page as pages
from ..commons.systems.classing import OWN_INTERVALS
from ..commons.systems.drafting import Answers, Rules, compose
from ..commons.systems.fields import clean
from ..commons.systems.projection import subject_of
from ..errors import MalformedInput, UsageError
from ..i18n import N_, in_language
from ..records.said import Disclosure, Level, Revocation
from ..trust.saying import say
from ..trust.statement import Named, format_time
from .problems import Conflict, Forbidden, NotFound, Unauthenticated
from .speaking import person, say_for

if TYPE_CHECKING:
    from ..store.viewer import Viewer
    from ..trust.ed25519 import SigningKey
    from .intake import Receipt
    from .node import Node

LEVELS: tuple[Level, ...] = ("public", "community", "none")
KEEPERS = frozenset({"officer", "operator"})
_ONE_AT_A_TIME = threading.Lock()
_VALID_DAYS = 3_653
"""An entry holds until the next version, which its reviews see to; ten years bound what nobody looks after."""


def require_keeper(viewer: Viewer) -> None:
    """Raise Unauthenticated for a visitor, Forbidden for an account that keeps no part of the register."""
    if not viewer.account:
        raise Unauthenticated("log-in-first", "This needs an account.", "Log in, or send a token.")
    if not viewer.roles & KEEPERS:
        raise Forbidden("not-allowed", "This needs the role 'officer'.", "Ask the node's operator for it.")


def may_keep(viewer: Viewer, office: str) -> bool:
    """Whether the viewer keeps the entries of an office: its own officers do, and the operator."""
    return "operator" in viewer.roles or ("officer" in viewer.roles and viewer.office != "" and viewer.office == office)


def require_office(viewer: Viewer, office: str) -> None:
    """Raise Forbidden unless the viewer keeps the entries of `office`."""
    require_keeper(viewer)
    if not may_keep(viewer, office):
        whose = "Your account has no office." if not viewer.office else f"Your office is {viewer.office!r}."
        raise Forbidden("other-office", f"Entries of this office are not yours to keep. {whose}", "Ask the operator.")


def rules_of(node: Node) -> Rules:
    """Return what the node adds to every entry."""
    config = node.config
    return Rules(node.origin, config.jurisdiction, config.frameworks, node.folder / OWN_INTERVALS)


def moment() -> tuple[str, date]:
    """Return the time (RFC 3339) and the day, both in UTC."""
    now = datetime.now(UTC)
    return format_time(now), now.date()


def publish(
    node: Node,
    viewer: Viewer,
    answers: Answers,
    *,
    entry: str = "",
    replaces: str = "",
    level: Level = "public",
    reason: str = "",
) -> tuple[str, Receipt]:
    """Say a first version of an entry, or the next one of `entry`; return the entry's name and the receipt.

    `replaces` is the version that the answers continue. Raises NotComplete with all mistakes; Conflict if another
    version came first; Forbidden if it is another office's; MalformedInput if it is withheld without a reason.
    """
    check_level(level, reason)
    require_office(viewer, " ".join(clean(answers.at("office")).split()))
    with _ONE_AT_A_TIME, in_language("en"):  # what is signed is English
        current = _current(node, viewer, entry) if entry else None
        if current is not None:
            require_office(viewer, current.record.office)
            if current.listed.id != replaces:
                raise Conflict(
                    "changed-meanwhile",
                    N_("This entry was changed since the form was opened."),
                    N_("Start from the new one."),
                )
        name = entry or secrets.token_hex(8)
        version = current.record.version + 1 if current else 1
        _, today = moment()
        made = compose(answers, rules_of(node), entry=name, version=version, replaces=replaces, today=today)
        about = subject_of(node.origin, name)
        subjects = [Named({"sha256": about.removeprefix("sha256:")})]
        line = say(made, "registration", subjects, signers=signers_of(node, viewer), valid_days=_VALID_DAYS)
        receipt = node.intake.say([line], level, reason)[0]
    if current is not None and level != "public":
        disclose(node, viewer, name, level, reason)
    return name, receipt


def disclose(node: Node, viewer: Viewer, entry: str, level: Level, reason: str) -> None:
    """Withhold all versions of an entry from those who may not read `level`, or publish them, with a reason."""
    check_level(level, reason, always=True)
    current = _current(node, viewer, entry)
    require_office(viewer, current.record.office)
    with node.store.reading() as transaction:
        versions = pages.versions_of(transaction, current.listed.about)
    changed = tuple(identity for identity, disclosure in versions if disclosure not in (level, "erased"))
    if changed:
        record = Disclosure(targets=changed, level=level, reason=reason.strip(), by=person(viewer))
        say_for(node, viewer, record, "disclosure", changed)


def revoke(node: Node, viewer: Viewer, entry: str, reason: str) -> None:
    """Say that the current version of an entry no longer holds."""
    if not reason.strip():
        raise UsageError("no-reason", N_("A revocation has a reason."), N_("Say why."))
    current = _current(node, viewer, entry)
    require_office(viewer, current.record.office)
    now, _ = moment()
    record = Revocation(target=current.listed.id, reason=reason.strip(), effective=now, by=person(viewer))
    say_for(node, viewer, record, "revocation", [current.listed.id])


def check_level(level: str, reason: str, *, always: bool = False) -> None:
    """Raise MalformedInput if the level is none of `LEVELS`, or if something is withheld without a reason."""
    if level not in LEVELS:
        raise MalformedInput("bad-level", f"{level[:40]!r} is none of {', '.join(LEVELS)}", "Choose one of them.")
    if (always or level != "public") and not reason.strip():
        text = N_("To withhold an entry, or to publish it later, has a reason.")
        raise MalformedInput("no-reason", text, N_("Say why."))
    if len(reason) > 2_000:
        raise MalformedInput("long-reason", f"{len(reason)} characters", "Give the reason in 2000.")


def signers_of(node: Node, viewer: Viewer) -> list[SigningKey]:
    """Return the keys of the node, whose register it is, and of the officer."""
    from .auth.people import key_of

    return [node.speaker, key_of(node, viewer.account)]


def _current(node: Node, viewer: Viewer, entry: str) -> pages.Entry:
    now, _ = moment()
    with node.store.reading() as transaction:
        found = pages.entry(transaction, viewer, entry, node.origin, now)
    if found is None or found.record.origin != node.origin:
        raise NotFound("There is no such entry in this register.")
    return found
