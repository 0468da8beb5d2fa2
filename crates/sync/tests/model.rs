//! Two tablets and a server that loses, doubles, delays, forgets and restarts, under seeds that are printed when one fails.
//! Whatever happens: nothing is called safe that the server has not logged, and in the end everything is safe.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_sync::{
    Answer, Effect, Failure, Issued, Jitter, NewJob, Outbox, SavedJob, Settings, State,
};
use fieldseal_wire::device::{PacketStatus, ServerState};

/// SplitMix64: small, and the same everywhere.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.roll() % limit
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn jitter(&mut self) -> Jitter {
        Jitter(self.below(65_536) as u16)
    }
}

#[derive(Default)]
struct Server {
    uploads: BTreeMap<String, (PacketId, u64)>,
    received: BTreeSet<PacketId>,
    logged: BTreeSet<PacketId>,
    created: u64,
}

impl Server {
    fn serve(
        &mut self,
        effect: &Effect,
        sizes: &BTreeMap<PacketId, u64>,
        now: i64,
        dice: &mut Dice,
    ) -> Answer {
        match effect {
            Effect::Authenticate => Answer::Authenticated {
                until: now + 50_000,
            },
            Effect::FetchCheckpoint => Answer::Checkpoint,
            Effect::AskStatus { packets } => {
                // Some of the received ones get logged meanwhile.
                let waiting: Vec<PacketId> =
                    self.received.difference(&self.logged).copied().collect();
                for packet in waiting {
                    if dice.one_in(2) {
                        self.logged.insert(packet);
                    }
                }
                Answer::Status(packets.iter().map(|packet| self.status(*packet)).collect())
            }
            Effect::Create { packet } => {
                self.created += 1;
                let url = format!("/u/{}", self.created);
                self.uploads.insert(url.clone(), (*packet, 0));
                Answer::Created { upload: url }
            }
            Effect::Head { upload, .. } => match self.uploads.get(upload) {
                Some((_, offset)) => Answer::Offset(*offset),
                None => Answer::Failed(Failure::UploadGone),
            },
            Effect::Patch {
                packet,
                upload,
                offset,
                length,
            } => {
                let Some((owner, have)) = self.uploads.get_mut(upload) else {
                    return Answer::Failed(Failure::UploadGone);
                };
                assert_eq!(
                    owner, packet,
                    "bytes of one packet sent to another's upload"
                );
                assert!(
                    offset + length <= sizes[packet],
                    "more bytes than the packet has"
                );
                assert!(*length > 0, "an empty chunk");
                if have != offset {
                    return Answer::Failed(Failure::OffsetConflict);
                }
                *have += length;
                if *have == sizes[packet] {
                    self.received.insert(*packet);
                }
                Answer::Offset(*have)
            }
            Effect::Verify { packet, .. } => {
                assert!(
                    self.logged.contains(packet),
                    "a receipt for what is not logged"
                );
                Answer::Verified(Ok(()))
            }
            Effect::Wait { .. } => unreachable!("a wait is not served"),
        }
    }

    fn status(&self, packet: PacketId) -> PacketStatus {
        let state = if self.logged.contains(&packet) {
            ServerState::Logged
        } else if self.received.contains(&packet) {
            ServerState::Received
        } else {
            ServerState::Unknown
        };
        let note = (state == ServerState::Logged).then(|| "note".to_owned());
        PacketStatus {
            id: packet.to_string(),
            state,
            reason: None,
            receipt: note.clone(),
            proof: note,
            decisions: vec![],
        }
    }

    /// A crash without its last writes, or a clean-up of stale uploads.
    fn misfortune(&mut self, dice: &mut Dice) {
        if dice.one_in(40) {
            let received = &self.received;
            self.uploads
                .retain(|_, (packet, _)| received.contains(packet) || dice.one_in(2));
        }
        for (packet, offset) in self.uploads.values_mut() {
            if !self.received.contains(packet) && *offset > 0 && dice.one_in(60) {
                *offset = dice.below(*offset);
            }
        }
    }
}

struct Tablet {
    outbox: Outbox,
    jobs: Vec<NewJob>,
    saved: BTreeMap<PacketId, SavedJob>,
    safe: BTreeSet<PacketId>,
    late: Vec<(u64, Answer)>,
}

fn settings() -> Settings {
    Settings {
        chunk_bytes: 7,
        ..Settings::default()
    }
}

impl Tablet {
    fn new(jobs: Vec<NewJob>) -> Self {
        let mut tablet = Self {
            outbox: Outbox::new(settings()),
            jobs,
            saved: BTreeMap::new(),
            safe: BTreeSet::new(),
            late: vec![],
        };
        tablet.restart();
        tablet
    }

