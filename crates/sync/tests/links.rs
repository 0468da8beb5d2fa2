//! What slows, holds or misleads an upload: slow links, networks that want a sign-in, an officer who pauses.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_sync::{
    Answer, Cause, Effect, Failure, Jitter, NewJob, Outbox, SavedJob, Settings, State,
};
use fieldseal_wire::device::{PacketStatus, ServerState};

const SIZE: u64 = 64 << 20;
const MOST: u64 = 4 << 20;

fn id(n: u8) -> PacketId {
    PacketId::from_parts(Timestamp::from_millis(1_790_000_000_000), &[n; 10])
}

fn job(n: u8) -> NewJob {
    NewJob {
        packet: id(n),
        seal_sha256: Sha256Digest::of(&[n]),
        size: SIZE,
        order: i64::from(n),
    }
}

/// A server that takes every byte, over a link of which a test says how long each chunk takes and what goes wrong.
struct Run {
    outbox: Outbox,
    now: i64,
    /// Offsets of the server.
    there: [u64; 10],
    /// Packets whose bytes went out, in order, each once in a row.
    order: Vec<u8>,
}

impl Run {
    fn new(jobs: &[u8]) -> Self {
        let mut outbox = Outbox::new(Settings::default());
        for n in jobs {
            outbox.add(job(*n), SavedJob::default());
        }
        Self {
            outbox,
            now: 0,
            there: [0; 10],
            order: Vec::new(),
        }
    }

    /// One effect, answered after `took_ms(length)` of a chunk; `None` for a chunk that does not get through in time.
    fn turn(&mut self, took_ms: &mut dyn FnMut(u64) -> Option<i64>) -> Option<u64> {
        let issued = self.outbox.poll(self.now, Jitter(9));
        let mut length_sent = None;
        let answer = match issued.effect {
            Effect::Wait { until } => {
                self.now = until.unwrap_or(self.now + 1000).max(self.now + 1);
                return None;
            }
            Effect::Authenticate => Answer::Authenticated { until: i64::MAX },
            Effect::FetchCheckpoint => Answer::Checkpoint,
            Effect::AskStatus { packets } => Answer::Status(
                packets
                    .iter()
                    .map(|packet| PacketStatus {
                        id: packet.to_string(),
                        state: if self.there[n_of(*packet)] == SIZE {
                            ServerState::Received
                        } else {
                            ServerState::Unknown
                        },
                        reason: None,
                        receipt: None,
                        proof: None,
                        decisions: vec![],
                    })
                    .collect(),
            ),
            Effect::Create { packet } => Answer::Created {
                upload: format!("/u/{}", n_of(packet)),
            },
            Effect::Head { packet, .. } => Answer::Offset(self.there[n_of(packet)]),
            Effect::Patch { packet, length, .. } => {
                let n = n_of(packet);
                if self.order.last() != Some(&(n as u8)) {
                    self.order.push(n as u8);
                }
                length_sent = Some(length);
                match took_ms(length) {
                    Some(ms) => {
                        self.now += ms;
                        self.there[n] += length;
                        Answer::Offset(self.there[n])
                    }
                    None => {
                        self.now += 120_000;
                        Answer::Failed(Failure::Unreachable)
                    }
                }
            }
            Effect::Verify { .. } => Answer::Verified(Ok(())),
        };
        self.outbox
            .answer(issued.ticket, answer, self.now, Jitter(9));
        length_sent
    }
}

fn n_of(packet: PacketId) -> usize {
    (1..10).find(|n| id(*n) == packet).unwrap().into()
}

/// 256 kbit/s: the largest chunk would take 131 s, longer than an answer is waited for.
#[test]
fn on_a_slow_link_chunks_become_small_enough_to_get_through() {
    let mut run = Run::new(&[1]);
    let mut slow = |length: u64| {
        let ms = i64::try_from(length * 1000 / 32_000).unwrap();
        (ms < 120_000).then_some(ms)
    };
    let mut failed = 0;
    for _ in 0..2000 {
        let before = run.there[1];
        if run.turn(&mut slow).is_some() && run.there[1] == before {
            failed += 1;
        }
        if run.there[1] == SIZE {
            break;
        }
    }
    assert_eq!(run.there[1], SIZE);
    assert_eq!(failed, 1, "the first chunk alone was too large");
    // Back in the office, they grow again.
    let mut run = Run {
        there: [0; 10],
        ..run
    };
    run.outbox.add(job(2), SavedJob::default());
    let mut largest = 0;
    while run.there[2] < SIZE {
        largest = largest.max(run.turn(&mut |_| Some(50)).unwrap_or(0));
    }
    assert_eq!(largest, MOST);
}

