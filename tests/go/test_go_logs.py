"""Go reads our logs, over HTTP and from folders, makes the same proofs as we, and refuses what was altered."""

import random
import threading
from base64 import b64decode
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.node.serving import make_server, serve
from accord.records.said import Dispute, Person
from accord.store.log import tree_of
from accord.trust.checkpoint import Checkpoint
from accord.trust.ed25519 import SigningKey
from accord.trust.log import Log
from accord.trust.note import VerifierKey
from accord.trust.proof import parse_proof
from accord.trust.saying import hear, say
from accord.trust.statement import subject
from accord.trust.tiles import FolderTiles, TiledTree
from accord.trust.tree import consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion

ORIGIN = "register.example/log"
KEY = SigningKey.from_seed(b"k" * 32)
TARGET = "sha256:" + "ab" * 32
DEEP = 66_000
"""Entries that fill a tile of level 1, so that there is one of level 2."""


def decoded(hashes):
    return [b64decode(item) for item in hashes or []]


def follow(go, url, key):
    """Let Go read a whole log; return its size, and the record hashes."""
    head = go.ask("follow", url=url, keys=[str(key)])
    assert head["origin"] == key.name
    return head["size"], decoded(go.ask("entries")["leaves"])


def assert_same_proofs(go, tree, size, indices, olds):
    """Compare the proofs that Go makes from the tiles with ours, hash for hash; Go has checked its own."""
    found = go.ask("prove", size=size, indices=indices, olds=olds)
    assert b64decode(found["root"]) == tree.range_hash(0, size)
    assert [decoded(p) for p in found["records"]] == [inclusion_proof(i, size, tree.range_hash) for i in indices]
    assert [decoded(p) for p in found["trees"]] == [consistency_proof(old, size, tree.range_hash) for old in olds]


# A node, over HTTP.


def objections(count, text):
    said = [Dispute(target=TARGET, objection=f"{text} {i}", by=Person(name="A", role="citizen")) for i in range(count)]
    return [say(record, "dispute", [subject("t", TARGET)], signers=[KEY]) for record in said]


@pytest.fixture
def register(tmp_path):
    """A node that is served on a free port, and its address."""
    node = open_node(tmp_path / "node", name="Register", jurisdiction="DE", requests_per_minute=10**6)
    server, ready, ports = make_server(node, "127.0.0.1", 0), threading.Event(), []
    thread = threading.Thread(target=serve, args=(server, lambda port: (ports.append(port), ready.set())))
    thread.start()
    try:
        assert ready.wait(20)
        yield node, f"http://127.0.0.1:{ports[0]}"
    finally:
        server.should_exit = True
        thread.join(20)
        node.close()


def test_go_reads_a_node_over_http_and_accepts_every_proof_of_it(go, register):
    node, url = register
    lines = objections(600, "it is wrong")
    key = VerifierKey.parse(httpx.get(f"{url}/api/v1/node").json()["log_key"])
    leaves = [leaf_hash(hear(line).entry) for line in lines]
    for start, end in ((0, 1), (1, 200)):
        node.intake.submit(Batch(hear_lines(lines[start:end]))).result()
        assert follow(go, f"{url}/log", key) == (end, leaves[:end])
    assert go.ask("follow", url=f"{url}/log", keys=[str(key)])["size"] == 200
    node.intake.submit(Batch(hear_lines(lines[200:]))).result()
    with node.store.reading() as transaction:  # Go still holds the checkpoint of 200, and asks for its narrower tiles.
        tree = tree_of(transaction, node.origin, 600)
        assert_same_proofs(go, tree, 200, list(range(200)), list(range(1, 201)))
        assert follow(go, f"{url}/log", key) == (600, leaves)
        for size in (1, 2, 3, 255, 256, 257, 511, 512, 513, 599, 600):
            assert_same_proofs(go, tree, size, list(range(0, size, 9)), list(range(1, size + 1, 9)))


def test_go_accepts_the_proof_files_of_a_node_and_refuses_them_for_other_entries(go, register):
    node, url = register
    lines = objections(300, "it is wrong")
    node.intake.submit(Batch(hear_lines(lines))).result()
    for index in (0, 127, 255, 256, 299):
        digest = hear(lines[index]).id.removeprefix("sha256:")
        proof = parse_proof(httpx.get(f"{url}/api/v1/statements/{digest}/proof").content)
        head = go.ask("open", note=proof.note.encode(), keys=[str(node.log.verifier_key)])
        assert head["text"] == Checkpoint(node.origin, 300, proof.checkpoint.root).text
        given = {"size": 300, "root": proof.checkpoint.root, "proof": proof.hashes, "index": index}
        go.ask("check record", leaf=leaf_hash(hear(lines[index]).entry), **given)
        with pytest.raises(go.Refused, match="invalid transparency proof"):
            go.ask("check record", leaf=leaf_hash(hear(lines[index - 1]).entry), **given)


