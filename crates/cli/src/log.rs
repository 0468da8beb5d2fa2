//! `fieldseal log audit`: a whole published log, as its files lie there, checked without its server: the tree from the leaves up to the signed
//! checkpoint, every tile, and every signature on every leaf.
//!
//! Whoever may read the entry bundles (an auditor, a witness) can mirror the files and run this as often as they like. Two passes over
//! the bundles, each on all cores: [`tree`] hashes the leaves and gathers the keys that the log itself enrols, [`lines`] checks the
//! signatures. Memory follows the number of bundles and keys, not that of the leaves.

mod lines;
#[cfg(test)]
mod tests;
mod tree;
pub(crate) mod written;

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::Subcommand;
use fieldseal_packet::trust::{MAX_TRUST, Trust};
use fieldseal_tlog::checkpoint::{self, Checkpoint};
use fieldseal_tlog::note::MAX_NOTE_BYTES;
use fieldseal_tlog::tile::{TILE_WIDTH, TilePath, decode_bundle};
use serde_json::json;

/// Check a whole published log
#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// The tree against its checkpoint, and every signature on every leaf. Exit code 1: something is wrong, 3: a signature by an unknown key
    Audit {
        /// Folder with the log's files: checkpoint, tile/…; a mirror, or `log` in a server's data folder
        #[arg(value_name = "D")]
        folder: PathBuf,
        /// Trust anchors: the keys of log, authority, receipts and decisions
        #[arg(long, value_name = "F")]
        trust: PathBuf,
        /// One JSON document on stdout
        #[arg(long)]
        json: bool,
    },
}

/// Problems that are kept; the rest are counted.
const MOST_PROBLEMS: usize = 1_000;
/// Largest tile or bundle: 256 entries of 65,535 bytes and their lengths.
const MAX_FILE: u64 = 256 * 65_537;

/// What was found.
#[derive(Debug, Default)]
struct Outcome {
    /// Lines that verified.
    verified: u64,
    /// Lines by keys that nobody here knows.
    unknown: u64,
    /// Lines of types that can't be checked here.
    unsupported: u64,
    /// What is wrong, one sentence each; the first [`MOST_PROBLEMS`].
    problems: Vec<String>,
    /// All that is wrong.
    wrong: u64,
}

impl Outcome {
    fn problem(&mut self, problem: String) {
        self.wrong += 1;
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Outcome { wrong: 1.., .. } => 1,
            Outcome { unknown: 1.., .. }
            | Outcome {
                unsupported: 1.., ..
            } => 3,
            _ => 0,
        }
    }
}

/// Runs the subcommand.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Command::Audit {
        folder,
        trust,
        json,
    } = args.command;
    let bytes = read_limited(&trust, MAX_TRUST as u64).context("the trust file can't be read")?;
    let trust = Trust::parse(&bytes).context("the trust file is not usable")?;
    let files = Files { folder };
    let bytes = read_limited(&files.folder.join("checkpoint"), MAX_NOTE_BYTES as u64)
        .context("there is no checkpoint that can be read")?;
    let mut opened = trust
        .keys
        .iter()
        .filter_map(|key| checkpoint::open(&bytes, key).ok());
    let Some(head) = opened.find(|head| trust.knows_origin(&head.origin)) else {
        say("the checkpoint is not signed by a log that is trusted here\n")?;
        return Ok(ExitCode::from(1));
    };
    let outcome = audit(&files, &head, &trust)?;
    if json {
        let document = json!({
            "origin": head.origin, "size": head.size, "root": hex::encode(head.root),
            "signatures": {"verified": outcome.verified, "unknown": outcome.unknown, "unsupported": outcome.unsupported},
            "wrong": outcome.wrong, "problems": outcome.problems,
        });
        say(&format!("{document:#}\n"))?;
    } else {
        for problem in &outcome.problems {
            say(&format!("{problem}\n"))?;
        }
        say(&format!(
            "{}: {} leaves, {} signatures verified, {} by unknown keys, {} of types not checked here, {} wrong\n",
            head.origin,
            head.size,
            outcome.verified,
            outcome.unknown,
            outcome.unsupported,
            outcome.wrong
        ))?;
    }
    Ok(ExitCode::from(outcome.exit_code()))
}

fn audit(files: &Files, head: &Checkpoint, trust: &Trust) -> anyhow::Result<Outcome> {
    ensure!(head.size < 1 << 40, "no log is that large");
    let mut outcome = Outcome::default();
    let enrolments = tree::check(files, head, &mut outcome);
    let keys = lines::Keys::gather(&head.origin, trust, enrolments, &mut outcome);
    lines::check(files, head, &keys, &mut outcome);
    Ok(outcome)
}

/// A published log's files.
struct Files {
    folder: PathBuf,
}

impl Files {
    /// How many bundles a log of this size has.
    fn bundles(size: u64) -> u64 {
        size.div_ceil(u64::from(TILE_WIDTH))
    }

    /// A bundle's path in a log of this size.
    fn bundle_path(&self, index: u64, size: u64) -> (PathBuf, usize) {
        let width = u64::from(TILE_WIDTH).min(size - index * u64::from(TILE_WIDTH)) as u16;
        let path = TilePath::Entries { index, width };
        (self.folder.join(path.to_string()), usize::from(width))
    }

    /// The leaves of a bundle; a sentence when there is none, or not as many as there must be.
    fn bundle(&self, index: u64, size: u64) -> Result<Vec<Vec<u8>>, String> {
        let (path, width) = self.bundle_path(index, size);
        let bytes = read_limited(&path, MAX_FILE)
            .map_err(|error| format!("bundle {index} can't be read ({})", error.kind()))?;
        let leaves = decode_bundle(&bytes).map_err(|error| format!("bundle {index}: {error}"))?;
        match leaves.len() {
            found if found == width => Ok(leaves),
            found => Err(format!(
                "bundle {index} has {found} leaves instead of {width}"
            )),
        }
    }

    /// A hash tile's bytes.
    fn tile(&self, level: u8, index: u64, width: u16) -> Result<Vec<u8>, String> {
        let path = TilePath::Hashes {
            level,
            index,
            width,
        };
        read_limited(&self.folder.join(path.to_string()), MAX_FILE)
            .map_err(|error| format!("{path} can't be read ({})", error.kind()))
    }
}

fn read_limited(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(bytes)
}

fn say(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever closed the pipe has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}
