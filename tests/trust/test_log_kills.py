"""A real process that appends to a real log and is killed at random moments: nothing it reported is lost."""

import os
import random
import signal
import time

import pytest

from accord.trust import tree
from accord.trust.ed25519 import SigningKey
from accord.trust.log import Log

KEY = SigningKey.from_seed(b"k" * 32)


def child(folder, pipe, life):
    """Append for ever; write each index and entry to the pipe once it is acknowledged."""
    chance = random.Random(life)
    log = Log(folder, KEY, "accord.local/kill")
    while True:
        entries = [b"%d-%d" % (life, chance.randrange(10**9)) for _ in range(chance.choice([1, 2, 40, 300]))]
        indices = log.append(entries).indices
        # One write of less than PIPE_BUF per entry: the parent never sees half a line of a finished write.
        for index, entry in zip(indices, entries, strict=True):
            os.write(pipe, b"%d %b\n" % (index, entry))


def kill_once(folder, life, chance):
    """Run a child, kill it within 50 ms of its start or of its first acknowledgement, and return what it reported."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reader)
            child(folder, writer, life)
        finally:
            os._exit(1)
    os.close(writer)
    reported = b""
    if chance.random() < 0.6:  # On a slow day nothing would be acknowledged otherwise.
        reported = os.read(reader, 1)
    time.sleep(chance.uniform(0.0, 0.05))
    os.kill(pid, signal.SIGKILL)
    while piece := os.read(reader, 65_536):
        reported += piece
    os.close(reader)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    lines = [line.split(b" ") for line in reported.split(b"\n")[:-1]]
    return {int(index): entry for index, entry in lines}


def survive(folder, kills, seed):
    chance = random.Random(seed)
    acknowledged = {}
    for life in range(kills):
        acknowledged |= kill_once(folder, life, chance)
        if life % 10 == 9 or life == kills - 1:
            log = Log(folder, KEY, "accord.local/kill")
            checkpoint = log.audit()
            assert all(index < checkpoint.size for index in acknowledged)
    from accord.trust.tiles import FolderTiles, TiledTree

    everything = list(TiledTree(FolderTiles(folder), checkpoint.size).entries())
    assert tree.root_hash([tree.leaf_hash(entry) for entry in everything]) == checkpoint.root
    assert {index: everything[index] for index in acknowledged} == acknowledged
    assert log.append([b"after"]).indices[0] == checkpoint.size
    return acknowledged


def test_forty_kills(tmp_path):
    assert survive(tmp_path / "log", 40, seed=1)


@pytest.mark.soak
def test_six_hundred_kills(tmp_path):
    assert survive(tmp_path / "log", 600, seed=2)
