//! Tiles and entry bundles (C2SP `tlog-tiles`): how a tree lies in immutable files of up to 256 hashes or entries.
//!
//! A tile at level L holds nodes of tree level 8·L; the levels between are hashed again from them. Full tiles are
//! 256 wide; the rightmost of a level may be partial and is then a file of its own (`.p/<width>`), replaced by the
//! full one later.

use std::fmt;
use std::io;

use crate::encoding::decimal;
use crate::merkle::{Hash, HashReader, node_hash};

/// Hashes or entries in a full tile or bundle.
pub const TILE_WIDTH: u16 = 256;
/// Tree levels that one tile spans.
const TILE_HEIGHT: u8 = 8;
/// Highest tile level the format allows.
const MAX_LEVEL: u8 = 63;

/// Why a path names no tile or bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the path of a tile or an entry bundle")]
pub struct PathError;

/// Why bytes are no entry bundle, or entries make none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BundleError {
    /// More than 256 entries, or none.
    #[error("an entry bundle holds 1 to 256 entries")]
    Count,
    /// An entry is longer than 65,535 bytes.
    #[error("an entry is longer than 65,535 bytes")]
    EntryTooLong,
    /// The bytes end inside an entry.
    #[error("the bundle ends inside an entry")]
    Truncated,
}

/// A file of the log: a hash tile or an entry bundle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TilePath {
    /// `tile/<level>/<index>[.p/<width>]`.
    Hashes {
        /// Tile level; its hashes are nodes of tree level 8 × this.
        level: u8,
        /// Position within the level.
        index: u64,
        /// 1 to 256; 256 is a full tile.
        width: u16,
    },
    /// `tile/entries/<index>[.p/<width>]`.
    Entries {
        /// Position among the bundles.
        index: u64,
        /// 1 to 256; 256 is a full bundle.
        width: u16,
    },
}

impl TilePath {
    /// Reads a path below the log's prefix, such as `tile/0/x001/x234/067` or `tile/entries/000.p/17`.
    pub fn parse(path: &str) -> Result<TilePath, PathError> {
        let rest = path.strip_prefix("tile/").ok_or(PathError)?;
        let (kind, place) = rest.split_once('/').ok_or(PathError)?;
        let (index, width) = parse_place(place).ok_or(PathError)?;
        if kind == "entries" {
            return Ok(TilePath::Entries { index, width });
        }
        match decimal(kind).and_then(|level| u8::try_from(level).ok()) {
            Some(level) if level <= MAX_LEVEL => Ok(TilePath::Hashes {
                level,
                index,
                width,
            }),
            _ => Err(PathError),
        }
    }

    /// Position within its level or among the bundles.
    pub fn index(&self) -> u64 {
        match *self {
            TilePath::Hashes { index, .. } | TilePath::Entries { index, .. } => index,
        }
    }

    /// 1 to 256.
    pub fn width(&self) -> u16 {
        match *self {
            TilePath::Hashes { width, .. } | TilePath::Entries { width, .. } => width,
        }
    }

    /// Whether a tree of `size` leaves has this file (as partial of exactly this width, or as full).
    pub fn exists_at(&self, size: u64) -> bool {
        let nodes = match *self {
            TilePath::Hashes { level, .. } => nodes_at(size, level),
            TilePath::Entries { .. } => size,
        };
        let first = self.index().checked_mul(u64::from(TILE_WIDTH));
        first
            .and_then(|first| nodes.checked_sub(first))
            .is_some_and(|there| there >= u64::from(self.width()))
    }
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            TilePath::Hashes { level, .. } => write!(f, "tile/{level}/")?,
            TilePath::Entries { .. } => write!(f, "tile/entries/")?,
        }
        let index = self.index();
        let mut unit = 1_000_000_000_000_000_000;
        while unit > 1 {
            if index >= unit {
                write!(f, "x{:03}/", index / unit % 1000)?;
            }
            unit /= 1000;
        }
        write!(f, "{:03}", index % 1000)?;
        if self.width() < TILE_WIDTH {
            write!(f, ".p/{}", self.width())
        } else {
            Ok(())
        }
    }
}

/// `x001/x234/067` or `x001/x234/067.p/17`.
fn parse_place(place: &str) -> Option<(u64, u16)> {
    let (place, width) = match place.split_once(".p/") {
        None => (place, TILE_WIDTH),
        Some((place, width)) => {
            let width = u16::try_from(decimal(width)?).ok()?;
            // The full width is spelled by leaving it out.
            (
                place,
                Some(width).filter(|width| (1..TILE_WIDTH).contains(width))?,
            )
        }
    };
    let mut index: u64 = 0;
    let mut parts = place.split('/').peekable();
    let mut first = true;
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let digits = if last { part } else { part.strip_prefix('x')? };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let group: u64 = digits.parse().ok()?;
        // A leading group of zeros would be a second spelling.
        if first && !last && group == 0 {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(group)?;
        first = false;
    }
    Some((index, width))
}

