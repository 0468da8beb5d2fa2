//! Forms that tablets are given: every version ever brought in, and the kinds that are retired.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::{StoreError, digest_at};
use crate::ambient::Millis;

/// One version of a kind's form, without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormRow {
    /// Kind's id.
    pub kind: String,
    /// As in the form.
    pub version: String,
    /// Of the bytes.
    pub sha256: [u8; 32],
    /// Bytes.
    pub size: u64,
    /// When it was brought in.
    pub imported_at: Millis,
}

/// Adds a form.
pub fn add(
    tx: &Transaction<'_>,
    kind: &str,
    version: &str,
    sha256: &[u8; 32],
    bytes: &[u8],
    at: Millis,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO form (kind, version, sha256, bytes, imported_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![kind, version, sha256, bytes, at],
    )?;
    Ok(())
}

/// All versions of all kinds, in the order they were brought in.
pub fn all(connection: &Connection) -> Result<Vec<FormRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT kind, version, sha256, length(bytes) AS size, imported_at FROM form ORDER BY n",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(FormRow {
            kind: row.get("kind")?,
            version: row.get("version")?,
            sha256: digest_at(row, "sha256")?,
            size: row.get("size")?,
            imported_at: row.get("imported_at")?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A form's bytes.
pub fn bytes(connection: &Connection, sha256: &[u8; 32]) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT bytes FROM form WHERE sha256 = ?1")?
        .query_row([sha256], |row| row.get(0))
        .optional()?)
}

/// The retired kinds.
pub fn retired(connection: &Connection) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT kind FROM retired_kind ORDER BY kind")?;
    let rows = statement.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Retires a kind. False when it was retired already.
pub fn retire(tx: &Transaction<'_>, kind: &str, at: Millis) -> Result<bool, StoreError> {
    let sql = "INSERT INTO retired_kind (kind, retired_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    Ok(tx.execute(sql, params![kind, at])? > 0)
}

/// Takes a kind's retirement back. False when it was not retired.
pub fn bring_back(tx: &Transaction<'_>, kind: &str) -> Result<bool, StoreError> {
    Ok(tx.execute("DELETE FROM retired_kind WHERE kind = ?1", [kind])? > 0)
}
