//! Wrong PINs make the next one wait. The counter is made durable *before* a PIN is tried, so that killing the program
//! in the middle gives no free guess.
//!
//! Waiting is measured by the boot clock within one boot, else by the wall clock. A wall clock turned back makes the
//! wait start over, at most once in full: nobody is locked out until the year 2099 because the clock stood there once.

use crate::moment::Moment;
use serde::{Deserialize, Serialize};

/// Wrong PINs that cost nothing: fingers slip.
const FREE: u32 = 3;
/// Waits after the third, fourth … wrong PIN in a row, milliseconds; the last one stays.
const WAITS_MS: [u64; 6] = [15_000, 30_000, 60_000, 5 * 60_000, 15 * 60_000, 60 * 60_000];

/// Wrong PINs in a row, and when the last one was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tries {
    #[serde(default)]
    failures: u32,
    #[serde(default)]
    last: Option<Last>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    at_ms: i64,
    boot_id: String,
    boot_ms: u64,
}

impl Tries {
    /// Milliseconds until another PIN may be tried.
    pub(crate) fn wait_ms(&self, now: &Moment) -> u64 {
        let (Some(last), Some(over)) = (&self.last, self.failures.checked_sub(FREE)) else {
            return 0;
        };
        let wait = WAITS_MS[(over as usize).min(WAITS_MS.len() - 1)];
        let elapsed = if last.boot_id == now.boot_id {
            now.boot_ms.saturating_sub(last.boot_ms)
        } else {
            u64::try_from(now.at.as_millis().saturating_sub(last.at_ms)).unwrap_or(0)
        };
        wait.saturating_sub(elapsed)
    }

    /// Whether the clocks stand before the last failure, so that the wait has to be counted from now.
    pub(crate) fn is_ahead_of(&self, now: &Moment) -> bool {
        self.last.as_ref().is_some_and(|last| {
            if last.boot_id == now.boot_id {
                now.boot_ms < last.boot_ms
            } else {
                now.at.as_millis() < last.at_ms
            }
        })
    }

    /// Counts the wait from now.
    pub(crate) fn rebase(&mut self, now: &Moment) {
        if self.last.is_some() {
            self.last = Some(Last::from(now));
        }
    }

    /// One more wrong PIN, or one that is about to be tried.
    pub(crate) fn count(&mut self, now: &Moment) {
        self.failures = self.failures.saturating_add(1);
        self.last = Some(Last::from(now));
    }

    /// The right PIN.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

impl From<&Moment> for Last {
    fn from(now: &Moment) -> Self {
        Self {
            at_ms: now.at.as_millis(),
            boot_id: now.boot_id.clone(),
            boot_ms: now.boot_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_packet::Timestamp;

    fn moment(boot: &str, wall_ms: i64, boot_ms: u64) -> Moment {
        Moment {
            at: Timestamp::from_millis(wall_ms),
            boot_id: boot.to_owned(),
            boot_ms,
        }
    }

    fn failed(times: u32, now: &Moment) -> Tries {
        let mut tries = Tries::default();
        for _ in 0..times {
            tries.count(now);
        }
        tries
    }

    #[test]
    fn waits_grow_and_stay_bounded() {
        let now = moment("b", 1_000_000, 1_000);
        let waits: Vec<u64> = (0..12).map(|n| failed(n, &now).wait_ms(&now)).collect();
        assert_eq!(waits[..3], [0, 0, 0]);
        assert_eq!(waits[3..9], WAITS_MS);
        assert_eq!(waits[11], WAITS_MS[5]);
        assert_eq!(failed(50, &now).wait_ms(&now), WAITS_MS[5]);
    }

    #[test]
    fn within_a_boot_only_the_boot_clock_counts() {
        let tries = failed(3, &moment("b", 1_000_000, 1_000));
        assert_eq!(
            tries.wait_ms(&moment("b", 9_999_999_999, 2_000)),
            14_000,
            "wall clock turned forward"
        );
        assert_eq!(
            tries.wait_ms(&moment("b", 0, 16_000)),
            0,
            "wall clock turned back"
        );
    }

    #[test]
    fn across_boots_the_wall_clock_counts_and_turning_it_back_costs_one_wait() {
        let mut tries = failed(3, &moment("b", 1_000_000, 1_000));
        assert_eq!(tries.wait_ms(&moment("c", 1_010_000, 5)), 5_000);
        let back = moment("c", 10, 5);
        assert!(tries.is_ahead_of(&back));
        assert_eq!(tries.wait_ms(&back), 15_000);
        tries.rebase(&back);
        assert_eq!(tries.wait_ms(&moment("c", 20, 15_005)), 0);
    }
}
