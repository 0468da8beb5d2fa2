//! From draft to packet: closing fixes every byte, officers sign, the device signs last.
//!
//! What a crash leaves: before the closing transaction, an open draft; after it, a closed one with the signatures made so
//! far; after the sealing transaction, a packet that the next unlock hands over to the outbox. The device's line is durable
//! before anything shows the packet as sealed.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::bag;
use fieldseal_packet::custody::Event;
use fieldseal_packet::record::{self, Record};
use fieldseal_packet::sm3::{Sm3Digest, Sm3Writer};
use fieldseal_packet::ziplayout::Layout;
use fieldseal_packet::{PacketId, Sha256Digest};
use fieldseal_tlog::note::{Algorithm, Note, SignatureLine, Signer, Vkey, sign_line};
use fieldseal_vault::captures::Capture;
use fieldseal_vault::sealing::{Closing, PlanEntry, Sealing, Signature, Source};
use fieldseal_vault::{captures, custody, drafts, officers, sealing};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::api::{DraftView, PacketView};
use crate::core::{Core, lock};
use crate::draft::{open_draft, title, words};
use crate::drawing::is_drawing;
use crate::identity::signer_like;
use crate::making::Making;
use crate::problem::{Code, Problem};
use crate::session::packet_id;
use crate::stamped;
use crate::zip::layout_entries;

/// Most items of one packet.
const MAX_ITEMS: usize = 2000;

impl Core {
    pub fn sign(&self, id: &str, officer: &str, pin: &str) -> Result<DraftView, Problem> {
        let id = packet_id(id)?;
        // The PIN first: a wrong one must not close the draft.
        let signer = self.officer_signer(officer, pin)?;
        let stage = self.read(|c| Ok(drafts::get(c, id)?.map(|draft| draft.stage)))?;
        match stage {
            Some(drafts::Stage::Open) => self.close(id, officer, None)?,
            Some(drafts::Stage::Closed) => {}
            _ => return Err(Code::NotFound.into()),
        }
        self.add_signature(id, officer, &*signer)?;
        self.draft(id)
    }

    pub(crate) fn officer_signer(
        &self,
        officer: &str,
        pin: &str,
    ) -> Result<Box<dyn Signer>, Problem> {
        let vault = self.open_vault()?;
        let (seed, next) = vault.officer_seeds(officer, pin, &self.moment())?;
        let vkey = self
            .read(|c| Ok(officers::get(c, officer)?))?
            .and_then(|record| record.vkey)
            .ok_or(Code::KeyMissing)?;
        // A key that has taken over may still lie beside the old one: the record says which one counts.
        match (signer_like(&vkey, &seed), next) {
            (Err(_), Some(next)) => signer_like(&vkey, &next),
            (signer, _) => signer,
        }
    }

    fn add_signature(
        &self,
        id: PacketId,
        officer: &str,
        signer: &dyn Signer,
    ) -> Result<(), Problem> {
        self.put_signature(id, officer, |body| {
            sign_line(signer, body).map_err(|error| Problem::because(Code::KeyMissing, error))
        })
    }

    /// Keeps an officer's line over the closed draft's text, which `line` gets.
    pub(crate) fn put_signature(
        &self,
        id: PacketId,
        officer: &str,
        line: impl Fn(&str) -> Result<SignatureLine, Problem>,
    ) -> Result<(), Problem> {
        let _desk = lock(&self.desk);
        let at = self.platform.now();
        self.write(|tx| {
            let closing = sealing::closed(tx, id)?.ok_or(Code::DraftNotClosed)?;
            if !named_officers(&closing)
                .iter()
                .any(|named| named == officer)
            {
                return Err(Code::OfficerNotNamed.into());
            }
            let line = line(body_text(&closing)?)?;
            if sealing::signatures(tx, id)?
                .iter()
                .any(|made| made.key_name == line.name)
            {
                return Err(Code::AlreadySigned.into());
            }
            let made = Signature {
                line: line.to_string(),
                key_name: line.name,
                at,
            };
            Ok(sealing::sign(tx, id, &made)?)
        })
    }

    pub fn reopen(&self, id: &str) -> Result<DraftView, Problem> {
        let id = packet_id(id)?;
        let desk = lock(&self.desk);
        let meta = self.meta();
        self.write(|tx| {
            if sealing::closed(tx, id)?.is_none() {
                return Err(Code::DraftNotClosed.into());
            }
            let voided = sealing::reopen(tx, id)?;
            Ok(custody::write(tx, id, &meta, &Event::Reopened { voided })?)
        })?;
        drop(desk);
        self.draft(id)
    }

