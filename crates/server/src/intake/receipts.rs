//! Receipts: given once packet and leaf are durable and the leaf is in a published checkpoint. Run by the sequencer after each publication.
//!
//! A crash before the transaction leaves packets without receipt, which the next round gives; the note may then name the same facts again,
//! never others.

use fieldseal_packet::custody::Event;
use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::{Sha256Digest, Timestamp};
use fieldseal_tlog::merkle::prove_inclusion;
use fieldseal_tlog::note::Ed25519Signer;
use fieldseal_tlog::proof::TlogProof;

use crate::ambient::Millis;
use crate::signing::signed;
use crate::store::log::{self, Hashes};
use crate::store::packets::{self, PacketRow};
use crate::store::{Db, StoreError, custody};

/// Packets in one transaction.
const BATCH: u32 = 256;

/// Gives all receipts that can be given. Returns how many.
pub fn give(
    db: &Db,
    origin: &str,
    receipts_key: &Ed25519Signer,
    now: Millis,
) -> Result<usize, StoreError> {
    let mut given = 0;
    loop {
        let waiting = db.read_blocking(|c| packets::unreceipted(c, BATCH))?;
        if waiting.is_empty() {
            return Ok(given);
        }
        let batch = db.write_blocking(|tx| {
            let head = log::head(tx)?;
            let mut batch = 0;
            for packet in &waiting {
                let Some(index) = log::leaf_index(tx, &packet.seal_sha256)? else {
                    continue;
                };
                if index >= head.published_size || head.published_size != head.size {
                    continue;
                }
                one(tx, origin, receipts_key, packet, index, &head, now)?;
                batch += 1;
            }
            Ok::<_, StoreError>(batch)
        })?;
        given += batch;
        if batch == 0 {
            return Ok(given);
        }
    }
}

fn one(
    tx: &rusqlite::Transaction<'_>,
    origin: &str,
    key: &Ed25519Signer,
    packet: &PacketRow,
    index: u64,
    head: &log::Head,
    now: Millis,
) -> Result<(), StoreError> {
    let seal = Sha256Digest(packet.seal_sha256);
    let receipt = Receipt {
        origin: origin.to_owned(),
        packet: packet
            .id
            .parse()
            .map_err(|_| StoreError::Malformed("packet id"))?,
        seal_sha256: seal,
        zip_sha256: Sha256Digest(packet.zip_sha256),
        zip_size: packet.zip_size,
        leaf_index: index,
        received_at: Timestamp::from_millis(packet.received_at),
        copies: 1,
    };
    let note = signed(&receipt.text(), key).map_err(|_| StoreError::Malformed("receipts key"))?;
    let proof = TlogProof {
        index,
        hashes: prove_inclusion(index, head.size, &Hashes(tx))
            .map_err(|_| StoreError::Malformed("tree"))?,
        extra: None,
        checkpoint: head.checkpoint.clone(),
    };
    let logged_at = log::logged_at(tx, index)?.unwrap_or(now);
    if packet.leaf_index.is_none() {
        custody::append(
            tx,
            &seal,
            logged_at,
            None,
            &Event::Logged { leaf_index: index },
        )?;
    }
    packets::set_receipt(
        tx,
        &packet.seal_sha256,
        index,
        logged_at,
        &note,
        &proof.to_bytes(),
    )
}
