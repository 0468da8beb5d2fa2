//! Columns to types and back. A stored value that does not read is an error that names the column, never a default.

use crate::db::StoreError;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use rusqlite::Row;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest text a caller may store in one column.
const MOST_TEXT: usize = 256 * 1024;

pub(super) fn packet(row: &Row<'_>, column: &'static str) -> Result<PacketId, StoreError> {
    let text: String = row.get(column)?;
    text.parse().map_err(|_| StoreError::Unreadable(column))
}

pub(super) fn maybe_packet(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<PacketId>, StoreError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|_| StoreError::Unreadable(column)))
        .transpose()
}

pub(super) fn digest(row: &Row<'_>, column: &'static str) -> Result<Sha256Digest, StoreError> {
    row.get(column).map(Sha256Digest).map_err(StoreError::from)
}

pub(super) fn maybe_digest(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<Sha256Digest>, StoreError> {
    Ok(row.get::<_, Option<[u8; 32]>>(column)?.map(Sha256Digest))
}

pub(super) fn time(row: &Row<'_>, column: &'static str) -> Result<Timestamp, StoreError> {
    Ok(Timestamp::from_millis(row.get(column)?))
}

pub(super) fn maybe_time(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<Timestamp>, StoreError> {
    Ok(row
        .get::<_, Option<i64>>(column)?
        .map(Timestamp::from_millis))
}

pub(super) fn json<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &'static str,
) -> Result<T, StoreError> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|_| StoreError::Unreadable(column))
}

pub(super) fn maybe_json<T: DeserializeOwned>(
    row: &Row<'_>,
    column: &'static str,
) -> Result<Option<T>, StoreError> {
    let text: Option<String> = row.get(column)?;
    text.map(|text| serde_json::from_str(&text).map_err(|_| StoreError::Unreadable(column)))
        .transpose()
}

pub(super) fn to_json<T: Serialize>(value: &T, what: &'static str) -> Result<String, StoreError> {
    let text = serde_json::to_string(value).map_err(|_| StoreError::Value(what))?;
    bounded(&text, what)?;
    Ok(text)
}

pub(super) fn bounded(text: &str, what: &'static str) -> Result<(), StoreError> {
    if text.len() > MOST_TEXT {
        Err(StoreError::Value(what))
    } else {
        Ok(())
    }
}

/// One changed row, or [`StoreError::NotFound`].
pub(super) fn one(changed: usize) -> Result<(), StoreError> {
    if changed == 1 {
        Ok(())
    } else {
        Err(StoreError::NotFound)
    }
}

/// All rows of a query, each through `read`.
pub(super) fn all<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut values = Vec::new();
    while let Some(row) = rows.next()? {
        values.push(read(row)?);
    }
    Ok(values)
}

/// The row of a query, if there is one.
pub(super) fn first<T>(
    connection: &rusqlite::Connection,
    sql: &str,
    params: impl rusqlite::Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    rows.next()?.map(read).transpose()
}
