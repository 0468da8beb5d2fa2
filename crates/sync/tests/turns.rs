//! One packet, one fault at a time: what the outbox asks for next.

#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_sync::{
    Answer, Cause, Effect, Failure, Jitter, NewJob, Outbox, SavedJob, Settings, State,
};
use fieldseal_wire::device::{PacketStatus, ServerState};

const SIZE: u64 = 25;

fn id(n: u8) -> PacketId {
    PacketId::from_parts(Timestamp::from_millis(1_790_000_000_000), &[n; 10])
}

fn new_job(n: u8) -> NewJob {
    NewJob {
        packet: id(n),
        seal_sha256: Sha256Digest::of(&[n]),
        size: SIZE,
        order: i64::from(n),
    }
}

fn status(n: u8, state: ServerState) -> PacketStatus {
    let logged = state == ServerState::Logged;
    PacketStatus {
        id: id(n).to_string(),
        state,
        reason: (state == ServerState::Quarantined).then(|| "key-unknown".into()),
        receipt: logged.then(|| "receipt".into()),
        proof: logged.then(|| "proof".into()),
        decisions: vec![],
    }
}

/// An outbox with its clock, answered step by step.
struct Run {
    outbox: Outbox,
    now: i64,
}

impl Run {
    fn new() -> Self {
        let settings = Settings {
            chunk_bytes: 10,
            ..Settings::default()
        };
        let mut outbox = Outbox::new(settings);
        outbox.add(new_job(1), SavedJob::default());
        Self { outbox, now: 0 }
    }

    /// A run that has got as far as the first chunk.
    fn sending() -> Self {
        let mut run = Self::new();
        run.step(&Effect::Authenticate, token());
        run.step(
            &ask(&[1]),
            Answer::Status(vec![status(1, ServerState::Unknown)]),
        );
        run.step(
            &Effect::Create { packet: id(1) },
            Answer::Created {
                upload: "/u/1".into(),
            },
        );
        run.step(&head(), Answer::Offset(0));
        run
    }

    fn expect(&mut self, effect: &Effect) -> u64 {
        let issued = self.outbox.poll(self.now, Jitter(0));
        assert_eq!(&issued.effect, effect);
        issued.ticket
    }

    fn step(&mut self, effect: &Effect, answer: Answer) {
        let ticket = self.expect(effect);
        self.outbox.answer(ticket, answer, self.now, Jitter(0));
    }

    fn fail(&mut self, effect: &Effect, failure: Failure) {
        self.step(effect, Answer::Failed(failure));
    }

    /// Lets the time pass that the outbox wants to wait, fetching the checkpoint where it is due.
    fn wait(&mut self) {
        loop {
            let issued = self.outbox.poll(self.now, Jitter(0));
            match issued.effect {
                Effect::Wait { until } => {
                    let until = until.expect("something is left to do");
                    assert!(until > self.now, "a wait that does not wait");
                    self.now = until;
                    return;
                }
                Effect::FetchCheckpoint => {
                    self.outbox
                        .answer(issued.ticket, Answer::Checkpoint, self.now, Jitter(0))
                }
                other => panic!("expected a wait, got {other:?}"),
            }
        }
    }

    fn state(&self) -> State {
        self.outbox.job(id(1)).unwrap().state()
    }

    fn cause(&self) -> Option<&'static str> {
        self.outbox.job(id(1)).unwrap().cause().map(Cause::code)
    }
}

fn token() -> Answer {
    Answer::Authenticated { until: i64::MAX }
}

fn ask(numbers: &[u8]) -> Effect {
    Effect::AskStatus {
        packets: numbers.iter().map(|n| id(*n)).collect(),
    }
}

fn head() -> Effect {
    Effect::Head {
        packet: id(1),
        upload: "/u/1".into(),
    }
}

fn patch(offset: u64, length: u64) -> Effect {
    Effect::Patch {
        packet: id(1),
        upload: "/u/1".into(),
        offset,
        length,
    }
}

