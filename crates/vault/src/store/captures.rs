//! Captures: rows of what lies in segments. Never deleted, only voided; what they were at the shutter never changes.

use super::{columns, drafts};
use crate::db::StoreError;
use fieldseal_packet::context::CaptureContext;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp, custody};
use rusqlite::{Connection, Row, Transaction, params};

/// Why and when an item was voided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// As written.
    pub reason: String,
    /// Wall clock.
    pub at: Timestamp,
}

/// What is known of an item's picture. All absent: nobody looked yet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PreviewState {
    /// Pixels.
    pub width: Option<u32>,
    /// Pixels.
    pub height: Option<u32>,
    /// Stable code of why there is no preview.
    pub problem: Option<String>,
}

/// One item.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// The device's number of it, without gaps, from 1.
    pub capture_seq: u64,
    /// Link of the capture before it.
    pub capture_prev: Sha256Digest,
    /// Where it belongs.
    pub draft: PacketId,
    /// Of the bytes as they came.
    pub sha256: Sha256Digest,
    /// Of the bytes as they came, as zip wants it.
    pub crc32: u32,
    /// Bytes.
    pub size: u64,
    /// By the bytes.
    pub media_type: String,
    /// What the device claimed at the shutter.
    pub context: CaptureContext,
    /// Shot of the shot list.
    pub shot: Option<String>,
    /// Set when it no longer counts.
    pub voided: Option<Voided>,
    /// What is known of its picture.
    pub preview: PreviewState,
}

impl Capture {
    /// As the custody line of its shutter has it.
    pub fn custody_event(&self) -> custody::Event {
        custody::Event::Captured(Box::new(custody::Captured {
            capture_seq: self.capture_seq,
            capture_prev: self.capture_prev,
            sha256: self.sha256,
            size: self.size,
            media_type: self.media_type.clone(),
            shot: self.shot.clone(),
            context: self.context.clone(),
        }))
    }
}

fn read(row: &Row<'_>) -> Result<Capture, StoreError> {
    let voided = match (
        row.get::<_, Option<String>>("voided_reason")?,
        columns::maybe_time(row, "voided_at")?,
    ) {
        (Some(reason), Some(at)) => Some(Voided { reason, at }),
        _ => None,
    };
    Ok(Capture {
        capture_seq: row.get("capture_seq")?,
        capture_prev: columns::digest(row, "capture_prev")?,
        draft: columns::packet(row, "draft")?,
        sha256: columns::digest(row, "sha256")?,
        crc32: row.get("crc32")?,
        size: row.get("size")?,
        media_type: row.get("media_type")?,
        context: columns::json(row, "context")?,
        shot: row.get("shot")?,
        voided,
        preview: PreviewState {
            width: row.get("width")?,
            height: row.get("height")?,
            problem: row.get("preview_problem")?,
        },
    })
}

pub(crate) fn insert(tx: &Transaction<'_>, capture: &Capture) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO captures (capture_seq, capture_prev, draft, sha256, crc32, size, media_type, context, shot)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        capture.capture_seq,
        capture.capture_prev.0,
        capture.draft.to_string(),
        capture.sha256.0,
        capture.crc32,
        capture.size,
        capture.media_type,
        columns::to_json(&capture.context, "context")?,
        capture.shot,
    ])?;
    Ok(())
}

/// The capture of this number.
pub fn get(connection: &Connection, capture_seq: u64) -> Result<Option<Capture>, StoreError> {
    columns::first(
        connection,
        "SELECT * FROM captures WHERE capture_seq = ?",
        [capture_seq],
        read,
    )
}

/// A draft's captures, voided ones included, in the order of the shutter.
pub fn of_draft(connection: &Connection, draft: PacketId) -> Result<Vec<Capture>, StoreError> {
    columns::all(
        connection,
        "SELECT * FROM captures WHERE draft = ? ORDER BY capture_seq",
        [draft.to_string()],
        read,
    )
}

