"""Whatever is killed at whatever moment: a job goes on from what was measured, and is published once."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from accord.node.jobs import table as jobs_table
from accord.node.jobs import working as at_work
from accord.node.jobs.folders import folder_of
from accord.node.jobs.processes import descendants
from accord.node.jobs.working import Jobs
from accord.node.node import open_node
from accord.store.viewer import Viewer

SERVE = """
import sys
from accord.node.jobs import working
working.STALE_SECONDS = 3.0
from accord.cli import cli
cli(["serve", "--folder", sys.argv[1], "--port", "0", "--quiet"])
"""
OPERATOR = Viewer(account="x", roles=frozenset({"operator"}))


@contextmanager
def served(folder):
    """A node in a process of its own: yields the process and its address."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, str(folder)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    try:
        yield process, re.search(r"http://[\d.:]+", process.stdout.readline().decode())[0]
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def results_of(client, job):
    """How many inspectors are through, as the job tells."""
    told = client.get(f"/api/v1/jobs/{job}").json()
    return told["progress"]["done"], told["state"]


def commands(pids):
    found = {}
    for pid in pids:
        try:
            found[pid] = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
    return {pid: line for pid, line in found.items() if line}


def test_the_node_is_killed_in_the_middle(tmp_path, large, card):
    from .conftest import Client, token_of

    with open_node(tmp_path / "n", jurisdiction="DE", requests_per_minute=1_000_000, workers=2) as node:
        token = token_of(node, "pub", "publisher")
    headers = {"authorization": f"Bearer {token}"}
    with served(tmp_path / "n") as (process, url), Client(base_url=url, headers=headers) as client:
        job = client.hand_in({"scores.csv": large}, **card)
        deadline = time.monotonic() + 60
        while (through := results_of(client, job))[0] < 1:
            assert through[1] in ("queued", "running") and time.monotonic() < deadline
            time.sleep(0.02)
        place = str(folder_of(node, job)).encode()
        orphans = [pid for pid, line in commands(descendants(process.pid)).items() if place in line]
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert orphans
    killed = time.time()
    deadline = time.monotonic() + 10
    while place in b"".join(commands(orphans).values()):  # they end with it
        assert time.monotonic() < deadline
        time.sleep(0.05)
    with served(tmp_path / "n") as (process, url), Client(base_url=url, headers=headers, timeout=60) as client:
        record = client.record_of(job)
        done = client.get(f"/api/v1/jobs/{job}").json()
        assert done["attempts"] == 2
        told = client.get(f"/api/v1/jobs/{job}/events").text
    reused = [item for item in record.evidence if item.id in record.environment.reused]
    assert reused  # what was measured is not measured again
    assert all(time.strptime(item.started, "%Y-%m-%dT%H:%M:%SZ") <= time.gmtime(killed) for item in reused)
    assert '"stage":"again"' in told and '"reused":true' in told
    with open_node(tmp_path / "n") as node, node.store.reading() as transaction:
        assert transaction.rows("SELECT id FROM statements WHERE kind = 'assessment'") == [(done["result"],)]


@pytest.fixture
def still(tmp_path):
    """A node without workers."""
    node = open_node(tmp_path / "still", jurisdiction="DE", workers=2)
    yield node
    node.close()


@pytest.fixture
def queued(still, table, card):
    """Puts a job with a small table into the queue of a node; returns its id."""
    from accord.node.auth import accounts
    from accord.node.jobs.asked import Uploaded
    from accord.node.jobs.asking import read_asked
    from accord.node.jobs.folders import new_id
    from accord.node.jobs.uploading import Upload

    account = accounts.add(still, login="pub", name="p", by="test", roles=["publisher"])

    def put(data=None):
        identity, data = new_id(), data or table(200)
        folder = folder_of(still, identity)
        (folder / "upload").mkdir(parents=True)
        (folder / "upload" / "0").write_bytes(data)
        files = [Uploaded(name="scores.csv", size=len(data))]
        asked = read_asked(Upload({name: [text] for name, text in card.items()}, files))
        with still.store.writing() as transaction:
            jobs_table.add(transaction, identity, account.id, asked)
        return identity

    return put


def wait_for(node, job, wanted, seconds=60):
    deadline = time.monotonic() + seconds
    while True:
        with node.store.reading() as transaction:
            found = jobs_table.find(transaction, OPERATOR, job)
        if wanted(found):
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def of_kind(node, kind):
    with node.store.reading() as transaction:
        return [row[0] for row in transaction.rows("SELECT id FROM statements WHERE kind = ?", kind)]


