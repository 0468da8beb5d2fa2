//! The log as this tablet has seen it. Every checkpoint that the log's key signed must belong to one log that only grows: each
//! new one is compared with the newest that was kept, and where their sizes differ the server has to prove that the larger
//! continues the smaller. A log that can't is a fork: nothing of it is kept, and no packet is safe by it.
//!
//! What contradicts is noted for good: the checkpoint as the log's key signed it, which is the evidence against whoever holds
//! that key. While one is noted, nothing is given back, whatever was verified before: a server that shows two histories may
//! have lost one of them. A note goes when the server proves that the checkpoint belongs to the log as it was seen after
//! all (an old copy was answering, or a proof was broken). Of two histories that is never proved, so that note stays as long
//! as this enrolment: the administrator retires the tablet, empties it and enrols it anew.

use std::sync::mpsc;

use fieldseal_packet::Timestamp;
use fieldseal_packet::consistency::Consistency;
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{Hash, verify_consistency};
use fieldseal_vault::outbox::{self, Seen};
use serde::{Deserialize, Serialize};

use crate::core::Core;
use crate::http::HttpError;
use crate::problem::{Code, Problem};

/// Of the notes, in the outbox.
const NOTED: &str = "log-contradictions";
/// Notes kept one by one; of more it is only known that there were.
const MOST_NOTED: usize = 8;

/// Checkpoints that contradict what was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Noted {
    checkpoints: Vec<Contradicting>,
    /// There were more than are kept, so that they can't be proved right one by one.
    #[serde(default)]
    more: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Contradicting {
    size: u64,
    #[serde(with = "hex::serde")]
    root: [u8; 32],
    /// As signed.
    #[serde(with = "hex::serde")]
    checkpoint: Vec<u8>,
    /// Device's claim.
    noted_at: Timestamp,
}

impl Noted {
    fn stands(&self) -> bool {
        self.more || !self.checkpoints.is_empty()
    }

    /// Whether that is news.
    fn add(&mut self, new: Contradicting) -> bool {
        let same = |known: &Contradicting| (known.size, known.root) == (new.size, new.root);
        if self.checkpoints.iter().any(same) {
            return false;
        }
        if self.checkpoints.len() < MOST_NOTED {
            self.checkpoints.push(new);
            return true;
        }
        !std::mem::replace(&mut self.more, true)
    }
}

/// Why a checkpoint does not count.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Doubt {
    /// It contradicts what was seen: the log was rolled back or forked.
    #[error("the log contradicts what this tablet has seen of it")]
    Contradicts,
    /// The server gave no proof that can be read.
    #[error("the server does not prove that its log continues")]
    Unproved,
    /// The proof could not be fetched now.
    #[error("the proof could not be fetched")]
    Fetch(#[source] HttpError),
    /// On this side.
    #[error("what was seen can't be read or kept")]
    Own(#[from] Problem),
}

impl Doubt {
    /// Stable code, where it is a verdict about the log.
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Contradicts => Some("log-contradicts"),
            Self::Unproved => Some("log-unproved"),
            Self::Fetch(_) | Self::Own(_) => None,
        }
    }
}

impl From<Code> for Doubt {
    fn from(code: Code) -> Self {
        Self::Own(code.into())
    }
}

/// For whoever asked in passing: nothing was kept.
impl From<Doubt> for Problem {
    fn from(doubt: Doubt) -> Self {
        match doubt {
            Doubt::Fetch(error) => error.into(),
            Doubt::Own(problem) => problem,
            doubt => Problem::because(Code::ServerAnswer, doubt),
        }
    }
}

/// Whether a checkpoint belongs to the log as it was seen, older or newer. Gives the newest one seen. Waits for the network,
/// so it is for a thread that may.
pub(crate) fn continues(
    core: &Core,
    read: &Checkpoint,
    signed: &[u8],
) -> Result<Option<Seen>, Doubt> {
    let newest = core
        .vault()?
        .outbox_read(|c| Ok::<_, Problem>(outbox::newest_seen(c)?))?;
    let Some(seen) = &newest else {
        return Ok(newest);
    };
    let outcome = of_one_log(core, (seen.size, &seen.root), (read.size, &read.root));
    if matches!(outcome, Err(Doubt::Contradicts)) {
        note(core, read, signed)?;
    }
    outcome.map(|()| newest)
}

