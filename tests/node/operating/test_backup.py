import json
import random
import shutil
import sqlite3
import threading
import time
import zipfile
from hashlib import sha256

import pytest

from accord.errors import AccordError, MalformedInput, UsageError
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import DATABASE, open_node
from accord.node.operating.auditing import check
from accord.node.operating.backup import MANIFEST, make_backup
from accord.node.operating.restoring import restore
from accord.node.operating.status import status_of
from accord.store.log import tree_of
from accord.trust.dsse import Envelope, parse, to_line
from accord.trust.keys import KeyStore


def give(node, lines, **options):
    return node.intake.submit(Batch(hear_lines(lines), **options)).result()


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
