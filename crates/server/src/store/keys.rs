//! Enrolled keys, one-time codes, and the deployment's own row.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// A row of the register of keys.
#[derive(Debug, Clone)]
pub struct KeyRow {
    /// `<origin>/device/<id>` or `<origin>/officer/<id>`.
    pub name: String,
    /// Note key id.
    pub key_id: u32,
    /// `device` or `officer`.
    pub kind: String,
    /// Pseudonymous id: the last part of the name.
    pub subject: String,
    /// The public key.
    pub vkey: String,
    /// Team, for a device.
    pub team: Option<String>,
    /// What the device says it is.
    pub claim: Option<String>,
    /// `active`, `revoked` or `retired`.
    pub status: String,
    /// When it was enrolled.
    pub enrolled_at: Millis,
    /// When it was revoked.
    pub revoked_at: Option<Millis>,
    /// Key name of the device that it took over from.
    pub replaces: Option<String>,
    /// Key name of the tablet on which an officer's key lies.
    pub on_device: Option<String>,
    /// When it was retired.
    pub retired_at: Option<Millis>,
    /// The signed `retired` note.
    pub retired: Option<Vec<u8>>,
    /// Key id of the key of this name that it took over from.
    pub rotated_from: Option<u32>,
    /// For CMS signatures, DER.
    pub certificate: Option<Vec<u8>>,
    /// The maker's certificates, PEM, the key's own first.
    pub attestation: Option<Vec<u8>>,
    /// When an administrator asked the tablet for a new key.
    pub rotation_asked_at: Option<Millis>,
    /// The signed `enrolled` note, or `rotated` for a key that took over.
    pub entry: Vec<u8>,
}

impl KeyRow {
    /// Another key has taken over: its owner goes on, by that one.
    pub fn is_rotated_away(&self) -> bool {
        self.status == "retired" && self.retired.is_none()
    }
}

/// A one-time code's row.
#[derive(Debug, Clone)]
pub struct CodeRow {
    /// `device` or `officer`.
    pub kind: String,
    /// Pseudonymous id that the key will have.
    pub subject: String,
    /// Team, for a device.
    pub team: Option<String>,
    /// When it ends.
    pub expires_at: Millis,
    /// Key name of the device that the new one takes over from.
    pub replaces: Option<String>,
}

const COLUMNS: &str = "name, key_id, kind, subject, vkey, team, claim, status, enrolled_at, revoked_at, entry, replaces, on_device, retired_at, retired, rotated_from, certificate, attestation, rotation_asked_at";

/// The deployment: origin and public recovery key. None in a folder that was never initialised.
pub fn deployment(connection: &Connection) -> Result<Option<(String, String)>, StoreError> {
    Ok(connection
        .query_row(
            "SELECT origin, recovery_public FROM deployment",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .optional()?)
}

/// Writes the deployment's row, once.
pub fn set_deployment(
    tx: &Transaction<'_>,
    origin: &str,
    recovery_public: &str,
    at: Millis,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO deployment (one, origin, recovery_public, made_at) VALUES (1, ?1, ?2, ?3)",
        params![origin, recovery_public, at],
    )?;
    Ok(())
}

/// Adds an enrolled key.
pub fn add(tx: &Transaction<'_>, key: &KeyRow, entry_sha256: &[u8; 32]) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO signing_key (name, key_id, kind, subject, vkey, team, claim, status, enrolled_at, entry, entry_sha256, replaces, on_device, rotated_from, certificate, attestation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'active', ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)",
        params![
            key.name,
            key.key_id,
            key.kind,
            key.subject,
            key.vkey,
            key.team,
            key.claim,
            key.enrolled_at,
            key.entry,
            entry_sha256,
            key.replaces,
            key.on_device,
            key.rotated_from,
            key.certificate,
            key.attestation
        ],
    )?;
    Ok(())
}

/// All keys of a name, newest last.
pub fn named(connection: &Connection, name: &str) -> Result<Vec<KeyRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM signing_key WHERE name = ?1 ORDER BY enrolled_at"
    ))?;
    Ok(statement
        .query_map([name], read)?
        .collect::<Result<_, _>>()?)
}

/// All keys.
pub fn all(connection: &Connection) -> Result<Vec<KeyRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM signing_key ORDER BY kind, name, enrolled_at"
    ))?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Marks a key as revoked. False when it is unknown, or was revoked before.
