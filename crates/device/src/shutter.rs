//! The moment of the shutter. In a burst a photo's bytes reach the engine some time after the tap: until then the frame is
//! made into a JPEG and the photos before it are stored. So the screen marks the tap itself, by a request that costs nothing,
//! and the bytes name their mark when they come. What the device claims of a capture (wall and boot clock, place, the challenge
//! word on the screen, the last contact with the server) is then that of the tap.
//!
//! The clocks that are read are the engine's own, at the mark: a screen can neither set a capture's time nor move it by more
//! than [`OUTLIVES_MS`]. A mark that is unknown, older, of another boot, or later than the arrival counts for nothing: then the
//! claims are those of the arrival, as for a file. Marks are kept in memory alone; the order and the chain of captures stay
//! those of the arrival.

use std::collections::VecDeque;

use fieldseal_packet::Timestamp;
use fieldseal_packet::challenge::Challenge;
use fieldseal_packet::context::Fix;

use crate::core::{Core, lock};
use crate::platform::Boot;
use crate::prefs::Contact;
use crate::problem::{Code, Problem};

/// A mark counts for so long.
pub(crate) const OUTLIVES_MS: u64 = 60_000;
/// Marks kept; the oldest go first. More than any screen has photos on their way.
const MOST: usize = 64;
/// Longest name of a mark.
const MOST_NAME: usize = 40;
/// A fix older than this says nothing about where the photo was made.
const FIX_OUTLIVES_MS: u64 = 15 * 60 * 1000;

/// What the device claims of a moment.
#[derive(Clone)]
pub(crate) struct Claims {
    pub at: Timestamp,
    pub zone: String,
    pub boot: Boot,
    pub contact: Option<Contact>,
    /// Position and heading.
    pub place: Option<(Fix, Option<f64>)>,
    /// Why there is no position.
    pub no_fix_reason: Option<String>,
    pub challenge: Option<Challenge>,
}

/// The taps that the screen has marked, oldest first.
#[derive(Default)]
pub(crate) struct Marks(VecDeque<(String, Claims)>);

impl Marks {
    fn put(&mut self, name: String, claims: Claims) {
        self.0.retain(|(known, _)| *known != name);
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((name, claims));
    }

    /// The claims of a mark that counts for a capture that arrives at this moment. It stays: a photo that could not be stored is
    /// handed over again.
    fn get(&self, name: &str, arrived: &Claims) -> Option<Claims> {
        let (_, marked) = self.0.iter().find(|(known, _)| known == name)?;
        let age_ms = arrived.boot.ms.checked_sub(marked.boot.ms)?;
        let counts =
            marked.boot.id == arrived.boot.id && age_ms <= OUTLIVES_MS && marked.at <= arrived.at;
        counts.then(|| marked.clone())
    }
}

impl Core {
    /// The shutter was pressed now.
    pub fn mark_shutter(&self, name: &str) -> Result<(), Problem> {
        if name.is_empty() || name.len() > MOST_NAME {
            return Err(Code::BadRequest.into());
        }
        let claims = self.claims();
        let mut live = lock(&self.live);
        live.used_at_ms = claims.boot.ms;
        live.marks.put(name.to_owned(), claims);
        Ok(())
    }

    /// The claims of a capture that arrives now, by its mark if that counts.
    pub(crate) fn claims_of(&self, mark: Option<&str>) -> Claims {
        let now = self.claims();
        let marked = mark.and_then(|name| lock(&self.live).marks.get(name, &now));
        marked.unwrap_or(now)
    }

    /// Everything the device claims about now.
    pub(crate) fn claims(&self) -> Claims {
        let boot = self.platform.boot();
        let contact = lock(&self.prefs).contact;
        let live = lock(&self.live);
        let place = live.position.as_ref().and_then(|position| {
            let mut fix = position.fix.clone();
            fix.age_ms = fix
                .age_ms
                .saturating_add(boot.ms.saturating_sub(position.at_boot_ms));
            (fix.age_ms <= FIX_OUTLIVES_MS).then_some((fix, position.heading_deg))
        });
        let no_fix_reason = match (&place, &live.position) {
            (Some(_), _) => None,
            (None, Some(_)) => Some("timeout".to_owned()),
            (None, None) => Some(
                live.no_fix_reason
                    .clone()
                    .unwrap_or_else(|| "not-asked".to_owned()),
            ),
        };
        Claims {
            at: self.platform.now(),
            zone: self.platform.zone(),
            boot,
            contact,
            place,
            no_fix_reason,
            challenge: live.challenge.clone().flatten(),
        }
    }
}

#[cfg(test)]
#[path = "shutter_tests.rs"]
mod tests;
