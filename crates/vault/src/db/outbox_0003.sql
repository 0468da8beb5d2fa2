-- What every look at the screens asks for, at a cost that does not grow with what is long since safe.

-- Counts, kept by the very transactions that change them.
CREATE TABLE counts (
  one       INTEGER PRIMARY KEY CHECK (one = 1),
  packets   INTEGER NOT NULL,
  safe      INTEGER NOT NULL,
  reclaimed INTEGER NOT NULL
) STRICT;
INSERT INTO counts SELECT 1, count(*), count(verified_at), count(reclaimed_at) FROM packets;

CREATE TRIGGER packets_are_counted AFTER INSERT ON packets
BEGIN
  UPDATE counts SET packets = packets + 1, safe = safe + (NEW.verified_at IS NOT NULL),
    reclaimed = reclaimed + (NEW.reclaimed_at IS NOT NULL);
END;
CREATE TRIGGER safe_packets_are_counted AFTER UPDATE OF verified_at ON packets
WHEN (OLD.verified_at IS NULL) <> (NEW.verified_at IS NULL)
BEGIN UPDATE counts SET safe = safe + iif(NEW.verified_at IS NULL, -1, 1); END;
CREATE TRIGGER reclaimed_packets_are_counted AFTER UPDATE OF reclaimed_at ON packets
WHEN (OLD.reclaimed_at IS NULL) <> (NEW.reclaimed_at IS NULL)
BEGIN UPDATE counts SET reclaimed = reclaimed + iif(NEW.reclaimed_at IS NULL, -1, 1); END;

-- What the sync engine needs of a packet that it has not touched yet, without the page that its seal fills; and those it has.
CREATE INDEX packets_untouched ON packets (device_seq, packet, digest, zip_size, photos, sealed_at, deadline)
  WHERE verified_at IS NULL AND sync IS NULL;
CREATE INDEX packets_touched ON packets (device_seq) WHERE verified_at IS NULL AND sync IS NOT NULL;
-- Safe packets that a reviewer has still to decide about.
CREATE INDEX packets_watched ON packets (device_seq, packet)
  WHERE verified_at IS NOT NULL AND (decision IS NULL OR decision = 'legal-review');
-- For the lists of what is not yet safe, and of what is safe and undecided.
CREATE INDEX packets_undecided ON packets (device_seq, verified_at) WHERE decision IS NULL;
