//! Drafts: packets to be. A row stays when its packet is sealed, as the home of its captures and custody lines.

use super::columns;
use crate::db::StoreError;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use rusqlite::{Connection, Row, Transaction, params};
use serde_json::{Map, Value};

/// How far a draft is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Takes photos and facts.
    Open,
    /// Every byte is fixed; officers sign.
    Closed,
    /// A packet.
    Sealed,
}

impl Stage {
    /// As stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
            Self::Sealed => "sealed",
        }
    }

    fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        match row.get::<_, String>("stage")?.as_str() {
            "open" => Ok(Self::Open),
            "closed" => Ok(Self::Closed),
            "sealed" => Ok(Self::Sealed),
            _ => Err(StoreError::Unreadable("stage")),
        }
    }
}

/// A draft to be made.
#[derive(Debug, Clone)]
pub struct NewDraft {
    /// Its id for good: the packet's.
    pub packet: PacketId,
    /// Kind's id.
    pub kind: String,
    /// Wall clock.
    pub opened_at: Timestamp,
    /// The packet that it completes.
    pub supplements: Option<PacketId>,
}

/// A draft.
#[derive(Clone, PartialEq)]
pub struct Draft {
    /// Its id for good: the packet's.
    pub packet: PacketId,
    /// Kind's id.
    pub kind: String,
    /// How far it is.
    pub stage: Stage,
    /// Described facts, by field.
    pub facts: Map<String, Value>,
    /// The party, as the device engine writes it.
    pub party: Option<Value>,
    /// Wall clock.
    pub opened_at: Timestamp,
    /// The packet that it completes.
    pub supplements: Option<PacketId>,
    /// Rebuilt from its segments after the database was lost: facts and custody lines from before are missing.
    pub recovered: bool,
    /// The form that it is filled in with; none yet: it was begun while locked, or by an older version.
    pub form: Option<Sha256Digest>,
}

/// `Debug` without facts and party.
impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("packet", &self.packet)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

fn read(row: &Row<'_>) -> Result<Draft, StoreError> {
    Ok(Draft {
        packet: columns::packet(row, "packet")?,
        kind: row.get("kind")?,
        stage: Stage::read(row)?,
        facts: columns::json(row, "facts")?,
        party: columns::maybe_json(row, "party")?,
        opened_at: columns::time(row, "opened_at")?,
        supplements: columns::maybe_packet(row, "supplements")?,
        recovered: row.get("recovered")?,
        form: columns::maybe_digest(row, "form")?,
    })
}

/// Makes a draft.
pub fn open(tx: &Transaction<'_>, new: &NewDraft) -> Result<(), StoreError> {
    insert(tx, new, Stage::Open, false)
}

pub(crate) fn insert(
    tx: &Transaction<'_>,
    new: &NewDraft,
    stage: Stage,
    recovered: bool,
) -> Result<(), StoreError> {
    columns::bounded(&new.kind, "kind")?;
    tx.prepare_cached(
        "INSERT INTO drafts (packet, kind, stage, opened_at, supplements, recovered) VALUES (?, ?, ?, ?, ?, ?)",
    )?
    .execute(params![
        new.packet.to_string(),
        new.kind,
        stage.as_str(),
        new.opened_at.as_millis(),
        new.supplements.map(|id| id.to_string()),
        recovered
    ])?;
    Ok(())
}

/// The draft of this id, at any stage.
pub fn get(connection: &Connection, packet: PacketId) -> Result<Option<Draft>, StoreError> {
    columns::first(
        connection,
        "SELECT * FROM drafts WHERE packet = ?",
        [packet.to_string()],
        read,
    )
}

/// Drafts that are not sealed, newest first.
pub fn list(connection: &Connection) -> Result<Vec<Draft>, StoreError> {
    columns::all(
        connection,
        "SELECT * FROM drafts WHERE stage <> 'sealed' ORDER BY opened_at DESC, packet DESC",
        [],
        read,
    )
}

/// What a rebuilt database was given back: the drafts that are still open, newest first, and how many packets that were sealed
/// before `at`.
pub fn came_back(connection: &Connection, at: Timestamp) -> Result<(Vec<Draft>, u64), StoreError> {
    let open = columns::all(
        connection,
        "SELECT * FROM drafts WHERE recovered AND stage <> 'sealed' ORDER BY opened_at DESC, packet DESC",
        [],
        read,
    )?;
    let packets = connection.query_row(
        "SELECT count(*) FROM drafts JOIN packets USING (packet) WHERE recovered AND sealed_at < ?",
        [at.as_millis()],
        |row| row.get(0),
    )?;
    Ok((open, packets))
}

