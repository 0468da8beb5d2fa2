//! The one stored zip that a list of files makes: every byte is known from paths, sizes and CRCs, so that a packet's zip is
//! produced while it uploads, from any offset, and is never written to the tablet's disk.

use std::io::{self, Read};

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const LOCATOR_64: u32 = 0x0706_4b50;
/// Names are UTF-8.
const FLAGS: u16 = 0x0800;
/// 1980-01-01 00:00, the zip format's zero.
const DOS_DATE: u16 = 0x0021;
const MAX_32: u64 = u32::MAX as u64;
const MAX_16: u64 = u16::MAX as u64;

/// One file to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayoutEntry {
    /// With its top folder: `packet-<id>/bagit.txt`. At most 65,535 bytes.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// CRC-32 of the bytes.
    pub crc32: u32,
}

/// A stretch of the zip.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Headers, known here.
    Bytes(&'a [u8]),
    /// `len` bytes of the content of entry `index`, from `offset`.
    Content {
        /// Which entry.
        index: usize,
        /// Where in its content.
        offset: u64,
        /// How many bytes.
        len: u64,
    },
}

/// The layout of a stored zip.
#[derive(Debug, Clone)]
pub struct Layout {
    /// For each entry: where its local header starts, the header, the content's size.
    entries: Vec<(u64, Vec<u8>, u64)>,
    tail_at: u64,
    tail: Vec<u8>,
}

impl Layout {
    /// Lays the entries out in the order given. Errors when a name is too long or there are more than 65,534 entries.
    pub fn new(list: &[LayoutEntry]) -> io::Result<Self> {
        if list.len() > 65_534
            || list
                .iter()
                .any(|entry| entry.path.len() > usize::from(u16::MAX))
        {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "too many entries, or a name too long",
            ));
        }
        let mut entries = Vec::with_capacity(list.len());
        let mut central = Vec::new();
        let mut at: u64 = 0;
        for entry in list {
            let header = local_header(entry);
            central_header(&mut central, entry, at);
            let next = at + header.len() as u64 + entry.size;
            entries.push((at, header, entry.size));
            at = next;
        }
        let mut tail = central;
        let central_size = tail.len() as u64;
        end_records(&mut tail, list.len() as u64, central_size, at);
        Ok(Self {
            entries,
            tail_at: at,
            tail,
        })
    }

    /// Size of the whole zip, bytes.
    pub fn total_size(&self) -> u64 {
        self.tail_at + self.tail.len() as u64
    }

    /// The stretch that begins at `offset`; none at or past the end.
    pub fn piece_at(&self, offset: u64) -> Option<Piece<'_>> {
        if offset >= self.tail_at {
            let rest = self
                .tail
                .get(usize::try_from(offset - self.tail_at).ok()?..)?;
            return (!rest.is_empty()).then_some(Piece::Bytes(rest));
        }
        let index = self
            .entries
            .partition_point(|(at, _, _)| *at <= offset)
            .checked_sub(1)?;
        let (at, header, size) = self.entries.get(index)?;
        let within = offset - at;
        match within.checked_sub(header.len() as u64) {
            Some(into) => Some(Piece::Content {
                index,
                offset: into,
                len: size - into,
            }),
            None => Some(Piece::Bytes(header.get(usize::try_from(within).ok()?..)?)),
        }
    }

    /// Reads the zip from `offset`; `open` gives the content of entry `index` from an offset in it.
    pub fn reader<'a, F>(&'a self, offset: u64, open: F) -> LayoutReader<'a, F>
    where
        F: FnMut(usize, u64) -> io::Result<Box<dyn Read + 'a>>,
    {
        LayoutReader {
            layout: self,
            offset,
            open,
            content: None,
        }
    }
}

/// A stored zip whose entries become known one after another, of any number: the caller writes each header and content as it comes, and keeps the central
/// records, which are as many as the entries, where there is room for them.
#[derive(Debug, Clone, Default)]
pub struct Series {
    at: u64,
    count: u64,
    central_size: u64,
}

impl Series {
    /// Before the first entry.
    pub fn new() -> Self {
        Self::default()
    }

    /// The next entry: what goes before its content, and its central record.
    pub fn next(&mut self, entry: &LayoutEntry) -> io::Result<(Vec<u8>, Vec<u8>)> {
        if entry.path.len() > usize::from(u16::MAX) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "a name is too long",
            ));
        }
        let header = local_header(entry);
        let mut central = Vec::new();
        central_header(&mut central, entry, self.at);
        self.at += header.len() as u64 + entry.size;
        self.count += 1;
        self.central_size += central.len() as u64;
        Ok((header, central))
    }

    /// What goes after the central records, which follow the last content.
    pub fn end(&self) -> Vec<u8> {
        let mut end = Vec::new();
        end_records(&mut end, self.count, self.central_size, self.at);
        end
    }
}

