-- Assessments that this node runs for its accounts. Times are Unix milliseconds. `state` is queued, running, done, failed,
-- cancelled or interrupted; `worker` names the claim that runs it, `heartbeat` is when that was last alive. `options` and
-- `progress` are JSON; `result` is the id of the assessment, noted before it is published.
CREATE TABLE jobs (
  id TEXT PRIMARY KEY,
  account TEXT NOT NULL,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  created BIGINT NOT NULL,
  started BIGINT NOT NULL DEFAULT 0,
  ended BIGINT NOT NULL DEFAULT 0,
  worker TEXT NOT NULL DEFAULT '',
  heartbeat BIGINT NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  options TEXT NOT NULL,
  progress TEXT NOT NULL,
  result TEXT NOT NULL DEFAULT '',
  code TEXT NOT NULL DEFAULT '',
  message TEXT NOT NULL DEFAULT '',
  remedy TEXT NOT NULL DEFAULT ''
);
CREATE INDEX jobs_by_state ON jobs (state, created);
CREATE INDEX jobs_by_account ON jobs (account, created);
-- What a job told of itself, in order: who watches reads on from the number that was seen last.
CREATE TABLE job_events (
  job TEXT NOT NULL,
  n INTEGER NOT NULL,
  body TEXT NOT NULL,
  PRIMARY KEY (job, n)
);
