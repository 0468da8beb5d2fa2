//! When a sealed packet should be on the server: the order of uploads goes by it, and the screens show it. By the rule of
//! its kind, or where its form has none by the server's, from the time of sealing; for the answer to a packet that came back,
//! by the day the reviewer's office asks for. The earlier one counts; where no rule says anything, packets go in the order of their sealing.

use std::sync::atomic::Ordering;

use fieldseal_packet::Timestamp;
use fieldseal_vault::{drafts, outbox};
use rusqlite::Connection;

use crate::core::{Core, lock};
use crate::decisions;
use crate::http::server_time;
use crate::problem::Problem;

const HOUR_MS: i64 = 3_600_000;

/// Up to which place in the device's sequence deadlines were noted, in the outbox.
const NOTED: &str = "deadlines-noted";
/// The server's rule for kinds without one of their own, hours, in the outbox.
const WITHIN: &str = "upload-within-hours";
/// Longest that such a rule may name: a year.
const MOST_HOURS: u32 = 24 * 366;

impl Core {
    /// The server's rule, as it came with an answer. Packets that have no deadline yet get theirs; one that was given stays.
    pub fn told_deadline(&self, hours: Option<u32>) -> Result<(), Problem> {
        let said = hours
            .filter(|hours| (1..=MOST_HOURS).contains(hours))
            .map_or(Vec::new(), |hours| hours.to_string().into_bytes());
        let vault = self.vault()?;
        let known = vault.outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, WITHIN)?))?;
        if known.unwrap_or_default() == said {
            return Ok(());
        }
        vault.outbox_write(|tx| {
            outbox::put_fact(tx, WITHIN, &said)?;
            Ok::<_, Problem>(outbox::put_fact(tx, NOTED, b"0")?)
        })?;
        self.line.noted.store(0, Ordering::SeqCst);
        // Locked, the next unlock does it.
        if self.open_vault().is_ok() {
            self.note_deadlines()?;
        }
        Ok(())
    }

    /// Notes the deadlines of packets sealed since the last time; needs the vault open. A crash in between leaves some
    /// without, and the next unlock notes them.
    pub fn note_deadlines(&self) -> Result<(), Problem> {
        let vault = self.open_vault()?;
        let in_this_run = self.line.noted.load(Ordering::SeqCst);
        let (noted, within, new) = vault.outbox_read(|c| {
            let noted = if in_this_run > 0 {
                in_this_run
            } else {
                noted(c)?
            };
            let within = outbox::fact(c, WITHIN)?.and_then(|said| hours(&said));
            Ok::<_, Problem>((noted, within, outbox::unsafe_behind(c, noted)?))
        })?;
        let Some(newest) = new.iter().map(|job| job.device_seq).max() else {
            return Ok(());
        };
        let mut deadlines = Vec::new();
        for job in new.iter().filter(|job| job.deadline.is_none()) {
            let by_kind = self
                .form(&job.kind)
                .ok()
                .and_then(|known| known.form.upload_within_hours)
                .or(within);
            let draft = self.read(|c| Ok(drafts::get(c, job.packet)?))?;
            let asked = match draft.and_then(|draft| draft.supplements) {
                Some(returned) => decisions::latest(
                    &vault.outbox_read(|c| Ok::<_, Problem>(outbox::decisions(c, returned)?))?,
                )
                .and_then(|notice| notice.answer_by),
                None => None,
            };
            if let Some(deadline) = earliest(job.sealed_at, by_kind, asked.as_deref()) {
                deadlines.push((job.packet, deadline));
            }
        }
        // Where there is nothing to note, that is remembered once a run: sealing waits for no disk more than it has to.
        if in_this_run == 0 || !deadlines.is_empty() {
            vault.outbox_write(|tx| {
                for (packet, deadline) in &deadlines {
                    outbox::set_deadline(tx, *packet, Some(*deadline))?;
                }
                outbox::put_fact(tx, NOTED, newest.to_string().as_bytes())?;
                Ok::<_, Problem>(())
            })?;
        }
        let mut turns = lock(&self.line.outbox);
        for (packet, deadline) in &deadlines {
            turns.reorder(*packet, deadline.as_millis());
        }
        drop(turns);
        self.line
            .noted
            .fetch_max(newest.max(noted), Ordering::SeqCst);
        Ok(())
    }
}

fn hours(said: &[u8]) -> Option<u32> {
    std::str::from_utf8(said).ok()?.parse().ok()
}

fn noted(connection: &Connection) -> Result<u64, Problem> {
    let stored = outbox::fact(connection, NOTED)?;
    let text = stored.and_then(|bytes| String::from_utf8(bytes).ok());
    // What does not read is noted again.
    Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
}

fn earliest(
    sealed_at: Timestamp,
    within_hours: Option<u32>,
    answer_by: Option<&str>,
) -> Option<Timestamp> {
    let by_kind = within_hours.map(|hours| {
        Timestamp::from_millis(
            sealed_at
                .as_millis()
                .saturating_add(i64::from(hours) * HOUR_MS),
        )
    });
    by_kind
        .into_iter()
        .chain(answer_by.and_then(server_time))
        .min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_two_rules_counts_and_without_one_there_is_none() {
        let sealed: Timestamp = "2026-11-20T08:00:00.000Z".parse().unwrap();
        let at = |text: &str| text.parse::<Timestamp>().ok();
        assert_eq!(earliest(sealed, None, None), None);
        assert_eq!(earliest(sealed, None, Some("soon")), None);
        let day = at("2026-11-21T08:00:00.000Z");
        assert_eq!(earliest(sealed, Some(24), None), day);
        assert_eq!(
            earliest(sealed, Some(24), Some("2026-11-25T00:00:00.000Z")),
            day
        );
        assert_eq!(
            earliest(sealed, Some(24), Some("2026-11-20T12:00:00.000Z")),
            at("2026-11-20T12:00:00.000Z")
        );
        assert!(earliest(Timestamp::from_millis(i64::MAX), Some(u32::MAX), None).is_some());
    }
}
