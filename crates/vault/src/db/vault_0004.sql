-- The form that a draft is filled in with: the one it was opened with, whatever comes later.
CREATE TABLE forms (
  sha256 BLOB PRIMARY KEY,
  bytes  BLOB NOT NULL
) STRICT;

ALTER TABLE drafts ADD COLUMN form BLOB;
CREATE INDEX drafts_without_form ON drafts (packet) WHERE stage = 'open' AND form IS NULL;
