//! The upload screen: what is not yet safe, why, and when it is tried again. It works while the vault is locked.

use fieldseal_packet::{PacketId, Timestamp};
use fieldseal_sync::{Cause, Job, State};
use fieldseal_vault::outbox;

use crate::api::{UploadView, UploadsView};
use crate::core::{Core, lock};
use crate::draft::small;
use crate::packets::{cover_of, summary_of_job};
use crate::problem::Problem;
use crate::session::packet_id;

const SAFE_SHOWN: u32 = 20;
const PER_PAGE: usize = 50;

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
    /// What is not yet safe, a page of it, and what became safe last.
    pub fn uploads(&self, page: u32) -> Result<UploadsView, Problem> {
        let vault = self.vault()?;
        let locked = vault.is_locked();
        let (online, held, jobs) = {
            let outbox = lock(&self.line.outbox);
            let jobs: Vec<Job> = outbox.jobs().into_iter().cloned().collect();
            (outbox.online(), outbox.held(), jobs)
        };
        let mut view = UploadsView {
            held,
            online,
            unsafe_packets: Vec::new(),
            unsafe_total: 0,
            page,
            safe_recent: Vec::new(),
            safe_total: 0,
            reclaimed_total: 0,
            retention: None,
        };
        if !vault.outbox_is_open() {
            return Ok(view);
        }
        let mut waiting: Vec<&Job> = jobs
            .iter()
            .filter(|job| job.state() != State::Safe)
            .collect();
        // What goes no further by itself needs a person, so it stands first; the others in the order of their turns.
        waiting.sort_by_key(|job| job.state() != State::Wedged);
        view.unsafe_total = small(waiting.len());
        let shown = waiting
            .into_iter()
            .skip((page as usize).saturating_mul(PER_PAGE))
            .take(PER_PAGE);
        for job in shown {
            let id = job.packet().packet;
            let Some(row) = vault.outbox_read(|c| Ok::<_, Problem>(outbox::job(c, id)?))? else {
                continue;
            };
            let mut packet = summary_of_job(&row, job.state(), None, locked);
            packet.cover = self.cover_of(id);
            view.unsafe_packets
                .push(self.upload(job, packet, online, held));
        }
        let (recent, counts) = vault.outbox_read(|c| {
            Ok::<_, Problem>((
                outbox::recently_safe(c, SAFE_SHOWN)?,
                outbox::safe_count(c)?,
            ))
        })?;
        for row in recent {
            let mut summary =
                summary_of_job(&row, State::Safe, Some(&self.way(row.packet)?), locked);
            summary.cover = self.cover_of(row.packet);
            view.safe_recent.push(summary);
        }
        view.safe_total = u32::try_from(counts.safe).unwrap_or(u32::MAX);
        view.reclaimed_total = u32::try_from(counts.reclaimed).unwrap_or(u32::MAX);
        view.retention = Some(self.retention_view()?);
        Ok(view)
    }

    fn cover_of(&self, packet: PacketId) -> Option<u32> {
        self.read(|c| cover_of(c, packet)).ok().flatten()
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
        self.uploads(0)
    }

    pub fn upload_hold(&self, hold: bool) -> Result<UploadsView, Problem> {
        self.change_prefs(|prefs| prefs.hold = hold)?;
        lock(&self.line.outbox).hold(hold);
        self.line.wake.notify_one();
        self.uploads(0)
    }
}
