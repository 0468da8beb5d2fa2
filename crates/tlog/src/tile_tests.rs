use super::*;
use crate::merkle::{MemoryTree, leaf_hash};

fn hashes(level: u8, index: u64, width: u16) -> TilePath {
    TilePath::Hashes {
        level,
        index,
        width,
    }
}

#[test]
fn paths_are_written_as_the_format_says_and_read_back() {
    let known = [
        (hashes(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (hashes(0, 0, 256), "tile/0/000"),
        (hashes(1, 999, 17), "tile/1/999.p/17"),
        (hashes(63, 1000, 255), "tile/63/x001/000.p/255"),
        (
            TilePath::Entries {
                index: 67,
                width: 256,
            },
            "tile/entries/067",
        ),
        (
            TilePath::Entries {
                index: 1_000_000,
                width: 1,
            },
            "tile/entries/x001/x000/000.p/1",
        ),
        (
            hashes(0, u64::MAX, 256),
            "tile/0/x018/x446/x744/x073/x709/x551/615",
        ),
    ];
    for (path, text) in known {
        assert_eq!(path.to_string(), text);
        assert_eq!(TilePath::parse(text), Ok(path));
    }
}

#[test]
fn other_spellings_of_a_path_are_refused() {
    for text in [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/00/000",
        "tile/64/000",
        "tile/0/00",
        "tile/0/0000",
        "tile/0/x000/001",
        "tile/0/x001",
        "tile/0/001/002",
        "tile/0/x001/x002",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/017",
        "tile/0/000.p/",
        "tile/0/000.p/1.p/1",
        "tile/0/-01",
        "tile/0/../000",
        "tile/entries/+01",
        "/tile/0/000",
        "tile/0/x018/x446/x744/x073/x709/x551/616",
    ] {
        assert_eq!(TilePath::parse(text), Err(PathError), "{text}");
    }
}

#[test]
fn the_formats_example_tree_has_its_tiles() {
    let tiles = new_tiles(0, 70_000);
    let full = |level| {
        tiles
            .iter()
            .filter(|t| matches!(t, TilePath::Hashes { level: l, width: 256, .. } if *l == level))
            .count()
    };
    assert_eq!((full(0), full(1), full(2)), (273, 1, 0));
    assert!(tiles.contains(&hashes(0, 273, 112)));
    assert!(tiles.contains(&hashes(1, 1, 17)));
    assert!(tiles.contains(&hashes(2, 0, 1)));
    assert_eq!(tiles.len(), 273 + 1 + 1 + 1 + 1);
    assert_eq!(new_tiles(0, 256), vec![hashes(0, 0, 256), hashes(1, 0, 1)]);
    assert_eq!(new_tiles(256, 256), vec![]);
    assert_eq!(
        new_tiles(255, 257),
        vec![hashes(0, 0, 256), hashes(0, 1, 1), hashes(1, 0, 1)]
    );
    assert_eq!(
        new_bundles(256, 700),
        vec![
            TilePath::Entries {
                index: 1,
                width: 256
            },
            TilePath::Entries {
                index: 2,
                width: 188
            }
        ]
    );
    for tile in tiles {
        assert!(tile.exists_at(70_000) && !tile.exists_at(0), "{tile}");
    }
    assert!(!hashes(0, 273, 113).exists_at(70_000));
    assert!(!hashes(0, u64::MAX, 1).exists_at(u64::MAX));
}

#[test]
fn every_node_comes_out_of_its_tile() {
    let tree: MemoryTree = (0..700u64).map(|n| leaf_hash(&n.to_be_bytes())).collect();
    for level in 0..10u8 {
        for index in 0..700u64 >> level {
            let (tile_level, tile_index, range) = tile_of(level, index);
            let width = (700u64 >> (8 * tile_level))
                .saturating_sub(tile_index * 256)
                .min(256);
            let tile = hash_tile(tile_level, tile_index, width as u16, &tree).unwrap();
            assert_eq!(tile.len() as u64, width * 32);
            assert_eq!(
                node_in_tile(&tile, range),
                Some(tree.hash(level, index).unwrap()),
                "{level} {index}"
            );
        }
    }
    assert_eq!(node_in_tile(&[0; 64], 0..3), None);
    assert_eq!(node_in_tile(&[0; 64], 2..3), None);
    assert_eq!(node_in_tile(&[], 0..0), None);
    assert!(hash_tile(0, 2, 189, &tree).is_err());
    assert!(hash_tile(40, 0, 1, &tree).is_err());
}

#[test]
fn bundles_keep_their_entries() {
    let entries = vec![vec![], vec![1, 2, 3], vec![7; 65_535]];
    let bytes = encode_bundle(&entries).unwrap();
    assert_eq!(&bytes[..7], [0, 0, 0, 3, 1, 2, 3]);
    assert_eq!(decode_bundle(&bytes).unwrap(), entries);
    assert_eq!(
        decode_bundle(&bytes[..bytes.len() - 1]),
        Err(BundleError::Truncated)
    );
    assert_eq!(decode_bundle(&[0]), Err(BundleError::Truncated));
    assert_eq!(decode_bundle(&[]), Err(BundleError::Count));
    assert_eq!(decode_bundle(&[0; 2 * 257]), Err(BundleError::Count));
    assert_eq!(
        encode_bundle(&[vec![0; 65_536]]),
        Err(BundleError::EntryTooLong)
    );
    assert_eq!(encode_bundle(&vec![vec![]; 257]), Err(BundleError::Count));
    assert_eq!(encode_bundle::<Vec<u8>>(&[]), Err(BundleError::Count));
}
