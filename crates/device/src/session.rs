//! Unlocking, locking, who is on duty, where the tablet is, settings.

use fieldseal_packet::context::Fix;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_vault::{drafts, sealing};

use crate::api::FixInput;
use crate::core::{Core, Position, lock};
use crate::enrol;
use crate::prefs::Counts;
use crate::problem::{Code, Problem};

impl Core {
    pub fn unlock(&self, officer: &str, pin: &str) -> Result<(), Problem> {
        let vault = self.vault()?;
        let found = vault.unlock(officer, pin, &self.moment())?;
        enrol::pin_identity(&vault)?;
        crate::rotation::keep_settled(&self.platform, &vault)?;
        self.restore_officers(&vault)?;
        if found.rebuilt || !found.set_aside.is_empty() {
            let at = self.platform.now();
            self.change_prefs(|prefs| prefs.rebuilt_at = Some(at))?;
        }
        self.came_in(officer);
        self.order_was_seen();
        lock(&self.live).locked_draft = None;
        self.take_up_forms()?;
        // A capture that can't be taken in now stays in the inbox; it must not keep the officer from looking.
        if let Err(problem) = self.take_in() {
            tracing::warn!(
                code = problem.code().as_str(),
                "captures could not all be taken in"
            );
        }
        vault.hand_over()?;
        self.note_deadlines()?;
        self.line.load(&vault)?;
        lock(&self.live).tasks_counted = false;
        self.refresh_counts();
        self.look_again()?;
        self.previews.wake();
        Ok(())
    }

    pub fn lock_vault(&self) -> Result<(), Problem> {
        let vault = self.vault()?;
        self.settle();
        if !vault.is_locked() {
            let open = vault
                .read(|c| Ok::<_, Problem>(drafts::list(c)?))
                .unwrap_or_default();
            let mut live = lock(&self.live);
            live.open_at_lock = open
                .iter()
                .filter(|draft| draft.stage == drafts::Stage::Open)
                .map(|draft| draft.packet)
                .collect();
            live.locked_draft = None;
        }
        vault.lock();
        Ok(())
    }

    pub fn set_on_duty(&self, lead: &str, second: Option<&str>) -> Result<(), Problem> {
        let known = self.vault()?.officers();
        let here = |id: &str| known.iter().any(|slot| slot.id == id);
        // The second officer may sign on a tablet of their own.
        let guest = |id: &str| self.guests().iter().any(|guest| guest.id == id);
        if !here(lead) || second.is_some_and(|id| !here(id) && !guest(id)) {
            return Err(Code::UnknownOfficer.into());
        }
        if second == Some(lead) {
            return Err(Code::SameOfficer.into());
        }
        self.change_prefs(|prefs| {
            prefs.on_duty = std::iter::once(lead)
                .chain(second)
                .map(str::to_owned)
                .collect()
        })
    }

    pub fn set_position(&self, input: &FixInput) -> Result<(), Problem> {
        let now = self.platform.now();
        let finite = [
            input.latitude,
            input.longitude,
            input.accuracy_m,
            input.at_ms,
        ]
        .iter()
        .all(|n| n.is_finite());
        let fix = Fix {
            latitude: decimal(input.latitude),
            longitude: decimal(input.longitude),
            accuracy_m: input.accuracy_m,
            altitude_m: input.altitude_m.filter(|n| n.is_finite()),
            at: Timestamp::from_millis(input.at_ms as i64),
            // Its age when it came here; what passes until the shutter is added by the boot clock.
            age_ms: match input.age_ms {
                Some(age) if age.is_finite() && age >= 0.0 => age as u64,
                _ => u64::try_from(now.as_millis().saturating_sub(input.at_ms as i64)).unwrap_or(0),
            },
            provider: input.provider.clone().filter(|text| text.len() <= 64),
            mock: input.mock,
        };
        if !finite || !fix.is_valid() {
            return Err(Code::BadRequest.into());
        }
        let heading_deg = input
            .heading_deg
            .filter(|degrees| (0.0..=360.0).contains(degrees));
        let mut live = lock(&self.live);
        live.position = Some(Position {
            fix,
            heading_deg,
            at_boot_ms: self.platform.boot().ms,
        });
        live.no_fix_reason = None;
        Ok(())
    }

