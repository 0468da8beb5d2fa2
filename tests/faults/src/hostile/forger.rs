//! A server that lies with its own keys: what the honest one answers is changed on its way. It can sign whatever it likes; it
//! can't sign with the device's key, nor make two trees one.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use anyhow::Context as _;
use fieldseal_packet::Sha256Digest;
use fieldseal_packet::consistency::Consistency;
use fieldseal_packet::receipt::Receipt;
use fieldseal_server::signing::{ServerKeys, signed};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{Hash, MemoryTree, prove_consistency, prove_inclusion, root_at};
use fieldseal_tlog::note::{Ed25519Signer, Note};
use fieldseal_tlog::proof::TlogProof;
use serde_json::Value;

use crate::net::message::{Message, page};

/// One way to lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lie {
    /// Receipts by another key of the same name.
    ReceiptKey,
    /// A receipt for other bytes.
    OtherBytes,
    /// A receipt for another packet.
    OtherPacket,
    /// Proof, and receipt, of another leaf.
    OtherLeaf,
    /// A proof whose hashes lead nowhere.
    BrokenProof,
    /// The receipt and proof of an earlier packet once more.
    Replay,
    /// A larger log that holds the packet, and an earlier leaf replaced.
    ForkLarger,
    /// The same at the size that the tablet has seen.
    ForkSame,
    /// A smaller log that holds the packet and never held the rest.
    RollBack,
    /// A fork whose continuation is not proved at all.
    Unproved,
    /// The honest log, with proofs of its growth that prove nothing: what it showed can be proved later.
    BrokenGrowth,
    /// A sign-in page in place of every word about packets.
    Captive,
    /// An answer of 20 MB.
    Oversize,
}

impl Lie {
    pub const ALL: [Self; 13] = [
        Self::ReceiptKey,
        Self::OtherBytes,
        Self::OtherPacket,
        Self::OtherLeaf,
        Self::BrokenProof,
        Self::Replay,
        Self::ForkLarger,
        Self::ForkSame,
        Self::RollBack,
        Self::Unproved,
        Self::BrokenGrowth,
        Self::Captive,
        Self::Oversize,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::ReceiptKey => "receipt-key",
            Self::OtherBytes => "other-bytes",
            Self::OtherPacket => "other-packet",
            Self::OtherLeaf => "other-leaf",
            Self::BrokenProof => "broken-proof",
            Self::Replay => "replay",
            Self::ForkLarger => "fork-larger",
            Self::ForkSame => "fork-same-size",
            Self::RollBack => "roll-back",
            Self::Unproved => "fork-unproved",
            Self::BrokenGrowth => "broken-growth",
            Self::Captive => "captive",
            Self::Oversize => "oversize",
        }
    }

    /// What the tablet must say.
    pub fn true_cause(self) -> &'static str {
        match self {
            Self::ForkLarger | Self::ForkSame | Self::RollBack | Self::BrokenGrowth => {
                "log-contradicts"
            }
            Self::Unproved => "log-unproved",
            Self::Captive => "captive-portal",
            Self::Oversize => "server-error",
            _ => "receipt-wrong",
        }
    }

    /// Whether the tablet must take what it is shown for a log that contradicts what it saw.
    pub fn contradicts(self) -> bool {
        self.true_cause() == "log-contradicts"
    }

    /// Whether that is proved wrong once the truth is told.
    pub fn heals(self) -> bool {
        self == Self::BrokenGrowth
    }

    fn forks(self) -> bool {
        matches!(
            self,
            Self::ForkLarger | Self::ForkSame | Self::RollBack | Self::Unproved
        )
    }
}

