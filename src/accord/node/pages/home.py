"""The first page: what this node is, what is in it, and what anybody can do with it."""

from __future__ import annotations

from litestar import Response, get

from ...commons.assessments.page import search
from ...commons.systems import page as systems_page
from ...commons.systems.fields import WORDS
from ...commons.systems.projection import GRADES
from ...records.registration import STATUSES
from ...reports import wording
from ...store.viewer import Viewer
from ..federation.peers import peers
from ..node import Node
from ..registering import moment
from .recognition_words import place_name
from .rendering import page
from .systems import GRADE_WORDS

_SHOWN = 5


@get("/", include_in_schema=False, sync_to_thread=True)
def home(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show the first page."""
    now, _day = moment()
    with node.store.reading() as transaction:
        entries = systems_page.listing(transaction, viewer, now, limit=_SHOWN)
        by_grade = systems_page.counts(transaction, viewer, "grade", [str(n) for n in range(len(GRADES))])
        by_status = systems_page.counts(transaction, viewer, "status", STATUSES)
        assessments = search(transaction, viewer, now, limit=_SHOWN)
        followed = peers(transaction)
    return page(
        "home.html.j2",
        node=node, viewer=viewer, language=language, path="/", entries=entries.items,
        grades=dict(zip(GRADES, by_grade.values(), strict=True)), grade_words=GRADE_WORDS, by_status=by_status,
        statuses=STATUSES, words=WORDS, assessments=assessments.items, wording=wording, word=wording.word,
        peers=followed, size=node.size, place_name=place_name,
    )  # fmt: skip


HANDLERS = [home]
