//! Every fuzz target on the stable compiler: its corpus, and a few thousand seeded changes to it. What libFuzzer finds
//! with more time joins the corpus.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fieldseal_e2e::seeded::{Seeded, changed};
use fieldseal_e2e::workspace;
use targets::{Body, TARGETS};

/// Changed inputs per target. The whole test takes a few seconds unoptimised.
const ROUNDS: u64 = 4000;
/// Of targets that decode pictures, and the changed inputs of these.
const SLOW: &[&str] = &["picture", "jpeg", "scan"];
const SLOW_ROUNDS: u64 = 300;

/// A target's files. Packets are the vectors without a failure.
fn corpus(target: &str) -> Vec<Vec<u8>> {
    let folder = match target {
        "packet" => workspace().join("tests/vectors/packet"),
        _ => workspace().join("tests/fuzz/corpus").join(target),
    };
    let mut files: Vec<_> = std::fs::read_dir(&folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|file| file.unwrap().path())
        .collect();
    if target == "packet" {
        let is_good = |name: &str| name.starts_with("good-") && name.ends_with(".zip");
        files.retain(|file| {
            file.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(is_good)
        });
    }
    files.sort();
    assert!(!files.is_empty(), "{target} has no corpus");
    files
        .iter()
        .map(|file| std::fs::read(file).unwrap())
        .collect()
}

/// Whether the input was accepted.
fn survive(target: &str, body: Body, data: &[u8], which: &str) -> bool {
    catch_unwind(AssertUnwindSafe(|| body(data)))
        .unwrap_or_else(|_| panic!("target {target}, {which}: panic on {}", hex::encode(data)))
}

#[test]
fn no_parser_panics() {
    for (target, body) in TARGETS {
        let corpus = corpus(target);
        for (number, data) in corpus.iter().enumerate() {
            survive(target, *body, data, &format!("corpus file {number}"));
        }
        assert!(
            corpus.iter().any(|data| body(data)),
            "no corpus file of {target} is accepted"
        );
        let rounds = match SLOW.contains(target) {
            true => SLOW_ROUNDS,
            false => ROUNDS,
        };
        for seed in 0..rounds {
            let data = changed(&corpus, &mut Seeded(seed));
            survive(target, *body, &data, &format!("seed {seed}"));
        }
    }
}

#[test]
fn every_target_has_its_program() {
    let manifest = std::fs::read_to_string(workspace().join("tests/fuzz/Cargo.toml")).unwrap();
    for (target, _) in TARGETS {
        assert!(
            manifest.contains(&format!("name = \"{target}\"")),
            "{target} is no program of tests/fuzz/Cargo.toml"
        );
        let program = std::fs::read_to_string(
            workspace().join(format!("tests/fuzz/fuzz_targets/{target}.rs")),
        )
        .unwrap();
        assert!(
            program.contains(&format!("fieldseal_fuzz::{target}(data)")),
            "{target}"
        );
    }
}
