//! What the crate's own tests share.

use crate::random::Randomness;
use std::io;
use std::sync::Mutex;

/// Repeatable bytes: SHA-256 of seed and counter. For tests alone.
pub(crate) struct SeededRandom(Mutex<(u64, u64)>);

impl SeededRandom {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Mutex::new((seed, 0)))
    }
}

impl Randomness for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.0.lock().unwrap();
        for part in bytes.chunks_mut(32) {
            state.1 += 1;
            let block = fieldseal_packet::Sha256Digest::of(
                &[state.0.to_le_bytes(), state.1.to_le_bytes()].concat(),
            );
            part.copy_from_slice(&block.0[..part.len()]);
        }
        Ok(())
    }
}
