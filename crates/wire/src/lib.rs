//! The words that tablet, server and console exchange over HTTP: request and response bodies, and problem codes.
//!
//! Knows nobody: ids, digests, notes and keys travel as strings here and are parsed by whoever receives them.
//! A field that is missing stays missing (`Option`), and an unknown field is ignored, so that either side may be older.

pub mod console;
pub mod device;
pub mod forms;
pub mod problem;
pub mod registers;
pub mod tablets;

pub use problem::{Problem, ProblemCode};
