-- The officers' database. Times are Unix milliseconds; digests are 32 bytes; JSON is text.

CREATE TABLE drafts (
  packet      TEXT PRIMARY KEY,
  kind        TEXT NOT NULL,
  stage       TEXT NOT NULL CHECK (stage IN ('open', 'closed', 'sealed')),
  facts       TEXT NOT NULL DEFAULT '{}',
  party       TEXT,
  opened_at   INTEGER NOT NULL,
  supplements TEXT,
  recovered   INTEGER NOT NULL DEFAULT 0,
  -- Set while closed.
  device_seq  INTEGER,
  device_prev BLOB,
  closed_at   INTEGER,
  body        BLOB
) STRICT;
-- One draft at a time waits for signatures: its place in the device's sequence is reserved.
CREATE UNIQUE INDEX one_draft_is_closed ON drafts (stage) WHERE stage = 'closed';

CREATE TABLE captures (
  capture_seq     INTEGER PRIMARY KEY,
  capture_prev    BLOB NOT NULL,
  draft           TEXT NOT NULL REFERENCES drafts (packet),
  sha256          BLOB NOT NULL,
  crc32           INTEGER NOT NULL,
  size            INTEGER NOT NULL,
  media_type      TEXT NOT NULL,
  context         TEXT NOT NULL,
  shot            TEXT,
  voided_reason   TEXT,
  voided_at       INTEGER,
  width           INTEGER,
  height          INTEGER,
  preview_problem TEXT
) STRICT;
CREATE INDEX captures_of_draft ON captures (draft, capture_seq);

CREATE TRIGGER captures_are_never_deleted BEFORE DELETE ON captures
BEGIN SELECT raise(ABORT, 'captures are never deleted'); END;

CREATE TRIGGER captures_keep_what_they_were
BEFORE UPDATE OF capture_seq, capture_prev, draft, sha256, crc32, size, media_type, context ON captures
BEGIN SELECT raise(ABORT, 'captures keep what they were'); END;

CREATE TRIGGER voided_stays_voided BEFORE UPDATE OF voided_reason, voided_at ON captures
WHEN OLD.voided_at IS NOT NULL
BEGIN SELECT raise(ABORT, 'voided stays voided'); END;

CREATE TABLE custody (
  draft TEXT NOT NULL REFERENCES drafts (packet),
  n     INTEGER NOT NULL,
  line  BLOB NOT NULL,
  PRIMARY KEY (draft, n)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER custody_follows BEFORE INSERT ON custody
WHEN NEW.n <> 1 + (SELECT coalesce(max(n), 0) FROM custody WHERE draft = NEW.draft)
BEGIN SELECT raise(ABORT, 'custody lines follow each other'); END;
CREATE TRIGGER custody_is_never_changed BEFORE UPDATE ON custody
BEGIN SELECT raise(ABORT, 'custody lines are never changed'); END;
CREATE TRIGGER custody_is_never_deleted BEFORE DELETE ON custody
BEGIN SELECT raise(ABORT, 'custody lines are never deleted'); END;

-- What was fixed when a draft was closed: gone when it is reopened, in plan_entries when it is sealed.
CREATE TABLE closed_files (
  draft TEXT NOT NULL REFERENCES drafts (packet),
  path  TEXT NOT NULL,
  bytes BLOB NOT NULL,
  PRIMARY KEY (draft, path)
) STRICT;

CREATE TABLE signatures (
  draft    TEXT NOT NULL REFERENCES drafts (packet),
  key_name TEXT NOT NULL,
  line     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  PRIMARY KEY (draft, key_name)
) STRICT;

CREATE TABLE packets (
  packet     TEXT PRIMARY KEY REFERENCES drafts (packet),
  device_seq INTEGER NOT NULL UNIQUE,
  digest     BLOB NOT NULL UNIQUE,
  seal       BLOB NOT NULL,
  sealed_at  INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  title      TEXT,
  photos     INTEGER NOT NULL,
  zip_size   INTEGER NOT NULL
) STRICT;

CREATE TRIGGER packets_are_never_changed
BEFORE UPDATE OF packet, device_seq, digest, seal, sealed_at ON packets
BEGIN SELECT raise(ABORT, 'sealing is irrevocable'); END;
CREATE TRIGGER packets_are_never_deleted BEFORE DELETE ON packets
BEGIN SELECT raise(ABORT, 'sealing is irrevocable'); END;

-- The packet's zip, entry by entry: bytes at hand, or the original of a capture.
CREATE TABLE plan_entries (
  packet      TEXT NOT NULL REFERENCES packets (packet),
  n           INTEGER NOT NULL,
  path        TEXT NOT NULL,
  size        INTEGER NOT NULL,
  crc32       INTEGER NOT NULL,
  bytes       BLOB,
  capture_seq INTEGER,
  PRIMARY KEY (packet, n),
  CHECK ((bytes IS NULL) <> (capture_seq IS NULL))
) STRICT;

-- What happened to a packet after it was sealed, as this tablet saw it.
CREATE TABLE events (
  packet TEXT NOT NULL REFERENCES packets (packet),
  n      INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  event  TEXT NOT NULL,
  params TEXT NOT NULL,
  PRIMARY KEY (packet, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE officers (
  id    TEXT PRIMARY KEY,
  badge TEXT NOT NULL,
  name  TEXT NOT NULL,
  team  TEXT,
  vkey  TEXT,
  entry BLOB
) STRICT;

CREATE TABLE settings (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT;

CREATE TABLE previews (
  capture_seq INTEGER NOT NULL REFERENCES captures (capture_seq),
  kind        TEXT NOT NULL CHECK (kind IN ('thumb', 'screen')),
  jpeg        BLOB NOT NULL,
  PRIMARY KEY (capture_seq, kind)
) STRICT;
