//! The self-check before the patrol. Honest: what the platform can't tell is `unsupported`, and a sentence is only said of
//! what was looked at.

use std::collections::BTreeMap;

use fieldseal_packet::Timestamp;
use fieldseal_vault::{officers, outbox};

use crate::api::CheckView;
use crate::core::{Core, lock};
use crate::log_seen;
use crate::problem::Problem;
use crate::room::{ONE_PHOTO_BYTES, RESERVE_BYTES};
use crate::stamped;

/// Below this the battery may not last a patrol.
const BATTERY_LOW: f64 = 0.3;
/// Below this there is no room for a patrol's photos.
pub(crate) const STORAGE_LOW: u64 = 2 << 30;
/// Room for one photo with its thumbnails, for the estimate; the camera's strip counts with the same.
const PHOTO_BYTES: u64 = 5_000_000;
/// A clock this far off is told.
const CLOCK_OFF_MS: i64 = 60_000;
/// A contact older than this says little about the clock.
const CONTACT_OLD_MS: i64 = 7 * 24 * 3600 * 1000;
/// A checkpoint older than this makes the seal's lower bound weak.
const CHECKPOINT_OLD_MS: i64 = 24 * 3600 * 1000;

pub(crate) fn check(
    code: &str,
    level: &str,
    sentence: &str,
    params: &[(&str, String)],
) -> CheckView {
    CheckView {
        code: code.to_owned(),
        level: level.to_owned(),
        sentence: sentence.to_owned(),
        params: params
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect::<BTreeMap<_, _>>(),
        act: (level == "look").then(|| act(code, sentence).to_owned()),
    }
}

/// What helps, or at least comes nearest to it: one thing for each that is wrong.
fn act(code: &str, sentence: &str) -> &'static str {
    match (code, sentence) {
        // Uploading is what gives room back.
        ("storage" | "unsent", _) => "upload",
        ("clock", _) | ("checkpoint", "old" | "none") => "connect",
        ("location", "denied" | "none-yet" | "not-asked") => "locate",
        ("keys", "not-all-enrolled" | "one-officer") => "officers",
        ("vault", _) => "rebuilt",
        ("keys", "missing") | ("checkpoint", "contradicts") | ("forms", _) => "tell",
        _ => "again",
    }
}

impl Core {
    pub fn self_check(&self) -> Result<Vec<CheckView>, Problem> {
        Ok(vec![
            self.check_battery(),
            self.check_storage(),
            self.check_clock(),
            self.check_location(),
            self.check_keys(),
            self.check_vault(),
            self.check_checkpoint()?,
            self.check_map(),
            self.check_unsent(),
            self.check_forms(),
        ])
    }

    fn check_map(&self) -> CheckView {
        match self.map_view() {
            (Some(map), _) => check("map", "ok", "ok", &[("at", map.placed_at)]),
            (None, Some(percent)) => {
                check("map", "look", "coming", &[("percent", percent.to_string())])
            }
            (None, None) => check("map", "unsupported", "none", &[]),
        }
    }

    fn check_battery(&self) -> CheckView {
        let Some(level) = self.platform.battery() else {
            return check("battery", "unsupported", "unknown", &[]);
        };
        let percent = [("percent", format!("{:.0}", level * 100.0))];
        if level < BATTERY_LOW {
            check("battery", "look", "low", &percent)
        } else {
            check("battery", "ok", "ok", &percent)
        }
    }

    fn check_storage(&self) -> CheckView {
        let Some(free) = self.platform.free_bytes(&self.config.dir) else {
            return check("storage", "unsupported", "unknown", &[]);
        };
        let photos = free.saturating_sub(RESERVE_BYTES + ONE_PHOTO_BYTES) / PHOTO_BYTES;
        let params = [
            ("free_bytes", free.to_string()),
            ("free_gb", format!("{:.1}", free as f64 / 1e9)),
            ("photos", photos.to_string()),
        ];
        if self.room_for_a_photo().is_err() {
            check("storage", "look", "full", &params)
        } else if free < STORAGE_LOW {
            check("storage", "look", "low", &params)
        } else {
            check("storage", "ok", "ok", &params)
        }
    }

    fn check_clock(&self) -> CheckView {
        let Some(contact) = lock(&self.prefs).contact else {
            return check("clock", "look", "never-compared", &[]);
        };
        let age_ms = (self.platform.now().as_millis() - contact.seen_at.as_millis()).abs();
        let minutes = (contact.offset_ms.abs() + 30_000) / 60_000;
        let params = [
            ("minutes", minutes.to_string()),
            (
                "seconds",
                ((contact.offset_ms.abs() + 500) / 1000).to_string(),
            ),
            ("at", contact.seen_at.to_string()),
        ];
        match contact.offset_ms {
            offset if offset >= CLOCK_OFF_MS => check("clock", "look", "fast", &params),
            offset if offset <= -CLOCK_OFF_MS => check("clock", "look", "slow", &params),
            _ if age_ms > CONTACT_OLD_MS => check("clock", "look", "old", &params),
            _ => check("clock", "ok", "ok", &params),
        }
    }

