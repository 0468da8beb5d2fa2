//! Every fuzz target on the stable compiler: its corpus, and a few thousand seeded changes to it. What libFuzzer finds
//! with more time joins the corpus.

#[path = "../../fuzz/src/lib.rs"]
mod targets;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fieldseal_e2e::workspace;
use targets::{Body, TARGETS};

/// Changed inputs per target. The whole test takes a few seconds unoptimised.
const ROUNDS: u64 = 4000;

/// splitmix64: small, and the same everywhere.
struct Seeded(u64);

impl Seeded {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }
}

/// Pieces that parsers stumble over.
const PIECES: &[&[u8]] = &[
    b"\n",
    b"\n\n",
    b" ",
    b"0",
    b"-1",
    b"18446744073709551615",
    b"18446744073709551616",
    b"9007199254740993",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\0\0\0\0",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"..",
    b"/",
    b"=",
    b"+",
    b"{",
    b"[[[[",
    b"\"\\ud800\"",
    b"null",
    "\u{2014} ".as_bytes(),
    "\u{3000}".as_bytes(),
    b"e999",
];

fn changed(corpus: &[Vec<u8>], random: &mut Seeded) -> Vec<u8> {
    let mut data = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(4) {
        let at = random.below(data.len() + 1);
        let end = at + random.below(data.len() - at + 1).min(40);
        match random.below(7) {
            0 if at < data.len() => data[at] ^= 1 << random.below(8),
            1 => drop(data.drain(at..end)),
            2 => drop(data.splice(at..end, PIECES[random.below(PIECES.len())].iter().copied())),
            3 => drop(data.splice(at..at, data[at..end].to_vec())),
            4 => data.truncate(at),
            5 => {
                let other = &corpus[random.below(corpus.len())];
                let from = random.below(other.len() + 1);
                let piece = other[from..(from + 60).min(other.len())].to_vec();
                drop(data.splice(at..end, piece));
            }
            _ if at < data.len() => data[at] = random.next() as u8,
            _ => {}
        }
    }
    data
}

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
        for seed in 0..ROUNDS {
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
