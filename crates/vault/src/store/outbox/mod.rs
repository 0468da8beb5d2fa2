//! The outbox: packets on their way, with all that uploading needs while the vault is locked, and what the server said.

mod keys;

mod lists;

pub use lists::{
    Counts, Filter, Waiting, counts, kept, kept_returned, page, recently_safe, undecided,
    unsafe_behind, unsafe_ids, unsafe_jobs, waiting,
};

pub(crate) use keys::{
    Handover, being_removed, captures_of, insert, mark_reclaimed, mark_removed, original_key,
    reclaimed_captures,
};

use super::columns;
use super::packets::plan_entry;
use super::sealing::PlanEntry;
use crate::db::StoreError;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};
use serde_json::Value;

/// How far the upload of one packet is. The sync engine alone gives the words their meaning.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// `queued` at first.
    pub state: String,
    /// Where the upload goes on.
    pub url: Option<String>,
    /// Bytes that the server has.
    pub offset: u64,
    /// Failed ones in a row.
    pub attempts: u32,
    /// When to try again.
    pub next_try_at: Option<Timestamp>,
    /// Why it waits: a stable code.
    pub cause: Option<String>,
    /// Whatever else the sync engine keeps.
    pub sync: Option<Value>,
}

impl Upload {
    /// A packet that has just been sealed.
    pub fn queued() -> Self {
        Self {
            state: "queued".to_owned(),
            url: None,
            offset: 0,
            attempts: 0,
            next_try_at: None,
            cause: None,
            sync: None,
        }
    }
}

/// One packet of the outbox.
#[derive(Clone, PartialEq)]
pub struct Job {
    /// The packet.
    pub packet: PacketId,
    /// Packet digest.
    pub digest: Sha256Digest,
    /// Its place in the device's sequence.
    pub device_seq: u64,
    /// Kind's id.
    pub kind: String,
    /// What the lists show.
    pub title: Option<String>,
    /// Captures in it.
    pub photos: u64,
    /// Bytes of the zip.
    pub zip_size: u64,
    /// Device's claim.
    pub sealed_at: Timestamp,
    /// How far the upload is.
    pub upload: Upload,
    /// The server's receipt note.
    pub receipt: Option<Vec<u8>>,
    /// The tlog-proof.
    pub proof: Option<Vec<u8>>,
    /// When both were verified on this tablet: the packet is safe.
    pub verified_at: Option<Timestamp>,
    /// When its originals were deleted here.
    pub reclaimed_at: Option<Timestamp>,
    /// sha256 of the zip that the verified receipt was compared with.
    pub zip_sha256: Option<Sha256Digest>,
    /// When it should be on the server, where a rule says so.
    pub deadline: Option<Timestamp>,
    /// The newest decision's word.
    pub decision: Option<String>,
}

/// `Debug` without title, receipt and addresses.
impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Job")
            .field("packet", &self.packet)
            .field("device_seq", &self.device_seq)
            .field("state", &self.upload.state)
            .field("verified_at", &self.verified_at)
            .finish_non_exhaustive()
    }
}

/// A checkpoint that the tablet saw.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// Tree size.
    pub size: u64,
    /// Root hash.
    pub root: [u8; 32],
    /// The signed checkpoint.
    pub checkpoint: Vec<u8>,
    /// Its timestamp tokens, as the device engine writes them.
    pub tokens: Value,
    /// Device's claim.
    pub seen_at: Timestamp,
}

const JOB: &str = "SELECT packet, digest, device_seq, kind, title, photos, zip_size, sealed_at, state, url, offset, \
                   attempts, next_try_at, cause, sync, receipt, proof, verified_at, reclaimed_at, \
                   zip_sha256, deadline, decision FROM packets";

fn read(row: &Row<'_>) -> Result<Job, StoreError> {
    Ok(Job {
        packet: columns::packet(row, "packet")?,
        digest: columns::digest(row, "digest")?,
        device_seq: row.get("device_seq")?,
        kind: row.get("kind")?,
        title: row.get("title")?,
        photos: row.get("photos")?,
        zip_size: row.get("zip_size")?,
        sealed_at: columns::time(row, "sealed_at")?,
        upload: Upload {
            state: row.get("state")?,
            url: row.get("url")?,
            offset: row.get("offset")?,
            attempts: row.get("attempts")?,
            next_try_at: columns::maybe_time(row, "next_try_at")?,
            cause: row.get("cause")?,
            sync: columns::maybe_json(row, "sync")?,
        },
        receipt: row.get("receipt")?,
        proof: row.get("proof")?,
        verified_at: columns::maybe_time(row, "verified_at")?,
        reclaimed_at: columns::maybe_time(row, "reclaimed_at")?,
        zip_sha256: row
            .get::<_, Option<[u8; 32]>>("zip_sha256")?
            .map(Sha256Digest),
        deadline: columns::maybe_time(row, "deadline")?,
        decision: row.get("decision")?,
    })
}

