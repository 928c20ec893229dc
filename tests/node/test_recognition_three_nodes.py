"""Three countries on three addresses: published in one, judged and recognised in another; ended; revoked."""

from __future__ import annotations

import threading
import time
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from tests.node.three_nodes import (
    FRAMEWORKS,
    HERE,
    LAB,
    OTHER_LAB,
    ROOTS,
    agreement,
    give,
    trust_list,
)
from tests.recognition.conftest import assessed, make_system, sealed

from accord.node import accepting, agreeing
from accord.node.accepting import Accepting
from accord.node.auth import accounts
from accord.node.federation.following import Followers
from accord.node.federation.peers import add, meet
from accord.node.judging import Judging
from accord.node.node import open_node
from accord.node.serving import make_server, serve
from accord.records.said import Revocation

COUNTRIES = {"DE": "127.0.0.1", "KE": "127.0.0.2", "BR": "127.0.0.3"}
PROFILES = {"DE": 0.3, "KE": 0.4, "BR": 0.0001}
PROFILE = """id: {code}
title: Thresholds of {code}
author: Office of {code}
date: 2026-01-01
thresholds:
"""
THRESHOLD = "- {{measure: {measure}, threshold: {value}, source: Rule 1 of {code}}}\n"


def profile_of(code):
    """The gap between groups that a country allows, and what all of them ask for."""
    gap = PROFILES[code]
    asked = {f"fairness.{name}_gap": gap for name in ("selection_rate", "false_positive_rate", "false_negative_rate")}
    asked |= {"fairness.accuracy": 0.6, "model_files.can_execute_code": "false", "model_files.header_valid": "true"}
    lines = (THRESHOLD.format(measure=name, value=value, code=code) for name, value in asked.items())
    return PROFILE.format(code=code) + "".join(lines)


def nobody(peer, target):
    return {}


@contextmanager
def served(node, host):
    server, ready, ports = make_server(node, host, 0), threading.Event(), []

    def note(port):
        ports.append(port)
        ready.set()

    thread = threading.Thread(target=serve, args=(server, note))
    thread.start()
    try:
        assert ready.wait(20)
        yield f"http://{host}:{ports[0]}"
    finally:
        server.should_exit = True
        thread.join(20)


class Country:
    """A node of a country, its address, its program's client, and the person who decides there."""

    def __init__(self, node, url):
        self.node, self.url = node, url
        self.http = httpx.Client(base_url=url, timeout=60)
        self.decider = accounts.add(node, login="dita", name="Dita Decider", by="test", roles=["decider"]).viewer

    def counts(self, identity, code=None):
        """What of an assessment counts here, by status; with the first failing edge."""
        answer = self.http.get(
            f"/api/v1/assessments/{identity[7:]}/recognition", params={"for": code or self.code, **HERE}
        )
        assert answer.status_code == 200, answer.text
        found = answer.json()
        failing = next((step for step in found["paths"][0]["steps"] if not step["holds"]), None)
        return [p for p in found["requirements"] if p["status"] == "recognised"], failing and failing["name"]

    @property
    def code(self):
        return self.node.config.jurisdiction

    def judged(self, identity):
        answer = self.http.get(f"/api/v1/assessments/{identity[7:]}/judgement")
        return answer.json() if answer.status_code == 200 and answer.json()["state"] == "judged" else None


def until(what, seconds=20.0):
    """Wait until something is there; return it, and how long that took."""
    began = time.monotonic()
    while not (found := what()):
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.02)
    return found, time.monotonic() - began


@pytest.fixture
def world(tmp_path):
    with ExitStack() as stack:
        made = {}
        for code, host in COUNTRIES.items():
            profile = tmp_path / f"{code}.yaml"
            profile.write_text(profile_of(code))
            node = open_node(
                tmp_path / code, name=f"Register of {code}", jurisdiction=code, poll_seconds=0.2, profile=str(profile),
                requests_per_minute=10**6, frameworks=FRAMEWORKS if code != "KE" else FRAMEWORKS[:1],
            )  # fmt: skip
            stack.callback(node.close)
            made[code] = Country(node, stack.enter_context(served(node, host)))
            stack.callback(made[code].http.close)
        for country in made.values():
            for other in made.values():
                if other is not country:
                    add(country.node.store, meet(other.url, private=True), country.node.origin)
            for worker in (Followers(country.node, nobody), Judging(country.node), Accepting(country.node)):
                stack.callback(worker.close)
        yield made


