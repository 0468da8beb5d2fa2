//! Custody lines of the tablet's drafts: appended, never changed (triggers keep it).

use super::columns;
use crate::db::StoreError;
use fieldseal_packet::custody::{Event, Head, Meta};
use fieldseal_packet::{PacketId, Sha256Digest};
use rusqlite::{Connection, Transaction, params};

/// Where a draft's log stands: ready for [`Head::append`].
pub fn head(connection: &Connection, draft: PacketId) -> Result<Head, StoreError> {
    let last = columns::first(
        connection,
        "SELECT n, line FROM custody WHERE draft = ? ORDER BY n DESC LIMIT 1",
        [draft.to_string()],
        |row| {
            Ok(Head {
                n: row.get("n")?,
                prev: Sha256Digest::of(&row.get::<_, Vec<u8>>("line")?),
            })
        },
    )?;
    Ok(last.unwrap_or(Head::START))
}

/// Writes an event's line after the last one.
pub fn write(
    tx: &Transaction<'_>,
    draft: PacketId,
    meta: &Meta,
    event: &Event,
) -> Result<(), StoreError> {
    let mut head = head(tx, draft)?;
    let line = head
        .append(meta, event)
        .map_err(|_| StoreError::Value("custody event"))?;
    append(tx, draft, head.n, &line)
}

/// Appends a line as it is, its LF included; `n` must be the next number.
pub fn append(
    tx: &Transaction<'_>,
    draft: PacketId,
    n: u64,
    line: &[u8],
) -> Result<(), StoreError> {
    if line.len() > fieldseal_packet::custody::MAX_LINE || !line.ends_with(b"\n") {
        return Err(StoreError::Value("custody line"));
    }
    if n != head(tx, draft)?.n + 1 {
        return Err(StoreError::Custody);
    }
    tx.prepare_cached("INSERT INTO custody (draft, n, line) VALUES (?, ?, ?)")?
        .execute(params![draft.to_string(), n, line])?;
    Ok(())
}

/// All lines, in order, each with its LF: joined, they are the file `data/custody.log`.
pub fn lines(connection: &Connection, draft: PacketId) -> Result<Vec<Vec<u8>>, StoreError> {
    columns::all(
        connection,
        "SELECT line FROM custody WHERE draft = ? ORDER BY n",
        [draft.to_string()],
        |row| Ok(row.get("line")?),
    )
}
