//! A sealed packet's zip, made while it is read: tag files from the outbox, originals decrypted from the vault. It is never
//! written to the tablet's disk and never whole in memory.

use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use fieldseal_packet::ziplayout::{Layout, LayoutEntry};
use fieldseal_packet::{PacketId, Sha256Digest, Sha256Writer};
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

/// A packet's zip while it is sent: its digest comes out of it, so that nothing has to be read a second time when the
/// receipt comes. An upload that goes on in the middle, after a restart, gives none.
pub(crate) struct Sending {
    pub packet: PacketId,
    pub zip: Arc<PacketZip>,
    passed: Passed,
}

/// Digest of what passed from the start on, without a gap.
#[derive(Default)]
struct Passed {
    hasher: Sha256Writer,
    /// Bytes in it.
    hashed: u64,
}

impl Sending {
    /// Of a packet.
    pub fn open(vault: Arc<Vault>, packet: PacketId) -> Result<Self, Problem> {
        Ok(Self {
            packet,
            zip: Arc::new(PacketZip::open(vault, packet)?),
            passed: Passed::default(),
        })
    }

    /// Bytes that are sent from `offset`.
    pub fn take(&mut self, offset: u64, bytes: &[u8]) {
        self.passed.take(offset, bytes);
    }

    /// Of the whole zip, once all of it went by.
    pub fn digest(&self) -> Option<Sha256Digest> {
        (self.passed.hashed == self.zip.size()).then(|| self.passed.hasher.clone().finish())
    }
}

impl Passed {
    /// Sent again after a failure, bytes count once; behind a gap they don't count at all.
    fn take(&mut self, offset: u64, bytes: &[u8]) {
        let fresh = self
            .hashed
            .checked_sub(offset)
            .and_then(|known| usize::try_from(known).ok())
            .and_then(|known| bytes.get(known..));
        if let Some(fresh) = fresh
            && self.hasher.write_all(fresh).is_ok()
        {
            self.hashed += fresh.len() as u64;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_while_sending_counts_each_byte_once_and_knows_gaps() {
        let bytes: Vec<u8> = (0..=255).collect();
        let mut passed = Passed::default();
        for (offset, length) in [
            (0, 100),
            (0, 100),
            (100, 50),
            // The server had less than we thought, and we go back.
            (80, 40),
            (120, 100),
            // Behind a gap: nothing.
            (230, 26),
            (220, 36),
        ] {
            passed.take(offset, &bytes[offset as usize..][..length]);
        }
        assert_eq!(passed.hashed, 256);
        assert_eq!(passed.hasher.finish(), Sha256Digest::of(&bytes));
    }
}
