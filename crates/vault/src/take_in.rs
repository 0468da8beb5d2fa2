//! Taking captures into the database: the same code for a capture made a moment ago, for those made while locked, for
//! those found after a crash, and for rebuilding a lost database.
//!
//! For each segment that the database does not know: one transaction puts the capture (and its draft, if that is new)
//! and whatever the caller adds, such as custody lines; then the file moves from `inbox/` to `originals/`. A crash
//! before the commit leaves the file for the next time; after it, a file whose row is there, which is only moved.

use crate::chain::{SetAside, keep_high_water};
use crate::db::StoreError;
use crate::folder::names;
use crate::keys::Secret;
use crate::random::fresh;
use crate::segment::{SegmentError, SegmentFile, Trailer, file_name, seq_of};
use crate::set_aside::{AsideReason, set_aside};
use crate::store::captures::{self, Capture, PreviewState};
use crate::store::drafts::{self, NewDraft, Stage};
use crate::store::{outbox, packets, sealing};
use crate::teeth::planted;
use crate::vault::{Vault, hold};
use fieldseal_packet::PacketId;
use rusqlite::Transaction;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;

/// Why captures could not be taken in. Those before the failure are; the others wait.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TakeInError {
    /// The database, or what the caller added.
    #[error("the capture could not be stored")]
    Store(#[from] StoreError),
    /// The folders could not be listed, or a segment not be moved.
    #[error("the captures could not be put in order")]
    Io(#[from] io::Error),
    /// No randomness for the id of a new draft.
    #[error("no randomness")]
    Randomness(#[source] io::Error),
}

/// One capture being taken in; its row is there, the transaction is not yet committed.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenIn {
    /// As stored.
    pub capture: Capture,
    /// The draft was made for it, with this kind: write the draft's first custody line.
    pub draft_opened: Option<String>,
    /// It was taken for this draft, which had been closed or sealed by then; it got a draft of its own.
    pub strayed_from: Option<PacketId>,
    /// The database had been lost; this was recovered from the segment.
    pub recovered: bool,
    /// It belongs to a packet that is sealed: its custody log is complete, nothing may be added.
    pub sealed: bool,
}

/// What taking in did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakeInReport {
    /// Captures taken in, in order.
    pub captures: Vec<u64>,
    /// Recordings that a crash had cut off, of what was stored: they are among the captures.
    pub cut_off: usize,
    /// Recordings that could not be taken now, for want of room perhaps: they wait for the next unlock.
    pub cut_off_waiting: usize,
    /// Drafts made for them.
    pub drafts_opened: Vec<PacketId>,
    /// Segments that can't be opened, set aside.
    pub set_aside: Vec<SetAside>,
    /// Segments that the disk did not give now; they stay and are tried again.
    pub unreadable: Vec<u64>,
    /// Captures that the database knows and whose segment is gone, though nobody reclaimed it.
    pub missing: Vec<u64>,
}

/// What the caller adds to the transaction of each capture.
pub type Intake<'a> = dyn FnMut(&Transaction<'_>, &TakenIn) -> Result<(), StoreError> + 'a;

impl Vault {
    /// Takes all captures that the database does not know into it, and compares every row with every file. Idempotent;
    /// call it after unlocking. `intake` must not call the vault.
    pub fn take_in(&self, intake: &mut Intake<'_>) -> Result<TakeInReport, TakeInError> {
        self.watched(|| self.take_all_in(intake, Reach::Everything))
    }

    /// As [`Vault::take_in`], but looks at the inbox alone: for captures made a moment ago. What it costs does not grow with
    /// what the vault holds, and nothing is reported as missing.
    pub fn take_in_new(&self, intake: &mut Intake<'_>) -> Result<TakeInReport, TakeInError> {
        self.watched(|| self.take_all_in(intake, Reach::Inbox))
    }

    fn take_all_in(
        &self,
        intake: &mut Intake<'_>,
        reach: Reach,
    ) -> Result<TakeInReport, TakeInError> {
        let mut report = TakeInReport::default();
        let mut guard = hold(&self.open);
        let open = guard.as_mut().ok_or(StoreError::Locked)?;
        let (private, rebuilt) = (open.private.clone(), open.rebuilt);
        // A new database knows nothing yet of what lies in `originals/`.
        let everything = reach == Reach::Everything || rebuilt;
        if everything {
            let cut_off = self.recover_recordings(&private);
            report.cut_off = cut_off.recovered;
            report.cut_off_waiting = cut_off.waiting;
            let torn = SetAside {
                reason: AsideReason::Torn,
                capture_seq: None,
            };
            report.set_aside.extend(vec![torn; cut_off.set_aside]);
        }
        let (inbox, originals) = (self.folder.inbox(), self.folder.originals());
        let waiting = numbers_in(&inbox)?;
        let (known, kept) = if everything {
            let known = captures::numbers(open.database.connection())?;
            (known.into_iter().collect(), numbers_in(&originals)?)
        } else {
            let mut known = BTreeSet::new();
            for capture_seq in &waiting {
                if captures::get(open.database.connection(), *capture_seq)?.is_some() {
                    known.insert(*capture_seq);
                }
            }
            (known, BTreeSet::new())
        };
        let mut moved = Vec::new();
        for capture_seq in waiting.union(&kept).copied() {
            let is_waiting = waiting.contains(&capture_seq);
            let again = is_waiting && planted("no-unique-index");
            if !known.contains(&capture_seq) || again {
                let dir = if is_waiting { &inbox } else { &originals };
                let trailer = match read_trailer(&dir.join(file_name(capture_seq)), &private) {
                    Ok(trailer) if trailer.capture_seq == capture_seq => trailer,
                    Err(SegmentError::Io(error))
                        if error.kind() != io::ErrorKind::UnexpectedEof =>
                    {
                        report.unreadable.push(capture_seq);
                        continue;
                    }
                    outcome => {
                        let reason = match outcome {
                            Err(SegmentError::OtherKey) => AsideReason::OtherKey,
                            _ => AsideReason::Damaged,
                        };
                        self.put_aside(dir, capture_seq, reason)?;
                        report.set_aside.push(SetAside {
                            reason,
                            capture_seq: Some(capture_seq),
                        });
                        continue;
                    }
                };
                let spare = self.spare_id(&trailer)?;
                let taken = open.database.write(|tx| {
                    let taken = insert(tx, trailer, spare, rebuilt)?;
                    intake(tx, &taken)?;
                    Ok::<_, StoreError>(taken)
                })?;
                report.captures.push(capture_seq);
                if taken.draft_opened.is_some() {
                    report.drafts_opened.push(taken.capture.draft);
                }
            }
            if is_waiting {
                moved.push(capture_seq);
            }
        }
        // What comes from here on is new, not recovered.
        open.rebuilt = false;
        self.move_to_originals(&moved)?;
        let present =
            |capture_seq: &u64| waiting.contains(capture_seq) || kept.contains(capture_seq);
        report.missing = known
            .iter()
            .filter(|capture_seq| !present(capture_seq))
            .copied()
            .collect();
        if !report.missing.is_empty() {
            let outbox = hold(&self.outbox);
            if let Some(outbox) = &*outbox {
                let reclaimed = outbox::reclaimed_captures(outbox.database.connection())?;
                report
                    .missing
                    .retain(|capture_seq| reclaimed.binary_search(capture_seq).is_err());
            }
        }
        Ok(report)
    }

