//! Recordings that a crash cut off: each becomes a capture of the bytes that are whole in its two files, in their order and
//! without a gap. Its number and its link are new, as for any capture that is finished now; its context is that of its
//! beginning, and says that it was cut off.
//!
//! Nothing is taken behind the journal's end, nor behind what was acknowledged where that is known ([`super::mark`]): what a
//! failed sync covered is no evidence, though it can still be read.
//!
//! The bytes are copied into a new segment, never completed in place: until that is durable, the old files are as they were. A
//! crash in the middle leaves a torn part without a journal, and the same work for the next unlock; one at the end, a segment
//! in the inbox that names the same beginning, so that no recording is taken twice.

use std::io::Write as _;
use std::path::Path;

use fieldseal_packet::context::Recorded;
use fieldseal_packet::sniff;

use super::JOURNAL;
use super::journal::{Begin, JournalReader};
use super::mark::{self, CutShort, MARK};
use crate::capture::{CaptureError, CaptureMeta};
use crate::chain::PART;
use crate::disk::Disk;
use crate::folder::names;
use crate::keys::Secret;
use crate::segment::{SegmentFile, TornSegment, seq_of};
use crate::set_aside::{AsideReason, set_aside};
use crate::suite::{Cipher, Part};
use crate::vault::{Vault, hold};

/// What became of the recordings that were cut off.
#[derive(Debug, Default)]
pub(crate) struct CutOff {
    /// Taken.
    pub(crate) recovered: usize,
    /// Set aside: nothing of them was acknowledged, or nothing can be read.
    pub(crate) set_aside: usize,
    /// Left for the next unlock: the disk did not give or take them now.
    pub(crate) waiting: usize,
}

enum Outcome {
    Recovered,
    Nothing,
}

impl Vault {
    /// Makes captures of the recordings that the last start found. `private` is the vault's key; the caller holds no lock of the
    /// chain.
    pub(crate) fn recover_recordings(&self, private: &Secret) -> CutOff {
        let mut done = CutOff::default();
        let waiting = std::mem::take(&mut *hold(&self.cut_off));
        for cut in waiting {
            match self.recover_recording(&cut, private) {
                Ok(Outcome::Recovered) => done.recovered += 1,
                Ok(Outcome::Nothing) => done.set_aside += 1,
                Err(_) => {
                    done.waiting += 1;
                    hold(&self.cut_off).push(cut);
                }
            }
        }
        done
    }

    fn recover_recording(&self, cut: &CutShort, private: &Secret) -> Result<Outcome, CaptureError> {
        let (inbox, name) = (self.folder.inbox(), cut.name.as_str());
        let (part, journal) = (
            inbox.join(format!("{name}.{PART}")),
            inbox.join(format!("{name}.{JOURNAL}")),
        );
        let Some((mut torn, mut frames, begin)) = open(&part, &journal, private)? else {
            return self.nothing(name);
        };
        if !self.is_recovered(&begin, private)? {
            let Some((_, whole, _)) = open(&part, &journal, private)? else {
                return self.nothing(name);
            };
            let marked = mark::read(&journal.with_extension(MARK));
            let most = [cut.most, marked]
                .into_iter()
                .flatten()
                .fold(whole.end(), u64::min);
            let mut writer = self.capture()?;
            while let Some(chunk) = torn.next_chunk().map_err(CaptureError::Write)? {
                let chunk = up_to(most, writer.size(), &chunk);
                writer.write_all(chunk).map_err(CaptureError::from_write)?;
            }
            while let Some((offset, bytes)) = frames.next() {
                // What a full chunk holds is there already; a gap ends it.
                let Some(known) = writer.size().checked_sub(offset) else {
                    break;
                };
                let fresh = usize::try_from(known)
                    .ok()
                    .and_then(|known| bytes.get(known..));
                let fresh = up_to(most, writer.size(), fresh.unwrap_or_default());
                writer.write_all(fresh).map_err(CaptureError::from_write)?;
            }
            if writer.size() == 0 {
                drop(writer);
                return self.nothing(name);
            }
            let mut context = begin.context;
            context.recording = Some(Recorded {
                ended: "cut-off".to_owned(),
                duration_ms: None,
            });
            let meta = CaptureMeta {
                draft: begin.draft,
                kind: begin.kind,
                shot: begin.shot,
                media_type: sniff(writer.head()).media_type.to_owned(),
                context,
            };
            writer.finish(meta)?;
        }
        let disk = &*self.config.disk;
        // The journal last: without it the part would count as torn.
        disk.remove(&part)
            .and_then(|()| disk.remove(&journal))
            .and_then(|()| remove_if_there(disk, &journal.with_extension(MARK)))
            .and_then(|()| disk.sync_dir(&inbox))
            .map_err(CaptureError::Write)?;
        Ok(Outcome::Recovered)
    }

    /// Nothing of it was acknowledged, or its key does not open: as a torn photo.
    fn nothing(&self, name: &str) -> Result<Outcome, CaptureError> {
        for extension in [PART, JOURNAL, MARK] {
            let name = format!("{name}.{extension}");
            if extension == MARK && !self.folder.inbox().join(&name).exists() {
                continue;
            }
            set_aside(
                &*self.config.disk,
                self.folder.root(),
                &self.folder.inbox(),
                &name,
                AsideReason::Torn,
            )
            .map_err(CaptureError::Write)?;
        }
        Ok(Outcome::Nothing)
    }

    /// Whether a segment that waits has this beginning: the program ended between making it and removing the old files.
    fn is_recovered(&self, begin: &Begin, private: &Secret) -> Result<bool, CaptureError> {
        let inbox = self.folder.inbox();
        let waiting = names(&inbox).map_err(CaptureError::Write)?;
        Ok(waiting
            .iter()
            .filter(|name| seq_of(name).is_some())
            .any(|name| {
                let trailer = SegmentFile::open(&inbox.join(name)).and_then(|mut segment| {
                    let key = segment.data_key(private)?;
                    segment.trailer(&key)
                });
                trailer.is_ok_and(|found| {
                    let mut context = found.context;
                    let cut_off = context.recording.take().is_some();
                    cut_off && found.draft == begin.draft && context == begin.context
                })
            }))
    }
}

/// What of `bytes`, which come at `at`, lies before `most`.
fn up_to(most: u64, at: u64, bytes: &[u8]) -> &[u8] {
    let room = usize::try_from(most.saturating_sub(at)).unwrap_or(usize::MAX);
    bytes.get(..room).unwrap_or(bytes)
}

fn remove_if_there(disk: &dyn Disk, path: &Path) -> std::io::Result<()> {
    if path.exists() {
        disk.remove(path)?;
    }
    Ok(())
}

/// Both files, readable; `None` when the key does not open them or they are not of the form.
fn open(
    part: &Path,
    journal: &Path,
    private: &Secret,
) -> Result<Option<(TornSegment, JournalReader, Begin)>, CaptureError> {
    let Some(torn) = TornSegment::open(part, private).map_err(CaptureError::Write)? else {
        return Ok(None);
    };
    let cipher = Cipher::new(torn.suite(), torn.data_key(), Part::Journal);
    let opened =
        JournalReader::open(journal, cipher, torn.header()).map_err(CaptureError::Write)?;
    Ok(opened.map(|(frames, begin)| (torn, frames, begin)))
}