#[test]
fn a_paused_packet_lets_the_next_one_go_and_stays_paused_over_a_restart() {
    let mut run = Run::new(&[1, 2]);
    while run.there[1] == 0 {
        run.turn(&mut |_| Some(50));
    }
    assert!(run.outbox.pause(id(1), true));
    assert!(!run.outbox.pause(id(7), true), "no such packet");
    assert!(run.outbox.take_changed().contains(&id(1)));
    let part = run.there[1];
    while run.there[2] < SIZE {
        run.turn(&mut |_| Some(50));
    }
    assert_eq!(run.there[1], part);
    assert_eq!(run.order, [1, 2]);

    let saved = run.outbox.job(id(1)).unwrap().saved();
    let mut again = Run::new(&[]);
    again.there = run.there;
    again.outbox.add(job(1), saved);
    for _ in 0..50 {
        assert_eq!(again.turn(&mut |_| Some(50)), None, "nothing is sent");
    }
    assert!(again.outbox.job(id(1)).unwrap().paused());
    again.outbox.pause(id(1), false);
    while again.there[1] < SIZE {
        again.turn(&mut |_| Some(50));
    }
    // What is paused after its last byte is verified all the same.
    again.outbox.pause(id(1), true);
    assert_eq!(again.outbox.job(id(1)).unwrap().state(), State::Received);
}

#[test]
fn a_portal_is_no_server_and_blames_no_packet() {
    for (failure, cause) in [
        (Failure::CaptivePortal, Cause::CaptivePortal),
        (Failure::Certificate, Cause::Certificate),
        (Failure::Unreachable, Cause::Offline),
    ] {
        let mut run = Run::new(&[1]);
        while run.there[1] == 0 {
            run.turn(&mut |_| Some(50));
        }
        assert!(run.outbox.online());
        let issued = run.outbox.poll(run.now, Jitter(0));
        assert!(matches!(issued.effect, Effect::Patch { .. }));
        run.outbox
            .answer(issued.ticket, Answer::Failed(failure), run.now, Jitter(0));
        assert!(!run.outbox.online());
        assert_eq!(run.outbox.link_cause(), Some(&cause));
        let job = run.outbox.job(id(1)).unwrap();
        assert_eq!((job.state(), job.attempts()), (State::Uploading, 0));
        assert!(
            matches!(run.outbox.poll(run.now, Jitter(0)).effect, Effect::Wait { until: Some(at) } if at > run.now)
        );
        while run.there[1] < SIZE {
            run.turn(&mut |_| Some(50));
        }
        assert_eq!(run.outbox.link_cause(), None);
        assert!(run.outbox.online());
    }
}

#[test]
fn what_is_safe_is_forgotten_and_nothing_else() {
    let mut run = Run::new(&[1]);
    run.outbox.forget_safe(id(1));
    assert_eq!(run.outbox.jobs().count(), 1);
}

#[test]
fn bytes_wait_for_another_link_while_questions_go_and_the_officers_hold_is_its_own() {
    let mut run = Run::new(&[1, 2]);
    let mut quick = |_: u64| Some(10);
    run.outbox.hold_for_link(true);
    for _ in 0..20 {
        run.turn(&mut quick);
    }
    assert_eq!(run.there, [0; 10]);
    assert!(run.outbox.online(), "the server was asked");
    assert!(run.outbox.has_bytes_to_send());
    assert!(!run.outbox.held());
    run.outbox.hold(true);
    run.outbox.hold_for_link(false);
    for _ in 0..20 {
        run.turn(&mut quick);
    }
    assert_eq!(run.there, [0; 10], "the officer still holds them");
    run.outbox.hold(false);
    run.outbox.reorder(id(1), 9);
    for _ in 0..200 {
        run.turn(&mut quick);
    }
    assert_eq!((run.there[1], run.there[2]), (SIZE, SIZE));
    assert_eq!(run.order, [2, 1], "in their new order");
    assert!(!run.outbox.has_bytes_to_send());
}
