//! The upload screen: what is not yet safe, why, and when it is tried again. It works while the vault is locked.

use fieldseal_packet::{PacketId, Timestamp};
use fieldseal_sync::{Cause, Job, State};
use fieldseal_vault::{captures, outbox};

use crate::api::{UploadView, UploadsView};
use crate::core::{Core, lock};
use crate::draft::{cover, small};
use crate::packets::summary_of_job;
use crate::problem::Problem;
use crate::session::packet_id;

const SAFE_SHOWN: usize = 20;

/// The state's word for screens and for the outbox.
pub(crate) fn state_word(state: State) -> &'static str {
    match state {
        State::Queued => "queued",
        State::Uploading => "uploading",
        State::Received => "received",
        State::Safe => "safe",
        State::Wedged => "wedged",
    }
}

impl Core {
    pub fn uploads(&self) -> Result<UploadsView, Problem> {
        let vault = self.vault()?;
        let locked = vault.is_locked();
        let (online, held, jobs) = {
            let outbox = lock(&self.line.outbox);
            let jobs: Vec<Job> = outbox.jobs().into_iter().cloned().collect();
            (outbox.online(), outbox.held(), jobs)
        };
        let stored = if vault.outbox_is_open() {
            vault.outbox_read(|c| Ok::<_, Problem>(outbox::jobs(c)?))?
        } else {
            Vec::new()
        };
        let mut unsafe_packets = Vec::new();
        for job in jobs.iter().filter(|job| job.state() != State::Safe) {
            let Some(row) = stored.iter().find(|row| row.packet == job.packet().packet) else {
                continue;
            };
            let mut packet = summary_of_job(row, job.state(), None, locked);
            packet.cover = self.cover_of(row.packet);
            unsafe_packets.push(self.upload(job, packet, online, held));
        }
        let mut safe: Vec<&outbox::Job> = stored
            .iter()
            .filter(|row| row.verified_at.is_some())
            .collect();
        safe.sort_by_key(|row| std::cmp::Reverse(row.verified_at));
        let safe_total = small(safe.len());
        let mut safe_recent = Vec::new();
        for row in safe.into_iter().take(SAFE_SHOWN) {
            let mut summary =
                summary_of_job(row, State::Safe, Some(&self.way(row.packet)?), locked);
            summary.cover = self.cover_of(row.packet);
            safe_recent.push(summary);
        }
        Ok(UploadsView {
            held,
            online,
            unsafe_packets,
            safe_recent,
            safe_total,
        })
    }

    fn cover_of(&self, packet: PacketId) -> Option<u32> {
        self.read(|c| Ok(cover(&captures::of_draft(c, packet)?)))
            .ok()
            .flatten()
    }

    fn upload(
        &self,
        job: &Job,
        packet: crate::api::PacketSummary,
        online: bool,
        held: bool,
    ) -> UploadView {
        let rate = *lock(&self.line.rate);
        let moving = online
            && !held
            && job.state() == State::Uploading
            && rate.packet == Some(job.packet().packet);
        // The outbox counts on the boot clock; screens show the wall clock.
        let boot_ms = i64::try_from(self.platform.boot().ms).unwrap_or(i64::MAX);
        let wall = |at: i64| {
            Timestamp::from_millis(
                self.platform
                    .now()
                    .as_millis()
                    .saturating_add(at.saturating_sub(boot_ms)),
            )
        };
        let cause = job.cause().map(|cause| match cause {
            Cause::Quarantined(reason) if reason.contains("key") => "key-unknown".to_owned(),
            cause => cause.code().to_owned(),
        });
        UploadView {
            sent_bytes: job.sent_bytes() as f64,
            total_bytes: job.packet().size as f64,
            bytes_per_s: moving.then_some(rate.bytes_per_s),
            attempts: job.attempts(),
            next_try_at: job
                .next_at()
                .filter(|at| *at > boot_ms)
                .map(|at| wall(at).to_string()),
            cause: if held && job.state() != State::Wedged {
                Some("held".to_owned())
            } else {
                cause
            },
            packet,
        }
    }

    pub fn upload_now(&self, id: Option<&str>) -> Result<UploadsView, Problem> {
        let packet = id.map(packet_id).transpose()?;
        lock(&self.line.outbox).nudge(packet);
        self.line.wake.notify_one();
        self.uploads()
    }

    pub fn upload_hold(&self, hold: bool) -> Result<UploadsView, Problem> {
        self.change_prefs(|prefs| prefs.hold = hold)?;
        lock(&self.line.outbox).hold(hold);
        self.line.wake.notify_one();
        self.uploads()
    }
}
