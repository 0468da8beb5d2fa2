//! A disk that is full for good, from the N-th page on: tablet or server lies on a disk in memory on which N pages are left
//! when a stage begins, and every write beyond them fails with ENOSPC, whatever call it is and whoever makes it. The
//! reserves that tablet and server keep are taken away first, as a neighbour could who fills the disk just after they looked.
//!
//! What must hold: whatever fails says a code that the screens have a sentence for; a tablet that is started again on the
//! full disk does not break off either; a server that was started goes on once there is space, without a restart; and
//! then, after a restart, nothing that was acknowledged is lost.
//!
//! Short: [`SHORT_RUNS`] numbers of pages in each stage, none left among them. Long: every number up to what the stage needs.

mod disk;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::Context as _;

use crate::ctx::{Ctx, Form};
use crate::errors::complaint;
use crate::ledger::Ledger;
use crate::oracle::{Finish, examine};
use crate::power::apart;
use crate::report::Report;
use crate::rng::Rng;
use crate::runs::{self, Outcome};
use crate::scene::{self, SCENES, Scene, Templates};
use crate::serving::Serving;
use crate::site::Site;
use crate::strace::{self, Ended};
use crate::tablet::{NOT_SAFE, Tablet, code_of};
use disk::SmallDisk;

/// As it is asked for.
pub const NAME: &str = "full";
/// Numbers of pages tried in each stage.
const SHORT_RUNS: u64 = 6;
/// Uploads to or from a full disk are given up after so long.
const PATIENCE: Duration = Duration::from_secs(1);
/// Between two looks at how much a stage needs.
const LOOK_EVERY: Duration = Duration::from_micros(200);

/// One run.
#[derive(Debug, Clone)]
struct Run {
    scene: &'static Scene,
    pages: u64,
    seed: u64,
}

/// The campaign: in a mount namespace of its own, or says why that can't be.
pub fn run(ctx: &Ctx) -> anyhow::Result<Report> {
    if apart::is_apart() {
        apart::end_with_the_one_outside();
        return fill(ctx);
    }
    match apart::can_be_apart() {
        Ok(()) => apart::again(ctx, NAME, &["--only", NAME]),
        Err(why) => Ok(Report::not_run(NAME, format!("{why:#}"))),
    }
}

fn fill(ctx: &Ctx) -> anyhow::Result<Report> {
    let mut report = Report::new(NAME);
    let templates = Templates::prepare(ctx)?;
    let mut needed = BTreeMap::new();
    for scene in SCENES.iter().filter(|scene| !scene.threads.gated()) {
        let pages = needs(ctx, &templates, scene)?;
        report
            .notes
            .push(format!("{}: needs {pages} pages", scene.name));
        needed.insert(scene.name, pages);
    }
    drop(templates);
    let runs = plan(ctx, &needed);
    report.points = runs.len() as u64;
    runs::all(ctx, runs, &mut report, one)?;
    Ok(report)
}

fn plan(ctx: &Ctx, needed: &BTreeMap<&'static str, u64>) -> Vec<Run> {
    let mut rng = Rng::new(ctx.seed ^ 0xf11);
    let mut runs = Vec::new();
    for scene in SCENES {
        let Some(needs) = needed.get(scene.name) else {
            continue;
        };
        let mut numbers: Vec<u64> = (0..=*needs).collect();
        if ctx.form == Form::Short && ctx.point.is_none() {
            rng.shuffle(&mut numbers);
            // Not even a byte more: the first of every form.
            numbers.sort_by_key(|pages| *pages != 0);
            numbers.truncate(usize::try_from(SHORT_RUNS).unwrap_or(usize::MAX));
        }
        for pages in numbers {
            let seed = rng.draw();
            runs.push(Run { scene, pages, seed });
        }
    }
    if let Some(wanted) = &ctx.point {
        runs.retain(|run| name(run) == *wanted);
    }
    rng.shuffle(&mut runs);
    runs
}

fn name(run: &Run) -> String {
    format!("{} pages={}", run.scene.name, run.pages)
}

/// The most pages that a stage uses beyond what lies there when it begins.
fn needs(ctx: &Ctx, templates: &Templates, scene: &'static Scene) -> anyhow::Result<u64> {
    let (site, mut ledger) = templates.copy(scene.from, ctx.folder("needs"))?;
    let site = without_reserves(site)?;
    let disk = small_disk(scene, &site)?;
    let before = disk.pages()?;
    let over = AtomicBool::new(false);
    let most = std::thread::scope(|threads| {
        let watch = threads.spawn(|| {
            let mut most = before;
            while !over.load(Ordering::SeqCst) {
                most = most.max(disk.pages().unwrap_or(0));
                std::thread::sleep(LOOK_EVERY);
            }
            most
        });
        let played = Play {
            ctx,
            scene,
            site: &site,
            disk: &disk,
            patience: scene::PATIENCE,
        }
        .stage(&mut ledger);
        over.store(true, Ordering::SeqCst);
        played.map(|_| watch.join().unwrap_or(before))
    })?;
    drop(disk);
    site.remove()?;
    Ok(most - before)
}

