//! `fieldseal bench`: what the product costs on this machine, as ratios within one run, against goals and peers.
//!
//! Seconds do not travel from one machine to another, ratios do: each thing is measured in turn with what it is compared
//! with, several times, every other round in the opposite order, and the medians are divided. CPU time counts, so that a busy machine
//! says the same as an idle one; wall time is used only where waiting for the disk is what is meant. A peer that is not
//! installed makes its row say so, never a pass.
//!
//! One part a module: [`capture`], [`verify`] with [`bags`], [`signatures`], [`log`], [`intake`], [`previews`], [`registers`], [`start`], [`soak`], and
//! [`formats`], which needs no disk. [`measure`] counts, [`table`] prints.

mod bags;
mod capture;
mod formats;
mod http;
mod intake;
mod log;
mod measure;
mod peers;
mod photos;
mod previews;
mod registers;
mod signatures;
mod site;
mod soak;
mod soak_tablet;
mod start;
mod table;
mod verify;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use clap::ValueEnum;

use table::{Form, Row};

/// Measure this machine
#[derive(clap::Args)]
pub struct Args {
    /// What to measure; everything but the soak when left out
    #[arg(value_enum)]
    pub what: Vec<What>,
    /// Rounds; the medians count
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub rounds: u32,
    /// Where the measured files lie; a folder of its own is made there and removed. The system's temporary folder when left out
    #[arg(long, value_name = "D")]
    pub dir: Option<PathBuf>,
    /// Payload of the packet that `formats` verifies, in MiB
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u64).range(1..=1024))]
    pub size_mib: u64,
    /// Packets in the vault for `start`
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub packets: u32,
    /// Points for `registers`
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=200_000))]
    pub points: u32,
    /// Photos of the soak, five in a packet
    #[arg(long, default_value_t = 2_000, value_parser = clap::value_parser!(u32).range(20..=1_000_000))]
    pub photos: u32,
    /// Side of the soak's photos in pixels, 4:3; 4000 makes 12 megapixels and about 5 MB
    #[arg(long, default_value_t = 4000, value_parser = clap::value_parser!(u32).range(160..=16_000))]
    pub photo_px: u32,
    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,
    /// Rows of a Markdown table on stdout
    #[arg(long, conflicts_with = "json")]
    pub markdown: bool,
    /// A part of a measurement that runs in a process of its own
    #[arg(long, hide = true)]
    pub work: Option<String>,
    /// Its arguments
    #[arg(last = true, hide = true)]
    pub arguments: Vec<String>,
}

/// Parts of the benchmark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum What {
    /// Everything but the soak
    All,
    /// Five photos up to durable, and what sealing writes
    Capture,
    /// Stored zips and bags against openssl, unzip and bagit.py, and the memory of large packets
    Verify,
    /// The signatures of 100,000 seals against openssl
    Signatures,
    /// Appends of 64 clients against the disk's syncs, and proofs out of ten million leaves
    Log,
    /// Uploads up to finalise against nginx, rustus and @tus/server
    Intake,
    /// Previews of a photo against sharp
    Previews,
    /// Looking points up in the encrypted database against a plain SQLite
    Registers,
    /// Start of the app with many packets against none
    Start,
    /// Many photos through tablet and server, and a backlog made while offline
    Soak,
    /// What the formats cost: no disk, no peers
    Formats,
}

const ALL: [What; 9] = [
    What::Capture,
    What::Verify,
    What::Signatures,
    What::Log,
    What::Intake,
    What::Previews,
    What::Registers,
    What::Start,
    What::Formats,
];

/// Measures and prints. The exit code says whether it ran, not whether goals were met.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    if let Some(work) = &args.work {
        return worker(work, &args.arguments);
    }
    let base = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let scratch = tempfile::Builder::new()
        .prefix("fieldseal-bench-")
        .tempdir_in(&base)
        .with_context(|| format!("no folder can be made in {}", base.display()))?;
    let mut parts: Vec<What> = Vec::new();
    for what in &args.what {
        match what {
            What::All => parts.extend(ALL),
            one => parts.push(*one),
        }
    }
    if parts.is_empty() {
        parts.extend(ALL);
    }
    parts.dedup();
    let mut rows = Vec::new();
    for part in parts {
        eprintln!("measuring: {part:?}");
        rows.extend(measured(part, &args, scratch.path())?);
    }
    let form = match (args.json, args.markdown) {
        (true, _) => Form::Json,
        (_, true) => Form::Markdown,
        _ => Form::Lines,
    };
    table::write(form, args.rounds, &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// One part, in a folder that is gone afterwards.
fn measured(part: What, args: &Args, scratch: &Path) -> anyhow::Result<Vec<Row>> {
    let dir = scratch.join(format!("{part:?}").to_lowercase());
    std::fs::create_dir_all(&dir)?;
    let rows = match part {
        What::Capture => capture::rows(args.rounds, &dir),
        What::Verify => verify::rows(args.rounds, &dir),
        What::Signatures => signatures::rows(args.rounds, &dir),
        What::Log => log::rows(args.rounds, &dir),
        What::Intake => intake::rows(args.rounds, &dir),
        What::Previews => previews::rows(args.rounds, &dir),
        What::Registers => registers::rows(args.rounds, args.points, &dir),
        What::Start => start::rows(args.rounds, args.packets, &dir),
        What::Soak => soak::rows(args.photos, args.photo_px, &dir),
        What::Formats => formats::rows(args.rounds, args.size_mib),
        What::All => Ok(Vec::new()),
    };
    std::fs::remove_dir_all(&dir)?;
    rows.with_context(|| format!("{part:?} could not be measured"))
}

fn worker(work: &str, arguments: &[String]) -> anyhow::Result<ExitCode> {
    match work {
        "counted" => measure::run_counted(arguments),
        "start" => start::work(arguments),
        "previews" => previews::work(arguments),
        "soak-tablet" => soak_tablet::work(arguments),
        other => bail!("there is no work called {other}"),
    }
}
