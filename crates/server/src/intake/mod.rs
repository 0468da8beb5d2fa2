//! From a complete upload to an admitted, logged, receipted packet, or to quarantine.
//!
//! One worker goes through what the database says is to be done, in this order, whenever it is kicked; start-up kicks it once. So there is one
//! code path, live or after a crash:
//! 1. `upload.state = 'complete'`: [`examine`], then [`admit`] (or quarantine);
//! 2. `packet.receipt IS NULL` and the leaf is published: [`receipts`], run by the sequencer right after publication;
//! 3. `packet.judged = 0` and there is a receipt: [`judge`], the findings with log evidence;
//!    Its pictures are made small then, so that the first look does not wait; a look makes what is missing;
//! 4. quarantine rows whose missing key has been enrolled: step 1 once more.

pub mod admit;
pub mod examine;
pub mod judge;
pub mod receipts;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::app::Shared;
use crate::review::prepare::prepare;
use crate::store::packets::PacketRow;
use crate::store::{quarantine, uploads};
use admit::IntakeError;

/// Examinations at the same time.
const AT_ONCE: usize = 2;

/// A handle to the worker.
#[derive(Clone, Default)]
pub struct Intake {
    kick: Arc<Notify>,
    enrolled: Arc<Mutex<BTreeSet<String>>>,
}

impl Intake {
    /// There is something to do.
    pub fn kick(&self) {
        self.kick.notify_one();
    }

    /// A key of this name was enrolled: what was kept aside for want of it gets a second look.
    pub fn key_enrolled(&self, name: String) {
        self.enrolled
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(name);
        self.kick();
    }

    /// Starts the worker. It ends when `stop` turns true; what it has not done is done at the next start.
    pub fn start(&self, app: Shared, mut stop: watch::Receiver<bool>) -> JoinHandle<()> {
        let this = self.clone();
        tokio::spawn(async move {
            loop {
                if *stop.borrow() {
                    return;
                }
                this.round(&app).await;
                tokio::select! {
                    () = this.kick.notified() => {}
                    // For what failed before (a full disk), and for uploads that expire.
                    () = tokio::time::sleep(std::time::Duration::from_secs(30)) => {}
                    _ = stop.changed() => return,
                }
            }
        })
    }

    async fn round(&self, app: &Shared) {
        let complete = app.db.read(|c| uploads::in_state(c, "complete")).await;
        let complete = complete.unwrap_or_else(|error| {
            report(Ok(Err(error.into())));
            Vec::new()
        });
        for batch in complete.chunks(AT_ONCE) {
            let tasks: Vec<_> = batch
                .iter()
                .cloned()
                .map(|upload| {
                    let app = app.clone();
                    tokio::task::spawn_blocking(move || admit::take_in(&app, &upload))
                })
                .collect();
            for task in tasks {
                report(task.await);
            }
            // Receipts are given when the log has published; nothing here waits for it.
            app.sequencer.kick();
        }
        let mut names =
            std::mem::take(&mut *self.enrolled.lock().unwrap_or_else(PoisonError::into_inner));
        match app.db.read(quarantine::overdue).await {
            Ok(overdue) => names.extend(overdue),
            Err(error) => report(Ok(Err(error.into()))),
        }
        let this = app.clone();
        let rest = tokio::task::spawn_blocking(move || {
            for name in names {
                report(Ok(admit::second_look(&this, &name)));
            }
            let judged = judge::all(&this);
            let now = this.config.ambient.now();
            report(Ok(this
                .uploads
                .sweep(&this.db, now)
                .map(|_| ())
                .map_err(IntakeError::from)));
            judged
        });
        match rest.await {
            Ok(Ok(judged)) => {
                if judged.len() == judge::ROUND as usize {
                    // There may be more; new uploads go first.
                    self.kick();
                }
                tokio::spawn(previews(app.clone(), judged));
            }
            other => report(other.map(|result| result.map(|_| ()))),
        }
    }
}

/// Makes pictures small, beside the intake: no receipt waits for it.
async fn previews(app: Shared, packets: Vec<PacketRow>) {
    for packet in packets {
        let Ok(_turn) = app.prepare_turns.acquire().await else {
            return;
        };
        let this = app.clone();
        let made = tokio::task::spawn_blocking(move || prepare(&this, &packet));
        report(made.await);
    }
}

fn report(result: Result<Result<(), IntakeError>, tokio::task::JoinError>) {
    match result {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::error!(
            error = &error as &dyn std::error::Error,
            "intake failed; it is tried again"
        ),
        Err(_) => tracing::error!("an intake task did not come to its end; it is tried again"),
    }
}
