//! Sealed packets, and what happened to them afterwards as this tablet saw it. How far their upload is says the outbox.

use super::columns;
use super::sealing::{PlanEntry, Source};
use crate::db::StoreError;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};
use serde_json::Value;

/// A sealed packet.
#[derive(Clone, PartialEq, Eq)]
pub struct Packet {
    /// Its id.
    pub packet: PacketId,
    /// Its place in the device's sequence.
    pub device_seq: u64,
    /// Packet digest: sha256 of `packet.seal`.
    pub digest: Sha256Digest,
    /// The file `packet.seal`.
    pub seal: Vec<u8>,
    /// Device's claim.
    pub sealed_at: Timestamp,
    /// Kind's id; `void` for one that was given up.
    pub kind: String,
    /// What the lists show.
    pub title: Option<String>,
    /// Captures, voided ones included.
    pub photos: u64,
    /// Bytes of the zip.
    pub zip_size: u64,
}

/// `Debug` without title and seal.
impl std::fmt::Debug for Packet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Packet")
            .field("packet", &self.packet)
            .field("device_seq", &self.device_seq)
            .field("digest", &self.digest)
            .finish_non_exhaustive()
    }
}

/// Something that happened to a packet after it was sealed.
#[derive(Debug, Clone, PartialEq)]
pub struct AfterEvent {
    /// Wall clock.
    pub at: Timestamp,
    /// The event's word.
    pub event: String,
    /// Its fields.
    pub params: Value,
}

fn read(row: &Row<'_>) -> Result<Packet, StoreError> {
    Ok(Packet {
        packet: columns::packet(row, "packet")?,
        device_seq: row.get("device_seq")?,
        digest: columns::digest(row, "digest")?,
        seal: row.get("seal")?,
        sealed_at: columns::time(row, "sealed_at")?,
        kind: row.get("kind")?,
        title: row.get("title")?,
        photos: row.get("photos")?,
        zip_size: row.get("zip_size")?,
    })
}

/// The packet of this id.
pub fn get(connection: &Connection, packet: PacketId) -> Result<Option<Packet>, StoreError> {
    columns::first(
        connection,
        "SELECT * FROM packets WHERE packet = ?",
        [packet.to_string()],
        read,
    )
}

/// All packets, newest first. A tablet has thousands at most; which of them a list shows depends on the outbox too.
pub fn list(connection: &Connection) -> Result<Vec<Packet>, StoreError> {
    columns::all(
        connection,
        "SELECT * FROM packets ORDER BY device_seq DESC",
        [],
        read,
    )
}

/// `per_page` packets, newest first, and how many there are. Pages count from 0.
pub fn page(
    connection: &Connection,
    page: u32,
    per_page: u32,
) -> Result<(Vec<Packet>, u64), StoreError> {
    let packets = columns::all(
        connection,
        "SELECT * FROM packets ORDER BY device_seq DESC LIMIT ? OFFSET ?",
        params![per_page, u64::from(page) * u64::from(per_page)],
        read,
    )?;
    let total = connection.query_row("SELECT count(*) FROM packets", [], |row| row.get(0))?;
    Ok((packets, total))
}

/// The packet's zip, entry by entry.
pub fn plan(connection: &Connection, packet: PacketId) -> Result<Vec<PlanEntry>, StoreError> {
    columns::all(
        connection,
        "SELECT path, size, crc32, bytes, capture_seq FROM plan_entries WHERE packet = ? ORDER BY n",
        [packet.to_string()],
        plan_entry,
    )
}

/// One file of the packet that is at hand, by its path in the zip.
pub fn file(
    connection: &Connection,
    packet: PacketId,
    path: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    columns::first(
        connection,
        "SELECT bytes FROM plan_entries WHERE packet = ? AND path = ? AND bytes IS NOT NULL",
        params![packet.to_string(), path],
        |row| Ok(row.get("bytes")?),
    )
}

pub(super) fn plan_entry(row: &Row<'_>) -> Result<PlanEntry, StoreError> {
    let source = match (
        row.get::<_, Option<Vec<u8>>>("bytes")?,
        row.get::<_, Option<u64>>("capture_seq")?,
    ) {
        (Some(bytes), None) => Source::Inline(bytes),
        (None, Some(capture_seq)) => Source::Segment(capture_seq),
        _ => return Err(StoreError::Unreadable("plan entry")),
    };
    Ok(PlanEntry {
        path: row.get("path")?,
        size: row.get("size")?,
        crc32: row.get("crc32")?,
        source,
    })
}

/// Notes what happened to a packet. The same event twice in a row is noted once.
pub fn add_event(
    tx: &Transaction<'_>,
    packet: PacketId,
    event: &AfterEvent,
) -> Result<(), StoreError> {
    let before = events(tx, packet)?;
    if before
        .last()
        .is_some_and(|last| last.event == event.event && last.params == event.params)
    {
        return Ok(());
    }
    tx.prepare_cached("INSERT INTO events (packet, n, at, event, params) VALUES (?, ?, ?, ?, ?)")?
        .execute(params![
            packet.to_string(),
            before.len() + 1,
            event.at.as_millis(),
            event.event,
            columns::to_json(&event.params, "event")?
        ])?;
    Ok(())
}

/// What happened to a packet, oldest first.
pub fn events(connection: &Connection, packet: PacketId) -> Result<Vec<AfterEvent>, StoreError> {
    columns::all(
        connection,
        "SELECT at, event, params FROM events WHERE packet = ? ORDER BY n",
        [packet.to_string()],
        |row| {
            Ok(AfterEvent {
                at: columns::time(row, "at")?,
                event: row.get("event")?,
                params: columns::json(row, "params")?,
            })
        },
    )
}
