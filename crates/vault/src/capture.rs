//! Taking a capture: one pass over the bytes, one durable unit, no key but the public one.
//!
//! What a crash leaves, step by step:
//! 1. while bytes stream into `inbox/<random>.part`: a torn part, set aside at the next start;
//! 2. after trailer and footer, before the file's sync: a part, torn or whole;
//! 3. after the sync, before the rename: a whole part, which the next start finishes, though nobody was told;
//! 4. after the rename, before the directory's sync: the same, under either name;
//! 5. after the directory's sync: the capture. Only now is it acknowledged.
//!
//! While bytes stream, the kernel begins to write what it has of them ([`crate::disk`]): the disk works while the next chunk is
//! hashed and encrypted, and the sync waits for the rest alone. That is where most of a shutter's time went.
//!
//! The folder's sync is needed for any new name. A name that is final from the beginning would need no second commit of a file
//! system's journal (a sixth of the waiting, where there is a journal; nothing, where there is none), and was rejected: the
//! number in the name says that a capture had been complete, so that start-up can tell one that the storage damaged, whose
//! number must not be used again, from one that nobody was told of. A rename behind the acknowledgement was rejected as well:
//! without a journal a power cut could take both names.
//!
//! A failed sync or rename is never retried: the writer is spent. After step 3 the whole chain stops giving out numbers
//! until the vault is opened anew, because what the disk holds is not known any more.

use crate::chain::{CaptureHead, FAILED, PART};
use crate::keys::KeyError;
use crate::random::fresh;
use crate::segment::{HEADER, SegmentWriter, Trailer, WriteError, file_name};
use crate::suite::Cipher;
use crate::vault::{Vault, hold};
use fieldseal_packet::context::CaptureContext;
use fieldseal_packet::custody::capture_link;
use fieldseal_packet::{PacketId, Sha256Digest};
use std::io::{self, Write};
use std::ops::Deref;
use std::path::{Path, PathBuf};

/// Longer originals are synced once before the chain's lock is taken, so that other captures don't wait for them.
const SYNC_EARLY_BYTES: u64 = 32 << 20;
const MOST_WORD: usize = 256;

/// Why a capture failed. Nothing of it was acknowledged; the caller still has the bytes.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CaptureError {
    /// No space left on the device.
    #[error("no space left on the device")]
    NoSpace,
    /// The original is larger than the vault takes.
    #[error("the original is too large")]
    TooLarge,
    /// The context or one of the words is longer than the vault takes.
    #[error("the capture's description is too long")]
    DescriptionTooLong,
    /// The file could not be written.
    #[error("the capture could not be written")]
    Write(#[source] io::Error),
    /// The disk did not confirm; the capture may or may not be there after a restart.
    #[error("the disk did not confirm the capture")]
    NotDurable(#[source] io::Error),
    /// An earlier capture's name was not confirmed by the disk: open the vault again.
    #[error("the disk failed earlier; the vault must be opened again")]
    Broken,
    /// No data key could be made.
    #[error("no data key could be made")]
    Key(#[source] KeyError),
}

impl From<WriteError> for CaptureError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::TooLarge => Self::TooLarge,
            WriteError::ContextTooLarge => Self::DescriptionTooLong,
            WriteError::Key(error) => Self::Key(error),
            WriteError::Io(error) => Self::from_write(error),
        }
    }
}

impl CaptureError {
    /// What an error of [`Write`] on a [`CaptureWriter`] means.
    pub fn from_write(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::NoSpace,
            io::ErrorKind::FileTooLarge => Self::TooLarge,
            _ => Self::Write(error),
        }
    }
}

/// What is said of a capture when its bytes are in.
#[derive(Debug, Clone)]
pub struct CaptureMeta {
    /// The draft it goes to; it is made when the capture is taken in, if there is none of this id.
    pub draft: PacketId,
    /// Kind of a draft to be made.
    pub kind: String,
    /// Shot of the shot list.
    pub shot: Option<String>,
    /// By the bytes: sniff [`CaptureWriter::head`].
    pub media_type: String,
    /// What the device claims.
    pub context: CaptureContext,
}

