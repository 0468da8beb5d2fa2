//! The server of the model: it keeps the contract of `docs/spec/intake.md` with real keys, real receipts and a real tree, and
//! loses, lies and turns its clock only when it is told to.

use std::collections::{BTreeMap, BTreeSet};

use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::{PacketId, Sha256Digest, Timestamp};
use fieldseal_sync::receipt::PinnedKeys;
use fieldseal_sync::{Answer, Effect, Failure};
use fieldseal_tlog::checkpoint::Checkpoint;
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, prove_inclusion, root_at};
use fieldseal_tlog::note::{Ed25519Signer, Note, Signer as _};
use fieldseal_tlog::proof::TlogProof;
use fieldseal_wire::device::{PacketStatus, ServerState};

use crate::transition::Lie;

const ORIGIN: &str = "bureau.example/log";
/// Life of a token on the server's clock, milliseconds.
const TOKEN_MS: i64 = 900_000;

/// What a request carries over the wire.
#[derive(Debug, Clone)]
pub struct Request {
    pub tablet: usize,
    pub token: Option<u64>,
    pub effect: Effect,
    /// `Upload-Length`, for a creation.
    pub size: u64,
}

/// What comes back, beside the outbox's answer.
#[derive(Debug, Clone)]
pub struct Reply {
    pub answer: Answer,
    /// A new token and its life.
    pub token: Option<(u64, i64)>,
}

struct Upload {
    packet: PacketId,
    tablet: usize,
    size: u64,
    offset: u64,
}

pub struct Server {
    log: Ed25519Signer,
    receipts: Ed25519Signer,
    stranger: Ed25519Signer,
    uploads: BTreeMap<String, Upload>,
    named: u64,
    /// All bytes are here.
    received: BTreeSet<PacketId>,
    quarantined: BTreeSet<PacketId>,
    /// The log: one leaf a packet.
    pub leaves: Vec<PacketId>,
    tree: MemoryTree,
    tokens: BTreeMap<u64, (usize, i64)>,
    pub revoked: BTreeSet<usize>,
    pub lie: Option<Lie>,
    /// Its clock, which may be wrong by years.
    pub wall: i64,
}

/// The leaf of a packet: in the model the seal is its id in bytes.
pub fn seal(packet: PacketId) -> Vec<u8> {
    packet.to_string().into_bytes()
}

/// Digest of the zip: of the seal and a word, so that it is another one than the seal's.
pub fn zip_sha256(packet: PacketId) -> Sha256Digest {
    Sha256Digest::of(format!("{packet} zip").as_bytes())
}

fn signer(name: &str, seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(name, &[seed; 32]).unwrap()
}

impl Server {
    pub fn new() -> Self {
        Self {
            log: signer(ORIGIN, 1),
            receipts: signer(&format!("{ORIGIN}/receipts"), 2),
            stranger: signer(&format!("{ORIGIN}/receipts"), 9),
            uploads: BTreeMap::new(),
            named: 0,
            received: BTreeSet::new(),
            quarantined: BTreeSet::new(),
            leaves: Vec::new(),
            tree: MemoryTree::default(),
            tokens: BTreeMap::new(),
            revoked: BTreeSet::new(),
            lie: None,
            wall: 1_790_000_000_000,
        }
    }

    pub fn keys(&self) -> PinnedKeys {
        PinnedKeys {
            origin: ORIGIN.to_owned(),
            log: vec![self.log.vkey().clone()],
            receipts: self.receipts.vkey().clone(),
        }
    }

    pub fn serve(&mut self, request: &Request) -> Reply {
        let refused = |failure| Reply {
            answer: Answer::Failed(failure),
            token: None,
        };
        let (tablet, effect) = (request.tablet, &request.effect);
        if matches!(effect, Effect::Authenticate) {
            if self.revoked.contains(&tablet) {
                return refused(Failure::KeyNotAccepted);
            }
            self.named += 1;
            self.tokens
                .insert(self.named, (tablet, self.wall + TOKEN_MS));
            return Reply {
                answer: Answer::Authenticated { until: 0 },
                token: Some((self.named, TOKEN_MS)),
            };
        }
        let public = matches!(effect, Effect::FetchCheckpoint);
        let known = request
            .token
            .and_then(|token| self.tokens.get(&token))
            .is_some_and(|(owner, until)| *owner == tablet && self.wall < *until)
            && !self.revoked.contains(&tablet);
        if !public && !known {
            return refused(Failure::Unauthenticated);
        }
        Reply {
            answer: self.answer(request),
            token: None,
        }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        match &request.effect {
            Effect::FetchCheckpoint => Answer::Checkpoint,
            Effect::AskStatus { packets } => {
                assert!(packets.len() <= 200, "more packets than one question takes");
                Answer::Status(packets.iter().map(|packet| self.status(*packet)).collect())
            }
            Effect::Create { packet } => {
                let unfinished = self.uploads.iter().find(|(_, upload)| {
                    upload.packet == *packet && upload.tablet == request.tablet
                });
                if let Some((url, _)) = unfinished {
                    return Answer::Created {
                        upload: url.clone(),
                    };
                }
                self.named += 1;
                let url = format!("/u/{}", self.named);
                let offset = if self.received.contains(packet) {
                    request.size
                } else {
                    0
                };
                let upload = Upload {
                    packet: *packet,
                    tablet: request.tablet,
                    size: request.size,
                    offset,
                };
                self.uploads.insert(url.clone(), upload);
                Answer::Created { upload: url }
            }
            Effect::Head { upload, .. } => match self.uploads.get(upload) {
                Some(upload) => Answer::Offset(upload.offset),
                None => Answer::Failed(Failure::UploadGone),
            },
            Effect::Patch {
                packet,
                upload,
                offset,
                length,
            } => self.patch(*packet, upload, *offset, *length),
            other => unreachable!("not a request: {other:?}"),
        }
    }

