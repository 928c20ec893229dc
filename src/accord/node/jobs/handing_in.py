"""Handing in a job: the upload is read, what is asked is checked, and the job is queued; or nothing stays."""

from __future__ import annotations

from typing import Any

from anyio.to_thread import run_sync

from ...errors import AccordError, LimitExceeded, MalformedInput
from ...i18n import _, in_language
from ...store.viewer import Viewer
from ..auth.accounts import Mistakes
from ..node import Node
from ..problems import NotFound
from ..reading import seen
from . import table
from .asking import read_asked
from .folders import folder_of, new_id, remove
from .table import Job
from .uploading import FILE, UPLOADS, Upload, receive


class Refused(Exception):
    """What came can't be a job: the error for a program; the mistakes by field, and what was typed, for a page."""

    def __init__(self, error: AccordError, fields: dict[str, str], upload: Upload) -> None:
        super().__init__(error.message)
        self.error, self.fields, self.upload = error, fields, upload


async def hand_in(request: Any, node: Node, viewer: Viewer, language: str, *, consent: bool = False) -> Job:
    """Read the form with files that a request brings, and queue the job; it is safe on disk when this returns.

    With `consent`, the form must say that its sender may upload the files. Raises Refused with every mistake,
    Unavailable if the disk is full, TooMany if too much of the account's is waiting.
    """
    await run_sync(_require_room, node, viewer)
    identity = new_id()
    folder = folder_of(node, identity)
    upload = Upload()
    with UPLOADS.one(viewer.account):
        try:
            await receive(request, folder, node.config.upload_bytes, upload)
        except (MalformedInput, LimitExceeded) as error:
            raise Refused(error, {FILE: f"{error.message}. {error.remedy}"}, upload) from None
    try:
        return await run_sync(_queue, node, viewer, language, identity, upload, consent)
    except (Refused, AccordError):
        await run_sync(remove, folder)
        raise


def _require_room(node: Node, viewer: Viewer) -> None:
    with node.store.reading() as transaction:
        table.require_room(transaction, viewer.account)


def _queue(node: Node, viewer: Viewer, language: str, identity: str, upload: Upload, consent: bool) -> Job:
    wrong: dict[str, str] = {}
    asked = None
    with in_language(language):
        if consent and upload.texts.get("consent") != ["yes"]:
            wrong["consent"] = _("Say that you may upload these files.")
        try:
            asked = read_asked(upload)
        except Mistakes as mistakes:
            wrong = mistakes.fields | wrong
        if asked and asked.plan and not _is_plan_of_ours(node, viewer, asked.plan):
            wrong["plan"] = _("There is no such plan in the log of this node: publish it before the run.")
    if wrong or asked is None:
        raise Refused(Mistakes(wrong), wrong, upload)
    with node.store.writing() as transaction:
        table.add(transaction, identity, viewer.account, asked)
        return table.find(transaction, viewer, identity)


def _is_plan_of_ours(node: Node, viewer: Viewer, plan: str) -> bool:
    with node.store.reading() as transaction:
        try:
            kept = seen(transaction, viewer, plan)
        except NotFound:
            return False
        ours = transaction.one("SELECT 1 FROM logged WHERE seq = ? AND origin = ?", kept.seq, node.origin)
    return kept.kind == "plan" and ours is not None
