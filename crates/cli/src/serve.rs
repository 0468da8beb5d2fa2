//! `fieldseal serve`.

use std::path::PathBuf;
use std::process::ExitCode;

/// The server.
#[derive(clap::Args)]
pub struct Args {
    /// The data folder
    #[arg(long, value_name = "D")]
    pub data: Option<PathBuf>,
    /// Address to listen on
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<std::net::SocketAddr>,
    /// Configuration file
    #[arg(long, value_name = "F")]
    pub config: Option<PathBuf>,
}

/// Runs the subcommand.
pub fn run(_: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("`fieldseal serve` is not in this build")
}
