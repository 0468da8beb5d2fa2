//! The two previews of a 12-megapixel photo, as the tablet makes them, against sharp making the same two.

use std::path::Path;
use std::process::ExitCode;

use super::table::Row;

/// Measures previews.
pub fn rows(_rounds: u32, _dir: &Path) -> anyhow::Result<Vec<Row>> {
    Ok(vec![Row::missing("previews", Some(1.0), "later")])
}

/// One side of it, in a process of its own.
pub fn work(_arguments: &[String]) -> anyhow::Result<ExitCode> {
    Ok(ExitCode::SUCCESS)
}
