//! Other programs: found or not, run quietly (output kept for when it fails) or with their output passed on.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::{Context, Result, bail};

/// Whether a program of that name is on the path.
pub fn is_there(program: &str) -> bool {
    let Some(path) = std::env::var_os("PATH") else {
        return false;
    };
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

/// `cargo`, as a person would call it.
pub fn cargo() -> Command {
    let mut command = Command::new("cargo");
    forget_our_package(&mut command);
    command
}

/// Cargo tells `cargo xtask` which package it runs, in variables; some build scripts (ring's) are run again whenever these
/// are others than the last time, and everything above them is compiled again.
pub fn forget_our_package(command: &mut Command) {
    let of_our_package = |name: &str| {
        [
            "CARGO_PKG_",
            "CARGO_MANIFEST_",
            "CARGO_BIN_",
            "CARGO_CRATE_",
            "CARGO_PRIMARY_",
        ]
        .iter()
        .any(|prefix| name.starts_with(prefix))
    };
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(of_our_package) {
            command.env_remove(name);
        }
    }
}

/// Runs to the end and keeps what it said; an error only when it could not be started.
pub fn output(command: &mut Command) -> Result<Output> {
    let program = name(command);
    command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("{program} could not be started"))
}

/// Runs quietly. When it fails, its output is in a file, and the sentence names it and quotes the last words.
pub fn quietly(command: &mut Command, log: &str, failed: &str) -> Result<()> {
    let output = output(command)?;
    if output.status.success() {
        return Ok(());
    }
    let folder = Path::new("target/logs");
    fs::create_dir_all(folder).context("target/logs could not be made: is the disk full?")?;
    let file: PathBuf = folder.join(format!("{log}.log"));
    let mut text = output.stdout;
    text.extend_from_slice(&output.stderr);
    fs::write(&file, &text).context("a log could not be written: is the disk full?")?;
    let text = String::from_utf8_lossy(&text);
    let last: Vec<&str> = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let last = last[last.len().saturating_sub(3)..].join("\n  ");
    bail!("{failed} (all of its output: {})\n  {last}", file.display())
}

/// Runs with its output passed on as it comes.
pub fn passing_on(command: &mut Command, failed: &str) -> Result<()> {
    let program = name(command);
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    if status.success() {
        Ok(())
    } else {
        bail!("{failed}")
    }
}

/// What a program ended with, and all that it said.
pub struct Heard {
    pub success: bool,
    pub lines: Vec<String>,
}

/// Runs with its output passed on as it comes, and kept. A stage that can't be started has failed, with the reason as
/// its only line.
pub fn heard(command: &mut Command) -> Heard {
    let started = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match started {
        Ok(child) => child,
        Err(problem) => {
            let line = format!("{} could not be started: {problem}", name(command));
            eprintln!("{line}");
            return Heard {
                success: false,
                lines: vec![line],
            };
        }
    };
    let lines = Arc::new(Mutex::new(Vec::new()));
    let readers: Vec<_> = [
        child
            .stdout
            .take()
            .map(|stream| Box::new(stream) as Box<dyn Read + Send>),
        child
            .stderr
            .take()
            .map(|stream| Box::new(stream) as Box<dyn Read + Send>),
    ]
    .into_iter()
    .flatten()
    .map(|stream| {
        let lines = Arc::clone(&lines);
        thread::spawn(move || pass_on(stream, &lines))
    })
    .collect();
    for reader in readers {
        // A reader that panicked has lost lines, which the counts then show.
        let _ = reader.join();
    }
    let success = child.wait().is_ok_and(|status| status.success());
    let lines = lines
        .lock()
        .map(|mut lines| std::mem::take(&mut *lines))
        .unwrap_or_default();
    Heard { success, lines }
}

fn pass_on(stream: Box<dyn Read + Send>, lines: &Mutex<Vec<String>>) {
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line).into_owned();
        println!("{line}");
        if let Ok(mut lines) = lines.lock() {
            lines.push(line);
        }
    }
}

fn name(command: &Command) -> String {
    Path::new(command.get_program())
        .file_name()
        .unwrap_or(OsStr::new("?"))
        .to_string_lossy()
        .into_owned()
}
