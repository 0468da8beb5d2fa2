//! The log's rows: pending leaves, leaves, hashes and head.

use fieldseal_tlog::merkle::{Hash, HashReader, StoredHash};
use rusqlite::{Connection, OptionalExtension as _, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// A leaf that a transaction decided on, waiting for the sequencer.
#[derive(Debug)]
pub struct Pending {
    /// Order of arrival.
    pub id: i64,
    /// The note's type, such as `packet-seal`.
    pub kind: String,
    /// The leaf's bytes.
    pub note: Vec<u8>,
}

/// The newest signed head.
#[derive(Debug, Clone)]
pub struct Head {
    /// Leaves in it.
    pub size: u64,
    /// The signed checkpoint's bytes; empty when there is no leaf yet.
    pub checkpoint: Vec<u8>,
    /// How far tiles and checkpoint have been published.
    pub published_size: u64,
}

/// Leaves a note to the sequencer, as a part of the transaction that decides on it.
pub fn add_pending(tx: &Transaction<'_>, kind: &str, note: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO log_pending (kind, note) VALUES (?1, ?2)")?
        .execute(params![kind, note])?;
    Ok(())
}

/// The oldest pending leaves.
pub fn pending(connection: &Connection, most: u32) -> Result<Vec<Pending>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT id, kind, note FROM log_pending ORDER BY id LIMIT ?1")?;
    let rows = statement.query_map([most], |row| {
        Ok(Pending {
            id: row.get(0)?,
            kind: row.get(1)?,
            note: row.get(2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The pending leaf has become a leaf, or was one already.
pub fn remove_pending(tx: &Transaction<'_>, id: i64) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM log_pending WHERE id = ?1")?
        .execute([id])?;
    Ok(())
}

/// Index of the leaf with these exact bytes.
pub fn leaf_index(
    connection: &Connection,
    note_sha256: &[u8; 32],
) -> Result<Option<u64>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT idx FROM log_leaf WHERE note_sha256 = ?1")?
        .query_row([note_sha256], |row| row.get(0))
        .optional()?)
}

/// When the leaf was logged.
pub fn logged_at(connection: &Connection, index: u64) -> Result<Option<Millis>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT logged_at FROM log_leaf WHERE idx = ?1")?
        .query_row([index], |row| row.get(0))
        .optional()?)
}

/// A leaf's bytes.
pub fn leaf(connection: &Connection, index: u64) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT note FROM log_leaf WHERE idx = ?1")?
        .query_row([index], |row| row.get(0))
        .optional()?)
}

