//! Stamped copies 水印 of a packet's photos, as signed children: made at the export that asks for them, kept nowhere.
//!
//! Each photo is decoded and encoded anew by the decoding process, within its limits, with a strip below it; this process draws the strip, signs the note, and
//! never looks into a picture. What can't be decoded, is voided, is not the bytes that were sealed, or is the party's drawing has no copy: the original is there.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;

use fieldseal_packet::child::{self, Derived, NOTE};
use fieldseal_packet::context::Fix;
use fieldseal_packet::custody::{self, Event, Head};
use fieldseal_packet::record::{Item, Record};
use fieldseal_packet::verify::{Source as _, ZipSource};
use fieldseal_packet::zipread::{ReadAt, Stretch};
use fieldseal_packet::{Sha256Digest, Sha256Writer, Timestamp};
use fieldseal_picture::{SCREEN_SIDE, Strip};
use fieldseal_report::{Language, Stamp};

use super::ExportError;
use super::content::{Content, Spool};
use super::report::{Occasion, place, utc_offset_minutes};
use super::stock::Stock;
use crate::intake::examine::read;
use crate::review::preview::ItemBytes;
use crate::review::summary::{can_preview, item_number};
use crate::signing::signed;
use crate::store::packets::PacketRow;

/// Longest text of one step, in characters: at most four bytes each.
const LONGEST_STEP: usize = 240;

/// One signed child.
#[derive(Clone)]
pub struct Child {
    /// Its file name; the note's is this with `.note` behind it.
    pub(super) name: String,
    /// The copy.
    pub(super) content: Content,
    /// The signed note.
    pub(super) note: Vec<u8>,
    /// Of the item.
    pub(super) parent_sha256: Sha256Digest,
}

impl Child {
    /// The two files, named below `data/derived/`.
    pub fn files(&self) -> [(String, Content); 2] {
        let path = format!("{}{}", child::FOLDER, self.name);
        let note = (format!("{path}{NOTE}"), self.note.clone().into());
        [(path, self.content.clone()), note]
    }

    /// What the server's custody log says of it.
    pub fn event(&self) -> Event {
        Event::Derived {
            parent_sha256: self.parent_sha256,
            child_sha256: self.content.sha256(),
        }
    }
}

/// Stamped copies of all photos of the packet that can have one, in the order of the record. Blocking; takes as long as decoding them does.
pub fn stamped(
    stock: &Stock<'_>,
    packet: &PacketRow,
    file: &dyn ReadAt,
    occasion: Occasion<'_>,
    language: Language,
) -> Result<Vec<Child>, ExportError> {
    let Ok(source) = ZipSource::open(file) else {
        return Ok(Vec::new());
    };
    let Some(record) = record(&source) else {
        return Ok(Vec::new());
    };
    let copying = Copying {
        stock,
        packet,
        occasion,
        language,
        fixes: fixes(&source),
        record: &record,
        source: &source,
    };
    let mut spool = Spool::new()?;
    let mut named = BTreeSet::new();
    let mut children = Vec::new();
    for item in &record.items {
        let number = item_number(&item.path).filter(|number| named.insert(*number));
        if let Some(number) = number
            && let Some(child) = copying.copy(item, number, &mut spool)?
        {
            children.push(child);
        }
    }
    Ok(children)
}

/// The record, where it reads.
pub(super) fn record(source: &ZipSource<'_>) -> Option<Record> {
    let most = fieldseal_packet::json::MAX_SIZE;
    let bytes = read(source, "data/record.json", most)?;
    serde_json::from_slice(&bytes).ok()
}

/// Where each capture was made, as the device reported.
fn fixes(source: &ZipSource<'_>) -> BTreeMap<u64, Fix> {
    let log = read(source, "data/custody.log", custody::MAX_LOG).unwrap_or_default();
    let (lines, _) = custody::read(&log, Head::START);
    lines
        .iter()
        .filter_map(|line| match line.known() {
            Some(Event::Captured(captured)) => Some((captured.capture_seq, captured.context.fix?)),
            _ => None,
        })
        .collect()
}

struct Copying<'a> {
    stock: &'a Stock<'a>,
    packet: &'a PacketRow,
    occasion: Occasion<'a>,
    language: Language,
    fixes: BTreeMap<u64, Fix>,
    record: &'a Record,
    source: &'a ZipSource<'a>,
}

