-- Frozen. A change of the schema is a new file.

-- Orders to tablets: lock, empty, or what was ordered before is withdrawn. The highest number counts.
CREATE TABLE device_order (
  -- Key name of the device.
  device TEXT NOT NULL,
  -- From 1 for each device.
  number INTEGER NOT NULL,
  -- `lock`, `wipe` or `nothing`.
  what TEXT NOT NULL,
  ordered_at INTEGER NOT NULL,
  -- Who.
  ordered_by TEXT NOT NULL,
  -- The signed `order` note.
  note BLOB NOT NULL,
  -- When it was first given with an answer to a heartbeat.
  told_at INTEGER,
  -- When the tablet said that it has done so, or, of `wipe`, that it does now.
  done_at INTEGER,
  PRIMARY KEY (device, number)
) STRICT, WITHOUT ROWID;
