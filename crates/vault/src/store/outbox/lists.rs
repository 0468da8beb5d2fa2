//! Lists of the outbox, each by an index: none of them grows with what is long since safe.

use super::{JOB, Job, read};
use crate::db::StoreError;
use crate::store::columns;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use rusqlite::{Connection, Row, params};
use serde_json::Value;

/// Which packets a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter<'a> {
    /// Every one.
    All,
    /// Not yet safe.
    Unsafe,
    /// Safe, and nothing decided.
    Safe,
    /// Decided, whatever the decision.
    Decided,
    /// The newest decision is this word.
    Decision(&'a str),
}

/// Counts over the whole outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Packets.
    pub packets: u64,
    /// Packets that are safe.
    pub safe: u64,
    /// Of these, packets whose originals were removed here.
    pub reclaimed: u64,
}

impl Filter<'_> {
    fn condition(self) -> &'static str {
        match self {
            Self::All => "?1 IS NULL",
            Self::Unsafe => "verified_at IS NULL AND decision IS NULL AND ?1 IS NULL",
            Self::Safe => "verified_at IS NOT NULL AND decision IS NULL AND ?1 IS NULL",
            Self::Decided => "decision IS NOT NULL AND ?1 IS NULL",
            Self::Decision(_) => "decision = ?1",
        }
    }
}

/// A page of packets, newest first, and how many there are. Pages count from 0.
pub fn page(
    connection: &Connection,
    filter: Filter<'_>,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Job>, u64), StoreError> {
    let word = match filter {
        Filter::Decision(word) => Some(word),
        _ => None,
    };
    let condition = filter.condition();
    let jobs = columns::all(
        connection,
        &format!("{JOB} WHERE {condition} ORDER BY device_seq DESC LIMIT ?2 OFFSET ?3"),
        params![word, per_page, u64::from(page) * u64::from(per_page)],
        read,
    )?;
    let total = match filter {
        Filter::All => counts(connection)?.packets,
        _ => connection
            .prepare_cached(&format!("SELECT count(*) FROM packets WHERE {condition}"))?
            .query_row([word], |row| row.get(0))?,
    };
    Ok((jobs, total))
}

/// A packet that is not yet safe, as far as the sync engine and the counts of the screens need it.
#[derive(Debug, Clone, PartialEq)]
pub struct Waiting {
    /// The packet.
    pub packet: PacketId,
    /// Packet digest.
    pub digest: Sha256Digest,
    /// Its place in the device's sequence.
    pub device_seq: u64,
    /// Bytes of the zip.
    pub zip_size: u64,
    /// Captures in it.
    pub photos: u64,
    /// Device's claim.
    pub sealed_at: Timestamp,
    /// When it should be on the server, where a rule says so.
    pub deadline: Option<Timestamp>,
    /// Whatever the sync engine keeps of it.
    pub sync: Option<Value>,
}

/// Packets not yet safe whose place is behind this one, in no order. Those that nothing was sent of yet are read from an
/// index that holds all of this: a row is mostly its seal, and thousands of them would be what unlocking takes.
pub fn waiting(connection: &Connection, behind: u64) -> Result<Vec<Waiting>, StoreError> {
    let read = |row: &Row<'_>| {
        Ok(Waiting {
            packet: columns::packet(row, "packet")?,
            digest: columns::digest(row, "digest")?,
            device_seq: row.get("device_seq")?,
            zip_size: row.get("zip_size")?,
            photos: row.get("photos")?,
            sealed_at: columns::time(row, "sealed_at")?,
            deadline: columns::maybe_time(row, "deadline")?,
            sync: columns::maybe_json(row, "sync")?,
        })
    };
    let mut waiting = columns::all(
        connection,
        "SELECT packet, digest, device_seq, zip_size, photos, sealed_at, deadline, NULL AS sync
         FROM packets INDEXED BY packets_untouched
         WHERE verified_at IS NULL AND sync IS NULL AND device_seq > ?",
        [behind],
        read,
    )?;
    waiting.extend(columns::all(
        connection,
        "SELECT packet, digest, device_seq, zip_size, photos, sealed_at, deadline, sync
         FROM packets INDEXED BY packets_touched
         WHERE verified_at IS NULL AND sync IS NOT NULL AND device_seq > ?",
        [behind],
        read,
    )?);
    Ok(waiting)
}

/// Ids of the packets that are not yet safe, newest first.
pub fn unsafe_ids(connection: &Connection) -> Result<Vec<PacketId>, StoreError> {
    let mut waiting = waiting(connection, 0)?;
    waiting.sort_unstable_by_key(|waiting| std::cmp::Reverse(waiting.device_seq));
    Ok(waiting.into_iter().map(|waiting| waiting.packet).collect())
}

/// Jobs whose packet is not yet safe, in the device's order.
pub fn unsafe_jobs(connection: &Connection) -> Result<Vec<Job>, StoreError> {
    unsafe_behind(connection, 0)
}

/// The same for those whose place in the device's sequence is behind this one.
pub fn unsafe_behind(connection: &Connection, device_seq: u64) -> Result<Vec<Job>, StoreError> {
    columns::all(
        connection,
        &format!("{JOB} WHERE verified_at IS NULL AND device_seq > ? ORDER BY device_seq"),
        [device_seq],
        read,
    )
}

/// The packets that became safe last, newest first.
pub fn recently_safe(connection: &Connection, most: u32) -> Result<Vec<Job>, StoreError> {
    columns::all(
        connection,
        &format!("{JOB} WHERE verified_at IS NOT NULL ORDER BY verified_at DESC LIMIT ?"),
        [most],
        read,
    )
}

/// How many packets there are, how many are safe, and how many of them are no longer here. Kept by the transactions that
/// change them, so that asking costs the same whatever the outbox holds.
pub fn counts(connection: &Connection) -> Result<Counts, StoreError> {
    Ok(connection
        .prepare_cached("SELECT packets, safe, reclaimed FROM counts")?
        .query_row([], |row| {
            Ok(Counts {
                packets: row.get("packets")?,
                safe: row.get("safe")?,
                reclaimed: row.get("reclaimed")?,
            })
        })?)
}

/// Safe packets that a reviewer has still to decide about.
pub fn undecided(connection: &Connection) -> Result<Vec<PacketId>, StoreError> {
    columns::all(
        connection,
        "SELECT packet FROM packets INDEXED BY packets_watched
         WHERE verified_at IS NOT NULL AND (decision IS NULL OR decision = 'legal-review') ORDER BY device_seq",
        [],
        |row| columns::packet(row, "packet"),
    )
}

/// Packets whose originals are here though they are safe since `safe_until` at the latest; returned ones left out. The
/// longest safe first.
pub fn kept(
    connection: &Connection,
    safe_until: Timestamp,
    most: u32,
) -> Result<Vec<PacketId>, StoreError> {
    columns::all(
        connection,
        "SELECT packet FROM packets WHERE verified_at <= ? AND reclaimed_at IS NULL AND decision IS NOT 'returned'
         ORDER BY verified_at LIMIT ?",
        params![safe_until.as_millis(), most],
        |row| columns::packet(row, "packet"),
    )
}

/// The same for those whose newest decision is that they came back.
pub fn kept_returned(
    connection: &Connection,
    safe_until: Timestamp,
) -> Result<Vec<PacketId>, StoreError> {
    columns::all(
        connection,
        "SELECT packet FROM packets WHERE decision = 'returned' AND verified_at <= ? AND reclaimed_at IS NULL
         ORDER BY verified_at",
        [safe_until.as_millis()],
        |row| columns::packet(row, "packet"),
    )
}
