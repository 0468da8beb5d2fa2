//! What is asked of the log before anything new is signed: that it is the log whose heads are known, no shorter and no other.
//!
//! A data folder restored from a backup looks sound by itself; only something outside it can tell that leaves are missing. That is the newest
//! signed checkpoint, kept beside the data folder (and, as a second look, the published one inside it). Signing a tree that is smaller than one that was
//! already signed, or that differs from it, would be the very equivocation that the log exists to show.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fieldseal_tlog::checkpoint::{self, Checkpoint};
use fieldseal_tlog::merkle::root_at;
use fieldseal_tlog::note::Vkey;

use crate::store::log::{self, Hashes};
use crate::store::{Db, StoreError};

/// The log must not be written to. Each says what was found, in one sentence for the operator.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LogRefused {
    /// Restored from a backup, most likely.
    #[error(
        "the log has {here} leaves, but the checkpoint kept in {kept_in} was signed over {signed}: this data folder is older than what was already \
         published (a restored backup?), so nothing is signed with it; put the newer data folder back"
    )]
    Smaller {
        /// Leaves here.
        here: u64,
        /// Leaves under the known signature.
        signed: u64,
        /// Which file says so.
        kept_in: PathBuf,
    },
    /// Another history.
    #[error(
        "the first {size} leaves of the log are not the ones that the checkpoint kept in {kept_in} was signed over: this is another history, \
         so nothing is signed with it"
    )]
    Inconsistent {
        /// Size at which they differ.
        size: u64,
        /// Which file says so.
        kept_in: PathBuf,
    },
    /// The kept checkpoint is damaged, or of another log.
    #[error(
        "the checkpoint kept in {kept_in} is not one that this log's key signed: find out why before removing it"
    )]
    NotOurs {
        /// Which file.
        kept_in: PathBuf,
        /// Why.
        #[source]
        source: checkpoint::OpenError,
    },
    /// The rows don't add up to the signed head.
    #[error("the log's rows do not add up to its own signed head (run `fieldseal admin fsck`)")]
    Torn,
    /// The file can't be read.
    #[error("the checkpoint kept in {kept_in} can't be read")]
    Unreadable {
        /// Which file.
        kept_in: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Looks at the log before the sequencer may write.
pub fn check(db: &Db, log_keys: &[Vkey], kept: &[&Path]) -> Result<(), LogRefused> {
    // The files first: beside a running server the database may go on meanwhile, but never back.
    let mut known = Vec::new();
    for path in kept {
        known.extend(read(path, log_keys)?.map(|checkpoint| (checkpoint, *path)));
    }
    db.read_blocking(|connection| {
        let head = log::head(connection)?;
        if log::count(connection)? != head.size {
            return Err(LogRefused::Torn);
        }
        if head.size > 0 {
            let signed =
                checkpoint::open_by(&head.checkpoint, log_keys).map_err(|_| LogRefused::Torn)?;
            let root = root_at(head.size, &Hashes(connection)).map_err(|_| LogRefused::Torn)?;
            if signed.size != head.size || signed.root != root {
                return Err(LogRefused::Torn);
            }
        }
        known
            .iter()
            .try_for_each(|(checkpoint, path)| compare(connection, head.size, checkpoint, path))
    })
}

fn compare(
    connection: &rusqlite::Connection,
    here: u64,
    known: &Checkpoint,
    path: &Path,
) -> Result<(), LogRefused> {
    if known.size > here {
        return Err(LogRefused::Smaller {
            here,
            signed: known.size,
            kept_in: path.to_owned(),
        });
    }
    let root = root_at(known.size, &Hashes(connection)).map_err(|_| LogRefused::Torn)?;
    if root != known.root {
        return Err(LogRefused::Inconsistent {
            size: known.size,
            kept_in: path.to_owned(),
        });
    }
    Ok(())
}

fn read(path: &Path, log_keys: &[Vkey]) -> Result<Option<Checkpoint>, LogRefused> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => {
            return Err(LogRefused::Unreadable {
                kept_in: path.to_owned(),
                source,
            });
        }
    };
    checkpoint::open_by(&bytes, log_keys)
        .map(Some)
        .map_err(|source| LogRefused::NotOurs {
            kept_in: path.to_owned(),
            source,
        })
}
