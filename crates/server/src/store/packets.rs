//! Admitted packets.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Transaction, params, params_from_iter};

use super::{StoreError, completes, digest_at};
use crate::ambient::Millis;

/// One packet.
#[derive(Clone)]
pub struct PacketRow {
    /// Packet digest.
    pub seal_sha256: [u8; 32],
    /// What it is called in addresses and folders.
    pub slug: String,
    /// UUID v7.
    pub id: String,
    /// Key name of the device that sealed it.
    pub device: String,
    /// Key name of the device that sent it.
    pub uploader: String,
    /// Digest of the zip.
    pub zip_sha256: [u8; 32],
    /// Bytes of the zip.
    pub zip_size: u64,
    /// Kind's id, or empty when the record can't be read.
    pub kind: String,
    /// Team as the record says.
    pub team: Option<String>,
    /// Address, point or the id's tail.
    pub title: String,
    /// What the search looks through, lower-case.
    pub search: String,
    /// JSON of what the list shows besides: see [`crate::review::summary`].
    pub summary: String,
    /// The device's claim.
    pub closed_at: Option<String>,
    /// When the last byte came.
    pub received_at: Millis,
    /// `verified`, `not-proved` or `failed`.
    pub verdict: String,
    /// 0 failed, 1 not proved, 2 verified.
    pub risk: u8,
    /// JSON of the findings.
    pub findings: String,
    /// Leaf of its seal.
    pub leaf_index: Option<u64>,
    /// When that leaf was logged.
    pub logged_at: Option<Millis>,
    /// The receipt note.
    pub receipt: Option<Vec<u8>>,
    /// The tlog-proof.
    pub proof: Option<Vec<u8>>,
    /// Latest decision.
    pub decision: Option<String>,
    /// Its time.
    pub decided_at: Option<Millis>,
}

const COLUMNS: &str = "seal_sha256, slug, id, device, uploader, zip_sha256, zip_size, kind, team, title, search, summary, closed_at, received_at, \
                       verdict, risk, findings, leaf_index, logged_at, receipt, proof, decision, decided_at";

fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<PacketRow> {
    Ok(PacketRow {
        seal_sha256: digest_at(row, "seal_sha256")?,
        slug: row.get("slug")?,
        id: row.get("id")?,
        device: row.get("device")?,
        uploader: row.get("uploader")?,
        zip_sha256: digest_at(row, "zip_sha256")?,
        zip_size: row.get("zip_size")?,
        kind: row.get("kind")?,
        team: row.get("team")?,
        title: row.get("title")?,
        search: row.get("search")?,
        summary: row.get("summary")?,
        closed_at: row.get("closed_at")?,
        received_at: row.get("received_at")?,
        verdict: row.get("verdict")?,
        risk: row.get("risk")?,
        findings: row.get("findings")?,
        leaf_index: row.get("leaf_index")?,
        logged_at: row.get("logged_at")?,
        receipt: row.get("receipt")?,
        proof: row.get("proof")?,
        decision: row.get("decision")?,
        decided_at: row.get("decided_at")?,
    })
}

/// Adds an admitted packet.
pub fn add(tx: &Transaction<'_>, p: &PacketRow) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO packet (seal_sha256, slug, id, device, uploader, zip_sha256, zip_size, kind, team, title, search, summary, closed_at, received_at,
           verdict, risk, findings) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)",
        params![
            p.seal_sha256, p.slug, p.id, p.device, p.uploader, p.zip_sha256, p.zip_size, p.kind, p.team, p.title, p.search, p.summary, p.closed_at,
            p.received_at, p.verdict, p.risk, p.findings
        ],
    )?;
    completes::note(tx, &p.seal_sha256, &p.findings)
}

/// Gives a packet other bytes, found to be better ones, and keeps what it had as a copy. Its receipt is given anew.
pub fn replace_bytes(
    tx: &Transaction<'_>,
    old: &PacketRow,
    new: &PacketRow,
) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO packet_copy (zip_sha256, seal_sha256, zip_size, received_at, verdict, receipt) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        params![old.zip_sha256, old.seal_sha256, old.zip_size, old.received_at, old.verdict, old.receipt],
    )?;
    tx.execute(
        "UPDATE packet SET zip_sha256 = ?2, zip_size = ?3, kind = ?4, team = ?5, title = ?6, search = ?7, summary = ?8, closed_at = ?9, verdict = ?10,
           risk = ?11, findings = ?12, uploader = ?13, received_at = ?14, receipt = NULL, proof = NULL, judged = 0 WHERE seal_sha256 = ?1",
        params![
            new.seal_sha256, new.zip_sha256, new.zip_size, new.kind, new.team, new.title, new.search, new.summary, new.closed_at, new.verdict, new.risk,
            new.findings, new.uploader, new.received_at
        ],
    )?;
    completes::note(tx, &new.seal_sha256, &new.findings)
}

