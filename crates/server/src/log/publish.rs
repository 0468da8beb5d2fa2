//! Publishing a signed head as C2SP `tlog-tiles` files under `D/log`.
//!
//! The order, and what a crash after each step leaves (what steps 2 and 3 will give their names is laid out beside step 1, so that the disk
//! syncs it all together):
//! 1. hash tiles and entry bundles: files that no published checkpoint speaks of yet; written again next time, with the same bytes.
//! 2. the copy of the checkpoint outside the data folder: the copy is ahead of `D/log/checkpoint`, and the database has the same head, so
//!    start-up finds nothing wrong. It comes before 3, so that no client can ever have seen a head that the copy has not.
//! 3. `D/log/checkpoint`: the head is public; only `published_size` is behind, and the next run does 1 to 3 again.
//! 4. `published_size`: done. Receipts are given from here on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::thread;

use fieldseal_tlog::tile::{self, TilePath};

use crate::files;
use crate::store::log::{self, Hashes, Head};
use crate::store::{Db, StoreError};

/// Tiles and bundles that are written at the same time.
const SIDE_BY_SIDE: usize = 8;

/// The head was not published. What an earlier run published stays as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be written.
    #[error("a file of the log can't be written")]
    File(#[source] io::Error),
    /// The copy outside the data folder could not be written.
    #[error("the copy of the checkpoint outside the data folder can't be written")]
    Copy(#[source] io::Error),
    /// A leaf is too long for a bundle: it can't have come through the front door.
    #[error("a leaf does not fit an entry bundle")]
    Bundle(#[from] tile::BundleError),
}

impl PublishError {
    /// Whether it was for want of room alone. Then nothing has to be doubted: a file that could not be written in full never got
    /// its name, the next round begins it anew under a handle of its own, and the database says what is still to be published.
    pub fn is_full(&self) -> bool {
        use io::ErrorKind::{QuotaExceeded, StorageFull};
        match self {
            Self::File(error) | Self::Copy(error) => {
                matches!(error.kind(), StorageFull | QuotaExceeded)
            }
            Self::Store(error) => error.is_full(),
            Self::Bundle(_) => false,
        }
    }
}

/// Where the log is published.
#[derive(Debug, Clone)]
pub struct Published {
    /// `D/log`.
    pub folder: PathBuf,
    /// The copy outside.
    pub copy: PathBuf,
}

/// The newest published checkpoint; none before the first. What is signed and not yet published is nobody's to see: the copy
/// outside must come first.
pub fn newest_published(db: &Db, folder: &Path) -> Result<Option<Vec<u8>>, StoreError> {
    let head = db.read_blocking(log::head)?;
    if head.size > 0 && head.published_size == head.size {
        return Ok(Some(head.checkpoint));
    }
    // Between signing and publishing, the one before; the writer replaces the file as a whole.
    Ok(fs::read(folder.join("checkpoint")).ok())
}

/// Publishes the newest head. Gives its size; does nothing when it is out already.
pub fn publish(db: &Db, to: &Published) -> Result<u64, PublishError> {
    let (head, written) = db.read_blocking(|connection| {
        let head = log::head(connection)?;
        let mut written = Vec::new();
        if head.published_size < head.size {
            for path in tile::new_tiles(head.published_size, head.size) {
                if let TilePath::Hashes {
                    level,
                    index,
                    width,
                } = path
                {
                    written.push((
                        path,
                        tile::hash_tile(level, index, width, &Hashes(connection))
                            .map_err(PublishError::File)?,
                    ));
                }
            }
            for path in tile::new_bundles(head.published_size, head.size) {
                let first = path.index() * u64::from(tile::TILE_WIDTH);
                let leaves = log::leaves(connection, first, first + u64::from(path.width()))?;
                written.push((path, tile::encode_bundle(&leaves)?));
            }
        }
        Ok::<_, PublishError>((head, written))
    })?;
    if head.published_size == head.size {
        return Ok(head.size);
    }
    write_files(to, &written, &head)?;
    db.write_blocking(|tx| log::set_published(tx, head.size))?;
    Ok(head.size)
}

/// Steps 1 to 3. Both heads are laid out under other names while the tiles are written; their own they get afterwards, one after the other.
fn write_files(
    to: &Published,
    tiles: &[(TilePath, Vec<u8>)],
    head: &Head,
) -> Result<(), PublishError> {
    let checkpoint = to.folder.join("checkpoint");
    let kept = fs::read(&to.copy).is_ok_and(|kept| kept == head.checkpoint);
    let lay_out = |path: &Path| files::prepare(path, &head.checkpoint);
    let (new_copy, new_checkpoint) = thread::scope(|scope| {
        let copy = (!kept).then(|| scope.spawn(|| lay_out(&to.copy)));
        let head = scope.spawn(|| lay_out(&checkpoint));
        let written = tiles
            .chunks(SIDE_BY_SIDE)
            .try_for_each(|some| write_tiles(to, some))
            .map_err(PublishError::File);
        let copy = copy.map(|copy| ended(copy).map_err(PublishError::Copy));
        let head = ended(head).map_err(PublishError::File);
        written.and_then(|()| Ok((copy.transpose()?, head?)))
    })?;
    if let Some(new) = new_copy {
        files::publish(&new, &to.copy).map_err(PublishError::Copy)?;
    }
    files::publish(&new_checkpoint, &checkpoint).map_err(PublishError::File)
}

/// What a thread came to.
fn ended<T>(thread: thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    let stopped = |_| Err(io::Error::other("a file's writer stopped"));
    thread.join().unwrap_or_else(stopped)
}

/// Each waits for its own syncs, and the disk serves them together.
fn write_tiles(to: &Published, tiles: &[(TilePath, Vec<u8>)]) -> io::Result<()> {
    if let [(path, bytes)] = tiles {
        return write_tile(to, path, bytes);
    }
    thread::scope(|scope| {
        let writers: Vec<_> = tiles
            .iter()
            .map(|(path, bytes)| scope.spawn(move || write_tile(to, path, bytes)))
            .collect();
        // All have ended before anything goes on, also when one failed.
        let all: Vec<io::Result<()>> = writers.into_iter().map(ended).collect();
        all.into_iter().collect()
    })
}

fn write_tile(to: &Published, path: &TilePath, bytes: &[u8]) -> io::Result<()> {
    let file = to.folder.join(path.to_string());
    if let Some(folder) = file.parent() {
        files::make_folder(folder)?;
    }
    // A tile never changes under its name, so what is there with these bytes is not written again.
    if fs::read(&file).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    files::replace(&file, bytes)?;
    if path.width() == tile::TILE_WIDTH {
        remove_partials(to, path);
    }
    Ok(())
}

/// A full tile takes the place of its partial ones. Leaving some behind would do no harm.
fn remove_partials(to: &Published, path: &TilePath) {
    let mut partials = to.folder.join(path.to_string()).into_os_string();
    partials.push(".p");
    let _ = fs::remove_dir_all(PathBuf::from(partials));
}
