//! kill -9 at seeded random points: everything acknowledged is there with equal digest, nothing is doubled, the numbers
//! have no gap. (A kill never tests fsync, since the page cache survives; `faults.rs` and the order of the steps do.)

#![expect(clippy::unwrap_used, reason = "tests may unwrap")]

mod common;

use common::*;
use fieldseal_packet::Sha256Digest;
use fieldseal_vault::*;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const DIR: &str = "FIELDSEAL_KILL_DIR";
const SEED: &str = "FIELDSEAL_KILL_SEED";
const KILLS: u64 = 20;

/// A small generator, repeatable by its seed.
fn draw(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

/// Captures until it is killed, and says so of each one when it is durable. Not a test by itself.
#[test]
#[ignore = "run by kill_nine_loses_nothing"]
fn child() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let mut state = std::env::var(SEED).unwrap().parse::<u64>().unwrap() | 1;
    println!("\nstarted");
    let (vault, _) = opened(dir.as_ref());
    let unlocked = draw(&mut state).is_multiple_of(2);
    if unlocked {
        vault.unlock("lead", PIN, &now(0)).unwrap();
        vault.take_in(&mut with_custody).unwrap();
    }
    loop {
        let size = (draw(&mut state) % 300_000) as usize;
        let bytes = draw(&mut state).to_le_bytes().repeat(size / 8);
        let captured = capture(&vault, packet((draw(&mut state) % 3) as u8), &bytes).unwrap();
        let mut out = std::io::stdout().lock();
        writeln!(
            out,
            "acknowledged {} {}",
            captured.capture_seq, captured.sha256
        )
        .unwrap();
        out.flush().unwrap();
        drop(out);
        if unlocked {
            vault.take_in(&mut with_custody).unwrap();
        }
    }
}

/// A line that the child had written whole.
fn acknowledgement(line: &str) -> Option<(u64, Sha256Digest)> {
    let (_, rest) = line.split_once("acknowledged ")?;
    let (seq, sha256) = rest.split_once(' ')?;
    Some((seq.parse().ok()?, sha256.parse().ok()?))
}

#[test]
fn kill_nine_loses_nothing() {
    let seed = std::env::var(SEED)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(any_seed);
    println!("seed {seed} (set {SEED} to repeat)");
    let mut state = seed | 1;
    let dir = tempfile::tempdir().unwrap();
    drop(created(dir.path()));
    let mut acknowledged: BTreeMap<u64, Sha256Digest> = BTreeMap::new();
    for _ in 0..KILLS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "child",
                "--ignored",
                "--nocapture",
                "--test-threads=1",
            ])
            .env(DIR, dir.path())
            .env(SEED, draw(&mut state).to_string())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut lines = output
            .split(b'\n')
            .map_while(Result::ok)
            .map(|line| String::from_utf8_lossy(&line).into_owned());
        assert!(
            lines.any(|line| line == "started"),
            "seed {seed}: the child did not start"
        );
        // After so many captures, and a little later: the kill meets start-up, writing, syncing, naming or taking in.
        let enough = draw(&mut state) % 6;
        let mut told = Vec::new();
        while (told.len() as u64) < enough
            && let Some(line) = lines.next()
        {
            told.extend(acknowledgement(&line));
        }
        let rest = std::thread::spawn(move || {
            lines
                .filter_map(|line| acknowledgement(&line))
                .collect::<Vec<_>>()
        });
        std::thread::sleep(Duration::from_micros(draw(&mut state) % 50_000));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(
            told.len() as u64 == enough,
            "seed {seed}: the child stopped by itself"
        );
        told.extend(rest.join().unwrap());
        for (seq, sha256) in told {
            let doubled = acknowledged.insert(seq, sha256);
            assert_eq!(doubled, None, "seed {seed}: number {seq} twice");
        }
    }

    let vault = ready(dir.path());
    let head = vault.capture_head();
    let mut prev = Sha256Digest::ZERO;
    for capture_seq in 1..=head.capture_seq {
        let row = vault.read(|c| captures::get(c, capture_seq)).unwrap();
        let row = row.unwrap_or_else(|| panic!("seed {seed}: number {capture_seq} is missing"));
        assert_eq!(row.capture_prev, prev, "seed {seed}: chain");
        prev = fieldseal_packet::custody::capture_link(
            capture_seq,
            prev,
            row.sha256,
            row.context.captured_at,
        );
        assert_eq!(
            Sha256Digest::of(&read_all(&vault, capture_seq)),
            row.sha256,
            "seed {seed}"
        );
        if let Some(sha256) = acknowledged.remove(&capture_seq) {
            assert_eq!(sha256, row.sha256, "seed {seed}");
        }
    }
    assert_eq!(prev, head.link);
    assert!(
        acknowledged.is_empty(),
        "seed {seed}: lost {acknowledged:?}"
    );
    println!("{} captures after {KILLS} kills", head.capture_seq);
}
