//! Room on the tablet's disk. A disk that fills refuses before the shutter, not after it: a photo that was taken and can't be
//! kept is lost for good, one that was not taken can be taken elsewhere. And something is always left over, so that what is
//! stored can still be described, signed, sealed, uploaded, and given back.
//!
//! What the platform can't tell is not made up: without a figure nothing is refused here, and the vault's own refusal of a
//! full disk stays the last word.

use crate::api::CaptureReadyView;
use crate::core::{Core, Store, nobody_can_open};
use crate::problem::{Code, Problem};

/// Never used up by photos. Sealing writes a packet's tag files, note and plan (at most some megabytes for 2,000 items) and
/// uploading its receipts, each first into a write-ahead log and then into the database; previews of photos that wait come to
/// about 0.4 MB each. The rest is margin for what other programs write meanwhile.
pub(crate) const RESERVE_BYTES: u64 = 128 << 20;
/// What must be free above the reserve before the shutter: more than any camera's photo, since its size is known only
/// afterwards.
pub(crate) const ONE_PHOTO_BYTES: u64 = 64 << 20;
/// A long original is looked after this often while it is written.
pub(crate) const LOOK_EVERY_BYTES: u64 = 8 << 20;

impl Core {
    fn free_above(&self, least: u64) -> Result<(), Problem> {
        match self.platform.free_bytes(&self.config.dir) {
            Some(free) if free < least => Err(Problem::from(Code::NoRoom)
                .with("free_mb", free >> 20)
                .with("needed_mb", least >> 20)),
            _ => Ok(()),
        }
    }

    /// Before the shutter.
    pub fn room_for_a_photo(&self) -> Result<(), Problem> {
        self.free_above(RESERVE_BYTES + ONE_PHOTO_BYTES)
    }

    /// While an original is written: it may use what is free, but not the reserve.
    pub fn reserve_is_kept(&self) -> Result<(), Problem> {
        self.free_above(RESERVE_BYTES)
    }

    /// Whether the shutter would be refused now, and by which code: for the camera screen, before anybody presses it.
    pub fn capture_ready(&self) -> CaptureReadyView {
        let store = self
            .store
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let refused = match &*store {
            Store::None => Some(Code::NotEnrolled),
            Store::Damaged => Some(Code::VaultDamaged),
            Store::There(vault) if nobody_can_open(vault) => Some(Code::VaultDamaged),
            Store::There(_) => self.room_for_a_photo().err().map(|problem| problem.code()),
        };
        drop(store);
        CaptureReadyView {
            ready: refused.is_none(),
            reason: refused.map(|code| code.as_str().to_owned()),
        }
    }
}

#[cfg(test)]
#[path = "room_tests.rs"]
mod tests;
