//! Small values by key, as JSON.

use super::columns;
use crate::db::StoreError;
use rusqlite::{Connection, Transaction, params};
use serde_json::Value;

/// The value of a key.
pub fn get(connection: &Connection, key: &str) -> Result<Option<Value>, StoreError> {
    columns::first(
        connection,
        "SELECT value FROM settings WHERE key = ?",
        [key],
        |row| columns::json(row, "value"),
    )
}

/// Sets a key's value.
pub fn set(tx: &Transaction<'_>, key: &str, value: &Value) -> Result<(), StoreError> {
    columns::bounded(key, "key")?;
    let text = columns::to_json(value, "setting")?;
    tx.prepare_cached(
        "INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![key, text])?;
    Ok(())
}