fn answered(kind: &str, body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// The same proof with hashes that lead nowhere.
fn broken_growth(answer: &[u8]) -> anyhow::Result<Vec<u8>> {
    let text = String::from_utf8_lossy(answer);
    let (_, body) = text.split_once("\r\n\r\n").context("an answer")?;
    let mut proof = Consistency::parse(body.as_bytes())?;
    proof.hashes.iter_mut().for_each(|hash| hash[0] ^= 1);
    Ok(answered("text/plain", &proof.text()))
}

/// Lies as it is told.
pub struct Forger {
    lie: Lie,
    keys: ServerKeys,
    stranger: Ed25519Signer,
    origin: String,
    log_folder: PathBuf,
    /// Size of the log that the tablet has seen.
    seen: u64,
    /// Receipt and proof of an earlier packet.
    earlier: (String, String),
    fork: Mutex<Option<MemoryTree>>,
}

impl Forger {
    /// With the keys of a server's data folder, after the tablet has seen its log.
    pub fn new(
        lie: Lie,
        data: &Path,
        origin: &str,
        seen: u64,
        earlier: (String, String),
    ) -> anyhow::Result<Self> {
        Ok(Self {
            lie,
            keys: ServerKeys::load(&data.join("keys"), origin).context("the server's keys")?,
            stranger: Ed25519Signer::from_seed(&format!("{origin}/receipts"), &[0x5a; 32])?,
            origin: origin.to_owned(),
            log_folder: data.join("log"),
            seen,
            earlier,
            fork: Mutex::new(None),
        })
    }

    /// The answer that goes to the tablet in place of the server's.
    pub fn forge(&self, request: &Message, answer: Vec<u8>) -> Vec<u8> {
        self.try_forge(request, &answer)
            .ok()
            .flatten()
            .unwrap_or(answer)
    }

    fn try_forge(&self, request: &Message, answer: &[u8]) -> anyhow::Result<Option<Vec<u8>>> {
        let (_, path) = request.request_line();
        if path == "/api/v1/packets/status" || (path == "/healthz" && self.lie == Lie::Captive) {
            return match self.lie {
                Lie::Captive => Ok(Some(page("200 OK", "", "<html>Please sign in.</html>"))),
                Lie::Oversize => Ok(Some(answered("application/json", &" ".repeat(20 << 20)))),
                Lie::BrokenGrowth => Ok(None),
                _ => self.status(answer).map(Some),
            };
        }
        if self.lie == Lie::BrokenGrowth && path.starts_with("/log/consistency?") {
            return broken_growth(answer).map(Some);
        }
        if self.lie.forks()
            && let Some(query) = path.strip_prefix("/log/consistency?")
        {
            return Ok(Some(self.consistency(query)?));
        }
        Ok(None)
    }

    /// Every receipt and proof in the answer becomes a wrong one.
    fn status(&self, answer: &[u8]) -> anyhow::Result<Vec<u8>> {
        let text = String::from_utf8_lossy(answer);
        let (_, body) = text.split_once("\r\n\r\n").context("an answer")?;
        let mut body: Value = serde_json::from_str(body)?;
        for packet in body["packets"].as_array_mut().into_iter().flatten() {
            if let (Some(receipt), Some(proof)) =
                (packet["receipt"].as_str(), packet["proof"].as_str())
                && *receipt != self.earlier.0
            {
                let (receipt, proof) = self.papers(receipt, proof)?;
                packet["receipt"] = receipt.into();
                packet["proof"] = proof.into();
            }
        }
        Ok(answered("application/json", &body.to_string()))
    }

    fn papers(&self, receipt: &str, proof: &str) -> anyhow::Result<(String, String)> {
        let mut word = Receipt::parse(&Note::parse(receipt.as_bytes())?.text)?;
        let mut held = TlogProof::parse(proof.as_bytes())?;
        let mut key = &*self.keys.receipts;
        match self.lie {
            Lie::ReceiptKey => key = &self.stranger,
            Lie::OtherBytes => word.zip_sha256 = Sha256Digest::of(b"other bytes"),
            Lie::OtherPacket => {
                word.packet = Receipt::parse(&Note::parse(self.earlier.0.as_bytes())?.text)?.packet;
            }
            Lie::OtherLeaf => {
                let leaves = self.leaves()?;
                let size = leaves.len() as u64;
                let tree: MemoryTree = leaves.into_iter().collect();
                held.index = 0;
                held.hashes = prove_inclusion(0, size, &tree)?;
                held.checkpoint = self.head(size, &tree)?;
                word.leaf_index = 0;
            }
            Lie::BrokenProof => held.hashes.iter_mut().for_each(|hash| hash[0] ^= 1),
            Lie::Replay => return Ok(self.earlier.clone()),
            _ => {
                let (index, size, tree) = self.forked(held.index)?;
                held.index = index;
                held.hashes = prove_inclusion(index, size, &tree)?;
                held.checkpoint = self.head(size, &tree)?;
                word.leaf_index = index;
                *self.fork.lock().unwrap_or_else(PoisonError::into_inner) = Some(tree);
            }
        }
        let receipt = signed(&word.text(), key)?;
        Ok((
            String::from_utf8(receipt)?,
            String::from_utf8(held.to_bytes())?,
        ))
    }

    /// Another log that holds the packet's leaf: where, how large, and its tree.
    fn forked(&self, index: u64) -> anyhow::Result<(u64, u64, MemoryTree)> {
        let leaves = self.leaves()?;
        let leaf = *leaves
            .get(usize::try_from(index)?)
            .context("the packet's leaf")?;
        let size = match self.lie {
            Lie::ForkSame => self.seen,
            Lie::RollBack => self.seen - 1,
            _ => leaves.len() as u64 + 3,
        };
        // Nothing of what was seen is in it but by chance of place.
        let mut other: Vec<Hash> = (0..size)
            .map(|n| Sha256Digest::of(&n.to_be_bytes()).0)
            .collect();
        let last = other.last_mut().context("a log without leaves")?;
        *last = leaf;
        Ok((size - 1, size, other.into_iter().collect()))
    }

    fn head(&self, size: u64, tree: &MemoryTree) -> anyhow::Result<Vec<u8>> {
        let head = Checkpoint {
            origin: self.origin.clone(),
            size,
            root: root_at(size, tree)?,
            extensions: Vec::new(),
        };
        Ok(signed(&head.text(), &self.keys.log)?)
    }

    /// As good a proof as there is between the log that was seen and the other one: none that holds.
    fn consistency(&self, query: &str) -> anyhow::Result<Vec<u8>> {
        let fork = self.fork.lock().unwrap_or_else(PoisonError::into_inner);
        let tree = fork.as_ref().context("no fork yet")?;
        let mut sizes = query.split('&').map(|pair| {
            let value = pair.split_once('=').map_or("", |(_, value)| value);
            value.parse::<u64>().unwrap_or(0)
        });
        let (from, to) = (sizes.next().unwrap_or(0), sizes.next().unwrap_or(0));
        if self.lie == Lie::Unproved {
            return Ok(page("404 Not Found", "", ""));
        }
        let whole: MemoryTree = self.leaves()?.into_iter().collect();
        let tree = if to <= tree.size() { tree } else { &whole };
        let hashes = prove_consistency(from, to, tree)?;
        let proof = Consistency {
            old_size: from,
            new_size: to,
            hashes,
        };
        Ok(answered("text/plain", &proof.text()))
    }

    /// The honest log's leaf hashes, from its widest tile. A run's log has fewer than 256 leaves.
    fn leaves(&self) -> anyhow::Result<Vec<Hash>> {
        let mut widest = Vec::new();
        for entry in std::fs::read_dir(self.log_folder.join("tile/0/000.p"))? {
            let bytes = std::fs::read(entry?.path())?;
            if bytes.len() > widest.len() {
                widest = bytes;
            }
        }
        Ok(widest.as_chunks::<32>().0.to_vec())
    }
}
