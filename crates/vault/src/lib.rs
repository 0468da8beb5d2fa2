//! The tablet's store: encrypted originals and an encrypted database, so that a capture is durable the moment it is
//! acknowledged, works while the tablet is locked, and can be looked at only after a PIN.
//!
//! In the vault's folder:
//!
//! | name | what | readable with |
//! |---|---|---|
//! | `inbox/`, `originals/` | one segment file a capture ([`segment`](crate::MOST_ORIGINAL_BYTES)) | private key, or one data key |
//! | `vault.db` | drafts, captures, custody lines, packets, previews, officers | vault key: a PIN |
//! | `outbox.db` | sealed packets on their way, the server's answers | outbox key: kept since the first unlock |
//! | `registers.db` | points and tickets, as the server gave them; can be fetched again | a key in `vault.db` |
//! | `slots.json` and its copy | wrapped keys, officer ids and badges, back-off counters | anybody; no names, no secrets |
//! | `capture.json` | vault id and public key: all that captures need | anybody |
//! | `high-water.json` | the last capture's number and link, written before a segment goes away | anybody |
//! | `set-aside/` | what could not be used, each with the reason beside it | |
//!
//! Order of durability: segment and its name, then the row in `vault.db`, then (sealed) the row in `outbox.db`. Each
//! step can be repeated from the one before, and start-up and unlocking do so through the same code as the live path.
//! Rejected: the photo as a blob in the database (a commit would rewrite megabytes, and capturing would need the key),
//! a journal of captures apart from the segments (a second fsync a photo, and a second truth).

#![warn(missing_docs)]

mod backoff;
mod capture;
mod chain;
mod create;
mod db;
mod device_key;
mod disk;
mod folder;
#[doc(hidden)]
pub mod fuzzing;
mod handover;
mod keys;
mod moment;
mod original;
pub mod pending;
mod people;
mod plain;
mod random;
mod reclaim;
mod recording;
mod recovery;
mod register_db;
mod segment;
mod set_aside;
mod slots;
mod store;
mod suite;
mod take_in;
mod teeth;
#[cfg(test)]
mod testing;
mod unlock;
mod vault;
mod wipe;

pub use capture::{CaptureError, CaptureMeta, CaptureWriter, Captured};
pub use chain::{CaptureHead, Recovered, SetAside};
pub use create::{Birth, CreateError, NewOfficer, VaultConfig};
pub use db::StoreError;
pub use device_key::DeviceKeyError;
pub use disk::{Disk, DiskFile, OsDisk};
pub use handover::CAUSE_DAMAGED;
pub use keys::{KdfParams, KeyError, Secret, public_key};
pub use moment::Moment;
pub use original::{Original, OriginalError};
pub use people::OfficerError;
#[doc(hidden)]
pub use plain::PlainRegisters;
pub use random::Randomness;
pub use reclaim::{ReclaimError, Reclaimed};
pub use recording::Recording;
pub use recovery::{RecoveryAsk, RecoveryAsked, answer_recovery};
pub use segment::{MOST_ORIGINAL_BYTES, SegmentError};
pub use set_aside::AsideReason;
pub use store::{
    captures, custody, drafts, officers, outbox, packets, previews, registers, sealing, settings,
};
pub use suite::{Suite, UnsupportedSuite};
pub use take_in::{Intake, TakeInError, TakeInReport, TakenIn};
pub use unlock::{OfficerSlot, UnlockError, Unlocked};
pub use vault::{OpenError, Vault};
pub use wipe::{Holds, WipeError, finish_wipe, is_marked_for_wipe};
