"""Statements that come before what they rest on: whatever comes when, in the end the views are those of a rebuild."""

import random
from dataclasses import dataclass

import pytest
from tests.commons.test_systems import an_entry

from accord.commons.interface import apply, projections, read_again, rebuild, set_up
from accord.commons.systems.projection import subject_of
from accord.records.said import Disclosure, Dispute, DisputeAnswer, Erasure, Person
from accord.store import open_store
from accord.store.statements import (
    File,
    Incoming,
    add,
    add_files,
    by_seq,
    find,
    known_ids,
    line_of,
    next_seq,
    note_logged,
)
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import hear, say
from accord.trust.statement import subject

NOW = "2026-06-01T00:00:00Z"
A, C, LAB, STRANGER = (SigningKey.from_seed(bytes([number]) * 32) for number in range(60, 64))
LOGS = {"a.example/log": A, "c.example/log": C}
IN_A, IN_C = LOGS
ANNA = Person(name="Anna", role="clerk")


@dataclass
class Place:
    """A store into which statements come, and the logs that they are in become known, in any order."""

    store: object

    def know(self, origin):
        with self.store.writing() as t:
            t.run(
                "INSERT INTO logs (origin, speaker, own, size, root, note) VALUES (?, ?, 0, 0, ?, ?)",
                origin, LOGS[origin].keyid, b"", b"",
            )  # fmt: skip
            read_again(t, [origin, LOGS[origin].keyid])

    def take(self, line, origin):
        heard = hear(line)
        with self.store.writing() as t:
            (at,) = t.one("SELECT COUNT(*) FROM logged WHERE origin = ?", origin)
            seq = known_ids(t, [heard.id]).get(heard.id)
            if seq is None:
                seq = next_seq(t)
                add(t, seq, [Incoming.of(heard)], NOW, "public")
                note_logged(t, origin, [(at, seq)])
                apply(t, by_seq(t, seq), heard)
                add_files(t, seq, [File("x.json", "00", "application/json", b"{}")])
            else:
                note_logged(t, origin, [(at, seq)])
            read_again(t, [heard.id])
        return heard.id

    def views(self):
        tables = [table for item in projections() for table in item.tables]
        with self.store.reading() as t:
            found = {table: sorted(map(repr, t.rows(f"SELECT * FROM {table}"))) for table in (*tables, "disclosed_to")}
            found["unread"] = t.rows("SELECT seq, projection, reason FROM unread ORDER BY 1, 2")
            found["awaited"] = t.rows("SELECT seq, projection, what FROM awaited ORDER BY 1, 2, 3")
            found["statements"] = t.rows("SELECT seq, disclosure FROM statements ORDER BY seq")
            return found

    def rebuilt(self):
        with self.store.writing() as t:
            for item in projections():
                rebuild(t, item)
        return self.views()

    def unread(self):
        with self.store.reading() as t:
            return len(t.rows("SELECT seq FROM unread"))

    def disclosure(self, identity):
        with self.store.reading() as t:
            return find(t, identity).disclosure


def opened(store):
    with store.writing() as t:
        set_up(t)
    return Place(store)


@pytest.fixture
def place(store):
    return opened(store)


def objection(text, target="sha256:" + "ab" * 32, by=LAB):
    return say(Dispute(target=target, objection=text, by=ANNA), "dispute", [subject("", target)], signers=[by])


def answer(dispute, target, by=LAB):
    record = DisputeAnswer(dispute=dispute, target=target, decision="rejected", answer="no", by=ANNA)
    return say(record, "dispute-answer", [subject("", dispute)], signers=[by])


def disclosed(by, level, *targets):
    record = Disclosure(targets=targets, level=level, reason="so")
    return say(record, "disclosure", [subject("", target) for target in targets], signers=[by])


def erased(by, target):
    return say(Erasure(target=target, reason="so"), "erasure", [subject("", target)], signers=[by])


def registered(by=A):
    entry = an_entry(origin=IN_A)
    return say(entry, "registration", [subject("", subject_of(IN_A, entry.entry))], signers=[by])


def test_an_entry_that_came_before_the_log_of_its_register_is_read_once_that_is_known(place):
    place.take(registered(), IN_C)
    place.take(registered(by=STRANGER), IN_C)
    assert place.unread() == 2
    place.know(IN_C)
    assert place.unread() == 2
    place.know(IN_A)
    assert place.unread() == 1
    with place.store.reading() as t:
        assert t.rows("SELECT name, seq FROM systems") == [("System 1", 1)]


