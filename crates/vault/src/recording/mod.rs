//! A recording: a capture whose bytes come over minutes, and of which nothing that was acknowledged may be lost.
//!
//! It is a segment being written (`inbox/<name>.part`), as for a photo, and beside it a journal (`inbox/<name>.rec`): a
//! segment's last chunk can only be sealed once it is full or known to be the last, so what is not yet in a full chunk goes into
//! the journal as it comes. [`Recording::append`] answers when segment and journal are synced: from then on those bytes survive
//! the end of the program and the loss of power. [`Recording::finish`] makes an ordinary segment of it; the journal is then
//! removed.
//!
//! What a crash leaves, step by step:
//! 1. before [`Vault::record`] has answered: a part without a journal, torn like a photo's;
//! 2. between the acknowledgements: part and journal, which the next unlock makes into a capture of exactly the bytes that are
//!    whole in them ([`recover`]); these are at least the acknowledged ones, since what was written behind them may have
//!    reached the disk as well;
//! 3. in [`Recording::finish`]: as 2, even if the part is whole: what reads as whole may be so in memory alone, after a sync
//!    that failed, and no file is synced a second time to find out;
//! 4. after it, before the journal is gone: a journal without its part, which the next start removes.
//!
//! After a sync that failed nothing is trusted but what was acknowledged before: its length is kept in memory for this run, and
//! in a mark beside the journal ([`mark`]) for the next.
//!
//! Recovery waits for an unlock because the data key is sealed to the vault's key: until then both files stay as they are.

mod journal;
mod mark;
mod recover;

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;

use self::journal::JournalWriter;
use crate::capture::{CaptureError, CaptureMeta, CaptureWriter, Captured};
use crate::vault::{Vault, hold};

pub(crate) use self::journal::has_journal;
pub(crate) use self::mark::{CutShort, MARK};

/// Extension of a recording's journal.
pub(crate) const JOURNAL: &str = "rec";

/// A recording under way. Dropped before [`Recording::finish`], or failed, its files stay: the next unlock takes what was
/// acknowledged.
pub struct Recording {
    writer: CaptureWriter<Arc<Vault>>,
    journal: Option<JournalWriter>,
    files: Files,
    /// Full chunks that the segment had at its last sync.
    synced_chunks: u64,
    /// Bytes of the original up to which the journal goes.
    journaled: u64,
}

/// Hands the files over to the next unlock, unless the recording was finished.
struct Files {
    vault: Arc<Vault>,
    journal: PathBuf,
    /// Bytes of the original that are durable.
    stored: u64,
    /// A sync failed: what lies behind those bytes is not to be trusted.
    unsure: bool,
    finished: bool,
}

impl Files {
    /// Notes a sync that failed.
    fn confirmed<T>(&mut self, outcome: Result<T, CaptureError>) -> Result<T, CaptureError> {
        self.unsure |= matches!(outcome, Err(CaptureError::NotDurable(_)));
        outcome
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        if let (false, Some(name)) = (self.finished, self.journal.file_stem()) {
            if self.unsure {
                mark::put(&*self.vault.config.disk, &self.journal, self.stored);
            }
            hold(&self.vault.cut_off).push(CutShort {
                name: name.to_string_lossy().into_owned(),
                most: Some(self.stored),
            });
        }
    }
}

impl Vault {
    /// Begins a recording; works while locked. When this answers, the beginning is durable: what `meta` says of it holds for
    /// what will be recovered, should the program end.
    pub fn record(self: &Arc<Self>, meta: &CaptureMeta) -> Result<Recording, CaptureError> {
        let mut writer = CaptureWriter::start(self.clone())?;
        let path = writer.part().with_extension(JOURNAL);
        writer.sync_part()?;
        let disk = &*self.config.disk;
        let file = disk.create(&path).map_err(CaptureError::from_write)?;
        let begun = writer
            .journal_cipher()
            .and_then(|(cipher, header)| JournalWriter::begin(file, cipher, header, meta))
            .and_then(|journal| {
                disk.sync_dir(&self.folder.inbox())
                    .map_err(CaptureError::NotDurable)?;
                Ok(journal)
            });
        match begun {
            Ok(journal) => {
                writer.leave_on_disk();
                Ok(Recording {
                    writer,
                    journal: Some(journal),
                    files: Files {
                        vault: self.clone(),
                        journal: path,
                        stored: 0,
                        unsure: false,
                        finished: false,
                    },
                    synced_chunks: 0,
                    journaled: 0,
                })
            }
            Err(error) => {
                // Nobody was told of it.
                let _ = disk.remove(&path);
                Err(error)
            }
        }
    }
}

impl Recording {
    /// Bytes that are durable.
    pub fn stored(&self) -> u64 {
        self.files.stored
    }

    /// First bytes of the original so far, at most 64: for its type.
    pub fn head(&self) -> &[u8] {
        self.writer.head()
    }

    /// Takes the next bytes; when this returns `Ok`, they and all before them survive power loss. After an error nothing more is
    /// taken: what was acknowledged is recovered at the next start.
    pub fn append(&mut self, bytes: &[u8]) -> Result<u64, CaptureError> {
        // Taken out: a failure on the way leaves it spent.
        let mut journal = self.journal.take().ok_or_else(spent)?;
        self.writer
            .write_all(bytes)
            .map_err(CaptureError::from_write)?;
        let (chunks, in_chunks, tail) = self.writer.unsealed();
        let from = self.journaled.max(in_chunks);
        let known = usize::try_from(from - in_chunks).unwrap_or(usize::MAX);
        let rest = tail.get(known..).unwrap_or_default().to_vec();
        if chunks > self.synced_chunks {
            self.files.confirmed(self.writer.sync_part())?;
            self.synced_chunks = chunks;
        }
        if !rest.is_empty() {
            self.files.confirmed(journal.put(from, rest))?;
        }
        self.journaled = self.writer.size();
        self.files.stored = self.writer.size();
        self.journal = Some(journal);
        Ok(self.files.stored)
    }

    /// Ends the recording: an ordinary capture from here on. When this returns `Ok`, it survives power loss.
    pub fn finish(self, meta: CaptureMeta) -> Result<Captured, CaptureError> {
        let Self {
            writer,
            journal,
            mut files,
            ..
        } = self;
        drop(journal.ok_or_else(spent)?);
        let captured = files.confirmed(writer.finish(meta))?;
        files.finished = true;
        // The segment has it all. Should this fail, the next start removes it.
        let _ = files.vault.config.disk.remove(&files.journal);
        Ok(captured)
    }
}

fn spent() -> CaptureError {
    CaptureError::Write(std::io::Error::other("an earlier write failed"))
}
