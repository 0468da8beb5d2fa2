//! The zip format's records, read strictly: end record, directory entries, local headers.

use super::names::safe_path;
use super::{MAX_DIRECTORY, MAX_ENTRIES, ReadAt, Stretch, ZipError};
use std::io::{self, Read};

pub(super) fn read_exact_at(
    file: &dyn ReadAt,
    buffer: &mut [u8],
    offset: u64,
) -> Result<(), ZipError> {
    let len = buffer.len() as u64;
    Stretch::new(file, offset, len)
        .read_exact(buffer)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => ZipError::Malformed("the file ends early"),
            _ => ZipError::Io(error),
        })
}

/// Little-endian fields off the front of a slice.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

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

pub(super) struct EndRecord {
    pub(super) count: u64,
    pub(super) size: u64,
    pub(super) at: u64,
}

impl EndRecord {
    pub(super) fn find(file: &dyn ReadAt, size: u64) -> Result<Self, ZipError> {
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

pub(super) struct Head {
    pub(super) path: String,
    pub(super) raw_path: Vec<u8>,
    pub(super) flags: u16,
    pub(super) crc32: u32,
    pub(super) size: u64,
    pub(super) at: u64,
}

pub(super) fn central_entry(fields: &mut Fields<'_>) -> Result<Head, ZipError> {
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

pub(super) fn local_entry(file: &dyn ReadAt, head: &Head) -> Result<u64, ZipError> {
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
