//! What may happen, and how likely. The reference knows only how many packets there are: everything else follows from the
//! transitions alone, so that a shrunk case is as good as a whole one.

use fieldseal_sync::{Failure, Jitter};
use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

pub const TABLETS: usize = 3;
const PACKETS: usize = 5;
const YEAR_MS: i64 = 365 * 86_400_000;

/// What becomes of a request and of its answer.
#[derive(Debug, Clone)]
pub enum Fate {
    /// Both arrive.
    Arrives,
    /// The request does not, and the tablet notices.
    LostRequest,
    /// The request does, the answer does not, and the tablet notices.
    LostAnswer,
    /// The answer does not come; nobody says so.
    Silence,
    /// The request arrives later, behind others; the connection seems to break.
    LateRequest,
    /// The answer arrives later; the connection seems to break.
    LateAnswer,
    /// The request arrives twice.
    Twice,
    /// Something on the way answers instead.
    Refused(Failure),
    /// The tablet dies with the answer in its hands.
    Crash,
}

/// A receipt or proof that is not what it should be.
#[derive(Debug, Clone, Copy)]
pub enum Lie {
    OtherKey,
    OtherBytes,
    OtherPacket,
    OtherLeaf,
    /// For a packet that is not logged.
    EarlyReceipt,
}

#[derive(Debug, Clone)]
pub enum Transition {
    /// A packet is sealed; its place in the line follows the tablet's clock.
    Seal {
        tablet: usize,
        size: u64,
    },
    /// One turn of a tablet's driver.
    Turn {
        tablet: usize,
        fate: Fate,
        jitter: u16,
    },
    /// Several turns without faults, time passing as the outbox wants to wait.
    Run {
        tablet: usize,
        turns: u8,
    },
    /// A late answer arrives, perhaps not for the last time.
    LateAnswer {
        nth: usize,
        again: bool,
    },
    /// A late request arrives at the server.
    LateRequest {
        nth: usize,
    },
    /// Time passes.
    Pass {
        ms: i64,
    },
    /// Nothing but failures for so long: how often is it tried?
    Outage {
        tablet: usize,
        failure: Failure,
        minutes: i64,
    },
    RestartTablet {
        tablet: usize,
        reboot: bool,
    },
    RestartServer,
    ServerForgets {
        nth: usize,
        all: bool,
    },
    TabletClock {
        tablet: usize,
        ms: i64,
    },
    ServerClock {
        ms: i64,
    },
    Revoke {
        tablet: usize,
    },
    Accept {
        tablet: usize,
    },
    Log,
    Quarantine {
        nth: usize,
    },
    Release,
    Lies(Option<Lie>),
    Nudge {
        tablet: usize,
    },
    Network {
        tablet: usize,
        up: bool,
    },
    Hold {
        tablet: usize,
        hold: bool,
    },
}

/// How many packets each tablet has sealed.
#[derive(Debug, Clone, Default)]
pub struct Sealed([usize; TABLETS]);

pub struct Reference;

impl ReferenceStateMachine for Reference {
    type State = Sealed;
    type Transition = Transition;

    fn init_state() -> BoxedStrategy<Sealed> {
        Just(Sealed::default()).boxed()
    }

    fn transitions(_: &Sealed) -> BoxedStrategy<Transition> {
        let clock = prop_oneof![
            -10 * YEAR_MS..10 * YEAR_MS,
            Just(-10 * YEAR_MS),
            Just(10 * YEAR_MS)
        ];
        let which = 0..TABLETS;
        prop_oneof![
            6 => (which.clone(), 1..40_u64).prop_map(|(tablet, size)| Transition::Seal { tablet, size }),
            40 => (which.clone(), fate(), any::<u16>())
                .prop_map(|(tablet, fate, jitter)| Transition::Turn { tablet, fate, jitter }),
            12 => (which.clone(), 1..12_u8).prop_map(|(tablet, turns)| Transition::Run { tablet, turns }),
            6 => (any::<usize>(), any::<bool>()).prop_map(|(nth, again)| Transition::LateAnswer { nth, again }),
            6 => any::<usize>().prop_map(|nth| Transition::LateRequest { nth }),
            10 => prop_oneof![1..5_000_i64, 5_000..400_000_i64, Just(86_400_000)]
                .prop_map(|ms| Transition::Pass { ms }),
            2 => (which.clone(), failure(), 1..90_i64)
                .prop_map(|(tablet, failure, minutes)| Transition::Outage { tablet, failure, minutes }),
            3 => (which.clone(), any::<bool>())
                .prop_map(|(tablet, reboot)| Transition::RestartTablet { tablet, reboot }),
            2 => Just(Transition::RestartServer),
            2 => (any::<usize>(), any::<bool>()).prop_map(|(nth, all)| Transition::ServerForgets { nth, all }),
            2 => (which.clone(), clock.clone()).prop_map(|(tablet, ms)| Transition::TabletClock { tablet, ms }),
            2 => clock.prop_map(|ms| Transition::ServerClock { ms }),
            2 => which.clone().prop_map(|tablet| Transition::Revoke { tablet }),
            2 => which.clone().prop_map(|tablet| Transition::Accept { tablet }),
            8 => Just(Transition::Log),
            1 => any::<usize>().prop_map(|nth| Transition::Quarantine { nth }),
            1 => Just(Transition::Release),
            3 => prop::option::of(lie()).prop_map(Transition::Lies),
            2 => which.clone().prop_map(|tablet| Transition::Nudge { tablet }),
            2 => (which.clone(), any::<bool>()).prop_map(|(tablet, up)| Transition::Network { tablet, up }),
            1 => (which, any::<bool>()).prop_map(|(tablet, hold)| Transition::Hold { tablet, hold }),
        ]
        .boxed()
    }

    fn apply(mut state: Sealed, transition: &Transition) -> Sealed {
        if let Transition::Seal { tablet, .. } = transition {
            state.0[*tablet] += 1;
        }
        state
    }

    fn preconditions(state: &Sealed, transition: &Transition) -> bool {
        match transition {
            Transition::Seal { tablet, .. } => state.0[*tablet] < PACKETS,
            _ => true,
        }
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        8 => Just(Fate::Arrives),
        1 => Just(Fate::LostRequest),
        1 => Just(Fate::LostAnswer),
        1 => Just(Fate::Silence),
        1 => Just(Fate::LateRequest),
        1 => Just(Fate::LateAnswer),
        1 => Just(Fate::Twice),
        1 => Just(Fate::Crash),
        2 => failure().prop_map(Fate::Refused),
    ]
}

fn failure() -> impl Strategy<Value = Failure> {
    prop_oneof![
        Just(Failure::Unreachable),
        Just(Failure::Unauthenticated),
        Just(Failure::OffsetConflict),
        Just(Failure::UploadGone),
        Just(Failure::ChecksumMismatch),
        Just(Failure::TooLarge),
        Just(Failure::Busy(None)),
        (0..i64::MAX).prop_map(|after| Failure::Busy(Some(after))),
        Just(Failure::StorageUnavailable),
        Just(Failure::Refused("http-418".to_owned())),
        Just(Failure::ServerError),
    ]
}

fn lie() -> impl Strategy<Value = Lie> {
    prop_oneof![
        Just(Lie::OtherKey),
        Just(Lie::OtherBytes),
        Just(Lie::OtherPacket),
        Just(Lie::OtherLeaf),
        Just(Lie::EarlyReceipt),
    ]
}

/// The jitter of turns that no transition names.
pub const CALM: Jitter = Jitter(20_000);
