//! `./x bench …`: `fieldseal bench` of a release build, with everything that it is compared with installed first. What can't be installed
//! is left out with a sentence, and its row says that nothing was measured.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};

use crate::process::{self, passing_on, quietly};
use crate::progress::Progress;
use crate::setup::{self, TOOLS};

const RUSTUS: &str = "0.5.10";
/// Packages of npm, of these versions.
const NODE_PEERS: &[&str] = &["sharp@0.35.5", "@tus/server@2", "@tus/file-store@2"];

/// Installs, builds, measures.
pub fn run(progress: &Progress, arguments: &[String]) -> Result<ExitCode> {
    setup::install_peers(progress)?;
    for (name, installed) in [("rustus", rustus(progress)), ("npm's", node(progress))] {
        if let Err(problem) = installed {
            progress.say(&format!("{name} peers are left out: {problem:#}"));
        }
    }
    progress.say("building a release");
    passing_on(
        process::cargo().args(["build", "--release", "--bin", "fieldseal"]),
        "the release could not be built",
    )?;
    let here = std::env::current_dir()?;
    let status = Command::new("target/release/fieldseal")
        .arg("bench")
        .args(arguments)
        .env("PATH", setup::path_with_tools()?)
        .env("NODE_PATH", here.join(TOOLS).join("peers/node_modules"))
        .status()
        .context("the program could not be started")?;
    Ok(if status.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn rustus(progress: &Progress) -> Result<()> {
    let stamp = Path::new(TOOLS).join(format!("rustus-{RUSTUS}"));
    if stamp.is_file() {
        return Ok(());
    }
    progress.say(&format!("building rustus {RUSTUS}"));
    let build = Path::new(TOOLS).join("build");
    passing_on(
        process::cargo()
            .args(["install", "--quiet", "--locked", "--force", "--root", TOOLS])
            .args(["--version", RUSTUS, "rustus"])
            .env("CARGO_TARGET_DIR", &build),
        "rustus could not be built",
    )?;
    fs::write(&stamp, "")?;
    let _ = fs::remove_dir_all(build);
    Ok(())
}

fn node(progress: &Progress) -> Result<()> {
    let folder = Path::new(TOOLS).join("peers");
    let wanted = NODE_PEERS.join(" ");
    let stamp = folder.join("installed");
    if fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    progress.say(&format!("installing {wanted}"));
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("package.json"), "{\"private\": true}\n")?;
    quietly(
        Command::new("npm")
            .args(["install", "--no-audit", "--no-fund"])
            .args(NODE_PEERS)
            .current_dir(&folder),
        "npm-peers",
        "npm could not install them",
    )?;
    fs::write(&stamp, wanted)?;
    Ok(())
}
