//! The list: rows as they were made at admission.

use fieldseal_packet::findings::{Code, Level};
use fieldseal_wire::console::{FindingView, PacketPage, PacketSummary, Text, VerdictCounts};
use rusqlite::Connection;

use super::summary::{Summary, count};
use super::words::decision_of;
use crate::ambient::rfc3339;
use crate::store::packets::{self, Filter, PacketRow};
use crate::store::{Db, StoreError};

/// Rows on a page.
const PAGE: u32 = 50;
/// Words in a search.
const WORDS: usize = 8;

/// What the list is asked for, from the query's text.
pub fn filter(done: bool, verdict: Option<String>, q: Option<&str>) -> Filter {
    let words = q
        .unwrap_or_default()
        .split_whitespace()
        .take(WORDS)
        .map(str::to_owned)
        .collect();
    Filter {
        done,
        verdict,
        words,
    }
}

/// A page of it.
pub fn page(db: &Db, filter: &Filter, page: u32) -> Result<PacketPage, StoreError> {
    db.read_blocking(|c| {
        let (rows, total) = packets::page(c, filter, u64::from(page) * u64::from(PAGE), PAGE)?;
        let packets = rows.iter().map(row).collect::<Result<_, _>>()?;
        Ok(PacketPage {
            packets,
            total,
            page,
            counts: counts(c)?,
        })
    })
}

fn counts(c: &Connection) -> Result<VerdictCounts, StoreError> {
    let mut counts = VerdictCounts::default();
    for (verdict, number) in packets::open_counts(c)? {
        counts.all += number;
        match verdict.as_str() {
            "failed" => counts.failed = number,
            "not-proved" => counts.not_proved = number,
            "verified" => counts.verified = number,
            _ => {}
        }
    }
    Ok(counts)
}

/// The stored findings of a packet.
pub fn findings(packet: &PacketRow) -> Result<Vec<FindingView>, StoreError> {
    serde_json::from_str(&packet.findings).map_err(|_| StoreError::Malformed("findings"))
}

/// What doubts the keys themselves: so that a stolen tablet's packets are told apart from those that merely lack a timestamp.
const WARNINGS: [Code; 3] = [
    Code::KeyRevokedBeforeSeal,
    Code::SealEquivocation,
    Code::KeyRevokedBeforeLogging,
];

fn warning(findings: &[FindingView]) -> Option<Text> {
    let of = |code: &Code| findings.iter().find(|finding| finding.code == code.word());
    WARNINGS
        .iter()
        .find_map(of)
        .map(|finding| finding.text.clone())
}

/// One row for the screen.
pub fn row(packet: &PacketRow) -> Result<PacketSummary, StoreError> {
    let summary: Summary =
        serde_json::from_str(&packet.summary).map_err(|_| StoreError::Malformed("summary"))?;
    let findings = findings(packet)?;
    Ok(PacketSummary {
        id: packet.slug.clone(),
        title: packet.title.clone(),
        kind: packet.kind.clone(),
        kind_name: summary.kind_name,
        point: summary.point,
        team: packet.team.clone(),
        officers: summary.officers,
        items: summary.items,
        previews: summary.previews,
        verdict: packet.verdict.clone(),
        ok: count(&findings, Level::Ok),
        not_proved: count(&findings, Level::NotProved),
        failed: count(&findings, Level::Failed),
        warning: warning(&findings),
        closed_at: packet.closed_at.clone(),
        received_at: rfc3339(packet.received_at),
        logged_at: packet.logged_at.map(rfc3339),
        decision: packet.decision.as_deref().map(decision_of).transpose()?,
        decided_at: packet.decided_at.map(rfc3339),
    })
}
