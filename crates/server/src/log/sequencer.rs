//! The one task that writes to the log.
//!
//! It wakes when kicked, and once a tick for leaves that another process (`fieldseal admin`) left. A failed append is tried again at the next
//! wake: nothing of it happened. So is a publication on a full disk. Any other that fails stops the sequencer for good, because after a failed fsync nobody
//! knows what is on the disk; `/readyz` then fails, and a restart looks at everything again ([`super::startup`]).
//!
//! A round serves everybody who had committed when it last looked for pending leaves, and its syncs are paid once for all of them.
//! Where several wait, the next round begins a moment later, so that those just answered can be in it too instead of every other one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fieldseal_tlog::note::Ed25519Signer;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::append::{AppendError, append};
use super::publish::{PublishError, Published, publish};
use crate::ambient::Clock;
use crate::store::Db;

/// Longest wait for company.
const LONGEST_WAIT: Duration = Duration::from_millis(25);

/// How the sequencer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SequencerState {
    /// Running; this many leaves are published.
    Running {
        /// Leaves under the published checkpoint.
        published: u64,
        /// The highest ticket that the last finished round has served: see [`Sequencer::settle`].
        served: u64,
    },
    /// Stopped for good: see the log.
    Stopped,
}

/// What a round runs after publication: receipts.
pub type AfterPublication = Arc<dyn Fn() -> Result<(), crate::store::StoreError> + Send + Sync>;

/// A handle to the sequencer. Cheap to clone.
#[derive(Clone)]
pub struct Sequencer {
    kick: Arc<Notify>,
    tickets: Arc<AtomicU64>,
    state: watch::Receiver<SequencerState>,
}

/// What the task works on.
pub struct Work {
    /// The database.
    pub db: Db,
    /// The log's keys: two while one takes over from the other.
    pub keys: Vec<Arc<Ed25519Signer>>,
    /// Where to publish.
    pub published: Published,
    /// For `logged_at`.
    pub clock: Arc<dyn Clock>,
    /// What to run after each publication.
    pub after: AfterPublication,
}

/// One round failed.
#[derive(Debug, thiserror::Error)]
pub enum RoundError {
    /// Nothing was appended: try again.
    #[error("appending to the log failed")]
    Append(#[from] AppendError),
    /// Nothing more may be signed: stop.
    #[error("publishing the log failed")]
    Publish(#[from] PublishError),
    /// Receipts could not be written: try again.
    #[error("writing receipts failed")]
    After(#[from] crate::store::StoreError),
}

impl RoundError {
    /// Whether the next round may succeed.
    fn passes(&self) -> bool {
        match self {
            Self::Append(_) | Self::After(_) => true,
            Self::Publish(error) => error.is_full(),
        }
    }
}

impl Work {
    /// One round: append all that is pending, publish, give receipts. Gives the published size.
    pub fn round(&self) -> Result<u64, RoundError> {
        Ok(self.serve(&AtomicU64::new(0))?.0)
    }

    /// A round, and the highest of the tickets drawn that it has served.
    fn serve(&self, tickets: &AtomicU64) -> Result<(u64, u64), RoundError> {
        let served = loop {
            // Read before the look at the database: whoever drew a ticket up to here had committed before.
            let drawn = tickets.load(Ordering::SeqCst);
            if append(&self.db, &self.keys, self.clock.now())? == 0 {
                break drawn;
            }
        };
        let size = publish(&self.db, &self.published)?;
        (self.after)()?;
        Ok((size, served))
    }
}

/// Waits until as many ask again as the last round served; not longer than half of what it took.
async fn company(tickets: &AtomicU64, served: u64, last: u64, took: Duration) {
    let until = tokio::time::Instant::now() + (took / 2).min(LONGEST_WAIT);
    while last > 1
        && tickets.load(Ordering::SeqCst).saturating_sub(served) < last
        && tokio::time::Instant::now() < until
    {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

impl Sequencer {
    /// Starts the task. `first` is what the round at start-up published.
    pub fn start(
        work: Work,
        first: u64,
        tick: Duration,
        mut stop: watch::Receiver<bool>,
    ) -> (Self, JoinHandle<()>) {
        let kick = Arc::new(Notify::new());
        let (sender, state) = watch::channel(SequencerState::Running {
            published: first,
            served: 0,
        });
        let tickets = Arc::new(AtomicU64::new(0));
        let asked = Arc::clone(&tickets);
        let woken = Arc::clone(&kick);
        let work = Arc::new(work);
        let task = tokio::spawn(async move {
            let mut served_before = 0;
            loop {
                let stopping = *stop.borrow();
                let (this, tickets) = (Arc::clone(&work), Arc::clone(&asked));
                let began = tokio::time::Instant::now();
                let result = tokio::task::spawn_blocking(move || this.serve(&tickets)).await;
                let mut last = 0;
                match result {
                    Ok(Ok((published, served))) => {
                        sender.send_replace(SequencerState::Running { published, served });
                        last = served - served_before;
                        served_before = served;
                    }
                    Ok(Err(error)) if error.passes() => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "log round failed; it is tried again"
                        );
                    }
                    Ok(Err(error)) => {
                        tracing::error!(
                            error = &error as &dyn std::error::Error,
                            "publishing failed; the sequencer stops until the next start"
                        );
                        sender.send_replace(SequencerState::Stopped);
                        return;
                    }
                    Err(_) => {
                        tracing::error!(
                            "a log round did not come to its end; the sequencer stops until the next start"
                        );
                        sender.send_replace(SequencerState::Stopped);
                        return;
                    }
                }
                if stopping {
                    return;
                }
                company(&asked, served_before, last, began.elapsed()).await;
                tokio::select! {
                    () = woken.notified() => {}
                    () = tokio::time::sleep(tick) => {}
                    _ = stop.changed() => {}
                }
            }
        });
        (
            Self {
                kick,
                tickets,
                state,
            },
            task,
        )
    }

    /// Wakes the task: there is something pending.
    pub fn kick(&self) {
        self.kick.notify_one();
    }

    /// How it is.
    pub fn state(&self) -> SequencerState {
        *self.state.borrow()
    }

    /// Kicks, and waits until a round that began after this call has finished. False when the sequencer stopped, or took too long.
    pub async fn settle(&self, patience: Duration) -> bool {
        let ticket = self.tickets.fetch_add(1, Ordering::SeqCst) + 1;
        self.kick();
        let mut state = self.state.clone();
        let finished = state.wait_for(|now| match now {
            SequencerState::Running { served, .. } => *served >= ticket,
            SequencerState::Stopped => true,
        });
        match tokio::time::timeout(patience, finished).await {
            Ok(Ok(now)) => matches!(*now, SequencerState::Running { .. }),
            _ => false,
        }
    }
}
