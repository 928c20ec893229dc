"""`accord node user` and `accord node token`: accounts of a node and tokens of programs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .node_folder import in_folder, opened
from .output import as_json, print_json, print_table

if TYPE_CHECKING:
    from ..node.auth.accounts import Account
    from ..node.auth.tokens import Token
    from ..node.node import Node

_ROLES = click.Choice(["reader", "publisher", "officer", "decider", "operator"])
password_or_link = click.option(
    "--link",
    "with_link",
    is_flag=True,
    help="Print a link (without `url` in node.toml, its path) that sets the password once.",
)


@click.group("user")
def user() -> None:
    """People who may do more on a node than look."""


@user.command("add")
@click.argument("login")
@click.option("--name", help="The name beside what this person signs (default: the login).")
@click.option("--office", default="", help="The office this person belongs to.")
@click.option(
    "--role", "roles", multiple=True, type=_ROLES, default=["reader"], show_default=True, help="Repeat for several."
)
@password_or_link
@in_folder
@as_json
def add(
    login: str,
    name: str | None,
    office: str,
    roles: tuple[str, ...],
    with_link: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Make the account LOGIN. The password is asked for, or read from standard input."""
    with opened(folder, make=True) as node:
        from ..node.auth import accounts
        from ..node.auth.auditing import COMMAND_LINE

        password = None if with_link else _asked_password(login)
        account = accounts.add(
            node, login=login, name=name or login, office=office, roles=roles, password=password, by=COMMAND_LINE
        )
        _show(account, as_json, _link(node, account) if with_link else "")


@user.command("list")
@in_folder
@as_json
def list_users(folder: Path | None, as_json: bool) -> None:
    """List the accounts of a node."""
    with opened(folder) as node:
        from ..node.auth import accounts

        found: list[Account] = []
        while some := accounts.page_of(node, found[-1].login if found else ""):
            found += some
    if as_json:
        print_json([_plain(account) for account in found])
        return
    if not found:
        click.echo(_("No account yet. Make one: accord node user add LOGIN --role operator"))
        return
    print_table(
        (_("login"), _("name"), _("office"), _("state"), _("roles")),
        ((a.login, a.name, a.office, _state(a), " ".join(sorted(a.roles))) for a in found),
    )