# A log in a folder, of every size and altered in every file.


@pytest.fixture(scope="module")
def deep(tmp_path_factory):
    log = Log(tmp_path_factory.mktemp("deep") / "log", KEY, ORIGIN)
    log.append([b"entry %d" % number for number in range(DEEP)])
    return log


def test_go_makes_the_same_proofs_in_a_log_of_three_levels(go, deep):
    size, leaves = follow(go, deep.folder.as_uri(), deep.verifier_key)
    assert (size, leaves[0], leaves[-1]) == (DEEP, leaf_hash(b"entry 0"), leaf_hash(b"entry 65999"))
    tree, chance = TiledTree(FolderTiles(deep.folder), DEEP), random.Random(7)
    for size in [65_535, 65_536, 65_537, DEEP, *(chance.randrange(1, DEEP) for _ in range(16))]:
        drawn = [chance.randrange(size) for _ in range(6)]
        assert_same_proofs(go, tree, size, [0, size - 1, *drawn], [1, size, *(number + 1 for number in drawn)])


@pytest.fixture
def small(tmp_path):
    log = Log(tmp_path / "log", KEY, ORIGIN)
    log.append([b"entry %d" % number for number in range(600)])
    return log


def test_go_refuses_a_log_with_any_file_altered_or_cut(go, small):
    assert follow(go, small.folder.as_uri(), small.verifier_key)[0] == 600
    chance = random.Random(1)
    files = sorted(path for path in small.folder.rglob("*") if path.is_file() and path.name != ".lock")
    assert len(files) == 8  # the checkpoint, three tiles of level 0 and one of level 1, three bundles
    for path in files:
        whole = path.read_bytes()
        place = chance.randrange(len(whole))
        altered = whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :]
        for data in (altered, whole[:-1], whole[: len(whole) // 2], b"", whole + b"\n"):
            path.write_bytes(data)
            with pytest.raises(go.Refused):
                follow(go, small.folder.as_uri(), small.verifier_key)
        path.write_bytes(whole)
    assert follow(go, small.folder.as_uri(), small.verifier_key)[0] == 600


def test_go_refuses_the_log_under_another_key(go, small):
    other = SigningKey.from_seed(b"o" * 32)
    for key in (VerifierKey(ORIGIN, other.public), VerifierKey("other.example/log", KEY.public)):
        with pytest.raises(go.Refused, match="no verifiable signatures"):
            follow(go, small.folder.as_uri(), key)
    forged = Checkpoint(ORIGIN, 600, bytes(32)).sign(KEY)
    (small.folder / "checkpoint").write_bytes(forged.encode())
    go.ask("follow", url=small.folder.as_uri(), keys=[str(small.verifier_key)])
    with pytest.raises(go.Refused, match="inconsistent tile"):
        go.ask("entries")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_go_and_we_judge_a_spoilt_proof_alike(go, data):
    size = data.draw(st.integers(2, 40))
    leaves = [leaf_hash(b"%d" % number) for number in range(size)]
    tree = TiledTree(FolderTiles(Path("unread")), size)
    tree.remember(0, 0, leaves)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root, old_root = tree.root(), tree.range_hash(0, old)
    pool = st.sampled_from([*leaves, root, old_root])
    steps = st.lists(st.tuples(st.sampled_from(["drop", "put", "swap"]), st.integers(0, 7), pool), max_size=2)

    def spoilt(proof):
        proof = list(proof)
        for step, place, new in data.draw(steps):
            if step == "put":
                proof.insert(place, new)
            elif place < len(proof):
                proof[place : place + 1] = [] if step == "drop" else [new]
        return proof

    claimed = data.draw(st.sampled_from([index, index, index ^ 1]))
    proof = spoilt(inclusion_proof(index, size, tree.range_hash))
    given = {"size": size, "root": root, "proof": proof}
    ours = verify_inclusion(claimed, size, leaves[index], proof, root)
    assert accepts(go, "check record", index=claimed, leaf=leaves[index], **given) == ours
    given["proof"] = proof = spoilt(consistency_proof(old, size, tree.range_hash))
    ours = verify_consistency(old, size, old_root, root, proof)
    assert accepts(go, "check tree", old=old, old_root=old_root, **given) == ours


def accepts(go, what, **more):
    try:
        go.ask(what, **more)
    except go.Refused as error:
        assert "invalid" in str(error)
        return False
    return True
