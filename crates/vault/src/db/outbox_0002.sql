-- What lists and the retention rule ask for, so that neither has to look at every packet.

-- When the last file of a reclaimed packet was gone for good; until then its removal is taken up again.
ALTER TABLE packets ADD COLUMN removed_at INTEGER CHECK (removed_at IS NULL OR reclaimed_at IS NOT NULL);
-- sha256 of the zip that the verified receipt was compared with.
ALTER TABLE packets ADD COLUMN zip_sha256 BLOB;
-- When it should be on the server, where a rule says so.
ALTER TABLE packets ADD COLUMN deadline INTEGER;
-- The newest decision's word.
ALTER TABLE packets ADD COLUMN decision TEXT;

UPDATE packets SET decision = (
  SELECT json_extract(body, '$.decision') FROM decisions WHERE decisions.packet = packets.packet
  ORDER BY json_extract(body, '$.decided_at') DESC, n DESC LIMIT 1
);

CREATE INDEX packets_unsafe ON packets (device_seq) WHERE verified_at IS NULL;
CREATE INDEX packets_by_safety ON packets (verified_at) WHERE verified_at IS NOT NULL;
CREATE INDEX packets_kept ON packets (verified_at) WHERE verified_at IS NOT NULL AND reclaimed_at IS NULL;
CREATE INDEX packets_being_removed ON packets (reclaimed_at) WHERE reclaimed_at IS NOT NULL AND removed_at IS NULL;
CREATE INDEX packets_by_decision ON packets (decision, device_seq);