    /// Only what was stored survives.
    fn restart(&mut self) {
        self.outbox = Outbox::new(settings());
        for job in &self.jobs {
            if !self.safe.contains(&job.packet) {
                self.outbox.add(
                    *job,
                    self.saved.get(&job.packet).cloned().unwrap_or_default(),
                );
            }
        }
    }

    fn answer(&mut self, ticket: u64, answer: Answer, now: i64, dice: &mut Dice, storing: bool) {
        self.outbox.answer(ticket, answer, now, dice.jitter());
        for packet in self.outbox.take_changed() {
            let job = self.outbox.job(packet).unwrap();
            if job.state() == State::Safe {
                self.safe.insert(packet);
            } else if storing {
                self.saved.insert(packet, job.saved());
            }
        }
    }

    fn turn(&mut self, server: &mut Server, now: &mut i64, faults: bool, dice: &mut Dice) {
        let Issued { ticket, effect } = self.outbox.poll(*now, dice.jitter());
        if let Effect::Wait { until } = effect {
            // The other tablet's turns pass time as well; never jump far.
            *now += until.map_or(1000, |until| (until - *now).clamp(1, 2000));
            return;
        }
        let sizes = self.jobs.iter().map(|job| (job.packet, job.size)).collect();
        if faults && !matches!(effect, Effect::Verify { .. }) {
            match dice.below(10) {
                // The request is lost.
                0 => {
                    return self.answer(
                        ticket,
                        Answer::Failed(Failure::Unreachable),
                        *now,
                        dice,
                        true,
                    );
                }
                // The answer is lost, and nobody even says so.
                1 => {
                    server.serve(&effect, &sizes, *now, dice);
                    return;
                }
                // The answer is lost, the connection breaks; it comes twice, late.
                2 => {
                    let answer = server.serve(&effect, &sizes, *now, dice);
                    self.late.push((ticket, answer.clone()));
                    self.late.push((ticket, answer));
                    return self.answer(
                        ticket,
                        Answer::Failed(Failure::Unreachable),
                        *now,
                        dice,
                        true,
                    );
                }
                3 => {
                    return self.answer(
                        ticket,
                        Answer::Failed(Failure::ServerError),
                        *now,
                        dice,
                        true,
                    );
                }
                4 => {
                    return self.answer(
                        ticket,
                        Answer::Failed(Failure::Unauthenticated),
                        *now,
                        dice,
                        true,
                    );
                }
                _ => {}
            }
        }
        let answer = server.serve(&effect, &sizes, *now, dice);
        let storing = !faults || !dice.one_in(8);
        self.answer(ticket, answer, *now, dice, storing);
        if faults && dice.one_in(4) && !self.late.is_empty() {
            let at = dice.below(self.late.len() as u64) as usize;
            let (ticket, answer) = self.late.swap_remove(at);
            self.answer(ticket, answer, *now, dice, true);
        }
        if faults && dice.one_in(50) {
            self.restart();
        }
    }
}

fn tablet(number: u8, dice: &mut Dice) -> Tablet {
    let jobs = (0..4u8)
        .map(|n| {
            let packet = PacketId::from_parts(
                Timestamp::from_millis(1_790_000_000_000),
                &[number * 16 + n; 10],
            );
            NewJob {
                packet,
                seal_sha256: Sha256Digest::of(&[n]),
                size: 1 + dice.below(40),
                order: i64::from(n),
            }
        })
        .collect();
    Tablet::new(jobs)
}

fn run(seed: u64) {
    let mut dice = Dice(seed);
    let mut server = Server::default();
    let mut tablets = [tablet(1, &mut dice), tablet(2, &mut dice)];
    let mut now = 0;
    for step in 0..20_000 {
        let faults = step < 600;
        for tablet in &mut tablets {
            tablet.turn(&mut server, &mut now, faults, &mut dice);
            for packet in &tablet.safe {
                assert!(
                    server.logged.contains(packet),
                    "called safe, but not logged"
                );
            }
        }
        if faults {
            server.misfortune(&mut dice);
        }
        if tablets
            .iter()
            .all(|tablet| tablet.safe.len() == tablet.jobs.len())
        {
            return;
        }
    }
    let states: Vec<_> = tablets
        .iter()
        .flat_map(|tablet| tablet.outbox.jobs())
        .map(|job| (job.state(), job.cause().cloned()))
        .collect();
    panic!("not everything became safe: {states:?}");
}

#[test]
fn everything_becomes_safe_and_nothing_is_called_safe_too_early() {
    for seed in 0..300 {
        if let Err(panic) = std::panic::catch_unwind(|| run(seed)) {
            eprintln!("seed {seed}");
            std::panic::resume_unwind(panic);
        }
    }
}
