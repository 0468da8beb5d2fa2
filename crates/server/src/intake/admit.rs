//! Admission and quarantine: where the bytes go, and what the database says then.
//!
//! First the file moves to its place (rename, folder synced), then one transaction says everything. A crash between the two leaves an upload that is
//! still `complete` and a file that is no longer under `uploads/`; the next round finds it by its digest and goes on.

use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use fieldseal_packet::custody::Event;
use fieldseal_packet::entry::Quarantined as QuarantinedEntry;
use fieldseal_packet::verify::ZipFacts;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::note::SignError;

use super::examine::{Admissible, Known, Refused, admissible, body_digest};
use crate::app::App;
use crate::blobs::Blobs as _;
use crate::files;
use crate::presence;
use crate::review::summary::{self, Facts};
use crate::signing::signed;
use crate::store::packets::{self, PacketRow};
use crate::store::quarantine::Quarantined;
use crate::store::uploads::{self, Upload};
use crate::store::{StoreError, custody, digests, log, quarantine};
use crate::teeth::planted;

/// The word for a second packet of the same seal body or device number.
pub const EQUIVOCATION: &str = "seal-equivocation";
/// The word for other bytes under a seal that is here already.
pub const OTHER_BYTES: &str = "same-seal-other-bytes";
/// The word for an upload that is not the packet that it was announced as.
pub const CLAIM_DIFFERS: &str = "claim-differs";

