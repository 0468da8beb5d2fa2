//! The device-wide chain of captures, and what start-up finds of it. The head is read from the segments themselves
//! (their names and the newest footer), so that the next capture needs neither key nor database.

use crate::disk::{Disk, replace_durably};
use crate::folder::{Folder, files, names};
use crate::recording::{JOURNAL, MARK, has_journal};
use crate::segment::{SegmentError, SegmentFile, file_name, seq_of, vault_of};
use crate::set_aside::{AsideReason, set_aside};
use crate::slots::read_json;
use fieldseal_packet::Sha256Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::Path;

/// Extension of a capture being written.
pub(crate) const PART: &str = "part";
/// Extension of a capture that the disk did not confirm: what can be read of it now may not be on the disk, so it is never
/// finished, only set aside.
pub(crate) const FAILED: &str = "failed";
pub(crate) const HIGH_WATER: &str = "high-water.json";

/// The last capture: its number and its link, the next one's `capture_prev`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureHead {
    /// 0 before the first.
    pub capture_seq: u64,
    /// 64 zeros before the first.
    pub link: Sha256Digest,
}

impl CaptureHead {
    const START: Self = Self {
        capture_seq: 0,
        link: Sha256Digest::ZERO,
    };
}

/// The head, under the lock that puts captures in order.
pub(crate) struct Chain {
    pub(crate) head: CaptureHead,
    /// A rename or a directory sync failed: what the disk holds is not known, so no number may be given out until the
    /// vault is opened again and looks.
    pub(crate) broken: bool,
    /// The newest capture could not be read at the start: the link is that of an earlier one, and the right one is in
    /// that capture's file alone.
    pub(crate) guessed: bool,
}

/// A file that was set aside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetAside {
    /// Why.
    pub reason: AsideReason,
    /// The capture that its name says, if it says one.
    pub capture_seq: Option<u64>,
}

/// What start-up found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Complete captures that wait to be taken into the database, finished ones included.
    pub photos: usize,
    /// Of these, complete on disk, though the program stopped before it acknowledged them.
    pub finished: usize,
    /// Captures that were being written when the program stopped: never acknowledged, set aside.
    pub torn: usize,
    /// Recordings that were cut off: the next unlock makes captures of what was stored of them.
    pub recordings: usize,
    pub(crate) cut_off: Vec<String>,
    /// Everything that was set aside.
    pub set_aside: Vec<SetAside>,
    /// The newest capture's footer can't be read: its number is not used again, and the chain goes on from the one
    /// before, so a verifier will see the break.
    pub chain_break: bool,
}

/// Makes the head durable apart from the segments, before one of them goes away.
pub(crate) fn keep_high_water(
    disk: &dyn Disk,
    folder: &Folder,
    head: CaptureHead,
) -> io::Result<()> {
    replace_durably(disk, folder.root(), HIGH_WATER, &serde_json::to_vec(&head)?)
}

/// Looks at every file of `inbox/` and at the names in `originals/`, finishes or explains what it finds, and gives the
/// head. Runs at every start; a crash within leaves a state that the next run finds again. A file that can't be read
/// does not keep the vault from opening: it stays where it is, and its number stays used.
pub(crate) fn recover(
    disk: &dyn Disk,
    folder: &Folder,
    vault: [u8; 16],
) -> io::Result<(CaptureHead, Recovered)> {
    for dir in [folder.inbox(), folder.originals()] {
        disk.make_dir(&dir)?;
        // What is seen from here on must not vanish again.
        disk.sync_dir(&dir)?;
    }
    disk.sync_dir(folder.root())?;
    let mut scan = Scan {
        disk,
        folder,
        vault,
        found: Recovered::default(),
    };
    let head = scan.run()?;
    Ok((head, scan.found))
}

struct Scan<'a> {
    disk: &'a dyn Disk,
    folder: &'a Folder,
    vault: [u8; 16],
    found: Recovered,
}

/// What a segment file turns out to be.
enum Look {
    Whole(CaptureHead),
    OtherVault,
    /// No footer; the header may still say that it is ours.
    Damaged {
        ours: bool,
    },
    Unreadable,
}

