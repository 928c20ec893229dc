"""Plans, and the assessments that name one."""

from __future__ import annotations

from ...records.plan import Plan
from ...store import Transaction
from ...store.statements import Kept
from ...trust.saying import Heard


class Plans:
    """A row each. What a plan says is its signer's word; that it was logged before a run, the run's proof shows."""

    name = "plans"
    version = 1
    kinds = frozenset({"plan", "assessment"})
    tables = ("plans", "plan_runs")
    script = """
CREATE TABLE plans (
  seq BIGINT PRIMARY KEY,
  name TEXT NOT NULL,
  runs INTEGER NOT NULL,
  gates TEXT NOT NULL,
  why TEXT NOT NULL
);
CREATE TABLE plan_runs (
  seq BIGINT PRIMARY KEY,
  plan TEXT NOT NULL
);
CREATE INDEX plan_runs_by_plan ON plan_runs (plan, seq);
"""

    def apply(self, transaction: Transaction, kept: Kept, heard: Heard) -> None:
        """Take in a plan, or an assessment that followed one; see `Projection`."""
        if kept.kind == "assessment":
            plan = heard.statement.predicate.get("plan")
            if isinstance(plan, str) and plan:
                transaction.run("INSERT INTO plan_runs (seq, plan) VALUES (?, ?)", kept.seq, _text(plan, 100))
            return
        said = heard.record(Plan)
        transaction.run(
            "INSERT INTO plans (seq, name, runs, gates, why) VALUES (?, ?, ?, ?, ?)",
            kept.seq, _text(said.subject.name, 300), len(said.runs), _text(", ".join(said.gates), 1_000),
            _text(said.why, 2_000),
        )  # fmt: skip


def _text(text: str, most: int) -> str:
    return text[:most].replace("\x00", "\N{REPLACEMENT CHARACTER}")  # PostgreSQL keeps no NUL in a text


PROJECTION = Plans()
