-- Frozen. A change of the schema is a new file.

CREATE TABLE deployment (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  origin TEXT NOT NULL,
  recovery_public TEXT NOT NULL,
  made_at INTEGER NOT NULL
) STRICT;

-- The log. `log_pending` is what some transaction decided must become a leaf; the sequencer alone moves it to `log_leaf`.
CREATE TABLE log_pending (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  note BLOB NOT NULL
) STRICT;
CREATE TABLE log_leaf (
  idx INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  note BLOB NOT NULL,
  note_sha256 BLOB NOT NULL UNIQUE,
  logged_at INTEGER NOT NULL
) STRICT;
CREATE TABLE log_hash (
  level INTEGER NOT NULL,
  idx INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, idx)
) STRICT, WITHOUT ROWID;
CREATE TABLE log_head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  size INTEGER NOT NULL,
  checkpoint BLOB NOT NULL,
  published_size INTEGER NOT NULL
) STRICT;
-- One seal body, and one packet for each number of a device: taken in the transaction that admits the packet.
CREATE TABLE log_seal (
  device TEXT NOT NULL,
  device_seq INTEGER NOT NULL,
  body_sha256 BLOB NOT NULL UNIQUE,
  seal_sha256 BLOB NOT NULL,
  PRIMARY KEY (device, device_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX log_revoked ON log_leaf (idx) WHERE kind = 'revoked';
CREATE TRIGGER log_leaf_kept BEFORE DELETE ON log_leaf BEGIN SELECT RAISE(ABORT, 'leaves are append-only'); END;
CREATE TRIGGER log_leaf_fixed BEFORE UPDATE ON log_leaf BEGIN SELECT RAISE(ABORT, 'leaves are append-only'); END;

-- Names live here and nowhere else: erasing a row leaves keys and leaves with their pseudonyms.
CREATE TABLE person (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  badge TEXT NOT NULL,
  team TEXT,
  added_at INTEGER NOT NULL
) STRICT;

CREATE TABLE signing_key (
  name TEXT NOT NULL,
  key_id INTEGER NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('device', 'officer')),
  subject TEXT NOT NULL,
  vkey TEXT NOT NULL,
  team TEXT,
  claim TEXT,
  status TEXT NOT NULL CHECK (status IN ('active', 'revoked', 'retired')),
  enrolled_at INTEGER NOT NULL,
  revoked_at INTEGER,
  entry BLOB NOT NULL,
  entry_sha256 BLOB NOT NULL,
  PRIMARY KEY (name, key_id)
) STRICT;

CREATE TABLE enrol_code (
  code_sha256 BLOB PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('device', 'officer')),
  subject TEXT NOT NULL,
  team TEXT,
  expires_at INTEGER NOT NULL,
  used_at INTEGER,
  -- The key that used it: the same key may ask again when the answer was lost.
  used_by TEXT
) STRICT;

CREATE TABLE upload (
  id TEXT PRIMARY KEY,
  device TEXT NOT NULL,
  packet TEXT NOT NULL,
  seal_sha256 BLOB NOT NULL,
  length INTEGER NOT NULL,
  offset INTEGER NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'complete', 'done')),
  -- The digest of the whole, known once it is complete.
  zip_sha256 BLOB,
  outcome TEXT,
  created_at INTEGER NOT NULL,
  completed_at INTEGER,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX upload_claim ON upload (device, packet, seal_sha256);
CREATE INDEX upload_state ON upload (state);

CREATE TABLE packet (
  seal_sha256 BLOB PRIMARY KEY,
  -- The id, or the id with a part of the digest when another packet already has it: what addresses and folders are called by.
  slug TEXT NOT NULL UNIQUE,
  id TEXT NOT NULL,
  device TEXT NOT NULL,
  uploader TEXT NOT NULL,
  zip_sha256 BLOB NOT NULL,
  zip_size INTEGER NOT NULL,
  kind TEXT NOT NULL,
  team TEXT,
  title TEXT NOT NULL,
  search TEXT NOT NULL,
  summary TEXT NOT NULL,
  closed_at TEXT,
  received_at INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  -- 0 failed, 1 not proved, 2 verified: the order of the queue.
  risk INTEGER NOT NULL,
  findings TEXT NOT NULL,
  -- 1 once the findings take receipt and proof into account.
  judged INTEGER NOT NULL DEFAULT 0,
  leaf_index INTEGER,
  logged_at INTEGER,
  receipt BLOB,
  proof BLOB,
  decision TEXT,
  decided_at INTEGER
) STRICT;
CREATE INDEX packet_queue ON packet (decision, risk, received_at);
CREATE INDEX packet_id ON packet (id);
CREATE INDEX packet_unreceipted ON packet (received_at) WHERE receipt IS NULL;
CREATE INDEX packet_unjudged ON packet (received_at) WHERE judged = 0;

-- Other bytes under the same seal that were once the packet's: kept, never shown as it.
CREATE TABLE packet_copy (
  zip_sha256 BLOB PRIMARY KEY,
  seal_sha256 BLOB NOT NULL,
  zip_size INTEGER NOT NULL,
  received_at INTEGER NOT NULL,
  verdict TEXT NOT NULL,
  receipt BLOB
) STRICT;

CREATE TABLE custody (
  seal_sha256 BLOB NOT NULL,
  n INTEGER NOT NULL,
  line BLOB NOT NULL,
  PRIMARY KEY (seal_sha256, n)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER custody_kept BEFORE DELETE ON custody BEGIN SELECT RAISE(ABORT, 'custody is append-only'); END;
CREATE TRIGGER custody_fixed BEFORE UPDATE ON custody BEGIN SELECT RAISE(ABORT, 'custody is append-only'); END;

CREATE TABLE decision (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  seal_sha256 BLOB NOT NULL,
  decision TEXT NOT NULL,
  reason TEXT,
  decided_at INTEGER NOT NULL,
  account TEXT NOT NULL,
  reviewer TEXT NOT NULL,
  document BLOB NOT NULL,
  salt BLOB NOT NULL,
  note BLOB NOT NULL,
  note_sha256 BLOB NOT NULL
) STRICT;
CREATE INDEX decision_packet ON decision (seal_sha256);
CREATE TRIGGER decision_kept BEFORE DELETE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;
CREATE TRIGGER decision_fixed BEFORE UPDATE ON decision BEGIN SELECT RAISE(ABORT, 'decisions are append-only'); END;

CREATE TABLE quarantine (
  id TEXT PRIMARY KEY,
  zip_sha256 BLOB NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  device TEXT NOT NULL,
  packet TEXT NOT NULL,
  seal_sha256 BLOB NOT NULL,
  received_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  -- The key whose enrolment would let it in.
  missing_key TEXT,
  readmitted_at INTEGER
) STRICT;
CREATE INDEX quarantine_key ON quarantine (missing_key) WHERE readmitted_at IS NULL;

CREATE TABLE account (
  account TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('reviewer', 'supervisor', 'dispatcher', 'administrator', 'auditor')),
  password TEXT NOT NULL,
  added_at INTEGER NOT NULL,
  disabled_at INTEGER,
  failures INTEGER NOT NULL DEFAULT 0,
  blocked_until INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE session (
  token_sha256 BLOB PRIMARY KEY,
  account TEXT NOT NULL REFERENCES account (account),
  csrf TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;

-- Who did or saw what. Accounts and pseudonyms, no names.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,
  action TEXT NOT NULL,
  subject TEXT NOT NULL
) STRICT;
CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT RAISE(ABORT, 'audit is append-only'); END;
