//! Packets whose bytes were erased by rule.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// Keeps the tombstone.
pub fn add(
    tx: &Transaction<'_>,
    seal: &[u8; 32],
    note: &[u8],
    at: Millis,
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO erased (seal_sha256, note, erased_at) VALUES (?1, ?2, ?3)")?
        .execute(params![seal, note, at])?;
    Ok(())
}

/// A packet's signed tombstone, if it has one.
pub fn note(connection: &Connection, seal: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT note FROM erased WHERE seal_sha256 = ?1")?
        .query_row([seal], |row| row.get(0))
        .optional()?)
}

/// The zips that are a packet's, now or formerly.
pub fn zips_of(connection: &Connection, seal: &[u8; 32]) -> Result<Vec<[u8; 32]>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT zip_sha256 FROM packet WHERE seal_sha256 = ?1 UNION SELECT zip_sha256 FROM packet_copy WHERE seal_sha256 = ?1",
    )?;
    Ok(statement
        .query_map([seal], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Takes out of a packet's row what its record said: address, people, words.
pub fn blank(
    tx: &Transaction<'_>,
    seal: &[u8; 32],
    title: &str,
    summary: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE packet SET title = ?2, search = ?2, summary = ?3, team = NULL, judged = 1 WHERE seal_sha256 = ?1",
        params![seal, title, summary],
    )?;
    Ok(())
}
