"""Gather the texts that people read, and bring the catalogues in step: `make languages`, or with codes of new ones.

A text is taken from where it is marked (`_`, `N_`, `ngettext`, `pgettext`, in Python and in Jinja templates), from the
help of the commands, and from the remedies of errors. Positions have no line numbers, so that a change of the code
changes nothing here. A translation whose source has changed is dropped: nobody has said that it still holds.
"""

from __future__ import annotations

import ast
import io
import sys
from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path

import click
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.plurals import get_plural
from babel.messages.pofile import normalize, read_po

from accord.cli import COMMANDS, cli
from accord.cli.translated import help_texts
from accord.i18n.faults import placeholders
from accord.records.assessment import DISCLAIMER

CODE = Path(__file__).parents[1] / "src" / "accord"
LOCALE = CODE / "locale"
TEMPLATE = LOCALE / "accord.pot"
# Findings, framework texts and titles of measures are records: they stay in their language.
LEFT_OUT = ("inspectors", "frameworks", "measures")
# Which arguments of a call are texts; that of a context comes first.
MARKS = {"_": (0,), "N_": (0,), "ngettext": (0, 1), "pgettext": (0, 1)}
REMEDIES = dict.fromkeys(("UsageError", "MalformedInput", "LimitExceeded", "Unavailable"), (2,))
IN_TEMPLATES = {"_": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}
HEADER = '# Texts of Accord, from the code: `make languages` writes this file.\nmsgid ""\nmsgstr ""\n'
UTF8 = '"Content-Type: text/plain; charset=UTF-8\\n"\n'


def gather() -> Catalog:
    """Return all texts, in the order of their files and within a file of their places."""
    found = Catalog()
    for path in sorted(CODE.rglob("*")):
        name = path.relative_to(CODE)
        if name.parts[0] in LEFT_OUT or not path.is_file():
            continue
        for text, context in _texts(path):
            found.add(text, locations=[(name.as_posix(), 0)], context=context)
    found.add(DISCLAIMER, locations=[("records/assessment.py", 0)])
    return found


def _texts(path: Path) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    if path.suffix == ".py":
        tree = ast.parse(path.read_bytes())
        # What people do day by day comes first in a file: its own texts, then the remedies of its errors.
        yield from _calls(tree, MARKS)
        yield from _calls(tree, REMEDIES)
        if path.parent.name == "cli":
            yield from ((text, None) for text in _help(path.stem))
    elif "templates" in path.parts and path.suffix in (".j2", ".html"):
        options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
        for _line, text, _comments, context in extract(
            "jinja2.ext:babel_extract", io.BytesIO(path.read_bytes()), keywords=IN_TEMPLATES, options=options
        ):
            yield text, context


def _calls(tree: ast.AST, marks: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str | tuple[str, ...], str | None]]:
    """Yield the texts that stand in calls by these names; what is put together from parts is nobody's text."""
    calls = [
        (call.lineno, call.col_offset, call.func.id, call.args)
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in marks
    ]
    for _line, _column, name, arguments in sorted(calls, key=lambda call: call[:2]):
        places = marks[name]
        found = [arguments[place] for place in places if place < len(arguments)]
        texts = tuple(item.value for item in found if isinstance(item, ast.Constant) and isinstance(item.value, str))
        if len(texts) < len(places):
            continue
        if name == "pgettext":
            yield texts[1], texts[0]
        else:
            yield (texts if len(texts) > 1 else texts[0]), None


def _help(module: str) -> Iterator[str]:
    command: click.Command | None = cli if module == "__init__" else None
    if module in COMMANDS:
        command = import_module(f"accord.cli.{module}").command
    if command:
        yield from help_texts(command)


def template() -> str:
    """Return the text of `accord.pot`."""
    return HEADER + UTF8 + "".join(_entry(message, None) for message in _messages(gather()))


def updated(text: str, gathered: Catalog) -> str:
    """Return a catalogue in step with the texts that were gathered; its head stays as it is."""
    head = text.split("\n\n", 1)[0] + "\n"
    earlier = read_po(io.StringIO(text))
    return head + "".join(_entry(message, earlier) for message in _messages(gathered))


def fresh(code: str) -> str:
    """Return the head of a new catalogue."""
    forms = get_plural(code.replace("-", "_"))
    lines = (f"Language: {code}", f"Plural-Forms: {forms}", "X-Reviewed-By: ")
    return f'msgid ""\nmsgstr ""\n{UTF8}' + "".join(f'"{line}\\n"\n' for line in lines)


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _entry(message: Message, earlier: Catalog | None) -> str:
    """Return one message as a PO file has it, with its earlier translation if that was not a guess."""
    ids = _ids(message)
    before = earlier.get(message.id, message.context) if earlier is not None else None
    kept = before if before is not None and not before.fuzzy and _ids(before) == ids else None
    lines = [f"# {comment}" for comment in (before.user_comments if before else ())]
    lines += [f"#: {' '.join(sorted({name for name, _line in message.locations}))}"]
    lines += ["#, python-brace-format"] if any(placeholders(text) for text in ids) else []
    lines += [f"msgctxt {_quoted(message.context)}"] if message.context else []
    lines += [f"msgid {_quoted(ids[0])}"]
    if len(ids) > 1:
        number = earlier.num_plurals if earlier is not None else 2
        forms = tuple(kept.string or ()) if kept else ("",) * number
        lines += [f"msgid_plural {_quoted(ids[1])}"]
        lines += [f"msgstr[{form}] {_quoted(text)}" for form, text in enumerate(forms)]
    else:
        lines += [f"msgstr {_quoted(str(kept.string) if kept else '')}"]
    return "\n" + "\n".join(lines) + "\n"


def _ids(message: Message) -> tuple[str, ...]:
    return (message.id,) if isinstance(message.id, str) else tuple(message.id)


def _quoted(text: str) -> str:
    return normalize(text, width=0)


def main(new: list[str]) -> None:
    """Write the template, every catalogue that there is, and one for each code in `new`."""
    TEMPLATE.write_text(template(), encoding="utf-8")
    for code in new:
        if not (LOCALE / f"{code}.po").exists():
            (LOCALE / f"{code}.po").write_text(fresh(code), encoding="utf-8")
    gathered = gather()
    for path in sorted(LOCALE.glob("*.po")):
        path.write_text(updated(path.read_text(encoding="utf-8"), gathered), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
