//! Databases that are corrupt, rot, are full or of a later version: set aside where nothing else helps, never deleted, and
//! rebuilt from the segments and from each other.
#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::to_packet::*;
use common::*;
use fieldseal_vault::sealing::Place;
use fieldseal_vault::*;
use std::path::Path;

fn spoil(dir: &Path, name: &str) {
    let path = dir.join(name);
    let length = std::fs::metadata(&path).unwrap().len() as usize;
    std::fs::write(&path, vec![0xa5; length]).unwrap();
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.join(format!("{name}{suffix}")));
    }
}

#[test]
fn a_corrupt_database_is_set_aside_and_rebuilt_from_the_segments() {
    for name in ["vault.db", "outbox.db"] {
        let dir = folder();
        let vault = created(dir.path());
        let (_, captures) = sealed(&vault, 1, &[b"sealed", b"too"]);
        with_photos(&vault, packet(2), &[b"draft"]);
        let seal_before = vault.read(|c| packets::get(c, packet(1))).unwrap().unwrap();
        drop(vault);
        spoil(dir.path(), name);

        let (vault, _) = opened(dir.path());
        capture(&vault, packet(2), b"meanwhile").unwrap();
        let unlocked = vault.unlock("lead", PIN, &now(0)).unwrap();
        assert_eq!(unlocked.set_aside.len(), 1, "{name}");
        assert_eq!(unlocked.rebuilt, name == "vault.db");
        assert_eq!(unlocked.taken_back, usize::from(name == "vault.db"));
        let report = vault.take_in(&mut with_custody).unwrap();
        assert_eq!(
            report.captures.len(),
            if name == "vault.db" { 4 } else { 1 }
        );
        assert!(report.missing.is_empty() && report.set_aside.is_empty());
        let draft = vault.read(|c| drafts::get(c, packet(2))).unwrap().unwrap();
        assert_eq!(draft.recovered, name == "vault.db");
        with_photos(&vault, packet(3), &[b"new"]);
        let draft = vault.read(|c| drafts::get(c, packet(3))).unwrap().unwrap();
        assert!(!draft.recovered, "what comes after is new");
        vault.hand_over().unwrap();

        let packet_now = vault.read(|c| packets::get(c, packet(1))).unwrap().unwrap();
        assert!(packet_now == seal_before, "{name}: the packet is the same");
        assert!(
            vault
                .outbox_read(|c| outbox::job(c, packet(1)))
                .unwrap()
                .is_some()
        );
        for (capture_seq, bytes) in [
            (1, &b"sealed"[..]),
            (2, b"too"),
            (3, b"draft"),
            (4, b"meanwhile"),
        ] {
            assert_eq!(read_all(&vault, capture_seq), bytes);
        }
        let stage = |n| {
            vault
                .read(|c| drafts::get(c, packet(n)))
                .unwrap()
                .unwrap()
                .stage
        };
        assert_eq!(
            (stage(1), stage(2)),
            (drafts::Stage::Sealed, drafts::Stage::Open)
        );
        let of = |n| {
            vault
                .read(|c| captures::of_draft(c, packet(n)))
                .unwrap()
                .len()
        };
        assert_eq!((of(1), of(2)), (2, 2));
        assert!(
            !vault
                .read(|c| custody::lines(c, packet(1)))
                .unwrap()
                .is_empty()
        );
        // The sequence goes on where it was.
        let place = vault.read(|c| sealing::next_place(c, enrolment())).unwrap();
        assert_eq!(
            place,
            Place {
                device_seq: 2,
                device_prev: seal_before.digest
            }
        );
        assert_eq!(
            *vault.device_seed().unwrap(),
            [5; 32],
            "the device keeps its key"
        );
        assert_eq!(captures, [1, 2]);
        vault.lock();
        assert_eq!(
            read_all(&vault, 1),
            b"sealed",
            "{name}: the outbox has the keys"
        );
        let aside = std::fs::read(dir.path().join("set-aside").join(name)).unwrap();
        assert!(aside.iter().all(|byte| *byte == 0xa5));
    }
}

