//! Writing one request's bytes to an upload's file.
//!
//! What a crash leaves, line by line: before `sync`, bytes beyond the acknowledged offset, which the next request cuts off; after `sync` and before the
//! row is moved, the same; after the row is moved, an offset that is true.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use super::Hashing;

/// An open upload, at the end of what is acknowledged.
pub struct Writer {
    file: File,
    /// Its path, until the name is as durable as the bytes: a file that was opened at its start may be new.
    unnamed: Option<PathBuf>,
    /// Bytes written, synced or not.
    offset: u64,
    whole: Sha256,
    /// Of this request's bytes alone, where they were announced with a checksum and are not the whole so far: hashing twice
    /// is most of what an upload costs.
    chunk: Option<Sha256>,
    /// Where this request began, with the digest there: to go back when its checksum is wrong.
    start: (u64, Sha256),
}

impl Writer {
    /// Opens the file, cuts off what was never acknowledged, and picks the digest up (from memory, or by reading the file).
    /// `checked`: this request's bytes have a checksum of their own.
    pub fn open(path: &Path, offset: u64, hashing: Hashing, checked: bool) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        let there = file.metadata()?.len();
        if there < offset {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the upload's file is shorter than what was acknowledged",
            ));
        }
        if there > offset {
            file.set_len(offset)?;
        }
        let whole = match hashing {
            Some((at, digest)) if at == offset => digest,
            _ => rehash(&mut file, offset)?,
        };
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self {
            file,
            unnamed: (offset == 0).then(|| path.to_owned()),
            offset,
            start: (offset, whole.clone()),
            whole,
            chunk: (checked && offset > 0).then(Sha256::new),
        })
    }

    /// Appends bytes.
    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.whole.update(bytes);
        if let Some(chunk) = &mut self.chunk {
            chunk.update(bytes);
        }
        self.offset += bytes.len() as u64;
        Ok(())
    }

    /// Makes all that was written durable. After an error this writer must be dropped: nobody knows what is on the disk.
    pub fn sync(&mut self) -> io::Result<()> {
        self.file.sync_data()?;
        if let Some(path) = self.unnamed.take() {
            // Behind the file's own sync: a file system with a journal has then written the name as well.
            crate::files::sync_folder_of(&path)?;
        }
        Ok(())
    }

    /// Bytes written.
    pub const fn offset(&self) -> u64 {
        self.offset
    }

    /// Digest of this request's bytes; none when no checksum was announced for them.
    pub fn chunk_digest(&self) -> Option<[u8; 32]> {
        match (&self.chunk, self.start.0) {
            (Some(chunk), _) => Some(chunk.clone().finalize().into()),
            // From the start on, the request's bytes are the whole.
            (None, 0) => Some(self.digest()),
            (None, _) => None,
        }
    }

    /// Digest of the whole.
    pub fn digest(&self) -> [u8; 32] {
        self.whole.clone().finalize().into()
    }

    /// Forgets this request's bytes.
    pub fn roll_back(&mut self) -> io::Result<()> {
        let (offset, whole) = self.start.clone();
        self.file.set_len(offset)?;
        self.file.seek(SeekFrom::Start(offset))?;
        self.offset = offset;
        self.whole = whole;
        self.chunk = self.chunk.as_ref().map(|_| Sha256::new());
        Ok(())
    }

    /// What the next request goes on with.
    pub fn hashing(&self) -> Hashing {
        Some((self.offset, self.whole.clone()))
    }
}

fn rehash(file: &mut File, length: u64) -> io::Result<Sha256> {
    file.seek(SeekFrom::Start(0))?;
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 256 * 1024];
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left.min(buffer.len() as u64)).unwrap_or(buffer.len());
        let read = file.read(&mut buffer[..most])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        digest.update(&buffer[..read]);
        left -= read as u64;
    }
    Ok(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resumes_with_the_right_digest_and_cuts_the_rest_off() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upload");
        let mut first = Writer::open(&path, 0, None, false).unwrap();
        first.write(b"acknowledged").unwrap();
        first.write(b"never acknowledged").unwrap();
        drop(first);
        let mut second = Writer::open(&path, 12, None, false).unwrap();
        second.write(b" and more").unwrap();
        assert_eq!(
            second.digest(),
            <[u8; 32]>::from(Sha256::digest(b"acknowledged and more"))
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"acknowledged and more");
    }

    #[test]
    fn a_checked_request_knows_its_own_digest() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upload");
        let of = |bytes: &[u8]| Some(<[u8; 32]>::from(Sha256::digest(bytes)));
        let mut writer = Writer::open(&path, 0, None, true).unwrap();
        writer.write(b"first").unwrap();
        assert_eq!(writer.chunk_digest(), of(b"first"));
        let mut writer = Writer::open(&path, 5, writer.hashing(), true).unwrap();
        writer.write(b"second").unwrap();
        assert_eq!(writer.chunk_digest(), of(b"second"));
        assert_eq!(Some(writer.digest()), of(b"firstsecond"));
    }

    #[test]
    fn rolling_back_forgets_one_request() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("upload");
        let mut writer = Writer::open(&path, 0, None, false).unwrap();
        writer.write(b"good").unwrap();
        let hashing = writer.hashing();
        let mut writer = Writer::open(&path, 4, hashing, true).unwrap();
        writer.write(b"bad").unwrap();
        writer.roll_back().unwrap();
        assert_eq!(
            (writer.offset(), writer.digest()),
            (4, Sha256::digest(b"good").into())
        );
        assert_eq!(std::fs::read(&path).unwrap(), b"good");
    }

    #[test]
    fn a_file_shorter_than_acknowledged_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Writer::open(&folder.path().join("upload"), 5, None, false).is_err());
    }
}
