-- Forms that tablets are given. Every version stays: a packet may carry it.

CREATE TABLE form (
  n INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 BLOB NOT NULL UNIQUE,
  bytes BLOB NOT NULL,
  imported_at INTEGER NOT NULL,
  UNIQUE (kind, version)
) STRICT;
CREATE TRIGGER forms_are_never_changed BEFORE UPDATE ON form
BEGIN SELECT raise(ABORT, 'forms are never changed'); END;
CREATE TRIGGER forms_are_never_deleted BEFORE DELETE ON form
BEGIN SELECT raise(ABORT, 'forms are never deleted'); END;

-- Kinds of which no new packets are to be begun; built-in ones among them.
CREATE TABLE retired_kind (
  kind TEXT PRIMARY KEY,
  retired_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
