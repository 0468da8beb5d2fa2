//! How long originals stay here once their packet is safe, and giving their room back. The vault removes nothing but
//! against a verified receipt; this decides when, and looks at receipt and proof once more before it asks.
//!
//! The rule is the administrator's: the server tells it with each answer about packets, and where it says nothing the
//! tablet's own setting holds. A packet that came back is kept until a supplement of it is safe: the officer may need its
//! photos. When room runs short, what has been safe longest goes first, whatever the rule's days: a tablet that can't take
//! photos helps nobody, and these are on the server.
//!
//! While the server's log contradicts what this tablet has seen of it (`log_seen`), nothing goes, for whatever reason and
//! however long it has been safe: what proved it safe is in doubt.
//!
//! A crash anywhere leaves originals that are still here, or a packet whose removal is gone on with: see the vault's
//! `reclaim`.

use fieldseal_packet::{PacketId, Timestamp};
use fieldseal_sync::receipt::{self, OwnCopy, SafeWord};
use fieldseal_vault::{Reclaimed, drafts, outbox};
use fieldseal_wire::device::Retention;

use crate::api::{ReclaimView, RetentionView};
use crate::core::Core;
use crate::log_seen;
use crate::problem::{Code, Problem};
use crate::zip::PacketZip;

/// Holds where neither server nor tablet says otherwise.
pub(crate) const DEFAULT: Retention = Retention { keep_days: Some(7) };
/// Longest time that a rule may name, days.
const MOST_DAYS: u32 = 3650;
/// Packets given back in one pass, so that uploads wait but a moment.
const MOST_AT_ONCE: u32 = 20;
/// The server's word, and the tablet's own setting, in the outbox.
const FROM_SERVER: &str = "retention";
const OWN: &str = "retention-own";
const DAY_MS: i64 = 24 * 3600 * 1000;

/// What one pass gave back.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Pass {
    pub packets: u32,
    pub freed: Reclaimed,
    /// There may be more to give back.
    pub more: bool,
}

