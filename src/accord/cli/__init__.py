"""The command line. Each command lives in a file of its own, imported only when it is called."""

from __future__ import annotations

import gc
import os
import sys
from importlib import import_module
from typing import Any, NoReturn

import click

from .. import __version__
from ..errors import AccordError
from ..i18n import N_, _, language_of, use_language
from .translated import lang_option, spoken, translated

COMMANDS = {
    "agreement": N_("Recognise another jurisdiction's measurements, or stop."),
    "assess": N_("Measure a system, judge it, sign the result."),
    "bundle": N_("Carry statements from node to node in one file."),
    "compare": N_("Show what changed between two assessments."),
    "crosswalk": N_("Say what one law's result carries over to another."),
    "demo": N_("Assess COMPAS, a system that made history."),
    "dispute": N_("Object to a statement, with reasons."),
    "explain": N_("Explain an inspector, a measure or a finding."),
    "frameworks": N_("List the laws and standards, or show one."),
    "import": N_("Take in what others say in another form, as their papers."),
    "init": N_("Draft a system card from what is found."),
    "inspectors": N_("List what can be inspected."),
    "judge": N_("Judge stored evidence again, under other laws or thresholds."),
    "keys": N_("Show, make, export and trust keys."),
    "languages": N_("List the languages that it speaks, and how completely."),
    "log": N_("Show the log of all that was signed here."),
    "measures": N_("List the measures."),
    "node": N_("Keep a node: its people and their programs."),
    "peers": N_("Follow other nodes."),
    "plan": N_("Say what will be measured before measuring it."),
    "prevent": N_("Say what can be done about each risk that was found."),
    "publish": N_("Publish a report on a node."),
    "recheck": N_("Repeat what somebody else measured."),
    "recognise": N_("Say what of a foreign assessment counts here, and decide on it."),
    "review": N_("Let people judge what no machine can measure."),
    "revoke": N_("Take back a statement of your own."),
    "serve": N_("Start a node: a register, a log and their pages."),
    "tier": N_("Say the likely class of risk under each law."),
    "trust": N_("Keep or accept a list of who is trusted for what."),
    "verify": N_("Check a report that somebody hands you."),
}


COLLECT = (50_000, 20, 50)
"""A run makes many small records and hardly a cycle: looking for cycles after each 700 of them costs a tenth of it."""
_LONGEST = 8_000  # characters of an error's message: a card may have twenty mistakes


class _Commands(click.Group):
    """A group that knows its commands' names and one-line helps without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        return spoken(import_module(f"accord.cli.{cmd_name}").command)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        use_language(language_of(os.environ))  # before any option is read: --help is answered at once
        return super().make_context(*args, **kwargs)

    def get_help(self, ctx: click.Context) -> str:
        return click.Group.get_help(translated(self), ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _(text)) for name, text in COMMANDS.items()])


@click.command(
    cls=_Commands,
    params=[lang_option],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="accord")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
@click.pass_context
def cli(context: click.Context, debug: bool) -> None:
    """Measure a real AI system, judge it under many laws at once, and prove the result.

    Start with `accord demo`, or with `accord assess PATH`.
    """
    context.obj = debug


def main() -> None:
    """Run the command line; an AccordError becomes two lines and exit status 2."""
    debug = "--debug" in sys.argv
    gc.set_threshold(*COLLECT)
    try:
        status = cli.main(standalone_mode=False)
    except AccordError as error:
        if debug:
            raise
        _fail(error.message, error.code, error.remedy)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        click.echo(_("Stopped; nothing was signed."), err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except OSError as error:  # a full disk, a folder that may not be written to
        if debug:
            raise
        what = f"{error.strerror or type(error).__name__}: {error.filename or ''}".rstrip(": ")
        _fail(what, "system-error", _("Check the place and its permissions, or give another."))
    sys.exit(status if isinstance(status, int) else 0)


def _fail(message: str, code: str, remedy: str) -> NoReturn:
    """Say what went wrong, in words that can hold a hostile file's name, and end. A fixed remedy is translated."""
    from ..reports.visible import visible

    said, advice = (visible(text, keep="\n", longest=_LONGEST) for text in (message, _(remedy)))
    click.echo(f"accord: {said} [{code}]", err=True)
    click.echo(f"  → {advice}", err=True)
    sys.exit(2)
