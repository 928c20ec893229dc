"""Papers as a page shows them: what they claim, what that is worth, and who has read them again."""

from __future__ import annotations

from msgspec import Struct

from ...certificate import standing
from ...frameworks.reviewing import same_person
from ...records.certificate import Certificate, CertificateConfirmation
from ...records.said import Person
from ...store import Transaction
from ...store.viewer import Viewer
from ...trust.saying import Heard, reread

PAGE = 25
_MOST = 50


class Shown(Struct, frozen=True, kw_only=True):
    """A paper. `standing` says what it is worth (words in the language in use); `confirmed` by which second persons."""

    seq: int
    id: str
    keyid: str
    created: str
    paper: Certificate
    standing: str
    confirmed: tuple[Person, ...]


def papers(
    transaction: Transaction, viewer: Viewer, today: str, *, before: int | None = None, about: str = ""
) -> tuple[tuple[Shown, ...], int | None]:
    """Return a page of papers, of one system (its digest) or of all, the newest first, and where to go on, or None."""
    where, values = viewer.may_see()
    rows = transaction.rows(
        "SELECT statements.seq, line FROM certificates JOIN statements ON statements.seq = certificates.seq"
        f" WHERE certificates.seq < ? AND (? = '' OR about = ?) AND line IS NOT NULL AND {where}"
        " ORDER BY certificates.seq DESC LIMIT ?",
        before or 2**62, about, about, *values, PAGE + 1,
    )  # fmt: skip
    found = tuple(_shown(transaction, viewer, seq, reread(bytes(line)), today) for seq, line in rows[:PAGE])
    return found, found[-1].seq if len(rows) > PAGE else None


def _shown(transaction: Transaction, viewer: Viewer, seq: int, heard: Heard, today: str) -> Shown:
    paper = heard.record(Certificate)
    return Shown(
        seq=seq,
        id=heard.id,
        keyid=heard.keys[0].keyid,
        created=heard.created,
        paper=paper,
        standing=standing(paper, on=today),
        confirmed=tuple(_confirmed(transaction, viewer, heard, paper)),
    )


def _confirmed(transaction: Transaction, viewer: Viewer, heard: Heard, paper: Certificate) -> list[Person]:
    """Return those who confirmed it: other persons, with other keys, who had the same paper."""
    where, values = viewer.may_see()
    rows = transaction.rows(
        "SELECT line FROM certificate_confirmations c JOIN statements ON statements.seq = c.seq"
        f" WHERE c.certificate = ? AND line IS NOT NULL AND {where} ORDER BY c.seq LIMIT ?",
        heard.id, *values, _MOST,
    )  # fmt: skip
    own = {key.keyid for key in heard.keys}
    first = same_person(paper.transcribed_by.name)
    found = []
    for (line,) in rows:
        said = reread(bytes(line))
        by = said.record(CertificateConfirmation)
        others = not own & {key.keyid for key in said.keys}
        if others and by.paper == paper.paper.digest and same_person(by.by.name) != first:
            found.append(by.by)
    return found