    fn check_location(&self) -> CheckView {
        let live = lock(&self.live);
        let boot_ms = self.platform.boot().ms;
        match (&live.position, live.no_fix_reason.as_deref()) {
            (Some(position), _) => {
                let age_ms = position
                    .fix
                    .age_ms
                    .saturating_add(boot_ms.saturating_sub(position.at_boot_ms));
                let params = [
                    ("accuracy_m", format!("{:.0}", position.fix.accuracy_m)),
                    ("age_s", (age_ms / 1000).to_string()),
                ];
                let mocked = position.fix.mock == Some(true);
                if mocked {
                    check("location", "look", "mock", &params)
                } else {
                    check("location", "ok", "ok", &params)
                }
            }
            (None, Some("denied")) => check("location", "look", "denied", &[]),
            (None, Some("unavailable")) => check("location", "unsupported", "unavailable", &[]),
            (None, Some(_)) => check("location", "look", "none-yet", &[]),
            (None, None) => check("location", "look", "not-asked", &[]),
        }
    }

    fn check_keys(&self) -> CheckView {
        let Ok(vault) = self.vault() else {
            return check("keys", "look", "not-enrolled", &[]);
        };
        if vault.is_locked() {
            return check("keys", "look", "locked", &[]);
        }
        if self.device_signer().is_err()
            || self
                .identity()
                .and_then(|identity| identity.pinned())
                .is_err()
        {
            return check("keys", "look", "missing", &[]);
        }
        let records = self.read(|c| Ok(officers::list(c)?)).unwrap_or_default();
        let count = [("officers", records.len().to_string())];
        if records.iter().any(|record| record.entry.is_none()) {
            check("keys", "look", "not-all-enrolled", &count)
        } else if records.len() < 2 {
            check("keys", "look", "one-officer", &count)
        } else {
            check("keys", "ok", "ok", &count)
        }
    }

    /// A database that was damaged lies in `set-aside/`; photos and sealed packets came back from their own files, what was
    /// described and not yet sealed may not have.
    fn check_vault(&self) -> CheckView {
        match lock(&self.prefs).rebuilt_at {
            Some(at) => check("vault", "look", "rebuilt", &[("at", at.to_string())]),
            None => check("vault", "ok", "ok", &[]),
        }
    }

    fn check_checkpoint(&self) -> Result<CheckView, Problem> {
        let Ok(vault) = self.vault() else {
            return Ok(check("checkpoint", "look", "none", &[]));
        };
        if !vault.outbox_is_open() {
            return Ok(check("checkpoint", "look", "locked", &[]));
        }
        if log_seen::contradicted(self)? {
            return Ok(check("checkpoint", "look", "contradicts", &[]));
        }
        let Some(seen) = vault.outbox_read(|c| Ok::<_, Problem>(outbox::newest_seen(c)?))? else {
            return Ok(check("checkpoint", "look", "none", &[]));
        };
        let age_ms = self.platform.now().as_millis() - seen.seen_at.as_millis();
        let mut params = vec![
            ("size", seen.size.to_string()),
            ("at", seen.seen_at.to_string()),
            ("hours", (age_ms.max(0) / 3_600_000).to_string()),
        ];
        // What the next seal will be proved to come after.
        let stamped_at = match stamped::newest(self)? {
            Some(stamped) => stamped::earliest_ms(&self.identity()?, &stamped),
            None => None,
        };
        params.extend(stamped_at.map(|at| ("stamped_at", Timestamp::from_millis(at).to_string())));
        Ok(match (age_ms > CHECKPOINT_OLD_MS, stamped_at) {
            (true, _) => check("checkpoint", "look", "old", &params),
            (false, Some(_)) => check("checkpoint", "ok", "stamped", &params),
            (false, None) => check("checkpoint", "ok", "ok", &params),
        })
    }

    fn check_unsent(&self) -> CheckView {
        let mut counts = lock(&self.prefs).counts.clone();
        if self.line.loaded() {
            self.line.count(&mut counts);
        }
        let params = [
            ("packets", counts.unsafe_packets.to_string()),
            ("wedged", counts.wedged.to_string()),
        ];
        match (counts.unsafe_packets, counts.wedged) {
            (0, _) => check("unsent", "ok", "ok", &params),
            (_, 0) => check("unsent", "look", "some", &params),
            _ => check("unsent", "look", "wedged", &params),
        }
    }
}

#[cfg(test)]
#[path = "check_tests.rs"]
mod tests;
