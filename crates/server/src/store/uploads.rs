//! Uploads: `open` while bytes come, `complete` when all are durable and the digest is known, `done` when the packet was admitted or put into
//! quarantine. Each step is a transaction, and start-up goes on from whichever it finds.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// One upload.
#[derive(Debug, Clone)]
pub struct Upload {
    /// Random, unguessable.
    pub id: String,
    /// Key name of the device that made it.
    pub device: String,
    /// The packet id that the device claims.
    pub packet: String,
    /// The packet digest that the device claims.
    pub seal_sha256: [u8; 32],
    /// Announced size.
    pub length: u64,
    /// Bytes that are durably here.
    pub offset: u64,
    /// `open`, `complete` or `done`.
    pub state: String,
    /// Digest of the whole, once complete.
    pub zip_sha256: Option<[u8; 32]>,
    /// When its last byte came.
    pub completed_at: Option<Millis>,
    /// When it is removed if nothing more comes.
    pub expires_at: Millis,
}

const COLUMNS: &str =
    "id, device, packet, seal_sha256, length, offset, state, zip_sha256, completed_at, expires_at";

/// Makes a new upload.
pub fn create(tx: &Transaction<'_>, upload: &Upload, now: Millis) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO upload (id, device, packet, seal_sha256, length, offset, state, created_at, completed_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
            upload.id,
            upload.device,
            upload.packet,
            upload.seal_sha256,
            upload.length,
            upload.offset,
            upload.state,
            now,
            upload.completed_at,
            upload.expires_at
    ])?;
    Ok(())
}

/// This device's upload.
pub fn find(connection: &Connection, id: &str, device: &str) -> Result<Option<Upload>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM upload WHERE id = ?1 AND device = ?2"
        ))?
        .query_row([id, device], read)
        .optional()?)
}

/// This device's newest upload of a packet.
pub fn of_packet(
    connection: &Connection,
    device: &str,
    packet: &str,
    seal_sha256: &[u8; 32],
) -> Result<Option<Upload>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM upload WHERE device = ?1 AND packet = ?2 AND seal_sha256 = ?3 ORDER BY created_at DESC, rowid DESC LIMIT 1"
        ))?
        .query_row(params![device, packet, seal_sha256], read)
        .optional()?)
}

/// What became of this device's newest finished upload of a packet: a stable code, or none when it was admitted.
pub fn outcome(
    connection: &Connection,
    device: &str,
    packet: &str,
    seal_sha256: &[u8; 32],
) -> Result<Option<String>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT outcome FROM upload WHERE device = ?1 AND packet = ?2 AND seal_sha256 = ?3 AND state = 'done' ORDER BY created_at DESC, rowid DESC LIMIT 1",
        )?
        .query_row(params![device, packet, seal_sha256], |row| row.get(0))
        .optional()?
        .flatten())
}

/// Whether this device has delivered this packet: its upload was admitted.
pub fn delivered(
    connection: &Connection,
    device: &str,
    packet: &str,
    seal_sha256: &[u8; 32],
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM upload WHERE device = ?1 AND packet = ?2 AND seal_sha256 = ?3 AND state = 'done' AND outcome IS NULL")?
        .exists(params![device, packet, seal_sha256])?)
}

/// How many of a device's uploads are open.
pub fn open_count(connection: &Connection, device: &str) -> Result<u32, StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM upload WHERE device = ?1 AND state = 'open'")?
        .query_row([device], |row| row.get(0))?)
}

/// How many uploads are open in all.
pub fn all_open_count(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection.query_row(
        "SELECT count(*) FROM upload WHERE state = 'open'",
        [],
        |row| row.get(0),
    )?)
}

/// Whether an upload of this id may have a file of its own.
pub fn has_file(connection: &Connection, id: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM upload WHERE id = ?1 AND state <> 'done'")?
        .exists([id])?)
}

/// Uploads in a state, oldest first.
pub fn in_state(connection: &Connection, state: &str) -> Result<Vec<Upload>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM upload WHERE state = ?1 ORDER BY created_at, rowid"
    ))?;
    Ok(statement
        .query_map([state], read)?
        .collect::<Result<_, _>>()?)
}

/// More bytes are durable.
pub fn advance(
    tx: &Transaction<'_>,
    id: &str,
    offset: u64,
    expires_at: Millis,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE upload SET offset = ?2, expires_at = ?3 WHERE id = ?1 AND state = 'open'",
    )?
    .execute(params![id, offset, expires_at])?;
    Ok(())
}

/// All bytes are durable, and this is their digest.
pub fn complete(
    tx: &Transaction<'_>,
    id: &str,
    zip_sha256: &[u8; 32],
    now: Millis,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE upload SET offset = length, state = 'complete', zip_sha256 = ?2, completed_at = ?3 WHERE id = ?1 AND state = 'open'",
    )?
    .execute(params![id, zip_sha256, now])?;
    Ok(())
}

/// Admitted (`outcome` none) or not (a stable code).
pub fn finish(tx: &Transaction<'_>, id: &str, outcome: Option<&str>) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE upload SET state = 'done', outcome = ?2 WHERE id = ?1",
        params![id, outcome],
    )?;
    Ok(())
}

/// All uploads of these bytes: what became of them changed (a key was enrolled later).
pub fn set_outcome_of(
    tx: &Transaction<'_>,
    zip_sha256: &[u8; 32],
    outcome: Option<&str>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE upload SET outcome = ?2 WHERE zip_sha256 = ?1 AND state = 'done'",
        params![zip_sha256, outcome],
    )?;
    Ok(())
}

/// Removes the row.
pub fn remove(tx: &Transaction<'_>, id: &str) -> Result<(), StoreError> {
    tx.execute("DELETE FROM upload WHERE id = ?1", [id])?;
    Ok(())
}

/// Removes all that has not been decided on: their bytes are not here.
pub fn forget_unfinished(tx: &Transaction<'_>) -> Result<(), StoreError> {
    tx.execute("DELETE FROM upload WHERE state <> 'done'", [])?;
    Ok(())
}

/// Open uploads whose time is over, and rows of finished ones that are of no more use.
pub fn expired(connection: &Connection, now: Millis) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT id FROM upload WHERE state <> 'complete' AND expires_at < ?1 AND outcome IS NULL LIMIT 1000")?;
    Ok(statement
        .query_map([now], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Upload> {
    Ok(Upload {
        id: row.get(0)?,
        device: row.get(1)?,
        packet: row.get(2)?,
        seal_sha256: row.get(3)?,
        length: row.get(4)?,
        offset: row.get(5)?,
        state: row.get(6)?,
        zip_sha256: row.get(7)?,
        completed_at: row.get(8)?,
        expires_at: row.get(9)?,
    })
}
