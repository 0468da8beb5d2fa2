//! Drafts taken all the way to packets.

use super::*;
use fieldseal_vault::sealing::{ClosedFile, Closing, Place, PlanEntry, Sealing, Source};

pub fn enrolment() -> Sha256Digest {
    Sha256Digest::of(b"enrolment entry")
}

pub fn with_photos(vault: &Vault, draft: PacketId, photos: &[&[u8]]) -> Vec<u64> {
    photos
        .iter()
        .map(|bytes| {
            let captured = capture(vault, draft, bytes).unwrap();
            vault.take_in(&mut with_custody).unwrap();
            captured.capture_seq
        })
        .collect()
}

pub fn close(vault: &Vault, draft: PacketId) -> Result<Place, StoreError> {
    vault.write(|tx| {
        let place = sealing::next_place(tx, enrolment())?;
        let closing = Closing {
            place,
            closed_at: at(10),
            body: format!("body of {draft}\n").into_bytes(),
            files: vec![ClosedFile {
                path: "data/record.json".into(),
                bytes: b"{}".to_vec(),
            }],
        };
        sealing::close(tx, draft, &closing)?;
        Ok(place)
    })
}

/// Seals a closed draft; the packet's digest.
pub fn seal(vault: &Vault, draft: PacketId, captures: &[u64]) -> Result<Sha256Digest, StoreError> {
    let log = vault
        .read(|c| fieldseal_vault::custody::lines(c, draft))?
        .concat();
    let inline = |path: &str, bytes: Vec<u8>| PlanEntry {
        path: format!("packet-{draft}/{path}"),
        size: bytes.len() as u64,
        crc32: crc32fast::hash(&bytes),
        source: Source::Inline(bytes),
    };
    let mut plan = vec![
        inline("bagit.txt", b"BagIt".to_vec()),
        inline("data/custody.log", log),
    ];
    for capture_seq in captures {
        let row = vault.read(|c| captures::get(c, *capture_seq))?.unwrap();
        plan.push(PlanEntry {
            path: format!("packet-{draft}/data/items/{capture_seq:04}.jpg"),
            size: row.size,
            crc32: row.crc32,
            source: Source::Segment(*capture_seq),
        });
    }
    let sealing = Sealing {
        seal: format!("body of {draft}\n\n— device line\n").into_bytes(),
        sealed_at: at(20),
        title: Some("title".into()),
        kind: None,
        plan,
        zip_size: 4711,
    };
    vault.write(|tx| sealing::seal(tx, draft, &sealing))
}

pub fn sealed(vault: &Vault, n: u8, photos: &[&[u8]]) -> (PacketId, Vec<u64>) {
    let captures = with_photos(vault, packet(n), photos);
    close(vault, packet(n)).unwrap();
    seal(vault, packet(n), &captures).unwrap();
    assert_eq!(vault.hand_over().unwrap(), [packet(n)]);
    (packet(n), captures)
}
