"""A statement: what it is, how it stands, where it is logged, who objects; and the form to object."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from litestar import Request, Response, get, post
from litestar.response import Redirect

from ...commons.disputes.page import objections_to, waiting
from ...commons.standing.page import standing_of, withheld_reasons
from ...i18n import N_, _, in_language
from ...records import to_readable_json
from ...records.said import Disclosure, Dispute, DisputeAnswer, Person
from ...store import Transaction
from ...store.statements import Kept, line_of, place_of
from ...store.viewer import Viewer
from ...trust.saying import reread, say
from ...trust.statement import Named, format_time
from ..api.disputes import take_dispute
from ..api.statements import Digest, require
from ..federation.peers import peers
from ..forms import Form, read_form
from ..keeping import ERASERS, is_kept, keepers_of
from ..node import Node
from ..problems import NotFound
from ..reading import seen
from ..speaking import person, say_for
from .rendering import page

DECISIONS = {
    "accepted": N_("accepted"),
    "partly": N_("accepted in part"),
    "rejected": N_("rejected"),
    "later": N_("to be answered later"),
}
_WITH_OTHERS = frozenset({"registration", "evidence"})
"""Decided with the entry, and with the assessment."""
_MOST_SHOWN = 200_000


@get("/statements/{digest:str}", include_in_schema=False, sync_to_thread=True)
def statement(node: Node, viewer: Viewer, language: str, digest: Digest, said: str = "") -> Response[bytes]:
    """Show a statement of any kind."""
    return show_statement(node, viewer, language, digest, said=said)


def show_statement(
    node: Node,
    viewer: Viewer,
    language: str,
    digest: str,
    *,
    said: str = "",
    form: Form | None = None,
    status: int = 200,
) -> Response[bytes]:
    """Show a statement, and to those who keep the node the forms to decide of it, as they were filled in."""
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
        data = _statement_data(transaction, node, viewer, kept)
    with in_language(language):
        words = {
            "start": _("Check it in this browser"),
            "holds": _("Confirmed"),
            "fails": _("Not confirmed"),
            "digest": _("the statement is the one with this digest"),
            "signature": _("it is signed by the key"),
            "checkpoint": _("the log has signed its state, with the key"),
            "included": _("the statement is in the log, as entry"),
        }
    return page(
        "statement.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path=f"/statements/{digest}",
        status=status,
        form=form or Form(),
        words=json.dumps(words),
        digest=digest,
        said=said,
        decisions=DECISIONS,
        **data,
    )


def _statement_data(transaction: Transaction, node: Node, viewer: Viewer, kept: Kept) -> dict[str, Any]:
    line = line_of(transaction, kept.seq)
    heard = reread(line) if line else None
    shown = to_readable_json(heard.statement.predicate).decode() if heard else ""
    ours = is_kept(node, transaction, kept)
    return {
        "kept": kept,
        "standing": standing_of(transaction, kept, format_time(datetime.now(UTC))),
        "withheld": withheld_reasons(transaction, kept.subject),
        "place": place_of(transaction, kept.seq, node.origin) or place_of(transaction, kept.seq),
        "objections": objections_to(transaction, viewer, kept.id),
        "keys": [key.keyid for key in heard.keys] if heard else [],
        "content": shown[:_MOST_SHOWN],
        "cut": len(shown) > _MOST_SHOWN,
        "keeps": ours and bool(viewer.roles & keepers_of(kept.kind)) and kept.kind not in _WITH_OTHERS,
        "erases": ours and bool(viewer.roles & ERASERS) and line is not None,
        "followed": peers(transaction),
        "files": transaction.rows("SELECT name, LENGTH(data) FROM files WHERE seq = ? ORDER BY name", kept.seq),
    }


@get("/statements/{digest:str}/dispute", include_in_schema=False, sync_to_thread=True)
def dispute_form(node: Node, viewer: Viewer, language: str, digest: Digest) -> Response[bytes]:
    """Show the form to object."""
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
    return _dispute_page(node, viewer, language, kept, Form())


@post("/statements/{digest:str}/dispute", include_in_schema=False, status_code=200)
async def send_dispute(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Take in an objection from the form."""
    from anyio.to_thread import run_sync

    form = await read_form(request)
    return await run_sync(_take, node, viewer, language, digest, form)


