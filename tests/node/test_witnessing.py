from contextlib import ExitStack

import httpx
import pytest

from accord.node.federation.following import follow
from accord.node.federation.peers import ISOLATED, add, find, meet
from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.node.node import open_node
from accord.node.witnessing import cosign, gather, witness_keys
from accord.store.log import StoredLog, head_of, prove
from accord.trust import tree
from accord.trust.note import parse_note, verify_note
from accord.trust.proof import verify_proof
from accord.trust.saying import hear
from accord.trust.submission import Submission
from accord.trust.witness import origin_hash


@pytest.fixture
def pair(tmp_path, running):
    """A node and its witness, each following the other."""
    with ExitStack() as stack:
        nodes, urls = [], []
        for name in ("a", "b"):
            node = open_node(tmp_path / name, name=name, requests_per_minute=10**6)
            stack.callback(node.close)
            nodes.append(node)
            urls.append(stack.enter_context(running(node)))
        for node, url in zip(nodes, reversed(urls), strict=True):
            add(node.store, meet(url, private=True), node.origin)
        yield nodes


def test_a_checkpoint_is_cosigned_with_both_kinds_of_key_and_proofs_use_it(pair, objections):
    log, witness = pair
    lines = objections(5)
    log.intake.submit(Batch(hear_lines(lines))).result()
    assert gather(log) == (witness.origin,)
    keys = witness_keys(witness)
    with log.store.reading() as transaction:
        proof = prove(transaction, log.origin, 3)
    assert verify_proof(proof, tree.leaf_hash(hear(lines[3]).entry), log.log.verifier_key, keys) == tuple(keys)
    log.intake.submit(Batch(hear_lines(objections(5, "more")))).result()
    assert gather(log) == (witness.origin,)
    log.cosigned_sizes.clear()  # As after a restart: the witness says where it is.
    log.intake.submit(Batch(hear_lines(objections(1, "last")))).result()
    assert gather(log) == (witness.origin,)


def test_a_witness_cosigns_no_second_history(pair, objections):
    log, witness = pair
    log.intake.submit(Batch(hear_lines(objections(4)))).result()
    gather(log)
    follow(witness, meet_again(witness, log.origin), lambda *_: {})
    other = StoredLog(log.keys.own("log"), log.origin)
    with log.store.writing() as transaction:
        transaction.run("DELETE FROM tiles")
        transaction.run("DELETE FROM logs WHERE origin = ?", log.origin)
        other.append(transaction, [b"another", b"history", b"of", b"four"])
        forged = head_of(transaction, log.origin)[1]
    answer = cosign(witness, Submission(4, (), forged).encode())
    assert answer.status in (409, 422)
    assert not any(key.key_id.hex() in str(answer.body) for key in witness_keys(witness))
    assert meet_again(witness, log.origin).state == ISOLATED


def test_a_stranger_is_not_cosigned(pair, client, node, objections):
    _, witness = pair
    node.intake.submit(Batch(hear_lines(objections(1)))).result()
    answer = cosign(witness, Submission(0, (), node.head()[1]).encode())
    assert answer.status == 404


def test_over_http_as_the_specification_says(pair, objections):
    log, witness = pair
    log.intake.submit(Batch(hear_lines(objections(2)))).result()
    with log.store.reading() as transaction:
        url = find(transaction, witness.origin).url
    body = Submission(0, (), log.head()[1]).encode()
    first = httpx.post(f"{url}/witness/add-checkpoint", content=body)
    assert first.status_code == 200
    assert first.headers["content-type"].startswith("text/plain")
    again = httpx.post(f"{url}/witness/add-checkpoint", content=body)
    assert (again.status_code, again.headers["content-type"], again.text) == (409, "text/x.tlog.size", "2\n")
    served = httpx.get(f"{url}/witness/{origin_hash(log.origin)}/checkpoint").content
    assert set(witness_keys(witness)) <= set(
        verify_note(parse_note(served), [log.log.verifier_key, *witness_keys(witness)])
    )
    assert httpx.post(f"{url}/witness/add-checkpoint", content=b"nonsense").status_code == 400
    assert httpx.post(f"{url}/witness/add-checkpoint", content=b"x" * 200_000).status_code == 413


def meet_again(node, origin):
    with node.store.reading() as transaction:
        return find(transaction, origin)
