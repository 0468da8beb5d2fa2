//! From the start of the app to a usable home: open, unlock, and the first pages of the lists that home shows, with many
//! packets in the vault and with none. Each start is a process of its own, in which the officer's PIN costs what it costs.
//!
//! The packets are real ones, sealed through the engine, at the lowest cost of a PIN; afterwards the administrator's recovery key sets
//! a PIN of full cost. They are made in memory where the system has a file system there, so that making them waits for no
//! disk; a start hardly writes. Two vaults have as many: in one every packet is safe, as on a tablet that is on the line; in
//! the other none is, as after weeks without one. What makes the first from the second is written into the outbox as a verified
//! receipt would be, with receipts of the usual form and length.

use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_device::api::Request;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::receipt::Receipt;
use fieldseal_tlog::note::{Ed25519Signer, Note};
use fieldseal_vault::captures::PreviewState;
use fieldseal_vault::{Moment, StoreError, Vault, VaultConfig, captures, outbox};

use super::measure::{self, Subject, interleaved, program, typical};
use super::site::{PINS, Tablet, enrolled};
use super::table::{Row, mib, ms};

const GOAL: f64 = 1.3;
const ORIGIN: &str = "bench.fieldseal.example/log";
/// Length of an inclusion proof in a log of a million leaves.
const PROOF_BYTES: usize = 1300;

/// Measures starts.
pub fn rows(rounds: u32, packets: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory } else { dir };
    let own = tempfile::Builder::new()
        .prefix("fieldseal-bench-")
        .tempdir_in(base)?;
    let [empty, waiting, safe] = ["empty", "waiting", "safe"].map(|name| own.path().join(name));
    let began = measure::now();
    for (folder, packets, safe) in [
        (&empty, 0, false),
        (&waiting, packets, false),
        (&safe, packets, true),
    ] {
        fill(folder, packets, safe)?;
    }
    let filled_s = began.elapsed().as_secs_f64();
    let started = |dir: &Path| {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["bench", "--work", "start", "--"])
            .arg(dir.join("tablet"));
        program(&mut command, &[0])
    };
    let mut subjects: [Subject<'_>; 3] = [
        Box::new(|_| started(&safe)),
        Box::new(|_| started(&waiting)),
        Box::new(|_| started(&empty)),
    ];
    interleaved(1, &mut subjects)?;
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    let [safe, waiting, none] =
        [0, 1, 2].map(|n| costs.get(n).map(|c| typical(c)).unwrap_or_default());
    let rows = [
        ("all of them safe", safe),
        ("none of them safe yet", waiting),
    ];
    Ok(rows
        .into_iter()
        .map(|(which, many)| {
            Row::new(
                format!("start to usable home with {packets} packets in the vault, {which}: CPU"),
                ms(many.cpu_s),
                format!("with none {}", ms(none.cpu_s)),
                many.cpu_s / none.cpu_s,
                Some(GOAL),
            )
            .note(format!(
                "wall {} against {}; memory {} against {}; both vaults were filled in {filled_s:.0} s",
                ms(many.wall_s),
                ms(none.wall_s),
                mib(many.peak_kib.unwrap_or(0)),
                mib(none.peak_kib.unwrap_or(0)),
            ))
        })
        .collect())
}

/// A vault with so many sealed packets of one small photo each, made through the engine.
fn fill(dir: &Path, packets: u32, safe: bool) -> anyhow::Result<()> {
    let (tablet, config) = enrolled(dir, true)?;
    for n in 0..packets {
        tablet.packet(&[&n.to_be_bytes()])?;
    }
    drop(tablet);
    let text = std::fs::read_to_string(&config.recovery_out)?;
    let key = text
        .lines()
        .find_map(|line| line.strip_prefix("fieldseal-recovery-key/v1 "))
        .and_then(|line| STANDARD.decode(line.trim()).ok())
        .and_then(|bytes| <[u8; 32]>::try_from(bytes).ok())
        .context("the recovery key is not of the known form")?;
    let tablet = Tablet::open(&dir.join("tablet"), false)?;
    let officer = tablet
        .officers
        .first()
        .context("nobody is enrolled")?
        .clone();
    tablet
        .engine
        .recover(&zeroize::Zeroizing::new(key), &officer, PINS[0])
        .map_err(|problem| anyhow::anyhow!("{}", problem.code))?;
    drop(tablet);
    if packets == 0 {
        return Ok(());
    }
    finish(&dir.join("tablet"), &officer, safe)
}

/// Says of every photo that it is no picture, as the decoder would in time, and of every packet that it is safe.
fn finish(dir: &Path, officer: &str, safe: bool) -> anyhow::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a measurement is the outermost layer"
    )]
    let random = |bytes: &mut [u8]| getrandom::fill(bytes).map_err(std::io::Error::other);
    let (vault, _) = Vault::open(dir, VaultConfig::new(Arc::new(random)))?;
    let now = Moment {
        at: fieldseal_packet::Timestamp::from_millis(4_000_000_000_000),
        boot_id: "bench".to_owned(),
        boot_ms: 0,
    };
    vault.unlock(officer, PINS[0], &now)?;
    vault.write(|tx| {
        let looked_at = PreviewState {
            problem: Some("unsupported-format".to_owned()),
            ..PreviewState::default()
        };
        for capture_seq in captures::without_preview(tx, u32::MAX)? {
            captures::set_preview_state(tx, capture_seq, &looked_at)?;
        }
        Ok::<_, StoreError>(())
    })?;
    if !safe {
        return Ok(());
    }
    let signer = Ed25519Signer::from_seed(&format!("{ORIGIN}/receipts"), &[7; 32])?;
    let waiting = vault.outbox_read(|c| outbox::waiting(c, 0))?;
    let mut receipts = Vec::with_capacity(waiting.len());
    for job in &waiting {
        let receipt = Receipt {
            origin: ORIGIN.to_owned(),
            packet: job.packet,
            seal_sha256: job.digest,
            zip_sha256: Sha256Digest::ZERO,
            zip_size: job.zip_size,
            leaf_index: job.device_seq,
            received_at: job.sealed_at,
            copies: 1,
        };
        receipts.push(Note::sign(&receipt.text(), &[&signer])?.to_bytes());
    }
    vault.outbox_write(|tx| {
        for (job, receipt) in waiting.iter().zip(&receipts) {
            let upload = outbox::Upload {
                state: "safe".to_owned(),
                offset: job.zip_size,
                ..outbox::Upload::queued()
            };
            outbox::set_upload(tx, job.packet, &upload)?;
            outbox::set_zip_sha256(tx, job.packet, Sha256Digest::ZERO)?;
            outbox::set_receipt(
                tx,
                job.packet,
                receipt,
                &[b'p'; PROOF_BYTES],
                Some(job.sealed_at),
            )?;
        }
        Ok::<_, StoreError>(())
    })?;
    Ok(())
}

/// One start, in a process of its own.
pub fn work(arguments: &[String]) -> anyhow::Result<ExitCode> {
    let dir = arguments.first().context("which folder?")?;
    let tablet = Tablet::open(Path::new(dir), false)?;
    let officer = tablet.officers.first().context("nobody is enrolled")?;
    tablet.ask(Request::Unlock {
        officer: officer.clone(),
        pin: PINS[0].to_owned(),
    })?;
    for request in [
        Request::State,
        Request::Drafts,
        Request::Packets {
            page: 0,
            filter: None,
        },
        Request::Uploads,
        Request::Tasks,
    ] {
        tablet.ask(request)?;
    }
    // Usable here. What ends the process is not part of the start.
    std::process::exit(0)
}
