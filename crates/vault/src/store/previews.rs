//! Previews: small JPEGs made from originals, encrypted with the database. They can be made again at any time.

use super::columns;
use crate::db::StoreError;
use rusqlite::{Connection, Transaction, params};

/// Which preview.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preview {
    /// For lists.
    Thumb,
    /// For the whole screen.
    Screen,
}

/// Largest preview kept.
const MOST_BYTES: usize = 4 << 20;

impl Preview {
    fn as_str(self) -> &'static str {
        match self {
            Self::Thumb => "thumb",
            Self::Screen => "screen",
        }
    }
}

/// Keeps a preview, in place of an earlier one.
pub fn put(
    tx: &Transaction<'_>,
    capture_seq: u64,
    preview: Preview,
    jpeg: &[u8],
) -> Result<(), StoreError> {
    if jpeg.len() > MOST_BYTES {
        return Err(StoreError::Value("preview"));
    }
    tx.prepare_cached(
        "INSERT INTO previews (capture_seq, kind, jpeg) VALUES (?, ?, ?)
         ON CONFLICT (capture_seq, kind) DO UPDATE SET jpeg = excluded.jpeg",
    )?
    .execute(params![capture_seq, preview.as_str(), jpeg])?;
    Ok(())
}

/// A preview's JPEG.
pub fn get(
    connection: &Connection,
    capture_seq: u64,
    preview: Preview,
) -> Result<Option<Vec<u8>>, StoreError> {
    columns::first(
        connection,
        "SELECT jpeg FROM previews WHERE capture_seq = ? AND kind = ?",
        params![capture_seq, preview.as_str()],
        |row| Ok(row.get(0)?),
    )
}

/// Whether there is one.
pub fn has(
    connection: &Connection,
    capture_seq: u64,
    preview: Preview,
) -> Result<bool, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT 1 FROM previews WHERE capture_seq = ? AND kind = ?")?;
    Ok(statement.exists(params![capture_seq, preview.as_str()])?)
}