/// Numbers and links of the captures after a number, oldest first.
pub fn links_after(
    connection: &Connection,
    after: u64,
    most: usize,
) -> Result<Vec<(u64, Sha256Digest)>, StoreError> {
    let captures = columns::all(
        connection,
        "SELECT * FROM captures WHERE capture_seq > ? ORDER BY capture_seq LIMIT ?",
        params![after, most],
        read,
    )?;
    let link = |capture: &Capture| {
        custody::capture_link(
            capture.capture_seq,
            capture.capture_prev,
            capture.sha256,
            capture.context.captured_at,
        )
    };
    Ok(captures
        .iter()
        .map(|capture| (capture.capture_seq, link(capture)))
        .collect())
}

/// The first capture with a preview that is not voided: what a list shows of a draft.
pub fn cover(connection: &Connection, draft: PacketId) -> Result<Option<u64>, StoreError> {
    columns::first(
        connection,
        "SELECT capture_seq FROM captures WHERE draft = ? AND width IS NOT NULL AND voided_reason IS NULL
         ORDER BY capture_seq LIMIT 1",
        [draft.to_string()],
        |row| Ok(row.get(0)?),
    )
}

/// How many captures a draft has, voided ones included.
pub fn count(connection: &Connection, draft: PacketId) -> Result<u64, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT count(*) FROM captures WHERE draft = ?")?;
    Ok(statement.query_row([draft.to_string()], |row| row.get(0))?)
}

/// Numbers of all captures, in no order. By the shortest index: the rows are a kilobyte each.
pub(crate) fn numbers(connection: &Connection) -> Result<Vec<u64>, StoreError> {
    columns::all(
        connection,
        "SELECT capture_seq FROM captures INDEXED BY captures_by_preview_problem",
        [],
        |row| Ok(row.get(0)?),
    )
}

fn expect_open(tx: &Transaction<'_>, capture_seq: u64) -> Result<Capture, StoreError> {
    let capture = get(tx, capture_seq)?.ok_or(StoreError::NotFound)?;
    drafts::expect(tx, capture.draft, drafts::Stage::Open)?;
    Ok(capture)
}

/// Says which shot an item of an open draft is.
pub fn set_shot(
    tx: &Transaction<'_>,
    capture_seq: u64,
    shot: Option<&str>,
) -> Result<(), StoreError> {
    columns::bounded(shot.unwrap_or_default(), "shot")?;
    expect_open(tx, capture_seq)?;
    let sql = "UPDATE captures SET shot = ? WHERE capture_seq = ?";
    columns::one(
        tx.prepare_cached(sql)?
            .execute(params![shot, capture_seq])?,
    )
}

/// Voids an item of an open draft, for good; its bytes stay. Voiding twice is refused.
pub fn void(
    tx: &Transaction<'_>,
    capture_seq: u64,
    reason: &str,
    at: Timestamp,
) -> Result<(), StoreError> {
    columns::bounded(reason, "reason")?;
    if expect_open(tx, capture_seq)?.voided.is_some() {
        return Err(StoreError::WrongStage);
    }
    let sql = "UPDATE captures SET voided_reason = ?, voided_at = ? WHERE capture_seq = ?";
    columns::one(
        tx.prepare_cached(sql)?
            .execute(params![reason, at.as_millis(), capture_seq])?,
    )
}

/// Keeps what looking at the picture gave.
pub fn set_preview_state(
    tx: &Transaction<'_>,
    capture_seq: u64,
    state: &PreviewState,
) -> Result<(), StoreError> {
    let sql =
        "UPDATE captures SET width = ?, height = ?, preview_problem = ? WHERE capture_seq = ?";
    columns::one(tx.prepare_cached(sql)?.execute(params![
        state.width,
        state.height,
        state.problem,
        capture_seq
    ])?)
}

/// Pictures that have no preview for this reason count again as not looked at.
pub fn forget_preview_problem(tx: &Transaction<'_>, problem: &str) -> Result<usize, StoreError> {
    let sql = "UPDATE captures SET preview_problem = NULL WHERE preview_problem = ?";
    Ok(tx.prepare_cached(sql)?.execute([problem])?)
}

/// Captures whose picture nobody looked at yet, newest first.
pub fn without_preview(connection: &Connection, limit: u32) -> Result<Vec<u64>, StoreError> {
    columns::all(
        connection,
        "SELECT capture_seq FROM captures INDEXED BY captures_to_look_at
         WHERE width IS NULL AND preview_problem IS NULL ORDER BY capture_seq DESC LIMIT ?",
        [limit],
        |row| Ok(row.get(0)?),
    )
}