def publish_lists(world):
    """Each publishes its list; each accepts all, by keys that it was told of in another way."""
    members = {code: [("authority", "authority", country.node.speaker)] for code, country in world.items()}
    members["KE"] += [("lab", "laboratory", LAB), ("second-lab", "laboratory", OTHER_LAB)]
    lists = {code: trust_list(code, members[code]) for code in world}
    for code, country in world.items():
        accepting.import_lists(country.node, [lists[code].heard.raw], [ROOTS[code].keyid])
    for country in world.values():
        for code, found in lists.items():
            if code != country.code:
                until(
                    lambda found=found, code=code, node=country.node: accepting.pin(node, found.id, [ROOTS[code].keyid])
                )


def state(country, identity):
    edges = country.http.get("/api/v1/recognition").json()["agreements"]
    return next((edge["state"] for edge in edges if edge["statement"] == identity), None)


def test_published_in_one_judged_and_recognised_in_another_ended_and_revoked(world, tmp_path):
    germany, kenya, brazil = world["DE"], world["KE"], world["BR"]
    publish_lists(world)
    agreed = agreeing.make(germany.node, germany.decider, agreement())
    until(lambda: state(kenya, agreed) == "proposed")
    agreeing.accept(kenya.node, kenya.decider, agreed)
    until(lambda: state(germany, agreed) == "in_force")
    until(lambda: state(brazil, agreed) == "in_force")

    measured = assessed(make_system(tmp_path / "loans"))
    first = give(kenya.node, sealed(measured, tmp_path / "first", key=LAB, at=agreement_time()))
    judged, took = until(lambda: germany.judged(first))
    assert took < 2, f"{took:.2f} s until Germany had judged what Kenya published"
    assert judged["jurisdiction"] == "DE" and judged["profile"] == "Thresholds of DE"
    here, _took = until(lambda: brazil.judged(first))
    verdicts = {(v["framework"], v["requirement"]): v["status"] for v in judged["verdicts"]}
    others = {(v["framework"], v["requirement"]): v["status"] for v in here["verdicts"]}
    assert any(verdicts[key] != others[key] for key in verdicts.keys() & others.keys()), "each by its own thresholds"

    recognised, failing = germany.counts(first)
    assert recognised and failing is None
    assert {point["agreement"] for point in recognised} == {agreed}
    assert brazil.counts(first) == ([], "agreement"), "Brazil has agreed to nothing: only its own thresholds"
    assert germany.counts(first, "BR") == ([], "agreement")

    second = give(kenya.node, sealed(measured, tmp_path / "second", key=LAB, at=agreement_time(1)))
    until(lambda: germany.judged(second))
    until(lambda: brazil.judged(second))
    assert germany.counts(second)[0]
    record = Revocation(target=second, reason="the wrong table", effective="2026-01-01T00:00:00Z")
    kenya.node.say(record, "revocation", [second])
    for country in (kenya, germany, brazil):
        until(lambda country=country: "the wrong table" in country.http.get(f"/assessments/{second[7:]}").text, 2.0)
    assert germany.counts(second) == ([], "not_revoked")
    assert germany.counts(first)[0], "another assessment is not touched by it"

    agreeing.end(germany.node, germany.decider, agreed, "The audits were stopped.")
    assert germany.counts(first) == ([], "agreement"), "gone at once where it was ended"
    assert state(germany, agreed) == "ended"
    until(lambda: state(kenya, agreed) == "ended", 2.0)
    assert kenya.counts(first, "DE") == ([], "agreement")
    assert germany.judged(first)["verdicts"] == judged["verdicts"], "its own thresholds judge on"


def agreement_time(days=0):
    from datetime import timedelta

    from tests.node.three_nodes import NOW

    return NOW - timedelta(days=20 + days)
