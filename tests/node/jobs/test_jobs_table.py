"""The table of jobs on both stores: claimed once, in fair turns, begun again when a worker is gone."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accord.node.jobs import table
from accord.node.jobs.asked import Asked, Event, Failure, Uploaded
from accord.node.problems import Conflict, NotFound, TooMany
from accord.store import open_store
from accord.store.viewer import Viewer

ASKED = Asked(files=(Uploaded(name="a.csv", size=3),))
ALICE, BOB = Viewer(account="alice"), Viewer(account="bob")
OPERATOR = Viewer(account="op", roles=frozenset({"operator"}))


@pytest.fixture
def at(monkeypatch):
    """A clock that a test turns: it goes on by a millisecond each time it is read."""

    class Clock:
        time = 1_000_000

        def __call__(self):
            self.time += 1
            return self.time

    clock = Clock()
    monkeypatch.setattr(table, "now", clock)
    return clock


def queue(store, *jobs):
    for identity, account in jobs:
        with store.writing() as transaction:
            table.add(transaction, identity, account, ASKED)


def look(store, identity, viewer=OPERATOR):
    with store.reading() as transaction:
        return table.find(transaction, viewer, identity)


def test_a_job_is_claimed_once_by_whoever_is_first(store):
    for account in range(6):
        queue(store, *((f"{account}{number}", f"account{account}") for number in range(5)))
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda number: table.claim(store, f"worker{number}"), range(36)))
    claimed = [job.id for job in found if job]
    assert len(claimed) == len(set(claimed)) == 30
    assert found.count(None) == 6


def test_accounts_take_turns(store, at):
    queue(store, ("a1", "alice"), ("a2", "alice"), ("a3", "alice"), ("b1", "bob"), ("b2", "bob"))
    order = []
    for turn in range(5):
        job = table.claim(store, f"w{turn}")
        assert job.state == "running" and job.attempts == 1
        order.append(job.id)
        assert table.finish(store, job.id, f"w{turn}", "done")
    assert order == ["a1", "b1", "a2", "b2", "a3"]


def test_who_has_nothing_running_is_next(store, at):
    queue(store, ("a1", "alice"), ("b1", "bob"), ("a2", "alice"), ("a3", "alice"), ("b2", "bob"))
    first, second = table.claim(store, "w1"), table.claim(store, "w2")
    assert (first.id, second.id) == ("a1", "b1")
    table.finish(store, "b1", "w2", "done")
    assert table.claim(store, "w3").id == "b2"  # alice's turn was longer ago, but hers still runs


def test_a_lost_worker_costs_an_attempt_and_two_cost_the_job(store, at):
    queue(store, ("a1", "alice"))
    table.claim(store, "w1")
    at.time += 5_000
    assert table.recover(store, 10_000) == 0
    at.time += 6_000
    assert table.recover(store, 10_000, held={"w1"}) == 0
    assert table.recover(store, 10_000) == 1
    assert look(store, "a1").state == "queued"
    assert not table.beat(store, "a1", "w1")  # it comes back, and learns that it lost the job
    assert not table.finish(store, "a1", "w1", "done")
    assert table.claim(store, "w2").attempts == 2
    at.time += 11_000
    assert table.recover(store, 10_000) == 1
    ended = look(store, "a1")
    assert ended.state == "interrupted" and ended.failure.code == "interrupted" and ended.failure.remedy
    assert table.claim(store, "w3") is None


def test_a_node_that_stops_in_order_costs_no_attempt(store, at):
    queue(store, ("a1", "alice"))
    for turn in range(5):
        assert table.claim(store, f"w{turn}").attempts == 1
        table.let_go(store, "a1", f"w{turn}", counted=False)
    assert look(store, "a1").state == "queued"


def test_cancelling(store, at):
    queue(store, ("a1", "alice"), ("a2", "alice"))
    with pytest.raises(NotFound):
        table.cancel(store, BOB, "a1")
    assert table.cancel(store, ALICE, "a1").state == "cancelled"
    table.claim(store, "w1")
    assert table.cancel(store, OPERATOR, "a2").state == "cancelled"
    assert not table.beat(store, "a2", "w1")
    assert not table.note_result(store, "a2", "w1", "sha256:00")
    with pytest.raises(Conflict):
        table.cancel(store, ALICE, "a1")


def test_what_is_being_published_is_not_cancelled(store, at):
    queue(store, ("a1", "alice"))
    table.claim(store, "w1")
    assert table.note_result(store, "a1", "w1", "sha256:00")
    with pytest.raises(Conflict):
        table.cancel(store, ALICE, "a1")
    failure = Failure(code="x", message="m", remedy="r")
    assert table.finish(store, "a1", "w1", "failed", failure)
    assert look(store, "a1").failure == failure


def test_each_sees_the_own_jobs_and_an_operator_all(store, at):
    queue(store, ("a1", "alice"), ("b1", "bob"), ("a2", "alice"))
    with store.reading() as transaction:
        assert [job.id for job in table.latest(transaction, ALICE, 10)] == ["a2", "a1"]
        assert [job.id for job in table.latest(transaction, OPERATOR, 10)] == ["a2", "b1", "a1"]
        assert [job.id for job in table.latest(transaction, OPERATOR, 10, look(store, "b1").created)] == ["a1"]
        with pytest.raises(NotFound):
            table.find(transaction, ALICE, "b1")
        assert table.ahead_of(transaction, look(store, "a2")) == 2


def test_an_account_has_a_limit_of_its_own(store, at):
    queue(store, *((f"a{number}", "alice") for number in range(table.MOST_OPEN)))
    with pytest.raises(TooMany):
        queue(store, ("one-more", "alice"))
    queue(store, ("b1", "bob"))
    table.cancel(store, ALICE, "a0")
    queue(store, ("one-more", "alice"))


def test_what_a_job_tells_is_numbered_and_bounded(store, at, monkeypatch):
    monkeypatch.setattr(table, "MOST_EVENTS", 5)
    queue(store, ("a1", "alice"))
    table.claim(store, "w1")
    told = [Event(kind="result", stage="measuring", inspector=f"i{number}", detail="\x00é") for number in range(8)]
    assert table.beat(store, "a1", "w1", told[:3]) and table.beat(store, "a1", "w1", told[3:])
    with store.reading() as transaction:
        assert table.events(transaction, "a1") == list(enumerate(told[:5], 1))
        assert table.events(transaction, "a1", after=3) == [(4, told[3]), (5, told[4])]
    assert look(store, "a1").progress == told[7]


def test_what_ended_long_ago_is_forgotten(store, at):
    queue(store, ("a1", "alice"), ("a2", "alice"))
    table.claim(store, "w1")
    table.beat(store, "a1", "w1", [Event(kind="stage", stage="reading")])
    table.finish(store, "a1", "w1", "done")
    table.forget_before(store, at.time + 1)
    with store.reading() as transaction:
        assert [job.id for job in table.latest(transaction, OPERATOR, 10)] == ["a2"]
        assert table.events(transaction, "a1") == []


_STEP = st.tuples(
    st.sampled_from(["queue", "claim", "finish", "cancel", "publish", "die", "recover", "stop"]), st.integers(0, 7)
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(_STEP, max_size=40))
def test_whatever_happens_a_job_has_one_worker_and_ends_once(tmp_path_factory, steps):
    """A model in a few lines against the table: the state of each job, and who holds it."""
    store = open_store(tmp_path_factory.mktemp("model") / "s.sqlite")
    model, holder, attempts, result, clock = {}, {}, {}, set(), [0]
    patch = pytest.MonkeyPatch()
    patch.setattr(table, "now", lambda: clock[0])
    for number, (step, which) in enumerate(steps):
        clock[0] += 1
        name = f"j{which}"
        if step == "queue" and name not in model:
            queue(store, (name, f"account{which % 3}"))
            model[name], attempts[name] = "queued", 0
        elif step == "claim":
            job = table.claim(store, f"w{number}")
            assert (job is None) == ("queued" not in model.values())
            if job:
                assert model[job.id] == "queued"
                model[job.id], holder[job.id] = "running", f"w{number}"
                attempts[job.id] += 1
        elif name in model and step in ("finish", "publish", "die", "stop"):
            worker, held = holder.get(name, "nobody"), model[name] == "running"
            if step == "finish":
                assert table.finish(store, name, worker, "done") == held
                model[name] = "done" if held else model[name]
            elif step == "publish":
                assert table.note_result(store, name, worker, "sha256:00") == held
                result |= {name} if held else set()
            elif held:
                table.let_go(store, name, worker, counted=step == "die")
                attempts[name] -= step == "stop"
                model[name] = "queued" if attempts[name] < table.MOST_ATTEMPTS else "interrupted"
        elif name in model and step == "cancel":
            if model[name] in ("queued", "running") and name not in result:
                table.cancel(store, OPERATOR, name)
                model[name] = "cancelled"
            else:
                with pytest.raises(Conflict):
                    table.cancel(store, OPERATOR, name)
        elif step == "recover":
            clock[0] += 100
            running = [job for job, state in model.items() if state == "running"]
            assert table.recover(store, 50) == len(running)
            for job in running:
                model[job] = "queued" if attempts[job] < table.MOST_ATTEMPTS else "interrupted"
        assert {job: look(store, job).state for job in model} == model
    patch.undo()
    store.close()