impl Copying<'_> {
    fn copy(
        &self,
        item: &Item,
        number: u32,
        spool: &mut Spool,
    ) -> Result<Option<Child>, ExportError> {
        let is_photo = item.voided.is_none()
            && !item.is_party_drawing()
            && can_preview(&item.media_type)
            && item.path.starts_with("data/items/");
        if !is_photo {
            return Ok(None);
        }
        let Ok(bytes) = self.source.open(&item.path) else {
            return Ok(None);
        };
        let size = bytes.size()?;
        if digest(&*bytes, size)? != item.sha256 {
            return Ok(None);
        }
        let original = ItemBytes {
            file: &*bytes,
            size,
            sha256: item.sha256,
            media_type: &item.media_type,
        };
        let Some((width, height)) = self.stock.previews.size_of(&original) else {
            return Ok(None);
        };
        let shown = fieldseal_picture::screen_size(width, height);
        let stamp = self.stamp(item, number);
        let Some(strip) = stamp.strip(shown.0, self.stock.fonts) else {
            return Ok(None);
        };
        let strip = Strip {
            width: strip.width,
            height: strip.height,
            grey: strip.grey,
        };
        let Ok(copy) = self.stock.previews.stamped(&original, &strip) else {
            return Ok(None);
        };
        let mut steps = vec![format!(
            "decoded as {}, {width} x {height} pixels, turned upright",
            item.media_type
        )];
        if width.max(height) > SCREEN_SIDE {
            steps.push(format!("scaled to {} x {} pixels", shown.0, shown.1));
        }
        steps.push(format!(
            "strip of {} pixels added below: the text that follows, and a QR of the packet digest",
            strip.height
        ));
        steps.extend(stamp.paragraphs().iter().map(|text| step(text)));
        steps.push("encoded as image/jpeg; no metadata of the parent taken over".to_owned());
        let content = spool.add(&copy)?;
        let name = format!("{number:04}-stamped.jpg");
        let body = Derived {
            origin: self.stock.origin.to_owned(),
            packet: self
                .packet
                .id
                .parse()
                .map_err(|_| ExportError::Malformed("packet id"))?,
            seal_sha256: Sha256Digest(self.packet.seal_sha256),
            parent_path: item.path.clone(),
            parent_sha256: item.sha256,
            child: name.clone(),
            child_sha256: content.sha256,
            child_size: content.size,
            kind: child::STAMPED.to_owned(),
            tool: concat!("fieldseal-server ", env!("CARGO_PKG_VERSION")).to_owned(),
            steps,
            made_at: Timestamp::from_millis(self.occasion.at),
            maker: self.occasion.actor.to_owned(),
        };
        let text = body.text();
        // A path in the record that no note can name has no copy.
        if Derived::parse(&text).as_ref() != Ok(&body) {
            return Ok(None);
        }
        let note = signed(&text, &self.stock.keys.decisions)
            .map_err(|_| ExportError::Malformed("decisions key"))?;
        Ok(Some(Child {
            name,
            content: Content::Spooled(content),
            note,
            parent_sha256: item.sha256,
        }))
    }

    fn stamp(&self, item: &Item, number: u32) -> Stamp {
        let record = self.record;
        Stamp {
            language: self.language,
            utc_offset_minutes: utc_offset_minutes(&record.time.zone),
            captured_at: item.captured_at.as_millis(),
            place: place(record),
            fix: self
                .fixes
                .get(&item.capture_seq)
                .filter(|fix| fix.is_valid())
                .map(|fix| (fix.latitude.clone(), fix.longitude.clone(), fix.accuracy_m)),
            officers: record
                .officers
                .iter()
                .map(|officer| (officer.name.clone(), officer.badge.clone()))
                .collect(),
            team: record.team.clone(),
            packet: self.packet.id.clone(),
            number,
            parent_sha256: item.sha256.to_string(),
            packet_digest: hex::encode(self.packet.seal_sha256),
            by: match self.occasion.actor {
                "admin" => String::new(),
                actor => actor.rsplit('/').next().unwrap_or(actor).to_owned(),
            },
            made_at: self.occasion.at,
        }
    }
}

/// A paragraph of the strip as a step: one line, without control characters, not endless.
fn step(paragraph: &str) -> String {
    let words = paragraph
        .split(|character: char| character.is_whitespace() || character.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ");
    let cut: String = words.chars().take(LONGEST_STEP).collect();
    format!("text: {}", cut.trim_end())
}

pub(super) fn digest(file: &dyn ReadAt, size: u64) -> std::io::Result<Sha256Digest> {
    let mut stretch = Stretch::new(file, 0, size);
    let mut writer = Sha256Writer::new();
    let mut buffer = vec![0; 256 * 1024];
    loop {
        match stretch.read(&mut buffer)? {
            0 => return Ok(writer.finish()),
            count => std::io::Write::write_all(&mut writer, &buffer[..count])?,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_one_line_that_a_note_may_have() {
        let hostile = format!("  a\n\t{}\u{85}b {}", "\u{7}", "长".repeat(900));
        let step = step(&hostile);
        assert!(step.starts_with("text: a b 长"), "{step}");
        assert!(step.len() <= 1024 && step.trim() == step);
        assert!(!step.chars().any(char::is_control));
    }
}
