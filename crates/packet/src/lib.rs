//! The evidence packet: what the tablet makes once and nobody changes, and what a verifier says of it.
//!
//! Pure formats: bytes or `Read` in, values out. No clock, no randomness, no SQL, no HTTP, no paths. The specification is
//! `docs/spec/`; where code and specification differ, one of the two has a bug.

#![warn(missing_docs)]

pub mod bag;
pub mod beat;
pub mod challenge;
pub mod child;
pub mod consistency;
pub mod context;
pub mod custody;
pub mod desk;
mod digest;
pub mod entry;
pub mod findings;
pub mod form;
mod id;
pub mod json;
mod lines;
pub mod receipt;
pub mod record;
pub mod seal;
pub mod sm3;
mod sniff;
mod time;
pub mod trust;
pub mod verify;
pub mod ziplayout;
pub mod zipread;

pub use digest::{DigestParseError, Sha256Digest, Sha256Writer};
pub use id::{IdError, KeyName, KeyRole, PacketId};
pub use sm3::Sm3Digest;
pub use sniff::{SNIFF_LEN, Sniffed, extension_of, sniff};
pub use time::{TimeError, Timestamp};
