import time
from contextlib import ExitStack

import pytest

from accord.commons.interface import projections
from accord.commons.systems.projection import subject_of
from accord.errors import AccordError, UsageError
from accord.node.federation.fetching import fetch
from accord.node.federation.following import Followers, follow, pause
from accord.node.federation.mirroring import SplitView
from accord.node.federation.peers import ISOLATED, add, find, meet, peers
from accord.node.federation.showing import headers_of
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.node.operating.rebuilding import rebuild_all
from accord.records.registration import Registration
from accord.records.said import Disclosure, Erasure, Revocation
from accord.store.log import head_of, tree_of
from accord.store.statements import find as find_statement
from accord.store.statements import line_of
from accord.trust.saying import hear


def nobody(peer, target):
    return {}


@pytest.fixture
def world(tmp_path, running):
    """Opens and serves nodes by name; each knows the others by `meet`."""
    with ExitStack() as stack:
        made = {}

        def get(name, place="DE"):
            if name not in made:
                node = open_node(
                    tmp_path / name, name=name, jurisdiction=place, requests_per_minute=10**6, poll_seconds=0.2
                )
                stack.callback(node.close)
                made[name] = node, stack.enter_context(running(node))
            return made[name]

        yield get


def introduced(follower, url):
    peer = meet(url, private=True)
    add(follower.store, peer, follower.origin)
    return peer.origin


def peer_of(node, origin):
    with node.store.reading() as transaction:
        return find(transaction, origin)


def sync(node, origin):
    return follow(node, peer_of(node, origin), nobody)


def give(node, lines, **options):
    return node.intake.submit(Batch(hear_lines(lines), **options)).result()


def test_what_one_says_the_other_has_verified(world, objections):
    (a, a_url), (b, _) = world("a"), world("b", "KE")
    lines = objections(700)
    give(a, lines)
    origin = introduced(b, a_url)
    assert sync(b, origin) == 700
    with b.store.reading() as transaction:
        head = head_of(transaction, a.origin)[0]
        assert head == a.head()[0]
        assert tree_of(transaction, a.origin, head.size).audit() == head.root
        assert all(find_statement(transaction, hear(line).id) for line in lines)
    give(a, objections(5, "more"))
    assert sync(b, origin) == 5
    assert sync(b, origin) == 0
    assert b.size == 0  # To follow writes nothing into one's own log.


def test_what_is_withheld_does_not_cross_and_comes_when_it_is_shown(world, objections):
    (a, a_url), (b, _) = world("a"), world("b")
    secret = objections(1, "secret")[0]
    give(a, [secret], level="none", reason="examined")
    origin = introduced(b, a_url)
    sync(b, origin)
    with b.store.reading() as transaction:
        assert find_statement(transaction, hear(secret).id) is None
        assert transaction.rows("SELECT idx FROM not_shown") == [(0,)]
    a.say(Disclosure(targets=(hear(secret).id,), level="public", reason="done"), "disclosure", [hear(secret).id])
    sync(b, origin)
    with b.store.reading() as transaction:
        assert find_statement(transaction, hear(secret).id).disclosure == "public"
        assert transaction.rows("SELECT idx FROM not_shown") == []


def test_revocation_withdrawal_and_erasure_reach_all(world, objections):
    (a, a_url), (b, _) = world("a"), world("b")
    lines = objections(3)
    ids = [hear(line).id for line in lines]
    give(a, lines)
    origin = introduced(b, a_url)
    sync(b, origin)
    a.say(Revocation(target=ids[0], reason="wrong", effective="2026-01-01T00:00:00Z"), "revocation", [ids[0]])
    a.say(Disclosure(targets=(ids[1],), level="none", reason="court"), "disclosure", [ids[1]])
    a.say(Erasure(target=ids[2], reason="personal data", basis="GDPR Art. 17"), "erasure", [ids[2]])
    sync(b, origin)
    with b.store.reading() as transaction:
        assert transaction.rows("SELECT target FROM revoked") == [(ids[0],)]
        assert find_statement(transaction, ids[1]).disclosure == "none"
        assert line_of(transaction, find_statement(transaction, ids[2]).seq) is None
        head = head_of(transaction, a.origin)[0]
        assert tree_of(transaction, a.origin, head.size).audit() == head.root


