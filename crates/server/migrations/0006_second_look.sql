-- Frozen. A change of the schema is a new file.

-- What the first look at a zip found of its files, JSON: later looks at the same bytes need not read them again.
CREATE TABLE zip_files (
  zip_sha256 BLOB PRIMARY KEY,
  files TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- sha256 of the newest heartbeat note of a device that was to be logged.
ALTER TABLE device_contact ADD COLUMN newest_beat BLOB;