fn without_reserves(mut site: Site) -> anyhow::Result<Site> {
    site.no_reserve = true;
    site.save()?;
    Ok(site)
}

fn small_disk(scene: &Scene, site: &Site) -> anyhow::Result<SmallDisk> {
    let folder = match scene.is_server() {
        true => site.server(),
        false => site.tablet(),
    };
    SmallDisk::under(&folder).context("a disk in memory")
}

fn one(ctx: &Ctx, templates: &Templates, run: &Run) -> anyhow::Result<Outcome> {
    let (site, mut ledger) = templates.copy(run.scene.from, ctx.folder("run"))?;
    let site = without_reserves(site)?;
    let disk = small_disk(run.scene, &site)?;
    disk.leave(run.pages)?;
    let mut outcome = Outcome {
        name: name(run),
        reached: true,
        ..Outcome::default()
    };
    let play = Play {
        ctx,
        scene: run.scene,
        site: &site,
        disk: &disk,
        patience: PATIENCE,
    };
    let (ended, word) = play.stage(&mut ledger)?;
    let complained = complaint(run.scene, ended, word.as_deref());
    outcome.failures.extend(complained);
    if !run.scene.is_server() {
        let again = play.start_again(&mut ledger, PATIENCE)?;
        let complained = complaint(run.scene, again.0, again.1.as_deref());
        let told = complained.map(|what| format!("started again on the full disk: {what}"));
        outcome.failures.extend(told);
        disk.grow()?;
        // With space there are previews, too.
        if let (Ended::Failed | Ended::Killed, word) =
            play.start_again(&mut ledger, scene::PATIENCE)?
        {
            let word = word.unwrap_or_default();
            let told = format!("started again with space, it said '{word}'");
            outcome.failures.push(told);
        }
    }
    let finish = Finish {
        seed: run.seed,
        reclaim: run.scene.reclaim,
    };
    let verdict = examine(&site, &mut ledger, finish);
    outcome.failures.extend(verdict.failures);
    outcome.slowest_start = verdict.slowest_start;
    drop(disk);
    site.remove()?;
    Ok(outcome)
}

/// One stage on a small disk.
struct Play<'a> {
    ctx: &'a Ctx,
    scene: &'static Scene,
    site: &'a Site,
    disk: &'a SmallDisk,
    patience: Duration,
}

impl Play<'_> {
    /// How the child ended, and the code that it said if it failed.
    fn stage(&self, ledger: &mut Ledger) -> anyhow::Result<(Ended, Option<String>)> {
        if self.scene.is_server() {
            return self.server(ledger);
        }
        let serving = self
            .scene
            .with_server
            .then(|| Serving::start(self.site))
            .transpose()?;
        let mut words = self.scene.words(self.site);
        words.extend(["--patience".to_owned(), self.patience.as_secs().to_string()]);
        let outcome = self.child(&words, ledger);
        if let Some(serving) = serving {
            serving.stop()?;
        }
        outcome
    }

    fn child(
        &self,
        words: &[String],
        ledger: &mut Ledger,
    ) -> anyhow::Result<(Ended, Option<String>)> {
        let mut word = None;
        let ended = strace::untraced(&self.ctx.worker, words)?.hear(&mut |line| {
            ledger.note(line);
            keep_word(line, &mut word);
        })?;
        Ok((ended, word))
    }

    /// The tablet in the parent uploads to a server that has no space; then there is space, and the same server goes on.
    fn server(&self, ledger: &mut Ledger) -> anyhow::Result<(Ended, Option<String>)> {
        let mut word = None;
        let words = self.scene.words(self.site);
        let mut child = strace::untraced(&self.ctx.worker, &words)?;
        let first = child.line()?.unwrap_or_default();
        keep_word(&first, &mut word);
        if first.starts_with("serving ") {
            let tablet = Tablet::unlocked(self.site)?;
            for patience in [self.patience, scene::PATIENCE] {
                let mut alive = || !child.has_ended();
                let synced = tablet.sync_while(patience, &mut alive, &mut |id, leaf| {
                    ledger.safe(id, leaf);
                });
                match synced {
                    Ok(()) => {}
                    Err(error)
                        if patience == self.patience && code_of(&error) == Some(NOT_SAFE) => {}
                    Err(error) => return Err(error.context("with space again")),
                }
                self.disk.grow()?;
            }
        }
        self.disk.grow()?;
        child.let_go();
        let ended = child.hear(&mut |line| keep_word(line, &mut word))?;
        Ok((ended, word))
    }

    /// The tablet's start. While the disk is still full it may refuse, and says so; previews then have to wait.
    fn start_again(
        &self,
        ledger: &mut Ledger,
        patience: Duration,
    ) -> anyhow::Result<(Ended, Option<String>)> {
        let site = self.site.dir.display().to_string();
        let patience = patience.as_secs().to_string();
        let words = [&site, "tablet", "start", "--patience", &patience].map(str::to_owned);
        self.child(&words, ledger)
    }
}

fn keep_word(line: &str, word: &mut Option<String>) {
    if let Some(code) = line.trim_end().strip_prefix("failed ") {
        *word = Some(code.to_owned());
    }
}
