//! What was not admitted. Kept, logged and shown; never deleted by the server.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// One row.
#[derive(Debug, Clone)]
pub struct Quarantined {
    /// The upload's id.
    pub id: String,
    /// Digest of the bytes.
    pub zip_sha256: [u8; 32],
    /// Bytes.
    pub size: u64,
    /// Key name of the device that sent it.
    pub device: String,
    /// Packet id that the device claimed.
    pub packet: String,
    /// Packet digest that the device claimed.
    pub seal_sha256: [u8; 32],
    /// When its last byte came.
    pub received_at: Millis,
    /// Stable code.
    pub reason: String,
    /// The key whose enrolment would let it in.
    pub missing_key: Option<String>,
}

const COLUMNS: &str =
    "id, zip_sha256, size, device, packet, seal_sha256, received_at, reason, missing_key";

/// Adds a row. False when the same bytes are in quarantine already.
pub fn add(tx: &Transaction<'_>, row: &Quarantined) -> Result<bool, StoreError> {
    let added = tx.execute(
        "INSERT INTO quarantine (id, zip_sha256, size, device, packet, seal_sha256, received_at, reason, missing_key)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        params![row.id, row.zip_sha256, row.size, row.device, row.packet, row.seal_sha256, row.received_at, row.reason, row.missing_key],
    )?;
    Ok(added > 0)
}

/// Whether these bytes are in quarantine, and why.
pub fn reason_of(
    connection: &Connection,
    zip_sha256: &[u8; 32],
) -> Result<Option<String>, StoreError> {
    Ok(connection
        .query_row(
            "SELECT reason FROM quarantine WHERE zip_sha256 = ?1 AND readmitted_at IS NULL",
            [zip_sha256],
            |row| row.get(0),
        )
        .optional()?)
}

/// What waits for a key.
pub fn waiting_for(connection: &Connection, key: &str) -> Result<Vec<Quarantined>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM quarantine WHERE missing_key = ?1 AND readmitted_at IS NULL ORDER BY received_at"))?;
    Ok(statement
        .query_map([key], read)?
        .collect::<Result<_, _>>()?)
}

/// What waits for a key that has been enrolled meanwhile: a crash came between the enrolment and the second look.
pub fn overdue(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT DISTINCT missing_key FROM quarantine WHERE readmitted_at IS NULL AND missing_key IN (SELECT name FROM signing_key)")?;
    Ok(statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// It was admitted after all.
pub fn readmitted(
    tx: &Transaction<'_>,
    zip_sha256: &[u8; 32],
    at: Millis,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE quarantine SET readmitted_at = ?2 WHERE zip_sha256 = ?1 AND readmitted_at IS NULL",
        params![zip_sha256, at],
    )?;
    Ok(())
}

/// A second look found another reason.
pub fn set_reason(
    tx: &Transaction<'_>,
    zip_sha256: &[u8; 32],
    reason: &str,
    missing_key: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE quarantine SET reason = ?2, missing_key = ?3 WHERE zip_sha256 = ?1",
        params![zip_sha256, reason, missing_key],
    )?;
    Ok(())
}

/// Newest first, at most `most`.
pub fn newest(connection: &Connection, most: u32) -> Result<Vec<Quarantined>, StoreError> {
    let mut statement = connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM quarantine WHERE readmitted_at IS NULL ORDER BY received_at DESC LIMIT ?1"))?;
    Ok(statement
        .query_map([most], read)?
        .collect::<Result<_, _>>()?)
}

/// Every row's digest and whether its bytes must still be here.
pub fn digests(connection: &Connection) -> Result<Vec<[u8; 32]>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT zip_sha256 FROM quarantine WHERE readmitted_at IS NULL")?;
    Ok(statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Quarantined> {
    Ok(Quarantined {
        id: row.get(0)?,
        zip_sha256: row.get(1)?,
        size: row.get(2)?,
        device: row.get(3)?,
        packet: row.get(4)?,
        seal_sha256: row.get(5)?,
        received_at: row.get(6)?,
        reason: row.get(7)?,
        missing_key: row.get(8)?,
    })
}
