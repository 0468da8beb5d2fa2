//! Many runs on several threads: each job has its own sites, since a tablet is enrolled at one address.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use crate::ctx::Ctx;
use crate::report::Report;
use crate::scene::Templates;

/// Between two words about how far it is: a run that is cut short has told what it found until then.
const TELL_EVERY: Duration = Duration::from_secs(20);
/// After so many failures the rest would only say the same.
const ENOUGH: usize = 200;

/// What one run found.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// What is needed to repeat it.
    pub name: String,
    /// The fault came.
    pub reached: bool,
    /// Empty: all holds.
    pub failures: Vec<String>,
    /// After the fault.
    pub slowest_start: Duration,
}

/// Carries all runs out and adds what they found to the report.
pub fn all<R: Send + Sync + std::fmt::Debug>(
    ctx: &Ctx,
    runs: Vec<R>,
    report: &mut Report,
    one: impl Fn(&Ctx, &Templates, &R) -> anyhow::Result<Outcome> + Sync,
) -> anyhow::Result<()> {
    let total = runs.len();
    let began = Instant::now();
    let waiting = Mutex::new(VecDeque::from(runs));
    let found = Mutex::new((&mut *report, Instant::now()));
    let job = || -> anyhow::Result<()> {
        let templates = Templates::prepare(ctx)?;
        loop {
            let next = lock(&waiting).pop_front();
            let Some(next) = next else { return Ok(()) };
            let outcome = one(ctx, &templates, &next).unwrap_or_else(|error| Outcome {
                name: format!("{next:?}"),
                failures: vec![format!("the run itself broke off: {error:#}")],
                ..Outcome::default()
            });
            let mut found = lock(&found);
            let (report, told) = &mut *found;
            report.runs += 1;
            report.not_reached += u64::from(!outcome.reached);
            report.started_in(outcome.slowest_start);
            if !outcome.failures.is_empty() {
                let what = format!("{}: {}", outcome.name, outcome.failures.join("; "));
                ctx.say(&format!("  FAILED {what}"));
                report.failures.push(what);
            }
            if report.failures.len() >= ENOUGH {
                lock(&waiting).clear();
            }
            if told.elapsed() > TELL_EVERY {
                *told = Instant::now();
                ctx.say(&format!(
                    "  {} of {total} runs, {} failures, {} not reached, slowest start-up {} ms, {} s",
                    report.runs,
                    report.failures.len(),
                    report.not_reached,
                    report.slowest_start.as_millis(),
                    began.elapsed().as_secs()
                ));
            }
        }
    };
    std::thread::scope(|scope| {
        let jobs: Vec<_> = (0..ctx.jobs).map(|_| scope.spawn(job)).collect();
        let mut outcome = Ok(());
        for job in jobs {
            match job.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => outcome = Err(error),
                Err(_) => outcome = Err(anyhow::anyhow!("a job panicked")),
            }
        }
        outcome
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
