"""Accounts: who may do what here, and which office they belong to."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...errors import MalformedInput
from ...i18n import N_
from ...reports.visible import visible
from ...store import Row
from ...store.viewer import ROLES, Viewer
from ..node import Node
from ..problems import Conflict, NotFound
from . import clock, passwords
from .auditing import note_change

PAGE = 200
_COLUMNS = "id, login, name, office, roles, password, issuer, created, disabled"
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,99}")
_LONGEST = 120


@dataclass(frozen=True, slots=True)
class Account:
    """An account as it is kept; see store/migrations/0002_accounts.sql."""

    id: str
    login: str
    name: str
    office: str
    roles: frozenset[str]
    password: str | None = field(repr=False)
    issuer: str | None
    created: int
    disabled: bool

    @property
    def viewer(self) -> Viewer:
        """Who looks, when this account does."""
        return Viewer(account=self.id, name=self.name, roles=self.roles, office=self.office)


class Mistakes(MalformedInput):
    """All that is wrong with what was typed: `fields` has a sentence (not translated yet) for each."""

    def __init__(self, fields: dict[str, str]) -> None:
        said = "; ".join(f"{name}: {text}" for name, text in fields.items())
        super().__init__("bad-input", said, "Correct what is named.")
        self.fields = fields


def add(
    node: Node,
    *,
    login: str,
    name: str,
    by: str,
    office: str = "",
    roles: Iterable[str] = ("reader",),
    password: str | None = None,
    subject: tuple[str, str] | None = None,
) -> Account:
    """Make an account; without a password only a link, or the OpenID issuer and `subject`, opens it.

    Raises Mistakes with all that is wrong, Conflict if somebody was faster.
    """
    check(node, login=login, name=name, office=office, roles=roles, password=password)
    login, name, office, chosen = login.strip().casefold(), name.strip(), office.strip(), frozenset(roles)
    encoded = passwords.hashed(password) if password is not None else None
    identity = secrets.token_hex(16)
    note_change(node, "created", identity, by=by, roles=chosen)
    issuer, known_as = subject or (None, None)
    with node.store.writing() as transaction:
        made = transaction.run(
            "INSERT INTO accounts (id, login, name, office, roles, password, issuer, subject, created)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            identity, login, name, office, written(chosen), encoded, issuer, known_as, clock.now(),
        )  # fmt: skip
    if not made:
        raise Conflict("login-taken", "Somebody else has just taken this login.", "Choose another.")
    return get(node, identity)


def check(
    node: Node, *, login: str, name: str, office: str = "", roles: Iterable[str], password: str | None = None
) -> None:
    """Raise Mistakes with all that keeps an account from being made."""
    login = login.strip().casefold()
    wrong = mistakes_in(name.strip(), office.strip(), frozenset(roles))
    if not _LOGIN.fullmatch(login):
        wrong["login"] = N_("A login has 2 to 100 letters (a to z), digits and . _ @ + -")
    elif find(node, login):
        wrong["login"] = N_("There is an account with this login already.")
    if password is not None and (fault := passwords.fault_of(password, login, name.strip())):
        wrong["password"] = fault
    if wrong:
        raise Mistakes(wrong)


def mistakes_in(name: str, office: str, roles: frozenset[str]) -> dict[str, str]:
    """Return what is wrong with what an account says of a person, by field."""
    wrong = {}
    if not 0 < len(name) <= _LONGEST or visible(name) != name:
        wrong["name"] = N_("A name has 1 to 120 characters that can be seen.")
    if len(office) > _LONGEST or visible(office) != office:
        wrong["office"] = N_("An office has at most 120 characters that can be seen.")
    if not roles or not roles <= set(ROLES):
        wrong["roles"] = N_("Choose at least one role.")
    return wrong


def get(node: Node, identity: str) -> Account:
    """Return an account by its id. Raises NotFound."""
    found = _one(node, "id = ?", identity)
    if found is None:
        raise NotFound("There is no such account.")
    return found


def find(node: Node, login: str) -> Account | None:
    """Return an account by its login, whatever its case."""
    return _one(node, "login = ?", login.strip().casefold())


def find_subject(node: Node, issuer: str, subject: str) -> Account | None:
    """Return the account of somebody whom an OpenID provider knows as `subject`."""
    return _one(node, "issuer = ? AND subject = ?", issuer, subject)


def page_of(node: Node, after: str = "") -> list[Account]:
    """Return accounts by login, those `after` one: at most PAGE."""
    with node.store.reading() as transaction:
        rows = transaction.rows(
            f"SELECT {_COLUMNS} FROM accounts WHERE login > ? ORDER BY login LIMIT {PAGE}", after.casefold()
        )
    return [_account(row) for row in rows]


def has_operator(node: Node) -> bool:
    """Return whether there is somebody who can run the node."""
    return bool(_operators(node))


def change(node: Node, identity: str, *, by: str, name: str, office: str, roles: Iterable[str]) -> Account:
    """Change what an account says. Raises Mistakes, NotFound, Conflict for the last operator's role."""
    name, office, chosen = name.strip(), office.strip(), frozenset(roles)
    if wrong := mistakes_in(name, office, chosen):
        raise Mistakes(wrong)
    get(node, identity)
    if "operator" not in chosen:
        _require_other_operator(node, identity)
    note_change(node, "changed", identity, by=by, roles=chosen)
    with node.store.writing() as transaction:
        transaction.run(
            "UPDATE accounts SET name = ?, office = ?, roles = ? WHERE id = ?", name, office, written(chosen), identity
        )
    return get(node, identity)


