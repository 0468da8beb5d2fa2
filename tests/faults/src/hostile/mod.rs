//! The hostile server: it has its own keys and lies with them. Whatever it answers, the tablet calls nothing safe by it, gives
//! no byte back, and says why; once an honest server answers, everything converges. After a log that contradicts what was
//! seen, nothing at all is given back, not even what was safe before and not after a restart: until the server proves that
//! what it showed was of the one log, which a forger never can.

mod forger;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use fieldseal_device::api::Request;
use fieldseal_device::platform::{Machine, Platform as _};
use fieldseal_server::admin::Admin;
use fieldseal_vault::outbox;

use crate::ctx::{Ctx, Form};
use crate::ledger::Ledger;
use crate::net::stand::{PATIENT_MS, Running, Stand};
use crate::oracle::{audit_tablet, look};
use crate::report::Report;
use crate::rng::Rng;
use crate::tablet::{Tablet, code_of, photo, unlocked_vault};
pub use forger::Forger;
use forger::Lie;

/// Its name.
pub const NAME: &str = "hostile";
/// Rounds of all lies in the long form.
const LONG_ROUNDS: usize = 20;
const PATIENCE: Duration = Duration::from_secs(40);
/// How long it is looked on after the tablet has said why.
const LOOK_ON: Duration = Duration::from_millis(700);

/// Tells every lie.
pub fn run(ctx: &Ctx) -> anyhow::Result<Report> {
    let rounds = match ctx.form {
        Form::Short => 1,
        Form::Long => LONG_ROUNDS,
    };
    let mut rng = Rng::new(ctx.seed);
    let lies: Vec<(Lie, u64)> = (0..rounds)
        .flat_map(|_| Lie::ALL)
        .map(|lie| (lie, rng.draw()))
        .collect();
    let report = Mutex::new(Report {
        points: Lie::ALL.len() as u64,
        ..Report::new(NAME)
    });
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..ctx.jobs * 2)
            .map(|_| scope.spawn(|| lane(ctx, &lies, &next, &report)))
            .collect();
        for lane in lanes {
            match lane.join() {
                Ok(result) => result?,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        anyhow::Ok(())
    })?;
    Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
}

fn lane(
    ctx: &Ctx,
    lies: &[(Lie, u64)],
    next: &AtomicUsize,
    report: &Mutex<Report>,
) -> anyhow::Result<()> {
    let stand = Stand::prepare(ctx, None).context("preparing a place")?;
    while let Some((lie, seed)) = lies.get(next.fetch_add(1, Ordering::SeqCst)) {
        let failures =
            one(ctx, &stand, *lie, *seed).unwrap_or_else(|error| vec![format!("{error:#}")]);
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.runs += 1;
        for failure in failures {
            let told = format!("{}: {failure}", lie.name());
            ctx.say(&told);
            report.failures.push(told);
        }
    }
    Ok(())
}

fn one(ctx: &Ctx, stand: &Stand, lie: Lie, seed: u64) -> anyhow::Result<Vec<String>> {
    let running = stand.start(ctx, true, PATIENT_MS)?;
    let mut ledger = Ledger::default();
    let done = told(&running, lie, &mut ledger, seed);
    let site = running.stop()?;
    done?;
    let failures = look(&site, &mut ledger);
    site.remove()?;
    Ok(failures)
}

/// An honest packet, then a lie about the next one, then the truth.
fn told(running: &Running, lie: Lie, ledger: &mut Ledger, seed: u64) -> anyhow::Result<()> {
    let site = &running.site;
    let tablet = Tablet::unlocked(site)?;
    seal(&tablet, ledger, seed)?;
    tablet.sync_all(PATIENCE, &mut |id, leaf| ledger.safe(id, leaf))?;
    drop(tablet);
    running.proxy.lie(Some(Arc::new(forger(running, lie)?)));

    let tablet = Tablet::unlocked(site)?;
    seal(&tablet, ledger, seed ^ 1)?;
    tablet.ask(Request::UploadNow { id: None })?;
    await_cause(&tablet, lie)?;
    drop(tablet);
    nothing_is_freed(running, ledger)?;
    gives_back_by_rule(running, ledger, !lie.contradicts())?;

    running.proxy.lie(None);
    let tablet = Tablet::unlocked(site)?;
    tablet.sync_all(PATIENCE, &mut |id, leaf| ledger.safe(id, leaf))?;
    drop(tablet);
    gives_back_by_rule(running, ledger, !lie.contradicts() || lie.heals())
}

