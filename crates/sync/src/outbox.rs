//! The machine itself: which effect is next, and what an answer changes.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use fieldseal_packet::PacketId;

use crate::job::Stage;
use crate::{Answer, Cause, Effect, Failure, Issued, Jitter, Job, NewJob, SavedJob, Settings};

/// Most packets in one status question; the server's limit.
const ASK_LIMIT: usize = 200;

#[derive(Debug)]
struct Flight {
    pub(crate) ticket: u64,
    effect: Effect,
    issued_at: i64,
    answer_by: i64,
}

/// Least bytes in one `PATCH`.
const LEAST_CHUNK: u64 = 16 << 10;
/// A chunk that took longer makes the next one smaller, and one that took less than a quarter makes it larger, milliseconds.
const CHUNK_WITHIN_MS: i64 = 16_000;

/// The outbox.
#[derive(Debug)]
pub struct Outbox {
    pub(crate) settings: Settings,
    pub(crate) jobs: BTreeMap<PacketId, Job>,
    /// The order of turns, so that no look at it has to sort.
    turns: BTreeSet<(i64, PacketId)>,
    pub(crate) watched: BTreeSet<PacketId>,
    flight: Option<Flight>,
    pub(crate) ticket: u64,
    pub(crate) online: bool,
    /// When the server answered last, on the driver's clock.
    reached_at: Option<i64>,
    pub(crate) held: bool,
    /// The link at hand is not one that bytes may go over.
    held_for_link: bool,
    /// Bytes in the next `PATCH`.
    chunk: u64,
    /// What the last exchange met instead of the server.
    pub(crate) link_cause: Option<Cause>,
    pub(crate) link_failures: u32,
    pub(crate) link_at: i64,
    pub(crate) token_until: Option<i64>,
    /// Times in a row that a fresh token was refused.
    pub(crate) token_refusals: u32,
    pub(crate) key_refused: bool,
    pub(crate) auth_at: i64,
    /// Times in a row that no token was given.
    pub(crate) auth_failures: u32,
    pub(crate) watch_at: i64,
    /// Questions in a row that were not answered.
    pub(crate) ask_failures: u32,
    /// The last watched packet asked about: the next question goes on behind it.
    pub(crate) watch_cursor: Option<PacketId>,
    pub(crate) checkpoint_at: i64,
    pub(crate) changed: BTreeSet<PacketId>,
}

impl Outbox {
    /// Empty, and hopeful about the network.
    pub fn new(settings: Settings) -> Self {
        Self {
            chunk: settings.chunk_bytes.max(1),
            link_cause: None,
            settings,
            jobs: BTreeMap::new(),
            turns: BTreeSet::new(),
            watched: BTreeSet::new(),
            flight: None,
            ticket: 0,
            online: false,
            reached_at: None,
            held: false,
            held_for_link: false,
            link_failures: 0,
            link_at: i64::MIN,
            token_until: None,
            token_refusals: 0,
            key_refused: false,
            auth_at: i64::MIN,
            auth_failures: 0,
            watch_at: i64::MIN,
            ask_failures: 0,
            watch_cursor: None,
            checkpoint_at: i64::MIN,
            changed: BTreeSet::new(),
        }
    }

    /// Puts a packet in, with what was stored of it; a packet that is there already stays as it is.
    pub fn add(&mut self, new: NewJob, saved: SavedJob) {
        if let Entry::Vacant(place) = self.jobs.entry(new.packet) {
            self.turns.insert((new.order, new.packet));
            place.insert(Job::restored(new, saved));
        }
    }

    /// Asks from time to time what was decided about a safe packet, until [`Outbox::unwatch`].
    pub fn watch(&mut self, packet: PacketId) {
        self.watched.insert(packet);
    }

    /// A final decision is known.
    pub fn unwatch(&mut self, packet: PacketId) {
        self.watched.remove(&packet);
    }

    /// One packet.
    pub fn job(&self, packet: PacketId) -> Option<&Job> {
        self.jobs.get(&packet)
    }

