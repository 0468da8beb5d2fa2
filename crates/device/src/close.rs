//! From draft to packet: closing fixes every byte, officers sign, the device signs last.
//!
//! What a crash leaves: before the closing transaction, an open draft; after it, a closed one with the signatures made so
//! far; after the sealing transaction, a packet that the next unlock hands over to the outbox. The device's line is durable
//! before anything shows the packet as sealed.

use fieldseal_packet::bag::{self, BagInput, PayloadFile};
use fieldseal_packet::custody::{Event, Meta};
use fieldseal_packet::record::{self, Record};
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_packet::ziplayout::Layout;
use fieldseal_packet::{KeyName, PacketId, Sha256Digest};
use fieldseal_tlog::note::{Ed25519Signer, Note, SignatureLine, Signer as _, sign_line};
use fieldseal_vault::captures::Capture;
use fieldseal_vault::officers::OfficerRecord;
use fieldseal_vault::sealing::{ClosedFile, Closing, PlanEntry, Sealing, Signature, Source};
use fieldseal_vault::{captures, custody, drafts, officers, outbox, sealing};
use rusqlite::Transaction;

use crate::api::{DraftView, PacketView};
use crate::core::{Core, lock};
use crate::draft::{open_draft, title, words};
use crate::identity::Identity;
use crate::problem::{Code, Problem};
use crate::session::packet_id;
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
        self.add_signature(id, officer, &signer)?;
        self.draft(id)
    }

    fn officer_signer(&self, officer: &str, pin: &str) -> Result<Ed25519Signer, Problem> {
        let vault = self.open_vault()?;
        let seed = vault.officer_seed(officer, pin, &self.moment())?;
        let name = KeyName::officer(&self.identity()?.origin, officer);
        let signer = Ed25519Signer::from_seed(&name, &seed)
            .map_err(|error| Problem::because(Code::KeyMissing, error))?;
        let enrolled = self
            .read(|c| Ok(officers::get(c, officer)?))?
            .and_then(|record| record.vkey);
        match enrolled {
            Some(vkey) if vkey != signer.vkey().to_string() => Err(Code::KeyMissing.into()),
            _ => Ok(signer),
        }
    }

    fn add_signature(
        &self,
        id: PacketId,
        officer: &str,
        signer: &Ed25519Signer,
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
            let name = signer.vkey().name();
            if sealing::signatures(tx, id)?
                .iter()
                .any(|made| made.key_name == name)
            {
                return Err(Code::AlreadySigned.into());
            }
            let line = sign_line(signer, body_text(&closing)?)
                .map_err(|e| Problem::because(Code::KeyMissing, e))?;
            let made = Signature {
                key_name: name.to_owned(),
                line: line.to_string(),
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
        self.add_signature(packet, officer, &signer)?;
        self.seal(id)
    }

    /// Fixes every byte but the signatures. `void` is the reason for giving up.
    fn close(&self, id: PacketId, officer: &str, void: Option<&str>) -> Result<(), Problem> {
        // Whatever waits in the inbox belongs into this draft, if it is this draft's.
        self.take_in()?;
        let _desk = lock(&self.desk);
        let identity = self.identity()?;
        let mut on_duty = self.on_duty();
        if !on_duty.iter().any(|known| known == officer) {
            if on_duty.len() >= 2 {
                return Err(Code::OfficerNotNamed.into());
            }
            on_duty.push(officer.to_owned());
        }
        let seen = self
            .vault()?
            .outbox_read(|c| Ok::<_, Problem>(outbox::newest_seen(c)?))?;
        // Asked before the vault is held for writing: naming the actor asks the vault.
        let meta = self.meta();
        self.write(|tx| {
            if let Some(other) = sealing::closing(tx)?.filter(|other| *other != id) {
                return Err(Problem::from(Code::AnotherDraftClosing).with("draft", other));
            }
            let draft = open_draft(tx, id)?;
            let items = captures::of_draft(tx, id)?;
            if items.is_empty() && void.is_none() {
                return Err(Code::NoPhotos.into());
            }
            if items.len() > MAX_ITEMS {
                return Err(Problem::from(Code::TooManyPhotos).with("max", MAX_ITEMS));
            }
            let named = on_duty
                .iter()
                .map(|id| officers::get(tx, id)?.ok_or_else(|| Problem::from(Code::UnknownOfficer)))
                .collect::<Result<Vec<_>, _>>()?;
            let making = Making {
                core: self,
                meta: &meta,
                identity: &identity,
                draft: &draft,
                items: &items,
                officers: &named,
                void,
            };
            let closing = making.closing(tx, seen.as_ref())?;
            Ok(sealing::close(tx, id, &closing)?)
        })
    }

    pub fn seal(&self, id: &str) -> Result<PacketView, Problem> {
        let id = packet_id(id)?;
        let desk = lock(&self.desk);
        let signer = self.device_signer()?;
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
            let seal = sealed_note(&closing, &signatures, &signer)?;
            let plan = plan(id, &closing, &captures::of_draft(tx, id)?, &seal)?;
            let layout = Layout::new(&layout_entries(&plan))
                .map_err(|error| Problem::because(Code::TooManyPhotos, error))?;
            let sealing_with = Sealing {
                seal,
                sealed_at,
                title: title(&draft.facts),
                plan,
                zip_size: layout.total_size(),
            };
            sealing::seal(tx, id, &sealing_with)?;
            Ok(())
        })?;
        let vault = self.open_vault()?;
        vault.hand_over()?;
        drop(desk);
        self.line.load(&vault)?;
        self.refresh_counts();
        self.packet(id)
    }
}

