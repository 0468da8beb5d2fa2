//! What a witness answers. One request at a time: checking the old size, writing the new head and cosigning must not be interleaved with another
//! request's, or the older of two would be written over the newer.
//!
//! Order, and what a kill leaves after each step: decided (nothing); head written (the log asks again, is told the size known, asks for
//! the same checkpoint with that size, and gets its cosignature); cosigned (as before). So no two roots of one size are ever cosigned.

use std::sync::{Mutex, PoisonError};

use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::note::{CosignatureSigner, Vkey};
use fieldseal_tlog::witness::{AddCheckpoint, Refusal, decide};

use crate::folder::{Folder, FolderError};

/// What is told to whoever asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The cosignature line, with its newline.
    Cosigned(String),
    /// Not cosigned.
    Refused(Refusal),
    /// It was shown to this witness that the log has forked; nothing is cosigned for it until somebody has looked.
    Forked,
    /// The head could not be written, so nothing was said.
    NotDurable,
}

/// How a witness finds the logs that it watches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// The log.
    pub origin: String,
    /// The newest checkpoint that was cosigned.
    pub head: Option<Checkpoint>,
    /// It has signed two trees of one size.
    pub forked: bool,
    /// It offered a checkpoint of this size that was not proved to continue the one cosigned, and none of that size or above since.
    pub unproved: Option<u64>,
}

impl Health {
    /// Whether nobody needs to look.
    pub fn is_good(&self) -> bool {
        !self.forked && self.unproved.is_none()
    }
}

/// A witness at work: the only one on its folder.
pub struct Witness {
    folder: Folder,
    signer: CosignatureSigner,
    keys: Vec<Vkey>,
    /// One request at a time; holds nothing, the folder is the memory.
    turn: Mutex<()>,
    _lock: std::fs::File,
}

impl Witness {
    /// Opens a folder, and refuses when what was cosigned can't be read.
    pub fn open(folder: Folder) -> Result<Witness, FolderError> {
        let signer = folder.signer()?;
        let keys = folder.logs()?;
        let lock = folder.lock()?;
        let witness = Witness {
            folder,
            signer,
            keys,
            turn: Mutex::new(()),
            _lock: lock,
        };
        witness.health()?;
        Ok(witness)
    }

    /// The witness's key.
    pub fn vkey(&self) -> &Vkey {
        self.signer.vkey()
    }

    /// Answers one `add-checkpoint`. `now`: seconds since 1970. Blocking.
    pub fn add_checkpoint(&self, body: &[u8], now: u32) -> Answer {
        let Ok(request) = AddCheckpoint::parse(body) else {
            return Answer::Refused(Refusal::Malformed);
        };
        // Nothing under this lock leaves anything half-done in memory.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let mut unreadable = false;
        let mut forked = false;
        let decided = decide(&request, &self.keys, |origin| {
            forked = self.folder.is_forked(origin);
            self.folder
                .head(origin, &self.keys)
                .inspect_err(|error| {
                    unreadable = true;
                    tracing::error!(
                        error = error as &dyn std::error::Error,
                        "nothing is cosigned"
                    );
                })
                .ok()
                .flatten()
        });
        if unreadable {
            return Answer::NotDurable;
        }
        if forked {
            return Answer::Forked;
        }
        match decided {
            Ok(accepted) => self.cosign(&accepted.checkpoint, &accepted.note.to_bytes(), now),
            Err(refusal) => {
                self.report(&request, &refusal);
                Answer::Refused(refusal)
            }
        }
    }

    fn cosign(&self, checkpoint: &Checkpoint, note: &[u8], now: u32) -> Answer {
        let origin = checkpoint.origin.as_str();
        if let Err(error) = self.folder.set_head(origin, note) {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a checkpoint can't be kept, so it is not cosigned"
            );
            return Answer::NotDurable;
        }
        if self
            .folder
            .unproved(origin)
            .is_some_and(|size| size <= checkpoint.size)
        {
            self.folder.clear_unproved(origin);
        }
        match self.signer.cosign(checkpoint, now) {
            Ok(line) => Answer::Cosigned(format!("{line}\n")),
            Err(error) => {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "a checkpoint can't be cosigned"
                );
                Answer::NotDurable
            }
        }
    }

    /// Says aloud what speaks against a log, and keeps what shows it.
    fn report(&self, request: &AddCheckpoint, refusal: &Refusal) {
        let Ok(offered) = Checkpoint::parse(&request.note.text) else {
            return;
        };
        let (origin, note) = (offered.origin.as_str(), request.note.to_bytes());
        let kept = match refusal {
            Refusal::Forked(size) => {
                tracing::error!(
                    log = origin,
                    size,
                    "FORK: the log has signed two different trees of one size; nothing more is cosigned for it"
                );
                self.folder.keep_fork(origin, &note)
            }
            Refusal::NotProved(known) if offered.size > *known => {
                tracing::error!(
                    log = origin,
                    known,
                    offered = offered.size,
                    "the log offers a checkpoint that is not proved to continue the one cosigned last"
                );
                self.folder.keep_unproved(origin, &note)
            }
            Refusal::Stale(known) if offered.size < *known => {
                tracing::warn!(
                    log = origin,
                    known,
                    offered = offered.size,
                    "a checkpoint smaller than the one cosigned last was offered: an old one, or a log that went back"
                );
                Ok(())
            }
            _ => Ok(()),
        };
        if let Err(error) = kept {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "what speaks against a log can't be kept"
            );
        }
    }

    /// Every log that is watched.
    pub fn health(&self) -> Result<Vec<Health>, FolderError> {
        health(&self.folder)
    }
}

/// Every log that the witness of a folder watches, also beside the process that answers.
pub fn health(folder: &Folder) -> Result<Vec<Health>, FolderError> {
    let keys = folder.logs()?;
    let mut origins: Vec<&str> = keys.iter().map(Vkey::name).collect();
    origins.sort_unstable();
    origins.dedup();
    origins
        .into_iter()
        .map(|origin| {
            Ok(Health {
                origin: origin.to_owned(),
                head: folder.head(origin, &keys)?,
                forked: folder.is_forked(origin),
                unproved: folder.unproved(origin),
            })
        })
        .collect()
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
