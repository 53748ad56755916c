-- What belongs to a case beside the case itself: opinions, chat, attachments,
-- attendance, emergency access. None of it is ever deleted.

-- +goose Up
-- An unsigned opinion. Seen by its author alone until signing.
CREATE TABLE opinion_drafts (
  case_id  TEXT NOT NULL REFERENCES cases (id),
  author   TEXT NOT NULL,
  tenant   TEXT NOT NULL,
  content  TEXT NOT NULL, -- JSON
  saved    TIMESTAMPTZ NOT NULL,
  revision BIGINT NOT NULL,
  signed   TIMESTAMPTZ, -- when it became a version; the draft is closed then
  PRIMARY KEY (case_id, author)
);

-- Signed versions: 1 is the opinion, later ones are addenda.
CREATE TABLE opinions (
  case_id TEXT NOT NULL REFERENCES cases (id),
  version INTEGER NOT NULL CHECK (version >= 1),
  tenant  TEXT NOT NULL,
  author  TEXT NOT NULL,
  signed  TIMESTAMPTZ NOT NULL,
  digest  TEXT NOT NULL,
  doc     TEXT NOT NULL, -- JSON, byte for byte as signed
  PRIMARY KEY (case_id, version)
);

-- When a signed version first reached a person, and when they first opened it.
CREATE TABLE opinion_receipts (
  case_id TEXT NOT NULL,
  version INTEGER NOT NULL,
  person  TEXT NOT NULL,
  kind    TEXT NOT NULL CHECK (kind IN ('delivered', 'read')),
  tenant  TEXT NOT NULL,
  at      TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (case_id, version, person, kind),
  FOREIGN KEY (case_id, version) REFERENCES opinions (case_id, version)
);

CREATE TABLE chat (
  case_id TEXT NOT NULL REFERENCES cases (id),
  seq     BIGINT NOT NULL,
  tenant  TEXT NOT NULL,
  person  TEXT NOT NULL,
  key     TEXT NOT NULL,
  at      TIMESTAMPTZ NOT NULL,
  text    TEXT NOT NULL,
  PRIMARY KEY (case_id, seq),
  UNIQUE (case_id, person, key)
);

-- The bytes lie on disk under their hash.
CREATE TABLE attachments (
  id      TEXT NOT NULL PRIMARY KEY,
  tenant  TEXT NOT NULL,
  case_id TEXT NOT NULL REFERENCES cases (id),
  name    TEXT NOT NULL,
  kind    TEXT NOT NULL,
  type    TEXT NOT NULL,
  size    BIGINT NOT NULL,
  hash    TEXT NOT NULL,
  width   INTEGER NOT NULL DEFAULT 0,
  height  INTEGER NOT NULL DEFAULT 0,
  person  TEXT NOT NULL,
  at      TIMESTAMPTZ NOT NULL
);
CREATE INDEX attachments_by_case ON attachments (case_id, id);

-- Who was in the call, from when to when.
CREATE TABLE attendances (
  id       TEXT NOT NULL PRIMARY KEY,
  tenant   TEXT NOT NULL,
  case_id  TEXT NOT NULL REFERENCES cases (id),
  person   TEXT NOT NULL,
  entered  TIMESTAMPTZ NOT NULL,
  departed TIMESTAMPTZ
);
CREATE INDEX attendances_by_case ON attendances (case_id, id);
CREATE UNIQUE INDEX attendances_open ON attendances (case_id, person) WHERE departed IS NULL;

-- Emergency access (紧急调阅), flagged until someone has reviewed it.
CREATE TABLE break_glasses (
  id          TEXT NOT NULL PRIMARY KEY,
  tenant      TEXT NOT NULL,
  case_id     TEXT NOT NULL REFERENCES cases (id),
  person      TEXT NOT NULL,
  reason      TEXT NOT NULL,
  opened      TIMESTAMPTZ NOT NULL,
  until       TIMESTAMPTZ NOT NULL,
  reviewed    TIMESTAMPTZ,
  reviewed_by TEXT NOT NULL DEFAULT '',
  note        TEXT NOT NULL DEFAULT ''
);
CREATE INDEX break_glasses_open ON break_glasses (tenant, opened) WHERE reviewed IS NULL;

CREATE TRIGGER opinions_keep BEFORE UPDATE OR DELETE ON opinions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER opinions_stay BEFORE TRUNCATE ON opinions EXECUTE FUNCTION refuse_change();
CREATE TRIGGER opinion_receipts_keep BEFORE UPDATE OR DELETE ON opinion_receipts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER opinion_receipts_stay BEFORE TRUNCATE ON opinion_receipts EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chat_keep BEFORE UPDATE OR DELETE ON chat FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER chat_stay BEFORE TRUNCATE ON chat EXECUTE FUNCTION refuse_change();
CREATE TRIGGER attachments_keep BEFORE UPDATE OR DELETE ON attachments FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER attachments_stay BEFORE TRUNCATE ON attachments EXECUTE FUNCTION refuse_change();
CREATE TRIGGER opinion_drafts_keep BEFORE DELETE ON opinion_drafts FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER opinion_drafts_stay BEFORE TRUNCATE ON opinion_drafts EXECUTE FUNCTION refuse_change();
CREATE TRIGGER break_glasses_keep BEFORE DELETE ON break_glasses FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER break_glasses_stay BEFORE TRUNCATE ON break_glasses EXECUTE FUNCTION refuse_change();
CREATE TRIGGER opinion_drafts_close BEFORE UPDATE ON opinion_drafts
  FOR EACH ROW WHEN (OLD.signed IS NOT NULL) EXECUTE FUNCTION refuse_change();
