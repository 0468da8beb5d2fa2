-- Frozen. A change of the schema is a new file.

-- Checkpoints that were chosen to be stamped, before anybody was asked: what a crash leaves is asked again. Byte for byte as published.
CREATE TABLE stamp_checkpoint (
  size INTEGER PRIMARY KEY,
  checkpoint BLOB NOT NULL,
  chosen_at INTEGER NOT NULL
) STRICT;

-- Timestamp responses over a checkpoint's text (n = 0), and over the response before them (n > 0: renewals).
CREATE TABLE stamp_token (
  size INTEGER NOT NULL REFERENCES stamp_checkpoint (size),
  authority TEXT NOT NULL,
  n INTEGER NOT NULL,
  -- Who gave it: a renewal may be by another authority than the first.
  given_by TEXT NOT NULL,
  token BLOB NOT NULL,
  -- By the authority's clock.
  stamped_at INTEGER NOT NULL,
  -- When the authority's certificate ends; none: not known.
  good_until INTEGER,
  PRIMARY KEY (size, authority, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER stamp_token_kept BEFORE DELETE ON stamp_token BEGIN SELECT RAISE(ABORT, 'tokens are kept'); END;
CREATE TRIGGER stamp_token_fixed BEFORE UPDATE ON stamp_token BEGIN SELECT RAISE(ABORT, 'tokens are kept'); END;

-- sha256 of the first heartbeat note that names this capture with this link and was to be logged.
ALTER TABLE device_capture ADD COLUMN beat BLOB;
