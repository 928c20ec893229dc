"""A stranger's reader of C2SP logs, aics-tlog 0.2.1, accepts our tiles, checkpoints and cosignatures, and we its tiles.

It asks for Python 3.12, but runs on 3.11, where pip installs it only when told to ignore that.
"""

import json
import subprocess
from pathlib import Path

import pytest

from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.mldsa import MldsaSigningKey
from accord.trust.note import Cosigner, Note
from accord.trust.tiles import FolderTiles, TiledTree

PYTHON = Path(__file__).parents[2] / ".venv-peers/bin/python"
ENTRIES = [b"entry %d" % number for number in range(600)]
WITNESS = Cosigner("witness.example/w1", SigningKey.from_seed(b"w" * 32))
QUANTUM = Cosigner("witness.example/w2", MldsaSigningKey.from_seed(b"q" * 32))


@pytest.fixture(scope="module")
def reader():
    """Return what runs a command of the reader: whether it was content, and the JSON that it prints."""
    found = PYTHON.exists() and subprocess.run([PYTHON, "-c", "import aics_tlog"], capture_output=True, check=False)
    if not found or found.returncode:
        how = "pip install --no-deps --ignore-requires-python aics-tlog==0.2.1"
        pytest.skip(f"aics-tlog is not installed in .venv-peers: {how}")

    def run(*arguments):
        command = [PYTHON, "-m", "aics_tlog", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode == 0, json.loads(done.stdout)

    return run


@pytest.fixture
def served(log):
    """A log of 600 entries, and the options that name it and its key."""
    log.append(ENTRIES)
    return log, ("--tiles", log.folder, "--log-key", str(log.verifier_key), "--origin", log.origin)


def test_it_reads_our_checkpoint_and_tiles(reader, served):
    log, named = served
    content, found = reader("verify-checkpoint", *named)
    assert content, found
    assert (found["size"], found["tiles_ok"]) == (600, True)
    assert found["root"] == b64encode(log.head()[0].root)


def test_it_finds_our_entries_and_no_others(reader, served, tmp_path):
    _log, named = served
    leaf = tmp_path / "leaf"
    for index in (0, 255, 256, 599):
        leaf.write_bytes(ENTRIES[index])
        assert reader("verify-inclusion", *named, "--index", index, "--leaf", leaf)[0]
        assert not reader("verify-inclusion", *named, "--index", index ^ 1, "--leaf", leaf)[0]


@pytest.mark.parametrize("name", ["tile/0/001", "tile/1/000.p/2", "tile/entries/001"])
def test_it_refuses_a_tile_of_ours_that_was_altered(reader, served, tmp_path, name):
    log, named = served
    wanted = ("verify-inclusion", *named, "--index", 300, "--entry-out", tmp_path / "entry")
    assert reader(*wanted)[0]
    whole = (log.folder / name).read_bytes()
    (log.folder / name).write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    assert not reader(*wanted)[0]


def test_we_read_a_log_that_it_wrote(reader, tmp_path):
    leaves = tmp_path / "leaves"
    leaves.write_bytes(b"\n".join(ENTRIES) + b"\n")
    content, found = reader("build-tiles", "--leaves", leaves, "--out", tmp_path / "theirs")
    assert content, found
    tree = TiledTree(FolderTiles(tmp_path / "theirs"), 600)
    assert list(tree.entries()) == ENTRIES
    assert b64encode(tree.audit()) == found["root"]


def test_it_sees_our_log_grow(reader, served, tmp_path):
    log, named = served
    old = tmp_path / "old"
    old.write_bytes(log.head()[1].encode())
    log.append(ENTRIES[:99])
    content, found = reader("verify-consistency", *named, "--old-checkpoint", old)
    assert content, found
    assert (found["old_size"], found["new_size"]) == (600, 699)


def test_it_counts_our_cosignatures_and_passes_over_those_with_mldsa(reader, served, tmp_path):
    log, _named = served
    head, note = log.head()
    lines = (cosigner.cosign(head.text, 1_700_000_000) for cosigner in (WITNESS, QUANTUM))
    given = tmp_path / "note"
    given.write_bytes(Note(note.text, (*note.signatures, *lines)).encode())
    named = ("--note", given, "--log-key", str(log.verifier_key), "--witness-key", str(WITNESS.verifier))
    content, found = reader("verify-checkpoint", *named, "--quorum", 1)
    assert content, found
    assert found["cosignatures"] == 1
    assert not reader("verify-checkpoint", *named, "--quorum", 2)[0]
