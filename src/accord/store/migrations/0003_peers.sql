-- Nodes that this one follows. `key` (base64) signs what the node says, `log_key` is the verifier key of its log.
-- `fetched`: entries whose tiles are here, signed for or not; `asked`: entries whose content was asked for.
CREATE TABLE peers (
  origin TEXT PRIMARY KEY,
  url TEXT NOT NULL,
  name TEXT NOT NULL,
  jurisdiction TEXT NOT NULL,
  key TEXT NOT NULL,
  log_key TEXT NOT NULL,
  private INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'following',
  reason TEXT NOT NULL DEFAULT '',
  added TEXT NOT NULL,
  fetched BIGINT NOT NULL DEFAULT 0,
  asked BIGINT NOT NULL DEFAULT 0,
  reached TEXT NOT NULL DEFAULT '',
  failures INTEGER NOT NULL DEFAULT 0,
  error TEXT NOT NULL DEFAULT ''
);
-- Entries of a peer's log whose content it withheld when we asked.
CREATE TABLE not_shown (
  origin TEXT NOT NULL,
  idx BIGINT NOT NULL,
  PRIMARY KEY (origin, idx)
);
