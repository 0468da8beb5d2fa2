//! The heartbeats that tell of a packet's captures, and the newest one of its tablet: each leaf with its proof, by the oldest stamped checkpoint
//! that holds it, and the tokens over that one. So an export says by when a photo was there, which may be long before its packet was
//! sealed, and how far the tablet had got.

use fieldseal_packet::seal::SealBody;
use fieldseal_packet::verify::Heartbeat;
use fieldseal_packet::{KeyName, KeyRole};
use fieldseal_tlog::note::Note;
use fieldseal_tlog::proof::TlogProof;
use rusqlite::Connection;

use super::head::{Files, Head};
use super::{ExportError, KeyFile, head};
use crate::store::{devices, log};

/// Most heartbeats of one export that name captures of it: those that were logged first. One more is the newest.
const MOST: usize = 15;

/// A heartbeat's leaf.
pub struct Logged {
    /// Its index.
    pub index: u64,
    /// The leaf.
    pub note: Vec<u8>,
    /// Its proof, and the tokens over it.
    pub head: Head,
}

/// The heartbeats that an export of the packet with this seal brings.
pub fn logged(c: &Connection, seal: &Note, witnesses: u32) -> Result<Vec<Logged>, ExportError> {
    let body = SealBody::parse(&seal.text).map_err(|_| ExportError::Malformed("seal"))?;
    let by_device = |name: &&str| {
        KeyName::parse(&body.origin, name).is_ok_and(|name| name.role == KeyRole::Device)
    };
    let mut signers = seal.signatures.iter().map(|line| line.name.as_str());
    let Some(device) = signers.find(by_device) else {
        return Ok(Vec::new());
    };
    let mut leaves = devices::beats(c, device, body.captures.as_slice(), MOST)?;
    if let Some(newest) = devices::newest_beat(c, device)?
        && !leaves.contains(&newest)
    {
        leaves.push(newest);
    }
    leaves
        .into_iter()
        .map(|index| {
            let note = log::leaf(c, index)?.ok_or(ExportError::Malformed("heartbeat"))?;
            let newest = TlogProof {
                index,
                hashes: Vec::new(),
                extra: None,
                checkpoint: log::head(c)?.checkpoint,
            };
            let head = head::choose(c, index, newest, witnesses)?;
            Ok(Logged { index, note, head })
        })
        .collect()
}

/// Their files, named below `data/receipt/heartbeats/`.
pub fn files(heartbeats: &[Logged]) -> Vec<KeyFile> {
    let mut files = Vec::new();
    for Logged { index, note, head } in heartbeats {
        files.push((format!("{index}.note"), note.clone()));
        files.push((format!("{index}.tlog-proof"), head.proof.to_bytes()));
        for token in &head.tokens {
            files.push((format!("{index}.{}.tsr", token.stem()), token.der.clone()));
        }
    }
    files
}

/// Gives them to a verifier as it would find them in an export.
pub fn given<T>(heartbeats: &[Logged], with: impl FnOnce(&[Heartbeat<'_>]) -> T) -> T {
    let stem = |index: u64| format!("data/receipt/heartbeats/{index}");
    let paths: Vec<(String, Vec<u8>, Files)> = heartbeats
        .iter()
        .map(|one| {
            let stem = stem(one.index);
            let proof = one.head.proof.to_bytes();
            (
                format!("{stem}.note"),
                proof,
                Files::of(&one.head.tokens, &stem),
            )
        })
        .collect();
    let tokens: Vec<_> = paths
        .iter()
        .zip(heartbeats)
        .map(|((_, _, files), one)| files.tokens(&one.head.tokens))
        .collect();
    let given: Vec<Heartbeat<'_>> = heartbeats
        .iter()
        .zip(&paths)
        .zip(&tokens)
        .map(|((one, (path, proof, _)), tokens)| Heartbeat {
            path,
            index: one.index,
            note: &one.note,
            proof: Some(proof),
            tokens,
        })
        .collect();
    with(&given)
}
