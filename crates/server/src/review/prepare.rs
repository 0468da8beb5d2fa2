//! Making a packet's small pictures before anybody asks, so that the first look does not wait, and so that the list names only pictures that there are.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::record::Item;
use fieldseal_packet::verify::{Source as _, ZipSource};
use fieldseal_packet::zipread::Stretch;

use super::detail::documents;
use super::preview::ItemBytes;
use super::summary::{SHOWN, Summary, item_number};
use crate::app::App;
use crate::blobs::Blobs as _;
use crate::intake::admit::IntakeError;
use crate::store::StoreError;
use crate::store::packets::{self, PacketRow};

/// Items whose pictures are made beforehand; the others when they are looked at.
const MOST: usize = 100;

/// Makes the pictures. A crash leaves some unmade: a look makes them.
pub fn prepare(app: &App, packet: &PacketRow) -> Result<(), IntakeError> {
    let file = app.blobs.open(&Sha256Digest(packet.zip_sha256))?;
    let Ok(source) = ZipSource::open(&*file) else {
        return Ok(());
    };
    let items = documents(&*file)
        .record
        .map(|record| record.items)
        .unwrap_or_default();
    let mut shown = Vec::new();
    for item in items.iter().take(MOST) {
        if one(app, &source, item) && item.voided.is_none() && shown.len() < SHOWN {
            shown.extend(item_number(&item.path));
        }
    }
    let summary: Summary = serde_json::from_str(&packet.summary)?;
    if summary.previews == shown {
        return Ok(());
    }
    let shown = serde_json::to_string(&shown)?;
    app.db.write_blocking(|tx| {
        packets::set_previews(tx, &packet.seal_sha256, &packet.zip_sha256, &shown)
            .map_err(StoreError::into)
    })
}

/// Whether there is a picture of this item now. Bytes that are not the ones that the record names get none under its digest.
fn one(app: &App, source: &ZipSource<'_>, item: &Item) -> bool {
    let Ok(bytes) = source.open(&item.path) else {
        return false;
    };
    let Ok(size) = bytes.size() else { return false };
    let digest = Sha256Digest::of_reader(&mut Stretch::new(&*bytes, 0, size));
    if !digest.is_ok_and(|(digest, _)| digest == item.sha256) {
        return false;
    }
    let item = ItemBytes {
        file: &*bytes,
        size,
        sha256: item.sha256,
        media_type: &item.media_type,
    };
    let known = app.previews.known(&item.sha256);
    match known {
        Some(known) => known.is_ok(),
        None => app.previews.make(&item).is_ok(),
    }
}
