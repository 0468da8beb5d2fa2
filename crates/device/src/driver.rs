//! Carries out what the outbox decides: HTTP, reading the packet's bytes, verifying receipts. It decides nothing itself.
//!
//! Runs as one task on the engine's own runtime from start to end of the engine. What a crash leaves: at most an effect whose
//! answer was not stored; the next run asks the server and goes on from its answer.

use std::sync::Arc;
use std::time::Duration;

use fieldseal_packet::PacketId;
use fieldseal_sync::{Answer, Effect, Failure, Jitter, State};
use fieldseal_vault::outbox;
use fieldseal_wire::ProblemCode;
use fieldseal_wire::device::{PacketRef, PacketStatus, SeenCheckpoint, StatusRequest};

use crate::core::{Core, lock};
use crate::decisions;
use crate::http::{Client, HttpError, server_time};
use crate::log_seen::Doubt;
use crate::presence::Pulse;
use crate::problem::{Code, Problem};
use crate::receipts;
use crate::stamped;
use crate::teeth;
use crate::zip::Sending;

/// Longest sleep without looking up: the boot clock may pass faster than the timer while the tablet sleeps.
const LOOK_UP_MS: i64 = 5_000;
/// How often the retention rule is looked at.
const RECLAIM_EVERY_MS: i64 = 60_000;

/// Turns the outbox until the engine stops.
pub(crate) async fn run(core: Arc<Core>) {
    let mut driver = Driver {
        core,
        token: None,
        sending: None,
        reclaim_at: i64::MIN,
    };
    let mut pulse = Pulse::default();
    while !driver.core.line.stopping() {
        if !driver.core.line.loaded() {
            driver.sleep(LOOK_UP_MS).await;
            continue;
        }
        driver.give_back().await;
        pulse
            .turn(&driver.core, driver.now(), driver.jitter())
            .await;
        driver.turn().await;
    }
}

struct Driver {
    core: Arc<Core>,
    token: Option<String>,
    /// What is being sent.
    sending: Option<Sending>,
    /// When the retention rule is looked at next, on the boot clock.
    reclaim_at: i64,
}

impl Driver {
    fn now(&self) -> i64 {
        i64::try_from(self.core.platform.boot().ms).unwrap_or(i64::MAX)
    }

    fn jitter(&self) -> Jitter {
        let mut bytes = [0; 2];
        // Without randomness the longest wait is the considerate one.
        match self.core.platform.random(&mut bytes) {
            Ok(()) => Jitter(u16::from_le_bytes(bytes)),
            Err(_) => Jitter(u16::MAX),
        }
    }

    async fn sleep(&self, ms: i64) {
        let wait = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
        let _ = tokio::time::timeout(wait, self.core.line.wake.notified()).await;
    }

    /// The retention rule, from time to time and after each packet that became safe. Of no haste: what fails is looked at again.
    async fn give_back(&mut self) {
        let now = self.now();
        if now < self.reclaim_at {
            return;
        }
        let core = self.core.clone();
        let pass = tokio::task::spawn_blocking(move || core.reclaim_due()).await;
        self.reclaim_at = match pass {
            Ok(Ok(pass)) if pass.more => now,
            Ok(Ok(_)) => now.saturating_add(RECLAIM_EVERY_MS),
            Ok(Err(problem)) => {
                tracing::warn!(
                    code = problem.code().as_str(),
                    "originals could not be given back"
                );
                now.saturating_add(RECLAIM_EVERY_MS)
            }
            Err(_) => now.saturating_add(RECLAIM_EVERY_MS),
        };
    }

    async fn turn(&mut self) {
        self.core.obey_rules();
        let (now, jitter) = (self.now(), self.jitter());
        let issued = lock(&self.core.line.outbox).poll(now, jitter);
        if let Effect::Wait { until } = issued.effect {
            let ms = until
                .map_or(LOOK_UP_MS, |until| until.saturating_sub(now))
                .clamp(1, LOOK_UP_MS);
            return self.sleep(ms).await;
        }
        let answer = match self.carry_out(issued.effect).await {
            Ok(answer) => answer,
            Err(failure) => Answer::Failed(failure),
        };
        let (now, jitter) = (self.now(), self.jitter());
        lock(&self.core.line.outbox).answer(issued.ticket, answer, now, jitter);
        self.store_changes();
    }

    /// What of it survives a restart. A failure to store costs a question to the server later, nothing else.
    fn store_changes(&mut self) {
        let changed = lock(&self.core.line.outbox).take_changed();
        if let Err(problem) = self.core.store_jobs(&changed) {
            tracing::warn!(
                code = problem.code().as_str(),
                "the state of uploads could not be stored"
            );
            return;
        }
        for packet in changed {
            let mut outbox = lock(&self.core.line.outbox);
            if outbox
                .job(packet)
                .is_some_and(|job| job.state() == State::Safe)
            {
                // Its row says so now; what is safe costs no memory.
                outbox.forget_safe(packet);
                drop(outbox);
                lock(&self.core.line.queued).remove(&packet);
                self.sending.take_if(|sending| sending.packet == packet);
            }
        }
    }

