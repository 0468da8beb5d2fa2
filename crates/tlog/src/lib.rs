//! The transparency log's formats, as C2SP writes them: signed notes and their keys ([`note`]), checkpoints
//! ([`checkpoint`]), the Merkle tree of RFC 6962 with its two proofs ([`merkle`]), tiles and entry bundles ([`tile`]),
//! self-contained inclusion proofs ([`proof`]), and what a witness is asked and decides ([`witness`]).
//!
//! Everything here takes bytes and gives values: no clock, no randomness, no files, no network. Parsers are strict
//! (what they accept they write back byte for byte), limited in size, and never panic. It knows nothing of packets;
//! what the leaves mean is the business of the crates above.

#![warn(missing_docs)]

pub mod checkpoint;
mod encoding;
pub mod merkle;
pub mod note;
pub mod proof;
pub mod tile;
pub mod witness;
