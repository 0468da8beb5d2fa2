//! From a closed draft to a packet. One draft at a time is closed: its place in the device's sequence is reserved then,
//! so numbers stay without gaps whatever crashes.
//!
//! Each function is part of the caller's transaction, durable when that commits. A crash before the commit leaves the
//! stage before; nothing has left memory by then: show a packet as sealed only after [`crate::Vault::hand_over`].

use super::{captures, columns, drafts};
use crate::db::StoreError;
use drafts::Stage;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use rusqlite::{Connection, Transaction, params};

/// A place in the device's sequence of packets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// From 1, without gaps.
    pub device_seq: u64,
    /// Digest of the packet before it; for the first, of the device's enrolment entry.
    pub device_prev: Sha256Digest,
}

/// A tag file or described fact, fixed when the draft was closed.
#[derive(Clone, PartialEq, Eq)]
pub struct ClosedFile {
    /// Path within the packet's top folder.
    pub path: String,
    /// Its bytes for good.
    pub bytes: Vec<u8>,
}

/// What closing fixes.
#[derive(Clone, PartialEq, Eq)]
pub struct Closing {
    /// The reserved place.
    pub place: Place,
    /// Device's claim.
    pub closed_at: Timestamp,
    /// The seal's text, which every signature covers.
    pub body: Vec<u8>,
    /// All files of the packet but the originals and the seal.
    pub files: Vec<ClosedFile>,
}

/// A signature line made over the closed draft's body.
#[derive(Clone, PartialEq, Eq)]
pub struct Signature {
    /// Name of the key.
    pub key_name: String,
    /// The signed note's line.
    pub line: String,
    /// Device's claim.
    pub at: Timestamp,
}

/// Where an entry's bytes come from.
#[derive(Clone, PartialEq, Eq)]
pub enum Source {
    /// From here.
    Inline(Vec<u8>),
    /// From the original of this capture.
    Segment(u64),
}

/// One entry of the packet's zip.
#[derive(Clone, PartialEq, Eq)]
pub struct PlanEntry {
    /// As in the zip, the top folder included.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// As zip wants it.
    pub crc32: u32,
    /// Where its bytes come from.
    pub source: Source,
}

/// What sealing adds.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealing {
    /// The file `packet.seal`, the device's line included.
    pub seal: Vec<u8>,
    /// Device's claim.
    pub sealed_at: Timestamp,
    /// What the lists show.
    pub title: Option<String>,
    /// Kind of the packet where it is not the draft's: `void` for a draft that was given up.
    pub kind: Option<String>,
    /// The zip, in its order.
    pub plan: Vec<PlanEntry>,
    /// Bytes of the whole zip.
    pub zip_size: u64,
}

/// The place that the next packet gets. `first_prev` is the digest of the device's enrolment entry.
pub fn next_place(connection: &Connection, first_prev: Sha256Digest) -> Result<Place, StoreError> {
    let last = columns::first(
        connection,
        "SELECT device_seq, digest FROM packets ORDER BY device_seq DESC LIMIT 1",
        [],
        |row| {
            Ok((
                row.get::<_, u64>("device_seq")?,
                columns::digest(row, "digest")?,
            ))
        },
    )?;
    Ok(match last {
        Some((device_seq, digest)) => Place {
            device_seq: device_seq + 1,
            device_prev: digest,
        },
        None => Place {
            device_seq: 1,
            device_prev: first_prev,
        },
    })
}

/// The draft that is closed now, if any.
pub fn closing(connection: &Connection) -> Result<Option<PacketId>, StoreError> {
    columns::first(
        connection,
        "SELECT packet FROM drafts WHERE stage = 'closed'",
        [],
        |row| columns::packet(row, "packet"),
    )
}

