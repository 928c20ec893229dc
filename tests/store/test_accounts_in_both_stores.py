"""What accounts, sessions, tokens, links and throttling ask of a store, in SQLite and in PostgreSQL."""

import pytest

from accord.node.auth import accounts, links, sessions, throttling, tokens
from accord.node.auth.logging_in import log_in
from accord.node.auth.oidc import flow
from accord.node.federation.peers import find
from accord.node.node import open_node
from accord.node.problems import Conflict, NotFound, TooMany, Unauthenticated

SENTENCE = "my hovercraft is full of eels"


@pytest.fixture
def node(address, tmp_path):
    store = address if isinstance(address, str) else ""
    with open_node(tmp_path / "node", store=store) as made:
        yield made


def test_the_life_of_an_account(node):
    assert not accounts.has_operator(node)
    setup = links.make_link(node).rpartition("/")[2]
    assert links.read_link(node, setup).account == ""
    links.use_link(node, setup)
    with pytest.raises(NotFound):
        links.use_link(node, setup)
    ada = accounts.add(node, login="Ada", name="Ada", roles=["operator"], password=SENTENCE, by="set-up")
    with pytest.raises(accounts.Mistakes):
        accounts.add(node, login="ada", name="Ada", by="command-line")
    eve = accounts.add(node, login="eve", name="Eve", subject=("https://id.example", "7"), by="provider")
    with pytest.raises(Conflict):
        accounts.add(node, login="eve2", name="Eve", subject=("https://id.example", "7"), by="provider")
    assert accounts.find_subject(node, "https://id.example", "7") == eve
    assert [item.login for item in accounts.page_of(node)] == ["ada", "eve"]
    assert [item.login for item in accounts.page_of(node, "ada")] == ["eve"]
    assert log_in(node, "ADA", SENTENCE, "192.0.2.1") == ada
    link = links.make_link(node, eve.id).rpartition("/")[2]
    session, (token, secret) = sessions.start(node, eve.id), tokens.make(node, eve.viewer, "ci", ["reader"], 1)
    assert sessions.viewer_in(node, session).account == tokens.authenticate(node, secret)[0].account == eve.id
    assert [item.id for item in tokens.tokens_of(node, eve.id)] == [token.id]
    accounts.disable(node, eve.id, by=ada.id)
    assert sessions.viewer_in(node, session) is None
    with pytest.raises(Unauthenticated):
        tokens.authenticate(node, secret)
    with pytest.raises(NotFound):
        links.read_link(node, link)
    with pytest.raises(Conflict):
        accounts.disable(node, ada.id, by=ada.id)


def test_sessions_are_bounded_and_ended(node):
    ada = accounts.add(node, login="ada", name="Ada", password=SENTENCE, by="command-line")
    secrets = [sessions.start(node, ada.id) for _ in range(22)]
    assert len(sessions.sessions_of(node, ada.id, secrets[-1])) == 20
    sessions.end_by_id(node, ada.id, sessions.sessions_of(node, ada.id, "")[0].id)
    assert len(sessions.sessions_of(node, ada.id, "")) == 19
    keep = next(secret for secret in secrets if sessions.viewer_in(node, secret))
    sessions.end_others(node, ada.id, keep)
    assert [item.current for item in sessions.sessions_of(node, ada.id, keep)] == [True]
    sessions.end(node, keep)
    assert sessions.sessions_of(node, ada.id, keep) == []


def test_tries_are_counted(node):
    for _ in range(5):
        throttling.begin(node, "ada", "192.0.2.1")
    with pytest.raises(TooMany):
        for _ in range(3):
            throttling.begin(node, "ADA", "192.0.2.2")
    throttling.succeeded(node, "ada", "192.0.2.1")
    throttling.begin(node, "ada", "192.0.2.1")


def test_flows_and_peers_are_looked_up(node):
    with pytest.raises(Unauthenticated):
        flow._take(node, "state", "browser")
    with node.store.reading() as transaction:
        assert find(transaction, "nobody.example/log") is None
