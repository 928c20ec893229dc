"""One suite for both stores: what a node relies on."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from accord.commons import set_up
from accord.errors import Unavailable, UsageError
from accord.store import open_store
from accord.store.log import StoredLog, head_of, narrower, prove, read_tile, tree_of
from accord.store.opening import migrate, migrations
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
    place_of,
)
from accord.store.viewer import VISITOR, Viewer
from accord.trust import tree
from accord.trust.ed25519 import SigningKey
from accord.trust.note import verify_note
from accord.trust.proof import verify_proof


def incoming(number, line=b"x"):
    return Incoming(
        f"sha256:{number:064x}", "dispute", "urn:t", "sha256:00", "k", "2026", "2027", b"e%d" % number, line
    )


def test_a_block_is_all_or_nothing(store):
    with store.writing() as transaction:
        add(transaction, 1, [incoming(1)], "2026", "public")
    with pytest.raises(RuntimeError), store.writing() as transaction:
        add(transaction, 2, [incoming(2)], "2026", "public")
        raise RuntimeError
    with store.reading() as transaction:
        assert next_seq(transaction) == 2
        assert find(transaction, incoming(2).id) is None


def test_a_reader_sees_one_moment(store):
    with store.writing() as transaction:
        add(transaction, 1, [incoming(1)], "2026", "public")

    def write():
        with store.writing() as transaction:
            add(transaction, 2, [incoming(2)], "2026", "public")

    with store.reading() as transaction:
        assert next_seq(transaction) == 2
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(20)
        assert next_seq(transaction) == 2
        with store.reading() as nested:
            assert next_seq(nested) == 2
    with store.reading() as transaction:
        assert next_seq(transaction) == 3


def test_writers_wait_for_each_other(store):
    def write(number):
        with store.writing() as transaction:
            seq = next_seq(transaction)
            add(transaction, seq, [incoming(number)], "2026", "public")
            return seq

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(write, range(40))) == list(range(1, 41))


def test_what_is_put_in_comes_out(store):
    with store.writing() as transaction:
        add(transaction, 1, [incoming(n, b"line \x00\xff" + bytes([n])) for n in range(3)], "2026-01-01", "named")
        note_logged(transaction, "a", [(7, 1), (8, 2)])
        note_logged(transaction, "b", [(0, 1)])
        add_files(transaction, 1, [File("a.json", "00", "application/json", b"\x00{}")])
        add_files(transaction, 1, [File("a.json", "11", "application/json", b"other")])
    with store.reading() as transaction:
        assert line_of(transaction, 2) == b"line \x00\xff\x01"
        kept = by_seq(transaction, 3)
        assert (kept.id, kept.disclosure, kept.received) == (incoming(2).id, "named", "2026-01-01")
        assert place_of(transaction, 1) == ("a", 7)
        assert place_of(transaction, 1, "b") == ("b", 0)
        assert place_of(transaction, 2, "b") is None
        assert known_ids(transaction, [incoming(n).id for n in range(1200)]) == {
            incoming(n).id: n + 1 for n in range(3)
        }
        assert bytes(transaction.one("SELECT data FROM files WHERE seq = 1")[0]) == b"\x00{}"


def test_percent_signs_and_text_of_every_script_are_data(store):
    text = "100 % ? 'quoted' “中文” العربية \\ %s"
    with store.writing() as transaction:
        transaction.run("INSERT INTO meta (name, value) VALUES (?, ?)", "t", text)
    with store.reading() as transaction:
        assert transaction.one("SELECT value FROM meta WHERE name = ?", "t") == (text,)
        assert transaction.one("SELECT value FROM meta WHERE value LIKE '100 %' AND name = ?", "t") == (text,)


def test_a_log_grows_in_steps_and_proves_every_entry(store):
    log = StoredLog(SigningKey.from_seed(bytes(32)), "log.example/a")
    entries = [b"entry %d" % n for n in range(1030)]
    done = 0
    with store.writing() as transaction:
        assert log.append(transaction, []) == range(0)
    for count in (1, 2, 252, 1, 1, 255, 257, 261):
        with store.writing() as transaction:
            assert log.append(transaction, entries[done : done + count]) == range(done, done + count)
        done += count
        with store.reading() as transaction:
            head, note = head_of(transaction, log.origin)
            assert (head.size, head.root) == (done, tree.root_hash([tree.leaf_hash(e) for e in entries[:done]]))
            assert verify_note(note, [log.verifier_key])
    with store.reading() as transaction:
        assert tree_of(transaction, log.origin, done).audit() == head.root
        assert tree_of(transaction, log.origin, 300).root() == tree.root_hash(
            [tree.leaf_hash(e) for e in entries[:300]]
        )
        for index in (0, 255, 256, done - 1):
            proof = prove(transaction, log.origin, index)
            verify_proof(proof, tree.leaf_hash(entries[index]), log.verifier_key)
        width, data = read_tile(transaction, log.origin, "entries", 4)
        assert width == done - 1024
        assert narrower("entries", width, data, 1) == b"\x00\x0aentry 1024"
        assert narrower("entries", width, data, width + 1) is None


def test_nothing_is_built_on_a_damaged_log(store):
    log = StoredLog(SigningKey.from_seed(bytes(32)), "log.example/a")
    with store.writing() as transaction:
        log.append(transaction, [b"a", b"b"])
        transaction.run("UPDATE tiles SET data = ? WHERE level = 0", bytes(64))
    from accord.errors import MalformedInput

    with pytest.raises(MalformedInput, match="do not match"), store.writing() as transaction:
        log.append(transaction, [b"c"])


def test_who_may_see_what(store):
    levels = ["public", "community", "named", "none"]
    with store.writing() as transaction:
        for number, level in enumerate(levels):
            add(transaction, number + 1, [incoming(number)], "2026", level)
        transaction.run("INSERT INTO disclosed_to (seq, peer) VALUES (3, 'friend')")
    expected = {
        VISITOR: 1,
        Viewer(account="a", roles=frozenset({"reader"})): 2,
        Viewer(account="a", roles=frozenset({"publisher"})): 2,
        Viewer(peer="stranger"): 2,
        Viewer(peer="friend"): 3,
        Viewer(account="a", roles=frozenset({"officer"})): 4,
    }
    with store.reading() as transaction:
        for viewer, count in expected.items():
            where, values = viewer.may_see()
            rows = transaction.rows(f"SELECT disclosure FROM statements WHERE {where} ORDER BY seq", *values)
            assert [row[0] for row in rows] == levels[:count], viewer


def test_migrations_run_once_and_a_newer_store_is_left_alone(store, address):
    latest = migrations()[-1][0]
    assert migrate(store) == latest
    with store.writing() as transaction:
        set_up(transaction)
        transaction.run("UPDATE meta SET value = '9999' WHERE name = 'schema'")
    store.close()
    with pytest.raises(UsageError, match="newer Accord"):
        open_store(address)


def test_a_store_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(Unavailable):
        open_store("postgresql://nobody@127.0.0.1:1/nothing")
    (tmp_path / "file").write_text("x")
    with pytest.raises(Unavailable):
        open_store(tmp_path / "file" / "store.sqlite")
    (tmp_path / "not-a-database").write_bytes(b"this is no database, whatever its name says" * 100)
    with pytest.raises(Unavailable, match="not a database"):
        open_store(tmp_path / "not-a-database")


def test_who_outlives_a_store_is_told_so_and_what_was_begun_is_written(address):
    store, begun, closed, seen = open_store(address), threading.Event(), threading.Event(), []

    def write():
        with store.reading():
            pass
        with store.writing() as transaction:
            begun.set()
            time.sleep(0.3)
            add(transaction, 1, [incoming(1)], "2026", "public")
        assert closed.wait(10)
        for block in (store.writing, store.reading):
            try:
                with block() as transaction:
                    next_seq(transaction)
            except Unavailable as error:
                seen.append(error.code)

    writer = threading.Thread(target=write)
    writer.start()
    assert begun.wait(10)
    store.close()
    closed.set()
    writer.join(10)
    assert seen == ["store-closed", "store-closed"]
    with pytest.raises(Unavailable, match="closed"), store.reading():
        pass
    again = open_store(address)
    with again.reading() as transaction:
        assert next_seq(transaction) == 2
    again.close()


def test_a_copy_is_whole_while_others_write(tmp_path):
    store = open_store(tmp_path / "a.sqlite")
    with store.writing() as transaction:
        add(transaction, 1, [incoming(n) for n in range(500)], "2026", "public")
    store.backup(tmp_path / "copy.sqlite")
    copy = open_store(tmp_path / "copy.sqlite")
    with copy.reading() as transaction:
        assert next_seq(transaction) == 501
    with pytest.raises(UsageError, match="there already"):
        store.backup(tmp_path / "copy.sqlite")
    for opened in (store, copy):
        opened.close()
