import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from accord.errors import Unavailable
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.store.log import prove, tree_of
from accord.store.statements import find, line_of
from accord.trust import tree
from accord.trust.note import verify_note
from accord.trust.proof import verify_proof
from accord.trust.saying import hear


def test_what_has_a_receipt_is_kept_logged_and_provable(node, objections):
    lines = objections(300)
    receipts = node.intake.submit(Batch(hear_lines(lines))).result()
    assert [receipt.index for receipt in receipts] == list(range(300))
    assert not any(receipt.known for receipt in receipts)
    with node.store.reading() as transaction:
        for receipt, line in zip(receipts, lines, strict=True):
            kept = find(transaction, receipt.id)
            assert line_of(transaction, kept.seq) == line
        proof = prove(transaction, node.origin, 299)
        assert tree_of(transaction, node.origin, 300).audit() == proof.checkpoint.root
    assert verify_proof(proof, tree.leaf_hash(hear(lines[-1]).entry), node.log.verifier_key) == ()


def test_the_log_is_that_of_the_entries_in_order(node, objections):
    lines = objections(700)
    for start in range(0, 700, 100):
        node.intake.submit(Batch(hear_lines(lines[start : start + 100]))).result()
    checkpoint, note = node.head()
    assert checkpoint.size == 700
    assert checkpoint.root == tree.root_hash([tree.leaf_hash(hear(line).entry) for line in lines])
    assert verify_note(note, [node.log.verifier_key])


def test_what_comes_twice_is_logged_once(node, objections):
    lines = objections(3)
    first = node.intake.submit(Batch(hear_lines(lines + lines[:1]))).result()
    again = node.intake.submit(Batch(hear_lines(lines))).result()
    assert [receipt.index for receipt in first] == [0, 1, 2, 0]
    assert [(receipt.index, receipt.known) for receipt in again] == [(0, True), (1, True), (2, True)]
    assert node.size == 3


def test_many_who_send_share_a_flush_and_lose_nothing(node, objections):
    lines = objections(400)
    sizes = []
    node.intake._changed = lambda size: sizes.append(size)
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda i: node.intake.submit(Batch(hear_lines([lines[i]]))).result()[0], range(400)))
    assert sorted(receipt.index for receipt in receipts) == list(range(400))
    assert sizes == sorted(sizes)
    assert len(sizes) < 400


def test_what_is_withheld_is_so_from_the_first_moment(node, objections):
    lines = objections(2)
    node.intake.submit(Batch(hear_lines(lines), level="none", reason="under examination")).result()
    with node.store.reading() as transaction:
        kept = [find(transaction, hear(line).id) for line in lines]
        said = transaction.rows("SELECT kind, disclosure FROM statements ORDER BY seq")
        reasons = transaction.rows("SELECT level, reason FROM withheld")
    assert [item.disclosure for item in kept] == ["none", "none"]
    assert said[-1] == ("disclosure", "public")
    assert reasons == [("none", "under examination")] * 2


def test_a_node_opens_again_where_it_was(tmp_path, objections):
    node = open_node(tmp_path / "n", name="A")
    node.intake.submit(Batch(hear_lines(objections(5)))).result()
    head = node.head()
    node.close()
    again = open_node(tmp_path / "n")
    assert again.head() == head
    assert again.config.name == "A"
    again.close()


def test_a_node_that_stops_writes_what_waits_and_takes_no_more(node, objections):
    futures = [node.intake.submit(Batch(hear_lines([line]))) for line in objections(50)]
    stopping = threading.Thread(target=node.intake.close)
    stopping.start()
    stopping.join()
    assert {future.result()[0].index for future in futures} == set(range(50))
    with pytest.raises(Unavailable):
        node.intake.submit(Batch(hear_lines(objections(1, "too late"))))
