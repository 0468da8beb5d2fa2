//! One run of the whole line on disks that will be cut off: capture, seal, sync, give back, and once more with captures
//! made while locked. After each acknowledgement, and at moments between, everybody stands still and the disks are copied.

use std::path::PathBuf;
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use anyhow::{Context as _, ensure};

use super::child::{Worker, standing_still};
use super::machine::Disks;
use crate::ctx::Ctx;
use crate::ledger::Ledger;
use crate::rng::Rng;

/// Longest wait for a line before the power goes anyway, in microseconds.
const BETWEEN_US: u64 = 40_000;
/// Copies between two lines.
const BETWEEN_MOST: u32 = 2;
/// A worker that says nothing for so long hangs.
const SILENCE: Duration = Duration::from_secs(60);

/// The disks as they were at one moment, and what had been acknowledged by then.
pub struct Cut {
    /// Where the copies are.
    pub dir: PathBuf,
    /// What was acknowledged.
    pub ledger: Ledger,
    /// What had just been said, or was being done.
    pub moment: String,
}

/// What a round gave.
pub struct Round {
    /// To be checked.
    pub cuts: Vec<Cut>,
    /// The line itself did not come to its end.
    pub broke_off: Option<String>,
}

/// Runs a round on copies of the prepared disks in `template`, with at most `most` cuts.
pub fn live(ctx: &Ctx, template: &std::path::Path, seed: u64, most: u64) -> anyhow::Result<Round> {
    let dir = ctx.folder("live");
    Disks::copy(template, &dir)?;
    let disks = Disks::mount(&dir)?;
    let mut round = Live {
        ctx,
        dir: dir.clone(),
        rng: Rng::new(seed),
        most,
        ledger: Ledger::default(),
        cuts: Vec::new(),
    };
    let broke_off = round.line().err().map(|error| format!("{error:#}"));
    disks.unmount()?;
    std::fs::remove_dir_all(&dir)?;
    Ok(Round {
        cuts: round.cuts,
        broke_off,
    })
}

struct Live<'a> {
    ctx: &'a Ctx,
    dir: PathBuf,
    rng: Rng,
    most: u64,
    ledger: Ledger,
    cuts: Vec<Cut>,
}

impl Live<'_> {
    fn line(&mut self) -> anyhow::Result<()> {
        let server = Worker::start(&self.ctx.worker, &self.dir, &["server".to_owned()])?;
        let first = server.lines.recv_timeout(SILENCE).unwrap_or_default();
        if !first.starts_with("serving ") {
            server.finish().context("the server")?;
            anyhow::bail!("the server did not start");
        }
        for locked in [false, true] {
            let count = 1 + self.rng.below(3);
            let seed = self.rng.below(1 << 40);
            let mut capture = vec![
                "capture".to_owned(),
                count.to_string(),
                "--seed".to_owned(),
                seed.to_string(),
            ];
            capture.extend(locked.then(|| "--locked".to_owned()));
            self.stage(&server, &capture)?;
            for stage in ["seal", "sync", "reclaim"] {
                self.stage(&server, &[stage.to_owned()])?;
            }
        }
        server.finish().context("the server")
    }

    /// One stage of the tablet, with its cuts.
    fn stage(&mut self, server: &Worker, args: &[String]) -> anyhow::Result<()> {
        let name = args.first().cloned().unwrap_or_default();
        let mut all = vec!["tablet".to_owned()];
        all.extend_from_slice(args);
        let tablet = Worker::start(&self.ctx.worker, &self.dir, &all)?;
        let mut between = 0;
        let mut quiet = Duration::ZERO;
        loop {
            let wait = if between < BETWEEN_MOST {
                Duration::from_micros(self.rng.below(BETWEEN_US))
            } else {
                SILENCE
            };
            match tablet.lines.recv_timeout(wait) {
                Ok(line) => {
                    (between, quiet) = (0, Duration::ZERO);
                    if self.ledger.note(&line) {
                        let said = line.split(' ').take(2).collect::<Vec<_>>().join(" ");
                        self.cut(&[&tablet, server], format!("right after '{}'", said.trim()))?;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    quiet += wait;
                    ensure!(quiet < SILENCE, "{name}: the tablet hangs");
                    between += 1;
                    self.cut(&[&tablet, server], format!("while it was at {name}"))?;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        tablet.finish().with_context(|| format!("stage {name}"))
    }

    fn cut(&mut self, workers: &[&Worker], moment: String) -> anyhow::Result<()> {
        if self.cuts.len() as u64 >= self.most {
            return Ok(());
        }
        let dir = self.ctx.folder("cut");
        let processes: Vec<u32> = workers.iter().map(|worker| worker.id()).collect();
        standing_still(&processes, || Disks::copy(&self.dir, &dir))?;
        self.cuts.push(Cut {
            dir,
            ledger: self.ledger.clone(),
            moment,
        });
        Ok(())
    }
}
