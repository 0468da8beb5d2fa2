//! What tablets were ordered to do, and how far that has come.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// An order to a tablet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderRow {
    /// From 1 for each device.
    pub number: u64,
    /// `lock`, `wipe` or `nothing`.
    pub what: String,
    /// Server's clock.
    pub ordered_at: Millis,
    /// Who.
    pub ordered_by: String,
    /// The signed note.
    pub note: Vec<u8>,
    /// When the tablet was first told.
    pub told_at: Option<Millis>,
    /// When it said that it was done.
    pub done_at: Option<Millis>,
}

/// The newest order to a device.
pub fn newest(connection: &Connection, device: &str) -> Result<Option<OrderRow>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT number, what, ordered_at, ordered_by, note, told_at, done_at FROM device_order
             WHERE device = ?1 ORDER BY number DESC LIMIT 1",
        )?
        .query_row([device], |row| {
            Ok(OrderRow {
                number: row.get(0)?,
                what: row.get(1)?,
                ordered_at: row.get(2)?,
                ordered_by: row.get(3)?,
                note: row.get(4)?,
                told_at: row.get(5)?,
                done_at: row.get(6)?,
            })
        })
        .optional()?)
}

/// Keeps a new one.
pub fn add(tx: &Transaction<'_>, device: &str, order: &OrderRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO device_order (device, number, what, ordered_at, ordered_by, note) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            device,
            order.number,
            order.what,
            order.ordered_at,
            order.ordered_by,
            order.note
        ],
    )?;
    Ok(())
}

/// The tablet has been told. False when it had been before.
pub fn told(
    tx: &Transaction<'_>,
    device: &str,
    number: u64,
    at: Millis,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE device_order SET told_at = ?3 WHERE device = ?1 AND number = ?2 AND told_at IS NULL",
        params![device, number, at],
    )?;
    Ok(changed > 0)
}

/// The tablet says that it has done so. False when it had said so before, or was never told.
pub fn done(
    tx: &Transaction<'_>,
    device: &str,
    number: u64,
    at: Millis,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE device_order SET done_at = ?3 WHERE device = ?1 AND number = ?2 AND told_at IS NOT NULL AND done_at IS NULL",
        params![device, number, at],
    )?;
    Ok(changed > 0)
}
