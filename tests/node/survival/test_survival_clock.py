"""A wall clock that jumps by years, both ways, while a server runs: it orders nothing and breaks nothing."""

import random
import threading
import time
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from accord.node.node import open_node
from accord.node.operating.auditing import check
from accord.records.said import Dispute, Person
from accord.trust.saying import hear, say
from accord.trust.statement import format_time, subject

DAY = 86_400
JUMPING = """
import datetime as _datetime, time as _time
_place, _real_time, _real = {place!r}, _time.time, _datetime.datetime
def _offset():
    try:
        return float(open(_place).read() or 0)
    except (OSError, ValueError):
        return 0.0
_time.time = lambda: _real_time() + _offset()
class _Jumping(_real):
    @classmethod
    def now(cls, tz=None):
        return _real.fromtimestamp(_time.time(), tz)
_datetime.datetime = _Jumping
"""


def turn(place, days):
    fresh = place.with_suffix(".new")
    fresh.write_text(str(days * DAY))
    fresh.replace(place)


def send(client, served, lines):
    answer = client.post("/api/v1/statements", content=b"\n".join(lines), headers=served.headers)
    assert answer.status_code == 200, answer.text
    return [item["index"] for item in answer.json()["lines"]]


def test_order_does_not_come_from_the_clock(make_mother, serve, tmp_path, objections):
    clock, stop, chance = tmp_path / "clock", threading.Event(), random.Random(4)
    turn(clock, 0)
    served = serve("a", mother=make_mother(before=JUMPING.format(place=str(clock))))

    def jump():
        while not stop.wait(0.003):
            turn(clock, chance.choice((-3_650, -1, -0.001, 0, 0.001, 1, 20)))

    jumping = threading.Thread(target=jump)
    jumping.start()
    try:
        lines, indices = objections(400), []
        with httpx.Client(base_url=served.url, timeout=30) as client:
            for start in range(0, 400, 4):
                indices += send(client, served, lines[start : start + 4])
                if start == 200:
                    served.kill()  # Starting under a clock that jumps is as good.
                    served.start()
    finally:
        stop.set()
        jumping.join()
    assert indices == list(range(indices[0], indices[0] + 400))
    served.kill()
    with open_node(served.folder) as node:
        assert check(node).faults == ()
        with node.store.reading() as transaction:
            rows = transaction.rows("SELECT id, received FROM statements ORDER BY seq")
    assert [row[0] for row in rows][-400:] == [hear(line).id for line in lines]
    years = {row[1][:4] for row in rows}
    assert len(years) > 1  # The clock did jump: `received` is what it showed, and nothing rests on it.


@pytest.mark.soak
def test_validity_is_that_of_each_statement_whenever_it_is_looked_at(make_mother, serve, tmp_path, lab):
    clock, now = tmp_path / "clock", datetime.now(UTC)
    turn(clock, 0)
    served = serve("a", mother=make_mother(before=JUMPING.format(place=str(clock))))
    target = "sha256:" + "ab" * 32
    record = Dispute(target=target, objection="it is wrong", by=Person(name="A", role="citizen"))
    brief, lasting = (
        say(record, "dispute", [subject("t", target)], signers=[lab], valid_days=days, now=now) for days in (2, 15)
    )
    with httpx.Client(base_url=served.url, timeout=30) as client:
        send(client, served, [brief, lasting])

        def lapsed(line):
            page = client.get(f"/statements/{hear(line).id.removeprefix('sha256:')}").raise_for_status().text
            return "Its validity has ended." in page

        for days, expected in ((0, (False, False)), (3, (True, False)), (18, (True, True)), (-3_650, (False, False))):
            turn(clock, days)
            assert (lapsed(brief), lapsed(lasting)) == expected, days
        turn(clock, 400)
        assert client.post("/api/v1/statements", content=brief, headers=served.headers).status_code == 401
        turn(clock, 0)  # A token that had expired for that clock holds again: the clock is what says so.
        assert send(client, served, [brief])
        said = client.get(f"/api/v1/statements/{hear(brief).id.removeprefix('sha256:')}").json()
    assert said["valid_until"] == format_time(now + timedelta(days=2))


@pytest.mark.soak
def test_a_request_takes_as_long_as_it_takes_whatever_the_clock_shows(make_mother, serve, tmp_path):
    """Waiting is timed by a clock that only goes forward."""
    clock = tmp_path / "clock"
    turn(clock, 0)
    served = serve("a", mother=make_mother(before=JUMPING.format(place=str(clock))))
    with httpx.Client(base_url=served.url, timeout=30) as client:
        size = client.get("/health").json()["size"]
        started = time.monotonic()
        turning = threading.Timer(0.3, turn, (clock, -3_650))
        turning.start()
        client.get(f"/api/v1/log/growth?size={size}&seconds=2").raise_for_status()
        turning.join()
    assert 1.5 < time.monotonic() - started < 6
