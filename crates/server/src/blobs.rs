//! Packet zips by digest. A narrow trait, because at scale they lie in an object store; here they are files under `D/blobs/<aa>/<sha256>`.
//!
//! A blob's bytes never change under its name, so putting one twice is harmless, and a crash in the middle leaves a file of another name.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::zipread::ReadAt;

use crate::files;

/// Where blobs lie. What `adopt` acknowledged survives a power cut.
pub trait Blobs: Send + Sync {
    /// Takes over a finished file, whose digest the caller has computed, and removes it from where it was. The file's bytes must already be synced.
    fn adopt(&self, file: &Path, digest: &Sha256Digest) -> io::Result<()>;
    /// Opens a blob; `NotFound` when it is not here.
    fn open(&self, digest: &Sha256Digest) -> io::Result<Box<dyn ReadAt + Send>>;
    /// Size in bytes, if it is here.
    fn size(&self, digest: &Sha256Digest) -> io::Result<Option<u64>>;
}

/// Blobs as files.
#[derive(Debug, Clone)]
pub struct FileBlobs {
    root: PathBuf,
}

impl FileBlobs {
    /// Under this folder.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// Where a blob is or would be.
    pub fn path(&self, digest: &Sha256Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(&name[..2]).join(name)
    }
}

impl Blobs for FileBlobs {
    fn adopt(&self, file: &Path, digest: &Sha256Digest) -> io::Result<()> {
        let path = self.path(digest);
        if let Some(folder) = path.parent() {
            files::make_folder(folder)?;
        }
        if crate::teeth::planted("finalise-not-atomic") {
            // Copied in place, and whatever has the name already is believed to be whole.
            if !path.exists() {
                fs::write(&path, fs::read(file)?)?;
            }
            return fs::remove_file(file);
        }
        // The same name means the same bytes, so it does not matter which of two wins.
        files::publish(file, &path)?;
        files::sync_folder_of(file)
    }

    fn open(&self, digest: &Sha256Digest) -> io::Result<Box<dyn ReadAt + Send>> {
        Ok(Box::new(File::open(self.path(digest))?))
    }

    fn size(&self, digest: &Sha256Digest) -> io::Result<Option<u64>> {
        match fs::metadata(self.path(digest)) {
            Ok(metadata) => Ok(Some(metadata.len())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adopting_twice_is_harmless() {
        let folder = tempfile::tempdir().unwrap();
        let blobs = FileBlobs::new(folder.path().join("blobs"));
        let digest = Sha256Digest::of(b"zip");
        for name in ["one", "two"] {
            let file = folder.path().join(name);
            fs::write(&file, b"zip").unwrap();
            blobs.adopt(&file, &digest).unwrap();
            assert!(!file.exists());
        }
        assert_eq!(blobs.size(&digest).unwrap(), Some(3));
        assert_eq!(blobs.size(&Sha256Digest::of(b"other")).unwrap(), None);
    }
}
