//! The toothed programs: built here, and looked at whether they are what they should be.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};

use super::choice;
use crate::ctx::Ctx;

/// Names the toothed program that was built elsewhere; `toothed-worker` lies beside it.
const HANDED: &str = "FIELDSEAL_TOOTHED";
const PACKAGE: &str = env!("CARGO_PKG_NAME");

/// The toothed program: the one that was handed over, or a fresh build in the folder where this program lies.
pub fn toothed(ctx: &Ctx) -> anyhow::Result<PathBuf> {
    let program = match std::env::var_os(HANDED) {
        Some(program) => PathBuf::from(program),
        None => build(ctx)?,
    };
    let worker = program.with_file_name("toothed-worker");
    for toothed in [&program, &worker] {
        ensure!(
            knows_the_choice(toothed)?,
            "{} has no planted faults",
            toothed.display()
        );
    }
    ensure!(
        !knows_the_choice(&ctx.worker)?,
        "the worker without planted faults has them"
    );
    Ok(program)
}

fn build(ctx: &Ctx) -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe()?;
    let profile = this.parent().context("this program lies in a folder")?;
    let target = profile.parent().context("of a target folder")?;
    ctx.say("building the toothed programs");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([
            "build",
            "--quiet",
            "--package",
            PACKAGE,
            "--features",
            "teeth",
        ])
        .args(["--bin", "toothed-faults", "--bin", "toothed-worker"])
        .arg("--target-dir")
        .arg(target);
    if profile.file_name().is_some_and(|name| name == "release") {
        command.arg("--release");
    }
    let status = command.status().context("cargo can't be started")?;
    ensure!(status.success(), "the toothed programs can't be built");
    Ok(profile.join("toothed-faults"))
}

/// Whether a program knows the variable that chooses a fault.
fn knows_the_choice(program: &Path) -> anyhow::Result<bool> {
    let bytes =
        std::fs::read(program).with_context(|| format!("{} can't be read", program.display()))?;
    let choice = choice();
    Ok(bytes
        .windows(choice.len())
        .any(|part| part == choice.as_bytes()))
}
