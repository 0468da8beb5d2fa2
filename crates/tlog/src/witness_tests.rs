use super::*;
use crate::checkpoint;
use crate::merkle::{MemoryTree, leaf_hash, prove_consistency, root_at};
use crate::note::{CosignatureSigner, Ed25519Signer, NoteError, Signer as _};

const ORIGIN: &str = "log.example";

fn log() -> Ed25519Signer {
    Ed25519Signer::from_seed(ORIGIN, &[1; 32]).unwrap()
}

fn tree(salt: u8) -> MemoryTree {
    (0..20u8).map(|n| leaf_hash(&[salt, n])).collect()
}

fn head(tree: &MemoryTree, size: u64) -> Checkpoint {
    Checkpoint {
        origin: ORIGIN.into(),
        size,
        root: root_at(size, tree).unwrap(),
        extensions: vec![],
    }
}

fn request(tree: &MemoryTree, old_size: u64, size: u64) -> AddCheckpoint {
    AddCheckpoint {
        old_size,
        proof: prove_consistency(old_size, size, tree).unwrap(),
        note: Note::sign(&head(tree, size).text(), &[&log()]).unwrap(),
    }
}

fn ask(request: &AddCheckpoint, known: Option<Checkpoint>) -> Result<Accepted, Refusal> {
    decide(request, std::slice::from_ref(log().vkey()), |origin| {
        assert_eq!(origin, ORIGIN);
        known
    })
}

#[test]
fn a_request_survives_its_text() {
    let tree = tree(0);
    for (old, new) in [(0, 1), (7, 20), (20, 20)] {
        let request = request(&tree, old, new);
        assert_eq!(AddCheckpoint::parse(&request.to_bytes()).unwrap(), request);
    }
    let good = String::from_utf8(request(&tree, 7, 20).to_bytes()).unwrap();
    let many = good.replacen(
        "\n",
        &format!("\n{}", ("A".repeat(43) + "=\n").repeat(64)),
        1,
    );
    for bad in [
        String::new(),
        good.replace("old 7", "old 07"),
        good.replace("old 7", "Old 7"),
        good.replacen("\n\n", "\nAAAA\n\n", 1),
        good.trim_end().to_owned(),
        many,
    ] {
        assert!(AddCheckpoint::parse(bad.as_bytes()).is_err(), "{bad:?}");
    }
}

#[test]
fn a_log_that_goes_on_is_cosigned_and_the_cosignature_verifies() {
    let tree = tree(0);
    let witness = CosignatureSigner::from_seed("witness.example/w1", &[9; 32]).unwrap();
    let mut known = None;
    for (old, new) in [(0, 3), (3, 3), (3, 17), (17, 20)] {
        let accepted = ask(&request(&tree, old, new), known).unwrap();
        assert_eq!(accepted.checkpoint, head(&tree, new));
        let mut note = accepted.note;
        note.signatures
            .push(witness.cosign(&accepted.checkpoint, 1_700_000_000).unwrap());
        note.verify_by(witness.vkey()).unwrap();
        assert_eq!(
            checkpoint::open(&note.to_bytes(), log().vkey()).unwrap(),
            accepted.checkpoint
        );
        note.text = head(&tree, new - 1).text();
        assert_eq!(note.verify_by(witness.vkey()), Err(NoteError::Invalid));
        known = Some(accepted.checkpoint);
    }
}

#[test]
fn what_does_not_continue_is_refused_each_by_its_name() {
    let (tree, fork) = (tree(0), tree(1));
    let at = |size| Some(head(&tree, size));
    // A shorter log, as after a restored backup.
    assert_eq!(ask(&request(&tree, 5, 8), at(12)), Err(Refusal::Stale(12)));
    assert_eq!(ask(&request(&tree, 0, 12), at(12)), Err(Refusal::Stale(12)));
    let above = AddCheckpoint {
        old_size: 12,
        ..request(&tree, 5, 8)
    };
    assert_eq!(ask(&above, at(12)), Err(Refusal::Malformed));
    // Another history: of the same size, whatever the old size says; and of a larger one.
    assert_eq!(
        ask(&request(&fork, 12, 12), at(12)),
        Err(Refusal::Forked(12))
    );
    assert_eq!(
        ask(&request(&fork, 0, 12), at(12)),
        Err(Refusal::Forked(12))
    );
    assert_eq!(
        ask(&request(&fork, 12, 15), at(12)),
        Err(Refusal::NotProved(12))
    );
    // A proof that is too long, or absent.
    let mut long = request(&tree, 12, 15);
    long.proof.push([0; 32]);
    assert_eq!(ask(&long, at(12)), Err(Refusal::NotProved(12)));
    let mut none = request(&tree, 12, 15);
    none.proof.clear();
    assert_eq!(ask(&none, at(12)), Err(Refusal::NotProved(12)));
    let mut first = request(&tree, 0, 3);
    first.proof.push([0; 32]);
    assert_eq!(ask(&first, None), Err(Refusal::NotProved(0)));
}

#[test]
fn only_the_logs_own_signature_counts() {
    let tree = tree(0);
    let good = request(&tree, 0, 3);
    let stranger = Ed25519Signer::from_seed(ORIGIN, &[2; 32]).unwrap();
    let mut foreign = good.clone();
    foreign.note = Note::sign(&good.note.text, &[&stranger]).unwrap();
    assert_eq!(ask(&foreign, None), Err(Refusal::NotSigned));
    let mut broken = good.clone();
    broken.note.text = head(&tree, 4).text();
    assert_eq!(ask(&broken, None), Err(Refusal::NotSigned));
    let mut both = foreign.clone();
    both.note
        .signatures
        .extend(good.note.signatures.iter().cloned());
    // What is kept has the log's line alone.
    assert_eq!(ask(&both, None).unwrap().note, good.note);
    let other = decide(&good, std::slice::from_ref(stranger.vkey()), |_| None);
    assert_eq!(other, Err(Refusal::NotSigned));
    assert_eq!(decide(&good, &[], |_| None), Err(Refusal::UnknownLog));
}