/// Every revocation: its leaf's index and note.
pub fn revocations(connection: &Connection) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT idx, note FROM log_leaf WHERE kind = 'revoked' ORDER BY idx")?;
    Ok(statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

/// Every leaf by which the log's key was rotated, oldest first.
pub fn rotations(connection: &Connection) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT note FROM log_leaf WHERE kind = 'log-rotated' ORDER BY idx")?;
    Ok(statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Notes of a kind that are not yet in the tree.
pub fn pending_of(connection: &Connection, kind: &str) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT note FROM log_pending WHERE kind = ?1 ORDER BY id")?;
    Ok(statement
        .query_map([kind], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// The first leaf, where it says that the log continues another.
pub fn continued(connection: &Connection) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(connection
        .prepare_cached("SELECT note FROM log_leaf WHERE idx = 0 AND kind = 'continued'")?
        .query_row([], |row| row.get(0))
        .optional()?)
}

/// Leaves `first..last` in order.
pub fn leaves(connection: &Connection, first: u64, last: u64) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut statement = connection
        .prepare_cached("SELECT note FROM log_leaf WHERE idx >= ?1 AND idx < ?2 ORDER BY idx")?;
    Ok(statement
        .query_map([first, last], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Appends a leaf's row and the tree's nodes that it completes.
pub fn append(
    tx: &Transaction<'_>,
    index: u64,
    kind: &str,
    note: &[u8],
    note_sha256: &[u8; 32],
    at: Millis,
    nodes: &[StoredHash],
) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO log_leaf (idx, kind, note, note_sha256, logged_at) VALUES (?1, ?2, ?3, ?4, ?5)")?
        .execute(params![index, kind, note, note_sha256, at])?;
    nodes.iter().try_for_each(|node| keep_node(tx, node))
}

/// Keeps a complete node of the tree.
pub fn keep_node(tx: &Transaction<'_>, node: &StoredHash) -> Result<(), StoreError> {
    tx.prepare_cached("INSERT INTO log_hash (level, idx, hash) VALUES (?1, ?2, ?3)")?
        .execute(params![node.level, node.index, node.hash])?;
    Ok(())
}

/// The head; size 0 before the first leaf.
pub fn head(connection: &Connection) -> Result<Head, StoreError> {
    let head = connection
        .prepare_cached("SELECT size, checkpoint, published_size FROM log_head")?
        .query_row([], |row| {
            Ok(Head {
                size: row.get(0)?,
                checkpoint: row.get(1)?,
                published_size: row.get(2)?,
            })
        })
        .optional()?;
    Ok(head.unwrap_or(Head {
        size: 0,
        checkpoint: Vec::new(),
        published_size: 0,
    }))
}

/// Puts a new signed head, in the transaction that appends its leaves.
pub fn set_head(tx: &Transaction<'_>, size: u64, checkpoint: &[u8]) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO log_head (one, size, checkpoint, published_size) VALUES (1, ?1, ?2, 0)
         ON CONFLICT (one) DO UPDATE SET size = excluded.size, checkpoint = excluded.checkpoint",
    )?
    .execute(params![size, checkpoint])?;
    Ok(())
}

/// Tiles and checkpoint are out up to here.
pub fn set_published(tx: &Transaction<'_>, size: u64) -> Result<(), StoreError> {
    tx.execute("UPDATE log_head SET published_size = ?1", [size])?;
    Ok(())
}

/// How many leaf rows there are; equals the head's size in a sound log.
pub fn count(connection: &Connection) -> Result<u64, StoreError> {
    Ok(connection.query_row("SELECT count(*) FROM log_leaf", [], |row| row.get(0))?)
}

/// Whether another packet has this body, or this number of this device.
pub fn seal_taken(
    connection: &Connection,
    device: &str,
    device_seq: u64,
    body_sha256: &[u8; 32],
) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM log_seal WHERE (device = ?1 AND device_seq = ?2) OR body_sha256 = ?3",
        )?
        .exists(params![device, device_seq, body_sha256])?)
}

/// Takes the place of this body and this device's number. False when another packet has either: the finding `seal-equivocation`.
pub fn claim_seal(
    tx: &Transaction<'_>,
    device: &str,
    device_seq: u64,
    body_sha256: &[u8; 32],
    seal_sha256: &[u8; 32],
) -> Result<bool, StoreError> {
    let taken = tx
        .prepare_cached("INSERT INTO log_seal (device, device_seq, body_sha256, seal_sha256) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![device, device_seq, body_sha256, seal_sha256])
        .map_err(StoreError::from);
    match taken {
        Ok(_) => Ok(true),
        Err(error) if error.is_duplicate() => {
            let same: Option<bool> = tx
                .prepare_cached("SELECT 1 FROM log_seal WHERE device = ?1 AND device_seq = ?2 AND seal_sha256 = ?3")?
                .query_row(params![device, device_seq, seal_sha256], |_| Ok(true))
                .optional()?;
            Ok(same.is_some())
        }
        Err(error) => Err(error),
    }
}

/// The tree's nodes as the Merkle code reads them.
pub struct Hashes<'a>(pub &'a Connection);

impl HashReader for Hashes<'_> {
    fn hash(&self, level: u8, index: u64) -> std::io::Result<Hash> {
        self.0
            .prepare_cached("SELECT hash FROM log_hash WHERE level = ?1 AND idx = ?2")
            .and_then(|mut statement| statement.query_row(params![level, index], |row| row.get(0)))
            .map_err(std::io::Error::other)
    }
}
