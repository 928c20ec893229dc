"""The log, for people: its state, its key, its latest entries, the logs that are mirrored."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get
from litestar.params import Parameter

from ...store.viewer import Viewer
from ..federation.peers import peers
from ..node import Node
from .rendering import page

_PAGE = 50


@get("/log", include_in_schema=False, sync_to_thread=True)
def log_page(
    node: Node, viewer: Viewer, language: str, before: Annotated[int | None, Parameter(ge=0, le=2**62)] = None
) -> Response[bytes]:
    """Show the log, newest entries first."""
    where, values = viewer.may_see()
    head, note = node.head()
    below = min(head.size, before) if before is not None else head.size
    with node.store.reading() as transaction:
        rows = transaction.rows(
            f"SELECT idx, CASE WHEN {where} THEN id END, CASE WHEN {where} THEN kind END,"
            f" CASE WHEN {where} THEN created END FROM logged JOIN statements ON statements.seq = logged.seq"
            " WHERE origin = ? AND idx < ? ORDER BY idx DESC LIMIT ?",
            *values, *values, *values, node.origin, below, _PAGE,
        )  # fmt: skip
        mirrored = peers(transaction)
        sizes: dict[str, int] = dict(transaction.rows("SELECT origin, size FROM logs"))
    return page(
        "log.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path="/log",
        head=head,
        checkpoint=note.encode().decode(),
        log_key=str(node.log.verifier_key),
        rows=rows,
        more=rows[-1][0] if rows and rows[-1][0] > 0 else None,
        peers=mirrored,
        sizes=sizes,
    )


HANDLERS = [log_page]
