//! `./x faults`: the fault campaigns (`tests/faults`), short or long. The programs are built as the tests build them.

use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result};

use crate::build::TEST_FEATURES;
use crate::process::{self, passing_on};
use crate::progress::Progress;
use crate::setup::{self, Need};

const PROGRAM: &str = "target/debug/fieldseal-faults";

/// Builds and runs them; `arguments` are the campaigns' own (`--long`, `--seed N`, `--only kill,power`, …).
pub fn run(progress: &Progress, arguments: &[String]) -> Result<ExitCode> {
    setup::install(progress, Need::Test)?;
    progress.say("building the fault campaigns");
    passing_on(
        process::cargo()
            .args(["build", "--quiet", "--workspace"])
            .args(TEST_FEATURES)
            .args(["--bin", "fieldseal-faults", "--bin", "fault-worker"]),
        "the fault campaigns could not be built",
    )?;
    let status = Command::new(Path::new(PROGRAM))
        .args(arguments)
        .stdin(Stdio::null())
        .status()
        .context("the fault campaigns could not be started")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
