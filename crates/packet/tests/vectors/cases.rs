//! The cases: a good packet, and one change each.

#[path = "cases/attacks.rs"]
mod attacks;
#[path = "cases/children.rs"]
mod children;
#[path = "cases/contents.rs"]
mod contents;
#[path = "cases/decisions.rs"]
mod decisions;
#[path = "cases/drawings.rs"]
mod drawings;
#[path = "cases/exports.rs"]
mod exports;
#[path = "cases/files.rs"]
mod files;
#[path = "cases/good.rs"]
mod good;
#[path = "cases/heartbeats.rs"]
mod heartbeats;
#[path = "cases/keys.rs"]
mod keys;
#[path = "cases/logs.rs"]
mod logs;
#[path = "cases/national.rs"]
mod national;
#[path = "cases/proofs.rs"]
mod proofs;
#[path = "cases/readings.rs"]
mod readings;
#[path = "cases/rules.rs"]
mod rules;
#[path = "cases/seals.rs"]
mod seals;
#[path = "cases/times.rs"]
mod times;
#[path = "cases/tokens.rs"]
mod tokens;
#[path = "cases/zips.rs"]
mod zips;

use crate::support::*;
use fieldseal_packet::bag::{MANIFEST, SEAL, TAGMANIFEST};
use fieldseal_packet::custody::{Event, Head};
use fieldseal_packet::entry::{Rotated, SubjectKind};
use fieldseal_packet::receipt::Receipt;
use fieldseal_packet::seal::{Ranges, SealBody};
use fieldseal_packet::{PacketId, Sha256Digest};
use fieldseal_tlog::note::{Note, Signer};
use fieldseal_tlog::proof::TlogProof;
use serde_json::json;

/// One vector.
pub struct Case {
    pub name: &'static str,
    pub what: &'static str,
    /// Whether it is checked with the trust anchors.
    pub trust: bool,
    /// Failed and not-proved codes, sorted.
    pub codes: Vec<String>,
    /// Other codes that must be found.
    pub also: Vec<String>,
    /// Where it is more than the codes: the interval that is proved.
    pub interval: Option<(Option<String>, Option<String>)>,
    pub bytes: Vec<u8>,
}

impl Case {
    pub fn verdict(&self) -> &'static str {
        use fieldseal_packet::findings::{Code, Level};
        let level = |word: &String| {
            Code::ALL
                .iter()
                .find(|code| code.word() == word)
                .map(|code| code.level())
        };
        match self.codes.iter().filter_map(level).max() {
            Some(Level::Failed) => "failed",
            Some(Level::NotProved) => "not-proved",
            _ => "verified",
        }
    }
}

/// What a packet by itself can't prove yet.
const ALONE: &[&str] = &[
    "log-inclusion-absent",
    "lower-bound-none",
    "timestamp-absent",
];
/// What an export can't prove without timestamps.
const EXPORTED: &[&str] = &["lower-bound-none", "timestamp-absent"];

struct Cases(Vec<Case>);

impl Cases {
    fn add(
        &mut self,
        name: &'static str,
        what: &'static str,
        trust: bool,
        base: &[&str],
        more: &[&str],
        bytes: Vec<u8>,
    ) {
        let mut codes: Vec<String> = base
            .iter()
            .chain(more)
            .map(|code| (*code).to_owned())
            .collect();
        codes.sort();
        self.0.push(Case {
            name,
            what,
            trust,
            codes,
            also: Vec::new(),
            interval: None,
            bytes,
        });
    }

    /// Says more of the case that was added last.
    fn expect(&mut self, also: &[&str], interval: (Option<&str>, Option<&str>)) {
        let case = self.0.last_mut().unwrap();
        case.also = also.iter().map(|code| (*code).to_owned()).collect();
        case.interval = Some((interval.0.map(str::to_owned), interval.1.map(str::to_owned)));
    }

    /// A packet changed before its manifests are made, sealed in good faith.
    fn content(
        &mut self,
        name: &'static str,
        what: &'static str,
        more: &[&str],
        change: impl FnOnce(&mut Content),
    ) {
        let mut content = Content::new();
        change(&mut content);
        self.add(name, what, true, ALONE, more, zip(&sealed(content.bag())));
    }

    /// A packet changed after it was sealed.
    fn files(
        &mut self,
        name: &'static str,
        what: &'static str,
        more: &[&str],
        change: impl FnOnce(&mut Files),
    ) {
        let mut files = sealed(Content::new().bag());
        change(&mut files);
        self.add(name, what, true, ALONE, more, zip(&files));
    }

    /// A packet with another seal text, signed by all three.
    fn body(
        &mut self,
        name: &'static str,
        what: &'static str,
        more: &[&str],
        change: impl FnOnce(&mut SealBody),
    ) {
        let mut files = Content::new().bag();
        let mut body = seal_body(&files);
        change(&mut body);
        let note = seal_note(&body, &[&device_key(), &officer_key(1), &officer_key(2)]);
        files.insert(SEAL.to_owned(), note);
        self.add(name, what, true, ALONE, more, zip(&files));
    }

    /// A packet with other signature lines.
    fn lines(
        &mut self,
        name: &'static str,
        what: &'static str,
        more: &[&str],
        signers: &[&dyn Signer],
    ) {
        let mut files = Content::new().bag();
        files.insert(SEAL.to_owned(), seal_note(&seal_body(&files), signers));
        self.add(name, what, true, ALONE, more, zip(&files));
    }

    /// A zip that is refused as such, or changed as a zip.
    fn zip(&mut self, name: &'static str, what: &'static str, codes: &[&str], bytes: Vec<u8>) {
        self.add(name, what, true, &[], codes, bytes);
    }

    /// An export changed before its manifests are made.
    fn export(
        &mut self,
        name: &'static str,
        what: &'static str,
        base: &[&str],
        more: &[&str],
        change: impl FnOnce(&mut Files),
    ) {
        let files = sealed(Content::new().bag());
        let mut payload = export_payload(&zip(&files), &files[SEAL]);
        change(&mut payload);
        self.add(name, what, true, base, more, export_zip(payload));
    }
}

fn flip(files: &mut Files, path: &str) {
    let bytes = files.get_mut(path).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
}

fn replace_in(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(text.contains(from), "{from}");
    text.replacen(from, to, 1).into_bytes()
}

/// Finds `from` in raw bytes everywhere and puts `to`, of the same length, in its place.
fn patch(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut out = bytes.to_vec();
    let mut at = 0;
    let mut count = 0;
    while let Some(found) = out[at..]
        .windows(from.len())
        .position(|window| window == from)
    {
        out[at + found..at + found + to.len()].copy_from_slice(to);
        at += found + to.len();
        count += 1;
    }
    assert!(count > 0);
    out
}

pub fn cases() -> Vec<Case> {
    let mut cases = Cases(Vec::new());
    good::good(&mut cases);
    files::files(&mut cases);
    seals::seals(&mut cases);
    national::national(&mut cases);
    contents::contents(&mut cases);
    zips::zips(&mut cases);
    exports::exports(&mut cases);
    decisions::decisions(&mut cases);
    children::children(&mut cases);
    drawings::drawings(&mut cases);
    times::times(&mut cases);
    heartbeats::heartbeats(&mut cases);
    heartbeats::challenges(&mut cases);
    tokens::tokens(&mut cases);
    rules::rules(&mut cases);
    readings::readings(&mut cases);
    proofs::proofs(&mut cases);
    attacks::attacks(&mut cases);
    keys::cms(&mut cases);
    keys::attestations(&mut cases);
    logs::rotations(&mut cases);
    logs::continuations(&mut cases);
    cases.0
}
