"""The spreadsheet that an office has already: uploaded, shown with every mistake, then taken row by row or whole."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from litestar import Request, Response, get, post
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body, Parameter
from litestar.response import Redirect
from msgspec import Struct

from ...commons.systems import drafts
from ...commons.systems.drafting import wrong_in
from ...commons.systems.drafts import Upload
from ...commons.systems.fields import FIELDS
from ...commons.systems.table import MAX_BYTES, MAX_ROWS, read_table, template
from ...errors import AccordError, UsageError
from ...i18n import _, in_language
from ...store.viewer import Viewer
from ...trust.statement import format_time
from ..forms import Form, read_form
from ..node import Node
from ..problems import NotFound, status_of
from ..registering import may_keep, moment, publish, require_keeper
from .rendering import page

UploadId = Annotated[str, Parameter(pattern=r"^[0-9a-f]{32}$")]
_KEPT_DAYS = 7


class Sent(Struct):
    """The form with the file."""

    table: UploadFile


@get("/register/import", include_in_schema=False, sync_to_thread=True)
def import_form(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show the form to upload a table."""
    require_keeper(viewer)
    return _form_page(node, viewer, language)


@get("/register/template.csv", include_in_schema=False, sync_to_thread=True)
def import_template(viewer: Viewer) -> Response[bytes]:
    """Return an empty table with all columns."""
    headers = {"content-disposition": 'attachment; filename="register-template.csv"'}
    return Response(template(), media_type="text/csv", headers=headers)


@post("/register/import", include_in_schema=False, status_code=200, sync_to_thread=True)
def upload(
    node: Node, viewer: Viewer, language: str, data: Annotated[Sent, Body(media_type=RequestEncodingType.MULTI_PART)]
) -> Response[Any]:
    """Read a table, and keep it until the officer has looked at it."""
    require_keeper(viewer)
    content = data.table.file.read(MAX_BYTES + 1)
    name = (data.table.filename or "table")[:100]
    try:
        with in_language(language):
            table = read_table(content, name=name, office=viewer.office)
    except AccordError as error:
        return _form_page(node, viewer, language, mistake=f"{error.message}. {error.remedy}", status=status_of(error))
    now, _day = moment()
    made = Upload(
        id=secrets.token_hex(16),
        office=viewer.office,
        name=name,
        rows={row.number: row.answers for row in table.rows},
        ignored=table.ignored,
    )
    stale = format_time(datetime.now(UTC) - timedelta(days=_KEPT_DAYS))
    with node.store.writing() as transaction:
        drafts.add_upload(transaction, made, viewer.account, now, stale)
    return Redirect(f"/register/import/{made.id}", status_code=303)


@get("/register/import/{upload_id:str}", include_in_schema=False, sync_to_thread=True)
def preview(node: Node, viewer: Viewer, language: str, upload_id: UploadId) -> Response[bytes]:
    """Show what an uploaded table says, with every mistake."""
    return _preview_page(node, viewer, language, _open(node, viewer, upload_id))


@post("/register/import/{upload_id:str}", include_in_schema=False, status_code=200)
async def take(
    request: Request[Any, Any, Any], node: Node, viewer: Viewer, language: str, upload_id: UploadId
) -> Response[Any]:
    """Make drafts or entries of the rows that were ticked, or drop the table."""
    from anyio.to_thread import run_sync

    return await run_sync(_take, node, viewer, language, upload_id, await read_form(request))


def _open(node: Node, viewer: Viewer, upload_id: str) -> Upload:
    require_keeper(viewer)
    with node.store.reading() as transaction:
        found = drafts.get_upload(transaction, upload_id, viewer.account)
    if found is None:
        raise NotFound("There is no such table; it may have been taken already.")
    return found


def _take(node: Node, viewer: Viewer, language: str, upload_id: str, form: Form) -> Response[Any]:
    found = _open(node, viewer, upload_id)
    do = form.fields.get("do", "")
    chosen = [number for number in found.rows if form.fields.get(f"row-{number}")]
    with in_language(language):
        if do == "drop":
            chosen = []
        elif not chosen:
            return _preview_page(node, viewer, language, found, mistake=_("Tick at least one row."), status=422)
        elif do == "entries" and (fault := _fault(viewer, found, chosen)):
            return _preview_page(node, viewer, language, found, mistake=fault, status=422)
    with node.store.writing() as transaction:
        if not drafts.drop_upload(transaction, found.id):  # Somebody pressed the button twice.
            raise NotFound("This table was taken already.")
        if do != "entries":
            now, _day = moment()
            for number in chosen:
                drafts.add(transaction, found.rows[number], office=viewer.office, account=viewer.account, now=now)
    if do == "entries":
        _publish(node, viewer, found, chosen)
    return Redirect("/systems" if do == "entries" else "/register", status_code=303)


def _publish(node: Node, viewer: Viewer, found: Upload, chosen: list[int]) -> None:
    """Publish rows; what is left when one can't be said stays as drafts."""
    for place, number in enumerate(chosen):
        try:
            publish(node, viewer, found.rows[number])
        except AccordError as error:
            now, _day = moment()
            with node.store.writing() as transaction:
                for left in chosen[place:]:
                    drafts.add(transaction, found.rows[left], office=viewer.office, account=viewer.account, now=now)
            raise UsageError(error.code, error.message, f"{error.remedy} The rows that are left are drafts.") from None


def _fault(viewer: Viewer, found: Upload, chosen: list[int]) -> str:
    """Return why rows can't become entries as they are."""
    bad = [str(number) for number in chosen if wrong_in(found.rows[number])]
    if bad:
        return _("These rows have mistakes, and can become drafts only: {rows}.").format(rows=", ".join(bad))
    other = [str(number) for number in chosen if not may_keep(viewer, found.rows[number].at("office").strip())]
    if other:
        return _("These rows are another office's: {rows}.").format(rows=", ".join(other))
    return ""


def _form_page(node: Node, viewer: Viewer, language: str, mistake: str = "", status: int = 200) -> Response[bytes]:
    return page(
        "register_import.html.j2",
        node=node, viewer=viewer, language=language, path="/register/import", status=status, fields=FIELDS,
        mistake=mistake, most=MAX_ROWS,
    )  # fmt: skip


def _preview_page(
    node: Node, viewer: Viewer, language: str, found: Upload, mistake: str = "", status: int = 200
) -> Response[bytes]:
    with in_language(language):
        wrong = {number: wrong_in(answers) for number, answers in found.rows.items()}
        labels = {field.name: _(field.label) for field in FIELDS}
    used = [field for field in FIELDS if any(answers.at(field.name) for answers in found.rows.values())]
    return page(
        "register_preview.html.j2",
        node=node, viewer=viewer, language=language, path=f"/register/import/{found.id}", status=status,
        found=found, wrong=wrong, faulty=sum(1 for items in wrong.values() if items), labels=labels, used=used,
        mistake=mistake,
    )  # fmt: skip


HANDLERS = [import_form, import_template, upload, preview, take]
