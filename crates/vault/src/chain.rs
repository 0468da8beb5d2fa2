//! The device-wide chain of captures, and what start-up finds of it. The head is read from the segments themselves
//! (their names and the newest footer), so that the next capture needs neither key nor database.

use crate::disk::{Disk, replace_durably};
use crate::folder::{Folder, names};
use crate::segment::{SegmentError, SegmentFile, file_name, seq_of};
use crate::set_aside::{AsideReason, set_aside};
use crate::slots::read_json;
use fieldseal_packet::Sha256Digest;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;

/// Suffix of a capture being written.
pub(crate) const PART: &str = ".part";
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

struct Scan<'a> {
    disk: &'a dyn Disk,
    folder: &'a Folder,
    vault: [u8; 16],
    found: Recovered,
}

/// Looks at every file of `inbox/` and at the names in `originals/`, finishes or explains what it finds, and gives the
/// head. Runs at every start; a crash within leaves a state that the next run finds again.
pub(crate) fn recover(
    disk: &dyn Disk,
    folder: &Folder,
    vault: [u8; 16],
) -> io::Result<(CaptureHead, Recovered)> {
    let mut scan = Scan {
        disk,
        folder,
        vault,
        found: Recovered::default(),
    };
    for dir in [folder.inbox(), folder.originals()] {
        disk.make_dir(&dir)?;
        // What is seen from here on must not vanish again.
        disk.sync_dir(&dir)?;
    }
    disk.sync_dir(folder.root())?;
    let head = scan.run()?;
    Ok((head, scan.found))
}

impl Scan<'_> {
    fn run(&mut self) -> io::Result<CaptureHead> {
        let originals = self.originals()?;
        let (whole, damaged, parts) = self.inbox(&originals)?;
        let known = match self.high_water()? {
            Some(mark) => mark,
            None => CaptureHead::START,
        };
        let newest_original = self.newest_original(&originals)?;
        let candidates = [
            Some(known),
            newest_original,
            whole.values().max_by_key(|head| head.capture_seq).copied(),
        ];
        let mut head = candidates
            .into_iter()
            .flatten()
            .max_by_key(|head| head.capture_seq)
            .unwrap_or(CaptureHead::START);
        let named = originals.iter().chain(&damaged).max().copied().unwrap_or(0);
        if named > head.capture_seq {
            head.capture_seq = named;
            self.found.chain_break = true;
            keep_high_water(self.disk, self.folder, head)?;
        }
        for capture_seq in damaged {
            self.aside(
                &file_name(capture_seq),
                AsideReason::Damaged,
                Some(capture_seq),
            )?;
        }
        self.finish_parts(parts, &mut head)?;
        self.found.photos = whole.len() + self.found.finished;
        Ok(head)
    }

    fn aside(
        &mut self,
        name: &str,
        reason: AsideReason,
        capture_seq: Option<u64>,
    ) -> io::Result<()> {
        set_aside(
            self.disk,
            self.folder.root(),
            &self.folder.inbox(),
            name,
            reason,
        )?;
        self.found.set_aside.push(SetAside {
            reason,
            capture_seq,
        });
        Ok(())
    }

    fn originals(&mut self) -> io::Result<BTreeSet<u64>> {
        let dir = self.folder.originals();
        let mut numbers = BTreeSet::new();
        for name in names(&dir)? {
            match seq_of(&name) {
                Some(capture_seq) => {
                    numbers.insert(capture_seq);
                }
                None => {
                    set_aside(
                        self.disk,
                        self.folder.root(),
                        &dir,
                        &name,
                        AsideReason::Foreign,
                    )?;
                    self.found.set_aside.push(SetAside {
                        reason: AsideReason::Foreign,
                        capture_seq: None,
                    });
                }
            }
        }
        Ok(numbers)
    }

    /// Whole segments by number, numbers of damaged ones, names of captures that were being written.
    #[allow(clippy::type_complexity)]
    fn inbox(
        &mut self,
        originals: &BTreeSet<u64>,
    ) -> io::Result<(BTreeMap<u64, CaptureHead>, BTreeSet<u64>, Vec<String>)> {
        let (mut whole, mut damaged, mut parts) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for name in names(&self.folder.inbox())? {
            let Some(capture_seq) = seq_of(&name) else {
                if name.ends_with(PART) {
                    parts.push(name);
                } else if name.ends_with(&format!(".{FAILED}")) {
                    self.torn(&name)?;
                } else {
                    self.aside(&name, AsideReason::Foreign, None)?;
                }
                continue;
            };
            if originals.contains(&capture_seq) {
                self.aside(&name, AsideReason::Duplicate, Some(capture_seq))?;
                continue;
            }
            match SegmentFile::open(&self.folder.inbox().join(&name)) {
                Ok(segment) if segment.header.vault != self.vault => {
                    self.aside(&name, AsideReason::OtherKey, Some(capture_seq))?;
                }
                Ok(segment) if segment.footer.capture_seq == capture_seq => {
                    whole.insert(
                        capture_seq,
                        CaptureHead {
                            capture_seq,
                            link: segment.footer.link,
                        },
                    );
                }
                Err(SegmentError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Err(error);
                }
                _ => {
                    damaged.insert(capture_seq);
                }
            }
        }
        Ok((whole, damaged, parts))
    }

    fn high_water(&mut self) -> io::Result<Option<CaptureHead>> {
        let path = self.folder.path(HIGH_WATER);
        if !path.exists() {
            return Ok(None);
        }
        let mark = read_json(&path)?;
        if mark.is_none() {
            set_aside(
                self.disk,
                self.folder.root(),
                self.folder.root(),
                HIGH_WATER,
                AsideReason::Damaged,
            )?;
            self.found.set_aside.push(SetAside {
                reason: AsideReason::Damaged,
                capture_seq: None,
            });
        }
        Ok(mark)
    }

    /// The newest original whose footer reads.
    fn newest_original(&self, originals: &BTreeSet<u64>) -> io::Result<Option<CaptureHead>> {
        for capture_seq in originals.iter().rev().copied() {
            match SegmentFile::open(&self.folder.originals().join(file_name(capture_seq))) {
                Ok(segment) if segment.footer.capture_seq == capture_seq => {
                    return Ok(Some(CaptureHead {
                        capture_seq,
                        link: segment.footer.link,
                    }));
                }
                Err(SegmentError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Err(error);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// Finishes captures that are complete, though they had not got their name: those that follow the head and whose
    /// sum is right, since they may never have been synced. All others are torn.
    fn finish_parts(&mut self, parts: Vec<String>, head: &mut CaptureHead) -> io::Result<()> {
        let inbox = self.folder.inbox();
        let mut complete = BTreeMap::new();
        for name in parts {
            match SegmentFile::open(&inbox.join(&name)) {
                Ok(mut segment) => {
                    if segment.header.vault == self.vault && segment.sum_is_right()? {
                        complete.insert((segment.footer.capture_seq, name), segment.footer);
                    } else {
                        self.torn(&name)?;
                    }
                }
                Err(SegmentError::Io(error)) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Err(error);
                }
                _ => self.torn(&name)?,
            }
        }
        for ((capture_seq, name), footer) in complete {
            if capture_seq == head.capture_seq + 1 && footer.capture_prev == head.link {
                std::fs::File::options()
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

    fn torn(&mut self, name: &str) -> io::Result<()> {
        self.found.torn += 1;
        self.aside(name, AsideReason::Torn, None)
    }
}
