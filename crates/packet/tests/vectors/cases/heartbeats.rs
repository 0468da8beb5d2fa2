//! Heartbeats in an export: one that bounds the captures from above, and everything that can be wrong with one.

use super::times::{T1, T2};
use super::*;
use crate::support::maker::Asks;
use fieldseal_packet::Timestamp;
use fieldseal_packet::beat::Beat;
use fieldseal_packet::entry::Heartbeat;
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, prove_inclusion};

/// When the heartbeat's checkpoint was stamped: four minutes after the photos, twelve before the packet was logged.
const BEATEN: &str = "20261123014500Z";
const NOTE: &str = "data/receipt/heartbeats/3.note";
const PROOF: &str = "data/receipt/heartbeats/3.tlog-proof";
const TOKEN: &str = "data/receipt/heartbeats/3.alpha.tsr";

type Beside = Box<dyn Fn(&mut Files, &MemoryTree)>;
type Signing = Box<dyn Fn(&str) -> Vec<u8>>;
type Payload = Box<dyn Fn(&mut Files)>;

/// An export whose log holds a heartbeat before the seal; each part can be changed before it is fixed.
pub(super) struct Beaten {
    pub stamped: Stamped,
    pub beat: Beat,
    /// From the heartbeat's text.
    pub sign: Signing,
    /// The heartbeat's files beside the note; from the log that ends with it, and from what is to be logged after it.
    pub files: Beside,
    /// The export's payload, at the end.
    pub last: Payload,
}

impl Beaten {
    pub fn new() -> Self {
        let stamped = Stamped::new();
        let links: Vec<(u64, Sha256Digest)> = stamped
            .content
            .events
            .iter()
            .filter_map(|(_, event)| match event {
                Event::Captured(captured) => Some((captured.capture_seq, captured.link())),
                _ => None,
            })
            .collect();
        let (capture_seq, capture_link) = *links.last().unwrap();
        Self {
            stamped,
            beat: Beat {
                head: Heartbeat {
                    origin: ORIGIN.to_owned(),
                    device: device_key().vkey().name().to_owned(),
                    device_seq: 0,
                    capture_seq,
                    capture_link,
                    at: at(90),
                },
                captures: links,
            },
            sign: Box::new(|text| Note::sign(text, &[&device_key()]).unwrap().to_bytes()),
            files: Box::new(|_, _| {}),
            last: Box::new(|_| {}),
        }
    }

    pub fn export(&mut self) -> Files {
        let note = (self.sign)(&self.beat.text());
        let files = self.stamped.packet();
        let mut payload = export_payload_with(&zip(&files), &files[SEAL], &|tree, seal| {
            tree.push(leaf_hash(&note));
            tree.push(leaf_hash(seal));
        });
        payload.remove("proof of the note");
        let text = text_of(&payload["data/receipt/checkpoint"]);
        for (id, token) in (self.stamped.logged)(&text) {
            payload.insert(format!("data/receipt/checkpoint.{id}.tsr"), token);
        }
        let mut tree = log_before();
        tree.push(leaf_hash(&note));
        let proof = proof_of(3, &tree);
        let token = alpha().stamp(&Asks::at(BEATEN), &text_of(&proof.checkpoint));
        payload.insert(NOTE.to_owned(), note);
        payload.insert(PROOF.to_owned(), proof.to_bytes());
        payload.insert(TOKEN.to_owned(), token);
        (self.files)(&mut payload, &tree);
        (self.last)(&mut payload);
        payload
    }
}

fn proof_of(index: u64, tree: &MemoryTree) -> TlogProof {
    TlogProof {
        index,
        hashes: prove_inclusion(index, tree.size(), tree).unwrap(),
        extra: None,
        checkpoint: checkpoint(tree),
    }
}

/// Puts another proof in, and a good token over its checkpoint.
fn put_proof(payload: &mut Files, proof: &TlogProof) {
    let token = alpha().stamp(&Asks::at(BEATEN), &text_of(&proof.checkpoint));
    payload.insert(PROOF.to_owned(), proof.to_bytes());
    payload.insert(TOKEN.to_owned(), token);
}

