-- The outbox: sealed packets on their way, and what the server said. Open since the first unlock, while locked too.
-- Times are Unix milliseconds; digests are 32 bytes; JSON is text.

CREATE TABLE packets (
  packet       TEXT PRIMARY KEY,
  device_seq   INTEGER NOT NULL UNIQUE,
  digest       BLOB NOT NULL UNIQUE,
  seal         BLOB NOT NULL,
  sealed_at    INTEGER NOT NULL,
  kind         TEXT NOT NULL,
  title        TEXT,
  photos       INTEGER NOT NULL,
  zip_size     INTEGER NOT NULL,
  -- The upload, as the sync engine sees it.
  state        TEXT NOT NULL,
  url          TEXT,
  offset       INTEGER NOT NULL DEFAULT 0,
  attempts     INTEGER NOT NULL DEFAULT 0,
  next_try_at  INTEGER,
  cause        TEXT,
  sync         TEXT,
  -- The server's word. verified_at is set when receipt and proof were verified here.
  receipt      BLOB,
  proof        BLOB,
  verified_at  INTEGER,
  reclaimed_at INTEGER,
  CHECK (verified_at IS NULL OR (receipt IS NOT NULL AND proof IS NOT NULL)),
  CHECK (reclaimed_at IS NULL OR verified_at IS NOT NULL)
) STRICT;

CREATE TRIGGER packets_are_never_changed
BEFORE UPDATE OF packet, device_seq, digest, seal, sealed_at ON packets
BEGIN SELECT raise(ABORT, 'sealing is irrevocable'); END;
CREATE TRIGGER packets_are_never_deleted BEFORE DELETE ON packets
BEGIN SELECT raise(ABORT, 'sealing is irrevocable'); END;
CREATE TRIGGER verified_stays_verified BEFORE UPDATE OF receipt, proof, verified_at ON packets
WHEN OLD.verified_at IS NOT NULL
BEGIN SELECT raise(ABORT, 'a verified receipt is kept'); END;

-- The packet's zip, entry by entry: bytes at hand, or an original with the key that opens it alone.
CREATE TABLE entries (
  packet      TEXT NOT NULL REFERENCES packets (packet),
  n           INTEGER NOT NULL,
  path        TEXT NOT NULL,
  size        INTEGER NOT NULL,
  crc32       INTEGER NOT NULL,
  bytes       BLOB,
  capture_seq INTEGER,
  data_key    BLOB,
  PRIMARY KEY (packet, n),
  CHECK ((bytes IS NULL) <> (capture_seq IS NULL))
) STRICT;
CREATE UNIQUE INDEX entries_by_capture ON entries (capture_seq) WHERE capture_seq IS NOT NULL;

CREATE TABLE decisions (
  packet TEXT NOT NULL REFERENCES packets (packet),
  n      INTEGER NOT NULL,
  body   TEXT NOT NULL,
  PRIMARY KEY (packet, n),
  UNIQUE (packet, body)
) STRICT;

-- Session with the server: origin, address, trust file, enrolment entries, last server time, clock offset.
CREATE TABLE facts (
  key   TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

-- Checkpoints seen, as signed.
CREATE TABLE seen (
  size       INTEGER NOT NULL,
  root       BLOB NOT NULL,
  checkpoint BLOB NOT NULL,
  tokens     TEXT NOT NULL,
  seen_at    INTEGER NOT NULL,
  PRIMARY KEY (size, root)
) STRICT;
