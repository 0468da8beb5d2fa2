//! Proofs at their edges, by RFC 9162, sections 2.1.3 and 2.1.4.

use super::*;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use fieldseal_packet::consistency::Consistency;
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, prove_consistency, prove_inclusion, root_at};

const PROOF: &str = "data/receipt/packet.tlog-proof";
const CHECKPOINT: &str = "data/receipt/checkpoint";
const CONSISTENCY: &str = "data/receipt/consistency";

pub(super) fn proofs(c: &mut Cases) {
    inclusion(c);
    consistency(c);
    trees(c);
}

fn parsed(payload: &Files) -> TlogProof {
    TlogProof::parse(&payload[PROOF]).unwrap()
}

fn inclusion(c: &mut Cases) {
    let line = |at: usize, to: &'static str| {
        move |payload: &mut Files| {
            let text = String::from_utf8(payload[PROOF].clone()).unwrap();
            let mut lines: Vec<&str> = text.split('\n').collect();
            lines[at] = to;
            payload.insert(PROOF.to_owned(), lines.join("\n").into_bytes());
        }
    };
    for (name, what, at, to) in [
        (
            "proof-hash-of-33",
            "The proof of inclusion has a hash of 33 bytes.",
            2,
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        ),
        (
            "proof-hash-empty",
            "The proof of inclusion has a hash of no bytes.",
            2,
            "====",
        ),
        (
            "proof-hash-not-base64",
            "The proof of inclusion has a line that is not base64.",
            2,
            "*",
        ),
        (
            "proof-index-spelt",
            "The index is spelt with a zero before it.",
            1,
            "index 03",
        ),
        (
            "proof-index-negative",
            "The index is below zero.",
            1,
            "index -1",
        ),
        (
            "proof-of-another-format",
            "The proof is of a version that is not known.",
            0,
            "c2sp.org/tlog-proof@v2",
        ),
    ] {
        c.export(name, what, EXPORTED, &["proof-malformed"], line(at, to));
    }
    let hashes = |change: fn(&mut TlogProof)| {
        move |payload: &mut Files| {
            let mut proof = parsed(payload);
            change(&mut proof);
            payload.insert(PROOF.to_owned(), proof.to_bytes());
        }
    };
    let invalid = &["log-inclusion-invalid"];
    let elsewhere = &["log-inclusion-invalid", "custody-after-mismatch"];
    c.export(
        "proof-hash-too-many",
        "The proof of inclusion has a hash more than the tree is deep.",
        EXPORTED,
        invalid,
        hashes(|proof| proof.hashes.push([0; 32])),
    );
    c.export(
        "proof-hash-too-few",
        "The proof of inclusion has a hash less than the tree is deep.",
        EXPORTED,
        invalid,
        hashes(|proof| {
            proof.hashes.pop();
        }),
    );
    c.export(
        "proof-without-hashes",
        "The proof of inclusion has no hash at all.",
        EXPORTED,
        invalid,
        hashes(|proof| proof.hashes.clear()),
    );
    c.export(
        "proof-hashes-swapped",
        "Two hashes of the proof have changed places.",
        EXPORTED,
        invalid,
        hashes(|proof| proof.hashes.swap(0, 1)),
    );
    c.export(
        "proof-index-beyond",
        "The index is the tree's size.",
        EXPORTED,
        elsewhere,
        hashes(|proof| proof.index = 5),
    );
    c.export(
        "proof-index-huge",
        "The index is 2^63.",
        EXPORTED,
        elsewhere,
        hashes(|proof| proof.index = 1 << 63),
    );
    let signed = |size: u64, root: [u8; 32]| {
        move |payload: &mut Files| {
            let checkpoint = Checkpoint {
                origin: ORIGIN.to_owned(),
                size,
                root,
                extensions: Vec::new(),
            };
            let note = Note::sign(&checkpoint.text(), &[&server_key("")]).unwrap();
            let mut proof = parsed(payload);
            proof.checkpoint = note.to_bytes();
            payload.insert(CHECKPOINT.to_owned(), proof.checkpoint.clone());
            payload.insert(PROOF.to_owned(), proof.to_bytes());
        }
    };
    c.export(
        "checkpoint-size-zero",
        "The log has signed an empty tree: nothing is in it.",
        EXPORTED,
        invalid,
        signed(0, Sha256Digest::of(b"").0),
    );
    c.export(
        "checkpoint-size-zero-odd-root",
        "The log has signed an empty tree with another root than the empty one.",
        EXPORTED,
        invalid,
        signed(0, [7; 32]),
    );
    c.export(
        "checkpoint-other-root",
        "The log has signed another root.",
        EXPORTED,
        invalid,
        signed(5, [7; 32]),
    );
    c.export(
        "checkpoint-root-of-31",
        "The checkpoint's root has 31 bytes, and the log has signed that.",
        EXPORTED,
        &["checkpoint-invalid"],
        |payload| {
            let text = format!("{ORIGIN}\n5\n{}\n", STANDARD.encode([7; 31]));
            let mut proof = parsed(payload);
            proof.checkpoint = Note::sign(&text, &[&server_key("")]).unwrap().to_bytes();
            payload.insert(CHECKPOINT.to_owned(), proof.checkpoint.clone());
            payload.insert(PROOF.to_owned(), proof.to_bytes());
        },
    );
    c.export(
        "checkpoint-of-another-log",
        "The checkpoint is of another log, signed by this one's key.",
        EXPORTED,
        &["checkpoint-invalid"],
        |payload| {
            let mut proof = parsed(payload);
            let text = Note::parse(&proof.checkpoint).unwrap().text;
            let other = text.replacen(ORIGIN, "other.example/log", 1);
            proof.checkpoint = Note::sign(&other, &[&server_key("")]).unwrap().to_bytes();
            payload.insert(CHECKPOINT.to_owned(), proof.checkpoint.clone());
            payload.insert(PROOF.to_owned(), proof.to_bytes());
        },
    );
}

