//! The tablet of the soak, in a process of its own, so that its memory is its alone. It says on stdout, one JSON line a packet,
//! how long each step took; what it is told to do next comes by its arguments.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde::{Deserialize, Serialize};

use super::measure::now;
use super::photos;
use super::site::Tablet;

/// Photos of one packet.
pub const IN_A_PACKET: u32 = 5;
/// Packets that may be on their way while the next is made.
const UNDER_WAY: u64 = 2;
/// Without a packet becoming safe for so long, something is wrong.
const PATIENCE: Duration = Duration::from_secs(120);

/// One packet's times.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Step {
    /// From 0.
    pub n: u32,
    /// Seconds, each photo.
    pub capture_s: Vec<f64>,
    /// Seconds for describing, both signatures and the seal.
    pub seal_s: f64,
    /// Seconds for writing and syncing one of the same photos beside the vault: how quick the disk is just now.
    pub copy_s: f64,
    /// The same of a page.
    pub page_s: f64,
    /// Seconds from the first shutter until the next packet may begin.
    pub whole_s: f64,
    /// Packets safe so far.
    pub safe: u64,
}

/// `FOLDER PACKETS PHOTO_PX line|offline|drain`: makes packets and waits for their receipts, makes them without a server, or
/// waits until all are safe.
pub fn work(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let [dir, packets, side, mode] = arguments else {
        anyhow::bail!("which folder, how many packets, how large, and what?")
    };
    let packets: u32 = packets.parse()?;
    let side: u32 = side.parse()?;
    let tablet = Tablet::open(Path::new(dir), true)?;
    tablet.unlock()?;
    if mode == "drain" {
        return drain(&tablet);
    }
    // Each packet's photos differ from every other's by their last bytes, which no decoder looks at.
    let shots: Vec<Vec<u8>> = (1..=IN_A_PACKET)
        .map(|seed| photos::jpeg(side, side / 4 * 3, seed))
        .collect::<anyhow::Result<_>>()?;
    for n in 0..packets {
        let began = now();
        let draft = tablet.draft()?;
        let mut capture_s = Vec::new();
        for shot in &shots {
            let bytes = [shot.as_slice(), &n.to_be_bytes()].concat();
            let pressed = now();
            tablet.capture(&draft, bytes.as_slice())?;
            capture_s.push(pressed.elapsed().as_secs_f64());
        }
        let sealing = now();
        tablet.describe(&draft)?;
        tablet.seal(&draft)?;
        let seal_s = sealing.elapsed().as_secs_f64();
        let beside = Path::new(dir).with_extension("copy");
        let copy_s = written(&beside, shots.first().context("a photo")?)?;
        let page_s = written(&beside, &[0; 4096])?;
        if mode == "line" {
            until_under_way(&tablet, UNDER_WAY)?;
        }
        let step = Step {
            n,
            capture_s,
            seal_s,
            copy_s,
            page_s,
            whole_s: began.elapsed().as_secs_f64(),
            safe: tablet.progress()?.0,
        };
        writeln!(io::stdout(), "{}", serde_json::to_string(&step)?)?;
    }
    if mode == "line" {
        until_under_way(&tablet, 0)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes and syncs a new file, and removes it.
fn written(path: &Path, bytes: &[u8]) -> anyhow::Result<f64> {
    let began = now();
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    let took = began.elapsed().as_secs_f64();
    fs::remove_file(path)?;
    Ok(took)
}

fn until_under_way(tablet: &Tablet, most: u64) -> anyhow::Result<()> {
    let mut last = (u64::MAX, now());
    loop {
        let (_, waiting) = tablet.progress()?;
        if waiting <= most {
            return Ok(());
        }
        if waiting != last.0 {
            last = (waiting, now());
        }
        ensure!(
            last.1.elapsed() < PATIENCE,
            "no packet became safe for two minutes; {waiting} wait"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Says how many are safe, once in a while, until all are.
fn drain(tablet: &Tablet) -> anyhow::Result<ExitCode> {
    let began = now();
    let mut last = (u64::MAX, now());
    loop {
        let (safe, waiting) = tablet
            .progress()
            .context("the uploads could not be asked")?;
        let step = Step {
            n: 0,
            capture_s: Vec::new(),
            seal_s: 0.0,
            copy_s: 0.0,
            page_s: 0.0,
            whole_s: began.elapsed().as_secs_f64(),
            safe,
        };
        writeln!(io::stdout(), "{}", serde_json::to_string(&step)?)?;
        if waiting == 0 {
            return Ok(ExitCode::SUCCESS);
        }
        if waiting != last.0 {
            last = (waiting, now());
        }
        ensure!(
            last.1.elapsed() < PATIENCE,
            "no packet became safe for two minutes; {waiting} wait"
        );
        std::thread::sleep(Duration::from_millis(500));
    }
}
