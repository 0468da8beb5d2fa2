//! The file-system operations on which durability hangs, behind one small trait so that tests can make each of them fail.
//! Reading needs no such care and goes straight to `std::fs`.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use crate::teeth::planted;

/// Operations whose failure the vault must survive.
pub trait Disk: Send + Sync {
    /// Makes a file that does not exist yet, readable by this user alone.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;
    /// Renames within one file system.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Removes a file.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes a directory, readable by this user alone; it may exist.
    fn make_dir(&self, path: &Path) -> io::Result<()>;
}

/// A file being written from its start to its end.
pub trait DiskFile: Send + Sync {
    /// Appends all of `bytes`.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()>;
    /// Makes what was written durable (fdatasync). A failure is final: the kernel has dropped the pages, so a second
    /// call would lie.
    fn sync(&mut self) -> io::Result<()>;
}

/// The machine's file system.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsDisk;

struct OsFile {
    file: File,
    written: u64,
    /// Bytes whose way to the disk was begun.
    begun: u64,
}

/// Bytes after which their way to the disk begins, while the next ones are still being encrypted.
const BEGIN_BYTES: u64 = 1 << 20;

impl OsFile {
    /// Lets the kernel begin to write what it was given, without waiting for it: the sync at the end then waits for the rest
    /// alone. An advice and no promise, so what comes of it does not count: an error of that writing is kept for the sync.
    fn begin(&mut self) {
        if self.written - self.begun < BEGIN_BYTES {
            return;
        }
        // "Not needed" is what makes Linux begin; pages that are on their way stay in memory all the same.
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = rustix::fs::fadvise(
            &self.file,
            self.begun,
            std::num::NonZeroU64::new(self.written - self.begun),
            rustix::fs::Advice::DontNeed,
        );
        self.begun = self.written;
    }
}

impl Disk for OsDisk {
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Box::new(OsFile {
            file: options.open(path)?,
            written: 0,
            begun: 0,
        }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    #[cfg(unix)]
    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }

    /// Windows has no such call; NTFS journals names by itself.
    #[cfg(not(unix))]
    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn make_dir(&self, path: &Path) -> io::Result<()> {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(path)
    }
}

impl DiskFile for OsFile {
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self.file.write_all(bytes) {
            Err(_) if planted("swallow-eio") => return Ok(()),
            outcome => outcome?,
        }
        self.written += bytes.len() as u64;
        self.begin();
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        if planted("no-file-fsync") {
            return Ok(());
        }
        match self.file.sync_data() {
            Err(_) if planted("swallow-eio") => Ok(()),
            outcome => outcome,
        }
    }
}

/// Makes a directory, and its name durable as far as the folder above lets itself be opened.
pub(crate) fn make_dir_durably(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
    disk.make_dir(dir)?;
    let above = dir
        .parent()
        .filter(|above| !above.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    match disk.sync_dir(above) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        outcome => outcome,
    }
}

/// Replaces a small file as a whole. After a crash at any step the file has its old or its new bytes: they are written
/// beside it and made durable first, then renamed over it. A leftover of an earlier crash is written anew.
pub(crate) fn replace_durably(
    disk: &dyn Disk,
    dir: &Path,
    name: &str,
    bytes: &[u8],
) -> io::Result<()> {
    let fresh = dir.join(format!("{name}.new"));
    if fresh.exists() {
        disk.remove(&fresh)?;
    }
    let mut file = disk.create(&fresh)?;
    let written = file.write_all(bytes).and_then(|()| file.sync());
    drop(file);
    if let Err(error) = written {
        // Best effort: the leftover is harmless, and the first error is the one to tell.
        let _ = disk.remove(&fresh);
        return Err(error);
    }
    disk.rename(&fresh, &dir.join(name))?;
    disk.sync_dir(dir)
}