@user.command("role")
@click.argument("login")
@click.argument("roles", nargs=-1, required=True, type=_ROLES)
@in_folder
@as_json
def role(login: str, roles: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Give the account LOGIN these ROLES, in place of those that it has."""
    with opened(folder) as node:
        from ..node.auth import accounts
        from ..node.auth.auditing import COMMAND_LINE

        found = _known(node, login)
        changed = accounts.change(node, found.id, by=COMMAND_LINE, name=found.name, office=found.office, roles=roles)
        _show(changed, as_json)


@user.command("disable")
@click.argument("login")
@in_folder
@as_json
def disable(login: str, folder: Path | None, as_json: bool) -> None:
    """Take everything from the account LOGIN at once: sessions, tokens, links."""
    with opened(folder) as node:
        from ..node.auth import accounts
        from ..node.auth.auditing import COMMAND_LINE

        found = _known(node, login)
        accounts.disable(node, found.id, by=COMMAND_LINE)
        _show(accounts.get(node, found.id), as_json)


@user.command("enable")
@click.argument("login")
@in_folder
@as_json
def enable(login: str, folder: Path | None, as_json: bool) -> None:
    """Let the account LOGIN in again."""
    with opened(folder) as node:
        from ..node.auth import accounts
        from ..node.auth.auditing import COMMAND_LINE

        found = _known(node, login)
        accounts.enable(node, found.id, by=COMMAND_LINE)
        _show(accounts.get(node, found.id), as_json)


@user.command("password")
@click.argument("login")
@password_or_link
@in_folder
@as_json
def password(login: str, with_link: bool, folder: Path | None, as_json: bool) -> None:
    """Set the password of the account LOGIN; its sessions end."""
    with opened(folder) as node:
        from ..node.auth import accounts
        from ..node.auth.auditing import COMMAND_LINE

        found = _known(node, login)
        if not with_link:
            accounts.set_password(node, found.id, _asked_password(login), by=COMMAND_LINE)
        _show(accounts.get(node, found.id), as_json, _link(node, found) if with_link else "")


@click.group("token")
def token() -> None:
    """Tokens: what a program shows in place of a password."""


@token.command("make")
@click.argument("login")
@click.option("--name", required=True, help="What the token is for.")
@click.option("--role", "roles", multiple=True, type=_ROLES, help="Some of the account's roles (default: all).")
@click.option("--days", default=90, show_default=True, type=click.IntRange(1, 366), help="For how long it holds.")
@in_folder
@as_json
def make(login: str, name: str, roles: tuple[str, ...], days: int, folder: Path | None, as_json: bool) -> None:
    """Make a token of the account LOGIN, and print it this once."""
    with opened(folder) as node:
        from ..node.auth import tokens
        from ..node.auth.auditing import COMMAND_LINE

        viewer = _known(node, login).viewer
        made, secret = tokens.make(node, viewer, name, roles or viewer.roles, days, by=COMMAND_LINE)
    if as_json:
        print_json({**_plain_token(made), "secret": secret})
    else:
        click.echo(secret)


@token.command("list")
@click.argument("login")
@in_folder
@as_json
def list_tokens(login: str, folder: Path | None, as_json: bool) -> None:
    """List the tokens of the account LOGIN that hold."""
    with opened(folder) as node:
        from ..node.auth import tokens

        found = [_plain_token(item) for item in tokens.tokens_of(node, _known(node, login).id)]
    if as_json:
        print_json(found)
        return
    headings = (_("id"), _("name"), _("until"), _("last used"), _("roles"))
    print_table(
        headings,
        ((t["id"], t["name"], t["expires"], t["used"] or _("never"), " ".join(t["roles"])) for t in found),
    )


@token.command("revoke")
@click.argument("login")
@click.argument("token_id")
@in_folder
def revoke(login: str, token_id: str, folder: Path | None) -> None:
    """End the token TOKEN_ID of the account LOGIN."""
    with opened(folder) as node:
        from ..node.auth import tokens
        from ..node.auth.auditing import COMMAND_LINE

        tokens.revoke(node, _known(node, login).id, token_id, by=COMMAND_LINE)
    click.echo(_("Revoked."))


def _known(node: Node, login: str) -> Account:
    from ..node.auth import accounts

    found = accounts.find(node, login)
    if found is None:
        raise UsageError("no-such-account", f"no account is called {login!r}", "`accord node user list` names them.")
    return found


def _asked_password(login: str) -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    return str(
        click.prompt(_("Password of {login}").format(login=visible(login)), hide_input=True, confirmation_prompt=True)
    )


def _link(node: Node, account: Account) -> str:
    from ..node.auth.links import make_link

    return node.config.url.rstrip("/") + make_link(node, account.id)


def _show(account: Account, as_json: bool, link: str = "") -> None:
    if as_json:
        print_json({**_plain(account), **({"link": link} if link else {})})
        return
    click.echo(f"{account.login}: {_state(account)}, {' '.join(sorted(account.roles))}")
    if link:
        click.echo(_("Give this link to {name}; it works once: {link}").format(name=visible(account.name), link=link))


def _state(account: Account) -> str:
    if account.disabled:
        return _("disabled")
    return _("active") if account.password or account.issuer else _("invited")


def _plain(account: Account) -> dict[str, Any]:
    return {
        "id": account.id,
        "login": account.login,
        "name": account.name,
        "office": account.office,
        "roles": sorted(account.roles),
        "disabled": account.disabled,
    }


def _plain_token(token: Token) -> dict[str, Any]:
    from ..node.auth.clock import written

    return {
        "id": token.id,
        "name": token.name,
        "roles": sorted(token.roles),
        "created": written(token.created),
        "expires": written(token.expires),
        "used": written(token.used) if token.used else "",
    }
