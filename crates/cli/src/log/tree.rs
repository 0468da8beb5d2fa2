//! The tree: leaves hashed and folded up to the root, each tile compared on the way.

use fieldseal_packet::entry::{Enrolled, Rotated};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{Hash, empty_root, leaf_hash, node_hash};
use fieldseal_tlog::note::Note;
use fieldseal_tlog::tile::{TILE_WIDTH, node_in_tile};

use super::{Files, Outcome};
use crate::verify::in_order;

/// Hashes in a full tile.
const FULL: usize = TILE_WIDTH as usize;

/// What one bundle came to.
struct Bundle {
    hashes: Vec<Hash>,
    /// Notes that bind a key, with their leaf's index.
    enrolments: Vec<(u64, Note)>,
    problems: Vec<String>,
}

/// Checks bundles and tiles against the checkpoint. Gives the notes that enrol a key, not yet believed.
pub fn check(files: &Files, head: &Checkpoint, outcome: &mut Outcome) -> Vec<(u64, Note)> {
    let count = Files::bundles(head.size);
    let mut enrolments = Vec::new();
    // Roots of the full tiles, and the leaves behind the last of them.
    let (mut roots, mut rest) = (Vec::new(), Vec::new());
    let mut whole = true;
    let taken = in_order(
        usize::try_from(count).unwrap_or(usize::MAX),
        |index| bundle(files, index as u64, head),
        |_, bundle| {
            bundle
                .problems
                .into_iter()
                .for_each(|problem| outcome.problem(problem));
            enrolments.extend(bundle.enrolments);
            match bundle.hashes.len() {
                0 => whole = false,
                FULL => roots.extend(root_of_tile(&bundle.hashes)),
                _ => rest = bundle.hashes,
            }
            Ok(())
        },
    );
    if let Err(error) = taken {
        outcome.problem(format!("the bundles could not be read: {error}"));
        return enrolments;
    }
    if !whole {
        outcome.problem("the root can't be made: leaves are missing".to_owned());
        return enrolments;
    }
    if root(&roots, &rest) != head.root {
        outcome.problem("the leaves do not add up to the checkpoint's root".to_owned());
    }
    let mut nodes = roots;
    for level in 1..8 {
        for (index, tile) in nodes.chunks(FULL).enumerate() {
            compare(files, level, index as u64, tile, outcome);
        }
        nodes = nodes.chunks_exact(FULL).filter_map(root_of_tile).collect();
    }
    enrolments
}

fn bundle(files: &Files, index: u64, head: &Checkpoint) -> Bundle {
    let mut bundle = Bundle {
        hashes: Vec::new(),
        enrolments: Vec::new(),
        problems: Vec::new(),
    };
    match files.bundle(index, head.size) {
        Err(problem) => bundle.problems.push(problem),
        Ok(leaves) => {
            bundle.hashes = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
            for (place, leaf) in (index * FULL as u64..).zip(&leaves) {
                if let Some(note) = binds_a_key(&head.origin, leaf) {
                    bundle.enrolments.push((place, note));
                }
            }
            let mut found = Outcome::default();
            compare(files, 0, index, &bundle.hashes, &mut found);
            bundle.problems.extend(found.problems);
        }
    }
    bundle
}

/// The note, where its first line is that of an enrolment or of a rotation.
fn binds_a_key(origin: &str, leaf: &[u8]) -> Option<Note> {
    let rest = leaf.strip_prefix(origin.as_bytes())?.strip_prefix(b"/")?;
    [Enrolled::KIND, Rotated::KIND]
        .iter()
        .any(|kind| rest.starts_with(kind.as_bytes()))
        .then(|| Note::parse(leaf).ok())?
}

fn compare(files: &Files, level: u8, index: u64, hashes: &[Hash], outcome: &mut Outcome) {
    match files.tile(level, index, hashes.len() as u16) {
        Ok(bytes) if bytes == hashes.as_flattened() => {}
        Ok(_) => outcome.problem(format!("tile {level}/{index} is not that of the leaves")),
        Err(problem) => outcome.problem(problem),
    }
}

fn root_of_tile(hashes: impl AsRef<[Hash]>) -> Option<Hash> {
    node_in_tile(hashes.as_ref().as_flattened(), 0..FULL)
}

/// The root over full tiles and the leaves behind them: complete subtrees as in a binary counter, folded from the right.
fn root(tiles: &[Hash], rest: &[Hash]) -> Hash {
    let mut complete: Vec<(u32, Hash)> = Vec::new();
    let nodes = tiles.iter().map(|hash| (8, *hash));
    for (mut level, mut hash) in nodes.chain(rest.iter().map(|hash| (0, *hash))) {
        while let Some((_, left)) = complete.pop_if(|(below, _)| *below == level) {
            hash = node_hash(&left, &hash);
            level += 1;
        }
        complete.push((level, hash));
    }
    let mut from_right = complete.into_iter().rev().map(|(_, hash)| hash);
    match from_right.next() {
        None => empty_root(),
        Some(last) => from_right.fold(last, |right, left| node_hash(&left, &right)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_tlog::merkle::root_of;

    #[test]
    fn the_root_is_that_of_the_leaves() {
        let leaves: Vec<Hash> = (0..1_100u32).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        for size in [0, 1, 2, 3, 255, 256, 257, 511, 512, 513, 767, 1_024, 1_099] {
            let tiles: Vec<Hash> = leaves[..size]
                .chunks_exact(FULL)
                .filter_map(root_of_tile)
                .collect();
            let rest = &leaves[tiles.len() * FULL..size];
            assert_eq!(root(&tiles, rest), root_of(&leaves[..size]), "{size}");
        }
    }
}
