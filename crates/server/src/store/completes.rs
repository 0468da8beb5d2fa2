//! Supplements: which packet names which other one as the packet that it completes.

use rusqlite::{Connection, Transaction, params};

use super::StoreError;
use super::packets::{self, PacketRow};

/// Packets that belong together, at most: more are not shown at once.
const MOST: u32 = 20;

/// Notes what a packet's findings (JSON) say that it completes; called with every packet that is added or gets other bytes.
pub(super) fn note(
    tx: &Transaction<'_>,
    seal: &[u8; 32],
    findings: &str,
) -> Result<(), StoreError> {
    tx.execute("DELETE FROM completes WHERE seal_sha256 = ?1", [seal])?;
    tx.execute(
        "INSERT OR IGNORE INTO completes (seal_sha256, packet)
         SELECT ?1, json_extract(value, '$.subject') FROM json_each(?2)
         WHERE json_extract(value, '$.code') = 'supplement-of' AND json_extract(value, '$.subject') <> ''",
        params![seal, findings],
    )?;
    Ok(())
}

/// Id of the packet that this one says it completes.
pub fn completed(connection: &Connection, seal: &[u8; 32]) -> Result<Option<String>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT packet FROM completes WHERE seal_sha256 = ?1")?;
    let mut rows = statement.query_map([seal], |row| row.get(0))?;
    Ok(rows.next().transpose()?)
}

/// Packets of this id: two seals may have one.
pub fn of_id(connection: &Connection, id: &str) -> Result<Vec<PacketRow>, StoreError> {
    packets::some(
        connection,
        "id = ?1 ORDER BY received_at, slug LIMIT ?2",
        params![id, MOST],
    )
}

/// Packets that say they complete this one, oldest first.
pub fn completing(connection: &Connection, id: &str) -> Result<Vec<PacketRow>, StoreError> {
    packets::some(
        connection,
        "seal_sha256 IN (SELECT seal_sha256 FROM completes WHERE packet = ?1) ORDER BY received_at, slug LIMIT ?2",
        params![id, MOST],
    )
}
