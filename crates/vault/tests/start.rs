//! What start-up finds after an unexpected stop, and what it makes of it.
#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_vault::*;
use std::path::{Path, PathBuf};

fn inbox(dir: &Path, capture_seq: u64) -> PathBuf {
    dir.join(format!("inbox/{capture_seq:010}.seg"))
}

/// A vault with `count` captures that nobody took in.
fn with_inbox(dir: &Path, count: u8) -> Vec<Captured> {
    let vault = created(dir);
    (1..=count)
        .map(|n| capture(&vault, packet(1), &[n; 3000]).unwrap())
        .collect()
}

fn reasons(recovered: &Recovered) -> Vec<(&'static str, Option<u64>)> {
    recovered
        .set_aside
        .iter()
        .map(|aside| (aside.reason.code(), aside.capture_seq))
        .collect()
}

#[test]
fn a_whole_capture_without_its_name_is_finished() {
    let dir = folder();
    let captured = with_inbox(dir.path(), 2);
    std::fs::rename(inbox(dir.path(), 2), dir.path().join("inbox/aa.part")).unwrap();
    let (vault, recovered) = opened(dir.path());
    assert_eq!(
        (recovered.photos, recovered.finished, recovered.torn),
        (2, 1, 0)
    );
    assert_eq!(
        vault.capture_head(),
        CaptureHead {
            capture_seq: 2,
            link: captured[1].link
        }
    );
    assert_eq!(
        capture(&vault, packet(1), b"x").unwrap().capture_prev,
        captured[1].link
    );
}

#[test]
fn torn_failed_and_second_parts_are_set_aside_and_their_number_is_free() {
    let dir = folder();
    with_inbox(dir.path(), 3);
    let whole = std::fs::read(inbox(dir.path(), 3)).unwrap();
    std::fs::remove_file(inbox(dir.path(), 3)).unwrap();
    let part = |name: &str, bytes: &[u8]| {
        std::fs::write(dir.path().join("inbox").join(name), bytes).unwrap()
    };
    part("0-empty.part", b"");
    part("1-cut.part", &whole[..whole.len() - 1]);
    let mut hole = whole.clone();
    hole[2000..2100].fill(0);
    part("2-hole.part", &hole);
    part("3-unconfirmed.failed", &whole);
    part("4-first.part", &whole);
    part("5-second.part", &whole);
    let (vault, recovered) = opened(dir.path());
    assert_eq!(
        (recovered.photos, recovered.finished, recovered.torn),
        (3, 1, 5)
    );
    assert_eq!(reasons(&recovered), vec![("torn", None); 5]);
    assert_eq!(capture(&vault, packet(1), b"x").unwrap().capture_seq, 4);
    for name in [
        "0-empty.part",
        "1-cut.part",
        "2-hole.part",
        "3-unconfirmed.failed",
        "5-second.part",
    ] {
        let why = dir.path().join("set-aside").join(format!("{name}.why.txt"));
        assert!(
            std::fs::read_to_string(why).unwrap().starts_with("torn: "),
            "{name}"
        );
    }
}

#[test]
fn a_part_that_does_not_follow_the_head_is_not_finished() {
    let dir = folder();
    with_inbox(dir.path(), 3);
    std::fs::rename(inbox(dir.path(), 3), dir.path().join("inbox/aa.part")).unwrap();
    std::fs::remove_file(inbox(dir.path(), 2)).unwrap();
    let (vault, recovered) = opened(dir.path());
    assert_eq!((recovered.finished, recovered.torn), (0, 1));
    assert_eq!(capture(&vault, packet(1), b"x").unwrap().capture_seq, 2);
}

#[test]
fn a_damaged_newest_capture_keeps_its_number() {
    for taken_in in [false, true] {
        let dir = folder();
        let captured = with_inbox(dir.path(), 3);
        let mut path = inbox(dir.path(), 3);
        if taken_in {
            drop(ready(dir.path()));
            path = dir.path().join("originals/0000000003.seg");
        }
        let mut bytes = std::fs::read(&path).unwrap();
        let at = bytes.len() - 50;
        bytes[at] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        for start in 0..2 {
            let (vault, recovered) = opened(dir.path());
            let head = CaptureHead {
                capture_seq: 3,
                link: captured[1].link,
            };
            assert_eq!(vault.capture_head(), head, "start {start}");
            assert_eq!(recovered.chain_break, start == 0, "told once");
            let expected = if taken_in || start > 0 {
                vec![]
            } else {
                vec![("damaged", Some(3))]
            };
            assert_eq!(reasons(&recovered), expected);
        }
        let vault = ready(dir.path());
        assert_eq!(capture(&vault, packet(1), b"x").unwrap().capture_seq, 4);
        if taken_in {
            assert!(matches!(
                vault.open_original(3),
                Err(OriginalError::Damaged { capture_seq: 3, .. })
            ));
        }
    }
}

#[test]
fn a_name_far_away_does_not_use_up_numbers() {
    let dir = folder();
    let captured = with_inbox(dir.path(), 2);
    std::fs::write(inbox(dir.path(), 9_999_999_999), b"junk").unwrap();
    std::fs::create_dir(inbox(dir.path(), 77)).unwrap();
    // A file of the very next number that lost all its bytes was ours.
    std::fs::write(inbox(dir.path(), 3), [0; 5000]).unwrap();
    let (vault, recovered) = opened(dir.path());
    let mut found = reasons(&recovered);
    found.sort();
    assert_eq!(
        found,
        [
            ("damaged", Some(3)),
            ("foreign", None),
            ("foreign", Some(9_999_999_999))
        ]
    );
    assert_eq!(
        vault.capture_head(),
        CaptureHead {
            capture_seq: 3,
            link: captured[1].link
        }
    );
}

