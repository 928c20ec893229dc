"""Assessments: found, read with all that is known around them, and looked up by the digest of what was assessed."""

from __future__ import annotations

import zlib
from collections import Counter, OrderedDict
from datetime import UTC, datetime
from threading import Lock
from typing import Annotated, Any, NamedTuple
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import Parameter
from markupsafe import Markup

from ...commons.assessments.page import Around, about, choices, of_digest, record_of, search
from ...commons.assessments.projection import FILTERS
from ...commons.disputes.page import objections_to
from ...commons.standing.page import withheld_reasons
from ...errors import AccordError
from ...frameworks import library_ids, open_framework
from ...i18n import in_language
from ...recognition.assurance import ASSURANCE_WORDS
from ...records import Assessment, Verdict, from_json
from ...reports import known_details, wording
from ...reports.html.page import sections, verdict_mark
from ...store import Transaction
from ...store.viewer import Viewer
from ...trust.statement import format_time
from ..api.assessments import SubjectDigest
from ..api.statements import Digest
from ..judging import Judged, shown
from ..node import Node
from ..problems import NotFound
from ..reviewing import REVIEWERS, heard_of, may_revoke, stated
from ..vouching import signer_of, who_repeated
from ..weighing import reviewed_judgement
from .rendering import page

MOST_SHOWN = 24 * 1024 * 1024
"""A larger record is for download: to read it for a page would cost too much."""
_OPEN = frozenset({"not_evaluated", "not_applicable"})
_KEPT_PAGES = 64
_Text = Annotated[str, Parameter(max_length=300)]


def now() -> str:
    """Return this moment as statements write it."""
    return format_time(datetime.now(UTC))


@get("/assessments", include_in_schema=False, sync_to_thread=True)
def assessments(
    node: Node,
    viewer: Viewer,
    language: str,
    q: _Text = "",
    framework: _Text = "",
    jurisdiction: _Text = "",
    verdict: _Text = "",
    spoken: _Text = "",
    signer: _Text = "",
    before: Annotated[int | None, Parameter(ge=1, le=2**62)] = None,
) -> Response[bytes]:
    """Show assessments, the newest first."""
    asked = {"framework": framework, "jurisdiction": jurisdiction, "verdict": verdict, "language": spoken}
    with node.store.reading() as transaction:
        found = search(transaction, viewer, now(), words=q, filters={**asked, "signer": signer}, before=before)
        offered = choices(transaction, viewer)
    kept = {"q": q, "framework": framework, "jurisdiction": jurisdiction, "verdict": verdict, "spoken": spoken}
    query = urlencode({name: value for name, value in {**kept, "signer": signer}.items() if value})
    return page(
        "assessments.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path=f"/assessments?{query}" if query else "/assessments",
        found=found,
        asked={**asked, "q": q, "signer": signer},
        offered=offered,
        filters=FILTERS,
        query=query,
        words=wording,
        word=wording.word,
        mark=verdict_mark,
    )


@get("/assessments/{digest:str}", include_in_schema=False, sync_to_thread=True)
def assessment(node: Node, viewer: Viewer, language: str, digest: Digest) -> Response[bytes]:
    """Show one assessment: the report from its record, who says so, and what this node makes of it."""
    return show_assessment(node, viewer, language, digest)


def show_assessment(
    node: Node, viewer: Viewer, language: str, digest: str, *, mistake: str = "", status: int = 200
) -> Response[bytes]:
    """Return the page of an assessment; `mistake` is what was wrong with what was sent from it. Raises NotFound."""
    with node.store.reading() as transaction:
        found = about(transaction, viewer, f"sha256:{digest}", now(), node.origin)
        if found is None:
            raise NotFound("There is no such assessment here.")
        record = record_of(transaction, viewer, found)
        told = heard_of(node, transaction, viewer, found)
        judged = reviewed_judgement(node, transaction, found, told)
        with in_language(language):
            data = _around(transaction, node, viewer, found)
            reviews = stated(node, told, judged)
    judged = judged and shown(judged, found)
    return page(
        "assessment.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path=f"/assessments/{digest}",
        status=status,
        mistake=mistake,
        reviews=reviews,
        revocable={item.kept.id for item in told if may_revoke(node, viewer, item)},
        reviewer=bool(viewer.roles & REVIEWERS),
        digest=digest,
        found=found,
        report=_report(found.record, record, language),
        has_record=record is not None,
        judged=judged,
        ours=_ours(judged) if judged else (),
        assurances=ASSURANCE_WORDS,
        words=wording,
        word=wording.word,
        mark=verdict_mark,
        **data,
    )


