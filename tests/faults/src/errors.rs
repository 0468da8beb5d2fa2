//! Errors of the disk: EIO, ENOSPC and EMFILE at every call that touches a file of the site, once and from then on. What was
//! acknowledged before stays; what fails says so by a code that the screens have a sentence for; nothing that failed is
//! acknowledged; and when the disk is well again, a restart goes on with everything.
//!
//! Short: every call once, with one of its errors, by the seed. Long: every call with each of its errors, ten times over
//! in other orders and with kills of the restart in between.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::ctx::{Ctx, Form};
use crate::oracle::{Finish, examine};
use crate::report::Report;
use crate::rng::Rng;
use crate::runs::{self, Outcome};
use crate::scene::{SCENES, SERVER, Scene, Templates};
use crate::strace::{self, Call, Ended, Point};

/// As it is asked for.
pub const NAME: &str = "errors";
/// Uploads under an error that stays are given up after so long.
const PATIENCE: Duration = Duration::from_secs(1);
/// Runs of the long form through all points.
const LONG_ROUNDS: usize = 10;

/// A disk that fails, that is full, and a table of open files that is.
const ERRORS: &[(&str, &[&str])] = &[
    (
        "error=EIO",
        &[
            "write",
            "pwrite64",
            "fsync",
            "fdatasync",
            "rename",
            "renameat",
            "renameat2",
            "unlink",
            "unlinkat",
            "ftruncate",
            "openat",
        ],
    ),
    (
        "error=ENOSPC",
        &["write", "pwrite64", "ftruncate", "rename", "mkdir", "fsync"],
    ),
    ("error=EMFILE", &["openat"]),
];

/// Calls that also go to pipes and sockets, to which no disk's error comes: those can't be struck for good.
const NOT_FOR_FILES_ALONE: &[&str] = &["write"];

/// One run.
#[derive(Debug, Clone)]
struct Run {
    scene: &'static Scene,
    point: Point,
    seed: u64,
}

