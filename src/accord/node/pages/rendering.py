"""Rendering a page: Jinja with autoescape, no undefined value, and every text that is shown made harmless."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from ...i18n import _, in_language, languages, ngettext
from ...i18n import language as about_language
from ...records import DISCLAIMER
from ...reports.visible import visible
from ...store.viewer import VISITOR, Viewer
from ..node import Node
from .language import language_of
from .recognition_words import place_name
from .wording import framework_name, kind_name, level_name, state_name

if TYPE_CHECKING:
    from jinja2 import Environment
    from litestar import Response

_MOMENT = re.compile(r"(?<![\w-])(?P<day>\d{4}-\d\d-\d\d)(?:T(?P<clock>\d\d:\d\d):\d\dZ)?(?![\w-])")


def page(
    template: str, *, node: Node, viewer: Viewer, language: str, path: str, status: int = 200, **data: Any
) -> Response[bytes]:
    """Return a page. `path` is its address, for the links to it in other languages."""
    from litestar import Response

    body = render(template, node=node, viewer=viewer, language=language, path=path, **data)
    headers = {"content-language": language, "vary": "accept-language, cookie"}
    if viewer != VISITOR:
        headers["cache-control"] = "private, no-store"
    return Response(body, status_code=status, media_type="text/html", headers=headers)


def render(template: str, *, node: Node, viewer: Viewer, language: str, path: str, **data: Any) -> bytes:
    """Return the bytes of a page in a language."""
    with in_language(language):
        shared = {
            "node": node.config,
            "viewer": viewer,
            "language": language,
            "languages": languages(),
            "direction": about_language(language).direction,
            "path": path,
            "disclaimer": _(DISCLAIMER),
        }
        return environment().get_template(template).render(**shared, **data).encode()


def problem_page(request: Any, status: int, message: str, remedy: str) -> bytes:
    """Return the page that says what went wrong."""
    node: Node = request.app.state.node
    return render(
        "problem.html.j2",
        node=node,
        viewer=VISITOR,
        language=language_of(request, node),
        path="/",
        status=status,
        message=message,
        remedy=remedy,
    )


@lru_cache
def environment() -> Environment:
    """Return the environment of all templates, made at the first page."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("accord.node.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_harmless,
    )
    made.globals.update(
        _=_, ngettext=ngettext, dated=dated, timed=timed, kind_name=kind_name, level_name=level_name,
        state_name=state_name, place_name=place_name, framework_name=framework_name,
    )  # fmt: skip
    return made


def dated(text: str, **named: Any) -> Markup:
    """Put values into a text, with the days and times in it as `timed` shows them."""
    return timed(text.format(**named))


def timed(text: str) -> Markup:
    """Mark the days and times in a text: in one from right to left they keep their own order. Times to the minute."""
    shown, made, end = str(_harmless(text)), Markup(), 0
    for found in _MOMENT.finditer(shown):
        made += escape(shown[end : found.start()]) + _marked(found)
        end = found.end()
    return made + escape(shown[end:])


def _marked(found: re.Match[str]) -> Markup:
    if not found["clock"]:
        return Markup("<time>{}</time>").format(found[0])
    return Markup('<time datetime="{}">{} {} UTC</time>').format(found[0], found["day"], found["clock"])


def _harmless(value: Any) -> Any:
    """Show what could steer a terminal or turn text around as escapes, wherever it comes from."""
    return visible(value, keep="\n", longest=None) if type(value) is str else value
