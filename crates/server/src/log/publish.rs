//! Publishing a signed head as C2SP `tlog-tiles` files under `D/log`.
//!
//! The order, and what a crash after each step leaves:
//! 1. hash tiles and entry bundles: files that no published checkpoint speaks of yet; written again next time, with the same bytes.
//! 2. the copy of the checkpoint outside the data folder: the copy is ahead of `D/log/checkpoint`, and the database has the same head, so
//!    start-up finds nothing wrong. It comes before 3, so that no client can ever have seen a head that the copy has not.
//! 3. `D/log/checkpoint`: the head is public; only `published_size` is behind, and the next run does 1 to 3 again.
//! 4. `published_size`: done. Receipts are given from here on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use fieldseal_tlog::tile::{self, TilePath};

use crate::files;
use crate::store::log::{self, Hashes, Head};
use crate::store::{Db, StoreError};

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
    for (path, bytes) in &written {
        write_tile(to, path, bytes).map_err(PublishError::File)?;
    }
    write_heads(to, &head)?;
    db.write_blocking(|tx| log::set_published(tx, head.size))?;
    Ok(head.size)
}

fn write_heads(to: &Published, head: &Head) -> Result<(), PublishError> {
    let copy_now = fs::read(&to.copy).ok();
    if copy_now.as_deref() != Some(&head.checkpoint) {
        files::replace(&to.copy, &head.checkpoint).map_err(PublishError::Copy)?;
    }
    files::replace(&to.folder.join("checkpoint"), &head.checkpoint).map_err(PublishError::File)
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
