-- What this node, as a witness, cosigned last of each log.
CREATE TABLE witnessed (
  origin TEXT PRIMARY KEY,
  size BIGINT NOT NULL,
  root BLOB NOT NULL,
  note BLOB NOT NULL
);
-- The latest checkpoint of our own log that others cosigned.
CREATE TABLE cosigned (
  origin TEXT PRIMARY KEY,
  size BIGINT NOT NULL,
  note BLOB NOT NULL
);
-- The keys with which a peer cosigns, each a verifier key, apart by spaces; empty if it is no witness.
ALTER TABLE peers ADD COLUMN witness TEXT NOT NULL DEFAULT '';
