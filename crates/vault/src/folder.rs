//! Where things lie in the vault's folder.

use std::io;
use std::path::{Path, PathBuf};

pub(crate) const VAULT_DB: &str = "vault.db";
pub(crate) const OUTBOX_DB: &str = "outbox.db";
/// What the server gave, and can give again.
pub(crate) const REGISTERS_DB: &str = "registers.db";
/// There: the databases are checked page by page at the next unlock.
pub(crate) const SUSPECT: &str = "suspect";
/// Held while the vault is open, so that two programs can't write one chain.
pub(crate) const LOCK: &str = "vault.lock";

#[derive(Clone)]
pub(crate) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Captures that no database knows yet.
    pub(crate) fn inbox(&self) -> PathBuf {
        self.root.join("inbox")
    }

    /// Captures that were taken in.
    pub(crate) fn originals(&self) -> PathBuf {
        self.root.join("originals")
    }

    /// The segment of a capture, wherever it lies.
    pub(crate) fn segment(&self, capture_seq: u64) -> Option<PathBuf> {
        let name = crate::segment::file_name(capture_seq);
        [self.originals().join(&name), self.inbox().join(&name)]
            .into_iter()
            .find(|path| path.exists())
    }
}

/// As [`names`], with whether each is a file. The directory itself says so: asking each file would be most of what the start
/// of a full vault costs.
pub(crate) fn files(dir: &Path) -> io::Result<Vec<(String, bool)>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        files.push((
            entry.file_name().to_string_lossy().into_owned(),
            entry.file_type()?.is_file(),
        ));
    }
    files.sort();
    Ok(files)
}

/// Names in a directory, in order; a name that is not Unicode is shown with replacement characters.
pub(crate) fn names(dir: &Path) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(dir)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}
