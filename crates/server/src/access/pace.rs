//! How many requests one address may make: a bucket of tokens for each, filled at a steady rate. Generous, since a whole office
//! may stand behind one address; it keeps a runaway client or a simple flood from taking the server away from the rest.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::ambient::Millis;

/// Addresses remembered at most.
const ADDRESSES: usize = 20_000;
/// A full bucket lasts this long at the steady rate.
const BURST_SECONDS: i64 = 10;

/// A bucket for each address.
pub struct Pace {
    /// Requests a second; 0 sets no limit.
    per_second: u32,
    /// When each bucket will be full again. Full buckets need no entry.
    full_at: Mutex<HashMap<IpAddr, f64>>,
}

impl Pace {
    /// `per_second` requests for each address, and ten seconds' worth at once; 0 sets no limit.
    pub fn new(per_second: u32) -> Self {
        Self {
            per_second,
            full_at: Mutex::new(HashMap::new()),
        }
    }

    /// One more request. Seconds to wait, when it is one too many.
    pub fn held(&self, address: IpAddr, now: Millis) -> Option<u64> {
        if self.per_second == 0 {
            return None;
        }
        let now = now as f64;
        let mut full_at = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if full_at.len() >= ADDRESSES {
            full_at.retain(|_, at| *at > now);
            if full_at.len() >= ADDRESSES {
                full_at.clear();
            }
        }
        let longest_ms = (BURST_SECONDS * 1000) as f64;
        let at = full_at.entry(address).or_insert(now);
        // A clock that was set back must not hold anybody for longer than an empty bucket does.
        *at = at.clamp(now, now + longest_ms);
        let full = *at + 1000.0 / f64::from(self.per_second);
        if full > now + longest_ms {
            return Some(1);
        }
        *at = full;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(pace: &Pace, address: IpAddr, now: Millis) -> usize {
        (0..10_000)
            .take_while(|_| pace.held(address, now).is_none())
            .count()
    }

    #[test]
    fn a_burst_then_the_steady_rate() {
        let pace = Pace::new(50);
        let [one, other] = [1, 2].map(|last| IpAddr::from([192, 0, 2, last]));
        assert_eq!(taken(&pace, one, 5_000), 500);
        assert_eq!(taken(&pace, one, 6_000), 50);
        assert_eq!(taken(&pace, other, 6_000), 500);
        assert_eq!(taken(&pace, one, 60_000), 500);
        // Set back by a day.
        assert_eq!(taken(&pace, one, -86_400_000), 0);
        assert_eq!(taken(&pace, one, -86_399_000), 50);
    }

    #[test]
    fn none_sets_no_limit() {
        let address = IpAddr::from([192, 0, 2, 1]);
        assert_eq!(taken(&Pace::new(0), address, 0), 10_000);
    }
}