fn consistency(c: &mut Cases) {
    let mut bad = |name, what, change: fn(&str) -> String| {
        c.export(name, what, EXPORTED, &["consistency-invalid"], |payload| {
            let text = String::from_utf8(payload[CONSISTENCY].clone()).unwrap();
            payload.insert(CONSISTENCY.to_owned(), change(&text).into_bytes());
        });
    };

    bad(
        "consistency-hash-too-many",
        "The consistency proof has a hash more than it needs.",
        |text| text.to_owned() + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
    );
    bad(
        "consistency-hash-too-few",
        "The consistency proof has a hash less than it needs.",
        |text| text[..text.len() - 45].to_owned(),
    );
    bad(
        "consistency-hash-of-31",
        "The consistency proof has a hash of 31 bytes.",
        |text| {
            text.replacen(
                &text[4..48],
                "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==",
                1,
            )
        },
    );
    bad(
        "consistency-other-sizes",
        "The consistency proof says that it is between other sizes.",
        |text| text.replacen("3 5", "3 6", 1),
    );
    bad(
        "consistency-sizes-swapped",
        "The consistency proof names the larger size first.",
        |text| text.replacen("3 5", "5 3", 1),
    );
    bad(
        "consistency-size-zero",
        "The consistency proof begins at an empty tree, the seal does not.",
        |text| text.replacen("3 5", "0 5", 1),
    );
    bad(
        "consistency-size-spelt",
        "A size in the consistency proof is spelt with a zero before it.",
        |text| text.replacen("3 5", "03 5", 1),
    );
    bad(
        "consistency-without-end",
        "The consistency proof's last line is not ended.",
        |text| text[..text.len() - 1].to_owned(),
    );
    bad(
        "consistency-empty",
        "The consistency proof is an empty file.",
        |_| String::new(),
    );
}

