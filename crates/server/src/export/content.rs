//! What a file of an export is made of: bytes in memory, or a stretch of a file without a name, for what may be many and large.

use std::fs::File;
use std::io::{self, Read, Seek as _, SeekFrom, Write as _};
use std::sync::Arc;

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::zipread::Stretch;

/// A file's content.
#[derive(Clone)]
pub enum Content {
    /// In memory.
    Bytes(Vec<u8>),
    /// On the disk.
    Spooled(Spooled),
}

impl Content {
    /// Bytes.
    pub fn size(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Spooled(spooled) => spooled.size,
        }
    }

    /// Of all of it.
    pub fn sha256(&self) -> Sha256Digest {
        match self {
            Self::Bytes(bytes) => Sha256Digest::of(bytes),
            Self::Spooled(spooled) => spooled.sha256,
        }
    }

    /// Of all of it.
    pub fn crc32(&self) -> u32 {
        match self {
            Self::Bytes(bytes) => crc32fast::hash(bytes),
            Self::Spooled(spooled) => spooled.crc32,
        }
    }

    /// Reads on from there.
    pub fn rest(&self, offset: u64) -> Box<dyn Read + '_> {
        match self {
            Self::Bytes(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                Box::new(&bytes[from.min(bytes.len())..])
            }
            Self::Spooled(spooled) => Box::new(Stretch::new(
                &*spooled.file,
                spooled.at.saturating_add(offset),
                spooled.size.saturating_sub(offset),
            )),
        }
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

/// A stretch of a file without a name: it goes when the last of its stretches does.
#[derive(Clone)]
pub struct Spooled {
    file: Arc<File>,
    at: u64,
    /// Bytes.
    pub size: u64,
    /// Of the stretch.
    pub sha256: Sha256Digest,
    crc32: u32,
}

/// The file that is being filled.
pub struct Spool {
    file: Arc<File>,
    end: u64,
}

impl Spool {
    /// An empty one.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            file: Arc::new(tempfile::tempfile()?),
            end: 0,
        })
    }

    /// Adds a file's content.
    pub fn add(&mut self, bytes: &[u8]) -> io::Result<Spooled> {
        let at = self.end;
        let mut file = &*self.file;
        file.seek(SeekFrom::Start(at))?;
        file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(Spooled {
            file: self.file.clone(),
            at,
            size: bytes.len() as u64,
            sha256: Sha256Digest::of(bytes),
            crc32: crc32fast::hash(bytes),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_what_was_put_in() {
        let mut spool = Spool::new().unwrap();
        let all: Vec<Content> = [&b"first"[..], b"", b"the second"]
            .iter()
            .map(|bytes| Content::Spooled(spool.add(bytes).unwrap()))
            .collect();
        let plain = Content::Bytes(b"the second".to_vec());
        let read = |content: &Content, offset| {
            let mut bytes = Vec::new();
            content.rest(offset).read_to_end(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(read(&all[0], 0), b"first");
        assert_eq!(read(&all[1], 0), b"");
        for content in [&all[2], &plain] {
            assert_eq!(read(content, 4), b"second");
            assert_eq!(read(content, 400), b"");
            assert_eq!(content.size(), 10);
            assert_eq!(content.sha256(), plain.sha256());
            assert_eq!(content.crc32(), plain.crc32());
        }
    }
}