pub fn revoke(
    tx: &Transaction<'_>,
    name: &str,
    key_id: u32,
    at: Millis,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE signing_key SET status = 'revoked', revoked_at = ?3 WHERE name = ?1 AND key_id = ?2 AND status <> 'revoked'",
        params![name, key_id, at],
    )?;
    Ok(changed > 0)
}

/// Marks an active key as retired and keeps the note that says so. False when it is not active.
pub fn retire(
    tx: &Transaction<'_>,
    name: &str,
    key_id: u32,
    note: &[u8],
    at: Millis,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE signing_key SET status = 'retired', retired_at = ?3, retired = ?4 WHERE name = ?1 AND key_id = ?2 AND status = 'active'",
        params![name, key_id, at, note],
    )?;
    Ok(changed > 0)
}

/// Another key has taken over from this one, which ends in good order and without a note of its own.
pub fn rotated_away(
    tx: &Transaction<'_>,
    name: &str,
    key_id: u32,
    at: Millis,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE signing_key SET status = 'retired', retired_at = ?3 WHERE name = ?1 AND key_id = ?2 AND status = 'active'",
        params![name, key_id, at],
    )?;
    Ok(())
}

/// Asks for another key in the place of this one. False when it is not active.
pub fn ask_rotation(
    tx: &Transaction<'_>,
    name: &str,
    key_id: u32,
    at: Millis,
) -> Result<bool, StoreError> {
    let changed = tx.execute(
        "UPDATE signing_key SET rotation_asked_at = ?3 WHERE name = ?1 AND key_id = ?2 AND status = 'active'",
        params![name, key_id, at],
    )?;
    Ok(changed > 0)
}

/// The officers' keys that lie on a tablet.
pub fn on_device(connection: &Connection, device: &str) -> Result<Vec<KeyRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM signing_key WHERE on_device = ?1 ORDER BY enrolled_at"
    ))?;
    Ok(statement
        .query_map([device], read)?
        .collect::<Result<_, _>>()?)
}

/// Keeps a new one-time code, by its digest.
pub fn add_code(
    tx: &Transaction<'_>,
    code_sha256: &[u8; 32],
    code: &CodeRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO enrol_code (code_sha256, kind, subject, team, expires_at, replaces) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![code_sha256, code.kind, code.subject, code.team, code.expires_at, code.replaces],
    )?;
    Ok(())
}

/// A code that can still be used: in time, and unused or used by this very key.
pub fn usable_code(
    connection: &Connection,
    code_sha256: &[u8; 32],
    vkey: Option<&str>,
    now: Millis,
) -> Result<Option<CodeRow>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT kind, subject, team, expires_at, replaces FROM enrol_code
             WHERE code_sha256 = ?1 AND expires_at > ?2 AND (used_at IS NULL OR used_by = ?3)",
        )?
        .query_row(params![code_sha256, now, vkey], |row| {
            Ok(CodeRow {
                kind: row.get(0)?,
                subject: row.get(1)?,
                team: row.get(2)?,
                expires_at: row.get(3)?,
                replaces: row.get(4)?,
            })
        })
        .optional()?)
}

/// Uses a code up. False when it is not there to be used.
pub fn use_code(
    tx: &Transaction<'_>,
    code_sha256: &[u8; 32],
    vkey: &str,
    now: Millis,
) -> Result<bool, StoreError> {
    let used = tx.execute(
        "UPDATE enrol_code SET used_at = ?2, used_by = ?3
         WHERE code_sha256 = ?1 AND used_at IS NULL AND expires_at > ?2",
        params![code_sha256, now, vkey],
    )?;
    Ok(used > 0)
}

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<KeyRow> {
    Ok(KeyRow {
        name: row.get(0)?,
        key_id: row.get(1)?,
        kind: row.get(2)?,
        subject: row.get(3)?,
        vkey: row.get(4)?,
        team: row.get(5)?,
        claim: row.get(6)?,
        status: row.get(7)?,
        enrolled_at: row.get(8)?,
        revoked_at: row.get(9)?,
        entry: row.get(10)?,
        replaces: row.get(11)?,
        on_device: row.get(12)?,
        retired_at: row.get(13)?,
        retired: row.get(14)?,
        rotated_from: row.get(15)?,
        certificate: row.get(16)?,
        attestation: row.get(17)?,
        rotation_asked_at: row.get(18)?,
    })
}
