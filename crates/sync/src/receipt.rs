//! Whether a receipt and its inclusion proof make a packet *safe*: each is checked against the keys pinned at enrolment and
//! against our own copy. Nothing in them is believed because the server sent it.

use fieldseal_packet::receipt::{BodyError, Receipt};
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::leaf_hash;
use fieldseal_tlog::note::{Note, NoteError, ParseError, Vkey};
use fieldseal_tlog::proof::{self, TlogProof};

/// The keys of the trust file that a receipt is checked against.
#[derive(Debug, Clone)]
pub struct PinnedKeys {
    /// `<origin>`
    pub origin: String,
    /// The log's keys: several where its key was rotated.
    pub log: Vec<Vkey>,
    /// The receipt key.
    pub receipts: Vkey,
}

/// Our own copy, as we know it.
#[derive(Debug, Clone, Copy)]
pub struct OwnCopy<'a> {
    /// Which packet.
    pub packet: PacketId,
    /// The file `packet.seal`: the leaf.
    pub seal: &'a [u8],
    /// sha256 of the whole zip.
    pub zip_sha256: Sha256Digest,
    /// Its size, bytes.
    pub zip_size: u64,
}

/// What a good receipt says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SafeWord {
    /// The seal's place in the log.
    pub leaf_index: u64,
    /// Server's clock.
    pub received_at: Timestamp,
    /// The checkpoint that holds it.
    pub checkpoint: Checkpoint,
}

