-- Frozen. A change of the schema is a new file.

-- What every tablet carries. `sha256` is of the lines that tablets are given, in the order of their numbers.
CREATE TABLE register (
  name TEXT PRIMARY KEY,
  version INTEGER NOT NULL,
  rows INTEGER NOT NULL,
  sha256 BLOB NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

-- `line`: one JSON object, as it is given. `offered`: whether tablets are given it.
CREATE TABLE register_row (
  register TEXT NOT NULL,
  number TEXT NOT NULL,
  line TEXT NOT NULL,
  offered INTEGER NOT NULL,
  PRIMARY KEY (register, number)
) STRICT, WITHOUT ROWID;

-- The offline map: a file under its digest in `maps/`.
CREATE TABLE offline_map (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  sha256 BLOB NOT NULL,
  size INTEGER NOT NULL,
  gcj02 INTEGER NOT NULL,
  attribution TEXT,
  placed_at INTEGER NOT NULL
) STRICT;
