import random
import threading

import pytest

from accord.errors import AccordError, LimitExceeded, MalformedInput, Unavailable
from accord.trust import tree
from accord.trust.checkpoint import parse_checkpoint
from accord.trust.ed25519 import SigningKey
from accord.trust.files import Files
from accord.trust.keys import KeyStore
from accord.trust.log import Log, own_log
from accord.trust.note import parse_note, verify_note
from accord.trust.proof import verify_proof


def names(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_new_log_signs_an_empty_checkpoint(log):
    checkpoint, note = log.head()
    assert (checkpoint.size, checkpoint.root) == (0, tree.EMPTY_ROOT)
    assert (log.folder / "checkpoint").read_bytes() == note.encode()
    assert verify_note(note, [log.verifier_key])


def test_what_is_appended_is_there_and_provable(log):
    chance, everything = random.Random(7), []
    roots = {}
    for _ in range(25):
        entries = [chance.randbytes(chance.randrange(30)) for _ in range(chance.choice([0, 1, 2, 7, 200, 256, 300]))]
        appended = log.append(entries)
        assert appended.indices == range(len(everything), len(everything) + len(entries))
        everything += entries
        hashes = [tree.leaf_hash(entry) for entry in everything]
        roots[len(everything)] = tree.root_hash(hashes)
        assert parse_checkpoint(appended.note).root == roots[len(everything)]
    assert log.audit().size == len(everything)
    for index in {0, 255, 256, len(everything) - 1, *chance.sample(range(len(everything)), 10)}:
        assert log.entry(index) == everything[index]
        assert verify_proof(log.prove(index), hashes[index], log.verifier_key) == ()
        with pytest.raises(MalformedInput):
            verify_proof(log.prove(index), tree.leaf_hash(b"another"), log.verifier_key)
    for old in set(roots) - {0}:
        proof = log.consistency(old)
        assert tree.verify_consistency(old, len(everything), roots[old], roots[len(everything)], proof)


def test_the_files_are_those_of_the_specification(log):
    log.append([b"x"] * 256)
    log.append([b"y"] * 5)
    assert names(log.folder) == [
        ".lock", "checkpoint", "tile/0/000", "tile/0/001.p/5", "tile/1/000.p/1", "tile/entries/000",
        "tile/entries/001.p/5",
    ]  # fmt: skip
    assert (log.folder / "tile/entries/001.p/5").read_bytes() == b"\0\1y" * 5


def test_partial_files_go_once_the_full_one_is_there(log):
    log.append([b"z"] * 245)
    for _ in range(10):
        log.append([b"z"])
    assert len(names(log.folder)) == 2 + 2 * 11
    early = log.append([]).note
    log.append([b"z"])
    assert names(log.folder) == [".lock", "checkpoint", "tile/0/000", "tile/1/000.p/1", "tile/entries/000"]
    # An earlier checkpoint can still be proven into: the full tile serves.
    assert verify_proof(log.prove(3, early), tree.leaf_hash(b"z"), log.verifier_key) == ()


def test_writers_take_turns(log):
    def write(number):
        for step in range(10):
            Log(log.folder, SigningKey.from_seed(b"l" * 32), "accord.local/test").append([b"%d-%d" % (number, step)])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.audit().size == 40
    assert len({log.entry(index) for index in range(40)}) == 40


@pytest.mark.parametrize("victim", ["tile/0/000.p/3", "tile/entries/000.p/3", "checkpoint"])
@pytest.mark.parametrize("harm", ["flip", "cut", "remove"])
def test_a_damaged_log_is_not_extended(log, victim, harm):
    log.append([b"a", b"b", b"c"])
    path = log.folder / victim
    data = path.read_bytes()
    if harm == "flip":
        path.write_bytes(data[:-2] + bytes([data[-2] ^ 1]) + data[-1:])
    elif harm == "cut":
        path.write_bytes(data[:-1])
    else:
        path.unlink()
    before = names(log.folder)
    with pytest.raises(AccordError):
        log.append([b"d"])
    assert names(log.folder) == before


def test_a_log_is_refused_to_another_key(log):
    log.append([b"a"])
    with pytest.raises(MalformedInput, match="no given key"):
        Log(log.folder, SigningKey.generate(), log.origin).append([b"b"])


def test_an_entry_that_is_too_large_changes_nothing(log):
    log.append([b"a"])
    with pytest.raises(LimitExceeded):
        log.append([b"b", b"x" * 65_536])
    assert log.audit().size == 1


def test_a_full_disk_is_an_error_with_a_remedy(log):
    class Full(Files):
        def write(self, path, data):
            raise OSError(28, "No space left on device")

    log.append([b"a"])
    full = Log(log.folder, SigningKey.from_seed(b"l" * 32), log.origin, Full())
    with pytest.raises(Unavailable, match="No space left"):
        full.append([b"b"])
    assert log.audit().size == 1
    assert log.append([b"b"]).indices == range(1, 2)


def test_a_locked_log_is_waited_for_only_so_long(log):
    log.head()
    with Files().lock(log.folder / ".lock"), pytest.raises(Unavailable), Files().lock(log.folder / ".lock", 0.05):
        pass


def test_the_users_own_log_is_made_once(tmp_path):
    store = KeyStore(tmp_path / "keys")
    first = own_log(store, tmp_path / "log")
    first.append([b"a"])
    again = own_log(store, tmp_path / "log")
    assert again.verifier_key == first.verifier_key
    assert again.origin == f"accord.local/{first.verifier_key.key.keyid[:8]}"
    assert again.append([b"b"]).indices == range(1, 2)
    assert parse_note((tmp_path / "log" / "checkpoint").read_bytes()).text.startswith(again.origin + "\n2\n")
