//! A log's files made from its leaves, as a server publishes them: what the benchmark measures and the tests change.

use std::fs;
use std::path::Path;

use anyhow::Context as _;
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, root_at};
use fieldseal_tlog::note::{Ed25519Signer, Note, Signer as _};
use fieldseal_tlog::tile::{
    TILE_WIDTH, TilePath, encode_bundle, hash_tile, new_bundles, new_tiles,
};

/// Writes checkpoint, tiles and bundles.
pub fn write(folder: &Path, key: &Ed25519Signer, leaves: &[Vec<u8>]) -> anyhow::Result<()> {
    let tree: MemoryTree = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let size = tree.size();
    let put = |path: &TilePath, bytes: &[u8]| -> anyhow::Result<()> {
        let file = folder.join(path.to_string());
        fs::create_dir_all(file.parent().context("a tile lies in a folder")?)?;
        Ok(fs::write(file, bytes)?)
    };
    for path in new_tiles(0, size) {
        if let TilePath::Hashes {
            level,
            index,
            width,
        } = path
        {
            put(&path, &hash_tile(level, index, width, &tree)?)?;
        }
    }
    for (path, entries) in new_bundles(0, size)
        .iter()
        .zip(leaves.chunks(TILE_WIDTH.into()))
    {
        put(path, &encode_bundle(entries)?)?;
    }
    let head = Checkpoint {
        origin: key.vkey().name().to_owned(),
        size,
        root: root_at(size, &tree)?,
        extensions: Vec::new(),
    };
    let note = Note::sign(&head.text(), &[key])?;
    Ok(fs::write(folder.join("checkpoint"), note.to_bytes())?)
}