/// Sequence number of the newest packet, 0 before the first.
pub fn newest_seq(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection.query_row(
        "SELECT coalesce(max(device_seq), 0) FROM packets",
        [],
        |row| row.get(0),
    )?)
}

/// The job of a packet.
pub fn job(connection: &Connection, packet: PacketId) -> Result<Option<Job>, StoreError> {
    columns::first(
        connection,
        &format!("{JOB} WHERE packet = ?"),
        [packet.to_string()],
        read,
    )
}

/// All jobs, in the device's order.
pub fn jobs(connection: &Connection) -> Result<Vec<Job>, StoreError> {
    columns::all(connection, &format!("{JOB} ORDER BY device_seq"), [], read)
}

/// The packet's zip, entry by entry, in order.
pub fn entries(connection: &Connection, packet: PacketId) -> Result<Vec<PlanEntry>, StoreError> {
    columns::all(
        connection,
        "SELECT path, size, crc32, bytes, capture_seq FROM entries WHERE packet = ? ORDER BY n",
        [packet.to_string()],
        plan_entry,
    )
}

/// Packets whose receipt was verified and for which no fact of this key exists, oldest first; the fact's key is `<prefix><packet>`.
pub fn safe_without_fact(
    connection: &Connection,
    prefix: &str,
    most: usize,
) -> Result<Vec<(PacketId, Vec<u8>)>, StoreError> {
    columns::all(
        connection,
        "SELECT packet, receipt FROM packets WHERE verified_at IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM facts WHERE key = ?1 || packet)
         ORDER BY device_seq LIMIT ?2",
        params![prefix, most],
        |row| Ok((columns::packet(row, "packet")?, row.get("receipt")?)),
    )
}

/// The file `packet.seal`.
pub fn seal(connection: &Connection, packet: PacketId) -> Result<Option<Vec<u8>>, StoreError> {
    columns::first(
        connection,
        "SELECT seal FROM packets WHERE packet = ?",
        [packet.to_string()],
        |row| Ok(row.get("seal")?),
    )
}

/// Keeps how far the upload is.
pub fn set_upload(
    tx: &Transaction<'_>,
    packet: PacketId,
    upload: &Upload,
) -> Result<(), StoreError> {
    let sync = upload
        .sync
        .as_ref()
        .map(|sync| columns::to_json(sync, "sync state"))
        .transpose()?;
    columns::one(
        tx.prepare_cached(
            "UPDATE packets SET state = ?, url = ?, offset = ?, attempts = ?, next_try_at = ?, cause = ?, sync = ?
             WHERE packet = ?",
        )?
        .execute(params![
            upload.state,
            upload.url,
            upload.offset,
            upload.attempts,
            upload.next_try_at.map(Timestamp::as_millis),
            upload.cause,
            sync,
            packet.to_string()
        ])?,
    )
}

/// Keeps receipt and proof, with the time when they were verified here. A verified one is never replaced.
pub fn set_receipt(
    tx: &Transaction<'_>,
    packet: PacketId,
    receipt: &[u8],
    proof: &[u8],
    verified_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    if job(tx, packet)?
        .ok_or(StoreError::NotFound)?
        .verified_at
        .is_some()
    {
        return Ok(());
    }
    columns::one(
        tx.prepare_cached(
            "UPDATE packets SET receipt = ?, proof = ?, verified_at = ? WHERE packet = ?",
        )?
        .execute(params![
            receipt,
            proof,
            verified_at.map(Timestamp::as_millis),
            packet.to_string()
        ])?,
    )
}

/// Keeps the digest of the zip that a verified receipt was compared with.
pub fn set_zip_sha256(
    tx: &Transaction<'_>,
    packet: PacketId,
    zip_sha256: Sha256Digest,
) -> Result<(), StoreError> {
    columns::one(tx.execute(
        "UPDATE packets SET zip_sha256 = ? WHERE packet = ?",
        params![zip_sha256.0, packet.to_string()],
    )?)
}

