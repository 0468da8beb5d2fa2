//! Randomness as a parameter: the outermost layer hands in the machine's generator, tests a seeded one.

use hpke::rand_core::{Infallible, TryCryptoRng, TryRng};
use std::io;

/// A source of unpredictable bytes.
pub trait Randomness: Send + Sync {
    /// Fills the whole of `bytes`, or fails: never with fewer or weaker bytes.
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()>;
}

impl<F> Randomness for F
where
    F: Fn(&mut [u8]) -> io::Result<()> + Send + Sync,
{
    fn fill(&self, bytes: &mut [u8]) -> io::Result<()> {
        self(bytes)
    }
}

/// Fresh bytes of a fixed length, wiped when dropped.
pub(crate) fn fresh<const N: usize>(
    random: &dyn Randomness,
) -> io::Result<zeroize::Zeroizing<[u8; N]>> {
    let mut bytes = zeroize::Zeroizing::new([0; N]);
    random.fill(bytes.as_mut())?;
    Ok(bytes)
}

/// Lends a fallible source to code that wants an infallible generator. A failure is remembered: whoever drew from it
/// must ask [`Drawn::outcome`] before using what came out.
pub(crate) struct Drawn<'a> {
    source: &'a dyn Randomness,
    failure: Option<io::Error>,
}

impl<'a> Drawn<'a> {
    pub(crate) fn from(source: &'a dyn Randomness) -> Self {
        Self {
            source,
            failure: None,
        }
    }

    /// The first failure, if one of the draws failed.
    pub(crate) fn outcome(self) -> io::Result<()> {
        self.failure.map_or(Ok(()), Err)
    }
}

impl TryRng for Drawn<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        if let Err(error) = self.source.fill(bytes) {
            bytes.fill(0);
            self.failure.get_or_insert(error);
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn<'_> {}
