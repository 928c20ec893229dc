-- What this node's own thresholds make of an assessment. Derived from statements and from the node's settings: it can
-- be deleted at any time, and is made again. `settings` is the digest of what it was judged under; `state` is judged,
-- incomplete (evidence is not here) or failed; `body` is JSON.
CREATE TABLE judgements (
  seq BIGINT PRIMARY KEY,
  settings TEXT NOT NULL,
  state TEXT NOT NULL,
  evidence INTEGER NOT NULL,
  made TEXT NOT NULL,
  body BLOB
);
CREATE INDEX judgements_by_state ON judgements (state, seq);
-- Who handed in a report here, and what the check of its seal said of its plan.
CREATE TABLE publications (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  office TEXT NOT NULL,
  published TEXT NOT NULL,
  planned INTEGER NOT NULL,
  plan_reason TEXT NOT NULL
);
