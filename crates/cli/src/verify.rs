//! `fieldseal verify`.

use std::path::PathBuf;
use std::process::ExitCode;

/// Packet zips, unpacked packets, exports.
#[derive(clap::Args)]
pub struct Args {
    /// Packet zips, unpacked packet folders, exports (folder or zip)
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Trust anchors: vkeys, tlog-policy lines, PEM roots
    #[arg(long, value_name = "F")]
    pub trust: Option<PathBuf>,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
}

/// Runs the subcommand.
pub fn run(_: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`fieldseal verify` is not in this build")
}
