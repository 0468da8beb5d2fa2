//! The end of a vault: everything that it holds is removed, the wrapped keys first. Only when nothing in it is evidence that
//! the server does not have: no draft, no capture that waits, no damaged file, and receipt and proof of every packet
//! verified on this tablet.
//!
//! 1. a mark is made durable: from here on the vault is to go;
//! 2. the slots go, both copies, and are durably gone: whatever remains can be read by nobody;
//! 3. the rest goes, the mark last.
//!
//! A crash before 1 changes nothing; after it, [`finish_wipe`] goes on at the next start.

use std::io;
use std::path::Path;

use crate::db::StoreError;
use crate::disk::{Disk, replace_durably};
use crate::folder::{Folder, LOCK, OUTBOX_DB, REGISTERS_DB, SUSPECT, VAULT_DB, names};
use crate::set_aside::{AsideReason, SET_ASIDE};
use crate::slots::{CAPTURE, SLOTS, SLOTS_COPY};
use crate::store::{drafts, outbox};
use crate::vault::{Vault, hold};

const MARK: &str = "wiping";
/// Set aside, and perhaps evidence: an expert may still read it.
const EVIDENCE: [AsideReason; 3] = [
    AsideReason::Damaged,
    AsideReason::OtherKey,
    AsideReason::CorruptDatabase,
];

/// What a vault holds that is nowhere else, as far as it knows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holds {
    /// Drafts that are not sealed.
    pub drafts: usize,
    /// Captures that wait to be taken in.
    pub waiting: usize,
    /// Sealed packets without a verified receipt.
    pub not_safe: usize,
    /// Damaged files that an expert may still read.
    pub damaged: usize,
}

impl Holds {
    /// Nothing.
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a vault stays.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WipeError {
    /// It holds what is nowhere else.
    #[error("the vault holds what the server does not have")]
    Holds(Holds),
    /// The databases.
    #[error("the databases failed")]
    Store(#[from] StoreError),
    /// The disk.
    #[error("the disk failed")]
    Io(#[from] io::Error),
}

impl Vault {
    /// What is here and nowhere else. Needs the vault unlocked, or that it was since the program began: while it is locked no draft
    /// comes or goes, and what was counted as it was locked still holds.
    pub fn holds(&self) -> Result<Holds, WipeError> {
        let drafts = if self.is_locked() {
            hold(&self.drafts_at_lock).ok_or(StoreError::Locked)?
        } else {
            self.hand_over()?;
            self.read(|c| Ok::<_, StoreError>(drafts::list(c)?.len()))?
        };
        let not_safe = self.outbox_read(|c| Ok::<_, StoreError>(outbox::unsafe_jobs(c)?.len()))?;
        Ok(Holds {
            drafts,
            waiting: self.waiting()? + hold(&self.cut_off).len(),
            not_safe,
            damaged: damaged(&self.folder)?,
        })
    }

    /// Marks the vault as one that is to go, durably. Drop it then, and call [`finish_wipe`].
    pub fn mark_for_wipe(&self) -> Result<(), WipeError> {
        let holds = self.holds()?;
        if !holds.is_nothing() {
            return Err(WipeError::Holds(holds));
        }
        replace_durably(&*self.config.disk, self.folder.root(), MARK, b"")?;
        Ok(())
    }
}

fn damaged(folder: &Folder) -> io::Result<usize> {
    let dir = folder.path(SET_ASIDE);
    if !dir.exists() {
        return Ok(0);
    }
    let mut found = 0;
    for name in names(&dir)? {
        if !name.ends_with(".why.txt") {
            continue;
        }
        let why = std::fs::read_to_string(dir.join(name))?;
        found += usize::from(
            EVIDENCE
                .iter()
                .any(|reason| why.starts_with(&format!("{}:", reason.code()))),
        );
    }
    Ok(found)
}

/// Whether the vault in this folder is to go, or is partly gone.
pub fn is_marked_for_wipe(dir: &Path) -> bool {
    dir.join(MARK).exists()
}

/// Removes a vault that is marked as one that is to go. False when there is no mark: then nothing is touched. Only names
/// that a vault uses are removed, so that a folder chosen by hand keeps what else is in it.
pub fn finish_wipe(disk: &dyn Disk, dir: &Path) -> io::Result<bool> {
    if !is_marked_for_wipe(dir) {
        return Ok(false);
    }
    for name in [SLOTS, SLOTS_COPY] {
        remove(disk, &dir.join(name))?;
    }
    disk.sync_dir(dir)?;
    let folder = Folder::new(dir);
    for inner in [folder.inbox(), folder.originals(), folder.path(SET_ASIDE)] {
        if inner.is_dir() {
            for entry in std::fs::read_dir(&inner)? {
                remove(disk, &entry?.path())?;
            }
            disk.sync_dir(&inner)?;
        }
    }
    for name in names(dir)? {
        let base = name.strip_suffix(".new").unwrap_or(&name);
        let database = [VAULT_DB, OUTBOX_DB, REGISTERS_DB]
            .iter()
            .any(|database| base.starts_with(database));
        let ours = database
            || [
                SLOTS,
                SLOTS_COPY,
                CAPTURE,
                SUSPECT,
                crate::chain::HIGH_WATER,
                crate::pending::FILE,
                crate::recovery::FILE,
            ]
            .contains(&base);
        // The lock is held by whoever has the vault open; it says nothing.
        if ours && name != LOCK {
            remove(disk, &dir.join(&name))?;
        }
    }
    disk.sync_dir(dir)?;
    remove(disk, &dir.join(MARK))?;
    disk.sync_dir(dir)?;
    Ok(true)
}

fn remove(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}