fn beaten(
    c: &mut Cases,
    name: &'static str,
    what: &'static str,
    codes: &[&str],
    also: &[&str],
    change: impl FnOnce(&mut Beaten),
) {
    let mut beaten = Beaten::new();
    change(&mut beaten);
    c.add(name, what, true, &[], codes, export_zip(beaten.export()));
    c.expect(also, (T1, T2));
}

pub(super) fn heartbeats(c: &mut Cases) {
    good(c);
    notes(c);
    signers(c);
    proofs(c);
    tokens(c);
}

const BOUNDED: &[&str] = &["capture-bounded"];
const PASSED: &[&str] = &["heartbeat-not-counted"];

fn good(c: &mut Cases) {
    beaten(
        c,
        "heartbeat-bounds-captures",
        "A logged and stamped heartbeat names both photos: each was there before its stamp.",
        &[],
        BOUNDED,
        |_| {},
    );
    beaten(
        c,
        "heartbeat-bounds-the-newest",
        "A heartbeat of version 1 names the newest capture alone.",
        &[],
        BOUNDED,
        |b| b.beat.captures.clear(),
    );
    beaten(
        c,
        "heartbeat-names-none",
        "A heartbeat of later captures says how far the tablet had got, and bounds nothing here.",
        &[],
        &["heartbeat-names-none"],
        |b| {
            b.beat.head.device_seq = 3;
            b.beat.head.capture_seq = 9;
            b.beat.head.capture_link = Sha256Digest::of(b"the ninth");
            b.beat.captures.clear();
        },
    );
    beaten(
        c,
        "heartbeat-of-an-altered-photo",
        "A photo was changed after the packet was sealed: the heartbeat does not speak of these bytes.",
        &["item-mismatch", "record-item-mismatch"],
        BOUNDED,
        |b| {
            b.stamped.packet = Box::new(|files| flip(files, "data/items/0001.jpg"));
        },
    );
    beaten(
        c,
        "heartbeat-alone-files",
        "A proof and a token of an index of which there is no note, and names that are almost right: passed over.",
        &[],
        &[],
        |b| {
            b.last = Box::new(|payload| {
                let note = payload.remove(NOTE).unwrap();
                payload.insert("data/receipt/heartbeats/03.note".to_owned(), note);
                payload.insert(
                    "data/receipt/heartbeats/3.note.txt".to_owned(),
                    b"nothing".to_vec(),
                );
            });
        },
    );
}

fn notes(c: &mut Cases) {
    let malformed = &["heartbeat-malformed"];
    beaten(
        c,
        "heartbeat-no-note",
        "The heartbeat is not a signed note.",
        malformed,
        &[],
        |b| b.sign = Box::new(|_| b"hello\n".to_vec()),
    );
    beaten(
        c,
        "heartbeat-of-another-type",
        "The leaf is one of another type, by the same tablet.",
        malformed,
        &[],
        |b| {
            b.sign = Box::new(|text| {
                let other = text.replacen("/heartbeat/v2", "/heartbeat/v3", 1);
                Note::sign(&other, &[&device_key()]).unwrap().to_bytes()
            });
        },
    );
    beaten(
        c,
        "heartbeat-descending",
        "The captures in the heartbeat are not in ascending order.",
        malformed,
        &[],
        |b| {
            b.beat.head.capture_seq = 9;
            b.beat.captures.reverse();
        },
    );
    beaten(
        c,
        "heartbeat-of-another-log",
        "The heartbeat is of another deployment.",
        malformed,
        &[],
        |b| b.beat.head.origin = "other.example/log".to_owned(),
    );
    beaten(
        c,
        "heartbeat-of-two-lines",
        "The heartbeat has one signature line too many.",
        malformed,
        &[],
        |b| {
            b.sign = Box::new(|text| {
                let lines: [&dyn Signer; 2] = [&device_key(), &officer_key(1)];
                Note::sign(text, &lines).unwrap().to_bytes()
            });
        },
    );
    beaten(
        c,
        "heartbeat-of-another-name",
        "The heartbeat names another tablet than the one whose line it has.",
        malformed,
        &[],
        |b| b.beat.head.device = format!("{ORIGIN}/device/t-0002"),
    );
    beaten(
        c,
        "heartbeat-contradicts",
        "The tablet has signed for another item under the number of a photo of this packet.",
        &["heartbeat-contradicts"],
        &[],
        |b| b.beat.captures[0].1 = Sha256Digest::of(b"another photo"),
    );
}

