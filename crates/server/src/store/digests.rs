//! What the first look at a zip found of its files, so that later looks need not read them again. Kept under the zip's own digest; a row that is
//! not there, or does not read, costs a reading of the whole zip and nothing else.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::verify::FileDigests;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;

/// A zip of more files is read anew each time.
const MOST: usize = 4096;

/// Keeps what was found.
pub fn keep(
    tx: &Transaction<'_>,
    zip: &Sha256Digest,
    files: &[FileDigests],
) -> Result<(), StoreError> {
    if files.len() > MOST {
        return Ok(());
    }
    let files = serde_json::to_string(files).map_err(|_| StoreError::Malformed("digests"))?;
    tx.prepare_cached("INSERT INTO zip_files (zip_sha256, files) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET files = excluded.files")?
        .execute(params![zip.0, files])?;
    Ok(())
}

/// What was found; nothing where nothing was kept.
pub fn of(connection: &Connection, zip: &Sha256Digest) -> Result<Vec<FileDigests>, StoreError> {
    let text: Option<String> = connection
        .prepare_cached("SELECT files FROM zip_files WHERE zip_sha256 = ?1")?
        .query_row([zip.0], |row| row.get(0))
        .optional()?;
    let files = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(files.unwrap_or_default())
}

/// Nothing is kept of an erased zip.
pub fn forget(tx: &Transaction<'_>, zip: &[u8; 32]) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM zip_files WHERE zip_sha256 = ?1")?
        .execute([zip])?;
    Ok(())
}
