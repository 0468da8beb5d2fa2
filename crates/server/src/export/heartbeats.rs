//! The heartbeats that tell of a packet's captures: each leaf with its proof, by the oldest stamped checkpoint that holds it, and the tokens
//! over that one. So an export says by when a photo was there, which may be long before its packet was sealed.

use fieldseal_packet::seal::SealBody;
use fieldseal_packet::{KeyName, KeyRole};
use fieldseal_tlog::note::Note;
use fieldseal_tlog::proof::TlogProof;
use rusqlite::Connection;

use super::{ExportError, KeyFile, head};
use crate::store::{devices, log};

/// Most heartbeats of one export: those that were logged first.
const MOST: usize = 16;

/// Their files, named below `data/receipt/heartbeats/`.
pub fn files(c: &Connection, seal: &Note, witnesses: u32) -> Result<Vec<KeyFile>, ExportError> {
    let body = SealBody::parse(&seal.text).map_err(|_| ExportError::Malformed("seal"))?;
    let by_device = |name: &&str| {
        KeyName::parse(&body.origin, name).is_ok_and(|name| name.role == KeyRole::Device)
    };
    let mut signers = seal.signatures.iter().map(|line| line.name.as_str());
    let Some(device) = signers.find(by_device) else {
        return Ok(Vec::new());
    };
    let mut files = Vec::new();
    for index in devices::beats(c, device, body.captures.as_slice(), MOST)? {
        let note = log::leaf(c, index)?.ok_or(ExportError::Malformed("heartbeat"))?;
        let newest = TlogProof {
            index,
            hashes: Vec::new(),
            extra: None,
            checkpoint: log::head(c)?.checkpoint,
        };
        let head = head::choose(c, index, newest, witnesses)?;
        files.push((format!("{index}.note"), note));
        files.push((format!("{index}.tlog-proof"), head.proof.to_bytes()));
        for token in head.tokens {
            files.push((format!("{index}.{}.tsr", token.stem()), token.der));
        }
    }
    Ok(files)
}