    /// Gives a draft up: its photos go along, so that none can vanish without a gap.
    pub fn give_up(
        &self,
        id: &str,
        reason: &str,
        officer: &str,
        pin: &str,
    ) -> Result<PacketView, Problem> {
        let reason = words(reason)?;
        let signer = self.officer_signer(officer, pin)?;
        let packet = packet_id(id)?;
        let stage = self.read(|c| Ok(drafts::get(c, packet)?.map(|draft| draft.stage)))?;
        if stage == Some(drafts::Stage::Closed) {
            self.reopen(id)?;
        }
        self.close(packet, officer, Some(&reason))?;
        self.add_signature(packet, officer, &*signer)?;
        self.seal(id)
    }

    /// Fixes every byte but the signatures. `void` is the reason for giving up.
    pub(crate) fn close(
        &self,
        id: PacketId,
        officer: &str,
        void: Option<&str>,
    ) -> Result<(), Problem> {
        // Whatever waits in the inbox belongs into this draft, if it is this draft's.
        self.take_in()?;
        self.one_drawing(id)?;
        let _desk = lock(&self.desk);
        let identity = self.identity()?;
        let mut on_duty = self.on_duty();
        if !on_duty.iter().any(|known| known == officer) {
            if on_duty.len() >= 2 {
                return Err(Code::OfficerNotNamed.into());
            }
            on_duty.push(officer.to_owned());
        }
        let seen = stamped::to_name(self)?;
        // Asked before the vault is held for writing: naming the actor asks the vault.
        let meta = self.meta();
        let mut sm3 = self.national()?.then(BTreeMap::new);
        loop {
            if let Some(sm3) = &mut sm3 {
                self.add_sm3(id, sm3)?;
            }
            let closed = self.write(|tx| {
                if let Some(other) = sealing::closing(tx)?.filter(|other| *other != id) {
                    return Err(Problem::from(Code::AnotherDraftClosing).with("draft", other));
                }
                let draft = open_draft(tx, id)?;
                let items = captures::of_draft(tx, id)?;
                if items.iter().all(is_drawing) && void.is_none() {
                    return Err(Code::NoPhotos.into());
                }
                if items.len() > MAX_ITEMS {
                    return Err(Problem::from(Code::TooManyPhotos).with("max", MAX_ITEMS));
                }
                // One more photo came in since.
                let hashed = |item: &Capture| {
                    let known = sm3.as_ref();
                    known.is_none_or(|known| known.contains_key(&item.capture_seq))
                };
                if !items.iter().all(hashed) {
                    return Ok(false);
                }
                let named = on_duty
                    .iter()
                    .map(|id| {
                        officers::get(tx, id)?.ok_or_else(|| Problem::from(Code::UnknownOfficer))
                    })
                    .collect::<Result<Vec<_>, _>>()?;
                let making = Making {
                    core: self,
                    meta: &meta,
                    identity: &identity,
                    draft: &draft,
                    items: &items,
                    officers: &named,
                    void,
                    sm3: sm3.as_ref(),
                };
                let closing = making.closing(tx, seen.as_ref())?;
                sealing::close(tx, id, &closing)?;
                Ok(true)
            })?;
            if closed {
                return Ok(());
            }
        }
    }

    /// Whether this tablet's key is of the national suite, and its packets have SM3 manifests.
    fn national(&self) -> Result<bool, Problem> {
        let vkey = Vkey::parse(&self.identity()?.vkey)
            .map_err(|error| Problem::because(Code::KeyMissing, error))?;
        Ok(vkey.algorithm() == Algorithm::Sm2)
    }

    /// Hashes the draft's items that are not hashed yet. Each is read once more, since a capture is hashed with SHA-256 alone
    /// while it comes in: the shutter doesn't wait for a second algorithm.
    fn add_sm3(&self, id: PacketId, known: &mut BTreeMap<u64, Sm3Digest>) -> Result<(), Problem> {
        let vault = self.open_vault()?;
        for item in self.read(|c| Ok(captures::of_draft(c, id)?))? {
            if let Entry::Vacant(new) = known.entry(item.capture_seq) {
                let mut original = vault
                    .open_original(item.capture_seq)
                    .map_err(|error| Problem::because(Code::Unreadable, error))?;
                let mut writer = Sm3Writer::default();
                std::io::copy(&mut original, &mut writer)
                    .map_err(|error| Problem::because(Code::Unreadable, error))?;
                new.insert(writer.finish());
            }
        }
        Ok(())
    }