def test_only_the_node_of_a_log_withdraws_what_is_in_it(world, objections):
    (a, a_url), (b, b_url), (c, _) = world("a"), world("b"), world("c")
    line = objections(1)[0]
    give(a, [line])
    for url in (a_url, b_url):
        introduced(c, url)
    b.say(Disclosure(targets=(hear(line).id,), level="none", reason="censored"), "disclosure", [hear(line).id])
    b.say(Erasure(target=hear(line).id, reason="censored"), "erasure", [hear(line).id])
    for peer in (a.origin, b.origin):
        sync(c, peer)
    with c.store.reading() as transaction:
        found = find_statement(transaction, hear(line).id)
        assert found.disclosure == "public"
        assert line_of(transaction, found.seq) == line
        assert len(transaction.rows("SELECT seq FROM unread")) == 2


def test_an_entry_that_another_passes_on_is_read_once_its_own_node_is_followed(world):
    (a, a_url), (b, _), (c, c_url) = world("a"), world("b"), world("c")
    about = subject_of(a.origin, "0000000000000001")
    entry = Registration(
        origin=a.origin, entry="0000000000000001", name="Parking", kind="system", status="in_use", office="A"
    )
    said = a.say(entry, "registration", [about])
    with a.store.reading() as transaction:
        line = line_of(transaction, said.seq)
    give(c, [line])
    sync(b, introduced(b, c_url))
    with b.store.reading() as transaction:
        assert find_statement(transaction, said.id) and not transaction.rows("SELECT name FROM systems")
    origin = introduced(b, a_url)
    sync(b, origin)
    with b.store.reading() as transaction:
        assert transaction.rows("SELECT name FROM systems") == [("Parking",)]
        assert transaction.rows("SELECT seq FROM unread") == []
    assert rebuild_all(b, keep=False).differences == ()


def test_a_follower_that_waits_for_a_peer_ends_without_a_word_when_its_node_is_closed(world, tmp_path, caplog):
    _a, a_url = world("a")
    b = open_node(tmp_path / "short-lived", poll_seconds=0.2)
    origin = introduced(b, a_url)
    followers = Followers(b, nobody)
    deadline = time.monotonic() + 10
    while peer_of(b, origin).reached == "" and time.monotonic() < deadline:
        time.sleep(0.02)
    assert peer_of(b, origin).reached
    (waiting,) = followers._threads.values()
    started = time.monotonic()
    followers.close()
    b.close()
    assert time.monotonic() - started < 5 and waiting.is_alive(), "it holds a request open"
    world("a")[0].say(
        Revocation(target="sha256:" + "0" * 64, reason="x", effective="2026-01-01T00:00:00Z"),
        "revocation",
        ["sha256:" + "0" * 64],
    )
    waiting.join(30)
    assert not waiting.is_alive()
    assert [record.getMessage() for record in caplog.records if record.name.startswith("accord")] == []


def test_followers_bring_it_within_two_seconds(world, objections):
    (a, a_url), (b, _) = world("a"), world("b")
    introduced(b, a_url)
    followers = Followers(b, nobody)
    try:
        give(a, objections(1, "first"))
        deadline = time.monotonic() + 10
        while peer_of(b, a.origin).asked < 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        line = objections(1, "second")[0]
        started = time.monotonic()
        give(a, [line])
        while time.monotonic() < started + 10:
            with b.store.reading() as transaction:
                if find_statement(transaction, hear(line).id):
                    break
            time.sleep(0.02)
        assert time.monotonic() - started < 2
    finally:
        followers.close()


def test_a_rewritten_log_is_caught_reported_and_isolated(world, tmp_path, objections):
    (a, a_url), (b, b_url), (c, _) = world("a"), world("b"), world("c")
    give(a, objections(10))
    origin = introduced(b, a_url)
    sync(b, origin)
    rewrite(a, objections(11, "another history"))
    with pytest.raises(SplitView):
        sync(b, origin)
    assert peer_of(b, origin).state == ISOLATED
    with b.store.reading() as transaction:
        assert transaction.rows("SELECT kind FROM statements WHERE kind = 'split-view'")
    introduced(c, b_url)
    assert sync(c, b.origin) >= 1  # The report reaches who follows b.


def test_two_histories_shown_to_two_nodes_are_found_by_comparing(world, objections):
    (a, a_url), (b, b_url), (c, _) = world("a"), world("b"), world("c")
    give(a, objections(10))
    for node, peers_of in ((b, [a_url]), (c, [a_url, b_url])):
        for url in peers_of:
            introduced(node, url)
    sync(b, a.origin)
    rewrite(a, objections(10, "for c"))
    sync(c, a.origin)
    with pytest.raises(SplitView):
        sync(c, b.origin)
    assert peer_of(c, a.origin).state == ISOLATED
    assert peer_of(c, b.origin).state == "following"


