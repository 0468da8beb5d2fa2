//! The brake on guessing: so many failures from one address in a window, then silence. Only failures count, so that enrolling fifty tablets from
//! one office is not slowed. In memory: a restart forgives, and the one-time codes have a hundred bits anyway.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::ambient::Millis;

/// Addresses remembered at most.
const ADDRESSES: usize = 20_000;

/// Counts failures by address.
pub struct Brake {
    most: u32,
    window_ms: i64,
    failures: Mutex<HashMap<IpAddr, (Millis, u32)>>,
}

impl Brake {
    /// At most `most` failures in `window_ms`.
    pub fn new(most: u32, window_ms: i64) -> Self {
        Self {
            most,
            window_ms,
            failures: Mutex::new(HashMap::new()),
        }
    }

    /// Seconds to wait, when this address has failed too often.
    pub fn held(&self, address: IpAddr, now: Millis) -> Option<u64> {
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = *failures.get(&address)?;
        let left = since + self.window_ms - now;
        (count >= self.most && left > 0).then(|| u64::try_from(left / 1000 + 1).unwrap_or(1))
    }

    /// One more failure.
    pub fn failed(&self, address: IpAddr, now: Millis) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() >= ADDRESSES {
            failures.retain(|_, (since, _)| *since + self.window_ms > now);
            if failures.len() >= ADDRESSES {
                failures.clear();
            }
        }
        let entry = failures.entry(address).or_insert((now, 0));
        if entry.0 + self.window_ms <= now {
            *entry = (now, 0);
        }
        entry.1 += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_after_too_many_and_lets_go() {
        let brake = Brake::new(3, 60_000);
        let address = IpAddr::from([192, 0, 2, 1]);
        for _ in 0..3 {
            assert_eq!(brake.held(address, 1000), None);
            brake.failed(address, 1000);
        }
        assert!(brake.held(address, 2000).is_some());
        assert_eq!(brake.held(IpAddr::from([192, 0, 2, 2]), 2000), None);
        assert_eq!(brake.held(address, 62_000), None);
    }
}