/// Whether one of the two continues the other.
fn of_one_log(core: &Core, here: (u64, &Hash), there: (u64, &Hash)) -> Result<(), Doubt> {
    if here.0 == there.0 {
        return if here.1 == there.1 {
            Ok(())
        } else {
            Err(Doubt::Contradicts)
        };
    }
    let (old, new) = if here.0 < there.0 {
        (here, there)
    } else {
        (there, here)
    };
    let proof = proved(core, old.0, new.0)?;
    verify_consistency(old.0, old.1, new.0, new.1, &proof.hashes).map_err(|_| Doubt::Contradicts)
}

/// Whether the server has shown a log that contradicts what was seen, in this run or an earlier one.
pub(crate) fn contradicted(core: &Core) -> Result<bool, Problem> {
    Ok(noted(core)?.stands())
}

/// Keeps what contradicts: before anybody acts on it.
pub(crate) fn note(core: &Core, read: &Checkpoint, signed: &[u8]) -> Result<(), Problem> {
    let mut known = noted(core)?;
    let new = Contradicting {
        size: read.size,
        root: read.root,
        checkpoint: signed.to_vec(),
        noted_at: core.platform.now(),
    };
    if known.add(new) {
        store(core, &known)?;
    }
    Ok(())
}

/// Drops the notes of checkpoints that are proved to belong to the log as it is seen now. Waits for the network.
pub(crate) fn settle(core: &Core) -> Result<(), Problem> {
    let mut known = noted(core)?;
    let newest = core
        .vault()?
        .outbox_read(|c| Ok::<_, Problem>(outbox::newest_seen(c)?))?;
    let (false, Some(seen)) = (known.checkpoints.is_empty(), newest) else {
        return Ok(());
    };
    let before = known.checkpoints.len();
    known
        .checkpoints
        .retain(|one| of_one_log(core, (seen.size, &seen.root), (one.size, &one.root)).is_err());
    if known.checkpoints.len() == before {
        return Ok(());
    }
    store(core, &known)
}

fn noted(core: &Core) -> Result<Noted, Problem> {
    let stored = core
        .vault()?
        .outbox_read(|c| Ok::<_, Problem>(outbox::fact(c, NOTED)?))?;
    stored.map_or_else(
        || Ok(Noted::default()),
        |bytes| {
            serde_json::from_slice(&bytes)
                .map_err(|error| Problem::because(Code::VaultDamaged, error))
        },
    )
}

fn store(core: &Core, known: &Noted) -> Result<(), Problem> {
    let bytes =
        serde_json::to_vec(known).map_err(|error| Problem::because(Code::Internal, error))?;
    core.vault()?
        .outbox_write(|tx| Ok(outbox::put_fact(tx, NOTED, &bytes)?))
}

fn proved(core: &Core, old_size: u64, new_size: u64) -> Result<Consistency, Doubt> {
    let client = core.web.server(&core.identity()?.server);
    let (answer, answered) = mpsc::sync_channel(1);
    // A task of the runtime, so that the engine's end drops it and this thread goes on.
    core.runtime.spawn(async move {
        let _ = answer.send(client.consistency(old_size, new_size).await);
    });
    let proof = answered
        .recv()
        .map_err(|_| Problem::from(Code::Offline))?
        .map_err(|error| match error {
            HttpError::Malformed => Doubt::Unproved,
            HttpError::Refused { status, .. } if (400..=499).contains(&status) && status != 429 => {
                Doubt::Unproved
            }
            other => Doubt::Fetch(other),
        })?;
    if (proof.old_size, proof.new_size) == (old_size, new_size) {
        Ok(proof)
    } else {
        Err(Doubt::Unproved)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(size: u64, root: u8) -> Contradicting {
        Contradicting {
            size,
            root: [root; 32],
            checkpoint: b"origin\n".to_vec(),
            noted_at: Timestamp::from_millis(1),
        }
    }

    #[test]
    fn a_checkpoint_is_noted_once_and_more_than_can_be_kept_stand_for_good() {
        let mut noted = Noted::default();
        assert!(!noted.stands());
        assert!(noted.add(one(5, 1)) && !noted.add(one(5, 1)));
        assert!(noted.add(one(5, 2)), "another root is another log");
        for size in 0..20 {
            noted.add(one(100 + size, 3));
        }
        assert_eq!(noted.checkpoints.len(), MOST_NOTED);
        assert!(!noted.add(one(999, 4)), "that there were more is known");
        noted.checkpoints.clear();
        assert!(noted.stands());
        let bytes = serde_json::to_vec(&noted).unwrap();
        assert_eq!(serde_json::from_slice::<Noted>(&bytes).unwrap(), noted);
    }
}
