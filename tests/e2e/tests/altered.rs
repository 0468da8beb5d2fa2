//! Whole packets with one file altered at random: whatever is done, it is noticed, and nothing panics.

#![expect(clippy::unwrap_used, reason = "a test stops where it fails")]

#[allow(dead_code, reason = "the vectors use more of it")]
#[path = "../../../crates/packet/tests/support/mod.rs"]
mod support;

use std::panic::{AssertUnwindSafe, catch_unwind};

use fieldseal_e2e::seeded::{Seeded, changed};
use fieldseal_packet::findings::{Report, Verdict};
use fieldseal_packet::trust::Trust;
use fieldseal_packet::verify::{Inputs, ZipSource, verify_export, verify_zip};
use support::{Content, Files, export_payload, export_zip, sealed, zip};

const ROUNDS: u64 = 400;

fn trust() -> Trust {
    Trust::parse(support::trust_text().as_bytes()).unwrap()
}

fn verify(zip: &Vec<u8>) -> Report {
    let trust = trust();
    verify_zip(
        zip,
        &Inputs {
            trust: Some(&trust),
            ..Inputs::default()
        },
    )
    .report
}

fn weighty(report: &Report) -> Vec<(&'static str, String)> {
    let counts = report
        .findings
        .iter()
        .filter(|finding| finding.code.level().word() != "info");
    counts
        .map(|finding| (finding.code.word(), finding.subject.clone()))
        .collect()
}

/// Alters one file, by seed; gives its path, or none when the change changed nothing.
fn alter(files: &mut Files, random: &mut Seeded) -> Option<String> {
    let path = files.keys().nth(random.below(files.len()))?.clone();
    let before = files[&path].clone();
    let corpus = [
        before.clone(),
        files.values().nth(random.below(files.len()))?.clone(),
    ];
    let after = changed(&corpus[..1 + random.below(2)], random);
    if after == before {
        return None;
    }
    files.insert(path.clone(), after);
    Some(path)
}

fn survive<T>(seed: u64, path: &str, act: impl FnOnce() -> T) -> T {
    catch_unwind(AssertUnwindSafe(act))
        .unwrap_or_else(|_| panic!("seed {seed}: panic on an altered {path}"))
}

#[test]
fn an_altered_file_of_a_packet_is_noticed() {
    let good = sealed(Content::new().bag());
    let before = weighty(&verify(&zip(&good)));
    for seed in 0..ROUNDS {
        let mut files = good.clone();
        let Some(path) = alter(&mut files, &mut Seeded(seed)) else {
            continue;
        };
        let report = survive(seed, &path, || verify(&zip(&files)));
        assert_ne!(
            weighty(&report),
            before,
            "seed {seed}: an altered {path} went unnoticed"
        );
        // Signature lines can be cut down to what is merely not proved; any other change is a failure.
        if path != "seal/packet.seal" {
            assert_eq!(report.verdict, Verdict::Failed, "seed {seed}: {path}");
        }
    }
}

#[test]
fn a_packet_sealed_over_nonsense_is_read_without_a_panic() {
    for seed in 0..ROUNDS {
        let content = Content::new();
        let mut files = content.bag();
        let mut random = Seeded(seed);
        let payload = |path: &str| {
            path.starts_with("data/") || path.starts_with("seal/keys/") || path.starts_with("seen/")
        };
        let mut inner: Files = files
            .clone()
            .into_iter()
            .filter(|(path, _)| payload(path))
            .collect();
        let Some(path) = alter(&mut inner, &mut random) else {
            continue;
        };
        files.extend(inner);
        // Manifests and seal are right for the altered bytes, so that every check behind them is reached.
        let (data, rest): (Files, Files) = files
            .into_iter()
            .partition(|(path, _)| path.starts_with("data/"));
        let tags = rest.into_iter().filter(|(path, _)| payload(path)).collect();
        let packet = zip(&sealed(support::manifests(data, tags)));
        let report = survive(seed, &path, || verify(&packet));
        assert!(
            !report
                .findings
                .iter()
                .any(|finding| finding.code.word() == "file-mismatch"),
            "seed {seed}: {path}"
        );
    }
}

#[test]
fn an_altered_file_of_an_export_is_noticed() {
    let packet = sealed(Content::new().bag());
    let seal = packet["seal/packet.seal"].clone();
    let payload = export_payload(&zip(&packet), &seal);
    let trust = trust();
    let verify = |payload: Files| {
        let zip = export_zip(payload);
        verify_export(&ZipSource::open(&zip).unwrap(), Some(&trust))
    };
    let before = weighty(&verify(payload.clone()));
    for seed in 0..ROUNDS {
        let mut files = payload.clone();
        let Some(path) = alter(&mut files, &mut Seeded(seed)) else {
            continue;
        };
        // The export's own manifests are made again: only signatures and chains can tell.
        let report = survive(seed, &path, || verify(files));
        let own_keys_only = path.ends_with(".vkey");
        assert!(
            own_keys_only || weighty(&report) != before,
            "seed {seed}: an altered {path} went unnoticed"
        );
    }
}
