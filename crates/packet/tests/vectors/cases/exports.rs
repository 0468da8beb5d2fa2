//! Exports: receipt, proof, checkpoint, server's custody log.

use super::*;
use fieldseal_packet::entry::Revoked;
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, root_at};

pub(super) fn exports(c: &mut Cases) {
    let receipt = "data/receipt/receipt";
    let proof = "data/receipt/packet.tlog-proof";
    let rewrite = |payload: &mut Files, change: &dyn Fn(&mut Receipt)| {
        let note = Note::parse(&payload[receipt]).unwrap();
        let mut body = Receipt::parse(&note.text).unwrap();
        change(&mut body);
        payload.insert(receipt.to_owned(), seal_receipt(&body));
    };
    c.export(
        "receipt-altered",
        "The receipt's text is changed.",
        EXPORTED,
        &["receipt-invalid"],
        |payload| {
            let changed = replace_in(&payload[receipt], "copies 1", "copies 3");
            payload.insert(receipt.to_owned(), changed);
        },
    );
    c.export(
        "receipt-other-zip",
        "The receipt is for other bytes.",
        EXPORTED,
        &["receipt-mismatch"],
        |payload| {
            rewrite(payload, &|receipt| {
                receipt.zip_sha256 = Sha256Digest::of(b"other")
            });
        },
    );
    c.export(
        "receipt-other-leaf",
        "The receipt names another leaf than the proof.",
        EXPORTED,
        &["receipt-mismatch"],
        |payload| {
            rewrite(payload, &|receipt| receipt.leaf_index = 0);
        },
    );
    c.export(
        "receipt-other-key",
        "The receipt is by a key that nobody trusts.",
        EXPORTED,
        &["receipt-key-unknown"],
        |payload| {
            let note = Note::parse(&payload[receipt]).unwrap();
            let stranger = key(&format!("{ORIGIN}/receipts"), 9);
            payload.insert(
                receipt.to_owned(),
                Note::sign(&note.text, &[&stranger]).unwrap().to_bytes(),
            );
        },
    );
    c.export(
        "receipt-not-a-note",
        "The receipt is not a signed note.",
        EXPORTED,
        &["receipt-malformed"],
        |payload| {
            payload.insert(receipt.to_owned(), b"hello\n".to_vec());
        },
    );
    c.export(
        "proof-of-another-leaf",
        "The proof of inclusion is of another leaf.",
        EXPORTED,
        &["log-inclusion-invalid", "custody-after-mismatch"],
        |payload| {
            let mut parsed = TlogProof::parse(&payload[proof]).unwrap();
            parsed.index = 4;
            payload.insert(proof.to_owned(), parsed.to_bytes());
        },
    );
    c.export(
        "proof-absent",
        "There is no proof of inclusion.",
        EXPORTED,
        &["log-inclusion-absent"],
        |payload| {
            payload.remove(proof);
        },
    );
    c.export(
        "proof-malformed",
        "The proof of inclusion has a hash of 31 bytes.",
        EXPORTED,
        &["proof-malformed"],
        |payload| {
            let text = String::from_utf8(payload[proof].clone()).unwrap();
            let mut lines: Vec<&str> = text.split('\n').collect();
            lines[2] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==";
            payload.insert(proof.to_owned(), lines.join("\n").into_bytes());
        },
    );
    c.export(
        "checkpoint-altered",
        "The checkpoint in the proof is changed.",
        EXPORTED,
        &["checkpoint-invalid", "checkpoint-invalid"],
        |payload| {
            let changed = replace_in(
                &payload[proof],
                &format!("{ORIGIN}\n5\n"),
                &format!("{ORIGIN}\n6\n"),
            );
            payload.insert(proof.to_owned(), changed);
        },
    );
    c.export(
        "checkpoint-differs",
        "The checkpoint file is not the proof's.",
        EXPORTED,
        &["checkpoint-invalid"],
        |payload| {
            payload.insert(
                "data/receipt/checkpoint".to_owned(),
                checkpoint(&log_before()),
            );
        },
    );
    c.export(
        "consistency-altered",
        "The consistency proof is changed.",
        EXPORTED,
        &["consistency-invalid"],
        |payload| {
            payload.insert("data/receipt/consistency".to_owned(), b"3 5\n".to_vec());
        },
    );
    c.export(
        "custody-after-of-another",
        "The server's custody log belongs to another seal.",
        EXPORTED,
        &["custody-chain-broken"],
        |payload| {
            let changed = replace_in(
                &payload["data/custody-after.log"],
                "\"prev\":\"",
                "\"prev\":\"f",
            );
            let text = String::from_utf8(changed).unwrap();
            let start = text.find("\"prev\":\"").unwrap() + 8;
            let first = format!("{}{}", &text[..start + 64], &text[start + 65..]);
            payload.insert("data/custody-after.log".to_owned(), first.into_bytes());
        },
    );
    c.export(
        "export-without-packet",
        "The export holds no packet.",
        &[],
        &["export-packet-missing"],
        |payload| {
            payload.retain(|path, _| !path.ends_with(".zip"));
        },
    );
    c.export(
        "export-packet-changed",
        "The packet in the export is changed; the export's manifests fit.",
        EXPORTED,
        &[
            "item-mismatch",
            "record-item-mismatch",
            "receipt-mismatch",
            "custody-after-mismatch",
        ],
        |payload| {
            let mut files = sealed(Content::new().bag());
            flip(&mut files, "data/items/0001.jpg");
            payload.insert(format!("data/packet-{}.zip", packet_id()), zip(&files));
        },
    );
    labels(c);
    order(c);
    revocations(c);
}

