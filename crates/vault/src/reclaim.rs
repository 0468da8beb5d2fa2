//! Giving space back: the originals of one packet, only once the server's receipt and proof were verified on this
//! tablet, and only by the retention rule, which the caller applies.
//!
//! 1. the head of the capture chain is made durable apart from the segments: a number is never used twice;
//! 2. the packet is marked in the outbox and the keys of its originals are forgotten there;
//! 3. the files are removed.
//!
//! A crash after 1 changes nothing; after 2 the next unlock removes the files.

use crate::chain::keep_high_water;
use crate::db::{Database, StoreError};
use crate::disk::Disk;
use crate::folder::Folder;
use crate::store::outbox;
use crate::store::sealing::Source;
use crate::vault::{Vault, hold};
use fieldseal_packet::{PacketId, Timestamp};
use std::io;

/// Why nothing was given back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReclaimError {
    /// Receipt and proof have not been verified on this tablet.
    #[error("the packet is not safe yet")]
    NotSafe,
    /// The outbox.
    #[error("the outbox failed")]
    Store(#[from] StoreError),
    /// The disk; what is marked is removed at the next unlock.
    #[error("the originals could not be removed")]
    Io(#[from] io::Error),
}

/// What was given back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reclaimed {
    /// Originals removed.
    pub originals: u64,
    /// Bytes on disk.
    pub bytes: u64,
}

impl Vault {
    /// Removes the originals of a packet that is safe. Works while locked; a second call removes what a first one left.
    pub fn reclaim(&self, packet: PacketId, now: Timestamp) -> Result<Reclaimed, ReclaimError> {
        let disk = &*self.config.disk;
        let mut outbox = hold(&self.outbox);
        let database = &mut outbox.as_mut().ok_or(StoreError::Locked)?.database;
        let job = outbox::job(database.connection(), packet)?.ok_or(StoreError::NotFound)?;
        if job.verified_at.is_none() || job.receipt.is_none() || job.proof.is_none() {
            return Err(ReclaimError::NotSafe);
        }
        keep_high_water(disk, &self.folder, hold(&self.chain).head)?;
        database.write(|tx| outbox::mark_reclaimed(tx, packet, now))?;
        let entries = outbox::entries(database.connection(), packet)?;
        let captures = entries.iter().filter_map(|entry| match entry.source {
            Source::Segment(capture_seq) => Some(capture_seq),
            Source::Inline(_) => None,
        });
        Ok(remove(disk, &self.folder, captures)?)
    }
}

/// Removes what a crash or an error left of packets already marked.
pub(crate) fn finish(
    disk: &dyn Disk,
    folder: &Folder,
    outbox: &Database,
) -> Result<Reclaimed, StoreError> {
    let captures = outbox::reclaimed_captures(outbox.connection())?;
    // A file that can't be removed now is tried again at the next unlock, and is no reason not to open the vault.
    Ok(remove(disk, folder, captures.into_iter()).unwrap_or_default())
}

fn remove(
    disk: &dyn Disk,
    folder: &Folder,
    captures: impl Iterator<Item = u64>,
) -> io::Result<Reclaimed> {
    let mut reclaimed = Reclaimed::default();
    for capture_seq in captures {
        if let Some(path) = folder.segment(capture_seq) {
            let bytes = std::fs::metadata(&path)?.len();
            disk.remove(&path)?;
            reclaimed.originals += 1;
            reclaimed.bytes += bytes;
        }
    }
    if reclaimed.originals > 0 {
        disk.sync_dir(&folder.originals())?;
        disk.sync_dir(&folder.inbox())?;
    }
    Ok(reclaimed)
}