    /// All packets, in the order of their turns.
    pub fn jobs(&self) -> impl Iterator<Item = &Job> {
        self.turns
            .iter()
            .filter_map(|(_, packet)| self.jobs.get(packet))
    }

    /// Whether the last exchange reached the server.
    pub fn online(&self) -> bool {
        self.online
    }

    /// When the server answered last in this run, on the driver's clock.
    pub fn reached_at(&self) -> Option<i64> {
        self.reached_at
    }

    /// An exchange outside the outbox did not reach the server: from now on it is tried until it answers.
    pub fn missed(&mut self, now: i64) {
        self.online = false;
        self.checkpoint_at = self.checkpoint_at.min(now);
    }

    /// What the last exchange met instead of the server, if it did.
    pub fn link_cause(&self) -> Option<&Cause> {
        self.link_cause.as_ref()
    }

    /// Holds one packet's bytes back, or lets them go on; what is told of it is asked and verified all the same. Says
    /// whether there is such a packet.
    pub fn pause(&mut self, packet: PacketId, paused: bool) -> bool {
        let known = self.jobs.contains_key(&packet);
        self.change(packet, |job| {
            job.paused = paused;
            if !paused && job.stage != Stage::Wedged {
                job.next_at = i64::MIN;
            }
        });
        known
    }

    /// Forgets a packet that is safe. The driver keeps what is known of it.
    pub fn forget_safe(&mut self, packet: PacketId) {
        if self
            .jobs
            .get(&packet)
            .is_some_and(|job| job.stage == Stage::Safe)
            && let Some(job) = self.jobs.remove(&packet)
        {
            self.turns.remove(&(job.new.order, packet));
        }
    }

    /// Whether uploads are held back.
    pub fn held(&self) -> bool {
        self.held
    }

    /// Packets whose [`Job::saved`] is to be stored anew; empties the list.
    pub fn take_changed(&mut self) -> Vec<PacketId> {
        std::mem::take(&mut self.changed).into_iter().collect()
    }

    /// The platform says that the network came or went.
    pub fn network(&mut self, up: bool, now: i64) {
        self.link_failures = 0;
        if up {
            self.link_at = i64::MIN;
            for job in self.jobs.values_mut() {
                if job.stage != Stage::Wedged {
                    job.next_at = i64::MIN;
                }
            }
        } else {
            self.online = false;
            self.link_at = now.saturating_add(self.settings.reconnect.longest_ms);
        }
    }

    /// Holds uploads back, or lets them go on. Questions and receipts are not held.
    pub fn hold(&mut self, hold: bool) {
        self.held = hold;
    }

    /// Holds bytes back until there is another link, as [`Outbox::hold`] does; the officer's own hold stays as it is.
    pub fn hold_for_link(&mut self, hold: bool) {
        self.held_for_link = hold;
    }

    /// Whether any packet has, or may have, bytes to send by itself.
    pub fn has_bytes_to_send(&self) -> bool {
        let may_send = |job: &Job| job.sends_bytes() || job.stage == Stage::Ask;
        self.jobs.values().any(|job| !job.paused && may_send(job))
    }

    /// Gives a packet another place in the order of turns.
    pub fn reorder(&mut self, packet: PacketId, order: i64) {
        if let Some(job) = self.jobs.get_mut(&packet) {
            self.turns.remove(&(job.new.order, packet));
            job.new.order = order;
            self.turns.insert((order, packet));
        }
    }

    /// Tries now: one packet, or everything. Wedged ones are asked about as well.
    pub fn nudge(&mut self, packet: Option<PacketId>) {
        self.link_at = i64::MIN;
        self.auth_at = i64::MIN;
        self.watch_at = i64::MIN;
        for (id, job) in &mut self.jobs {
            if packet.is_none_or(|wanted| wanted == *id) && job.stage != Stage::Safe {
                job.next_at = i64::MIN;
                // A refusal may have been lifted: start from the server's word.
                if job.stage == Stage::Wedged
                    && matches!(
                        job.cause,
                        Some(Cause::TooLarge | Cause::Refused(_) | Cause::Unreadable)
                    )
                {
                    job.stage = Stage::Ask;
                    job.cause = None;
                }
            }
        }
    }

