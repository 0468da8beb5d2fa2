//! Short stretches of the campaigns, in a fixed order of points, so that the runs which find a planted fault can be made again
//! without it. Each ends at its first failure.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use super::liar::Liar;
use crate::ctx::Ctx;
use crate::ledger::Ledger;
use crate::oracle::{Finish, audit_server, audit_tablet, examine};
use crate::power;
use crate::report::Report;
use crate::scene::{PATIENCE, Scene};
use crate::serving::Serving;
use crate::site::{Site, free_address};
use crate::strace::{self, Ended, Point};

/// The scene in which the tablet captures while locked.
const LOCKED: &str = "capture-locked";

/// A stretch of a campaign.
pub struct Case {
    /// As it is asked for.
    pub name: &'static str,
    /// At most so many runs, until the first failure.
    pub run: fn(&Ctx, u64) -> anyhow::Result<Report>,
}

/// All of them.
pub const CASES: &[Case] = &[
    Case {
        name: "power",
        run: power::brief,
    },
    Case {
        name: "kill-capture",
        run: |ctx, most| stretch(ctx, "capture", &["rename"], "signal=KILL", 8, most),
    },
    Case {
        name: "kill-sync",
        run: |ctx, most| stretch(ctx, "sync", &["rename", "unlink"], "signal=KILL", 4, most),
    },
    Case {
        name: "kill-adopt",
        run: |ctx, most| stretch(ctx, "server", &["rename"], "signal=KILL", 6, most),
    },
    Case {
        name: "kill-commit",
        run: |ctx, most| stretch(ctx, "server", &["fsync"], "signal=KILL", 20, most),
    },
    Case {
        name: "kill-finalise",
        run: finalise,
    },
    Case {
        name: "errors-capture",
        run: |ctx, most| stretch(ctx, LOCKED, &["fdatasync"], "error=EIO", 2, most),
    },
    Case {
        name: "other-bytes",
        run: other_bytes,
    },
];

/// The N-th of each of these calls in a scene, N from 1, call after call.
fn stretch(
    ctx: &Ctx,
    scene: &str,
    calls: &[&str],
    what: &'static str,
    furthest: u64,
    most: u64,
) -> anyhow::Result<Report> {
    let mut report = Report::new("teeth");
    if let Err(why) = strace::usable() {
        return Ok(Report::not_run("teeth", why));
    }
    let scene = Scene::named(scene).context("there is such a scene")?;
    let prepared = Prepared::new(ctx)?;
    let points = (1..=furthest).flat_map(|n| calls.iter().map(move |call| (n, *call)));
    for (number, call) in points.take(usize::try_from(most).unwrap_or(usize::MAX)) {
        let point = Point {
            call: call.to_owned(),
            when: number.to_string(),
            what,
            at: None,
        };
        let (site, mut ledger) = prepared.copy(scene, ctx)?;
        let ended = scene.play(ctx, &site, &mut ledger, (&point, PATIENCE), &mut |_| {})?;
        report.runs += 1;
        report.points += 1;
        report.not_reached += u64::from(ended == Ended::Whole);
        let finish = Finish {
            seed: ctx.seed ^ number,
            reclaim: true,
        };
        let mut failures = Vec::new();
        // The N-th sync while locked is the N-th capture's.
        if what == "error=EIO" && ledger.saved.len() as u64 >= number {
            failures.push("a capture was acknowledged whose sync had failed".to_owned());
        }
        let verdict = examine(&site, &mut ledger, finish);
        report.started_in(verdict.slowest_start);
        if !verdict.failures.is_empty() {
            // When the line does not go on, what the vault looks like says more.
            let looked = audit_tablet(&site).map(|listing| listing.problems);
            failures.extend(looked.unwrap_or_default());
        }
        failures.extend(verdict.failures);
        site.remove()?;
        if !failures.is_empty() {
            let what = failures.join("; ");
            report
                .failures
                .push(format!("{} {point}: {what}", scene.name));
            break;
        }
    }
    Ok(report)
}

