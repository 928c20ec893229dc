"""What pages show of reviews: those of a system, in the order in which they came, each with how it stands."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from ...records import Review
from ...reviews.loading import review_in
from ...store import Transaction
from ...store.statements import COLUMNS, Kept
from ...store.viewer import Viewer
from ...trust.saying import reread
from ..standing.page import Revoked, standing_of

MOST_OWN = 5_000
MOST_OTHERS = 50
_MOST_BYTES = 64 * 1024


class Told(Struct, frozen=True, kw_only=True):
    """A review, and the key of the person who judged ("" if nobody signed beside the first key).

    `own` says that the node whose speaker was asked for has signed it: it answers for who the person is.
    """

    kept: Kept
    person: str
    review: Review
    own: bool
    revoked: Revoked | None


def reviews_of(transaction: Transaction, viewer: Viewer, subject: str, speaker: str, now: str) -> tuple[Told, ...]:
    """Return the reviews of a system (its digest) that the viewer may see, oldest first.

    Of those that the key `speaker` signed the latest 5,000; of all others, which anybody can sign a million of, the
    latest 50 of at most 64 KiB.
    """
    own = _read(transaction, viewer, subject, "reviews.keyid = ?", speaker, MOST_OWN)
    others = _read(
        transaction, viewer, subject, f"LENGTH(line) <= {_MOST_BYTES} AND reviews.keyid <> ?", speaker, MOST_OTHERS
    )
    found = sorted([*own, *others], key=lambda item: item[0].seq)
    return tuple(
        Told(
            kept=kept,
            person=person,
            review=review if kept.keyid != speaker else replace(review, signer="own"),
            own=kept.keyid == speaker,
            revoked=standing_of(transaction, kept, now).revoked,
        )
        for kept, person, review in found
    )


def _read(
    transaction: Transaction, viewer: Viewer, subject: str, condition: str, speaker: str, most: int
) -> list[tuple[Kept, str, Review]]:
    where, values = viewer.may_see()
    rows = transaction.rows(
        f"SELECT {COLUMNS}, person, line FROM reviews JOIN statements ON statements.seq = reviews.seq"
        f" WHERE reviews.subject = ? AND {condition} AND line IS NOT NULL AND {where}"
        " ORDER BY reviews.seq DESC LIMIT ?",
        subject, speaker, *values, most,
    )  # fmt: skip
    return [(Kept(*columns), person, review_in(reread(bytes(line)))) for *columns, person, line in rows]
