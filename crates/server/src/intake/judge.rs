//! The findings that the console shows: the verifier's, with receipt, proofs, tokens and heartbeats taken into account.
//!
//! A packet is looked at once for its receipt and once more when its checkpoint is stamped. Its files were read when it was admitted, and what they
//! were found to be is kept under the zip's digest: these looks read the small files, not the photos. That the bytes on the
//! disk are still those is `fieldseal admin fsck`'s matter, and every export reads them all.

use std::sync::atomic::{AtomicU64, Ordering};

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::verify::{FileDigests, LogEvidence, PacketCheck, ZipFacts};
use fieldseal_packet::zipread::ReadAt;
use fieldseal_tlog::proof::TlogProof;

use super::admit::IntakeError;
use super::examine::{Known, admissible};
use crate::app::App;
use crate::blobs::Blobs as _;
use crate::export::{self, head, heartbeats};
use crate::review::summary::{self, CaptureBounds};
use crate::store::packets::{self, PacketRow};
use crate::store::{StoreError, digests};

/// Packets looked at in one round; the next round takes the rest.
pub const ROUND: u32 = 100;

/// Packets that wait for it. Gives those that it looked at; one that can't be read holds up no other.
pub fn all(app: &App) -> Result<Vec<PacketRow>, IntakeError> {
    let mut judged = Vec::new();
    for packet in app.db.read_blocking(|c| packets::unjudged(c, ROUND))? {
        match one(app, &packet) {
            Ok(()) => judged.push(packet),
            Err(error) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "a stored packet could not be looked at"
            ),
        }
    }
    Ok(judged)
}

fn one(app: &App, packet: &PacketRow) -> Result<(), IntakeError> {
    let check = verify(app, packet)?;
    let facts = summary::facts(&check, &packet.id);
    let findings = serde_json::to_string(&facts.findings)?;
    let captures: Vec<_> = check
        .report
        .captures
        .iter()
        .map(CaptureBounds::from)
        .collect();
    let captures = serde_json::to_string(&captures)?;
    app.db.write_blocking(|tx| {
        packets::judge(
            tx,
            &packet.seal_sha256,
            &packet.zip_sha256,
            &packets::Judged {
                verdict: &facts.verdict,
                risk: facts.risk,
                findings: &findings,
                sealed_after: check.report.sealed_after.map(|at| at.to_string()),
                logged_before: check.report.logged_before.map(|at| at.to_string()),
                captures: &captures,
            },
        )
    })?;
    Ok(())
}

/// A file of which it is counted how much is read.
struct Counted<'a> {
    file: &'a dyn ReadAt,
    read: &'a AtomicU64,
}

impl ReadAt for Counted<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> std::io::Result<usize> {
        let count = self.file.read_at(buffer, offset)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }

    fn size(&self) -> std::io::Result<u64> {
        self.file.size()
    }
}

/// Runs the verifier over a stored packet with all that the server knows of it.
fn verify(app: &App, packet: &PacketRow) -> Result<PacketCheck, IntakeError> {
    let zip = ZipFacts {
        sha256: Sha256Digest(packet.zip_sha256),
        size: packet.zip_size,
    };
    let file = app.blobs.open(&zip.sha256)?;
    let file = Counted {
        file: &*file,
        read: &app.counters.look_bytes,
    };
    let receipts = packet
        .proof
        .as_deref()
        .and_then(|proof| TlogProof::parse(proof).ok());
    let enough = app.config.witnessing.enough();
    let evidence = app.db.read_blocking(|c| {
        // By the checkpoint that an export would take: the oldest stamped one that holds the leaf.
        let head = match (receipts, packet.leaf_index) {
            (Some(receipts), Some(index)) => head::choose(c, index, receipts, enough).ok(),
            _ => None,
        };
        let hashed = digests::of(c, &zip.sha256)?;
        let Ok(seal) = admissible(c, &file, &app.origin)? else {
            // The stored bytes no longer read as they did: the verifier says so, after it has read all of them.
            return Ok(Evidence {
                known: Known::anchors(&app.trust)?,
                head,
                consistency: None,
                heartbeats: Vec::new(),
                hashed: Vec::new(),
            });
        };
        let consistency = head.as_ref().and_then(|head| {
            export::consistency(c, &seal.note, &head.proof.checkpoint)
                .ok()
                .flatten()
        });
        Ok::<_, StoreError>(Evidence {
            known: Known::gather(c, &app.trust, &seal.note)?,
            head,
            consistency,
            heartbeats: heartbeats::logged(c, &seal.note, enough).unwrap_or_default(),
            hashed,
        })
    })?;
    Ok(evidence.judge(packet, &file, zip))
}

/// What the server knows that bears on a packet.
struct Evidence {
    known: Known,
    head: Option<head::Head>,
    consistency: Option<Vec<u8>>,
    heartbeats: Vec<heartbeats::Logged>,
    hashed: Vec<FileDigests>,
}

impl Evidence {
    fn judge(&self, packet: &PacketRow, file: &dyn ReadAt, zip: ZipFacts) -> PacketCheck {
        let tokens = self.head.as_ref().map_or(&[][..], |head| &head.tokens);
        let files = head::Files::of(tokens, "data/receipt/checkpoint");
        let tokens = files.tokens(tokens);
        let proof = self.head.as_ref().map(|head| head.proof.to_bytes());
        let checkpoint = self.head.as_ref().map(|head| &*head.proof.checkpoint);
        heartbeats::given(&self.heartbeats, |heartbeats| {
            let log = LogEvidence {
                receipt: packet.receipt.as_deref(),
                proof: proof.as_deref(),
                checkpoint,
                consistency: self.consistency.as_deref(),
                tokens: &tokens,
                leaf_index: packet.leaf_index,
                heartbeats,
            };
            self.known.verify(file, zip, Some(log), &self.hashed)
        })
    }
}
