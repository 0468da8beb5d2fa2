//! All of it together: who hears what and when.

use std::collections::BTreeSet;

use fieldseal_packet::{PacketId, Timestamp};
use fieldseal_sync::{Answer, Effect, Failure, Jitter, State};

use crate::server::{Reply, Request, Server};
use crate::tablet::Tablet;
use crate::transition::{CALM, Fate, TABLETS, Transition};

/// Pauses of all tablets within which everything must be safe once all faults are gone.
const WAITS_TO_REST: usize = 200;
/// Turns between two pauses of a tablet: five packets of six chunks need fewer.
const TURNS_AT_ONCE: u32 = 100;

struct LateAnswer {
    tablet: usize,
    ticket: u64,
    reply: Reply,
}

pub struct World {
    pub server: Server,
    pub tablets: Vec<Tablet>,
    /// True time, milliseconds; nobody's clock shows it.
    time: i64,
    sealed: u8,
    answers: Vec<LateAnswer>,
    requests: Vec<Request>,
}

impl World {
    pub fn new() -> Self {
        let server = Server::new();
        let keys = server.keys();
        Self {
            tablets: (0..TABLETS).map(|n| Tablet::new(n, keys.clone())).collect(),
            server,
            time: 0,
            sealed: 0,
            answers: Vec::new(),
            requests: Vec::new(),
        }
    }

    pub fn apply(&mut self, transition: Transition) {
        let time = self.time;
        match transition {
            Transition::Seal { tablet, size } => self.seal(tablet, size),
            Transition::Turn {
                tablet,
                fate,
                jitter,
            } => {
                self.turn(tablet, &fate, Jitter(jitter));
            }
            Transition::Run { tablet, turns } => {
                if let Some(until) = self.calm_turns(tablet, u32::from(turns)) {
                    self.pass((until - time).clamp(1, 600_000));
                }
            }
            Transition::LateAnswer { nth, again } => self.late_answer(nth, again),
            Transition::LateRequest { nth } => {
                if !self.requests.is_empty() {
                    let request = self.requests.remove(nth % self.requests.len());
                    self.server.serve(&request);
                }
            }
            Transition::Pass { ms } => self.pass(ms),
            Transition::Outage {
                tablet,
                failure,
                minutes,
            } => {
                self.outage(tablet, &failure, minutes);
            }
            Transition::RestartTablet { tablet, reboot } => {
                self.tablets[tablet].restart(time, reboot);
                self.hung_up(tablet);
            }
            Transition::RestartServer => self.server.restart(),
            Transition::ServerForgets { nth, all } => self.server.forget(nth, all),
            Transition::TabletClock { tablet, ms } => self.tablets[tablet].wall_off = ms,
            Transition::ServerClock { ms } => self.server.wall = 1_790_000_000_000 + time + ms,
            Transition::Revoke { tablet } => {
                self.server.revoked.insert(tablet);
            }
            Transition::Accept { tablet } => {
                self.server.revoked.remove(&tablet);
            }
            Transition::Log => self.server.log(),
            Transition::Quarantine { nth } => self.server.quarantine(nth),
            Transition::Release => self.server.release(),
            Transition::Lies(lie) => self.server.lie = lie,
            Transition::Nudge { tablet } => {
                self.tablets[tablet].outbox.nudge(None);
                self.tablets[tablet].calm();
            }
            Transition::Network { tablet, up } => {
                let tablet = &mut self.tablets[tablet];
                let now = tablet.now(time);
                tablet.outbox.network(up, now);
                tablet.calm();
            }
            Transition::Hold { tablet, hold } => self.tablets[tablet].outbox.hold(hold),
        }
    }

    fn seal(&mut self, tablet: usize, size: u64) {
        self.sealed += 1;
        let tablet = &mut self.tablets[tablet];
        let wall = 1_790_000_000_000 + self.time + tablet.wall_off;
        let packet = PacketId::from_parts(Timestamp::from_millis(wall), &[self.sealed; 10]);
        tablet.seal(packet, size, wall);
    }

