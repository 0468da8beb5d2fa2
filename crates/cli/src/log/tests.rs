use std::fs;

use fieldseal_packet::Timestamp;
use fieldseal_packet::entry::{Enrolled, SubjectKind};
use fieldseal_tlog::note::{Ed25519Signer, Note, P256Signer, Signer};
use fieldseal_tlog::tile::{decode_bundle, encode_bundle};

use super::*;

const ORIGIN: &str = "bureau.example/log";

struct Log {
    dir: tempfile::TempDir,
    key: Ed25519Signer,
    trust: Trust,
    leaves: Vec<Vec<u8>>,
}

fn signer(name: &str, seed: u8) -> Ed25519Signer {
    Ed25519Signer::from_seed(&format!("{ORIGIN}{name}"), &[seed; 32]).unwrap()
}

fn at() -> Timestamp {
    "2026-11-23T02:05:04.000Z".parse().unwrap()
}

fn enrolled(authority: &dyn Signer, kind: SubjectKind, key: &dyn Signer) -> Vec<u8> {
    let entry = Enrolled {
        origin: ORIGIN.to_owned(),
        kind,
        subject: key.vkey().name().to_owned(),
        vkey: key.vkey().to_string(),
        enrolled_at: at(),
    };
    Note::sign(&entry.text(), &[authority]).unwrap().to_bytes()
}

/// Heartbeats of two tablets (one with a P-256 key) behind their enrolments; `more` leaves beside.
fn log(count: usize, more: &[Vec<u8>]) -> Log {
    let (key, authority) = (signer("", 1), signer("/authority", 2));
    let first = signer("/device/d-1", 3);
    let second = P256Signer::from_scalar(&format!("{ORIGIN}/device/d-2"), &[4; 32]).unwrap();
    let mut leaves = vec![
        enrolled(&authority, SubjectKind::Device, &first),
        enrolled(&authority, SubjectKind::Device, &second),
    ];
    for n in 0..count {
        let by: &dyn Signer = if n % 10 == 0 { &second } else { &first };
        leaves.push(beat(by, n));
    }
    leaves.extend_from_slice(more);
    let trust = Trust::text(ORIGIN, key.vkey(), &[authority.vkey()]);
    let trust = Trust::parse(trust.as_bytes()).unwrap();
    let log = Log {
        dir: tempfile::tempdir().unwrap(),
        key,
        trust,
        leaves,
    };
    log.write();
    log
}

fn beat(by: &dyn Signer, n: usize) -> Vec<u8> {
    let text = format!(
        "{ORIGIN}/heartbeat/v1\ndevice {}\ndevice-seq {n}\ncapture-seq 0\ncapture-link {}\nat {}\n",
        by.vkey().name(),
        "0".repeat(64),
        at()
    );
    Note::sign(&text, &[by]).unwrap().to_bytes()
}

impl Log {
    fn write(&self) {
        written::write(self.dir.path(), &self.key, &self.leaves).unwrap();
    }

    fn audit(&self) -> Outcome {
        let bytes = fs::read(self.dir.path().join("checkpoint")).unwrap();
        let head = checkpoint::open(&bytes, self.key.vkey()).unwrap();
        let files = Files {
            folder: self.dir.path().to_owned(),
        };
        audit(&files, &head, &self.trust).unwrap()
    }

    fn only_problem(&self) -> String {
        let outcome = self.audit();
        assert_eq!(outcome.exit_code(), 1);
        match outcome.problems.as_slice() {
            [problem] => problem.clone(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_sound_log_is_sound_at_every_kind_of_size() {
    for count in [0, 1, 254, 255, 600] {
        let log = log(count, &[]);
        let outcome = log.audit();
        assert_eq!(outcome.problems, Vec::<String>::new(), "{count}");
        assert_eq!(
            (outcome.verified, outcome.exit_code()),
            (count as u64 + 2, 0)
        );
    }
}

#[test]
fn the_one_wrong_signature_is_named_though_the_tree_is_right() {
    let mut log = log(600, &[]);
    let mut note = Note::parse(&log.leaves[437]).unwrap();
    note.signatures[0].signature[3] ^= 1;
    log.leaves[437] = note.to_bytes();
    log.write();
    assert_eq!(
        log.only_problem(),
        format!("leaf 437: the signature by {ORIGIN}/device/d-1 does not verify")
    );
}

#[test]
fn a_changed_leaf_shows_in_tile_and_root() {
    let log = log(600, &[]);
    let path = log.dir.path().join("tile/entries/001");
    let mut leaves = decode_bundle(&fs::read(&path).unwrap()).unwrap();
    leaves[7] = beat(&signer("/device/d-1", 3), 9_999);
    fs::write(&path, encode_bundle(&leaves).unwrap()).unwrap();
    let outcome = log.audit();
    assert_eq!(
        outcome.problems,
        [
            "tile 0/1 is not that of the leaves",
            "the leaves do not add up to the checkpoint's root",
            "tile 1/0 is not that of the leaves"
        ]
    );
}

#[test]
fn what_is_missing_is_told() {
    let log = log(600, &[]);
    fs::remove_file(log.dir.path().join("tile/1/000.p/2")).unwrap();
    assert!(
        log.only_problem()
            .starts_with("tile/1/000.p/2 can't be read")
    );
    fs::remove_file(log.dir.path().join("tile/entries/000")).unwrap();
    let outcome = log.audit();
    assert!(
        outcome.problems[0].starts_with("bundle 0 can't be read"),
        "{:?}",
        outcome.problems
    );
    assert_eq!(outcome.exit_code(), 1);
}

#[test]
fn keys_count_only_when_the_trusted_authority_enrolled_them() {
    let (other, stranger) = (signer("/authority", 9), signer("/device/d-9", 7));
    // Enrolled by somebody else's authority key of the same name.
    let log = log(
        3,
        &[
            enrolled(&other, SubjectKind::Device, &stranger),
            beat(&stranger, 1),
        ],
    );
    let outcome = log.audit();
    assert_eq!(
        (outcome.unknown, outcome.verified, outcome.exit_code()),
        (2, 5, 3)
    );
}

#[test]
fn leaves_by_the_wrong_role_or_of_no_form_are_told() {
    let authority = signer("/authority", 2);
    let by_itself = beat(&authority, 1);
    let log = log(1, &[by_itself, b"no note".to_vec()]);
    let outcome = log.audit();
    assert_eq!(
        outcome.problems,
        [
            "leaf 4 is no signed note of at most 16384 bytes",
            "leaf 3 has no line by a key that may sign it",
        ]
    );
}
