//! Heartbeats that an export brings: what a tablet had said of its captures before their packet was sealed, and when that was logged.
//! Rules, in this order: `docs/spec/time.md`, "Captures".

use std::collections::BTreeMap;

use super::bag::BagCheck;
use super::keys::Keys;
use super::seal::Seal;
use super::source::{Source, read_small};
use super::time::{self, RenewalCodes};
use super::tokens::TokenFile;
use super::{Heartbeat, Token};
use crate::beat::Beat;
use crate::entry::MAX_LEAF;
use crate::findings::{Code, Finding, Progress};
use crate::{KeyRole, Sha256Digest, Timestamp};
use fieldseal_stamp::{Der, StampError};
use fieldseal_tlog::checkpoint::{Checkpoint, OpenError};
use fieldseal_tlog::merkle;
use fieldseal_tlog::note::{LineCheck, Note, NoteError, Vkey};
use fieldseal_tlog::proof::{MAX_PROOF_BYTES, TlogProof, VerifyError};

/// Where they stand in an export.
const FOLDER: &str = "data/receipt/heartbeats/";
/// At most this many are judged.
const MAX_HEARTBEATS: usize = 16;

const RENEWALS: RenewalCodes = RenewalCodes {
    invalid: Code::HeartbeatTokenInvalid,
    not_counted: Code::HeartbeatNotCounted,
};

/// A heartbeat's files.
pub(crate) struct HeartbeatFiles {
    path: String,
    index: u64,
    note: Vec<u8>,
    proof: Option<Vec<u8>>,
    tokens: Vec<TokenFile>,
}

impl HeartbeatFiles {
    /// Those of an export, by their index in the log. What can't be read, or is too large, is empty, and so malformed.
    pub(crate) fn all(source: &dyn Source, outer: &BagCheck) -> Vec<Self> {
        let mut named: Vec<(u64, &String)> = outer
            .sizes
            .keys()
            .filter_map(|path| Some((index_of(path)?, path)))
            .collect();
        named.sort_unstable();
        let read = |path: &str, limit| {
            let bytes = read_small(source, path, limit);
            bytes.ok().flatten().unwrap_or_default()
        };
        named
            .into_iter()
            .take(MAX_HEARTBEATS)
            .map(|(index, path)| {
                let stem = format!("{FOLDER}{index}");
                let proof = proof_path(path);
                let there = outer.sizes.contains_key(&proof);
                Self {
                    path: path.clone(),
                    index,
                    note: read(path, MAX_LEAF),
                    proof: there.then(|| read(&proof, MAX_PROOF_BYTES)),
                    tokens: TokenFile::all(source, outer, &stem),
                }
            })
            .collect()
    }

    pub(crate) fn tokens(&self) -> Vec<Token<'_>> {
        self.tokens.iter().map(TokenFile::token).collect()
    }

    /// As the verifier takes it.
    pub(crate) fn heartbeat<'a>(&'a self, tokens: &'a [Token<'a>]) -> Heartbeat<'a> {
        Heartbeat {
            path: &self.path,
            index: self.index,
            note: &self.note,
            proof: self.proof.as_deref(),
            tokens,
        }
    }
}

/// The index in a note's path, in its one spelling.
fn index_of(path: &str) -> Option<u64> {
    let digits = path.strip_prefix(FOLDER)?.strip_suffix(".note")?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let one_spelling = digits == "0" || !digits.starts_with('0');
    let short = (1..=19).contains(&digits.len());
    (plain && one_spelling && short)
        .then(|| digits.parse().ok())
        .flatten()
}

fn proof_path(note: &str) -> String {
    let stem = note.strip_suffix(".note").unwrap_or(note);
    format!("{stem}.tlog-proof")
}

/// What heartbeats are held against.
pub(crate) struct Against<'a> {
    pub seal: &'a Seal,
    pub keys: &'a Keys<'a>,
    /// Keys by which a device's line on the seal was right.
    pub device_keys: &'a [Vkey],
    /// The links that the packet's custody log gives, by number.
    pub links: &'a BTreeMap<u64, Sha256Digest>,
    /// The checkpoint by which the packet is proved to be logged.
    pub logged: Option<&'a Checkpoint>,
    pub roots: &'a [Der],
}