/// Taking in failed; the upload stays `complete` and is tried again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IntakeError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be read or moved.
    #[error("a packet's file could not be read or moved")]
    File(#[from] io::Error),
    /// The key did not sign.
    #[error("the server's key did not sign")]
    Sign(#[from] SignError),
    /// The summary could not be written.
    #[error("the packet's summary could not be written")]
    Summary(#[from] serde_json::Error),
    /// The bytes of a complete upload are nowhere.
    #[error("the bytes of a complete upload are not there: run `fieldseal admin fsck`")]
    Lost,
}

/// Bytes that are all here.
struct Bytes {
    path: PathBuf,
    zip: ZipFacts,
}

/// A complete upload: admitted, or put into quarantine.
pub fn take_in(app: &App, upload: &Upload) -> Result<(), IntakeError> {
    let Some(zip_sha256) = upload.zip_sha256 else {
        return Err(IntakeError::Lost);
    };
    let zip = ZipFacts {
        sha256: Sha256Digest(zip_sha256),
        size: upload.length,
    };
    let path = locate(app, upload, &zip.sha256).ok_or(IntakeError::Lost)?;
    let outcome = decide(app, &Bytes { path, zip }, upload)?;
    match outcome {
        Outcome::Admitted => app.counters.admitted.fetch_add(1, Ordering::Relaxed),
        Outcome::Quarantined => app.counters.quarantined.fetch_add(1, Ordering::Relaxed),
    };
    Ok(())
}

/// What was kept aside for want of this key.
pub fn second_look(app: &App, key: &str) -> Result<(), IntakeError> {
    for row in app.db.read_blocking(|c| quarantine::waiting_for(c, key))? {
        let zip = ZipFacts {
            sha256: Sha256Digest(row.zip_sha256),
            size: row.size,
        };
        let upload = Upload {
            id: row.id.clone(),
            device: row.device.clone(),
            packet: row.packet.clone(),
            seal_sha256: row.seal_sha256,
            length: row.size,
            offset: row.size,
            state: "complete".to_owned(),
            zip_sha256: Some(row.zip_sha256),
            completed_at: Some(row.received_at),
            expires_at: row.received_at,
        };
        let path = locate(app, &upload, &zip.sha256).ok_or(IntakeError::Lost)?;
        decide(app, &Bytes { path, zip }, &upload)?;
    }
    app.sequencer.kick();
    Ok(())
}

enum Outcome {
    Admitted,
    Quarantined,
}

fn locate(app: &App, upload: &Upload, digest: &Sha256Digest) -> Option<PathBuf> {
    let places = [
        app.uploads.path(&upload.id),
        app.blobs.path(digest),
        app.layout.quarantine().join(digest.to_string()),
    ];
    places.into_iter().find(|path| path.is_file())
}

fn decide(app: &App, bytes: &Bytes, upload: &Upload) -> Result<Outcome, IntakeError> {
    let file = File::open(&bytes.path)?;
    let seal = app
        .db
        .read_blocking(|c| admissible(c, &file, &app.origin))?;
    let seal = match seal {
        Ok(seal) => seal,
        Err(refused) => return put_aside(app, bytes, upload, &refused),
    };
    let seal_sha256 = Sha256Digest::of(&seal.bytes);
    let known = app
        .db
        .read_blocking(|c| Known::gather(c, &app.trust, &seal.note))?;
    let check = known.verify(&file, bytes.zip, None, &[]);
    let captures = presence::captures(&file);
    drop(file);
    let facts = summary::facts(&check, &seal.body.packet.to_string());
    let refusal = app
        .db
        .read_blocking(|c| standing(c, &seal, &seal_sha256, &bytes.zip, facts.risk))?;
    if let Some(reason) = refusal {
        return put_aside(
            app,
            bytes,
            upload,
            &Refused {
                reason: reason.to_owned(),
                missing_key: None,
            },
        );
    }
    let row_first = planted("row-before-file");
    if !row_first {
        app.blobs.adopt(&bytes.path, &bytes.zip.sha256)?;
    }
    let recorded = record(app, bytes, upload, &seal, &seal_sha256, &facts, &captures)?;
    if row_first {
        app.blobs.adopt(&bytes.path, &bytes.zip.sha256)?;
    }
    if planted("leaf-outside-transaction") {
        app.db
            .write_blocking(|tx| log::add_pending(tx, "packet-seal", &seal.bytes))?;
    }
    match recorded {
        None => Ok(Outcome::Admitted),
        // Another upload was faster between the two looks; the bytes have moved meanwhile.
        Some(reason) => {
            let moved = Bytes {
                path: app.blobs.path(&bytes.zip.sha256),
                zip: bytes.zip,
            };
            put_aside(
                app,
                &moved,
                upload,
                &Refused {
                    reason: reason.to_owned(),
                    missing_key: None,
                },
            )
        }
    }
}

/// Whether what is here already stands against these bytes.
fn standing(
    c: &rusqlite::Connection,
    seal: &Admissible,
    seal_sha256: &Sha256Digest,
    zip: &ZipFacts,
    risk: u8,
) -> Result<Option<&'static str>, StoreError> {
    if let Some(there) = packets::by_seal(c, &seal_sha256.0)? {
        let better = risk > there.risk && there.risk == 0;
        return Ok((there.zip_sha256 != zip.sha256.0 && !better).then_some(OTHER_BYTES));
    }
    let taken = log::seal_taken(
        c,
        &seal.device,
        seal.body.device_seq,
        &body_digest(&seal.note),
    )?;
    Ok(taken.then_some(EQUIVOCATION))
}

/// One transaction: the packet, its custody, its leaf-to-be, and the end of the upload. Gives the reason when it must not be.
fn record(
    app: &App,
    bytes: &Bytes,
    upload: &Upload,
    seal: &Admissible,
    seal_sha256: &Sha256Digest,
    facts: &Facts,
    captures: &[(u64, [u8; 32])],
) -> Result<Option<&'static str>, IntakeError> {
    let received_at = upload
        .completed_at
        .unwrap_or_else(|| app.config.ambient.now());
    let (summary, findings) = (
        serde_json::to_string(&facts.summary)?,
        serde_json::to_string(&facts.findings)?,
    );
    app.db.write_blocking(|tx| {
        if let Some(reason) = standing(tx, seal, seal_sha256, &bytes.zip, facts.risk)? {
            return Ok(Some(reason));
        }
        presence::arrived(tx, &seal.device, captures, received_at)?;
        let id = seal.body.packet.to_string();
        let there = packets::by_seal(tx, &seal_sha256.0)?;
        let slug = match &there {
            Some(there) => there.slug.clone(),
            None if packets::slug_taken(tx, &id)? => {
                format!("{id}~{}", &seal_sha256.to_string()[..8])
            }
            None => id.clone(),
        };
        let row = PacketRow {
            seal_sha256: seal_sha256.0,
            slug,
            id: id.clone(),
            device: seal.device.clone(),
            uploader: upload.device.clone(),
            zip_sha256: bytes.zip.sha256.0,
            zip_size: bytes.zip.size,
            kind: facts.kind.clone(),
            team: facts.team.clone(),
            title: facts.title.clone(),
            search: facts.search.clone(),
            summary,
            closed_at: Some(seal.body.closed_at.to_string()),
            received_at,
            verdict: facts.verdict.clone(),
            risk: facts.risk,
            findings,
            leaf_index: None,
            logged_at: None,
            receipt: None,
            proof: None,
            decision: None,
            decided_at: None,
        };
        digests::keep(tx, &bytes.zip.sha256, &facts.hashed)?;
        let received = Event::Received {
            zip_sha256: bytes.zip.sha256,
            zip_size: bytes.zip.size,
        };
        match &there {
            // The same bytes once more: nothing to add.
            Some(there) if there.zip_sha256 == row.zip_sha256 => {}
            Some(there) => {
                packets::replace_bytes(tx, there, &row)?;
                custody::append(
                    tx,
                    seal_sha256,
                    received_at,
                    Some(&upload.device),
                    &received,
                )?;
            }
            None => {
                if !log::claim_seal(
                    tx,
                    &seal.device,
                    seal.body.device_seq,
                    &body_digest(&seal.note),
                    &seal_sha256.0,
                )? {
                    return Ok(Some(EQUIVOCATION));
                }
                packets::add(tx, &row)?;
                custody::append(
                    tx,
                    seal_sha256,
                    received_at,
                    Some(&upload.device),
                    &received,
                )?;
                if !planted("leaf-outside-transaction") {
                    log::add_pending(tx, "packet-seal", &seal.bytes)?;
                }
            }
        }
        let as_claimed = upload.packet == id && upload.seal_sha256 == seal_sha256.0;
        let outcome = (!as_claimed).then_some(CLAIM_DIFFERS);
        uploads::finish(tx, &upload.id, outcome)?;
        uploads::set_outcome_of(tx, &bytes.zip.sha256.0, outcome)?;
        quarantine::readmitted(tx, &bytes.zip.sha256.0, app.config.ambient.now())?;
        Ok(None)
    })
}