def test_a_process_that_is_killed_is_begun_again_once(still, queued, monkeypatch):
    begun = []

    class Doomed(at_work.Process):
        def __init__(self, folder):
            super().__init__(folder)
            begun.append(folder)
            self._process.kill()

    monkeypatch.setattr(at_work, "Process", Doomed)
    job, worker = queued(), Jobs(still)
    try:
        ended = wait_for(still, job, lambda found: not found.open)
    finally:
        worker.close()
    assert (ended.state, ended.failure.code, len(begun)) == ("interrupted", "interrupted", 2)
    assert of_kind(still, "assessment") == []


def test_killed_after_it_was_logged_and_before_that_was_noted(still, queued, monkeypatch):
    """The worst moment: the statements are in the log, and the table does not know."""
    whole, calls = at_work.publish, []

    def published_then_gone(*arguments):
        whole(*arguments)
        calls.append(len(of_kind(still, "evidence")))
        if len(calls) == 1:
            raise RuntimeError("killed here")

    monkeypatch.setattr(at_work, "publish", published_then_gone)
    monkeypatch.setattr(at_work.logger, "exception", lambda *_: None)
    job, worker = queued(), Jobs(still)
    try:
        ended = wait_for(still, job, lambda found: not found.open)
    finally:
        worker.close()
    assert (ended.state, ended.attempts) == ("done", 2)
    assert of_kind(still, "assessment") == [ended.result]
    assert calls[0] == calls[1] == len(of_kind(still, "evidence"))


def test_a_node_that_stops_in_order_gives_its_job_back(still, queued, large):
    job = queued(large)
    with closing(Jobs(still)):
        wait_for(still, job, lambda found: found.state == "running" and found.progress.stage != "waiting")
    with still.store.reading() as transaction:
        found = jobs_table.find(transaction, OPERATOR, job)
    assert (found.state, found.attempts) == ("queued", 0)
    assert not [line for line in commands(descendants(os.getpid())).values() if job.encode() in line]
    again = Jobs(still)
    try:
        assert wait_for(still, job, lambda found: not found.open).state == "done"
    finally:
        again.close()


def test_an_account_that_was_disabled_publishes_nothing(still, queued):
    from accord.node.auth import accounts

    job = queued()
    with still.store.reading() as transaction:
        account = jobs_table.find(transaction, OPERATOR, job).account
    accounts.disable(still, account, by="test")
    worker = Jobs(still)
    try:
        ended = wait_for(still, job, lambda found: not found.open)
    finally:
        worker.close()
    assert (ended.state, ended.failure.code) == ("failed", "not-allowed")
    assert of_kind(still, "assessment") == []


def test_what_is_left_of_uploads_and_jobs_goes(still, queued, monkeypatch):
    from accord.node.jobs.folders import new_id, sweep

    monkeypatch.setattr(at_work, "_IDLE_SECONDS", 0.05)
    abandoned, fresh, strange = (folder_of(still, name) for name in (new_id(), new_id(), "notes"))
    for folder in (abandoned, fresh, strange):
        (folder / "upload").mkdir(parents=True)
    os.utime(abandoned, (1, 1))
    waiting = queued()
    sweep(still)
    assert not abandoned.exists() and fresh.exists() and strange.exists() and folder_of(still, waiting).exists()
    jobs_table.cancel(still.store, OPERATOR, waiting)
    sweep(still)
    assert not folder_of(still, waiting).exists()


def test_an_upload_is_kept_as_long_as_the_settings_say(tmp_path, still, queued, monkeypatch):
    from msgspec.structs import replace

    from accord.node.jobs.folders import sweep

    still.config = replace(still.config, upload_days=2)
    job, worker = queued(), Jobs(still)
    try:
        wait_for(still, job, lambda found: found.state == "done")
    finally:
        worker.close()
    folder, day = folder_of(still, job), 24 * 60 * 60 * 1000
    assert sorted(path.name for path in folder.iterdir()) == ["task.json", "upload"]
    now = jobs_table.now()
    for days, kept in ((1.9, True), (2.1, False)):
        monkeypatch.setattr(jobs_table, "now", lambda days=days: now + int(days * day))
        sweep(still)
        assert folder.exists() == kept
