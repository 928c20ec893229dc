import json
import random
import shutil
import sqlite3
import threading
import time
import zipfile
from contextlib import ExitStack
from hashlib import sha256

import pytest

from accord.commons import projections
from accord.errors import AccordError, MalformedInput, UsageError
from accord.node.federation.following import Followers, follow
from accord.node.federation.own_log import look_at_own, regain, settle
from accord.node.federation.peers import add, find, meet
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import DATABASE, open_node
from accord.node.operating.auditing import check
from accord.node.operating.backup import MANIFEST, make_backup, opened_backup
from accord.node.operating.rebuilding import rebuild_all
from accord.node.operating.restoring import restore
from accord.node.operating.status import status_of
from accord.records.said import Disclosure, Dispute, Erasure, Person, Revocation
from accord.store.log import halted, head_of, tree_of
from accord.store.statements import File
from accord.store.statements import find as find_statement
from accord.trust.dsse import Envelope, parse, to_line
from accord.trust.ed25519 import SigningKey
from accord.trust.keys import KeyStore
from accord.trust.saying import hear, say
from accord.trust.statement import subject


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


@pytest.fixture(scope="module")
def used_folder(tmp_path_factory):
    """The folder of a node that was used: 600 statements, some withheld, one revoked, one erased, one with a file."""
    signer, target = SigningKey.from_seed(bytes(range(32))), "sha256:" + "ab" * 32
    records = [Dispute(target=target, objection=f"{n}", by=Person(name="A", role="citizen")) for n in range(600)]
    lines = [say(record, "dispute", [subject("t", target)], signers=[signer]) for record in records]
    ids = [hear(line).id for line in lines]
    folder = tmp_path_factory.mktemp("used") / "node"
    with open_node(folder, name="Test node", jurisdiction="DE", requests_per_minute=1_000_000) as node:
        attached = File("a.json", sha256(b"{}").hexdigest(), "application/json", b"{}")
        give(node, lines[:300])
        give(node, lines[300:400], level="none", reason="examined")
        give(
            node, lines[400:], files={ids[500]: [File("a.json", sha256(b"{}").hexdigest(), "application/json", b"{}")]}
        )
        node.say(Revocation(target=ids[0], reason="wrong", effective="2026-01-01T00:00:00Z"), "revocation", [ids[0]])
        node.say(Disclosure(targets=(ids[1],), level="community", reason="court"), "disclosure", [ids[1]])
        node.say(Erasure(target=ids[2], reason="personal data"), "erasure", [ids[2]])
    return folder


@pytest.fixture
def used(used_folder, tmp_path):
    """The node of `used_folder`, for one test."""
    shutil.copytree(used_folder, tmp_path / "used")
    with open_node(tmp_path / "used") as node:
        yield node


def everything(place):
    """All rows of a store, by table, but for what belongs to this copy alone."""
    connection = sqlite3.connect(place)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found = {name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in names}
    connection.close()
    found["meta"] = [row for row in found["meta"] if "halted" not in row and "last-backup" not in row]
    return found


@pytest.mark.parametrize("with_keys", [True, False])
def test_a_backup_brings_everything_back(used, tmp_path, with_keys):
    (used.folder / "trust-lists" / ("a" * 64)).mkdir(parents=True)
    (used.folder / "trust-lists" / ("a" * 64) / "0000000001.intoto.jsonl").write_bytes(b"a list\n")
    used.keys.cosigners()
    made = make_backup(used, tmp_path / "copy", with_keys=with_keys)
    assert (tmp_path / "copy").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    assert (made.size, made.origin, made.keys) == (used.size, used.origin, with_keys)
    names = {member.name for member in made.members}
    assert ("keys/log.key" in names) is with_keys
    assert status_of(used).last_backup.made == made.made

    elsewhere = tmp_path / "keys"
    shutil.copytree(used.folder / "keys", elsewhere)
    restore(tmp_path / "copy", tmp_path / "new", keys=None if with_keys else elsewhere)
    assert everything(tmp_path / "new" / DATABASE) == everything(used.folder / DATABASE)
    assert (tmp_path / "new" / "trust-lists" / ("a" * 64) / "0000000001.intoto.jsonl").read_bytes() == b"a list\n"
    assert (tmp_path / "new" / "keys" / "log.key").stat().st_mode & 0o777 == 0o600
    old, new = KeyStore(used.folder / "keys"), KeyStore(tmp_path / "new" / "keys")
    with open_node(tmp_path / "new") as again:
        assert again.head() == used.head()
        assert old.vkey("node") == new.vkey("node")
        assert again.keys.cosigners()[0].verifier != old.cosigners()[0].verifier  # what it cosigned since is forgotten
        assert check(again).faults == ()


