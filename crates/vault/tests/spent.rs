//! A failed sync is fatal for the handle that it failed on: the kernel has dropped the pages, so the next commit through the
//! same handle would stand on something that nobody can vouch for. Unlocking again opens a new one.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_vault::*;

/// SQLITE_IOERR_FSYNC.
const SYNC_FAILED: i32 = 1034;

fn sync_failed() -> StoreError {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(SYNC_FAILED), None).into()
}

#[test]
fn the_officers_database_is_closed_and_opens_again() {
    let dir = folder();
    drop(created(dir.path()));
    let vault = ready(dir.path());
    let captured = capture(&vault, packet(1), b"evidence").unwrap();
    let failed: Result<(), StoreError> = vault.write(|_| Err(sync_failed()));
    assert!(matches!(failed, Err(StoreError::Sqlite(_))), "{failed:?}");
    assert!(vault.is_locked(), "the handle is still in use");
    // The shutter needs no database.
    capture(&vault, packet(1), b"more evidence").unwrap();
    vault.unlock("lead", PIN, &now(1)).unwrap();
    vault.take_in(&mut with_custody).unwrap();
    assert_eq!(read_all(&vault, captured.capture_seq), b"evidence");
    assert_eq!(vault.read(|c| captures::count(c, packet(1))).unwrap(), 2);
}

#[test]
fn the_outbox_writes_nothing_more_until_it_was_opened_again() {
    let dir = folder();
    drop(created(dir.path()));
    let vault = ready(dir.path());
    let write = |value: &'static [u8]| vault.outbox_write(|tx| outbox::put_fact(tx, "fact", value));
    write(b"before").unwrap();
    let failed: Result<(), StoreError> = vault.outbox_write(|tx| {
        outbox::put_fact(tx, "fact", b"lost")?;
        Err(sync_failed())
    });
    assert!(matches!(failed, Err(StoreError::Sqlite(_))), "{failed:?}");
    assert!(
        matches!(write(b"retried"), Err(StoreError::Spent)),
        "the handle is still in use"
    );
    vault.unlock("lead", PIN, &now(1)).unwrap();
    let fact = |key| vault.outbox_read(|c| outbox::fact(c, key));
    assert_eq!(fact("fact").unwrap().as_deref(), Some(&b"before"[..]));
    write(b"after").unwrap();
}

/// What a failed sync left in the WAL is believed by whoever opens it next, though it may not be on the disk. So it is copied
/// out of there, and synced, before anything is written behind it.
#[test]
fn opening_leaves_nothing_in_the_write_ahead_log() {
    let dir = folder();
    drop(created(dir.path()));
    let copy = folder();
    let vault = ready(dir.path());
    capture(&vault, packet(1), b"evidence").unwrap();
    vault.take_in(&mut with_custody).unwrap();
    // As after a stop: the databases with their logs.
    copy_all(dir.path(), copy.path());
    drop(vault);
    let wal = |dir: &std::path::Path| std::fs::metadata(dir.join("vault.db-wal")).unwrap().len();
    assert!(wal(copy.path()) > 0, "nothing to take over");
    let (vault, _) = opened(copy.path());
    vault.unlock("lead", PIN, &now(1)).unwrap();
    assert_eq!(wal(copy.path()), 0);
    assert_eq!(vault.read(|c| captures::count(c, packet(1))).unwrap(), 1);
}

fn copy_all(from: &std::path::Path, to: &std::path::Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
            copy_all(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}
