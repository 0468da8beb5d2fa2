//! Moving pending leaves into the tree.
//!
//! All in one transaction: leaf rows, the nodes they complete, the signed head, and the removal from `log_pending`. A crash before the commit leaves
//! everything pending, and the signature that was made is lost with the memory it was in: nobody has seen it. A crash after leaves a signed
//! head that is not yet published, which [`super::publish`] makes good.

use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{leaf_hash, root_at, stored_hashes};
use fieldseal_tlog::note::{Ed25519Signer, Note, SignError, Signer};
use sha2::{Digest as _, Sha256};
use std::sync::Arc;

use crate::ambient::Millis;
use crate::store::log::{self, Hashes};
use crate::store::{Db, StoreError};

/// Leaves in one transaction.
const BATCH: u32 = 1024;

/// A batch was not appended; nothing of it is in the log.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A node that must be there is not.
    #[error("the tree's nodes can't be read")]
    Tree(#[source] std::io::Error),
    /// The log key did not sign.
    #[error("the log key did not sign")]
    Sign(#[from] SignError),
}

/// Appends what is pending, up to a batch. Gives how many pending rows were dealt with; zero means there were none.
pub fn append(db: &Db, log_keys: &[Arc<Ed25519Signer>], now: Millis) -> Result<usize, AppendError> {
    let waiting = db.read_blocking(|connection| {
        Ok::<_, StoreError>(!log::pending(connection, 1)?.is_empty())
    })?;
    if !waiting {
        return Ok(0);
    }
    db.write_blocking(|tx| {
        let pending = log::pending(tx, BATCH)?;
        let old = log::head(tx)?;
        let mut size = old.size;
        for leaf in &pending {
            let digest: [u8; 32] = Sha256::digest(&leaf.note).into();
            // The same bytes twice are one leaf: two transactions may have decided on the same thing.
            if log::leaf_index(tx, &digest)?.is_none() {
                let nodes = stored_hashes(size, &leaf_hash(&leaf.note), &Hashes(tx))
                    .map_err(AppendError::Tree)?;
                log::append(tx, size, &leaf.kind, &leaf.note, &digest, now, &nodes)?;
                size += 1;
            }
            log::remove_pending(tx, leaf.id)?;
        }
        if size > old.size {
            let root = root_at(size, &Hashes(tx)).map_err(AppendError::Tree)?;
            let signers: Vec<&dyn Signer> = log_keys.iter().map(|key| key as &dyn Signer).collect();
            let head = Checkpoint {
                origin: signers
                    .first()
                    .map(|key| key.vkey().name().to_owned())
                    .unwrap_or_default(),
                size,
                root,
                extensions: Vec::new(),
            };
            let head = Note::sign(&head.text(), &signers)?;
            log::set_head(tx, size, &head.to_bytes())?;
        }
        Ok(pending.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_tlog::checkpoint;
    use fieldseal_tlog::merkle::root_of;

    #[test]
    fn a_batch_becomes_leaves_once() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(&folder.path().join("server.db"), true).unwrap();
        let key = Arc::new(Ed25519Signer::from_seed("log.example", &[1; 32]).unwrap());
        let keys = [key.clone()];
        let notes: [&[u8]; 4] = [b"a", b"b", b"a", b"c"];
        for note in notes {
            db.write_blocking(|tx| log::add_pending(tx, "test", note))
                .unwrap();
        }
        assert_eq!(append(&db, &keys, 5).unwrap(), 4);
        assert_eq!(append(&db, &keys, 5).unwrap(), 0);
        let head = db.read_blocking(log::head).unwrap();
        let head = checkpoint::open(&head.checkpoint, key.vkey()).unwrap();
        assert_eq!(head.size, 3);
        assert_eq!(
            head.root,
            root_of(&[leaf_hash(b"a"), leaf_hash(b"b"), leaf_hash(b"c")])
        );
    }
}