/// What heartbeats say, as far as it counts.
#[derive(Default)]
pub(crate) struct Said {
    /// By when each capture of the packet was there.
    pub bounds: BTreeMap<u64, Timestamp>,
    /// How far devices had got.
    pub progress: Vec<Progress>,
}

impl Against<'_> {
    pub(crate) fn judge(&self, heartbeats: &[Heartbeat<'_>], findings: &mut Vec<Finding>) -> Said {
        let mut said = Said::default();
        for heartbeat in heartbeats {
            let beat = self.note(heartbeat, findings);
            if let Some(beat) = &beat {
                said.progress.push(Progress {
                    device: beat.head.device.clone(),
                    device_seq: beat.head.device_seq,
                    capture_seq: beat.head.capture_seq,
                });
            }
            let named: Vec<u64> = beat.iter().flat_map(|beat| self.named(beat)).collect();
            let logged = self.proof(heartbeat, findings);
            let stamped = self.stamped(heartbeat, !named.is_empty(), findings);
            let (true, Some(at)) = (logged, stamped) else {
                continue;
            };
            for number in named {
                let bound = said.bounds.entry(number).or_insert(at);
                *bound = at.min(*bound);
            }
        }
        said
    }

    /// The captures of this packet that it names.
    fn named(&self, beat: &Beat) -> Vec<u64> {
        let numbers = beat.links().map(|(number, _)| number);
        numbers
            .filter(|number| self.links.contains_key(number))
            .collect()
    }

    /// A heartbeat by the packet's device that does not contradict it.
    fn note(&self, heartbeat: &Heartbeat<'_>, findings: &mut Vec<Finding>) -> Option<Beat> {
        let mut found = |code, detail: String| {
            findings.push(Finding::new(code).about(heartbeat.path).with(detail));
        };
        let (note, beat) = match self.read(heartbeat.note) {
            Ok(read) => read,
            Err(why) => {
                found(Code::HeartbeatMalformed, why);
                return None;
            }
        };
        let line = note.signatures.first()?;
        match note.check(line, &self.keys.all) {
            LineCheck::Verified => {}
            LineCheck::Invalid => {
                found(Code::HeartbeatLineInvalid, String::new());
                return None;
            }
            LineCheck::UnknownKey => {
                found(Code::HeartbeatNotCounted, "its key is not known".to_owned());
                return None;
            }
            LineCheck::Unsupported => {
                let why = "its type of signature is not known";
                found(Code::HeartbeatNotCounted, why.to_owned());
                return None;
            }
        }
        let key = self.keys.all.find(&line.name, line.key_id);
        if !key.is_some_and(|key| self.is_the_packets(key)) {
            let why = "it is not by the tablet that sealed this packet";
            found(Code::HeartbeatNotCounted, why.to_owned());
            return None;
        }
        let other: Vec<String> = beat
            .links()
            .filter(|(number, link)| self.links.get(number).is_some_and(|known| known != link))
            .map(|(number, _)| number.to_string())
            .collect();
        if !other.is_empty() {
            found(Code::HeartbeatContradicts, other.join(","));
            return None;
        }
        if self.named(&beat).is_empty() {
            let progress = format!("{}, {}", beat.head.device_seq, beat.head.capture_seq);
            found(Code::HeartbeatNamesNone, progress);
        }
        Some(beat)
    }

    fn read(&self, bytes: &[u8]) -> Result<(Note, Beat), String> {
        if bytes.len() > MAX_LEAF {
            return Err("too large".to_owned());
        }
        let note = Note::parse(bytes).map_err(|error| error.to_string())?;
        let beat = Beat::parse(&note.text).map_err(|error| error.to_string())?;
        if beat.head.origin != self.seal.body.origin {
            return Err("of another log".to_owned());
        }
        match note.signatures.as_slice() {
            [line] if line.name == beat.head.device => Ok((note, beat)),
            _ => Err("not one line by its device".to_owned()),
        }
    }

    /// Whether a key is one that signed the seal as its device, or another enrolled one of that device.
    fn is_the_packets(&self, key: &Vkey) -> bool {
        let signers = || self.device_keys.iter();
        let of_the_name = signers().any(|known| known.name() == key.name());
        signers().any(|known| known == key) || (of_the_name && self.keys.is_enrolled(key))
    }

    /// Whether the note is proved to be a leaf of the log.
    fn proof(&self, heartbeat: &Heartbeat<'_>, findings: &mut Vec<Finding>) -> bool {
        let Some(bytes) = heartbeat.proof else {
            let absent = Finding::new(Code::HeartbeatNotCounted).with("there is no proof of it");
            findings.push(absent.about(heartbeat.path));
            return false;
        };
        let path = proof_path(heartbeat.path);
        let outcome = TlogProof::parse(bytes)
            .map_err(|error| invalid(&error))
            .and_then(|proof| match proof.index == heartbeat.index {
                true => self.included(&proof, heartbeat.note),
                false => Err(invalid(&"of another leaf")),
            });
        match outcome {
            Ok(()) => true,
            Err(finding) => {
                findings.push(finding.about(path));
                false
            }
        }
    }

    fn included(&self, proof: &TlogProof, note: &[u8]) -> Result<(), Finding> {
        let origin = &self.seal.body.origin;
        let leaf = merkle::leaf_hash(note);
        let logs: Vec<Vkey> = self.keys.role(origin, KeyRole::Log).cloned().collect();
        match proof.verify_by(&leaf, &logs) {
            Ok(checkpoint) if self.contradicts(&checkpoint) => {
                Err(invalid(&"of another log than the packet's"))
            }
            Ok(_) => Ok(()),
            Err(VerifyError::Checkpoint(OpenError::Signature(NoteError::Missing))) => {
                Err(Finding::new(Code::HeartbeatNotCounted).with("the log's key is not known"))
            }
            Err(error) => Err(invalid(&error)),
        }
    }

    /// Whether a checkpoint in hand has this one's size and another root.
    fn contradicts(&self, checkpoint: &Checkpoint) -> bool {
        let seen = self.seal.body.seen_checkpoint;
        let logged = self.logged.map(|logged| (logged.size, logged.root));
        [seen, logged]
            .into_iter()
            .flatten()
            .any(|(size, root)| size == checkpoint.size && root != checkpoint.root)
    }

    /// The earliest time before which a token says that the proof's checkpoint was there.
    fn stamped(
        &self,
        heartbeat: &Heartbeat<'_>,
        wanted: bool,
        findings: &mut Vec<Finding>,
    ) -> Option<Timestamp> {
        if heartbeat.tokens.is_empty() && wanted {
            let absent = Finding::new(Code::HeartbeatNotCounted).with("no timestamp is over it");
            findings.push(absent.about(heartbeat.path));
        }
        let proof = TlogProof::parse(heartbeat.proof?).ok()?;
        let message = time::text_of(&proof.checkpoint);
        let judged = time::judge_all(
            heartbeat.tokens,
            message.as_deref(),
            self.roots,
            &RENEWALS,
            findings,
        );
        let mut earliest: Option<Timestamp> = None;
        for (path, outcome) in judged {
            let code = match &outcome {
                Ok(stamp) => {
                    let at = Timestamp::from_millis(stamp.latest_ms);
                    earliest = Some(earliest.map_or(at, |before| before.min(at)));
                    continue;
                }
                Err(StampError::UnknownAuthority | StampError::Unsupported(_)) => {
                    Code::HeartbeatNotCounted
                }
                Err(_) => Code::HeartbeatTokenInvalid,
            };
            let why = outcome.err().map(|error| error.to_string());
            let finding = Finding::new(code).about(path);
            findings.push(finding.with(why.unwrap_or_default()));
        }
        earliest
    }
}

fn invalid(why: &dyn std::fmt::Display) -> Finding {
    Finding::new(Code::HeartbeatProofInvalid).with(why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_has_one_spelling() {
        let index = |name: &str| index_of(&format!("{FOLDER}{name}"));
        assert_eq!(index("0.note"), Some(0));
        assert_eq!(
            index("9999999999999999999.note"),
            Some(9_999_999_999_999_999_999)
        );
        for other in [
            "",
            ".note",
            "00.note",
            "07.note",
            "+7.note",
            "7",
            "7.tsr",
            "x7.note",
            "10000000000000000000.note",
        ] {
            assert_eq!(index(other), None, "{other}");
        }
    }
}
