//! Heartbeats: while the server is in reach, from time to time this tablet's signed word of how far it has got. They need no
//! PIN: the device's key is at hand since the first unlock. The answer brings the newest checkpoint, the server's clock,
//! and, when the administrator has retired this tablet, the signed word of that.

use std::sync::Arc;

use fieldseal_packet::beat::{Beat, MAX_CAPTURES};
use fieldseal_packet::entry::Heartbeat;
use fieldseal_sync::Jitter;
use fieldseal_tlog::note::Note;
use fieldseal_vault::{captures, outbox};
use fieldseal_wire::device::HeartbeatAnswer;

use crate::core::{Core, lock};
use crate::http::{HttpError, server_time};
use crate::problem::{Code, Problem};
use crate::stamped;

/// The first one of a run: an app that is opened for a moment says nothing.
const FIRST_MS: i64 = 30_000;
/// After one that failed.
const AGAIN_MS: i64 = 60_000;
/// What a server may ask for.
const ASKED_S: std::ops::RangeInclusive<u64> = 60..=24 * 3600;

/// When the next heartbeat is due, on the boot clock.
#[derive(Default)]
pub(crate) struct Pulse {
    due_at: Option<i64>,
    token: Option<String>,
}

impl Pulse {
    /// Sends one if it is due and the server was in reach a moment ago.
    pub async fn turn(&mut self, core: &Arc<Core>, now: i64, jitter: Jitter) {
        let own = core
            .config
            .heartbeat_ms
            .map(|ms| i64::try_from(ms).unwrap_or(i64::MAX));
        let due_at = *self
            .due_at
            .get_or_insert_with(|| now.saturating_add(spread(own.unwrap_or(FIRST_MS), jitter)));
        if now < due_at || !lock(&core.line.outbox).online() {
            return;
        }
        let wait = match self.beat(core).await {
            Ok(beaten) => own.unwrap_or(beaten.next_ms),
            Err(problem) => {
                tracing::debug!(code = problem.code().as_str(), "a heartbeat failed");
                own.map_or(AGAIN_MS, |own| own.min(AGAIN_MS))
            }
        };
        self.due_at = Some(now.saturating_add(spread(wait, jitter)));
    }

    /// One heartbeat, and what its answer says is kept.
    async fn beat(&mut self, core: &Arc<Core>) -> Result<Beaten, Problem> {
        let identity = core.identity()?;
        let client = core.web.server(&identity.server);
        let this = core.clone();
        let said = tokio::task::spawn_blocking(move || this.heartbeat())
            .await
            .map_err(|error| Problem::because(Code::Internal, error))??;
        let mut fresh = false;
        let answer = loop {
            let token = match &self.token {
                Some(token) => token.clone(),
                None => {
                    fresh = true;
                    let signer = core.device_signer()?;
                    let token = client.token(&identity.origin, &*signer).await?.token;
                    self.token.insert(token).clone()
                }
            };
            match client.heartbeat(&said.note, said.done, &token).await {
                // The token has ended, or is another vault's.
                Err(HttpError::Refused {
                    status: 401 | 403, ..
                }) if !fresh => self.token = None,
                outcome => break outcome?,
            }
        };
        let (kept, logged) = (core.clone(), answer.logged);
        let heard = tokio::task::spawn_blocking(move || kept.heard(&said, &answer))
            .await
            .map_err(|error| Problem::because(Code::Internal, error))?;
        if let Some(token) = &self.token
            && let Err(problem) = core.fetch_forms(&client, token).await
        {
            // With the next heartbeat then; an older server has none.
            tracing::debug!(code = problem.code().as_str(), "no forms were fetched");
        }
        Ok(Beaten {
            logged,
            next_ms: heard?,
        })
    }
}

/// What a heartbeat came to.
struct Beaten {
    /// It becomes a leaf of the log.
    logged: bool,
    /// Milliseconds until the next that the server asks for.
    next_ms: i64,
}

/// A heartbeat now, whatever the time of the next one. Gives whether it becomes a leaf. Waits for the network.
pub(crate) fn now(core: &Arc<Core>) -> Result<bool, Problem> {
    let beaten = core.runtime.block_on(Pulse::default().beat(core))?;
    Ok(beaten.logged)
}

