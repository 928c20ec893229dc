"""Plans that were made public before a measurement, and certificates on paper that somebody typed in."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from ...commons.certificates.page import papers
from ...commons.plans.page import plans
from ...i18n import in_language
from ...store.viewer import Viewer
from ..node import Node
from .rendering import page

_Before = Annotated[int | None, Parameter(ge=1, le=2**62)]


@get("/plans", include_in_schema=False, sync_to_thread=True)
def all_plans(node: Node, viewer: Viewer, language: str, before: _Before = None) -> Response[bytes]:
    """Show plans, the newest first, with the assessments that followed them."""
    with node.store.reading() as transaction:
        found, further = plans(transaction, viewer, before=before)
    return page(
        "plans.html.j2", node=node, viewer=viewer, language=language, path="/plans", found=found, further=further
    )


@get("/certificates", include_in_schema=False, sync_to_thread=True)
def all_certificates(node: Node, viewer: Viewer, language: str, before: _Before = None) -> Response[bytes]:
    """Show papers, the newest first, with what they are worth."""
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    with node.store.reading() as transaction, in_language(language):
        found, further = papers(transaction, viewer, today, before=before)
    return page(
        "certificates.html.j2",
        node=node, viewer=viewer, language=language, path="/certificates", found=found, further=further,
    )  # fmt: skip


HANDLERS = [all_plans, all_certificates]