/// An export by a log of one's own: the tree that the seal names as seen, what comes after it, and where in that the seal stands.
fn by_log(seen: Option<&MemoryTree>, tree_of: &dyn Fn(&[u8]) -> MemoryTree, index: u64) -> Files {
    let mut content = Content::new();
    content.seen.clear();
    if let Some(seen) = seen {
        content
            .seen
            .insert("seen/checkpoint".to_owned(), checkpoint(seen));
    }
    let mut files = content.bag();
    let mut body = seal_body(&files);
    body.seen_checkpoint = seen.map(|seen| (seen.size(), root_at(seen.size(), seen).unwrap()));
    let signers: [&dyn Signer; 3] = [&device_key(), &officer_key(1), &officer_key(2)];
    files.insert(SEAL.to_owned(), seal_note(&body, &signers));
    let tree = tree_of(&files[SEAL]);
    let mut payload = export_payload(&zip(&files), &files[SEAL]);
    let proof = TlogProof {
        index,
        hashes: prove_inclusion(index, tree.size(), &tree).unwrap(),
        extra: None,
        checkpoint: checkpoint(&tree),
    };
    payload.insert(CHECKPOINT.to_owned(), proof.checkpoint.clone());
    payload.insert(PROOF.to_owned(), proof.to_bytes());
    payload.remove(CONSISTENCY);
    if let Some(seen) = seen {
        let between = Consistency {
            old_size: seen.size(),
            new_size: tree.size(),
            hashes: prove_consistency(seen.size(), tree.size(), &tree).unwrap_or_default(),
        };
        payload.insert(CONSISTENCY.to_owned(), between.text().into_bytes());
    }
    let receipt = "data/receipt/receipt";
    let note = Note::parse(&payload[receipt]).unwrap();
    let mut body = Receipt::parse(&note.text).unwrap();
    body.leaf_index = index;
    payload.insert(receipt.to_owned(), seal_receipt(&body));
    let custody = "data/custody-after.log";
    let to = format!("\"leaf_index\":{index}");
    let changed = replace_in(&payload[custody], "\"leaf_index\":3", &to);
    payload.insert(custody.to_owned(), changed);
    payload
}

fn trees(c: &mut Cases) {
    let tree = |leaves: &[&[u8]]| {
        let mut tree = MemoryTree::default();
        for leaf in leaves {
            tree.push(leaf_hash(leaf));
        }
        tree
    };
    let mut add = |name, what, codes: &[&str], payload: Files| {
        c.add(name, what, true, EXPORTED, codes, export_zip(payload));
    };
    add(
        "log-of-one-leaf",
        "The seal is the log's only leaf: a proof without hashes.",
        &[],
        by_log(None, &|seal| tree(&[seal]), 0),
    );
    add(
        "log-seen-empty",
        "The log was empty when it was seen: any log continues an empty one, by a proof without hashes.",
        &[],
        by_log(Some(&tree(&[])), &|seal| tree(&[seal, b"1"]), 0),
    );
    let seven: [&[u8]; 7] = [b"1", b"2", b"3", b"4", b"5", b"6", b"7"];
    add(
        "log-last-of-eight",
        "The seal is the last leaf of a full tree.",
        &[],
        by_log(
            Some(&tree(&seven)),
            &|seal| tree(&[&seven[..], &[seal]].concat()),
            7,
        ),
    );
    add(
        "log-ninth-leaf",
        "The seal is the first leaf after a full tree.",
        &[],
        by_log(
            Some(&tree(&[&seven[..], &[b"8"]].concat())),
            &|seal| tree(&[&seven[..], &[b"8", seal]].concat()),
            8,
        ),
    );
    let mut other = by_log(
        Some(&tree(&seven)),
        &|seal| tree(&[&seven[..], &[seal, b"9"]].concat()),
        7,
    );
    let note = Note::parse(&other[CHECKPOINT]).unwrap();
    let size = Checkpoint::parse(&note.text).unwrap().size;
    let wrong = TlogProof {
        index: 7,
        ..by_index(&other, size)
    };
    other.insert(PROOF.to_owned(), wrong.to_bytes());
    add(
        "proof-of-a-neighbour",
        "A right proof of the leaf beside the seal's, under the seal's index.",
        &["log-inclusion-invalid"],
        other,
    );
}

/// The same proof with the hashes of another path.
fn by_index(payload: &Files, size: u64) -> TlogProof {
    let mut proof = parsed(payload);
    assert_eq!(size, 9);
    proof.hashes.rotate_left(1);
    proof
}
