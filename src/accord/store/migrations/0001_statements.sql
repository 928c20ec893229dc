-- A log that this node writes or mirrors, at the latest checkpoint that was verified. `speaker` is the keyid of the
-- node whose log it is: what it says of its own log (withheld, erased, revoked) holds.
CREATE TABLE logs (
  origin TEXT PRIMARY KEY,
  speaker TEXT NOT NULL DEFAULT '',
  own INTEGER NOT NULL DEFAULT 0,
  size BIGINT NOT NULL,
  root BLOB NOT NULL,
  note BLOB NOT NULL
);
-- Its tiles: level -1 holds bundles of entries. The one on the right edge grows; a narrower one is its beginning.
CREATE TABLE tiles (
  origin TEXT NOT NULL,
  level INTEGER NOT NULL,
  idx BIGINT NOT NULL,
  width INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (origin, level, idx)
);
-- Statements, in the order in which they came here. `line` is NULL when the content was erased.
CREATE TABLE statements (
  seq BIGINT PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  type TEXT NOT NULL,
  subject TEXT NOT NULL,
  keyid TEXT NOT NULL,
  created TEXT NOT NULL,
  valid_until TEXT NOT NULL,
  received TEXT NOT NULL,
  disclosure TEXT NOT NULL DEFAULT 'public',
  line BLOB
);
CREATE INDEX statements_by_kind ON statements (kind, seq);
CREATE INDEX statements_by_subject ON statements (subject, seq);
CREATE INDEX statements_by_key ON statements (keyid, seq);
-- Which entry of which log a statement is. A statement may be in several logs.
CREATE TABLE logged (
  origin TEXT NOT NULL,
  idx BIGINT NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (origin, idx)
);
CREATE INDEX logged_by_statement ON logged (seq);
-- Origins of nodes that may read a statement whose disclosure is 'named'.
CREATE TABLE disclosed_to (
  seq BIGINT NOT NULL,
  peer TEXT NOT NULL,
  PRIMARY KEY (seq, peer)
);
-- Files that a statement names by digest, such as assessment.json. They share its disclosure.
CREATE TABLE files (
  seq BIGINT NOT NULL,
  name TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  media TEXT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (seq, name)
);
