"""Workers and the node that they look into: who ends first, and what is said if that goes wrong."""

import threading
import time

import pytest

from accord.errors import Unavailable
from accord.node import workers
from accord.node.jobs.working import Jobs
from accord.node.node import open_node


def threads():
    return set(threading.enumerate())


def since(before):
    """The names of the threads that began since; other nodes of this process have some of the same names."""
    return {thread.name for thread in threads() - before}


def test_all_workers_end_before_the_node_is_closed(tmp_path, caplog):
    before = threads()
    with open_node(tmp_path / "node") as node:
        with workers.working(node):
            assert {"followers", "cosigning", "judging", "accepting", "jobs-0"} <= since(before)
        assert since(before) == {"intake"}
    assert since(before) == set()
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.mark.parametrize("step", ["start", "close"])
def test_if_one_worker_fails_the_others_end_all_the_same(node, monkeypatch, step):
    class Failing:
        def __init__(self, _node):
            if step == "start":
                raise Unavailable("no-room", "no room", "")

        def close(self):
            raise Unavailable("no-room", "no room", "")

    before = threads()
    monkeypatch.setattr(workers, "Judging" if step == "start" else "Jobs", Failing)
    with pytest.raises(Unavailable, match="no room"), workers.working(node):
        assert step == "close"
    assert since(before) == set()


def test_workers_that_outlive_their_node_are_told_and_leave_no_traceback(tmp_path, caplog):
    with open_node(tmp_path / "node") as node:
        jobs = Jobs(node)
    deadline = time.monotonic() + 20
    while not caplog.records and time.monotonic() < deadline:
        time.sleep(0.05)
    jobs.close()
    assert {record.getMessage() for record in caplog.records} == {
        "a job can't go on: the store was closed: the node has stopped"
    }
    assert [record for record in caplog.records if record.exc_info] == []
