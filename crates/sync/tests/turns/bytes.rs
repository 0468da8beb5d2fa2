//! The bytes: chunks, offsets, back-off, whose turn it is.

use super::*;

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
