//! One packet, one fault at a time: what the outbox asks for next.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod bytes;
mod verdicts;

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