/// Four fifths to six fifths of it, so that a district's tablets do not come all at once.
fn spread(ms: i64, jitter: Jitter) -> i64 {
    let fifth = ms / 5;
    ms - fifth + (2 * fifth).saturating_mul(i64::from(jitter.0)) / i64::from(u16::MAX)
}

/// A heartbeat as it is sent.
pub(crate) struct Said {
    /// The signed note.
    pub note: String,
    /// The newest capture of those that it tells one by one.
    pub up_to: Option<u64>,
    /// Number of the order that is carried out.
    pub done: Option<u64>,
}

/// Of the newest capture that a logged heartbeat names, in the outbox.
const TOLD: &str = "captures-told";

/// What does not read says nothing: then all are told again.
fn number(stored: &[u8]) -> u64 {
    std::str::from_utf8(stored)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(0)
}

impl Core {
    /// How far this tablet is, signed by its key, and the captures that the log has not been told of. While locked they can't be
    /// looked up: then only the newest is named.
    pub fn heartbeat(&self) -> Result<Said, Problem> {
        let vault = self.vault()?;
        let identity = self.identity()?;
        let (device_seq, told) = vault.outbox_read(|c| {
            let told = outbox::fact(c, TOLD)?.unwrap_or_default();
            Ok::<_, Problem>((outbox::newest_seq(c)?, number(&told)))
        })?;
        let head = vault.capture_head();
        let mut captures = Vec::new();
        if head.capture_seq > told && self.open_vault().is_ok() {
            captures = self.read(|c| Ok(captures::links_after(c, told, MAX_CAPTURES)?))?;
            // Of the same moment as the head: a photo may have been taken since, or be on its way into the database.
            captures.retain(|(capture_seq, link)| {
                *capture_seq < head.capture_seq
                    || (*capture_seq == head.capture_seq && *link == head.link)
            });
        }
        let beat = Beat {
            head: Heartbeat {
                origin: identity.origin.clone(),
                device: identity.key_name(),
                device_seq,
                capture_seq: head.capture_seq,
                capture_link: head.link,
                at: self.platform.now(),
            },
            captures,
        };
        let signed = Note::sign(&beat.text(), &[&*self.device_signer()?])
            .map_err(|error| Problem::because(Code::Internal, error))?;
        let note = String::from_utf8(signed.to_bytes())
            .map_err(|error| Problem::because(Code::Internal, error))?;
        Ok(Said {
            note,
            up_to: beat.captures.last().map(|(capture_seq, _)| *capture_seq),
            done: self.order_done(),
        })
    }

    /// The heartbeat is a leaf: what it names need not be said again.
    fn told(&self, said: &Said) -> Result<(), Problem> {
        let Some(up_to) = said.up_to else {
            return Ok(());
        };
        self.vault()?
            .outbox_write(|tx| Ok(outbox::put_fact(tx, TOLD, up_to.to_string().as_bytes())?))
    }

    /// Takes over what an answer says, each part only as far as a pinned key confirms it.
    fn heard(&self, said: &Said, answer: &HeartbeatAnswer) -> Result<i64, Problem> {
        if answer.logged {
            self.told(said)?;
        }
        if let Some(time) = server_time(&answer.server_time) {
            self.saw_server(time);
        }
        if let Some(note) = &answer.retired {
            self.keep_retirement(note)?;
        }
        stamped::keep(self, &answer.seen)?;
        if answer.rotate {
            self.rotate_when_asked();
        }
        if let Some(note) = &answer.order {
            self.take_order(note)?;
        }
        self.carry_out(said.done)?;
        let asked_s = answer.next_after_s.clamp(*ASKED_S.start(), *ASKED_S.end());
        Ok(i64::try_from(asked_s).unwrap_or(i64::MAX / 1000) * 1000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heartbeats_are_spread_around_their_time() {
        assert_eq!(spread(1000, Jitter(0)), 800);
        assert_eq!(spread(1000, Jitter(u16::MAX)), 1200);
        assert!((999..=1001).contains(&spread(1000, Jitter(u16::MAX / 2))));
        assert_eq!(spread(0, Jitter(u16::MAX)), 0);
        assert_eq!(spread(3, Jitter(9)), 3);
    }
}