    fn pass(&mut self, ms: i64) {
        self.time += ms;
        self.server.wall += ms;
    }

    /// Gives until when (true time) the tablet wants to wait, if it does.
    fn turn(&mut self, number: usize, fate: &Fate, jitter: Jitter) -> Option<Option<i64>> {
        let time = self.time;
        let tablet = &mut self.tablets[number];
        let (ticket, effect) = tablet.poll(time, jitter);
        match &effect {
            Effect::Wait { until } => {
                let ahead = until.map(|until| time + (until - tablet.now(time)));
                return Some(ahead);
            }
            Effect::Verify {
                packet,
                receipt,
                proof,
            } => {
                let answer = tablet.verify(*packet, receipt, proof);
                if matches!(fate, Fate::Crash) {
                    tablet.restart(time, false);
                    self.hung_up(number);
                } else {
                    tablet.answer(ticket, answer, time, jitter);
                }
                return None;
            }
            _ => {}
        }
        let request = tablet.request(&effect);
        match fate {
            Fate::Arrives => {
                let reply = self.server.serve(&request);
                self.heard(number, ticket, reply, jitter);
            }
            Fate::LostRequest => tablet.miss(ticket, time, jitter),
            Fate::LostAnswer => {
                self.server.serve(&request);
                self.tablets[number].miss(ticket, time, jitter);
            }
            Fate::Silence => {
                self.server.serve(&request);
            }
            Fate::LateRequest => {
                tablet.miss(ticket, time, jitter);
                self.requests.push(request);
            }
            Fate::LateAnswer => {
                let reply = self.server.serve(&request);
                self.answers.push(LateAnswer {
                    tablet: number,
                    ticket,
                    reply,
                });
                self.tablets[number].miss(ticket, time, jitter);
            }
            Fate::Twice => {
                let first = self.server.serve(&request);
                let second = self.server.serve(&request);
                self.answers.push(LateAnswer {
                    tablet: number,
                    ticket,
                    reply: first,
                });
                self.heard(number, ticket, second, jitter);
            }
            Fate::Refused(Failure::Unreachable) => tablet.miss(ticket, time, jitter),
            Fate::Refused(failure) => {
                tablet.calm();
                tablet.answer(ticket, Answer::Failed(failure.clone()), time, jitter);
            }
            Fate::Crash => {
                self.server.serve(&request);
                self.tablets[number].restart(time, false);
                self.hung_up(number);
            }
        }
        None
    }

    fn heard(&mut self, number: usize, ticket: u64, reply: Reply, jitter: Jitter) {
        let tablet = &mut self.tablets[number];
        tablet.calm();
        tablet.hear(ticket, reply, self.time, jitter);
    }

    /// A connection ends with its program: what was on its way there arrives nowhere.
    fn hung_up(&mut self, tablet: usize) {
        self.answers.retain(|late| late.tablet != tablet);
    }

    fn late_answer(&mut self, nth: usize, again: bool) {
        if self.answers.is_empty() {
            return;
        }
        let nth = nth % self.answers.len();
        let late = &self.answers[nth];
        let (tablet, ticket, reply) = (late.tablet, late.ticket, late.reply.clone());
        if !again {
            self.answers.remove(nth);
        }
        // Whatever it says, it is not news: only the newest ticket's answer counts.
        let before = self.picture(tablet);
        self.tablets[tablet].hear(ticket, reply, self.time, CALM);
        assert_eq!(
            before,
            self.picture(tablet),
            "a late answer changed something"
        );
    }

    fn picture(&self, tablet: usize) -> Vec<(PacketId, State, u64, u32, Option<i64>)> {
        let jobs = self.tablets[tablet].outbox.jobs();
        let one = |job: &fieldseal_sync::Job| {
            let id = job.packet().packet;
            (
                id,
                job.state(),
                job.sent_bytes(),
                job.attempts(),
                job.next_at(),
            )
        };
        jobs.map(one).collect()
    }

