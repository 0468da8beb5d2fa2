//! Do the campaigns bite? Ten faults are planted in a second build of tablet and server, one at a time, and each must be found
//! by a short stretch of the campaign that is there for its kind. The very same runs without the fault must find nothing: a
//! check that always cries is as blind as one that never does.
//!
//! The toothed programs (`toothed-faults`, `toothed-worker`) are built when this campaign starts, under names of their own.
//! Everything that belongs to a run is theirs: the site is made, the stage is run, and both sides are started again, with the
//! fault in place. Only the oracle's comparison looks at nothing that a planted fault has touched.

mod build;
mod cases;
mod liar;

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;

use crate::ctx::Ctx;
use crate::report::Report;

pub use cases::{CASES, Case};

/// Its name.
pub const NAME: &str = "teeth";
/// The variable that chooses the fault in a toothed program. Put together when needed: only programs with planted faults
/// hold the whole word.
const CHOICE: [&str; 2] = ["FIELDSEAL", "TOOTH"];
/// Letters of a failure that are told.
const TOLD: usize = 160;

fn choice() -> String {
    CHOICE.join("_")
}

/// A planted fault, where it is, and the cases that must find it, each for itself.
struct Tooth {
    name: &'static str,
    planted: &'static str,
    cases: &'static [&'static str],
}

const fn tooth(name: &'static str, planted: &'static str, cases: &'static [&'static str]) -> Tooth {
    Tooth {
        name,
        planted,
        cases,
    }
}

/// All ten. The guards that they take away stand where `planted` says.
const TEETH: [Tooth; 10] = [
    tooth(
        "no-file-fsync",
        "tablet: a segment is not synced",
        &["power"],
    ),
    tooth("no-dir-fsync", "server: no folder is synced", &["power"]),
    tooth("wal-normal", "tablet: commits are not synced", &["power"]),
    tooth(
        "row-before-file",
        "server: the packet's row is written before its file has its place",
        &["kill-adopt"],
    ),
    tooth(
        "reclaim-on-2xx",
        "tablet: the last byte's 2xx counts as a receipt",
        &["kill-sync"],
    ),
    tooth(
        "no-unique-index",
        "tablet: a capture's number is no key",
        &["kill-capture"],
    ),
    tooth(
        "skip-hash-check",
        "tablet: the receipt's digest is not compared with the zip's",
        &["other-bytes"],
    ),
    tooth(
        "swallow-eio",
        "tablet: errors of writing a segment are swallowed",
        &["errors-capture"],
    ),
    tooth(
        "finalise-not-atomic",
        "server: a blob is copied to its name, and believed to be whole when it has it",
        &["power", "kill-finalise"],
    ),
    tooth(
        "leaf-outside-transaction",
        "server: the leaf-to-be is not in the packet's transaction",
        &["kill-commit"],
    ),
];

/// What came of one fault.
struct Bite {
    tooth: &'static Tooth,
    case: &'static str,
    report: Report,
}

/// The campaign.
pub fn run(ctx: &Ctx) -> anyhow::Result<Report> {
    let toothed = match build::toothed(ctx) {
        Ok(program) => program,
        Err(why) => return Ok(Report::not_run(NAME, format!("{why:#}"))),
    };
    let each = |tooth: &'static Tooth| tooth.cases.iter().map(move |case| (tooth, *case));
    let work = TEETH.iter().flat_map(each).collect();
    let bites = side_by_side(ctx, work, |(tooth, case)| {
        let mut command = Command::new(&toothed);
        command.env(choice(), tooth.name);
        let report = ask(ctx, command, case, u64::MAX)?;
        Ok(Bite {
            tooth,
            case,
            report,
        })
    })?;
    let mut found = Report::new(NAME);
    found.points = TEETH.len() as u64;
    // The same runs again, without a fault: as many as the slowest to be found needed.
    let mut again: BTreeMap<&'static str, u64> = BTreeMap::new();
    for bite in &bites {
        judge(bite, &mut found);
        let most = again.entry(bite.case).or_default();
        *most = bite.report.runs.max(*most);
    }
    let this = std::env::current_exe()?;
    let controls = side_by_side(ctx, again.into_iter().collect(), |(case, most)| {
        let mut command = Command::new(&this);
        command.env_remove(choice());
        Ok((case, ask(ctx, command, case, most.max(1))?))
    })?;
    for (case, report) in controls {
        found.runs += report.runs;
        found.started_in(report.slowest_start);
        if report.skipped.is_none() && !report.passed() {
            let why = report.failures.first().cloned().unwrap_or_default();
            found
                .failures
                .push(format!("{case}: fails without a planted fault: {why}"));
        }
    }
    let missed: BTreeSet<&str> = bites
        .iter()
        .filter(|bite| bite.report.skipped.is_some() || bite.report.failures.is_empty())
        .map(|bite| bite.tooth.name)
        .collect();
    let caught = TEETH.len() - missed.len();
    found.notes.insert(
        0,
        format!("{caught} of {} planted faults were caught", TEETH.len()),
    );
    Ok(found)
}

