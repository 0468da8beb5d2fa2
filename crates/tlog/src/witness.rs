//! What a witness is asked (C2SP `tlog-witness`, `add-checkpoint`) and what it decides. The witness's memory, its clock and its
//! connection are the business of whoever runs one.
//!
//! ```text
//! old 20852014
//! <base64 hash, as RFC 6962 section 2.1.2 orders them>
//!
//! <signed checkpoint>
//! ```

use crate::checkpoint::Checkpoint;
use crate::encoding::{base64_encode, decimal, hash_decode};
use crate::merkle::{self, Hash};
use crate::note::{LineCheck, MAX_NOTE_BYTES, Note, Vkey};

/// Most hashes that a request may carry.
pub const MAX_HASHES: usize = 63;
/// Largest request that is read, in bytes.
pub const MAX_REQUEST_BYTES: usize = MAX_NOTE_BYTES + 4096;

/// A request is not of the form described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an old size, hashes, an empty line and a signed checkpoint")]
pub struct RequestError;

/// The body of `add-checkpoint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size that the witness cosigned last, as far as the asker knows; 0 for none.
    pub old_size: u64,
    /// From that size to the checkpoint's.
    pub proof: Vec<Hash>,
    /// The checkpoint as the log signed it.
    pub note: Note,
}

impl AddCheckpoint {
    /// Reads a request. What is accepted comes back from [`AddCheckpoint::to_bytes`] byte for byte.
    pub fn parse(bytes: &[u8]) -> Result<AddCheckpoint, RequestError> {
        if bytes.len() > MAX_REQUEST_BYTES {
            return Err(RequestError);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| RequestError)?;
        let (head, note) = text.split_once("\n\n").ok_or(RequestError)?;
        let mut lines = head.split('\n');
        let old_size = lines
            .next()
            .and_then(|line| line.strip_prefix("old "))
            .and_then(decimal)
            .ok_or(RequestError)?;
        let mut proof = Vec::new();
        for line in lines {
            if proof.len() == MAX_HASHES {
                return Err(RequestError);
            }
            proof.push(hash_decode(line).ok_or(RequestError)?);
        }
        let note = Note::parse(note.as_bytes()).map_err(|_| RequestError)?;
        Ok(AddCheckpoint {
            old_size,
            proof,
            note,
        })
    }

    /// The request as it is sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("old {}\n", self.old_size);
        for hash in &self.proof {
            text.push_str(&base64_encode(hash));
            text.push('\n');
        }
        text.push('\n');
        let mut bytes = text.into_bytes();
        bytes.extend(self.note.to_bytes());
        bytes
    }
}

/// Why a witness does not cosign. Each has its HTTP status in C2SP `tlog-witness`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The note is no checkpoint, or the old size is above its size: 400.
    #[error("the request makes no sense")]
    Malformed,
    /// Nobody asked the witness to watch this log: 404.
    #[error("this log is not watched here")]
    UnknownLog,
    /// No line by a key of the log verifies: 403.
    #[error("the checkpoint is not signed by the log")]
    NotSigned,
    /// The old size is not the one cosigned last, which is given: 409.
    #[error("the newest checkpoint known has {0} leaves")]
    Stale(u64),
    /// The size cosigned last, and another root: 409. Both are signed by the log: it has forked.
    #[error("the log has signed two different trees of {0} leaves")]
    Forked(u64),
    /// The larger tree is not proved to continue the one cosigned last: 422.
    #[error("the checkpoint is not proved to continue the one of {0} leaves")]
    NotProved(u64),
}

/// What may be cosigned, once it is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// The tree.
    pub checkpoint: Checkpoint,
    /// The note with the log's own lines alone: what is kept.
    pub note: Note,
}

/// Decides on a request. `keys`: those of the logs that are watched, each named by its log's origin. `known`: what was cosigned last for
/// an origin. The order of checks is that of the protocol.
pub fn decide(
    request: &AddCheckpoint,
    keys: &[Vkey],
    known: impl FnOnce(&str) -> Option<Checkpoint>,
) -> Result<Accepted, Refusal> {
    let checkpoint = Checkpoint::parse(&request.note.text).map_err(|_| Refusal::Malformed)?;
    let of_log: Vec<Vkey> = keys
        .iter()
        .filter(|key| key.name() == checkpoint.origin)
        .cloned()
        .collect();
    if of_log.is_empty() {
        return Err(Refusal::UnknownLog);
    }
    let mut note = request.note.clone();
    // Two lines by one key must both verify; lines by others are nothing to a witness.
    let mut checks = request
        .note
        .signatures
        .iter()
        .map(|line| request.note.check(line, &of_log));
    if checks.any(|check| check == LineCheck::Invalid) {
        return Err(Refusal::NotSigned);
    }
    note.signatures
        .retain(|line| request.note.check(line, &of_log) == LineCheck::Verified);
    if note.signatures.is_empty() {
        return Err(Refusal::NotSigned);
    }
    if request.old_size > checkpoint.size {
        return Err(Refusal::Malformed);
    }
    let known = known(&checkpoint.origin);
    let (size, root) = known
        .as_ref()
        .map_or((0, merkle::empty_root()), |known| (known.size, known.root));
    if known.is_some() && checkpoint.size == size && checkpoint.root != root {
        return Err(Refusal::Forked(size));
    }
    if request.old_size != size {
        return Err(Refusal::Stale(size));
    }
    merkle::verify_consistency(
        size,
        &root,
        checkpoint.size,
        &checkpoint.root,
        &request.proof,
    )
    .map_err(|_| Refusal::NotProved(size))?;
    Ok(Accepted { checkpoint, note })
}

#[cfg(test)]
#[path = "witness_tests.rs"]
mod tests;
