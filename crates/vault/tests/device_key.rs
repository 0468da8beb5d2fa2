//! The device's key hands over to a new one: whatever the disk does in between, the vault has the old seed with or without the next one
//! beside it, or the new seed with what the facts say of it.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_vault::*;
use std::sync::Arc;

const OLD: [u8; 32] = [5; 32];
const NEW: [u8; 32] = [9; 32];

fn seed(vault: &Vault) -> [u8; 32] {
    *vault.device_seed().unwrap()
}

fn unlocked(dir: &std::path::Path) -> Vault {
    let (vault, _) = opened(dir);
    vault.unlock("lead", PIN, &now(0)).unwrap();
    vault
}

fn hand_over(vault: &Vault) -> Result<(), DeviceKeyError> {
    vault.keep_next_device_seed(&Secret::new(NEW))?;
    vault.take_next_device_seed(serde_json::json!({"device": "t1", "key": "new"}))
}

#[test]
fn the_next_key_waits_and_takes_over_in_one_step() {
    let dir = folder();
    drop(created(dir.path()));
    let (vault, _) = opened(dir.path());
    assert!(matches!(
        vault.keep_next_device_seed(&Secret::new(NEW)),
        Err(DeviceKeyError::Locked)
    ));
    vault.unlock("lead", PIN, &now(0)).unwrap();
    assert!(vault.next_device_seed().unwrap().is_none());
    let plain = serde_json::json!({"device": "t1", "key": "new"});
    assert!(matches!(
        vault.take_next_device_seed(plain.clone()),
        Err(DeviceKeyError::NoNext)
    ));
    vault.keep_next_device_seed(&Secret::new(NEW)).unwrap();
    assert_eq!(seed(&vault), OLD);
    drop(vault);
    let vault = unlocked(dir.path());
    assert_eq!(*vault.next_device_seed().unwrap().unwrap(), NEW);
    assert_eq!(seed(&vault), OLD);
    vault.take_next_device_seed(plain.clone()).unwrap();
    assert_eq!(seed(&vault), NEW);
    drop(vault);
    let vault = unlocked(dir.path());
    assert_eq!((seed(&vault), vault.plain()), (NEW, plain));
    assert!(vault.next_device_seed().unwrap().is_none());
    // The administrator's key still opens it, and so does a second officer's PIN.
    vault.add_officer(&officer("second")).unwrap();
    drop(vault);
    let (vault, _) = opened(dir.path());
    vault.unlock("second", PIN, &now(1)).unwrap();
    assert_eq!(seed(&vault), NEW);
}

#[test]
fn no_fault_of_the_disk_parts_the_key_from_what_the_facts_say() {
    let mut struck = 0;
    for step in STEPS {
        for how in [How::Lost, How::Done] {
            for nth in 0.. {
                let dir = folder();
                drop(created(dir.path()));
                let disk = FaultyDisk::default();
                let mut config = config();
                config.disk = Arc::new(disk.clone());
                let (vault, _) = Vault::open(dir.path(), config).unwrap();
                vault.unlock("lead", PIN, &now(0)).unwrap();
                disk.arm(Fault {
                    step,
                    nth,
                    how,
                    error: std::io::ErrorKind::Other,
                });
                let outcome = hand_over(&vault);
                let hit = disk.disarm();
                // In memory it is as it is on the disk, or as it was: what was acknowledged is there.
                assert_eq!(seed(&vault), if outcome.is_ok() { NEW } else { OLD });
                drop(vault);
                let vault = unlocked(dir.path());
                let is_new = vault.plain()["key"] == "new";
                assert_eq!(seed(&vault), if is_new { NEW } else { OLD });
                assert!(is_new || outcome.is_err(), "acknowledged, and gone");
                if !is_new {
                    hand_over(&vault).unwrap();
                    assert_eq!(seed(&vault), NEW);
                }
                if !hit {
                    break;
                }
                struck += 1;
            }
        }
    }
    assert!(struck >= 20, "{struck} faults");
}
