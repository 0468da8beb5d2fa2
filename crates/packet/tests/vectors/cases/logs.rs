//! The log's own life: its key rotated, and a log that takes the place of another.

use super::*;
use fieldseal_packet::entry::{Continued, LogKind, LogRotated};
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, prove_inclusion, root_at};
use fieldseal_tlog::note::Ed25519Signer;

const PROOF: &str = "data/receipt/packet.tlog-proof";
const CHECKPOINT: &str = "data/receipt/checkpoint";

fn log_key(number: u8) -> Ed25519Signer {
    key(ORIGIN, number)
}

fn rotated(old: &Ed25519Signer, new: &Ed25519Signer, by: &[&dyn Signer]) -> Vec<u8> {
    let body = LogRotated {
        origin: ORIGIN.to_owned(),
        kind: LogKind::Log,
        subject: ORIGIN.to_owned(),
        old_vkey: old.vkey().to_string(),
        vkey: new.vkey().to_string(),
        rotated_at: at(-3600),
    };
    Note::sign(&body.text(), by).unwrap().to_bytes()
}

/// Signs the export's checkpoint by these keys instead.
fn resign(payload: &mut Files, by: &[&dyn Signer]) {
    let mut proof = TlogProof::parse(&payload[PROOF]).unwrap();
    let text = Note::parse(&proof.checkpoint).unwrap().text;
    proof.checkpoint = Note::sign(&text, by).unwrap().to_bytes();
    payload.insert(CHECKPOINT.to_owned(), proof.checkpoint.clone());
    payload.insert(PROOF.to_owned(), proof.to_bytes());
}

pub(super) fn rotations(c: &mut Cases) {
    let (old, new, authority) = (server_key(""), log_key(7), server_key("authority"));
    let first = "data/receipt/log/1.rotated";
    let second = "data/receipt/log/2.rotated";
    let good = rotated(&old, &new, &[&old, &authority]);
    let mut case = |name, what, codes: &[&str], also: &[&str], change: &dyn Fn(&mut Files)| {
        c.export(name, what, EXPORTED, codes, |payload| {
            resign(payload, &[&new]);
            change(payload);
        });
        if !also.is_empty() {
            c.expect(also, (None, None));
        }
    };
    case(
        "log-rotated",
        "The log's key was rotated since the trust file was made: the new one is followed.",
        &[],
        &["log-rotated", "log-inclusion-ok"],
        &|payload| {
            payload.insert(first.to_owned(), good.clone());
        },
    );
    let third = log_key(8);
    let next = rotated(&new, &third, &[&new, &authority]);
    case(
        "log-rotated-twice",
        "The log's key was rotated twice.",
        &[],
        &["log-rotated", "log-inclusion-ok"],
        &|payload| {
            resign(payload, &[&third]);
            payload.insert(first.to_owned(), good.clone());
            payload.insert(second.to_owned(), next.clone());
        },
    );
    case(
        "log-rotated-overlap",
        "Both keys sign while the new one takes over: the old one is known.",
        &[],
        &["log-inclusion-ok"],
        &|payload| resign(payload, &[&old, &new]),
    );
    case(
        "log-rotated-overlap-line-wrong",
        "Both keys are known, and the old one's line is wrong.",
        &["checkpoint-invalid"],
        &["log-rotated"],
        &|payload| {
            resign(payload, &[&old, &new]);
            let mut proof = TlogProof::parse(&payload[PROOF]).unwrap();
            let mut note = Note::parse(&proof.checkpoint).unwrap();
            note.signatures[0].signature[10] ^= 1;
            proof.checkpoint = note.to_bytes();
            payload.insert(CHECKPOINT.to_owned(), proof.checkpoint.clone());
            payload.insert(PROOF.to_owned(), proof.to_bytes());
            payload.insert(first.to_owned(), good.clone());
        },
    );
    case(
        "log-new-key-unknown",
        "The checkpoint is by a new key, and nothing says so.",
        &["log-key-unknown"],
        &[],
        &|_| {},
    );
    case(
        "log-rotation-gap",
        "The rotation does not stand where it is looked for.",
        &["log-key-unknown"],
        &[],
        &|payload| {
            payload.insert(second.to_owned(), good.clone());
        },
    );
    case(
        "log-rotation-altered",
        "The leaf that rotates the log's key is changed.",
        &["log-key-unknown", "log-rotation-invalid"],
        &[],
        &|payload| {
            let changed = replace_in(
                &good,
                "rotated-at 2026-11-23T00",
                "rotated-at 2026-11-22T00",
            );
            payload.insert(first.to_owned(), changed);
        },
    );
    case(
        "log-rotation-without-authority",
        "The old key alone has named its successor: a thief could have.",
        &["log-key-unknown"],
        &[],
        &|payload| {
            payload.insert(first.to_owned(), rotated(&old, &new, &[&old]));
        },
    );
    case(
        "log-rotation-without-old-key",
        "The authority alone has named a new key of the log.",
        &["log-key-unknown"],
        &[],
        &|payload| {
            payload.insert(first.to_owned(), rotated(&old, &new, &[&new, &authority]));
        },
    );
    case(
        "log-rotation-of-a-stranger",
        "A key that nobody knows is rotated.",
        &["log-key-unknown"],
        &[],
        &|payload| {
            let note = rotated(&third, &new, &[&third, &authority]);
            payload.insert(first.to_owned(), note);
        },
    );
    case(
        "log-rotation-to-itself",
        "A key is rotated to itself.",
        &["log-key-unknown", "log-rotation-invalid"],
        &[],
        &|payload| {
            payload.insert(first.to_owned(), rotated(&old, &old, &[&old, &authority]));
        },
    );
    case(
        "log-rotation-other-kind",
        "The leaf rotates a tablet's key, not the log's.",
        &["log-key-unknown", "log-rotation-invalid"],
        &[],
        &|payload| {
            let body = Rotated {
                origin: ORIGIN.to_owned(),
                kind: SubjectKind::Device,
                subject: ORIGIN.to_owned(),
                old_vkey: old.vkey().to_string(),
                vkey: new.vkey().to_string(),
                rotated_at: at(-3600),
            };
            let note = Note::sign(&body.text(), &[&old, &authority]).unwrap();
            payload.insert(first.to_owned(), note.to_bytes());
        },
    );
}

