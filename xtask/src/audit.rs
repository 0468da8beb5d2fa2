//! What we build in: licences, sources, bans and known vulnerabilities of the Rust and npm packages, and the bill of
//! materials.
//!
//! Known vulnerabilities are looked up in databases of others. Where one can't be reached, that is said and counted as
//! skipped: a check that did not happen has not passed.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::counts::Counts;
use crate::process::{self, output, quietly};
use crate::progress::Progress;
use crate::setup;

/// npm workspaces whose packages are shipped or run in tests.
const NPM_FOLDERS: &[&str] = &["ui", "tests/browser", "tests/window"];
const FOLDER: &str = "target/sbom";

enum Outcome {
    Passed,
    Failed(String),
    /// The database could not be reached.
    NotChecked,
}

/// Every check; prints one line each and the sum.
pub fn run(progress: &Progress) -> Result<ExitCode> {
    setup::cargo_deny(progress)?;
    let mut sum = Counts::default();
    let mut note = |what: &str, outcome: Outcome| match outcome {
        Outcome::Passed => {
            println!("passed       {what}");
            sum.passed += 1;
        }
        Outcome::Failed(why) => {
            println!("FAILED       {what}\n{why}");
            sum.failed += 1;
        }
        Outcome::NotChecked => {
            println!("not checked  {what}: its database can't be reached from here");
            sum.skipped += 1;
        }
    };
    for check in ["licenses", "bans", "sources"] {
        note(&format!("Rust packages: {check}"), rust(check)?);
    }
    note("Rust packages: known vulnerabilities", rust("advisories")?);
    for folder in NPM_FOLDERS.iter().filter(|folder| has_lock(folder)) {
        let what = format!("npm packages of {folder}: known vulnerabilities");
        note(&what, npm(folder)?);
    }
    let Counts {
        passed,
        failed,
        skipped,
    } = sum;
    println!("\n{passed} passed, {failed} failed, {skipped} skipped");
    Ok(if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn has_lock(folder: &str) -> bool {
    Path::new(folder).join("package-lock.json").is_file()
}

fn rust(check: &str) -> Result<Outcome> {
    let mut command = Command::new(setup::tool("bin/cargo-deny"));
    process::forget_our_package(&mut command);
    let said = output(command.args(["--color", "never", "check", check]))?;
    let text = words(&said);
    Ok(if said.status.success() {
        Outcome::Passed
    } else if text.contains("failed to fetch advisory database") {
        Outcome::NotChecked
    } else {
        Outcome::Failed(text)
    })
}

fn npm(folder: &str) -> Result<Outcome> {
    let said = output(
        Command::new("npm")
            .args(["audit", "--audit-level=moderate"])
            .current_dir(folder),
    )?;
    let text = words(&said);
    Ok(if said.status.success() {
        Outcome::Passed
    } else if text.contains("audit endpoint returned an error") || text.contains("ENOTFOUND") {
        Outcome::NotChecked
    } else {
        Outcome::Failed(text)
    })
}

fn words(said: &std::process::Output) -> String {
    let mut text = String::from_utf8_lossy(&said.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&said.stderr));
    text
}

/// The bill of materials, CycloneDX in JSON: one file a program, one for the screens.
pub fn sbom(progress: &Progress) -> Result<ExitCode> {
    setup::cargo_cyclonedx(progress)?;
    fs::create_dir_all(FOLDER).context("target/sbom could not be made: is the disk full?")?;
    let mut command = Command::new(setup::tool("bin/cargo-cyclonedx"));
    process::forget_our_package(&mut command);
    quietly(
        command.args(["cyclonedx", "--format", "json", "--spec-version", "1.5"]),
        "cyclonedx",
        "the bill of materials of the Rust packages could not be made",
    )?;
    for (package, folder) in [
        ("fieldseal-cli", "crates/cli"),
        ("fieldseal-tablet", "src-tauri"),
    ] {
        let to = Path::new(FOLDER).join(format!("{package}.cdx.json"));
        let from = Path::new(folder).join(format!("{package}.cdx.json"));
        let text = fs::read_to_string(&from)
            .with_context(|| format!("{package} has no bill of materials"))?;
        // Where this clone lies is nobody's business.
        let here = std::env::current_dir()?;
        fs::write(&to, text.replace(&here.display().to_string(), ""))?;
        println!("{}", to.display());
    }
    remove_others()?;
    let said = output(
        Command::new("npm")
            .args(["sbom", "--sbom-format=cyclonedx", "--omit=dev"])
            .current_dir("ui"),
    )?;
    let to = Path::new(FOLDER).join("screens.cdx.json");
    anyhow::ensure!(
        said.status.success(),
        "npm could not make the bill of materials: {}",
        String::from_utf8_lossy(&said.stderr)
    );
    fs::write(&to, said.stdout)?;
    println!("{}", to.display());
    Ok(ExitCode::SUCCESS)
}

/// The tool writes one file beside each package's manifest; those of the libraries are within the programs' own.
fn remove_others() -> Result<()> {
    for parent in ["crates", "tests", "."] {
        for folder in fs::read_dir(parent)?
            .flatten()
            .filter(|entry| entry.path().is_dir())
        {
            for file in fs::read_dir(folder.path())?.flatten() {
                if file.file_name().to_string_lossy().ends_with(".cdx.json") {
                    fs::remove_file(file.path())?;
                }
            }
        }
    }
    Ok(())
}