#[test]
fn the_whole_way_to_safe() {
    let mut run = Run::sending();
    run.step(&patch(0, 10), Answer::Offset(10));
    assert_eq!(run.state(), State::Uploading);
    run.step(&patch(10, 10), Answer::Offset(20));
    run.step(&patch(20, 5), Answer::Offset(25));
    assert_eq!(run.state(), State::Received);
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Received)]),
    );
    run.wait();
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Logged)]),
    );
    assert_eq!(
        run.state(),
        State::Received,
        "not safe before it is verified"
    );
    let verify = Effect::Verify {
        packet: id(1),
        receipt: "receipt".into(),
        proof: "proof".into(),
    };
    run.step(&verify, Answer::Verified(Ok(())));
    assert_eq!(run.state(), State::Safe);
    assert_eq!(run.outbox.take_changed(), vec![id(1)]);
}

#[test]
fn a_wrong_receipt_is_never_safe_and_is_asked_for_again() {
    let mut run = Run::new();
    run.step(&Effect::Authenticate, token());
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Logged)]),
    );
    let verify = Effect::Verify {
        packet: id(1),
        receipt: "receipt".into(),
        proof: "proof".into(),
    };
    run.step(&verify, Answer::Verified(Err("receipt-signature".into())));
    assert_eq!(
        (run.state(), run.cause()),
        (State::Wedged, Some("receipt-wrong"))
    );
    run.wait();
    run.outbox.nudge(None);
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Logged)]),
    );
    run.step(&verify, Answer::Verified(Ok(())));
    assert_eq!((run.state(), run.cause()), (State::Safe, None));
}

#[test]
fn a_lost_201_is_asked_about_before_creating_again() {
    let mut run = Run::new();
    run.step(&Effect::Authenticate, token());
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Unknown)]),
    );
    run.fail(&Effect::Create { packet: id(1) }, Failure::Unreachable);
    assert!(!run.outbox.online());
    assert_eq!(run.cause(), Some("offline"));
    assert!(run.outbox.reached_at().is_some(), "it was reached before");
    run.wait();
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Received)]),
    );
    assert_eq!(run.state(), State::Received);
}

#[test]
fn only_an_answer_of_the_server_counts_as_contact() {
    let mut run = Run::new();
    run.fail(&Effect::Authenticate, Failure::Unreadable);
    assert_eq!(
        (run.outbox.online(), run.outbox.reached_at()),
        (false, None)
    );
    run.wait();
    let before = run.now;
    run.step(&Effect::Authenticate, token());
    assert!(run.outbox.online());
    let reached = run.outbox.reached_at();
    assert!(reached >= Some(before), "{reached:?}");
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Received)]),
    );
    run.outbox.missed(run.now);
    assert_eq!(
        (run.outbox.online(), run.outbox.reached_at()),
        (false, reached)
    );
    run.step(&Effect::FetchCheckpoint, Answer::Checkpoint);
    assert!(run.outbox.online());
}

#[test]
fn the_server_s_offset_is_followed_even_backwards() {
    let mut run = Run::sending();
    run.step(&patch(0, 10), Answer::Offset(10));
    run.fail(&patch(10, 10), Failure::OffsetConflict);
    run.wait();
    run.step(&head(), Answer::Offset(3));
    run.step(&patch(3, 10), Answer::Offset(13));
    // A short acknowledgement is followed as well.
    run.step(&patch(13, 10), Answer::Offset(14));
    run.step(&patch(14, 10), Answer::Offset(24));
    run.step(&patch(24, 1), Answer::Offset(25));
    assert_eq!(run.state(), State::Received);
}

#[test]
fn an_offset_beyond_the_end_starts_anew() {
    let mut run = Run::sending();
    run.step(&patch(0, 10), Answer::Offset(SIZE + 1));
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Unknown)]),
    );
    run.step(
        &Effect::Create { packet: id(1) },
        Answer::Created {
            upload: "/u/1".into(),
        },
    );
}

