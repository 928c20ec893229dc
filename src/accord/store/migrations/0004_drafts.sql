-- Words of what is shown, by kind of entry (commons/searching.py). Bytes, so that every database sorts them alike.
-- Rows are derived: a projection fills in those of its kind, and clears them before it is rebuilt.
CREATE TABLE search (
  kind TEXT NOT NULL,
  term BLOB NOT NULL,
  seq BIGINT NOT NULL,
  PRIMARY KEY (kind, term, seq)
);
CREATE INDEX search_by_entry ON search (seq, kind, term);
-- What an officer is writing: no statement yet. `data` is JSON; `replaces` is the version that it would replace.
CREATE TABLE drafts (
  id TEXT PRIMARY KEY,
  office TEXT NOT NULL,
  account TEXT NOT NULL,
  entry TEXT NOT NULL DEFAULT '',
  replaces TEXT NOT NULL DEFAULT '',
  name TEXT NOT NULL DEFAULT '',
  data TEXT NOT NULL,
  created TEXT NOT NULL,
  changed TEXT NOT NULL
);
CREATE INDEX drafts_by_office ON drafts (office, changed);
-- A table that was uploaded, as long as nobody has decided which of its rows to take.
CREATE TABLE imports (
  id TEXT PRIMARY KEY,
  office TEXT NOT NULL,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  data TEXT NOT NULL,
  created TEXT NOT NULL
);
-- A link by which a supplier fills in some fields of a draft. The secret itself is not kept.
CREATE TABLE supplier_links (
  hash TEXT PRIMARY KEY,
  draft TEXT NOT NULL,
  fields TEXT NOT NULL,
  expires TEXT NOT NULL,
  said TEXT NOT NULL DEFAULT '',
  answered TEXT NOT NULL DEFAULT ''
);
CREATE INDEX supplier_links_by_draft ON supplier_links (draft);
-- Calendar feeds of an office, which show what is not public, too.
CREATE TABLE feeds (
  account TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  office TEXT NOT NULL,
  created TEXT NOT NULL
);