    fn client(&self) -> Result<Client, Failure> {
        let identity = self.core.identity().map_err(|_| Failure::Unreadable)?;
        Ok(self.core.web.server(&identity.server))
    }

    fn token(&self) -> Result<String, Failure> {
        self.token.clone().ok_or(Failure::Unauthenticated)
    }

    async fn carry_out(&mut self, effect: Effect) -> Result<Answer, Failure> {
        match effect {
            Effect::Authenticate => self.authenticate().await,
            Effect::FetchCheckpoint => {
                let seen = self.client()?.checkpoint().await.map_err(failure)?;
                self.keep_checkpoint(seen).await?;
                Ok(Answer::Checkpoint)
            }
            Effect::AskStatus { packets } => self.ask_status(packets).await,
            Effect::Create { packet } => {
                let (seal, size) = {
                    let outbox = lock(&self.core.line.outbox);
                    let job = outbox.job(packet).ok_or(Failure::Unreadable)?;
                    (job.packet().seal_sha256, job.packet().size)
                };
                let created = self
                    .client()?
                    .create(&packet.to_string(), seal, size, &self.token()?)
                    .await;
                Ok(Answer::Created {
                    upload: created.map_err(failure)?,
                })
            }
            Effect::Head { upload, .. } => {
                let offset = self
                    .client()?
                    .offset(&upload, &self.token()?)
                    .await
                    .map_err(failure)?;
                Ok(Answer::Offset(offset))
            }
            Effect::Patch {
                packet,
                upload,
                offset,
                length,
            } => self.patch(packet, &upload, offset, length).await,
            Effect::Verify {
                packet,
                receipt,
                proof,
            } => {
                let core = self.core.clone();
                let verified = tokio::task::spawn_blocking(move || {
                    receipts::verify(&core, packet, &receipt, &proof)
                })
                .await;
                match verified {
                    Ok(Ok(verified)) => {
                        if verified.is_ok() {
                            self.reclaim_at = i64::MIN;
                            lock(&self.core.line.outbox).watch(packet);
                        }
                        Ok(Answer::Verified(verified))
                    }
                    Ok(Err(doubt)) => Err(doubtful(doubt)),
                    Err(_) => Err(Failure::Unreadable),
                }
            }
            Effect::Wait { .. } => Err(Failure::ServerError),
        }
    }

    async fn authenticate(&mut self) -> Result<Answer, Failure> {
        let core = self.core.clone();
        let _ = tokio::task::spawn_blocking(move || core.go_on_rotating()).await;
        let identity = self.core.identity().map_err(|_| Failure::Unreadable)?;
        let signer = self.core.device_signer().map_err(|_| Failure::Unreadable)?;
        let token = self
            .client()?
            .token(&identity.origin, &*signer)
            .await
            .map_err(failure)?;
        let lifetime_ms = match (
            server_time(&token.server_time),
            server_time(&token.expires_at),
        ) {
            (Some(now), Some(end)) => {
                self.core.saw_server(now);
                end.as_millis() - now.as_millis()
            }
            _ => return Err(Failure::ServerError),
        };
        self.token = Some(token.token);
        // Renewed a little early; a very short life is used as it is.
        Ok(Answer::Authenticated {
            until: self.now().saturating_add((lifetime_ms - 5_000).max(1_000)),
        })
    }

    async fn ask_status(&mut self, packets: Vec<PacketId>) -> Result<Answer, Failure> {
        let vault = self.core.vault().map_err(|_| Failure::Unreadable)?;
        let mut request = StatusRequest {
            packets: Vec::with_capacity(packets.len()),
        };
        for packet in &packets {
            let known = lock(&self.core.line.outbox)
                .job(*packet)
                .map(|job| job.packet().seal_sha256);
            let digest = match known {
                Some(digest) => Some(digest),
                None => vault
                    .outbox_read(|c| Ok::<_, Problem>(outbox::job(c, *packet)?))
                    .map_err(|_| Failure::Unreadable)?
                    .map(|job| job.digest),
            };
            if let Some(digest) = digest {
                request.packets.push(PacketRef {
                    id: packet.to_string(),
                    seal_sha256: digest.to_string(),
                });
            }
        }
        let response = self
            .client()?
            .status(&request, &self.token()?)
            .await
            .map_err(failure)?;
        if let Some(time) = server_time(&response.server_time) {
            self.core.saw_server(time);
        }
        self.core
            .told_retention(response.retention)
            .map_err(|_| Failure::Unreadable)?;
        self.core
            .told_deadline(response.upload_within_hours)
            .map_err(|_| Failure::Unreadable)?;
        for status in &response.packets {
            self.keep_decisions(status)?;
        }
        Ok(Answer::Status(response.packets))
    }