#[test]
fn a_cut_chunk_asks_head_and_an_expired_upload_starts_anew() {
    let mut run = Run::sending();
    run.fail(&patch(0, 10), Failure::Unreachable);
    run.wait();
    run.fail(&head(), Failure::UploadGone);
    run.wait();
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Unknown)]),
    );
    run.step(
        &Effect::Create { packet: id(1) },
        Answer::Created {
            upload: "/u/1".into(),
        },
    );
    run.step(&head(), Answer::Offset(0));
}

#[test]
fn back_off_grows_until_there_is_progress() {
    let mut run = Run::sending();
    let mut waits = vec![];
    for _ in 0..5 {
        run.fail(&patch(0, 10), Failure::ChecksumMismatch);
        let before = run.now;
        run.wait();
        waits.push(run.now - before);
        run.step(&head(), Answer::Offset(0));
    }
    assert_eq!(waits, [500, 1000, 2000, 4000, 8000]);
    assert_eq!(run.outbox.job(id(1)).unwrap().attempts(), 5);
    run.step(&patch(0, 10), Answer::Offset(10));
    assert_eq!(run.outbox.job(id(1)).unwrap().attempts(), 0);
}

#[test]
fn a_token_that_is_refused_at_once_does_not_spin() {
    let mut run = Run::new();
    run.step(&Effect::Authenticate, token());
    run.fail(&ask(&[1]), Failure::Unauthenticated);
    run.step(&Effect::Authenticate, token());
    run.fail(&ask(&[1]), Failure::Unauthenticated);
    run.wait();
    run.step(&Effect::Authenticate, token());
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Unknown)]),
    );
}

#[test]
fn an_unknown_key_wedges_everything_until_it_is_accepted() {
    let mut run = Run::new();
    run.outbox.add(new_job(2), SavedJob::default());
    run.fail(&Effect::Authenticate, Failure::KeyNotAccepted);
    assert_eq!(
        (run.state(), run.cause()),
        (State::Wedged, Some("key-unknown"))
    );
    run.wait();
    run.outbox.nudge(None);
    run.step(&Effect::Authenticate, token());
    assert_eq!(run.state(), State::Queued);
    run.step(
        &ask(&[1, 2]),
        Answer::Status(vec![
            status(1, ServerState::Unknown),
            status(2, ServerState::Unknown),
        ]),
    );
}

#[test]
fn quarantine_is_wedged_and_may_be_lifted() {
    let mut run = Run::new();
    run.step(&Effect::Authenticate, token());
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Quarantined)]),
    );
    assert_eq!(
        (run.state(), run.cause()),
        (State::Wedged, Some("quarantined"))
    );
    assert_eq!(
        run.outbox.job(id(1)).unwrap().cause().unwrap().detail(),
        Some("key-unknown")
    );
    run.outbox.nudge(Some(id(1)));
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Logged)]),
    );
    run.step(
        &Effect::Verify {
            packet: id(1),
            receipt: "receipt".into(),
            proof: "proof".into(),
        },
        Answer::Verified(Ok(())),
    );
    assert_eq!(run.state(), State::Safe);
}

#[test]
fn a_late_or_doubled_answer_changes_nothing() {
    let mut run = Run::sending();
    let first = run.expect(&patch(0, 10));
    run.now += Settings::default().answer_within_ms;
    // No answer in time counts as no connection; the one that comes late is of an old ticket.
    run.wait();
    run.outbox
        .answer(first, Answer::Offset(3), run.now, Jitter(0));
    let asked = run.expect(&head());
    // While another question is under way it must not be taken for that one's answer.
    run.outbox
        .answer(first, Answer::Offset(3), run.now, Jitter(0));
    run.outbox
        .answer(asked, Answer::Offset(10), run.now, Jitter(0));
    let second = run.expect(&patch(10, 10));
    run.outbox
        .answer(second, Answer::Offset(20), run.now, Jitter(0));
    run.outbox
        .answer(second, Answer::Offset(20), run.now, Jitter(0));
    run.expect(&patch(20, 5));
}