/// The files of `inbox/`, by what they are.
#[derive(Default)]
struct Inbox {
    whole: BTreeMap<u64, CaptureHead>,
    damaged: BTreeMap<u64, bool>,
    unreadable: BTreeSet<u64>,
    parts: Vec<String>,
    journals: Vec<String>,
}

impl Scan<'_> {
    fn run(&mut self) -> io::Result<CaptureHead> {
        let originals = self.originals()?;
        let inbox = self.inbox(&originals)?;
        let newest_original = originals.iter().rev().find_map(|capture_seq| {
            match self.look(
                &self.folder.originals().join(file_name(*capture_seq)),
                *capture_seq,
            ) {
                Look::Whole(head) => Some(head),
                _ => None,
            }
        });
        let newest_waiting = inbox.whole.values().next_back().copied();
        // Of two with one number the segment's word counts, not the mark's: `max_by_key` takes the last.
        let heads = [self.high_water()?, newest_original, newest_waiting]
            .into_iter()
            .flatten();
        let mut head = heads
            .max_by_key(|head| head.capture_seq)
            .unwrap_or(CaptureHead::START);
        let used = self.newest_used(head, &originals, &inbox);
        if used > head.capture_seq {
            head.capture_seq = used;
            self.found.chain_break = true;
            keep_high_water(self.disk, self.folder, head)?;
        }
        for capture_seq in inbox.damaged.into_keys() {
            let reason = if capture_seq <= used {
                AsideReason::Damaged
            } else {
                AsideReason::Foreign
            };
            self.aside(&file_name(capture_seq), reason, Some(capture_seq))?;
        }
        self.finish_parts(inbox.parts, &mut head)?;
        self.drop_journals(&inbox.journals)?;
        self.found.recordings = self.found.cut_off.len();
        self.found.photos = inbox.whole.len() + self.found.finished;
        Ok(head)
    }

    /// The highest number that a capture was given, readable or not. A damaged file counts if its header is ours or if
    /// it bears the very next number; any other name could be anybody's.
    fn newest_used(&self, head: CaptureHead, originals: &BTreeSet<u64>, inbox: &Inbox) -> u64 {
        let mut used = originals
            .iter()
            .chain(&inbox.unreadable)
            .copied()
            .fold(head.capture_seq, u64::max);
        for (capture_seq, ours) in &inbox.damaged {
            if *ours || *capture_seq == used + 1 {
                used = used.max(*capture_seq);
            }
        }
        used
    }

    fn look(&self, path: &Path, capture_seq: u64) -> Look {
        // Once more, if the disk failed or no file could be opened: a break in the chain stays for ever.
        let opened = match SegmentFile::open(path) {
            Err(SegmentError::Io(_)) => SegmentFile::open(path),
            opened => opened,
        };
        match opened {
            Ok(segment) if segment.header.vault != self.vault => Look::OtherVault,
            Ok(segment) if segment.footer.capture_seq == capture_seq => Look::Whole(CaptureHead {
                capture_seq,
                link: segment.footer.link,
            }),
            Ok(_) => Look::Damaged { ours: true },
            Err(SegmentError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                Look::Unreadable
            }
            Err(_) => Look::Damaged {
                ours: vault_of(path) == Some(self.vault),
            },
        }
    }

    fn aside(
        &mut self,
        name: &str,
        reason: AsideReason,
        capture_seq: Option<u64>,
    ) -> io::Result<()> {
        self.aside_from(&self.folder.inbox(), name, reason, capture_seq)
    }

    fn aside_from(
        &mut self,
        dir: &Path,
        name: &str,
        reason: AsideReason,
        capture_seq: Option<u64>,
    ) -> io::Result<()> {
        set_aside(self.disk, self.folder.root(), dir, name, reason)?;
        self.found.set_aside.push(SetAside {
            reason,
            capture_seq,
        });
        Ok(())
    }

    fn originals(&mut self) -> io::Result<BTreeSet<u64>> {
        let dir = self.folder.originals();
        let mut numbers = BTreeSet::new();
        for (name, is_file) in files(&dir)? {
            match seq_of(&name).filter(|_| is_file) {
                Some(capture_seq) => {
                    numbers.insert(capture_seq);
                }
                None => self.aside_from(&dir, &name, AsideReason::Foreign, None)?,
            }
        }
        Ok(numbers)
    }

    fn inbox(&mut self, originals: &BTreeSet<u64>) -> io::Result<Inbox> {
        let mut inbox = Inbox::default();
        let dir = self.folder.inbox();
        for name in names(&dir)? {
            let path = dir.join(&name);
            let Some(capture_seq) = seq_of(&name).filter(|_| path.is_file()) else {
                match path.extension().and_then(|extension| extension.to_str()) {
                    Some(PART) => inbox.parts.push(name),
                    Some(JOURNAL | MARK) => inbox.journals.push(name),
                    Some(FAILED) => self.torn(&name)?,
                    _ => self.aside(&name, AsideReason::Foreign, None)?,
                }
                continue;
            };
            if originals.contains(&capture_seq) {
                self.aside(&name, AsideReason::Duplicate, Some(capture_seq))?;
                continue;
            }
            match self.look(&path, capture_seq) {
                Look::Whole(head) => {
                    inbox.whole.insert(capture_seq, head);
                }
                Look::OtherVault => self.aside(&name, AsideReason::OtherKey, Some(capture_seq))?,
                Look::Damaged { ours } => {
                    inbox.damaged.insert(capture_seq, ours);
                }
                Look::Unreadable => {
                    inbox.unreadable.insert(capture_seq);
                }
            }
        }
        Ok(inbox)
    }

    fn high_water(&mut self) -> io::Result<Option<CaptureHead>> {
        let path = self.folder.path(HIGH_WATER);
        if !path.exists() {
            return Ok(None);
        }
        let mark = read_json(&path)?;
        if mark.is_none() {
            self.aside_from(self.folder.root(), HIGH_WATER, AsideReason::Damaged, None)?;
        }
        Ok(mark)
    }

    /// Finishes captures that are complete, though they had not got their name: those that follow the head and whose
    /// sum is right, since they may never have been synced. All others are torn. A recording's is never finished here: its
    /// journal knows what was acknowledged, and that alone is taken, into a new file.
    fn finish_parts(&mut self, parts: Vec<String>, head: &mut CaptureHead) -> io::Result<()> {
        let inbox = self.folder.inbox();
        let mut complete = BTreeMap::new();
        for name in parts {
            if has_journal(&inbox.join(&name)) {
                self.torn(&name)?;
                continue;
            }
            let footer = SegmentFile::open(&inbox.join(&name))
                .ok()
                .and_then(|mut segment| {
                    let whole = segment.header.vault == self.vault
                        && segment.sum_is_right().unwrap_or(false);
                    whole.then_some(segment.footer)
                });
            match footer {
                Some(footer) => {
                    complete.insert((footer.capture_seq, name), footer);
                }
                None => self.torn(&name)?,
            }
        }
        for ((capture_seq, name), footer) in complete {
            if capture_seq == head.capture_seq + 1 && footer.capture_prev == head.link {
                File::options()
                    .write(true)
                    .open(inbox.join(&name))?
                    .sync_all()?;
                self.disk
                    .rename(&inbox.join(&name), &inbox.join(file_name(capture_seq)))?;
                self.disk.sync_dir(&inbox)?;
                *head = CaptureHead {
                    capture_seq,
                    link: footer.link,
                };
                self.found.finished += 1;
            } else {
                self.torn(&name)?;
            }
        }
        Ok(())
    }

    /// Journals (and marks) of recordings that got their name: the segment has all that is in them.
    fn drop_journals(&self, journals: &[String]) -> io::Result<()> {
        let inbox = self.folder.inbox();
        for name in journals {
            let path = inbox.join(name);
            let left = [PART, FAILED]
                .iter()
                .any(|extension| path.with_extension(extension).exists());
            if !left {
                self.disk.remove(&path)?;
            }
        }
        Ok(())
    }

    fn torn(&mut self, name: &str) -> io::Result<()> {
        let path = self.folder.inbox().join(name);
        // A recording's beginning was acknowledged, and perhaps more: it waits for the key.
        if let (true, Some(stem)) = (
            has_journal(&path) && path.extension().is_some_and(|extension| extension == PART),
            name.strip_suffix(&format!(".{PART}")),
        ) {
            self.found.cut_off.push(stem.to_owned());
            return Ok(());
        }
        self.found.torn += 1;
        self.aside(name, AsideReason::Torn, None)
    }
}
