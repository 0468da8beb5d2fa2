//! The network campaign: fourteen faults in six phases between a real tablet and a real server, through a small proxy. While
//! a fault lasts the tablet says why it waits, truly, and calls nothing safe; afterwards everything converges, with one leaf
//! for each packet and one for each key.

mod case;
mod fault;
pub(crate) mod message;
pub(crate) mod proxy;
pub(crate) mod stand;
mod tls;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context as _;

use crate::ctx::{Ctx, Form};
use crate::report::Report;
use crate::rng::Rng;
use fault::{Fault, Phase};
use stand::Stand;
use tls::Certificates;

/// Its name.
pub const NAME: &str = "net";
/// Where the certificates of this run lie; set for the process that runs the cases.
const CERTIFICATES: &str = "FIELDSEAL_FAULTS_CERTIFICATES";
/// Rounds of all cases in the long form.
const LONG_ROUNDS: u64 = 12;

type Case = (Phase, Fault, u64);

/// Runs every fault in every phase.
pub fn run(ctx: &Ctx) -> anyhow::Result<Report> {
    match std::env::var_os(CERTIFICATES) {
        Some(dir) => cases(ctx, Path::new(&dir)),
        None => again(ctx),
    }
}

/// The system's roots are read from the environment, which is a process's for its whole life: so the cases run in one that
/// trusts the authority of this run.
fn again(ctx: &Ctx) -> anyhow::Result<Report> {
    let dir = ctx.folder("certificates");
    let root = tls::make(&dir).context("the run's certificates")?;
    let output = Command::new(std::env::current_exe()?)
        .args(["--only", NAME, "--json"])
        .args(["--seed", &ctx.seed.to_string()])
        .args(["--jobs", &ctx.jobs.to_string()])
        .args((ctx.form == Form::Long).then_some("--long"))
        .env(CERTIFICATES, &dir)
        .env(tls::ROOTS, root)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()?;
    let reports: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout)
        .with_context(|| format!("the cases gave no report: {}", output.status))?;
    let report = reports
        .first()
        .and_then(|json| Report::from_json(NAME, json));
    report.context("the cases gave no report")
}

fn cases(ctx: &Ctx, certificates: &Path) -> anyhow::Result<Report> {
    let certificates = Certificates::load(certificates)?;
    let rounds = match ctx.form {
        Form::Short => 1,
        Form::Long => LONG_ROUNDS,
    };
    let mut rng = Rng::new(ctx.seed);
    let mut plain = Vec::new();
    let mut secured = Vec::new();
    for _ in 0..rounds {
        for phase in Phase::ALL {
            for fault in Fault::ALL {
                let list = match fault {
                    Fault::BadTls => &mut secured,
                    _ => &mut plain,
                };
                list.push((phase, fault, rng.draw()));
            }
        }
    }
    rng.shuffle(&mut plain);
    let report = Mutex::new(Report {
        points: (Phase::ALL.len() * Fault::ALL.len()) as u64,
        ..Report::new(NAME)
    });
    let next = AtomicUsize::new(0);
    // Most of a case is waiting: more than one a processor.
    let lanes = ctx.jobs * 2;
    std::thread::scope(|scope| {
        let tls = scope.spawn(|| {
            lane(
                ctx,
                Some(certificates),
                &secured,
                &AtomicUsize::new(0),
                &report,
            )
        });
        let lanes: Vec<_> = (0..lanes)
            .map(|_| scope.spawn(|| lane(ctx, None, &plain, &next, &report)))
            .collect();
        for lane in std::iter::once(tls).chain(lanes) {
            match lane.join() {
                Ok(result) => result?,
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        anyhow::Ok(())
    })?;
    Ok(report.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Takes case after case until there is none.
fn lane(
    ctx: &Ctx,
    certificates: Option<Certificates>,
    cases: &[Case],
    next: &AtomicUsize,
    report: &Mutex<Report>,
) -> anyhow::Result<()> {
    let stand = Stand::prepare(ctx, certificates).context("preparing a place")?;
    while let Some((phase, fault, seed)) = cases.get(next.fetch_add(1, Ordering::SeqCst)) {
        let failures = case::run(ctx, &stand, *phase, *fault, *seed);
        let mut report = report.lock().unwrap_or_else(PoisonError::into_inner);
        report.runs += 1;
        for failure in failures {
            let told = format!("{} in {}: {failure}", fault.name(), phase.name());
            ctx.say(&told);
            report.failures.push(told);
        }
    }
    Ok(())
}
