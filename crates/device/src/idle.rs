//! When a tablet locks by itself: after so many minutes of the boot clock, which goes on while the machine sleeps, in which
//! nobody used it. What screens ask again and again on their own is no use; a touch is told by [`Request::Used`]. Looked at
//! before each request is answered too, so that the first one after a sleep finds a locked tablet. Capturing goes on.

use crate::api::Request;
use crate::core::{Core, lock};
use crate::problem::{Code, Problem};

/// Where nothing else was chosen.
pub(crate) const DEFAULT_MIN: u32 = 10;
/// What may be chosen.
const MINUTES: std::ops::RangeInclusive<u32> = 1..=30;

/// Whether somebody did something. Readings don't say so: most are repeated by the screens.
fn is_use(request: &Request) -> bool {
    !matches!(
        request,
        Request::State
            | Request::SelfCheck
            | Request::Forms
            | Request::Keys
            | Request::Draft { .. }
            | Request::Drafts
            | Request::DraftPlace { .. }
            | Request::Packet { .. }
            | Request::Packets { .. }
            | Request::Uploads
            | Request::UploadsPage { .. }
            | Request::Tasks
            | Request::Rebuilt
            | Request::Registers { .. }
            | Request::Nearest { .. }
            | Request::Points { .. }
            | Request::Point { .. }
            | Request::MapPart { .. }
            | Request::PinAsked
            | Request::Leaving
            | Request::Cosigned
            | Request::Position { .. }
            | Request::NoPosition { .. }
    )
}

impl Core {
    /// Minutes without use until the tablet locks by itself.
    pub fn auto_lock_min(&self) -> u32 {
        lock(&self.prefs)
            .auto_lock_min
            .filter(|minutes| MINUTES.contains(minutes))
            .unwrap_or(DEFAULT_MIN)
    }

    /// Only while unlocked: who finds a locked tablet doesn't keep it open for longer.
    pub fn set_auto_lock(&self, minutes: u32) -> Result<(), Problem> {
        self.open_vault()?;
        if !MINUTES.contains(&minutes) {
            return Err(Code::BadRequest.into());
        }
        self.change_prefs(|prefs| prefs.auto_lock_min = Some(minutes))
    }

    /// Before a request is answered.
    pub fn note_use(&self, request: &Request) {
        self.auto_lock();
        if is_use(request) {
            lock(&self.live).used_at_ms = self.platform.boot().ms;
        }
    }

    /// Locks when nobody used the tablet for a while.
    pub fn auto_lock(&self) {
        let Some(configured) = self.config.auto_lock_ms else {
            return;
        };
        let chosen = lock(&self.prefs).auto_lock_min;
        let after = chosen.map_or(configured, |_| u64::from(self.auto_lock_min()) * 60_000);
        let now = self.platform.boot().ms;
        let idle = now.saturating_sub(lock(&self.live).used_at_ms);
        if idle >= after && self.open_vault().is_ok() {
            let _ = self.lock_vault();
        }
    }
}

#[cfg(test)]
#[path = "idle_tests.rs"]
mod tests;
