//! Clock and randomness as parameters. Only the two `System…` types here ask the machine; everything else in this crate is handed one of the
//! traits, so that a test can decide what time it is and a run can be repeated from its seed.

use std::sync::Arc;

/// Milliseconds since 1970-01-01T00:00:00Z.
pub type Millis = i64;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now, in milliseconds since the epoch.
    fn now(&self) -> Millis;
}

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills the buffer. Fails only when the machine has no entropy source, and then nothing that needs a secret may go on.
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The machine gave no random bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the machine gives no random bytes")]
pub struct NoRandomness;

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the outermost layer: the one place of the server that asks the machine for the time"
    )]
    fn now(&self) -> Millis {
        jiff::Timestamp::now().as_millisecond()
    }
}

/// The machine's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandom;

impl Random for SystemRandom {
    #[expect(
        clippy::disallowed_methods,
        reason = "the outermost layer: the one place of the server that asks the machine for randomness"
    )]
    fn fill(&self, buffer: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(buffer).map_err(|_| NoRandomness)
    }
}

/// Both together, as most of the server wants them.
#[derive(Clone)]
pub struct Ambient {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The randomness.
    pub random: Arc<dyn Random>,
}

impl Default for Ambient {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
        }
    }
}

impl std::fmt::Debug for Ambient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ambient")
    }
}

impl Ambient {
    /// Now.
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// `N` random bytes.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], NoRandomness> {
        let mut buffer = [0; N];
        self.random.fill(&mut buffer)?;
        Ok(buffer)
    }

    /// `length` characters of Crockford's base 32: no I, L, O or U, so that a code can be read out loud and typed.
    pub fn code(&self, length: usize) -> Result<String, NoRandomness> {
        const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
        let mut buffer = vec![0; length];
        self.random.fill(&mut buffer)?;
        Ok(buffer
            .iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte & 31)]))
            .collect())
    }
}

/// RFC 3339 in UTC with milliseconds: the one form in which the server writes a time.
pub fn rfc3339(millis: Millis) -> String {
    fieldseal_packet::Timestamp::from_millis(millis).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(rfc3339(1_700_000_000_120), "2023-11-14T22:13:20.120Z");
    }

    #[test]
    fn codes_are_readable() {
        let code = Ambient::default().code(20).unwrap();
        assert_eq!(code.len(), 20);
        assert!(
            code.bytes()
                .all(|b| b.is_ascii_alphanumeric() && !b"ILOU".contains(&b))
        );
    }
}
