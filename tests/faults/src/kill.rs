//! Kill at every point: SIGKILL at every write, sync, rename and removal of capture → seal → sync → reclaim on the tablet,
//! and of the server's start, intake and receipt. After each kill both are restarted and the line is finished: 0 lost, 0
//! doubled. What a kill can't show is whether anything is on the disk: the page cache outlives the process (`power` does).
//!
//! Short: every point once, in a seeded order, and a second kill during the recovery from some of them. Long: 10,000 runs.

use std::collections::BTreeMap;

use crate::ctx::{Ctx, Form};
use crate::oracle::{Finish, examine};
use crate::report::Report;
use crate::rng::Rng;
use crate::runs::{self, Outcome};
use crate::scene::{PATIENCE, SCENES, SERVER, Scene, Templates};
use crate::strace::{self, CHANGING, Call, Ended, Point};

/// As it is asked for.
pub const NAME: &str = "kill";
/// Runs of the long form.
const LONG_RUNS: u64 = 10_000;
/// Runs of the short form with a second kill during the recovery from the first.
const SHORT_SECOND_KILLS: u64 = 60;
/// A second kill comes within so many calls of one kind: that is the length of a start.
const RECOVERY_CALLS: u64 = 40;

/// One run: a stage, a kill, and perhaps kills of the starts after it.
#[derive(Debug, Clone)]
struct Run {
    scene: &'static Scene,
    point: Point,
    /// Kills of the starts that follow.
    then: Vec<Point>,
    seed: u64,
}

/// The campaign.
pub fn run(ctx: &Ctx) -> anyhow::Result<Report> {
    if let Err(why) = strace::usable() {
        return Ok(Report::not_run(NAME, why));
    }
    let mut report = Report::new(NAME);
    let templates = Templates::prepare(ctx)?;
    let mut every = Vec::new();
    for scene in SCENES {
        let calls = scene.calls(ctx, &templates)?;
        let points = points(&calls);
        report
            .notes
            .push(format!("{}: {} points", scene.name, points.len()));
        every.extend(points.into_iter().map(|point| (scene, point)));
    }
    drop(templates);
    report.points = every.len() as u64;
    let runs = plan(ctx, &every);
    runs::all(ctx, runs, &mut report, |ctx, templates, run| {
        one(ctx, templates, run)
    })?;
    report.most_must_be_reached();
    Ok(report)
}

/// Each N up to the busiest thread's count.
fn points(calls: &[Call]) -> Vec<Point> {
    let mut most: BTreeMap<&str, u64> = BTreeMap::new();
    for call in calls.iter().filter(|call| CHANGING.contains(&&*call.name)) {
        let most = most.entry(&call.name).or_default();
        *most = (*most).max(call.number);
    }
    most.into_iter()
        .flat_map(|(call, most)| (1..=most).map(move |n| kill(call, n)))
        .collect()
}

fn kill(call: &str, number: u64) -> Point {
    Point {
        call: call.to_owned(),
        when: number.to_string(),
        what: "signal=KILL",
        at: None,
    }
}

fn plan(ctx: &Ctx, every: &[(&'static Scene, Point)]) -> Vec<Run> {
    let mut rng = Rng::new(ctx.seed);
    let mut runs: Vec<Run> = Vec::new();
    let single = |(scene, point): &(&'static Scene, Point), seed| Run {
        scene,
        point: point.clone(),
        then: Vec::new(),
        seed,
    };
    for chosen in every {
        runs.push(single(chosen, rng.draw()));
    }
    rng.shuffle(&mut runs);
    let more = match ctx.form {
        Form::Short => SHORT_SECOND_KILLS,
        Form::Long => LONG_RUNS.saturating_sub(runs.len() as u64),
    };
    for _ in 0..more {
        let Some(chosen) = every.get(rng.below(every.len() as u64) as usize) else {
            break;
        };
        let mut run = single(chosen, rng.draw());
        for _ in 0..1 + rng.below(3) {
            let call = ["pwrite64", "fsync", "write", "rename", "fdatasync"];
            let call = call[rng.below(call.len() as u64) as usize];
            run.then.push(kill(call, 1 + rng.below(RECOVERY_CALLS)));
        }
        runs.push(run);
    }
    runs
}

fn one(ctx: &Ctx, templates: &Templates, run: &Run) -> anyhow::Result<Outcome> {
    let Run {
        scene,
        point,
        then,
        seed,
    } = run;
    let (site, mut ledger) = templates.copy(scene.from, ctx.folder("run"))?;
    let mut outcome = Outcome::default();
    let ended = scene.play(ctx, &site, &mut ledger, (point, PATIENCE), &mut |_| {})?;
    outcome.reached = ended == Ended::Killed;
    if ended == Ended::Failed {
        outcome
            .failures
            .push("the child failed by itself".to_owned());
    }
    // The start of whatever was killed, killed again.
    let restart = if scene.is_server() { SERVER } else { "start" };
    if let Some(restart) = Scene::named(restart) {
        for point in then {
            let ended = restart.play(ctx, &site, &mut ledger, (point, PATIENCE), &mut |_| {})?;
            if ended == Ended::Failed {
                outcome
                    .failures
                    .push(format!("the start after it failed by itself at {point}"));
            }
        }
    }
    let finish = Finish {
        seed: *seed,
        reclaim: scene.reclaim,
    };
    let verdict = examine(&site, &mut ledger, finish);
    outcome.failures.extend(verdict.failures);
    outcome.slowest_start = verdict.slowest_start;
    let then: Vec<String> = then.iter().map(Point::to_string).collect();
    outcome.name = format!("{} {point} {}", scene.name, then.join(" "));
    site.remove()?;
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_up_to_the_busiest_threads_last_is_a_point() {
        let call = |thread: &str, name: &str, number| Call {
            thread: thread.to_owned(),
            name: name.to_owned(),
            number,
            rest: String::new(),
        };
        let calls = [
            call("1", "fsync", 1),
            call("1", "fsync", 2),
            call("2", "fsync", 1),
            call("2", "read", 1),
            call("2", "rename", 1),
        ];
        let points: Vec<String> = points(&calls).iter().map(Point::to_string).collect();
        assert_eq!(
            points,
            [
                "fsync:signal=KILL:when=1",
                "fsync:signal=KILL:when=2",
                "rename:signal=KILL:when=1"
            ]
        );
    }
}
