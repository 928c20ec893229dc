"""`accord keys`: one's own keys, and the keys of others that one trusts."""

from __future__ import annotations

from pathlib import Path

import click

from ..errors import UsageError
from ..i18n import _
from ..reports.visible import visible
from .output import as_json, print_json, print_table


@click.group("keys", invoke_without_command=True)
@as_json
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show, make, export and trust keys. Without a subcommand: list them.

    A signing key is made at first use, readable by you alone, in your configuration folder.
    """
    if context.invoked_subcommand:
        return
    from ..trust import KeyStore

    store = KeyStore()
    known = store.known().keys
    if as_json:
        print_json(known)
        return
    if not known:
        click.echo(_("No key yet. One is made when you first sign, or by: accord keys make"))
        return
    rows = ((key.name, key.role, _("own") if key.why == "own" else _("trusted"), key.vkey, key.note) for key in known)
    print_table((_("name"), _("role"), _("whose"), _("public key (vkey)"), _("note")), rows)
    click.echo(_("Kept in {folder}").format(folder=store.folder))


@command.command("make")
@click.argument("name", default="default")
def make(name: str) -> None:
    """Make a key called NAME."""
    from ..trust import KeyStore

    store = KeyStore()
    store.make(name)
    click.echo(store.vkey(name))


@command.command("export")
@click.argument("name", default="default")
@click.option("--pem", is_flag=True, help="As PEM (SubjectPublicKeyInfo) instead of a C2SP verifier key.")
def export(name: str, pem: bool) -> None:
    """Print the public half of the key NAME, for others to trust."""
    from ..trust import KeyStore

    store = KeyStore()
    click.echo(store.load(name).public.pem.rstrip() if pem else store.vkey(name))


@command.command("trust")
@click.argument("name")
@click.argument("key")
@click.option("--role", type=click.Choice(["signer", "log", "witness"]), default="signer", show_default=True)
@click.option("--note", default="", help="Why you trust it, and where you got it from.")
def trust(name: str, key: str, role: str, note: str) -> None:
    """Trust KEY (a verifier key, or a file that holds one or a PEM) under NAME."""
    from ..trust import KeyStore

    path = Path(key)
    try:
        text = path.read_text(encoding="utf-8") if path.is_file() else key
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            "unreadable-key", f"{path} can't be read as text", "Give a verifier key or a PEM file."
        ) from None
    added = KeyStore().trust(text.strip(), name=name, role=role, note=note)  # type: ignore[arg-type]
    click.echo(_("Trusted as {role}: {name} {vkey}").format(role=added.role, name=visible(added.name), vkey=added.vkey))


@command.command("distrust")
@click.argument("name")
def distrust(name: str) -> None:
    """Remove every key called NAME from the trust list."""
    from ..trust import KeyStore

    removed = KeyStore().distrust(name)
    if not removed:
        raise UsageError("not-trusted", f"no trusted key is called {name!r}", "`accord keys` lists them.")
    click.echo(_("Removed {n} from the trust list.").format(n=removed))