    fn keep_decisions(&self, status: &PacketStatus) -> Result<(), Failure> {
        let Ok(packet) = status.id.parse::<PacketId>() else {
            return Ok(());
        };
        if status.decisions.is_empty() {
            return Ok(());
        }
        let vault = self.core.vault().map_err(|_| Failure::Unreadable)?;
        let stored = vault.outbox_write(|tx| {
            for notice in &status.decisions {
                let value = serde_json::to_value(notice)
                    .map_err(|error| Problem::because(Code::Internal, error))?;
                if outbox::add_decision(tx, packet, &value)? {
                    // Before anybody can see the decision, so that no count without it lasts.
                    lock(&self.core.live).tasks_counted = false;
                }
            }
            Ok::<_, Problem>(outbox::decisions(tx, packet)?)
        });
        if decisions::is_final(&stored.map_err(|_| Failure::Unreadable)?) {
            lock(&self.core.line.outbox).unwatch(packet);
        }
        Ok(())
    }

    async fn patch(
        &mut self,
        packet: PacketId,
        upload: &str,
        offset: u64,
        length: u64,
    ) -> Result<Answer, Failure> {
        if self
            .sending
            .as_ref()
            .is_none_or(|sending| sending.packet != packet)
        {
            let vault = self.core.vault().map_err(|_| Failure::Unreadable)?;
            self.sending = Some(Sending::open(vault, packet).map_err(|_| Failure::Unreadable)?);
        }
        let sending = self.sending.as_mut().ok_or(Failure::Unreadable)?;
        let zip = sending.zip.clone();
        let size = zip.size();
        let chunk = tokio::task::spawn_blocking(move || zip.range(offset, length)).await;
        let chunk = chunk.ok().and_then(Result::ok).ok_or(Failure::Unreadable)?;
        sending.take(offset, &chunk);
        if let Some(digest) = sending.digest() {
            // For the receipt, also after a restart. Without it the zip is read once more then.
            let kept = self.core.vault().and_then(|vault| {
                vault.outbox_write(|tx| Ok(outbox::set_zip_sha256(tx, packet, digest)?))
            });
            if let Err(problem) = kept {
                tracing::warn!(
                    code = problem.code().as_str(),
                    "a zip's digest could not be kept"
                );
            }
        }
        let began = self.now();
        let acknowledged = self
            .client()?
            .patch(upload, offset, chunk, &self.token()?)
            .await
            .inspect_err(|_| lock(&self.core.line.rate).broke())
            .map_err(failure)?;
        if acknowledged == size {
            teeth::last_byte_was_taken(&self.core, packet);
        }
        let took_ms = u64::try_from(self.now() - began).unwrap_or(0);
        lock(&self.core.line.rate).sent(packet, length, took_ms);
        Ok(Answer::Offset(acknowledged))
    }

    async fn keep_checkpoint(&self, seen: SeenCheckpoint) -> Result<(), Failure> {
        let core = self.core.clone();
        let kept = tokio::task::spawn_blocking(move || stamped::keep(&core, &seen));
        match kept.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(Doubt::Fetch(error))) => Err(failure(error)),
            Ok(Err(doubt)) => {
                tracing::warn!(%doubt, "the server's checkpoint was not accepted");
                Err(Failure::ServerError)
            }
            Err(_) => Err(Failure::ServerError),
        }
    }
}

/// A receipt that was neither found good nor bad.
fn doubtful(doubt: Doubt) -> Failure {
    match doubt {
        Doubt::Fetch(error) => failure(error),
        // The engine stops: nothing is known about the packet.
        Doubt::Own(problem) if problem.code() == Code::Offline => Failure::Unreachable,
        doubt => {
            tracing::warn!(%doubt, "a receipt could not be verified");
            Failure::Unreadable
        }
    }
}

fn failure(error: HttpError) -> Failure {
    match error {
        HttpError::Unreachable(_) => Failure::Unreachable,
        HttpError::Malformed => Failure::ServerError,
        HttpError::CaptivePortal => Failure::CaptivePortal,
        HttpError::Certificate(_) => Failure::Certificate,
        HttpError::Refused {
            status,
            code,
            retry_after_s,
        } => {
            let after =
                retry_after_s.map(|s| i64::try_from(s).unwrap_or(i64::MAX).saturating_mul(1000));
            match (status, code) {
                (_, Some(ProblemCode::KeyNotAccepted)) => Failure::KeyNotAccepted,
                (_, Some(ProblemCode::ChallengeInvalid)) => Failure::ServerError,
                (401, _) => Failure::Unauthenticated,
                (404 | 410, _) => Failure::UploadGone,
                (409, _) => Failure::OffsetConflict,
                (413, _) => Failure::TooLarge,
                (429 | 503, _) => Failure::Busy(after),
                // A gateway speaks for a server that it does not reach itself.
                (502 | 504, _) => Failure::Unreachable,
                (460, _) => Failure::ChecksumMismatch,
                (507, _) => Failure::StorageUnavailable,
                (400..=499, code) => Failure::Refused(word(code, status)),
                _ => Failure::ServerError,
            }
        }
    }
}

fn word(code: Option<ProblemCode>, status: u16) -> String {
    let named = code.and_then(|code| serde_json::to_value(code).ok());
    named
        .and_then(|value| value.as_str().map(str::to_owned))
        .unwrap_or_else(|| format!("http-{status}"))
}