/// A capture that is durable.
#[derive(Debug, Clone, PartialEq)]
pub struct Captured {
    /// The device's number of it.
    pub capture_seq: u64,
    /// Link of the capture before it.
    pub capture_prev: Sha256Digest,
    /// This capture's link.
    pub link: Sha256Digest,
    /// Of the bytes as they came.
    pub sha256: Sha256Digest,
    /// Of the bytes as they came, as zip wants it.
    pub crc32: u32,
    /// Bytes.
    pub size: u64,
    /// By the bytes.
    pub media_type: String,
    /// The draft it goes to.
    pub draft: PacketId,
}

/// A capture being taken. Write the original's bytes, then [`CaptureWriter::finish`]; dropped before that, nothing was
/// captured and nothing stays.
pub struct CaptureWriter<V: Deref<Target = Vault>> {
    vault: V,
    segment: Option<SegmentWriter>,
    part: PathBuf,
    /// Left on disk when dropped: the disk failed, and what it holds is for the next start to judge.
    leave: bool,
}

impl Vault {
    /// Starts a capture; works while locked.
    pub fn capture(&self) -> Result<CaptureWriter<&Self>, CaptureError> {
        CaptureWriter::start(self)
    }
}

impl<V: Deref<Target = Vault>> CaptureWriter<V> {
    pub(crate) fn start(vault: V) -> Result<Self, CaptureError> {
        if hold(&vault.chain).broken {
            return Err(CaptureError::Broken);
        }
        let name =
            fresh::<16>(&*vault.config.random).map_err(|error| CaptureError::Key(error.into()))?;
        let part = vault
            .folder
            .inbox()
            .join(format!("{}.{PART}", hex::encode(name.as_ref())));
        let file = vault
            .config
            .disk
            .create(&part)
            .map_err(CaptureError::from_write)?;
        let mut writer = Self {
            vault,
            segment: None,
            part,
            leave: false,
        };
        let key = hold(&writer.vault.capture_key).clone();
        writer.segment = Some(SegmentWriter::start(
            file,
            writer.vault.suite,
            &key.vault,
            &key.public_key,
            &*writer.vault.config.random,
        )?);
        Ok(writer)
    }

    pub(crate) fn part(&self) -> &Path {
        &self.part
    }

    /// From here on the part is somebody's: dropped, it stays for the next start.
    pub(crate) fn leave_on_disk(&mut self) {
        self.leave = true;
    }

    /// Makes the part's bytes durable in the middle of the writing.
    pub(crate) fn sync_part(&mut self) -> Result<(), CaptureError> {
        let synced = self.segment().and_then(SegmentWriter::sync);
        if synced.is_err() {
            // Nothing may be appended to what the disk did not confirm.
            self.segment = None;
        }
        synced.map_err(CaptureError::NotDurable)
    }

    pub(crate) fn unsealed(&self) -> (u64, u64, &[u8]) {
        self.segment
            .as_ref()
            .map_or((0, 0, &[]), SegmentWriter::unsealed)
    }

    pub(crate) fn journal_cipher(&mut self) -> Result<(Cipher, [u8; HEADER]), CaptureError> {
        self.segment()
            .ok()
            .and_then(SegmentWriter::take_journal)
            .ok_or_else(|| CaptureError::Write(io::Error::other("a journal was begun before")))
    }

    fn segment(&mut self) -> io::Result<&mut SegmentWriter> {
        self.segment
            .as_mut()
            .ok_or_else(|| io::Error::other("the capture failed before"))
    }

    /// First bytes of the original so far, at most 64: for its type.
    pub fn head(&self) -> &[u8] {
        self.segment.as_ref().map_or(&[], SegmentWriter::head)
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.segment.as_ref().map_or(0, SegmentWriter::size)
    }

