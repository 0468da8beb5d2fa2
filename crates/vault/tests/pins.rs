//! PINs, slots and recovery: wrong ones wait, forgotten ones lose nothing, and no officer signs as another.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_vault::*;
use zeroize::Zeroizing;

#[test]
fn locked_vaults_take_captures_and_show_nothing() {
    let dir = folder();
    drop(created(dir.path()));
    let (vault, _) = opened(dir.path());
    assert!(vault.is_locked());
    let captured = capture(&vault, packet(1), b"photo").unwrap();
    assert_eq!(vault.waiting().unwrap(), 1);
    assert!(matches!(
        vault.open_original(captured.capture_seq),
        Err(OriginalError::Locked)
    ));
    assert!(matches!(vault.read(drafts::list), Err(StoreError::Locked)));
    assert!(matches!(
        vault.outbox_read(outbox::jobs),
        Err(StoreError::Locked)
    ));
    assert!(matches!(
        vault.take_in(&mut with_custody),
        Err(TakeInError::Store(StoreError::Locked))
    ));
    assert_eq!(
        vault.officers(),
        [OfficerSlot {
            id: "lead".into(),
            badge: "badge-lead".into()
        }]
    );
    assert_eq!(vault.plain()["device"], "t1");
    assert!(vault.device_seed().is_none());

    vault.unlock("lead", PIN, &now(0)).unwrap();
    let report = vault.take_in(&mut with_custody).unwrap();
    assert_eq!(
        (report.captures, report.drafts_opened),
        (vec![1], vec![packet(1)])
    );
    assert_eq!(read_all(&vault, 1), b"photo");
    assert_eq!(
        vault.read(|c| custody::lines(c, packet(1))).unwrap().len(),
        2
    );
    assert_eq!(
        vault.take_in(&mut with_custody).unwrap(),
        TakeInReport::default(),
        "taken in once"
    );

    vault.lock();
    assert!(matches!(vault.open_original(1), Err(OriginalError::Locked)));
    assert!(
        vault.outbox_read(outbox::jobs).unwrap().is_empty(),
        "the outbox stays open"
    );
    assert_eq!(*vault.device_seed().unwrap(), [5; 32]);
}

#[test]
fn nothing_readable_lies_on_the_disk() {
    let dir = folder();
    let vault = created(dir.path());
    let secret = "极其独特的事实-and-the-bytes-of-a-photo";
    capture(&vault, packet(1), secret.repeat(40).as_bytes()).unwrap();
    vault.take_in(&mut with_custody).unwrap();
    let facts = serde_json::Map::from_iter([("address".to_owned(), secret.into())]);
    vault
        .write(|tx| drafts::set_facts(tx, packet(1), &facts))
        .unwrap();
    vault
        .write(|tx| previews::put(tx, 1, previews::Preview::Thumb, secret.as_bytes()))
        .unwrap();
    vault
        .outbox_write(|tx| outbox::put_fact(tx, "origin", secret.as_bytes()))
        .unwrap();
    let mut files = 0;
    let mut folders = vec![dir.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            files += 1;
            let bytes = std::fs::read(&path).unwrap();
            for needle in [secret, "李明", PIN, "SQLite format 3"] {
                let found = bytes
                    .windows(needle.len())
                    .any(|window| window == needle.as_bytes());
                assert!(!found, "{path:?} shows {needle}");
            }
        }
    }
    assert!(files >= 7, "{files} files looked at");
}