fn signers(c: &mut Cases) {
    beaten(
        c,
        "heartbeat-line-invalid",
        "The heartbeat was changed after the tablet had signed it.",
        &["heartbeat-line-invalid"],
        &[],
        |b| {
            b.sign = Box::new(|text| {
                let note = Note::sign(text, &[&device_key()]).unwrap().to_bytes();
                replace_in(&note, "device-seq 0", "device-seq 7")
            });
        },
    );
    beaten(
        c,
        "heartbeat-key-unknown",
        "The heartbeat is by a key of the tablet's name that nobody knows.",
        &[],
        PASSED,
        |b| {
            b.sign = Box::new(|text| {
                let other = key(device_key().vkey().name(), 9);
                Note::sign(text, &[&other]).unwrap().to_bytes()
            });
        },
    );
    beaten(
        c,
        "heartbeat-by-a-claimed-key",
        "The heartbeat is by a key of the tablet's name that came along, and that is not enrolled.",
        &[],
        PASSED,
        |b| {
            let other = || key(device_key().vkey().name(), 9);
            b.sign = Box::new(move |text| Note::sign(text, &[&other()]).unwrap().to_bytes());
            b.last = Box::new(move |payload| {
                payload.insert(
                    "data/receipt/keys/other.vkey".to_owned(),
                    format!("{}\n", other().vkey()).into_bytes(),
                );
            });
        },
    );
    beaten(
        c,
        "heartbeat-by-an-enrolled-key",
        "The heartbeat is by another key of the same tablet, which is enrolled: it counts.",
        &[],
        BOUNDED,
        |b| {
            let other = || key(device_key().vkey().name(), 9);
            b.sign = Box::new(move |text| Note::sign(text, &[&other()]).unwrap().to_bytes());
            b.last = Box::new(move |payload| {
                payload.insert(
                    "data/receipt/keys/other.entry".to_owned(),
                    enrolment(SubjectKind::Device, &other(), &server_key("authority")),
                );
            });
        },
    );
    beaten(
        c,
        "heartbeat-by-another-tablet",
        "The heartbeat is by another enrolled tablet, whose captures have the same numbers: it says nothing of these.",
        &[],
        PASSED,
        |b| {
            let other = || key(&format!("{ORIGIN}/device/t-0002"), 2);
            b.beat.head.device = other().vkey().name().to_owned();
            b.beat.captures[0].1 = Sha256Digest::of(b"another photo");
            b.sign = Box::new(move |text| Note::sign(text, &[&other()]).unwrap().to_bytes());
            b.last = Box::new(move |payload| {
                payload.insert(
                    "data/receipt/keys/other.entry".to_owned(),
                    enrolment(SubjectKind::Device, &other(), &server_key("authority")),
                );
            });
        },
    );
}

