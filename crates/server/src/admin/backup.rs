//! Backup: a consistent copy of the database first, then every file that it speaks of (blobs never change, so what is copied later is still what the
//! database meant), keys and trust file. Restore: into a folder that is not there, and the log is then held against the checkpoint that is kept outside:
//! a backup older than what was published does not start.

use std::fs;
use std::io;
use std::path::Path;

use super::{Admin, AdminError};
use crate::config::Config;
use crate::files;
use crate::store::{Db, log, uploads};

/// What was copied.
#[derive(Debug, Clone, Copy, Default)]
pub struct BackupReport {
    /// Files.
    pub files: u64,
    /// Bytes.
    pub bytes: u64,
}

/// Written last: a backup without it is not whole.
const DONE: &str = "backup-complete";
/// Folders that are copied; the log's files are made from the database.
const FOLDERS: [&str; 4] = ["keys", "blobs", "quarantine", "maps"];

impl Admin {
    /// Copies the deployment into a new folder, while the server runs.
    pub fn backup(&self, to: &Path) -> Result<BackupReport, AdminError> {
        if to.exists() {
            return Err(AdminError::InTheWay(to.to_owned()));
        }
        files::make_folder(to)?;
        private(to)?;
        let mut report = BackupReport::default();
        self.db.copy_to(&to.join("server.db"))?;
        report.files += 1;
        report.bytes += fs::metadata(to.join("server.db"))?.len();
        fs::File::open(to.join("server.db"))?.sync_all()?;
        copy(&self.layout.trust(), &to.join("trust"), &mut report)?;
        for folder in FOLDERS {
            copy_folder(
                &self.layout.root().join(folder),
                &to.join(folder),
                &mut report,
            )?;
        }
        files::replace(
            &to.join(DONE),
            format!("{} files, {} bytes\n", report.files, report.bytes).as_bytes(),
        )?;
        Ok(report)
    }
}

/// Puts a backup back as the data folder of `config`, which must not be there yet.
pub fn restore(from: &Path, config: &Config) -> Result<BackupReport, AdminError> {
    if !from.join(DONE).is_file() {
        return Err(AdminError::Backup(
            "it was not finished, or this is no backup",
        ));
    }
    let root = config.layout().root().to_owned();
    if root.exists() && fs::read_dir(&root)?.next().is_some() {
        return Err(AdminError::InTheWay(root));
    }
    files::make_folder(&root)?;
    private(&root)?;
    let mut report = BackupReport::default();
    for folder in FOLDERS {
        copy_folder(&from.join(folder), &root.join(folder), &mut report)?;
    }
    copy(&from.join("trust"), &root.join("trust"), &mut report)?;
    // The database last: until it is there the folder counts as not initialised.
    copy(
        &from.join("server.db"),
        &root.join("server.db"),
        &mut report,
    )?;
    let db = Db::open(&config.layout().database(), false)?;
    if !db.integrity()?.is_empty() {
        return Err(AdminError::Backup(
            "its database does not pass SQLite's own check",
        ));
    }
    db.write_blocking(|tx| {
        // The log's files are made anew from the database; uploads under way begin again (none of them has a receipt).
        log::set_published(tx, 0)?;
        uploads::forget_unfinished(tx)
    })?;
    Ok(report)
}

fn private(folder: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

fn copy(from: &Path, to: &Path, report: &mut BackupReport) -> io::Result<()> {
    let bytes = fs::copy(from, to)?;
    fs::File::open(to)?.sync_all()?;
    files::sync_folder_of(to)?;
    report.files += 1;
    report.bytes += bytes;
    Ok(())
}

fn copy_folder(from: &Path, to: &Path, report: &mut BackupReport) -> io::Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    files::make_folder(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target, report)?;
        } else if entry
            .path()
            .extension()
            .is_none_or(|extension| extension != "tmp")
        {
            copy(&entry.path(), &target, report)?;
        }
    }
    Ok(())
}