#[test]
fn wrong_pins_wait_and_the_wait_survives_a_restart() {
    let dir = folder();
    drop(created(dir.path()));
    {
        let (vault, _) = opened(dir.path());
        for n in 1..=3 {
            let error = vault.unlock("lead", "000000", &now(0)).unwrap_err();
            let expected = if n == 3 { 15_000 } else { 0 };
            assert!(
                matches!(error, UnlockError::WrongPin { wait_ms } if wait_ms == expected),
                "{error:?}"
            );
        }
    }
    let (vault, _) = opened(dir.path());
    assert_eq!(vault.wait_ms("lead", &now(1)), 14_000);
    assert!(matches!(
        vault.unlock("lead", PIN, &now(1)),
        Err(UnlockError::Wait { wait_ms: 14_000 })
    ));
    assert!(matches!(
        vault.officer_seed("lead", PIN, &now(1)),
        Err(UnlockError::Wait { .. })
    ));
    assert!(matches!(
        vault.unlock("nobody", PIN, &now(1)),
        Err(UnlockError::UnknownOfficer)
    ));
    vault.unlock("lead", PIN, &now(16)).unwrap();
    assert_eq!(
        vault.wait_ms("lead", &now(16)),
        0,
        "the right PIN clears the count"
    );
}

#[test]
fn a_signing_key_that_takes_over_is_the_same_through_any_stop() {
    let dir = folder();
    let vault = created(dir.path());
    let seed = |byte: u8| Zeroizing::new([byte; 32]);
    let seeds = |vault: &Vault, pin: &str| {
        let (seed, next) = vault.officer_seeds("lead", pin, &now(0)).unwrap();
        (*seed, next.map(|next| *next))
    };
    assert!(matches!(
        vault.begin_officer_rotation("lead", "000000", &now(0), seed(7)),
        Err(OfficerError::Unlock(UnlockError::WrongPin { .. }))
    ));
    assert_eq!(seeds(&vault, PIN), ([4; 32], None));
    vault.take_officer_rotation("lead", PIN, &now(0)).unwrap();
    assert_eq!(seeds(&vault, PIN), ([4; 32], None), "none was begun");
    let begun = |vault: &Vault, pin: &str, byte: u8| {
        let (old, next) = vault
            .begin_officer_rotation("lead", pin, &now(0), seed(byte))
            .unwrap();
        (*old, *next)
    };
    assert_eq!(begun(&vault, PIN, 7), ([4; 32], [7; 32]));
    // Stopped here: the seed that was begun is the one that goes on, under a new PIN as well.
    drop(vault);
    let (vault, _) = opened(dir.path());
    assert_eq!(begun(&vault, PIN, 8), ([4; 32], [7; 32]));
    vault.change_pin("lead", PIN, "161803", &now(0)).unwrap();
    assert_eq!(seeds(&vault, "161803"), ([4; 32], Some([7; 32])));
    vault
        .take_officer_rotation("lead", "161803", &now(0))
        .unwrap();
    drop(vault);
    let (vault, _) = opened(dir.path());
    assert_eq!(seeds(&vault, "161803"), ([7; 32], None));
    vault.unlock("lead", "161803", &now(0)).unwrap();
}

#[test]
fn a_clock_turned_back_costs_one_wait_at_most() {
    let dir = folder();
    drop(created(dir.path()));
    let (vault, _) = opened(dir.path());
    let ahead = Moment {
        at: at(1_000_000_000),
        boot_id: "boot-0".into(),
        boot_ms: 5,
    };
    for _ in 0..3 {
        vault.unlock("lead", "000000", &ahead).unwrap_err();
    }
    assert!(matches!(
        vault.unlock("lead", PIN, &now(0)),
        Err(UnlockError::Wait { wait_ms: 15_000 })
    ));
    drop(vault);
    let (vault, _) = opened(dir.path());
    vault.unlock("lead", PIN, &now(15)).unwrap();
}

#[test]
fn a_try_is_counted_before_it_is_made() {
    let dir = folder();
    drop(created(dir.path()));
    let disk = FaultyDisk::default();
    let config = VaultConfig {
        disk: std::sync::Arc::new(disk.clone()),
        ..config()
    };
    let (vault, _) = Vault::open(dir.path(), config).unwrap();
    // The counter can't be written: no PIN is tried, be it the right one.
    let error = std::io::ErrorKind::Other;
    disk.arm(Fault {
        step: Step::Sync,
        nth: 0,
        how: How::Lost,
        error,
    });
    assert!(matches!(
        vault.unlock("lead", PIN, &now(0)),
        Err(UnlockError::Io(_))
    ));
    assert!(vault.is_locked());
}

