//! `fieldseal device`.

use std::path::PathBuf;
use std::process::ExitCode;

/// A tablet'\''s vault.
#[derive(clap::Args)]
pub struct Args {
    /// The vault folder
    #[arg(long, value_name = "V")]
    pub vault: PathBuf,
}

/// Runs the subcommand.
pub fn run(_: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`fieldseal device` is not in this build")
}