#[test]
fn a_page_that_rots_is_set_aside_with_its_database() {
    let dir = folder();
    let vault = created(dir.path());
    for n in 0..40 {
        with_photos(&vault, packet(1), &[&[n]]);
        vault
            .write(|tx| previews::put(tx, u64::from(n) + 1, previews::Preview::Thumb, &[n; 9000]))
            .unwrap();
    }
    drop(vault);
    let path = dir.path().join("vault.db");
    let mut bytes = std::fs::read(&path).unwrap();
    // Previews lie in most of the pages; whichever these two are, one of them is read below.
    for rotten in [bytes.len() / 2, bytes.len() / 2 + 4096] {
        bytes[rotten] ^= 1;
    }
    std::fs::write(&path, bytes).unwrap();

    let (vault, _) = opened(dir.path());
    vault.unlock("lead", PIN, &now(0)).unwrap();
    let all = |c: &rusqlite::Connection| -> Result<(), StoreError> {
        for n in 1..=40 {
            previews::get(c, n, previews::Preview::Thumb)?;
        }
        Ok(())
    };
    assert!(matches!(vault.read(all), Err(StoreError::Corrupt)));
    assert!(vault.is_locked(), "damage locks the vault");
    let unlocked = vault.unlock("lead", PIN, &now(0)).unwrap();
    assert!(unlocked.rebuilt && unlocked.set_aside.len() == 1);
    assert_eq!(vault.take_in(&mut with_custody).unwrap().captures.len(), 40);
    vault.read(all).unwrap();
    vault.lock();
    assert_eq!(
        vault.unlock("lead", PIN, &now(0)).unwrap(),
        Unlocked::default()
    );
}

#[test]
fn an_intake_that_fails_leaves_the_capture_for_the_next_time() {
    let dir = folder();
    let vault = created(dir.path());
    capture(&vault, packet(1), b"a").unwrap();
    capture(&vault, packet(1), b"b").unwrap();
    let failing = vault.take_in(&mut |_, taken| {
        if taken.capture.capture_seq == 2 {
            Err(StoreError::Custody)
        } else {
            Ok(())
        }
    });
    assert!(matches!(
        failing,
        Err(TakeInError::Store(StoreError::Custody))
    ));
    assert_eq!(vault.take_in(&mut |_, _| Ok(())).unwrap().captures, [2]);
    assert_eq!(vault.waiting().unwrap(), 0);
}

#[test]
fn a_full_database_leaves_captures_in_the_inbox() {
    let dir = folder();
    let vault = created(dir.path());
    let pages = |most: i64| {
        vault
            .read(|c| Ok::<_, StoreError>(c.pragma_update(None, "max_page_count", most)?))
            .unwrap();
    };
    pages(1);
    let filling = (0..100)
        .map(|n| vault.write(|tx| settings::set(tx, &format!("k{n}"), &"x".repeat(9000).into())))
        .find(Result::is_err);
    assert!(matches!(filling, Some(Err(StoreError::Full))));
    let mut bytes = 0;
    let full = loop {
        capture(&vault, packet(1), b"photo").unwrap();
        bytes += 1;
        match vault.take_in(&mut with_custody) {
            Ok(_) if bytes < 1000 => {}
            outcome => break outcome,
        }
    };
    assert!(
        matches!(full, Err(TakeInError::Store(StoreError::Full))),
        "{full:?}"
    );
    assert!(!vault.is_locked(), "full is not damaged");
    assert_eq!(vault.waiting().unwrap(), 1);
    pages(1 << 30);
    assert_eq!(vault.take_in(&mut with_custody).unwrap().captures.len(), 1);
    assert_eq!(vault.waiting().unwrap(), 0);
}

#[test]
fn a_database_of_a_later_version_is_left_alone() {
    let dir = folder();
    let vault = created(dir.path());
    vault
        .write(|tx| Ok::<_, StoreError>(tx.pragma_update(None, "user_version", 99)?))
        .unwrap();
    drop(vault);
    let (vault, _) = opened(dir.path());
    let outcome = vault.unlock("lead", PIN, &now(0));
    assert!(matches!(
        outcome,
        Err(UnlockError::Store(StoreError::LaterVersion))
    ));
    assert!(vault.is_locked() && !dir.path().join("set-aside").exists());
    assert_eq!(capture(&vault, packet(1), b"x").unwrap().capture_seq, 1);
}
