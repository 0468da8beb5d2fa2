//! Writing a segment: one pass that hashes, sums and encrypts, with the public key alone.

use super::{FOOTER, Footer, HEADER, Header, KEY_INFO, MOST_ORIGINAL_BYTES, Trailer};
use crate::disk::DiskFile;
use crate::keys::{KeyError, Secret, seal_to};
use crate::random::{Randomness, fresh};
use crate::suite::{CHUNK, Cipher, Part, Suite, TAG};
use fieldseal_packet::{SNIFF_LEN, Sha256Digest, Sha256Writer};
use std::io::{self, Write};
use zeroize::Zeroize;

/// Why a segment could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error("the original is too large")]
    TooLarge,
    #[error("the capture's context is too large")]
    ContextTooLarge,
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("writing failed")]
    Io(#[from] io::Error),
}

/// A segment being written. Nothing of it counts before [`SegmentWriter::finish`] and a sync of file and name.
pub(crate) struct SegmentWriter {
    file: Box<dyn DiskFile>,
    content: Cipher,
    trailer: Cipher,
    /// Of the journal, until a recording takes it.
    journal: Option<Cipher>,
    header: [u8; HEADER],
    /// Plain bytes of the chunk being filled: at most [`CHUNK`].
    buffer: Vec<u8>,
    chunks: u64,
    hash: Sha256Writer,
    plain_crc: crc32fast::Hasher,
    sealed_crc: crc32fast::Hasher,
    sealed_len: u64,
    size: u64,
    head: Vec<u8>,
}

/// What is known of the original once all its bytes are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Summed {
    pub(crate) sha256: Sha256Digest,
    pub(crate) crc32: u32,
    pub(crate) size: u64,
}

impl SegmentWriter {
    pub(crate) fn start(
        mut file: Box<dyn DiskFile>,
        suite: Suite,
        vault: &[u8; 16],
        public: &[u8; 32],
        random: &dyn Randomness,
    ) -> Result<Self, WriteError> {
        let data_key: Secret = fresh(random).map_err(KeyError::from)?;
        let bound = Header::bound(suite, vault);
        let sealed_key = seal_to(public, KEY_INFO, &bound, &data_key, random)?;
        let mut header = [0; HEADER];
        header[..bound.len()].copy_from_slice(&bound);
        header[bound.len()..].copy_from_slice(&sealed_key);
        file.write_all(&header)?;
        let mut sealed_crc = crc32fast::Hasher::new();
        sealed_crc.update(&header);
        Ok(Self {
            file,
            content: Cipher::new(suite, &data_key, Part::Content),
            trailer: Cipher::new(suite, &data_key, Part::Trailer),
            journal: Some(Cipher::new(suite, &data_key, Part::Journal)),
            header,
            buffer: Vec::with_capacity(CHUNK + TAG),
            chunks: 0,
            hash: Sha256Writer::new(),
            plain_crc: crc32fast::Hasher::new(),
            sealed_crc,
            sealed_len: 0,
            size: 0,
            head: Vec::with_capacity(SNIFF_LEN),
        })
    }

    /// Takes the next bytes of the original.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), WriteError> {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if self.size > MOST_ORIGINAL_BYTES {
            return Err(WriteError::TooLarge);
        }
        self.hash.write_all(bytes)?;
        self.plain_crc.update(bytes);
        let missing = SNIFF_LEN - self.head.len();
        self.head
            .extend_from_slice(&bytes[..missing.min(bytes.len())]);
        while !bytes.is_empty() {
            // A full chunk waits until more comes: only then is it known not to be the last.
            if self.buffer.len() == CHUNK {
                self.seal_chunk(false)?;
            }
            let room = CHUNK - self.buffer.len();
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn seal_chunk(&mut self, last: bool) -> Result<(), WriteError> {
        self.content
            .seal(self.chunks, last, &self.header, &mut self.buffer)
            .map_err(|_| WriteError::TooLarge)?;
        self.chunks += 1;
        self.sealed_len += self.buffer.len() as u64;
        self.sealed_crc.update(&self.buffer);
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// First bytes of the original, for its type.
    pub(crate) fn head(&self) -> &[u8] {
        &self.head
    }

    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// How many chunks are in the file, how many bytes of the original they hold, and the bytes behind those.
    pub(crate) fn unsealed(&self) -> (u64, u64, &[u8]) {
        (self.chunks, self.chunks * CHUNK as u64, &self.buffer)
    }

    /// The journal's cipher and what it is bound to; once.
    pub(crate) fn take_journal(&mut self) -> Option<(Cipher, [u8; HEADER])> {
        Some((self.journal.take()?, self.header))
    }

    /// Seals the last chunk; the content is complete.
    pub(crate) fn end_content(&mut self) -> Result<Summed, WriteError> {
        self.seal_chunk(true)?;
        Ok(Summed {
            sha256: std::mem::take(&mut self.hash).finish(),
            crc32: std::mem::take(&mut self.plain_crc).finalize(),
            size: self.size,
        })
    }

    /// Writes trailer and footer. The file is complete, and not yet durable.
    pub(crate) fn end(&mut self, trailer: &Trailer, link: Sha256Digest) -> Result<(), WriteError> {
        let mut sealed = serde_json::to_vec(trailer).map_err(|_| WriteError::ContextTooLarge)?;
        if sealed.len() > CHUNK {
            return Err(WriteError::ContextTooLarge);
        }
        self.trailer
            .seal(0, true, &self.header, &mut sealed)
            .map_err(|_| WriteError::ContextTooLarge)?;
        self.sealed_crc.update(&sealed);
        let footer = Footer {
            content_len: self.sealed_len,
            trailer_len: u32::try_from(sealed.len()).map_err(|_| WriteError::ContextTooLarge)?,
            capture_seq: trailer.capture_seq,
            capture_prev: trailer.capture_prev,
            link,
            crc32: self.sealed_crc.clone().finalize(),
        };
        let footer: [u8; FOOTER] = footer.to_bytes();
        sealed.extend_from_slice(&footer);
        Ok(self.file.write_all(&sealed)?)
    }

    /// Makes what was written durable. After a failure the file is lost.
    pub(crate) fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

impl Drop for SegmentWriter {
    fn drop(&mut self) {
        self.buffer.zeroize();
        self.head.zeroize();
    }
}
