"""A chat template is a Jinja program that the model's file brings along. Is it more than a formatter of text?

The template is parsed, never rendered. What has led from a template to the interpreter so far (CVE-2024-34359,
CVE-2026-5760) needs an underscored attribute, a filter that reads attributes by a computed name, or a call of
something that no formatter calls. So everything outside a list of harmless names is a problem. HF's tag
`{% generation %}` and Jinja's loop controls belong to the dialect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .interface import MALFORMED, UNSAFE_TEMPLATE, Problem

if TYPE_CHECKING:
    from jinja2 import Environment, nodes


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FUNCTIONS = _words(
    "range namespace dict joiner cycler raise_exception strftime_now loop caller super len list str int"
)
_METHODS = _words(
    "strip lstrip rstrip split rsplit splitlines startswith endswith removeprefix removesuffix upper lower title "
    "capitalize replace join find rfind index count isdigit isalpha isalnum isspace isupper islower partition "
    "rpartition items keys values get append extend insert pop update copy setdefault sort reverse add "
    "strftime isoformat previtem nextitem next reset"
)
_DICT_METHODS = _words("items keys values get pop update copy setdefault")
_FILTERS_BY_NAME = _words("map select reject selectattr rejectattr groupby sort sum unique min max")
_HALF_DUNDER = re.compile(r"_{1,2}[a-z]*\Z|[a-z]+__\Z")


def examine_template(template: bytes, *, member: str) -> list[Problem]:
    """Return what is unsafe about a template (UTF-8, up to 256 KiB), at most 20 problems."""
    from jinja2 import TemplateSyntaxError

    try:
        tree = _environment().parse(template.decode("utf-8"))
    except UnicodeDecodeError:
        return [Problem(MALFORMED, "the chat template is not UTF-8", member=member)]
    except TemplateSyntaxError as error:
        text = f"the chat template is not Jinja, line {error.lineno}: {(error.message or '')[:120]}"
        return [Problem(MALFORMED, text, member=member, severity="medium")]
    except (RecursionError, MemoryError, ValueError, OverflowError):
        return [Problem(UNSAFE_TEMPLATE, "the chat template is nested too deep to be read", member=member)]
    found: dict[str, Problem] = {}
    try:
        for line, text in _faults(tree):
            found.setdefault(text, Problem(UNSAFE_TEMPLATE, f"line {line}: {text}", member=member))
            if len(found) >= 20:
                break
    except RecursionError:
        return [Problem(UNSAFE_TEMPLATE, "the chat template is nested too deep to be read", member=member)]
    return list(found.values())


def _environment() -> Environment:
    from jinja2 import Environment, nodes
    from jinja2.ext import Extension
    from jinja2.parser import Parser

    class Generation(Extension):
        """HF's tag around what the model says: here only a block."""

        tags = {"generation"}

        def parse(self, parser: Parser) -> nodes.Node:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body).set_lineno(line)

    # autoescape plays no part: nothing is rendered
    return Environment(extensions=["jinja2.ext.loopcontrols", "jinja2.ext.do", Generation])  # noqa: S701


def _faults(tree: nodes.Template) -> Iterator[tuple[int, str]]:
    from jinja2 import nodes

    macros = {macro.name for macro in tree.find_all(nodes.Macro)}
    assigned = {name.name for name in tree.find_all(nodes.Name) if name.ctx in ("store", "param")} - macros
    bound = {reference.attr for reference in tree.find_all(nodes.NSRef)}
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in ("namespace", "dict"):
            hidden = _DICT_METHODS if call.node.name == "dict" else frozenset()  # a dict's own methods come first
            bound |= {keyword.key for keyword in call.kwargs} - hidden
    for pair in tree.find_all(nodes.Pair):
        if isinstance(pair.key, nodes.Const) and isinstance(pair.key.value, str):
            bound |= {pair.key.value} - _DICT_METHODS

    for node in tree.find_all(nodes.Node):
        if isinstance(node, nodes.Import | nodes.FromImport | nodes.Include | nodes.Extends):
            yield node.lineno, f"{type(node).__name__.lower()} of another template"
        elif isinstance(node, nodes.Getattr) and node.attr.startswith("_"):
            yield node.lineno, f"the attribute {node.attr[:60]!r}"
        elif isinstance(node, nodes.Getitem) and (text := _computed_text(node.arg)):
            yield node.lineno, text
        elif isinstance(node, nodes.Const) and isinstance(node.value, str) and _introspects(node.value):
            yield node.lineno, f"the name {node.value[:60]!r} in an expression"
        elif isinstance(node, nodes.Filter | nodes.Test):
            yield from _filter(node)
        elif isinstance(node, nodes.Call) and (text := _call(node, macros, assigned, bound)):
            yield node.lineno, text


def _introspects(text: str) -> bool:
    """Whether a text is a name of Python's inner world, or a half of one that waits to be joined."""
    return bool(re.fullmatch(r"__[a-z_]+__", text) or re.fullmatch(r"__[a-z]{3,}|[a-z]{3,}__", text))


def _computed_text(key: nodes.Node | None) -> str | None:
    """Why a subscript could name an attribute that nobody sees: it is text put together from pieces."""
    from jinja2 import nodes

    if key is None or isinstance(key, nodes.Const | nodes.Name | nodes.Slice):
        return None
    texts = [c.value for c in key.find_all(nodes.Const) if isinstance(c.value, str)]
    if isinstance(key, nodes.Concat) and any(_HALF_DUNDER.match(text) for text in texts):
        return "a subscript joined from pieces of an underscored name"
    if isinstance(key, nodes.BinExpr) and any(_HALF_DUNDER.match(text) for text in texts):
        return "a subscript computed from pieces of an underscored name"
    return None


def _filter(node: nodes.Filter | nodes.Test) -> Iterator[tuple[int, str]]:
    from jinja2 import nodes

    if node.name == "attr":
        yield node.lineno, "the filter 'attr', which reads any attribute"
    if node.name not in _FILTERS_BY_NAME:
        return
    arguments = [*node.args, *(keyword.value for keyword in node.kwargs)]
    for argument in arguments[:1]:
        if not isinstance(argument, nodes.Const) and node.name == "map" and not node.kwargs:
            yield node.lineno, "a filter whose name is computed"
    for argument in arguments:
        for constant in [argument] if isinstance(argument, nodes.Const) else argument.find_all(nodes.Const):
            if isinstance(constant.value, str) and (constant.value == "attr" or "__" in constant.value):
                yield node.lineno, f"the filter {node.name!r} with {constant.value[:60]!r}"


def _call(node: nodes.Call, macros: set[str], assigned: set[str], bound: set[str]) -> str | None:
    from jinja2 import nodes

    callee = node.node
    if isinstance(callee, nodes.Name):
        if callee.name in macros or (callee.name in _FUNCTIONS and callee.name not in assigned):
            return None
        return f"the call of {callee.name[:60]!r}"
    if isinstance(callee, nodes.Getattr):
        if callee.attr in _METHODS and callee.attr not in bound:
            return None
        return f"the call of the method {callee.attr[:60]!r}"
    return "the call of something computed"
