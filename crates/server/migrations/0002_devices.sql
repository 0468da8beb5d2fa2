-- Frozen. A change of the schema is a new file.

-- The device that the new one takes over from.
ALTER TABLE enrol_code ADD COLUMN replaces TEXT;
ALTER TABLE signing_key ADD COLUMN replaces TEXT;
-- The tablet on which an officer's key lies.
ALTER TABLE signing_key ADD COLUMN on_device TEXT;
ALTER TABLE signing_key ADD COLUMN retired_at INTEGER;
-- The signed `retired` note, which the tablet is shown.
ALTER TABLE signing_key ADD COLUMN retired BLOB;
CREATE INDEX signing_key_device ON signing_key (on_device) WHERE on_device IS NOT NULL;

-- When a device was last here, and how far it said it had got: the highest that it ever said.
CREATE TABLE device_contact (
  device TEXT PRIMARY KEY,
  seen_at INTEGER NOT NULL,
  beat_at INTEGER,
  logged_at INTEGER,
  claimed_at INTEGER,
  device_seq INTEGER NOT NULL DEFAULT 0,
  capture_seq INTEGER NOT NULL DEFAULT 0,
  capture_link BLOB
) STRICT;

-- The captures of a device and their links, from heartbeats and from admitted packets. `here`: in an admitted packet.
CREATE TABLE device_capture (
  device TEXT NOT NULL,
  capture_seq INTEGER NOT NULL,
  link BLOB NOT NULL,
  here INTEGER NOT NULL,
  PRIMARY KEY (device, capture_seq)
) STRICT, WITHOUT ROWID;

-- What contradicts what a device said or sent before. Stays until somebody has looked at it.
CREATE TABLE device_alarm (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  device TEXT NOT NULL,
  code TEXT NOT NULL,
  number INTEGER NOT NULL,
  at INTEGER NOT NULL,
  seen_by TEXT,
  seen_at INTEGER,
  UNIQUE (device, code, number)
) STRICT;
