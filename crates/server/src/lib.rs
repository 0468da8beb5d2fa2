//! The intake server: takes sealed packets from tablets, logs and receipts them, and serves the review console.
//!
//! One process, one data folder: SQLite (`store`) and files (`blobs`, `log`, `upload`). The walk of a packet: [`upload`] takes its bytes,
//! [`intake`] admits it, [`log`] appends its seal and publishes, [`intake::receipts`] gives the receipt, [`review`] shows it and
//! decides, [`export`] hands it out. [`routes`] is the only module that knows HTTP; [`store`] the only one that knows SQL.
//!
//! [`Server::start`] runs it; [`admin`] sets it up and looks after it, beside a running server or without one.

#![warn(missing_docs)]

pub mod access;
pub mod admin;
pub mod ambient;
pub mod app;
pub mod attestation;
pub mod blobs;
pub mod codes;
pub mod config;
pub mod enrol;
pub mod erasure;
pub mod export;
pub mod files;
pub mod forms;
pub mod intake;
pub mod log;
pub mod orders;
pub mod outward;
pub mod presence;
pub mod problem;
pub mod registers;
pub mod retirement;
pub mod review;
pub mod rotation;
pub mod routes;
mod server;
pub mod signing;
pub mod stamping;
pub mod store;
pub mod tablets;
mod teeth;
pub mod upload;
pub mod witnesses;

pub use config::{Config, Limits};
pub use server::{Running, Server, StartError, StopError};
