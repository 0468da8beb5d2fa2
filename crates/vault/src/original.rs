//! Looking at originals: with the vault's private key, or, while locked, with the key of one original that the outbox
//! was given when its packet was sealed.

use crate::db::StoreError;
use crate::segment::{Content, SegmentError, SegmentFile};
use crate::store::outbox;
use crate::vault::{Vault, hold};
use std::io::{self, Read, Seek, SeekFrom};

/// Why an original can't be read. Never a wrong byte instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OriginalError {
    /// The vault is locked, and the original is not in a packet of the outbox.
    #[error("the vault is locked")]
    Locked,
    /// There is no segment of this number.
    #[error("capture {capture_seq} is not here")]
    Missing {
        /// The capture.
        capture_seq: u64,
    },
    /// It was deleted here by rule, after the server's receipt had been verified.
    #[error("capture {capture_seq} was reclaimed")]
    Reclaimed {
        /// The capture.
        capture_seq: u64,
    },
    /// Its segment was changed or can't be read.
    #[error("capture {capture_seq} is damaged")]
    Damaged {
        /// The capture.
        capture_seq: u64,
        /// What is wrong.
        source: SegmentError,
    },
    /// The outbox.
    #[error("the outbox could not be read")]
    Store(#[from] StoreError),
}

/// An original's bytes as they came. Reads and seeks at any position, chunk by authenticated chunk; an error of
/// `read` carries an [`OriginalError`], and no byte of a chunk that is not authentic is ever given out.
pub struct Original {
    content: Content,
    capture_seq: u64,
}

impl Original {
    /// Bytes.
    pub fn size(&self) -> u64 {
        self.content.size()
    }
}

impl Vault {
    /// Opens the original of a capture.
    pub fn open_original(&self, capture_seq: u64) -> Result<Original, OriginalError> {
        let private = hold(&self.open).as_ref().map(|open| open.private.clone());
        let from_outbox = match &*hold(&self.outbox) {
            Some(outbox) => outbox::original_key(outbox.database.connection(), capture_seq)?,
            None => None,
        };
        if private.is_none()
            && from_outbox
                .as_ref()
                .is_none_or(|key| key.data_key.is_none() && !key.reclaimed)
        {
            return Err(OriginalError::Locked);
        }
        let Some(path) = self.folder.segment(capture_seq) else {
            let reclaimed = from_outbox.is_some_and(|key| key.reclaimed);
            return Err(if reclaimed {
                OriginalError::Reclaimed { capture_seq }
            } else {
                OriginalError::Missing { capture_seq }
            });
        };
        let damaged = |source| OriginalError::Damaged {
            capture_seq,
            source,
        };
        let mut segment = SegmentFile::open(&path).map_err(damaged)?;
        let data_key = match (private, from_outbox.and_then(|key| key.data_key)) {
            (Some(private), _) => segment.data_key(&private).map_err(damaged)?,
            (None, Some(data_key)) => data_key,
            (None, None) => return Err(OriginalError::Locked),
        };
        // A whole segment put in another's place would be authentic, but not this capture.
        let trailer = segment.trailer(&data_key).map_err(damaged)?;
        if trailer.capture_seq != capture_seq {
            return Err(damaged(SegmentError::NotAuthentic));
        }
        Ok(Original {
            content: segment.content(&data_key),
            capture_seq,
        })
    }
}

impl Read for Original {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let capture_seq = self.capture_seq;
        self.content.read(out).map_err(|source| {
            let kind = match &source {
                SegmentError::Io(error) => error.kind(),
                _ => io::ErrorKind::InvalidData,
            };
            io::Error::new(
                kind,
                OriginalError::Damaged {
                    capture_seq,
                    source,
                },
            )
        })
    }
}

impl Seek for Original {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.content.seek(to)
    }
}
