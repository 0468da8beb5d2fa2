//! Giving space back: the originals of one packet, only once the server's receipt and proof were verified on this
//! tablet, and only by the retention rule, which the caller applies.
//!
//! 1. the head of the capture chain is made durable apart from the segments: a number is never used twice;
//! 2. the packet is marked in the outbox and the keys of its originals are forgotten there;
//! 3. the files are removed, and their names made durable as gone;
//! 4. the packet is marked as removed, so that nobody looks for its files again.
//!
//! A crash after 1 changes nothing; after 2 or 3 the next unlock, or [`Vault::finish_reclaims`], goes on.

use crate::chain::keep_high_water;
use crate::db::{Database, StoreError};
use crate::disk::Disk;
use crate::folder::Folder;
use crate::store::outbox;
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
    /// The newest capture could not be read at the start. Its file may be needed for the next one's link: the next start
    /// looks again.
    #[error("the newest capture could not be read at the start")]
    NewestUnread,
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
        let head = {
            let chain = hold(&self.chain);
            if chain.guessed {
                return Err(ReclaimError::NewestUnread);
            }
            chain.head
        };
        keep_high_water(disk, &self.folder, head)?;
        database.write(|tx| outbox::mark_reclaimed(tx, packet, now))?;
        remove_one(disk, &self.folder, database, packet)
    }

    /// Removes what an earlier stop or a failure left of packets that are marked. Works while locked.
    pub fn finish_reclaims(&self) -> Result<Reclaimed, ReclaimError> {
        let mut outbox = hold(&self.outbox);
        let database = &mut outbox.as_mut().ok_or(StoreError::Locked)?.database;
        remove_marked(&*self.config.disk, &self.folder, database)
    }
}

/// The same at unlocking: a file that can't be removed now is tried again later, and is no reason not to open the vault.
pub(crate) fn finish(
    disk: &dyn Disk,
    folder: &Folder,
    outbox: &mut Database,
) -> Result<(), StoreError> {
    match remove_marked(disk, folder, outbox) {
        Err(ReclaimError::Store(error)) => Err(error),
        _ => Ok(()),
    }
}

fn remove_marked(
    disk: &dyn Disk,
    folder: &Folder,
    outbox: &mut Database,
) -> Result<Reclaimed, ReclaimError> {
    let mut reclaimed = Reclaimed::default();
    let mut failed = None;
    for packet in outbox::being_removed(outbox.connection())? {
        match remove_one(disk, folder, outbox, packet) {
            Ok(one) => {
                reclaimed.originals += one.originals;
                reclaimed.bytes += one.bytes;
            }
            // One file that won't go does not keep the others here.
            Err(ReclaimError::Io(error)) => failed = failed.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    failed.map_or(Ok(reclaimed), |error| Err(error.into()))
}

fn remove_one(
    disk: &dyn Disk,
    folder: &Folder,
    outbox: &mut Database,
    packet: PacketId,
) -> Result<Reclaimed, ReclaimError> {
    let captures = outbox::captures_of(outbox.connection(), packet)?;
    let mut reclaimed = Reclaimed::default();
    for path in captures
        .iter()
        .filter_map(|capture_seq| folder.segment(*capture_seq))
    {
        let bytes = std::fs::metadata(&path)?.len();
        disk.remove(&path)?;
        reclaimed.originals += 1;
        reclaimed.bytes += bytes;
    }
    // Also when nothing was found: an earlier run may have stopped between a removal and this.
    disk.sync_dir(&folder.originals())?;
    disk.sync_dir(&folder.inbox())?;
    outbox.write(|tx| outbox::mark_removed(tx, packet))?;
    Ok(reclaimed)
}
