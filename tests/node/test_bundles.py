import zipfile

import pytest

from accord.errors import LimitExceeded, MalformedInput, UsageError
from accord.node.bundling import make_bundle, take_bundle
from accord.node.federation.peers import add, meet
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.records.said import Revocation, StatusSnapshot
from accord.store.statements import find
from accord.store.viewer import Viewer
from accord.trust import bundle as bundles
from accord.trust.bundle import read_bundle
from accord.trust.saying import hear


@pytest.fixture
def other(tmp_path):
    made = open_node(tmp_path / "other", name="Other", jurisdiction="KE")
    yield made
    made.close()


@pytest.fixture
def filled(node, objections):
    """A node with three statements, of which the first is revoked."""
    lines = objections(3)
    node.intake.submit(Batch(hear_lines(lines))).result()
    first = hear(lines[0]).id
    node.say(Revocation(target=first, reason="wrong", effective="2026-01-01T00:00:00Z"), "revocation", [first])
    return [hear(line).id for line in lines]


def outcomes(taken):
    return {item.id: item.outcome for item in taken}


def test_what_one_packs_the_other_takes_with_proofs_and_status(node, other, filled, tmp_path):
    place = tmp_path / "a.bundle"
    assert make_bundle(node, place, filled[:2]) == 4  # two, a revocation, the status
    bundle = read_bundle(place)
    assert bundle.refused == {}
    status = next(item.heard for item in bundle.statements if item.heard.kind == "status").record(StatusSnapshot)
    assert [item.target for item in status.revoked] == [filled[0]]
    assert (status.origin, status.size) == (node.origin, 4)
    _, taken = take_bundle(other, place, [node.log.verifier_key])
    assert set(outcomes(taken).values()) == {"taken"}
    with other.store.reading() as transaction:
        assert find(transaction, filled[1]).disclosure == "public"
        assert find(transaction, filled[2]) is None
        assert transaction.rows("SELECT target FROM revoked") == [(filled[0],)]
    _, again = take_bundle(other, place, [node.log.verifier_key])
    assert set(outcomes(again).values()) == {"known"}


def test_without_a_known_log_nothing_is_taken(node, other, filled, tmp_path):
    make_bundle(node, tmp_path / "a", filled)
    _, taken = take_bundle(other, tmp_path / "a")
    assert set(outcomes(taken).values()) == {"refused"}
    assert all("is not known here" in item.reason for item in taken)
    with other.store.reading() as transaction:
        assert transaction.one("SELECT COUNT(*) FROM statements") == (0,)


def test_the_log_of_a_peer_is_known(node, other, filled, tmp_path, running):
    with running(node) as url:
        add(other.store, meet(url, private=True), other.origin)
    make_bundle(node, tmp_path / "a", filled)
    _, taken = take_bundle(other, tmp_path / "a")
    assert set(outcomes(taken).values()) == {"taken"}


def test_what_is_withheld_is_not_packed_for_the_public(node, objections, tmp_path):
    secret = objections(1, "secret")
    node.intake.submit(Batch(hear_lines(secret), level="none")).result()
    identity = hear(secret[0]).id
    assert make_bundle(node, tmp_path / "public", [identity]) == 2  # that it is withheld, and the status
    assert identity not in {item.heard.id for item in read_bundle(tmp_path / "public").statements}
    make_bundle(node, tmp_path / "own", [identity], Viewer(account="a", roles=frozenset({"operator"})))
    assert identity in {item.heard.id for item in read_bundle(tmp_path / "own").statements}


def rewritten(source, target, change):
    """Write a bundle again with members changed by `change(name, data) -> (name, data) or None`."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for item in old.infolist():
            changed = change(item.filename, old.read(item))
            if changed:
                new.writestr(*changed)
    return target


def test_an_altered_member_is_refused_and_named_and_the_rest_stays(node, other, filled, tmp_path):
    make_bundle(node, tmp_path / "a", filled)
    digest = filled[1][7:]

    def alter(name, data):
        return name, data.replace(b"payload", b"pAyload", 1) if digest in name and name.startswith(
            "statements"
        ) else data

    bundle, taken = take_bundle(other, rewritten(tmp_path / "a", tmp_path / "b", alter), [node.log.verifier_key])
    assert list(bundle.refused) == [f"statements/{digest}.intoto.jsonl"]
    assert filled[1] not in outcomes(taken)
    assert outcomes(taken)[filled[2]] == "taken"


def test_a_proof_of_another_statement_proves_nothing(node, other, filled, tmp_path):
    make_bundle(node, tmp_path / "a", filled)
    with zipfile.ZipFile(tmp_path / "a") as archive:
        foreign = archive.read(f"proofs/{filled[2][7:]}.tlog-proof")

    def swap(name, data):
        return name, foreign if name == f"proofs/{filled[1][7:]}.tlog-proof" else data

    _, taken = take_bundle(other, rewritten(tmp_path / "a", tmp_path / "b", swap), [node.log.verifier_key])
    assert outcomes(taken)[filled[1]] == "refused"


def test_names_that_lead_elsewhere_are_only_names(node, other, filled, tmp_path):
    make_bundle(node, tmp_path / "a", filled)
    names = ["../../evil", "/etc/passwd", "files/x/y", f"files/{'0' * 64}/../../x", "statements/short.intoto.jsonl"]

    def add_names(name, data):
        return name, data

    target = rewritten(tmp_path / "a", tmp_path / "b", add_names)
    with zipfile.ZipFile(target, "a") as archive:
        for name in names:
            archive.writestr(name, b"x")
    bundle, _ = take_bundle(other, target, [node.log.verifier_key])
    assert set(bundle.refused) == set(names)
    assert not (tmp_path / "evil").exists()


def test_a_bomb_and_garbage_are_refused(tmp_path, node, filled, monkeypatch):
    make_bundle(node, tmp_path / "a", filled)
    monkeypatch.setattr(bundles, "MAX_MEMBER_BYTES", 100_000)
    with zipfile.ZipFile(tmp_path / "a", "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"files/{'0' * 64}/a.json", bytes(10_000_000))
    with pytest.raises(LimitExceeded, match="too large"):
        read_bundle(tmp_path / "a")
    for number, data in enumerate((b"", b"PK\x03\x04", b"PK\x05\x06" + bytes(18), b"hello" * 1000)):
        (tmp_path / f"g{number}").write_bytes(data)
        with pytest.raises(MalformedInput):
            read_bundle(tmp_path / f"g{number}")
    with pytest.raises(UsageError):
        read_bundle(tmp_path / "nothing")
    with pytest.raises(UsageError, match="there already"):
        make_bundle(node, tmp_path / "g0", filled)


@pytest.mark.parametrize("at", range(40))
def test_a_cut_or_flipped_bundle_never_surprises(node, filled, tmp_path, at):
    make_bundle(node, tmp_path / "a", filled[:1])
    data = bytearray((tmp_path / "a").read_bytes())
    place = at * len(data) // 40
    data[place] ^= 0xFF
    for number, spoiled in enumerate((bytes(data), bytes(data[:place]))):
        (tmp_path / f"s{number}").write_bytes(spoiled)
        try:
            bundle = read_bundle(tmp_path / f"s{number}")
        except (MalformedInput, LimitExceeded):
            continue
        assert all(item.heard.id in (*filled, *(i.heard.id for i in bundle.statements)) for item in bundle.statements)