fn proofs(c: &mut Cases) {
    let invalid = &["heartbeat-proof-invalid"];
    beaten(
        c,
        "heartbeat-without-proof",
        "Nothing shows that the heartbeat was logged.",
        &[],
        PASSED,
        |b| {
            b.last = Box::new(|payload| {
                payload.remove(PROOF);
            });
        },
    );
    beaten(
        c,
        "heartbeat-proof-malformed",
        "The heartbeat's proof does not read.",
        invalid,
        &[],
        |b| {
            b.last = Box::new(|payload| {
                payload.insert(PROOF.to_owned(), b"index 3\n".to_vec());
            });
        },
    );
    beaten(
        c,
        "heartbeat-proof-of-another-index",
        "The heartbeat's proof is for another index than its name.",
        invalid,
        &[],
        |b| {
            b.files = Box::new(|payload, tree| put_proof(payload, &proof_of(2, tree)));
        },
    );
    beaten(
        c,
        "heartbeat-proof-of-another-leaf",
        "The log holds another leaf in the heartbeat's place.",
        invalid,
        &[],
        |b| {
            b.files = Box::new(|payload, _| {
                let mut tree = log_before();
                tree.push(leaf_hash(b"another leaf"));
                put_proof(payload, &proof_of(3, &tree));
            });
        },
    );
    beaten(
        c,
        "heartbeat-proof-checkpoint-altered",
        "The checkpoint in the heartbeat's proof was changed.",
        invalid,
        &[],
        |b| {
            b.files = Box::new(|payload, _| {
                let from = format!("{ORIGIN}\n4\n");
                let changed = replace_in(&payload[PROOF], &from, &format!("{ORIGIN}\n5\n"));
                put_proof(payload, &TlogProof::parse(&changed).unwrap());
            });
        },
    );
    beaten(
        c,
        "heartbeat-proof-key-unknown",
        "The checkpoint in the heartbeat's proof is by a key that nobody trusts for the log.",
        &[],
        PASSED,
        |b| {
            b.files = Box::new(|payload, tree| {
                let mut proof = proof_of(3, tree);
                let text = Note::parse(&proof.checkpoint).unwrap().text;
                let other = Note::sign(&text, &[&key(ORIGIN, 9)]).unwrap();
                proof.checkpoint = other.to_bytes();
                put_proof(payload, &proof);
            });
        },
    );
    beaten(
        c,
        "heartbeat-of-a-fork",
        "The heartbeat is in a tree of the same size as the packet's, with other leaves, both signed by the log.",
        invalid,
        &[],
        |b| {
            b.files = Box::new(|payload, tree| {
                let mut fork = tree.clone();
                fork.push(leaf_hash(b"another leaf than the seal"));
                put_proof(payload, &proof_of(3, &fork));
            });
        },
    );
}

fn tokens(c: &mut Cases) {
    beaten(
        c,
        "heartbeat-without-token",
        "The heartbeat was logged, and nobody stamped that.",
        &[],
        PASSED,
        |b| {
            b.last = Box::new(|payload| {
                payload.remove(TOKEN);
            });
        },
    );
    let token = |make: fn(&Files) -> Vec<u8>| {
        move |b: &mut Beaten| {
            b.last = Box::new(move |payload| {
                let token = make(payload);
                payload.insert(TOKEN.to_owned(), token);
            });
        }
    };
    let text = |payload: &Files| {
        let proof = TlogProof::parse(&payload[PROOF]).unwrap();
        text_of(&proof.checkpoint)
    };
    beaten(
        c,
        "heartbeat-token-of-another-checkpoint",
        "The token is over another checkpoint than the one in the heartbeat's proof.",
        &["heartbeat-token-invalid"],
        &[],
        token(|_| alpha().stamp(&Asks::at(BEATEN), &seen_message())),
    );
    beaten(
        c,
        "heartbeat-token-by-a-stranger",
        "The token is by an authority that the trust file does not name.",
        &[],
        PASSED,
        |b| {
            b.last = Box::new(move |payload| {
                let token = stranger().stamp(&Asks::at(BEATEN), &text(payload));
                payload.insert(TOKEN.to_owned(), token);
            });
        },
    );
    beaten(
        c,
        "heartbeat-token-not-valid-then",
        "The authority's certificate had ended when it made the token.",
        &["heartbeat-token-invalid"],
        &[],
        |b| {
            b.last = Box::new(move |payload| {
                let past = alpha_with(|says| says.not_after = "20261123014000Z".to_owned());
                let token = past.stamp(&Asks::at(BEATEN), &text(payload));
                payload.insert(TOKEN.to_owned(), token);
            });
        },
    );
    beaten(
        c,
        "heartbeat-tokens-two",
        "Two tokens, one by an authority that is not known: the other bounds.",
        &[],
        &["capture-bounded", "heartbeat-not-counted"],
        |b| {
            b.last = Box::new(move |payload| {
                let token = stranger().stamp(&Asks::at("20261123014430Z"), &text(payload));
                payload.insert("data/receipt/heartbeats/3.other.tsr".to_owned(), token);
            });
        },
    );
    beaten(
        c,
        "heartbeat-token-renewed",
        "The token on the heartbeat's checkpoint was renewed.",
        &[],
        &["capture-bounded", "timestamp-renewed"],
        |b| {
            b.last = Box::new(|payload| {
                let token = beta().stamp(&Asks::at("20261201000000Z"), &payload[TOKEN]);
                let path = "data/receipt/heartbeats/3.alpha.renewed-1.tsr";
                payload.insert(path.to_owned(), token);
            });
        },
    );
    beaten(
        c,
        "heartbeat-token-renewal-of-another",
        "The renewal is over other bytes than the token of the heartbeat.",
        &["heartbeat-token-invalid"],
        BOUNDED,
        |b| {
            b.last = Box::new(|payload| {
                let token = beta().stamp(&Asks::at("20261201000000Z"), b"other bytes");
                let path = "data/receipt/heartbeats/3.alpha.renewed-1.tsr";
                payload.insert(path.to_owned(), token);
            });
        },
    );
}

