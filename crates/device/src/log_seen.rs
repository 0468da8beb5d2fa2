//! The log as this tablet has seen it. Every checkpoint that the log's key signed must belong to one log that only grows: each
//! new one is compared with the newest that was kept, and where their sizes differ the server has to prove that the larger
//! continues the smaller. A log that can't is a fork: nothing of it is kept, and no packet is safe by it.

use std::sync::mpsc;

use fieldseal_packet::consistency::Consistency;
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::verify_consistency;
use fieldseal_vault::outbox::{self, Seen};

use crate::core::{Core, lock};
use crate::http::HttpError;
use crate::problem::{Code, Problem};

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
pub(crate) fn continues(core: &Core, read: &Checkpoint) -> Result<Option<Seen>, Doubt> {
    let newest = core
        .vault()?
        .outbox_read(|c| Ok::<_, Problem>(outbox::newest_seen(c)?))?;
    let Some(seen) = &newest else {
        return Ok(newest);
    };
    let (here, there) = ((seen.size, &seen.root), (read.size, &read.root));
    let outcome = if here.0 == there.0 {
        if here.1 == there.1 {
            Ok(())
        } else {
            Err(Doubt::Contradicts)
        }
    } else {
        let (old, new) = if here.0 < there.0 {
            (here, there)
        } else {
            (there, here)
        };
        proved(core, old.0, new.0).and_then(|proof| {
            verify_consistency(old.0, old.1, new.0, new.1, &proof.hashes)
                .map_err(|_| Doubt::Contradicts)
        })
    };
    if matches!(outcome, Err(Doubt::Contradicts)) {
        lock(&core.live).log_contradicts = true;
    }
    outcome.map(|()| newest)
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
