//! Exports: receipt, proof, checkpoint, server's custody log.

use super::*;

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
        &["log-inclusion-invalid"],
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
        &[],
        |payload| {
            payload.retain(|path, _| !path.ends_with(".zip"));
        },
    );
    // Without a packet zip it is read as a packet, of which it has none of the parts.
    let last = c.0.last_mut().unwrap();
    last.codes = [
        "custody-missing",
        "record-missing",
        "record-missing",
        "seal-missing",
    ]
    .map(str::to_owned)
    .to_vec();
    c.export(
        "export-packet-changed",
        "The packet in the export is changed; the export's manifests fit.",
        EXPORTED,
        &["item-mismatch", "record-item-mismatch", "receipt-mismatch"],
        |payload| {
            let mut files = sealed(Content::new().bag());
            flip(&mut files, "data/items/0001.jpg");
            payload.insert(format!("data/packet-{}.zip", packet_id()), zip(&files));
        },
    );
}
