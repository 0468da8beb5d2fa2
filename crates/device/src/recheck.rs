//! Checking a sealed packet once more, on the tablet: the originals where they are here, and always what was sealed about
//! them and what the server signed.
//!
//! Of a packet whose originals were removed by rule this still tells: that record, custody log and manifests are the ones
//! sealed, that the photos' digests in them are those of the captures, and that the server's receipt for the whole zip and
//! its place in the log hold. It can't tell whether the server still has the bytes.

use std::collections::BTreeMap;

use fieldseal_packet::bag::{packet_folder, parse_manifest};
use fieldseal_packet::seal::SealBody;
use fieldseal_packet::{PacketId, Sha256Digest};
use fieldseal_tlog::note::Note;
use fieldseal_vault::captures::Capture;
use fieldseal_vault::sealing::{PlanEntry, Source};
use fieldseal_vault::{captures, outbox, packets};

use crate::api::{PacketView, RecheckView};
use crate::core::Core;
use crate::problem::{Code, Problem};
use crate::session::packet_id;

impl Core {
    /// Reads everything again that is here, and compares.
    pub fn recheck(&self, id: &str) -> Result<PacketView, Problem> {
        let id = packet_id(id)?;
        let mut view = self.packet(id)?;
        let (items, plan, seal) = self.read(|c| {
            let packet = packets::get(c, id)?.ok_or(Code::NotFound)?;
            Ok((
                captures::of_draft(c, id)?,
                packets::plan(c, id)?,
                packet.seal,
            ))
        })?;
        let vault = self.open_vault()?;
        let job = vault.outbox_read(|c| Ok::<_, Problem>(outbox::job(c, id)?))?;
        let originals_removed = job.as_ref().is_some_and(|job| job.reclaimed_at.is_some());
        let mut differing = Vec::new();
        if !originals_removed {
            for (item, photo) in items.iter().zip(&mut view.photos) {
                let equal = match vault.open_original(item.capture_seq) {
                    Ok(mut original) => Sha256Digest::of_reader(&mut original)
                        .is_ok_and(|(digest, size)| digest == item.sha256 && size == item.size),
                    Err(_) => false,
                };
                photo.rechecked = Some(equal);
                if !equal {
                    differing.push(photo.capture_seq);
                }
            }
        }
        let files_hold = files_hold(id, &plan, &seal, &items);
        let receipt_holds = match job.and_then(|job| job.verified_at) {
            Some(_) => Some(self.still_safe(id)?.is_ok()),
            None => None,
        };
        view.rechecked = Some(RecheckView {
            at: self.platform.now().to_string(),
            equal: differing.is_empty() && files_hold && receipt_holds != Some(false),
            differing,
            originals_removed,
            files_hold,
            receipt_holds,
        });
        Ok(view)
    }
}

/// Whether the files at hand are the ones sealed, and name the captures' digests.
fn files_hold(id: PacketId, plan: &[PlanEntry], seal: &[u8], items: &[Capture]) -> bool {
    let top = format!("{}/", packet_folder(&id));
    let files: BTreeMap<&str, &PlanEntry> = plan
        .iter()
        .filter_map(|entry| Some((entry.path.strip_prefix(&top)?, entry)))
        .collect();
    let bytes = |path: &str| match files.get(path).map(|entry| &entry.source) {
        Some(Source::Inline(bytes)) => Some(&bytes[..]),
        _ => None,
    };
    let manifest = |path: &str| parse_manifest(bytes(path)?).ok();
    let body = Note::parse(seal)
        .ok()
        .and_then(|note| SealBody::parse(&note.text).ok());
    let (Some(body), Some(tags), Some(payload)) = (
        body,
        bytes("tagmanifest-sha256.txt"),
        manifest("manifest-sha256.txt"),
    ) else {
        return false;
    };
    let Ok(listed) = parse_manifest(tags) else {
        return false;
    };
    let of_capture = |capture_seq: u64| {
        items
            .iter()
            .find(|item| item.capture_seq == capture_seq)
            .map(|item| item.sha256)
    };
    let is = |path: &str, digest: &Sha256Digest| {
        files.get(path).is_some_and(|entry| match &entry.source {
            Source::Inline(bytes) => Sha256Digest::of(bytes) == *digest,
            Source::Segment(capture_seq) => of_capture(*capture_seq) == Some(*digest),
        })
    };
    body.packet == id
        && Sha256Digest::of(tags) == body.tagmanifest_sha256
        && bytes("seal/packet.seal") == Some(seal)
        && listed
            .iter()
            .chain(&payload)
            .all(|(path, digest)| is(path, digest))
}
