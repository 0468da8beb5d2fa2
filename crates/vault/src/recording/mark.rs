//! How much of a recording may be taken after a sync that failed. The kernel may have dropped what that sync covered and still
//! show it: the journal's last frame is then no witness of itself. `inbox/<name>.end` holds the acknowledged length (8 bytes,
//! big-endian).
//!
//! The disk has just failed, so that the mark may fail too; without it the journal's own end counts, which is at most one piece
//! more.

use std::path::Path;

use crate::disk::Disk;

/// Extension of the mark.
pub(crate) const MARK: &str = "end";

/// A recording that waits to be recovered.
pub(crate) struct CutShort {
    /// Of its files, without their extensions.
    pub(crate) name: String,
    /// What was acknowledged, if this run knows it.
    pub(crate) most: Option<u64>,
}

impl CutShort {
    /// One that start-up found.
    pub(crate) fn found(name: String) -> Self {
        Self { name, most: None }
    }
}

/// Writes the mark beside a journal, as far as the disk still goes.
pub(super) fn put(disk: &dyn Disk, journal: &Path, stored: u64) {
    let path = journal.with_extension(MARK);
    let _ = disk.create(&path).and_then(|mut file| {
        file.write_all(&stored.to_be_bytes())?;
        file.sync()?;
        path.parent().map_or(Ok(()), |inbox| disk.sync_dir(inbox))
    });
}

/// The acknowledged length; `None` without a mark, or with one that is not whole.
pub(super) fn read(path: &Path) -> Option<u64> {
    let bytes: [u8; 8] = std::fs::read(path).ok()?.try_into().ok()?;
    Some(u64::from_be_bytes(bytes))
}