/// Which check failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReceiptError {
    /// The receipt is no signed note.
    #[error("the receipt is not a signed note")]
    Unreadable(#[source] ParseError),
    /// Its signature is not by the pinned receipt key.
    #[error("the receipt is not signed by the receipt key")]
    Signature(#[source] NoteError),
    /// Its text is not a receipt's.
    #[error("the receipt's text is not a receipt")]
    Body(#[source] BodyError),
    /// It is of another deployment.
    #[error("the receipt is of another origin")]
    Origin,
    /// It names another packet or another seal.
    #[error("the receipt is for another packet")]
    OtherPacket,
    /// It names other bytes than ours.
    #[error("the receipt is for other bytes")]
    OtherBytes,
    /// The proof can't be read.
    #[error("the inclusion proof can't be read")]
    ProofUnreadable(#[source] proof::ParseError),
    /// The proof is of another leaf than the receipt names.
    #[error("the inclusion proof is for another leaf")]
    OtherLeaf,
    /// The proof does not prove.
    #[error("the inclusion proof does not hold")]
    Proof(#[source] proof::VerifyError),
}

impl ReceiptError {
    /// Stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "receipt-unreadable",
            Self::Signature(_) => "receipt-signature",
            Self::Body(_) => "receipt-body",
            Self::Origin => "receipt-origin",
            Self::OtherPacket => "receipt-other-packet",
            Self::OtherBytes => "receipt-other-bytes",
            Self::ProofUnreadable(_) => "proof-unreadable",
            Self::OtherLeaf => "proof-other-leaf",
            Self::Proof(_) => "proof-wrong",
        }
    }
}

/// Checks both; only then is the packet safe.
pub fn check(
    keys: &PinnedKeys,
    own: OwnCopy<'_>,
    receipt: &[u8],
    proof: &[u8],
) -> Result<SafeWord, ReceiptError> {
    let note = Note::parse(receipt).map_err(ReceiptError::Unreadable)?;
    note.verify_by(&keys.receipts)
        .map_err(ReceiptError::Signature)?;
    let word = Receipt::parse(&note.text).map_err(ReceiptError::Body)?;
    if word.origin != keys.origin {
        return Err(ReceiptError::Origin);
    }
    if word.packet != own.packet || word.seal_sha256 != Sha256Digest::of(own.seal) {
        return Err(ReceiptError::OtherPacket);
    }
    let other_bytes = word.zip_sha256 != own.zip_sha256 || word.zip_size != own.zip_size;
    if other_bytes && !crate::teeth::planted("skip-hash-check") {
        return Err(ReceiptError::OtherBytes);
    }
    let proof = TlogProof::parse(proof).map_err(ReceiptError::ProofUnreadable)?;
    if proof.index != word.leaf_index {
        return Err(ReceiptError::OtherLeaf);
    }
    let checkpoint = proof
        .verify_by(&leaf_hash(own.seal), &keys.log)
        .map_err(ReceiptError::Proof)?;
    Ok(SafeWord {
        leaf_index: word.leaf_index,
        received_at: word.received_at,
        checkpoint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use fieldseal_tlog::merkle::{MemoryTree, prove_inclusion, root_at};
    use fieldseal_tlog::note::{Ed25519Signer, Signer as _};

    const ORIGIN: &str = "bureau.example/log";
    const SEAL: &[u8] = b"the seal's bytes";

    fn id(n: u8) -> PacketId {
        PacketId::from_parts(Timestamp::from_millis(1_790_000_000_000), &[n; 10])
    }

    fn signer(name: &str, seed: u8) -> Ed25519Signer {
        Ed25519Signer::from_seed(name, &[seed; 32]).unwrap()
    }

    fn keys() -> PinnedKeys {
        PinnedKeys {
            origin: ORIGIN.into(),
            log: vec![signer(ORIGIN, 1).vkey().clone()],
            receipts: signer(&format!("{ORIGIN}/receipts"), 2).vkey().clone(),
        }
    }

    fn body() -> Receipt {
        Receipt {
            origin: ORIGIN.into(),
            packet: id(1),
            seal_sha256: Sha256Digest::of(SEAL),
            zip_sha256: Sha256Digest::of(b"zip"),
            zip_size: 3,
            leaf_index: 2,
            received_at: Timestamp::from_millis(1_790_000_001_000),
            copies: 1,
        }
    }

    fn signed(body: &Receipt, seed: u8) -> Vec<u8> {
        Note::sign(
            &body.text(),
            &[&signer(&format!("{ORIGIN}/receipts"), seed)],
        )
        .unwrap()
        .to_bytes()
    }

    fn proof(leaf: &[u8], index: u64, log_seed: u8) -> Vec<u8> {
        let leaves = [b"a".as_slice(), b"b", leaf, b"c", b"d"];
        let tree: MemoryTree = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
        let root = root_at(5, &tree).unwrap();
        let checkpoint = Checkpoint {
            origin: ORIGIN.into(),
            size: 5,
            root,
            extensions: vec![],
        };
        let note = Note::sign(&checkpoint.text(), &[&signer(ORIGIN, log_seed)]).unwrap();
        let hashes = prove_inclusion(index, 5, &tree).unwrap();
        TlogProof {
            index,
            hashes,
            extra: None,
            checkpoint: note.to_bytes(),
        }
        .to_bytes()
    }

    fn own() -> OwnCopy<'static> {
        OwnCopy {
            packet: id(1),
            seal: SEAL,
            zip_sha256: Sha256Digest::of(b"zip"),
            zip_size: 3,
        }
    }

    #[test]
    fn a_good_receipt_and_proof_make_a_packet_safe() {
        let word = check(&keys(), own(), &signed(&body(), 2), &proof(SEAL, 2, 1)).unwrap();
        assert_eq!((word.leaf_index, word.checkpoint.size), (2, 5));
    }

    #[test]
    fn each_lie_is_told_by_its_code() {
        let good = signed(&body(), 2);
        let good_proof = proof(SEAL, 2, 1);
        let lie = |change: fn(&mut Receipt)| {
            let mut body = body();
            change(&mut body);
            signed(&body, 2)
        };
        let cases: Vec<(Vec<u8>, Vec<u8>, &str)> = vec![
            (b"ok".to_vec(), good_proof.clone(), "receipt-unreadable"),
            (signed(&body(), 9), good_proof.clone(), "receipt-signature"),
            (
                lie(|body| body.origin = "elsewhere.example".into()),
                good_proof.clone(),
                "receipt-origin",
            ),
            (
                lie(|body| body.packet = id(2)),
                good_proof.clone(),
                "receipt-other-packet",
            ),
            (
                lie(|body| body.seal_sha256 = Sha256Digest::ZERO),
                good_proof.clone(),
                "receipt-other-packet",
            ),
            (
                lie(|body| body.zip_sha256 = Sha256Digest::ZERO),
                good_proof.clone(),
                "receipt-other-bytes",
            ),
            (
                lie(|body| body.zip_size = 4),
                good_proof.clone(),
                "receipt-other-bytes",
            ),
            (
                lie(|body| body.leaf_index = 3),
                good_proof.clone(),
                "proof-other-leaf",
            ),
            (good.clone(), b"index 2".to_vec(), "proof-unreadable"),
            (good.clone(), proof(SEAL, 2, 9), "proof-wrong"),
            (good.clone(), proof(b"another seal", 2, 1), "proof-wrong"),
        ];
        for (receipt, proof, code) in cases {
            assert_eq!(
                check(&keys(), own(), &receipt, &proof).unwrap_err().code(),
                code
            );
        }
        let as_log = Note::sign(&body().text(), &[&signer(ORIGIN, 1)])
            .unwrap()
            .to_bytes();
        assert_eq!(
            check(&keys(), own(), &as_log, &good_proof)
                .unwrap_err()
                .code(),
            "receipt-signature"
        );
    }
}