    /// What to do now. While an effect is under way it answers to wait for it.
    pub fn poll(&mut self, now: i64, jitter: Jitter) -> Issued {
        if let Some(flight) = &self.flight {
            if now < flight.answer_by {
                return Issued {
                    ticket: 0,
                    effect: Effect::Wait {
                        until: Some(flight.answer_by),
                    },
                };
            }
            let ticket = flight.ticket;
            self.answer(ticket, Answer::Failed(Failure::Unreachable), now, jitter);
        }
        match self.next(now) {
            Ok(effect) => {
                self.ticket += 1;
                let answer_by = now.saturating_add(self.settings.answer_within_ms);
                self.flight = Some(Flight {
                    ticket: self.ticket,
                    effect: effect.clone(),
                    issued_at: now,
                    answer_by,
                });
                Issued {
                    ticket: self.ticket,
                    effect,
                }
            }
            Err(until) => Issued {
                ticket: 0,
                effect: Effect::Wait { until },
            },
        }
    }

    /// The next effect, or until when there is none.
    fn next(&self, now: i64) -> Result<Effect, Option<i64>> {
        let linked = now >= self.link_at;
        let mut wake = self.checkpoint_at;
        let mut needs_token = None;
        let mut ask: Vec<PacketId> = Vec::new();
        for job in self.jobs() {
            // Verification is local: it needs neither network nor token, and goes before everything else.
            if let Stage::Verify { receipt, proof } = &job.stage
                && job.next_at <= now
            {
                return Ok(Effect::Verify {
                    packet: job.new.packet,
                    receipt: receipt.clone(),
                    proof: proof.clone(),
                });
            }
            let idle = job.stage == Stage::Safe
                || ((self.held || self.held_for_link || job.paused) && job.sends_bytes());
            if idle || !linked {
                continue;
            }
            if job.next_at > now {
                wake = wake.min(job.next_at);
            } else if job.asks() {
                if ask.len() < ASK_LIMIT {
                    ask.push(job.new.packet);
                }
            } else if needs_token.is_none() {
                needs_token = self.transfer(job);
            }
        }
        if !linked {
            return Err(Some(self.link_at));
        }
        if !self.watched.is_empty() {
            if self.watch_at <= now {
                ask.extend(self.watched_next(ASK_LIMIT.saturating_sub(ask.len())));
            } else {
                wake = wake.min(self.watch_at);
            }
        }
        // Questions first: they are small, and an answer may spare an upload.
        let effect = if ask.is_empty() {
            needs_token
        } else {
            Some(Effect::AskStatus { packets: ask })
        };
        if let Some(effect) = effect {
            if self.token_until.is_some_and(|until| until > now) {
                return Ok(effect);
            }
            if self.auth_at <= now {
                return Ok(Effect::Authenticate);
            }
            wake = wake.min(self.auth_at);
        }
        if self.checkpoint_at <= now {
            Ok(Effect::FetchCheckpoint)
        } else {
            Err(Some(wake))
        }
    }

    /// The next watched packets behind the cursor, around the end.
    fn watched_next(&self, count: usize) -> Vec<PacketId> {
        let behind = self
            .watched
            .iter()
            .filter(|id| self.watch_cursor.is_none_or(|cursor| **id > cursor));
        let before = self
            .watched
            .iter()
            .filter(|id| self.watch_cursor.is_some_and(|cursor| **id <= cursor));
        behind.chain(before).take(count).copied().collect()
    }

    fn transfer(&self, job: &Job) -> Option<Effect> {
        let packet = job.new.packet;
        match (&job.stage, &job.upload) {
            (Stage::Create, _) | (Stage::Head | Stage::Send, None) => {
                Some(Effect::Create { packet })
            }
            (Stage::Head, Some(upload)) => Some(Effect::Head {
                packet,
                upload: upload.clone(),
            }),
            (Stage::Send, Some(upload)) => {
                let length = (job.new.size - job.offset).min(self.chunk);
                Some(Effect::Patch {
                    packet,
                    upload: upload.clone(),
                    offset: job.offset,
                    length,
                })
            }
            _ => None,
        }
    }

