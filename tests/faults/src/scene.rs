//! Scenes: one stage of the line, from a site as it is just before that stage. A fault is set in the stage alone, so that a
//! run takes a fraction of a second; what comes after it is the restart and the rest of the line, without a fault.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, ensure};

use crate::ctx::Ctx;
use crate::ledger::Ledger;
use crate::serving::{DISK_THREAD, Serving};
use crate::site::Site;
use crate::strace::{self, Call, Ended, Point, Threads, Traced};
use crate::tablet::{NOT_SAFE, Tablet, code_of};

/// Until everything is safe with a server that works.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// One stage under faults.
#[derive(Debug, Clone, Copy)]
pub struct Scene {
    /// As reports name it.
    pub name: &'static str,
    /// The site it starts from.
    pub from: Before,
    /// Arguments of the worker after the site.
    pub arguments: &'static [&'static str],
    /// A server runs in the parent meanwhile.
    pub with_server: bool,
    /// Which threads are traced.
    pub threads: Threads,
    /// The line is finished with giving back.
    pub reclaim: bool,
}

/// What a site holds when a scene begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Before {
    /// An enrolled tablet.
    Enrolled,
    /// A draft of two photos.
    Captured,
    /// The same, and two more photos taken while locked: they wait in the inbox.
    Waiting,
    /// A sealed packet.
    Sealed,
    /// A safe packet.
    Safe,
}

const fn tablet(
    name: &'static str,
    from: Before,
    arguments: &'static [&'static str],
    threads: Threads,
) -> Scene {
    Scene {
        name,
        from,
        arguments,
        with_server: false,
        threads,
        reclaim: false,
    }
}

/// The tablet's line, stage by stage; and the server's.
pub const SCENES: &[Scene] = &[
    tablet(
        "capture",
        Before::Enrolled,
        &["tablet", "capture", "2"],
        Threads::All,
    ),
    tablet(
        "capture-previews",
        Before::Enrolled,
        &["tablet", "capture", "2"],
        Threads::One("fieldseal-previ"),
    ),
    tablet(
        "capture-locked",
        Before::Enrolled,
        &["tablet", "capture", "2", "--locked"],
        Threads::All,
    ),
    tablet("start", Before::Waiting, &["tablet", "start"], Threads::All),
    tablet("seal", Before::Captured, &["tablet", "seal"], Threads::All),
    Scene {
        with_server: true,
        ..tablet("sync", Before::Sealed, &["tablet", "sync"], Threads::All)
    },
    Scene {
        with_server: true,
        ..tablet(
            "sync-unlocked",
            Before::Sealed,
            &["tablet", "sync"],
            Threads::FromGate,
        )
    },
    Scene {
        reclaim: true,
        ..tablet(
            "reclaim",
            Before::Safe,
            &["tablet", "reclaim"],
            Threads::All,
        )
    },
    tablet(SERVER, Before::Sealed, &["server"], Threads::All),
    // Its threads for the network come first to every N-th write: what the disk's thread writes is reached alone.
    tablet(
        "server-disk",
        Before::Sealed,
        &["server"],
        Threads::One(DISK_THREAD),
    ),
];

/// The scene in which all of the server is traced.
pub const SERVER: &str = "server";

/// The sites that scenes start from, of one job, and what was acknowledged on each.
pub struct Templates {
    sites: Vec<(Before, Site, Ledger)>,
}

impl Templates {
    /// Prepares all of them; the tablet's line runs once through the child, without a fault.
    pub fn prepare(ctx: &Ctx) -> anyhow::Result<Self> {
        let first = Site::prepare(&ctx.folder("enrolled"), None)?;
        let mut made = Self { sites: Vec::new() };
        let mut ledger = Ledger::default();
        let run = |site: &Site, ledger: &mut Ledger, arguments: &[&str]| {
            let output = std::process::Command::new(&ctx.worker)
                .arg(&site.dir)
                .args(arguments)
                .output()?;
            ensure!(
                output.status.success(),
                "{arguments:?} failed without a fault: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            for line in String::from_utf8_lossy(&output.stdout).split_inclusive('\n') {
                ledger.note(line);
            }
            anyhow::Ok(())
        };
        let mut keep = |before, site: &Site, ledger: &Ledger| {
            made.sites.push((before, site.clone(), ledger.clone()));
        };
        keep(Before::Enrolled, &first, &ledger);
        let captured = first.copy(&ctx.folder("captured"))?;
        run(
            &captured,
            &mut ledger,
            &["tablet", "capture", "2", "--seed", "7"],
        )?;
        keep(Before::Captured, &captured, &ledger);
        let waiting = captured.copy(&ctx.folder("waiting"))?;
        let mut more = ledger.clone();
        let locked = ["tablet", "capture", "2", "--locked", "--seed", "8"];
        run(&waiting, &mut more, &locked)?;
        keep(Before::Waiting, &waiting, &more);
        let sealed = captured.copy(&ctx.folder("sealed"))?;
        run(&sealed, &mut ledger, &["tablet", "seal"])?;
        keep(Before::Sealed, &sealed, &ledger);
        let safe = sealed.copy(&ctx.folder("safe"))?;
        let serving = Serving::start(&safe)?;
        run(&safe, &mut ledger, &["tablet", "sync"])?;
        serving.stop()?;
        keep(Before::Safe, &safe, &ledger);
        Ok(made)
    }

