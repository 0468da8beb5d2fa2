use super::*;
use fieldseal_tlog::merkle::{MemoryTree, leaf_hash, prove_consistency, root_at};
use fieldseal_tlog::note::{Ed25519Signer, Note, SignatureLine, Signer as _};

const ORIGIN: &str = "log.example";
const NOW: u32 = 1_700_000_000;

fn log() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn tree(salt: u8) -> MemoryTree {
    (0..20u8).map(|n| leaf_hash(&[salt, n])).collect()
}

fn text(tree: &MemoryTree, size: u64) -> String {
    let head = Checkpoint {
        origin: ORIGIN.into(),
        size,
        root: root_at(size, tree).unwrap(),
        extensions: vec![],
    };
    head.text()
}

fn request(tree: &MemoryTree, old_size: u64, size: u64) -> Vec<u8> {
    AddCheckpoint {
        old_size,
        proof: prove_consistency(old_size, size, tree).unwrap(),
        note: Note::sign(&text(tree, size), &[&log()]).unwrap(),
    }
    .to_bytes()
}

fn folder(at: &tempfile::TempDir) -> Folder {
    let folder = Folder::new(at.path());
    folder.init("witness.example/w1", &[7; 32]).unwrap();
    folder.add_log(log().vkey()).unwrap();
    folder
}

fn verified(witness: &Witness, answer: Answer, text: &str) {
    let Answer::Cosigned(line) = answer else {
        panic!("{answer:?}")
    };
    let note = Note {
        text: text.to_owned(),
        signatures: vec![SignatureLine::parse(line.trim_end()).unwrap()],
    };
    note.verify_by(witness.vkey()).unwrap();
}

#[test]
fn what_was_cosigned_is_known_after_a_restart() {
    let at = tempfile::tempdir().unwrap();
    let folder = folder(&at);
    let tree = tree(0);
    let witness = Witness::open(folder.clone()).unwrap();
    verified(
        &witness,
        witness.add_checkpoint(&request(&tree, 0, 5), NOW),
        &text(&tree, 5),
    );
    assert!(Witness::open(folder.clone()).is_err(), "one at a time");
    drop(witness);
    let witness = Witness::open(folder).unwrap();
    assert_eq!(
        witness.add_checkpoint(&request(&tree, 0, 5), NOW),
        Answer::Refused(Refusal::Stale(5))
    );
    // As after a kill between keeping and answering: asked again, it cosigns again.
    verified(
        &witness,
        witness.add_checkpoint(&request(&tree, 5, 5), NOW),
        &text(&tree, 5),
    );
    verified(
        &witness,
        witness.add_checkpoint(&request(&tree, 5, 9), NOW),
        &text(&tree, 9),
    );
    assert_eq!(
        witness.add_checkpoint(b"old 1\n", NOW),
        Answer::Refused(Refusal::Malformed)
    );
}

#[test]
fn a_fork_is_kept_told_and_the_end_of_cosigning() {
    let at = tempfile::tempdir().unwrap();
    let folder = folder(&at);
    let (tree, fork) = (tree(0), tree(1));
    let witness = Witness::open(folder.clone()).unwrap();
    witness.add_checkpoint(&request(&tree, 0, 5), NOW);
    assert!(witness.health().unwrap().iter().all(Health::is_good));
    assert_eq!(
        witness.add_checkpoint(&request(&fork, 5, 5), NOW),
        Answer::Refused(Refusal::Forked(5))
    );
    assert_eq!(
        witness.add_checkpoint(&request(&tree, 5, 6), NOW),
        Answer::Forked
    );
    drop(witness);
    let witness = Witness::open(folder.clone()).unwrap();
    assert_eq!(
        witness.add_checkpoint(&request(&tree, 5, 6), NOW),
        Answer::Forked
    );
    assert!(witness.health().unwrap()[0].forked);
    // Both checkpoints are there for whoever looks, each signed by the log.
    let both = std::fs::read_to_string(folder.forked_file(ORIGIN)).unwrap();
    for text in [text(&tree, 5), text(&fork, 5)] {
        assert!(both.contains(&text));
    }
}

#[test]
fn what_is_not_proved_is_told_until_it_is() {
    let at = tempfile::tempdir().unwrap();
    let (tree, fork) = (tree(0), tree(1));
    let witness = Witness::open(folder(&at)).unwrap();
    witness.add_checkpoint(&request(&tree, 0, 5), NOW);
    assert_eq!(
        witness.add_checkpoint(&request(&fork, 5, 8), NOW),
        Answer::Refused(Refusal::NotProved(5))
    );
    assert_eq!(witness.health().unwrap()[0].unproved, Some(8));
    witness.add_checkpoint(&request(&tree, 5, 7), NOW);
    assert_eq!(witness.health().unwrap()[0].unproved, Some(8));
    witness.add_checkpoint(&request(&tree, 7, 8), NOW);
    assert!(witness.health().unwrap()[0].is_good());
}

#[test]
fn nothing_is_said_that_was_not_kept() {
    let at = tempfile::tempdir().unwrap();
    let folder = folder(&at);
    let tree = tree(0);
    let witness = Witness::open(folder.clone()).unwrap();
    // Where the head should go there is something that can't be replaced.
    let heads = at.path().join("heads");
    std::fs::remove_dir(&heads).unwrap();
    std::fs::write(&heads, b"").unwrap();
    assert_eq!(
        witness.add_checkpoint(&request(&tree, 0, 5), NOW),
        Answer::NotDurable
    );
    std::fs::remove_file(&heads).unwrap();
    verified(
        &witness,
        witness.add_checkpoint(&request(&tree, 0, 5), NOW),
        &text(&tree, 5),
    );
}
