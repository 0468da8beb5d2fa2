//! Files that can't be used are set aside with an explanation beside them. Never deleted: what a machine can't read, an
//! expert may.

use crate::disk::{Disk, replace_durably};
use std::io;
use std::path::Path;

pub(crate) const SET_ASIDE: &str = "set-aside";

/// Why a file was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AsideReason {
    /// A capture that was being written when the program stopped: never acknowledged.
    Torn,
    /// A segment whose end can't be read any more, though it had been complete once.
    Damaged,
    /// Sealed to another key than this vault's.
    OtherKey,
    /// A second segment of a capture that is here already.
    Duplicate,
    /// Not a file of the vault.
    Foreign,
    /// A database that can't be opened any more.
    CorruptDatabase,
    /// A slots file that can't be read any more.
    CorruptSlots,
    /// Left behind when making a vault was interrupted.
    Unfinished,
}

impl AsideReason {
    /// Stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Torn => "torn",
            Self::Damaged => "damaged",
            Self::OtherKey => "other-key",
            Self::Duplicate => "duplicate",
            Self::Foreign => "foreign",
            Self::CorruptDatabase => "corrupt-database",
            Self::CorruptSlots => "corrupt-slots",
            Self::Unfinished => "unfinished",
        }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Torn => {
                "This capture was being written when the program stopped. It had not been acknowledged. \
                 What is whole of it can be opened with the vault's key."
            }
            Self::Damaged => {
                "This segment had been complete, and its end can't be read any more: the storage changed it."
            }
            Self::OtherKey => "This segment is not sealed to this vault's key.",
            Self::Duplicate => "There is another segment of this capture; this one was not taken.",
            Self::Foreign => "The vault did not write a file of this name.",
            Self::CorruptDatabase => {
                "The database could not be opened any more. A new one was made; originals are taken in again from their segments."
            }
            Self::CorruptSlots => "This file could not be read any more; its copy was used.",
            Self::Unfinished => "Left behind when making a vault was interrupted.",
        }
    }
}

/// Moves `dir/name` into `set-aside/`, under its own name or, if that is taken, with a number. The explanation is
/// written first: a crash in between leaves an explanation too many, not one too few.
pub(crate) fn set_aside(
    disk: &dyn Disk,
    root: &Path,
    dir: &Path,
    name: &str,
    reason: AsideReason,
) -> io::Result<()> {
    let aside = root.join(SET_ASIDE);
    disk.make_dir(&aside)?;
    let target = (0..u32::MAX)
        .map(|n| {
            if n == 0 {
                name.to_owned()
            } else {
                format!("{name}.{n}")
            }
        })
        .find(|candidate| !aside.join(candidate).exists())
        .ok_or(io::ErrorKind::AlreadyExists)?;
    let text = format!("{}: {}\n", reason.code(), reason.sentence());
    replace_durably(disk, &aside, &format!("{target}.why.txt"), text.as_bytes())?;
    disk.rename(&dir.join(name), &aside.join(&target))?;
    disk.sync_dir(&aside)?;
    disk.sync_dir(dir)
}