/// What a later look at a packet's bytes found, with receipt, proof and tokens.
pub struct Judged<'a> {
    /// Worst level.
    pub verdict: &'a str,
    /// For the queue's order.
    pub risk: u8,
    /// JSON.
    pub findings: &'a str,
    /// Proved lower bound, RFC 3339.
    pub sealed_after: Option<String>,
    /// Proved upper bound, RFC 3339.
    pub logged_before: Option<String>,
    /// JSON: what bounds single captures.
    pub captures: &'a str,
}

/// A later look at these bytes found this.
pub fn judge(
    tx: &Transaction<'_>,
    seal: &[u8; 32],
    zip: &[u8; 32],
    judged: &Judged<'_>,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE packet SET verdict = ?3, risk = ?4, findings = ?5, judged = 1,
           summary = json_set(summary, '$.sealed_after', ?6, '$.logged_before', ?7, '$.captures', json(?8))
         WHERE seal_sha256 = ?1 AND zip_sha256 = ?2",
        params![
            seal,
            zip,
            judged.verdict,
            judged.risk,
            judged.findings,
            judged.sealed_after,
            judged.logged_before,
            judged.captures
        ],
    )?;
    Ok(())
}

/// The leaves `first..last` are under a stamped checkpoint now: their packets are to be looked at again.
pub fn judge_again_stamped(
    tx: &Transaction<'_>,
    first: u64,
    last: u64,
) -> Result<usize, StoreError> {
    Ok(tx.execute(
        "UPDATE packet SET judged = 0 WHERE judged = 1 AND seal_sha256 IN
           (SELECT note_sha256 FROM log_leaf WHERE idx >= ?1 AND idx < ?2 AND kind = 'packet-seal')",
        [first, last],
    )?)
}

/// Which of these bytes' items the list can show is known better now; `previews` is a JSON list of their numbers.
pub fn set_previews(
    tx: &Transaction<'_>,
    seal: &[u8; 32],
    zip: &[u8; 32],
    previews: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE packet SET summary = json_set(summary, '$.previews', json(?3)) WHERE seal_sha256 = ?1 AND zip_sha256 = ?2",
        params![seal, zip, previews],
    )?;
    Ok(())
}

/// Packets with a receipt whose findings do not take it into account yet.
pub fn unjudged(connection: &Connection, most: u32) -> Result<Vec<PacketRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM packet WHERE judged = 0 AND receipt IS NOT NULL AND seal_sha256 NOT IN (SELECT seal_sha256 FROM erased) ORDER BY received_at LIMIT ?1"))?;
    Ok(statement
        .query_map([most], read)?
        .collect::<Result<_, _>>()?)
}

/// Whether a packet's findings take its receipt, and what came since, into account.
pub fn is_judged(connection: &Connection, seal: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached(
            "SELECT 1 FROM packet WHERE seal_sha256 = ?1 AND judged = 1 AND receipt IS NOT NULL",
        )?
        .exists([seal])?)
}

/// Packets whose findings speak of this key are to be looked at again: something that bears on it was decided.
pub fn judge_again_about(tx: &Transaction<'_>, key: &str) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE packet SET judged = 0 WHERE instr(findings, ?1) > 0",
        [key],
    )?;
    Ok(())
}

/// Packets for which this holds.
pub(super) fn some(
    connection: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<PacketRow>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {COLUMNS} FROM packet WHERE {condition}"))?;
    Ok(statement
        .query_map(values, read)?
        .collect::<Result<_, _>>()?)
}

/// By packet digest.
pub fn by_seal(connection: &Connection, seal: &[u8; 32]) -> Result<Option<PacketRow>, StoreError> {
    Ok(connection
        .prepare_cached(&format!(
            "SELECT {COLUMNS} FROM packet WHERE seal_sha256 = ?1"
        ))?
        .query_row([seal], read)
        .optional()?)
}

/// By what it is called.
pub fn by_slug(connection: &Connection, slug: &str) -> Result<Option<PacketRow>, StoreError> {
    Ok(connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM packet WHERE slug = ?1"))?
        .query_row([slug], read)
        .optional()?)
}

/// Whether some packet is called so.
pub fn slug_taken(connection: &Connection, slug: &str) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM packet WHERE slug = ?1")?
        .exists([slug])?)
}

/// Packets without receipt, oldest first.
pub fn unreceipted(connection: &Connection, most: u32) -> Result<Vec<PacketRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM packet WHERE receipt IS NULL ORDER BY received_at LIMIT ?1"
    ))?;
    Ok(statement
        .query_map([most], read)?
        .collect::<Result<_, _>>()?)
}

/// Logged, with receipt and proof.
pub fn set_receipt(
    tx: &Transaction<'_>,
    seal: &[u8; 32],
    leaf_index: u64,
    logged_at: Millis,
    receipt: &[u8],
    proof: &[u8],
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE packet SET leaf_index = ?2, logged_at = ?3, receipt = ?4, proof = ?5 WHERE seal_sha256 = ?1",
        params![seal, leaf_index, logged_at, receipt, proof],
    )?;
    Ok(())
}

