//! A sealed packet's zip, made while it is read: tag files from the outbox, originals decrypted from the vault. It is never
//! written to the tablet's disk and never whole in memory.

use std::io::{self, Read, Seek as _, SeekFrom};
use std::sync::Arc;

use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
use fieldseal_packet::{PacketId, Sha256Digest};
use fieldseal_vault::sealing::{PlanEntry, Source};
use fieldseal_vault::{Vault, outbox};

use crate::problem::{Code, Problem};

/// The zip of one packet.
pub(crate) struct PacketZip {
    vault: Arc<Vault>,
    entries: Vec<PlanEntry>,
    layout: Layout,
}

impl PacketZip {
    /// From the outbox's plan; works while the vault is locked.
    pub fn open(vault: Arc<Vault>, packet: PacketId) -> Result<Self, Problem> {
        let entries = vault.outbox_read(|c| Ok::<_, Problem>(outbox::entries(c, packet)?))?;
        let layout = Layout::new(&layout_entries(&entries))
            .map_err(|error| Problem::because(Code::Unreadable, error))?;
        Ok(Self {
            vault,
            entries,
            layout,
        })
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.layout.total_size()
    }

    /// Reads from `offset` to the end.
    pub fn reader(&self, offset: u64) -> impl Read + '_ {
        self.layout
            .reader(offset, |index, within| self.content(index, within))
    }

    fn content(&self, index: usize, within: u64) -> io::Result<Box<dyn Read + '_>> {
        let entry = self.entries.get(index).ok_or(io::ErrorKind::NotFound)?;
        match &entry.source {
            Source::Inline(bytes) => {
                let from = usize::try_from(within)
                    .unwrap_or(usize::MAX)
                    .min(bytes.len());
                Ok(Box::new(&bytes[from..]))
            }
            Source::Segment(capture_seq) => {
                let mut original = self
                    .vault
                    .open_original(*capture_seq)
                    .map_err(io::Error::other)?;
                original.seek(SeekFrom::Start(within))?;
                Ok(Box::new(original))
            }
        }
    }

    /// `length` bytes from `offset`.
    pub fn range(&self, offset: u64, length: u64) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        self.reader(offset).take(length).read_to_end(&mut bytes)?;
        if bytes.len() as u64 == length {
            Ok(bytes)
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Of the whole zip: every original is decrypted once more.
    pub fn sha256(&self) -> io::Result<Sha256Digest> {
        Ok(Sha256Digest::of_reader(&mut self.reader(0))?.0)
    }
}

/// Paths, sizes and checksums in the order of the zip.
pub(crate) fn layout_entries(entries: &[PlanEntry]) -> Vec<LayoutEntry> {
    entries
        .iter()
        .map(|entry| LayoutEntry {
            path: entry.path.clone(),
            size: entry.size,
            crc32: entry.crc32,
        })
        .collect()
}