#[test]
fn the_oldest_goes_first_and_a_waiting_one_does_not_block() {
    let mut run = Run::sending();
    run.outbox.add(new_job(0), SavedJob::default());
    run.step(
        &ask(&[0]),
        Answer::Status(vec![status(0, ServerState::Unknown)]),
    );
    run.step(
        &Effect::Create { packet: id(0) },
        Answer::Created {
            upload: "/u/0".into(),
        },
    );
    let head_0 = Effect::Head {
        packet: id(0),
        upload: "/u/0".into(),
    };
    run.fail(&head_0, Failure::ServerError);
    run.step(&patch(0, 10), Answer::Offset(10));
}

#[test]
fn holding_stops_bytes_but_not_questions() {
    let mut run = Run::sending();
    run.outbox.hold(true);
    run.outbox.add(new_job(2), SavedJob::default());
    run.step(
        &ask(&[2]),
        Answer::Status(vec![status(2, ServerState::Unknown)]),
    );
    run.wait();
    run.outbox.hold(false);
    run.expect(&patch(0, 10));
}

#[test]
fn a_restart_goes_on_at_the_same_upload() {
    let mut run = Run::sending();
    run.step(&patch(0, 10), Answer::Offset(10));
    let saved = run.outbox.job(id(1)).unwrap().saved();
    let mut again = Run::new();
    again.outbox = Outbox::new(Settings {
        chunk_bytes: 10,
        ..Settings::default()
    });
    again.outbox.add(new_job(1), saved);
    assert_eq!(again.state(), State::Uploading);
    again.step(&Effect::Authenticate, token());
    again.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Unknown)]),
    );
    again.step(&head(), Answer::Offset(10));
    again.expect(&patch(10, 10));
}

#[test]
fn a_refused_size_is_wedged_with_its_cause_and_can_be_tried_again() {
    let mut run = Run::new();
    run.step(&Effect::Authenticate, token());
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Unknown)]),
    );
    run.fail(&Effect::Create { packet: id(1) }, Failure::TooLarge);
    assert_eq!(
        (run.state(), run.cause()),
        (State::Wedged, Some("too-large"))
    );
    run.outbox.nudge(Some(id(1)));
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Unknown)]),
    );
    run.expect(&Effect::Create { packet: id(1) });
}

#[test]
fn every_watched_packet_is_asked_about_in_turn() {
    let mut run = Run::new();
    run.outbox = Outbox::new(Settings::default());
    let watched: Vec<PacketId> = (0..=250).map(id).collect();
    watched.iter().for_each(|id| run.outbox.watch(*id));
    let mut asked = std::collections::BTreeSet::new();
    run.step(&Effect::Authenticate, token());
    for _ in 0..2 {
        let issued = run.outbox.poll(run.now, Jitter(0));
        let Effect::AskStatus { packets } = issued.effect else {
            panic!("{issued:?}")
        };
        assert_eq!(packets.len(), 200);
        asked.extend(packets);
        run.outbox
            .answer(issued.ticket, Answer::Status(vec![]), run.now, Jitter(0));
        run.wait();
    }
    assert_eq!(asked.len(), watched.len());
}

#[test]
fn a_verification_that_needs_the_server_waits_for_the_link() {
    let mut run = Run::new();
    run.step(&Effect::Authenticate, token());
    run.step(
        &ask(&[1]),
        Answer::Status(vec![status(1, ServerState::Logged)]),
    );
    let verify = Effect::Verify {
        packet: id(1),
        receipt: "receipt".into(),
        proof: "proof".into(),
    };
    run.fail(&verify, Failure::Unreachable);
    assert_eq!(run.cause(), Some("offline"));
    run.wait();
    run.step(&verify, Answer::Verified(Ok(())));
    assert_eq!(run.state(), State::Safe);
}