#[test]
fn foreign_and_doubled_segments_are_set_aside() {
    let (dir, other) = (folder(), folder());
    with_inbox(dir.path(), 2);
    with_inbox(other.path(), 9);
    drop(ready(dir.path()));
    std::fs::copy(inbox(other.path(), 9), inbox(dir.path(), 9)).unwrap();
    std::fs::copy(
        dir.path().join("originals/0000000002.seg"),
        inbox(dir.path(), 2),
    )
    .unwrap();
    std::fs::write(dir.path().join("originals/notes.txt"), b"x").unwrap();
    std::fs::create_dir(dir.path().join("inbox/folder")).unwrap();
    let (vault, recovered) = opened(dir.path());
    let mut found = reasons(&recovered);
    found.sort();
    let expected = [
        ("duplicate", Some(2)),
        ("foreign", None),
        ("foreign", None),
        ("other-key", Some(9)),
    ];
    assert_eq!(found, expected);
    assert_eq!(
        vault.capture_head().capture_seq,
        2,
        "another vault's numbers do not count"
    );
    assert!(dir.path().join("set-aside/folder").is_dir());
}

#[test]
fn changed_contents_are_found_at_reading_and_swapped_files_too() {
    let dir = folder();
    with_inbox(dir.path(), 3);
    let vault = ready(dir.path());
    let path = |n: u64| dir.path().join(format!("originals/{n:010}.seg"));
    let mut bytes = std::fs::read(path(1)).unwrap();
    bytes[500] ^= 1;
    std::fs::write(path(1), bytes).unwrap();
    let error = std::io::read_to_string(vault.open_original(1).unwrap()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    assert_eq!(error.to_string(), "capture 1 is damaged");
    std::fs::copy(path(2), path(3)).unwrap();
    assert!(matches!(
        vault.open_original(3),
        Err(OriginalError::Damaged { capture_seq: 3, .. })
    ));
    assert!(matches!(
        vault.open_original(77),
        Err(OriginalError::Missing { capture_seq: 77 })
    ));
    // A rebuilt database does not take a segment under another's name.
    drop(vault);
    std::fs::remove_file(dir.path().join("vault.db")).unwrap();
    let (vault, _) = opened(dir.path());
    assert!(vault.unlock("lead", PIN, &now(0)).unwrap().rebuilt);
    let report = vault.take_in(&mut with_custody).unwrap();
    assert_eq!(report.captures, [1, 2]);
    assert_eq!(report.set_aside.len(), 1);
}

#[test]
fn captures_at_once_get_numbers_without_gaps_and_one_chain() {
    let dir = folder();
    let vault = created(dir.path());
    let mut all: Vec<Captured> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4u8)
            .map(|n| {
                let vault = &vault;
                scope.spawn(move || {
                    (0..8u8)
                        .map(|m| {
                            capture(vault, packet(n), &vec![m; 70_000 * usize::from(n)]).unwrap()
                        })
                        .collect::<Vec<_>>()
                })
            })
            .collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    all.sort_by_key(|captured| captured.capture_seq);
    let mut prev = Sha256Digest::ZERO;
    for (captured, expected) in all.iter().zip(1..) {
        assert_eq!(
            (captured.capture_seq, captured.capture_prev),
            (expected, prev)
        );
        prev = captured.link;
    }
    assert_eq!(vault.take_in(&mut with_custody).unwrap().captures.len(), 32);
}

#[test]
fn empty_originals_and_dropped_writers() {
    let dir = folder();
    let vault = created(dir.path());
    let mut dropped = vault.capture().unwrap();
    std::io::Write::write_all(&mut dropped, b"never finished").unwrap();
    assert_eq!(
        (dropped.head(), dropped.size()),
        (&b"never finished"[..], 14)
    );
    drop(dropped);
    let captured = capture(&vault, packet(1), b"").unwrap();
    assert_eq!((captured.capture_seq, captured.size), (1, 0));
    assert_eq!(captured.sha256, Sha256Digest::of(b""));
    vault.take_in(&mut with_custody).unwrap();
    assert_eq!(read_all(&vault, 1), b"");
    assert_eq!(
        std::fs::read_dir(dir.path().join("inbox")).unwrap().count(),
        0
    );
}

#[test]
fn new_captures_are_taken_in_without_looking_at_the_old_ones() {
    let dir = folder();
    drop(created(dir.path()));
    let vault = ready(dir.path());
    capture(&vault, packet(1), b"old").unwrap();
    vault.take_in(&mut with_custody).unwrap();
    // A lost original is for the next full look to tell.
    let originals = dir.path().join("originals");
    let old = std::fs::read_dir(&originals).unwrap().next().unwrap();
    std::fs::remove_file(old.unwrap().path()).unwrap();
    capture(&vault, packet(1), b"new").unwrap();
    capture(&vault, packet(2), b"newer").unwrap();
    let report = vault.take_in_new(&mut with_custody).unwrap();
    assert_eq!(report.captures, [2, 3]);
    assert_eq!(report.drafts_opened, [packet(2)]);
    assert!(report.missing.is_empty());
    assert_eq!(vault.waiting().unwrap(), 0);
    assert_eq!(read_all(&vault, 3), b"newer");
    assert_eq!(
        vault.take_in_new(&mut with_custody).unwrap(),
        TakeInReport::default()
    );
    assert_eq!(vault.take_in(&mut with_custody).unwrap().missing, [1]);
}
