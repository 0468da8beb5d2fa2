//! The shutter. Bytes go to the vault as they come; when this answers they are durable, hashed and encrypted. Decoding,
//! previews and everything else come after and can't take the answer back.
//!
//! The answer waits for the segment alone. Its row and its custody line are written right afterwards, by the thread that makes
//! previews once the shutter has been quiet for a moment, or before the next request that could see them
//! ([`Core::settle`]): they cost as many syncs again, and a burst must not wait for them.
//!
//! What a crash leaves: before the segment's footer is durable, nothing that was acknowledged; after it, a segment in the
//! inbox that the next unlock takes in through [`Core::take_in`], the same code that runs after every shutter.

use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::sync::atomic::Ordering;

use fieldseal_packet::context::{CaptureContext, Follows};
use fieldseal_packet::custody::{Event, Meta};
use fieldseal_packet::record::PARTY_DRAWING;
use fieldseal_packet::{PacketId, sniff};
use fieldseal_vault::{
    CaptureError, CaptureMeta, Captured, Intake, TakeInError, TakeInReport, TakenIn, Vault,
    captures, custody, drafts,
};
use rusqlite::Transaction;

use crate::api::{CaptureArgs, CaptureView};
use crate::core::{Core, lock, nobody_can_open};
use crate::problem::{Code, Problem};
use crate::room::LOOK_EVERY_BYTES;
use crate::shutter::Claims;

const COPY_BYTES: usize = 64 * 1024;
/// Without a shutter for so long, a burst is over.
const QUIET_MS: u64 = 300;
/// A burst that goes on and on does not keep its photos from the database for longer than this many times that.
const QUIET_LOOKS: u32 = 20;

impl Core {
    pub fn capture(
        &self,
        args: &CaptureArgs,
        bytes: &mut dyn Read,
    ) -> Result<CaptureView, Problem> {
        match args.source.as_str() {
            PARTY_DRAWING => self.capture_drawing(args, bytes),
            _ => self.store_capture(args, bytes),
        }
    }

    pub(crate) fn store_capture(
        &self,
        args: &CaptureArgs,
        bytes: &mut dyn Read,
    ) -> Result<CaptureView, Problem> {
        self.vault()?;
        if self.retired_at().is_some() {
            return Err(Code::Retired.into());
        }
        self.store_brought(args, bytes)
    }

