//! The officers of this tablet: names, and what their keys were enrolled with. PINs and seeds are in the slots.

use super::columns;
use crate::db::StoreError;
use rusqlite::{Connection, Row, Transaction, params};

/// An officer, as the screens and the record name them.
#[derive(Clone, PartialEq, Eq)]
pub struct OfficerRecord {
    /// Pseudonymous id.
    pub id: String,
    /// Badge number 执法证号.
    pub badge: String,
    /// Display name.
    pub name: String,
    /// Team 街道队.
    pub team: Option<String>,
    /// The signing key's vkey line.
    pub vkey: Option<String>,
    /// The authority's signed `enrolled` note, byte for byte.
    pub entry: Option<Vec<u8>>,
}

/// `Debug` without the name.
impl std::fmt::Debug for OfficerRecord {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfficerRecord")
            .field("id", &self.id)
            .field("enrolled", &self.entry.is_some())
            .finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> Result<OfficerRecord, StoreError> {
    Ok(OfficerRecord {
        id: row.get("id")?,
        badge: row.get("badge")?,
        name: row.get("name")?,
        team: row.get("team")?,
        vkey: row.get("vkey")?,
        entry: row.get("entry")?,
    })
}

/// Makes or replaces an officer's record.
pub fn put(tx: &Transaction<'_>, officer: &OfficerRecord) -> Result<(), StoreError> {
    for (text, what) in [
        (&officer.id, "officer id"),
        (&officer.badge, "badge"),
        (&officer.name, "name"),
    ] {
        columns::bounded(text, what)?;
    }
    tx.prepare_cached(
        "INSERT INTO officers (id, badge, name, team, vkey, entry) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET badge = excluded.badge, name = excluded.name, team = excluded.team,
           vkey = excluded.vkey, entry = excluded.entry",
    )?
    .execute(params![officer.id, officer.badge, officer.name, officer.team, officer.vkey, officer.entry])?;
    Ok(())
}

/// The officer of this id.
pub fn get(connection: &Connection, id: &str) -> Result<Option<OfficerRecord>, StoreError> {
    columns::first(
        connection,
        "SELECT * FROM officers WHERE id = ?",
        [id],
        read,
    )
}

/// All officers, by id.
pub fn list(connection: &Connection) -> Result<Vec<OfficerRecord>, StoreError> {
    columns::all(connection, "SELECT * FROM officers ORDER BY id", [], read)
}
