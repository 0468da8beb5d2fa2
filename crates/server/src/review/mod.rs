//! What reviewers see and decide.

mod custody_words;
pub mod decide;
pub mod detail;
mod fields;
pub mod list;
pub mod prepare;
pub mod preview;
pub mod summary;
pub mod words;
