-- Frozen. A change of the schema is a new file.

-- Which packet names which other one as the packet that it completes, by the finding `supplement-of`. The other one may be
-- elsewhere, or come later.
CREATE TABLE completes (
  seal_sha256 BLOB PRIMARY KEY REFERENCES packet (seal_sha256),
  -- Id of the packet that is completed.
  packet TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX completes_by_packet ON completes (packet);

INSERT OR IGNORE INTO completes (seal_sha256, packet)
SELECT packet.seal_sha256, json_extract(finding.value, '$.subject')
FROM packet, json_each(CASE WHEN json_valid(packet.findings) THEN packet.findings ELSE '[]' END) AS finding
WHERE json_extract(finding.value, '$.code') = 'supplement-of' AND json_extract(finding.value, '$.subject') <> '';
