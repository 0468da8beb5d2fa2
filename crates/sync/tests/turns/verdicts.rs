//! What the server says of a packet or of the tablet, and when a packet is safe.

use super::*;

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
