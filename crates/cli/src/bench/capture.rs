//! From the shutter to durable: five photos through the engine, against copying and syncing the same files.
//!
//! The copy is the plain one: read, write, fsync, file by file. Wall time is compared with that alone; CPU time with the
//! copy and one SHA-256 of the same bytes. Both sides read the same files from the same page cache. What the engine does after its
//! answer (previews) is not counted, and is waited for before anything else is measured.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use fieldseal_packet::Sha256Digest;

use super::measure::{self, Cost, Subject, interleaved, typical};
use super::photos;
use super::site::{Tablet, enrolled};
use super::table::{Row, ms};

const WALL_GOAL: f64 = 1.3;
const CPU_GOAL: f64 = 1.5;
/// Zip bytes are made while they are uploaded: sealing writes this share of the photos' bytes at most.
const SEAL_GOAL: f64 = 0.05;

/// Measures captures and seals.
pub fn rows(rounds: u32, scratch: &Path) -> anyhow::Result<Vec<Row>> {
    let dir = scratch.join("capture");
    fs::create_dir_all(dir.join("copies"))?;
    let mut files = Vec::new();
    for (n, photo) in photos::five()?.into_iter().enumerate() {
        let path = dir.join(format!("photo-{n}.jpg"));
        fs::write(&path, photo)?;
        files.push(path);
    }
    let bytes: u64 = files
        .iter()
        .map(|file| file.metadata().map_or(0, |file| file.len()))
        .sum();
    let (tablet, _) = enrolled(&dir, true)?;
    let mut drafts = Vec::new();
    let mut subjects: [Subject<'_>; 3] = [
        Box::new(|_| {
            let draft = tablet.draft()?;
            let cost = measure::on_this_thread(|| captured(&tablet, &draft, &files))?;
            measure::settle()?;
            drafts.push(draft);
            Ok(cost)
        }),
        Box::new(|_| measure::on_this_thread(|| copied(&files, &dir.join("copies")))),
        Box::new(|_| measure::on_this_thread(|| hashed(&files))),
    ];
    // Once for warmth, uncounted.
    interleaved(1, &mut subjects)?;
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    let [ours, copy, hash] =
        [0, 1, 2].map(|n| costs.get(n).map_or(Cost::default(), |c| typical(c)));
    let what = format!(
        "capture of five photos ({:.1} MB) up to durable",
        bytes as f64 / 1e6
    );
    let mut rows = vec![
        Row::new(
            format!("{what}: wall"),
            ms(ours.wall_s),
            format!("copy + fsync {}", ms(copy.wall_s)),
            ours.wall_s / copy.wall_s,
            Some(WALL_GOAL),
        ),
        Row::new(
            format!("{what}: CPU"),
            ms(ours.cpu_s),
            format!("copy + fsync + sha256 {}", ms(copy.cpu_s + hash.cpu_s)),
            ours.cpu_s / (copy.cpu_s + hash.cpu_s),
            Some(CPU_GOAL),
        ),
    ];
    rows.push(sealing(&tablet, &drafts)?);
    Ok(rows)
}

fn captured(tablet: &Tablet, draft: &str, files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        tablet.capture(draft, File::open(file)?)?;
    }
    Ok(())
}

fn copied(files: &[PathBuf], to: &Path) -> anyhow::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    for (n, file) in files.iter().enumerate() {
        let name = to.join(n.to_string());
        let _ = fs::remove_file(&name);
        let (mut from, mut copy) = (File::open(file)?, File::create(name)?);
        loop {
            let count = from.read(&mut buffer)?;
            if count == 0 {
                break;
            }
            copy.write_all(&buffer[..count])?;
        }
        copy.sync_all()?;
    }
    Ok(())
}

fn hashed(files: &[PathBuf]) -> anyhow::Result<()> {
    for file in files {
        Sha256Digest::of(&fs::read(file)?);
    }
    Ok(())
}

/// What closing, signing and sealing write, as a share of the photos' own bytes.
fn sealing(tablet: &Tablet, drafts: &[String]) -> anyhow::Result<Row> {
    let mut shares = Vec::new();
    let mut written = Vec::new();
    for draft in drafts {
        tablet.describe(draft)?;
        measure::settle()?;
        let before = measure::bytes_written()?;
        tablet.seal(draft)?;
        let wrote = (measure::bytes_written()? - before) as f64;
        let view = tablet.ask(fieldseal_device::api::Request::Packet { id: draft.clone() })?;
        let size = view["summary"]["sizeBytes"].as_f64();
        shares.push(wrote / size.context("a sealed packet has a size")?);
        written.push(wrote);
    }
    Ok(Row::new(
        "bytes that sealing writes, both signatures included",
        format!("{:.0} KB", measure::median(written) / 1e3),
        "the packet's zip, which is made while it is uploaded",
        measure::median(shares),
        Some(SEAL_GOAL),
    ))
}
