//! What is given back, and what a crash or a failing disk leaves of sealing and giving back.
#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::to_packet::*;
use common::*;
use fieldseal_vault::*;

#[test]
fn a_crash_between_sealing_and_handing_over_is_made_good() {
    let dir = folder();
    let vault = created(dir.path());
    let captures = with_photos(&vault, packet(1), &[b"a"]);
    close(&vault, packet(1)).unwrap();
    seal(&vault, packet(1), &captures).unwrap();
    drop(vault);
    let vault = ready(dir.path());
    let job = vault
        .outbox_read(|c| outbox::job(c, packet(1)))
        .unwrap()
        .unwrap();
    assert_eq!(
        (job.upload.state.as_str(), job.photos, job.zip_size),
        ("queued", 1, 4711)
    );
    let entries = vault
        .outbox_read(|c| outbox::entries(c, packet(1)))
        .unwrap();
    let plan = vault.read(|c| packets::plan(c, packet(1))).unwrap();
    assert!(entries == plan && plan.len() == 3);
}

#[test]
fn space_is_given_back_only_against_a_verified_receipt() {
    let dir = folder();
    let vault = created(dir.path());
    let (id, _) = sealed(&vault, 1, &[b"one", b"two"]);
    with_photos(&vault, packet(2), &[b"stays"]);
    assert!(matches!(
        vault.reclaim(packet(7), at(30)),
        Err(ReclaimError::Store(StoreError::NotFound))
    ));
    assert!(matches!(
        vault.reclaim(id, at(30)),
        Err(ReclaimError::NotSafe)
    ));
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"receipt", b"proof", None))
        .unwrap();
    assert!(matches!(
        vault.reclaim(id, at(30)),
        Err(ReclaimError::NotSafe)
    ));
    assert_eq!(read_all(&vault, 1), b"one");
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"receipt", b"proof", Some(at(31))))
        .unwrap();
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"other", b"other", None))
        .unwrap();
    assert_eq!(
        vault
            .outbox_read(|c| outbox::job(c, id))
            .unwrap()
            .unwrap()
            .receipt
            .unwrap(),
        b"receipt"
    );

    vault.lock();
    let reclaimed = vault.reclaim(id, at(32)).unwrap();
    assert_eq!(reclaimed.originals, 2);
    assert_eq!(vault.reclaim(id, at(33)).unwrap(), Reclaimed::default());
    assert!(matches!(
        vault.open_original(1),
        Err(OriginalError::Reclaimed { capture_seq: 1 })
    ));
    vault.unlock("lead", PIN, &now(0)).unwrap();
    assert!(matches!(
        vault.open_original(1),
        Err(OriginalError::Reclaimed { capture_seq: 1 })
    ));
    assert!(vault.take_in(&mut with_custody).unwrap().missing.is_empty());
    assert_eq!(read_all(&vault, 3), b"stays");
    std::fs::remove_file(dir.path().join("originals/0000000003.seg")).unwrap();
    assert_eq!(vault.take_in(&mut with_custody).unwrap().missing, [3]);
    drop(vault);
    // All segments are gone: the number is not used again.
    let vault = ready(dir.path());
    assert_eq!(capture(&vault, packet(2), b"next").unwrap().capture_seq, 4);
    let prev = vault.read(|c| captures::get(c, 3)).unwrap().unwrap();
    vault.take_in(&mut with_custody).unwrap();
    let next = vault.read(|c| captures::get(c, 4)).unwrap().unwrap();
    let link = fieldseal_packet::custody::capture_link(3, prev.capture_prev, prev.sha256, at(1));
    assert_eq!(next.capture_prev, link, "the chain goes on");
}

