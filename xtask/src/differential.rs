//! `./x differential`: mutants of packets and exports through both verifiers, Rust's and TypeScript's, which must agree on
//! verdict, finding codes and subjects. The maker of mutants and the comparing are `ui/verifier/differential`.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::build::{self, TEST_FEATURES};
use crate::process::{self, passing_on, quietly};
use crate::progress::Progress;
use crate::setup::{self, Need};

const RUNNER: &str = "target/differential/programs/main.mjs";

/// Builds both verifiers as the tests build them, and runs; `arguments` are the runner's own.
pub fn run(progress: &Progress, arguments: &[String]) -> Result<ExitCode> {
    setup::install(progress, Need::Test)?;
    progress.say("building the two verifiers");
    quietly(
        Command::new("npm")
            .args(["run", "differential", "-w", "@fieldseal/verifier"])
            .current_dir("ui"),
        "differential",
        "the TypeScript verifier could not be built",
    )?;
    passing_on(
        process::cargo()
            .args(["build", "--quiet", "--workspace"])
            .args(TEST_FEATURES)
            .args(["--bin", "fieldseal"]),
        "the Rust verifier could not be built",
    )?;
    progress.say("comparing");
    let status = Command::new("node")
        .arg(Path::new(RUNNER))
        .args(["--rust", build::PROGRAM])
        .args(arguments)
        .stdin(Stdio::null())
        .status()
        .context("node could not be started")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
