//! The findings that the console shows: the verifier's, with receipt and inclusion proof taken into account.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::verify::{LogEvidence, PacketCheck, ZipFacts};
use fieldseal_tlog::proof::TlogProof;

use super::admit::IntakeError;
use super::examine::{Known, admissible};
use crate::app::App;
use crate::blobs::Blobs as _;
use crate::export;
use crate::review::summary;
use crate::store::StoreError;
use crate::store::packets::{self, PacketRow};

/// All packets that wait for it.
pub fn all(app: &App) -> Result<(), IntakeError> {
    loop {
        let waiting = app.db.read_blocking(|c| packets::unjudged(c, 64))?;
        if waiting.is_empty() {
            return Ok(());
        }
        for packet in &waiting {
            let check = verify(app, packet)?;
            let facts = summary::facts(&check, &packet.id);
            let findings = serde_json::to_string(&facts.findings)?;
            app.db.write_blocking(|tx| {
                packets::judge(
                    tx,
                    &packet.seal_sha256,
                    &packet.zip_sha256,
                    &facts.verdict,
                    facts.risk,
                    &findings,
                )
            })?;
        }
    }
}

/// Runs the verifier over a stored packet with all that the server knows of it.
pub fn verify(app: &App, packet: &PacketRow) -> Result<PacketCheck, IntakeError> {
    let file = app.blobs.open(&Sha256Digest(packet.zip_sha256))?;
    let zip = ZipFacts {
        sha256: Sha256Digest(packet.zip_sha256),
        size: packet.zip_size,
    };
    let checkpoint = packet
        .proof
        .as_deref()
        .and_then(|proof| TlogProof::parse(proof).ok())
        .map(|proof| proof.checkpoint);
    let (known, consistency) =
        app.db
            .read_blocking(|c| match admissible(c, &*file, &app.origin)? {
                Ok(seal) => {
                    let consistency = checkpoint.as_deref().and_then(|checkpoint| {
                        export::consistency(c, &seal.note, checkpoint)
                            .ok()
                            .flatten()
                    });
                    Ok::<_, StoreError>((Known::gather(c, &app.trust, &seal.note)?, consistency))
                }
                // The stored bytes no longer read as they did: the verifier says so.
                Err(_) => Ok((Known::anchors(&app.trust)?, None)),
            })?;
    let log = LogEvidence {
        receipt: packet.receipt.as_deref(),
        proof: packet.proof.as_deref(),
        checkpoint: checkpoint.as_deref(),
        consistency: consistency.as_deref(),
        tokens: 0,
        leaf_index: packet.leaf_index,
    };
    Ok(known.verify(&*file, zip, Some(log)))
}
