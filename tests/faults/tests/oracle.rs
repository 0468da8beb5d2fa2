//! The oracle by itself: content with a whole line, and not to be fooled when something acknowledged is taken away.

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

use std::path::Path;
use std::process::Command;

use fieldseal_faults::ledger::Ledger;
use fieldseal_faults::oracle::{Finish, examine, look};
use fieldseal_faults::serving::Serving;
use fieldseal_faults::site::Site;

const FINISH: Finish = Finish {
    seed: 99,
    reclaim: false,
};

/// What the child acknowledged in one stage.
fn stage(site: &Site, ledger: &mut Ledger, words: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_fault-worker"))
        .arg(&site.dir)
        .arg("tablet")
        .args(words)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    for line in String::from_utf8(output.stdout)
        .unwrap()
        .split_inclusive('\n')
    {
        ledger.note(line);
    }
}

/// Three photos in two packets, one of them safe.
fn line(dir: &Path) -> (Site, Ledger) {
    let site = Site::prepare(dir, None).unwrap();
    let mut ledger = Ledger::default();
    stage(&site, &mut ledger, &["capture", "2"]);
    stage(&site, &mut ledger, &["seal"]);
    let serving = Serving::start(&site).unwrap();
    stage(&site, &mut ledger, &["sync"]);
    serving.stop().unwrap();
    stage(&site, &mut ledger, &["capture", "1", "--seed", "2"]);
    assert_eq!(
        (ledger.saved.len(), ledger.sealed.len(), ledger.safe.len()),
        (3, 1, 1)
    );
    (site, ledger)
}

#[test]
fn a_whole_line_is_in_order_also_after_its_originals_were_given_back() {
    let dir = tempfile::tempdir().unwrap();
    let (site, mut ledger) = line(dir.path());
    let verdict = examine(&site, &mut ledger, FINISH);
    assert_eq!(verdict.failures, Vec::<String>::new());
    assert_eq!(ledger.saved.len(), 4, "one more after the restart");
    stage(&site, &mut ledger, &["reclaim"]);
    assert!(!ledger.freed.is_empty());
    let verdict = examine(
        &site,
        &mut ledger,
        Finish {
            seed: 100,
            ..FINISH
        },
    );
    assert_eq!(verdict.failures, Vec::<String>::new());
}

/// Each of these is a loss that somebody was promised would not happen.
#[test]
fn what_was_taken_away_is_missed() {
    let dir = tempfile::tempdir().unwrap();
    let (site, ledger) = line(&dir.path().join("template"));
    let told = |change: &dyn Fn(&Site, &mut Ledger)| {
        let copy = site.copy(&dir.path().join("copy")).unwrap();
        let mut ledger = ledger.clone();
        change(&copy, &mut ledger);
        let verdict = examine(&copy, &mut ledger, FINISH);
        copy.remove().unwrap();
        verdict.failures.join("\n")
    };
    assert_eq!(told(&|_, _| {}), "");
    let original = told(&|site, _| {
        let path = ["inbox", "originals"]
            .map(|folder| site.tablet().join(folder).join("0000000003.seg"))
            .into_iter()
            .find(|path| path.is_file())
            .unwrap();
        std::fs::remove_file(path).unwrap();
    });
    assert!(original.contains("LOST"), "{original}");
    let never = told(&|_, ledger| ledger.saved(7, "ab"));
    assert!(never.contains("LOST: capture 7"), "{never}");
    let other = told(&|_, ledger| {
        ledger.saved.insert(1, "ab".to_owned());
    });
    assert!(other.contains("LOST: capture 1"), "{other}");
    let packet = told(&|_, ledger| ledger.sealed("no-such-packet", "ab"));
    assert!(packet.contains("LOST: packet no-such-packet"), "{packet}");
    let leaf = told(&|_, ledger| {
        ledger.leaves.push(b"a leaf that is not there".to_vec());
    });
    assert!(leaf.contains("does not begin"), "{leaf}");
    let rolled_back = told(&|site, _| {
        std::fs::remove_dir_all(site.server().join("blobs")).unwrap();
    });
    assert!(!rolled_back.is_empty());
}

#[test]
fn looking_twice_finds_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let (site, mut ledger) = line(dir.path());
    // Not settled: a photo is in no packet yet, and that is no fault.
    assert_eq!(look(&site, &mut ledger), Vec::<String>::new());
    assert_eq!(look(&site, &mut ledger), Vec::<String>::new());
}
