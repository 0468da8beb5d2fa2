//! Verifying packets as folders, against the bare digest of the same files by OpenSSL and against `bagit.py --validate`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::measure::{self, Cost, Subject, find, interleaved, program, typical};
use super::table::{Row, ms};
use super::verify::{SOUND, read_in};

const HASH_GOAL: f64 = 1.0;
const BAGIT_GOAL: f64 = 0.8;

/// Unpacks the zips and measures their folders.
pub fn rows(rounds: u32, dir: &Path, zips: &[PathBuf], trust: &Path) -> anyhow::Result<Vec<Row>> {
    let what = format!("verify of {} bags (folders)", zips.len());
    let (by_hash, by_bagit) = (format!("{what}: CPU"), format!("{what}, the same: CPU"));
    let (Some(unzip), Some(openssl), Some(bagit)) =
        (find("unzip"), find("openssl"), find("bagit.py"))
    else {
        let why = "unzip, openssl or bagit.py is not installed";
        return Ok(vec![
            Row::missing(by_hash, Some(HASH_GOAL), why),
            Row::missing(by_bagit, Some(BAGIT_GOAL), why),
        ]);
    };
    let unpacked = dir.join("bags");
    fs::create_dir_all(&unpacked)?;
    for zip in zips {
        program(
            Command::new(&unzip)
                .arg("-q")
                .arg(zip)
                .arg("-d")
                .arg(&unpacked),
            &[0],
        )?;
    }
    let bags: Vec<PathBuf> = fs::read_dir(&unpacked)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    let mut files = Vec::new();
    for bag in &bags {
        files_of(bag, &mut files)?;
    }
    let mut subjects: [Subject<'_>; 3] = [
        Box::new(|_| {
            read_in(&files)?;
            let mut command = Command::new(std::env::current_exe()?);
            program(
                command
                    .args(["verify", "--json", "--trust"])
                    .arg(trust)
                    .args(&bags),
                SOUND,
            )
        }),
        Box::new(|_| digest(&openssl, &files)),
        Box::new(|_| {
            read_in(&files)?;
            program(
                Command::new(&bagit)
                    .args(["--quiet", "--validate"])
                    .args(&bags),
                &[0],
            )
        }),
    ];
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    fs::remove_dir_all(&unpacked)?;
    let [ours, hash, bagit] = [0, 1, 2].map(|n| {
        costs
            .get(n)
            .map_or_else(Cost::default, |costs| typical(costs))
    });
    let row = |what, name: &str, theirs: &Cost, goal| {
        let against = format!("{name} {}", ms(theirs.cpu_s));
        Row::new(
            what,
            ms(ours.cpu_s),
            against,
            ours.cpu_s / theirs.cpu_s,
            Some(goal),
        )
        .note(format!(
            "wall {} against {}",
            ms(ours.wall_s),
            ms(theirs.wall_s)
        ))
    };
    Ok(vec![
        row(
            by_hash,
            "openssl dgst -sha256 of the same files",
            &hash,
            HASH_GOAL,
        ),
        row(by_bagit, "bagit.py --validate", &bagit, BAGIT_GOAL),
    ])
}

/// `openssl dgst -sha256` of all files in one process.
pub fn digest(openssl: &Path, files: &[PathBuf]) -> anyhow::Result<measure::Cost> {
    read_in(files)?;
    program(
        Command::new(openssl).args(["dgst", "-sha256"]).args(files),
        &[0],
    )
}

fn files_of(folder: &Path, into: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => files_of(&entry.path(), into)?,
            false => into.push(entry.path()),
        }
    }
    Ok(())
}