/// Complete nodes of tree level 8 × `level` in a tree of `size` leaves.
fn nodes_at(size: u64, level: u8) -> u64 {
    size.checked_shr(u32::from(level) * u32::from(TILE_HEIGHT))
        .unwrap_or(0)
}

/// The hash tiles that a tree of `new_size` leaves has and one of `old_size` had not, each in the width it has now.
pub fn new_tiles(old_size: u64, new_size: u64) -> Vec<TilePath> {
    let mut tiles = Vec::new();
    for level in 0..=MAX_LEVEL {
        let (old, new) = (nodes_at(old_size, level), nodes_at(new_size, level));
        if new == 0 {
            break;
        }
        tiles.extend(grown(old, new).map(|(index, width)| TilePath::Hashes {
            level,
            index,
            width,
        }));
    }
    tiles
}

/// The entry bundles that a tree of `new_size` leaves has and one of `old_size` had not.
pub fn new_bundles(old_size: u64, new_size: u64) -> Vec<TilePath> {
    grown(old_size, new_size)
        .map(|(index, width)| TilePath::Entries { index, width })
        .collect()
}

fn grown(old: u64, new: u64) -> impl Iterator<Item = (u64, u16)> {
    let width = u64::from(TILE_WIDTH);
    let first = if old < new {
        old / width
    } else {
        new.div_ceil(width)
    };
    (first..new.div_ceil(width)).map(move |index| {
        let there = (new - index * width).min(width);
        // At most 256, by the line above.
        (index, there as u16)
    })
}

/// The bytes of a hash tile, out of a store of complete nodes.
pub fn hash_tile(
    level: u8,
    index: u64,
    width: u16,
    reader: &dyn HashReader,
) -> io::Result<Vec<u8>> {
    let tree_level = level.checked_mul(TILE_HEIGHT).filter(|_| level < 8);
    let first = index.checked_mul(u64::from(TILE_WIDTH));
    let (Some(tree_level), Some(first)) = (tree_level, first) else {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "no tree has this tile",
        ));
    };
    let mut bytes = Vec::with_capacity(usize::from(width) * 32);
    for offset in 0..u64::from(width.min(TILE_WIDTH)) {
        bytes.extend_from_slice(&reader.hash(tree_level, first + offset)?);
    }
    Ok(bytes)
}

/// Which tile holds (or gives, by hashing) the complete node (`level`, `index`), and the range of hashes in it that
/// lie under the node.
pub fn tile_of(level: u8, index: u64) -> (u8, u64, std::ops::Range<usize>) {
    let inner = level % TILE_HEIGHT;
    let first = index << inner;
    let offset = (first % u64::from(TILE_WIDTH)) as usize;
    (
        level / TILE_HEIGHT,
        first / u64::from(TILE_WIDTH),
        offset..offset + (1usize << inner),
    )
}

/// The node over `range` of a tile's bytes; `None` when the tile is too short or the range no power of two.
pub fn node_in_tile(tile: &[u8], range: std::ops::Range<usize>) -> Option<Hash> {
    if !range.len().is_power_of_two() {
        return None;
    }
    let bytes = tile.get(range.start.checked_mul(32)?..range.end.checked_mul(32)?)?;
    let mut nodes: Vec<Hash> = bytes.as_chunks::<32>().0.to_vec();
    while nodes.len() > 1 {
        nodes = nodes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[left, right]| node_hash(left, right))
            .collect();
    }
    nodes.first().copied()
}

/// Entries as one bundle: each with its length before it, 16 bits, big-endian.
pub fn encode_bundle<E: AsRef<[u8]>>(entries: &[E]) -> Result<Vec<u8>, BundleError> {
    if entries.is_empty() || entries.len() > usize::from(TILE_WIDTH) {
        return Err(BundleError::Count);
    }
    let mut bytes = Vec::new();
    for entry in entries {
        let entry = entry.as_ref();
        let length = u16::try_from(entry.len()).map_err(|_| BundleError::EntryTooLong)?;
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    Ok(bytes)
}

/// The entries of a bundle, in order.
pub fn decode_bundle(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, BundleError> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        if entries.len() == usize::from(TILE_WIDTH) {
            return Err(BundleError::Count);
        }
        let (length, rest) = bytes
            .split_first_chunk::<2>()
            .ok_or(BundleError::Truncated)?;
        let (entry, rest) = rest
            .split_at_checked(usize::from(u16::from_be_bytes(*length)))
            .ok_or(BundleError::Truncated)?;
        entries.push(entry.to_vec());
        bytes = rest;
    }
    if entries.is_empty() {
        Err(BundleError::Count)
    } else {
        Ok(entries)
    }
}

#[cfg(test)]
#[path = "tile_tests.rs"]
mod tests;
