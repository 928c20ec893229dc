"""Two assessments compared: what changed, and what of it is more than chance."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import Response, get
from litestar.params import Parameter

from ...commons.assessments.page import Around, about, record_of
from ...compare import Comparison, compare
from ...errors import AccordError
from ...i18n import N_, _, in_language
from ...records import Assessment, Measurement, from_json
from ...reports import figures, known_details, wording
from ...store.viewer import Viewer
from ..node import Node
from .assessments import MOST_SHOWN, now
from .rendering import page

MOST_ROWS = 500
JUDGED_WORDS = {
    "changed": N_("changed"),
    "within_chance": N_("within chance"),
    "undecided": N_("can't be told from chance"),
}
_Digest = Annotated[str, Parameter(max_length=200)]


@get("/compare", include_in_schema=False, sync_to_thread=True)
def comparing(
    node: Node, viewer: Viewer, language: str, a: _Digest = "", b: _Digest = "", chance: bool = False
) -> Response[bytes]:
    """Compare the assessments with these digests, asked by a form."""
    wanted = {name: value.strip().lower().removeprefix("sha256:") for name, value in (("a", a), ("b", b))}
    found: dict[str, tuple[Around, Assessment]] = {}
    errors: dict[str, str] = {}
    with in_language(language):
        for name, digest in wanted.items():
            read = _read(node, viewer, digest) if digest else None
            if isinstance(read, str):
                errors[name] = read
            elif read:
                found[name] = read
        shown = _compared(found["a"][1], found["b"][1], chance) if len(found) == 2 else {}
    return page(
        "compare.html.j2",
        node=node,
        viewer=viewer,
        language=language,
        path=f"/compare?a={wanted['a']}&b={wanted['b']}" if found and not errors else "/compare",
        status=422 if errors else 200,
        asked=wanted,
        errors=errors,
        found={name: around for name, (around, _record) in found.items()},
        chance=chance,
        words=wording,
        word=wording.word,
        judged_words=JUDGED_WORDS,
        **({"compared": None, "changes": [], "more": 0} | shown),
    )


def _read(node: Node, viewer: Viewer, digest: str) -> tuple[Around, Assessment] | str:
    """Return an assessment with its record, or why there is none."""
    with node.store.reading() as transaction:
        found = about(transaction, viewer, f"sha256:{digest}", now(), node.origin)
        record = record_of(transaction, viewer, found) if found else None
    if found is None:
        return _("There is no such assessment here.")
    if record is None or len(record) > MOST_SHOWN:
        return _("Its record is not here, or may not be shown.")
    try:
        return found, from_json(record, Assessment, name="assessment.json")
    except AccordError:
        return _("Its record can't be read.")


def _compared(before: Assessment, after: Assessment, chance: bool) -> dict[str, Any]:
    compared: Comparison = compare(before, after)
    details = known_details(after)
    changes = [change for change in compared.changes if chance or change.judged != "within_chance"]
    rows = [
        (
            details.measure(change.measure),
            " · ".join(change.dimensions.values()) or change.part,
            _figure(change.before),
            _figure(change.after),
            change.judged,
        )
        for change in changes[:MOST_ROWS]
    ]
    return {"compared": compared, "changes": rows, "more": len(changes) - len(rows)}


def _figure(measured: Measurement) -> str:
    if measured.value is None:
        return measured.reason or "–"
    unit = figures.reading_unit(measured.measure, measured.unit)
    return figures.estimate(measured.value, measured.interval, unit)


HANDLERS = [comparing]