impl Core {
    /// The rule that holds, and who gave it.
    pub fn retention(&self) -> Result<(Retention, &'static str), Problem> {
        let vault = self.vault()?;
        let of = |key| {
            let stored = vault.outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, key)?))?;
            Ok::<_, Problem>(stored.and_then(|bytes| {
                serde_json::from_slice::<Option<Retention>>(&bytes)
                    .ok()
                    .flatten()
            }))
        };
        if let Some(rule) = of(FROM_SERVER)? {
            return Ok((rule, "server"));
        }
        Ok(match of(OWN)? {
            Some(rule) => (rule, "tablet"),
            None => (DEFAULT, "default"),
        })
    }

    pub fn retention_view(&self) -> Result<RetentionView, Problem> {
        let (rule, by) = self.retention()?;
        Ok(RetentionView {
            keep_days: rule.keep_days,
            by: by.to_owned(),
            held: self
                .gives_nothing_back()?
                .then(|| Code::LogContradicts.as_str().to_owned()),
        })
    }

    /// Whether the rule does not hold for now. Unknown, and so not said, until the outbox is open.
    fn gives_nothing_back(&self) -> Result<bool, Problem> {
        Ok(self.vault()?.outbox_is_open() && log_seen::contradicted(self)?)
    }

    /// The tablet's own setting; it holds while the server gives none.
    pub fn set_retention(&self, keep_days: Option<u32>) -> Result<RetentionView, Problem> {
        self.open_vault()?;
        if keep_days.is_some_and(|days| days > MOST_DAYS) {
            return Err(Code::BadRequest.into());
        }
        self.keep_rule(OWN, Some(Retention { keep_days }))?;
        self.retention_view()
    }

    /// The server's word, as it came with an answer.
    pub fn told_retention(&self, rule: Option<Retention>) -> Result<(), Problem> {
        let sane = rule.filter(|rule| rule.keep_days.is_none_or(|days| days <= MOST_DAYS));
        self.keep_rule(FROM_SERVER, sane)
    }

    fn keep_rule(&self, key: &str, rule: Option<Retention>) -> Result<(), Problem> {
        let bytes =
            serde_json::to_vec(&rule).map_err(|error| Problem::because(Code::Internal, error))?;
        let vault = self.vault()?;
        let stored = vault.outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, key)?))?;
        if stored.as_deref() == Some(&bytes[..]) || (stored.is_none() && rule.is_none()) {
            return Ok(());
        }
        vault.outbox_write(|tx| Ok(outbox::put_fact(tx, key, &bytes)?))
    }

    /// One pass of the rule, for the command line and the screens.
    pub fn reclaim_now(&self) -> Result<ReclaimView, Problem> {
        if self.gives_nothing_back()? {
            return Err(Code::LogContradicts.into());
        }
        let mut view = ReclaimView::default();
        loop {
            let pass = self.reclaim_due()?;
            view.packets += pass.packets;
            view.photos = view
                .photos
                .saturating_add(u32::try_from(pass.freed.originals).unwrap_or(u32::MAX));
            view.bytes += pass.freed.bytes as f64;
            if !pass.more {
                return Ok(view);
            }
        }
    }

    /// Gives back what the rule says, a few packets at a time. Works while locked, once the outbox is open.
    pub fn reclaim_due(&self) -> Result<Pass, Problem> {
        let vault = self.vault()?;
        if !vault.outbox_is_open() {
            return Ok(Pass::default());
        }
        let mut pass = Pass {
            freed: vault.finish_reclaims()?,
            ..Pass::default()
        };
        if log_seen::contradicted(self)? {
            return Ok(pass);
        }
        let now = self.platform.now();
        let (rule, _) = self.retention()?;
        let by_rule = match rule.keep_days {
            // At once, also when the clock was turned back since.
            Some(0) => Some(Timestamp::from_millis(i64::MAX)),
            Some(days) => Some(Timestamp::from_millis(
                now.as_millis().saturating_sub(i64::from(days) * DAY_MS),
            )),
            None => None,
        };
        if let Some(until) = by_rule {
            for packet in self.kept(until)? {
                self.give_back(packet, now, &mut pass)?;
            }
        }
        if self.room_is_short() {
            for packet in self.kept(Timestamp::from_millis(i64::MAX))? {
                if !self.room_is_short() {
                    break;
                }
                self.give_back(packet, now, &mut pass)?;
            }
        }
        pass.more = pass.packets >= MOST_AT_ONCE;
        Ok(pass)
    }

    fn room_is_short(&self) -> bool {
        self.platform
            .free_bytes(&self.config.dir)
            .is_some_and(|free| free < self.config.room_bytes)
    }

    /// Packets safe since then at the latest that may go: returned ones only once a supplement of them is safe.
    fn kept(&self, until: Timestamp) -> Result<Vec<PacketId>, Problem> {
        let vault = self.vault()?;
        let (mut packets, returned) = vault.outbox_read(|c| {
            Ok::<_, Problem>((
                outbox::kept(c, until, MOST_AT_ONCE)?,
                outbox::kept_returned(c, until)?,
            ))
        })?;
        for packet in returned {
            // Which draft supplements which packet stands in the officers' database: locked, it is not known.
            let Ok(supplements) = self.read(|c| Ok(drafts::supplementing(c, packet)?)) else {
                continue;
            };
            let sealed = supplements
                .iter()
                .filter(|draft| draft.stage == drafts::Stage::Sealed);
            let mut is_safe = false;
            for draft in sealed {
                let job = vault.outbox_read(|c| Ok::<_, Problem>(outbox::job(c, draft.packet)?))?;
                is_safe |= job.is_some_and(|job| job.verified_at.is_some() && job.kind != "void");
            }
            if is_safe {
                packets.push(packet);
            }
        }
        Ok(packets)
    }

    fn give_back(&self, packet: PacketId, now: Timestamp, pass: &mut Pass) -> Result<(), Problem> {
        if let Err(code) = self.still_safe(packet)? {
            // Kept: something is wrong here, and the copy on the server may be the wrong one.
            tracing::warn!(code, "a stored receipt does not hold any more");
            return Ok(());
        }
        let freed = self.vault()?.reclaim(packet, now)?;
        pass.packets += 1;
        pass.freed.originals += freed.originals;
        pass.freed.bytes += freed.bytes;
        Ok(())
    }

    /// Receipt and inclusion proof of a safe packet once more, against the pinned keys and the digest of the zip that they
    /// were compared with when it became safe. `Err` inside is the code of the check that failed.
    pub fn still_safe(&self, packet: PacketId) -> Result<Result<SafeWord, &'static str>, Problem> {
        let vault = self.vault()?;
        let keys = self.pinned()?;
        let (job, seal) = vault.outbox_read(|c| {
            Ok::<_, Problem>((outbox::job(c, packet)?, outbox::seal(c, packet)?))
        })?;
        let (job, seal) = (job.ok_or(Code::NotFound)?, seal.ok_or(Code::NotFound)?);
        let (Some(receipt), Some(proof), Some(_)) = (job.receipt, job.proof, job.verified_at)
        else {
            return Ok(Err("not-safe"));
        };
        let zip_sha256 = match job.zip_sha256 {
            Some(digest) => digest,
            // Verified by a version that did not keep it: the originals are still here then.
            None => {
                let digest = PacketZip::open(vault.clone(), packet)?
                    .sha256()
                    .map_err(|error| Problem::because(Code::Unreadable, error))?;
                vault.outbox_write(|tx| {
                    Ok::<_, Problem>(outbox::set_zip_sha256(tx, packet, digest)?)
                })?;
                digest
            }
        };
        let own = OwnCopy {
            packet,
            seal: &seal,
            zip_sha256,
            zip_size: job.zip_size,
        };
        Ok(receipt::check(&keys, own, &receipt, &proof).map_err(|error| error.code()))
    }
}
