//! Self-contained inclusion proofs (C2SP `tlog-proof`): index, hashes and the signed checkpoint in one small text.
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! index 7
//! <base64 hash, the leaf's sibling first>
//!
//! <signed checkpoint, verbatim>
//! ```

use crate::checkpoint::{self, Checkpoint, OpenError};
use crate::encoding::{base64_decode, base64_encode, decimal, hash_decode};
use crate::merkle::{self, Hash, MAX_PROOF_HASHES, ProofError};
use crate::note::{MAX_NOTE_BYTES, Vkey};

const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// Largest proof that is read, in bytes: a checkpoint of the largest size, its hashes, and as much extra data.
pub const MAX_PROOF_BYTES: usize = 2 * MAX_NOTE_BYTES + 4096;

/// Why bytes are no inclusion proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// More than [`MAX_PROOF_BYTES`].
    #[error("the proof is larger than {MAX_PROOF_BYTES} bytes")]
    TooLarge,
    /// Not UTF-8.
    #[error("the proof is not UTF-8")]
    NotUtf8,
    /// Another first line.
    #[error("the first line is not {HEADER}")]
    Header,
    /// The extra line is not base64.
    #[error("the extra line is not base64")]
    Extra,
    /// No index line, or no decimal number in it.
    #[error("the index line is missing or no decimal number")]
    Index,
    /// A proof line is not base64 of 32 bytes, or there are too many.
    #[error("a proof line is not base64 of 32 bytes, or there are too many")]
    Hash,
    /// No empty line with a signed note after it.
    #[error("the proof holds no signed checkpoint")]
    Checkpoint,
}

/// Why a proof does not prove.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The checkpoint is not the log's.
    #[error("the proof's checkpoint was not accepted")]
    Checkpoint(#[from] OpenError),
    /// The hashes do not lead from the leaf to the checkpoint's root.
    #[error("the leaf is not proved to be in the log")]
    Inclusion(#[from] ProofError),
}

/// An inclusion proof with the checkpoint it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlogProof {
    /// The leaf's position.
    pub index: u64,
    /// The leaf's sibling first.
    pub hashes: Vec<Hash>,
    /// Data of the application's own, not covered by anything.
    pub extra: Option<Vec<u8>>,
    /// The signed checkpoint as the log gave it.
    pub checkpoint: Vec<u8>,
}

impl TlogProof {
    /// Reads a proof; its checkpoint is checked to be a signed note, not yet whose. What is accepted comes back from
    /// [`TlogProof::to_bytes`] byte for byte.
    pub fn parse(bytes: &[u8]) -> Result<TlogProof, ParseError> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(ParseError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| ParseError::NotUtf8)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(ParseError::Checkpoint)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(HEADER) {
            return Err(ParseError::Header);
        }
        let mut line = lines.next().ok_or(ParseError::Index)?;
        let mut extra = None;
        if let Some(encoded) = line.strip_prefix("extra ") {
            extra = Some(base64_decode(encoded).ok_or(ParseError::Extra)?);
            line = lines.next().ok_or(ParseError::Index)?;
        }
        let index = line
            .strip_prefix("index ")
            .and_then(decimal)
            .ok_or(ParseError::Index)?;
        let hashes = parse_hashes(lines)?;
        crate::note::Note::parse(checkpoint.as_bytes()).map_err(|_| ParseError::Checkpoint)?;
        Ok(TlogProof {
            index,
            hashes,
            extra,
            checkpoint: checkpoint.as_bytes().to_vec(),
        })
    }

    /// The proof as it is stored and sent.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = format!("{HEADER}\n");
        if let Some(extra) = &self.extra {
            text.push_str(&format!("extra {}\n", base64_encode(extra)));
        }
        text.push_str(&format!("index {}\n", self.index));
        for hash in &self.hashes {
            text.push_str(&base64_encode(hash));
            text.push('\n');
        }
        text.push('\n');
        let mut bytes = text.into_bytes();
        bytes.extend_from_slice(&self.checkpoint);
        bytes
    }

    /// Accepts when the checkpoint is signed by the log and holds the leaf hash at the index; gives the checkpoint.
    pub fn verify(&self, leaf: &Hash, log_key: &Vkey) -> Result<Checkpoint, VerifyError> {
        self.verify_by(leaf, std::slice::from_ref(log_key))
    }

    /// The same where the log has several keys: see [`checkpoint::open_by`].
    pub fn verify_by(&self, leaf: &Hash, log_keys: &[Vkey]) -> Result<Checkpoint, VerifyError> {
        let checkpoint = checkpoint::open_by(&self.checkpoint, log_keys)?;
        merkle::verify_inclusion(
            leaf,
            self.index,
            checkpoint.size,
            &self.hashes,
            &checkpoint.root,
        )?;
        Ok(checkpoint)
    }
}

