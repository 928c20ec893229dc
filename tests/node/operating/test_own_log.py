import pytest

from accord.errors import AccordError, MalformedInput
from accord.node.federation.following import Followers, follow
from accord.node.federation.own_log import look_at_own, regain, settle
from accord.node.federation.peers import find
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import DATABASE, open_node
from accord.node.operating.auditing import check
from accord.node.operating.backup import make_backup, opened_backup
from accord.node.operating.rebuilding import rebuild_all
from accord.node.operating.restoring import restore
from accord.node.operating.status import status_of
from accord.store.log import halted, head_of
from accord.store.statements import find as find_statement
from accord.trust.saying import hear


def nobody(peer, target):
    return {}


def quiet(done, of):
    pass


def give(node, lines, **options):
    return node.intake.submit(Batch(hear_lines(lines), **options)).result()


def sync(node, origin):
    with node.store.reading() as transaction:
        peer = find(transaction, origin)
    return follow(node, peer, nobody)


def test_a_restored_node_gets_back_what_peers_mirror_and_its_log_goes_on(pair, tmp_path, running, objections):
    b, _b_url, origin, head, after = pair
    restore(tmp_path / "copy", tmp_path / "new")
    with open_node(tmp_path / "new", requests_per_minute=10**6) as again:
        with pytest.raises(AccordError, match="peers were not asked"):
            give(again, objections(1, "too soon"))
        views = look_at_own(again, 20)
        assert [(view.state, view.size) for view in views] == [("ahead", head[0].size)]
        assert not settle(again, views, alone=True)
        done = regain(again, views[0].peer, nobody, quiet)
        assert (done.entries, done.lost) == (301, 10)  # 300, and the node's word that ten are withheld
        assert done.statements == 291
        assert again.head() == head
        assert settle(again, look_at_own(again, 20), alone=False)
        faults = check(again)
        assert faults.faults == ()
        assert [log.elsewhere for log in faults.logs if log.own] == [10]
        with again.store.reading() as transaction:
            found = [find_statement(transaction, hear(line).id) is not None for line in after]
            assert transaction.rows("SELECT DISTINCT disclosure FROM statements") == [("public",)]
        assert found == [True] * 200 + [False] * 10 + [True] * 90
        assert rebuild_all(again, keep=False).differences == ()
        given_again = give(again, after[200:210], level="none", reason="again")
        assert [receipt.known for receipt in given_again] == [False] * 10
        give(again, objections(20, "goes on"))
        with running(again) as url:
            with b.store.writing() as transaction:
                transaction.run("UPDATE peers SET url = ? WHERE origin = ?", url, origin)
            assert sync(b, origin) >= 20  # No second history: b would have isolated it.
        with b.store.reading() as transaction:
            assert head_of(transaction, origin)[0] == again.head()[0]
            assert find(transaction, origin).state == "following"


def test_a_mirror_that_does_not_go_on_from_the_backup_is_not_taken(pair, tmp_path):
    b, _url, origin, _head, _after = pair
    restore(tmp_path / "copy", tmp_path / "new")
    with b.store.writing() as transaction:
        (data,) = transaction.one("SELECT data FROM tiles WHERE origin = ? AND level = -1 AND idx = 2", origin)
        altered = bytes(data[:-70]) + b"A" + bytes(data[-69:])
        transaction.run("UPDATE tiles SET data = ? WHERE origin = ? AND level = -1 AND idx = 2", altered, origin)
    with open_node(tmp_path / "new") as again:
        before = again.head()
        peer = look_at_own(again, 20)[0].peer
        with pytest.raises(MalformedInput, match="does not go on"):
            regain(again, peer, nobody, quiet)
        assert again.head() == before
        assert check(again).faults == ()
        assert not settle(again, look_at_own(again, 20), alone=True)


def test_a_peer_that_is_silent_or_nobody_to_ask_keeps_the_log_halted(pair, used, tmp_path, objections):
    _b, _url, _origin, _head, _after = pair
    restore(tmp_path / "copy", tmp_path / "new")
    with open_node(tmp_path / "new") as again:
        with again.store.writing() as transaction:
            transaction.run("UPDATE peers SET url = 'http://127.0.0.1:1'")
        views = look_at_own(again, 20)
        assert [view.state for view in views] == ["unreached"]
        assert not settle(again, views, alone=False)
        assert status_of(again).halted
        assert settle(again, views, alone=True)
        assert give(again, objections(1, "now"))
    make_backup(used, tmp_path / "alone", with_keys=True)
    restore(tmp_path / "alone", tmp_path / "newer")
    with open_node(tmp_path / "newer") as again:
        assert not settle(again, look_at_own(again, 1), alone=False)
        assert settle(again, look_at_own(again, 1), alone=True)


def test_a_store_that_was_copied_back_by_hand_is_noticed_before_it_grows(pair, tmp_path, objections):
    _b, _url, _origin, _head, _after = pair
    for name in ("node.sqlite-wal", "node.sqlite-shm"):
        (tmp_path / "a" / name).unlink(missing_ok=True)
    with opened_backup(tmp_path / "copy", None) as (archive, _):
        (tmp_path / "a" / DATABASE).write_bytes(archive.read(DATABASE))
    with open_node(tmp_path / "a") as again:
        followers = Followers(again, nobody)  # as `accord serve` starts them, before it listens
        try:
            with pytest.raises(AccordError, match="mirrors 601 entries of this node's log, which has 300"):
                give(again, objections(1, "a fork"))
        finally:
            followers.close()
    # Stopping and starting does not make it forget.
    with open_node(tmp_path / "a") as again, pytest.raises(AccordError, match="takes in nothing"):
        give(again, objections(1, "a fork"))


def test_a_log_that_has_forked_already_is_halted_for_good(pair, tmp_path, objections):
    _b, _url, _origin, _head, _after = pair
    restore(tmp_path / "copy", tmp_path / "new")
    with open_node(tmp_path / "new") as again:
        with again.store.writing() as transaction:
            transaction.run("DELETE FROM meta WHERE name = 'halted'")
        give(again, objections(400, "another history"))
        views = look_at_own(again, 20)
        assert [view.state for view in views] == ["forked"]
        assert not settle(again, views, alone=True)
        with again.store.reading() as transaction:
            assert "another history" in halted(transaction)


def test_a_check_looks_at_mirrors_too(pair, objections):
    b, _url, origin, _head, _after = pair
    found = check(b)
    assert found.faults == ()
    mirrored = next(log for log in found.logs if log.origin == origin)
    assert (mirrored.own, mirrored.size, mirrored.statements, mirrored.elsewhere) == (False, 601, 591, 10)
    with b.store.writing() as transaction:
        transaction.run("UPDATE tiles SET data = zeroblob(LENGTH(data)) WHERE origin = ? AND level = 0", origin)
    assert any(origin in fault.where for fault in check(b).faults)
