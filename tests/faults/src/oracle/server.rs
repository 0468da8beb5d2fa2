//! Looking at the server's data folder: its own check of everything, and the published log from its leaves up.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::Path;

use anyhow::{Context as _, ensure};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::zipread::{Stretch, ZipIndex};
use fieldseal_packet::{KeyRole, Sha256Digest};
use fieldseal_server::admin::Admin;
use fieldseal_tlog::checkpoint;
use fieldseal_tlog::merkle::{Hash, HashReader, leaf_hash, node_hash, root_of};
use fieldseal_tlog::tile::{self, TilePath};

use crate::site::Site;

/// Everything on the server.
#[derive(Debug, Default)]
pub struct ServerListing {
    /// Packets that are logged.
    pub packets: BTreeSet<String>,
    /// Digests of every item in a logged packet, as its bytes are now.
    pub receipted_items: BTreeSet<String>,
    /// The log's leaves as published.
    pub leaves: Vec<Vec<u8>>,
    /// sha256 hex of a leaf → where it stands.
    places: BTreeMap<String, Vec<u64>>,
    /// What is wrong with the server by itself.
    pub problems: Vec<String>,
}

impl ServerListing {
    /// Where the leaf of a packet digest stands.
    pub fn leaves_of(&self, digest: &str) -> Vec<u64> {
        self.places.get(digest).cloned().unwrap_or_default()
    }
}

/// Looks at the server's folder; the server must not run.
pub fn audit_server(site: &Site) -> anyhow::Result<ServerListing> {
    let admin = Admin::open(&site.server_config()).context("opening")?;
    let mut listing = ServerListing::default();
    let report = admin.fsck().context("fsck")?;
    listing.problems.extend(
        report
            .problems
            .into_iter()
            .map(|what| format!("fsck: {what}")),
    );
    read_log(&admin, &site.server().join("log"), &mut listing)?;
    read_packets(&admin, site, &mut listing)?;
    Ok(listing)
}

fn read_log(admin: &Admin, folder: &Path, listing: &mut ServerListing) -> anyhow::Result<()> {
    let signed = match std::fs::read(folder.join("checkpoint")) {
        Ok(signed) => signed,
        // An empty log has none.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context("the checkpoint"),
    };
    let trust = Trust::parse(admin.trust().as_bytes()).context("the trust file")?;
    let origin = admin.origin();
    let key = trust
        .role(origin, KeyRole::Log)
        .next()
        .context("no log key")?;
    let head = checkpoint::open(&signed, key).context("the published checkpoint")?;
    let mut hashes = Vec::new();
    for path in tile::new_bundles(0, head.size) {
        // The widest bundle of an index holds the narrower ones.
        let first = path.index() * u64::from(tile::TILE_WIDTH);
        let whole = (head.size - first).min(u64::from(tile::TILE_WIDTH));
        if u64::from(path.width()) != whole {
            continue;
        }
        let bytes = std::fs::read(folder.join(path.to_string()))
            .with_context(|| format!("the log's {path}"))?;
        listing.leaves.extend(tile::decode_bundle(&bytes)?);
    }
    for (place, leaf) in listing.leaves.iter().enumerate() {
        hashes.push(leaf_hash(leaf));
        listing
            .places
            .entry(Sha256Digest::of(leaf).to_string())
            .or_default()
            .push(place as u64);
    }
    if hashes.len() as u64 != head.size || root_of(&hashes) != head.root {
        listing
            .problems
            .push("the published leaves are not those of the published head".to_owned());
        return Ok(());
    }
    for path in tile::new_tiles(0, head.size) {
        let TilePath::Hashes {
            level,
            index,
            width,
        } = path
        else {
            continue;
        };
        let span = u64::from(tile::TILE_WIDTH).pow(u32::from(level) + 1);
        let whole = width == tile::TILE_WIDTH || index * span + span > head.size;
        let right = tile::hash_tile(level, index, width, &InMemory(&hashes))?;
        if whole && std::fs::read(folder.join(path.to_string())).ok().as_deref() != Some(&right[..])
        {
            listing
                .problems
                .push(format!("the log's {path} is not that of its leaves"));
        }
    }
    Ok(())
}

/// Nodes from the leaves up.
struct InMemory<'a>(&'a [Hash]);

impl HashReader for InMemory<'_> {
    fn hash(&self, level: u8, index: u64) -> io::Result<Hash> {
        if level == 0 {
            let place = usize::try_from(index).map_err(io::Error::other)?;
            return self
                .0
                .get(place)
                .copied()
                .ok_or_else(|| io::ErrorKind::NotFound.into());
        }
        let left = self.hash(level - 1, index * 2)?;
        let right = self.hash(level - 1, index * 2 + 1)?;
        Ok(node_hash(&left, &right))
    }
}

fn read_packets(admin: &Admin, site: &Site, listing: &mut ServerListing) -> anyhow::Result<()> {
    let out = site.dir.join("looked-at");
    std::fs::create_dir_all(&out)?;
    for packet in admin.packets()? {
        if packet.leaf_index.is_none() {
            listing
                .problems
                .push(format!("packet {} was never logged", packet.id));
            continue;
        }
        if !listing.packets.insert(packet.id.clone()) {
            listing
                .problems
                .push(format!("DOUBLED: packet {} on the server", packet.id));
        }
        let zip = admin.write_packet_zip(&packet.id, &out)?;
        let items = item_digests(&zip).with_context(|| format!("packet {}", packet.id))?;
        listing.receipted_items.extend(items);
        std::fs::remove_file(&zip)?;
    }
    Ok(())
}

fn item_digests(zip: &Path) -> anyhow::Result<Vec<String>> {
    let file = File::open(zip)?;
    let index = ZipIndex::read(&file)?;
    let mut digests = Vec::new();
    for entry in &index.entries {
        let inner = entry.path.split_once('/').map_or("", |(_, inner)| inner);
        if inner.starts_with("data/items/") {
            let mut content = Stretch::new(&file, entry.offset, entry.size);
            let (digest, size) = Sha256Digest::of_reader(&mut content)?;
            ensure!(size == entry.size, "an item is cut off");
            digests.push(digest.to_string());
        }
    }
    Ok(digests)
}
