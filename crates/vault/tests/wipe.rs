//! A vault goes only when nothing in it is nowhere else, keys first, and a stop at any step is made good at the next start.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_vault::*;
use std::path::Path;

fn held(vault: &Vault) -> Holds {
    match vault.mark_for_wipe() {
        Err(WipeError::Holds(holds)) => holds,
        other => panic!("{other:?}"),
    }
}

fn names(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn what_is_nowhere_else_keeps_the_vault() {
    let dir = folder();
    let vault = created(dir.path());
    assert!(vault.holds().unwrap().is_nothing());
    capture(&vault, packet(1), b"one").unwrap();
    assert_eq!(held(&vault).waiting, 1);
    vault.take_in(&mut with_custody).unwrap();
    let holds = held(&vault);
    assert_eq!((holds.waiting, holds.drafts), (0, 1));
    vault.lock();
    assert_eq!(held(&vault).drafts, 1, "as it was when it was locked");
    capture(&vault, packet(2), b"two").unwrap();
    assert_eq!(held(&vault).waiting, 1);
    drop(vault);
    let (vault, _) = opened(dir.path());
    assert!(
        matches!(
            vault.mark_for_wipe(),
            Err(WipeError::Store(StoreError::Locked))
        ),
        "not unlocked since the program began, nobody knows what is in it"
    );
    drop(vault);
    assert!(
        !finish_wipe(&OsDisk, dir.path()).unwrap(),
        "without a mark nothing is touched"
    );
    assert_eq!(read_all(&ready(dir.path()), 1), b"one");
}

#[test]
fn a_damaged_file_keeps_the_vault_and_a_torn_one_does_not() {
    let dir = folder();
    drop(created(dir.path()));
    let aside = dir.path().join("set-aside");
    std::fs::create_dir_all(&aside).unwrap();
    std::fs::write(
        aside.join("0000000001.part.why.txt"),
        "torn: never acknowledged\n",
    )
    .unwrap();
    let vault = ready(dir.path());
    assert!(vault.holds().unwrap().is_nothing());
    std::fs::write(
        aside.join("0000000002.seg.why.txt"),
        "damaged: the storage changed it\n",
    )
    .unwrap();
    assert_eq!(held(&vault).damaged, 1);
}

/// Each removal and each sync of a folder fails once, done or not: the next start goes on, and until then nobody takes the
/// rest for a vault that can be opened.
#[test]
fn a_wipe_that_failed_at_any_step_is_finished_at_the_next_start() {
    let mut hits = 0;
    for step in [Step::Remove, Step::SyncDir] {
        for nth in 0..12 {
            for how in [How::Lost, How::Done] {
                let dir = folder();
                let vault = created(dir.path());
                vault.mark_for_wipe().unwrap();
                drop(vault);
                std::fs::write(dir.path().join("inbox/left.part"), b"torn").unwrap();
                std::fs::write(dir.path().join("somebody-elses"), b"kept").unwrap();
                let disk = FaultyDisk::default();
                disk.arm(Fault {
                    step,
                    nth,
                    how,
                    error: std::io::ErrorKind::Other,
                });
                let failed = finish_wipe(&disk, dir.path()).is_err();
                hits += usize::from(disk.disarm());
                if failed && nth > 1 {
                    assert!(!dir.path().join("slots.json").exists(), "keys go first");
                    assert!(!dir.path().join("slots.copy.json").exists());
                }
                finish_wipe(&OsDisk, dir.path()).unwrap();
                assert!(!Vault::exists(dir.path()), "{step:?} {nth} {how:?}");
                let left = names(dir.path());
                let gone = |name: &String| !name.contains(".db") && !name.ends_with(".json");
                assert!(left.iter().all(gone), "{left:?}");
                assert!(left.contains(&"somebody-elses".to_owned()));
                assert!(names(&dir.path().join("inbox")).is_empty());
                // And a new vault can be made where the old one was.
                created(dir.path()).lock();
            }
        }
    }
    assert!(hits > 12, "the faults were reached: {hits}");
}
