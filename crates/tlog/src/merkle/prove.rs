//! Making roots and proofs out of stored subtrees.
//!
//! A store keeps only the *complete* nodes: (level, index) is the root of leaves `index << level` to
//! `(index + 1) << level`. They never change once made, so appending only ever adds ([`stored_hashes`]), and every
//! root and proof of every earlier size can be made from them.

use std::io;

use super::{Hash, empty_root, node_hash, split_point};

/// Reads complete nodes. An error of the store comes through unchanged.
pub trait HashReader {
    /// The root of the complete subtree of 2^`level` leaves that starts at leaf `index << level`.
    fn hash(&self, level: u8, index: u64) -> io::Result<Hash>;
}

/// One complete node to be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredHash {
    /// 0 for leaves.
    pub level: u8,
    /// Position among the nodes of its level.
    pub index: u64,
    /// Its hash.
    pub hash: Hash,
}

/// The nodes that become complete when `leaf` (a leaf hash) is appended as leaf number `index`, lowest level first.
/// Reads only nodes that earlier leaves completed.
pub fn stored_hashes(
    index: u64,
    leaf: &Hash,
    reader: &dyn HashReader,
) -> io::Result<Vec<StoredHash>> {
    let mut node = StoredHash {
        level: 0,
        index,
        hash: *leaf,
    };
    let mut nodes = vec![node];
    while node.index & 1 == 1 {
        let left = reader.hash(node.level, node.index - 1)?;
        node = StoredHash {
            level: node.level + 1,
            index: node.index >> 1,
            hash: node_hash(&left, &node.hash),
        };
        nodes.push(node);
    }
    Ok(nodes)
}

/// The root of the first `size` leaves.
pub fn root_at(size: u64, reader: &dyn HashReader) -> io::Result<Hash> {
    if size == 0 {
        Ok(empty_root())
    } else {
        subtree(0, size, reader)
    }
}

/// The proof that leaf `index` stands in the tree of `size` leaves: the leaf's sibling first.
pub fn prove_inclusion(index: u64, size: u64, reader: &dyn HashReader) -> io::Result<Vec<Hash>> {
    if index >= size {
        return Err(outside());
    }
    let (mut start, mut len) = (0, size);
    let mut proof = Vec::new();
    while len > 1 {
        let left = split_point(len);
        if index - start < left {
            proof.push(subtree(start + left, len - left, reader)?);
            len = left;
        } else {
            proof.push(subtree(start, left, reader)?);
            start += left;
            len -= left;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that the tree of `new_size` leaves continues the one of `old_size`; empty for equal sizes and from 0.
pub fn prove_consistency(
    old_size: u64,
    new_size: u64,
    reader: &dyn HashReader,
) -> io::Result<Vec<Hash>> {
    if old_size > new_size {
        return Err(outside());
    }
    if old_size == 0 || old_size == new_size {
        return Ok(Vec::new());
    }
    let (mut start, mut len) = (0, new_size);
    let mut proof = Vec::new();
    while old_size - start != len {
        let left = split_point(len);
        if old_size - start <= left {
            proof.push(subtree(start + left, len - left, reader)?);
            len = left;
        } else {
            proof.push(subtree(start, left, reader)?);
            start += left;
            len -= left;
        }
    }
    // Still at leaf 0, this subtree is the whole old tree, whose root the verifier has.
    if start > 0 {
        proof.push(subtree(start, len, reader)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The hash over leaves `start` to `start + len`; `start` is a multiple of the power of two at or above `len`.
fn subtree(start: u64, len: u64, reader: &dyn HashReader) -> io::Result<Hash> {
    if len.is_power_of_two() {
        let level = len.trailing_zeros();
        return reader.hash(level as u8, start >> level);
    }
    let left = split_point(len);
    let right = subtree(start + left, len - left, reader)?;
    Ok(node_hash(&subtree(start, left, reader)?, &right))
}

fn outside() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "the index lies outside the tree",
    )
}

/// A tree held in memory, for small logs and for checking stored ones.
#[derive(Debug, Clone, Default)]
pub struct MemoryTree {
    levels: Vec<Vec<Hash>>,
}

impl MemoryTree {
    /// The number of leaves.
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends a leaf hash and says its index.
    pub fn push(&mut self, leaf: Hash) -> u64 {
        let index = self.size();
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let nodes = &mut self.levels[level];
            nodes.push(hash);
            match nodes.as_slice() {
                [.., left, right] if nodes.len().is_multiple_of(2) => hash = node_hash(left, right),
                _ => break,
            }
        }
        index
    }
}

impl HashReader for MemoryTree {
    fn hash(&self, level: u8, index: u64) -> io::Result<Hash> {
        let nodes = self.levels.get(usize::from(level));
        let at = usize::try_from(index).ok();
        nodes
            .zip(at)
            .and_then(|(nodes, at)| nodes.get(at))
            .copied()
            .ok_or_else(outside)
    }
}

impl FromIterator<Hash> for MemoryTree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> MemoryTree {
        let mut tree = MemoryTree::default();
        for leaf in leaves {
            tree.push(leaf);
        }
        tree
    }
}
