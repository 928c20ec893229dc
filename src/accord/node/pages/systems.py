"""The register for everybody: the list, an entry with its history, and the portfolio by goal."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode

from litestar import Response, get
from litestar.params import Parameter

from ...commons.systems import page as pages
from ...commons.systems.fields import FIELDS, WORDS, shown_value
from ...commons.systems.measured import last_two
from ...commons.systems.projection import GRADES
from ...frameworks import load
from ...i18n import N_, in_language
from ...measures.catalogue import catalogue
from ...records.registration import KINDS, STATUSES
from ...reports import figures, wording
from ...store.viewer import Viewer
from ..drifting import Drift, drift_of
from ..node import Node
from ..problems import NotFound
from ..registering import may_keep, moment
from .rendering import page

GRADE_WORDS = {
    "prohibited": N_("sign of prohibition"),
    "high": N_("sign of high risk"),
    "unknown": N_("open: grave class possible"),
    "none": N_("no sign of prohibition or high risk"),
    "retired": N_("retired"),
}
SET_BY_WORDS = {"tier": N_("by class of risk"), "profile": N_("by this node"), "hand": N_("by the office")}
ANSWER_WORDS = {"yes": N_("yes"), "no": N_("no"), "unknown": N_("not known")}
_Filter = Annotated[str, Parameter(max_length=300)]


@get("/systems", include_in_schema=False, sync_to_thread=True)
def systems(
    node: Node,
    viewer: Viewer,
    language: str,
    q: _Filter = "",
    status: _Filter = "",
    kind: _Filter = "",
    sector: _Filter = "",
    office: _Filter = "",
    jurisdiction: _Filter = "",
    sdg: _Filter = "",
    grade: _Filter = "",
    after: _Filter = "",
) -> Response[bytes]:
    """Show entries of the register, those with the gravest signs first."""
    chosen = {
        "status": status, "kind": kind, "sector": sector, "office": office, "jurisdiction": jurisdiction, "sdg": sdg,
        "grade": grade,
    }  # fmt: skip
    now, _ = moment()
    with node.store.reading() as transaction:
        listing = pages.listing(transaction, viewer, now, words=q, filters=chosen, cursor=after)
        choices = {name: pages.choices(transaction, viewer, name) for name in ("sector", "office", "jurisdiction")}
        counts = pages.counts(transaction, viewer, "status", STATUSES)
    asked = urlencode({name: value for name, value in {"q": q, **chosen}.items() if value})
    return page(
        "systems.html.j2",
        node=node, viewer=viewer, language=language, path=f"/systems?{asked}" if asked else "/systems",
        listing=listing, choices=choices, counts=counts, q=q, chosen=chosen, asked=asked, kinds=KINDS,
        statuses=STATUSES, grades=GRADES, words=WORDS, grade_words=GRADE_WORDS,
    )  # fmt: skip


@get("/systems/{entry:str}", include_in_schema=False, sync_to_thread=True)
def system(
    node: Node, viewer: Viewer, language: str, entry: Annotated[str, Parameter(max_length=100)], said: _Filter = ""
) -> Response[bytes]:
    """Show an entry: signs first, what it says, what is measured, its history."""
    found = read_entry(node, viewer, language, entry)
    return show_entry(node, viewer, language, found, said=said)


def read_entry(node: Node, viewer: Viewer, language: str, entry: str) -> pages.Entry:
    """Return an entry, what changed in words of a language. Raises NotFound if there is none for this viewer."""
    now, _ = moment()
    with in_language(language), node.store.reading() as transaction:
        found = pages.entry(transaction, viewer, entry, node.origin, now)
    if found is None:
        raise NotFound("There is no such entry in the register.")
    return found


def show_entry(
    node: Node,
    viewer: Viewer,
    language: str,
    found: pages.Entry,
    *,
    said: str = "",
    mistake: str = "",
    status: int = 200,
) -> Response[bytes]:
    """Return the page of an entry; `mistake` is what was wrong with what its officer sent."""
    record = found.record
    _, today = moment()
    pair = last_two(found.assessments)
    with node.store.reading() as transaction:
        drift = drift_of(transaction, viewer, *pair) if pair else None
    return page(
        "system.html.j2",
        node=node, viewer=viewer, language=language, path=found.listed.address, status=status,
        found=found, record=record, fields=FIELDS, shown=shown_value, words=WORDS, grade_words=GRADE_WORDS,
        set_by_words=SET_BY_WORDS, answer_words=ANSWER_WORDS, today=today.isoformat(), said=said, mistake=mistake,
        own=record.origin == node.origin, mine=record.origin == node.origin and may_keep(viewer, record.office),
        compared=[item.id[7:] for item in pair or ()], drift=drift, measured=_apart(drift, language), statuses=STATUSES,
        verdicts=wording.VERDICT_WORDS, word=wording.word,
    )  # fmt: skip


def _apart(drift: Drift | None, language: str) -> list[tuple[str, str, str, str]]:
    """Return measures whose intervals no longer overlap: name, of what, value before and after, in words."""
    made = []
    with in_language(language):
        for item in drift.measures if drift else ():
            found, unit = catalogue().get(item.measure), figures.reading_unit(item.measure, item.unit)
            values = [figures.estimate(*side, unit) for side in (item.before, item.after)]
            made.append((found.title if found else item.measure, item.where, values[0], values[1]))
    return made


@get("/portfolio", include_in_schema=False, sync_to_thread=True)
def portfolio(node: Node, viewer: Viewer, language: str) -> Response[bytes]:
    """Show which Sustainable Development Goals the entries serve."""
    with node.store.reading() as transaction:
        goals = pages.portfolio(transaction, viewer)
    return page(
        "portfolio.html.j2",
        node=node, viewer=viewer, language=language, path="/portfolio", goals=goals, titles=goal_titles(),
    )  # fmt: skip


def goal_titles() -> dict[int, str]:
    """Return the short names of the Sustainable Development Goals by number."""
    return {int(item.id.removeprefix("sdg_")): item.title for item in load("un-sdgs").requirements}


HANDLERS = [systems, system, portfolio]
