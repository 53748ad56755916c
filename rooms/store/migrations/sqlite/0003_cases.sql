-- Consults. The document is the truth; the columns beside it are what lists,
-- queues and guards look for. What a transition writes stands here together:
-- the case and its history, seats, busy intervals, timers, audit and outbox
-- entries, and the answer to an idempotency key.

-- +goose Up
CREATE TABLE case_numbers (
  tenant TEXT NOT NULL PRIMARY KEY REFERENCES tenants (id),
  last   BIGINT NOT NULL
);

CREATE TABLE cases (
  id           TEXT NOT NULL PRIMARY KEY,
  tenant       TEXT NOT NULL REFERENCES tenants (id),
  number       BIGINT NOT NULL,
  version      BIGINT NOT NULL,
  state        TEXT NOT NULL,
  since        TIMESTAMP NOT NULL,
  due          TIMESTAMP,
  kind         TEXT NOT NULL,
  urgency      TEXT NOT NULL,
  priority     INTEGER NOT NULL, -- of the urgency: 0 emergency, 1 urgent, 2 routine
  institution  TEXT NOT NULL,
  author       TEXT NOT NULL,
  invited      TEXT NOT NULL DEFAULT '',
  department   TEXT NOT NULL DEFAULT '',
  specialty    TEXT NOT NULL DEFAULT '',
  patient      TEXT NOT NULL DEFAULT '', -- name, folded to lower case for searching
  local_id     TEXT NOT NULL DEFAULT '',
  question     TEXT NOT NULL DEFAULT '', -- folded likewise
  confidential BOOLEAN NOT NULL DEFAULT FALSE,
  starts       TIMESTAMP, -- of the booking
  created      TIMESTAMP NOT NULL,
  ended        TIMESTAMP,
  doc          TEXT NOT NULL,
  UNIQUE (tenant, number)
);
CREATE INDEX cases_by_state ON cases (tenant, state, priority, due);
CREATE INDEX cases_by_institution ON cases (tenant, institution, created);
CREATE INDEX cases_by_department ON cases (tenant, department, state);

-- Every version that left the author's draft, as it was.
CREATE TABLE case_history (
  case_id TEXT NOT NULL REFERENCES cases (id),
  version BIGINT NOT NULL,
  at      TIMESTAMP NOT NULL,
  doc     TEXT NOT NULL,
  PRIMARY KEY (case_id, version)
);

CREATE TABLE seats (
  tenant  TEXT NOT NULL,
  case_id TEXT NOT NULL REFERENCES cases (id),
  person  TEXT NOT NULL,
  seat    TEXT NOT NULL,
  since   TIMESTAMP NOT NULL,
  until   TIMESTAMP,
  PRIMARY KEY (case_id, person, seat, since)
);
CREATE INDEX seats_by_person ON seats (tenant, person);

-- A person's taken time, half-open [starts, ends). Two active intervals of one
-- person never overlap, except that an emergency may override: its row says so
-- and is let in, but later ordinary bookings must avoid it too.
CREATE TABLE busy_intervals (
  id        TEXT NOT NULL PRIMARY KEY,
  tenant    TEXT NOT NULL,
  case_id   TEXT NOT NULL REFERENCES cases (id),
  person    TEXT NOT NULL,
  starts    TIMESTAMP NOT NULL,
  ends      TIMESTAMP NOT NULL,
  overrides BOOLEAN NOT NULL DEFAULT FALSE,
  active    BOOLEAN NOT NULL DEFAULT TRUE,
  CHECK (starts < ends)
);
CREATE INDEX busy_by_person ON busy_intervals (person, starts) WHERE active;
CREATE INDEX busy_by_case ON busy_intervals (case_id);

-- +goose StatementBegin
CREATE TRIGGER busy_insert BEFORE INSERT ON busy_intervals
WHEN NEW.active AND NOT NEW.overrides AND EXISTS (
  SELECT 1 FROM busy_intervals b
  WHERE b.person = NEW.person AND b.active AND b.starts < NEW.ends AND b.ends > NEW.starts)
BEGIN
  SELECT RAISE(ABORT, 'booked-twice');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER busy_update BEFORE UPDATE ON busy_intervals
