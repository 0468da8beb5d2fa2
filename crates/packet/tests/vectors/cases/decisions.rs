//! Decisions in an export: note, document and salt.

use super::*;
use fieldseal_packet::entry::Decision;

const STEM: &str = "data/decisions/0001";
const DOCUMENT: &[u8] = b"{\"decision\":\"accepted\"}";

/// Puts a decision into an export, its note's body as `change` leaves it, signed by `signer`.
fn decide(payload: &mut Files, signer: &dyn Signer, change: impl Fn(&mut Decision)) {
    let receipt = Note::parse(&payload["data/receipt/receipt"]).unwrap();
    let receipt = Receipt::parse(&receipt.text).unwrap();
    let salt = [7; 32];
    let mut body = Decision {
        origin: ORIGIN.to_owned(),
        packet: packet_id(),
        seal_sha256: receipt.seal_sha256,
        document_sha256: Sha256Digest::of(&[&salt, DOCUMENT].concat()),
        decided_at: at(3000),
    };
    change(&mut body);
    let note = Note::sign(&body.text(), &[signer]).unwrap();
    payload.insert(format!("{STEM}.note"), note.to_bytes());
    payload.insert(format!("{STEM}.json"), DOCUMENT.to_vec());
    payload.insert(format!("{STEM}.salt"), salt.to_vec());
}

pub(super) fn decisions(c: &mut Cases) {
    let key = server_key("decisions");
    let mut add = |name, what, codes: &[&str], change: &dyn Fn(&mut Files)| {
        c.export(name, what, EXPORTED, codes, |payload| {
            decide(payload, &key, |_| {});
            change(payload);
        });
    };
    add(
        "good-decision",
        "The export brings a reviewer's decision.",
        &[],
        &|_| {},
    );
    let wrong = &["decision-invalid"];
    add(
        "decision-document-altered",
        "The decision's document is changed.",
        wrong,
        &|payload| {
            payload.insert(
                format!("{STEM}.json"),
                b"{\"decision\":\"refused\"}".to_vec(),
            );
        },
    );
    add(
        "decision-salt-short",
        "The decision's salt has 31 bytes.",
        wrong,
        &|payload| {
            payload.insert(format!("{STEM}.salt"), vec![7; 31]);
        },
    );
    add(
        "decision-note-left-out",
        "The decision's note is left out, its document is there.",
        wrong,
        &|payload| {
            payload.remove(&format!("{STEM}.note"));
        },
    );
    add(
        "decision-of-another-packet",
        "The decision is about another seal.",
        wrong,
        &|payload| {
            decide(payload, &server_key("decisions"), |body| {
                body.seal_sha256 = Sha256Digest::of(b"another");
            });
        },
    );
    add(
        "decision-of-another-deployment",
        "The decision's first line is of another deployment.",
        wrong,
        &|payload| {
            decide(payload, &server_key("decisions"), |body| {
                body.origin = "other.example/log".to_owned();
            });
        },
    );
    add(
        "decision-line-altered",
        "One bit of the signature on the decision is changed.",
        wrong,
        &|payload| {
            let path = format!("{STEM}.note");
            let mut note = Note::parse(&payload[&path]).unwrap();
            note.signatures[0].signature[10] ^= 1;
            payload.insert(path, note.to_bytes());
        },
    );
    add(
        "decision-by-another-key",
        "The decision is signed by the key that signs receipts.",
        &["decision-key-unknown"],
        &|payload| decide(payload, &server_key("receipts"), |_| {}),
    );
}
