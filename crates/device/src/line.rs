//! The outbox in memory: what the screens count and the driver turns. The durable half is the vault's outbox.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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
    /// Places in the device's sequence up to which packets were taken over in this run.
    newest: AtomicU64,
    /// The same for deadlines: [`crate::deadline`].
    pub noted: AtomicU64,
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
            newest: AtomicU64::new(0),
            noted: AtomicU64::new(0),
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

    /// Takes over what the durable outbox holds and is not yet safe. Packets that are here already stay as they are.
    pub fn load(&self, vault: &Vault) -> Result<(), Problem> {
        if !vault.outbox_is_open() {
            return Ok(());
        }
        for packet in vault.outbox_read(|c| Ok::<_, Problem>(outbox::undecided(c)?))? {
            lock(&self.outbox).watch(packet);
        }
        self.take_over(vault, 0)?;
        self.loaded.store(true, Ordering::SeqCst);
        self.wake.notify_one();
        Ok(())
    }

    /// As [`Line::load`], but only what was sealed since: what it costs does not grow with what waits.
    pub fn load_new(&self, vault: &Vault) -> Result<(), Problem> {
        if !self.loaded() {
            return self.load(vault);
        }
        self.take_over(vault, self.newest.load(Ordering::SeqCst))?;
        self.wake.notify_one();
        Ok(())
    }

    fn take_over(&self, vault: &Vault, behind: u64) -> Result<(), Problem> {
        let waiting = vault.outbox_read(|c| Ok::<_, Problem>(outbox::waiting(c, behind)?))?;
        let (mut outbox, mut queued) = (lock(&self.outbox), lock(&self.queued));
        for row in waiting {
            let kept = Queued {
                photos: u32::try_from(row.photos).unwrap_or(u32::MAX),
                sealed_at: row.sealed_at,
            };
            queued.insert(row.packet, kept);
            let saved: SavedJob = row
                .sync
                .and_then(|value| serde_json::from_value(value).ok())
                .unwrap_or_default();
            let new = NewJob {
                packet: row.packet,
                seal_sha256: row.digest,
                size: row.zip_size,
                order: row.deadline.unwrap_or(row.sealed_at).as_millis(),
            };
            outbox.add(new, saved);
            self.newest.fetch_max(row.device_seq, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Forgets everything: the vault is gone.
    pub fn unload(&self, settings: fieldseal_sync::Settings) {
        self.loaded.store(false, Ordering::SeqCst);
        self.newest.store(0, Ordering::SeqCst);
        self.noted.store(0, Ordering::SeqCst);
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
        for (packet, queued) in queued.iter() {
            let Some(job) = outbox.job(*packet) else {
                continue;
            };
            if job.state() == State::Safe {
                continue;
            }
            counts.unsafe_packets += 1;
            counts.unsafe_bytes += job.packet().size;
            counts.wedged += u32::from(job.state() == State::Wedged);
            counts.unsafe_photos += queued.photos;
            counts.unsafe_oldest_at = Some(
                counts
                    .unsafe_oldest_at
                    .map_or(queued.sealed_at, |oldest| oldest.min(queued.sealed_at)),
            );
        }
    }
}