fn judge(bite: &Bite, found: &mut Report) {
    let Bite {
        tooth,
        case,
        report,
    } = bite;
    let Tooth { name, planted, .. } = tooth;
    found.runs += report.runs;
    if let Some(why) = &report.skipped {
        let said = format!("{name} was not tried: {case}: {why}");
        found.skipped = Some(match found.skipped.take() {
            Some(before) => format!("{before}; {said}"),
            None => said,
        });
        return;
    }
    match report.failures.first() {
        Some(what) => {
            let what: String = what.chars().take(TOLD).collect();
            found.notes.push(format!(
                "{name} ({planted}): caught by {case} in run {}: {what}",
                report.runs
            ));
        }
        None => found.failures.push(format!(
            "{name} ({planted}) was not caught by {case} in {} runs",
            report.runs
        )),
    }
}

/// Runs a case in another process.
fn ask(ctx: &Ctx, mut command: Command, case: &'static str, most: u64) -> anyhow::Result<Report> {
    let output = command
        .args(["--case", case, "--json"])
        .args(["--most", &most.to_string()])
        .args(["--seed", &ctx.seed.to_string(), "--jobs", "1"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .with_context(|| format!("{case} could not be started"))?;
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("{case} gave no report: {}", output.status))?;
    let report = reports
        .first()
        .and_then(|json| Report::from_json(NAME, json));
    report.with_context(|| format!("{case} gave no report"))
}

/// Does each of `work` on as many threads as there are jobs.
fn side_by_side<W: Send, T: Send>(
    ctx: &Ctx,
    work: Vec<W>,
    one: impl Fn(W) -> anyhow::Result<T> + Sync,
) -> anyhow::Result<Vec<T>> {
    let waiting = Mutex::new(work.into_iter().enumerate());
    let done = Mutex::new(Vec::new());
    let job = || -> anyhow::Result<()> {
        loop {
            let next = waiting
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .next();
            let Some((place, next)) = next else {
                return Ok(());
            };
            let result = one(next)?;
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((place, result));
        }
    };
    std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..ctx.jobs).map(|_| scope.spawn(job)).collect();
        jobs.into_iter().try_for_each(|job| {
            job.join()
                .unwrap_or_else(|_| Err(anyhow::anyhow!("a job panicked")))
        })
    })?;
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(place, _)| *place);
    Ok(done.into_iter().map(|(_, result)| result).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tooth_has_its_case() {
        let mut names: Vec<&str> = TEETH.iter().map(|tooth| tooth.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 10);
        for tooth in &TEETH {
            let known = |name: &&str| CASES.iter().any(|case| case.name == *name);
            assert!(
                !tooth.cases.is_empty() && tooth.cases.iter().all(known),
                "{}",
                tooth.name
            );
        }
    }

    #[test]
    fn what_was_not_caught_is_a_failure_and_what_was_not_tried_no_pass() {
        let caught = |failures: &[&str]| Report {
            runs: 3,
            failures: failures.iter().map(|one| (*one).to_owned()).collect(),
            ..Report::new("kill")
        };
        let mut found = Report::new(NAME);
        let tooth = &TEETH[0];
        let bite = |report| Bite {
            tooth,
            case: tooth.cases[0],
            report,
        };
        judge(&bite(caught(&["LOST: everything"])), &mut found);
        assert!(found.passed() && found.notes.len() == 1);
        judge(&bite(caught(&[])), &mut found);
        assert!(!found.passed() && found.failures.len() == 1);
        let mut found = Report::new(NAME);
        judge(&bite(Report::not_run("power", "no mounts")), &mut found);
        assert!(!found.passed() && found.skipped.is_some());
    }
}
