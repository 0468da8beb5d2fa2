//! The screens, then the programs that have them built in or serve them.
//!
//! From source everything is built unoptimised (`dev`), but for what hashes, encrypts and decodes, which the profile
//! optimises: the first start is minutes shorter than a release build, the second takes seconds, and a photo is still
//! sealed at full speed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::SystemTime;

use anyhow::Result;

use crate::process::{self, passing_on, quietly};
use crate::progress::Progress;

/// `fieldseal`, as built.
pub const PROGRAM: &str = "target/debug/fieldseal";
/// The tablet app's window, as built.
pub const WINDOW: &str = "target/debug/fieldseal-tablet";

/// The feature of the window that tests need.
pub const TEST_FEATURES: [&str; 2] = ["--features", "fieldseal-tablet/window-test"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Programs {
    WithoutWindow,
    WithWindow,
}

/// Builds the tablet's and the console's screens when a source is newer than what was built.
pub fn screens(progress: &Progress) -> Result<()> {
    if screens_are_fresh() {
        return Ok(());
    }
    progress.say("building the screens");
    quietly(
        Command::new("npm").args(["run", "build"]).current_dir("ui"),
        "screens",
        "the screens could not be built",
    )
}

pub fn programs(progress: &Progress, programs: Programs) -> Result<()> {
    progress.say("building the programs (the first time takes minutes)");
    let mut cargo = process::cargo();
    cargo.args(["build", "--bin", "fieldseal"]);
    if programs == Programs::WithWindow {
        cargo.args([
            "--bin",
            "fieldseal-tablet",
            "-p",
            "fieldseal-cli",
            "-p",
            "fieldseal-tablet",
        ]);
    }
    passing_on(
        &mut cargo,
        "the programs could not be built: what cargo says is above",
    )
}

fn screens_are_fresh() -> bool {
    let built: Option<Vec<SystemTime>> =
        ["ui/tablet/dist/index.html", "ui/console/dist/index.html"]
            .iter()
            .map(|file| changed(Path::new(file)))
            .collect();
    let Some(built) = built.and_then(|times| times.into_iter().min()) else {
        return false;
    };
    let mut folders = vec![PathBuf::from("ui")];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            return false;
        };
        for entry in entries.flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() {
                if name != "node_modules" && name != "dist" {
                    folders.push(path);
                }
            } else if changed(&path).is_none_or(|time| time > built) {
                return false;
            }
        }
    }
    true
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}