    /// Ends the capture: when this returns `Ok`, it survives power loss.
    pub fn finish(mut self, meta: CaptureMeta) -> Result<Captured, CaptureError> {
        let words = [Some(&meta.kind), meta.shot.as_ref(), Some(&meta.media_type)];
        if words
            .into_iter()
            .flatten()
            .any(|word| word.len() > MOST_WORD)
        {
            return Err(CaptureError::DescriptionTooLong);
        }
        let mut segment = self
            .segment
            .take()
            .ok_or_else(|| CaptureError::Write(io::Error::other("an earlier write failed")))?;
        let summed = segment.end_content()?;
        if summed.size > SYNC_EARLY_BYTES {
            let synced = segment.sync();
            confirmed(&self.vault, &self.part, &mut self.leave, synced)?;
        }
        let vault: &Vault = &self.vault;
        let mut chain = hold(&vault.chain);
        if chain.broken {
            return Err(CaptureError::Broken);
        }
        let CaptureHead {
            capture_seq: last,
            link: capture_prev,
        } = chain.head;
        let capture_seq = last + 1;
        let link = capture_link(
            capture_seq,
            capture_prev,
            summed.sha256,
            meta.context.captured_at,
        );
        let trailer = Trailer {
            capture_seq,
            capture_prev,
            sha256: summed.sha256,
            crc32: summed.crc32,
            size: summed.size,
            media_type: meta.media_type,
            draft: meta.draft,
            kind: meta.kind,
            shot: meta.shot,
            context: meta.context,
        };
        segment.end(&trailer, link)?;
        let (disk, inbox) = (&*vault.config.disk, vault.folder.inbox());
        let synced = segment.sync();
        // Closed before it is renamed: Windows wants it so.
        drop(segment);
        confirmed(vault, &self.part, &mut self.leave, synced)?;
        let name = inbox.join(file_name(capture_seq));
        let named = if name.exists() {
            Err(io::ErrorKind::AlreadyExists.into())
        } else {
            disk.rename(&self.part, &name)
                .and_then(|()| disk.sync_dir(&inbox))
        };
        self.leave = true;
        if let Err(error) = named {
            chain.broken = true;
            return Err(CaptureError::NotDurable(error));
        }
        chain.head = CaptureHead { capture_seq, link };
        drop(chain);
        Ok(Captured {
            capture_seq,
            capture_prev,
            link,
            sha256: trailer.sha256,
            crc32: trailer.crc32,
            size: trailer.size,
            media_type: trailer.media_type,
            draft: trailer.draft,
        })
    }
}

/// After a sync that failed the file is lost, whatever can still be read of it: it is marked so, as far as the disk still goes,
/// and left for the next start to set aside. A recording's part stays under its name, with its journal: what was acknowledged
/// before is recovered from the two.
fn confirmed(
    vault: &Vault,
    part: &Path,
    leave: &mut bool,
    synced: io::Result<()>,
) -> Result<(), CaptureError> {
    synced.map_err(|error| {
        if !std::mem::replace(leave, true) {
            let _ = vault.config.disk.rename(part, &part.with_extension(FAILED));
        }
        CaptureError::NotDurable(error)
    })
}

impl<V: Deref<Target = Vault>> Write for CaptureWriter<V> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.segment()?.write(bytes) {
            // Half a chunk may be written: nothing can be appended to that.
            self.segment = None;
            return Err(match error {
                WriteError::Io(error) => error,
                other => io::Error::new(io::ErrorKind::FileTooLarge, other),
            });
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<V: Deref<Target = Vault>> Drop for CaptureWriter<V> {
    /// Nobody was told of this capture and its bytes are still with the caller: the space is given back, so that a full
    /// disk does not stay full. Should that fail, the next start sets the part aside.
    fn drop(&mut self) {
        self.segment = None;
        if !self.leave {
            let _ = self.vault.config.disk.remove(&self.part);
        }
    }
}
