//! Reading a packet's zip, strictly: only what every zip reader understands in the same way is accepted.
//!
//! Zip readers disagree on duplicate names, gaps, prefixes, data descriptors and names that escape; here each of these is an
//! error with its own code. Nothing is extracted: entries are stretches of the file.

use crate::ziplayout::{Layout, LayoutEntry};
use std::collections::HashSet;
use std::io::{self, Read};
use unicode_normalization::UnicodeNormalization;

/// At most this many entries.
pub const MAX_ENTRIES: usize = 20_000;
/// Longest path, bytes.
pub const MAX_PATH: usize = 512;
/// Largest central directory, bytes.
pub const MAX_DIRECTORY: u64 = 32 << 20;
/// Largest zip, bytes.
pub const MAX_ZIP: u64 = 256 << 30;

/// Something whose bytes can be read at any place, without a shared position.
pub trait ReadAt: Sync {
    /// Reads some bytes from `offset`; 0 at the end.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Bytes in all.
    fn size(&self) -> io::Result<u64>;
}

impl ReadAt for &[u8] {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset)
            .unwrap_or(usize::MAX)
            .min(self.len());
        let count = buffer.len().min(self.len() - start);
        buffer[..count].copy_from_slice(&self[start..start + count]);
        Ok(count)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.as_slice().read_at(buffer, offset)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for std::fs::File {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buffer, offset)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

/// A stretch of a [`ReadAt`], as `Read`.
pub struct Stretch<'a> {
    file: &'a dyn ReadAt,
    offset: u64,
    left: u64,
}

impl<'a> Stretch<'a> {
    /// `len` bytes from `offset`.
    pub fn new(file: &'a dyn ReadAt, offset: u64, len: u64) -> Self {
        Self {
            file,
            offset,
            left: len,
        }
    }
}

impl Read for Stretch<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let want = usize::try_from(self.left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        if want == 0 {
            return Ok(0);
        }
        let count = self.file.read_at(&mut buffer[..want], self.offset)?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.offset += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

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

fn read_exact_at(file: &dyn ReadAt, buffer: &mut [u8], offset: u64) -> Result<(), ZipError> {
    let len = buffer.len() as u64;
    Stretch::new(file, offset, len)
        .read_exact(buffer)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ZipError::Malformed("the file ends early"),
            _ => ZipError::Io(error),
        })
}

/// Little-endian fields off the front of a slice.
struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    fn bytes(&mut self, count: usize) -> Result<&'a [u8], ZipError> {
        let (head, rest) = self
            .0
            .split_at_checked(count)
            .ok_or(ZipError::Malformed("a record ends early"))?;
        self.0 = rest;
        Ok(head)
    }

    fn u16(&mut self) -> Result<u16, ZipError> {
        Ok(u16::from_le_bytes(
            self.bytes(2)?.try_into().unwrap_or_default(),
        ))
    }

    fn u32(&mut self) -> Result<u32, ZipError> {
        Ok(u32::from_le_bytes(
            self.bytes(4)?.try_into().unwrap_or_default(),
        ))
    }

    fn u64(&mut self) -> Result<u64, ZipError> {
        Ok(u64::from_le_bytes(
            self.bytes(8)?.try_into().unwrap_or_default(),
        ))
    }
}

struct EndRecord {
    count: u64,
    size: u64,
    at: u64,
}

impl EndRecord {
    fn find(file: &dyn ReadAt, size: u64) -> Result<Self, ZipError> {
        let end_at = size
            .checked_sub(22)
            .ok_or(ZipError::Malformed("too short to be a zip"))?;
        let mut bytes = [0; 22];
        read_exact_at(file, &mut bytes, end_at)?;
        let mut fields = Fields(&bytes);
        if fields.u32()? != 0x0605_4b50 {
            return Err(ZipError::Malformed("no end record at the very end"));
        }
        let (disk, directory_disk, here, total) =
            (fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?);
        let (directory_size, directory_at, comment) = (fields.u32()?, fields.u32()?, fields.u16()?);
        if disk != 0 || directory_disk != 0 || here != total || comment != 0 {
            return Err(ZipError::Malformed("several disks, or a comment"));
        }
        let mut end = Self {
            count: total.into(),
            size: directory_size.into(),
            at: directory_at.into(),
        };
        let mut directory_end = end_at;
        let needs_64 = total == u16::MAX || directory_size == u32::MAX || directory_at == u32::MAX;
        if needs_64 {
            (end, directory_end) = Self::find_64(file, end_at)?;
        }
        if end.count > MAX_ENTRIES as u64 {
            return Err(ZipError::Limit("entries"));
        }
        if end.size > MAX_DIRECTORY {
            return Err(ZipError::Limit("directory"));
        }
        if end.at.checked_add(end.size) != Some(directory_end) {
            return Err(ZipError::Malformed(
                "the directory is not where the end record says",
            ));
        }
        Ok(end)
    }

