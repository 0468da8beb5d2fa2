//! Lists of the outbox, each by an index: none of them grows with what is long since safe.

use super::{JOB, Job, read};
use crate::db::StoreError;
use crate::store::columns;
use fieldseal_packet::{PacketId, Timestamp};
use rusqlite::{Connection, params};

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
    let total = connection
        .prepare_cached(&format!("SELECT count(*) FROM packets WHERE {condition}"))?
        .query_row([word], |row| row.get(0))?;
    Ok((jobs, total))
}

/// Jobs whose packet is not yet safe, in the device's order.
pub fn unsafe_jobs(connection: &Connection) -> Result<Vec<Job>, StoreError> {
    columns::all(
        connection,
        &format!("{JOB} WHERE verified_at IS NULL ORDER BY device_seq"),
        [],
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

/// How many packets are safe, and how many of them are no longer here.
pub fn safe_count(connection: &Connection) -> Result<Counts, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT count(*), count(reclaimed_at) FROM packets WHERE verified_at IS NOT NULL",
        )?
        .query_row([], |row| {
            Ok(Counts {
                safe: row.get(0)?,
                reclaimed: row.get(1)?,
            })
        })?)
}

/// Safe packets that a reviewer has still to decide about.
pub fn undecided(connection: &Connection) -> Result<Vec<PacketId>, StoreError> {
    columns::all(
        connection,
        "SELECT packet FROM packets WHERE verified_at IS NOT NULL
         AND (decision IS NULL OR decision = 'legal-review') ORDER BY device_seq",
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
