//! Erasing a packet's bytes by rule: retention, a court's order, a person's right. Its seal stays in the log, and a tombstone beside it says that the
//! bytes are gone, whose they were by digest, and why; what the record said leaves the register with them.
//!
//! First the tombstone and the emptied row, in one transaction; then the files. A crash between leaves files that nobody is shown any more, and erasing once
//! more removes them. Backups made before still hold the bytes: they are the operator's to end.

use std::io;

use fieldseal_packet::entry::Tombstone;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::note::SignError;

use crate::ambient::Millis;
use crate::blobs::FileBlobs;
use crate::config::Layout;
use crate::files;
use crate::review::summary::Summary;
use crate::signing::{ServerKeys, signed};
use crate::store::packets::PacketRow;
use crate::store::{Db, StoreError, custody, digests, erased, log};

/// Why bytes may be erased.
pub const REASONS: [&str; 3] = ["retention", "court-order", "erasure-request"];

/// Nothing was erased, or not all of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ErasureError {
    /// Not one of the words.
    #[error("a reason is retention, court-order or erasure-request")]
    Reason,
    /// Without a place in the log there would be nothing that the tombstone speaks of.
    #[error("this packet is not in the log yet")]
    NotLogged,
    /// What is stored does not read.
    #[error("what is stored of this packet does not read")]
    Malformed,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The authority's key did not sign.
    #[error("the authority's key did not sign")]
    Sign(#[from] SignError),
    /// The tombstone is there; a file is still there, too: erase once more.
    #[error("a file could not be removed; the packet is marked as erased, so do it once more")]
    File(#[from] io::Error),
}

/// Who erases what, where.
pub struct Erasure<'a> {
    /// The database.
    pub db: &'a Db,
    /// The authority signs.
    pub keys: &'a ServerKeys,
    /// `<origin>`.
    pub origin: &'a str,
    /// Packet zips.
    pub blobs: &'a FileBlobs,
    /// Where previews lie.
    pub layout: &'a Layout,
    /// Who: for the audit trail.
    pub by: &'a str,
}

impl Erasure<'_> {
    /// Erases a packet's bytes. Gives how many files went; a packet that was erased before keeps its tombstone.
    pub fn erase(
        &self,
        packet: &PacketRow,
        reason: &str,
        now: Millis,
    ) -> Result<usize, ErasureError> {
        if !REASONS.contains(&reason) {
            return Err(ErasureError::Reason);
        }
        if packet.receipt.is_none() {
            return Err(ErasureError::NotLogged);
        }
        let tombstone = Tombstone {
            origin: self.origin.to_owned(),
            packet: packet.id.parse().map_err(|_| ErasureError::Malformed)?,
            seal_sha256: Sha256Digest(packet.seal_sha256),
            zip_sha256: Sha256Digest(packet.zip_sha256),
            reason: reason.to_owned(),
            erased_at: Timestamp::from_millis(now),
        };
        let note = signed(&tombstone.text(), &self.keys.authority)?;
        let bare = bare(&packet.summary).ok_or(ErasureError::Malformed)?;
        let zips = self.db.write_blocking(|tx| {
            if erased::note(tx, &packet.seal_sha256)?.is_none() {
                erased::add(tx, &packet.seal_sha256, &note, now)?;
                log::add_pending(tx, "tombstone", &note)?;
                custody::audit(tx, now, self.by, "erased-packet", &packet.slug)?;
            }
            erased::blank(tx, &packet.seal_sha256, &packet.slug, &bare)?;
            let zips = erased::zips_of(tx, &packet.seal_sha256)?;
            for zip in &zips {
                digests::forget(tx, zip)?;
            }
            Ok::<_, StoreError>(zips)
        })?;
        let mut removed = 0;
        for zip in zips {
            let path = self.blobs.path(&Sha256Digest(zip));
            match std::fs::remove_file(&path) {
                Ok(()) => {
                    files::sync_folder_of(&path)?;
                    removed += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error.into()),
            }
        }
        self.forget_previews()?;
        Ok(removed)
    }

    /// Previews are called by the digests of pictures, which only the erased bytes could tell. All of them go; they are made again when somebody looks.
    fn forget_previews(&self) -> io::Result<()> {
        let entries = match std::fs::read_dir(self.layout.previews()) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            match std::fs::remove_file(&path) {
                Err(error) if path.is_file() => return Err(error),
                // Another file than a picture, or one that somebody else removed.
                _ => {}
            }
        }
        Ok(())
    }
}

/// What the list may go on showing: the kind, and how many items there were.
fn bare(summary: &str) -> Option<String> {
    let summary: Summary = serde_json::from_str(summary).ok()?;
    let bare = Summary {
        point: None,
        officers: Vec::new(),
        previews: Vec::new(),
        ..summary
    };
    serde_json::to_string(&bare).ok()
}