    /// What came of an effect. An answer with another ticket than the newest is late or doubled, and changes nothing.
    pub fn answer(&mut self, ticket: u64, answer: Answer, now: i64, jitter: Jitter) {
        let Some(flight) = self.flight.take_if(|flight| flight.ticket == ticket) else {
            return;
        };
        // What failed on this side, or was done here alone, says nothing about the server.
        let met_the_server = match &answer {
            Answer::Failed(failure) => !failure.is_of_the_link() && *failure != Failure::Unreadable,
            _ => !matches!(flight.effect, Effect::Verify { .. }),
        };
        if met_the_server {
            self.online = true;
            self.reached_at = Some(now);
            self.link_failures = 0;
            self.link_cause = None;
        }
        if let Effect::Patch { length, .. } = &flight.effect {
            self.size_chunk(*length, &answer, now.saturating_sub(flight.issued_at));
        }
        if matches!(
            answer,
            Answer::Status(_) | Answer::Created { .. } | Answer::Offset(_)
        ) {
            self.token_refusals = 0;
        }
        match (flight.effect, answer) {
            (effect, Answer::Failed(failure)) => self.failed(effect, failure, now, jitter),
            (Effect::Authenticate, Answer::Authenticated { until }) => {
                self.token_until = Some(until);
                self.auth_failures = 0;
                self.lift_key_refusal();
            }
            (Effect::FetchCheckpoint, Answer::Checkpoint) => {
                self.checkpoint_at = now.saturating_add(self.settings.checkpoint_every_ms);
            }
            (Effect::AskStatus { packets }, Answer::Status(statuses)) => {
                self.ask_failures = 0;
                self.told(&packets, statuses, now, jitter);
            }
            (Effect::Create { packet }, Answer::Created { upload }) => self.change(packet, |job| {
                job.upload = Some(upload);
                job.stage = Stage::Head;
                job.next_at = i64::MIN;
            }),
            (
                Effect::Head { packet, .. } | Effect::Patch { packet, .. },
                Answer::Offset(offset),
            ) => {
                self.change(packet, |job| {
                    if offset <= job.new.size {
                        job.acknowledge(offset)
                    } else {
                        job.forget_upload()
                    }
                });
            }
            (Effect::Verify { packet, .. }, Answer::Verified(verified)) => {
                let ask_again = now.saturating_add(self.settings.wedged_every_ms);
                self.change(packet, |job| match verified {
                    Ok(()) => {
                        job.stage = Stage::Safe;
                        job.cause = None;
                        job.attempts = 0;
                    }
                    Err(check) => {
                        job.stage = Stage::Wedged;
                        job.cause = Some(Cause::ReceiptWrong(check));
                        job.next_at = ask_again;
                    }
                });
            }
            // An answer to another question than the one asked: the driver is broken, or the server is. Try again later.
            (effect, _) => self.failed(effect, Failure::ServerError, now, jitter),
        }
    }

    /// How much the next `PATCH` carries, by how the last one went. A link of 32 kB/s would never bring a large chunk over in
    /// the time that an answer has.
    fn size_chunk(&mut self, length: u64, answer: &Answer, took_ms: i64) {
        let most = self.settings.chunk_bytes.max(1);
        let least = LEAST_CHUNK.min(most);
        self.chunk = match answer {
            Answer::Offset(_) if took_ms > CHUNK_WITHIN_MS => length / 2,
            // The last chunk of a packet is short, which says nothing.
            Answer::Offset(_) if took_ms < CHUNK_WITHIN_MS / 4 && length >= self.chunk => {
                self.chunk.saturating_mul(2)
            }
            Answer::Failed(Failure::Unreachable) => length / 4,
            _ => self.chunk,
        }
        .clamp(least, most);
    }

    pub(crate) fn change(&mut self, packet: PacketId, change: impl FnOnce(&mut Job)) {
        if let Some(job) = self.jobs.get_mut(&packet) {
            change(job);
            self.changed.insert(packet);
        }
    }
}
