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
        .map(|(path, content)| LayoutEntry {
            path: format!("{}/{path}", bag.folder),
            size: content.size(),
            crc32: content.crc32(),
        })
        .collect();
    entries.push(LayoutEntry {
        path: format!("{}/{}", bag.folder, bag.zip_path),
        size,
        crc32: crc.finalize(),
    });
    Layout::new(&entries)
}

/// The bag as a response body.
pub fn body(bag: Bag, layout: Layout, packet: Packet) -> Body {
    streamed(move |send| {
        let open = |index: usize, offset: u64| -> io::Result<Box<dyn Read + '_>> {
            match bag.files.get(index) {
                Some((_, content)) => Ok(content.rest(offset)),
                None => Ok(Box::new(rest(&*packet, offset)?)),
            }
        };
        copy(&mut layout.reader(0, open), send);
    })
}

/// A packet alone, byte for byte, as a response body.
pub fn packet_body(packet: Packet) -> Body {
    streamed(move |send| match rest(&*packet, 0) {
        Ok(mut bytes) => copy(&mut bytes, send),
        Err(error) => {
            send(Err(error));
        }
    })
}

fn rest(packet: &dyn ReadAt, offset: u64) -> io::Result<Stretch<'_>> {
    Ok(Stretch::new(
        packet,
        offset,
        packet.size()?.saturating_sub(offset),
    ))
}

/// Sends a chunk; false when nobody listens any more.
pub type Give<'a> = &'a dyn Fn(io::Result<Bytes>) -> bool;

fn copy(reader: &mut dyn Read, send: Give<'_>) {
    loop {
        let mut buffer = vec![0; CHUNK];
        let read = reader.read(&mut buffer);
        let is_last = matches!(read, Ok(0) | Err(_));
        let chunk = read.map(|read| {
            buffer.truncate(read);
            Bytes::from(buffer)
        });
        if (chunk.as_ref().is_ok_and(|bytes| !bytes.is_empty()) || chunk.is_err()) && !send(chunk) {
            return;
        }
        if is_last {
            return;
        }
    }
}

/// Runs `work` beside the answer. A reader that goes away ends it.
pub fn streamed(work: impl FnOnce(Give<'_>) + Send + 'static) -> Body {
    let (sender, mut receiver) = tokio::sync::mpsc::channel::<io::Result<Bytes>>(4);
    tokio::task::spawn_blocking(move || work(&|chunk| sender.blocking_send(chunk).is_ok()));
    Body::from_stream(futures_util::stream::poll_fn(move |context| {
        receiver.poll_recv(context)
    }))
}
