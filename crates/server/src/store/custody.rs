//! The server's custody log of each packet: lines of the same form as the packet's own, going on from its seal. Append-only, by trigger.

use fieldseal_packet::custody::{Event, Head, Meta};
use fieldseal_packet::{Sha256Digest, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// Appends one event, as a part of the transaction that makes it true. `actor` is an account or key name, absent when the server acts by itself.
pub fn append(
    tx: &Transaction<'_>,
    seal: &Sha256Digest,
    at: Millis,
    actor: Option<&str>,
    event: &Event,
) -> Result<(), StoreError> {
    let last: Option<(u64, Vec<u8>)> = tx
        .prepare_cached(
            "SELECT n, line FROM custody WHERE seal_sha256 = ?1 ORDER BY n DESC LIMIT 1",
        )?
        .query_row([seal.0], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let mut head = match last {
        Some((n, line)) => Head {
            n,
            prev: Sha256Digest::of(&line),
        },
        None => Head::after_seal(*seal),
    };
    let meta = Meta {
        at: Timestamp::from_millis(at),
        boot_id: None,
        boot_ms: None,
        actor: actor.map(str::to_owned),
    };
    let line = head
        .append(&meta, event)
        .map_err(|_| StoreError::Malformed("custody event"))?;
    tx.prepare_cached("INSERT INTO custody (seal_sha256, n, line) VALUES (?1, ?2, ?3)")?
        .execute(params![seal.0, head.n, line])?;
    Ok(())
}

/// The whole log as a file: `data/custody-after.log` of an export.
pub fn log(connection: &Connection, seal: &Sha256Digest) -> Result<Vec<u8>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT line FROM custody WHERE seal_sha256 = ?1 ORDER BY n")?;
    let lines = statement
        .query_map([seal.0], |row| row.get::<_, Vec<u8>>(0))?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(lines.concat())
}

/// Whether the log has this event from this actor since `since`: so that a screen that asks again every second is one look, not a thousand.
pub fn seen_since(
    connection: &Connection,
    actor: &str,
    action: &str,
    subject: &str,
    since: Millis,
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM audit WHERE actor = ?1 AND action = ?2 AND subject = ?3 AND at >= ?4 LIMIT 1")?
        .exists(params![actor, action, subject, since])?)
}

/// Writes an audit entry.
pub fn audit(
    tx: &Transaction<'_>,
    at: Millis,
    actor: &str,
    action: &str,
    subject: &str,
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO audit (at, actor, action, subject) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![at, actor, action, subject])?;
    Ok(())
}
