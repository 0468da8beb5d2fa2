//! A segment that was never completed, read as far as its full chunks go: what a recording that was cut off is recovered from.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{HEADER, HEADER_BOUND, Header, KEY_INFO};
use crate::keys::{Secret, open_sealed};
use crate::suite::{CHUNK, Cipher, Part, Suite, TAG};

pub(crate) struct TornSegment {
    file: File,
    header: Header,
    data_key: Secret,
    cipher: Cipher,
    chunks: u64,
}

impl TornSegment {
    /// `None` when there is no header, or its key does not open.
    pub(crate) fn open(path: &Path, private: &Secret) -> io::Result<Option<Self>> {
        let mut file = File::open(path)?;
        let mut bytes = [0; HEADER];
        match file.read_exact(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            outcome => outcome?,
        }
        let Ok(header) = Header::parse(&bytes) else {
            return Ok(None);
        };
        let (bound, sealed) = bytes.split_at(HEADER_BOUND);
        let Ok(data_key) = open_sealed(private, KEY_INFO, bound, sealed) else {
            return Ok(None);
        };
        let cipher = Cipher::new(header.suite, &data_key, Part::Content);
        Ok(Some(Self {
            file,
            header,
            data_key,
            cipher,
            chunks: 0,
        }))
    }

    pub(crate) fn suite(&self) -> Suite {
        self.header.suite
    }

    pub(crate) fn data_key(&self) -> &Secret {
        &self.data_key
    }

    pub(crate) fn header(&self) -> [u8; HEADER] {
        self.header.bytes
    }

    /// The next full chunk; `None` from the first that is cut short or not authentic, and from one that was sealed as the last.
    pub(crate) fn next_chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut sealed = vec![0; CHUNK + TAG];
        match self.file.read_exact(&mut sealed) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            outcome => outcome?,
        }
        let opened = self
            .cipher
            .open(self.chunks, false, &self.header.bytes, &mut sealed);
        self.chunks += 1;
        Ok(opened.is_ok().then_some(sealed))
    }
}
