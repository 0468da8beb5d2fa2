//! Asking witnesses (C2SP `tlog-witness`) to cosign what is published, so that others can see that this log shows everybody the same history.
//!
//! One task a witness. It asks for checkpoints that were chosen to be stamped first, oldest first, so that one checkpoint has both; then
//! for the newest. What comes back is verified by the witness's configured key before it is kept. Nothing waits for a
//! witness: receipts are given and checkpoints published without; the lines join `/log/checkpoint` and exports as they come.
//!
//! What a crash leaves: an answer that was not kept is asked for again; the witness then says the size it knows, and cosigns the same
//! checkpoint once more.

pub mod policy;
mod settings;

use std::sync::atomic::{AtomicU64, Ordering};

use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::prove_consistency;
use fieldseal_tlog::note::{Note, NoteError, SignatureLine};
use fieldseal_tlog::witness::AddCheckpoint;
use rusqlite::Connection;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::app::Shared;
use crate::log::publish::newest_published;
use crate::outward::{Outward, OutwardError};
use crate::store::cosignatures;
use crate::store::log::{self, Hashes};
use crate::store::{Db, StoreError};

pub use settings::{Peer, Witnessing, WitnessingError};

/// Largest answer that is read, bytes.
const MAX_ANSWER: usize = 16 * 1024;

/// How witnesses answer, for whoever watches the server.
#[derive(Default)]
pub struct Watch {
    /// Cosignatures kept since the start.
    pub cosignatures: AtomicU64,
    /// Requests since the start that gave none.
    pub failures: AtomicU64,
    /// How many leaves more than this log has a witness says it has cosigned. Above 0, this log went back, or the witness is wrong.
    pub ahead: AtomicU64,
}

/// No cosignature was kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CosignError {
    /// The witness did not answer.
    #[error("the witness gave no answer")]
    Asked(#[from] OutwardError),
    /// It answered with another status than those of the protocol.
    #[error("the witness refused with status {0}")]
    Refused(u16),
    /// It was shown a tree of the same size with another root, or none that continues what it has seen.
    #[error(
        "THE WITNESS SAYS THAT THIS LOG HAS FORKED (status {0}): compare the logs before anything else"
    )]
    Contradicts(u16),
    /// It has cosigned more than there is.
    #[error(
        "THE WITNESS HAS COSIGNED {known} LEAVES AND THIS LOG HAS {here}: this log went back (a restored backup?)"
    )]
    Ahead {
        /// Leaves cosigned.
        known: u64,
        /// Leaves here.
        here: u64,
    },
    /// No line of its answer is by its key over this checkpoint.
    #[error("the answer is not the witness's cosignature of this checkpoint")]
    Answer,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Starts the tasks.
pub fn start(app: &Shared, outward: &Outward, stop: &watch::Receiver<bool>) -> Vec<JoinHandle<()>> {
    app.config
        .witnessing
        .witnesses
        .iter()
        .map(|peer| {
            let line = Line {
                app: app.clone(),
                outward: outward.clone(),
                peer: peer.clone(),
            };
            tokio::spawn(line.run(stop.clone()))
        })
        .collect()
}

/// One witness's turn.
struct Line {
    app: Shared,
    outward: Outward,
    peer: Peer,
}

/// A published checkpoint to be cosigned.
struct Target {
    checkpoint: Checkpoint,
    bytes: Vec<u8>,
    note: Note,
}

impl Line {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        let every = self.app.config.witnessing.every;
        let mut known = None;
        let mut failed: u32 = 0;
        while !*stop.borrow() {
            let watch = &self.app.witnessing;
            let wait = match self.turn(&mut known).await {
                Ok(kept) => {
                    failed = 0;
                    watch
                        .cosignatures
                        .fetch_add(u64::from(kept), Ordering::Relaxed);
                    every
                }
                Err(error) => {
                    watch.failures.fetch_add(1, Ordering::Relaxed);
                    if let CosignError::Ahead { known, here } = &error {
                        watch.ahead.store(known - here, Ordering::Relaxed);
                    }
                    let loud = matches!(
                        error,
                        CosignError::Contradicts(_) | CosignError::Ahead { .. }
                    );
                    let (witness, why) = (&self.peer.name, &error as &dyn std::error::Error);
                    if loud {
                        tracing::error!(witness, error = why, "not cosigned");
                    } else {
                        tracing::warn!(witness, error = why, "not cosigned; it is tried again");
                    }
                    failed += 1;
                    // Doubling, up to about ten minutes with the default.
                    every.saturating_mul(1 << failed.min(6))
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stop.changed() => return,
            }
        }
    }