    fn find_64(file: &dyn ReadAt, end_at: u64) -> Result<(Self, u64), ZipError> {
        let locator_at = end_at
            .checked_sub(20)
            .ok_or(ZipError::Malformed("no zip64 locator"))?;
        let mut bytes = [0; 20];
        read_exact_at(file, &mut bytes, locator_at)?;
        let mut fields = Fields(&bytes);
        let (signature, disk, record_at, disks) =
            (fields.u32()?, fields.u32()?, fields.u64()?, fields.u32()?);
        if signature != 0x0706_4b50
            || disk != 0
            || disks != 1
            || record_at.checked_add(56) != Some(locator_at)
        {
            return Err(ZipError::Malformed("zip64 locator"));
        }
        let mut bytes = [0; 56];
        read_exact_at(file, &mut bytes, record_at)?;
        let mut fields = Fields(&bytes);
        let (signature, length) = (fields.u32()?, fields.u64()?);
        fields.bytes(4)?;
        let (disk, directory_disk, here, total) =
            (fields.u32()?, fields.u32()?, fields.u64()?, fields.u64()?);
        let (size, at) = (fields.u64()?, fields.u64()?);
        if signature != 0x0606_4b50
            || length != 44
            || disk != 0
            || directory_disk != 0
            || here != total
        {
            return Err(ZipError::Malformed("zip64 end record"));
        }
        Ok((
            Self {
                count: total,
                size,
                at,
            },
            record_at,
        ))
    }
}

struct Head {
    path: String,
    raw_path: Vec<u8>,
    flags: u16,
    crc32: u32,
    size: u64,
    at: u64,
}

fn central_entry(fields: &mut Fields<'_>) -> Result<Head, ZipError> {
    if fields.u32()? != 0x0201_4b50 {
        return Err(ZipError::Malformed("directory entry"));
    }
    let made_by = fields.u16()?;
    fields.u16()?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    fields.u32()?;
    let (crc32, packed, unpacked) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name_len, extra_len, comment_len, disk) =
        (fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?);
    fields.u16()?;
    let (attributes, at) = (fields.u32()?, fields.u32()?);
    let raw_path = fields.bytes(name_len.into())?.to_vec();
    let extra = fields.bytes(extra_len.into())?;
    if method != 0 || flags & !0x0800 != 0 {
        return Err(ZipError::Method);
    }
    if comment_len != 0 || disk != 0 {
        return Err(ZipError::Malformed(
            "an entry with a comment, or on another disk",
        ));
    }
    // Unix file type, where the maker says that it is Unix: regular or not said.
    if made_by >> 8 == 3 && !matches!(attributes >> 28, 0 | 0o10 | 0o4) {
        return Err(ZipError::Kind);
    }
    let mut wide = Wide::read(extra)?;
    let size = wide.or(unpacked)?;
    if wide.or(packed)? != size {
        return Err(ZipError::Malformed("a stored entry with two sizes"));
    }
    let at = wide.or(at)?;
    wide.end()?;
    let path = safe_path(&raw_path)?;
    Ok(Head {
        path,
        raw_path,
        flags,
        crc32,
        size,
        at,
    })
}

/// The zip64 extra field: values for the fields that are full.
struct Wide<'a>(Fields<'a>);

impl<'a> Wide<'a> {
    fn read(extra: &'a [u8]) -> Result<Self, ZipError> {
        let mut fields = Fields(extra);
        let mut wide: &[u8] = &[];
        while !fields.0.is_empty() {
            let (id, len) = (fields.u16()?, fields.u16()?);
            let body = fields.bytes(len.into())?;
            match id {
                1 if wide.is_empty() && !body.is_empty() => wide = body,
                // Unix times and owners, which plain zip tools add.
                0x5455 | 0x7875 => {}
                // Anything else could change a name or a content for some reader.
                _ => return Err(ZipError::Malformed("an extra field that is not allowed")),
            }
        }
        Ok(Self(Fields(wide)))
    }

