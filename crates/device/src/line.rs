//! The outbox in memory: what the screens count and the driver turns. The durable half is the vault's outbox.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use fieldseal_packet::{PacketId, Timestamp};
use fieldseal_sync::{NewJob, Outbox, SavedJob, State};
use fieldseal_vault::{Vault, outbox};
use tokio::sync::Notify;

use crate::core::lock;
use crate::prefs::Counts;
use crate::problem::Problem;
use crate::rate::Rate;

/// What a packet's row in the outbox says that the machine does not need.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Queued {
    pub photos: u32,
    pub sealed_at: Timestamp,
}

pub(crate) struct Line {
    pub outbox: Mutex<Outbox>,
    pub queued: Mutex<BTreeMap<PacketId, Queued>>,
    pub rate: Mutex<Rate>,
    /// Rings when there may be something new to do.
    pub wake: Notify,
    stopping: AtomicBool,
    loaded: AtomicBool,
}

impl Line {
    pub fn new(settings: fieldseal_sync::Settings) -> Self {
        Self {
            outbox: Mutex::new(Outbox::new(settings)),
            queued: Mutex::default(),
            rate: Mutex::default(),
            wake: Notify::new(),
            stopping: AtomicBool::new(false),
            loaded: AtomicBool::new(false),
        }
    }

    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }

    pub fn stopping(&self) -> bool {
        self.stopping.load(Ordering::SeqCst)
    }

    /// Whether the durable outbox has been read in this run.
    pub fn loaded(&self) -> bool {
        self.loaded.load(Ordering::SeqCst)
    }

    /// Takes over what the durable outbox holds. Packets that are here already stay as they are.
    pub fn load(&self, vault: &Vault) -> Result<(), Problem> {
        if !vault.outbox_is_open() {
            return Ok(());
        }
        let (jobs, undecided) = vault
            .outbox_read(|c| Ok::<_, Problem>((outbox::unsafe_jobs(c)?, outbox::undecided(c)?)))?;
        for packet in undecided {
            lock(&self.outbox).watch(packet);
        }
        for job in jobs {
            let queued = Queued {
                photos: u32::try_from(job.photos).unwrap_or(u32::MAX),
                sealed_at: job.sealed_at,
            };
            lock(&self.queued).insert(job.packet, queued);
            let saved: SavedJob = job
                .upload
                .sync
                .and_then(|value| serde_json::from_value(value).ok())
                .unwrap_or_default();
            let new = NewJob {
                packet: job.packet,
                seal_sha256: job.digest,
                size: job.zip_size,
                order: job.deadline.unwrap_or(job.sealed_at).as_millis(),
            };
            lock(&self.outbox).add(new, saved);
        }
        self.loaded.store(true, Ordering::SeqCst);
        self.wake.notify_one();
        Ok(())
    }

    /// Forgets everything: the vault is gone.
    pub fn unload(&self, settings: fieldseal_sync::Settings) {
        self.loaded.store(false, Ordering::SeqCst);
        *lock(&self.outbox) = Outbox::new(settings);
        lock(&self.queued).clear();
    }

    /// Counts of what is not yet safe.
    pub fn count(&self, counts: &mut Counts) {
        let (outbox, queued) = (lock(&self.outbox), lock(&self.queued));
        *counts = Counts {
            drafts: counts.drafts,
            tasks: counts.tasks,
            next_seq: counts.next_seq,
            ..Counts::default()
        };
        for job in outbox
            .jobs()
            .iter()
            .filter(|job| job.state() != State::Safe)
        {
            counts.unsafe_packets += 1;
            counts.unsafe_bytes += job.packet().size;
            counts.wedged += u32::from(job.state() == State::Wedged);
            if let Some(queued) = queued.get(&job.packet().packet) {
                counts.unsafe_photos += queued.photos;
                counts.unsafe_oldest_at = Some(
                    counts
                        .unsafe_oldest_at
                        .map_or(queued.sealed_at, |oldest| oldest.min(queued.sealed_at)),
                );
            }
        }
    }
}
