import json

import pytest

from accord.node.hearing import hear_lines
from accord.node.intake import Batch
from accord.trust import tree
from accord.trust.checkpoint import parse_checkpoint
from accord.trust.note import VerifierKey, parse_note, verify_note
from accord.trust.proof import parse_proof, verify_proof
from accord.trust.saying import hear
from accord.trust.tiles import TiledTree, tile_path


class OverHTTP:
    """The tiles of a served log, as a stranger reads them: by the paths of c2sp.org/tlog-tiles alone."""

    place = "over HTTP"

    def __init__(self, client):
        self.client = client

    def read(self, level, index, width, limit):
        answer = self.client.get(f"/log/{tile_path(level, index, width)}")
        return answer.content if answer.status_code == 200 else None


@pytest.mark.parametrize("count", [1, 255, 256, 257, 600])
def test_a_stranger_rebuilds_the_log_from_its_tiles(node, client, objections, count):
    lines = objections(count)
    node.intake.submit(Batch(hear_lines(lines))).result()
    key = VerifierKey.parse(client.get("/api/v1/node").json()["log_key"])
    note = parse_note(client.get("/log/checkpoint").content)
    assert verify_note(note, [key])
    head = parse_checkpoint(note)
    served = TiledTree(OverHTTP(client), head.size)
    assert served.audit() == head.root
    assert list(served.entries()) == [hear(line).entry for line in lines]


def test_a_narrower_tile_stays_what_it_was(node, client, objections):
    lines = objections(10)
    node.intake.submit(Batch(hear_lines(lines[:4]))).result()
    before = [client.get(f"/log/tile/{level}/000.p/4").content for level in ("0", "entries")]
    node.intake.submit(Batch(hear_lines(lines[4:]))).result()
    assert [client.get(f"/log/tile/{level}/000.p/4").content for level in ("0", "entries")] == before


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/000", "tile/0/000.p/5", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/0", "tile/00/000.p/1",
        "tile/64/000", "tile/x/000", "tile/0/x000/000", "tile/-1/000", "tile/0/000.p/04",
        "tile/0/%2e%2e/%2e%2e/checkpoint", "tile/0/" + "x999/" * 40 + "999", "tile/entries/000.p/999", "tile/0/٠٠٠",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(node, client, objections, path):
    node.intake.submit(Batch(hear_lines(objections(4)))).result()
    assert client.get(f"/log/{path}").status_code == 404


def test_a_statement_is_found_with_its_proof(node, client, objections):
    lines = objections(30)
    receipts = node.intake.submit(Batch(hear_lines(lines))).result()
    digest = receipts[7].id.removeprefix("sha256:")
    assert client.get(f"/api/v1/statements/{digest}/envelope").content == lines[7]
    about = client.get(f"/api/v1/statements/{digest}").json()
    assert (about["kind"], about["index"], about["log"]) == ("dispute", 7, node.origin)
    proof = parse_proof(client.get(f"/api/v1/statements/{digest}/proof").content)
    verify_proof(proof, tree.leaf_hash(hear(lines[7]).entry), node.log.verifier_key)


def test_who_follows_reads_all_in_order_and_nothing_that_is_withheld(node, client, objections):
    open_lines, secret = objections(3), objections(2, "secret")
    node.intake.submit(Batch(hear_lines(open_lines))).result()
    node.intake.submit(Batch(hear_lines(secret), level="none")).result()
    rows = [json.loads(line) for line in client.get("/api/v1/log/statements").text.splitlines()]
    assert [row["index"] for row in rows] == list(range(6))
    assert [row["line"] for row in rows[:3]] == [line.decode() for line in open_lines]
    assert [(row["id"], row["line"]) for row in rows[3:5]] == [(None, None)] * 2
    for line in secret:
        digest = hear(line).id.removeprefix("sha256:")
        for tail in ("", "/envelope", "/proof"):
            assert client.get(f"/api/v1/statements/{digest}{tail}").status_code == 404