/// Keeps the bytes under a signed note, which becomes a leaf.
fn put_aside(
    app: &App,
    bytes: &Bytes,
    upload: &Upload,
    refused: &Refused,
) -> Result<Outcome, IntakeError> {
    let digest = bytes.zip.sha256;
    let place = app.layout.quarantine().join(digest.to_string());
    // Bytes that are some packet's stay where they are.
    let is_packets = app.db.read_blocking(|c| packets::zip_known(c, &digest.0))?;
    if bytes.path != place && !(is_packets && bytes.path == app.blobs.path(&digest)) {
        fs::rename(&bytes.path, &place)?;
        files::sync_folder_of(&place)?;
        files::sync_folder_of(&bytes.path)?;
    }
    let received_at = upload
        .completed_at
        .unwrap_or_else(|| app.config.ambient.now());
    let entry = QuarantinedEntry {
        origin: app.origin.clone(),
        sha256: digest,
        size: bytes.zip.size,
        reason: refused.reason.clone(),
        received_at: Timestamp::from_millis(received_at),
    };
    let note = signed(&entry.text(), &app.keys.receipts)?;
    let row = Quarantined {
        id: upload.id.clone(),
        zip_sha256: digest.0,
        size: bytes.zip.size,
        device: upload.device.clone(),
        packet: upload.packet.clone(),
        seal_sha256: upload.seal_sha256,
        received_at,
        reason: refused.reason.clone(),
        missing_key: refused.missing_key.clone(),
    };
    app.db.write_blocking(|tx| {
        if quarantine::add(tx, &row)? {
            log::add_pending(tx, "quarantined", &note)?;
        } else {
            quarantine::set_reason(tx, &digest.0, &row.reason, row.missing_key.as_deref())?;
        }
        uploads::finish(tx, &upload.id, Some(&row.reason))?;
        uploads::set_outcome_of(tx, &digest.0, Some(&row.reason))
    })?;
    tracing::warn!(reason = row.reason, "an upload was put into quarantine");
    Ok(Outcome::Quarantined)
}
