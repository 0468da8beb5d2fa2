//! Stamping: timestamp authorities (RFC 3161) say when a checkpoint was there, and with it every leaf under it.
//!
//! One task chooses: when the log has grown since the last choice and the interval is over, the newest published checkpoint
//! becomes the target, as a row, before anybody is asked. One task for each authority asks for the target's stamp until it has
//! it, or until there is a newer target; its failures hold neither the others nor anything else: no receipt waits for a stamp. A third
//! renews what ends soon ([`renew`]).
//!
//! What a crash leaves: before the choice, nothing; after it, a target that the next run asks for; an answer that was not yet
//! stored is asked for again, and the authority has given one token too many.

mod ask;
pub mod renew;
pub mod roots;
mod settings;

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::note::Note;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::ambient::Millis;
use crate::app::{Shared, millis};
use crate::log::publish::newest_published;
use crate::outward::Outward;
use crate::store::StoreError;
use crate::store::packets;
use crate::store::stamps::{self, Chosen, Token};

pub use ask::AskError;
pub use settings::{Authority, Stamping, StampingError};

/// How stamping is, for whoever watches the server.
#[derive(Default)]
pub struct Watch {
    /// Tokens kept since the start.
    pub stamps: AtomicU64,
    /// Requests since the start that gave no token.
    pub failures: AtomicU64,
    /// Renewals kept since the start.
    pub renewals: AtomicU64,
    /// When the newest stamp was made, by its authority's clock; 0: there is none.
    newest_at: AtomicI64,
}

impl Watch {
    /// When the newest stamp was made.
    pub fn newest_at(&self) -> Option<Millis> {
        match self.newest_at.load(Ordering::Relaxed) {
            0 => None,
            at => Some(at),
        }
    }

    fn stamped(&self, at: Millis) {
        self.stamps.fetch_add(1, Ordering::Relaxed);
        self.newest_at.fetch_max(at, Ordering::Relaxed);
    }
}

/// Starts the tasks; none when no authority is configured.
pub async fn start(
    app: &Shared,
    outward: &Outward,
    stop: &watch::Receiver<bool>,
) -> Result<Vec<JoinHandle<()>>, StoreError> {
    let settings = &app.config.stamping;
    if settings.authorities.is_empty() {
        return Ok(Vec::new());
    }
    let (newest, target) = app
        .db
        .read(|c| Ok::<_, StoreError>((stamps::newest_at(c)?, stamps::newest_chosen(c)?)))
        .await?;
    app.stamping
        .newest_at
        .store(newest.unwrap_or(0), Ordering::Relaxed);
    let (chosen, targets) = watch::channel(target);
    let mut tasks = vec![tokio::spawn(choose(app.clone(), chosen, stop.clone()))];
    for authority in settings.authorities.iter().cloned() {
        let line = Line {
            app: app.clone(),
            outward: outward.clone(),
            authority,
        };
        tasks.push(tokio::spawn(line.run(targets.clone(), stop.clone())));
    }
    tasks.push(tokio::spawn(renew::run(
        app.clone(),
        outward.clone(),
        stop.clone(),
    )));
    Ok(tasks)
}

/// Chooses what is stamped next.
async fn choose(
    app: Shared,
    chosen: watch::Sender<Option<Chosen>>,
    mut stop: watch::Receiver<bool>,
) {
    let every = millis(app.config.stamping.every);
    let tick =
        (app.config.stamping.every / 10).clamp(Duration::from_millis(50), Duration::from_secs(10));
    while !*stop.borrow() {
        let (this, before) = (app.clone(), chosen.borrow().clone());
        let outcome =
            tokio::task::spawn_blocking(move || next(&this, before.as_ref(), every)).await;
        match outcome {
            Ok(Ok(Some(target))) => {
                chosen.send_replace(Some(target));
            }
            Ok(Ok(None)) => {}
            Ok(Err(error)) => tracing::error!(
                error = &error as &dyn std::error::Error,
                "no checkpoint could be chosen for stamping; it is tried again"
            ),
            Err(_) => tracing::error!(
                "choosing a checkpoint for stamping did not come to its end; it is tried again"
            ),
        }
        tokio::select! {
            () = tokio::time::sleep(tick) => {}
            _ = stop.changed() => return,
        }
    }
}

