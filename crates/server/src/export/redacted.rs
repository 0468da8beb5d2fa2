//! Redacted copies 遮盖 of a packet's photos, as signed children: made at the export that names the areas, kept nowhere.
//!
//! The decoding process blacks the areas out in what it has decoded and encodes the rest anew, within its limits; this process signs the note, and never looks into a
//! picture. The original stays in the packet as it was: an export holds exactly one packet, byte for byte, so that a copy never stands in its place.
//! Unlike stamped copies these are asked for one by one: what can't be made is an error, and nothing is handed out that looks redacted and is not.

use std::collections::BTreeMap;
use std::path::Path;

use fieldseal_packet::child::{self, Derived};
use fieldseal_packet::record::Item;
use fieldseal_packet::verify::{Source as _, ZipSource};
use fieldseal_packet::zipread::ReadAt;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_picture::{Area, MAX_AREAS, SCREEN_SIDE, screen_size};

use super::ExportError;
use super::children::{Child, digest, record};
use super::content::{Content, Spool};
use super::report::Occasion;
use super::stock::Stock;
use crate::review::preview::ItemBytes;
use crate::review::summary::{can_preview, item_number};
use crate::signing::signed;
use crate::store::packets::PacketRow;

/// Longest text of a redaction.
const MAX_TEXT: usize = 16 << 10;
/// Areas that fit into the steps of a note, beside the other steps.
const MOST: usize = if MAX_AREAS < 56 { MAX_AREAS } else { 56 };

/// What is to be blacked out: areas by the number of the item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redaction(BTreeMap<u32, Vec<Area>>);

/// A redaction that does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a redaction is written NUMBER:X,Y,WIDTH,HEIGHT, in pixels of the photo as it is looked at, several parted by a semicolon"
)]
pub struct RedactionMalformed;

impl Redaction {
    /// `1:100,200,300,400;1:0,0,50,50;3:…`. Whether the areas lie in their photos shows when the copies are made.
    pub fn parse(text: &str) -> Result<Self, RedactionMalformed> {
        if text.len() > MAX_TEXT {
            return Err(RedactionMalformed);
        }
        let mut areas: BTreeMap<u32, Vec<Area>> = BTreeMap::new();
        for one in text.split(';') {
            let (number, numbers) = one.split_once(':').ok_or(RedactionMalformed)?;
            let decimal = |text: &str| {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse::<u32>().ok().filter(|_| digits);
                number.ok_or(RedactionMalformed)
            };
            let sides = numbers
                .split(',')
                .map(decimal)
                .collect::<Result<Vec<_>, _>>()?;
            let [x, y, width, height] = sides[..] else {
                return Err(RedactionMalformed);
            };
            let of_item = areas.entry(decimal(number)?).or_default();
            of_item.push(Area {
                x,
                y,
                width,
                height,
            });
            if width == 0 || height == 0 || of_item.len() > MOST {
                return Err(RedactionMalformed);
            }
        }
        Ok(Self(areas))
    }

    /// Whether an export's folder has a copy of each item that is named here.
    pub fn is_in(&self, export: &Path) -> bool {
        let derived = export.join("data/derived");
        let mut names = self.0.keys().map(|number| copy_name(*number));
        names.all(|name| {
            derived.join(format!("{name}.note")).is_file() && derived.join(name).is_file()
        })
    }

    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// What is to be blacked out in many packets, by what they are called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redactions(BTreeMap<String, Redaction>);

impl Redactions {
    /// A packet a line (or parted by `|`): `ID=AREAS`, the areas as of one redaction. Empty lines are passed over; a packet that is named twice is refused, as
    /// the one of two lines that doesn't count might be the one that matters.
    pub fn parse(text: &str) -> Result<Self, RedactionMalformed> {
        let mut packets = BTreeMap::new();
        for line in text.split(['\n', '|']).map(str::trim) {
            if line.is_empty() {
                continue;
            }
            let (id, areas) = line.split_once('=').ok_or(RedactionMalformed)?;
            let redaction = Redaction::parse(areas)?;
            if id.is_empty() || packets.insert(id.to_owned(), redaction).is_some() {
                return Err(RedactionMalformed);
            }
        }
        Ok(Self(packets))
    }

    /// Of one packet, where there is one.
    pub fn of(&self, id: &str) -> Option<&Redaction> {
        self.0.get(id)
    }