def _around(transaction: Transaction, node: Node, viewer: Viewer, found: Around) -> dict[str, Any]:
    row = transaction.one(
        "SELECT office, published, planned, plan_reason FROM publications WHERE id = ?", found.kept.id
    )
    objections = objections_to(transaction, viewer, found.kept.id)
    return {
        "signer": signer_of(node, transaction, found),
        "repeated": who_repeated(node, found),
        "published": row,
        "objections": len(objections.shown) + objections.hidden,
        "withheld": withheld_reasons(transaction, found.kept.subject),
        "jurisdiction": node.config.jurisdiction,
    }


class Ours(NamedTuple):
    """One framework in this node's own judgement: counts by status, and the verdicts that say something."""

    title: str
    version: str
    counts: tuple[tuple[str, int], ...]
    rows: tuple[tuple[str, str, Verdict], ...]


def _ours(judged: Judged) -> tuple[Ours, ...]:
    found = []
    for reference in judged.frameworks:
        verdicts = [item for item in judged.verdicts if item.framework == reference.id]
        named: dict[str, tuple[str, str]] = {}
        if reference.id in library_ids() and (file := open_framework(reference.id)).reference == reference:
            named = {item.id: (item.label, item.title) for item in file.framework.requirements}
        counted = Counter(item.status for item in verdicts)
        rows = [(*named.get(v.requirement, (v.requirement, "")), v) for v in verdicts if v.status not in _OPEN]
        counts = tuple((status, counted[status]) for status in wording.VERDICT_ORDER if counted[status])
        found.append(Ours(reference.title, reference.version, counts, tuple(rows)))
    return tuple(found)


def _report(digest: str, record: bytes | None, language: str) -> dict[str, Markup] | None:
    """Return the sections of the report, made from its record; the last ones that were made are kept, compressed."""
    if record is None or len(record) > MOST_SHOWN:
        return None
    key = digest, language
    with _lock:
        if packed := _made.get(key):
            _made.move_to_end(key)
    if packed is None:
        try:
            read = from_json(record, Assessment, name="assessment.json")
            with in_language(language):
                made = sections(read, details=known_details(read))
        except AccordError:  # A signed record can still be one that nobody can read.
            return None
        packed = {name: zlib.compress(text.encode(), 1) for name, text in made.items()}
        with _lock:
            _made[key] = packed
            if len(_made) > _KEPT_PAGES:
                _made.popitem(last=False)
    # They were made harmless as they were rendered.
    return {name: Markup(zlib.decompress(data).decode()) for name, data in packed.items()}  # noqa: S704


_made: OrderedDict[tuple[str, str], dict[str, bytes]] = OrderedDict()
_lock = Lock()


@get("/subjects", include_in_schema=False, sync_to_thread=True)
def subjects(node: Node, viewer: Viewer, language: str, digest: _Text = "") -> Response[bytes]:
    """Answer whether there is an assessment of a digest, asked by a form."""
    wanted = digest.strip().lower().removeprefix("sha256:")
    if digest and (len(wanted) != 64 or not set(wanted) <= set("0123456789abcdef")):
        return _subject_page(node, viewer, language, digest, wrong=True, status=422)
    return _subject_page(node, viewer, language, wanted)


@get("/subjects/{digest:str}", include_in_schema=False, sync_to_thread=True)
def subject(node: Node, viewer: Viewer, language: str, digest: SubjectDigest) -> Response[bytes]:
    """Answer whether there is an assessment of a system, or of one of its parts, with this digest."""
    return _subject_page(node, viewer, language, digest)


def _subject_page(
    node: Node, viewer: Viewer, language: str, digest: str, *, wrong: bool = False, status: int = 200
) -> Response[bytes]:
    with node.store.reading() as transaction:
        items = of_digest(transaction, viewer, f"sha256:{digest}", now()) if digest and not wrong else ()
        withheld = withheld_reasons(transaction, f"sha256:{digest}") if items else ()
    return page(
        "subject.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path=f"/subjects/{digest}" if digest and not wrong else "/subjects",
        status=status,
        digest=digest,
        wrong=wrong,
        items=items,
        withheld=withheld,
        words=wording,
        word=wording.word,
        mark=verdict_mark,
    )


HANDLERS = [assessments, assessment, subjects, subject]