    fn patch(&mut self, packet: PacketId, url: &str, offset: u64, length: u64) -> Answer {
        let Some(upload) = self.uploads.get_mut(url) else {
            return Answer::Failed(Failure::UploadGone);
        };
        assert_eq!(
            upload.packet, packet,
            "bytes of one packet to another's upload"
        );
        assert!(length > 0, "an empty chunk");
        assert!(
            offset + length <= upload.size,
            "more bytes than the packet has"
        );
        if upload.offset != offset {
            return Answer::Failed(Failure::OffsetConflict);
        }
        upload.offset += length;
        let (now_at, whole) = (upload.offset, upload.offset == upload.size);
        if whole {
            self.received.insert(packet);
        }
        Answer::Offset(now_at)
    }

    fn status(&self, packet: PacketId) -> PacketStatus {
        let mut status = PacketStatus {
            id: packet.to_string(),
            state: ServerState::Unknown,
            reason: None,
            receipt: None,
            proof: None,
            decisions: vec![],
        };
        if let Some(index) = self.leaves.iter().position(|leaf| *leaf == packet) {
            status.state = ServerState::Logged;
            let (receipt, proof) = self.papers(packet, index as u64);
            status.receipt = Some(receipt);
            status.proof = Some(proof);
        } else if self.quarantined.contains(&packet) {
            status.state = ServerState::Quarantined;
            status.reason = Some("seal-missing".to_owned());
        } else if self.received.contains(&packet) {
            status.state = ServerState::Received;
            if matches!(self.lie, Some(Lie::EarlyReceipt)) && !self.leaves.is_empty() {
                let (receipt, proof) = self.papers(packet, 0);
                status.state = ServerState::Logged;
                status.receipt = Some(receipt);
                status.proof = Some(proof);
            }
        }
        status
    }

    /// Receipt and proof; wrong ones while it lies.
    fn papers(&self, packet: PacketId, index: u64) -> (String, String) {
        let other = self.leaves.iter().find(|leaf| **leaf != packet);
        let mut body = Receipt {
            origin: ORIGIN.to_owned(),
            packet,
            seal_sha256: Sha256Digest::of(&seal(packet)),
            zip_sha256: zip_sha256(packet),
            zip_size: seal(packet).len() as u64,
            leaf_index: index,
            received_at: Timestamp::from_millis(1_790_000_000_000),
            copies: 1,
        };
        let mut key = &self.receipts;
        let mut proved = index;
        match self.lie {
            Some(Lie::OtherKey) => key = &self.stranger,
            Some(Lie::OtherBytes) => body.zip_sha256 = Sha256Digest::ZERO,
            Some(Lie::OtherPacket) => match other {
                Some(other) => body.packet = *other,
                None => key = &self.stranger,
            },
            Some(Lie::OtherLeaf) => {
                let count = self.leaves.len() as u64;
                proved = (index + 1) % count;
                body.leaf_index = proved;
                if count == 1 {
                    key = &self.stranger;
                }
            }
            Some(Lie::EarlyReceipt) | None => {}
        }
        let receipt = Note::sign(&body.text(), &[key]).unwrap().to_bytes();
        let size = self.leaves.len() as u64;
        let head = Checkpoint {
            origin: ORIGIN.to_owned(),
            size,
            root: root_at(size, &self.tree).unwrap(),
            extensions: vec![],
        };
        let proof = TlogProof {
            index: proved,
            hashes: prove_inclusion(proved, size, &self.tree).unwrap(),
            extra: None,
            checkpoint: Note::sign(&head.text(), &[&self.log]).unwrap().to_bytes(),
        };
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(receipt), text(proof.to_bytes()))
    }

    /// Puts what has arrived into the log: each packet once.
    pub fn log(&mut self) {
        for packet in &self.received {
            if !self.leaves.contains(packet) && !self.quarantined.contains(packet) {
                self.leaves.push(*packet);
                self.tree.push(leaf_hash(&seal(*packet)));
            }
        }
    }

    pub fn quarantine(&mut self, nth: usize) {
        let logged = &self.leaves;
        let waiting: Vec<PacketId> = self
            .received
            .iter()
            .filter(|packet| !logged.contains(packet))
            .copied()
            .collect();
        if !waiting.is_empty() {
            self.quarantined.insert(waiting[nth % waiting.len()]);
        }
    }

    pub fn release(&mut self) {
        self.quarantined.clear();
    }

    /// Tokens live in memory.
    pub fn restart(&mut self) {
        self.tokens.clear();
    }

    /// A restore from a backup: uploads are older or gone, and what was received and not yet logged with them. The log stays:
    /// its newest head is kept elsewhere.
    pub fn forget(&mut self, nth: usize, all: bool) {
        let urls: Vec<String> = self.uploads.keys().cloned().collect();
        if urls.is_empty() {
            return;
        }
        let url = &urls[nth % urls.len()];
        let packet = self.uploads[url].packet;
        if self.leaves.contains(&packet) || self.quarantined.contains(&packet) {
            return;
        }
        self.received.remove(&packet);
        if all {
            self.uploads.retain(|_, upload| upload.packet != packet);
        } else {
            for upload in self.uploads.values_mut() {
                if upload.packet == packet {
                    upload.offset /= 2;
                }
            }
        }
    }
}