    /// Asks for what is next. Whether a cosignature was kept; `known`: what the witness has cosigned, as far as it is known.
    async fn turn(&self, known: &mut Option<u64>) -> Result<bool, CosignError> {
        let (app, name) = (self.app.clone(), self.peer.name.clone());
        let kept = tokio::task::spawn_blocking(move || {
            app.db.read_blocking(|c| cosignatures::newest_of(c, &name))
        })
        .await
        .map_err(|_| StoreError::Malformed("task"))??;
        let mut old = known.unwrap_or(kept);
        // Once for what is known, once for what the witness then says it knows.
        for _ in 0..2 {
            let (app, from) = (self.app.clone(), old);
            let next = tokio::task::spawn_blocking(move || next(&app, kept, from))
                .await
                .map_err(|_| StoreError::Malformed("task"))??;
            let Some((target, proof)) = next else {
                return Ok(false);
            };
            let (status, body) = self.ask(&target, old, proof).await?;
            match status {
                200 => {
                    self.keep(&target, &body).await?;
                    *known = Some(target.checkpoint.size);
                    return Ok(true);
                }
                409 => match size(&body) {
                    Some(said) if said != old => {
                        let app = self.app.clone();
                        let here = tokio::task::spawn_blocking(move || head_size(&app.db))
                            .await
                            .map_err(|_| StoreError::Malformed("task"))??;
                        if said > here {
                            return Err(CosignError::Ahead { known: said, here });
                        }
                        self.app.witnessing.ahead.store(0, Ordering::Relaxed);
                        old = said;
                        *known = Some(said);
                    }
                    _ => return Err(CosignError::Contradicts(status)),
                },
                422 => return Err(CosignError::Contradicts(status)),
                other => return Err(CosignError::Refused(other)),
            }
        }
        Ok(false)
    }

    async fn ask(
        &self,
        target: &Target,
        old_size: u64,
        proof: Vec<fieldseal_tlog::merkle::Hash>,
    ) -> Result<(u16, Vec<u8>), CosignError> {
        let request = AddCheckpoint {
            old_size,
            proof,
            note: target.note.clone(),
        };
        let url = format!("{}/add-checkpoint", self.peer.url.trim_end_matches('/'));
        Ok(self
            .outward
            .exchange(
                &url,
                "text/plain; charset=utf-8",
                request.to_bytes(),
                MAX_ANSWER,
                self.app.config.witnessing.patience,
            )
            .await?)
    }

    /// Verifies what came back and keeps the witness's line.
    async fn keep(&self, target: &Target, body: &[u8]) -> Result<(), CosignError> {
        let text = std::str::from_utf8(body).map_err(|_| CosignError::Answer)?;
        let by_witness = |line: &SignatureLine| {
            let note = Note {
                text: target.note.text.clone(),
                signatures: vec![line.clone()],
            };
            note.verify_by(&self.peer.vkey) == Ok::<(), NoteError>(())
        };
        let line = text
            .lines()
            .take(16)
            .filter_map(|line| SignatureLine::parse(line).ok())
            .find(by_witness)
            .ok_or(CosignError::Answer)?;
        let (name, now) = (self.peer.name.clone(), self.app.config.ambient.now());
        let (size, bytes, line) = (
            target.checkpoint.size,
            target.bytes.clone(),
            line.to_string(),
        );
        let enough = self.app.config.witnessing.enough().max(1);
        let again = self
            .app
            .db
            .write(move |tx| {
                cosignatures::add(tx, size, &bytes, &name, &line, now)?;
                cosignatures::judge_again(tx, size, enough)
            })
            .await?;
        if again > 0 {
            self.app.intake.kick();
        }
        Ok(())
    }
}

/// What this witness is asked for next, and the proof from the size that it knows; none when it has cosigned all that is out. `kept`: the newest
/// size of which its line is here.
fn next(
    app: &Shared,
    kept: u64,
    old: u64,
) -> Result<Option<(Target, Vec<fieldseal_tlog::merkle::Hash>)>, StoreError> {
    let above = kept.max(old.saturating_sub(1));
    let stamped = app.db.read_blocking(|c| {
        let row = cosignatures::next_stamped(c, above)?;
        // Published it is, but what the witness already went past it can't cosign any more.
        Ok::<_, StoreError>(row.filter(|(size, _)| *size >= old))
    })?;
    let bytes = match stamped {
        Some((_, bytes)) => Some(bytes),
        None => newest_published(&app.db, &app.layout.log())?,
    };
    let Some(target) = bytes.map(read).transpose()? else {
        return Ok(None);
    };
    let size = target.checkpoint.size;
    if size <= kept || size < old {
        return Ok(None);
    }
    let proof = app.db.read_blocking(|c| {
        prove_consistency(old, size, &Hashes(c)).map_err(|_| StoreError::Malformed("tree"))
    })?;
    Ok(Some((target, proof)))
}

fn read(bytes: Vec<u8>) -> Result<Target, StoreError> {
    let malformed = || StoreError::Malformed("checkpoint");
    let note = Note::parse(&bytes).map_err(|_| malformed())?;
    let checkpoint = Checkpoint::parse(&note.text).map_err(|_| malformed())?;
    Ok(Target {
        checkpoint,
        bytes,
        note,
    })
}

fn head_size(db: &Db) -> Result<u64, StoreError> {
    Ok(db.read_blocking(log::head)?.size)
}

/// The size in the body of a 409.
fn size(body: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(body).ok()?.strip_suffix('\n')?;
    text.parse()
        .ok()
        .filter(|size: &u64| size.to_string() == text)
}

/// The checkpoint with the lines of those who have cosigned it. Its own lines stay as they are, in front.
pub fn with_cosignatures(
    connection: &Connection,
    checkpoint: Vec<u8>,
) -> Result<Vec<u8>, StoreError> {
    let mut target = read(checkpoint)?;
    for line in cosignatures::lines(connection, target.checkpoint.size)? {
        let line = SignatureLine::parse(&line).map_err(|_| StoreError::Malformed("cosignature"))?;
        if !target.note.signatures.contains(&line) {
            target.note.signatures.push(line);
        }
    }
    Ok(target.note.to_bytes())
}
