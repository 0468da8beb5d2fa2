//! `./x c2pa`: the sidecars of photos, with the C2PA library that no other build has, and judged by a public reader, c2pa-python.
//!
//! `--line` adds the whole line: a program with the feature, an authority, an export with sidecars. That builds server and tablet once more, because the
//! library changes the features of what they share, and is not part of `./x test`.

use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::process;
use crate::progress::Progress;
use crate::setup::{self, Need};

/// Builds and runs the tests.
pub fn run(progress: &Progress, arguments: &[String]) -> Result<ExitCode> {
    let with_line = match arguments {
        [] => false,
        [line] if line == "--line" => true,
        _ => bail!("./x c2pa [--line]"),
    };
    setup::install(progress, Need::Demo)?;
    setup::c2pa_reader(progress)?;
    let python = std::path::absolute(setup::tool("c2pa/bin/python"))?;
    let test = |arguments: &[&str]| -> Result<bool> {
        let mut cargo: Command = process::cargo();
        let status = cargo
            .arg("test")
            .args(arguments)
            .env("FIELDSEAL_C2PA_PYTHON", &python)
            .stdin(Stdio::null())
            .status()
            .context("cargo could not be started")?;
        Ok(status.success())
    };
    progress.say("testing sidecars");
    let mut passed = test(&["-p", "fieldseal-c2pa", "--features", "sdk"])?;
    if with_line {
        progress.say("building a program that makes sidecars, and testing it");
        passed &= test(&[
            "-p",
            "fieldseal-cli",
            "--features",
            "c2pa",
            "--test",
            "c2pa",
        ])?;
    }
    Ok(if passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
