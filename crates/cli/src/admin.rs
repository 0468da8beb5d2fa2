//! `fieldseal admin`.

use std::path::PathBuf;
use std::process::ExitCode;

/// A server'\''s data.
#[derive(clap::Args)]
pub struct Args {
    /// The data folder
    #[arg(long, value_name = "D")]
    pub data: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(_: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`fieldseal admin` is not in this build")
}