def test_a_backup_is_whole_while_statements_come(node, tmp_path, objections):
    lines, stop = objections(3_000), threading.Event()
    sizes = []

    def send():
        for start in range(0, 3_000, 20):
            sizes.append(give(node, lines[start : start + 20])[-1].index + 1)
            if stop.is_set():
                return

    sender = threading.Thread(target=send)
    sender.start()
    while len(sizes) < 3:
        time.sleep(0.01)
    copies = [make_backup(node, tmp_path / f"copy{number}", with_keys=True) for number in range(3)]
    stop.set()
    sender.join()
    assert all(copy.size in sizes for copy in copies)
    restore(tmp_path / "copy2", tmp_path / "new")
    with open_node(tmp_path / "new") as again:
        assert again.head()[1].encode().decode() == copies[2].checkpoint
        assert check(again).faults == ()
        with node.store.reading() as transaction:
            assert tree_of(transaction, node.origin, copies[2].size).root() == again.head()[0].root


def test_what_is_there_is_not_overwritten(used, tmp_path):
    make_backup(used, tmp_path / "copy", with_keys=True)
    with pytest.raises(UsageError, match="there already"):
        make_backup(used, tmp_path / "copy", with_keys=True)
    with pytest.raises(UsageError, match="there already"):
        restore(tmp_path / "copy", used.folder)
    with pytest.raises(UsageError, match="no such file"):
        restore(tmp_path / "nothing", tmp_path / "new")
    with pytest.raises(UsageError, match="no such file"):
        make_backup(used, tmp_path / "nowhere" / "copy", with_keys=True)


def test_a_backup_without_keys_needs_those_of_its_node(used, tmp_path):
    make_backup(used, tmp_path / "copy", with_keys=False)
    with pytest.raises(UsageError, match="no keys"):
        restore(tmp_path / "copy", tmp_path / "new")
    others = KeyStore(tmp_path / "others")
    for name in ("node", "log"):
        others.make(name)
    with pytest.raises(MalformedInput, match="other keys"):
        restore(tmp_path / "copy", tmp_path / "new", keys=tmp_path / "others")
    shutil.copy(used.folder / "keys" / "node.key", tmp_path / "others" / "node.key")
    with pytest.raises(MalformedInput, match="not those of the node"):
        restore(tmp_path / "copy", tmp_path / "new", keys=tmp_path / "others")
    assert not (tmp_path / "new").exists()


