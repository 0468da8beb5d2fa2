//! What was decided on packets. Append-only, by trigger.

use rusqlite::{Connection, Transaction, params};

use super::StoreError;
use crate::ambient::Millis;

/// One decision.
#[derive(Clone)]
pub struct DecisionRow {
    /// `accepted`, `returned`, `refused` or `legal-review`.
    pub decision: String,
    /// As written.
    pub reason: Option<String>,
    /// Server's time.
    pub decided_at: Millis,
    /// Account.
    pub account: String,
    /// Name as shown then.
    pub reviewer: String,
    /// The document whose salted digest the leaf holds.
    pub document: Vec<u8>,
    /// The salt.
    pub salt: [u8; 32],
    /// The signed note: the leaf.
    pub note: Vec<u8>,
    /// Its leaf, once logged.
    pub leaf_index: Option<u64>,
}

/// Adds a decision and makes it the latest.
pub fn add(
    tx: &Transaction<'_>,
    seal: &[u8; 32],
    row: &DecisionRow,
    note_sha256: &[u8; 32],
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO decision (seal_sha256, decision, reason, decided_at, account, reviewer, document, salt, note, note_sha256)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        params![seal, row.decision, row.reason, row.decided_at, row.account, row.reviewer, row.document, row.salt, row.note, note_sha256],
    )?;
    tx.execute(
        "UPDATE packet SET decision = ?2, decided_at = ?3 WHERE seal_sha256 = ?1",
        params![seal, row.decision, row.decided_at],
    )?;
    Ok(())
}

/// All decisions on a packet, oldest first.
pub fn of_packet(connection: &Connection, seal: &[u8; 32]) -> Result<Vec<DecisionRow>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT d.decision, d.reason, d.decided_at, d.account, d.reviewer, d.document, d.salt, d.note, l.idx
         FROM decision d LEFT JOIN log_leaf l USING (note_sha256) WHERE d.seal_sha256 = ?1 ORDER BY d.id",
    )?;
    let rows = statement.query_map([seal], |row| {
        Ok(DecisionRow {
            decision: row.get(0)?,
            reason: row.get(1)?,
            decided_at: row.get(2)?,
            account: row.get(3)?,
            reviewer: row.get(4)?,
            document: row.get(5)?,
            salt: row.get(6)?,
            note: row.get(7)?,
            leaf_index: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
