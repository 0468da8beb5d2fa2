//! {operation of the disk} × {the how-manieth} × {lost, done but errored} × {EIO, ENOSPC}: whatever fails, nothing that
//! was acknowledged is lost or doubled, and the vault works again after it is opened anew.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_vault::*;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

fn faults() -> impl Iterator<Item = Fault> {
    let ways = [
        (How::Lost, ErrorKind::Other),
        (How::Done, ErrorKind::Other),
        (How::Lost, ErrorKind::StorageFull),
    ];
    STEPS.into_iter().flat_map(move |step| {
        (0..4).flat_map(move |nth| {
            ways.map(|(how, error)| Fault {
                step,
                nth,
                how,
                error,
            })
        })
    })
}

/// All that was acknowledged is there, equal, and the numbers have no gap.
fn check(dir: &Path, acknowledged: &BTreeMap<u64, Sha256Digest>, fault: Fault) {
    let vault = ready(dir);
    let head = vault.capture_head().capture_seq;
    for (capture_seq, sha256) in acknowledged {
        assert_eq!(
            Sha256Digest::of(&read_all(&vault, *capture_seq)),
            *sha256,
            "{fault:?}"
        );
    }
    let mut prev = Sha256Digest::ZERO;
    for capture_seq in 1..=head {
        let capture = vault
            .read(|c| captures::get(c, capture_seq))
            .unwrap()
            .expect("no gap");
        assert_eq!(
            capture.capture_prev, prev,
            "{fault:?}: chain at {capture_seq}"
        );
        prev = fieldseal_packet::custody::capture_link(
            capture_seq,
            prev,
            capture.sha256,
            capture.context.captured_at,
        );
        assert_eq!(
            Sha256Digest::of(&read_all(&vault, capture_seq)),
            capture.sha256
        );
    }
    assert!(
        acknowledged.keys().all(|capture_seq| *capture_seq <= head),
        "{fault:?}"
    );
    let next = capture(&vault, packet(9), b"after").unwrap();
    assert_eq!(next.capture_seq, head + 1);
}

#[test]
fn a_failing_capture_loses_and_doubles_nothing() {
    let mut hits = 0;
    for fault in faults() {
        let dir = folder();
        drop(created(dir.path()));
        let disk = FaultyDisk::default();
        let config = VaultConfig {
            disk: Arc::new(disk.clone()),
            ..config()
        };
        let (vault, _) = Vault::open(dir.path(), config).unwrap();
        let mut acknowledged = BTreeMap::new();
        let mut take = |vault: &Vault, bytes: &[u8]| {
            capture(vault, packet(1), bytes).map(|captured| {
                let doubled = acknowledged.insert(captured.capture_seq, captured.sha256);
                assert_eq!(doubled, None, "{fault:?}: a number twice");
                assert_eq!(captured.sha256, Sha256Digest::of(bytes));
            })
        };
        take(&vault, b"first").unwrap();
        disk.arm(fault);
        let struck = take(&vault, &vec![7; 200_000]);
        let hit = disk.disarm();
        hits += u32::from(hit);
        if fault.step != Step::Remove {
            assert_eq!(
                struck.is_err(),
                hit,
                "{fault:?}: an error of the disk is an error of the capture"
            );
        }
        // The next one either works or says that the vault has to be opened again.
        if let Err(error) = take(&vault, b"third") {
            assert!(
                matches!(error, CaptureError::Broken),
                "{fault:?}: {error:?}"
            );
        }
        drop(vault);
        check(dir.path(), &acknowledged, fault);
    }
    assert!(hits >= 24, "only {hits} faults were met");
}

#[test]
fn a_full_disk_is_said_and_the_space_given_back() {
    let dir = folder();
    drop(created(dir.path()));
    let disk = FaultyDisk::default();
    let (vault, _) = Vault::open(
        dir.path(),
        VaultConfig {
            disk: Arc::new(disk.clone()),
            ..config()
        },
    )
    .unwrap();
    disk.arm(Fault {
        step: Step::Write,
        nth: 2,
        how: How::Lost,
        error: ErrorKind::StorageFull,
    });
    assert!(matches!(
        capture(&vault, packet(1), &vec![1; 300_000]),
        Err(CaptureError::NoSpace)
    ));
    assert_eq!(
        std::fs::read_dir(dir.path().join("inbox")).unwrap().count(),
        0
    );
    assert_eq!(capture(&vault, packet(1), b"x").unwrap().capture_seq, 1);
}

#[test]
fn faults_while_opening_unlocking_and_taking_in_lose_nothing() {
    for fault in faults() {
        let dir = folder();
        let vault = created(dir.path());
        let mut acknowledged = BTreeMap::new();
        for n in 0..3 {
            let captured = capture(&vault, packet(1), &[n; 1000]).unwrap();
            acknowledged.insert(captured.capture_seq, captured.sha256);
        }
        drop(vault);
        // Things to be put in order: a torn part, a foreign file, a broken slots file.
        std::fs::write(dir.path().join("inbox/00ff.part"), b"FSEALSEG torn").unwrap();
        std::fs::write(dir.path().join("inbox/holiday.jpg"), b"x").unwrap();
        std::fs::write(dir.path().join("slots.json"), b"{").unwrap();
        let disk = FaultyDisk::default();
        disk.arm(fault);
        let config = VaultConfig {
            disk: Arc::new(disk.clone()),
            ..config()
        };
        if let Ok((vault, _)) = Vault::open(dir.path(), config)
            && vault.unlock("lead", PIN, &now(0)).is_ok()
        {
            let _ = vault.take_in(&mut with_custody);
            let _ = vault.add_officer(&officer("second"));
            let _ = vault.change_pin("lead", PIN, PIN, &now(1));
        }
        disk.disarm();
        check(dir.path(), &acknowledged, fault);
        let aside: Vec<_> = std::fs::read_dir(dir.path().join("set-aside"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        for name in ["00ff.part", "holiday.jpg", "slots.json"] {
            assert!(
                aside.iter().any(|other| other == name),
                "{fault:?}: {name} is kept aside: {aside:?}"
            );
            assert!(
                aside
                    .iter()
                    .any(|other| *other == format!("{name}.why.txt")),
                "{fault:?}: {name} is explained"
            );
        }
    }
}

#[test]
fn faults_while_making_a_vault_leave_room_for_the_next_attempt() {
    for fault in faults() {
        let dir = folder();
        let disk = FaultyDisk::default();
        disk.arm(fault);
        let config = VaultConfig {
            disk: Arc::new(disk.clone()),
            ..config()
        };
        let made = Vault::create(dir.path(), birth(), config).map(drop);
        disk.disarm();
        if made.is_err() && !Vault::exists(dir.path()) {
            drop(created(dir.path()));
        }
        let vault = ready(dir.path());
        assert_eq!(
            capture(&vault, packet(1), b"x").unwrap().capture_seq,
            1,
            "{fault:?}"
        );
        assert_eq!(*vault.device_seed().unwrap(), [5; 32]);
    }
}
