-- What X.509 says of tablets' keys, and which of them are asked to be rotated.

ALTER TABLE signing_key ADD COLUMN certificate BLOB;
ALTER TABLE signing_key ADD COLUMN attestation BLOB;
ALTER TABLE signing_key ADD COLUMN rotation_asked_at INTEGER;
