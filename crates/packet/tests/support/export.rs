//! The log around that packet, and its export.

use fieldseal_packet::Sha256Digest;
use fieldseal_packet::custody::{Event, Head, Meta};
use fieldseal_packet::entry::SubjectKind;
use fieldseal_packet::receipt::Receipt;
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{
    MemoryTree, leaf_hash, prove_consistency, prove_inclusion, root_at, verify_inclusion,
};
use fieldseal_tlog::note::{Note, Signer};
use fieldseal_tlog::proof::TlogProof;

use super::{
    Files, ORIGIN, at, device_key, enrolment, manifests, officer_key, packet_id, server_key,
    zip_files,
};

/// A log of three leaves, as it was before the packet.
pub fn log_before() -> MemoryTree {
    let mut tree = MemoryTree::default();
    for signer in [
        &device_key() as &dyn Signer,
        &officer_key(1),
        &officer_key(2),
    ] {
        let kind = if signer.vkey().name().contains("/device/") {
            SubjectKind::Device
        } else {
            SubjectKind::Officer
        };
        tree.push(leaf_hash(&enrolment(
            kind,
            signer,
            &server_key("authority"),
        )));
    }
    tree
}

pub fn checkpoint(tree: &MemoryTree) -> Vec<u8> {
    let checkpoint = Checkpoint {
        origin: ORIGIN.to_owned(),
        size: tree.size(),
        root: root_at(tree.size(), tree).unwrap(),
        extensions: Vec::new(),
    };
    Note::sign(&checkpoint.text(), &[&server_key("")])
        .unwrap()
        .to_bytes()
}

/// What an export holds, under `data/`.
pub fn export_payload(packet_zip: &[u8], seal: &[u8]) -> Files {
    let mut payload = export_payload_with(packet_zip, seal, &|tree, seal| {
        tree.push(leaf_hash(seal));
        tree.push(leaf_hash(b"a leaf of somebody else"));
    });
    payload.remove("proof of the note");
    payload
}

/// The same with other leaves: two, one of them the seal's. The proof of the other is given along under a name of its own.
pub fn export_payload_with(
    packet_zip: &[u8],
    seal: &[u8],
    grow: &dyn Fn(&mut MemoryTree, &[u8]),
) -> Files {
    export_payload_on(log_before(), packet_zip, seal, grow)
}

/// The same after another log.
pub fn export_payload_on(
    mut tree: MemoryTree,
    packet_zip: &[u8],
    seal: &[u8],
    grow: &dyn Fn(&mut MemoryTree, &[u8]),
) -> Files {
    let before = tree.size();
    grow(&mut tree, seal);
    let prove = |index| TlogProof {
        index,
        hashes: prove_inclusion(index, tree.size(), &tree).unwrap(),
        extra: None,
        checkpoint: checkpoint(&tree),
    };
    let is_seal = |index: &u64| {
        let root = root_at(tree.size(), &tree).unwrap();
        let hashes = prove(*index).hashes;
        verify_inclusion(&leaf_hash(seal), *index, tree.size(), &hashes, &root).is_ok()
    };
    let index = (before..tree.size()).find(is_seal).unwrap();
    let other = if index == before { before + 1 } else { before };
    let proof = prove(index);
    let receipt = Receipt {
        origin: ORIGIN.to_owned(),
        packet: packet_id(),
        seal_sha256: Sha256Digest::of(seal),
        zip_sha256: Sha256Digest::of(packet_zip),
        zip_size: packet_zip.len() as u64,
        leaf_index: index,
        received_at: at(1200),
        copies: 1,
    };
    let consistency = fieldseal_packet::consistency::Consistency {
        old_size: before,
        new_size: tree.size(),
        hashes: prove_consistency(before, tree.size(), &tree).unwrap(),
    };
    let mut head = Head::after_seal(Sha256Digest::of(seal));
    let meta = |second| Meta {
        at: at(second),
        boot_id: None,
        boot_ms: None,
        actor: None,
    };
    let received = Event::Received {
        zip_sha256: receipt.zip_sha256,
        zip_size: receipt.zip_size,
    };
    let mut custody = head.append(&meta(1200), &received).unwrap();
    custody.extend(
        head.append(&meta(1201), &Event::Logged { leaf_index: index })
            .unwrap(),
    );
    let keys: String = [
        server_key(""),
        server_key("receipts"),
        server_key("authority"),
        server_key("decisions"),
    ]
    .iter()
    .map(|key| format!("{}\n", key.vkey()))
    .collect();
    [
        (
            format!("data/packet-{}.zip", packet_id()),
            packet_zip.to_vec(),
        ),
        ("data/receipt/receipt".to_owned(), seal_receipt(&receipt)),
        (
            "data/receipt/checkpoint".to_owned(),
            proof.checkpoint.clone(),
        ),
        (
            "data/receipt/packet.tlog-proof".to_owned(),
            proof.to_bytes(),
        ),
        (
            "data/receipt/consistency".to_owned(),
            consistency.text().into_bytes(),
        ),
        (
            "data/receipt/keys/server.vkey".to_owned(),
            keys.into_bytes(),
        ),
        ("data/custody-after.log".to_owned(), custody),
        ("proof of the note".to_owned(), prove(other).to_bytes()),
    ]
    .into_iter()
    .collect()
}

pub fn seal_receipt(receipt: &Receipt) -> Vec<u8> {
    Note::sign(&receipt.text(), &[&server_key("receipts")])
        .unwrap()
        .to_bytes()
}

/// The export's zip.
pub fn export_zip(payload: Files) -> Vec<u8> {
    let files: Vec<(String, Vec<u8>)> = manifests(payload, Vec::new()).into_iter().collect();
    zip_files(&format!("evidence-{}", packet_id()), &files)
}
