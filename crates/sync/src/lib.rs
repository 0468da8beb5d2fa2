//! The outbox as a state machine without I/O: sealed packets wait here until they are *safe*, that is logged on the server
//! with a receipt and an inclusion proof that this tablet has verified itself.
//!
//! Events go in ([`Outbox::answer`], [`Outbox::network`], …), one [`Effect`] at a time comes out ([`Outbox::poll`]); a driver
//! carries it out and answers. Time is a number handed in (milliseconds of a clock that does not jump), and so is the jitter,
//! so every run can be repeated. There is one effect under way at a time: a tablet has one radio, and the order of deadlines
//! is kept that way. Parallel uploads were rejected: on a weak link they make every packet late instead of one.
//!
//! What the protocol does to us, and the rule that follows:
//! * a `201` can be lost: before creating, ask where the packet is;
//! * an acknowledged chunk can be forgotten by the server: resume at *its* offset, even backwards;
//! * a `409` says that we are wrong about the offset: ask `HEAD`, never guess;
//! * an answer can come twice, late or never: each effect has a ticket, and only the newest ticket's answer counts;
//! * a receipt can be wrong: nothing is safe before `Effect::Verify` says so.

#![warn(missing_docs)]

mod backoff;
mod effect;
mod job;
mod outbox;
mod outcome;
pub mod receipt;
mod teeth;
mod transition;

pub use backoff::{Backoff, Jitter};
pub use effect::{Answer, Effect, Failure, Issued, Settings};
pub use job::{Cause, Job, NewJob, SavedJob, State};
pub use outbox::Outbox;