/// The drafts, at any stage, that complete this packet.
pub fn supplementing(connection: &Connection, packet: PacketId) -> Result<Vec<Draft>, StoreError> {
    columns::all(
        connection,
        "SELECT * FROM drafts WHERE supplements = ? ORDER BY opened_at",
        [packet.to_string()],
        read,
    )
}

/// Refuses unless the draft is at this stage.
pub(crate) fn expect(
    connection: &Connection,
    packet: PacketId,
    stage: Stage,
) -> Result<(), StoreError> {
    match get(connection, packet)? {
        None => Err(StoreError::NotFound),
        Some(draft) if draft.stage == stage => Ok(()),
        Some(_) => Err(StoreError::WrongStage),
    }
}

fn set(
    tx: &Transaction<'_>,
    packet: PacketId,
    sql: &str,
    value: Option<&str>,
) -> Result<(), StoreError> {
    expect(tx, packet, Stage::Open)?;
    columns::one(
        tx.prepare_cached(sql)?
            .execute(params![value, packet.to_string()])?,
    )
}

/// Fixes the form that an open draft is filled in with.
pub fn set_form(tx: &Transaction<'_>, packet: PacketId, bytes: &[u8]) -> Result<(), StoreError> {
    expect(tx, packet, Stage::Open)?;
    let digest = Sha256Digest::of(bytes);
    tx.prepare_cached(
        "INSERT INTO forms (sha256, bytes) VALUES (?, ?) ON CONFLICT (sha256) DO NOTHING",
    )?
    .execute(params![digest.0, bytes])?;
    columns::one(
        tx.prepare_cached("UPDATE drafts SET form = ? WHERE packet = ?")?
            .execute(params![digest.0, packet.to_string()])?,
    )
}

/// The bytes of a form that some draft is filled in with.
pub fn form(connection: &Connection, digest: Sha256Digest) -> Result<Option<Vec<u8>>, StoreError> {
    columns::first(
        connection,
        "SELECT bytes FROM forms WHERE sha256 = ?",
        [digest.0],
        |row| Ok(row.get("bytes")?),
    )
}

/// Open drafts whose form is not fixed yet.
pub fn without_form(connection: &Connection) -> Result<Vec<Draft>, StoreError> {
    columns::all(
        connection,
        "SELECT * FROM drafts WHERE stage = 'open' AND form IS NULL",
        [],
        read,
    )
}

/// Changes the kind of an open draft.
pub fn set_kind(tx: &Transaction<'_>, packet: PacketId, kind: &str) -> Result<(), StoreError> {
    columns::bounded(kind, "kind")?;
    set(
        tx,
        packet,
        "UPDATE drafts SET kind = ? WHERE packet = ?",
        Some(kind),
    )
}

/// Replaces the facts of an open draft.
pub fn set_facts(
    tx: &Transaction<'_>,
    packet: PacketId,
    facts: &Map<String, Value>,
) -> Result<(), StoreError> {
    let text = columns::to_json(facts, "facts")?;
    set(
        tx,
        packet,
        "UPDATE drafts SET facts = ? WHERE packet = ?",
        Some(&text),
    )
}

/// A described fact, as text, of those of the newest drafts and packets that have it; the newest first.
pub fn newest_fact(
    connection: &Connection,
    field: &str,
    most: usize,
) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT value FROM (SELECT json_extract(facts, '$.' || ?1) AS value FROM drafts ORDER BY opened_at DESC LIMIT ?2)
         WHERE typeof(value) = 'text'",
    )?;
    Ok(statement
        .query_map(rusqlite::params![field, most], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// Replaces the party of an open draft.
pub fn set_party(
    tx: &Transaction<'_>,
    packet: PacketId,
    party: Option<&Value>,
) -> Result<(), StoreError> {
    let text = party
        .map(|party| columns::to_json(party, "party"))
        .transpose()?;
    set(
        tx,
        packet,
        "UPDATE drafts SET party = ? WHERE packet = ?",
        text.as_deref(),
    )
}

/// Marks a draft as sealed whose packet the outbox knows.
pub(crate) fn mark_sealed(tx: &Transaction<'_>, packet: PacketId) -> Result<(), StoreError> {
    columns::one(tx.execute(
        "UPDATE drafts SET stage = 'sealed', body = NULL WHERE packet = ?",
        [packet.to_string()],
    )?)
}