fn local_header(entry: &LayoutEntry) -> Vec<u8> {
    let big = entry.size >= MAX_32;
    let size = if big { u32::MAX } else { entry.size as u32 };
    let mut out = Vec::with_capacity(50 + entry.path.len());
    out.extend(LOCAL.to_le_bytes());
    out.extend(if big { 45u16 } else { 20 }.to_le_bytes());
    out.extend(FLAGS.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out.extend(DOS_DATE.to_le_bytes());
    out.extend(entry.crc32.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend((entry.path.len() as u16).to_le_bytes());
    out.extend(if big { 20u16 } else { 0 }.to_le_bytes());
    out.extend(entry.path.as_bytes());
    if big {
        out.extend(1u16.to_le_bytes());
        out.extend(16u16.to_le_bytes());
        out.extend(entry.size.to_le_bytes());
        out.extend(entry.size.to_le_bytes());
    }
    out
}

fn central_header(out: &mut Vec<u8>, entry: &LayoutEntry, at: u64) {
    let (big_size, big_offset) = (entry.size >= MAX_32, at >= MAX_32);
    let mut extra = Vec::new();
    if big_size {
        extra.extend(entry.size.to_le_bytes());
        extra.extend(entry.size.to_le_bytes());
    }
    if big_offset {
        extra.extend(at.to_le_bytes());
    }
    let needs_64 = !extra.is_empty();
    let size = if big_size {
        u32::MAX
    } else {
        entry.size as u32
    };
    out.extend(CENTRAL.to_le_bytes());
    out.extend((3u16 << 8 | 45).to_le_bytes());
    out.extend(if needs_64 { 45u16 } else { 20 }.to_le_bytes());
    out.extend(FLAGS.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out.extend(0u16.to_le_bytes());
    out.extend(DOS_DATE.to_le_bytes());
    out.extend(entry.crc32.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend(size.to_le_bytes());
    out.extend((entry.path.len() as u16).to_le_bytes());
    out.extend(if needs_64 { extra.len() as u16 + 4 } else { 0 }.to_le_bytes());
    out.extend([0; 6]);
    // A regular file, 0644.
    out.extend((0o100_644u32 << 16).to_le_bytes());
    out.extend(if big_offset { u32::MAX } else { at as u32 }.to_le_bytes());
    out.extend(entry.path.as_bytes());
    if needs_64 {
        out.extend(1u16.to_le_bytes());
        out.extend((extra.len() as u16).to_le_bytes());
        out.extend(extra);
    }
}

fn end_records(out: &mut Vec<u8>, count: u64, central_size: u64, central_at: u64) {
    if central_at >= MAX_32 || central_size >= MAX_32 || count >= MAX_16 {
        let end_64_at = central_at + central_size;
        out.extend(END_64.to_le_bytes());
        out.extend(44u64.to_le_bytes());
        out.extend((3u16 << 8 | 45).to_le_bytes());
        out.extend(45u16.to_le_bytes());
        out.extend([0; 8]);
        out.extend(count.to_le_bytes());
        out.extend(count.to_le_bytes());
        out.extend(central_size.to_le_bytes());
        out.extend(central_at.to_le_bytes());
        out.extend(LOCATOR_64.to_le_bytes());
        out.extend(0u32.to_le_bytes());
        out.extend(end_64_at.to_le_bytes());
        out.extend(1u32.to_le_bytes());
    }
    out.extend(END.to_le_bytes());
    out.extend([0; 4]);
    let short = count.min(MAX_16) as u16;
    out.extend(short.to_le_bytes());
    out.extend(short.to_le_bytes());
    out.extend(
        u32::try_from(central_size)
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    );
    out.extend(u32::try_from(central_at).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(0u16.to_le_bytes());
}

/// Reads a zip that exists only as its layout and its contents.
pub struct LayoutReader<'a, F> {
    layout: &'a Layout,
    offset: u64,
    open: F,
    content: Option<Box<dyn Read + 'a>>,
}

impl<'a, F> Read for LayoutReader<'a, F>
where
    F: FnMut(usize, u64) -> io::Result<Box<dyn Read + 'a>>,
{
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let Some(piece) = self.layout.piece_at(self.offset) else {
            return Ok(0);
        };
        match piece {
            Piece::Bytes(bytes) => {
                self.content = None;
                let count = bytes.len().min(buffer.len());
                buffer[..count].copy_from_slice(&bytes[..count]);
                self.offset += count as u64;
                Ok(count)
            }
            Piece::Content { index, offset, len } => {
                let content = match &mut self.content {
                    Some(content) => content,
                    None => self.content.insert((self.open)(index, offset)?),
                };
                let want = usize::try_from(len).unwrap_or(usize::MAX).min(buffer.len());
                let count = content.read(&mut buffer[..want])?;
                if count == 0 {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the content is shorter than announced",
                    ));
                }
                self.offset += count as u64;
                Ok(count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u32, content: &[u8]) -> LayoutEntry {
        LayoutEntry {
            path: format!("top/{number}"),
            size: content.len() as u64,
            crc32: crc32fast::hash(content),
        }
    }

    #[test]
    fn a_series_is_the_zip_that_a_layout_makes() {
        let contents: [&[u8]; 3] = [b"one", b"", b"three"];
        let entries: Vec<LayoutEntry> = (0..).zip(contents).map(|(n, c)| entry(n, c)).collect();
        let layout = Layout::new(&entries).unwrap();
        let mut whole = Vec::new();
        layout
            .reader(0, |index, at| {
                let rest = &contents[index][usize::try_from(at).unwrap()..];
                Ok(Box::new(rest) as Box<dyn Read>)
            })
            .read_to_end(&mut whole)
            .unwrap();
        let (mut series, mut out, mut records) = (Series::new(), Vec::new(), Vec::new());
        for (entry, content) in entries.iter().zip(contents) {
            let (header, record) = series.next(entry).unwrap();
            out.extend(header);
            out.extend(content);
            records.extend(record);
        }
        out.extend(records);
        out.extend(series.end());
        assert_eq!(out, whole);
    }

    #[test]
    fn more_entries_than_sixteen_bits_hold_are_counted_in_sixty_four() {
        let mut series = Series::new();
        for number in 0..70_000 {
            series.next(&entry(number, b"")).unwrap();
        }
        let end = series.end();
        assert_eq!(end[..4], END_64.to_le_bytes());
        assert_eq!(end[24..32], 70_000u64.to_le_bytes());
        let short = &end[end.len() - 22..];
        assert_eq!(short[..4], END.to_le_bytes());
        assert_eq!(short[8..12], [0xff; 4]);
    }
}
