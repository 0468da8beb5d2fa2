//! The power goes: only what was synced is still there.
//!
//! Killing a process never tests this, because what it had written stays in the kernel's cache. Here tablet and server run
//! on loop-mounted images; at each moment the images are copied as they are, which is what a power cut would leave on the
//! disk. The copies are mounted (the journal is replayed), both sides are started by the product's own start-up, and the
//! oracle looks whether everything that had been acknowledged by then is there.

pub mod apart;
mod child;
mod images;
mod machine;
mod round;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;

use crate::ctx::{Ctx, Form};
use crate::oracle::{Finish, Verdict, examine};
use crate::report::Report;
use crate::rng::Rng;
pub use images::run as run_tool;
use machine::Disks;
use round::{Cut, live};

/// Its name.
pub const NAME: &str = "power";

/// Cuts of one round of the line, at least.
const BRIEF: u64 = 32;

/// Cuts between two words about how far it is.
const TELL_EVERY: u64 = 100;

/// Cuts of the whole campaign.
const fn cuts(form: Form) -> u64 {
    match form {
        Form::Short => 150,
        Form::Long => 5000,
    }
}

/// Runs it: in a mount namespace of its own, or says why that can't be.
pub fn run(ctx: &Ctx) -> anyhow::Result<Report> {
    if apart::is_apart() {
        apart::end_with_the_one_outside();
        return cut_off(ctx, cuts(ctx.form), false);
    }
    match apart::possible() {
        Ok(()) => apart::again(ctx, NAME, &["--only", NAME]),
        Err(why) => Ok(Report::not_run(NAME, format!("{why:#}"))),
    }
}

/// One round of the line, or less, until the first failure.
pub fn brief(ctx: &Ctx, most: u64) -> anyhow::Result<Report> {
    let most = most.min(BRIEF);
    if apart::is_apart() {
        apart::end_with_the_one_outside();
        return cut_off(ctx, most, true);
    }
    match apart::possible() {
        Ok(()) => apart::again(ctx, NAME, &["--case", NAME, "--most", &most.to_string()]),
        Err(why) => Ok(Report::not_run(NAME, format!("{why:#}"))),
    }
}

/// So many power cuts, on all jobs; to the end, or until one shows a failure.
fn cut_off(ctx: &Ctx, wanted: u64, until_failure: bool) -> anyhow::Result<Report> {
    let left = AtomicU64::new(wanted);
    let report = Mutex::new(Report::new(NAME));
    std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..ctx.jobs as u64)
            .map(|job| {
                let (left, report) = (&left, &report);
                scope.spawn(move || job_of(ctx, job, left, until_failure, report))
            })
            .collect();
        jobs.into_iter().try_for_each(|job| {
            job.join()
                .unwrap_or_else(|_| Err(anyhow::anyhow!("a job panicked")))
        })
    })?;
    let mut report = report.into_inner().unwrap_or_default();
    report.notes.push(format!(
        "{} power cuts, each of two disks a machine: four images mounted and checked",
        report.runs
    ));
    Ok(report)
}

fn job_of(
    ctx: &Ctx,
    job: u64,
    left: &AtomicU64,
    until_failure: bool,
    report: &Mutex<Report>,
) -> anyhow::Result<()> {
    let template = ctx.folder("template");
    Disks::prepare(&template, &ctx.folder("prepared")).context("the machines could not be made")?;
    for number in 0.. {
        let most = left.load(Ordering::SeqCst);
        if most == 0 {
            break;
        }
        let seed = Rng::new(ctx.seed ^ (job << 48) ^ (number << 16)).draw();
        let round = live(ctx, &template, seed, most)?;
        if let Some(why) = round.broke_off {
            let mut report = report.lock().unwrap_or_else(|error| error.into_inner());
            report
                .failures
                .push(format!("seed {seed}: the line broke off: {why}"));
            report.runs = report.runs.max(1);
            if round.cuts.is_empty() || until_failure {
                left.store(0, Ordering::SeqCst);
            }
        }
        for cut in round.cuts {
            let mine = left
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                    left.checked_sub(1)
                })
                .is_ok();
            if mine {
                let moment = cut.moment.clone();
                let verdict = check(&cut, seed);
                let mut report = report.lock().unwrap_or_else(|error| error.into_inner());
                report.runs += 1;
                report.points += 1;
                report.started_in(verdict.slowest_start);
                for what in verdict.failures {
                    let what = format!("seed {seed}, power cut {moment}: {what}");
                    ctx.say(&format!("  FAILED {what}"));
                    report.failures.push(what);
                }
                if report.runs.is_multiple_of(TELL_EVERY) {
                    ctx.say(&format!(
                        "  {} of {} power cuts, {} failures, slowest start-up {} ms",
                        report.runs,
                        cuts(ctx.form),
                        report.failures.len(),
                        report.slowest_start.as_millis()
                    ));
                }
                if until_failure && !report.failures.is_empty() {
                    left.store(0, Ordering::SeqCst);
                }
            }
            std::fs::remove_dir_all(&cut.dir).with_context(|| format!("after {}", cut.moment))?;
        }
    }
    std::fs::remove_dir_all(&template)?;
    Ok(())
}

/// What the copies hold when the power is back.
fn check(cut: &Cut, seed: u64) -> Verdict {
    let looked = Disks::mount(&cut.dir).and_then(|disks| {
        let mut ledger = cut.ledger.clone();
        let finish = Finish {
            seed: seed ^ 1,
            reclaim: true,
        };
        let verdict = examine(&disks.site()?, &mut ledger, finish);
        disks.unmount()?;
        Ok(verdict)
    });
    looked.unwrap_or_else(|error| Verdict {
        failures: vec![format!("the disks could not be used again: {error:#}")],
        ..Verdict::default()
    })
}