/// What the self-check says.
fn contradicted(tablet: &Tablet) -> anyhow::Result<bool> {
    let checks = tablet.ask(Request::SelfCheck)?;
    let checks = checks.as_array().context("a list of checks")?;
    Ok(checks
        .iter()
        .any(|check| check["code"] == "checkpoint" && check["sentence"] == "contradicts"))
}

/// Asks for what the rule "at once" says, on a tablet that was started again: all that is safe goes, or nothing does.
fn gives_back_by_rule(running: &Running, ledger: &mut Ledger, may: bool) -> anyhow::Result<()> {
    let tablet = Tablet::unlocked(&running.site)?;
    let until = Instant::now() + PATIENCE;
    // That a checkpoint is of the one log after all is asked with the next word about the log.
    while may && contradicted(&tablet)? && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(20));
    }
    let told = contradicted(&tablet)?;
    ensure!(told != may, "the self-check says: contradicts: {told}");
    let asked = tablet.give_back(&mut |id| {
        ledger.freed.insert(id.to_owned());
    });
    match asked {
        Err(error) if !may => ensure!(
            code_of(&error) == Some("log-contradicts"),
            "not given back, but it only said: {error:#}"
        ),
        Ok(_) if !may => bail!("given back while the log contradicts"),
        asked => asked?,
    }
    drop(tablet);
    let vault = unlocked_vault(&running.site)?;
    for job in vault.outbox_read(outbox::jobs)? {
        let wanted = may && job.verified_at.is_some();
        ensure!(
            job.reclaimed_at.is_some() == wanted,
            "given back: {}, and should be: {wanted}",
            job.reclaimed_at.is_some()
        );
    }
    Ok(())
}

fn seal(tablet: &Tablet, ledger: &mut Ledger, seed: u64) -> anyhow::Result<()> {
    let (seq, sha256) = tablet.capture(None, &photo(seed))?;
    ledger.saved(seq, &sha256);
    tablet.seal_all(&mut |id, digest| ledger.sealed(id, digest))
}

/// What it needs to know: the log as the tablet has seen it, and what was said about the honest packet.
fn forger(running: &Running, lie: Lie) -> anyhow::Result<Forger> {
    let vault = unlocked_vault(&running.site)?;
    let seen = vault.outbox_read(outbox::newest_seen)?;
    let seen = seen.context("the tablet has seen no log")?.size;
    let jobs = vault.outbox_read(outbox::jobs)?;
    let papers = jobs
        .into_iter()
        .find_map(|job| job.receipt.zip(job.proof))
        .context("the honest packet has no receipt")?;
    let earlier = (String::from_utf8(papers.0)?, String::from_utf8(papers.1)?);
    let origin = Admin::open(&running.site.server_config())?
        .origin()
        .to_owned();
    Forger::new(lie, &running.site.server(), &origin, seen, earlier)
}

/// Until the tablet says the true cause, and a while longer: it never calls the packet safe.
fn await_cause(tablet: &Tablet, lie: Lie) -> anyhow::Result<()> {
    let until = Instant::now() + PATIENCE;
    let mut heard: Option<Instant> = None;
    let mut last = String::new();
    while heard.is_none_or(|at| at.elapsed() < LOOK_ON) {
        let uploads = tablet.ask(Request::Uploads)?;
        let packet = uploads["unsafePackets"].get(0).cloned();
        let Some(packet) = packet else {
            bail!("called safe by a server that lies");
        };
        let cause = packet["cause"].as_str().unwrap_or_default();
        if cause == lie.true_cause() {
            heard.get_or_insert_with(Instant::now);
        } else if !cause.is_empty() {
            last = cause.to_owned();
        }
        ensure!(Instant::now() < until, "the tablet said '{last}'");
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// The vault refuses to give back what is not safe, and every photo is still here.
fn nothing_is_freed(running: &Running, ledger: &Ledger) -> anyhow::Result<()> {
    let vault = unlocked_vault(&running.site)?;
    let now = Machine::new().context("the machine's clocks")?.now();
    for job in vault.outbox_read(outbox::jobs)? {
        if !ledger.safe.contains_key(&job.packet.to_string()) {
            ensure!(job.verified_at.is_none(), "noted as verified");
            ensure!(
                vault.reclaim(job.packet, now).is_err(),
                "given back without a receipt"
            );
        }
    }
    drop(vault);
    let listing = audit_tablet(&running.site)?;
    for (seq, sha256) in &ledger.saved {
        let here = listing
            .captures
            .iter()
            .any(|line| line.capture_seq == *seq && line.bytes_sha256.as_deref() == Some(sha256));
        ensure!(here, "photo {seq} is not here any more");
    }
    Ok(())
}
