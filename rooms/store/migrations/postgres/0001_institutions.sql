-- The partnership: tenants, institutions, departments, the written agreements
-- between institutions, and who is on duty.

-- +goose Up
CREATE TABLE tenants (
  id         TEXT NOT NULL PRIMARY KEY,
  name       TEXT NOT NULL,
  name_latin TEXT NOT NULL DEFAULT '',
  created    TIMESTAMPTZ NOT NULL
);

CREATE TABLE institutions (
  id         TEXT NOT NULL PRIMARY KEY,
  tenant     TEXT NOT NULL REFERENCES tenants (id),
  name       TEXT NOT NULL,
  name_latin TEXT NOT NULL DEFAULT '',
  tier       TEXT NOT NULL CHECK (tier IN ('village', 'township', 'county', 'city')),
  telephone  TEXT NOT NULL DEFAULT '',
  zone       TEXT NOT NULL
);
CREATE INDEX institutions_by_tenant ON institutions (tenant, name);

CREATE TABLE departments (
  id          TEXT NOT NULL PRIMARY KEY,
  tenant      TEXT NOT NULL REFERENCES tenants (id),
  institution TEXT NOT NULL REFERENCES institutions (id),
  name        TEXT NOT NULL,
  name_latin  TEXT NOT NULL DEFAULT '',
  specialty   TEXT NOT NULL,
  telephone   TEXT NOT NULL DEFAULT '',
  next        TEXT NOT NULL DEFAULT '' -- the department that rings when this one does not answer
);
CREATE INDEX departments_by_institution ON departments (tenant, institution);

CREATE TABLE agreements (
  id       TEXT NOT NULL PRIMARY KEY,
  tenant   TEXT NOT NULL REFERENCES tenants (id),
  inviting TEXT NOT NULL REFERENCES institutions (id),
  invited  TEXT NOT NULL REFERENCES institutions (id),
  kinds    JSONB NOT NULL, -- JSON array of kinds of consult
  since    TIMESTAMPTZ NOT NULL,
  until    TIMESTAMPTZ
);
CREATE INDEX agreements_between ON agreements (tenant, inviting, invited);

CREATE TABLE duties (
  tenant     TEXT NOT NULL REFERENCES tenants (id),
  department TEXT NOT NULL REFERENCES departments (id),
  person     TEXT NOT NULL,
  rank       INTEGER NOT NULL CHECK (rank BETWEEN 1 AND 9), -- 1 rings first, 2 is the deputy
  since      TIMESTAMPTZ NOT NULL,
  until      TIMESTAMPTZ,
  PRIMARY KEY (department, person, since)
);
CREATE INDEX duties_by_person ON duties (tenant, person);
