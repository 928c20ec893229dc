"""Commands in the language of whoever reads them: `--lang` on each, and its help translated where it is shown.

Help stands in the code as everywhere in click: the docstring of a command, the `help` of an option.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from copy import copy
from functools import partial

import click

from ..i18n import N_, _, ngettext, use_language

CLICK = (
    N_("Usage:"),
    N_("Options"),
    N_("Commands"),
    N_("Show this message and exit."),
    N_("default: {default}"),
    N_("required"),
    N_("Error: {message}"),
    N_("Try '{command} {option}' for help."),
    N_("Missing argument"),
    N_("Missing option"),
    N_("Missing command."),
    N_("No such command {name!r}."),
    N_("No such option {name!r}."),
    N_("Did you mean {possibility}?"),
    N_("Invalid value: {message}"),
    N_("Invalid value for {param_hint}: {message}"),
    N_("Option {name!r} requires an argument."),
    N_("Got unexpected extra argument ({args})"),
    N_("{name} {filename!r} does not exist."),
    N_("{name} {filename!r} is a directory."),
    N_("{name} {filename!r} is a file."),
    N_("{value!r} is not one of {choices}."),
    N_("directory"),
    N_("file"),
    N_("path"),
)
"""What click itself says most often, in its own words."""

# click looks these up in its modules when it speaks; ours know the language in use, and are silent in English.
for _module in (click.core, click.exceptions, click.formatting, click.decorators, click.types, click.parser):
    vars(_module).update({"_": _, "ngettext": ngettext})


def _choose(context: click.Context, option: click.Parameter, code: str | None) -> None:
    if code:
        use_language(code)


lang_option = click.Option(
    ["--lang"],
    metavar="CODE",
    is_eager=True,
    expose_value=False,
    callback=_choose,
    help="Speak this language: `accord languages` lists them.",
)


def spoken(command: click.Command) -> click.Command:
    """Return `command` with the option `--lang`, and with its help in the language in use when it is asked for."""
    said = copy(command)
    said.params = [*command.params, lang_option]
    if isinstance(said, click.Group):
        said.commands = {name: spoken(sub) for name, sub in said.commands.items()}
    said.get_help = partial(_help, said)  # type: ignore[method-assign]
    return said


def help_texts(command: click.Command) -> Iterator[str]:
    """Yield the texts of a command's help, of its options' and of its subcommands': what a catalogue translates."""
    if command.help:
        yield inspect.cleandoc(command.help)
    for parameter in command.params:
        if isinstance(parameter, click.Option) and parameter.help:
            yield parameter.help
    for sub in command.commands.values() if isinstance(command, click.Group) else ():
        yield from help_texts(sub)


def _help(command: click.Command, context: click.Context) -> str:
    shown = translated(command)
    return type(shown).get_help(shown, context)  # the class's own: that of the object is this function


def translated(command: click.Command) -> click.Command:
    """Return a copy of `command` to show: its help is in the language in use, now."""
    shown = copy(command)
    shown._help_option = None  # click makes it once, in the language of that moment
    shown.help = _(inspect.cleandoc(command.help)) if command.help else None
    shown.params = [_in_words(parameter) for parameter in command.params]
    if isinstance(shown, click.Group):
        shown.commands = {name: translated(sub) for name, sub in shown.commands.items()}
    return shown


def _in_words(parameter: click.Parameter) -> click.Parameter:
    if not isinstance(parameter, click.Option) or not parameter.help:
        return parameter
    shown = copy(parameter)
    shown.help = _(parameter.help)
    return shown
