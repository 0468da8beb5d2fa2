//! The offline map: one PMTiles file, copied into the data folder under its digest, and named in the database. The file is
//! durable before it is named, so a crash leaves the map before, and at most a file that nobody names.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use fieldseal_packet::{Sha256Digest, Sha256Writer};

use crate::ambient::Millis;
use crate::config::Layout;
use crate::files;
use crate::store::maps::{self, MapRow};
use crate::store::{Db, StoreError, custody};

/// Largest map, bytes.
const MOST_BYTES: u64 = 16 << 30;
/// Longest attribution, characters.
const MOST_WORDS: usize = 200;
/// What is read at once.
const CHUNK: usize = 256 << 10;
/// A PMTiles header of version 3.
const HEADER: usize = 127;

/// Why a map was not put in place.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MapError {
    /// It is something else.
    #[error("this is no PMTiles file of version 3")]
    NotPmtiles,
    /// Tiles that the tablet's map can't draw.
    #[error("its tiles are neither vector tiles (MVT) nor PNG, JPEG or WebP pictures")]
    Tiles,
    /// Too large.
    #[error("the map is larger than 16 GiB")]
    TooLarge,
    /// The words beside it.
    #[error("an attribution has at most 200 characters")]
    Attribution,
    /// A file.
    #[error("a file can't be read or written")]
    Io(#[from] io::Error),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What was put in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedMap {
    /// As tablets are told of it.
    pub map: MapRow,
    /// Tablets will fetch it.
    pub news: bool,
}

/// Where a map of this digest lies.
pub fn placed(layout: &Layout, sha256: &Sha256Digest) -> PathBuf {
    layout.maps().join(format!("{sha256}.pmtiles"))
}

/// Copies a map into the data folder, and names it.
pub fn place(
    db: &Db,
    layout: &Layout,
    file: &Path,
    (gcj02, attribution): (bool, Option<String>),
    at: Millis,
) -> Result<PlacedMap, MapError> {
    if attribution.as_ref().is_some_and(|words| {
        words.chars().count() > MOST_WORDS || words.chars().any(char::is_control)
    }) {
        return Err(MapError::Attribution);
    }
    files::make_folder(&layout.maps())?;
    let temporary = layout.maps().join("incoming.tmp");
    let (sha256, size) = copy(file, &temporary)?;
    let before = db.read_blocking(maps::newest)?;
    let map = MapRow {
        sha256,
        size,
        gcj02,
        attribution,
        placed_at: at,
    };
    let same = |old: &MapRow| {
        (old.sha256, old.gcj02, &old.attribution) == (map.sha256, map.gcj02, &map.attribution)
    };
    files::publish(&temporary, &placed(layout, &sha256))?;
    if let Some(old) = before.as_ref().filter(|old| same(old)) {
        return Ok(PlacedMap {
            map: old.clone(),
            news: false,
        });
    }
    db.write_blocking(|tx| {
        custody::audit(tx, at, "admin", "imported-map", &sha256.to_string())?;
        maps::put(tx, &map)
    })?;
    if let Some(old) = before.filter(|old| old.sha256 != sha256) {
        // Tablets that have a part of it begin with the new one.
        let _ = fs::remove_file(placed(layout, &old.sha256));
    }
    Ok(PlacedMap { map, news: true })
}

fn copy(from: &Path, to: &Path) -> Result<(Sha256Digest, u64), MapError> {
    let mut source = File::open(from)?;
    let mut head = [0; HEADER];
    source
        .read_exact(&mut head)
        .map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => MapError::NotPmtiles,
            _ => MapError::Io(error),
        })?;
    check(&head)?;
    let (mut digest, mut size) = (Sha256Writer::new(), HEADER as u64);
    let mut target = File::create(to)?;
    digest.write_all(&head)?;
    target.write_all(&head)?;
    let mut buffer = vec![0; CHUNK];
    loop {
        let read = source.read(&mut buffer)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        if size > MOST_BYTES {
            drop(target);
            fs::remove_file(to)?;
            return Err(MapError::TooLarge);
        }
        digest.write_all(&buffer[..read])?;
        target.write_all(&buffer[..read])?;
    }
    target.sync_all()?;
    Ok((digest.finish(), size))
}

/// The header's first bytes, its version, and the type of its tiles.
fn check(head: &[u8; HEADER]) -> Result<(), MapError> {
    if &head[..7] != b"PMTiles" || head[7] != 3 {
        return Err(MapError::NotPmtiles);
    }
    // 1 MVT, 2 PNG, 3 JPEG, 4 WebP.
    match head[99] {
        1..=4 => Ok(()),
        _ => Err(MapError::Tiles),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pmtiles_of_tiles_that_can_be_drawn() {
        let mut head = [0; HEADER];
        assert!(matches!(check(&head), Err(MapError::NotPmtiles)));
        head[..8].copy_from_slice(b"PMTiles\x03");
        assert!(matches!(check(&head), Err(MapError::Tiles)));
        head[99] = 1;
        assert!(check(&head).is_ok());
        head[7] = 2;
        assert!(matches!(check(&head), Err(MapError::NotPmtiles)));
    }
}
