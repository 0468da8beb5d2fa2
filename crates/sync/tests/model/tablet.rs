//! A tablet of the model: the real outbox, a driver that does what the real one does, and a disk that survives restarts.

use std::collections::{BTreeMap, BTreeSet};

use fieldseal_packet::{PacketId, Sha256Digest};
use fieldseal_sync::receipt::{self, OwnCopy, PinnedKeys};
use fieldseal_sync::{Answer, Effect, Failure, Jitter, NewJob, Outbox, SavedJob, Settings, State};

use crate::server::{Reply, Request, seal, zip_sha256};

pub struct Tablet {
    number: usize,
    pub outbox: Outbox,
    keys: PinnedKeys,
    token: Option<u64>,
    /// True time at which its boot clock began.
    booted_at: i64,
    /// How wrong its clock on the wall is.
    pub wall_off: i64,
    /// On disk: the sealed packets, what of their way was stored, and whose receipts were verified.
    pub jobs: BTreeMap<PacketId, NewJob>,
    saved: BTreeMap<PacketId, SavedJob>,
    pub verified: BTreeSet<PacketId>,
    /// Failed contacts in a row, and before when (boot clock) the next contact is too early.
    misses: u32,
    quiet_until: i64,
}

pub fn settings() -> Settings {
    Settings {
        chunk_bytes: 7,
        ..Settings::default()
    }
}

impl Tablet {
    pub fn new(number: usize, keys: PinnedKeys) -> Self {
        Self {
            number,
            outbox: Outbox::new(settings()),
            keys,
            token: None,
            booted_at: 0,
            wall_off: 0,
            jobs: BTreeMap::new(),
            saved: BTreeMap::new(),
            verified: BTreeSet::new(),
            misses: 0,
            quiet_until: i64::MIN,
        }
    }

    /// Its boot clock.
    pub fn now(&self, time: i64) -> i64 {
        time - self.booted_at
    }

    pub fn seal(&mut self, packet: PacketId, size: u64, order: i64) {
        let new = NewJob {
            packet,
            seal_sha256: Sha256Digest::of(&seal(packet)),
            size,
            order,
        };
        self.jobs.insert(packet, new);
        self.outbox.add(new, SavedJob::default());
    }

    /// Only what was stored survives.
    pub fn restart(&mut self, time: i64, reboot: bool) {
        if reboot {
            self.booted_at = time;
        }
        self.outbox = Outbox::new(settings());
        self.token = None;
        self.calm();
        for (packet, job) in &self.jobs {
            if self.verified.contains(packet) {
                self.outbox.watch(*packet);
            } else {
                let saved = self.saved.get(packet).cloned().unwrap_or_default();
                self.outbox.add(*job, saved);
            }
        }
    }

    /// An officer or the platform asks to try at once.
    pub fn calm(&mut self) {
        self.misses = 0;
        self.quiet_until = i64::MIN;
    }

    /// The next effect; the rules of patience and of the line are checked as it comes out.
    pub fn poll(&mut self, time: i64, jitter: Jitter) -> (u64, Effect) {
        let now = self.now(time);
        let issued = self.outbox.poll(now, jitter);
        match &issued.effect {
            Effect::Wait { until } => assert!(
                until.is_none_or(|until| until > now),
                "a wait that does not wait"
            ),
            Effect::Verify { .. } => {}
            contact => {
                assert!(
                    now >= self.quiet_until,
                    "tablet {} does not wait after {} failures: {contact:?}",
                    self.number,
                    self.misses
                );
            }
        }
        if let Effect::Create { packet }
        | Effect::Head { packet, .. }
        | Effect::Patch { packet, .. } = &issued.effect
        {
            self.check_turn(*packet, now);
        }
        (issued.ticket, issued.effect)
    }

    /// Bytes of a packet go only when none before it in the line could go.
    fn check_turn(&self, packet: PacketId, now: i64) {
        let mine = &self.jobs[&packet];
        for job in self.outbox.jobs() {
            let other = job.packet();
            let due = matches!(job.state(), State::Queued | State::Uploading)
                && job.next_at().is_none_or(|at| at <= now);
            assert!(
                !due || (other.order, other.packet) >= (mine.order, mine.packet),
                "a packet overtakes another whose deadline is nearer"
            );
        }
    }

    /// What goes over the wire.
    pub fn request(&self, effect: &Effect) -> Request {
        let size = match effect {
            Effect::Create { packet } => self.jobs[packet].size,
            _ => 0,
        };
        Request {
            tablet: self.number,
            token: self.token,
            effect: effect.clone(),
            size,
        }
    }

    /// Checks receipt and proof as the real driver does, and stores the verdict before anybody hears of it.
    pub fn verify(&mut self, packet: PacketId, receipt: &str, proof: &str) -> Answer {
        let seal = seal(packet);
        let own = OwnCopy {
            packet,
            seal: &seal,
            zip_sha256: zip_sha256(packet),
            zip_size: seal.len() as u64,
        };
        let checked = receipt::check(&self.keys, own, receipt.as_bytes(), proof.as_bytes());
        if checked.is_ok() {
            self.verified.insert(packet);
        }
        Answer::Verified(checked.map(|_| ()).map_err(|error| error.code().to_owned()))
    }

    /// A reply arrives.
    pub fn hear(&mut self, ticket: u64, reply: Reply, time: i64, jitter: Jitter) {
        let now = self.now(time);
        let mut answer = reply.answer;
        if let Some((token, life_ms)) = reply.token {
            self.token = Some(token);
            answer = Answer::Authenticated {
                until: now + life_ms - 5_000,
            };
        }
        self.answer(ticket, answer, time, jitter);
    }

    pub fn answer(&mut self, ticket: u64, answer: Answer, time: i64, jitter: Jitter) {
        self.outbox.answer(ticket, answer, self.now(time), jitter);
        self.store();
    }

    /// The connection fails.
    pub fn miss(&mut self, ticket: u64, time: i64, jitter: Jitter) {
        self.misses += 1;
        let least = settings().reconnect.wait_ms(self.misses, Jitter(0));
        self.quiet_until = self.now(time) + least;
        self.answer(ticket, Answer::Failed(Failure::Unreachable), time, jitter);
    }

    pub fn store(&mut self) {
        for packet in self.outbox.take_changed() {
            let job = self.outbox.job(packet).unwrap();
            self.saved.insert(packet, job.saved());
        }
    }
}