#[test]
fn officers_have_their_own_signing_keys_and_share_the_evidence() {
    let dir = folder();
    let vault = created(dir.path());
    capture(&vault, packet(1), b"photo").unwrap();
    let second = NewOfficer {
        pin: Zeroizing::new("314159".into()),
        ..officer("second")
    };
    vault.add_officer(&second).unwrap();
    assert!(matches!(
        vault.add_officer(&second),
        Err(OfficerError::Exists)
    ));
    assert_eq!(
        *vault.officer_seed("second", "314159", &now(0)).unwrap(),
        [6; 32]
    );
    assert_eq!(*vault.officer_seed("lead", PIN, &now(0)).unwrap(), [4; 32]);
    assert!(matches!(
        vault.officer_seed("second", PIN, &now(0)),
        Err(UnlockError::WrongPin { .. })
    ));
    vault
        .change_pin("second", "314159", "161803", &now(0))
        .unwrap();
    drop(vault);

    let (vault, _) = opened(dir.path());
    assert!(matches!(
        vault.add_officer(&officer("third")),
        Err(OfficerError::Store(StoreError::Locked))
    ));
    assert!(matches!(
        vault.unlock("second", "314159", &now(0)),
        Err(UnlockError::WrongPin { .. })
    ));
    vault.unlock("second", "161803", &now(0)).unwrap();
    assert_eq!(vault.unlocked_by().as_deref(), Some("second"));
    assert_eq!(read_all(&vault, 1), b"photo");
    assert_eq!(
        *vault.officer_seed("second", "161803", &now(0)).unwrap(),
        [6; 32]
    );
    let names: Vec<_> = vault
        .read(officers::list)
        .unwrap()
        .into_iter()
        .map(|o| o.id)
        .collect();
    assert_eq!(names, ["lead", "second"]);
    for bad in ["", "123", &"9".repeat(129)] {
        let bad = NewOfficer {
            pin: Zeroizing::new(bad.into()),
            ..officer("x")
        };
        assert!(matches!(
            vault.add_officer(&bad),
            Err(OfficerError::NotAcceptable("PIN"))
        ));
    }
}

#[test]
fn a_forgotten_pin_loses_nothing() {
    let dir = folder();
    let vault = created(dir.path());
    capture(&vault, packet(1), b"photo").unwrap();
    drop(vault);
    let (vault, _) = opened(dir.path());
    let seed = Secret::new([99; 32]);
    let wrong = vault.recover(&Secret::new([1; 32]), "lead", "999999", seed.clone());
    assert!(matches!(wrong, Err(OfficerError::OtherRecoveryKey)));
    vault
        .recover(&recovery_private(), "lead", "999999", seed)
        .unwrap();
    assert!(matches!(
        vault.unlock("lead", PIN, &now(0)),
        Err(UnlockError::WrongPin { .. })
    ));
    vault.unlock("lead", "999999", &now(0)).unwrap();
    vault.take_in(&mut with_custody).unwrap();
    assert_eq!(read_all(&vault, 1), b"photo");
    assert_eq!(
        *vault.officer_seed("lead", "999999", &now(0)).unwrap(),
        [99; 32],
        "a new signing key"
    );
}

#[test]
fn a_platform_secret_is_needed_once_used() {
    let dir = folder();
    let with = |secret: Option<u8>| VaultConfig {
        platform_secret: secret.map(|byte| Secret::new([byte; 32])),
        ..config()
    };
    drop(Vault::create(dir.path(), birth(), with(Some(3))).unwrap());
    for secret in [None, Some(4)] {
        let (vault, _) = Vault::open(dir.path(), with(secret)).unwrap();
        assert!(vault.unlock("lead", PIN, &now(0)).is_err());
    }
    let (vault, _) = Vault::open(dir.path(), with(Some(3))).unwrap();
    vault.unlock("lead", PIN, &now(0)).unwrap();
}

