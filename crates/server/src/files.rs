//! Files that must survive a power cut: written under a temporary name, synced, renamed, and the folder synced. A crash at any line leaves either
//! the old file, or the new one, or the old one and a `.tmp` that nobody reads.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces `path` with `bytes`, durably and at once.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, false)
}

/// As [`replace`], readable by the owner alone.
pub fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(path, bytes, true)
}

/// Writes what is to become `path` under another name, durably; [`publish`] gives it its own.
pub fn prepare(path: &Path, bytes: &[u8]) -> io::Result<PathBuf> {
    lay_out(path, bytes, false)
}

fn write(path: &Path, bytes: &[u8], private: bool) -> io::Result<()> {
    publish(&lay_out(path, bytes, private)?, path)
}

fn lay_out(path: &Path, bytes: &[u8], private: bool) -> io::Result<PathBuf> {
    let temporary = temporary(path);
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    if private {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    #[cfg(not(unix))]
    let _ = private;
    let mut file = options.open(&temporary)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    Ok(temporary)
}

/// Moves a synced file to its place and makes the move durable.
pub fn publish(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    sync_folder_of(to)
}

/// Makes what happened to the names in `path`'s folder durable.
pub fn sync_folder_of(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => sync_folder(Path::new(".")),
        Some(folder) => sync_folder(folder),
        None => Ok(()),
    }
}

fn sync_folder(folder: &Path) -> io::Result<()> {
    if crate::teeth::planted("no-dir-fsync") {
        return Ok(());
    }
    #[cfg(unix)]
    File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = (folder, File::open::<&Path>);
    Ok(())
}

/// Makes a folder and those above it, durably.
pub fn make_folder(folder: &Path) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    if let Some(above) = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty())
    {
        make_folder(above)?;
    }
    match fs::create_dir(folder) {
        Ok(()) => sync_folder_of(folder),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

fn temporary(path: &Path) -> PathBuf {
    let mut name = path
        .file_name()
        .map(std::ffi::OsStr::to_owned)
        .unwrap_or_default();
    name.push(".tmp");
    path.with_file_name(name)
}

/// Refuses with `StorageFull` when fewer than `least` bytes are free where `path` is: database and log must always be able to go on.
pub fn ensure_room(path: &Path, least: u64) -> io::Result<()> {
    #[cfg(unix)]
    {
        let disk = rustix::fs::statvfs(path)?;
        if disk.f_bavail.saturating_mul(disk.f_frsize) < least {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "less is free than is kept in reserve",
            ));
        }
    }
    #[cfg(not(unix))]
    let _ = (path, least);
    Ok(())
}

/// Whether an error says that the disk is full or refuses to be written.
pub fn is_storage(error: &io::Error) -> bool {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    matches!(
        error.kind(),
        StorageFull | QuotaExceeded | ReadOnlyFilesystem | FileTooLarge
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replacing_leaves_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/checkpoint");
        make_folder(path.parent().unwrap()).unwrap();
        replace(&path, b"one").unwrap();
        replace(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn private_files_are_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        replace_private(&path, b"secret").unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
