//! What a device said of itself by heartbeats, which of its captures are here, and what contradicts what.

use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// Alarms kept of one device: what comes after says nothing new.
const MOST_ALARMS: u64 = 100;

/// How far a device is, by its own word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Contact {
    /// When it was last here in any way.
    pub seen_at: Millis,
    /// When its last heartbeat came.
    pub beat_at: Option<Millis>,
    /// When a heartbeat of it last became a leaf.
    pub logged_at: Option<Millis>,
    /// The device's clock in the heartbeat that said the numbers.
    pub claimed_at: Option<Millis>,
    /// Packets sealed.
    pub device_seq: u64,
    /// Photos taken.
    pub capture_seq: u64,
}

/// Something about a device that contradicts what was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Its number.
    pub id: i64,
    /// Key name of the device.
    pub device: String,
    /// Stable word, listed in `docs/spec/log.md`.
    pub code: String,
    /// The capture or packet that it is about.
    pub number: u64,
    /// When it was noticed.
    pub at: Millis,
    /// When somebody said that they had looked at it.
    pub seen_at: Option<Millis>,
}

/// What is known of a device's whereabouts; none before its first contact.
pub fn contact(connection: &Connection, device: &str) -> Result<Option<Contact>, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT seen_at, beat_at, logged_at, claimed_at, device_seq, capture_seq FROM device_contact WHERE device = ?1",
        )?
        .query_row([device], |row| {
            Ok(Contact {
                seen_at: row.get(0)?,
                beat_at: row.get(1)?,
                logged_at: row.get(2)?,
                claimed_at: row.get(3)?,
                device_seq: row.get(4)?,
                capture_seq: row.get(5)?,
            })
        })
        .optional()?)
}

/// It was here.
pub fn seen(tx: &Transaction<'_>, device: &str, at: Millis) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO device_contact (device, seen_at) VALUES (?1, ?2)
         ON CONFLICT (device) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)",
    )?
    .execute(params![device, at])?;
    Ok(())
}

/// Keeps how far it says it is; call [`seen`] before.
pub fn set_contact(
    tx: &Transaction<'_>,
    device: &str,
    contact: &Contact,
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE device_contact SET seen_at = ?2, beat_at = ?3, logged_at = ?4, claimed_at = ?5, device_seq = ?6, capture_seq = ?7
         WHERE device = ?1",
    )?
    .execute(params![
        device,
        contact.seen_at,
        contact.beat_at,
        contact.logged_at,
        contact.claimed_at,
        contact.device_seq,
        contact.capture_seq
    ])?;
    Ok(())
}

/// The link of a capture, where one was told or sent.
pub fn link(
    connection: &Connection,
    device: &str,
    capture_seq: u64,
) -> Result<Option<[u8; 32]>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT link FROM device_capture WHERE device = ?1 AND capture_seq = ?2")?
        .query_row(params![device, capture_seq], |row| row.get(0))
        .optional()?)
}

/// Keeps the first link that was told of a capture. False when another one is known: somebody says two things.
pub fn keep_link(
    tx: &Transaction<'_>,
    device: &str,
    capture_seq: u64,
    link_of: &[u8; 32],
    here: bool,
) -> Result<bool, StoreError> {
    tx.prepare_cached(
        "INSERT INTO device_capture (device, capture_seq, link, here) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (device, capture_seq) DO UPDATE SET here = max(here, excluded.here)",
    )?
    .execute(params![device, capture_seq, link_of, here])?;
    Ok(link(tx, device, capture_seq)?.as_ref() == Some(link_of))
}

/// A heartbeat that is to be logged names this capture: the first one that does bounds it. Another link is another capture.
pub fn bound(
    tx: &Transaction<'_>,
    device: &str,
    capture_seq: u64,
    link_of: &[u8; 32],
    beat: &[u8; 32],
) -> Result<(), StoreError> {
    tx.prepare_cached(
        "UPDATE device_capture SET beat = ?4 WHERE device = ?1 AND capture_seq = ?2 AND link = ?3 AND beat IS NULL",
    )?
    .execute(params![device, capture_seq, link_of, beat])?;
    Ok(())
}