    /// Also on a retired tablet: for what was a photo before.
    pub(crate) fn store_brought(
        &self,
        args: &CaptureArgs,
        bytes: &mut dyn Read,
    ) -> Result<CaptureView, Problem> {
        let vault = self.vault()?;
        // A photo sealed to a key that nobody can unwrap any more would be called stored and never be seen again.
        if nobody_can_open(&vault) {
            return Err(Code::VaultDamaged.into());
        }
        self.room_for_a_photo()?;
        // The claims are of the tap, or else of the moment of the call; never of the end of the writing.
        let context = self.capture_context(args);
        let mut writer = vault.capture()?;
        let mut buffer = vec![0; COPY_BYTES];
        let mut looked_at = 0;
        loop {
            let count = match bytes.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Problem::because(Code::NotStored, error)),
            };
            if writer.size() + count as u64 > self.config.max_photo_bytes {
                return Err(
                    Problem::from(Code::TooLarge).with("max_bytes", self.config.max_photo_bytes)
                );
            }
            writer
                .write_all(&buffer[..count])
                .map_err(CaptureError::from_write)?;
            if writer.size() - looked_at >= LOOK_EVERY_BYTES {
                looked_at = writer.size();
                self.reserve_is_kept()?;
            }
        }
        let (draft, kind) = self.draft_for(&vault, args);
        let before = self.photos_before(&vault, draft);
        let meta = CaptureMeta {
            draft,
            kind,
            shot: args.shot.clone().filter(|shot| shot.len() <= 64),
            media_type: sniff(writer.head()).media_type.to_owned(),
            context,
        };
        let captured = writer.finish(meta)?;
        Ok(self.stored(&vault, &captured, draft, before))
    }

    /// A capture is durable: nothing here may turn it into a failure.
    pub(crate) fn stored(
        &self,
        vault: &Vault,
        captured: &Captured,
        draft: PacketId,
        before: u32,
    ) -> CaptureView {
        let locked = vault.is_locked();
        let mut live = lock(&self.live);
        live.captured.insert(captured.capture_seq);
        live.used_at_ms = self.platform.boot().ms;
        let count = live.counts.entry(draft).or_insert(before);
        *count = count.saturating_add(1);
        let count = *count;
        if locked {
            live.locked_draft.get_or_insert(draft);
        }
        drop(live);
        self.waiting.store(true, Ordering::SeqCst);
        self.shutter_ms
            .store(self.platform.boot().ms, Ordering::SeqCst);
        self.previews.wake();
        CaptureView {
            draft: draft.to_string(),
            capture_seq: u32::try_from(captured.capture_seq).unwrap_or(u32::MAX),
            sha256: captured.sha256.to_string(),
            size_bytes: captured.size as f64,
            count,
        }
    }

    /// What the device claims of a capture that arrives now.
    pub(crate) fn capture_context(&self, args: &CaptureArgs) -> CaptureContext {
        let source = match args.source.as_str() {
            source @ ("camera" | "file-input" | "import" | PARTY_DRAWING) => source,
            _ => "file-input",
        };
        let before = args.follows.filter(|_| source == "camera");
        let follows = before.and_then(|capture_seq| self.followed(capture_seq));
        // A tap has a moment; a file that is chosen has that of its coming.
        let claims = self.claims_of(args.mark.as_deref().filter(|_| source == "camera"));
        CaptureContext {
            follows,
            ..self.context_of(claims, source, args.original_name.as_deref())
        }
    }

    /// The earlier photo, by its packet and bytes; nothing while locked.
    fn followed(&self, capture_seq: u64) -> Option<Follows> {
        let found = self.read(|c| Ok(captures::get(c, capture_seq)?)).ok()??;
        Some(Follows {
            packet: found.draft,
            sha256: found.sha256,
        })
    }

    pub(crate) fn context_of(
        &self,
        claims: Claims,
        source: &str,
        original_name: Option<&str>,
    ) -> CaptureContext {
        // A file that is brought in was made elsewhere: this tablet's place says nothing about it.
        let brought = source == "import";
        let (fix, heading_deg) = match claims.place {
            Some((fix, heading)) if !brought => (Some(fix), heading),
            _ => (None, None),
        };
        CaptureContext {
            captured_at: claims.at,
            zone: claims.zone,
            boot_id: claims.boot.id,
            boot_ms: claims.boot.ms,
            server_offset_ms: claims.contact.map(|contact| contact.offset_ms),
            server_seen_at: claims.contact.map(|contact| contact.seen_at),
            fix,
            no_fix_reason: if brought {
                Some("not-asked".to_owned())
            } else {
                claims.no_fix_reason
            },
            heading_deg,
            source: source.to_owned(),
            original_name: original_name.map(|name| name.chars().take(255).collect()),
            software: crate::SOFTWARE.to_owned(),
            device_model: self.platform.device_model(),
            challenge: claims
                .challenge
                .filter(|_| !brought && source != PARTY_DRAWING),
            recording: None,
            follows: None,
        }
    }

    /// Where a capture goes. The shutter never fails for want of a draft: what can't take it gets a new one.
    pub(crate) fn draft_for(&self, vault: &Vault, args: &CaptureArgs) -> (PacketId, String) {
        let asked: Option<PacketId> = args.draft.as_deref().and_then(|text| text.parse().ok());
        let kinds = self.kinds();
        let known = |kind: &&str| kinds.iter().any(|known| known.form.kind == *kind);
        let kind = args.kind.as_deref().filter(known);
        let kind = kind
            .or_else(|| kinds.first().map(|known| known.form.kind.as_str()))
            .unwrap_or_default();
        if vault.is_locked() {
            let live = lock(&self.live);
            let known =
                asked.filter(|id| live.locked_draft == Some(*id) || live.open_at_lock.contains(id));
            if let Some(draft) = known.or(live.locked_draft.filter(|_| asked.is_none())) {
                return (draft, kind.to_owned());
            }
        } else if let Some(draft) = asked
            && let Some(found) = self.known_draft(draft)
        {
            let takes = match found.stage {
                drafts::Stage::Open => true,
                // A photo after a signature voids it.
                drafts::Stage::Closed => self.reopen(&draft.to_string()).is_ok(),
                drafts::Stage::Sealed => false,
            };
            if takes {
                return (draft, found.kind);
            }
        }
        let id = self
            .new_packet_id()
            .unwrap_or_else(|_| PacketId::from_parts(self.platform.now(), &[0; 10]));
        (id, kind.to_owned())
    }

    /// A draft of the database; one that a capture of this run began may still have to be taken in.
    fn known_draft(&self, draft: PacketId) -> Option<drafts::Draft> {
        let look = || self.read(|c| Ok(drafts::get(c, draft)?)).ok().flatten();
        look().or_else(|| {
            lock(&self.live).counts.get(&draft)?;
            self.settle();
            look()
        })
    }

    /// Photos of a draft before the first of this run.
    pub(crate) fn photos_before(&self, vault: &Vault, draft: PacketId) -> u32 {
        if vault.is_locked() || lock(&self.live).counts.contains_key(&draft) {
            return 0;
        }
        let known = self.read(|c| Ok(captures::count(c, draft)?)).unwrap_or(0);
        u32::try_from(known).unwrap_or(u32::MAX)
    }

    /// Waits, for a while, until nobody presses the shutter: what comes after it must not compete with it.
    pub fn wait_for_quiet(&self) {
        for _ in 0..QUIET_LOOKS {
            let since = self
                .platform
                .boot()
                .ms
                .saturating_sub(self.shutter_ms.load(Ordering::SeqCst));
            if since >= QUIET_MS || self.line.stopping() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(QUIET_MS - since));
        }
    }

    /// Takes in what was captured since the last time; all requests that could see it come after. A failure is no loss: the
    /// segments stay, and are tried again.
    pub fn settle(&self) {
        let _turn = lock(&self.settling);
        let locked = self.open_vault().is_err();
        if locked || !self.waiting.swap(false, Ordering::SeqCst) {
            return;
        }
        match self.take_in_by(|vault, intake| vault.take_in_new(intake)) {
            Ok(()) => self.refresh_counts(),
            Err(problem) => {
                self.waiting.store(true, Ordering::SeqCst);
                tracing::warn!(
                    code = problem.code().as_str(),
                    "a capture waits in the inbox"
                );
            }
        }
    }

    /// Takes what waits in the inbox into the database: each capture with its custody line, in one transaction.
    pub fn take_in(&self) -> Result<(), Problem> {
        self.take_in_by(|vault, intake| vault.take_in(intake))
    }

    fn take_in_by(
        &self,
        take: impl FnOnce(&Vault, &mut Intake<'_>) -> Result<TakeInReport, TakeInError>,
    ) -> Result<(), Problem> {
        let vault = self.open_vault()?;
        let _desk = lock(&self.desk);
        let mine = lock(&self.live).captured.clone();
        let mut recovered: BTreeMap<PacketId, u64> = BTreeMap::new();
        let actor = self.actor();
        let mut intake = |tx: &Transaction<'_>, taken: &TakenIn| {
            let here = mine.contains(&taken.capture.capture_seq);
            if !here && !taken.sealed {
                *recovered.entry(taken.capture.draft).or_insert(0) += 1;
            }
            self.write_captured(tx, taken, actor.clone().filter(|_| here))
        };
        let report = take(&vault, &mut intake)?;
        // A failure is no loss: tried again with the next capture.
        if let Err(problem) = self.pin_forms() {
            tracing::warn!(
                code = problem.code().as_str(),
                "a draft has no form of its own yet"
            );
        }
        for (draft, captures) in recovered {
            let meta = Meta {
                actor: None,
                ..self.meta()
            };
            // Told in the log once they are in; a crash here leaves them in without this line, which is no loss.
            vault.write(|tx| {
                Ok::<_, Problem>(custody::write(
                    tx,
                    draft,
                    &meta,
                    &Event::Recovered { captures },
                )?)
            })?;
        }
        if report.captures.is_empty() {
            return Ok(());
        }
        // They have their rows: nobody has to be told any more who made them.
        let mut live = lock(&self.live);
        for capture_seq in &report.captures {
            live.captured.remove(capture_seq);
        }
        drop(live);
        tracing::debug!(count = report.captures.len(), "captures taken in");
        Ok(())
    }

    fn write_captured(
        &self,
        tx: &Transaction<'_>,
        taken: &TakenIn,
        actor: Option<String>,
    ) -> Result<(), fieldseal_vault::StoreError> {
        let capture = &taken.capture;
        let meta = Meta {
            at: capture.context.captured_at,
            boot_id: Some(capture.context.boot_id.clone()),
            boot_ms: Some(capture.context.boot_ms),
            actor,
        };
        // A sealed packet's log is complete; its rows only come back after a lost database.
        if taken.sealed {
            return Ok(());
        }
        if let Some(kind) = &taken.draft_opened {
            let opened = Event::Opened {
                packet: capture.draft,
                kind: kind.clone(),
                supplements: None,
            };
            custody::write(tx, capture.draft, &meta, &opened)?;
        }
        custody::write(tx, capture.draft, &meta, &capture.custody_event())
    }
}