    pub fn seal(&self, id: &str) -> Result<PacketView, Problem> {
        let id = packet_id(id)?;
        let desk = lock(&self.desk);
        let signer = self.device_signer()?;
        let certificate = self.identity()?.certificate;
        let sealed_at = self.platform.now();
        self.write(|tx| {
            let draft = drafts::get(tx, id)?.ok_or(Code::NotFound)?;
            let closing = sealing::closed(tx, id)?.ok_or(match draft.stage {
                drafts::Stage::Sealed => Code::NotFound,
                _ => Code::DraftNotClosed,
            })?;
            let signatures = sealing::signatures(tx, id)?;
            if signatures.is_empty() {
                return Err(Code::NoSignature.into());
            }
            let seal = sealed_note(&closing, &signatures, &*signer)?;
            let cms = cms_of(&closing, certificate.as_deref(), &*signer)?;
            let items = captures::of_draft(tx, id)?;
            let plan = plan(id, &closing, &items, &seal, cms.as_deref())?;
            let layout = Layout::new(&layout_entries(&plan))
                .map_err(|error| Problem::because(Code::TooManyPhotos, error))?;
            let sealing_with = Sealing {
                seal,
                sealed_at,
                title: title(&draft.facts),
                kind: closed_record(&closing).map(|record| record.kind),
                plan,
                zip_size: layout.total_size(),
            };
            sealing::seal(tx, id, &sealing_with)?;
            Ok(())
        })?;
        let vault = self.open_vault()?;
        vault.hand_over()?;
        drop(desk);
        self.note_deadlines()?;
        self.line.load_new(&vault)?;
        lock(&self.live).tasks_counted = false;
        self.refresh_counts();
        self.packet(id)
    }
}

pub(crate) fn body_text(closing: &Closing) -> Result<&str, Problem> {
    std::str::from_utf8(&closing.body).map_err(|error| Problem::because(Code::Unreadable, error))
}

/// The record as it was closed.
fn closed_record(closing: &Closing) -> Option<Record> {
    let mut files = closing.files.iter();
    let file = files.find(|file| file.path == "data/record.json")?;
    serde_json::from_slice(&file.bytes).ok()
}

/// Officer ids of the record that was closed: lead first.
pub(crate) fn named_officers(closing: &Closing) -> Vec<String> {
    let id = |key: &String| key.rsplit('/').next().unwrap_or_default().to_owned();
    closed_record(closing)
        .map(|record| {
            record
                .officers
                .iter()
                .map(|officer| id(&officer.key))
                .collect()
        })
        .unwrap_or_default()
}

/// The seal with the device's line, which stands first and is made last.
fn sealed_note(
    closing: &Closing,
    signatures: &[Signature],
    device: &dyn Signer,
) -> Result<Vec<u8>, Problem> {
    let text = body_text(closing)?;
    let mut lines = Vec::with_capacity(signatures.len() + 1);
    for made in signatures {
        lines.push(
            SignatureLine::parse(&made.line)
                .map_err(|error| Problem::because(Code::Unreadable, error))?,
        );
    }
    lines.insert(
        0,
        sign_line(device, text).map_err(|error| Problem::because(Code::KeyMissing, error))?,
    );
    Ok(Note {
        text: text.to_owned(),
        signatures: lines,
    }
    .to_bytes())
}

/// The CMS signature over the tag manifest, where the device's key has a certificate.
fn cms_of(
    closing: &Closing,
    certificate: Option<&str>,
    device: &dyn Signer,
) -> Result<Option<Vec<u8>>, Problem> {
    let Some(certificate) = certificate else {
        return Ok(None);
    };
    let certificate = STANDARD
        .decode(certificate)
        .map_err(|error| Problem::because(Code::VaultDamaged, error))?;
    let mut files = closing.files.iter();
    let manifest = files
        .find(|file| file.path == bag::TAGMANIFEST)
        .ok_or(Code::Unreadable)?;
    let digest = Sha256Digest::of(&manifest.bytes).0;
    fieldseal_stamp::cms::make(&digest, &certificate, |message| device.sign(message))
        .map(Some)
        .map_err(|error| Problem::because(Code::KeyMissing, error))
}

/// The zip's entries in their one order.
fn plan(
    id: PacketId,
    closing: &Closing,
    items: &[Capture],
    seal: &[u8],
    cms: Option<&[u8]>,
) -> Result<Vec<PlanEntry>, Problem> {
    let inline = |path: &str, bytes: &[u8]| PlanEntry {
        path: path.to_owned(),
        size: bytes.len() as u64,
        crc32: crc32fast::hash(bytes),
        source: Source::Inline(bytes.to_vec()),
    };
    let mut plan: Vec<PlanEntry> = closing
        .files
        .iter()
        .map(|file| inline(&file.path, &file.bytes))
        .collect();
    plan.push(inline(bag::SEAL, seal));
    plan.extend(cms.map(|cms| inline(bag::CMS, cms)));
    plan.extend(items.iter().enumerate().map(|(n, item)| PlanEntry {
        path: item_path(n, item),
        size: item.size,
        crc32: item.crc32,
        source: Source::Segment(item.capture_seq),
    }));
    plan.sort_by(|a, b| bag::order_key(&a.path).cmp(&bag::order_key(&b.path)));
    let folder = bag::packet_folder(&id);
    for entry in &mut plan {
        entry.path = format!("{folder}/{}", entry.path);
    }
    Ok(plan)
}

/// Path of the `n`-th item (from 0).
pub(crate) fn item_path(n: usize, item: &Capture) -> String {
    record::item_path(n + 1, fieldseal_packet::extension_of(&item.media_type))
}
