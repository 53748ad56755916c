-- People and what lets them in: roles, secrets, sessions, one-time links,
-- signing keys and tickets spent. Secrets are hashed or sealed before they
-- come here.

-- +goose Up
CREATE TABLE people (
  id            TEXT NOT NULL PRIMARY KEY,
  tenant        TEXT NOT NULL REFERENCES tenants (id),
  login         TEXT NOT NULL UNIQUE,
  name          TEXT NOT NULL,
  name_latin    TEXT NOT NULL DEFAULT '',
  title         TEXT NOT NULL DEFAULT '',
  licence       TEXT NOT NULL DEFAULT '',
  licence_until TIMESTAMP,
  specialty     TEXT NOT NULL DEFAULT '',
  department    TEXT NOT NULL DEFAULT '',
  telephone     TEXT NOT NULL DEFAULT '',
  locale        TEXT NOT NULL DEFAULT '',
  zone          TEXT NOT NULL DEFAULT '',
  disabled      BOOLEAN NOT NULL DEFAULT FALSE,
  totp          BOOLEAN NOT NULL DEFAULT FALSE,
  epoch         BIGINT NOT NULL DEFAULT 0, -- raised by every revocation
  created       TIMESTAMP NOT NULL
);
CREATE INDEX people_by_tenant ON people (tenant, name);

CREATE TABLE grants (
  person      TEXT NOT NULL REFERENCES people (id),
  position    INTEGER NOT NULL, -- order in which they were given
  tenant      TEXT NOT NULL,
  institution TEXT REFERENCES institutions (id), -- NULL: the whole partnership
  role        TEXT NOT NULL,
  since       TIMESTAMP NOT NULL,
  until       TIMESTAMP,
  PRIMARY KEY (person, position)
);
CREATE INDEX grants_by_role ON grants (tenant, role, institution);

CREATE TABLE credentials (
  person  TEXT NOT NULL PRIMARY KEY REFERENCES people (id),
  hash    TEXT NOT NULL DEFAULT '',
  secret  BLOB,
  pending BLOB,
  step    BIGINT NOT NULL DEFAULT 0 -- last TOTP step used
);

CREATE TABLE sessions (
  id            TEXT NOT NULL PRIMARY KEY,
  person        TEXT NOT NULL REFERENCES people (id),
  tenant        TEXT NOT NULL,
  hash          BLOB NOT NULL UNIQUE,
  epoch         BIGINT NOT NULL,
  created       TIMESTAMP NOT NULL,
  seen          TIMESTAMP NOT NULL,
  expires       TIMESTAMP NOT NULL,
  locked        BOOLEAN NOT NULL DEFAULT FALSE,
  second_factor BOOLEAN NOT NULL DEFAULT FALSE,
  address       TEXT NOT NULL DEFAULT ''
);
CREATE INDEX sessions_by_person ON sessions (person);
CREATE INDEX sessions_by_end ON sessions (expires);

CREATE TABLE links (
  id      TEXT NOT NULL PRIMARY KEY,
  kind    TEXT NOT NULL CHECK (kind IN ('reset', 'enrolment')),
  hash    BLOB NOT NULL UNIQUE,
  tenant  TEXT NOT NULL,
  person  TEXT NOT NULL DEFAULT '',
  issuer  TEXT NOT NULL DEFAULT '',
  factor  BOOLEAN NOT NULL DEFAULT FALSE,
  created TIMESTAMP NOT NULL,
  expires TIMESTAMP NOT NULL,
  used    TIMESTAMP
);

CREATE TABLE signing_keys (
  id      TEXT NOT NULL PRIMARY KEY,
  public  BLOB NOT NULL,
  private BLOB NOT NULL, -- sealed
  since   TIMESTAMP NOT NULL,
  retire  TIMESTAMP NOT NULL,
  until   TIMESTAMP NOT NULL
);

CREATE TABLE spent_tickets (
  id      TEXT NOT NULL PRIMARY KEY,
  expires TIMESTAMP NOT NULL
);
CREATE INDEX spent_tickets_by_end ON spent_tickets (expires);