    pub fn set_no_position(&self, reason: &str) -> Result<(), Problem> {
        if !matches!(reason, "denied" | "unavailable" | "timeout") {
            return Err(Code::BadRequest.into());
        }
        let mut live = lock(&self.live);
        live.no_fix_reason = Some(reason.to_owned());
        if reason == "denied" {
            live.position = None;
        }
        Ok(())
    }

    pub fn set_settings(&self, language: Option<&str>, theme: Option<&str>) -> Result<(), Problem> {
        let known = language.is_none_or(|language| matches!(language, "zh" | "zh-CN" | "en"))
            && theme.is_none_or(|theme| matches!(theme, "light" | "dark" | "sun" | "auto"));
        if !known {
            return Err(Code::BadRequest.into());
        }
        self.change_prefs(|prefs| {
            prefs.language = language.map(str::to_owned).or(prefs.language.take());
            prefs.theme = theme.map(str::to_owned).or(prefs.theme.take());
        })
    }

    /// Names in the order lead, second; who is on duty, or who unlocked.
    pub fn on_duty(&self) -> Vec<String> {
        let on_duty = lock(&self.prefs).on_duty.clone();
        if on_duty.is_empty() {
            return self
                .vault()
                .ok()
                .and_then(|vault| vault.unlocked_by())
                .into_iter()
                .collect();
        }
        on_duty
    }

    /// Sequence number of the next packet, while the vault is open.
    fn next_seq(&self) -> Option<u32> {
        let identity = self.identity().ok()?;
        let first = Sha256Digest::of(identity.entry.as_bytes());
        let place = self.read(|c| Ok(sealing::next_place(c, first)?)).ok()?;
        u32::try_from(place.device_seq).ok()
    }

    /// Remembers what the screens count while the vault is shut.
    pub fn refresh_counts(&self) {
        let drafts = self.read(|c| Ok(u32::try_from(drafts::list(c)?.len()).unwrap_or(u32::MAX)));
        let counted = std::mem::replace(&mut lock(&self.live).tasks_counted, true);
        let tasks = if counted { None } else { self.task_count() };
        if !counted && tasks.is_none() {
            lock(&self.live).tasks_counted = false;
        }
        let next_seq = self.next_seq();
        // Counted before the file is taken hold of: no lock is waited for while another is held.
        let loaded = self.line.loaded();
        let mut counted = Counts::default();
        self.line.count(&mut counted);
        let changed = self.change_prefs(|prefs| {
            if loaded {
                prefs.counts = Counts {
                    drafts: prefs.counts.drafts,
                    tasks: prefs.counts.tasks,
                    next_seq: prefs.counts.next_seq,
                    ..counted
                };
            }
            if let Ok(drafts) = drafts {
                prefs.counts.drafts = drafts;
            }
            if let Some(next_seq) = next_seq {
                prefs.counts.next_seq = next_seq;
            }
            if let Some(tasks) = tasks {
                prefs.counts.tasks = tasks;
            }
        });
        if let Err(problem) = changed {
            tracing::warn!(
                code = problem.code().as_str(),
                "the counts could not be stored"
            );
        }
    }
}

/// Seven places: a centimetre. Written out, so that no reader's float changes it.
fn decimal(degrees: f64) -> String {
    let text = format!("{degrees:.7}");
    let short = text.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" {
        "0".to_owned()
    } else {
        short.to_owned()
    }
}

/// An id in a request.
pub(crate) fn packet_id(text: &str) -> Result<PacketId, Problem> {
    text.parse().map_err(|_| Code::NotFound.into())
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn coordinates_are_written_out() {
        for (degrees, text) in [
            (31.24, "31.24"),
            (-121.4737021, "-121.4737021"),
            (0.0, "0"),
            (-0.0, "0"),
            (1e-9, "0"),
            (100.0, "100"),
        ] {
            assert_eq!(decimal(degrees), text);
        }
    }
}
