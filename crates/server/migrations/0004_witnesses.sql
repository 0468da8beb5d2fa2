-- Frozen. A change of the schema is a new file.

-- Published checkpoints that at least one witness has cosigned. Byte for byte as published.
CREATE TABLE cosigned_checkpoint (
  size INTEGER PRIMARY KEY,
  checkpoint BLOB NOT NULL
) STRICT;

-- A witness's line over a checkpoint's text.
CREATE TABLE cosignature (
  size INTEGER NOT NULL REFERENCES cosigned_checkpoint (size),
  -- Its name in the policy.
  witness TEXT NOT NULL,
  -- Without its newline.
  line TEXT NOT NULL,
  kept_at INTEGER NOT NULL,
  PRIMARY KEY (size, witness)
) STRICT, WITHOUT ROWID;
CREATE INDEX cosignature_witness ON cosignature (witness, size);