def _take(node: Node, viewer: Viewer, language: str, digest: str, form: Form) -> Response[Any]:
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
    with in_language(language):
        objection = form.text("objection", most=10_000, required=_("Say what is wrong, and why."))
        about, name, role = form.text("about", most=200), form.text("name", most=200), form.text("role", most=200)
    if form.errors:
        return _dispute_page(node, viewer, language, kept, form, status=422)
    by = person(viewer, role) if viewer.account else Person(name=name or "anonymous", role=role)
    record = Dispute(target=kept.id, objection=objection, about=about, by=by)
    line = say(record, "dispute", [Named({"sha256": digest})], signers=[node.speaker])
    accepted = take_dispute(node, viewer, line)
    return Redirect(f"/statements/{digest}?said={accepted.id.removeprefix('sha256:')}#objections", status_code=303)


def _dispute_page(
    node: Node, viewer: Viewer, language: str, kept: Kept, form: Form, status: int = 200
) -> Response[bytes]:
    path = f"/statements/{kept.id.removeprefix('sha256:')}/dispute"
    return page(
        "dispute.html.j2",
        node=node, viewer=viewer, language=language, path=path, status=status, kept=kept, form=form,
    )  # fmt: skip


@get("/objections", include_in_schema=False, sync_to_thread=True)
def objections(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show those who keep the register what waits for an answer."""
    require(viewer, "officer")
    with node.store.reading() as transaction:
        found = waiting(transaction, viewer)
    return page(
        "objections.html.j2",
        node=node, viewer=viewer, language=language, path="/objections", waiting=found, decisions=DECISIONS,
        form=Form(),
    )  # fmt: skip


@post("/statements/{digest:str}/answer", include_in_schema=False, status_code=200)
async def answer(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, digest: Digest
) -> Response[Any]:
    """Answer the objection with this digest, show it to the public, or say why not."""
    from anyio.to_thread import run_sync

    require(viewer, "officer")
    form = await read_form(request)
    return await run_sync(_answer, node, viewer, language, digest, form)


def _answer(node: Node, viewer: Viewer, language: str, digest: str, form: Form) -> Response[Any]:
    with node.store.reading() as transaction:
        kept = seen(transaction, viewer, f"sha256:{digest}")
        found = next((item for item in waiting(transaction, viewer) if item.id == kept.id), None)
    if found is None or kept.kind != "dispute":
        raise NotFound("No such objection waits for an answer.")
    with in_language(language):
        decision = form.choice("decision", tuple(DECISIONS), _("Choose one."))
        text = form.text("answer", most=10_000, required=_("Say why."))
    if form.errors:
        with node.store.reading() as transaction:
            open_ones = waiting(transaction, viewer)
        return page(
            "objections.html.j2",
            node=node, viewer=viewer, language=language, path="/objections", status=422, waiting=open_ones,
            decisions=DECISIONS, form=form,
        )  # fmt: skip
    if form.fields.get("show") == "yes" and kept.disclosure != "public":
        shown = Disclosure(targets=(kept.id,), level="public", reason="looked at", by=person(viewer))
        say_for(node, viewer, shown, "disclosure", [kept.id])
    record = DisputeAnswer(
        dispute=kept.id,
        target=found.target,
        decision=decision,  # type: ignore[arg-type]
        answer=text,
        by=person(viewer),
    )
    say_for(node, viewer, record, "dispute-answer", [kept.id])
    return Redirect(f"/statements/{found.target.removeprefix('sha256:')}#objections", status_code=303)


HANDLERS = [statement, dispute_form, send_dispute, objections, answer]
