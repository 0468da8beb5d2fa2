//! A witness of transparency logs (C2SP `tlog-witness`): it remembers the newest checkpoint of each log that it watches, cosigns the next one when
//! that is proved to continue it, and refuses everything else. So a log can't show one history to some and another to others without
//! somebody outside the house noticing, who needs to see nothing of what is in the log.
//!
//! [`folder`] is what it keeps on disk, [`witness`] what it answers, [`service`] the HTTP around it, [`check`] the look at a log from outside, [`entries`] the
//! reading of all its leaves. It
//! knows the formats of `fieldseal-tlog` and nobody else of ours, and any log and client of the protocol can use it.

#![warn(missing_docs)]

pub mod check;
pub mod entries;
mod files;
pub mod folder;
pub mod service;
pub mod witness;

pub use folder::{Folder, FolderError};
pub use witness::{Answer, Health, Witness};