/// Keeps when a packet should be on the server.
pub fn set_deadline(
    tx: &Transaction<'_>,
    packet: PacketId,
    deadline: Option<Timestamp>,
) -> Result<(), StoreError> {
    columns::one(tx.execute(
        "UPDATE packets SET deadline = ? WHERE packet = ?",
        params![deadline.map(Timestamp::as_millis), packet.to_string()],
    )?)
}

/// Keeps a decision of the server's (its `decision` is the word, `decided_at` its time); says whether it is new.
pub fn add_decision(
    tx: &Transaction<'_>,
    packet: PacketId,
    decision: &Value,
) -> Result<bool, StoreError> {
    let added = tx
        .prepare_cached(
            "INSERT INTO decisions (packet, n, body)
             SELECT ?1, 1 + (SELECT count(*) FROM decisions WHERE packet = ?1), ?2
             WHERE NOT EXISTS (SELECT 1 FROM decisions WHERE packet = ?1 AND body = ?2)",
        )?
        .execute(params![
            packet.to_string(),
            columns::to_json(decision, "decision")?
        ])?;
    tx.prepare_cached(
        "UPDATE packets SET decision = (
           SELECT json_extract(body, '$.decision') FROM decisions WHERE decisions.packet = packets.packet
           ORDER BY json_extract(body, '$.decided_at') DESC, n DESC LIMIT 1)
         WHERE packet = ?",
    )?
    .execute([packet.to_string()])?;
    Ok(added == 1)
}

/// The server's decisions on a packet, in the order they were told.
pub fn decisions(connection: &Connection, packet: PacketId) -> Result<Vec<Value>, StoreError> {
    columns::all(
        connection,
        "SELECT body FROM decisions WHERE packet = ? ORDER BY n",
        [packet.to_string()],
        |row| columns::json(row, "body"),
    )
}

/// Keeps a fact of the session with the server, in place of an earlier one.
pub fn put_fact(tx: &Transaction<'_>, key: &str, value: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO facts (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
    )?
    .execute(params![key, value])?;
    Ok(())
}

/// A fact of the session with the server.
pub fn fact(connection: &Connection, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
    columns::first(
        connection,
        "SELECT value FROM facts WHERE key = ?",
        [key],
        |row| Ok(row.get("value")?),
    )
}

/// Keeps a checkpoint, in place of the same one.
pub fn add_seen(tx: &Transaction<'_>, seen: &Seen) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO seen (size, root, checkpoint, tokens, seen_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT (size, root) DO UPDATE SET checkpoint = excluded.checkpoint, tokens = excluded.tokens,
           seen_at = excluded.seen_at",
    )?
    .execute(params![
        seen.size,
        seen.root,
        seen.checkpoint,
        columns::to_json(&seen.tokens, "tokens")?,
        seen.seen_at.as_millis()
    ])?;
    Ok(())
}

/// Keeps a stamped checkpoint with its tokens, and drops the tokens of older ones: a seal names the newest.
pub fn add_stamped(tx: &Transaction<'_>, seen: &Seen) -> Result<(), StoreError> {
    add_seen(tx, seen)?;
    tx.prepare_cached("UPDATE seen SET tokens = '[]' WHERE size < ? AND tokens <> '[]'")?
        .execute([seen.size])?;
    Ok(())
}

fn read_seen(row: &Row<'_>) -> Result<Seen, StoreError> {
    Ok(Seen {
        size: row.get("size")?,
        root: row.get("root")?,
        checkpoint: row.get("checkpoint")?,
        tokens: columns::json(row, "tokens")?,
        seen_at: columns::time(row, "seen_at")?,
    })
}

/// The largest checkpoint seen.
pub fn newest_seen(connection: &Connection) -> Result<Option<Seen>, StoreError> {
    columns::first(
        connection,
        "SELECT * FROM seen ORDER BY size DESC, seen_at DESC LIMIT 1",
        [],
        read_seen,
    )
}

/// The largest checkpoint seen that has timestamp tokens.
pub fn newest_stamped(connection: &Connection) -> Result<Option<Seen>, StoreError> {
    columns::first(
        connection,
        "SELECT * FROM seen WHERE tokens <> '[]' ORDER BY size DESC, seen_at DESC LIMIT 1",
        [],
        read_seen,
    )
}
