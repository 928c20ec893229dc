"""Reviews as a view on statements: what is read, for whom, whose they are, and rebuilding, in both stores."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from accord.commons.interface import apply, rebuild, set_up
from accord.commons.reviews.page import MOST_OTHERS, reviews_of
from accord.commons.reviews.projection import PROJECTION
from accord.records import Review, Reviewer
from accord.records.said import Erasure, Revocation
from accord.reviews.signing import compose
from accord.store.statements import Incoming, add, by_seq, next_seq, note_logged
from accord.store.viewer import VISITOR, Viewer
from accord.trust.dsse import sign, to_line
from accord.trust.ed25519 import SigningKey
from accord.trust.predicates import StatedLog
from accord.trust.saying import hear, say
from accord.trust.statement import Named, build

ORIGIN, NOW = "node.example/log", "2026-06-01T00:00:00Z"
SYSTEM = "sha256:" + "5a" * 32
STAFF = Viewer(account="a", roles=frozenset({"officer"}))
NODE, OLGA, LAB = (SigningKey.from_seed(bytes([n]) * 32) for n in (1, 2, 3))
SOUND = Review(
    subject=SYSTEM, framework="x", framework_version="1", framework_digest=SYSTEM, requirement="r", asked=SYSTEM,
    decision="met", reason="Seen.", reviewer=Reviewer(name="Olga", role="officer", interest="none"),
    made="2026-05-01T00:00:00Z", valid_until="2026-12-31",
)  # fmt: skip


class Place:
    """A store in which NODE speaks, without the node."""

    def __init__(self, store):
        self.store = store
        with store.writing() as t:
            t.run(
                "INSERT INTO logs (origin, speaker, own, size, root, note) VALUES (?, ?, 1, 0, ?, ?)",
                ORIGIN, NODE.keyid, b"", b"",
            )  # fmt: skip
            set_up(t)

    def take(self, line, level="public"):
        heard = hear(line)
        with self.store.writing() as t:
            seq = next_seq(t)
            add(t, seq, [Incoming.of(heard)], NOW, level)
            note_logged(t, ORIGIN, [(seq - 1, seq)])
            apply(t, by_seq(t, seq), heard)
        return heard.id

    def review(self, *keys, level="public", **changes):
        stated = StatedLog(ORIGIN, "v")
        payload = compose(replace(SOUND, **changes), "x", [key.public for key in keys], stated)
        return self.take(to_line(sign(payload, list(keys))), level)

    def told(self, viewer=VISITOR):
        with self.store.reading() as t:
            return reviews_of(t, viewer, SYSTEM, NODE.keyid, NOW)

    def rows(self, table):
        with self.store.reading() as t:
            return sorted(t.rows(f"SELECT * FROM {table}"))


@pytest.fixture
def place(store):
    return Place(store)


def test_whose_they_are_and_in_which_order(place):
    ids = [place.review(NODE, OLGA), place.review(LAB), place.review(NODE, OLGA, decision="partly")]
    place.review(NODE, OLGA, subject="sha256:" + "00" * 32)
    told = place.told()
    assert [item.kept.id for item in told] == ids == [item.review.envelope for item in told]
    assert [item.own for item in told] == [True, False, True]
    assert [item.review.signer for item in told] == ["own", "unknown key", "own"]
    assert [item.person for item in told] == [OLGA.keyid, "", OLGA.keyid]
    assert replace(told[0].review, signer="unknown key", keyid="", envelope="") == replace(
        SOUND, made=told[0].kept.created
    )


def test_what_is_withheld_or_erased_is_not_there(place):
    hidden = place.review(NODE, OLGA, level="none")
    assert not place.told() and [item.kept.id for item in place.told(STAFF)] == [hidden]
    about = [Named({"sha256": hidden.removeprefix("sha256:")})]
    place.take(say(Erasure(target=hidden, reason="a name"), "erasure", about, signers=[NODE]))
    assert not place.told(STAFF) and not place.rows("reviews")


def test_a_revocation_is_that_of_who_signed_or_of_the_node(place):
    mine, theirs = place.review(NODE, OLGA), place.review(LAB)

    def revoke(target, key):
        about = [Named({"sha256": target.removeprefix("sha256:")})]
        said = Revocation(target=target, reason="wrong", effective="2026-05-02T00:00:00Z")
        place.take(say(said, "revocation", about, signers=[key]))

    revoke(mine, LAB)
    revoke(theirs, OLGA)
    assert [item.revoked for item in place.told()] == [None, None]
    revoke(mine, NODE)
    revoke(theirs, LAB)
    assert [item.revoked.reason for item in place.told()] == ["wrong", "wrong"]


def test_strangers_are_shown_up_to_a_bound_and_displace_nobody(place):
    mine = place.review(NODE, OLGA)
    for number in range(MOST_OTHERS + 3):
        place.review(LAB, reason=f"Stranger {number}.")
    place.review(LAB, reason="x" * 65_536)
    told = place.told()
    assert len(told) == MOST_OTHERS + 1 and told[0].kept.id == mine
    assert told[-1].review.reason == f"Stranger {MOST_OTHERS + 2}."


@pytest.mark.parametrize(
    "change",
    [
        {"reason": " "}, {"decision": "perhaps"}, {"reviewer": None}, {"reason": "x" * 2**20},
        {"reliedOn": [{"kind": "measurement", "name": "m"}]},
        {"framework": {"id": 1}}, {"validUntil": "soon"}, {"log": "x"},
    ],
)  # fmt: skip
def test_what_is_no_review_is_noted_and_shown_nowhere(place, change):
    import json

    stated = StatedLog(ORIGIN, "v")
    whole = json.loads(compose(SOUND, "x", [LAB.public], stated))
    plain = {**whole["predicate"], **change}
    payload = build(whole["predicateType"], [Named({"sha256": "5a" * 32}, "x")], plain, valid_days=9)
    if "validUntil" in change:
        payload = payload.replace(json.loads(payload)["predicate"]["validUntil"].encode(), b"soon")
    place.take(to_line(sign(payload, [LAB])))
    assert not place.told() and not place.rows("reviews")
    ((_seq, projection, reason),) = place.rows("unread")
    assert projection == "reviews" and reason


def test_rebuilding_gives_the_same(place):
    place.review(NODE, OLGA), place.review(LAB), place.review(NODE, OLGA, level="none")
    before = place.rows("reviews")
    assert len(before) == 3
    with place.store.writing() as t:
        assert rebuild(t, PROJECTION) == 3
    assert place.rows("reviews") == before