/// The server is killed where it writes to a packet's place among the blobs: its disk's thread alone does, and what it writes
/// besides (to wake others) comes in no certain number. A server that puts a finished file in its place never writes there.
fn finalise(ctx: &Ctx, most: u64) -> anyhow::Result<Report> {
    let mut report = Report::new("teeth");
    if let Err(why) = strace::usable() {
        return Ok(Report::not_run("teeth", why));
    }
    let scene = Scene::named("server-disk").context("there is such a scene")?;
    let prepared = Prepared::new(ctx)?;
    let blob = prepared.blob(ctx)?;
    for number in 1..=most.min(2) {
        let (site, mut ledger) = prepared.copy(scene, ctx)?;
        let point = Point {
            call: "write".to_owned(),
            when: number.to_string(),
            what: "signal=KILL",
            at: Some(site.dir.join(&blob)),
        };
        let ended = scene.play(ctx, &site, &mut ledger, (&point, PATIENCE), &mut |_| {})?;
        report.runs += 1;
        report.points += 1;
        report.not_reached += u64::from(ended == Ended::Whole);
        let finish = Finish {
            seed: ctx.seed ^ number,
            reclaim: true,
        };
        let verdict = examine(&site, &mut ledger, finish);
        report.started_in(verdict.slowest_start);
        site.remove()?;
        if !verdict.failures.is_empty() {
            let what = verdict.failures.join("; ");
            let told = format!("{} {point} at the packet's place: {what}", scene.name);
            report.failures.push(told);
            break;
        }
    }
    Ok(report)
}

/// A server gives receipts for other bytes: the tablet must call nothing safe, and give nothing back.
fn other_bytes(ctx: &Ctx, _most: u64) -> anyhow::Result<Report> {
    let mut report = Report::new("teeth");
    let (site, _) = Prepared::new(ctx)?.sealed;
    let mut behind = site.clone();
    behind.address = free_address()?;
    let serving = Serving::start(&behind)?;
    let liar = Liar::start(&site, behind.address)?;
    let mut ledger = Ledger::default();
    for stage in [&["sync", "--patience", "3"][..], &["reclaim"]] {
        let said = tablet(ctx, &site, stage)?.stdout;
        for line in String::from_utf8_lossy(&said).split_inclusive('\n') {
            ledger.note(line);
        }
    }
    drop(liar);
    serving.stop()?;
    report.runs = 1;
    report.points = 1;
    for (count, what) in [
        (ledger.safe.len(), "called safe"),
        (ledger.freed.len(), "given back"),
    ] {
        if count > 0 {
            report.failures.push(format!(
                "a packet was {what} under a receipt for other bytes"
            ));
        }
    }
    // It did come so far that there was a receipt to be refused.
    let listing = audit_server(&behind)?;
    ensure!(!listing.packets.is_empty(), "the server has no packet");
    site.remove()?;
    Ok(report)
}

/// One stage of the tablet, in a child.
fn tablet(ctx: &Ctx, site: &Site, stage: &[&str]) -> anyhow::Result<std::process::Output> {
    let mut command = std::process::Command::new(&ctx.worker);
    let command = command.arg(&site.dir).arg("tablet").args(stage);
    command.output().context("the worker can't be started")
}

/// The two sites that the scenes above start from.
struct Prepared {
    enrolled: Site,
    sealed: (Site, Ledger),
}

impl Prepared {
    fn new(ctx: &Ctx) -> anyhow::Result<Self> {
        let enrolled = Site::prepare(&ctx.folder("enrolled"), None)?;
        let sealed = enrolled.copy(&ctx.folder("sealed"))?;
        let mut ledger = Ledger::default();
        for stage in [&["capture", "2"][..], &["seal"]] {
            let output = tablet(ctx, &sealed, stage)?;
            ensure!(output.status.success(), "{stage:?} failed without a fault");
            for line in String::from_utf8_lossy(&output.stdout).split_inclusive('\n') {
                ledger.note(line);
            }
        }
        Ok(Self {
            enrolled,
            sealed: (sealed, ledger),
        })
    }

    /// Where the sealed packet's blob lies once it is on the server, from the site's folder: its bytes are the same each time.
    fn blob(&self, ctx: &Ctx) -> anyhow::Result<PathBuf> {
        let site = self.sealed.0.copy(&ctx.folder("blob"))?;
        let serving = Serving::start(&site)?;
        let sent = tablet(ctx, &site, &["sync"])?;
        serving.stop()?;
        ensure!(sent.status.success(), "sync failed without a fault");
        let blobs = site.server().join("blobs");
        let mut found = Vec::new();
        for folder in std::fs::read_dir(&blobs)? {
            for blob in std::fs::read_dir(folder?.path())? {
                found.push(blob?.path().strip_prefix(&site.dir)?.to_owned());
            }
        }
        ensure!(found.len() == 1, "one packet, one blob");
        site.remove()?;
        found.pop().context("a blob")
    }

    fn copy(&self, scene: &Scene, ctx: &Ctx) -> anyhow::Result<(Site, Ledger)> {
        let to = ctx.folder("run");
        if ["capture", LOCKED].contains(&scene.name) {
            return Ok((self.enrolled.copy(&to)?, Ledger::default()));
        }
        let (site, ledger) = &self.sealed;
        Ok((site.copy(&to)?, ledger.clone()))
    }
}
