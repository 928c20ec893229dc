-- A decision on a foreign assessment on its way: no statement yet. `body` is JSON; `state` is open (its preparer edits
-- it), handed (the preparer has signed, the one who is named decides) or decided. `version` counts changes.
CREATE TABLE decision_drafts (
  id TEXT PRIMARY KEY,
  assessment TEXT NOT NULL,
  preparer TEXT NOT NULL,
  decider TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  remark TEXT NOT NULL DEFAULT '',
  statement TEXT NOT NULL DEFAULT '',
  body BLOB NOT NULL,
  version BIGINT NOT NULL,
  created TEXT NOT NULL,
  changed TEXT NOT NULL
);
CREATE INDEX decision_drafts_by_state ON decision_drafts (state, changed);