    /// A packet that is named here and not among these.
    pub fn beyond(&self, ids: &[String]) -> Option<&str> {
        let known: std::collections::HashSet<&str> = ids.iter().map(String::as_str).collect();
        let mut named = self.0.keys().map(String::as_str);
        named.find(|id| !known.contains(id))
    }
}

/// What a redacted copy of an item is called, below `data/derived/`.
fn copy_name(number: u32) -> String {
    format!("{number:04}-redacted.jpg")
}

/// The redacted copies that were asked for, in the order of the items' numbers. Blocking; takes as long as decoding them does.
pub fn redacted(
    stock: &Stock<'_>,
    packet: &PacketRow,
    file: &dyn ReadAt,
    occasion: Occasion<'_>,
    redaction: &Redaction,
) -> Result<Vec<Child>, ExportError> {
    if redaction.is_empty() {
        return Ok(Vec::new());
    }
    let source =
        ZipSource::open(file).map_err(|_| ExportError::Redaction("the packet does not read"))?;
    let record = record(&source).ok_or(ExportError::Redaction("the record does not read"))?;
    let mut spool = Spool::new()?;
    let mut children = Vec::new();
    for (number, areas) in &redaction.0 {
        let item = record
            .items
            .iter()
            .find(|item| item_number(&item.path) == Some(*number))
            .ok_or(ExportError::Redaction("there is no photo of this number"))?;
        let copy = copy(stock, &source, item, areas)?;
        let content = spool.add(&copy.jpeg)?;
        let name = copy_name(*number);
        let body = Derived {
            origin: stock.origin.to_owned(),
            packet: packet
                .id
                .parse()
                .map_err(|_| ExportError::Malformed("packet id"))?,
            seal_sha256: Sha256Digest(packet.seal_sha256),
            parent_path: item.path.clone(),
            parent_sha256: item.sha256,
            child: name.clone(),
            child_sha256: content.sha256,
            child_size: content.size,
            kind: child::REDACTED.to_owned(),
            tool: concat!("fieldseal-server ", env!("CARGO_PKG_VERSION")).to_owned(),
            steps: copy.steps,
            made_at: Timestamp::from_millis(occasion.at),
            maker: occasion.actor.to_owned(),
        };
        let text = body.text();
        if Derived::parse(&text).as_ref() != Ok(&body) {
            return Err(ExportError::Redaction("no note can name this photo"));
        }
        let note = signed(&text, &stock.keys.decisions)
            .map_err(|_| ExportError::Malformed("decisions key"))?;
        children.push(Child {
            name,
            content: Content::Spooled(content),
            note,
            parent_sha256: item.sha256,
        });
    }
    Ok(children)
}

struct Copy {
    jpeg: Vec<u8>,
    steps: Vec<String>,
}

fn copy(
    stock: &Stock<'_>,
    source: &ZipSource<'_>,
    item: &Item,
    areas: &[Area],
) -> Result<Copy, ExportError> {
    if !can_preview(&item.media_type) || !item.path.starts_with("data/items/") {
        return Err(ExportError::Redaction(
            "this item is no photo that can be decoded",
        ));
    }
    let bytes = source
        .open(&item.path)
        .map_err(|_| ExportError::Redaction("the photo is not in the packet"))?;
    let size = bytes.size()?;
    if digest(&*bytes, size)? != item.sha256 {
        return Err(ExportError::Redaction(
            "the photo is not the one that was sealed",
        ));
    }
    let original = ItemBytes {
        file: &*bytes,
        size,
        sha256: item.sha256,
        media_type: &item.media_type,
    };
    let (width, height) = stock
        .previews
        .size_of(&original)
        .ok_or(ExportError::Redaction("the photo can't be decoded"))?;
    if !areas.iter().all(|area| area.lies_in(width, height)) {
        return Err(ExportError::Redaction("an area does not lie in its photo"));
    }
    let jpeg = stock
        .previews
        .redacted(&original, areas)
        .map_err(|_| ExportError::Redaction("the photo can't be decoded"))?;
    let shown = screen_size(width, height);
    let mut steps = vec![format!(
        "decoded as {}, {width} x {height} pixels, turned upright",
        item.media_type
    )];
    if width.max(height) > SCREEN_SIDE {
        steps.push(format!("scaled to {} x {} pixels", shown.0, shown.1));
    }
    steps.extend(areas.iter().map(|area| {
        format!(
            "blacked out: {} x {} pixels from {}, {} of the decoded picture, and a few pixels around",
            area.width, area.height, area.x, area.y
        )
    }));
    steps.push("encoded as image/jpeg; no metadata of the parent taken over".to_owned());
    Ok(Copy { jpeg, steps })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redaction_reads_or_is_refused() {
        let redaction = Redaction::parse("2:10,20,30,40;1:0,0,5,5;2:1,1,1,1").unwrap();
        let counts: Vec<(u32, usize)> =
            redaction.0.iter().map(|(n, all)| (*n, all.len())).collect();
        assert_eq!(counts, [(1, 1), (2, 2)]);
        let many = vec!["1:0,0,1,1"; MOST + 1].join(";");
        for wrong in [
            "",
            "1",
            "1:",
            "1:1,2,3",
            "1:1,2,3,4,5",
            "1:1,2,0,4",
            "1:1,2,3,0",
            "1:-1,2,3,4",
            "1:+1,2,3,4",
            "1:1,2,3,4294967296",
            "x:1,2,3,4",
            "1:1,2,3,4;",
            &many,
        ] {
            assert_eq!(Redaction::parse(wrong), Err(RedactionMalformed), "{wrong}");
        }
        assert!(Redaction::default().is_empty());
    }

    #[test]
    fn redactions_of_many_packets_read_or_are_refused() {
        let text = "a=1:0,0,5,5\r\n\n  b=2:1,1,1,1;3:0,0,2,2  \n";
        let many = Redactions::parse(text).unwrap();
        assert_eq!(
            Redactions::parse("a=1:0,0,5,5|b=2:1,1,1,1;3:0,0,2,2"),
            Ok(many.clone())
        );
        assert_eq!(many.of("a"), Redaction::parse("1:0,0,5,5").ok().as_ref());
        assert_eq!(many.of("c"), None);
        let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
        assert_eq!(many.beyond(&ids(&["a", "c"])), Some("b"));
        assert_eq!(many.beyond(&ids(&["b", "a"])), None);
        for wrong in [
            "a",
            "a=",
            "=1:0,0,5,5",
            "a=1:0,0,5",
            "a=1:0,0,5,5|a=1:0,0,5,5",
        ] {
            assert_eq!(Redactions::parse(wrong), Err(RedactionMalformed), "{wrong}");
        }
        assert_eq!(Redactions::parse(""), Ok(Redactions::default()));
    }
}