/// Closes an open draft: every byte but the signatures is fixed.
pub fn close(
    tx: &Transaction<'_>,
    draft: PacketId,
    closing_with: &Closing,
) -> Result<(), StoreError> {
    if let Some(other) = closing(tx)? {
        return Err(if other == draft {
            StoreError::WrongStage
        } else {
            StoreError::AnotherClosing(other)
        });
    }
    drafts::expect(tx, draft, Stage::Open)?;
    let place = closing_with.place;
    if place != next_place(tx, place.device_prev)? {
        return Err(StoreError::WrongPlace);
    }
    columns::one(
        tx.prepare_cached(
            "UPDATE drafts SET stage = 'closed', device_seq = ?, device_prev = ?, closed_at = ?, body = ? WHERE packet = ?",
        )?
        .execute(params![
            place.device_seq,
            place.device_prev.0,
            closing_with.closed_at.as_millis(),
            closing_with.body,
            draft.to_string()
        ])?,
    )?;
    for file in &closing_with.files {
        tx.prepare_cached("INSERT INTO closed_files (draft, path, bytes) VALUES (?, ?, ?)")?
            .execute(params![draft.to_string(), file.path, file.bytes])?;
    }
    Ok(())
}

/// What closing fixed, while the draft is closed.
pub fn closed(connection: &Connection, draft: PacketId) -> Result<Option<Closing>, StoreError> {
    let found = columns::first(
        connection,
        "SELECT device_seq, device_prev, closed_at, body FROM drafts WHERE packet = ? AND stage = 'closed'",
        [draft.to_string()],
        |row| {
            Ok(Closing {
                place: Place {
                    device_seq: row.get("device_seq")?,
                    device_prev: columns::digest(row, "device_prev")?,
                },
                closed_at: columns::time(row, "closed_at")?,
                body: row.get("body")?,
                files: Vec::new(),
            })
        },
    )?;
    let Some(mut closing) = found else {
        return Ok(None);
    };
    closing.files = columns::all(
        connection,
        "SELECT path, bytes FROM closed_files WHERE draft = ? ORDER BY path",
        [draft.to_string()],
        |row| {
            Ok(ClosedFile {
                path: row.get("path")?,
                bytes: row.get("bytes")?,
            })
        },
    )?;
    Ok(Some(closing))
}

/// Keeps a signature over the closed draft's body; a second one by the same key replaces the first.
pub fn sign(
    tx: &Transaction<'_>,
    draft: PacketId,
    signature: &Signature,
) -> Result<(), StoreError> {
    drafts::expect(tx, draft, Stage::Closed)?;
    columns::bounded(&signature.line, "signature")?;
    tx.prepare_cached(
        "INSERT INTO signatures (draft, key_name, line, at) VALUES (?, ?, ?, ?)
         ON CONFLICT (draft, key_name) DO UPDATE SET line = excluded.line, at = excluded.at",
    )?
    .execute(params![
        draft.to_string(),
        signature.key_name,
        signature.line,
        signature.at.as_millis()
    ])?;
    Ok(())
}

/// Signatures over a draft's body, in the order they were made. They stay after sealing.
pub fn signatures(connection: &Connection, draft: PacketId) -> Result<Vec<Signature>, StoreError> {
    columns::all(
        connection,
        "SELECT key_name, line, at FROM signatures WHERE draft = ? ORDER BY at, rowid",
        [draft.to_string()],
        |row| {
            Ok(Signature {
                key_name: row.get("key_name")?,
                line: row.get("line")?,
                at: columns::time(row, "at")?,
            })
        },
    )
}

/// Opens a closed draft again: its place is free, its signatures are void. Gives the names of their keys, for the
/// custody line that the caller writes.
pub fn reopen(tx: &Transaction<'_>, draft: PacketId) -> Result<Vec<String>, StoreError> {
    drafts::expect(tx, draft, Stage::Closed)?;
    let voided = signatures(tx, draft)?
        .into_iter()
        .map(|signature| signature.key_name)
        .collect();
    tx.execute(
        "DELETE FROM signatures WHERE draft = ?",
        [draft.to_string()],
    )?;
    tx.execute(
        "DELETE FROM closed_files WHERE draft = ?",
        [draft.to_string()],
    )?;
    columns::one(tx.execute(
        "UPDATE drafts SET stage = 'open', device_seq = NULL, device_prev = NULL, closed_at = NULL, body = NULL
         WHERE packet = ?",
        [draft.to_string()],
    )?)?;
    Ok(voided)
}