/// What the list is asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Decided ones instead of open ones.
    pub done: bool,
    /// One verdict only.
    pub verdict: Option<String>,
    /// Words, each of which must occur.
    pub words: Vec<String>,
}

impl Filter {
    fn sql(&self) -> (String, Vec<Value>) {
        let mut sql = if self.done {
            "decision IN ('accepted', 'returned', 'refused')".to_owned()
        } else {
            "(decision IS NULL OR decision = 'legal-review')".to_owned()
        };
        let mut values = Vec::new();
        if let Some(verdict) = &self.verdict {
            values.push(Value::Text(verdict.clone()));
            sql.push_str(&format!(" AND verdict = ?{}", values.len()));
        }
        for word in &self.words {
            values.push(Value::Text(word.to_lowercase()));
            sql.push_str(&format!(" AND instr(search, ?{}) > 0", values.len()));
        }
        (sql, values)
    }
}

/// The order of the open queue: worst verdict first, then oldest. Decided ones: newest decision first.
const fn order(done: bool) -> &'static str {
    if done {
        "decided_at DESC, slug"
    } else {
        "risk, received_at, slug"
    }
}

/// A page of the list, and how many match.
pub fn page(
    connection: &Connection,
    filter: &Filter,
    first: u64,
    most: u32,
) -> Result<(Vec<PacketRow>, u64), StoreError> {
    let (condition, values) = filter.sql();
    let total = connection.query_row(
        &format!("SELECT count(*) FROM packet WHERE {condition}"),
        params_from_iter(&values),
        |row| row.get(0),
    )?;
    let sql = format!(
        "SELECT {COLUMNS} FROM packet WHERE {condition} ORDER BY {} LIMIT {most} OFFSET {first}",
        order(filter.done)
    );
    let mut statement = connection.prepare(&sql)?;
    let rows = statement
        .query_map(params_from_iter(&values), read)?
        .collect::<Result<_, _>>()?;
    Ok((rows, total))
}

/// How many open packets have each verdict.
pub fn open_counts(connection: &Connection) -> Result<Vec<(String, u64)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT verdict, count(*) FROM packet WHERE decision IS NULL OR decision = 'legal-review' GROUP BY verdict")?;
    Ok(statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

/// What these packets are called, in the list's order.
pub fn slugs_matching(
    connection: &Connection,
    filter: &Filter,
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let (condition, values) = filter.sql();
    let sql = format!(
        "SELECT slug FROM packet WHERE {condition} ORDER BY {} LIMIT {most}",
        order(filter.done)
    );
    let mut statement = connection.prepare(&sql)?;
    Ok(statement
        .query_map(params_from_iter(&values), |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// What the packets that were received in this time are called, oldest first.
pub fn slugs_received(
    connection: &Connection,
    since: Millis,
    before: Millis,
    most: u32,
) -> Result<Vec<String>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT slug FROM packet WHERE received_at >= ?1 AND received_at < ?2 ORDER BY received_at, slug LIMIT ?3",
    )?;
    Ok(statement
        .query_map(params![since, before, most], |row| row.get(0))?
        .collect::<Result<_, _>>()?)
}

/// The packets before and after this one in the open queue.
pub fn neighbours(
    connection: &Connection,
    packet: &PacketRow,
) -> Result<(Option<String>, Option<String>), StoreError> {
    let ask = |comparison: &str, order: &str| {
        connection
            .prepare_cached(&format!(
                "SELECT slug FROM packet WHERE (decision IS NULL OR decision = 'legal-review') AND slug <> ?3
                 AND (risk, received_at, slug) {comparison} (?1, ?2, ?3) ORDER BY {order} LIMIT 1"
            ))?
            .query_row(params![packet.risk, packet.received_at, packet.slug], |row| row.get(0))
            .optional()
    };
    Ok((
        ask("<", "risk DESC, received_at DESC, slug DESC")?,
        ask(">", "risk, received_at, slug")?,
    ))
}

/// All packets, oldest first.
pub fn all(connection: &Connection) -> Result<Vec<PacketRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM packet ORDER BY received_at, slug"
    ))?;
    Ok(statement.query_map([], read)?.collect::<Result<_, _>>()?)
}

/// Digests of all zips that must be there, copies included.
pub fn zips(connection: &Connection) -> Result<Vec<([u8; 32], u64)>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT zip_sha256, zip_size FROM (SELECT zip_sha256, zip_size, seal_sha256 FROM packet UNION SELECT zip_sha256, zip_size, seal_sha256 FROM packet_copy)
         WHERE seal_sha256 NOT IN (SELECT seal_sha256 FROM erased)")?;
    Ok(statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?)
}

/// Whether these bytes are a packet's, now or formerly.
pub fn zip_known(connection: &Connection, zip_sha256: &[u8; 32]) -> Result<bool, StoreError> {
    Ok(connection
        .prepare_cached("SELECT 1 FROM packet WHERE zip_sha256 = ?1 UNION SELECT 1 FROM packet_copy WHERE zip_sha256 = ?1")?
        .exists([zip_sha256])?)
}