fn body_text(closing: &Closing) -> Result<&str, Problem> {
    std::str::from_utf8(&closing.body).map_err(|error| Problem::because(Code::Unreadable, error))
}

/// Officer ids of the record that was closed: lead first.
pub(crate) fn named_officers(closing: &Closing) -> Vec<String> {
    let file = closing
        .files
        .iter()
        .find(|file| file.path == "data/record.json");
    let record: Option<Record> = file.and_then(|file| serde_json::from_slice(&file.bytes).ok());
    let id = |key: &String| key.rsplit('/').next().unwrap_or_default().to_owned();
    record
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
    device: &Ed25519Signer,
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

/// The zip's entries in their one order.
fn plan(
    id: PacketId,
    closing: &Closing,
    items: &[Capture],
    seal: &[u8],
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

/// What closing puts together.
struct Making<'a> {
    core: &'a Core,
    meta: &'a Meta,
    identity: &'a Identity,
    draft: &'a drafts::Draft,
    items: &'a [Capture],
    officers: &'a [OfficerRecord],
    void: Option<&'a str>,
}

impl Making<'_> {
    fn closing(
        &self,
        tx: &Transaction<'_>,
        seen: Option<&outbox::Seen>,
    ) -> Result<Closing, Problem> {
        let id = self.draft.packet;
        let meta = self.meta;
        let numbers = Ranges::of(self.items.iter().map(|item| item.capture_seq));
        if let Some(reason) = self.void {
            custody::write(
                tx,
                id,
                meta,
                &Event::GivenUp {
                    reason: reason.to_owned(),
                },
            )?;
        }
        let closed = Event::Closed {
            items: self.items.len() as u64,
            captures: numbers.to_string(),
        };
        custody::write(tx, id, meta, &closed)?;

        let mut record = serde_json::to_vec_pretty(&self.record(tx)?)
            .map_err(|error| Problem::because(Code::Internal, error))?;
        record.push(b'\n');
        let described = vec![
            ("data/record.json".to_owned(), record),
            (
                "data/form.json".to_owned(),
                self.core.form(&self.draft.kind)?.bytes.clone(),
            ),
            (
                "data/custody.log".to_owned(),
                custody::lines(tx, id)?.concat(),
            ),
        ];
        let mut payload: Vec<PayloadFile> = described
            .iter()
            .map(|(path, bytes)| PayloadFile {
                path: path.clone(),
                size: bytes.len() as u64,
                sha256: Sha256Digest::of(bytes),
            })
            .collect();
        payload.extend(self.items.iter().enumerate().map(|(n, item)| PayloadFile {
            path: item_path(n, item),
            size: item.size,
            sha256: item.sha256,
        }));
        let mut tags = self.keys();
        if let Some(seen) = seen {
            tags.push(("seen/checkpoint".to_owned(), seen.checkpoint.clone()));
        }
        let folder_id = id.to_string();
        let input = BagInput {
            id: &folder_id,
            profile: bag::PROFILE,
            at: meta.at,
            payload: &payload,
            tags: &tags,
        };
        let bag = bag::assemble(&input);
        let entry = Sha256Digest::of(self.identity.entry.as_bytes());
        let place = sealing::next_place(tx, entry)?;
        let body = SealBody {
            origin: self.identity.origin.clone(),
            packet: id,
            tagmanifest_sha256: bag.tagmanifest_sha256,
            tagmanifest_sm3: None,
            closed_at: meta.at,
            captures: numbers,
            device_seq: place.device_seq,
            device_prev: place.device_prev,
            seen_checkpoint: seen.map(|seen| (seen.size, seen.root)),
            seen_tsr: Vec::new(),
        };
        let files = bag.files.into_iter().chain(tags).chain(described);
        Ok(Closing {
            place,
            closed_at: meta.at,
            body: body.text().into_bytes(),
            files: files
                .map(|(path, bytes)| ClosedFile { path, bytes })
                .collect(),
        })
    }

    /// The public keys, and the enrolment entries that the tablet has.
    fn keys(&self) -> Vec<(String, Vec<u8>)> {
        let device = format!("seal/keys/device-{}", self.identity.id);
        let mut tags = vec![
            (
                format!("{device}.vkey"),
                format!("{}\n", self.identity.vkey).into_bytes(),
            ),
            (
                format!("{device}.entry"),
                self.identity.entry.clone().into_bytes(),
            ),
        ];
        for officer in self.officers {
            let path = format!("seal/keys/officer-{}", officer.id);
            tags.extend(
                officer
                    .vkey
                    .as_ref()
                    .map(|vkey| (format!("{path}.vkey"), format!("{vkey}\n").into_bytes())),
            );
            tags.extend(
                officer
                    .entry
                    .as_ref()
                    .map(|entry| (format!("{path}.entry"), entry.clone())),
            );
        }
        tags
    }

    fn record(&self, tx: &Transaction<'_>) -> Result<Record, Problem> {
        crate::record::make(&crate::record::Input {
            identity: self.identity,
            draft: self.draft,
            items: self.items,
            officers: self.officers,
            void: self.void,
            zone: self.core.platform.zone(),
            supplements: match self.draft.supplements {
                Some(old) => Some((
                    old,
                    fieldseal_vault::packets::get(tx, old)?.map(|packet| packet.digest),
                )),
                None => None,
            },
        })
    }
}