    fn or(&mut self, narrow: u32) -> Result<u64, ZipError> {
        if narrow == u32::MAX {
            self.0.u64()
        } else {
            Ok(narrow.into())
        }
    }

    fn end(self) -> Result<(), ZipError> {
        if self.0.0.is_empty() {
            Ok(())
        } else {
            Err(ZipError::Malformed("zip64 extra field"))
        }
    }
}

fn local_entry(file: &dyn ReadAt, head: &Head) -> Result<u64, ZipError> {
    let mut bytes = [0; 30];
    read_exact_at(file, &mut bytes, head.at)?;
    let mut fields = Fields(&bytes);
    let signature = fields.u32()?;
    fields.u16()?;
    let (flags, method) = (fields.u16()?, fields.u16()?);
    fields.u32()?;
    let (crc32, packed, unpacked) = (fields.u32()?, fields.u32()?, fields.u32()?);
    let (name_len, extra_len) = (fields.u16()?, fields.u16()?);
    let mut tail = vec![0; usize::from(name_len) + usize::from(extra_len)];
    read_exact_at(file, &mut tail, head.at + 30)?;
    let (name, extra) = tail.split_at(name_len.into());
    let mut wide = Wide::read(extra)?;
    let sizes = (wide.or(unpacked)?, wide.or(packed)?);
    wide.end()?;
    let agrees = signature == 0x0403_4b50
        && method == 0
        && flags == head.flags
        && crc32 == head.crc32
        && name == head.raw_path
        && sizes == (head.size, head.size);
    if agrees {
        Ok(head.at + 30 + tail.len() as u64)
    } else {
        Err(ZipError::Malformed(
            "an entry's header differs from the directory",
        ))
    }
}

fn safe_path(raw: &[u8]) -> Result<String, ZipError> {
    let path = std::str::from_utf8(raw).map_err(|_| ZipError::Name)?;
    // A plain zip tool adds its folders, as empty entries.
    if path_is_safe(path.strip_suffix('/').unwrap_or(path)) {
        Ok(path.to_owned())
    } else {
        Err(ZipError::Name)
    }
}

/// Relative, without `.`, `..`, empty parts, backslashes, colons or control characters, at most [`MAX_PATH`] bytes.
pub fn path_is_safe(path: &str) -> bool {
    let part_is_safe = |part: &str| !matches!(part, "" | "." | "..");
    path.len() <= MAX_PATH
        && path.split('/').all(part_is_safe)
        && !path
            .chars()
            .any(|char| char.is_control() || matches!(char, '\\' | ':'))
}

/// What a path becomes on a file system that ignores case or Unicode form.
pub fn folded(path: &str) -> String {
    path.nfc().flat_map(char::to_lowercase).nfc().collect()
}

fn check_names(entries: &[ZipEntry]) -> Result<String, ZipError> {
    let mut seen = HashSet::with_capacity(entries.len());
    let mut parents = HashSet::new();
    let mut folder = None;
    for entry in entries {
        let (top, _) = entry.path.split_once('/').ok_or(ZipError::TopFolder)?;
        if *folder.get_or_insert(top) != top {
            return Err(ZipError::TopFolder);
        }
        let path = folded(&entry.path);
        parents.extend(path.match_indices('/').map(|(at, _)| path[..at].to_owned()));
        if !seen.insert(path) {
            return Err(ZipError::Duplicate);
        }
    }
    if parents.iter().any(|parent| seen.contains(parent)) {
        return Err(ZipError::Duplicate);
    }
    folder
        .map(str::to_owned)
        .ok_or(ZipError::Malformed("no entries"))
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
            crate::ziplayout::Piece::Bytes(expected) => {
                let mut found = vec![0; expected.len()];
                read_exact_at(file, &mut found, at)?;
                if found != expected {
                    return Ok(false);
                }
                at += expected.len() as u64;
            }
            crate::ziplayout::Piece::Content { len, .. } => at += len,
        }
    }
    Ok(true)
}

#[cfg(test)]
#[path = "zipread_tests.rs"]
mod tests;
