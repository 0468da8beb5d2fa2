//! What answers and failures that concern several packets change.

use std::collections::BTreeMap;

use fieldseal_packet::PacketId;
use fieldseal_wire::device::PacketStatus;

use crate::job::Stage;
use crate::outbox::Outbox;
use crate::transition::{apply_status, fail_transfer, postpone};
use crate::{Cause, Effect, Failure, Jitter, State};

/// The cause that a failure of the link gives to what waits for it.
pub(crate) fn link_cause(failure: &Failure) -> Cause {
    match failure {
        Failure::CaptivePortal => Cause::CaptivePortal,
        Failure::Certificate => Cause::Certificate,
        _ => Cause::Offline,
    }
}

impl Outbox {
    pub(crate) fn lift_key_refusal(&mut self) {
        if std::mem::take(&mut self.key_refused) {
            for (id, job) in &mut self.jobs {
                if job.cause == Some(Cause::KeyUnknown) {
                    job.stage = Stage::Ask;
                    job.cause = None;
                    job.next_at = i64::MIN;
                    self.changed.insert(*id);
                }
            }
        }
    }

    pub(crate) fn told(
        &mut self,
        asked: &[PacketId],
        statuses: Vec<PacketStatus>,
        now: i64,
        jitter: Jitter,
    ) {
        self.watch_at = now.saturating_add(self.settings.watch_every_ms);
        self.watch_cursor = asked
            .iter()
            .rev()
            .find(|id| self.watched.contains(id))
            .copied()
            .or(self.watch_cursor);
        let settings = self.settings;
        let mut answers: BTreeMap<PacketId, PacketStatus> = BTreeMap::new();
        for status in statuses {
            if let Ok(id) = status.id.parse() {
                answers.insert(id, status);
            }
        }
        for packet in asked {
            // A packet left out of the answer is asked about again, after a pause.
            let status = answers.remove(packet);
            if self
                .jobs
                .get(packet)
                .is_none_or(|job| job.state() == State::Safe)
            {
                continue;
            }
            self.change(*packet, |job| {
                apply_status(job, status, &settings, now, jitter)
            });
        }
    }

    pub(crate) fn failed(&mut self, effect: Effect, failure: Failure, now: i64, jitter: Jitter) {
        let settings = self.settings;
        match failure {
            Failure::Unreachable | Failure::CaptivePortal | Failure::Certificate => {
                self.online = false;
                self.link_cause = Some(link_cause(&failure));
                self.link_failures = self.link_failures.saturating_add(1);
                self.link_at =
                    now.saturating_add(settings.reconnect.wait_ms(self.link_failures, jitter));
            }
            Failure::Unauthenticated if !matches!(effect, Effect::Authenticate) => {
                self.token_until = None;
                self.token_refusals = self.token_refusals.saturating_add(1);
                if self.token_refusals > 1 {
                    self.auth_at =
                        now.saturating_add(settings.retry.wait_ms(self.token_refusals, jitter));
                }
            }
            Failure::KeyNotAccepted | Failure::Unauthenticated => return self.refuse_key(now),
            _ => {}
        }
        let packet = match &effect {
            Effect::Create { packet } | Effect::Head { packet, .. } => *packet,
            Effect::Patch { packet, .. } | Effect::Verify { packet, .. } => *packet,
            Effect::Authenticate => {
                self.auth_failures = self.auth_failures.saturating_add(1);
                let wait = settings
                    .retry
                    .wait_ms(self.auth_failures.saturating_add(1), jitter);
                self.auth_at = now.saturating_add(wait);
                return;
            }
            Effect::FetchCheckpoint => {
                let wait = settings.retry.wait_ms(6, jitter);
                if !failure.is_of_the_link() {
                    self.checkpoint_at = now.saturating_add(wait);
                }
                return;
            }
            Effect::AskStatus { packets } => {
                self.ask_failures = self.ask_failures.saturating_add(1);
                let wait = settings
                    .retry
                    .wait_ms(self.ask_failures.saturating_add(2), jitter);
                self.watch_at = now.saturating_add(wait);
                for packet in packets {
                    if let Some(job) = self.jobs.get_mut(packet) {
                        postpone(job, &failure, &settings, now, jitter);
                    }
                }
                return;
            }
            Effect::Wait { .. } => return,
        };
        let link_at = self.link_at;
        self.change(packet, |job| {
            fail_transfer(job, &effect, &failure, &settings, now, jitter);
            // Part of a verification is asked of the server, though it waits for no token and so not for the link.
            if matches!(effect, Effect::Verify { .. }) && failure.is_of_the_link() {
                job.next_at = link_at;
            }
        });
    }

    fn refuse_key(&mut self, now: i64) {
        self.key_refused = true;
        self.token_until = None;
        self.auth_at = now.saturating_add(self.settings.wedged_every_ms);
        for (id, job) in &mut self.jobs {
            if !matches!(
                job.stage,
                Stage::Safe | Stage::Wedged | Stage::Verify { .. }
            ) {
                job.stage = Stage::Wedged;
                job.cause = Some(Cause::KeyUnknown);
                self.changed.insert(*id);
            }
        }
    }
}
