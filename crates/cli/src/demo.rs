//! `fieldseal demo`.

use std::path::PathBuf;
use std::process::ExitCode;

/// The whole main job without a window.
#[derive(clap::Args)]
pub struct Args {
    /// Where packets, exports and the trust file are left; a folder of its own name here when left out
    #[arg(long, value_name = "D")]
    pub dir: Option<PathBuf>,
    /// A folder of photos to capture; its own samples when left out
    #[arg(long, value_name = "P")]
    pub photos: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(_: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`fieldseal demo` is not in this build")
}