    /// A fresh copy for one run.
    pub fn copy(&self, before: Before, to: PathBuf) -> anyhow::Result<(Site, Ledger)> {
        let (_, site, ledger) = self
            .sites
            .iter()
            .find(|(which, _, _)| *which == before)
            .context("every scene has its site")?;
        Ok((site.copy(&to)?, ledger.clone()))
    }
}

impl Scene {
    /// By name.
    pub fn named(name: &str) -> Option<&'static Self> {
        SCENES.iter().find(|scene| scene.name == name)
    }

    /// Whether the server is the child, and the tablet in the parent.
    pub fn is_server(&self) -> bool {
        self.arguments.first() == Some(&"server")
    }

    /// Plays the stage with a fault on a site, and notes what was acknowledged until it ended. `said` hears every line.
    /// Uploads that are not through after `patience` are given up for now.
    pub fn play(
        &self,
        ctx: &Ctx,
        site: &Site,
        ledger: &mut Ledger,
        fault: (&Point, Duration),
        said: &mut dyn FnMut(&str),
    ) -> anyhow::Result<Ended> {
        self.play_on(ctx, site, ledger, (fault.0, fault.1, None), said)
    }

    /// The same with a fault that is meant for the site's folder alone, and what was struck.
    pub fn play_at_site(
        &self,
        ctx: &Ctx,
        site: &Site,
        ledger: &mut Ledger,
        (point, patience): (&Point, Duration),
        said: &mut dyn FnMut(&str),
    ) -> anyhow::Result<(Ended, Vec<String>)> {
        let log = ctx.folder("struck");
        let fault = (point, patience, Some(&*log));
        let ended = self.play_on(ctx, site, ledger, fault, said);
        let strikes = strace::strikes(&std::fs::read(&log).unwrap_or_default());
        let _ = std::fs::remove_file(&log);
        Ok((ended?, strikes))
    }

    fn play_on(
        &self,
        ctx: &Ctx,
        site: &Site,
        ledger: &mut Ledger,
        (point, patience, log): (&Point, Duration, Option<&Path>),
        said: &mut dyn FnMut(&str),
    ) -> anyhow::Result<Ended> {
        let serving = self.with_server.then(|| Serving::start(site)).transpose()?;
        let mut words = self.words(site);
        if self.with_server {
            words.extend(["--patience".to_owned(), patience.as_secs().to_string()]);
        }
        let mut child = strace::start(&ctx.worker, &words, self.threads, Some(point), log)?;
        if let Some(log) = log {
            child.meant_for(&site.dir, log);
        }
        if self.is_server() {
            self.upload_to(&mut child, site, ledger, patience, said)?;
        }
        let ended = child.hear(&mut |line| {
            ledger.note(line);
            said(line);
        });
        if let Some(serving) = serving {
            serving.stop()?;
        }
        ended
    }

    /// The tablet in the parent uploads to the server that is the child, as long as that lives.
    fn upload_to(
        &self,
        child: &mut Traced,
        site: &Site,
        ledger: &mut Ledger,
        patience: Duration,
        said: &mut dyn FnMut(&str),
    ) -> anyhow::Result<()> {
        let first = child.line()?.unwrap_or_default();
        said(&first);
        if first.starts_with("serving ") {
            let tablet = Tablet::unlocked(site)?;
            let mut alive = || !child.has_ended();
            let synced = tablet.sync_while(patience, &mut alive, &mut |id, leaf| {
                ledger.safe(id, leaf);
            });
            match synced {
                Err(error) if code_of(&error) != Some(NOT_SAFE) => return Err(error),
                _ => {}
            }
        }
        child.let_go();
        Ok(())
    }

    /// Every call of a run without a fault.
    pub fn calls(&self, ctx: &Ctx, templates: &Templates) -> anyhow::Result<Vec<Call>> {
        let (site, mut ledger) = templates.copy(self.from, ctx.folder("count"))?;
        let log = ctx.folder("strace-log");
        let serving = self
            .with_server
            .then(|| Serving::start(&site))
            .transpose()?;
        let mut child = strace::start(
            &ctx.worker,
            &self.words(&site),
            self.threads,
            None,
            Some(&log),
        )?;
        if self.is_server() {
            self.upload_to(&mut child, &site, &mut ledger, PATIENCE, &mut |_| {})?;
        }
        let ended = child.hear(&mut |_| {})?;
        if let Some(serving) = serving {
            serving.stop()?;
        }
        ensure!(
            ended == Ended::Whole,
            "{} does not come to its end without a fault",
            self.name
        );
        let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
        site.remove()?;
        std::fs::remove_file(&log)?;
        let mut text = text;
        // Attached to one thread alone, strace leaves its number out.
        if let Threads::One(_) = self.threads {
            text = text.lines().map(|line| format!("1 {line}\n")).collect();
        }
        Ok(strace::calls(&text))
    }

    /// Arguments of the worker.
    pub fn words(&self, site: &Site) -> Vec<String> {
        let mut words = vec![site.dir.display().to_string()];
        words.extend(self.arguments.iter().map(|word| (*word).to_owned()));
        words
    }
}
