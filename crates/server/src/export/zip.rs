//! An export as one stored zip, made while it is sent.

use std::io::{self, Read};
use std::sync::Arc;

use axum::body::{Body, Bytes};
use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
use fieldseal_packet::zipread::{ReadAt, Stretch};

use super::Bag;

const CHUNK: usize = 256 * 1024;

/// A file of a bag that lies elsewhere: the packet.
pub type Packet = Arc<dyn ReadAt + Send>;

/// The layout of the whole, for which the packet is read once: a zip wants its CRC first.
pub fn layout(bag: &Bag, packet: &dyn ReadAt) -> io::Result<Layout> {
    let size = packet.size()?;
    let mut crc = crc32fast::Hasher::new();
    let mut stretch = Stretch::new(packet, 0, size);
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = stretch.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        crc.update(&buffer[..read]);
    }
    let mut entries: Vec<LayoutEntry> = bag
        .files
        .iter()
        .map(|(path, bytes)| LayoutEntry {
            path: format!("{}/{path}", bag.folder),
            size: bytes.len() as u64,
            crc32: crc32fast::hash(bytes),
        })
        .collect();
    entries.push(LayoutEntry {
        path: format!("{}/{}", bag.folder, bag.zip_path),
        size,
        crc32: crc.finalize(),
    });
    Layout::new(&entries)
}

/// The bytes as a response body. A reader that goes away ends the work.
pub fn body(bag: Bag, layout: Layout, packet: Packet) -> Body {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || {
        let open = |index: usize, offset: u64| -> io::Result<Box<dyn Read + '_>> {
            match bag.files.get(index) {
                Some((_, bytes)) => {
                    let from = usize::try_from(offset)
                        .unwrap_or(usize::MAX)
                        .min(bytes.len());
                    Ok(Box::new(&bytes[from..]))
                }
                None => Ok(Box::new(Stretch::new(
                    &*packet,
                    offset,
                    packet.size()?.saturating_sub(offset),
                ))),
            }
        };
        let mut reader = layout.reader(0, open);
        loop {
            let mut buffer = vec![0; CHUNK];
            let chunk = match reader.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => {
                    buffer.truncate(read);
                    Ok(Bytes::from(buffer))
                }
                Err(error) => Err(error),
            };
            let failed = chunk.is_err();
            if sender.blocking_send(chunk).is_err() || failed {
                return;
            }
        }
    });
    Body::from_stream(futures_util::stream::poll_fn(move |context| {
        receiver.poll_recv(context)
    }))
}
