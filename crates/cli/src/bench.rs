//! `fieldseal bench`: not in this version. It says so instead of printing numbers that mean nothing.

use std::process::ExitCode;

/// None yet.
#[derive(clap::Args)]
pub struct Args {}

/// Always an error.
pub fn run(_: Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("this version has no benchmarks")
}
