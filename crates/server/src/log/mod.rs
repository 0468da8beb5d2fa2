//! The transparency log: one writer, many readers.
//!
//! A leaf's life: some transaction decides on it and leaves it in `log_pending` ([`crate::store::log::add_pending`]); [`append`] moves a batch of
//! them into the tree and signs the new head, all in one transaction; [`publish`] writes tiles, then the copy outside the data folder, then the
//! checkpoint; whoever waits for it ([`Sequencer::published`]) is told. [`sequencer`] runs the three in a loop, and start-up runs the same loop
//! once before the first request is served.

pub mod append;
pub mod publish;
pub mod sequencer;
pub mod startup;

pub use sequencer::{Sequencer, SequencerState};
