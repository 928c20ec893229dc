-- People who may do more than look. Times are Unix seconds. `roles` are apart by spaces, in alphabetical order.
-- `password` is an argon2id hash (RFC 9106) in PHC form; `issuer` and `subject` say whom an OpenID provider knows.
CREATE TABLE accounts (
  id TEXT PRIMARY KEY,
  login TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  office TEXT NOT NULL,
  roles TEXT NOT NULL,
  password TEXT,
  issuer TEXT,
  subject TEXT,
  created BIGINT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0,
  UNIQUE (issuer, subject)
);
-- Browsers that are logged in, tokens of programs, and links that set a password: secrets of 32 random bytes, of which
-- only the sha256 is here. A token that was made with another token names it as its parent, and ends with it.
CREATE TABLE sessions (
  hash TEXT PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (id),
  created BIGINT NOT NULL,
  seen BIGINT NOT NULL,
  expires BIGINT NOT NULL
);
CREATE INDEX sessions_by_account ON sessions (account);
CREATE TABLE tokens (
  id TEXT PRIMARY KEY,
  hash TEXT NOT NULL UNIQUE,
  account TEXT NOT NULL REFERENCES accounts (id),
  parent TEXT NOT NULL,
  name TEXT NOT NULL,
  roles TEXT NOT NULL,
  created BIGINT NOT NULL,
  expires BIGINT NOT NULL,
  used BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX tokens_by_account ON tokens (account);
-- A link without an account makes the first one.
CREATE TABLE links (
  hash TEXT PRIMARY KEY,
  account TEXT REFERENCES accounts (id),
  expires BIGINT NOT NULL
);
-- Failed log-ins by a hash of the login, or of the network that they came from.
CREATE TABLE attempts (
  who TEXT PRIMARY KEY,
  count BIGINT NOT NULL,
  last BIGINT NOT NULL
);
CREATE INDEX attempts_by_time ON attempts (last);
-- Log-ins that are at the OpenID provider now: `state` and `browser` are hashes of what comes back with the answer.
CREATE TABLE oidc_flows (
  state TEXT PRIMARY KEY,
  browser TEXT NOT NULL,
  nonce TEXT NOT NULL,
  verifier TEXT NOT NULL,
  next TEXT NOT NULL,
  expires BIGINT NOT NULL
);
