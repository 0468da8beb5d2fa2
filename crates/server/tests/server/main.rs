//! The server over HTTP: a real listener, a real database, a tablet that seals real packets. Files mirror the addresses.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod auth;
mod crash;
mod decoding;
mod devices;
mod disk_full;
mod enrol;
mod erasure;
mod exports;
mod lifecycle;
mod log;
mod packets;
mod quarantine;
mod registers;
mod review;
mod rotation;
mod stamping;
mod support;
mod tablets;
mod uploads;
mod witnesses;
