//! Reading a packet's zip, strictly: only what every zip reader understands in the same way is accepted.
//!
//! Zip readers disagree on duplicate names, gaps, prefixes, data descriptors and names that escape; here each of these is an
//! error with its own code. Nothing is extracted: entries are stretches of the file.

mod names;
mod read_at;
mod records;

pub use names::{folded, path_is_safe};
pub use read_at::{ReadAt, Stretch};

use crate::ziplayout::{Layout, LayoutEntry, Piece};
use names::check_names;
use records::{EndRecord, Fields, Head, central_entry, local_entry, read_exact_at};
use std::io;

/// At most this many entries.
pub const MAX_ENTRIES: usize = 20_000;
/// Longest path, bytes.
pub const MAX_PATH: usize = 512;
/// Largest central directory, bytes.
pub const MAX_DIRECTORY: u64 = 32 << 20;
/// Largest zip, bytes.
pub const MAX_ZIP: u64 = 256 << 30;

/// A stored entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZipEntry {
    /// With its top folder.
    pub path: String,
    /// Where its content begins.
    pub offset: u64,
    /// Bytes.
    pub size: u64,
    /// As the zip says.
    pub crc32: u32,
}

/// Why a zip is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ZipError {
    /// The file could not be read.
    #[error("the file could not be read: {0}")]
    Io(#[from] io::Error),
    /// Not a zip, or its records contradict one another.
    #[error("not a well-formed zip: {0}")]
    Malformed(&'static str),
    /// Compressed, encrypted, or with a data descriptor.
    #[error("an entry is compressed, encrypted or streamed; packets are stored plainly")]
    Method,
    /// Over one of the limits.
    #[error("over a limit: {0}")]
    Limit(&'static str),
    /// Absolute, with `..`, a backslash, a control character, or too long.
    #[error("an entry's name is unsafe")]
    Name,
    /// Two names that are equal, or equal on some system (case, Unicode form).
    #[error("two entries have the same name, on some system at least")]
    Duplicate,
    /// Not a regular file.
    #[error("an entry is not a regular file")]
    Kind,
    /// More than one top folder, or a file outside of it.
    #[error("the zip has more than one top folder")]
    TopFolder,
}

/// The entries of an acceptable zip, in the order in which they stand.
#[derive(Debug, Clone)]
pub struct ZipIndex {
    /// The one top folder's name.
    pub folder: String,
    /// All entries.
    pub entries: Vec<ZipEntry>,
    /// Whether it is byte for byte what this product's own layout makes of these entries.
    pub canonical: bool,
}

impl ZipIndex {
    /// Reads and checks the directory and every local header; the contents are left for later.
    pub fn read(file: &dyn ReadAt) -> Result<Self, ZipError> {
        let size = file.size()?;
        if size > MAX_ZIP {
            return Err(ZipError::Limit("size of the zip"));
        }
        let end = EndRecord::find(file, size)?;
        let mut directory =
            vec![0; usize::try_from(end.size).map_err(|_| ZipError::Limit("directory"))?];
        read_exact_at(file, &mut directory, end.at)?;
        let mut rest = Fields(&directory);
        let mut heads = Vec::with_capacity(end.count.min(MAX_ENTRIES as u64) as usize);
        for _ in 0..end.count {
            heads.push(central_entry(&mut rest)?);
        }
        if !rest.0.is_empty() {
            return Err(ZipError::Malformed("bytes after the last directory entry"));
        }
        let mut ordered: Vec<&Head> = heads.iter().collect();
        ordered.sort_by_key(|head| head.at);
        let mut entries = Vec::with_capacity(heads.len());
        let mut next = 0;
        for head in ordered {
            if head.at != next {
                return Err(ZipError::Malformed("entries overlap or leave a gap"));
            }
            let offset = local_entry(file, head)?;
            next = offset
                .checked_add(head.size)
                .ok_or(ZipError::Malformed("sizes"))?;
            entries.push(ZipEntry {
                path: head.path.clone(),
                offset,
                size: head.size,
                crc32: head.crc32,
            });
        }
        if next != end.at {
            return Err(ZipError::Malformed(
                "bytes between the entries and the directory",
            ));
        }
        let canonical = is_canonical(file, &entries, size)?;
        let with_folders = entries.len();
        if entries
            .iter()
            .any(|entry| entry.path.ends_with('/') && entry.size != 0)
        {
            return Err(ZipError::Kind);
        }
        entries.retain(|entry| !entry.path.ends_with('/'));
        let canonical = canonical && entries.len() == with_folders;
        let folder = check_names(&entries)?;
        Ok(Self {
            folder,
            entries,
            canonical,
        })
    }
}

fn is_canonical(file: &dyn ReadAt, entries: &[ZipEntry], size: u64) -> Result<bool, ZipError> {
    let list: Vec<LayoutEntry> = entries
        .iter()
        .map(|entry| LayoutEntry {
            path: entry.path.clone(),
            size: entry.size,
            crc32: entry.crc32,
        })
        .collect();
    let layout = Layout::new(&list)?;
    if layout.total_size() != size {
        return Ok(false);
    }
    let mut at = 0;
    while let Some(piece) = layout.piece_at(at) {
        match piece {
            Piece::Bytes(expected) => {
                let mut found = vec![0; expected.len()];
                read_exact_at(file, &mut found, at)?;
                if found != expected {
                    return Ok(false);
                }
                at += expected.len() as u64;
            }
            Piece::Content { len, .. } => at += len,
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests;