WHEN NEW.active AND NOT NEW.overrides AND EXISTS (
  SELECT 1 FROM busy_intervals b
  WHERE b.id <> NEW.id AND b.person = NEW.person AND b.active AND b.starts < NEW.ends AND b.ends > NEW.starts)
BEGIN
  SELECT RAISE(ABORT, 'booked-twice');
END;
-- +goose StatementEnd

-- What must happen at a time: due times, expiry, no-show, ring time-outs.
-- A fired row stays, so that the same moment never fires twice.
CREATE TABLE timers (
  id            TEXT NOT NULL PRIMARY KEY,
  tenant        TEXT NOT NULL,
  case_id       TEXT NOT NULL,
  kind          TEXT NOT NULL,
  at            TIMESTAMP NOT NULL,
  wave          INTEGER NOT NULL DEFAULT 0, -- of a ring
  derived       BOOLEAN NOT NULL, -- follows from the case's state and is replaced with it
  claimed_by    TEXT NOT NULL DEFAULT '',
  claimed_until TIMESTAMP,
  fired         TIMESTAMP,
  UNIQUE (case_id, kind, at)
);
CREATE INDEX timers_pending ON timers (at) WHERE fired IS NULL;

-- What must be told after the commit; ids and states, no clinical text.
CREATE TABLE outbox (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  tenant        TEXT NOT NULL,
  kind          TEXT NOT NULL,
  case_id       TEXT NOT NULL DEFAULT '',
  version       BIGINT NOT NULL DEFAULT 0,
  state         TEXT NOT NULL DEFAULT '',
  verb          TEXT NOT NULL DEFAULT '',
  people        TEXT NOT NULL, -- JSON array of the ids of who may be told
  body          TEXT,          -- JSON, what the kind adds
  at            TIMESTAMP NOT NULL,
  claimed_by    TEXT NOT NULL DEFAULT '',
  claimed_until TIMESTAMP,
  sent          TIMESTAMP
);
CREATE INDEX outbox_pending ON outbox (id) WHERE sent IS NULL;

-- One effect per key and person; the row is written with the effect.
CREATE TABLE idempotency (
  tenant  TEXT NOT NULL,
  person  TEXT NOT NULL,
  key     TEXT NOT NULL,
  request TEXT NOT NULL, -- digest of what was asked, so that a key is not used for two things
  case_id TEXT NOT NULL DEFAULT '',
  result  TEXT NOT NULL, -- JSON
  at      TIMESTAMP NOT NULL,
  PRIMARY KEY (tenant, person, key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);

-- Who did what, when; also who read and who was refused. No clinical text.
CREATE TABLE audit (
  id          TEXT NOT NULL PRIMARY KEY,
  tenant      TEXT NOT NULL,
  at          TIMESTAMP NOT NULL,
  person      TEXT NOT NULL DEFAULT '',
  session     TEXT NOT NULL DEFAULT '',
  ip          TEXT NOT NULL DEFAULT '',
  action      TEXT NOT NULL,
  case_id     TEXT NOT NULL DEFAULT '',
  institution TEXT NOT NULL DEFAULT '',
  from_state  TEXT NOT NULL DEFAULT '',
  to_state    TEXT NOT NULL DEFAULT '',
  version     BIGINT NOT NULL DEFAULT 0,
  detail      TEXT NOT NULL DEFAULT '',
  outcome     TEXT NOT NULL CHECK (outcome IN ('done', 'refused')),
  told        BOOLEAN NOT NULL DEFAULT FALSE -- shown in the case's timeline
);
CREATE INDEX audit_by_case ON audit (case_id, at, id);
CREATE INDEX audit_by_tenant ON audit (tenant, at, id);
CREATE INDEX audit_by_person ON audit (tenant, person, at, id);

-- +goose StatementBegin
CREATE TRIGGER audit_keeps BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER audit_stays BEFORE DELETE ON audit BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER case_history_keeps BEFORE UPDATE ON case_history BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER case_history_stays BEFORE DELETE ON case_history BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cases_stay BEFORE DELETE ON cases BEGIN SELECT RAISE(ABORT, 'append-only'); END;
-- +goose StatementEnd
