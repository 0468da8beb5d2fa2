//! The upload screen: what is not yet safe, why, and when it is tried again. It works while the vault is locked.

use fieldseal_packet::{PacketId, Timestamp};
use fieldseal_sync::{Cause, Job, Outbox, SavedJob, State};
use fieldseal_vault::outbox::{self, Upload};

use crate::api::{LeftView, PacketSummary, UploadView, UploadsView};
use crate::core::{Core, lock};
use crate::draft::small;
use crate::packets::{cover_of, summary_of_job};
use crate::problem::{Code, Problem};
use crate::rate::{Rate, Span};
use crate::rules::Wait;
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
        let (line, listed) = {
            let outbox = lock(&self.line.outbox);
            let line = LineNow {
                online: outbox.online(),
                held: outbox.held(),
                link: outbox.link_cause().cloned(),
                waits: None,
                rate: Rate::default(),
            };
            (line, Listed::of(&outbox, page))
        };
        let line = LineNow {
            rate: *lock(&self.line.rate),
            waits: self.upload_wait(),
            ..line
        };
        let moving = line.online && !line.held && line.waits.is_none();
        let mut view = UploadsView {
            held: line.held,
            online: line.online,
            unsafe_packets: Vec::new(),
            unsafe_total: small(listed.total),
            left_bytes: listed.left_bytes as f64,
            left: line
                .rate
                .left(listed.left_bytes)
                .filter(|_| moving)
                .map(left),
            link: line.link.as_ref().map(|cause| cause.code().to_owned()),
            waits: line.waits.map(|wait| wait.word().to_owned()),
            page,
            safe_recent: Vec::new(),
            safe_total: 0,
            reclaimed_total: 0,
            retention: None,
        };
        if !vault.outbox_is_open() {
            return Ok(view);
        }
        for (turn, job) in &listed.shown {
            let id = job.packet().packet;
            let Some(row) = vault.outbox_read(|c| Ok::<_, Problem>(outbox::job(c, id)?))? else {
                continue;
            };
            let mut packet = summary_of_job(&row, job.state(), None, locked);
            packet.cover = self.cover_of(id);
            view.unsafe_packets.push(UploadView {
                turn: *turn,
                deadline: row.deadline.map(|at| at.to_string()),
                ..self.upload(job, packet, &line)
            });
        }
        let (recent, counts) = vault.outbox_read(|c| {
            Ok::<_, Problem>((outbox::recently_safe(c, SAFE_SHOWN)?, outbox::counts(c)?))
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

    fn upload(&self, job: &Job, packet: PacketSummary, line: &LineNow) -> UploadView {
        let moving = line.online
            && !line.held
            && line.waits.is_none()
            && !job.paused()
            && job.state() == State::Uploading
            && line.rate.packet == Some(job.packet().packet);
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
        let (sent, total) = (job.sent_bytes(), job.packet().size);
        UploadView {
            sent_bytes: sent as f64,
            total_bytes: total as f64,
            bytes_per_s: line.rate.bytes_per_s().filter(|_| moving),
            left: line
                .rate
                .left(total.saturating_sub(sent))
                .filter(|_| moving)
                .map(left),
            turn: None,
            deadline: None,
            paused: job.paused(),
            attempts: job.attempts(),
            next_try_at: job
                .next_at()
                .filter(|at| *at > boot_ms)
                .map(|at| wall(at).to_string()),
            cause: cause(job, line).map(str::to_owned),
            packet,
        }
    }

    /// Holds one packet's bytes back, or lets them go on; stored before it answers.
    pub fn upload_pause(&self, id: &str, pause: bool) -> Result<UploadsView, Problem> {
        let packet = packet_id(id)?;
        if !lock(&self.line.outbox).pause(packet, pause) {
            return Err(Code::NotFound.into());
        }
        self.store_job(packet)?;
        self.line.wake.notify_one();
        self.uploads(0)
    }

    /// What of an upload survives a restart.
    pub fn store_job(&self, packet: PacketId) -> Result<(), Problem> {
        self.store_jobs(&[packet])
    }

    /// The same for several: in one transaction, since an answer of the server may concern two hundred.
    pub fn store_jobs(&self, packets: &[PacketId]) -> Result<(), Problem> {
        let uploads: Vec<(PacketId, Upload)> = {
            let outbox = lock(&self.line.outbox);
            let known = packets.iter().filter_map(|packet| outbox.job(*packet));
            known
                .map(|job| (job.packet().packet, upload_of(job)))
                .collect()
        };
        if uploads.is_empty() {
            return Ok(());
        }
        self.vault()?.outbox_write(|tx| {
            for (packet, upload) in &uploads {
                outbox::set_upload(tx, *packet, upload)?;
            }
            Ok(())
        })
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

/// As the outbox keeps it. What says no more than its absence would is left out.
fn upload_of(job: &Job) -> Upload {
    let saved = job.saved();
    let sync = (saved != SavedJob::default())
        .then(|| serde_json::to_value(&saved).ok())
        .flatten();
    Upload {
        state: state_word(job.state()).to_owned(),
        url: saved.upload,
        offset: saved.offset,
        attempts: saved.attempts,
        next_try_at: None,
        cause: job.cause().map(|cause| cause.code().to_owned()),
        sync,
    }
}

/// One page of what is not yet safe. What goes no further by itself needs a person, so it stands first; the others in the
/// order of their turns.
struct Listed {
    shown: Vec<(Option<u32>, Job)>,
    total: usize,
    left_bytes: u64,
}

impl Listed {
    fn of(outbox: &Outbox, page: u32) -> Self {
        let (mut stuck, mut others) = (Vec::new(), Vec::new());
        let (mut turns, mut left_bytes) = (0, 0);
        for job in outbox.jobs().filter(|job| job.state() != State::Safe) {
            left_bytes += job.packet().size.saturating_sub(job.sent_bytes());
            if job.state() == State::Wedged {
                stuck.push((None, job));
            } else if job.paused() {
                others.push((None, job));
            } else {
                turns += 1;
                others.push((Some(turns), job));
            }
        }
        let total = stuck.len() + others.len();
        let shown = stuck
            .into_iter()
            .chain(others)
            .skip((page as usize).saturating_mul(PER_PAGE))
            .take(PER_PAGE)
            .map(|(turn, job)| (turn, job.clone()))
            .collect();
        Self {
            shown,
            total,
            left_bytes,
        }
    }
}

/// What the line does now.
struct LineNow {
    online: bool,
    held: bool,
    link: Option<Cause>,
    /// For which network a rule makes packets wait.
    waits: Option<Wait>,
    rate: Rate,
}

fn left(span: Span) -> LeftView {
    LeftView {
        least_s: span.least_s,
        most_s: span.most_s,
    }
}

/// Why a packet waits or is stuck: its own cause first, then what keeps all of them.
fn cause(job: &Job, line: &LineNow) -> Option<&'static str> {
    match job.cause() {
        Some(Cause::Quarantined(reason)) if reason.contains("key") => return Some("key-unknown"),
        Some(cause) if job.state() == State::Wedged => return Some(cause.code()),
        _ => {}
    }
    if line.held {
        return Some("held");
    }
    if job.paused() {
        return Some("paused");
    }
    if let Some(wait) = line.waits
        && matches!(job.state(), State::Queued | State::Uploading)
    {
        return Some(wait.cause());
    }
    let of_the_link = |cause: &Cause| {
        matches!(
            cause,
            Cause::Offline | Cause::CaptivePortal | Cause::Certificate
        )
    };
    match (&line.link, job.cause()) {
        (Some(link), _) => Some(link.code()),
        // The link is back: what it kept waits for its turn alone.
        (None, Some(own)) if !of_the_link(own) => Some(own.code()),
        _ => None,
    }
}
