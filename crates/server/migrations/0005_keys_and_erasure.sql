-- Frozen. A change of the schema is a new file.

-- Key id of the key of the same name that this one took over from.
ALTER TABLE signing_key ADD COLUMN rotated_from INTEGER;

-- Packets whose bytes were erased by rule. Row, leaf and this note stay.
CREATE TABLE erased (
  seal_sha256 BLOB PRIMARY KEY,
  -- The signed `tombstone` note.
  note BLOB NOT NULL,
  erased_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TRIGGER erased_kept BEFORE DELETE ON erased BEGIN SELECT RAISE(ABORT, 'tombstones are kept'); END;
