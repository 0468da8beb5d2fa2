//! The registers' own database: encrypted, shut while the vault is, replaced as a whole, and no loss when it is damaged.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod common;

use common::*;
use fieldseal_vault::{StoreError, Vault, registers};

const NAME: &str = "registers.db";

fn put(vault: &Vault, number: &str) {
    vault
        .registers_write(|tx| {
            registers::clear_points(tx)?;
            let point = registers::NewPoint {
                number,
                kind: None,
                done: false,
                place: Some((31.2, 121.4)),
                words: &["虹桥路"],
                line: number,
            };
            registers::add_point(tx, &point)
        })
        .unwrap();
}

fn there(vault: &Vault, number: &str) -> bool {
    vault
        .registers_read(|c| registers::point(c, number))
        .unwrap()
        .is_some()
}

#[test]
fn locked_there_is_nothing_to_see_and_unlocked_it_is_as_before() {
    let dir = folder();
    let vault = created(dir.path());
    put(&vault, "A-1");
    assert!(there(&vault, "A-1"));
    vault.lock();
    let locked = vault.registers_read(|c| registers::point(c, "A-1"));
    assert!(matches!(locked, Err(StoreError::Locked)));
    let plain = std::fs::read(dir.path().join(NAME)).unwrap();
    let road = "虹桥".as_bytes();
    assert!(!plain.windows(road.len()).any(|part| part == road));
    assert!(!plain.starts_with(b"SQLite"));
    drop(vault);
    let vault = ready(dir.path());
    assert!(there(&vault, "A-1"));
}

#[test]
fn readers_see_the_old_register_until_the_new_one_is_whole() {
    let dir = folder();
    let vault = created(dir.path());
    put(&vault, "A-1");
    assert!(there(&vault, "A-1"));
    let broken: Result<(), StoreError> = vault.registers_write(|tx| {
        registers::clear_points(tx)?;
        assert!(there(&vault, "A-1"));
        Err(StoreError::NotFound)
    });
    assert!(broken.is_err());
    assert!(there(&vault, "A-1"));
    put(&vault, "B-1");
    assert!(!there(&vault, "A-1") && there(&vault, "B-1"));
}

#[test]
fn a_damaged_one_is_thrown_away_and_the_evidence_stays_open() {
    let dir = folder();
    let vault = created(dir.path());
    put(&vault, "A-1");
    drop(vault);
    for name in [NAME.to_owned(), format!("{NAME}-wal")] {
        if dir.path().join(&name).exists() {
            std::fs::write(dir.path().join(&name), [7; 8192]).unwrap();
        }
    }
    let vault = ready(dir.path());
    assert!(!there(&vault, "A-1"));
    assert!(!vault.is_locked());
    put(&vault, "A-1");
    assert!(there(&vault, "A-1"));
    vault.read(fieldseal_vault::drafts::list).unwrap();
}
