"""Laws compared: the pairs of frameworks that somebody related, and what each carries over to the other."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter
from litestar.response import Redirect
from markupsafe import Markup

from ...crosswalk import between
from ...crosswalk.library import counts_by_pair
from ...crosswalk.matrix import sections
from ...frameworks import library, library_ids, load
from ...i18n import in_language
from ...records.crosswalk import Crosswalk
from ...reports.visible import visible
from ...store.viewer import Viewer
from ..node import Node
from ..problems import NotFound
from .rendering import page

_Id = Annotated[str, Parameter(max_length=100)]


@get("/crosswalk", include_in_schema=False, sync_to_thread=True)
def crosswalk(
    node: Node, viewer: Viewer, language: str, subject: _Id = "", other: _Id = ""
) -> Response[bytes] | Redirect:
    """Show which frameworks are related, and let two be chosen."""
    known = library_ids()
    if subject in known and other in known and subject != other:
        return Redirect(f"/crosswalk/{subject}/{other}", status_code=303)
    titles = {framework.id: framework for framework in library()}
    pairs = [(titles[a], titles[b], n) for (a, b), n in counts_by_pair().items() if a in titles and b in titles]
    return page(
        "crosswalk.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path="/crosswalk",
        status=422 if subject or other else 200,
        wrong=bool(subject or other),
        asked=(subject, other),
        frameworks=list(titles.values()),
        pairs=pairs,
    )


@get("/crosswalk/{subject:str}/{other:str}", include_in_schema=False, sync_to_thread=True)
def crosswalk_pair(node: Node, viewer: Viewer, language: str, subject: _Id, other: _Id) -> Response[bytes]:
    """Show what one framework carries over to another, requirement by requirement."""
    if not {subject, other} <= set(library_ids()) or subject == other:
        raise NotFound("There are no two such frameworks here.")
    with in_language(language):
        shown = sections(_between(subject, other), load(subject), load(other), shown=_shown)
    return page(
        "crosswalk_pair.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path=f"/crosswalk/{subject}/{other}",
        subject=load(subject),
        other=load(other),
        sections=Markup(shown),  # noqa: S704 - autoescape made what is in it harmless when it was rendered
    )


@lru_cache(64)
def _between(subject: str, other: str) -> Crosswalk:
    return between(load(subject), load(other))


def _shown(text: str) -> str:
    return visible(text, keep="\n", longest=None)


HANDLERS = [crosswalk, crosswalk_pair]
