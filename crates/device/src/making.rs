//! What closing a draft fixes: the custody log's last line, the record, the bag's files, the keys, and the seal's text.

use fieldseal_packet::bag::{self, BagInput, PayloadFile};
use fieldseal_packet::custody::{Event, Meta};
use fieldseal_packet::record::Record;
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_packet::sm3::assemble_with_sm3;
use fieldseal_packet::{Sha256Digest, Sm3Digest};
use fieldseal_vault::captures::Capture;
use fieldseal_vault::officers::OfficerRecord;
use fieldseal_vault::sealing::{ClosedFile, Closing};
use fieldseal_vault::{custody, drafts, outbox, packets, sealing};
use rusqlite::Transaction;
use std::collections::BTreeMap;

use crate::close::item_path;
use crate::core::Core;
use crate::identity::Identity;
use crate::problem::{Code, Problem};
use crate::record;
use crate::stamped;

/// What closing puts together.
pub(crate) struct Making<'a> {
    pub core: &'a Core,
    pub meta: &'a Meta,
    pub identity: &'a Identity,
    pub draft: &'a drafts::Draft,
    pub items: &'a [Capture],
    pub officers: &'a [OfficerRecord],
    pub void: Option<&'a str>,
    /// SM3 of each item by capture number, where the tablet's keys are of the national suite.
    pub sm3: Option<&'a BTreeMap<u64, Sm3Digest>>,
}

impl Making<'_> {
    pub fn closing(
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

        let mut record = fieldseal_packet::json::write_pretty(&self.record(tx)?)
            .map_err(|error| Problem::because(Code::Internal, error))?;
        record.push(b'\n');
        let described = vec![
            ("data/record.json".to_owned(), record),
            (
                "data/form.json".to_owned(),
                self.core.draft_form(tx, self.draft)?.bytes.clone(),
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
        let tokens = seen.map(stamped::tokens).unwrap_or_default();
        if let Some(seen) = seen {
            tags.push(("seen/checkpoint".to_owned(), seen.checkpoint.clone()));
        }
        let mut seen_tsr = Vec::with_capacity(tokens.len());
        for token in tokens {
            seen_tsr.push(token.named());
            tags.push((token.path(), token.der));
        }
        let folder_id = id.to_string();
        let input = BagInput {
            id: &folder_id,
            profile: bag::PROFILE,
            at: meta.at,
            payload: &payload,
            tags: &tags,
        };
        let (bag, tagmanifest_sm3) = match self.sm3 {
            Some(items) => {
                let (bag, digest) = assemble_with_sm3(&input, &self.payload_sm3(&described, items));
                (bag, Some(digest))
            }
            None => (bag::assemble(&input), None),
        };
        let entry = Sha256Digest::of(self.identity.entry.as_bytes());
        let place = sealing::next_place(tx, entry)?;
        let body = SealBody {
            origin: self.identity.origin.clone(),
            packet: id,
            tagmanifest_sha256: bag.tagmanifest_sha256,
            tagmanifest_sm3,
            closed_at: meta.at,
            captures: numbers,
            device_seq: place.device_seq,
            device_prev: place.device_prev,
            seen_checkpoint: seen.map(|seen| (seen.size, seen.root)),
            seen_tsr,
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

    /// SM3 of every payload file. Whoever calls has seen to it that every item's is there.
    fn payload_sm3(
        &self,
        described: &[(String, Vec<u8>)],
        items: &BTreeMap<u64, Sm3Digest>,
    ) -> Vec<(String, Sm3Digest)> {
        let described = described
            .iter()
            .map(|(path, bytes)| (path.clone(), Sm3Digest::of(bytes)));
        let items = self.items.iter().enumerate().filter_map(|(n, item)| {
            let digest = items.get(&item.capture_seq)?;
            Some((item_path(n, item), *digest))
        });
        described.chain(items).collect()
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
        record::make(&record::Input {
            identity: self.identity,
            draft: self.draft,
            items: self.items,
            officers: self.officers,
            void: self.void,
            zone: self.core.platform.zone(),
            supplements: match self.draft.supplements {
                Some(old) => Some((old, packets::get(tx, old)?.map(|packet| packet.digest))),
                None => None,
            },
        })
    }
}