def test_no_altered_backup_is_restored(used, tmp_path):
    make_backup(used, tmp_path / "copy", with_keys=True)
    whole, chance = (tmp_path / "copy").read_bytes(), random.Random(4)
    places = [chance.randrange(len(whole)) for _ in range(60)]
    harmless = 0
    for number, place in enumerate(places):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << chance.randrange(8)
        (tmp_path / "bad").write_bytes(damaged)
        try:
            restore(tmp_path / "bad", tmp_path / f"new{number}")
        except AccordError:
            assert not (tmp_path / f"new{number}").exists()
        else:  # A bit of the container that says nothing, such as a local header's flag.
            harmless += 1
            assert everything(tmp_path / f"new{number}" / DATABASE) == everything(used.folder / DATABASE)
    assert harmless < 10
    for length in (0, 1, 100, len(whole) // 2, len(whole) - 1):
        (tmp_path / "bad").write_bytes(whole[:length])
        with pytest.raises(AccordError):
            restore(tmp_path / "bad", tmp_path / "never")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def rewritten(tmp_path, change):
    """Write the backup `copy` again, changed by `change(manifest as a dict, members)`, under its old signature."""
    with zipfile.ZipFile(tmp_path / "copy") as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    envelope = parse(members.pop(MANIFEST).strip())
    plain = json.loads(envelope.payload)
    signed = change(plain, members)
    payload = json.dumps(plain).encode() if signed is None else signed
    line = to_line(Envelope(envelope.payload_type, payload, envelope.signatures))
    with zipfile.ZipFile(tmp_path / "changed", "w") as archive:
        for name, data in {**members, MANIFEST: line}.items():
            archive.writestr(name, data)
    return tmp_path / "changed"


def test_a_manifest_that_nobody_signed_so_is_refused(used, tmp_path):
    make_backup(used, tmp_path / "copy", with_keys=True)

    def raise_roles(plain, members):
        members["node.toml"] += b'\ncontact = "me"\n'
        for member in plain["members"]:
            if member["name"] == "node.toml":
                data = members["node.toml"]
                member.update(size=len(data), sha256=sha256(data).hexdigest())

    with pytest.raises(MalformedInput, match="required signatures"):
        restore(rewritten(tmp_path, raise_roles), tmp_path / "new")


@pytest.mark.parametrize(
    "change",
    [
        lambda plain, members: members.update({"../outside": b"x"}),
        lambda plain, members: members.pop("node.toml") and None,
        lambda plain, members: members.update({"node.toml": b'name = "other"'}),
        lambda plain, members: members.update({"node.sqlite": bytes(10**6)}),
    ],
)
def test_members_other_than_those_signed_for_are_refused(used, tmp_path, change):
    make_backup(used, tmp_path / "copy", with_keys=True)

    def keep_payload(plain, members):
        payload = json.dumps(plain, separators=(",", ":"), ensure_ascii=False).encode()
        change(plain, members)
        return payload

    with pytest.raises(MalformedInput, match=r"other files|not what was backed up"):
        restore(rewritten(tmp_path, keep_payload), tmp_path / "new")
    assert not (tmp_path / "outside").exists()


def forged(tmp_path, node, change):
    """A backup that the node's own key signed, but that names what no node has."""
    from accord.node.operating.backup import PAYLOAD_TYPE
    from accord.trust.dsse import sign

    def again(plain, members):
        change(plain, members)
        again.payload = json.dumps(plain).encode()
        return again.payload

    place = rewritten(tmp_path, again)
    with zipfile.ZipFile(place) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members[MANIFEST] = to_line(sign(again.payload, [node.speaker], PAYLOAD_TYPE))
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return place


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", ".hidden", "a//b", "keys/\x00", "a/b/c/d/e"])
def test_no_member_leaves_the_folder(used, tmp_path, name):
    make_backup(used, tmp_path / "copy", with_keys=True)

    def change(plain, members):
        plain["members"].append({"name": name, "size": 1, "sha256": "0" * 64})
        members[name] = b"x"

    with pytest.raises(MalformedInput):
        restore(forged(tmp_path, used, change), tmp_path / "new")


def test_a_backup_that_unpacks_to_more_than_it_says_or_than_there_is_room_for_is_refused(used, tmp_path):
    make_backup(used, tmp_path / "copy", with_keys=True)

    def bomb(plain, members):
        members["node.sqlite"] = bytes(50 * 10**6)

    with pytest.raises(MalformedInput, match="not what was backed up"):
        restore(forged(tmp_path, used, bomb), tmp_path / "new")

    def huge(plain, members):
        plain["members"][0]["size"] = 10**15

    with pytest.raises(AccordError, match="unpacks to"):
        restore(forged(tmp_path, used, huge), tmp_path / "new")


def test_a_store_that_acts_by_itself_is_neither_copied_nor_restored(used, tmp_path):
    make_backup(used, tmp_path / "copy", with_keys=True)
    evil = "CREATE TRIGGER evil AFTER INSERT ON tokens BEGIN UPDATE accounts SET roles = 'operator'; END"

    def change(plain, members):
        (tmp_path / "store").write_bytes(members[DATABASE])
        with sqlite3.connect(tmp_path / "store") as connection:
            connection.execute(evil)
        connection.close()
        members[DATABASE] = data = (tmp_path / "store").read_bytes()
        for member in plain["members"]:
            if member["name"] == DATABASE:
                member.update(size=len(data), sha256=sha256(data).hexdigest())

    with pytest.raises(MalformedInput, match="trigger 'evil'"):
        restore(forged(tmp_path, used, change), tmp_path / "new")
    with used.store.writing() as transaction:
        transaction.run(evil)
    with pytest.raises(MalformedInput, match="trigger 'evil'"):
        make_backup(used, tmp_path / "another", with_keys=True)


@pytest.fixture
def pair(tmp_path, running, objections):
    """Node a, which b follows, and a backup of a; then a has gone on and shown b more, and was lost."""
    with ExitStack() as stack:
        a = open_node(tmp_path / "a", name="a", requests_per_minute=10**6)
        b = stack.enter_context(open_node(tmp_path / "b", name="b", requests_per_minute=10**6))
        b_url = stack.enter_context(running(b))
        with running(a) as a_url:
            give(a, objections(300, "before"))
            peer = meet(a_url, private=True)
            add(b.store, peer, b.origin)
            add(a.store, meet(b_url, private=True), a.origin)
            sync(b, a.origin)
            make_backup(a, tmp_path / "copy", with_keys=True)
            after = objections(300, "after")
            give(a, after[:200])
            give(a, after[200:210], level="none", reason="examined")
            give(a, after[210:])
            sync(b, a.origin)
        head, origin = a.head(), a.origin
        a.close()
        yield b, b_url, origin, head, after


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


def test_a_rebuild_finds_nothing_to_change_in_a_node_that_was_used(used):
    done = rebuild_all(used)
    assert done.differences == ()
    assert {view.name for view in done.views} == {item.name for item in projections()}


def test_a_rebuild_heals_what_was_altered_and_says_so(used):
    before = everything(used.folder / DATABASE)
    with used.store.writing() as transaction:
        transaction.run("DELETE FROM revoked")
        transaction.run("UPDATE statements SET disclosure = 'public' WHERE disclosure = 'none' AND line IS NOT NULL")
        transaction.run("INSERT INTO unread (seq, projection, reason) VALUES (1, 'disputes', 'made up')")
    trial = rebuild_all(used, keep=False)
    assert {item.table: (item.gone, item.came) for item in trial.differences} == {
        "revoked": (0, 1), "statements": (100, 100), "unread": (1, 0),
    }  # fmt: skip
    assert rebuild_all(used).differences == trial.differences  # The trial changed nothing.
    assert everything(used.folder / DATABASE) == before
    assert rebuild_all(used).differences == ()


def test_a_rebuild_that_fails_leaves_all_as_it_was(used, monkeypatch):
    before = everything(used.folder / DATABASE)
    last = projections()[-1]

    def fail(*_):
        raise RuntimeError("killed in the middle")

    monkeypatch.setattr(type(last), "kinds", frozenset({"dispute"}))
    monkeypatch.setattr(type(last), "apply", fail)
    with pytest.raises(RuntimeError):
        rebuild_all(used)
    monkeypatch.undo()
    assert everything(used.folder / DATABASE) == before


DAMAGE = {
    "an entry": ("UPDATE tiles SET data = zeroblob(LENGTH(data)) WHERE level = -1 AND idx = 1", "entries 256 to 511"),
    "a bundle": ("DELETE FROM tiles WHERE level = -1 AND idx = 0", "is missing"),
    "a leaf tile": ("UPDATE tiles SET data = zeroblob(LENGTH(data)) WHERE level = 0 AND idx = 1", "entries 256 to 511"),
    "an upper tile": ("UPDATE tiles SET data = zeroblob(LENGTH(data)) WHERE level = 1", "tile 1/0"),
    "a cut tile": ("UPDATE tiles SET data = X'00' WHERE level = 0 AND idx = 0", "is cut off"),
    "the size": ("UPDATE logs SET size = size - 1", "not that of its row"),
    "the note": ("UPDATE logs SET note = CAST(REPLACE(CAST(note AS TEXT), '6', '7') AS BLOB)", "checkpoint"),
    "a type": ("UPDATE logs SET note = 'text'", "another type"),
    "another type": ("UPDATE tiles SET data = 7 WHERE level = 0", "another type"),
    "a line's type": ("UPDATE statements SET line = 'text' WHERE seq = 8", "another type"),
    "a line": ("UPDATE statements SET line = (SELECT line FROM statements WHERE seq = 9) WHERE seq = 8", "another one"),
    "no line": ("UPDATE statements SET line = X'7b7d' WHERE seq = 8", "can't be read"),
    "a kind": ("UPDATE statements SET kind = 'revocation' WHERE seq = 8", "says otherwise: kind"),
    "a signer": ("UPDATE statements SET keyid = 'me' WHERE seq = 8", "says otherwise: keyid"),
    "a lost row": ("DELETE FROM statements WHERE seq = 8", "belongs to nothing"),
    "an unlogged row": ("DELETE FROM logged WHERE seq = 8", "belongs to nothing"),
    "an index beyond": ("UPDATE logged SET idx = 100000 WHERE seq = 8", "belongs to nothing"),
    "a swapped index": ("UPDATE logged SET idx = 7000 + idx WHERE seq IN (8, 9)", "belongs to nothing"),
    "a file": ("UPDATE files SET data = X'00'", "was altered"),
    "an orphaned file": ("UPDATE files SET seq = 90000", "belongs to nothing"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_check_finds_damage(used, damage):
    assert check(used).faults == ()
    sql, said = DAMAGE[damage]
    with used.store.writing() as transaction:
        transaction.run(sql)
    found = check(used)
    assert found.faults
    assert any(said in f"{fault.where}: {fault.what}" for fault in found.faults), found.faults


def test_a_check_looks_at_mirrors_too(pair, objections):
    b, _url, origin, _head, _after = pair
    found = check(b)
    assert found.faults == ()
    mirrored = next(log for log in found.logs if log.origin == origin)
    assert (mirrored.own, mirrored.size, mirrored.statements, mirrored.elsewhere) == (False, 601, 591, 10)
    with b.store.writing() as transaction:
        transaction.run("UPDATE tiles SET data = zeroblob(LENGTH(data)) WHERE origin = ? AND level = 0", origin)
    assert any(origin in fault.where for fault in check(b).faults)


def test_a_status_says_how_it_is(used):
    found = status_of(used)
    assert (found.entries, found.statements, found.withheld, found.halted) == (604, 604, 102, "")
    assert found.kinds == {"dispute": 600, "disclosure": 2, "revocation": 1, "erasure": 1}
    assert found.schema == found.newest_schema
    assert found.store_bytes > 100_000
    assert found.free_bytes > 0
    assert found.views == ()
    used.halt("for a look")
    assert status_of(used).halted == "for a look"
