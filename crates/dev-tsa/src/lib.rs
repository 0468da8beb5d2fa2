//! A timestamp authority (RFC 3161) for development, demonstrations and tests: it answers on loopback, by `openssl ts -reply`, with a
//! certificate of a CA of its own. So tokens can be had without a network, and they are made by a tool that isn't ours.
//!
//! Nobody should believe its time: its keys lie unencrypted in a folder. A production server names real authorities.
//!
//! It knows nobody of ours. [`Authority`] is the folder with keys and certificates, and makes replies; [`Serving`] answers HTTP, and on
//! request answers as a bad authority would ([`Manner`]).

#![warn(missing_docs)]

mod authority;
mod http;

pub use authority::{Authority, AuthorityError, KeyKind};
pub use http::{Manner, Serving};
