"""The interface against its own description: schemathesis sends what it allows and what it forbids, and looks on.

All of its checks are on, for valid and invalid data; what CONFIG excepts, it says why. Each finding is printed with a
curl command that repeats it.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from accord.node.auth import accounts, tokens
from accord.store.viewer import ROLES as ALL

HOOKS = '''
import schemathesis


@schemathesis.serializer("application/x-ndjson", "text/plain")
def text(context, value):
    """Bodies that are read as they come."""
    return value if isinstance(value, bytes) else str(value).encode()


@schemathesis.deserializer("application/x-ndjson", "application/octet-stream", "text/event-stream")
def as_it_is(context, response):
    """Answers that are no JSON."""
    return response.content.decode("latin-1")
'''
CONFIG = """
[checks.positive_data_acceptance]
# 422: what has the right shape is read then, and may not hold: a signature, a day, the name of a field.
expected-statuses = ["2xx", "401", "403", "404", "409", "422", "429", "503"]

[[operations]]
include-operation-id = "addCheckpoint"
# c2sp.org/tlog-witness has 400 for it.
checks.positive_data_acceptance.expected-statuses = ["2xx", "400", "403", "404", "409", "422"]

[[operations]]
include-operation-id = "publishStatements"
# Each line is answered by itself: one that is no statement is refused within a 200.
checks.negative_data_rejection.expected-statuses = ["200", "400", "401", "403", "413", "422"]
"""
WITHOUT_WAITING = """
[parameters]
"query.seconds" = 0  # It waits so long, as it is asked to.
"""
KNOWN = """
"path.digest" = "{digest}"
"path.entry" = "{entry}"
"path.job_id" = "{job}"
"path.identity" = "{body}"
"path.name" = "assessment.json"
"""
ROLES = {role: (role,) for role in ALL} | {"everything": ALL}


@pytest.fixture
def fuzz(world, tmp_path):
    """fuzz(who, options…): what schemathesis says of the running node, asked with a token of that role.

    `known`: whether to ask for what is there only.
    """
    there = {"digest": world.base.digest, "entry": world.extra["entry public"], "job": world.private["job"]}
    known_here = KNOWN.format(**there, body=world.extra["body public"].removeprefix("sha256:"))
    (tmp_path / "hooks.py").write_text(HOOKS)

    def made(who, *options, known=True):
        (tmp_path / "st.toml").write_text(CONFIG + WITHOUT_WAITING + (known_here if known else ""))
        headers = []
        if who != "visitor":
            account = accounts.add(
                world.node, login=f"fuzz-{who}", name="Fuzz", office="Transport", roles=ROLES[who], by="t"
            )
            token = tokens.make(world.node, account.viewer, "fuzz", set(ROLES[who]), 30)[1]
            headers = ["-H", f"Authorization: Bearer {token}"]
        command = [
            sys.executable, "-m", "schemathesis.cli", "--config-file", "st.toml", "run",
            f"{world.url}/api/openapi.json", "--checks", "all", "--seed", "1", "--no-color", "--request-timeout", "30",
            "--continue-on-failure", *options, *headers,
        ]  # fmt: skip
        surroundings = {**os.environ, "SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(tmp_path)}
        done = subprocess.run(command, cwd=tmp_path, env=surroundings, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-12_000:] + done.stderr[-3_000:]
        return done.stdout

    return made


def test_a_visitor_finds_what_the_description_says(fuzz):
    assert " passed" in fuzz("visitor", "--phases", "fuzzing", "--max-examples", "2", known=False)


def test_a_token_with_every_role_finds_what_the_description_says(fuzz):
    assert " passed" in fuzz("everything", "--phases", "examples,coverage")


@pytest.mark.soak
@pytest.mark.parametrize("who", ["visitor", *ROLES])
def test_everybody_finds_what_the_description_says(fuzz, who):
    assert " passed" in fuzz(who, "--phases", "examples,coverage,fuzzing,stateful", "--max-examples", "60")


@pytest.mark.soak
@pytest.mark.parametrize("who", ["visitor", "everything"])
def test_whatever_is_asked_for_is_answered_as_the_description_says(fuzz, who):
    assert " passed" in fuzz(who, "--phases", "coverage,fuzzing", "--max-examples", "60", known=False)
