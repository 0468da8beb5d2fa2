//! A segment: one capture in one file, whole or not at all.
//!
//! ```text
//! header   108  "FSEALSEG", version 1, suite, log2 of the chunk size, 0, vault id (16),
//!               data key sealed to the vault's public key by HPKE (32 + 48)
//! content       the original's bytes in STREAM chunks of 64 KiB, each 16 bytes longer; empty files have one empty chunk
//! trailer       the capture as JSON (its sequence number, digests, context, draft): one STREAM chunk
//! footer   100  content length (8), trailer length (4), capture_seq (8), capture_prev (32), link (32),
//!               CRC-32 of all before the footer (4), CRC-32 of the footer up to here (4), "FSEALEND"
//! ```
//!
//! Integers are big-endian. Header and content can be written with the public key alone; the footer tells without any
//! key that the file is complete, and carries what the next capture needs. The footer is not authenticated: what it
//! says is compared with the trailer as soon as there is a key.

mod read;
#[cfg(test)]
mod tests;
mod torn;
mod write;

pub use read::SegmentError;
pub(crate) use read::{Content, SegmentFile, vault_of};
pub(crate) use torn::TornSegment;
pub(crate) use write::{SegmentWriter, WriteError};

use crate::keys::SEALED_KEY;
use crate::suite::{CHUNK, CHUNK_LOG2, Suite, TAG, UnsupportedSuite};
use fieldseal_packet::PacketId;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::context::CaptureContext;
use serde::{Deserialize, Serialize};

/// Largest original, in bytes.
pub const MOST_ORIGINAL_BYTES: u64 = 64 << 30;

pub(crate) const HEADER: usize = HEADER_BOUND + SEALED_KEY;
pub(crate) const FOOTER: usize = 100;
const MAGIC: &[u8; 8] = b"FSEALSEG";
const END: &[u8; 8] = b"FSEALEND";
const VERSION: u8 = 1;
/// The header's part that is bound to the sealed data key.
const HEADER_BOUND: usize = 28;
const KEY_INFO: &[u8] = b"fieldseal segment/v1";

/// The capture, as its segment keeps it: all that is needed to take it into a database, or to rebuild one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trailer {
    pub(crate) capture_seq: u64,
    pub(crate) capture_prev: Sha256Digest,
    pub(crate) sha256: Sha256Digest,
    pub(crate) crc32: u32,
    pub(crate) size: u64,
    pub(crate) media_type: String,
    pub(crate) draft: PacketId,
    pub(crate) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shot: Option<String>,
    pub(crate) context: CaptureContext,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) suite: Suite,
    pub(crate) vault: [u8; 16],
    bytes: [u8; HEADER],
}

/// Bytes that are not a segment's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("not a segment")]
    NotASegment,
    #[error(transparent)]
    Suite(#[from] UnsupportedSuite),
}

impl Header {
    /// The part of a header that the sealed data key is bound to.
    fn bound(suite: Suite, vault: &[u8; 16]) -> [u8; HEADER_BOUND] {
        let mut bytes = [0; HEADER_BOUND];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&[VERSION, suite.byte(), CHUNK_LOG2, 0]);
        bytes[12..].copy_from_slice(vault);
        bytes
    }

    fn parse(bytes: &[u8; HEADER]) -> Result<Self, HeaderError> {
        if &bytes[..8] != MAGIC || bytes[8] != VERSION || bytes[10] != CHUNK_LOG2 || bytes[11] != 0
        {
            return Err(HeaderError::NotASegment);
        }
        let mut vault = [0; 16];
        vault.copy_from_slice(&bytes[12..HEADER_BOUND]);
        Ok(Self {
            suite: Suite::from_byte(bytes[9])?,
            vault,
            bytes: *bytes,
        })
    }
}

/// The end of a complete segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Footer {
    pub(crate) content_len: u64,
    pub(crate) trailer_len: u32,
    pub(crate) capture_seq: u64,
    pub(crate) capture_prev: Sha256Digest,
    /// Digest of this capture's link text: the next capture's `capture_prev`.
    pub(crate) link: Sha256Digest,
    pub(crate) crc32: u32,
}

impl Footer {
    fn to_bytes(self) -> [u8; FOOTER] {
        let mut bytes = [0; FOOTER];
        bytes[..8].copy_from_slice(&self.content_len.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.trailer_len.to_be_bytes());
        bytes[12..20].copy_from_slice(&self.capture_seq.to_be_bytes());
        bytes[20..52].copy_from_slice(&self.capture_prev.0);
        bytes[52..84].copy_from_slice(&self.link.0);
        bytes[84..88].copy_from_slice(&self.crc32.to_be_bytes());
        let own = crc32fast::hash(&bytes[..88]);
        bytes[88..92].copy_from_slice(&own.to_be_bytes());
        bytes[92..].copy_from_slice(END);
        bytes
    }

    /// `None` when the bytes are no footer, or not of a file of this length.
    fn parse(bytes: &[u8; FOOTER], file_len: u64) -> Option<Self> {
        let u32_at = |at: usize| bytes[at..at + 4].try_into().map(u32::from_be_bytes).ok();
        let u64_at = |at: usize| bytes[at..at + 8].try_into().map(u64::from_be_bytes).ok();
        let digest_at = |at: usize| bytes[at..at + 32].try_into().map(Sha256Digest).ok();
        let footer = Self {
            content_len: u64_at(0)?,
            trailer_len: u32_at(8)?,
            capture_seq: u64_at(12)?,
            capture_prev: digest_at(20)?,
            link: digest_at(52)?,
            crc32: u32_at(84)?,
        };
        let whole = (HEADER as u64)
            .checked_add(footer.content_len)?
            .checked_add(u64::from(footer.trailer_len))?
            .checked_add(FOOTER as u64)?;
        let intact = &bytes[92..] == END && u32_at(88)? == crc32fast::hash(&bytes[..88]);
        let sane = footer.trailer_len as usize <= CHUNK + TAG && footer.capture_seq > 0;
        (intact && sane && whole == file_len).then_some(footer)
    }

    /// Plain size of the content; `None` for a length that no stream has.
    pub(crate) fn plain_size(&self) -> Option<u64> {
        let sealed_chunk = (CHUNK + TAG) as u64;
        let chunks = self.content_len.div_ceil(sealed_chunk);
        let last = self
            .content_len
            .checked_sub(chunks.checked_sub(1)? * sealed_chunk)?;
        if last < TAG as u64 || (last == TAG as u64 && chunks > 1) {
            return None;
        }
        self.content_len.checked_sub(chunks * TAG as u64)
    }
}

/// Name of a capture's segment file.
pub(crate) fn file_name(capture_seq: u64) -> String {
    format!("{capture_seq:010}.seg")
}

/// The capture that a file of this name holds.
pub(crate) fn seq_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".seg")?;
    let seq: u64 = digits.parse().ok()?;
    (seq > 0 && file_name(seq) == name).then_some(seq)
}
