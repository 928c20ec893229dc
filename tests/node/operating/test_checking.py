import sqlite3

import pytest

from accord.commons import projections
from accord.node.node import DATABASE
from accord.node.operating.auditing import check
from accord.node.operating.rebuilding import rebuild_all
from accord.node.operating.status import status_of


def everything(place):
    """All rows of a store, by table, but for what belongs to this copy alone."""
    connection = sqlite3.connect(place)
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
    found = {name: sorted(map(repr, connection.execute(f"SELECT * FROM {name}"))) for name in names}
    connection.close()
    found["meta"] = [row for row in found["meta"] if "halted" not in row and "last-backup" not in row]
    return found


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
