//! The findings that the console shows: the verifier's, with receipt and inclusion proof taken into account.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::verify::{LogEvidence, PacketCheck, Token, ZipFacts};
use fieldseal_tlog::proof::TlogProof;

use super::admit::IntakeError;
use super::examine::{Known, admissible};
use crate::app::App;
use crate::blobs::Blobs as _;
use crate::export::{self, head};
use crate::review::summary;
use crate::store::StoreError;
use crate::store::packets::{self, PacketRow};

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
            },
        )
    })?;
    Ok(())
}

/// Runs the verifier over a stored packet with all that the server knows of it.
pub fn verify(app: &App, packet: &PacketRow) -> Result<PacketCheck, IntakeError> {
    let file = app.blobs.open(&Sha256Digest(packet.zip_sha256))?;
    let zip = ZipFacts {
        sha256: Sha256Digest(packet.zip_sha256),
        size: packet.zip_size,
    };
    let receipts = packet
        .proof
        .as_deref()
        .and_then(|proof| TlogProof::parse(proof).ok());
    let enough = app.config.witnessing.enough();
    let (known, head, consistency) = app.db.read_blocking(|c| {
        // By the checkpoint that an export would take: the oldest stamped one that holds the leaf.
        let head = match (receipts, packet.leaf_index) {
            (Some(receipts), Some(index)) => head::choose(c, index, receipts, enough).ok(),
            _ => None,
        };
        match admissible(c, &*file, &app.origin)? {
            Ok(seal) => {
                let consistency = head.as_ref().and_then(|head| {
                    export::consistency(c, &seal.note, &head.proof.checkpoint)
                        .ok()
                        .flatten()
                });
                let known = Known::gather(c, &app.trust, &seal.note)?;
                Ok::<_, StoreError>((known, head, consistency))
            }
            // The stored bytes no longer read as they did: the verifier says so.
            Err(_) => Ok((Known::anchors(&app.trust)?, head, None)),
        }
    })?;
    let files: Vec<(String, &[u8])> = head
        .iter()
        .flat_map(|head| &head.tokens)
        .filter(|token| token.n == 0)
        .map(|token| {
            let path = format!("data/receipt/checkpoint.{}.tsr", token.stem());
            (path, token.der.as_slice())
        })
        .collect();
    let tokens: Vec<Token<'_>> = files
        .iter()
        .map(|(path, bytes)| Token {
            path,
            bytes: Some(bytes),
            renews: None,
        })
        .collect();
    let proof = head.as_ref().map(|head| head.proof.to_bytes());
    let log = LogEvidence {
        receipt: packet.receipt.as_deref(),
        proof: proof.as_deref(),
        checkpoint: head.as_ref().map(|head| head.proof.checkpoint.as_slice()),
        consistency: consistency.as_deref(),
        tokens: &tokens,
        leaf_index: packet.leaf_index,
    };
    Ok(known.verify(&*file, zip, Some(log)))
}
