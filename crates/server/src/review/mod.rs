//! What reviewers see and decide.

pub(crate) mod custody_words;
pub mod decide;
pub mod detail;
pub(crate) mod fields;
pub mod list;
pub mod prepare;
pub mod preview;
mod related;
pub mod summary;
pub mod words;
