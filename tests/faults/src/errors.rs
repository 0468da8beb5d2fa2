//! Errors of the disk: EIO, ENOSPC and EMFILE at every call that touches a file of the site, once and from then on. What was
//! acknowledged before stays; what fails says so by a code that the screens have a sentence for; nothing that failed is
//! acknowledged; and when the disk is well again, a restart goes on with everything.
//!
//! Short: each error of each kind of call in each scene once, and others by the seed up to [`SHORT_RUNS`]. Long: every call
//! with each of its errors.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use crate::ctx::{Ctx, Form};
use crate::oracle::{Finish, examine};
use crate::report::Report;
use crate::rng::Rng;
use crate::runs::{self, Outcome};
use crate::scene::{SCENES, Scene, Templates};
use crate::site;
use crate::strace::{self, Call, Ended, Point};

/// As it is asked for.
pub const NAME: &str = "errors";
/// Uploads under an error that stays are given up after so long.
const PATIENCE: Duration = Duration::from_secs(1);
/// Points of the short form: within two minutes on two cores.
const SHORT_RUNS: usize = 200;

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
    let mut every: Vec<(&'static Scene, Point)> = Vec::new();
    for scene in SCENES.iter().filter(|scene| !scene.threads.gated()) {
        let calls = scene.calls(ctx, &templates)?;
        let places = places(&calls, ctx.scratch.path());
        report
            .notes
            .push(format!("{}: {} calls", scene.name, places.len()));
        for (call, number) in places {
            let variants = variants(&call, number).into_iter();
            every.extend(variants.map(|point| (scene, point)));
        }
    }
    drop(templates);
    report.points = every.len() as u64;
    let runs = plan(ctx, &every);
    runs::all(ctx, runs, &mut report, one)?;
    report.most_must_be_reached();
    Ok(report)
}

/// The N-th call of a name, if the first thread that comes so far is then at a file of the site.
fn places(calls: &[Call], site: &Path) -> Vec<(String, u64)> {
    let mut seen = BTreeSet::new();
    let mut places = Vec::new();
    for call in calls {
        let first = seen.insert((call.name.clone(), call.number));
        let has_error = ERRORS.iter().any(|(_, names)| names.contains(&&*call.name));
        if first && has_error && is_of_product(&call.rest, site) {
            places.push((call.name.clone(), call.number));
        }
    }
    places
}

/// At a file of tablet or server: not at what only the worker reads.
fn is_of_product(call: &str, site: &Path) -> bool {
    strace::is_at(call, site) && !call.contains(site::FILE)
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
            at: None,
        }));
    }
    points
}

fn plan(ctx: &Ctx, every: &[(&'static Scene, Point)]) -> Vec<Run> {
    let mut rng = Rng::new(ctx.seed ^ 0xe11);
    let mut order: Vec<&(&'static Scene, Point)> = every.iter().collect();
    if let Some(wanted) = &ctx.point {
        order.retain(|(scene, point)| name(scene, point) == *wanted);
    }
    rng.shuffle(&mut order);
    if let Form::Short = ctx.form {
        // First each kind of error in each scene, then whatever comes.
        let mut seen = BTreeSet::new();
        order.sort_by_key(|(scene, point)| {
            let stays = point.when.ends_with('+');
            !seen.insert((scene.name, point.call.clone(), point.what, stays))
        });
        order.truncate(SHORT_RUNS);
    }
    let runs = order.into_iter().map(|(scene, point)| Run {
        scene,
        point: point.clone(),
        seed: rng.draw(),
    });
    runs.collect()
}

fn name(scene: &Scene, point: &Point) -> String {
    format!("{} {point}", scene.name)
}

fn one(ctx: &Ctx, templates: &Templates, run: &Run) -> anyhow::Result<Outcome> {
    let Run { scene, point, seed } = run;
    let (site, mut ledger) = templates.copy(scene.from, ctx.folder("run"))?;
    let mut outcome = Outcome {
        name: name(scene, point),
        ..Outcome::default()
    };
    let mut word = None;
    let fault = (point, PATIENCE);
    let (ended, strikes) = scene.play_at_site(ctx, &site, &mut ledger, fault, &mut |line| {
        if let Some(code) = line.trim_end().strip_prefix("failed ") {
            word = Some(code.to_owned());
        }
    })?;
    outcome.reached = is_as_meant(point, &strikes, &site.dir);
    // Else threads came in another order, and what failed was a pipe or a library: no disk's error comes there.
    if outcome.reached || strikes.is_empty() {
        let complaint = complaint(scene, ended, word.as_deref());
        outcome.failures.extend(complaint);
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

/// Whether what was struck is what a disk's error strikes.
fn is_as_meant(point: &Point, strikes: &[String], site: &Path) -> bool {
    let mut at_site = strikes.iter().map(|strike| is_of_product(strike, site));
    if NOT_FOR_FILES_ALONE.contains(&&*point.call) {
        !strikes.is_empty() && at_site.all(|at_site| at_site)
    } else {
        at_site.next() == Some(true)
    }
}

/// What is wrong with how a stage ended that met an error of its disk.
pub fn complaint(scene: &Scene, ended: Ended, word: Option<&str>) -> Option<String> {
    match (ended, word) {
        (Ended::Killed, _) => Some("it was killed".to_owned()),
        (Ended::Failed, None) => Some("it broke off without a word".to_owned()),
        (Ended::Failed, Some(code)) if !scene.is_server() && !is_clear(code) => {
            Some(format!("it only said '{code}'"))
        }
        _ => None,
    }
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
        let places = places(&strace::calls(log), Path::new("/site"));
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
