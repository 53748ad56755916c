-- Consults. The document is the truth; the columns beside it are what lists,
-- queues and guards look for. What a transition writes stands here together:
-- the case and its history, seats, busy intervals, timers, audit and outbox
-- entries, and the answer to an idempotency key.

-- +goose Up
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- +goose StatementBegin
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'append-only' USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END $$;
-- +goose StatementEnd

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
  since        TIMESTAMPTZ NOT NULL,
  due          TIMESTAMPTZ,
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
  starts       TIMESTAMPTZ, -- of the booking
  created      TIMESTAMPTZ NOT NULL,
  ended        TIMESTAMPTZ,
  doc          JSONB NOT NULL,
  UNIQUE (tenant, number)
);
CREATE INDEX cases_by_state ON cases (tenant, state, priority, due);
CREATE INDEX cases_by_institution ON cases (tenant, institution, created);
CREATE INDEX cases_by_department ON cases (tenant, department, state);

-- Every version that left the author's draft, as it was.
CREATE TABLE case_history (
  case_id TEXT NOT NULL REFERENCES cases (id),
  version BIGINT NOT NULL,
  at      TIMESTAMPTZ NOT NULL,
  doc     JSONB NOT NULL,
  PRIMARY KEY (case_id, version)
);

CREATE TABLE seats (
  tenant  TEXT NOT NULL,
  case_id TEXT NOT NULL REFERENCES cases (id),
  person  TEXT NOT NULL,
  seat    TEXT NOT NULL,
  since   TIMESTAMPTZ NOT NULL,
  until   TIMESTAMPTZ,
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
  starts    TIMESTAMPTZ NOT NULL,
  ends      TIMESTAMPTZ NOT NULL,
  overrides BOOLEAN NOT NULL DEFAULT FALSE,
  active    BOOLEAN NOT NULL DEFAULT TRUE,
  CHECK (starts < ends),
  CONSTRAINT busy_once EXCLUDE USING gist (person WITH =, tstzrange(starts, ends) WITH &&)
    WHERE (active AND NOT overrides) DEFERRABLE
);
CREATE INDEX busy_by_person ON busy_intervals (person, starts) WHERE active;
CREATE INDEX busy_by_case ON busy_intervals (case_id);

-- An ordinary booking must also avoid an emergency that overrode another one.
-- The person's row makes two transactions that book the same person take turns,
-- so the look below sees what the other one wrote, and they cannot deadlock.
-- +goose StatementBegin
CREATE FUNCTION book_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM people WHERE id = NEW.person FOR NO KEY UPDATE;
  IF NOT NEW.overrides AND EXISTS (
    SELECT 1 FROM busy_intervals b
    WHERE b.id <> NEW.id AND b.person = NEW.person AND b.active AND b.overrides
      AND b.starts < NEW.ends AND b.ends > NEW.starts) THEN
    RAISE EXCEPTION 'booked-twice' USING ERRCODE = 'exclusion_violation';
  END IF;
  RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER busy_override BEFORE INSERT OR UPDATE ON busy_intervals
  FOR EACH ROW WHEN (NEW.active) EXECUTE FUNCTION book_person();

-- What must happen at a time: due times, expiry, no-show, ring time-outs.
-- A fired row stays, so that the same moment never fires twice.
CREATE TABLE timers (
  id            TEXT NOT NULL PRIMARY KEY,
  tenant        TEXT NOT NULL,
  case_id       TEXT NOT NULL,
  kind          TEXT NOT NULL,
  at            TIMESTAMPTZ NOT NULL,
  wave          INTEGER NOT NULL DEFAULT 0, -- of a ring
  derived       BOOLEAN NOT NULL, -- follows from the case's state and is replaced with it
  claimed_by    TEXT NOT NULL DEFAULT '',
  claimed_until TIMESTAMPTZ,
  fired         TIMESTAMPTZ,
  UNIQUE (case_id, kind, at)
);
CREATE INDEX timers_pending ON timers (at) WHERE fired IS NULL;

-- What must be told after the commit; ids and states, no clinical text.
CREATE TABLE outbox (
  id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant        TEXT NOT NULL,
  kind          TEXT NOT NULL,
  case_id       TEXT NOT NULL DEFAULT '',
  version       BIGINT NOT NULL DEFAULT 0,
  state         TEXT NOT NULL DEFAULT '',
  verb          TEXT NOT NULL DEFAULT '',
  people        JSONB NOT NULL, -- JSON array of the ids of who may be told
  body          JSONB,          -- JSON, what the kind adds
  at            TIMESTAMPTZ NOT NULL,
  claimed_by    TEXT NOT NULL DEFAULT '',
  claimed_until TIMESTAMPTZ,
  sent          TIMESTAMPTZ
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
  at      TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (tenant, person, key)
);
CREATE INDEX idempotency_by_age ON idempotency (at);

-- Who did what, when; also who read and who was refused. No clinical text.
CREATE TABLE audit (
  id          TEXT NOT NULL PRIMARY KEY,
  tenant      TEXT NOT NULL,
  at          TIMESTAMPTZ NOT NULL,
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

CREATE TRIGGER audit_keep BEFORE UPDATE OR DELETE ON audit FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_stay BEFORE TRUNCATE ON audit EXECUTE FUNCTION refuse_change();
CREATE TRIGGER case_history_keep BEFORE UPDATE OR DELETE ON case_history FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER case_history_stay BEFORE TRUNCATE ON case_history EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cases_keep BEFORE DELETE ON cases FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER cases_stay BEFORE TRUNCATE ON cases EXECUTE FUNCTION refuse_change();