#[test]
fn one_program_at_a_time() {
    let dir = folder();
    assert!(matches!(
        Vault::open(dir.path(), config()),
        Err(OpenError::NotAVault)
    ));
    let vault = created(dir.path());
    assert!(matches!(
        Vault::open(dir.path(), config()),
        Err(OpenError::InUse)
    ));
    assert!(matches!(
        Vault::create(dir.path(), birth(), config()),
        Err(CreateError::InUse)
    ));
    drop(vault);
    assert!(matches!(
        Vault::create(dir.path(), birth(), config()),
        Err(CreateError::Exists)
    ));
}

#[test]
fn a_pending_device_waits_for_its_vault() {
    let dir = folder();
    assert!(pending::read(dir.path()).unwrap().is_none());
    let facts = serde_json::json!({"origin": "bureau.example/log"});
    let device = pending::PendingDevice {
        seed: Secret::new([5; 32]),
        facts: facts.clone(),
    };
    pending::write(&OsDisk, dir.path(), &device).unwrap();
    let read = pending::read(dir.path()).unwrap().unwrap();
    assert_eq!((*read.seed, read.facts), ([5; 32], facts));
    drop(created(dir.path()));
    assert!(pending::read(dir.path()).unwrap().is_none());
}

#[test]
fn broken_slots_are_set_aside_and_the_copy_serves() {
    for (broken, unlocks) in [
        (vec!["slots.json"], true),
        (vec!["slots.copy.json"], true),
        (vec!["capture.json"], true),
        (vec!["slots.json", "capture.json"], true),
        (vec!["slots.json", "slots.copy.json"], false),
    ] {
        let dir = folder();
        drop(created(dir.path()));
        for name in &broken {
            std::fs::write(dir.path().join(name), b"\0not json").unwrap();
        }
        let (vault, recovered) = opened(dir.path());
        assert_eq!(recovered.set_aside.len(), broken.len(), "{broken:?}");
        assert_eq!(
            capture(&vault, packet(1), b"x").unwrap().capture_seq,
            1,
            "captures go on"
        );
        match vault.unlock("lead", PIN, &now(0)) {
            Ok(_) => assert!(unlocks, "{broken:?}"),
            Err(UnlockError::SlotsLost) => assert!(!unlocks, "{broken:?}"),
            Err(error) => panic!("{broken:?}: {error:?}"),
        }
        for name in &broken {
            assert_eq!(
                std::fs::read(dir.path().join("set-aside").join(name)).unwrap(),
                b"\0not json"
            );
        }
    }
}

#[test]
fn a_replaced_public_key_is_found_at_unlocking() {
    let dir = folder();
    drop(created(dir.path()));
    for name in ["slots.json", "slots.copy.json"] {
        let path = dir.path().join(name);
        let mut slots: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        slots["public_key"] = hex::encode(public_key(&Secret::new([200; 32])).unwrap()).into();
        std::fs::write(&path, serde_json::to_vec(&slots).unwrap()).unwrap();
    }
    let (vault, _) = opened(dir.path());
    capture(&vault, packet(1), b"for the wrong key").unwrap();
    assert!(
        vault
            .unlock("lead", PIN, &now(0))
            .unwrap()
            .public_key_replaced
    );
    let report = vault.take_in(&mut with_custody).unwrap();
    assert_eq!(
        report.set_aside,
        [SetAside {
            reason: AsideReason::OtherKey,
            capture_seq: Some(1)
        }]
    );
    assert_eq!(
        capture(&vault, packet(1), b"right").unwrap().capture_seq,
        2,
        "the number stays used"
    );
    assert_eq!(read_all(&vault, 2), b"right");
    drop(vault);
    assert_eq!(ready(dir.path()).capture_head().capture_seq, 2);
}
