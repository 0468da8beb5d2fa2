//! Reading a segment, from any position, never giving out a byte that was not authenticated.

use super::{FOOTER, Footer, HEADER, HEADER_BOUND, Header, HeaderError, KEY_INFO, Trailer};
use crate::keys::{Secret, open_sealed};
use crate::suite::{CHUNK, Cipher, Part, TAG};
use fieldseal_packet::custody::capture_link;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

/// Why a segment can't be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SegmentError {
    /// Torn or foreign: the footer or the header is not one.
    #[error("the file is not a complete segment")]
    Incomplete,
    /// A cipher suite that this program does not have.
    #[error(transparent)]
    Suite(#[from] crate::suite::UnsupportedSuite),
    /// Sealed to another vault's key, or the sealed key was changed.
    #[error("the data key does not open")]
    OtherKey,
    /// Bytes were changed.
    #[error("the contents are not authentic")]
    NotAuthentic,
    /// The file could not be read.
    #[error("reading failed")]
    Io(#[from] io::Error),
}

/// The vault that a file's header names, if it has one: of a segment that is not complete any more.
pub(crate) fn vault_of(path: &Path) -> Option<[u8; 16]> {
    let mut header = [0; HEADER];
    File::open(path).ok()?.read_exact(&mut header).ok()?;
    Header::parse(&header).ok().map(|header| header.vault)
}

/// A complete segment, still closed.
pub(crate) struct SegmentFile {
    file: File,
    pub(crate) header: Header,
    pub(crate) footer: Footer,
    pub(crate) size: u64,
}

impl SegmentFile {
    /// Reads header and footer.
    pub(crate) fn open(path: &Path) -> Result<Self, SegmentError> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length < (HEADER + FOOTER) as u64 {
            return Err(SegmentError::Incomplete);
        }
        let mut header = [0; HEADER];
        file.read_exact(&mut header)?;
        let mut footer = [0; FOOTER];
        file.seek(SeekFrom::End(-(FOOTER as i64)))?;
        file.read_exact(&mut footer)?;
        let footer = Footer::parse(&footer, length).ok_or(SegmentError::Incomplete)?;
        let header = Header::parse(&header).map_err(|error| match error {
            HeaderError::NotASegment => SegmentError::Incomplete,
            HeaderError::Suite(suite) => suite.into(),
        })?;
        let size = footer.plain_size().ok_or(SegmentError::Incomplete)?;
        Ok(Self {
            file,
            header,
            footer,
            size,
        })
    }

    /// Whether all bytes before the footer are as written. Needs no key; tells of torn files, not of forged ones.
    pub(crate) fn sum_is_right(&mut self) -> io::Result<bool> {
        self.file.seek(SeekFrom::Start(0))?;
        let mut left = HEADER as u64 + self.footer.content_len + u64::from(self.footer.trailer_len);
        let mut sum = crc32fast::Hasher::new();
        let mut buffer = vec![0; CHUNK];
        while left > 0 {
            let want = buffer
                .len()
                .min(usize::try_from(left).unwrap_or(usize::MAX));
            let part = &mut buffer[..want];
            self.file.read_exact(part)?;
            sum.update(part);
            left -= want as u64;
        }
        Ok(sum.finalize() == self.footer.crc32)
    }

    /// Opens the data key with the vault's private key.
    pub(crate) fn data_key(&self, private: &Secret) -> Result<Secret, SegmentError> {
        let (bound, sealed) = self.header.bytes.split_at(HEADER_BOUND);
        open_sealed(private, KEY_INFO, bound, sealed).map_err(|_| SegmentError::OtherKey)
    }

    /// Reads the trailer, and compares the footer with it.
    pub(crate) fn trailer(&mut self, data_key: &Secret) -> Result<Trailer, SegmentError> {
        let mut sealed = vec![0; self.footer.trailer_len as usize];
        self.file
            .seek(SeekFrom::Start(HEADER as u64 + self.footer.content_len))?;
        self.file.read_exact(&mut sealed)?;
        Cipher::new(self.header.suite, data_key, Part::Trailer)
            .open(0, true, &self.header.bytes, &mut sealed)
            .map_err(|_| SegmentError::NotAuthentic)?;
        let trailer: Trailer =
            serde_json::from_slice(&sealed).map_err(|_| SegmentError::NotAuthentic)?;
        let link = capture_link(
            trailer.capture_seq,
            trailer.capture_prev,
            trailer.sha256,
            trailer.context.captured_at,
        );
        let agrees = trailer.capture_seq == self.footer.capture_seq
            && trailer.capture_prev == self.footer.capture_prev
            && trailer.size == self.size
            && link == self.footer.link;
        if agrees {
            Ok(trailer)
        } else {
            Err(SegmentError::NotAuthentic)
        }
    }

    /// The original's bytes.
    pub(crate) fn content(self, data_key: &Secret) -> Content {
        Content {
            cipher: Cipher::new(self.header.suite, data_key, Part::Content),
            file: self.file,
            header: self.header.bytes,
            size: self.size,
            position: 0,
            chunk: Vec::new(),
            chunk_number: None,
        }
    }
}

/// The plain bytes of an original: reads and seeks by chunk.
pub(crate) struct Content {
    file: File,
    cipher: Cipher,
    header: [u8; HEADER],
    size: u64,
    position: u64,
    chunk: Vec<u8>,
    chunk_number: Option<u64>,
}

impl Content {
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Decrypts chunk `number` unless it is at hand.
    fn load(&mut self, number: u64) -> Result<(), SegmentError> {
        if self.chunk_number == Some(number) {
            return Ok(());
        }
        self.wipe();
        let chunk = CHUNK as u64;
        let start = number * chunk;
        let plain = usize::try_from((self.size - start.min(self.size)).min(chunk))
            .map_err(io::Error::other)?;
        let last = start + plain as u64 == self.size;
        self.chunk.resize(plain + TAG, 0);
        self.file.seek(SeekFrom::Start(
            HEADER as u64 + number * (chunk + TAG as u64),
        ))?;
        self.file.read_exact(&mut self.chunk)?;
        self.cipher
            .open(number, last, &self.header, &mut self.chunk)
            .map_err(|_| SegmentError::NotAuthentic)?;
        self.chunk_number = Some(number);
        Ok(())
    }

    fn wipe(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.chunk);
        self.chunk_number = None;
    }

    pub(crate) fn read(&mut self, out: &mut [u8]) -> Result<usize, SegmentError> {
        if out.is_empty() || (self.position >= self.size && self.size > 0) {
            return Ok(0);
        }
        // The one chunk of an empty original is authenticated too.
        let number = self.position / CHUNK as u64;
        self.load(number)?;
        let within = usize::try_from(self.position % CHUNK as u64).map_err(io::Error::other)?;
        let available = self.chunk.get(within..).unwrap_or_default();
        let count = available.len().min(out.len());
        out[..count].copy_from_slice(&available[..count]);
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.position.checked_add_signed(by),
        };
        self.position = target.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.wipe();
    }
}