def disable(node: Node, identity: str, *, by: str) -> None:
    """Take everything from an account at once: sessions, tokens, links. Raises NotFound, Conflict (last operator)."""
    account = get(node, identity)
    _require_other_operator(node, identity)
    note_change(node, "disabled", identity, by=by, roles=account.roles)
    with node.store.writing() as transaction:
        transaction.run("UPDATE accounts SET disabled = 1 WHERE id = ?", identity)
        for table in ("sessions", "tokens", "links"):
            transaction.run(f"DELETE FROM {table} WHERE account = ?", identity)


def enable(node: Node, identity: str, *, by: str) -> None:
    """Let an account that was disabled log in again. Raises NotFound."""
    account = get(node, identity)
    note_change(node, "enabled", identity, by=by, roles=account.roles)
    with node.store.writing() as transaction:
        transaction.run("UPDATE accounts SET disabled = 0 WHERE id = ?", identity)


def set_password(node: Node, identity: str, password: str, *, by: str, keep_session: str = "") -> None:
    """Set a password, and end every session but one (its hash) and every link. Raises Mistakes, NotFound."""
    account = get(node, identity)
    if fault := passwords.fault_of(password, account.login, account.name):
        raise Mistakes({"password": fault})
    encoded = passwords.hashed(password)
    note_change(node, "password", identity, by=by, roles=account.roles)
    with node.store.writing() as transaction:
        transaction.run("UPDATE accounts SET password = ? WHERE id = ?", encoded, identity)
        transaction.run("DELETE FROM sessions WHERE account = ? AND hash <> ?", identity, keep_session)
        transaction.run("DELETE FROM links WHERE account = ?", identity)


def written(roles: Iterable[str]) -> str:
    """Return roles as the store keeps them."""
    return " ".join(sorted(roles))


def _require_other_operator(node: Node, identity: str) -> None:
    """Raise Conflict if this account is the only one that runs the node."""
    if _operators(node) == [identity]:
        raise Conflict("last-operator", "This is the only operator.", "Make another account an operator first.")


def _operators(node: Node) -> list[str]:
    """Return the ids of two of those who can run the node, or of fewer if there are fewer."""
    with node.store.reading() as transaction:
        rows = transaction.rows(
            "SELECT id FROM accounts WHERE disabled = 0 AND ' ' || roles || ' ' LIKE ? LIMIT 2", "% operator %"
        )
    return [row[0] for row in rows]


def _one(node: Node, where: str, *values: str) -> Account | None:
    with node.store.reading() as transaction:
        row = transaction.one(f"SELECT {_COLUMNS} FROM accounts WHERE {where}", *values)
    return _account(row) if row else None


def _account(row: Row) -> Account:
    identity, login, name, office, roles, password, issuer, created, disabled = row
    return Account(
        identity, login, name, office, frozenset(roles.split()), password, issuer, created, disabled=bool(disabled)
    )
