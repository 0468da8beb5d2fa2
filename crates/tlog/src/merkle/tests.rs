use super::*;
use proptest::prelude::*;
use std::io;

/// The leaves of the reference implementation of RFC 6962, and the roots over the first 1 to 8 of them.
const LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];
const ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];
const FIRST_OF_EIGHT: [&str; 3] = [
    "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
    "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
    "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
];

fn hash(hex: &str) -> Hash {
    hex::decode(hex).unwrap().try_into().unwrap()
}

fn reference_leaves() -> Vec<Hash> {
    LEAVES
        .iter()
        .map(|leaf| leaf_hash(&hex::decode(leaf).unwrap()))
        .collect()
}

fn numbered(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect()
}

#[test]
fn the_reference_tree_has_the_reference_roots() {
    let leaves = reference_leaves();
    let tree: MemoryTree = leaves.iter().copied().collect();
    assert_eq!(
        hex::encode(empty_root()),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(root_at(0, &tree).unwrap(), empty_root());
    for (size, root) in (1..).zip(ROOTS) {
        assert_eq!(hex::encode(root_of(&leaves[..size])), root);
        assert_eq!(hex::encode(root_at(size as u64, &tree).unwrap()), root);
    }
}

#[test]
fn the_reference_proofs_come_out_and_hold() {
    let tree: MemoryTree = reference_leaves().into_iter().collect();
    let expected = FIRST_OF_EIGHT.map(hash).to_vec();
    assert_eq!(prove_inclusion(0, 8, &tree).unwrap(), expected);
    assert_eq!(prove_consistency(1, 8, &tree).unwrap(), expected);
    verify_inclusion(&reference_leaves()[0], 0, 8, &expected, &hash(ROOTS[7])).unwrap();
    verify_consistency(1, &hash(ROOTS[0]), 8, &hash(ROOTS[7]), &expected).unwrap();
    assert!(prove_inclusion(0, 1, &tree).unwrap().is_empty());
}

#[test]
fn every_inclusion_in_small_trees_is_proved_and_no_other() {
    let leaves = numbered(70);
    let tree: MemoryTree = leaves.iter().copied().collect();
    for size in 1..=70 {
        let root = root_at(size, &tree).unwrap();
        assert_eq!(root, root_of(&leaves[..size as usize]));
        for index in 0..size {
            let leaf = &leaves[index as usize];
            let proof = prove_inclusion(index, size, &tree).unwrap();
            verify_inclusion(leaf, index, size, &proof, &root).unwrap();
            assert!(verify_inclusion(&leaf_hash(b"other"), index, size, &proof, &root).is_err());
            assert!(
                verify_inclusion(leaf, (index + 1) % size, size, &proof, &root).is_err()
                    || size == 1
            );
            for at in 0..proof.len() {
                let mut bent = proof.clone();
                bent[at][31] ^= 1;
                assert_eq!(
                    verify_inclusion(leaf, index, size, &bent, &root),
                    Err(ProofError::Root)
                );
                bent.remove(at);
                assert!(verify_inclusion(leaf, index, size, &bent, &root).is_err());
            }
            let longer = [proof.as_slice(), &[root]].concat();
            assert_eq!(
                verify_inclusion(leaf, index, size, &longer, &root),
                Err(ProofError::Length)
            );
        }
        assert_eq!(
            verify_inclusion(&leaves[0], size, size, &[], &root),
            Err(ProofError::Index)
        );
    }
}

#[test]
fn every_consistency_in_small_trees_is_proved_and_no_other() {
    let leaves = numbered(70);
    let tree: MemoryTree = leaves.iter().copied().collect();
    let roots: Vec<Hash> = (0..=70).map(|size| root_at(size, &tree).unwrap()).collect();
    for new in 0..=70u64 {
        for old in 0..=new {
            let (old_root, new_root) = (&roots[old as usize], &roots[new as usize]);
            let proof = prove_consistency(old, new, &tree).unwrap();
            verify_consistency(old, old_root, new, new_root, &proof).unwrap();
            let wrong = leaf_hash(b"other");
            assert!(verify_consistency(old, &wrong, new, new_root, &proof).is_err());
            if old > 0 {
                assert!(verify_consistency(old, old_root, new, &wrong, &proof).is_err());
            }
            for at in 0..proof.len() {
                let mut bent = proof.clone();
                bent[at][0] ^= 0x80;
                assert!(verify_consistency(old, old_root, new, new_root, &bent).is_err());
                bent.remove(at);
                assert!(verify_consistency(old, old_root, new, new_root, &bent).is_err());
            }
            let longer = [proof.as_slice(), &[wrong]].concat();
            assert_eq!(
                verify_consistency(old, old_root, new, new_root, &longer),
                Err(ProofError::Length)
            );
        }
    }
}

#[test]
fn a_tree_that_shrank_is_refused_and_cannot_be_proved() {
    let tree: MemoryTree = numbered(4).into_iter().collect();
    let root = root_at(4, &tree).unwrap();
    assert_eq!(
        verify_consistency(4, &root, 3, &root, &[]),
        Err(ProofError::Shrunk)
    );
    assert!(prove_consistency(4, 3, &tree).is_err());
    assert!(prove_inclusion(4, 4, &tree).is_err());
    assert!(prove_inclusion(0, 5, &tree).is_err());
    assert!(root_at(5, &tree).is_err());
}

#[test]
fn the_largest_sizes_neither_panic_nor_pass() {
    let hash = leaf_hash(b"x");
    for len in [0, 63, 64, 65, 66] {
        let proof = vec![hash; len];
        for index in [0, 1, u64::MAX / 2, u64::MAX - 1] {
            assert!(verify_inclusion(&hash, index, u64::MAX, &proof, &hash).is_err());
            assert!(verify_consistency(index.max(1), &hash, u64::MAX, &hash, &proof).is_err());
        }
    }
}

#[test]
fn appending_gives_just_the_nodes_that_became_complete() {
    let leaves = numbered(33);
    let mut tree = MemoryTree::default();
    for (index, leaf) in (0..).zip(&leaves) {
        let nodes = stored_hashes(index, leaf, &tree).unwrap();
        assert_eq!(tree.push(*leaf), index);
        assert_eq!(nodes.len() as u32, (index + 1).trailing_zeros() + 1);
        for node in nodes {
            assert_eq!(tree.hash(node.level, node.index).unwrap(), node.hash);
        }
    }
}

/// A tree of any size whose leaves are all the same: every complete node of a level is, too.
struct Uniform(Vec<Hash>);

impl Uniform {
    fn new() -> Uniform {
        let mut levels = vec![leaf_hash(b"always the same")];
        for level in 0..63 {
            levels.push(node_hash(&levels[level], &levels[level]));
        }
        Uniform(levels)
    }
}

impl HashReader for Uniform {
    fn hash(&self, level: u8, _: u64) -> io::Result<Hash> {
        Ok(self.0[usize::from(level)])
    }
}

proptest! {
    #[test]
    fn proofs_hold_in_trees_of_any_size(size in 1..=u64::MAX, place in any::<u64>(), old in any::<u64>()) {
        let tree = Uniform::new();
        let root = root_at(size, &tree).unwrap();
        let (index, old) = (place % size, 1 + old % size);
        let proof = prove_inclusion(index, size, &tree).unwrap();
        prop_assert!(proof.len() < MAX_PROOF_HASHES);
        prop_assert_eq!(verify_inclusion(&tree.0[0], index, size, &proof, &root), Ok(()));
        let proof = prove_consistency(old, size, &tree).unwrap();
        prop_assert!(proof.len() <= MAX_PROOF_HASHES);
        let old_root = root_at(old, &tree).unwrap();
        prop_assert_eq!(verify_consistency(old, &old_root, size, &root, &proof), Ok(()));
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(verify_consistency(old, &old_root, size, &root, shorter).is_err());
        }
    }
}
