//! What crosses crates is tested here, and what we make is given to tools that know nothing of us.
//!
//! A tool that is missing fails its test with a sentence that says how to install it: a check that was skipped would
//! look like one that passed.

#![warn(missing_docs)]

pub mod operator;
pub mod packets;
pub mod reports;
pub mod seeded;
mod tools;

pub use tools::{
    Outcome, bagit, check, fieldseal, go_check, openssl, poppler, pyxform, run, sha256sum,
    tus_js_client, tuspy, workspace,
};