fn labels(c: &mut Cases) {
    let other = format!(
        "data/packet-{}.zip",
        PacketId::from_parts(at(5), b"abcdefghij")
    );
    c.export(
        "export-packet-renamed",
        "The packet in the export has another packet's file name.",
        EXPORTED,
        &["export-packet-mismatch"],
        |payload| {
            let zip = payload
                .remove(&format!("data/packet-{}.zip", packet_id()))
                .unwrap();
            payload.insert(other, zip);
        },
    );
    let custody = "data/custody-after.log";
    for (name, what, from, to) in [
        (
            "custody-after-other-leaf",
            "The server's custody log names another leaf than the proof.",
            "\"leaf_index\":3",
            "\"leaf_index\":7",
        ),
        (
            "custody-after-unknown-decision",
            "The server's custody log has a decision of which there is no note.",
            "\"event\":\"logged\",\"leaf_index\":3",
            "\"event\":\"decided\",\"decision\":\"accepted\",\"document_sha256\":\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"",
        ),
    ] {
        c.export(
            name,
            what,
            EXPORTED,
            &["custody-after-mismatch"],
            |payload| {
                let changed = replace_in(&payload[custody], from, to);
                payload.insert(custody.to_owned(), changed);
            },
        );
    }
    c.export(
        "export-parts-absent",
        "The checkpoint file and the server's custody log are left out: reported, no verdict.",
        EXPORTED,
        &[],
        |payload| {
            payload.remove("data/receipt/checkpoint");
            payload.remove(custody);
        },
    );
    let mut files = Content::new();
    files
        .items
        .push(("data/packet-x.zip".to_owned(), b"PK".to_vec()));
    c.add(
        "packet-with-packet-zip",
        "A packet that holds a file named like a packet is still a packet.",
        true,
        ALONE,
        &[],
        zip(&sealed(files.bag())),
    );
}

/// The checkpoint that the seal names and the one that proves inclusion are of one log.
fn order(c: &mut Cases) {
    c.export(
        "consistency-absent",
        "There is no proof between the two checkpoints.",
        EXPORTED,
        &["consistency-absent"],
        |payload| {
            payload.remove("data/receipt/consistency");
        },
    );
    let mut seen = |name, what, tree: MemoryTree| {
        let mut content = Content::new();
        content
            .seen
            .insert("seen/checkpoint".to_owned(), checkpoint(&tree));
        let mut files = content.bag();
        let mut body = seal_body(&files);
        body.seen_checkpoint = Some((tree.size(), root_at(tree.size(), &tree).unwrap()));
        files.insert(
            SEAL.to_owned(),
            seal_note(&body, &[&device_key(), &officer_key(1), &officer_key(2)]),
        );
        let mut payload = export_payload(&zip(&files), &files[SEAL]);
        payload.remove("data/receipt/consistency");
        c.add(
            name,
            what,
            true,
            EXPORTED,
            &["consistency-invalid"],
            export_zip(payload),
        );
    };
    let tree = |leaves: &[&[u8]]| {
        let mut tree = MemoryTree::default();
        for leaf in leaves {
            tree.push(leaf_hash(leaf));
        }
        tree
    };
    seen(
        "log-fork",
        "The log has signed two different trees of one size; the proof between them is left out.",
        tree(&[b"1", b"2", b"3", b"4", b"5"]),
    );
    seen(
        "log-rollback",
        "The tablet had seen a larger tree than the one that proves inclusion.",
        tree(&[b"1", b"2", b"3", b"4", b"5", b"6"]),
    );
    seen(
        "leaf-before-seen",
        "The seal's leaf lies within the tree that it says it had seen.",
        tree(&[b"1", b"2", b"3", b"4"]),
    );
}

fn revocations(c: &mut Cases) {
    let revoked = Revoked {
        origin: ORIGIN.to_owned(),
        subject: officer_key(2).vkey().name().to_owned(),
        vkey: officer_key(2).vkey().to_string(),
        reason: "stolen".to_owned(),
        revoked_at: at(600),
    };
    let note = Note::sign(&revoked.text(), &[&server_key("authority")])
        .unwrap()
        .to_bytes();
    let path = "data/receipt/keys/officer-o-0002.revoked";
    let mut export = |name, what, more: &[&str], before: bool, proved: bool| {
        let files = sealed(Content::new().bag());
        let mut payload = export_payload_with(&zip(&files), &files[SEAL], &|tree, seal| {
            let leaves = if before {
                [note.as_slice(), seal]
            } else {
                [seal, note.as_slice()]
            };
            for leaf in leaves {
                tree.push(leaf_hash(leaf));
            }
        });
        payload.insert(path.to_owned(), note.clone());
        if proved {
            let proof = payload["proof of the note"].clone();
            payload.insert(format!("{path}.tlog-proof"), proof);
        }
        payload.remove("proof of the note");
        c.add(name, what, true, EXPORTED, more, export_zip(payload));
    };
    export(
        "revoked-after-logging",
        "An officer's key was revoked after the packet was logged.",
        &[],
        false,
        true,
    );
    export(
        "revoked-before-logging",
        "An officer's key was revoked before the packet was logged.",
        &["key-revoked-before-logging"],
        true,
        true,
    );
    export(
        "revoked-no-one-knows-when",
        "An officer's key was revoked; where in the log is not proved.",
        &["key-revoked-before-logging"],
        false,
        false,
    );
}