pub(super) fn continuations(c: &mut Cases) {
    let note_path = "data/receipt/log/continued";
    let proof_path = "data/receipt/log/continued.tlog-proof";
    let body = Continued {
        origin: ORIGIN.to_owned(),
        old_origin: "bureau.example/old-log".to_owned(),
        old_size: 1207,
        old_root: [7; 32],
        continued_at: at(-90_000),
    };
    let authority = server_key("authority");
    let signed = |body: &Continued, by: &dyn Signer| {
        let old = key("bureau.example/old-log/authority", 1);
        Note::sign(&body.text(), &[by, &old]).unwrap().to_bytes()
    };
    let good = signed(&body, &authority);
    // A log that begins with `leaf`, and goes on as the other does.
    let mut case =
        |name, what, codes: &[&str], also: &[&str], leaf: &[u8], change: &dyn Fn(&mut Files)| {
            let mut tree: MemoryTree = [leaf_hash(leaf)].into_iter().collect();
            for signer in [
                &device_key() as &dyn Signer,
                &officer_key(1),
                &officer_key(2),
            ] {
                let kind = match signer.vkey().name().contains("/device/") {
                    true => SubjectKind::Device,
                    false => SubjectKind::Officer,
                };
                tree.push(leaf_hash(&enrolment(kind, signer, &authority)));
            }
            let mut content = Content::new();
            content
                .seen
                .insert("seen/checkpoint".to_owned(), checkpoint(&tree));
            let mut files = content.bag();
            let mut seal = seal_body(&files);
            seal.seen_checkpoint = Some((tree.size(), root_at(tree.size(), &tree).unwrap()));
            files.insert(
                SEAL.to_owned(),
                seal_note(&seal, &[&device_key(), &officer_key(1), &officer_key(2)]),
            );
            let proof = TlogProof {
                index: 0,
                hashes: prove_inclusion(0, tree.size(), &tree).unwrap(),
                extra: None,
                checkpoint: checkpoint(&tree),
            };
            let grow = |tree: &mut MemoryTree, seal: &[u8]| {
                tree.push(leaf_hash(seal));
                tree.push(leaf_hash(b"a leaf of somebody else"));
            };
            let mut payload = export_payload_on(tree, &zip(&files), &files[SEAL], &grow);
            payload.remove("proof of the note");
            payload.insert(note_path.to_owned(), leaf.to_vec());
            payload.insert(proof_path.to_owned(), proof.to_bytes());
            change(&mut payload);
            c.add(name, what, true, EXPORTED, codes, export_zip(payload));
            if !also.is_empty() {
                c.expect(also, (None, None));
            }
        };
    let invalid = &["log-continuation-invalid"];
    case(
        "log-continued",
        "The log takes the place of one that was closed, and says so in its first leaf.",
        &[],
        &["log-continued"],
        &good,
        &|_| {},
    );
    case(
        "log-continued-altered",
        "The leaf that names the log before is changed.",
        invalid,
        &[],
        &good,
        &|payload| {
            let changed = replace_in(&payload[note_path], "old-size 1207", "old-size 1107");
            payload.insert(note_path.to_owned(), changed);
        },
    );
    case(
        "log-continued-not-logged",
        "Another leaf that names the log before is handed over than the log's first.",
        invalid,
        &[],
        &good,
        &|payload| {
            let other = Continued {
                old_size: 1107,
                ..body.clone()
            };
            payload.insert(note_path.to_owned(), signed(&other, &authority));
        },
    );
    case(
        "log-continued-elsewhere",
        "The proof is of the second leaf.",
        invalid,
        &[],
        &good,
        &|payload| {
            let mut proof = TlogProof::parse(&payload[proof_path]).unwrap();
            proof.index = 1;
            payload.insert(proof_path.to_owned(), proof.to_bytes());
        },
    );
    case(
        "log-continued-without-proof",
        "There is no proof that it is the first leaf.",
        invalid,
        &[],
        &good,
        &|payload| {
            payload.remove(proof_path);
        },
    );
    let itself = Continued {
        old_origin: ORIGIN.to_owned(),
        ..body.clone()
    };
    case(
        "log-continues-itself",
        "The log says that it continues itself.",
        invalid,
        &[],
        &signed(&itself, &authority),
        &|_| {},
    );
    case(
        "log-continued-by-a-stranger",
        "Nobody who is known has signed the first leaf: it says nothing.",
        &[],
        &[],
        &signed(&body, &key(&format!("{ORIGIN}/authority"), 9)),
        &|_| {},
    );
}
