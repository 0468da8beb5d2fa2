//! How long to wait after a failure: doubling, capped, and spread so that a district's tablets do not return in one second.

/// A random number of the driver's: 0 is the shortest wait, `u16::MAX` the longest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Jitter(pub u16);

/// Bounds of one kind of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Longest wait after the first failure, milliseconds.
    pub first_ms: i64,
    /// Longest wait ever, milliseconds.
    pub longest_ms: i64,
}

impl Backoff {
    /// Wait after `failures` in a row (1 or more): between half and all of `first · 2^(failures-1)`, capped.
    pub fn wait_ms(&self, failures: u32, jitter: Jitter) -> i64 {
        let doublings = failures.saturating_sub(1).min(30);
        let full = self
            .first_ms
            .saturating_mul(1 << doublings)
            .min(self.longest_ms)
            .max(1);
        let half = full / 2;
        half + (full - half).saturating_mul(i64::from(jitter.0)) / i64::from(u16::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_between_half_and_all_up_to_the_cap() {
        let backoff = Backoff {
            first_ms: 1000,
            longest_ms: 300_000,
        };
        for (failures, half, full) in [
            (1, 500, 1000),
            (2, 1000, 2000),
            (5, 8000, 16_000),
            (60, 150_000, 300_000),
        ] {
            assert_eq!(backoff.wait_ms(failures, Jitter(0)), half, "{failures}");
            assert_eq!(
                backoff.wait_ms(failures, Jitter(u16::MAX)),
                full,
                "{failures}"
            );
        }
    }

    #[test]
    fn never_zero_for_any_failures() {
        let backoff = Backoff {
            first_ms: 2,
            longest_ms: i64::MAX,
        };
        for failures in [0, 1, 30, u32::MAX] {
            assert!(backoff.wait_ms(failures, Jitter(0)) > 0);
        }
    }
}