    /// A segment that can't be opened; its number stays used.
    fn put_aside(&self, dir: &Path, capture_seq: u64, reason: AsideReason) -> io::Result<()> {
        let chain = hold(&self.chain);
        keep_high_water(&*self.config.disk, &self.folder, chain.head)?;
        set_aside(
            &*self.config.disk,
            self.folder.root(),
            dir,
            &file_name(capture_seq),
            reason,
        )
    }

    /// Renames, then one sync a directory. Where a file lies after a crash does not matter: both places are looked at.
    fn move_to_originals(&self, moved: &[u64]) -> io::Result<()> {
        if moved.is_empty() {
            return Ok(());
        }
        let (disk, inbox, originals) = (
            &*self.config.disk,
            self.folder.inbox(),
            self.folder.originals(),
        );
        for capture_seq in moved {
            let name = file_name(*capture_seq);
            disk.rename(&inbox.join(&name), &originals.join(&name))?;
        }
        disk.sync_dir(&originals)?;
        disk.sync_dir(&inbox)
    }

    /// Id of a draft for a capture whose own can't take it any more.
    fn spare_id(&self, trailer: &Trailer) -> Result<PacketId, TakeInError> {
        let random = fresh::<10>(&*self.config.random).map_err(TakeInError::Randomness)?;
        Ok(PacketId::from_parts(trailer.context.captured_at, &random))
    }
}

/// How much of the vault is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    Everything,
    Inbox,
}

/// Numbers of the captures whose segments are in a folder.
fn numbers_in(dir: &Path) -> io::Result<BTreeSet<u64>> {
    Ok(names(dir)?.iter().filter_map(|name| seq_of(name)).collect())
}

fn read_trailer(path: &Path, private: &Secret) -> Result<Trailer, SegmentError> {
    let mut segment = SegmentFile::open(path)?;
    let data_key = segment.data_key(private)?;
    segment.trailer(&data_key)
}

/// Puts the capture's row. It goes to its own draft while that is open, or when the sealed packet names it (then the
/// database is being rebuilt); else it gets the spare one: nothing may be added to what is closed, and nothing is lost.
fn insert(
    tx: &Transaction<'_>,
    trailer: Trailer,
    spare: PacketId,
    rebuilt: bool,
) -> Result<TakenIn, StoreError> {
    let at_home = |draft: &drafts::Draft| match draft.stage {
        Stage::Open => Ok(true),
        Stage::Closed => Ok(false),
        Stage::Sealed => packets::plan(tx, draft.packet).map(|plan| {
            plan.iter()
                .any(|entry| entry.source == sealing::Source::Segment(trailer.capture_seq))
        }),
    };
    let own = drafts::get(tx, trailer.draft)?;
    let (draft, strayed_from, new, sealed) = match own {
        None => (trailer.draft, None, true, false),
        Some(draft) if at_home(&draft)? => {
            (draft.packet, None, false, draft.stage == Stage::Sealed)
        }
        Some(draft) => (spare, Some(draft.packet), true, false),
    };
    if new {
        let opening = NewDraft {
            packet: draft,
            kind: trailer.kind.clone(),
            opened_at: trailer.context.captured_at,
            supplements: None,
        };
        drafts::insert(tx, &opening, Stage::Open, rebuilt)?;
    }
    let capture = Capture {
        capture_seq: trailer.capture_seq,
        capture_prev: trailer.capture_prev,
        draft,
        sha256: trailer.sha256,
        crc32: trailer.crc32,
        size: trailer.size,
        media_type: trailer.media_type,
        context: trailer.context,
        shot: trailer.shot,
        voided: None,
        preview: PreviewState::default(),
    };
    captures::insert(tx, &capture)?;
    Ok(TakenIn {
        capture,
        draft_opened: new.then_some(trailer.kind),
        strayed_from,
        recovered: rebuilt,
        sealed,
    })
}