fn parse_hashes<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, ParseError> {
    let mut hashes = Vec::new();
    for line in lines {
        if hashes.len() == MAX_PROOF_HASHES {
            return Err(ParseError::Hash);
        }
        hashes.push(hash_decode(line).ok_or(ParseError::Hash)?);
    }
    Ok(hashes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merkle::{HashReader, MemoryTree, leaf_hash, prove_inclusion, root_at};
    use crate::note::{Ed25519Signer, Note, Signer as _};

    fn log() -> Ed25519Signer {
        Ed25519Signer::from_seed("log.example", &[1; 32]).unwrap()
    }

    fn proof_of(index: u64, size: u64) -> TlogProof {
        let tree: MemoryTree = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let root = root_at(size, &tree).unwrap();
        let checkpoint = Checkpoint {
            origin: "log.example".into(),
            size,
            root,
            extensions: vec![],
        };
        let signed = Note::sign(&checkpoint.text(), &[&log()]).unwrap();
        let hashes = prove_inclusion(index, size, &tree).unwrap();
        assert_eq!(
            tree.hash(0, index).unwrap(),
            leaf_hash(&index.to_be_bytes())
        );
        TlogProof {
            index,
            hashes,
            extra: None,
            checkpoint: signed.to_bytes(),
        }
    }

    #[test]
    fn a_proof_survives_its_text_and_proves() {
        for (index, size) in [(0, 1), (4, 7), (6, 7), (255, 256)] {
            let mut proof = proof_of(index, size);
            for extra in [None, Some(vec![]), Some(vec![1, 2])] {
                proof.extra = extra;
                let bytes = proof.to_bytes();
                assert_eq!(TlogProof::parse(&bytes).unwrap(), proof);
            }
            let checkpoint = proof
                .verify(&leaf_hash(&index.to_be_bytes()), log().vkey())
                .unwrap();
            assert_eq!(checkpoint.size, size);
        }
    }

    #[test]
    fn a_proof_of_other_bytes_or_another_place_fails() {
        let proof = proof_of(4, 7);
        let leaf = leaf_hash(&4u64.to_be_bytes());
        let moved = TlogProof {
            index: 3,
            ..proof.clone()
        };
        let outside = TlogProof {
            index: 7,
            ..proof.clone()
        };
        let cut = TlogProof {
            hashes: proof.hashes[1..].to_vec(),
            ..proof.clone()
        };
        let key = log().vkey().clone();
        assert_eq!(
            proof.verify(&leaf_hash(b"other"), &key),
            Err(VerifyError::Inclusion(ProofError::Root))
        );
        assert!(matches!(
            moved.verify(&leaf, &key),
            Err(VerifyError::Inclusion(_))
        ));
        assert_eq!(
            outside.verify(&leaf, &key),
            Err(VerifyError::Inclusion(ProofError::Index))
        );
        assert_eq!(
            cut.verify(&leaf, &key),
            Err(VerifyError::Inclusion(ProofError::Length))
        );
        let stranger = Ed25519Signer::from_seed("log.example", &[2; 32]).unwrap();
        assert!(matches!(
            proof.verify(&leaf, stranger.vkey()),
            Err(VerifyError::Checkpoint(_))
        ));
    }

    #[test]
    fn malformed_proofs_are_refused() {
        let good = String::from_utf8(proof_of(4, 7).to_bytes()).unwrap();
        let refused = [
            (good.replace("@v1", "@v2"), ParseError::Header),
            (good.replace("index 4", "index 04"), ParseError::Index),
            (good.replace("index 4", "Index 4"), ParseError::Index),
            (
                good.replace("index 4", "extra !\nindex 4"),
                ParseError::Extra,
            ),
            (good.replace("index 4", "extra AAAA"), ParseError::Index),
            (good.replacen("=\n", "\n", 1), ParseError::Hash),
            (
                good.replace(
                    "index 4\n",
                    &format!("index 4\n{}", format!("{}=\n", "A".repeat(43)).repeat(70)),
                ),
                ParseError::Hash,
            ),
            (good.replace("\n\n", "\n"), ParseError::Checkpoint),
            (
                good.split("\n\n").take(2).collect::<Vec<_>>().join("\n\n"),
                ParseError::Checkpoint,
            ),
            ("x".repeat(MAX_PROOF_BYTES + 1), ParseError::TooLarge),
            (String::new(), ParseError::Checkpoint),
        ];
        for (text, error) in refused {
            assert_eq!(TlogProof::parse(text.as_bytes()), Err(error), "{text:.200}");
        }
    }
}
