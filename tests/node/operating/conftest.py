"""A node that was used, and one whose log a peer mirrors further than its backup goes."""

import shutil
from contextlib import ExitStack
from hashlib import sha256

import pytest

from accord.node.federation.following import follow
from accord.node.federation.peers import add, find, meet
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.node.operating.backup import make_backup
from accord.records.said import Disclosure, Dispute, Erasure, Person, Revocation
from accord.store.statements import File
from accord.trust.ed25519 import SigningKey
from accord.trust.saying import hear, say
from accord.trust.statement import subject


def give(node, lines, **options):
    return node.intake.submit(Batch(hear_lines(lines), **options)).result()


def nobody(peer, target):
    return {}


def sync(node, origin):
    with node.store.reading() as transaction:
        peer = find(transaction, origin)
    return follow(node, peer, nobody)


@pytest.fixture(scope="session")
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
        give(node, lines[400:], files={ids[500]: [attached]})
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