/// Every removal and every sync of a folder fails once: nothing is said to be gone that is not, and the next chance
/// goes on, with the vault locked.
#[test]
fn a_reclaim_that_failed_at_any_step_is_finished_later() {
    for (step, nth) in [
        (Step::Remove, 0),
        (Step::Remove, 1),
        (Step::SyncDir, 0),
        (Step::SyncDir, 1),
        (Step::SyncDir, 2),
    ] {
        let dir = folder();
        let disk = FaultyDisk::default();
        let config = VaultConfig {
            disk: std::sync::Arc::new(disk.clone()),
            ..config()
        };
        let vault = Vault::create(dir.path(), birth(), config).unwrap();
        let (id, _) = sealed(&vault, 1, &[b"one", b"two"]);
        vault
            .outbox_write(|tx| outbox::set_receipt(tx, id, b"r", b"p", Some(at(31))))
            .unwrap();
        vault.lock();
        disk.arm(Fault {
            step,
            nth,
            how: How::Lost,
            error: std::io::ErrorKind::Other,
        });
        assert!(vault.reclaim(id, at(32)).is_err(), "{step:?} {nth}");
        let marked = vault.outbox_read(|c| outbox::job(c, id)).unwrap().unwrap();
        match vault.finish_reclaims() {
            // Nothing was marked: the number's mark could not be made durable.
            Ok(_) if marked.reclaimed_at.is_none() => {
                assert_eq!(read_all(&vault, 1), b"one");
                assert_eq!(vault.reclaim(id, at(33)).unwrap().originals, 2);
            }
            done => {
                done.unwrap();
                assert_eq!(marked.reclaimed_at, Some(at(32)));
            }
        }
        let left = std::fs::read_dir(dir.path().join("originals")).unwrap();
        assert_eq!(left.count(), 0, "{step:?} {nth}");
        assert_eq!(vault.finish_reclaims().unwrap(), Reclaimed::default());
        assert!(matches!(
            vault.open_original(1),
            Err(OriginalError::Reclaimed { capture_seq: 1 })
        ));
    }
}

/// The link that the next capture continues may be in a file that a passing failure of the disk hid.
#[test]
fn nothing_is_given_back_while_the_newest_capture_is_unread() {
    let dir = folder();
    drop(created(dir.path()));
    let vault = ready(dir.path());
    let (id, captures) = sealed(&vault, 1, &[b"one", b"two"]);
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"r", b"p", Some(at(31))))
        .unwrap();
    let head = vault.capture_head();
    drop(vault);
    let newest = captures.last().unwrap();
    let newest = dir.path().join(format!("originals/{newest:010}.seg"));
    let bytes = std::fs::read(&newest).unwrap();
    std::fs::write(&newest, b"").unwrap();
    let (vault, recovered) = opened(dir.path());
    assert!(recovered.chain_break);
    std::fs::write(&newest, bytes).unwrap();
    vault.unlock("lead", PIN, &now(1)).unwrap();
    assert!(matches!(
        vault.reclaim(id, at(32)),
        Err(ReclaimError::NewestUnread)
    ));
    drop(vault);
    let vault = ready(dir.path());
    assert_eq!(vault.capture_head(), head);
    assert_eq!(vault.reclaim(id, at(32)).unwrap().originals, 2);
    drop(vault);
    assert_eq!(ready(dir.path()).capture_head(), head);
}

#[test]
fn a_reclaim_that_was_interrupted_is_finished_at_unlocking() {
    let dir = folder();
    let disk = FaultyDisk::default();
    let config = VaultConfig {
        disk: std::sync::Arc::new(disk.clone()),
        ..config()
    };
    let vault = Vault::create(dir.path(), birth(), config).unwrap();
    let (id, _) = sealed(&vault, 1, &[b"one", b"two"]);
    vault
        .outbox_write(|tx| outbox::set_receipt(tx, id, b"r", b"p", Some(at(31))))
        .unwrap();
    // The second removal fails.
    disk.arm(Fault {
        step: Step::Remove,
        nth: 1,
        how: How::Lost,
        error: std::io::ErrorKind::Other,
    });
    assert!(matches!(
        vault.reclaim(id, at(32)),
        Err(ReclaimError::Io(_))
    ));
    drop(vault);
    let vault = ready(dir.path());
    assert_eq!(
        std::fs::read_dir(dir.path().join("originals"))
            .unwrap()
            .count(),
        0
    );
    assert!(matches!(
        vault.open_original(2),
        Err(OriginalError::Reclaimed { .. })
    ));
}
