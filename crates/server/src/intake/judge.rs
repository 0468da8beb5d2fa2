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
    let facts = summary::facts(&verify(app, packet)?, &packet.id);
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
    Ok(())
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
        tokens: &[],
        leaf_index: packet.leaf_index,
    };
    Ok(known.verify(&*file, zip, Some(log)))
}