    /// Up to so many turns without faults, until the tablet waits; gives until when.
    fn calm_turns(&mut self, number: usize, turns: u32) -> Option<i64> {
        let wait = (0..turns).find_map(|_| self.turn(number, &Fate::Arrives, CALM));
        wait.flatten()
    }

    /// Nothing works for a while: attempts get rarer, so that a district's tablets don't bring a weak server down.
    fn outage(&mut self, number: usize, failure: &Failure, minutes: i64) {
        self.tablets[number].outbox.nudge(None);
        self.tablets[number].calm();
        let end = self.time + minutes * 60_000;
        let mut contacts = 0;
        while self.time < end {
            let fate = Fate::Refused(failure.clone());
            match self.turn(number, &fate, Jitter(0)) {
                Some(until) => {
                    let until = until.unwrap_or(end).min(end);
                    self.pass((until - self.time).max(1));
                }
                None => contacts += 1,
            }
            // Each packet, the token, the checkpoint and the watch have a growing wait of their own: a dozen quick tries,
            // then at most two a minute (half of the shortest of the longest waits).
            let lines = self.tablets[number].jobs.len() as i64 + 4;
            assert!(
                contacts <= lines * (12 + minutes * 2),
                "{contacts} contacts of tablet {number} in {minutes} minutes of {failure:?}"
            );
        }
    }

    /// No more faults: everything becomes safe, and nothing is left over.
    pub fn rest(mut self) {
        self.server.lie = None;
        self.server.release();
        self.server.revoked.clear();
        self.requests.clear();
        self.answers.clear();
        for number in 0..TABLETS {
            let now = self.tablets[number].now(self.time);
            let tablet = &mut self.tablets[number];
            tablet.calm();
            tablet.outbox.hold(false);
            tablet.outbox.network(true, now);
            // What only an officer can set going again: a packet too large before the limit was raised, or refused.
            tablet.outbox.nudge(None);
        }
        for _ in 0..WAITS_TO_REST {
            let waits = (0..TABLETS).map(|number| self.calm_turns(number, TURNS_AT_ONCE));
            let until = waits.collect::<Vec<_>>().into_iter().flatten().min();
            self.pass(until.map_or(1, |until| until - self.time).clamp(1, 600_000));
            self.server.log();
            self.check();
            if self
                .tablets
                .iter()
                .all(|tablet| tablet.verified.len() == tablet.jobs.len())
            {
                let sealed: BTreeSet<_> = self.tablets.iter().flat_map(|t| t.jobs.keys()).collect();
                let logged: BTreeSet<_> = self.server.leaves.iter().collect();
                assert_eq!(
                    sealed, logged,
                    "the log holds what was sealed and nothing else"
                );
                return;
            }
        }
        let jobs = self.tablets.iter().flat_map(|tablet| tablet.outbox.jobs());
        let left: Vec<_> = jobs.filter(|job| job.state() != State::Safe).collect();
        panic!("not everything became safe: {left:?}");
    }

    /// What holds at every moment.
    pub fn check(&self) {
        let once: BTreeSet<_> = self.server.leaves.iter().collect();
        assert_eq!(
            once.len(),
            self.server.leaves.len(),
            "a packet has two leaves"
        );
        for tablet in &self.tablets {
            for job in tablet.outbox.jobs() {
                let packet = job.packet().packet;
                assert!(
                    job.state() != State::Safe || tablet.verified.contains(&packet),
                    "called safe without a receipt that was verified here"
                );
                assert!(job.sent_bytes() <= job.packet().size);
            }
            for packet in &tablet.verified {
                assert!(once.contains(packet), "verified, but not in the log");
            }
        }
    }
}