/// The leaves of heartbeats that bound captures of these numbers, each once, oldest first.
pub fn beats(
    connection: &Connection,
    device: &str,
    ranges: &[(u64, u64)],
    most: usize,
) -> Result<Vec<u64>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT DISTINCT idx FROM device_capture JOIN log_leaf ON note_sha256 = beat
         WHERE device = ?1 AND capture_seq BETWEEN ?2 AND ?3",
    )?;
    let mut leaves = std::collections::BTreeSet::new();
    for (first, last) in ranges {
        let rows = statement.query_map(params![device, first, last], |row| row.get(0))?;
        for leaf in rows {
            leaves.insert(leaf?);
        }
    }
    Ok(leaves.into_iter().take(most).collect())
}

/// This heartbeat is to be the device's newest leaf; call [`seen`] before.
pub fn set_newest_beat(
    tx: &Transaction<'_>,
    device: &str,
    beat: &[u8; 32],
) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE device_contact SET newest_beat = ?2 WHERE device = ?1")?
        .execute(params![device, beat])?;
    Ok(())
}

/// The leaf of the device's newest heartbeat; where that is not logged yet, of the newest one that told of a capture.
pub fn newest_beat(connection: &Connection, device: &str) -> Result<Option<u64>, StoreError> {
    let newest = connection
        .prepare_cached(
            "SELECT idx FROM device_contact JOIN log_leaf ON note_sha256 = newest_beat WHERE device = ?1",
        )?
        .query_row([device], |row| row.get(0))
        .optional()?;
    if newest.is_some() {
        return Ok(newest);
    }
    Ok(connection
        .prepare_cached(
            "SELECT max(idx) FROM device_capture JOIN log_leaf ON note_sha256 = beat WHERE device = ?1",
        )?
        .query_row([device], |row| row.get(0))?)
}

/// How many packets and captures of a device are here.
pub fn here(connection: &Connection, device: &str) -> Result<(u64, u64), StoreError> {
    let packets = connection
        .prepare_cached("SELECT count(*) FROM log_seal WHERE device = ?1")?
        .query_row([device], |row| row.get(0))?;
    let captures = connection
        .prepare_cached("SELECT count(*) FROM device_capture WHERE device = ?1 AND here = 1")?
        .query_row([device], |row| row.get(0))?;
    Ok((packets, captures))
}

/// Packets of a device that have no receipt yet.
pub fn without_receipt(connection: &Connection, device: &str) -> Result<u64, StoreError> {
    Ok(connection
        .prepare_cached("SELECT count(*) FROM packet WHERE device = ?1 AND receipt IS NULL")?
        .query_row([device], |row| row.get(0))?)
}

/// Raises an alarm, once. False when it stands already.
pub fn alarm(
    tx: &Transaction<'_>,
    device: &str,
    code: &str,
    number: u64,
    at: Millis,
) -> Result<bool, StoreError> {
    let there: u64 = tx
        .prepare_cached("SELECT count(*) FROM device_alarm WHERE device = ?1")?
        .query_row([device], |row| row.get(0))?;
    if there >= MOST_ALARMS {
        return Ok(false);
    }
    let raised = tx
        .prepare_cached(
            "INSERT INTO device_alarm (device, code, number, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        )?
        .execute(params![device, code, number, at])?;
    Ok(raised > 0)
}

/// Every alarm, newest last.
pub fn alarms(connection: &Connection) -> Result<Vec<Alarm>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, device, code, number, at, seen_at FROM device_alarm ORDER BY id",
    )?;
    let rows = statement.query_map([], |row| {
        Ok(Alarm {
            id: row.get(0)?,
            device: row.get(1)?,
            code: row.get(2)?,
            number: row.get(3)?,
            at: row.get(4)?,
            seen_at: row.get(5)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Alarms that nobody has looked at.
pub fn open_alarms(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection.query_row(
        "SELECT count(*) FROM device_alarm WHERE seen_at IS NULL",
        [],
        |row| row.get(0),
    )?)
}

/// Somebody has looked at a device's alarms. Gives how many were open.
pub fn alarms_seen(
    tx: &Transaction<'_>,
    device: &str,
    by: &str,
    at: Millis,
) -> Result<usize, StoreError> {
    Ok(tx.execute(
        "UPDATE device_alarm SET seen_at = ?2, seen_by = ?3 WHERE device = ?1 AND seen_at IS NULL",
        params![device, at, by],
    )?)
}
