"""`accord node disclose|revoke|erase`."""

import json

import pytest
from click.testing import CliRunner

from accord.cli import cli
from accord.errors import AccordError
from accord.node.node import open_node
from accord.records.said import Dispute, Person
from accord.store.statements import find, line_of
from accord.store.viewer import VISITOR

TARGET = "sha256:" + "ab" * 32


@pytest.fixture
def said(tmp_path):
    with open_node(tmp_path / "node", jurisdiction="DE") as node:
        record = Dispute(target=TARGET, objection="It is wrong.", by=Person(name="Amina", role="affected"))
        return node.say(record, "dispute", [TARGET]).id


@pytest.fixture
def run(tmp_path):
    def call(*arguments, error=None):
        told = ["node", *arguments, "--folder", str(tmp_path / "node")]
        result = CliRunner().invoke(cli, told, standalone_mode=False)
        if error is None:
            if result.exception:
                raise result.exception
            return result.output
        assert isinstance(result.exception, AccordError), result.exception
        assert (result.exception.code, bool(result.exception.remedy)) == (error, True)
        return result.exception.message

    return call


def test_who_may_read_it_is_decided_with_a_reason(run, said, tmp_path):
    assert "1 statement has another level" in run("disclose", said, "none", "--reason", "a court")
    with open_node(tmp_path / "node") as node, node.store.reading() as transaction:
        where, values = VISITOR.may_see()
        assert transaction.rows(f"SELECT 1 FROM statements WHERE id = ? AND {where}", said, *values) == []
    run("disclose", said, "none", "--reason", "again", error="as-it-is")
    run("disclose", said, "named", "--reason", "x", "--peer", "nobody.example", error="no-peers")
    run("disclose", "sha256:" + "0" * 64, "none", "--reason", "x", error="not-found")
    found = json.loads(run("disclose", said, "public", "--reason", "the court decided", "--json"))
    assert found == {"statement": said, "level": "public", "changed": 1}


def test_it_is_revoked_once(run, said):
    assert "It is revoked." in run("revoke", said, "--reason", "withdrawn")
    run("revoke", said, "--reason", "withdrawn", error="revoked-already")


def test_it_is_erased_only_by_who_is_sure(run, said, tmp_path):
    run("erase", said, "--reason", "a person asked", error="not-sure")
    found = json.loads(run("erase", said, "--reason", "a person asked", "--basis", "GDPR Art. 17", "--yes", "--json"))
    assert found == {"statement": said, "erased": 1}
    with open_node(tmp_path / "node") as node, node.store.reading() as transaction:
        assert line_of(transaction, find(transaction, said).seq) is None
    run("erase", said, "--reason", "again", "--yes", error="erased-already")
