//! The signatures of 100,000 seals: in one thread, and in `fieldseal log audit` over the log that holds them. Against OpenSSL's own measure of
//! its Ed25519 verification (`openssl speed`, a short message, one core, user time), which asks less: our messages are of the length
//! of seals, and the audit also reads, hashes and takes apart every leaf.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, ensure};
use fieldseal_packet::entry::{Enrolled, SubjectKind};
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_tlog::note::{Ed25519Signer, Note, Signed, Signer, verify_each};

use super::measure::{self, Cost, Subject, find, interleaved, program, typical};
use super::table::{Row, ms};
use crate::log::written;

const ORIGIN: &str = "bench.fieldseal.example/log";
const SEALS: usize = 100_000;
/// Tablets, each with two officers of its own.
const TABLETS: usize = 100;
/// A seal has the device's line and both officers'.
const LINES: usize = 3;
const GOAL: f64 = 1.0 / 6.0;

/// Measures both.
pub fn rows(rounds: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let seals = Seals::make()?;
    let (log, trust) = (dir.join("log"), dir.join("trust"));
    fs::create_dir_all(&log)?;
    seals.publish(&log, &trust)?;
    let openssl = find("openssl");
    let mut subjects: Vec<Subject<'_>> = vec![
        Box::new(|_| measure::on_this_thread(|| seals.verify())),
        Box::new(|_| audit(&log, &trust)),
    ];
    if let Some(openssl) = &openssl {
        subjects.push(Box::new(|_| by_openssl(openssl)));
    }
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    let mut typicals = costs.iter().map(|costs| typical(costs));
    let (ours, audit) = (
        typicals.next().unwrap_or_default(),
        typicals.next().unwrap_or_default(),
    );
    let count = SEALS * LINES;
    let alone = format!("the {count} signatures of {SEALS} seals, one thread: CPU");
    let whole = format!("`log audit` of the log with these {SEALS} seals, on all cores: wall");
    let Some(theirs) = typicals.next() else {
        let missing = |what| Row::missing(what, Some(GOAL), "openssl is not installed");
        return Ok(vec![missing(alone), missing(whole)]);
    };
    let row = |what, seconds: f64| {
        let against = format!(
            "openssl's rate for as many, on one core {}",
            ms(theirs.cpu_s)
        );
        let ratio = seconds / theirs.cpu_s;
        Row::new(what, ms(seconds), against, ratio, Some(GOAL))
            .note(format!("{:.1} × as fast", theirs.cpu_s / seconds))
    };
    let note = format!(
        "{:.1} × as fast; CPU {}; {} cores; {}",
        theirs.cpu_s / audit.wall_s,
        ms(audit.cpu_s),
        std::thread::available_parallelism()?,
        audit.peak_kib.map(super::table::mib).unwrap_or_default()
    );
    Ok(vec![
        row(alone, ours.cpu_s),
        row(whole, audit.wall_s).note(note),
    ])
}

/// CPU time that OpenSSL's rate makes of as many verifications.
fn by_openssl(openssl: &Path) -> anyhow::Result<Cost> {
    let said = Command::new(openssl)
        .args(["speed", "-seconds", "1", "ed25519"])
        .output()
        .context("openssl could not be started")?;
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let line = text.lines().rev().find(|line| line.contains("Ed25519"));
    let rate = line.and_then(|line| line.split_whitespace().last()?.parse::<f64>().ok());
    let rate = rate
        .filter(|rate| *rate > 1.0)
        .context("openssl speed says nothing of Ed25519")?;
    Ok(Cost {
        cpu_s: (SEALS * LINES) as f64 / rate,
        ..Cost::default()
    })
}

fn audit(log: &Path, trust: &Path) -> anyhow::Result<Cost> {
    let mut command = Command::new(std::env::current_exe()?);
    program(
        command
            .args(["log", "audit", "--trust"])
            .arg(trust)
            .arg(log),
        &[0],
    )
}

struct Seals {
    log: Ed25519Signer,
    authority: Ed25519Signer,
    /// Device and officers of each tablet.
    signers: Vec<[Ed25519Signer; LINES]>,
    notes: Vec<Note>,
}

impl Seals {
    fn make() -> anyhow::Result<Self> {
        let key = |name: String, n: usize| {
            let seed = Sha256Digest::of(format!("{name} {n}").as_bytes());
            Ed25519Signer::from_seed(&name, &seed.0)
        };
        let mut signers = Vec::new();
        for n in 0..TABLETS {
            signers.push([
                key(format!("{ORIGIN}/device/d-{n}"), n)?,
                key(format!("{ORIGIN}/officer/o-{n}-a"), n)?,
                key(format!("{ORIGIN}/officer/o-{n}-b"), n)?,
            ]);
        }
        let at: Timestamp = "2026-01-01T00:00:00.000Z".parse()?;
        let mut notes = Vec::with_capacity(SEALS);
        for n in 0..SEALS {
            let random = (n as u64).to_le_bytes();
            let mut id = [0; 10];
            id[..8].copy_from_slice(&random);
            let body = SealBody {
                origin: ORIGIN.to_owned(),
                packet: PacketId::from_parts(at, &id),
                tagmanifest_sha256: Sha256Digest::of(&random),
                tagmanifest_sm3: None,
                closed_at: at,
                captures: Ranges::of([n as u64 + 1]),
                device_seq: (n / TABLETS) as u64 + 1,
                device_prev: Sha256Digest::of(b"before"),
                seen_checkpoint: Some((n as u64, [7; 32])),
                seen_tsr: Vec::new(),
            };
            let signers: Vec<&dyn Signer> = signers[n % TABLETS]
                .iter()
                .map(|key| key as &dyn Signer)
                .collect();
            notes.push(Note::sign(&body.text(), &signers)?);
        }
        Ok(Self {
            log: key(ORIGIN.to_owned(), 0)?,
            authority: key(format!("{ORIGIN}/authority"), 0)?,
            signers,
            notes,
        })
    }

    fn verify(&self) -> anyhow::Result<()> {
        let mut signed = Vec::with_capacity(SEALS * LINES);
        for (n, note) in self.notes.iter().enumerate() {
            for (key, line) in self.signers[n % TABLETS].iter().zip(&note.signatures) {
                signed.push(Signed {
                    key: key.vkey(),
                    message: note.text.as_bytes(),
                    signature: &line.signature,
                });
            }
        }
        ensure!(
            verify_each(&signed).iter().all(Result::is_ok),
            "a signature made here does not verify"
        );
        Ok(())
    }

    fn publish(&self, folder: &Path, trust: &PathBuf) -> anyhow::Result<()> {
        let mut leaves = Vec::with_capacity(SEALS + TABLETS * LINES);
        for (place, key) in self.signers.iter().flatten().enumerate() {
            let entry = Enrolled {
                origin: ORIGIN.to_owned(),
                kind: if place % LINES == 0 {
                    SubjectKind::Device
                } else {
                    SubjectKind::Officer
                },
                subject: key.vkey().name().to_owned(),
                vkey: key.vkey().to_string(),
                enrolled_at: "2026-01-01T00:00:00.000Z".parse()?,
            };
            leaves.push(Note::sign(&entry.text(), &[&self.authority])?.to_bytes());
        }
        leaves.extend(self.notes.iter().map(Note::to_bytes));
        written::write(folder, &self.log, &leaves)?;
        Ok(fs::write(
            trust,
            Trust::text(ORIGIN, self.log.vkey(), &[self.authority.vkey()]),
        )?)
    }
}
