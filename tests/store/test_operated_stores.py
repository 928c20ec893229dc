"""What an operator does, on both stores: halt, rebuild, check, look; and what no store can keep is refused before."""

import pytest

from accord.errors import MalformedInput, Unavailable
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.node.operating.auditing import check
from accord.node.operating.backup import make_backup
from accord.node.operating.rebuilding import rebuild_all
from accord.node.operating.status import status_of
from accord.records.said import Disclosure, Dispute, Erasure, Person, Revocation
from accord.store.log import StoredLog, go_on, halt, halted, head_of
from accord.store.statements import Incoming
from accord.trust.dsse import sign, to_line
from accord.trust.ed25519 import SigningKey
from accord.trust.encoding import b64encode
from accord.trust.predicates import StatedKey
from accord.trust.saying import hear, say
from accord.trust.statement import Named, build, subject

KEY = SigningKey.from_seed(bytes(range(32)))
TARGET = "sha256:" + "ab" * 32


def lines_of(count):
    records = [Dispute(target=TARGET, objection=f"{n}", by=Person(name="A", role="citizen")) for n in range(count)]
    return [say(record, "dispute", [subject("t", TARGET)], signers=[KEY]) for record in records]


@pytest.fixture
def node(address, tmp_path):
    settings = {} if str(address).endswith(".sqlite") else {"store": str(address)}
    with open_node(tmp_path / "node", **settings) as made:
        lines = lines_of(300)
        ids = [hear(line).id for line in lines]
        made.intake.submit(Batch(hear_lines(lines[:200]))).result()
        made.intake.submit(Batch(hear_lines(lines[200:]), level="none", reason="examined")).result()
        made.say(Revocation(target=ids[0], reason="wrong", effective="2026-01-01T00:00:00Z"), "revocation", [ids[0]])
        made.say(Disclosure(targets=(ids[1],), level="named", peers=("a",), reason="x"), "disclosure", [ids[1]])
        made.say(Erasure(target=ids[2], reason="personal data"), "erasure", [ids[2]])
        yield made


def test_a_halted_log_does_not_grow(store):
    log = StoredLog(KEY, "log.example/a")
    with store.writing() as transaction:
        log.append(transaction, [b"a"])
        halt(transaction, "somebody has more")
        halt(transaction, "somebody else has more")
    with store.reading() as transaction:
        assert halted(transaction) == "somebody else has more"
    with pytest.raises(Unavailable, match="somebody else has more"), store.writing() as transaction:
        log.append(transaction, [b"b"])
    with store.writing() as transaction:
        go_on(transaction)
    with store.writing() as transaction:
        assert log.append(transaction, [b"b"]) == range(1, 2)
        assert head_of(transaction, log.origin)[0].size == 2


def test_a_sound_store_has_no_faults(store):
    assert store.faults() == []


def test_a_rebuild_compares_and_heals(node):
    assert rebuild_all(node).differences == ()
    with node.store.writing() as transaction:
        transaction.run("DELETE FROM revoked")
        transaction.run("DELETE FROM disclosed_to")
        transaction.run("UPDATE statements SET disclosure = 'public' WHERE seq = 250")
    trial, done = rebuild_all(node, keep=False), rebuild_all(node)
    assert {item.table: (item.gone, item.came) for item in trial.differences} == {
        "revoked": (0, 1), "disclosed_to": (0, 1), "statements": (1, 1),
    }  # fmt: skip
    assert done.differences == trial.differences
    assert rebuild_all(node).differences == ()


def test_a_check_and_a_status(node):
    found = check(node)
    assert found.faults == ()
    assert [(log.size, log.statements, log.erased) for log in found.logs] == [(304, 303, 1)]
    with node.store.writing() as transaction:
        transaction.run("UPDATE statements SET keyid = 'me' WHERE seq = 8")
        transaction.run("DELETE FROM statements WHERE seq = 9")
    assert [fault.where.rpartition(": ")[2] for fault in check(node).faults] == ["entry 7", "logged.seq"]
    status = status_of(node)
    assert (status.entries, status.statements) == (304, 303)
    assert status.store_bytes > 100_000
    assert status.database.split()[0] in ("SQLite", "PostgreSQL")


def test_postgresql_is_copied_by_its_own_tools(node, tmp_path):
    if node.config.store:
        with pytest.raises(Unavailable, match="own tools") as refused:
            make_backup(node, tmp_path / "copy", with_keys=True)
        assert "pg_dump" in refused.value.remedy
    else:
        assert make_backup(node, tmp_path / "copy", with_keys=True).size == 304


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("urn:accord:nul\x00:v0.1", {}),
        ("urn:accord:" + "a" * 3_000 + ":v0.1", {}),
        ("https://example.org/\x1b[2J", {}),
        ("https://example.org/a", {"timeCreated": "\x00"}),
        ("https://example.org/a", {"validUntil": "9" * 100_000}),
        ("https://example.org/a", {"timeCreated": "2026\u202e"}),
    ],
)
def test_a_statement_that_no_store_could_keep_is_refused_with_a_reason(node, kind, fields):
    stated = {"signer": StatedKey(KEY.keyid, b64encode(KEY.public.raw)), **fields}
    payload = build(kind, [Named({"sha256": "ab" * 32})], stated, valid_days=1)
    if fields:
        from accord.trust.canonical import canonical, read

        plain = read(payload)
        plain["predicate"].update(fields)
        payload = canonical(plain)
    line = to_line(sign(payload, [KEY]))
    with pytest.raises(MalformedInput, match="can't be printed"):
        Incoming.of(hear(line))
    (refused,) = hear_lines([line])
    assert isinstance(refused, MalformedInput)
    assert node.intake.submit(Batch(hear_lines(lines_of(301)[-1:]))).result()  # and it goes on
