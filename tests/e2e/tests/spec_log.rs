//! The example in docs/spec/log.md is what the code makes, to the byte.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fieldseal_e2e::workspace;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::Timestamp;
use fieldseal_packet::entry::{Enrolled, Heartbeat, SubjectKind};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{
    HashReader as _, MemoryTree, leaf_hash, prove_consistency, prove_inclusion, root_at,
};
use fieldseal_tlog::note::{Ed25519Signer, Note, P256Signer, Signer};
use fieldseal_tlog::proof::TlogProof;
use fieldseal_tlog::tile::{encode_bundle, hash_tile};

const ORIGIN: &str = "bureau.example/log";

/// The keys of the example: seeds of one repeated byte, so that anybody can make them again.
fn key(name: &str, byte: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, &[byte; 32]).unwrap()
}

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

struct Example {
    log: Ed25519Signer,
    authority: Ed25519Signer,
    leaves: Vec<Vec<u8>>,
    tree: MemoryTree,
}

fn example() -> Example {
    let log = key(ORIGIN, 1);
    let authority = key("bureau.example/log/authority", 2);
    let device = P256Signer::from_scalar("bureau.example/log/device/d-1", &[3; 32]).unwrap();
    let officer = key("bureau.example/log/officer/o-1", 4);
    let enrol = |kind, vkey: &fieldseal_tlog::note::Vkey, time| {
        let body = Enrolled {
            origin: ORIGIN.into(),
            kind,
            subject: vkey.name().to_owned(),
            vkey: vkey.to_string(),
            enrolled_at: at(time),
        };
        Note::sign(&body.text(), &[&authority]).unwrap().to_bytes()
    };
    let beat = Heartbeat {
        origin: ORIGIN.into(),
        device: device.vkey().name().to_owned(),
        device_seq: 0,
        capture_seq: 0,
        capture_link: Sha256Digest::ZERO,
        at: at("2026-11-23T01:05:00.000Z"),
    };
    let leaves = vec![
        enrol(
            SubjectKind::Device,
            device.vkey(),
            "2026-11-23T01:00:00.000Z",
        ),
        enrol(
            SubjectKind::Officer,
            officer.vkey(),
            "2026-11-23T01:01:00.000Z",
        ),
        Note::sign(&beat.text(), &[&device]).unwrap().to_bytes(),
    ];
    let tree = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    Example {
        log,
        authority,
        leaves,
        tree,
    }
}

impl Example {
    fn checkpoint(&self, size: u64) -> Vec<u8> {
        let root = root_at(size, &self.tree).unwrap();
        let checkpoint = Checkpoint {
            origin: ORIGIN.into(),
            size,
            root,
            extensions: vec![],
        };
        Note::sign(&checkpoint.text(), &[&self.log])
            .unwrap()
            .to_bytes()
    }

    fn proof(&self, index: u64) -> TlogProof {
        let size = self.tree.size();
        let hashes = prove_inclusion(index, size, &self.tree).unwrap();
        TlogProof {
            index,
            hashes,
            extra: None,
            checkpoint: self.checkpoint(size),
        }
    }
}

fn utf8(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).unwrap()
}

/// What the specification shows, and what it is.
fn blocks(example: &Example) -> Vec<(&'static str, String)> {
    let hex = |level, index| hex::encode(example.tree.hash(level, index).unwrap());
    let size = example.tree.size();
    let hashes: String = (0..size)
        .map(|index| format!("leaf 0-{index}   {}\n", hex(0, index)))
        .collect();
    let root = hex::encode(root_at(size, &example.tree).unwrap());
    let consistency: String = prove_consistency(2, 3, &example.tree)
        .unwrap()
        .iter()
        .map(|hash| STANDARD.encode(hash) + "\n")
        .collect();
    let tile = hash_tile(0, 0, 3, &example.tree).unwrap().len();
    let bundle = encode_bundle(&example.leaves).unwrap().len();
    vec![
        (
            "the trust anchors",
            format!("log {}\n{}\n", example.log.vkey(), example.authority.vkey()),
        ),
        ("leaf 0", utf8(example.leaves[0].clone())),
        ("leaf 2", utf8(example.leaves[2].clone())),
        (
            "the tree",
            format!("{hashes}node 1-0   {}\nroot       {root}\n", hex(1, 0)),
        ),
        ("the checkpoint", utf8(example.checkpoint(size))),
        (
            "the files",
            format!("tile/0/000.p/3         {tile} bytes\ntile/entries/000.p/3   {bundle} bytes\n"),
        ),
        ("the proof of leaf 0", utf8(example.proof(0).to_bytes())),
        ("the consistency file", format!("2 3\n{consistency}")),
    ]
}

#[test]
fn the_spec_shows_what_the_code_makes() {
    let spec = std::fs::read_to_string(workspace().join("docs/spec/log.md")).unwrap();
    let example = example();
    let missing: String = blocks(&example)
        .into_iter()
        .map(|(what, block)| (what, format!("```\n{block}```\n")))
        .filter(|(_, block)| !spec.contains(block))
        .map(|(what, block)| format!("{what}:\n{block}\n"))
        .collect();
    assert!(
        missing.is_empty(),
        "docs/spec/log.md does not show\n\n{missing}"
    );
    for index in 0..3 {
        let leaf = leaf_hash(&example.leaves[index]);
        example
            .proof(index as u64)
            .verify(&leaf, example.log.vkey())
            .unwrap();
    }
}
