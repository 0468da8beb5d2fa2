//! From the start of the app to a usable home: open, unlock, and the first pages of the lists that home shows, with many
//! packets in the vault and with none. Each start is a process of its own, in which the officer's PIN costs what it costs.
//!
//! The packets are real ones, sealed through the engine, at the lowest cost of a PIN; afterwards the administrator's recovery key sets
//! a PIN of full cost. They are made in memory where the system has a file system there, so that making them waits for no
//! disk; a start hardly writes.

use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::Context as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_device::api::Request;

use super::measure::{self, Subject, interleaved, program, typical};
use super::site::{PINS, Tablet, enrolled};
use super::table::{Row, mib, ms};

const GOAL: f64 = 1.3;

/// Measures starts.
pub fn rows(rounds: u32, packets: u32, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory } else { dir };
    let own = tempfile::Builder::new()
        .prefix("fieldseal-bench-")
        .tempdir_in(base)?;
    let (empty, full) = (own.path().join("empty"), own.path().join("full"));
    fill(&empty, 0)?;
    let began = measure::now();
    fill(&full, packets)?;
    let filled_s = began.elapsed().as_secs_f64();
    let started = |dir: &Path| {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(["bench", "--work", "start", "--"])
            .arg(dir.join("tablet"));
        program(&mut command, &[0])
    };
    let mut subjects: [Subject<'_>; 2] =
        [Box::new(|_| started(&full)), Box::new(|_| started(&empty))];
    interleaved(1, &mut subjects)?;
    let costs = interleaved(rounds, &mut subjects)?;
    drop(subjects);
    let [many, none] = [0, 1].map(|n| costs.get(n).map(|c| typical(c)).unwrap_or_default());
    let what = format!("start to usable home with {packets} packets in the vault");
    Ok(vec![
        Row::new(
            format!("{what}: CPU"),
            ms(many.cpu_s),
            format!("with none {}", ms(none.cpu_s)),
            many.cpu_s / none.cpu_s,
            Some(GOAL),
        )
        .note(format!(
            "wall {} against {}; memory {} against {}; the packets were made in {filled_s:.0} s",
            ms(many.wall_s),
            ms(none.wall_s),
            mib(many.peak_kib.unwrap_or(0)),
            mib(none.peak_kib.unwrap_or(0)),
        )),
    ])
}

/// A vault with so many sealed packets of one small photo each, made through the engine.
fn fill(dir: &Path, packets: u32) -> anyhow::Result<()> {
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
    let officer = tablet.officers.first().context("nobody is enrolled")?;
    tablet
        .engine
        .recover(&zeroize::Zeroizing::new(key), officer, PINS[0])
        .map_err(|problem| anyhow::anyhow!("{}", problem.code))
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
