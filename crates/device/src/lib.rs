//! The tablet's engine: everything the app can do, without a window. Two hosts call it: the Tauri shell, and in tests a
//! loopback HTTP host.
//!
//! One request in, one view out ([`api`]); photos go in raw beside it ([`Engine::capture`]). What can't be done answers a
//! [`problem::Code`], all of which stand in a table there. The engine knows the vault, the outbox and HTTP; it knows no
//! screen. Officers' names and places never reach a log.

#![warn(missing_docs)]

#[expect(
    missing_docs,
    reason = "the screens' interface documents itself by its shapes"
)]
pub mod api;
mod capture;
mod check;
mod close;
mod core;
mod cosign;
mod deadline;
mod decisions;
mod draft;
mod drawing;
mod driver;
mod dumps;
mod engine;
mod enrol;
mod enrol_asked;
mod enrol_code;
#[cfg(test)]
mod fake;
mod forms;
#[doc(hidden)]
pub mod fuzzing;
mod handover;
mod hardware;
mod http;
mod identity;
mod idle;
mod line;
mod log_seen;
mod making;
mod media;
mod orders;
mod packets;
mod people;
mod pin_reset;
pub mod platform;
mod prefs;
mod presence;
mod preview;
pub mod problem;
mod rate;
mod rebuilt;
mod receipts;
mod recheck;
mod record;
mod recording;
mod recover;
mod registers;
mod retention;
mod retirement;
mod room;
mod rotation;
mod rotation_officer;
mod rules;
mod scan;
mod session;
mod shutter;
mod stamped;
mod standing;
mod state;
mod store_problem;
mod teeth;
mod timeline;
mod uploads;
mod zip;

pub use crate::core::EngineConfig;
pub use crate::dumps::no_crash_dumps;
pub use crate::engine::{Engine, ImageKind, OpenEngineError};
pub use crate::enrol::{PIN_MAX, PIN_MIN};
pub use crate::http::Patience;
pub use crate::media::{MediaPart, media_part};
/// First line of `main` of every host: makes this program the decoder of pictures when it was started for that.
pub use fieldseal_picture::run_decoder_child;

/// Program and version, as the capture context names them.
pub const SOFTWARE: &str = concat!("fieldseal-tablet/", env!("CARGO_PKG_VERSION"));