def test_an_answer_that_came_before_the_objection_is_read_once_that_comes(place):
    target = objection("first")
    doubt = objection("I doubt it", hear(target).id, STRANGER)
    given = answer(hear(doubt).id, hear(target).id)
    for line in (given, target):
        place.take(line, IN_C)
    assert place.unread() == 1
    place.take(doubt, IN_C)
    assert place.unread() == 0
    assert place.views() == place.rebuilt()


def test_what_was_erased_before_it_came_is_never_seen(place):
    line = objection("personal")
    identity = hear(line).id
    place.know(IN_A)
    place.take(erased(A, identity), IN_A)
    place.take(line, IN_C)
    assert place.unread() == 1  # it is not in the log of who erased it
    place.take(line, IN_A)
    with place.store.reading() as t:
        found = find(t, identity)
        assert (found.disclosure, line_of(t, found.seq)) == ("none", None)
        assert not t.rows("SELECT seq FROM files WHERE seq = ?", found.seq) and not t.rows("SELECT seq FROM disputes")
    assert place.unread() == 0


def test_a_decision_that_had_to_wait_does_not_undo_a_later_one(place):
    line = objection("examined")
    identity, other = hear(line).id, objection("comes later")
    place.know(IN_A)
    place.take(disclosed(A, "none", identity, hear(other).id), IN_A)
    assert place.unread() == 1
    place.take(line, IN_A)
    assert place.disclosure(identity) == "none"
    place.take(disclosed(A, "public", identity), IN_A)
    place.take(other, IN_A)
    assert (place.disclosure(identity), place.disclosure(hear(other).id)) == ("public", "none")
    assert place.unread() == 0


def test_targets_of_strangers_are_not_awaited(place):
    """Anybody can name a thousand statements that are still to come: each would be read again a thousand times."""
    place.know(IN_A)
    place.take(disclosed(STRANGER, "none", *(f"sha256:{number:064x}" for number in range(50))), IN_A)
    with place.store.reading() as t:
        assert t.rows("SELECT what FROM awaited") == [(STRANGER.keyid,)]


@pytest.mark.parametrize("seed", range(25))
def test_in_whatever_order_all_comes_the_views_are_those_of_a_rebuild(tmp_path, seed):
    chance, place = random.Random(seed), opened(open_store(tmp_path / "store.sqlite"))
    one, two = objection("one"), objection("two")
    first, second = hear(one).id, hear(two).id
    doubt = objection("I doubt it", first, STRANGER)
    said = [
        (one, (IN_A, IN_C)), (two, (IN_A, IN_C)), (doubt, (IN_C,)), (registered(), (IN_A, IN_C)),
        (answer(hear(doubt).id, first), (IN_A,)), (answer(hear(doubt).id, first, C), (IN_C,)),
        (disclosed(A, "none", first, second), (IN_A,)), (disclosed(A, "public", first), (IN_A,)),
        (disclosed(C, "community", second, first), (IN_C,)), (erased(C, second), (IN_C,)),
    ]  # fmt: skip
    comes = [(place.take, line, origin) for line, origins in said for origin in origins]
    comes += [(place.know, origin) for origin in LOGS]
    chance.shuffle(comes)
    for act, *arguments in comes:
        act(*arguments)
    assert place.unread() == 0
    now = place.views()
    assert now == place.rebuilt()
    place.store.close()


def test_a_store_of_an_older_version_is_read_anew_with_all_tables_there(place):
    """Opened by a version that has one view more: to read the erasure takes rows out of a table of that, too."""
    line = objection("personal")
    place.know(IN_A)
    for one in (line, erased(A, hear(line).id), registered()):
        place.take(one, IN_A)
    before = place.views()
    newest = projections()[-1]
    with place.store.writing() as t:
        t.run("UPDATE projections SET version = 0 WHERE name <> ?", newest.name)
        t.run("DELETE FROM projections WHERE name = ?", newest.name)
        for table in newest.tables:
            t.run(f"DROP TABLE {table}")
        assert set(set_up(t)) == {item.name for item in projections()}
    assert place.views() == before
