"""Jobs that are watched and cancelled, by whoever may."""

from __future__ import annotations

import os
import time
from pathlib import Path

from accord.node.jobs.folders import folder_of
from accord.node.jobs.processes import descendants
from accord.node.jobs.watching import WATCHERS


def test_another_account_gets_404(lab, as_, table):
    job = lab.hand_in({"a.csv": table(100)})
    for stranger in (as_("publisher"), as_("officer", "decider", "reader")):
        for path in (f"/api/v1/jobs/{job}", f"/api/v1/jobs/{job}/events", f"/jobs/{job}"):
            assert stranger.get(path).status_code == 404
        for path in (f"/api/v1/jobs/{job}/cancel", f"/jobs/{job}/cancel"):
            assert stranger.post(path).status_code == 404
        assert stranger.get("/api/v1/jobs").json()["items"] == []
    operator = as_("operator")
    assert operator.get(f"/api/v1/jobs/{job}").json()["id"] == job
    assert lab.ended(job)["state"] == "done"


def test_cancelling_ends_every_process(lab, node, large, card):

    job = lab.hand_in({"scores.csv": large}, **card)
    place, mine = str(folder_of(node, job)).encode(), []
    deadline = time.monotonic() + 30
    while not mine or len(mine) < 2:  # the job's process, and a sandbox in it
        assert time.monotonic() < deadline
        mine = [pid for pid in descendants(os.getpid()) if place in _command(pid)]
    cancelled = lab.post(f"/api/v1/jobs/{job}/cancel")
    assert cancelled.status_code == 200 and cancelled.json()["state"] == "cancelled"
    while [pid for pid in mine if place in _command(pid)] or folder_of(node, job).exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert lab.ended(job)["result"] == ""
    assert lab.post(f"/api/v1/jobs/{job}/cancel").status_code == 409


def _command(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_watching_is_bounded(lab, large, card):
    job = lab.hand_in({"scores.csv": large}, **card)
    opened, chunks = [], []
    try:
        for _ in range(4):
            opened.append(lab.stream("GET", f"/api/v1/jobs/{job}/events"))
            answer = opened[-1].__enter__()
            assert answer.status_code == 200
            chunks.append(answer.iter_raw())
            assert next(chunks[-1]).startswith(b"retry:")
        assert lab.get(f"/api/v1/jobs/{job}/events").status_code == 429
    finally:
        for stream in opened:
            stream.__exit__(None, None, None)
    deadline = time.monotonic() + 10
    while WATCHERS._held:  # who goes away gives the place back
        assert time.monotonic() < deadline
        time.sleep(0.05)
    lab.post(f"/api/v1/jobs/{job}/cancel")
