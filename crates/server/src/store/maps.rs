//! Which offline map tablets are given.

use fieldseal_packet::Sha256Digest;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// The map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MapRow {
    /// Of the file.
    pub sha256: Sha256Digest,
    /// Bytes.
    pub size: u64,
    /// Drawn shifted as GCJ-02 is.
    pub gcj02: bool,
    /// Whose it is.
    pub attribution: Option<String>,
    /// When it was put there.
    pub placed_at: Millis,
}

/// The map, if there is one.
pub fn newest(connection: &Connection) -> Result<Option<MapRow>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT sha256, size, gcj02, attribution, placed_at FROM offline_map")?
        .query_row([], |row| {
            Ok(MapRow {
                sha256: Sha256Digest(row.get(0)?),
                size: row.get(1)?,
                gcj02: row.get(2)?,
                attribution: row.get(3)?,
                placed_at: row.get(4)?,
            })
        })
        .optional()?)
}

/// Names another map.
pub fn put(tx: &Transaction<'_>, map: &MapRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT OR REPLACE INTO offline_map (id, sha256, size, gcj02, attribution, placed_at) VALUES (1, ?1, ?2, ?3, ?4, ?5)",
        params![map.sha256.0, map.size, map.gcj02, map.attribution, map.placed_at],
    )?;
    Ok(())
}
