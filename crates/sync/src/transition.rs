//! What a server's word or a failure changes in one packet.

use fieldseal_wire::device::{PacketStatus, ServerState};

use crate::job::Stage;
use crate::outcome::link_cause;
use crate::{Cause, Effect, Failure, Jitter, Job, Settings};

/// The server said where the packet is; `None` when it left it out of its answer.
pub(crate) fn apply_status(
    job: &mut Job,
    status: Option<PacketStatus>,
    settings: &Settings,
    now: i64,
    jitter: Jitter,
) {
    let Some(status) = status else {
        return postpone(job, &Failure::ServerError, settings, now, jitter);
    };
    match (status.state, status.receipt, status.proof) {
        (ServerState::Unknown, ..) => {
            // Also when it was received before: a server restored from a backup may have lost it.
            job.waits = 0;
            job.cause = None;
            job.next_at = i64::MIN;
            job.stage = if job.upload.is_some() {
                Stage::Head
            } else {
                Stage::Create
            };
        }
        (ServerState::Logged, Some(receipt), Some(proof)) => {
            job.stage = Stage::Verify { receipt, proof };
            job.next_at = i64::MIN;
        }
        (ServerState::Received | ServerState::Logged, ..) => {
            job.waits = job.waits.saturating_add(1);
            job.stage = Stage::AwaitLog;
            job.cause = None;
            job.next_at = now.saturating_add(settings.await_log.wait_ms(job.waits, jitter));
        }
        (ServerState::Quarantined, ..) => {
            job.stage = Stage::Wedged;
            job.cause = Some(Cause::Quarantined(status.reason.unwrap_or_default()));
            job.next_at = now.saturating_add(settings.wedged_every_ms);
        }
    }
}

/// Tries again later, without changing what is to be done.
pub(crate) fn postpone(
    job: &mut Job,
    failure: &Failure,
    settings: &Settings,
    now: i64,
    jitter: Jitter,
) {
    match failure {
        // The link's own waiting time covers all packets; a packet is not to blame.
        failure if failure.is_of_the_link() => {
            if job.stage != Stage::Wedged {
                job.cause = Some(link_cause(failure));
            }
        }
        Failure::Unauthenticated => {}
        _ => {
            job.attempts = job.attempts.saturating_add(1);
            let mut wait = settings.retry.wait_ms(job.attempts, jitter);
            if let Failure::Busy(Some(after)) = failure {
                wait = wait.max((*after).clamp(0, settings.retry.longest_ms));
            }
            if job.stage != Stage::Wedged {
                job.cause = Some(match failure {
                    Failure::StorageUnavailable => Cause::ServerFull,
                    Failure::Busy(_) => Cause::ServerBusy,
                    _ => Cause::ServerError,
                });
            }
            job.next_at = now.saturating_add(wait);
        }
    }
}

/// An effect about this one packet failed.
pub(crate) fn fail_transfer(
    job: &mut Job,
    effect: &Effect,
    failure: &Failure,
    settings: &Settings,
    now: i64,
    jitter: Jitter,
) {
    let wedge = |job: &mut Job, cause: Cause| {
        job.stage = Stage::Wedged;
        job.cause = Some(cause);
        job.next_at = now.saturating_add(settings.wedged_every_ms);
    };
    match failure {
        Failure::TooLarge => return wedge(job, Cause::TooLarge),
        Failure::Refused(code) => return wedge(job, Cause::Refused(code.clone())),
        Failure::Unreadable => return wedge(job, Cause::Unreadable),
        _ => {}
    }
    postpone(job, failure, settings, now, jitter);
    // Whether it took effect is not known, or we were wrong about something: let the server say where we are.
    match (effect, failure) {
        (Effect::Create { .. }, _) => job.stage = Stage::Ask,
        (Effect::Head { .. } | Effect::Patch { .. }, Failure::UploadGone) => job.forget_upload(),
        (Effect::Head { .. } | Effect::Patch { .. }, _) => job.stage = Stage::Head,
        _ => {}
    }
}
