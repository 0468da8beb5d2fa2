//! A forgotten PIN by request and answer: the recovery key stays away, the answer opens for one request and one new PIN, and a
//! stop in between loses nothing.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_vault::*;
use std::cell::RefCell;
use std::io;

const NEW: &str = "864209";

fn random(bytes: &mut [u8]) -> io::Result<()> {
    bytes.fill(42);
    Ok(())
}

/// Asks, and gives what the administrator needs.
fn asked(vault: &Vault, text: &str) -> RecoveryAsk {
    let seen = RefCell::new(None);
    let asked = vault
        .ask_recovery("lead", NEW, |ask| {
            *seen.borrow_mut() = Some(ask.clone());
            text.to_owned()
        })
        .unwrap();
    assert_eq!(
        (asked.officer.as_str(), asked.text.as_str()),
        ("lead", text)
    );
    seen.into_inner().unwrap()
}

fn finish(vault: &Vault, pin: &str, answer: &[u8]) -> Result<String, OfficerError> {
    vault.finish_recovery(pin, answer, Secret::new([77; 32]), &now(0))
}

#[test]
fn the_answer_lets_in_under_the_new_pin_also_after_a_restart() {
    let dir = folder();
    let vault = created(dir.path());
    capture(&vault, packet(1), b"photo").unwrap();
    drop(vault);
    let (vault, _) = opened(dir.path());
    let ask = asked(&vault, "request 1");
    let answer = answer_recovery(&recovery_private(), &ask, "request 1", &random).unwrap();
    drop(vault);

    let (vault, _) = opened(dir.path());
    assert_eq!(vault.recovery_asked().unwrap().text, "request 1");
    capture(&vault, packet(1), b"taken while waiting").unwrap();
    assert_eq!(finish(&vault, NEW, &answer).unwrap(), "lead");
    assert!(matches!(
        vault.unlock("lead", PIN, &now(0)),
        Err(UnlockError::WrongPin { .. })
    ));
    vault.unlock("lead", NEW, &now(0)).unwrap();
    vault.take_in(&mut with_custody).unwrap();
    assert_eq!(read_all(&vault, 1), b"photo");
    assert_eq!(read_all(&vault, 2), b"taken while waiting");
    assert_eq!(*vault.officer_seed("lead", NEW, &now(0)).unwrap(), [77; 32]);
    vault.forget_recovery().unwrap();
    vault.forget_recovery().unwrap();
    assert!(matches!(
        finish(&vault, NEW, &answer),
        Err(OfficerError::NoRequest)
    ));
}

#[test]
fn an_answer_is_for_one_request_and_one_pin() {
    let dir = folder();
    let vault = created(dir.path());
    let first = asked(&vault, "request 1");
    let to_first = answer_recovery(&recovery_private(), &first, "request 1", &random).unwrap();
    let second = asked(&vault, "request 2");
    assert_ne!(first.to, second.to);
    let other_text = answer_recovery(&recovery_private(), &second, "request 3", &random).unwrap();
    let mut flipped = answer_recovery(&recovery_private(), &second, "request 2", &random).unwrap();
    let right = flipped;
    flipped[60] ^= 1;
    for wrong in [&to_first[..], &other_text, &flipped, b"", &[0; 80]] {
        assert!(matches!(
            finish(&vault, NEW, wrong),
            Err(OfficerError::OtherRecoveryKey)
        ));
    }
    assert!(matches!(
        answer_recovery(&Secret::new([1; 32]), &second, "request 2", &random),
        Err(OfficerError::OtherRecoveryKey)
    ));
    assert!(matches!(
        finish(&vault, "111111", &right),
        Err(OfficerError::Unlock(UnlockError::WrongPin { .. }))
    ));
    vault.unlock("lead", PIN, &now(0)).unwrap();
    assert_eq!(finish(&vault, NEW, &right).unwrap(), "lead");
}

#[test]
fn an_answer_with_another_vaults_root_is_refused() {
    let (dir, elsewhere) = (folder(), folder());
    let vault = created(dir.path());
    let other = created(elsewhere.path());
    let ours = asked(&vault, "request");
    let theirs = asked(&other, "request");
    let mixed = RecoveryAsk {
        to: ours.to,
        ..theirs
    };
    let answer = answer_recovery(&recovery_private(), &mixed, "request", &random);
    // Of two vaults the ids differ, or, in a test, the roots do.
    if let Ok(answer) = answer {
        assert!(finish(&vault, NEW, &answer).is_err());
    }
    vault.unlock("lead", PIN, &now(0)).unwrap();
}

#[test]
fn wrong_pins_wait_as_at_the_lock_and_nothing_readable_is_kept() {
    let dir = folder();
    let vault = created(dir.path());
    let ask = asked(&vault, "request");
    let answer = answer_recovery(&recovery_private(), &ask, "request", &random).unwrap();
    for _ in 0..3 {
        assert!(matches!(
            finish(&vault, "000000", &answer),
            Err(OfficerError::Unlock(UnlockError::WrongPin { .. }))
        ));
    }
    drop(vault);
    let (vault, _) = opened(dir.path());
    assert!(matches!(
        finish(&vault, NEW, &answer),
        Err(OfficerError::Unlock(UnlockError::Wait { .. }))
    ));
    let stored = std::fs::read_to_string(dir.path().join("pin-request.json")).unwrap();
    assert!(!stored.contains(NEW));
    // Whoever rots or forges it gets no further than to no request.
    std::fs::write(dir.path().join("pin-request.json"), b"{\"schema\":1}").unwrap();
    assert!(vault.recovery_asked().is_none());
    assert!(matches!(
        finish(&vault, NEW, &answer),
        Err(OfficerError::NoRequest)
    ));
}
