"""What a review says that it rests on, read from two cells of the form and found again in the assessment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from ..records import ReliedOn, is_day
from .columns import ALL, NO_MEASUREMENT, OTHER
from .opening import CardDocument, OpenPoint

SHORT = 16
"""Hexadecimal digits by which a form names a measurement."""
MOST_ENTRIES = 100
_LONGEST = 300
_DIGEST = re.compile(rf"(?:sha256:)?([0-9a-f]{{{SHORT},64}})")
_FORM = "kind | date | page | valid until"


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something in a cell that can't be found or doesn't hold."""

    column: str
    code: str
    message: str
    remedy: str


def short_digest(digest: str) -> str:
    """Return a digest as a form shows it."""
    return digest.removeprefix("sha256:")[:SHORT]


def measurements_in(text: str, point: OpenPoint, doubts: list[Doubt]) -> Iterator[ReliedOn]:
    """Yield the measurements that the cell names: all that were shown (also if it is empty), none, or some."""
    word = text.strip().casefold()
    if word == NO_MEASUREMENT:
        return
    if word in ("", ALL):
        for shown in point.measurements:
            yield ReliedOn(kind="measurement", name=shown.measurement.measure, digest=shown.digest)
        return
    unknown = 0
    for token in dict.fromkeys(re.split(r"[\s,;]+", word.strip(" ,;\n"))):
        written = _DIGEST.fullmatch(token)
        found = [s for s in point.measurements if written and s.digest.startswith(f"sha256:{written[1]}")]
        if len(found) == 1:
            yield ReliedOn(kind="measurement", name=found[0].measurement.measure, digest=found[0].digest)
            continue
        unknown += 1
        if unknown <= 5:
            message = f"{token[:80]!r} is the digest of no measurement that is shown here"
            doubts.append(
                Doubt("measurements_relied_on", "unknown-measurement", message, "Write all, none, or digests shown.")
            )


def documents_in(text: str, point: OpenPoint, today: date, doubts: list[Doubt]) -> Iterator[ReliedOn]:
    """Yield the documents that the cell names, one a line or between semicolons."""
    entries = [entry.strip() for entry in re.split(r"[\n\r;]+", text) if entry.strip()]
    if len(entries) > MOST_ENTRIES:
        doubts.append(_doubt("too-many-documents", f"{len(entries)} documents", f"At most {MOST_ENTRIES} are taken."))
        return
    known = {name.casefold(): document for document in point.documents for name in (document.path, document.kind)}
    for entry in entries:
        if len(entry) > 4 * _LONGEST:
            doubts.append(_doubt("too-much-text", f"{entry[:60]!r}…: {len(entry)} characters", "Shorten it."))
            continue
        name, dated, page, until = [*(field.strip() for field in entry.split("|")), "", "", ""][:4]
        if entry.count("|") > 3:
            doubts.append(_doubt("bad-document", f"{entry[:80]!r} has more than four fields", f"Write: {_FORM}."))
            continue
        problems = [*_dates(name, dated, until, today)]
        doubts += problems
        is_other = name.casefold().startswith(OTHER)
        document = None if is_other else known.get(name.casefold())
        if is_other:
            name = name[len(OTHER) :].strip()
            if not name:
                doubts.append(_doubt("bad-document", "“other:” without a name", "Say what the document is."))
        else:
            problems += (unsound := [*_unsound(name, page, document, point)])
            doubts += unsound
        if not problems and name:
            yield ReliedOn(
                kind="document" if document else "other",
                name=document.kind if document else name,
                digest=document.digest if document else None,
                date=dated,
                page=page or None,
                valid_until=until or None,
            )


def _dates(name: str, dated: str, until: str, today: date) -> Iterator[Doubt]:
    said = f"{name[:80]!r}"
    if not dated:
        yield _doubt("missing-date", f"{said} comes without its date", f"Write: {_FORM}.")
    elif not is_day(dated):
        yield _doubt("no-date", f"{said}: {dated[:40]!r} is not a date", "Write YYYY-MM-DD.")
    elif dated > today.isoformat():
        yield _doubt("future-date", f"{said} is dated {dated}, which is to come", "Correct the date.")
    if until and not is_day(until):
        yield _doubt("no-date", f"{said}: {until[:40]!r} is not a date", "Write YYYY-MM-DD.")
    elif until and until < today.isoformat():
        yield _doubt("expired-document", f"{said} was valid until {until}", "Rely on the document that replaced it.")


def _unsound(name: str, page: str, document: CardDocument | None, point: OpenPoint) -> Iterator[Doubt]:
    if document is None:
        known = ", ".join(item.kind for item in point.documents) or "none"
        remedy = f"The card names: {known}. Begin with “{OTHER}” for a document that it does not name."
        yield _doubt("unknown-document", f"the card names no document {name[:80]!r}", remedy)
    elif document.digest is None:
        message = f"the bytes of {name[:80]!r} are no part of what was assessed, so nothing binds them"
        yield _doubt("unbound-document", message, f"Put it into the target and assess again, or write “{OTHER}”.")
    elif not page:
        yield _doubt("missing-page", f"it is not said where in {name[:80]!r}", f"Write: {_FORM}.")


def _doubt(code: str, message: str, remedy: str) -> Doubt:
    return Doubt("documents_relied_on", code, message, remedy)
