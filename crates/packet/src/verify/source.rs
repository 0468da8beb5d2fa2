//! Where a verifier reads from: a zip, a folder, a zip within a zip. Paths are relative to the one top folder.

use crate::zipread::{ReadAt, Stretch, ZipEntry, ZipError, ZipIndex};
use std::collections::BTreeMap;
use std::io::{self, Read};

/// Files by path, readable at any place.
pub trait Source: Sync {
    /// Every file: path and size in bytes.
    fn files(&self) -> Vec<(String, u64)>;
    /// One file's bytes.
    fn open<'a>(&'a self, path: &str) -> io::Result<Box<dyn ReadAt + 'a>>;
    /// CRC-32 that the container claims for a file.
    fn crc32(&self, _path: &str) -> Option<u32> {
        None
    }
}

/// A stretch of a file as a file of its own.
pub struct Window<'a> {
    file: &'a dyn ReadAt,
    offset: u64,
    size: u64,
}

impl<'a> Window<'a> {
    /// `size` bytes from `offset`.
    pub fn new(file: &'a dyn ReadAt, offset: u64, size: u64) -> Self {
        Self { file, offset, size }
    }
}

impl ReadAt for Window<'_> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let left = self.size.saturating_sub(offset);
        let want = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        self.file
            .read_at(&mut buffer[..want], self.offset.saturating_add(offset))
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.size)
    }
}

/// A stored zip with one top folder.
pub struct ZipSource<'a> {
    file: &'a dyn ReadAt,
    /// The top folder's name.
    pub folder: String,
    /// See [`ZipIndex::canonical`].
    pub canonical: bool,
    entries: BTreeMap<String, ZipEntry>,
    order: Vec<String>,
}

impl<'a> ZipSource<'a> {
    /// Reads the directory and checks the zip's form.
    pub fn open(file: &'a dyn ReadAt) -> Result<Self, ZipError> {
        let index = ZipIndex::read(file)?;
        let inside = |entry: ZipEntry| {
            let path = entry
                .path
                .get(index.folder.len() + 1..)
                .unwrap_or_default()
                .to_owned();
            (path, entry)
        };
        let entries: Vec<(String, ZipEntry)> = index.entries.into_iter().map(inside).collect();
        let order = entries.iter().map(|(path, _)| path.clone()).collect();
        let entries = entries.into_iter().collect();
        Ok(Self {
            order,
            file,
            folder: index.folder,
            canonical: index.canonical,
            entries,
        })
    }
}

impl ZipSource<'_> {
    /// The paths in the order in which they stand in the zip.
    pub fn in_file_order(&self) -> &[String] {
        &self.order
    }
}

impl Source for ZipSource<'_> {
    fn files(&self) -> Vec<(String, u64)> {
        self.entries
            .iter()
            .map(|(path, entry)| (path.clone(), entry.size))
            .collect()
    }

    fn open<'b>(&'b self, path: &str) -> io::Result<Box<dyn ReadAt + 'b>> {
        let entry = self.entries.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Window::new(self.file, entry.offset, entry.size)))
    }

    fn crc32(&self, path: &str) -> Option<u32> {
        self.entries.get(path).map(|entry| entry.crc32)
    }
}

/// Reads a whole small file; none when it is absent, an error when it is larger than `limit`.
pub(crate) fn read_small(
    source: &dyn Source,
    path: &str,
    limit: usize,
) -> io::Result<Option<Vec<u8>>> {
    let file = match source.open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let size = file.size()?;
    if size > limit as u64 {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("larger than {limit} bytes"),
        ));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0));
    Stretch::new(&*file, 0, size).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}