def test_a_report_is_believed_if_it_proves_itself_and_only_then(world, objections):
    (a, a_url), (b, b_url), (c, _) = world("a"), world("b"), world("c")
    give(a, objections(4))
    for node in (b, c):
        introduced(node, a_url)
        sync(node, a.origin)
    introduced(c, b_url)
    with b.store.reading() as transaction:
        known = head_of(transaction, a.origin)[1].encode().decode()
    from accord.records.said import SplitView as Record

    lie = Record(origin=a.origin, log_key=str(a.log.verifier_key), first=known, second=known, detail="a lie")
    b.say(lie, "split-view", [hear(objections(1)[0]).id])
    sync(c, b.origin)
    assert peer_of(c, a.origin).state == "following"
    rewrite(a, objections(4, "other"))
    with pytest.raises(SplitView):
        sync(b, a.origin)
    sync(c, b.origin)
    assert peer_of(c, a.origin).state == ISOLATED


def test_a_store_that_was_put_back_is_noticed_and_stops(world, objections):
    (a, a_url), (b, b_url) = world("a"), world("b")
    give(a, objections(3))
    introduced(b, a_url)
    introduced(a, b_url)
    sync(b, a.origin)
    rewrite(a, objections(1, "an old backup"))
    sync(a, b.origin)
    with pytest.raises(AccordError, match="takes in nothing"):
        give(a, objections(1, "more"))


def rewrite(node, lines):
    """Let a node tell another history, as one would that has lost or forged its store."""
    with node.store.writing() as transaction:
        derived = [table for projection in projections() for table in projection.tables]
        for table in ("logged", "statements", "tiles", *derived):
            transaction.run(f"DELETE FROM {table}")
        transaction.run("DELETE FROM logs WHERE own = 1")
        node.log.append(transaction, [])
        transaction.run("UPDATE logs SET own = 1, speaker = ? WHERE origin = ?", node.speaker.keyid, node.origin)
    node.intake.submit(Batch(hear_lines(lines))).result()


def test_nobody_follows_itself_and_keys_are_pinned(world):
    (a, a_url), (b, b_url) = world("a"), world("b")
    with pytest.raises(UsageError, match="itself"):
        add(a.store, meet(a_url, private=True), a.origin)
    introduced(a, b_url)
    with a.store.writing() as transaction:
        transaction.run("UPDATE peers SET key = ?", peer_of(a, b.origin).key[::-1])
    with pytest.raises(UsageError, match="other keys"):
        add(a.store, meet(b_url, private=True), a.origin)
    with a.store.reading() as transaction:
        assert len(peers(transaction)) == 1


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1", "192.168.1.1", "[::ffff:127.0.0.1]", "0.0.0.0"],
)
def test_addresses_of_internal_networks_are_not_fetched_unless_listed(host):
    with pytest.raises(UsageError, match="internal network"):
        fetch(f"http://{host}:9/", most=10, seconds=2)


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "http://", "ftp://x", "http://u:p@x/", "http://x:99999/", "gopher://x", "http://a b/"]
)
def test_what_is_no_address_of_a_node_is_refused(url):
    with pytest.raises(UsageError, match="not the address"):
        fetch(url, most=10, seconds=2)


def test_pauses_double_and_end_at_an_hour():
    longest = [pause(n, 30.0, chance=lambda: 1.0) for n in range(1, 16)]
    assert longest[:4] == [1.0, 2.0, 4.0, 8.0]
    assert max(longest) == 3600
    assert pause(3, 30.0, chance=lambda: 0.0) == 2.0


def test_what_is_for_the_community_crosses_to_a_node_that_shows_who_it_is(world, objections):
    (a, a_url), (b, b_url) = world("a"), world("b")
    lines = objections(2, "for the community")
    give(a, lines[:1], level="community")
    give(a, lines[1:], level="named", peers=(b.origin,))
    introduced(b, a_url)
    follow(b, peer_of(b, a.origin), headers_of(b))
    with b.store.reading() as transaction:
        assert transaction.rows("SELECT kind FROM statements WHERE kind = 'dispute'") == []
    introduced(a, b_url)  # From now on a knows the key of b.
    first = hear(lines[0]).id
    a.say(Disclosure(targets=(first,), level="community", reason="again"), "disclosure", [first])
    follow(b, peer_of(b, a.origin), headers_of(b))
    with b.store.reading() as transaction:
        found = [find_statement(transaction, hear(line).id) for line in lines]
    assert [item.disclosure for item in found] == ["named", "named"]
