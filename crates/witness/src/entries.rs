//! Reading a whole log: every leaf, and that they are the ones under its checkpoint. Leaves say who was where and when, so the log's server asks for a
//! pass before it serves them; a witness has one if the house that runs the log has given it one ([`Folder::make_pass`]).

use fieldseal_tlog::merkle::{Hash, empty_root, leaf_hash, node_hash};
use fieldseal_tlog::tile::{TILE_WIDTH, TilePath, decode_bundle};

use crate::check::{CheckError, Outlook, client, compared, fetch, shown};
use crate::folder::{Folder, FolderError};

/// Longest bundle: its entries, each with its length.
const MAX_BUNDLE: usize = TILE_WIDTH as usize * (2 + u16::MAX as usize);

/// The log could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EntriesError {
    /// The log, or the witness's own folder.
    #[error(transparent)]
    Check(#[from] CheckError),
    /// The log's server takes no pass, or not this one.
    #[error(
        "the log's server does not accept this witness's pass: its settings have to name it (entry_readers)"
    )]
    Refused,
    /// A bundle is not there, or not of its form.
    #[error("the log does not serve {0}, or it is not of its form")]
    Bundle(String),
    /// What came could not be kept.
    #[error("the leaves could not be written")]
    Keep(#[source] std::io::Error),
}

impl From<FolderError> for EntriesError {
    fn from(error: FolderError) -> Self {
        Self::Check(CheckError::Folder(error))
    }
}

/// What reading a log came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// The log's name.
    pub origin: String,
    /// Leaves under the checkpoint that it shows.
    pub leaves: u64,
    /// Whether the leaves are the ones under that checkpoint.
    pub hold: bool,
    /// How that checkpoint stands to what was cosigned.
    pub outlook: Outlook,
}

/// Reads all leaves below `url` (`<server>/log`) by the witness's pass; `keep` is given each bundle with its path.
pub async fn read(
    folder: &Folder,
    url: &str,
    mut keep: impl FnMut(&TilePath, &[u8]) -> std::io::Result<()>,
) -> Result<Reading, EntriesError> {
    let keys = folder.logs()?;
    let pass = folder.pass()?;
    let http = client()?;
    let url = url.trim_end_matches('/');
    let checkpoint = shown(&http, url, &keys).await?;
    let outlook = compared(folder, &keys, &http, url, &checkpoint).await?;
    let mut root = Root::default();
    let width = u64::from(TILE_WIDTH);
    let mut index = 0;
    while root.leaves < checkpoint.size {
        let here = (checkpoint.size - root.leaves).min(width);
        let path = TilePath::Entries {
            index,
            width: u16::try_from(here).unwrap_or(TILE_WIDTH),
        };
        let asked = format!("{url}/{path}");
        let bundle = fetch(&http, &asked, Some(&pass), MAX_BUNDLE).await?;
        let broken = || EntriesError::Bundle(path.to_string());
        let bytes = bundle.map_err(|status| match status {
            401 | 403 => EntriesError::Refused,
            _ => broken(),
        })?;
        let leaves = decode_bundle(&bytes).map_err(|_| broken())?;
        if leaves.len() as u64 != here {
            return Err(broken());
        }
        for leaf in &leaves {
            root.push(leaf_hash(leaf));
        }
        keep(&path, &bytes).map_err(EntriesError::Keep)?;
        index += 1;
    }
    Ok(Reading {
        origin: checkpoint.origin,
        leaves: checkpoint.size,
        hold: root.value() == checkpoint.root,
        outlook,
    })
}

/// The root over leaves that come one after another, in memory that grows with their number's length alone.
#[derive(Default)]
struct Root {
    leaves: u64,
    /// Roots of the full subtrees, the largest first.
    peaks: Vec<Hash>,
}

impl Root {
    fn push(&mut self, leaf: Hash) {
        let mut hash = leaf;
        let mut count = self.leaves;
        while count & 1 == 1 {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            count >>= 1;
        }
        self.peaks.push(hash);
        self.leaves += 1;
    }

    fn value(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_tlog::merkle::{MemoryTree, root_at};

    #[test]
    fn the_root_is_the_trees() {
        let mut tree = MemoryTree::default();
        let mut root = Root::default();
        assert_eq!(root.value(), empty_root());
        for n in 0u32..600 {
            let leaf = leaf_hash(&n.to_be_bytes());
            tree.push(leaf);
            root.push(leaf);
            let size = u64::from(n) + 1;
            assert_eq!(root.value(), root_at(size, &tree).unwrap(), "{size}");
        }
    }
}