/// Makes a closed draft a packet, for good, and gives its digest. The seal must begin with the body that was closed.
pub fn seal(
    tx: &Transaction<'_>,
    draft: PacketId,
    sealing: &Sealing,
) -> Result<Sha256Digest, StoreError> {
    let closing = closed(tx, draft)?.ok_or(StoreError::WrongStage)?;
    if !sealing.seal.starts_with(&closing.body) {
        return Err(StoreError::Value("seal"));
    }
    check_plan(tx, draft, &sealing.plan)?;
    let described = drafts::get(tx, draft)?.ok_or(StoreError::NotFound)?.kind;
    let kind = sealing.kind.clone().unwrap_or(described);
    let photos = captures::count(tx, draft)?;
    let digest = Sha256Digest::of(&sealing.seal);
    let row = PacketRow {
        packet: draft,
        device_seq: closing.place.device_seq,
        digest,
        kind: &kind,
        photos,
        sealing,
    };
    insert_packet(tx, &row)?;
    tx.execute(
        "DELETE FROM closed_files WHERE draft = ?",
        [draft.to_string()],
    )?;
    columns::one(tx.execute(
        "UPDATE drafts SET stage = 'sealed', body = NULL WHERE packet = ?",
        [draft.to_string()],
    )?)?;
    Ok(digest)
}

/// The plan's originals are this draft's, each at most once, with the size and sum of the shutter.
fn check_plan(
    connection: &Connection,
    draft: PacketId,
    plan: &[PlanEntry],
) -> Result<(), StoreError> {
    let mut seen = std::collections::HashSet::new();
    for entry in plan {
        let right = match &entry.source {
            Source::Inline(bytes) => entry.size == bytes.len() as u64,
            Source::Segment(capture_seq) => {
                let capture =
                    captures::get(connection, *capture_seq)?.ok_or(StoreError::Value("plan"))?;
                capture.draft == draft
                    && (capture.size, capture.crc32) == (entry.size, entry.crc32)
                    && seen.insert(*capture_seq)
            }
        };
        if !right {
            return Err(StoreError::Value("plan"));
        }
    }
    Ok(())
}

/// A packet to be written down, here or when it is taken back from the outbox.
pub(crate) struct PacketRow<'a> {
    pub(crate) packet: PacketId,
    pub(crate) device_seq: u64,
    pub(crate) digest: Sha256Digest,
    pub(crate) kind: &'a str,
    pub(crate) photos: u64,
    pub(crate) sealing: &'a Sealing,
}

pub(crate) fn insert_packet(tx: &Transaction<'_>, row: &PacketRow<'_>) -> Result<(), StoreError> {
    let sealing = row.sealing;
    columns::bounded(sealing.title.as_deref().unwrap_or_default(), "title")?;
    tx.prepare_cached(
        "INSERT INTO packets (packet, device_seq, digest, seal, sealed_at, kind, title, photos, zip_size)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        row.packet.to_string(),
        row.device_seq,
        row.digest.0,
        sealing.seal,
        sealing.sealed_at.as_millis(),
        row.kind,
        sealing.title,
        row.photos,
        sealing.zip_size
    ])?;
    for (n, entry) in sealing.plan.iter().enumerate() {
        let (bytes, capture_seq) = match &entry.source {
            Source::Inline(bytes) => (Some(bytes), None),
            Source::Segment(capture_seq) => (None, Some(capture_seq)),
        };
        tx.prepare_cached(
            "INSERT INTO plan_entries (packet, n, path, size, crc32, bytes, capture_seq) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )?
        .execute(params![row.packet.to_string(), n, entry.path, entry.size, entry.crc32, bytes, capture_seq])?;
    }
    Ok(())
}