/// What a camera screen showed at the shutter.
pub(super) fn challenges(c: &mut Cases) {
    use fieldseal_packet::challenge::Challenge;
    let with = |b: &mut Beaten, challenge: &Challenge| {
        for (_, event) in &mut b.stamped.content.events {
            if let Event::Captured(captured) = event
                && captured.capture_seq == 3
            {
                captured.context.challenge = Some(challenge.clone());
            }
        }
    };
    let seen = || Challenge::of(&seen_by(&alpha()));
    beaten(
        c,
        "challenge-matches",
        "The challenge word of a photo is the one of the token that the seal names: who sees it in the photo knows that the photo is younger.",
        &[],
        &["challenge-matches", "capture-bounded"],
        |b| with(b, &seen()),
    );
    beaten(
        c,
        "challenge-mismatch",
        "The word is not the one of the token that it names.",
        &["challenge-mismatch"],
        BOUNDED,
        |b| {
            let word = Challenge::of(b"another token").word;
            with(b, &Challenge { word, ..seen() });
        },
    );
    beaten(
        c,
        "challenge-of-an-older-token",
        "The word is of a token that the packet does not hold.",
        &[],
        &["challenge-unproved", "capture-bounded"],
        |b| with(b, &Challenge::of(b"another token")),
    );
    let mut stranger_seen = Beaten::new();
    let token = seen_by(&stranger());
    with(&mut stranger_seen, &Challenge::of(&token));
    stranger_seen.stamped.seen = vec![("other", token)];
    c.add(
        "challenge-of-a-stranger",
        "The word is of a token whose authority is not known.",
        true,
        &[],
        &["lower-bound-authority-unknown"],
        export_zip(stranger_seen.export()),
    );
    c.expect(&["challenge-unproved", "capture-bounded"], (None, T2));
    let mut late = Beaten::new();
    let token = alpha().stamp(&Asks::at("20261123015000Z"), &seen_message());
    with(&mut late, &Challenge::of(&token));
    late.stamped.seen = vec![("alpha", token)];
    c.add(
        "challenge-later-than-heartbeat",
        "The word is of a token that was made after the photo is proved to have been there.",
        true,
        &[],
        &["capture-interval-contradictory"],
        export_zip(late.export()),
    );
    let after: Timestamp = "2026-11-23T01:49:59.000Z".parse().unwrap();
    let after = after.to_string();
    c.expect(
        &["capture-bounded", "clock-outside-interval"],
        (Some(after.as_str()), T2),
    );
}
