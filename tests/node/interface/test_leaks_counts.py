"""What is withheld changes nothing for who may not see it: no count, no order, no end of a list.

The node is walked, statements of every kind come in, and it is walked again: all answers are the same but those below.
"""

from __future__ import annotations

import pytest
from tests.node.interface.walking import answers

SAID_OF_BASE = ("dispute", "agreement", "certificate", "plan")
TELL_THE_SIZE = {
    "/", "/?lang=ar", "/health", "/metrics", "/log", "/log?before=50", "/log/checkpoint", "/api/v1/log/growth",
    "/api/v1/log/statements", "/api/v1/log/statements?start=100", "/api/v1/statements/{base}/proof",
}  # fmt: skip
"""How many entries the log has is public: that is what makes it a log."""
TELL_OF_OBJECTIONS = {"/statements/{base}", "/assessments/{base}", "/api/v1/statements/{base}/disputes"}
"""That somebody has objected is public, so that no owner hides it; what was said is not."""
TELL_OF_WITHHOLDING = {"/feed.atom", *(f"/statements/{{{kind} public}}" for kind in SAID_OF_BASE)}
"""A node says in public that it withholds or erases, and why; and of a subject, how often it does."""
BY_DESIGN = TELL_THE_SIZE | TELL_OF_OBJECTIONS | TELL_OF_WITHHOLDING


@pytest.mark.parametrize("tag", ["none", "erased", pytest.param("none revoked", marks=pytest.mark.soak)])
def test_what_comes_in_and_may_not_be_seen_changes_no_answer(world, tag):
    who = ("visitor", "reader", "other node")
    before = [answers(world, name) for name in who]
    world.add(tag)
    for name, sound in zip(who, before, strict=True):
        now = answers(world, name)
        changed = {target for target, answer in sound.items() if answer != now[target]}
        assert not changed - BY_DESIGN, name
        assert {"/health", "/feed.atom"} <= changed  # Something came in.
