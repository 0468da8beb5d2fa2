//! The Merkle tree of RFC 6962: hashes, and checking the two proofs as RFC 9162 (2.1.3.2 and 2.1.4.2) writes it.
//!
//! Making proofs is in `prove`, behind [`HashReader`]: whoever stores the complete subtrees can prove.

mod prove;

use sha2::{Digest as _, Sha256};

pub use prove::{
    HashReader, MemoryTree, StoredHash, prove_consistency, prove_inclusion, root_at, stored_hashes,
};

/// A SHA-256 hash in the tree.
pub type Hash = [u8; 32];

/// Most hashes a proof can have: the tree's depth is at most 64, and a consistency proof has one more.
pub const MAX_PROOF_HASHES: usize = 65;

/// Why a proof was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// The leaf's index is not below the tree's size.
    #[error("the index lies outside the tree")]
    Index,
    /// The old tree is larger than the new one.
    #[error("the tree shrank")]
    Shrunk,
    /// Too many or too few hashes for this index and size.
    #[error("the proof has a wrong number of hashes")]
    Length,
    /// The hashes lead to another root.
    #[error("the proof leads to another root")]
    Root,
}

/// The hash of a leaf's bytes: sha256(0x00 ‖ bytes).
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0x00]);
    hash.update(leaf);
    hash.finalize().into()
}

/// The hash of an inner node: sha256(0x01 ‖ left ‖ right).
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut hash = Sha256::new();
    hash.update([0x01]);
    hash.update(left);
    hash.update(right);
    hash.finalize().into()
}

/// The root of the tree without leaves: sha256 of nothing.
pub fn empty_root() -> Hash {
    Sha256::digest([]).into()
}

/// The root over these leaf hashes.
pub fn root_of(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split_point(leaves.len() as u64) as usize);
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// The largest power of two below `size`, which must be at least 2.
fn split_point(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// Accepts when `proof` shows that the leaf hash stands at `index` of the tree of `size` leaves with this root.
pub fn verify_inclusion(
    leaf: &Hash,
    index: u64,
    size: u64,
    proof: &[Hash],
    root: &Hash,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Index);
    }
    let (mut node, mut last) = (index, size - 1);
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if hash == *root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

/// Accepts when `proof` shows that the tree of `new_size` leaves continues the one of `old_size`. Between equal sizes,
/// and from the empty tree, the proof is empty and the roots alone decide.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Hash,
    new_size: u64,
    new_root: &Hash,
    proof: &[Hash],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::Shrunk);
    }
    if old_size == 0 || old_size == new_size {
        let same = if old_size == new_size {
            old_root == new_root
        } else {
            *old_root == empty_root()
        };
        return match (proof, same) {
            ([], true) => Ok(()),
            ([], false) => Err(ProofError::Root),
            _ => Err(ProofError::Length),
        };
    }
    let (mut node, mut last) = (old_size - 1, new_size - 1);
    let complete = node.trailing_ones();
    node >>= complete;
    last >>= complete;
    // A complete old tree is itself a node of the new one: the proof leaves it out.
    let (start, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::Length)?
    };
    let (mut old_hash, mut new_hash) = (*start, *start);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(ProofError::Length);
    }
    if old_hash == *old_root && new_hash == *new_root {
        Ok(())
    } else {
        Err(ProofError::Root)
    }
}

#[cfg(test)]
mod tests;