/// The campaign.
pub fn run(ctx: &Ctx) -> anyhow::Result<Report> {
    if let Err(why) = strace::usable() {
        return Ok(Report::not_run(NAME, why));
    }
    let mut report = Report::new(NAME);
    let templates = Templates::prepare(ctx)?;
    let mut every: Vec<Vec<(&'static Scene, Point)>> = Vec::new();
    for scene in SCENES.iter().filter(|scene| !scene.threads.gated()) {
        let calls = scene.calls(ctx, &templates)?;
        let marks = ctx.scratch.path().display().to_string();
        let places = places(&calls, &marks);
        report
            .notes
            .push(format!("{}: {} calls", scene.name, places.len()));
        for (call, number) in places {
            let variants = variants(&call, number).into_iter();
            every.push(variants.map(|point| (scene, point)).collect());
        }
    }
    drop(templates);
    report.points = every.iter().map(|variants| variants.len() as u64).sum();
    let runs = plan(ctx, &every);
    runs::all(ctx, runs, &mut report, one)?;
    Ok(report)
}

/// The N-th call of a name, if the first thread that comes so far is then at a file of the site.
fn places(calls: &[Call], site: &str) -> Vec<(String, u64)> {
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for call in calls {
        let first = seen.insert((call.name.clone(), call.number));
        let has_error = ERRORS.iter().any(|(_, names)| names.contains(&&*call.name));
        if first && has_error && call.rest.contains(site) {
            places.push((call.name.clone(), call.number));
        }
    }
    places
}

fn variants(call: &str, number: u64) -> Vec<Point> {
    let mut points = Vec::new();
    for (what, _) in ERRORS.iter().filter(|(_, names)| names.contains(&call)) {
        let mut whens = vec![number.to_string()];
        if !NOT_FOR_FILES_ALONE.contains(&call) {
            whens.push(format!("{number}+"));
        }
        points.extend(whens.into_iter().map(|when| Point {
            call: call.to_owned(),
            when,
            what,
        }));
    }
    points
}

fn plan(ctx: &Ctx, every: &[Vec<(&'static Scene, Point)>]) -> Vec<Run> {
    let mut rng = Rng::new(ctx.seed ^ 0xe11);
    let mut runs = Vec::new();
    let mut add = |(scene, point): &(&'static Scene, Point), rng: &mut Rng| {
        runs.push(Run {
            scene,
            point: point.clone(),
            seed: rng.draw(),
        });
    };
    match ctx.form {
        Form::Short => {
            for variants in every {
                let chosen = rng.below(variants.len() as u64) as usize;
                add(&variants[chosen], &mut rng);
            }
        }
        Form::Long => {
            for _ in 0..LONG_ROUNDS {
                every
                    .iter()
                    .flatten()
                    .for_each(|chosen| add(chosen, &mut rng));
            }
        }
    }
    rng.shuffle(&mut runs);
    runs
}

fn one(ctx: &Ctx, templates: &Templates, run: &Run) -> anyhow::Result<Outcome> {
    let Run { scene, point, seed } = run;
    let (site, mut ledger) = templates.copy(scene.from, ctx.folder("run"))?;
    let mut outcome = Outcome {
        name: format!("{} {point}", scene.name),
        // Whether an error was met can't be seen from outside: much of what meets one goes on rightly.
        reached: true,
        ..Outcome::default()
    };
    let mut word = None;
    let played = scene.play(ctx, &site, &mut ledger, (point, PATIENCE), &mut |line| {
        if let Some(code) = line.trim_end().strip_prefix("failed ") {
            word = Some(code.to_owned());
        }
    });
    let ended = match played {
        // Threads came in another order, and what failed was a thread's wake-up: no disk's error comes there.
        Err(_) if NOT_FOR_FILES_ALONE.contains(&&*point.call) => {
            outcome.reached = false;
            site.remove()?;
            return Ok(outcome);
        }
        played => played?,
    };
    match (ended, word.as_deref()) {
        (Ended::Killed, _) => outcome.failures.push("it was killed".to_owned()),
        (Ended::Failed, None) if !silenced(point) => outcome
            .failures
            .push("it broke off without a word".to_owned()),
        (Ended::Failed, Some(code)) if scene.name != SERVER && !is_clear(code) => {
            outcome.failures.push(format!("it only said '{code}'"));
        }
        _ => {}
    }
    let finish = Finish {
        seed: *seed,
        reclaim: scene.reclaim,
    };
    let verdict = examine(&site, &mut ledger, finish);
    outcome.failures.extend(verdict.failures);
    outcome.slowest_start = verdict.slowest_start;
    site.remove()?;
    Ok(outcome)
}

/// The call that failed may be the one that says so.
fn silenced(point: &Point) -> bool {
    point.call == "write"
}

/// Codes that tell an officer what is the matter. "Something went wrong inside" does not.
fn is_clear(code: &str) -> bool {
    !matches!(code, "internal" | "other" | "bad-request" | "not-found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_calls_at_files_of_the_site_are_struck() {
        let log = "1 openat(AT_FDCWD</x>, \"/lib/libc.so\") = 3\n\
            1 openat(AT_FDCWD</x>, \"/site/tablet/vault.db\") = 3\n\
            2 pwrite64(3</site/tablet/vault.db>, \"\", 1, 0) = 1\n\
            1 write(4<anon_inode:[eventfd]>, \"\", 8) = 8\n";
        let places = places(&strace::calls(log), "/site");
        assert_eq!(
            places,
            [("openat".to_owned(), 2), ("pwrite64".to_owned(), 1)]
        );
    }

    #[test]
    fn once_and_for_good_each_error_that_a_call_can_have() {
        let whole: Vec<String> = variants("openat", 2).iter().map(Point::to_string).collect();
        assert_eq!(whole.len(), 4);
        assert!(whole.contains(&"openat:error=EMFILE:when=2+".to_owned()));
        assert_eq!(
            variants("write", 1).len(),
            2,
            "for good, it would meet pipes and sockets too"
        );
    }
}