fn next(app: &Shared, before: Option<&Chosen>, every: i64) -> Result<Option<Chosen>, StoreError> {
    let now = app.config.ambient.now();
    // A clock that was set back must not stop stamping.
    let waiting = before.is_some_and(|before| (0..every).contains(&(now - before.chosen_at)));
    if waiting {
        return Ok(None);
    }
    let Some(checkpoint) = newest_published(&app.db, &app.layout.log())? else {
        return Ok(None);
    };
    let size = Note::parse(&checkpoint)
        .ok()
        .and_then(|note| Checkpoint::parse(&note.text).ok())
        .map(|read| read.size)
        .ok_or(StoreError::Malformed("checkpoint"))?;
    if size == 0 || before.is_some_and(|before| size <= before.size) {
        return Ok(None);
    }
    let target = Chosen {
        size,
        checkpoint,
        chosen_at: now,
    };
    app.db.write_blocking(|tx| stamps::choose(tx, &target))?;
    Ok(Some(target))
}

/// One authority's turn.
struct Line {
    app: Shared,
    outward: Outward,
    authority: Authority,
}

impl Line {
    async fn run(
        self,
        mut targets: watch::Receiver<Option<Chosen>>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut failed = 0;
        while !*stop.borrow() {
            let target = targets.borrow_and_update().clone();
            let wait = match target {
                None => None,
                Some(target) => match self.stamp(&target).await {
                    Ok(()) => {
                        failed = 0;
                        None
                    }
                    Err(error) => {
                        self.app.stamping.failures.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(
                            authority = self.authority.id,
                            error = &error as &dyn std::error::Error,
                            "no timestamp; it is tried again"
                        );
                        failed += 1;
                        Some(backoff(&self.app, failed))
                    }
                },
            };
            // A newer target does not cut a wait short: an authority that is down is not asked more often for it.
            let outcome = match wait {
                Some(wait) => tokio::select! {
                    () = tokio::time::sleep(wait) => true,
                    _ = stop.changed() => false,
                },
                None => tokio::select! {
                    changed = targets.changed() => changed.is_ok(),
                    _ = stop.changed() => false,
                },
            };
            if !outcome {
                return;
            }
        }
    }

    async fn stamp(&self, target: &Chosen) -> Result<(), AskError> {
        let (size, id) = (target.size, self.authority.id.clone());
        if self.app.db.read(move |c| stamps::has(c, size, &id)).await? {
            return Ok(());
        }
        let text = Note::parse(&target.checkpoint)
            .map(|note| note.text)
            .map_err(|_| StoreError::Malformed("checkpoint"))?;
        let answer = ask::ask(&self.app, &self.outward, &self.authority, text.as_bytes()).await?;
        let token = Token {
            authority: self.authority.id.clone(),
            n: 0,
            given_by: self.authority.id.clone(),
            stamped_at: answer.at,
            good_until: answer.good_until,
            der: answer.der,
        };
        let look_again = self
            .app
            .db
            .write(move |tx| {
                let first = stamps::tokens(tx, size)?.is_empty();
                stamps::add(tx, size, &token)?;
                // What it is the first to bound gets new findings. A second authority's word changes little.
                if first {
                    packets::judge_again_stamped(tx, stamps::stamped_below(tx, size)?, size)
                } else {
                    Ok::<_, StoreError>(0)
                }
            })
            .await?;
        self.app.stamping.stamped(answer.at);
        if look_again > 0 {
            self.app.intake.kick();
        }
        Ok(())
    }
}

/// Doubling, up to the interval, and between half and all of it: no two servers in step.
fn backoff(app: &Shared, failed: u32) -> Duration {
    let settings = &app.config.stamping;
    let longest = settings.every.max(settings.first_wait);
    let wait = settings
        .first_wait
        .saturating_mul(1 << failed.saturating_sub(1).min(16))
        .min(longest);
    let half = wait / 2;
    // Without randomness the longest wait is the considerate one.
    let dice = app.config.ambient.bytes::<1>().map_or(255, |[byte]| byte);
    half + half.saturating_mul(u32::from(dice)) / 255
}
