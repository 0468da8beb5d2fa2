//! The registers of points and tickets: one line of JSON a row, and which version they are.

use std::io::Write as _;

use fieldseal_packet::{Sha256Digest, Sha256Writer};
use fieldseal_wire::registers::Register;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// Which version a register is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// Grows with each change; 0: nothing was ever imported.
    pub version: u64,
    /// Lines that tablets are given.
    pub rows: u64,
    /// Of these lines.
    pub sha256: Sha256Digest,
}

/// The register's newest version.
pub fn head(connection: &Connection, register: Register) -> Result<Head, StoreError> {
    let found = connection
        .prepare_cached("SELECT version, rows, sha256 FROM register WHERE name = ?1")?
        .query_row([register.as_str()], |row| {
            Ok(Head {
                version: row.get(0)?,
                rows: row.get(1)?,
                sha256: Sha256Digest(row.get(2)?),
            })
        })
        .optional()?;
    Ok(found.unwrap_or(Head {
        version: 0,
        rows: 0,
        sha256: Sha256Digest::of(b""),
    }))
}

/// Whether the register has this number.
pub fn has(connection: &Connection, register: Register, number: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM register_row WHERE register = ?1 AND number = ?2")?
        .exists(params![register.as_str(), number])?)
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is new.
    Added,
    /// It says something else.
    Changed,
    /// It is as it was.
    Same,
}

/// Adds or changes one row.
pub fn put(
    tx: &Transaction<'_>,
    register: Register,
    number: &str,
    line: &str,
    offered: bool,
) -> Result<Put, StoreError> {
    let before: Option<(String, bool)> = tx
        .prepare_cached(
            "SELECT line, offered FROM register_row WHERE register = ?1 AND number = ?2",
        )?
        .query_row(params![register.as_str(), number], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if before
        .as_ref()
        .is_some_and(|(old, was)| old == line && *was == offered)
    {
        return Ok(Put::Same);
    }
    tx.prepare_cached(
        "INSERT INTO register_row (register, number, line, offered) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (register, number) DO UPDATE SET line = excluded.line, offered = excluded.offered",
    )?
    .execute(params![register.as_str(), number, line, offered])?;
    Ok(match before {
        Some(_) => Put::Changed,
        None => Put::Added,
    })
}

/// Every number of the register.
pub fn numbers(connection: &Connection, register: Register) -> Result<Vec<String>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT number FROM register_row WHERE register = ?1 ORDER BY number")?;
    Ok(statement
        .query_map([register.as_str()], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Removes one row.
pub fn remove(tx: &Transaction<'_>, register: Register, number: &str) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM register_row WHERE register = ?1 AND number = ?2")?
        .execute(params![register.as_str(), number])?;
    Ok(())
}

/// Digests what tablets are given now, and counts a new version if it is something else than before.
pub fn settle(
    tx: &Transaction<'_>,
    register: Register,
    at: Millis,
) -> Result<(Head, bool), StoreError> {
    let before = head(tx, register)?;
    let mut statement = tx.prepare_cached(
        "SELECT line FROM register_row WHERE register = ?1 AND offered ORDER BY number",
    )?;
    let mut rows = statement.query([register.as_str()])?;
    let (mut digest, mut count) = (Sha256Writer::new(), 0_u64);
    while let Some(row) = rows.next()? {
        let line = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
        // A hash takes every write.
        let _ = digest.write_all(line.as_bytes());
        let _ = digest.write_all(b"\n");
        count += 1;
    }
    let now = Head {
        version: before.version.saturating_add(1),
        rows: count,
        sha256: digest.finish(),
    };
    if before.version > 0 && before.sha256 == now.sha256 {
        return Ok((before, false));
    }
    tx.execute(
        "INSERT INTO register (name, version, rows, sha256, changed_at) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (name) DO UPDATE SET version = excluded.version, rows = excluded.rows, sha256 = excluded.sha256, changed_at = excluded.changed_at",
        params![register.as_str(), now.version, now.rows, now.sha256.0, at],
    )?;
    Ok((now, true))
}

/// A stretch of the lines that tablets are given, each with its line feed, after a number: at most `most` lines. Gives the
/// last one's number; none: that was the end.
pub fn lines_after(
    connection: &Connection,
    register: Register,
    after: &str,
    most: u32,
) -> Result<(Vec<u8>, Option<String>), StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT number, line FROM register_row WHERE register = ?1 AND number > ?2 AND offered ORDER BY number LIMIT ?3",
    )?;
    let mut rows = statement.query(params![register.as_str(), after, most])?;
    let (mut bytes, mut last) = (Vec::new(), None);
    while let Some(row) = rows.next()? {
        last = Some(row.get(0)?);
        let line = row.get_ref(1)?.as_str().map_err(rusqlite::Error::from)?;
        bytes.extend_from_slice(line.as_bytes());
        bytes.push(b'\n');
    }
    Ok((bytes, last))
}
