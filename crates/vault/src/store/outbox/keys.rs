//! Packets put into the outbox with the key of each of their originals, and the end of those keys.

use super::Job;
use crate::db::StoreError;
use crate::keys::Secret;
use crate::store::columns;
use crate::store::sealing::{PlanEntry, Source};
use fieldseal_packet::{PacketId, Timestamp};
use rusqlite::{Connection, Transaction, params};

/// A packet to be handed over, with the key of each original; `None` where it could not be opened.
pub(crate) struct Handover {
    pub(crate) job: Job,
    pub(crate) seal: Vec<u8>,
    pub(crate) entries: Vec<(PlanEntry, Option<Secret>)>,
}

/// Puts a packet into the outbox, unless it is there.
pub(crate) fn insert(tx: &Transaction<'_>, handover: &Handover) -> Result<(), StoreError> {
    let job = &handover.job;
    let added = tx
        .prepare_cached(
            "INSERT INTO packets (packet, device_seq, digest, seal, sealed_at, kind, title, photos, zip_size, state, cause)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (packet) DO NOTHING",
        )?
        .execute(params![
            job.packet.to_string(),
            job.device_seq,
            job.digest.0,
            handover.seal,
            job.sealed_at.as_millis(),
            job.kind,
            job.title,
            job.photos,
            job.zip_size,
            job.upload.state,
            job.upload.cause
        ])?;
    if added == 0 {
        return Ok(());
    }
    for (n, (entry, data_key)) in handover.entries.iter().enumerate() {
        let (bytes, capture_seq) = match &entry.source {
            Source::Inline(bytes) => (Some(bytes), None),
            Source::Segment(capture_seq) => (None, Some(capture_seq)),
        };
        tx.prepare_cached(
            "INSERT INTO entries (packet, n, path, size, crc32, bytes, capture_seq, data_key)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![
            job.packet.to_string(),
            n,
            entry.path,
            entry.size,
            entry.crc32,
            bytes,
            capture_seq,
            data_key.as_ref().map(|key| key.as_slice())
        ])?;
    }
    Ok(())
}

/// What the outbox knows of one original.
pub(crate) struct OriginalKey {
    pub(crate) data_key: Option<Secret>,
    pub(crate) reclaimed: bool,
}

/// The key of an original that is in a packet of the outbox.
pub(crate) fn original_key(
    connection: &Connection,
    capture_seq: u64,
) -> Result<Option<OriginalKey>, StoreError> {
    columns::first(
        connection,
        "SELECT data_key, reclaimed_at FROM entries JOIN packets USING (packet) WHERE capture_seq = ?",
        [capture_seq],
        |row| {
            let key: Option<[u8; 32]> = row.get("data_key")?;
            let reclaimed = row.get::<_, Option<i64>>("reclaimed_at")?.is_some();
            Ok(OriginalKey {
                data_key: key.map(Secret::new),
                reclaimed,
            })
        },
    )
}

/// Captures of the packets marked as reclaimed.
pub(crate) fn reclaimed_captures(connection: &Connection) -> Result<Vec<u64>, StoreError> {
    columns::all(
        connection,
        "SELECT capture_seq FROM entries JOIN packets USING (packet)
         WHERE reclaimed_at IS NOT NULL AND capture_seq IS NOT NULL ORDER BY capture_seq",
        [],
        |row| Ok(row.get(0)?),
    )
}

/// Marks a packet as reclaimed and forgets the keys of its originals.
pub(crate) fn mark_reclaimed(
    tx: &Transaction<'_>,
    packet: PacketId,
    at: Timestamp,
) -> Result<(), StoreError> {
    columns::one(tx.execute(
        "UPDATE packets SET reclaimed_at = coalesce(reclaimed_at, ?) WHERE packet = ? AND verified_at IS NOT NULL",
        params![at.as_millis(), packet.to_string()],
    )?)?;
    tx.execute(
        "UPDATE entries SET data_key = NULL WHERE packet = ?",
        [packet.to_string()],
    )?;
    Ok(())
}

/// Packets marked as reclaimed whose files may not all be gone.
pub(crate) fn being_removed(connection: &Connection) -> Result<Vec<PacketId>, StoreError> {
    columns::all(
        connection,
        "SELECT packet FROM packets WHERE reclaimed_at IS NOT NULL AND removed_at IS NULL ORDER BY reclaimed_at",
        [],
        |row| columns::packet(row, "packet"),
    )
}

/// Captures of one packet.
pub(crate) fn captures_of(
    connection: &Connection,
    packet: PacketId,
) -> Result<Vec<u64>, StoreError> {
    columns::all(
        connection,
        "SELECT capture_seq FROM entries WHERE packet = ? AND capture_seq IS NOT NULL ORDER BY n",
        [packet.to_string()],
        |row| Ok(row.get(0)?),
    )
}

/// Marks a reclaimed packet's files as gone.
pub(crate) fn mark_removed(tx: &Transaction<'_>, packet: PacketId) -> Result<(), StoreError> {
    columns::one(tx.execute(
        "UPDATE packets SET removed_at = reclaimed_at WHERE packet = ? AND reclaimed_at IS NOT NULL",
        [packet.to_string()],
    )?)
}
