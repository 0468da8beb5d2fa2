//! A recording's journal:
//!
//! ```text
//! magic      8  "FSEALREC"
//! frame         length of the sealed bytes (4, big-endian), sealed bytes: one chunk of a STREAM of its own, bound to the
//!               segment's header
//!   the first   the beginning as JSON: draft, kind, shot, type, context
//!   all others  offset in the original (8, big-endian), bytes that no full chunk of the segment holds yet
//! ```
//!
//! The key is the segment's data key, the nonces' prefix the journal's own, and each frame has its number: no nonce is ever
//! used twice, however often the same tail is written. A frame that is cut short or not authentic ends the journal.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use fieldseal_packet::PacketId;
use fieldseal_packet::context::CaptureContext;
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::JOURNAL;
use crate::capture::{CaptureError, CaptureMeta};
use crate::disk::DiskFile;
use crate::segment::HEADER;
use crate::suite::{CHUNK, Cipher, TAG};

const MAGIC: &[u8; 8] = b"FSEALREC";
const OFFSET: usize = 8;
/// Longest sealed frame.
const MOST_FRAME: usize = OFFSET + CHUNK + TAG;

/// The beginning of a recording, as its journal keeps it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Begin {
    pub draft: PacketId,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shot: Option<String>,
    pub media_type: String,
    pub context: CaptureContext,
}

impl From<&CaptureMeta> for Begin {
    fn from(meta: &CaptureMeta) -> Self {
        let CaptureMeta {
            draft,
            kind,
            shot,
            media_type,
            context,
        } = meta.clone();
        Self {
            draft,
            kind,
            shot,
            media_type,
            context,
        }
    }
}

/// Whether a part in the inbox is a recording's.
pub(crate) fn has_journal(part: &Path) -> bool {
    part.with_extension(JOURNAL).is_file()
}

pub(super) struct JournalWriter {
    file: Box<dyn DiskFile>,
    cipher: Cipher,
    header: [u8; HEADER],
    frames: u64,
}

impl JournalWriter {
    /// Writes the beginning, and syncs it.
    pub(super) fn begin(
        mut file: Box<dyn DiskFile>,
        cipher: Cipher,
        header: [u8; HEADER],
        meta: &CaptureMeta,
    ) -> Result<Self, CaptureError> {
        let begin =
            serde_json::to_vec(&Begin::from(meta)).map_err(|_| CaptureError::DescriptionTooLong)?;
        if begin.len() > CHUNK {
            return Err(CaptureError::DescriptionTooLong);
        }
        file.write_all(MAGIC).map_err(CaptureError::from_write)?;
        let mut journal = Self {
            file,
            cipher,
            header,
            frames: 0,
        };
        journal.frame(begin)?;
        Ok(journal)
    }

    /// Writes bytes of the original that begin at `offset`, and syncs them.
    pub(super) fn put(&mut self, offset: u64, mut bytes: Vec<u8>) -> Result<(), CaptureError> {
        let mut plain = Vec::with_capacity(OFFSET + bytes.len() + TAG);
        plain.extend_from_slice(&offset.to_be_bytes());
        plain.extend_from_slice(&bytes);
        bytes.zeroize();
        self.frame(plain)
    }

    fn frame(&mut self, mut plain: Vec<u8>) -> Result<(), CaptureError> {
        self.cipher
            .seal(self.frames, false, &self.header, &mut plain)
            .map_err(|_| CaptureError::TooLarge)?;
        self.frames += 1;
        let length = u32::try_from(plain.len()).map_err(|_| CaptureError::TooLarge)?;
        let mut framed = Vec::with_capacity(4 + plain.len());
        framed.extend_from_slice(&length.to_be_bytes());
        framed.extend_from_slice(&plain);
        self.file
            .write_all(&framed)
            .map_err(CaptureError::from_write)?;
        self.file.sync().map_err(CaptureError::NotDurable)
    }
}

/// The frames of a journal, to the first that is not whole.
pub(super) struct JournalReader {
    file: BufReader<File>,
    cipher: Cipher,
    header: [u8; HEADER],
    frames: u64,
}

impl JournalReader {
    /// Opens a journal and reads its beginning; `None` for what is none.
    pub(super) fn open(
        path: &Path,
        cipher: Cipher,
        header: [u8; HEADER],
    ) -> std::io::Result<Option<(Self, Begin)>> {
        let mut file = BufReader::new(File::open(path)?);
        let mut magic = [0; MAGIC.len()];
        if file.read_exact(&mut magic).is_err() || &magic != MAGIC {
            return Ok(None);
        }
        let mut journal = Self {
            file,
            cipher,
            header,
            frames: 0,
        };
        let begin = journal
            .frame()
            .and_then(|plain| serde_json::from_slice(&plain).ok());
        Ok(begin.map(|begin| (journal, begin)))
    }

    /// The next bytes of the original, and where they stand in it.
    pub(super) fn next(&mut self) -> Option<(u64, Vec<u8>)> {
        let mut plain = self.frame()?;
        if plain.len() < OFFSET {
            return None;
        }
        let bytes = plain.split_off(OFFSET);
        let offset = u64::from_be_bytes(plain.try_into().ok()?);
        Some((offset, bytes))
    }

    /// Where the journal's last whole frame ends in the original: as far as its pieces came.
    pub(super) fn end(mut self) -> u64 {
        let mut end = 0;
        while let Some((offset, mut bytes)) = self.next() {
            end = offset.saturating_add(bytes.len() as u64);
            bytes.zeroize();
        }
        end
    }

    fn frame(&mut self) -> Option<Vec<u8>> {
        let mut length = [0; 4];
        self.file.read_exact(&mut length).ok()?;
        let length = usize::try_from(u32::from_be_bytes(length)).ok()?;
        if !(TAG..=MOST_FRAME).contains(&length) {
            return None;
        }
        let mut sealed = vec![0; length];
        self.file.read_exact(&mut sealed).ok()?;
        self.cipher
            .open(self.frames, false, &self.header, &mut sealed)
            .ok()?;
        self.frames += 1;
        Some(sealed)
    }
}
